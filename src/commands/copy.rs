//! `kvctl copy`.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::shared::{
    failures, guard,
    journal::{self, JournalDirectory},
    missed::Missed,
    namespace::{Access, OpenNamespace, binding_names},
    side::open_namespace,
};
use crate::{
    cli::{
        again_with_operands,
        side::{SideArg, sides as cli_sides},
        transfer::CopyArgs,
    },
    commands::{Partial, UsageError},
    context::Context,
    domain::{AccountId, Hint, Prefixes, Suggestion, quantity},
    env,
    error::{Result, ResultExt as _},
    fsx,
    ops::{
        bulk::{
            copy::{Copied, Copy},
            cost::Cost,
            write::Written,
        },
        target::Target,
    },
    ui::{Page, Report},
};

pub(super) async fn run(context: &Context, args: CopyArgs) -> Result<()> {
    let named = cli_sides([args.from_option, args.to_option], [args.from, args.to]);
    let named = named.map_err(UsageError::from)?;
    check_names(context, named.each_ref())?;
    let [from, to] = named;
    let source = Side::new("from", args.from_account, args.from_token_file);
    let from = source.open(context, from).await?;
    let destination = Side::new("to", args.to_account, args.to_token_file);
    let to = destination.open(context, to).await?;
    if from.target.id == to.target.id
        && from.session.place == to.session.place
        && from.session.account == to.session.account
    {
        let what = "FROM and TO are the same namespace".to_owned();
        return Err(UsageError::new(what, "name two namespaces").into());
    }
    context
        .ui
        .status(&format!("copying from {}", from.describe()));
    context.ui.status(&format!("copying to {}", to.describe()));
    let prefixes = Prefixes::any_of(args.prefix).unwrap_or_default();
    let copy = Copy {
        from: from.namespace(),
        to: to.namespace(),
        ends: [&from, &to].map(|side| journal::namespace_ref(&side.session, &side.target.id)),
        prefixes: &prefixes,
        timeout: from.session.consistency_timeout(args.consistency_timeout),
    };
    let sides = sides(&from, &to);
    let report = if args.dry_run {
        let listed = copy.count().await.context("could not count")?;
        CopyReport {
            dry_run: true,
            records: listed,
            ..CopyReport::new(sides, Cost::of_copies(listed as u64), Written::default())
        }
    } else {
        guard::allow_writes(context, &to, args.confirm.as_deref()).await?;
        let journals = JournalDirectory::new(context);
        let start = journal::resume_policy(args.resume);
        let copied = copy.run(journals.journals(), start).await?;
        note_resumed(context, &copied);
        CopyReport {
            passed_over: copied.passed_over,
            missed: Missed::of(copied.absent),
            ..CopyReport::new(
                sides,
                Cost::of_copies(copied.written.confirmed as u64),
                copied.written,
            )
        }
    };
    let verdict = verdict(context, &report);
    context.ui.conclude(&report, verdict)
}

fn verdict(context: &Context, report: &CopyReport) -> Result<()> {
    match report.failed.len() {
        0 => report.missed.verdict().map_err(Into::into),
        undone => {
            let what = format!("{} not written", quantity(undone, "record"));
            let hint = JournalDirectory::new(context).retry_hint(report.records);
            Err(Partial::new(what, hint).into())
        }
    }
}

/// One side of a copy, which may have an account and a token of its own.
struct Side {
    /// What its options begin with: `from` or `to`.
    name: &'static str,
    account: Option<AccountId>,
    token_file: Option<PathBuf>,
}

impl Side {
    fn new(name: &'static str, account: Option<AccountId>, token_file: Option<PathBuf>) -> Self {
        Self {
            name,
            account,
            token_file,
        }
    }

    async fn open(self, context: &Context, arg: SideArg) -> Result<OpenNamespace> {
        let (local, which) = match arg {
            SideArg::Namespace { local, which } => (local, which),
            SideArg::File(path) => return Err(not_a_namespace(context, &path).into()),
        };
        let Self {
            name: side,
            account,
            token_file,
        } = self;
        let access = if side == "from" {
            Access::Read
        } else {
            Access::Write
        };
        let given = [
            ("account", account.is_some()),
            ("token-file", token_file.is_some()),
        ];
        let Some((name, _)) = given.into_iter().find(|(_, given)| *given) else {
            return open_namespace(context, local, which, access).await;
        };
        if local || context.is_local() {
            let place = side.to_uppercase();
            let what = format!("`--{side}-{name}` has no effect: {place} is in the local store");
            return Err(UsageError::new(what, "leave the option out").into());
        }
        let opening = match &account {
            Some(account) => format!(
                "could not open {} in account {account}",
                side.to_uppercase()
            ),
            None => format!("could not open {}", side.to_uppercase()),
        };
        let context = context.acting_as(account, token_file).await;
        open_namespace(&context, false, which, access)
            .await
            .context(opening)
    }
}

