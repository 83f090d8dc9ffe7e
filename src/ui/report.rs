//! Results: one value, rendered for people or as JSON.

use std::io::{self, Write};

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::{
    Page, Tone, Versioned, json,
    style::{ADDED, FAINT, PLAIN, REMOVED},
};

/// A command's result: one value, rendered in every format, so that they cannot drift apart.
pub trait Report: Serialize {
    /// Whether it is a list: an array in JSON, as wrangler's are. Everything else is an object.
    const IS_LIST: bool = false;

    /// The version of its JSON document: another number where a member changes its meaning or goes.
    const SCHEMA: u32 = json::SCHEMA;

    /// Writes the report for people; `tabular` if stdout is a terminal.
    fn human(&self, out: &mut Page<'_>, tabular: bool) -> io::Result<()>;

    /// Writes newline-delimited JSON; one line unless the report is a list.
    fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &Versioned::of(Self::SCHEMA, self))?;
        writeln!(out)
    }
}

/// Returns a report as a terminal of so many columns is given it.
#[cfg(test)]
pub(crate) fn rendered(report: &impl Report, width: usize) -> String {
    let mut out = Vec::new();
    report
        .human(&mut Page::new(&mut out, Some(width)), true)
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// The difference between two versions of a file, as a unified diff.
#[derive(Debug, Clone)]
pub struct Diff {
    name: String,
    old: Option<String>,
    new: String,
}

impl Diff {
    /// Compares what the file `name` holds (`None`: it does not exist) with what it will hold.
    pub fn new(name: String, old: Option<String>, new: String) -> Self {
        Self { name, old, new }
    }

    /// Returns the name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the sides are equal.
    pub fn is_empty(&self) -> bool {
        self.old.as_ref() == Some(&self.new)
    }

    /// Returns the lines of the diff with their tones; empty if the sides are equal.
    pub(super) fn lines(&self) -> Vec<(Tone, String)> {
        if self.is_empty() {
            return Vec::new();
        }
        let old = self.old.as_deref().unwrap_or_default();
        let from = if self.old.is_some() {
            &self.name
        } else {
            "/dev/null"
        };
        let mut lines = vec![
            (FAINT, format!("--- {from}")),
            (FAINT, format!("+++ {}", self.name)),
        ];
        let diff = TextDiff::from_lines(old, &self.new);
        for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
            lines.push((FAINT, hunk.header().to_string()));
            lines.extend(hunk.iter_changes().map(|change| {
                let line = change.value().trim_end_matches(['\n', '\r']);
                match change.tag() {
                    ChangeTag::Equal => (PLAIN, format!(" {line}")),
                    ChangeTag::Delete => (REMOVED, format!("-{line}")),
                    ChangeTag::Insert => (ADDED, format!("+{line}")),
                }
            }));
        }
        lines
    }

    /// Writes the diff, coloured; nothing if the sides are equal.
    pub fn human(&self, out: &mut Page<'_>) -> io::Result<()> {
        let mut lines = self.lines().into_iter();
        lines.try_for_each(|(tone, text)| out.line(&format!("{tone}{text}{tone:#}")))
    }

    /// Returns the diff as plain text, for JSON.
    pub fn plain(&self) -> String {
        let lines = self.lines().into_iter();
        lines.map(|(_, text)| text + "\n").collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_of_equal_texts_is_empty_and_of_a_new_file_is_not() {
        let same = Diff::new("a".into(), Some("x\n".into()), "x\n".into());
        assert_eq!(same.plain(), "");
        let new = Diff::new("a".into(), None, "x\n".into());
        assert_eq!(new.plain(), "--- /dev/null\n+++ a\n@@ -0,0 +1 @@\n+x\n");
    }
}
