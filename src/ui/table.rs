//! Tables for people, and what only they have. No line is wider than the terminal.

use std::io;

use super::width::Width as _;

use super::{
    Page, Tone,
    column::{Column, Room, cut},
    printable,
};

/// The cells of one row.
pub type Cells<const N: usize> = [String; N];

/// A table whose rows may arrive bit by bit: columns grow and never shrink. Where the terminal is too
/// narrow for columns, a row is several lines.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    columns: [Column; N],
    /// What is ahead of each line.
    lead: &'static str,
    /// Whether the head is still to be written.
    has_head: bool,
    /// How wide the columns want to be.
    natural: [usize; N],
    /// How wide they must be.
    least: [usize; N],
    /// How wide a line may be.
    width: Option<usize>,
}

impl<const N: usize> Table<N> {
    pub(super) fn new(columns: [Column; N], width: Option<usize>) -> Self {
        let heads = columns.map(|column| column.head.width());
        Self {
            columns,
            lead: " ",
            has_head: true,
            natural: heads,
            least: heads,
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
            let columns = self.columns.iter().zip(row);
            let widths = self.natural.iter_mut().zip(&mut self.least);
            for ((natural, least), (column, cell)) in widths.zip(columns) {
                *natural = column.natural(cell).max(*natural);
                *least = column.least(cell).max(*least);
            }
        }
        let Some(widths) = self.widths() else {
            self.has_head = false;
            let lines = rows.iter().flat_map(|row| self.stacked(row, greatest));
            return lines.collect();
        };
        let head = std::mem::take(&mut self.has_head).then(|| {
            let cells = self.columns.iter().zip(widths);
            self.line(cells.map(|(column, width)| column.padded(&cut(column.head, width), width)))
        });
        let rows = rows.iter().map(|row| {
            let cells = self.columns.iter().zip(widths).zip(row).zip(greatest);
            self.line(cells.map(|(((column, width), cell), most)| {
                column.padded(&column.draw(cell, width, most), width)
            }))
        });
        head.into_iter().chain(rows).collect()
    }

    /// Returns how wide the columns are: as they want to be, or less where the terminal is narrow,
    /// the widest first. Nothing, if they do not fit beside each other.
    fn widths(&self) -> Option<[usize; N]> {
        let Some(width) = self.width else {
            return Some(self.natural);
        };
        let between = self.lead.len() + 2 * N.saturating_sub(1);
        let room = width.checked_sub(between)?;
        Room::ALL
            .into_iter()
            .find_map(|step| self.fitted(room, step))
    }

    /// Returns how wide the columns are in so much room, if they fit.
    fn fitted(&self, room: usize, step: Room) -> Option<[usize; N]> {
        let mut widths = [0; N];
        let mut floors = [0; N];
        let columns = self.columns.iter().zip(self.natural).zip(self.least);
        let slots = widths.iter_mut().zip(&mut floors);
        for (((column, natural), least), (width, floor)) in columns.zip(slots) {
            *width = column.ceiling(natural, least, step);
            *floor = column.floor(*width, step);
        }
        while widths.iter().sum::<usize>() > room {
            let pairs = widths.iter_mut().zip(floors);
            let above = pairs.filter(|(it, floor)| **it > *floor);
            let (widest, _) = above.max_by_key(|(it, _)| **it)?;
            *widest -= 1;
        }
        Some(widths)
    }

    fn line(&self, cells: impl Iterator<Item = String>) -> String {
        // A column without a head and without any cell is not there.
        let cells = cells.zip(self.natural).filter(|(_, natural)| *natural > 0);
        let cells: Vec<String> = cells.map(|(cell, _)| cell).collect();
        let line = self.lead.to_owned() + &cells.join("  ");
        line.trim_end().to_owned()
    }

