//! `kvctl usage`.

mod report;

use report::UsageReport;

use crate::{
    cli::usage::{PlanArg, UsageArgs},
    config::{Document, Field},
    context::{Context, Session},
    error::{Result, ResultExt as _},
    ops::usage::{
        Usage, Window, fetch,
        plan::{Plan, quotas},
        tabulate,
    },
    ui::quantity,
};

/// Percentage of a daily quota from which to warn.
const NEAR_PERCENT: u64 = 80;

pub(super) async fn run(context: &Context, args: &UsageArgs) -> Result<()> {
    let document = context.files.document_if_any()?;
    let session = context.connect(document.as_ref()).await?;
    let window = Window::new(context.now(), args.days.0);
    let (datasets, namespaces) = fetch(&session.client, &session.account, window)
        .await
        .context("could not read the usage analytics")?;
    let usage = tabulate(window, &datasets, &namespaces);
    let plan = match args.plan {
        PlanArg::Free => Plan::Free,
        PlanArg::Paid => Plan::Paid,
    };
    remark(context, &usage, plan);
    let bindings = |id: &str| bindings(document.as_ref(), &session, id);
    let report = UsageReport::new(&usage, plan, bindings);
    context.ui.conclude(&report, Ok(()))
}

/// Prints warnings and notes about the figures.
fn remark(context: &Context, usage: &Usage, plan: Plan) {
    if let Some(until) = usage.missing_until {
        context.ui.warn(&format!(
            "the analytics give 10,000 rows at most, so figures up to {until} are missing; ask for \
             fewer days with `--days N`"
        ));
    }
    if !usage.unknown.is_empty() {
        context.ui.warn(&format!(
            "ignored unknown operations: {}",
            usage.unknown.join(", ")
        ));
    }
    // The local store has no quota.
    if plan == Plan::Free && !context.is_local() {
        for quota in quotas(usage, plan) {
            if quota.percent() >= NEAR_PERCENT {
                context.ui.warn(&format!(
                    "{} % of the free plan's {} of today are used; when all are used, requests fail until 00:00 UTC",
                    quota.percent(),
                    quantity(
                        usize::try_from(quota.includes).unwrap_or(usize::MAX),
                        report::noun(quota.kind)
                    ),
                ));
            }
        }
    }
}

/// Returns the bindings of the file that lead to a namespace, with their sections.
fn bindings(document: Option<&Document>, session: &Session, id: &str) -> Vec<String> {
    let scopes = document.into_iter().flat_map(|it| it.project().scopes());
    let mut found = Vec::new();
    for scope in scopes {
        for entry in &scope.entries {
            let names = |field| {
                let named = entry.field(field);
                named.is_some_and(|it| it.value.eq_ignore_ascii_case(id))
            };
            let by_name = session.is_local() && entry.binding.as_str() == id;
            if names(Field::Id) || names(Field::PreviewId) || by_name {
                let section = &scope.section;
                found.push(match section.label() {
                    None => entry.binding.to_string(),
                    Some(section) => format!("{} ({section})", entry.binding),
                });
            }
        }
    }
    found
}
