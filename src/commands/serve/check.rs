//! `kvctl serve --check`.

use std::{io, path::Path};

use serde::Serialize;

use super::service::check_local_store;
use crate::{
    commands::CheckFailed,
    context::Context,
    domain::{Hint, ShowPath as _, Suggestion, quantity, with_causes},
    emulator::{Orphan, StoreCheck},
    error::Result,
    ui::{Page, REMOVED, Report, printable},
};

/// How many findings of a kind are shown to people.
const SAMPLE: usize = 20;

pub(super) fn run(context: &Context, fix: bool) -> Result<()> {
    let (directory, checked) = check_local_store(context, fix)?;
    let findings = checked.findings();
    let report = CheckReport::new(&directory, checked, fix);
    let verdict = if findings == 0 {
        Ok(())
    } else {
        let what = format!("the store check failed: {}", quantity(findings, "finding"));
        Err(CheckFailed::new(what).hint(report.next()).into())
    };
    context.ui.conclude(&report, verdict)
}

/// The findings in the store.
#[derive(Debug, Serialize)]
struct CheckReport {
    directory: String,
    databases: usize,
    /// Expired ones too.
    keys: usize,
    unusable: Vec<String>,
    damaged: Vec<DamageItem>,
    lost: Vec<LostItem>,
    orphans: Vec<OrphanItem>,
    /// Orphans that are gone by now.
    removed: Vec<OrphanItem>,
    #[serde(skip)]
    fix: bool,
}

#[derive(Debug, Serialize)]
struct DamageItem {
    database: String,
    what: String,
}

#[derive(Debug, Serialize)]
struct LostItem {
    database: String,
    key: String,
}

#[derive(Debug, Serialize)]
struct OrphanItem {
    path: String,
    bytes: u64,
    /// Why it must not be removed; `null` if it may be.
    kept: Option<String>,
}

impl From<Orphan> for OrphanItem {
    fn from(orphan: Orphan) -> Self {
        let Orphan { path, bytes, kept } = orphan;
        Self {
            path: path.shown().into_owned(),
            bytes,
            kept,
        }
    }
}

impl CheckReport {
    fn new(directory: &Path, checked: StoreCheck, fix: bool) -> Self {
        let StoreCheck {
            registry,
            store: audit,
            removed,
        } = checked;
        let damaged = audit.damaged.into_iter().map(|damage| DamageItem {
            database: damage.database.shown().into_owned(),
            what: damage.what,
        });
        let lost = audit.lost.into_iter().map(|lost| LostItem {
            database: lost.database.shown().into_owned(),
            key: lost.key,
        });
        let orphans = |found: Vec<Orphan>| found.into_iter().map(OrphanItem::from).collect();
        let registry = registry.iter().map(|error| with_causes(error));
        let unusable = audit.unusable.iter().map(|error| with_causes(error));
        Self {
            directory: directory.shown().into_owned(),
            databases: audit.databases,
            keys: audit.keys,
            unusable: registry.chain(unusable).collect(),
            damaged: damaged.collect(),
            lost: lost.collect(),
            orphans: orphans(audit.orphans),
            removed: orphans(removed),
            fix,
        }
    }

    /// What to do about the findings.
    fn next(&self) -> Hint {
        let is_damaged = !self.unusable.is_empty() || !self.damaged.is_empty();
        match (self.fix, is_damaged) {
            (false, _) => {
                let fix = Suggestion::new("serve").flag("--check").flag("--fix");
                let fix = fix.sectionless();
                Hint::from("nothing was changed; ").and(fix).text(
                    " removes orphans; write or delete lost keys again, and move damaged or unusable \
                     files away",
                )
            }
            (true, true) => {
                "nothing was removed: first repair damaged or unusable files, or move them away"
                    .into()
            }
            (true, false) => {
                "write or delete lost keys again; orphans can be removed when they are older \
                 than an hour"
                    .into()
            }
        }
    }

    /// One line for each finding, by kind.
    fn findings(&self) -> [(&'static str, Vec<String>); 5] {
        let damaged = self.damaged.iter();
        let damaged = damaged.map(|it| format!("{}: {}", it.database, it.what));
        let lost = self.lost.iter().map(|it| {
            let (key, database) = (printable(&it.key), &it.database);
            format!("`{key}` is listed but has no value, in {database}")
        });
        let file = |it: &OrphanItem| format!("{} ({})", it.path, quantity(it.bytes, "byte"));
        let orphans = self.orphans.iter().map(|it| match &it.kept {
            Some(why) if self.fix => format!("{}: kept: {why}", file(it)),
            _ => file(it),
        });
        [
            ("unusable", self.unusable.clone()),
            ("damaged", damaged.collect()),
            ("lost", lost.collect()),
            ("orphan", orphans.collect()),
            ("removed", self.removed.iter().map(file).collect()),
        ]
    }
}

impl Report for CheckReport {
    fn human(&self, out: &mut Page<'_>, _tabular: bool) -> io::Result<()> {
        for (kind, lines) in self.findings() {
            for line in lines.iter().take(SAMPLE) {
                writeln!(out, "{REMOVED}{kind}:{REMOVED:#} {line}")?;
            }
            if lines.len() > SAMPLE {
                writeln!(out, "{kind}: … and {} more", lines.len() - SAMPLE)?;
            }
        }
        let (databases, keys) = (
            quantity(self.databases, "database"),
            quantity(self.keys, "key"),
        );
        writeln!(out, "{}: {databases}, {keys}", self.directory)
    }
}
