//! `kvctl serve --check`.

use std::{
    error::Error as StdError,
    io::{self, Write},
    path::PathBuf,
};

use serde::Serialize;

use crate::{
    commands::CheckFailed,
    context::{Audit, Context, StoreError},
    ui::{REMOVED, Report, printable, quantity},
};

/// How many findings of a kind are shown to people.
const SAMPLE: usize = 20;

pub(super) fn run(context: &Context) -> anyhow::Result<()> {
    let (directory, audit) = context.audit_local_store()?;
    let verdict = match audit.findings() {
        0 => Ok(()),
        findings => {
            let what = format!("the store is not sound: {}", quantity(findings, "finding"));
            let next = "nothing was changed; orphans may be removed, lost keys put again or \
                        deleted, and what is damaged or unusable moved away";
            Err(CheckFailed::with_next(what, next).into())
        }
    };
    context
        .ui
        .conclude(&CheckReport::new(directory, audit), verdict)
}

/// What is wrong with the store.
#[derive(Debug, Serialize)]
struct CheckReport {
    directory: PathBuf,
    databases: usize,
    /// Expired ones too.
    keys: usize,
    unusable: Vec<String>,
    damaged: Vec<DamageItem>,
    lost: Vec<LostItem>,
    orphans: Vec<OrphanItem>,
}

#[derive(Debug, Serialize)]
struct DamageItem {
    database: PathBuf,
    what: String,
}

#[derive(Debug, Serialize)]
struct LostItem {
    database: PathBuf,
    key: String,
}

#[derive(Debug, Serialize)]
struct OrphanItem {
    path: PathBuf,
    bytes: u64,
}

impl CheckReport {
    fn new(directory: PathBuf, audit: Audit) -> Self {
        let damaged = audit.damaged.into_iter().map(|damage| DamageItem {
            database: damage.database,
            what: damage.what,
        });
        let lost = audit.lost.into_iter().map(|lost| LostItem {
            database: lost.database,
            key: lost.key,
        });
        let orphans = audit.orphans.into_iter().map(|orphan| OrphanItem {
            path: orphan.path,
            bytes: orphan.bytes,
        });
        Self {
            directory,
            databases: audit.databases,
            keys: audit.keys,
            unusable: audit.unusable.iter().map(told).collect(),
            damaged: damaged.collect(),
            lost: lost.collect(),
            orphans: orphans.collect(),
        }
    }

    /// One line for each finding, by kind.
    fn findings(&self) -> [(&'static str, Vec<String>); 4] {
        let damaged = self.damaged.iter();
        let damaged = damaged.map(|it| format!("{}: {}", it.database.display(), it.what));
        let lost = self.lost.iter().map(|it| {
            let (key, database) = (printable(&it.key), it.database.display());
            format!("`{key}` is listed and has no value, in {database}")
        });
        let orphans = self.orphans.iter();
        let orphans = orphans.map(|it| format!("{} ({} bytes)", it.path.display(), it.bytes));
        [
            ("unusable", self.unusable.clone()),
            ("damaged", damaged.collect()),
            ("lost", lost.collect()),
            ("orphan", orphans.collect()),
        ]
    }
}

impl Report for CheckReport {
    fn human(&self, out: &mut dyn Write, _tabular: bool) -> io::Result<()> {
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
        writeln!(out, "{}: {databases}, {keys}", self.directory.display())
    }
}

/// An error with what caused it, in one line.
fn told(error: &StoreError) -> String {
    let first: &(dyn StdError + 'static) = error;
    let causes = std::iter::successors(Some(first), |&cause| cause.source());
    let mut texts: Vec<_> = causes.map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}
