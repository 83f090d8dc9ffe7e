//! Lines and columns, as editors count them.

use std::fmt;

/// A line and a column, both from one.
///
/// The column counts characters, not bytes, and leaves out a byte order mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character within the line.
    pub column: usize,
}

/// A value, and where the file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it begins.
    pub position: Position,
}

impl Position {
    /// Finds the position of byte `offset` of `text`.
    ///
    /// An offset past the end, or inside a character, counts as the character boundary before it.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let on_line = before[line_start..].trim_start_matches('\u{feff}');
        Self {
            line: before.matches('\n').count() + 1,
            column: on_line.chars().count() + 1,
        }
    }
}

/// Finds many positions in one text without reading it again for each.
pub(super) struct Positions<'a> {
    text: &'a str,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'a> Positions<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(after_breaks).collect();
        Self { text, starts }
    }

    /// Finds the position of a byte, as [`Position::of`] does.
    pub(super) fn at(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        Position {
            line,
            ..Position::of(&self.text[start..], offset - start)
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn both_ways_of_counting_agree(text in "\u{feff}?[ab\u{e9}\u{1f600}\r\n]{0,30}", offset in 0usize..80) {
            proptest::prop_assert_eq!(Positions::new(&text).at(offset), Position::of(&text, offset));
        }
    }

    #[test]
    fn columns_count_characters_and_no_byte_order_mark() {
        let text = "\u{feff}a\r\né = 你x\n";
        let at = |offset| Position::of(text, offset).to_string();
        assert_eq!(at(0), "1:1");
        assert_eq!(at(3), "1:1");
        assert_eq!(at(6), "2:1");
        assert_eq!(at(text.find('x').unwrap()), "2:6");
        assert_eq!(at(text.len()), "3:1");
        assert_eq!(at(999), "3:1");
    }
}
