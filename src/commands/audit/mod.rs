//! `kvctl audit`.

mod fix;
mod report;
mod scope;

use self::{
    report::{AuditReport, Finding, NamespaceReport, Samples},
    scope::{Scope, Subject},
};
use crate::{
    cli::audit::AuditArgs,
    commands::{CheckFailed, Partial, UsageError},
    context::{Context, Session},
    domain::{ErrorClass, Prefixes, quantity},
    error::{ClassExt as _, Result, ResultExt as _},
    ops::{
        bulk::audit::{Audit, Judge, prefixes::PrefixCounter},
        bulk::read::Listed,
    },
    ui::Format,
};

pub(super) async fn run(context: &Context, args: AuditArgs) -> Result<()> {
    if args.fix {
        return conclude(context, &fix::run(context, args).await?);
    }
    let scope = Scope::open(context, &args).await?;
    for subject in &scope.subjects {
        listed(&args, subject)?;
    }
    let mut report = AuditReport::new(scope.unbound);
    for subject in scope.subjects {
        let auditor = Auditor {
            context,
            session: &scope.session,
            args: &args,
        };
        report.add(auditor.audit(subject, |_| ()).await?);
    }
    if report.has_no_rules() {
        context.ui.note(
            "no rules to check, only counting keys; add rules to the [[namespace]] tables of \
                   kvctl.toml",
        );
    }
    conclude(context, &report)
}

/// Reports, and ends with an error if a rule is broken or a key could not be written.
fn conclude(context: &Context, report: &AuditReport) -> Result<()> {
    let verdict = match (report.undone(), report.remaining()) {
        (0, 0) => Ok(()),
        (0, 1) => Err(CheckFailed::new("1 key breaks the rules of kvctl.toml").into()),
        (0, keys) => {
            let keys = quantity(keys, "key");
            Err(CheckFailed::new(format!("{keys} break the rules of kvctl.toml")).into())
        }
        (undone, _) => {
            let what = format!("{} not written", quantity(undone, "key"));
            Err(Partial::new(what, "run the same command again").into())
        }
    };
    context.ui.conclude(report, verdict)
}

/// Returns what the keys that are listed begin with.
fn listed(args: &AuditArgs, subject: &Subject) -> Result<Prefixes, UsageError> {
    if !args.known_prefixes {
        return Ok(Prefixes::default());
    }
    let known = subject.rules.as_ref().and_then(|it| it.prefix.clone());
    known.ok_or_else(|| {
        let target = &subject.target;
        let what =
            format!("`--known-prefixes` needs a prefix, and kvctl.toml has none for {target}");
        UsageError::new(
            what,
            "add `prefix` to its [[namespace]] table, or name a namespace with `-b`",
        )
    })
}

/// Walks through the lists of namespaces.
struct Auditor<'a> {
    context: &'a Context,
    session: &'a Session,
    args: &'a AuditArgs,
}

impl Auditor<'_> {
    /// Judges all keys of a namespace, page by page, and keeps of them what the report shows. Keys
    /// that `--fix` is for are handed to `fixable`.
    async fn audit(
        &self,
        subject: Subject,
        mut fixable: impl FnMut(Listed),
    ) -> Result<NamespaceReport> {
        let Subject { target, rules } = &subject;
        let prefixes = PrefixCounter::new(&self.args.delimiter, self.args.top.into());
        let judge = Judge {
            rules: rules.clone().unwrap_or_default(),
            within: self.args.expiring_within.map(Into::into),
        };
        let only = listed(self.args, &subject)?;
        let audit = Audit::new(judge, prefixes);
        let streams = self.context.ui.options().format == Format::Ndjson;
        let mut samples = (!streams).then(Samples::default);
        let progress = self.context.ui.progress(0, "listed");
        let judged = audit.run(self.session.namespace(&target.id), &only, |page| {
            progress.advance(page.len());
            let mut lines = Vec::new();
            let now = self.session.client.service_now();
            for (listed, verdict) in page {
                for (kind, finding) in Finding::of(&listed, verdict, now) {
                    match &mut samples {
                        Some(samples) => samples.keep(kind, finding),
                        None => finding
                            .line(kind, target, &mut lines)
                            .class(ErrorClass::Failed)?,
                    }
                }
                if verdict.broken.required && !verdict.broken.prefix {
                    fixable(listed);
                }
            }
            if !lines.is_empty() {
                self.context.ui.part(&lines);
            }
            Result::<()>::Ok(())
        });
        let judged = judged.await;
        let (counts, prefixes) =
            judged.with_context(|| format!("could not list the keys of {target}"))?;
        let Subject { target, rules } = subject.clone();
        let mut report = NamespaceReport::new(target, rules.as_ref(), self.args.expiring_within);
        report.samples = samples;
        report.listed = only;
        (report.counts, report.prefixes) = (counts, prefixes);
        Ok(report)
    }
}
