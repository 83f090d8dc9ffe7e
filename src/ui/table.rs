//! Tables for people, and what only they have.

use std::io;

use unicode_width::UnicodeWidthStr as _;

use super::{Page, printable};

/// The cells of one row.
pub type Cells<const N: usize> = [String; N];

/// A table whose rows may arrive bit by bit: columns grow and never shrink.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    /// The head, until it is written.
    head: Option<[&'static str; N]>,
    widths: [usize; N],
}

impl<const N: usize> Table<N> {
    pub(super) fn new(head: [&'static str; N]) -> Self {
        Self {
            head: Some(head),
            widths: head.map(str::len),
        }
    }

    /// Returns the lines for these rows, the first time below the head. Cells must be printable.
    pub(super) fn lines(&mut self, rows: &[Cells<N>]) -> Vec<String> {
        for row in rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        let head = self.head.take().map(|head| self.line(&head));
        let rows = rows.iter().map(|row| self.line(row));
        head.into_iter().chain(rows).collect()
    }

    fn line(&self, cells: &[impl AsRef<str>; N]) -> String {
        let mut text = String::new();
        for (cell, width) in cells.iter().map(AsRef::as_ref).zip(self.widths) {
            let padding = width.saturating_sub(cell.width()) + 1;
            text.extend([" ", cell, &" ".repeat(padding)]);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// Writes rows as a table with a head on a terminal, and tab-separated without a head elsewhere.
pub fn table<const N: usize>(
    out: &mut Page<'_>,
    tabular: bool,
    head: [&'static str; N],
    mut rows: impl Iterator<Item = Cells<N>>,
) -> io::Result<()> {
    if !tabular {
        return rows.try_for_each(|row| out.row(&row));
    }
    let rows: Vec<Cells<N>> = rows
        .map(|row| row.map(|cell| printable(&cell).into_owned()))
        .collect();
    let mut lines = Table::new(head).lines(&rows).into_iter();
    lines.try_for_each(|line| writeln!(out, "{line}"))
}

/// Draws one bar per value, the highest for the maximum; zero is a dot.
pub fn spark(values: impl IntoIterator<Item = u64>) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values: Vec<u64> = values.into_iter().collect();
    let greatest = u128::from(values.iter().copied().max().unwrap_or_default());
    let bar = |value: u64| {
        if value == 0 {
            return '·';
        }
        let eighth = (u128::from(value) * 8).div_ceil(greatest.max(1));
        let at = usize::try_from(eighth).unwrap_or(8).clamp(1, 8) - 1;
        BARS.get(at).copied().unwrap_or('█')
    };
    values.iter().copied().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_off_terminal_is_tab_separated() {
        let mut out = Vec::new();
        let rows = [["a".to_owned(), "b c\n".to_owned()]];
        let mut page = Page::new(&mut out);
        table(&mut page, false, ["X", "Y"], rows.into_iter()).unwrap();
        assert_eq!(out, b"a\tb c\\n\n");
    }

    #[test]
    fn columns_fit_what_a_terminal_shows_and_grow_with_later_rows() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let mut table = Table::new(["NAME", "EXPIRES", ""]);
        let first = table.lines(&[row(["鍵鍵鍵", "", "x"]), row(["ab", "never", ""])]);
        assert_eq!(
            first,
            [" NAME    EXPIRES", " 鍵鍵鍵           x", " ab      never"]
        );
        let second = table.lines(&[row(["abcdefgh", "", "y"])]);
        assert_eq!(second, [" abcdefgh           y"]);
    }

    #[test]
    fn bars_rise_with_values() {
        assert_eq!(spark([0, 1, 2, 3, 4, 5, 6, 7, 8]), "·▁▂▃▄▅▆▇█");
        assert_eq!(spark([0, 0]), "··");
        assert_eq!(spark([1, 1_000_000]), "▁█");
        assert_eq!(spark([u64::MAX, u64::MAX / 2]), "█▄");
        assert_eq!(spark([]), "");
    }
}
