//! Tables for people, and what only they have. No line is wider than the terminal.

use std::io;

use unicode_width::UnicodeWidthStr as _;

use super::{Page, Tone, chart, printable};

/// The cells of one row.
pub type Cells<const N: usize> = [String; N];

/// A column: its head, what it holds, and so how it gives way on a narrow terminal.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    head: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Words, cut in the middle where there is no room.
    Text,
    /// Words that are of no use when cut, such as ids.
    Whole,
    /// Numbers, at the right.
    Number,
    /// A number that is drawn as a bar.
    Bar,
    /// Numbers, separated by blanks, that are drawn one beside the other.
    Spark,
}

impl Column {
    /// Words, cut in the middle where there is no room.
    pub const fn text(head: &'static str) -> Self {
        let kind = Kind::Text;
        Self { head, kind }
    }

    /// Words that are of no use when cut, such as ids.
    pub const fn whole(head: &'static str) -> Self {
        let kind = Kind::Whole;
        Self { head, kind }
    }

    /// Numbers, at the right.
    pub const fn number(head: &'static str) -> Self {
        let kind = Kind::Number;
        Self { head, kind }
    }

    /// Numbers that are drawn as bars, the longest for the greatest.
    pub const fn bar(head: &'static str) -> Self {
        let kind = Kind::Bar;
        Self { head, kind }
    }

    /// Numbers, separated by blanks, that are drawn one beside the other.
    pub const fn spark(head: &'static str) -> Self {
        let kind = Kind::Spark;
        Self { head, kind }
    }

    /// Returns how wide a cell wants to be.
    fn natural(self, cell: &str) -> usize {
        match self.kind {
            Kind::Bar if cell.is_empty() => 0,
            Kind::Bar => chart::BAR_MAX,
            Kind::Spark => chart::values(cell).len(),
            Kind::Text | Kind::Whole | Kind::Number => cell.width(),
        }
    }

    /// Returns how narrow it may become, first and then further.
    fn floors(self, natural: usize) -> [usize; 3] {
        let floors = match self.kind {
            Kind::Text => [16, 4, 0],
            Kind::Whole | Kind::Number => [natural, natural, 0],
            Kind::Bar | Kind::Spark => [7, 0, 0],
        };
        floors.map(|floor| floor.min(natural))
    }

    fn draw(self, cell: &str, width: usize, greatest: u64) -> String {
        let text = match self.kind {
            Kind::Text | Kind::Whole | Kind::Number => cut(cell, width),
            Kind::Bar => chart::bar(cell.parse().unwrap_or_default(), greatest, width),
            Kind::Spark => chart::spark(chart::values(cell), width),
        };
        self.padded(&text, width)
    }

    fn padded(self, text: &str, width: usize) -> String {
        let blanks = " ".repeat(width.saturating_sub(text.width()));
        if self.kind == Kind::Number {
            blanks + text
        } else {
            text.to_owned() + &blanks
        }
    }
}

/// A table whose rows may arrive bit by bit: columns grow and never shrink.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    columns: [Column; N],
    /// What is ahead of each line.
    lead: &'static str,
    /// Whether the head is still to be written.
    has_head: bool,
    /// How wide the columns want to be.
    natural: [usize; N],
    /// How wide a line may be.
    width: Option<usize>,
}

impl<const N: usize> Table<N> {
    pub(super) fn new(columns: [Column; N], width: Option<usize>) -> Self {
        Self {
            columns,
            lead: " ",
            has_head: true,
            natural: columns.map(|column| column.head.width()),
            width,
        }
    }

    /// Returns the lines for these rows, the first time below the head. Cells must be printable.
    pub(super) fn lines(&mut self, rows: &[Cells<N>]) -> Vec<String> {
        let greatest: [u64; N] = std::array::from_fn(|at| {
            let values = rows.iter().filter_map(|row| row.get(at)?.parse().ok());
            values.max().unwrap_or_default()
        });
        for row in rows {
            for ((natural, column), cell) in self.natural.iter_mut().zip(self.columns).zip(row) {
                *natural = column.natural(cell).max(*natural);
            }
        }
        let widths = self.widths();
        let head = std::mem::take(&mut self.has_head).then(|| {
            let cells = self.columns.iter().zip(widths);
            self.line(cells.map(|(column, width)| column.padded(&cut(column.head, width), width)))
        });
        let rows = rows.iter().map(|row| {
            let cells = self.columns.iter().zip(widths).zip(row).zip(greatest);
            self.line(cells.map(|(((column, width), cell), most)| column.draw(cell, width, most)))
        });
        head.into_iter().chain(rows).collect()
    }

