//! `kvctl man` and `kvctl version`.

use std::io;

use serde::Serialize;

use super::UsageError;
use crate::{
    cli::{self, ManArgs, manual},
    context::Context,
    domain::quantity,
    error::{Exit, Result},
    fsx,
    ui::{Page, Report},
};

pub(super) fn version(context: &Context) -> Result<()> {
    let text = cli::version().trim_end().to_owned();
    context.ui.conclude(
        &VersionReport {
            text,
            version: env!("CARGO_PKG_VERSION"),
        },
        Ok(()),
    )
}

/// The version of this program.
#[derive(Debug, Serialize)]
struct VersionReport {
    version: &'static str,
    /// The same with the name.
    #[serde(skip)]
    text: String,
}

impl Report for VersionReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        writeln!(out, "{}", self.text)
    }
}

pub(super) fn man(context: &Context, args: &ManArgs) -> Result<()> {
    let directory = context.files.resolve(&args.directory);
    if directory.exists() && !directory.is_dir() {
        let what = format!("{} is not a directory", context.files.display(&directory));
        return Err(UsageError::new(what, "pass another directory").into());
    }
    fsx::create_directory(&directory)?;
    let exits: Vec<(u8, &str)> = Exit::ALL
        .iter()
        .map(|(exit, meaning)| (*exit as u8, *meaning))
        .collect();
    let mut pages = Vec::new();
    for (name, text) in manual(&exits) {
        let path = directory.join(name);
        fsx::overwrite_own(&path, &text)?;
        pages.push(context.files.display(&path));
    }
    context.ui.conclude(&ManReport { pages }, Ok(()))
}

/// The man pages that were written.
#[derive(Debug, Serialize)]
struct ManReport {
    /// Their files.
    pages: Vec<String>,
}

impl Report for ManReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        writeln!(out, "wrote {}", quantity(self.pages.len(), "man page"))
    }
}
