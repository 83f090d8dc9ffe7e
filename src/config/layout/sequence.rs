//! Items between commas: inline arrays and tables of TOML, arrays and objects of JSON.

use std::ops::Range;

use super::{
    Splice, lines,
    trivia::{Gap, Piece, last_mark},
};
use crate::config::Format;

/// A text with items between commas somewhere in it.
#[derive(Clone, Copy)]
pub(super) struct Sequence<'a> {
    pub(super) format: Format,
    pub(super) text: &'a str,
}

/// New items for an empty container.
#[derive(Debug)]
pub(super) struct Filling<'a> {
    /// The bytes from the opening bracket to the closing one.
    pub(super) container: Range<usize>,
    pub(super) items: &'a [String],
    /// The indentation of the line on which the container opens.
    pub(super) base: &'a str,
    pub(super) unit: &'a str,
    /// Whether each item is on its own line.
    pub(super) broken: bool,
}

impl Sequence<'_> {
    /// Inserts `item` right after the item at `anchor`.
    pub(super) fn insert_after(self, anchor: &Range<usize>, item: &str) -> Vec<Splice> {
        let beside = vec![Splice::insert(anchor.end, format!(", {item}"))];
        let Some(indent) = lines::indent(self.text, anchor.start) else {
            return beside;
        };
        let gap = self.gap(anchor.end);
        let (line, broken) = gap.first_line();
        let closes = self.text[gap.end..].starts_with(['}', ']']);
        let ending = lines::ending(self.text, anchor.start);
        let line_end = last_mark(line).unwrap_or(anchor.end);
        let comma_here = line.iter().any(|(piece, _)| *piece == Piece::Comma);
        match gap.comma() {
            // Others share the line.
            _ if !broken && !closes => beside,
            Some(_) if comma_here => {
                vec![Splice::insert(line_end, format!("{ending}{indent}{item},"))]
            }
            // The author puts commas at the beginning of lines.
            Some(_) => beside,
            None => vec![
                Splice::insert(anchor.end, ","),
                Splice::insert(line_end, format!("{ending}{indent}{item}")),
            ],
        }
    }

    /// Appends `items` after the last one, which is at `last`, and after its comments.
    pub(super) fn append(
        self,
        last: &Range<usize>,
        separator: &str,
        items: &[String],
    ) -> Vec<Splice> {
        let gap = self.gap(last.end);
        let comma = gap.comma();
        let Some(indent) = lines::indent(self.text, last.start) else {
            let items = items.join(separator);
            let splice = match comma {
                Some(comma) => Splice::insert(comma.end, format!(" {items},")),
                None => Splice::insert(last.end, format!("{separator}{items}")),
            };
            return vec![splice];
        };
        let line_break = format!("{}{indent}", lines::ending(self.text, last.start));
        let items = items.join(&format!(",{line_break}"));
        let end = gap.last_mark().unwrap_or(last.end);
        if comma.is_some() {
            vec![Splice::insert(end, format!("{line_break}{items},"))]
        } else {
            vec![
                Splice::insert(last.end, ","),
                Splice::insert(end, format!("{line_break}{items}")),
            ]
        }
    }

    /// Puts items into a container that has none, after its comments.
    pub(super) fn fill(self, filling: &Filling<'_>) -> Vec<Splice> {
        let open = filling.container.start + 1;
        let gap = self.gap(open);
        let end = gap.last_mark().unwrap_or(open);
        let has_break = gap.has(Piece::Break);
        if !filling.broken && !has_break {
            let items = filling.items.join(", ");
            let brace = self.text[filling.container.start..].starts_with('{');
            let (before, after) = match (gap.pieces.is_empty(), brace) {
                (true, false) => ("", ""),
                (true, true) => (" ", " "),
                (false, _) => (" ", ""),
            };
            return vec![Splice::insert(end, format!("{before}{items}{after}"))];
        }
        let ending = lines::ending(self.text, open);
        let indent = match gap.last_mark() {
            Some(end) if has_break => lines::indent_of_line(self.text, end).to_owned(),
            _ => format!("{}{}", filling.base, filling.unit),
        };
        let line_break = format!("{ending}{indent}");
        let items = filling.items.join(&format!(",{line_break}"));
        let after = self.text[end..gap.end].contains('\n');
        let close = if after {
            String::new()
        } else {
            format!("{ending}{}", filling.base)
        };
        vec![Splice::insert(end, format!("{line_break}{items}{close}"))]
    }

    /// Takes out the item at `item`, which is not the only one; `before` ends the one before.
    pub(super) fn remove(self, before: Option<usize>, item: &Range<usize>) -> Vec<Splice> {
        let gap = self.gap(item.end);
        let comma = gap.comma();
        let (line, broken) = gap.first_line();
        let comma_here = line.iter().any(|(piece, _)| *piece == Piece::Comma);
        let own_line = broken && lines::indent(self.text, item.start).is_some();
        let comma_before = before.and_then(|end| self.gap(end).comma());
        if own_line && (comma_here || comma.is_none()) {
            let whole = lines::start(self.text, item.start)..lines::next(self.text, item.end);
            let orphan = if comma.is_none() { comma_before } else { None };
            return orphan
                .into_iter()
                .chain([whole])
                .map(Splice::remove)
                .collect();
        }
        if let Some(comma) = comma {
            let blanks = self.text[comma.end..]
                .chars()
                .take_while(|c| matches!(c, ' ' | '\t'));
            return vec![Splice::remove(item.start..comma.end + blanks.count())];
        }
        match comma_before {
            Some(comma) if self.text[comma.end..item.start].trim().is_empty() => {
                vec![Splice::remove(comma.start..item.end)]
            }
            comma => comma
                .into_iter()
                .chain([item.clone()])
                .map(Splice::remove)
                .collect(),
        }
    }

    fn gap(self, start: usize) -> Gap {
        Gap::read(self.format, self.text, start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layout::apply;

    /// Finds `A` in `text`, and does something after it.
    fn after_a(text: &str, act: impl Fn(Sequence<'_>, &Range<usize>) -> Vec<Splice>) -> String {
        let at = text.find('A').unwrap();
        apply(
            text,
            &act(
                Sequence {
                    format: Format::Jsonc,
                    text,
                },
                &(at..at + 1),
            ),
        )
    }

    #[test]
    fn an_item_goes_after_another() {
        let cases = [
            ("[A]", "[A, N]"),
            ("[A, B]", "[A, N, B]"),
            ("[\n  A\n]", "[\n  A,\n  N\n]"),
            ("[\n  A // c\n]", "[\n  A, // c\n  N\n]"),
            (
                "[\r\n\tA, // c\r\n\tB\r\n]",
                "[\r\n\tA, // c\r\n\tN,\r\n\tB\r\n]",
            ),
            ("[\n  A, B\n]", "[\n  A, N, B\n]"),
            ("[ A\n, B\n]", "[ A, N\n, B\n]"),
            ("[\n A\n ,B\n]", "[\n A, N\n ,B\n]"),
            ("[\n A ]", "[\n A,\n N ]"),
        ];
        for (before, after) in cases {
            assert_eq!(after_a(before, |s, at| s.insert_after(at, "N")), after);
        }
    }

    #[test]
    fn items_go_to_the_end() {
        let items = ["N".to_owned(), "M".to_owned()];
        let cases = [
            ("[A]", "[A, N, M]"),
            ("[ A, ]", "[ A, N, M, ]"),
            ("[\n  A\n]", "[\n  A,\n  N,\n  M\n]"),
            (
                "[\n  A, // c\n  // d\n]",
                "[\n  A, // c\n  // d\n  N,\n  M,\n]",
            ),
            (
                "[\n  A // c\n  /* d */ ]",
                "[\n  A, // c\n  /* d */\n  N,\n  M ]",
            ),
            ("[ A, // c\n]", "[ A, N, M, // c\n]"),
        ];
        for (before, after) in cases {
            assert_eq!(after_a(before, |s, at| s.append(at, ", ", &items)), after);
        }
    }

    #[test]
    fn an_empty_container_is_filled() {
        let items = ["N".to_owned(), "M".to_owned()];
        let cases = [
            ("[]", false, "[N, M]"),
            ("[ ]", false, "[ N, M ]"),
            ("{}", false, "{ N, M }"),
            ("[]", true, "[\n N,\n M\n]"),
            ("[\n]", false, "[\n N,\n M\n]"),
            ("[\n   // c\n]", false, "[\n   // c\n   N,\n   M\n]"),
        ];
        for (before, broken, after) in cases {
            let container = 0..before.len();
            let filling = Filling {
                container,
                items: &items,
                base: "",
                unit: " ",
                broken,
            };
            let sequence = Sequence {
                format: Format::Jsonc,
                text: before,
            };
            assert_eq!(apply(before, &sequence.fill(&filling)), after);
        }
    }

    #[test]
    fn an_item_is_taken_out_with_its_comma() {
        let cases = [
            ("[A, B]", None, "[B]"),
            ("[B, A]", Some(2), "[B]"),
            ("[ B, A, ]", Some(3), "[ B, ]"),
            ("[\n B, // b\n A // a\n]", Some(4), "[\n B // b\n]"),
            ("[\n B,\n A, // a\n]", Some(4), "[\n B,\n]"),
            ("[ B, /* a */ A ]", Some(3), "[ B /* a */  ]"),
            ("[\n B\n , A\n]", Some(4), "[\n B\n \n]"),
        ];
        for (before, end, after) in cases {
            assert_eq!(after_a(before, |s, at| s.remove(end, at)), after);
        }
    }
}
