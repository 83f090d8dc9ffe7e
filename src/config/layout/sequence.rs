//! Items between commas: inline arrays and tables of TOML, arrays and objects of JSON.

use std::ops::Range;

use super::{
    Splice,
    brackets::Brackets,
    lines,
    manner::{self, Manner},
    trivia::{Gap, Piece, last_mark},
};

/// A file with items between commas somewhere in it.
#[derive(Clone, Copy)]
pub(super) struct Sequence<'a> {
    pub(super) manner: &'a Manner<'a>,
}

/// New items for an empty container.
#[derive(Debug)]
pub(super) struct Filling<'a> {
    /// The bytes from the opening bracket to the closing one.
    pub(super) container: Range<usize>,
    pub(super) items: &'a [String],
    /// The indentation of the line on which the container opens.
    pub(super) base: &'a str,
    /// Whether each item is on its own line.
    pub(super) broken: bool,
}

impl Sequence<'_> {
    /// Inserts `item` right after the item at `anchor`.
    pub(super) fn insert_after(self, anchor: &Range<usize>, item: &str) -> Vec<Splice> {
        let comma = self.comma_beside(anchor);
        let beside = vec![Splice::insert(anchor.end, format!("{comma}{item}"))];
        let text = self.text();
        let indent = lines::indent(text, anchor.start);
        let gap = self.gap(anchor.end);
        let (line, broken) = gap.first_line();
        let closes = text[gap.end..].starts_with(['}', ']']);
        let ending = lines::ending(text, anchor.start);
        let line_end = last_mark(line).unwrap_or(anchor.end);
        let comma_here = line.iter().any(|(piece, _)| *piece == Piece::Comma);
        let Some(indent) = indent else {
            let lead = self.comma_lead(anchor.start).or_else(|| {
                let next = gap.comma()?;
                self.comma_lead(self.gap(next.end).end)
            });
            return match lead.filter(|_| broken && !comma_here) {
                Some(lead) => vec![Splice::insert(line_end, format!("{ending}{lead}{item}"))],
                None => beside,
            };
        };
        match gap.comma() {
            // Others share the line.
            _ if !broken && !closes => beside,
            Some(_) if comma_here => {
                vec![Splice::insert(line_end, format!("{ending}{indent}{item},"))]
            }
            // The author puts commas at the beginning of lines.
            Some(comma) => match self.comma_lead(self.gap(comma.end).end) {
                Some(lead) => vec![Splice::insert(line_end, format!("{ending}{lead}{item}"))],
                None => beside,
            },
            None => vec![
                Splice::insert(anchor.end, ","),
                Splice::insert(line_end, format!("{ending}{indent}{item}")),
            ],
        }
    }

    /// Inserts `item` right before the item at `anchor`.
    pub(super) fn insert_before(self, anchor: &Range<usize>, item: &str) -> Splice {
        let text = self.text();
        let with = match lines::indent(text, anchor.start) {
            Some(indent) => format!("{item},{}{indent}", lines::ending(text, anchor.start)),
            None => format!("{item}{}", self.comma_beside(anchor)),
        };
        Splice::insert(anchor.start, with)
    }

    /// Appends `items` after the last one of `to`, and after its comments.
    pub(super) fn append(self, to: &Brackets<'_>, items: &[String]) -> Vec<Splice> {
        let text = self.text();
        let [before @ .., last] = &to.items[..] else {
            return Vec::new();
        };
        let gap = self.gap(last.end);
        let comma = gap.comma();
        let end = gap.last_mark().unwrap_or(last.end);
        let ending = lines::ending(text, last.start);
        let Some(indent) = lines::indent(text, last.start) else {
            let lead = self.comma_lead(last.start).or_else(|| {
                let first = self.manner.comma_first && before.is_empty() && gap.has(Piece::Break);
                first.then(|| format!("{}, ", lines::indent_of_line(text, to.node.span.end)))
            });
            if let Some(lead) = lead.filter(|_| comma.is_none()) {
                let items = items.iter().map(|item| format!("{ending}{lead}{item}"));
                return vec![Splice::insert(end, items.collect::<String>())];
            }
            let blank = match before.last().map(|before| self.gap(before.end)) {
                Some(gap) if gap.has(Piece::Break) || gap.has(Piece::Comment) => " ",
                Some(gap) if gap.has(Piece::Blank) => " ",
                Some(_) => "",
                None => &self.comma_beside(last)[1..],
            };
            let items = items.join(&format!(",{blank}"));
            return vec![match comma {
                Some(comma) => Splice::insert(comma.end, format!("{blank}{items},")),
                None => Splice::insert(last.end, format!(",{blank}{items}")),
            }];
        };
        let line_break = format!("{ending}{indent}");
        let items = items.join(&format!(",{line_break}"));
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
        let text = self.text();
        let open = filling.container.start + 1;
        let gap = self.gap(open);
        let manner = self.manner;
        let has_break = gap.has(Piece::Break);
        if !gap.has(Piece::Comment) {
            let at = open..gap.end;
            if filling.broken || has_break {
                let ending = lines::ending(text, open);
                let with = manner.on_lines(filling.items, ending, filling.base);
                return vec![Splice { at, with }];
            }
            let items = filling.items.join(manner.comma);
            let pad = if text[filling.container.start..].starts_with('{') {
                manner.brace
            } else {
                manner.bracket
            };
            let with = format!("{pad}{items}{pad}");
            return vec![Splice { at, with }];
        }
        let end = gap.last_mark().unwrap_or(open);
        if !filling.broken && !has_break {
            let items = filling.items.join(manner.comma);
            return vec![Splice::insert(end, format!(" {items}"))];
        }
        let ending = lines::ending(text, open);
        let indent = if has_break {
            lines::indent_of_line(text, end).to_owned()
        } else {
            format!("{}{}", filling.base, manner.unit)
        };
        let line_break = format!("{ending}{indent}");
        let items = filling.items.join(&format!(",{line_break}"));
        let comma = manner.last_comma();
        let with = format!("{line_break}{items}{comma}");
        if text[end..gap.end].contains('\n') {
            return vec![Splice::insert(end, with)];
        }
        // The blanks before the bracket would be behind its indentation.
        vec![Splice {
            at: end..gap.end,
            with: format!("{with}{ending}{}", filling.base),
        }]
    }

    /// Returns a comma and what follows it where the item at `anchor` shares its line: as beside it, else
    /// as inside of its brackets, else as in the file.
    fn comma_beside(self, anchor: &Range<usize>) -> &'static str {
        let text = self.text();
        if let Some(comma) = self.gap(anchor.end).comma() {
            return manner::comma(text[comma.end..].starts_with(char::is_whitespace));
        }
        let before = text[..anchor.start].trim_end_matches([' ', '\t']);
        let is_padded = before.len() < anchor.start;
        if before.ends_with(',') || (is_padded && before.ends_with(['{', '['])) {
            return manner::comma(is_padded);
        }
        self.manner.comma
    }

    /// Returns what a line begins with before the item at `start`, if that is a comma.
    fn comma_lead(self, start: usize) -> Option<String> {
        let lead = &self.text()[lines::start(self.text(), start)..start];
        (lead.trim() == ",").then(|| lead.to_owned())
    }

    /// Takes out the item at `item`, which is not the only one; `before` ends the one before.
    pub(super) fn remove(self, before: Option<usize>, item: &Range<usize>) -> Vec<Splice> {
        let gap = self.gap(item.end);
        let comma = gap.comma();
        let (line, broken) = gap.first_line();
        let comma_here = line.iter().any(|(piece, _)| *piece == Piece::Comma);
        let own_line = broken && lines::indent(self.text(), item.start).is_some();
        let comma_before = before.and_then(|end| self.gap(end).comma());
        if own_line && (comma_here || comma.is_none()) {
            let whole = lines::start(self.text(), item.start)..lines::next(self.text(), item.end);
            let orphan = if comma.is_none() { comma_before } else { None };
            return orphan
                .into_iter()
                .chain([whole])
                .map(Splice::remove)
                .collect();
        }
        if let Some(comma) = comma {
            let blanks = self.text()[comma.end..]
                .chars()
                .take_while(|c| matches!(c, ' ' | '\t'));
            return vec![Splice::remove(item.start..comma.end + blanks.count())];
        }
        match comma_before {
            Some(comma) if self.text()[comma.end..item.start].trim().is_empty() => {
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
        Gap::read(self.manner.sheet.format, self.text(), start)
    }

    fn text(&self) -> &str {
        self.manner.sheet.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{
        Format, jsonc,
        layout::{Sheet, apply},
        node::Node,
    };

    fn with<T>(text: &str, act: impl FnOnce(&Manner<'_>, &Node) -> T) -> T {
        let root = jsonc::parse(text).unwrap();
        let format = Format::Jsonc;
        let sheet = Sheet {
            format,
            text,
            root: &root,
        };
        act(&Manner::read(sheet), &root)
    }

    /// Does something with the item 1 of `text`.
    fn at_1(text: &str, act: impl Fn(Sequence<'_>, &Range<usize>) -> Vec<Splice>) -> String {
        let at = text.find('1').unwrap();
        let splices = with(text, |manner, _| act(Sequence { manner }, &(at..at + 1)));
        apply(text, &splices)
    }

    #[test]
    fn an_item_goes_after_another() {
        let cases = [
            ("[1]", "[1, 9]"),
            ("[1, 2]", "[1, 9, 2]"),
            ("[1,2]", "[1,9,2]"),
            ("[\n  1\n]", "[\n  1,\n  9\n]"),
            ("[\n  1 // c\n]", "[\n  1, // c\n  9\n]"),
            (
                "[\r\n\t1, // c\r\n\t2\r\n]",
                "[\r\n\t1, // c\r\n\t9,\r\n\t2\r\n]",
            ),
            ("[\n  1, 2\n]", "[\n  1, 9, 2\n]"),
            ("[ 1\n, 2\n]", "[ 1\n, 9\n, 2\n]"),
            ("[ 2\n, 1 // c\n]", "[ 2\n, 1 // c\n, 9\n]"),
            ("[\n 1\n ,2\n]", "[\n 1\n ,9\n ,2\n]"),
            ("[\n 1 ]", "[\n 1,\n 9 ]"),
        ];
        for (before, after) in cases {
            assert_eq!(at_1(before, |s, at| s.insert_after(at, "9")), after);
        }
    }

    #[test]
    fn an_item_goes_before_another() {
        let cases = [
            ("[1]", "[9, 1]"),
            ("[\n  1\n]", "[\n  9,\n  1\n]"),
            ("[1,2]", "[9,1,2]"),
        ];
        for (before, after) in cases {
            assert_eq!(at_1(before, |s, at| vec![s.insert_before(at, "9")]), after);
        }
    }

    #[test]
    fn items_go_to_the_end() {
        let items = ["8".to_owned(), "9".to_owned()];
        let cases = [
            ("[1]", "[1, 8, 9]"),
            ("[ 1, ]", "[ 1, 8, 9, ]"),
            ("[1,2]", "[1,2,8,9]"),
            ("[\n  1\n]", "[\n  1,\n  8,\n  9\n]"),
            (
                "[\n  1, // c\n  // d\n]",
                "[\n  1, // c\n  // d\n  8,\n  9,\n]",
            ),
            (
                "[\n  1 // c\n  /* d */ ]",
                "[\n  1, // c\n  /* d */\n  8,\n  9 ]",
            ),
            ("[ 1, // c\n]", "[ 1, 8, 9, // c\n]"),
            ("[ 1\n, 2 // c\n]", "[ 1\n, 2 // c\n, 8\n, 9\n]"),
        ];
        for (before, after) in cases {
            let splices = with(before, |manner, root| {
                let brackets = Brackets::of(manner.sheet, root).unwrap();
                Sequence { manner }.append(&brackets, &items)
            });
            assert_eq!(apply(before, &splices), after);
        }
    }

    #[test]
    fn an_empty_container_is_filled() {
        let items = ["8".to_owned(), "9".to_owned()];
        let cases = [
            ("[]", false, "[8, 9]"),
            ("[ ]", false, "[8, 9]"),
            ("[]", true, "[\n  8,\n  9\n]"),
            ("[  ]", true, "[\n  8,\n  9\n]"),
            ("[\n]", false, "[\n  8,\n  9\n]"),
            ("[ /* c */ ]", false, "[ /* c */ 8, 9 ]"),
            ("[ /* c */ ]", true, "[ /* c */\n  8,\n  9\n]"),
            ("[\n   // c\n]", false, "[\n   // c\n   8,\n   9\n]"),
        ];
        for (before, broken, after) in cases {
            let container = 0..before.len();
            let filling = Filling {
                container,
                items: &items,
                base: "",
                broken,
            };
            let splices = with(before, |manner, _| Sequence { manner }.fill(&filling));
            assert_eq!(apply(before, &splices), after);
        }
    }

    #[test]
    fn an_item_is_taken_out_with_its_comma() {
        let cases = [
            ("[1, 2]", None, "[2]"),
            ("[2, 1]", Some(2), "[2]"),
            ("[ 2, 1, ]", Some(3), "[ 2, ]"),
            ("[\n 2, // b\n 1 // a\n]", Some(4), "[\n 2 // b\n]"),
            ("[\n 2,\n 1, // a\n]", Some(4), "[\n 2,\n]"),
            ("[ 2, /* a */ 1 ]", Some(3), "[ 2 /* a */  ]"),
            ("[\n 2\n , 1\n]", Some(4), "[\n 2\n \n]"),
        ];
        for (before, end, after) in cases {
            assert_eq!(at_1(before, |s, at| s.remove(end, at)), after);
        }
    }
}