    /// Returns a row as a line for its first cell and one below it for each of the others. A cell that
    /// does not fit behind its head is below that.
    fn stacked(&self, row: &Cells<N>, greatest: [u64; N]) -> Vec<String> {
        let (lead, width) = (self.lead, self.width.unwrap_or(usize::MAX));
        let heads = self.columns.iter().map(|column| column.head.width());
        let heads = heads.skip(1).max().unwrap_or_default();
        let cells = self.columns.iter().zip(row).zip(greatest);
        let mut lines = Vec::new();
        for (at, ((column, cell), most)) in cells.enumerate() {
            let indent = if at == 0 { lead.len() } else { lead.len() + 2 };
            let behind = indent + heads + 2;
            let room = |indent: usize| width.saturating_sub(indent);
            let least = column.least(cell).max(column.natural(cell).min(10));
            if at == 0 {
                let text = column.draw(cell, room(indent), most);
                lines.push(format!("{lead}{text}"));
            } else if cell.is_empty() || column.head.is_empty() {
                // There is nothing to say, or to say it of.
            } else if least <= room(behind) {
                let text = column.draw(cell, room(behind), most);
                lines.push(format!("{lead}  {:<heads$}  {text}", column.head));
            } else {
                let text = column.draw(cell, room(indent + 2), most);
                lines.push(format!("{lead}  {}", column.head));
                lines.push(format!("{lead}    {text}"));
            }
        }
        lines
    }
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
/// narrow, the third cell of each is in a line of its own, or all behind the second are.
pub fn list<const N: usize>(
    out: &mut Page<'_>,
    rows: impl Iterator<Item = (Tone, Cells<N>)>,
) -> io::Result<()> {
    let rows = rows.map(|(tone, row)| (tone, row.map(|cell| printable(&cell).into_owned())));
    let (tones, mut rows): (Vec<Tone>, Vec<Cells<N>>) = rows.unzip();
    let mut below = vec![Vec::new(); rows.len()];
    let is_wide = |line: &String| out.width().is_some_and(|width| line.width() > width);
    let mut lines = aligned(&rows);
    for moved in [2..3, 2..N] {
        if !lines.iter().any(is_wide) {
            break;
        }
        for (row, below) in rows.iter_mut().zip(&mut below) {
            let cells = row.iter_mut().enumerate();
            let cells = cells.filter(|(at, cell)| moved.contains(at) && !cell.is_empty());
            below.extend(cells.map(|(_, cell)| std::mem::take(cell)));
        }
        lines = aligned(&rows);
    }
    for (((tone, line), below), row) in tones.into_iter().zip(lines).zip(below).zip(&rows) {
        let (word, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
        out.line(&format!("{tone}{word}{tone:#}{rest}"))?;
        let indent = row.first().map_or(0, |first| first.width() + 2);
        for cell in below {
            out.hanging(indent, format_args!("{:indent$}{cell}", ""))?;
        }
    }
    Ok(())
}

/// Returns rows with their cells below each other, whatever their width.
fn aligned<const N: usize>(rows: &[Cells<N>]) -> Vec<String> {
    let mut table = Table::new([Column::whole(""); N], None);
    table.lead = "";
    table.has_head = false;
    table.lines(rows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const THREE: [Column; 3] = [
        Column::text("NAME"),
        Column::moment("EXPIRES"),
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
        assert_eq!(cut("👩\u{200d}💻👩\u{200d}💻👩\u{200d}💻", 9).width(), 9);
        assert_eq!((cut("abc", 1).as_str(), cut("abc", 0).as_str()), ("…", ""));
    }

    #[test]
    fn an_escape_is_shown_whole_or_not_at_all() {
        let key = "tab\\tnew\\u{1b}[31mred\\u{202e}";
        for width in 1..key.len() {
            let shown = cut(key, width);
            let (start, end) = shown.split_once('…').unwrap();
            let torn = |part: &str| part.matches("\\u{").count() != part.matches('}').count();
            assert!(!torn(start) && !torn(end), "{shown}");
            assert!(
                !start.ends_with('\\') && !end.starts_with("tnew"),
                "{shown}"
            );
        }
        assert_eq!(cut(key, 19), "tab\\tnew…d\\u{202e}");
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
                // But for a number, which is never cut.
                let longest = line.split(' ').filter(|word| word.parse::<u64>().is_ok());
                let longest = longest.map(str::len).max().unwrap_or_default();
                let heads = "METADATA".len();
                prop_assert!(line.width() <= width.max(longest + 5).max(heads + 3), "{:?}", line);
            }
            // The third column begins in the same place in all of them.
            let Some([first, second, ..]) = table.widths() else {
                return Ok(());
            };
            for line in lines.iter().skip(1) {
                let mut at = 0;
                let start = line.char_indices().find(|(index, c)| {
                    at = line[..*index].width();
                    *c == '|' && at == 1 + first + 2 + second + 2
                });
                prop_assert!(start.is_some(), "{:?}", line);
            }
        }

        #[test]
        fn no_number_is_cut(
            rows in prop::collection::vec((text(), any::<u64>(), 0_u64..2_000, any::<u32>()), 1..8),
            width in 1_usize..130,
        ) {
            let columns = [
                Column::text("NAMESPACE"),
                Column::number("DAILY QUOTA"),
                Column::moment("EXPIRES"),
                Column::whole("ON"),
                Column::spark("DAYS"),
            ];
            let rows: Vec<Cells<5>> = rows
                .into_iter()
                .map(|(name, a, b, c)| {
                    let expires = format!("2026-01-01T00:00:00Z, in {b} days");
                    [name, a.to_string(), expires, c.to_string(), "1 2".to_owned()]
                })
                .collect();
            let mut table = Table::new(columns, Some(width));
            // The second half is shown when the columns have grown.
            let (first, second) = rows.split_at(rows.len() / 2);
            let shown = [table.lines(first), table.lines(second)].concat().join("\n");
            for row in &rows {
                let [_, number, expires, date, _] = row;
                let ahead = expires.rsplit(", ").next().unwrap();
                for whole in [number, ahead, date] {
                    prop_assert!(shown.contains(whole), "{:?} in\n{}", whole, shown);
                }
            }
        }
    }
}
