//! `kvctl man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use super::Cli;

/// Arguments of `kvctl man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Directory to write the man pages to; it must exist
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// Returns the man page of each command: its file name and roff text.
pub fn manual() -> Vec<(String, Vec<u8>)> {
    let mut root = Cli::command();
    root.build();
    let mut pages = Vec::new();
    describe(&root, &mut pages);
    pages
}

fn describe(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    // Writing to a vector cannot fail.
    page.render(&mut text).ok();
    pages.push((page.get_filename(), text));
    for below in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        describe(below, pages);
    }
}
