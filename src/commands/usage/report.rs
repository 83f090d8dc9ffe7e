//! What namespaces were used for, as a table and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    ops::{
        target::Target,
        usage::{
            Day, Namespace, OperationKind, Operations, Usage,
            plan::{Plan, Quota, STORAGE_BYTES, cost_cents, percent, quotas},
        },
    },
    ui::{DecimalBytes, HumanCount, Page, Report, printable, spark, table},
};

/// The result of `kvctl usage`.
#[derive(Debug, Serialize)]
pub(super) struct UsageReport {
    /// The first day.
    from: String,
    /// The last day: today, in UTC.
    to: String,
    /// The last day of which rows are missing, if any are.
    missing_until: Option<String>,
    namespaces: Vec<Row>,
    total: Total,
    plan: Plan,
    /// Whether `includes` and `used` are about a `day` or a `month`.
    period: &'static str,
    quotas: Vec<Quota>,
    /// What the plan includes of storage.
    includes_bytes: u64,
    /// What the paid plan would charge for a month at this pace, beyond its own price.
    paid_cents: u64,
}

/// One namespace.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    /// None, if it was deleted, or has none.
    title: Option<String>,
    /// What the wrangler file binds it as.
    bindings: Vec<Target>,
    operations: Operations,
    stored: Option<Newest>,
    days: Vec<DayRow>,
}

/// What a namespace held last.
#[derive(Debug, Serialize)]
struct Newest {
    date: String,
    keys: u64,
    bytes: u64,
}

/// One day of a namespace.
#[derive(Debug, Serialize)]
struct DayRow {
    date: String,
    #[serde(flatten)]
    operations: Operations,
    keys: Option<u64>,
    bytes: Option<u64>,
}

/// All namespaces together.
#[derive(Debug, Serialize)]
struct Total {
    operations: Operations,
    keys: u64,
    bytes: u64,
}

impl UsageReport {
    pub(super) fn new(usage: &Usage, plan: Plan, bound: &[Target]) -> Self {
        let stored = usage.stored();
        Self {
            from: usage.window.from.to_string(),
            to: usage.window.to.to_string(),
            missing_until: usage.missing_until.map(|date| date.to_string()),
            namespaces: usage
                .namespaces
                .iter()
                .map(|it| Row::new(it, bound))
                .collect(),
            total: Total {
                operations: usage.operations(),
                keys: stored.keys,
                bytes: stored.bytes,
            },
            plan,
            period: plan.period(),
            quotas: quotas(usage, plan),
            includes_bytes: STORAGE_BYTES,
            paid_cents: cost_cents(usage),
        }
    }

    fn figures(&self, out: &mut Page<'_>) -> io::Result<()> {
        let head = [
            "NAMESPACE",
            "BINDING",
            "READS",
            "WRITES",
            "DELETES",
            "LISTS",
            "KEYS",
            "STORED",
            "DAYS",
        ];
        let last = [
            "total".to_owned(),
            String::new(),
            grouped(self.total.operations.read),
            grouped(self.total.operations.write),
            grouped(self.total.operations.delete),
            grouped(self.total.operations.list),
            grouped(self.total.keys),
            size(self.total.bytes),
            String::new(),
        ];
        let rows = self.namespaces.iter().map(Row::cells);
        table(out, true, head, rows.chain([last]))
    }

    fn quotas(&self, out: &mut Page<'_>) -> io::Result<()> {
        let head = match self.plan {
            Plan::Free => ["FREE PLAN", "A DAY", "TODAY", "MOST"],
            Plan::Paid => ["PAID PLAN", "A MONTH", "AT THIS PACE", "MOST IN A DAY"],
        };
        let used = |used, includes| format!("{} %", percent(used, includes));
        let rows = self.quotas.iter().map(|quota| {
            let most = if quota.most == 0 {
                String::new()
            } else {
                format!("{} on {}", grouped(quota.most), quota.most_on)
            };
            [
                format!("{}s", noun(quota.kind)),
                grouped(quota.includes),
                format!(
                    "{} ({})",
                    grouped(quota.used),
                    used(quota.used, quota.includes)
                ),
                most,
            ]
        });
        let storage = [
            "storage".to_owned(),
            size(self.includes_bytes),
            format!(
                "{} ({})",
                size(self.total.bytes),
                used(self.total.bytes, self.includes_bytes)
            ),
            String::new(),
        ];
        table(out, true, head, rows.chain([storage]))
    }
}

impl Row {
    fn new(namespace: &Namespace, bound: &[Target]) -> Self {
        let bindings = bound.iter().filter(|it| it.id.as_str() == namespace.id);
        let day = |day: &Day| DayRow {
            date: day.date.to_string(),
            operations: day.operations,
            keys: day.stored.map(|it| it.keys),
            bytes: day.stored.map(|it| it.bytes),
        };
        Self {
            id: namespace.id.clone(),
            title: namespace.title.clone(),
            bindings: bindings.cloned().collect(),
            operations: namespace.operations(),
            stored: namespace.stored().map(|(date, stored)| Newest {
                date: date.to_string(),
                keys: stored.keys,
                bytes: stored.bytes,
            }),
            days: namespace.days.iter().map(day).collect(),
        }
    }

