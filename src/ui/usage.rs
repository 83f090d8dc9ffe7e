//! What clap says instead of a command: help, and what is wrong with the arguments.

use std::io::Write as _;

use super::width::Width as _;
use anstream::adapter::strip_str;
use clap::error::ContextValue;

use super::{OutputError, Terminals, column::cut, page};

/// Of an argument that is longer, the beginning and the end are shown.
const ARGUMENT_WIDTH: usize = 80;

/// Writes a help text to stdout, or to stderr what is wrong. An argument may come from elsewhere, such
/// as the name of a branch, and is shown as any foreign text is.
pub fn print_usage(instead: &clap::Error) -> Result<(), OutputError> {
    let text = instead.render().to_string();
    let is_plain = text.split('\n').all(|line| page::line(line) == line);
    if is_plain && !instead.use_stderr() {
        return Ok(instead.print()?);
    }
    let text = if is_plain {
        as_hint(&shortened(instead.render().ansi().to_string(), instead))
    } else {
        let text = as_hint(&shortened(text, instead));
        let lines: Vec<String> = text.split('\n').map(page::line).collect();
        lines.join("\n")
    };
    let text = match Terminals::of_process().stderr_width {
        Some(width) => fitted(&text, width),
        None => text,
    };
    Ok(anstream::stderr().write_all(text.as_bytes())?)
}

/// Calls a tip a hint, as all other messages do.
fn as_hint(text: &str) -> String {
    let mut lines = text.split('\n').map(|line| match line.trim_start() {
        tip if !tip.contains("tip:") => line.to_owned(),
        tip => tip.replacen("tip:", "hint:", 1),
    });
    let first = lines.next().unwrap_or_default();
    lines.fold(first, |all, line| all + "\n" + &line)
}

/// Cuts arguments that would fill the screen, such as a key that is too long, in the middle.
pub fn shortened(text: String, instead: &clap::Error) -> String {
    instead
        .context()
        .fold(text, |text, (_, value)| match value {
            ContextValue::String(argument) if argument.width() > ARGUMENT_WIDTH => {
                text.replace(argument.as_str(), &cut(argument, ARGUMENT_WIDTH))
            }
            _ => text,
        })
}

/// Breaks the lines between words, so that each part fits.
fn fitted(text: &str, width: usize) -> String {
    let lines = text.split('\n').map(|line| {
        let indent = line.len() - line.trim_start().len() + 2;
        let (mut out, mut used) = (String::new(), 0);
        for (at, word) in line.split(' ').enumerate() {
            let wide = strip_str(word).to_string().width();
            if used > indent && wide > 0 && used + 1 + wide > width {
                out += "\n";
                out += &" ".repeat(indent);
                used = indent;
            } else if at > 0 {
                out += " ";
                used += 1;
            }
            out += word;
            used += wide;
        }
        out
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    fn error(arguments: &[&str]) -> clap::Error {
        Cli::try_parse_from([&["kvctl"], arguments].concat()).unwrap_err()
    }

    #[test]
    fn lines_are_broken_between_words_and_styles_have_no_width() {
        let error = error(&["key", "put", "a", "b", "-b", "X", "--ttl", "5"]);
        for width in [20, 40, 80, 200] {
            let styled = fitted(&error.render().ansi().to_string(), width);
            let plain = strip_str(&styled).to_string();
            assert_eq!(plain, fitted(&error.render().to_string(), width));
            let is_wide = |line: &&str| line.width() > width && line.trim().contains(' ');
            let wide: Vec<_> = plain.lines().filter(is_wide).collect();
            assert_eq!(wide, [""; 0], "{width}: {plain}");
            let words = |text: &str| {
                text.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            assert_eq!(words(&plain), words(&error.render().to_string()));
        }
    }

    #[test]
    fn a_long_argument_is_cut_in_the_middle() {
        let key = format!("begin{}end", "k".repeat(600));
        let error = error(&["key", "get", &key]);
        let text = shortened(error.render().to_string(), &error);
        assert!(text.contains("'begink"), "{text}");
        assert!(text.contains("kend'"), "{text}");
        assert!(text.contains("608 bytes"), "{text}");
        assert!(text.len() < 400, "{text}");
    }
}
