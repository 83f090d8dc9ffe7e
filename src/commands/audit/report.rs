//! What an audit found, for people and for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::fix::{Changed, Fixed};
use crate::{
    commands::shared::{SAMPLE, failures, quoted},
    domain::{Binding, Expiration, Prefixes, Ttl, quantity, thousands},
    ops::{
        bulk::audit::{
            ByExpiration, ByRule, Counts, Judge, Verdict,
            prefixes::{Summary, Tally},
            rules::{Broken, Rules},
        },
        bulk::read::Listed,
        target::Target,
    },
    ui::{Column, FAINT, Page, REMOVED, Report, STRONG, cut, printable, table},
};

/// So many keys of each kind are named in a JSON document; `--ndjson` names all.
const KEPT: usize = 100;

/// Why a key is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// It breaks a rule.
    Violation,
    /// It expires within the time that was asked about.
    Expiring,
}

/// A key that is named.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    key: String,
    /// The rules that it breaks.
    rules: Broken,
    /// When it expires, in UNIX seconds.
    expiration: Option<Expiration>,
    /// The same, as people say it.
    #[serde(skip)]
    ahead: Option<String>,
}

impl Finding {
    /// Names a key for each reason that there is.
    pub(super) fn of(
        listed: &Listed,
        verdict: Verdict,
        now: i64,
    ) -> impl Iterator<Item = (Kind, Self)> + '_ {
        let kinds = [
            (verdict.broken.any(), Kind::Violation),
            (verdict.expiring, Kind::Expiring),
        ];
        let named = move |kind| {
            let finding = Self {
                key: listed.key.to_string(),
                rules: verdict.broken,
                expiration: listed.expiration,
                ahead: listed.expiration.map(|at| at.ahead_of(now)),
            };
            (kind, finding)
        };
        kinds
            .into_iter()
            .filter(|(is, _)| *is)
            .map(move |(_, kind)| named(kind))
    }

    /// Adds the line of JSON that names it.
    pub(super) fn line(
        &self,
        kind: Kind,
        namespace: &Target,
        out: &mut Vec<u8>,
    ) -> serde_json::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            r#type: Kind,
            namespace: &'a Target,
            #[serde(flatten)]
            finding: &'a Finding,
        }
        let line = Line {
            r#type: kind,
            namespace,
            finding: self,
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.push(b'\n');
        Ok(())
    }

    fn human(&self, out: &mut Page<'_>, what: &str) -> io::Result<()> {
        // So that the rest of the line has room, too.
        let room = out
            .width()
            .map_or(usize::MAX, |width| width.saturating_sub(16).max(16));
        let key = cut(&printable(&self.key), room);
        out.part(format_args!("  {what}: `{key}`"));
        if let Some((expiration, ahead)) = self.expiration.zip(self.ahead.as_ref()) {
            out.part(format_args!(
                " {FAINT}expires {expiration}, {ahead}{FAINT:#}"
            ));
        }
        writeln!(out)
    }
}

/// The first keys of each kind.
#[derive(Debug, Default, Serialize)]
pub(super) struct Samples {
    violations: Vec<Finding>,
    expiring: Vec<Finding>,
}

impl Samples {
    pub(super) fn keep(&mut self, kind: Kind, finding: Finding) {
        let list = match kind {
            Kind::Violation => &mut self.violations,
            Kind::Expiring => &mut self.expiring,
        };
        if list.len() < KEPT {
            list.push(finding);
        }
    }
}

/// The rules of one namespace, as they were understood.
#[derive(Debug, Serialize)]
struct RulesShown {
    prefix: Option<Prefixes>,
    ttl_required: bool,
    #[serde(rename = "ttl_min_seconds")]
    ttl_min: Option<Ttl>,
    #[serde(rename = "ttl_max_seconds")]
    ttl_max: Option<Ttl>,
    #[serde(skip)]
    text: String,
}

impl RulesShown {
    fn of(rules: &Rules) -> Self {
        let ttl = rules.ttl.unwrap_or_default();
        let parts = [
            rules
                .prefix
                .as_ref()
                .map(|p| format!("prefix {}", printable(&p.to_string()))),
            ttl.required.then(|| "ttl.required".to_owned()),
            ttl.min.map(|min| format!("ttl.min {min}")),
            ttl.max.map(|max| format!("ttl.max {max}")),
        ];
        Self {
            prefix: rules.prefix.clone(),
            ttl_required: ttl.required,
            ttl_min: ttl.min,
            ttl_max: ttl.max,
            text: parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        }
    }
}

