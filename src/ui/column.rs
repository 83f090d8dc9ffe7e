//! The columns of a table: what a cell holds, and how it gives way on a narrow terminal.

use super::width::Width as _;

use super::chart;

/// A column: its head, what it holds, and so how it gives way on a narrow terminal. Numbers are never
/// cut, since what remains would be read as another number.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub(super) head: &'static str,
    kind: Kind,
    /// How narrow words may become.
    least: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Words, cut in the middle where there is no room.
    Text,
    /// Words that are of no use when cut, such as ids.
    Whole,
    /// A time and, behind a comma, how far ahead it is, which stands alone where there is no room.
    Moment,
    /// Numbers, at the right.
    Number,
    /// A number that is drawn as a bar.
    Bar,
    /// Numbers, separated by blanks, that are drawn one beside the other.
    Spark,
}

/// How much has been given up for want of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    /// Long words are cut.
    Short,
    /// Of a moment there is only how far ahead it is.
    Shorter,
    /// Words are cut to a few letters, and nothing is drawn.
    Shortest,
}

impl Room {
    pub(super) const ALL: [Self; 3] = [Self::Short, Self::Shorter, Self::Shortest];
}

impl Column {
    const fn new(head: &'static str, kind: Kind) -> Self {
        let least = 10;
        Self { head, kind, least }
    }

    /// Words, cut in the middle where there is no room.
    pub const fn text(head: &'static str) -> Self {
        Self::new(head, Kind::Text)
    }

    /// Words that are of no use when cut, such as ids.
    pub const fn whole(head: &'static str) -> Self {
        Self::new(head, Kind::Whole)
    }

    /// A time and, behind a comma, how far ahead it is, which stands alone where there is no room.
    pub const fn moment(head: &'static str) -> Self {
        Self::new(head, Kind::Moment)
    }

    /// Numbers, at the right.
    pub const fn number(head: &'static str) -> Self {
        Self::new(head, Kind::Number)
    }

    /// Numbers that are drawn as bars, the longest for the greatest.
    pub const fn bar(head: &'static str) -> Self {
        Self::new(head, Kind::Bar)
    }

    /// Numbers, separated by blanks, that are drawn one beside the other.
    pub const fn spark(head: &'static str) -> Self {
        Self::new(head, Kind::Spark)
    }

    /// Cuts no words that are so short.
    #[must_use]
    pub const fn at_least(self, least: usize) -> Self {
        Self { least, ..self }
    }

    /// Returns how wide a cell wants to be.
    pub(super) fn natural(self, cell: &str) -> usize {
        match self.kind {
            Kind::Bar if cell.is_empty() => 0,
            Kind::Bar => chart::BAR_MAX,
            Kind::Spark => chart::values(cell).len(),
            Kind::Text | Kind::Whole | Kind::Moment | Kind::Number => cell.width(),
        }
    }

    /// Returns how wide a cell must be, whatever the terminal: less would say something else.
    pub(super) fn least(self, cell: &str) -> usize {
        match self.kind {
            Kind::Text | Kind::Bar | Kind::Spark => 0,
            Kind::Moment => brief(cell).width(),
            Kind::Whole | Kind::Number => cell.width(),
        }
    }

    /// Returns how wide the column is at most, before others are made narrower.
    pub(super) fn ceiling(self, natural: usize, least: usize, room: Room) -> usize {
        match self.kind {
            Kind::Moment if room >= Room::Shorter => least,
            _ => natural,
        }
    }

    /// Returns how narrow the column may become.
    pub(super) fn floor(self, natural: usize, room: Room) -> usize {
        let floor = match (self.kind, room) {
            (Kind::Text, Room::Short | Room::Shorter) => self.least.max(16),
            (Kind::Text, Room::Shortest) => self.least,
            (Kind::Whole | Kind::Moment | Kind::Number, _) => natural,
            (Kind::Bar | Kind::Spark, Room::Short | Room::Shorter) => 7,
            (Kind::Bar | Kind::Spark, Room::Shortest) => 0,
        };
        floor.min(natural)
    }

    /// Returns what is shown of a cell.
    pub(super) fn draw(self, cell: &str, width: usize, greatest: u64) -> String {
        match self.kind {
            Kind::Text => cut(cell, width),
            Kind::Moment if cell.width() > width => brief(cell).to_owned(),
            Kind::Whole | Kind::Number | Kind::Moment => cell.to_owned(),
            Kind::Bar => chart::bar(cell.parse().unwrap_or_default(), greatest, width),
            Kind::Spark => chart::spark(chart::values(cell), width),
        }
    }

    pub(super) fn padded(self, text: &str, width: usize) -> String {
        let blanks = " ".repeat(width.saturating_sub(text.width()));
        if self.kind == Kind::Number {
            blanks + text
        } else {
            text.to_owned() + &blanks
        }
    }
}

/// Returns how far ahead a moment is.
fn brief(cell: &str) -> &str {
    cell.rsplit_once(", ").map_or(cell, |(_, ahead)| ahead)
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
    let seams = seams(text);
    let fits = |part: Option<&str>, room: usize| part.is_some_and(|it| it.width() <= room);
    let starts = seams.iter().map(|at| text.get(..*at));
    let start = starts.take_while(|it| fits(*it, room - room / 2)).last();
    let ends = seams.iter().rev().map(|at| text.get(*at..));
    let end = ends.take_while(|it| fits(*it, room / 2)).last();
    let [start, end] = [start, end].map(|part| part.flatten().unwrap_or_default());
    // What joins with the character before it would join with the dots.
    let end = end.trim_start_matches(|c: char| c.to_string().width() == 0);
    format!("{start}…{end}")
}

/// Returns where a text may be cut, its ends included: not within a character, nor within what stands
/// for one, as `\u{1b}` does.
fn seams(text: &str) -> Vec<usize> {
    let mut seams = vec![0];
    let mut rest = text.chars();
    while let Some(c) = rest.clone().next() {
        let length = escape_length(rest.as_str()).unwrap_or(c.len_utf8());
        rest = rest.as_str().get(length..).unwrap_or_default().chars();
        seams.push(text.len() - rest.as_str().len());
    }
    seams
}

/// Returns the length of the escape that `text` begins with, if it begins with one.
fn escape_length(text: &str) -> Option<usize> {
    let escape = text.strip_prefix('\\')?;
    if escape.starts_with(['n', 'r', 't']) {
        return Some(2);
    }
    let (digits, _) = escape.strip_prefix("u{")?.split_once('}')?;
    let is_code = digits.len() <= 6 && digits.bytes().all(|it| it.is_ascii_hexdigit());
    is_code.then(|| "\\u{}".len() + digits.len())
}
