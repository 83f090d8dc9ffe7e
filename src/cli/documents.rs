//! `kvctl completions` and `kvctl man`: the command line, described for other programs.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, ValueEnum};

use super::Cli;

/// Arguments of `kvctl completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell that will read the script
    pub shell: Shell,
}

/// Shells that can be told what comes next on a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the shell of its name")]
pub enum Shell {
    Bash,
    Elvish,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
    Zsh,
}

impl Shell {
    /// Returns the script that completes the command line in this shell.
    pub fn script(self) -> Vec<u8> {
        use clap_complete::Shell as Generator;
        let generator = match self {
            Self::Bash => Generator::Bash,
            Self::Elvish => Generator::Elvish,
            Self::Fish => Generator::Fish,
            Self::PowerShell => Generator::PowerShell,
            Self::Zsh => Generator::Zsh,
        };
        let mut script = Vec::new();
        clap_complete::generate(generator, &mut Cli::command(), "kvctl", &mut script);
        script
    }
}

/// Arguments of `kvctl man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Directory to write the manual pages to; it must exist
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// Returns the manual page of each command as its file name and its roff text.
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