/// What was found in one namespace.
#[derive(Debug, Serialize)]
pub(super) struct NamespaceReport {
    pub(super) namespace: Target,
    /// `None`: there are none, so nothing was checked.
    rules: Option<RulesShown>,
    /// What the keys begin with that were listed.
    #[serde(
        rename = "listed_prefix",
        skip_serializing_if = "Prefixes::is_everything"
    )]
    pub(super) listed: Prefixes,
    /// Keys that expire within this many seconds count as expiring.
    expiring_within_seconds: Option<u32>,
    #[serde(flatten)]
    pub(super) counts: Counts,
    pub(super) prefixes: Summary,
    /// The first of the keys that are counted; `None` where they were named as they came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) samples: Option<Samples>,
}

impl NamespaceReport {
    pub(super) fn new(namespace: Target, rules: Option<&Rules>, within: Option<u32>) -> Self {
        Self {
            namespace,
            rules: rules.map(RulesShown::of),
            listed: Prefixes::default(),
            expiring_within_seconds: within,
            counts: Counts::default(),
            prefixes: Summary::default(),
            samples: None,
        }
    }

    /// Counts the keys that were changed as they are now.
    pub(super) fn recount(&mut self, judge: &Judge, changed: &Changed) {
        for (key, left) in changed {
            judge.recount(key, *left, &mut self.counts, &mut self.prefixes);
        }
        if let Some(samples) = &mut self.samples {
            let violations = &mut samples.violations;
            violations.retain(|finding| !changed.contains_key(&finding.key));
        }
    }

    fn human(&self, out: &mut Page<'_>, tabular: bool) -> io::Result<()> {
        let Self { counts, .. } = self;
        let (namespace, keys) = (&self.namespace, quantity(counts.keys, "key"));
        let which = self.listed.phrase();
        let which = printable(&which);
        writeln!(out, "{STRONG}{namespace}{STRONG:#}: {keys}{which}")?;
        let rules = self.rules.as_ref().map_or("none", |rules| &rules.text);
        writeln!(out, "  rules: {rules}")?;
        if let Some(samples) = &self.samples {
            for finding in samples.violations.iter().take(SAMPLE) {
                let broken: Vec<_> = finding.rules.names().collect();
                let what = format!("{REMOVED}{}{REMOVED:#}", broken.join(", "));
                finding.human(out, &what)?;
            }
            more(out, counts.violations)?;
            for finding in samples.expiring.iter().take(SAMPLE) {
                finding.human(out, "expires soon")?;
            }
            more(out, counts.expiring)?;
        }
        if counts.below_min > 0 {
            let keys = quantity(counts.below_min, "key");
            writeln!(
                out,
                "  below ttl.min: {keys}, which breaks nothing: every key comes to have less left"
            )?;
        }
        self.table(out, tabular)?;
        if tabular && counts.keys > 0 {
            writeln!(out)?;
            self.expirations(out)?;
        }
        Ok(())
    }

    /// Draws when the keys expire.
    fn expirations(&self, out: &mut Page<'_>) -> io::Result<()> {
        let ByExpiration {
            hour,
            day,
            week,
            month,
            later,
        } = self.counts.by_expiration;
        let rows = [
            ("within 1 h", hour),
            ("1 h to 24 h", day),
            ("1 to 7 days", week),
            ("7 to 30 days", month),
            ("after 30 days", later),
            ("never", self.counts.never_expire),
        ];
        let columns = [
            Column::whole("EXPIRE"),
            Column::number("KEYS"),
            Column::bar(""),
        ];
        let rows = rows.into_iter();
        let rows = rows.map(|(when, keys)| [when.to_owned(), thousands(keys), keys.to_string()]);
        table(out, true, columns, rows)
    }

