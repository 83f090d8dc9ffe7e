//! What the grammar of the command line says: help texts, and what is wrong with a command line.

use std::io::Write as _;

use super::{OutputError, page};

/// Writes a help text to stdout, or to stderr what is wrong. An argument may come from elsewhere, such
/// as the name of a branch, and is shown as any foreign text is.
pub fn print_usage(instead: &clap::Error) -> Result<(), OutputError> {
    let text = instead.render().to_string();
    let is_plain = |line: &str| page::line(line) == line;
    if text.split('\n').all(is_plain) {
        return Ok(instead.print()?);
    }
    let lines: Vec<String> = text.split('\n').map(page::line).collect();
    Ok(anstream::stderr().write_all(lines.join("\n").as_bytes())?)
}