    /// Returns how wide the columns are: as they want to be, or less where the terminal is narrow,
    /// the widest first.
    fn widths(&self) -> [usize; N] {
        let mut widths = self.natural;
        let Some(width) = self.width else {
            return widths;
        };
        let between = self.lead.len() + 2 * N.saturating_sub(1);
        let room = width.saturating_sub(between);
        for step in 0..3 {
            let floors: [usize; N] = std::array::from_fn(|at| {
                let pair = self.columns.get(at).zip(self.natural.get(at));
                let floors = pair.map(|(column, natural)| column.floors(*natural));
                floors
                    .and_then(|it| it.get(step).copied())
                    .unwrap_or_default()
            });
            while widths.iter().sum::<usize>() > room {
                let above = widths
                    .iter_mut()
                    .zip(floors)
                    .filter(|(it, floor)| **it > *floor);
                let Some((widest, _)) = above.max_by_key(|(it, _)| **it) else {
                    break;
                };
                *widest -= 1;
            }
        }
        widths
    }

    fn line(&self, cells: impl Iterator<Item = String>) -> String {
        // A column without a head and without any cell is not there.
        let cells = cells.zip(self.natural).filter(|(_, natural)| *natural > 0);
        let cells: Vec<String> = cells.map(|(cell, _)| cell).collect();
        let line = self.lead.to_owned() + &cells.join("  ");
        let line = line.trim_end();
        match self.width {
            Some(width) if line.width() > width => cut(line, width),
            _ => line.to_owned(),
        }
    }
}

/// Returns a text that is at most so wide: its beginning and its end, with `…` between them.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    if width == 0 {
        return String::new();
    }
    let room = width - 1;
    let mut start = longest(text, room - room / 2, |text, at| text.get(..at));
    let end = longest(text, room / 2, |text, at| text.get(text.len() - at..));
    // What joins with the character before it would join with the dots.
    let end = end.trim_start_matches(|c: char| c.to_string().width() == 0);
    loop {
        let shown = format!("{start}…{end}");
        // Characters that belong together may be wider apart.
        match start.char_indices().next_back() {
            Some((last, _)) if shown.width() > width => start = start.get(..last).unwrap_or(""),
            _ => return shown,
        }
    }
}

/// Returns the longest part that `take` gives that is at most so wide.
fn longest<'t>(
    text: &'t str,
    width: usize,
    take: impl Fn(&'t str, usize) -> Option<&'t str>,
) -> &'t str {
    let parts = (0..=text.len()).map_while(|at| match take(text, at) {
        Some(part) if part.width() > width => None,
        part => Some(part),
    });
    parts.flatten().last().unwrap_or_default()
}

/// Writes rows as a table with a head on a terminal, and tab-separated without a head elsewhere.
pub fn table<const N: usize>(
    out: &mut Page<'_>,
    tabular: bool,
    columns: [Column; N],
    mut rows: impl Iterator<Item = Cells<N>>,
) -> io::Result<()> {
    if !tabular {
        return rows.try_for_each(|row| out.row(&row));
    }
    let rows: Vec<Cells<N>> = rows
        .map(|row| row.map(|cell| printable(&cell).into_owned()))
        .collect();
    let lines = Table::new(columns, out.width()).lines(&rows);
    lines.iter().try_for_each(|line| out.line(line))
}