    fn table(&self, out: &mut Page<'_>, tabular: bool) -> io::Result<()> {
        let Summary {
            delimiter,
            top,
            other,
            none,
            in_order,
            ..
        } = &self.prefixes;
        let row = |name: String, tally: &Tally| {
            // Programs read numbers without commas better.
            let count = |count: u64| {
                if tabular {
                    thousands(count)
                } else {
                    count.to_string()
                }
            };
            [
                name,
                count(tally.keys),
                count(tally.never_expire),
                self.expiring_within_seconds
                    .map_or_else(|| "-".to_owned(), |_| count(tally.expiring)),
                tally.keys.to_string(),
            ]
        };
        let known = top
            .iter()
            .map(|counted| row(printable(&counted.prefix).into_owned(), &counted.tally));
        let others = self.prefixes.count - top.len() as u64;
        let others = format!("({} more)", thousands(others));
        let without = format!("(without {})", quoted(delimiter));
        let rest = [(others, other), (without, none)];
        let rest = rest.into_iter().filter(|(_, tally)| tally.keys > 0);
        let rows = known.chain(rest.map(|(name, tally)| row(name, tally)));
        if self.counts.keys > 0 {
            let columns = [
                // Some rows have a number there.
                Column::text("PREFIX").at_least(16),
                Column::number("KEYS"),
                Column::number("NEVER EXPIRE"),
                Column::number("EXPIRE SOON"),
                Column::bar(""),
            ];
            let rows = rows.map(|mut row: [String; 5]| {
                if !tabular {
                    row[4].clear();
                }
                row
            });
            table(out, true, columns, rows)?;
        }
        if !in_order {
            writeln!(
                out,
                "  the keys were not listed in order, so that a prefix may be counted in parts"
            )?;
        }
        Ok(())
    }
}

fn more(out: &mut Page<'_>, all: u64) -> io::Result<()> {
    match all.saturating_sub(SAMPLE as u64) {
        0 => Ok(()),
        left => writeln!(
            out,
            "  … and {} more; `--ndjson` names them all",
            thousands(left)
        ),
    }
}

/// What was found in all of them.
#[derive(Debug, Serialize)]
pub(super) struct AuditReport {
    /// How many keys there are.
    keys: u64,
    /// How many of them break a rule.
    violations: u64,
    /// Bindings that have rules, and that the environment does not have.
    unbound: Vec<Binding>,
    namespaces: Vec<NamespaceReport>,
    /// What `--fix` did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<Fixed>,
}

impl AuditReport {
    pub(super) fn new(unbound: Vec<Binding>) -> Self {
        Self {
            keys: 0,
            violations: 0,
            unbound,
            namespaces: Vec::new(),
            fix: None,
        }
    }

    pub(super) fn add(&mut self, namespace: NamespaceReport) {
        self.keys += namespace.counts.keys;
        self.violations += namespace.counts.violations;
        self.namespaces.push(namespace);
    }

    pub(super) fn has_no_rules(&self) -> bool {
        self.namespaces.iter().all(|n| n.rules.is_none())
    }

    /// How many keys break a rule.
    pub(super) fn remaining(&self) -> u64 {
        self.violations
    }

    /// How many keys should have been written and were not.
    pub(super) fn undone(&self) -> usize {
        self.fix.as_ref().map_or(0, |fix| fix.failed.len())
    }
}

/// Says which keys `--fix` is not for.
fn left_alone(broken: &ByRule, out: &mut Page<'_>) -> io::Result<()> {
    if broken.prefix > 0 {
        let keys = quantity(broken.prefix, "key");
        writeln!(
            out,
            "left alone: {keys} with another prefix; write them under the right one, or delete them"
        )?;
    }
    if broken.max > 0 {
        let keys = quantity(broken.max, "key");
        writeln!(
            out,
            "left alone: {keys} with more left than ttl.max; `--fix` is for keys that never expire"
        )?;
    }
    Ok(())
}

impl Report for AuditReport {
    fn human(&self, out: &mut Page<'_>, tabular: bool) -> io::Result<()> {
        for namespace in &self.namespaces {
            namespace.human(out, tabular)?;
            writeln!(out)?;
        }
        if let Some(fix) = &self.fix {
            failures::human(&fix.failed, out)?;
            writeln!(out, "{fix}")?;
            for namespace in &self.namespaces {
                left_alone(&namespace.counts.by_rule, out)?;
            }
        }
        let keys = quantity(self.keys, "key");
        if self.has_no_rules() {
            return writeln!(out, "{keys}, no rules");
        }
        match self.remaining() {
            0 => writeln!(out, "{keys}, no rule broken"),
            1 => writeln!(out, "{keys}, 1 breaks a rule"),
            remaining => writeln!(out, "{keys}, {} break a rule", thousands(remaining)),
        }
    }

    /// The keys were named as they came.
    fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        #[derive(Serialize)]
        #[serde(tag = "type", rename_all = "lowercase")]
        enum Line<'a> {
            Namespace(&'a NamespaceReport),
            Fix(&'a Fixed),
        }
        let namespaces = self.namespaces.iter().map(Line::Namespace);
        for line in namespaces.chain(self.fix.as_ref().map(Line::Fix)) {
            serde_json::to_writer(&mut *out, &line)?;
            writeln!(out)?;
        }
        Ok(())
    }
}
