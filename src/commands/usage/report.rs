//! What namespaces were used for, as a table and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    domain::thousands,
    ops::{
        target::Target,
        usage::{
            Day, Namespace, OperationKind, Operations, Usage,
            plan::{Plan, Quota, STORAGE_BYTES, cost_cents, percent, quotas},
        },
    },
    ui::{Column, DecimalBytes, Page, Report, printable, table},
};

/// How wide a terminal is that has room for all columns beside each other.
const WIDE: usize = 110;

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
        let columns = [
            Column::text("NAMESPACE"),
            Column::text("BINDING"),
            Column::number("READS"),
            Column::number("WRITES"),
            Column::number("DELETES"),
            Column::number("LISTS"),
            Column::number("KEYS"),
            Column::number("STORED"),
            Column::spark("DAYS"),
        ];
        let total = [
            "total".to_owned(),
            String::new(),
            thousands(self.total.operations.read),
            thousands(self.total.operations.write),
            thousands(self.total.operations.delete),
            thousands(self.total.operations.list),
            thousands(self.total.keys),
            size(self.total.bytes),
            String::new(),
        ];
        let rows = self.namespaces.iter().map(Row::cells).chain([total]);
        if out.width().is_none_or(|width| width >= WIDE) {
            return table(out, true, columns, rows);
        }
        // What was done, and below that what is held.
        let (done, held): (Vec<_>, Vec<_>) = rows
            .map(
                |[name, binding, read, write, delete, list, keys, stored, days]| {
                    let done = [name.clone(), binding, read, write, delete, list];
                    (done, [name, keys, stored, days])
                },
            )
            .unzip();
        let [name, binding, read, write, delete, list, keys, stored, days] = columns;
        let columns = [name, binding, read, write, delete, list];
        table(out, true, columns, done.into_iter())?;
        writeln!(out)?;
        table(out, true, [name, keys, stored, days], held.into_iter())
    }

    fn quotas(&self, out: &mut Page<'_>) -> io::Result<()> {
        let columns = match self.plan {
            Plan::Free => ["FREE PLAN", "DAILY QUOTA", "TODAY", "USED", "HIGHEST DAY"],
            Plan::Paid => [
                "PAID PLAN",
                "INCLUDED",
                "AT THIS PACE",
                "USED",
                "HIGHEST DAY",
            ],
        };
        let [kind, includes, used, share, most] = columns;
        let columns = [
            Column::whole(kind),
            Column::number(includes),
            Column::number(used),
            Column::number(share),
            Column::number(most),
            Column::whole("ON"),
        ];
        let share = |used, includes| format!("{} %", thousands(percent(used, includes)));
        let rows = self.quotas.iter().map(|quota| {
            let (most, most_on) = match quota.most {
                0 => (String::new(), String::new()),
                most => (thousands(most), quota.most_on.to_string()),
            };
            [
                format!("{}s", noun(quota.kind)),
                thousands(quota.includes),
                thousands(quota.used),
                share(quota.used, quota.includes),
                most,
                most_on,
            ]
        });
        let storage = [
            "storage".to_owned(),
            size(self.includes_bytes),
            size(self.total.bytes),
            share(self.total.bytes, self.includes_bytes),
            String::new(),
            String::new(),
        ];
        table(out, true, columns, rows.chain([storage]))
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
            thousands(self.operations.read),
            thousands(self.operations.write),
            thousands(self.operations.delete),
            thousands(self.operations.list),
            stored(|it| thousands(it.keys)),
            stored(|it| size(it.bytes)),
            self.days
                .iter()
                .map(|day| day.operations.all().to_string())
                .collect::<Vec<_>>()
                .join(" "),
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
            return table(
                out,
                false,
                [Column::text(""); 9],
                self.namespaces.iter().map(Row::plain),
            );
        }
        self.figures(out)?;
        writeln!(out)?;
        writeln!(out, " {} to {}, UTC", self.from, self.to)?;
        writeln!(out)?;
        self.quotas(out)?;
        let (dollars, cents) = (self.paid_cents / 100, self.paid_cents % 100);
        writeln!(out)?;
        writeln!(
            out,
            " Estimated overage on the paid plan, at this pace: ${dollars}.{cents:02} a month"
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

    fn on_a_terminal(plan: Plan, width: usize) -> String {
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
        crate::ui::rendered(&UsageReport::new(&usage(), plan, &[bound]), width)
    }

    #[test]
    fn a_terminal_has_bars_and_the_quotas_of_the_plan() {
        insta::assert_snapshot!(on_a_terminal(Plan::Free, 80));
        insta::assert_snapshot!(on_a_terminal(Plan::Paid, 80));
    }

    #[test]
    fn no_number_is_cut_however_narrow_the_terminal() {
        let numbers = |text: &str| {
            let words = text.split_whitespace();
            let mut numbers: Vec<_> = words
                .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
                .map(ToOwned::to_owned)
                .collect();
            // The id of a namespace may be cut.
            numbers.retain(|word| !word.contains("0f2ac"));
            numbers.sort();
            numbers
        };
        let all = numbers(&on_a_terminal(Plan::Paid, 130));
        assert!(all.contains(&"2,950,000".to_owned()), "{all:?}");
        for width in 20..130 {
            let shown = on_a_terminal(Plan::Paid, width);
            assert_eq!(numbers(&shown), all, "{width}: {shown}");
        }
    }
}
