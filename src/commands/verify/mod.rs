//! `kvctl verify`: make the checks, report them in every form that was asked for, and leave nothing
//! behind.

mod github;
mod junit;
mod report;

use std::time::Duration;

use crate::{
    cli::{FailOn, VerifyArgs},
    commands::{CheckFailed, Stopped, UsageError},
    config::{self, Document},
    context::{Attempt, Backend, Context},
    domain::{Classification, Classify, ErrorClass, Section, ShowPath as _},
    error::{ClassExt as _, Result},
    fsx,
    ops::verify::{
        self, Check, Class, Denial, NamedAccount, Options, PROBE_PREFIX, ProbeKeys, Selection,
        Service, Verified, WorkerRoute,
    },
    ui::Stop,
};

use report::VerifyReport;

/// How long pending requests may take to finish after an interrupt.
const GRACE: Duration = Duration::from_secs(3);

/// How long it may take then to delete what was written.
const CLEAN_UP: Duration = Duration::from_secs(3);

/// Something that was verified does not work.
#[derive(Debug, thiserror::Error)]
#[error("verification failed: {summary}")]
pub(super) struct VerificationFailed {
    /// What kind of trouble it is; of several the one that is least likely to pass.
    pub class: Class,
    /// Which checks failed.
    pub summary: String,
}

impl Classify for VerificationFailed {
    fn classify(&self) -> Classification {
        match self.class {
            Class::Check => ErrorClass::CheckFailed.into(),
            Class::Denied => ErrorClass::Denied.into(),
            Class::Temporary => ErrorClass::Temporary.into(),
        }
    }
}

pub(super) async fn run(context: &Context, args: VerifyArgs) -> Result<()> {
    let selection = Selection::new(&args.only, &args.skip)?;
    if selection.checks().next().is_none() {
        let what = "`--only` and `--skip` leave no checks to run".to_owned();
        return Err(UsageError::new(what, "leave one of them out").into());
    }
    let file = context.files.document();
    let document = file.as_ref().ok();
    let sections = sections(context, document, args.scope.all_envs)?;
    let manifest = context
        .files
        .manifest_beside(document)
        .inspect_err(|error| {
            github::annotate_error(context, error.place().as_ref(), error);
        })?;
    if let (Some(document), Some(manifest)) = (document, &manifest) {
        verify::check_names(document, manifest).inspect_err(|error| {
            github::annotate_error(context, Some(&error.place), error);
        })?;
    }
    let attempt = context.attempt(file.as_ref(), &sections).await?;
    let account = attempt.as_ref().ok().and_then(|a| a.account.as_ref().ok());
    github::mask(context, account);
    announce(context, &attempt, &sections, &selection, args.read_only);

    let visitor = args
        .worker
        .as_ref()
        .map(|worker| context.visitor(&worker.0));
    let visitor = visitor.transpose()?;
    let accounts = accounts(context, document);
    let route = args.worker.as_ref().zip(visitor.as_ref());
    let probe_keys = ProbeKeys::default();
    let account = account.cloned();
    let options = Options {
        selection: &selection,
        file: file.as_ref(),
        redirect_from: (!context.files.is_config_named()).then(|| context.files.directory()),
        sections: &sections,
        accounts: &accounts,
        manifest: manifest.as_ref(),
        service: service(&attempt),
        read_only: args.read_only,
        consistency: args.consistency_timeout,
        worker: route.map(|(worker, visitor)| WorkerRoute {
            visitor,
            url: worker.0.clone(),
            status: args.worker_status,
        }),
        now: context.clock,
        probe_keys: &probe_keys,
    };
    let verified = verify_with_cleanup(context, &options).await?;
    let report = VerifyReport::new(context, &options, account.as_ref(), verified);
    conclude(context, &args, &report)
}

/// Returns the selected sections. If the file cannot be read, they are taken as given.
fn sections(context: &Context, document: Option<&Document>, all: bool) -> Result<Vec<Section>> {
    match document {
        Some(document) => {
            let scopes = context.scopes(document, all)?;
            Ok(scopes.iter().map(|s| s.section.clone()).collect())
        }
        None => Ok(vec![context.section()?]),
    }
}

/// Returns the account that is named for each section of the file.
fn accounts(context: &Context, document: Option<&Document>) -> Vec<NamedAccount> {
    let scopes = document.iter().flat_map(|it| it.project().scopes());
    let scopes = scopes.filter(|_| !context.is_local());
    let named = scopes.map(|scope| {
        let account = context.named_account(document, scope.section.clone());
        let account = account.map(|named| named.map(|it| it.id));
        (scope.section.clone(), account)
    });
    named.collect()
}

