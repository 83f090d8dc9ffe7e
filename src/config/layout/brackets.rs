//! What stands between brackets and braces, as written.

use std::ops::Range;

use super::{
    Sheet, lines,
    trivia::{Gap, Piece},
};
use crate::config::{
    Format,
    node::{Layout, Node},
};

/// A container between brackets or braces, and where its items are.
#[derive(Debug)]
pub(super) struct Brackets<'a> {
    pub(super) sheet: Sheet<'a>,
    pub(super) node: &'a Node,
    /// The values, or the keys with their values, in the order of the text.
    pub(super) items: Vec<Range<usize>>,
}

impl<'a> Brackets<'a> {
    /// Looks at `node`; `None` if it has no brackets, or items that do not stand side by side.
    pub(super) fn of(sheet: Sheet<'a>, node: &'a Node) -> Option<Self> {
        let properties = node.properties().iter();
        let dotted = |value: &Node| value.layout() == Some(Layout::Implied);
        if node.layout() != Some(Layout::Inline) || properties.clone().any(|p| dotted(&p.value)) {
            return None;
        }
        let members = properties.map(|p| p.key_span.start..p.value.end());
        let values = node.items().iter().map(|item| item.span.clone());
        let mut items: Vec<_> = members.chain(values).collect();
        items.sort_by_key(|item| item.start);
        Some(Self { sheet, node, items })
    }

    /// Lists all of a file, outer ones first.
    pub(super) fn all(sheet: Sheet<'a>) -> Vec<Self> {
        let mut all = Vec::new();
        sheet
            .root
            .walk(&mut |node| all.extend(Self::of(sheet, node)));
        all
    }

    pub(super) fn text(&self) -> &'a str {
        &self.sheet.text[self.node.span.clone()]
    }

    pub(super) fn is_on_one_line(&self) -> bool {
        !self.text().contains('\n')
    }

    pub(super) fn is_object(&self) -> bool {
        self.node.is_object()
    }

    /// Whether its items may go on lines of their own: those of an inline table of TOML may not.
    pub(super) fn can_break(&self) -> bool {
        self.sheet.format == Format::Jsonc || !self.is_object()
    }

    /// Whether it is an array of several objects with several keys each.
    pub(super) fn is_list(&self) -> bool {
        let items = self.node.items();
        items.len() > 1 && items.iter().all(|item| item.properties().len() > 1)
    }

    /// Returns what stands between the opening bracket and the first item.
    pub(super) fn opening(&self) -> Gap {
        self.gap(self.node.span.start + 1)
    }

    /// Returns what follows an item.
    pub(super) fn after(&self, item: &Range<usize>) -> Gap {
        self.gap(item.end)
    }

    /// Returns what stands between the last item and the closing bracket.
    pub(super) fn closing(&self) -> Option<Gap> {
        self.items.last().map(|last| self.after(last))
    }

    /// Returns how far its line reaches, with a comma but without a comment at the end.
    pub(super) fn line(&self) -> Range<usize> {
        let (text, end) = (self.sheet.text, self.node.span.end);
        let gap = self.gap(end);
        let (pieces, broken) = gap.first_line();
        let comma = pieces.iter().find(|(piece, _)| *piece == Piece::Comma);
        let end = match comma {
            _ if !broken && gap.end < text.len() => lines::end(text, end),
            Some((_, at)) => at.end,
            None => end,
        };
        lines::start(text, self.node.span.start)..end
    }

    fn gap(&self, start: usize) -> Gap {
        Gap::read(self.sheet.format, self.sheet.text, start)
    }
}
