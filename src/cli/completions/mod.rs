//! `kvctl completions`: the scripts that have shells ask kvctl what may come next.

use clap::{Args, CommandFactory as _, ValueEnum};
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell};
use clap_complete_nushell::Nushell;

use super::Cli;

/// The variable that a script sets to the name of its shell.
pub const VARIABLE: &str = "KVCTL_COMPLETE";

/// A shell that has completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash 3.2 or newer
    Bash,
    /// zsh 5.0 or newer
    Zsh,
    /// fish 3.0 or newer
    Fish,
    /// PowerShell 7, and 5.1 of Windows
    #[value(alias = "pwsh")]
    Powershell,
    /// Elvish
    Elvish,
    /// Nushell; commands and options only
    #[value(alias = "nu")]
    Nushell,
}

/// Arguments of `kvctl completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell to print the script for
    pub shell: Shell,
}

/// Returns the script that has `shell` complete kvctl's command lines.
pub fn completion_script(shell: Shell) -> Vec<u8> {
    let name = "kvctl";
    let mut script = Vec::new();
    let registered = |shell: &dyn EnvCompleter, script: &mut Vec<u8>| {
        // Writing to a vector cannot fail.
        shell
            .write_registration(VARIABLE, name, name, name, script)
            .ok();
    };
    match shell {
        Shell::Bash => script.extend(include_bytes!("kvctl.bash")),
        Shell::Zsh => script.extend(include_bytes!("_kvctl")),
        Shell::Fish => registered(&Fish, &mut script),
        Shell::Powershell => registered(&Powershell, &mut script),
        Shell::Elvish => registered(&Elvish, &mut script),
        Shell::Nushell => {
            clap_complete::generate(Nushell, &mut Cli::command(), name, &mut script);
        }
    }
    script
}
