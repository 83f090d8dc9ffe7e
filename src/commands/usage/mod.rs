//! `kvctl usage`.

mod report;

use report::UsageReport;

use crate::{
    cli::usage::{PlanArg, UsageArgs},
    config::Document,
    context::{Context, Session},
    domain::{quantity, thousands, with_causes},
    error::{Result, ResultExt as _},
    ops::{
        target::Target,
        usage::{
            Bound, Usage, Window, bound_targets, fetch,
            plan::{Plan, quotas},
            tabulate,
        },
    },
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
    let bound = bound(context, document.as_ref(), &session).await;
    let report = UsageReport::new(&usage, plan, &bound);
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
                context.ui.warn(&warning(
                    quota.percent(),
                    quota.includes,
                    report::noun(quota.kind),
                ));
            }
        }
    }
}

/// Says that `percent` of the `included` operations of a day are used.
fn warning(percent: u64, included: u64, noun: &str) -> String {
    let included = quantity(usize::try_from(included).unwrap_or(usize::MAX), noun);
    let then = if percent < 100 {
        "when all are used, requests fail"
    } else {
        "requests fail"
    };
    format!(
        "{} % of the free plan's {included} of today are used; {then} until 00:00 UTC",
        thousands(percent)
    )
}

/// Finds where the bindings of the file lead. What cannot be found out is said, and is no failure.
async fn bound(context: &Context, document: Option<&Document>, session: &Session) -> Vec<Target> {
    let Some(document) = document else {
        return Vec::new();
    };
    let resolver = session.resolver(Some(document));
    let Bound { targets, unknown } = bound_targets(&resolver, document, session.is_local()).await;
    for error in unknown {
        let error = with_causes(&error);
        let message = format!("some namespaces are shown without their binding: {error}");
        context.ui.note(&message);
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_is_spent_is_told_from_one_that_is_nearly() {
        assert_eq!(
            warning(85, 1000, "write"),
            "85 % of the free plan's 1,000 writes of today are used; when all are used, requests fail \
             until 00:00 UTC"
        );
        assert_eq!(
            warning(1000, 1000, "write"),
            "1,000 % of the free plan's 1,000 writes of today are used; requests fail until 00:00 UTC"
        );
    }
}
