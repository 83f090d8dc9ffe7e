//! `kvctl completions`, and the candidates that its scripts ask for.
//!
//! | module | owns |
//! | --- | --- |
//! | `line` | a line of bash: splitting it into words, and quoting what is put in |
//! | `typed` | the options that are on the line already |
//! | `values` | what values of options and arguments there are |
//!
//! Files and the local store are read; nothing is written, said or sent. Whatever is wrong with them,
//! there are fewer candidates.

mod line;
mod typed;
mod values;

use std::{ffi::OsString, path::Path, sync::Arc};

use clap::CommandFactory as _;
use clap_complete::{CompletionCandidate, engine};

use line::Line;
use typed::Typed;
use values::Values;

use crate::{
    cli::{
        Cli,
        completions::{CompletionsArgs, completion_script},
    },
    context::Context,
    domain::{is_invisible, shell_quoted},
    error::Result,
};

pub(super) fn run(context: &Context, args: &CompletionsArgs) -> Result<()> {
    Ok(context.ui.data(&completion_script(args.shell))?)
}

/// Returns what a script of `shell` is answered, whose `arguments` follow the program's name; one
/// candidate a line.
pub fn candidates(shell: &str, arguments: &[String], directory: Option<&Path>) -> String {
    let mut arguments = arguments.iter().skip_while(|it| *it != "--").skip(1);
    let line = (shell == "bash").then(|| {
        let text = arguments.next().map(String::as_str).unwrap_or_default();
        let breaks = arguments.next().map(String::as_str).unwrap_or_default();
        Line::read(text, breaks)
    });
    let words = match &line {
        Some(line) => line.words.clone(),
        None => arguments.cloned().collect(),
    };
    let found = complete(words, directory).into_iter();
    let shown = found.filter_map(|found| {
        let help = found
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let help = help.lines().next().unwrap_or_default();
        let value = found.get_value().to_str()?;
        if value.contains(is_invisible) {
            return None;
        }
        match (shell, &line) {
            ("bash", Some(line)) => line.insertion(value),
            ("zsh", _) => {
                let value = value.replace('\\', "\\\\").replace(':', "\\:");
                Some(described(value, &help.replace('\\', "\\\\")))
            }
            ("fish", _) => Some(described(value.to_owned(), help)),
            // The other shells insert candidates as they are.
            _ if shell_quoted(value) != value => None,
            ("powershell", _) => Some(described(value.to_owned(), help)),
            _ => Some(value.to_owned()),
        }
    });
    shown.map(|candidate| candidate + "\n").collect()
}

fn described(value: String, help: &str) -> String {
    match help {
        "" => value,
        help => format!("{value}\t{}", help.replace(is_invisible, " ")),
    }
}

/// Returns what may stand in place of the last of `words`.
fn complete(words: Vec<String>, directory: Option<&Path>) -> Vec<CompletionCandidate> {
    let Some(last) = words.len().checked_sub(1) else {
        return Vec::new();
    };
    let is_empty = words[last].is_empty();
    let values = Arc::new(Values::new(Typed::read(&words[..last])));
    let mut command = values.attach(Cli::command());
    let words = words.into_iter().map(OsString::from).collect();
    let found = engine::complete(&mut command, words, last, directory);
    let mut found = found.unwrap_or_default();
    // Commands and values come first; options are for those who ask, or where there is nothing else.
    let is_option = |it: &CompletionCandidate| it.get_value().as_encoded_bytes().starts_with(b"-");
    if is_empty && !found.iter().all(is_option) {
        found.retain(|it| !is_option(it));
    }
    found
}