/// Writes rows without a head, aligned, with the first word of each in a tone. Where the terminal is too
/// narrow, the third cell of each is in a line of its own.
pub fn list<const N: usize>(
    out: &mut Page<'_>,
    columns: [Column; N],
    rows: impl Iterator<Item = (Tone, Cells<N>)>,
) -> io::Result<()> {
    let rows = rows.map(|(tone, row)| (tone, row.map(|cell| printable(&cell).into_owned())));
    let (tones, rows): (Vec<Tone>, Vec<Cells<N>>) = rows.unzip();
    let mut table = Table::new(columns, None);
    table.lead = "";
    table.has_head = false;
    let mut lines = table.lines(&rows);
    let is_wide = |line: &String| out.width().is_some_and(|width| line.width() > width);
    let mut below = vec![String::new(); rows.len()];
    if lines.iter().any(is_wide) {
        let mut short = rows;
        for (row, below) in short.iter_mut().zip(&mut below) {
            if let [first, _, cell, ..] = row.as_mut_slice() {
                let blanks = " ".repeat(first.width() + 2);
                *below = format!("{blanks}{}", std::mem::take(cell));
            }
        }
        let mut table = Table::new(columns, out.width());
        table.lead = "";
        table.has_head = false;
        lines = table.lines(&short);
    }
    for ((tone, line), below) in tones.into_iter().zip(lines).zip(below) {
        let (word, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
        out.line(&format!("{tone}{word}{tone:#}{rest}"))?;
        if !below.trim().is_empty() {
            out.line(&cut(&below, out.width().unwrap_or(usize::MAX)))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const THREE: [Column; 3] = [
        Column::text("NAME"),
        Column::text("EXPIRES"),
        Column::text(""),
    ];

    fn row<const N: usize>(cells: [&str; N]) -> Cells<N> {
        cells.map(str::to_owned)
    }

    #[test]
    fn a_table_off_terminal_is_tab_separated() {
        let mut out = Vec::new();
        let rows = [["a".to_owned(), "b c\n".to_owned()]];
        let mut page = Page::new(&mut out, None);
        let columns = [Column::text("X"), Column::text("Y")];
        table(&mut page, false, columns, rows.into_iter()).unwrap();
        assert_eq!(out, b"a\tb c\\n\n");
    }

    #[test]
    fn columns_fit_what_a_terminal_shows_and_grow_with_later_rows() {
        let mut table = Table::new(THREE, None);
        let first = table.lines(&[row(["鍵鍵鍵", "", "x"]), row(["ab", "never", ""])]);
        assert_eq!(
            first,
            [" NAME    EXPIRES", " 鍵鍵鍵           x", " ab      never"]
        );
        let second = table.lines(&[row(["abcdefgh", "", "y"])]);
        assert_eq!(second, [" abcdefgh           y"]);
    }

    #[test]
    fn numbers_are_at_the_right_and_bars_end_with_the_line() {
        let columns = [
            Column::text("PREFIX"),
            Column::number("KEYS"),
            Column::bar(""),
        ];
        let rows = [row(["a:", "1,000", "1000"]), row(["bcd:", "5", "500"])];
        let lines = Table::new(columns, Some(30)).lines(&rows);
        assert_eq!(
            lines,
            [
                " PREFIX   KEYS",
                " a:      1,000  ██████████████",
                " bcd:        5  ███████"
            ]
        );
    }

    #[test]
    fn a_long_name_is_cut_in_the_middle_and_an_id_is_not() {
        let columns = [Column::whole("ID"), Column::text("TITLE")];
        let id = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let long = format!("start{}end", "x".repeat(200));
        let lines = Table::new(columns, Some(60)).lines(&[row([id, &long])]);
        assert_eq!(lines[1], format!(" {id}  startxxxxxxx…xxxxxxxxxend"));
        assert_eq!(lines[1].width(), 60);
        assert_eq!(cut("鍵鍵鍵鍵", 5), "鍵…鍵");
        assert_eq!(cut("鍵鍵鍵鍵", 4), "鍵…");
        assert_eq!(cut("👩\u{200d}💻👩\u{200d}💻👩\u{200d}💻", 5).width(), 5);
        assert_eq!((cut("abc", 1).as_str(), cut("abc", 0).as_str()), ("…", ""));
    }

    fn text() -> impl Strategy<Value = String> {
        let wide = prop::sample::select(vec!["鍵", "👩\u{200d}💻", "e\u{301}", "🦀", "x", "a b"]);
        let wide = prop::collection::vec(wide, 0..40).prop_map(|parts| parts.concat());
        prop_oneof!["[ -~]{0,40}", "\\PC{0,20}", wide, "[a-z]{200}"]
            .prop_map(|text| printable(&text).into_owned())
    }

    proptest! {
        #[test]
        fn what_is_cut_fits_and_keeps_both_ends(text in text(), width in 0_usize..60) {
            let shown = cut(&text, width);
            prop_assert!(shown.width() <= width, "{:?}", shown);
            prop_assert_eq!(shown == text, text.width() <= width);
            if let Some((start, end)) = shown.split_once('…').filter(|_| shown != text) {
                prop_assert!(text.starts_with(start) && text.ends_with(end));
            }
        }

        #[test]
        fn no_line_is_wider_than_the_terminal_and_columns_align(
            rows in prop::collection::vec((text(), 0_u64..10_000_000, text()), 1..8),
            width in 1_usize..130,
        ) {
            let columns = [
                Column::text("KEY"),
                Column::number("KEYS"),
                Column::text("METADATA"),
                Column::bar(""),
            ];
            let rows: Vec<Cells<4>> = rows
                .into_iter()
                .map(|(a, n, b)| [a, n.to_string(), format!("|{b}"), n.to_string()])
                .collect();
            let mut table = Table::new(columns, Some(width));
            let lines = table.lines(&rows);
            for line in &lines {
                prop_assert!(line.width() <= width, "{:?}", line);
            }
            // The third column begins in the same place in all of them.
            let [first, second, ..] = table.widths();
            if table.widths().iter().sum::<usize>() + 7 <= width && table.widths()[2] > 1 {
                for line in lines.iter().skip(1) {
                    let mut at = 0;
                    let start = line.char_indices().find(|(index, c)| {
                        at = line[..*index].width();
                        *c == '|' && at == 1 + first + 2 + second + 2
                    });
                    prop_assert!(start.is_some(), "{:?}", line);
                }
            }
        }
    }
}
