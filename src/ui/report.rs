//! Results: one value, rendered for people or as JSON.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::style::{ADDED, FAINT, REMOVED};

/// A command's result: one value, rendered in every format, so that they cannot drift apart.
pub trait Report: Serialize {
    /// Writes the report for people; `tabular` if stdout is a terminal.
    fn human(&self, out: &mut dyn Write, tabular: bool) -> io::Result<()>;

    /// Writes one JSON document a line. A report that is no list is one line.
    fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        writeln!(out)
    }
}

/// The cells of one row.
pub type Cells<const N: usize> = [String; N];

/// Writes rows as a table with a head on a terminal, and tab-separated without a head elsewhere.
pub fn table<const N: usize>(
    out: &mut dyn Write,
    tabular: bool,
    head: [&str; N],
    rows: impl Iterator<Item = Cells<N>>,
) -> io::Result<()> {
    if !tabular {
        for row in rows {
            writeln!(out, "{}", row.join("\t"))?;
        }
        return Ok(());
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(head);
    table.add_rows(rows);
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Returns `1 key`, `2 keys`: a count with its noun.
pub fn quantity(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
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

    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.old.as_ref() == Some(&self.new)
    }

    /// Writes the diff, coloured; nothing if there is no difference.
    pub fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let old = self.old.as_deref().unwrap_or_default();
        let from = if self.old.is_some() {
            &self.name
        } else {
            "/dev/null"
        };
        writeln!(
            out,
            "{FAINT}--- {from}{FAINT:#}\n{FAINT}+++ {}{FAINT:#}",
            self.name
        )?;
        let diff = TextDiff::from_lines(old, &self.new);
        for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
            writeln!(out, "{FAINT}{}{FAINT:#}", hunk.header())?;
            for change in hunk.iter_changes() {
                let line = change.value().trim_end_matches(['\n', '\r']);
                match change.tag() {
                    ChangeTag::Equal => writeln!(out, " {line}")?,
                    ChangeTag::Delete => writeln!(out, "{REMOVED}-{line}{REMOVED:#}")?,
                    ChangeTag::Insert => writeln!(out, "{ADDED}+{line}{ADDED:#}")?,
                }
            }
        }
        Ok(())
    }

    /// Returns the diff as plain text, for JSON.
    pub fn plain(&self) -> String {
        let mut bytes = Vec::new();
        // Writing to a vector cannot fail.
        self.human(&mut bytes).ok();
        let mut plain = String::new();
        write!(
            plain,
            "{}",
            anstream::adapter::strip_str(&String::from_utf8_lossy(&bytes))
        )
        .ok();
        plain
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

    #[test]
    fn a_table_off_terminal_is_tab_separated() {
        let mut out = Vec::new();
        let rows = [["a".to_owned(), "b c".to_owned()]];
        table(&mut out, false, ["X", "Y"], rows.into_iter()).unwrap();
        assert_eq!(out, b"a\tb c\n");
    }
}
