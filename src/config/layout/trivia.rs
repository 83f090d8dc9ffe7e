//! Text between values: blanks, line breaks, commas, comments.

use std::ops::Range;

use crate::config::Format;

/// A kind of text between values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Blank,
    Break,
    Comma,
    Comment,
}

/// The pieces from a place up to the next value, key or bracket.
#[derive(Debug)]
pub(super) struct Gap {
    pub(super) pieces: Vec<(Piece, Range<usize>)>,
    /// Where the next value, key or bracket begins.
    pub(super) end: usize,
}

impl Gap {
    /// Reads the gap that begins at `start`.
    pub(super) fn read(format: Format, text: &str, start: usize) -> Self {
        let mut gap = Self {
            pieces: Vec::new(),
            end: start,
        };
        while let Some((piece, length)) = piece(format, &text[gap.end..]) {
            gap.pieces.push((piece, gap.end..gap.end + length));
            gap.end += length;
        }
        gap
    }

    /// Finds the first comma.
    pub(super) fn comma(&self) -> Option<Range<usize>> {
        let comma = self.pieces.iter().find(|(piece, _)| *piece == Piece::Comma);
        comma.map(|(_, at)| at.clone())
    }

    /// Returns the pieces before the first line break, and whether there is one.
    pub(super) fn first_line(&self) -> (&[(Piece, Range<usize>)], bool) {
        let at = self
            .pieces
            .iter()
            .position(|(piece, _)| *piece == Piece::Break);
        (
            &self.pieces[..at.unwrap_or(self.pieces.len())],
            at.is_some(),
        )
    }

    /// Finds where the last comma or comment ends.
    pub(super) fn last_mark(&self) -> Option<usize> {
        last_mark(&self.pieces)
    }

    pub(super) fn has(&self, kind: Piece) -> bool {
        self.pieces.iter().any(|(piece, _)| *piece == kind)
    }
}

/// Finds where the last comma or comment of `pieces` ends.
pub(super) fn last_mark(pieces: &[(Piece, Range<usize>)]) -> Option<usize> {
    let mark = |(piece, _): &&(Piece, _)| matches!(piece, Piece::Comma | Piece::Comment);
    pieces.iter().rfind(mark).map(|(_, at)| at.end)
}

fn piece(format: Format, text: &str) -> Option<(Piece, usize)> {
    let line = text.find(['\n', '\r']).unwrap_or(text.len());
    let first = text.chars().next()?;
    match (format, first) {
        (_, '\n') => Some((Piece::Break, 1)),
        (_, '\r') if text.starts_with("\r\n") => Some((Piece::Break, 2)),
        (_, ',') => Some((Piece::Comma, 1)),
        (Format::Toml, '#') => Some((Piece::Comment, line)),
        (Format::Jsonc, '/') if text.starts_with("//") => Some((Piece::Comment, line)),
        (Format::Jsonc, '/') if text.starts_with("/*") => {
            text[2..].find("*/").map(|at| (Piece::Comment, at + 4))
        }
        (_, c) if c.is_whitespace() => Some((Piece::Blank, c.len_utf8())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_its_own_comments() {
        let read = |format, text| Gap::read(format, text, 0).end;
        assert_eq!(read(Format::Toml, " , # a, b\r\n]"), 11);
        assert_eq!(read(Format::Toml, " // a"), 1);
        assert_eq!(read(Format::Jsonc, "/* a\n, */,// ]\n}"), 15);
        assert_eq!(read(Format::Jsonc, " # a"), 1);
    }
}