/// Refuses names of bindings that are not written as such, all at once.
fn check_names(context: &Context, sides: [&SideArg; 2]) -> Result<()> {
    let known = binding_names(context);
    let as_binding = |name: &str| {
        let binding = name.split('@').next()?;
        let is_known = known.iter().any(|it| it == binding);
        is_known.then(|| format!("binding:{name}"))
    };
    let mut first = None;
    for side in sides {
        let SideArg::File(path) = side else { continue };
        if path.to_str().and_then(as_binding).is_none() {
            return Err(not_a_namespace(context, path).into());
        }
        first = first.or(Some(path));
    }
    let Some(path) = first else { return Ok(()) };
    let error = what_is_no_namespace(context, path);
    let again = again_with_operands(&env::arguments(), as_binding);
    let hint = again.map_or_else(|| "write binding:NAME".into(), Hint::run);
    Err(UsageError::new(error, hint).into())
}

fn what_is_no_namespace(context: &Context, path: &Path) -> String {
    let path = context.files.resolve(path);
    let name = context.files.display(&path);
    match fsx::kind_of(&path) {
        Some(_) => format!("`{name}` is a file, not a namespace"),
        None => format!("`{name}` does not name a namespace"),
    }
}

fn not_a_namespace(context: &Context, path: &Path) -> UsageError {
    let what = what_is_no_namespace(context, path);
    let instead = Hint::from("pass binding:NAME, title:TITLE or id:ID; files are for ")
        .and(Suggestion::new("import").sectionless().as_example())
        .text(" and ")
        .and(Suggestion::new("export").sectionless().as_example());
    UsageError::new(what, instead)
}

/// Says what an earlier run had confirmed.
fn note_resumed(context: &Context, copied: &Copied) {
    if copied.again > 0 {
        let records = quantity(copied.again, "record");
        context.ui.note(&format!(
            "{records} copied again, because keys were added or removed among those confirmed before"
        ));
    }
    if copied.passed_over > 0 {
        let records = quantity(copied.passed_over, "record");
        context.note(
            &Hint::from(format!("{records} confirmed before were not read again; "))
                .and(Suggestion::new("diff"))
                .text(" compares them, and `--restart` copies everything again"),
        );
    }
}

/// A namespace, and its account where the other side has another.
#[derive(Debug, Serialize)]
struct CopiedSide {
    #[serde(flatten)]
    target: Target,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<AccountId>,
}

fn sides(from: &OpenNamespace, to: &OpenNamespace) -> [CopiedSide; 2] {
    let local = from.session.is_local() || to.session.is_local();
    let differ = !local && from.session.account != to.session.account;
    [from, to].map(|side| CopiedSide {
        target: side.target.clone(),
        account_id: differ.then(|| side.session.account.clone()),
    })
}

/// What was copied.
#[derive(Debug, Serialize)]
struct CopyReport {
    from: CopiedSide,
    to: CopiedSide,
    dry_run: bool,
    /// How many records were confirmed in this run, or would be sent.
    records: usize,
    /// How many an earlier run had confirmed, and this one did not look at again.
    passed_over: u64,
    cost: Cost,
    /// How many were left out because they expire in less than a minute.
    expired: usize,
    /// The keys that could not be written.
    failed: Vec<failures::Failed>,
    #[serde(flatten)]
    missed: Missed,
}

impl CopyReport {
    fn new([from, to]: [CopiedSide; 2], cost: Cost, written: Written) -> Self {
        Self {
            from,
            to,
            dry_run: false,
            records: written.confirmed,
            passed_over: 0,
            cost,
            expired: written.expired,
            failed: failures::of(written.failed),
            missed: Missed::default(),
        }
    }
}

impl Report for CopyReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        failures::human(&self.failed, out)?;
        self.missed.human(out)?;
        let records = quantity(self.records, "record");
        if self.dry_run {
            return writeln!(out, "dry run: {records} would be copied: {}", self.cost);
        }
        out.part(format_args!("copied {records}"));
        if self.expired > 0 {
            out.part(format_args!(", {} expired", self.expired));
        }
        if self.passed_over > 0 {
            let before = quantity(self.passed_over, "record");
            out.part(format_args!("; {before} of an earlier run not read again"));
        }
        writeln!(out)
    }
}