/// Hands out what the attempt came to; what it failed with is moved.
fn service(attempt: &Result<Attempt, Denial>) -> Result<Service<'_>, Denial> {
    let attempt = attempt.as_ref().map_err(Clone::clone)?;
    Ok(Service {
        client: &attempt.client,
        account: &attempt.account,
        meter: &attempt.meter,
        local: matches!(attempt.place, Backend::Local(_)),
    })
}

/// Prints what is about to be verified and written.
fn announce(
    context: &Context,
    attempt: &Result<Attempt, Denial>,
    sections: &[Section],
    selection: &Selection,
    read_only: bool,
) {
    let Ok(attempt) = attempt else { return };
    let place_of = match (&attempt.place, &attempt.account) {
        (Backend::Local(directory), _) => format!("local, {}", directory.shown()),
        (Backend::Remote, Ok(account)) => format!("remote, account {account}"),
        (Backend::Remote, Err(_)) => "remote".to_owned(),
    };
    let sections: Vec<&Section> = sections.iter().collect();
    let writes = if selection.has(Check::Probe) && !read_only {
        format!("; a key {PROBE_PREFIX}… is written to each namespace and deleted")
    } else {
        String::new()
    };
    let sections = verify::place(&sections);
    context
        .ui
        .status(&format!("verifying: {place_of}, {sections}{writes}"));
}

/// Runs the checks. On a stop, it lets requests in flight finish before it deletes what was
/// written: a dropped request might still be carried out after the deletion.
async fn verify_with_cleanup(
    context: &Context,
    options: &Options<'_>,
) -> Result<Verified, Stopped> {
    let progress = context
        .ui
        .progress(options.selection.checks().count(), "checks");
    let done = |_| progress.advance(1);
    let mut work = Box::pin(verify::run(options, &done));
    let stop = tokio::select! {
        biased;
        Ok(stop) = context.ui.wait_for_stop() => stop,
        verified = &mut work => return Ok(verified),
    };
    options.probe_keys.stop();
    tokio::time::timeout(GRACE, &mut work).await.ok();
    drop(work);
    drop(progress);
    Err(cleaned_up(options, stop).await)
}

async fn cleaned_up(options: &Options<'_>, stop: Stop) -> Stopped {
    if let Ok(Service {
        client,
        account: Ok(account),
        ..
    }) = &options.service
    {
        let removed = options.probe_keys.delete_all(client, account);
        tokio::time::timeout(CLEAN_UP, removed).await.ok();
    }
    let left: Vec<String> = options
        .probe_keys
        .remaining()
        .iter()
        .map(ToString::to_string)
        .collect();
    let left = match left.as_slice() {
        [] => String::new(),
        left => format!("; {} could not be deleted and will expire", left.join(", ")),
    };
    Stopped { stop, left }
}

/// Reports in every form, and fails if what was verified does.
fn conclude(context: &Context, args: &VerifyArgs, report: &VerifyReport) -> Result<()> {
    let written = match &args.junit {
        None => Ok(()),
        Some(path) => junit::xml(report, args.fail_on)
            .class(ErrorClass::Failed)
            .and_then(|xml| Ok(fsx::overwrite_own(&context.files.resolve(path), &xml)?)),
    };
    let verdict = match (verdict(args, report), written) {
        (Err(failed), Err(error)) => {
            context.ui.warn(&format!("{error}"));
            Err(failed)
        }
        (verdict, written) => verdict.and(written),
    };
    let ended = context.ui.conclude(report, verdict);
    github::annotate(context, report, args.fail_on);
    ended
}

/// Returns the verdict over all findings.
fn verdict(args: &VerifyArgs, report: &VerifyReport) -> Result<()> {
    if let Some(failed) = report.failed(args.fail_on) {
        return Err(failed.into());
    }
    let skipped = |row: &report::Row| row.status == verify::Status::Skip;
    if report.findings.iter().all(skipped) {
        // No checks must not look like success.
        let next = "the findings say why; select other checks, or omit `--only` and `--skip`";
        return Err(
            CheckFailed::new("nothing was verified: all checks were skipped")
                .hint(next)
                .into(),
        );
    }
    Ok(())
}

/// Whether a finding counts as a failure.
fn counts(status: verify::Status, fail_on: FailOn) -> bool {
    match status {
        verify::Status::Fail => true,
        verify::Status::Warn => fail_on == FailOn::Warn,
        verify::Status::Pass | verify::Status::Skip => false,
    }
}

/// Returns the path of a file relative to the working directory of the command.
fn file_name(context: &Context, place: &config::Location) -> String {
    context.files.display(&place.path)
}