    /// Returns its bindings, with their sections.
    fn bindings(&self) -> Vec<String> {
        let places = self.bindings.iter().filter_map(|it| it.binding.as_ref());
        let named = places.map(|place| match place.section.label() {
            None => place.binding.to_string(),
            Some(section) => format!("{} ({section})", place.binding),
        });
        named.collect()
    }

    /// Returns its row of the table.
    fn cells(&self) -> [String; 9] {
        let name = self.title.as_ref().unwrap_or(&self.id);
        let stored = |of: fn(&Newest) -> String| self.stored.as_ref().map(of).unwrap_or_default();
        [
            printable(name).into_owned(),
            self.bindings().join(", "),
            grouped(self.operations.read),
            grouped(self.operations.write),
            grouped(self.operations.delete),
            grouped(self.operations.list),
            stored(|it| grouped(it.keys)),
            stored(|it| size(it.bytes)),
            spark(self.days.iter().map(|day| day.operations.all())),
        ]
    }

    /// Returns its row for programs: bare numbers, and empty what is not known.
    fn plain(&self) -> [String; 9] {
        let stored = |of: fn(&Newest) -> u64| {
            let stored = self.stored.as_ref().map(of);
            stored.map(|it| it.to_string()).unwrap_or_default()
        };
        [
            self.id.clone(),
            printable(self.title.as_deref().unwrap_or_default()).into_owned(),
            self.bindings().join(","),
            self.operations.read.to_string(),
            self.operations.write.to_string(),
            self.operations.delete.to_string(),
            self.operations.list.to_string(),
            stored(|it| it.keys),
            stored(|it| it.bytes),
        ]
    }
}

/// A line of the day-by-day list.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    title: Option<&'a str>,
    #[serde(flatten)]
    day: &'a DayRow,
}

impl Report for UsageReport {
    fn human(&self, out: &mut Page<'_>, tabular: bool) -> io::Result<()> {
        if !tabular {
            return table(out, false, [""; 9], self.namespaces.iter().map(Row::plain));
        }
        self.figures(out)?;
        writeln!(out)?;
        writeln!(out, " days: {} to {}, UTC", self.from, self.to)?;
        writeln!(out)?;
        self.quotas(out)?;
        let (dollars, cents) = (self.paid_cents / 100, self.paid_cents % 100);
        writeln!(out)?;
        writeln!(
            out,
            " A month at this pace would cost ${dollars}.{cents:02} beyond the price of the paid \
             plan."
        )
    }

    fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        for row in &self.namespaces {
            let has_figure = |day: &&DayRow| day.operations.all() > 0 || day.keys.is_some();
            for day in row.days.iter().filter(has_figure) {
                let line = Line {
                    id: &row.id,
                    title: row.title.as_deref(),
                    day,
                };
                serde_json::to_writer(&mut *out, &line)?;
                writeln!(out)?;
            }
        }
        Ok(())
    }
}

fn grouped(number: u64) -> String {
    HumanCount(number).to_string()
}

fn size(bytes: u64) -> String {
    DecimalBytes(bytes).to_string()
}

/// Returns what one operation of a kind is called.
pub(super) fn noun(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Read => "read",
        OperationKind::Write => "write",
        OperationKind::Delete => "delete",
        OperationKind::List => "list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{NamespaceId, Section},
        ops::{
            target::{BindingPlace, Source},
            usage::{Stored, Window},
        },
    };

    fn usage() -> Usage {
        let window = Window::new("2026-01-31T12:00:00Z".parse().unwrap(), 4);
        let days = |reads: [u64; 4], keys: Option<u64>| {
            let days = window.days().zip(reads);
            let day = |(date, read)| Day {
                date,
                operations: Operations {
                    read,
                    write: read / 1_000,
                    ..Operations::default()
                },
                stored: keys.map(|keys| Stored {
                    keys,
                    bytes: keys * 1_100,
                }),
            };
            days.map(day).collect()
        };
        let namespaces = vec![
            Namespace {
                id: "a".to_owned(),
                title: Some("bio-SESSIONS".to_owned()),
                days: days([50_000, 0, 2_000_000, 900_000], Some(1_500_000)),
            },
            Namespace {
                id: "0f2ac74b498b48028cb68387c421e279".to_owned(),
                title: None,
                days: days([1, 0, 0, 0], None),
            },
        ];
        Usage {
            window,
            namespaces,
            missing_until: None,
            unknown: Vec::new(),
        }
    }

    fn on_a_terminal(plan: Plan) -> String {
        let bound = Target {
            id: NamespaceId::verbatim("a").unwrap(),
            binding: Some(BindingPlace {
                binding: "SESSIONS".parse().unwrap(),
                section: Section::TOP,
                elsewhere: Vec::new(),
                not_preview: false,
            }),
            title: None,
            source: Source::Name,
            local: true,
            caution: None,
        };
        crate::ui::rendered(&UsageReport::new(&usage(), plan, &[bound]))
    }

    #[test]
    fn a_terminal_has_bars_and_the_quotas_of_the_plan() {
        insta::assert_snapshot!(on_a_terminal(Plan::Free));
        insta::assert_snapshot!(on_a_terminal(Plan::Paid));
    }
}
