//! Lines that an edit has made too long, broken as prettier and taplo would break them.

use std::ops::Range;

use super::{
    Sheet, Splice,
    brackets::Brackets,
    entry_style::ListStyle,
    lines,
    manner::{Manner, width},
    trivia::Piece,
};
use crate::config::Format;

/// Text that an edit put in, and by how many columns it is longer than what it replaces.
struct Change {
    at: Range<usize>,
    growth: usize,
}

/// Finds the splices over `sheet`, which is what `splices` made of the file that `manner` is of.
pub(super) fn fold(manner: &Manner<'_>, splices: &[Splice], sheet: Sheet<'_>) -> Vec<Splice> {
    if manner.is_minified() {
        return Vec::new();
    }
    let fold = Fold {
        manner,
        expanded: ListStyle::learn(manner).expanded,
        changes: changes(manner.sheet.text, splices),
    };
    let all = Brackets::all(sheet);
    let lines: Vec<_> = all.iter().filter(|it| fold.is_too_long(it)).collect();
    let mut folds = Vec::new();
    let mut done = 0;
    for brackets in lines {
        // What is inside of one that is broken is looked at with it.
        if brackets.node.span.start >= done {
            done = brackets.node.span.end;
            let base = lines::indent_of_line(sheet.text, brackets.node.span.start);
            fold.break_lines(brackets, base, &mut folds);
        }
    }
    folds
}

/// Returns where the text that `splices` put in is, in the text that they make.
fn changes(before: &str, splices: &[Splice]) -> Vec<Change> {
    let mut ordered: Vec<_> = splices.iter().collect();
    ordered.sort_by_key(|splice| (splice.at.start, splice.at.end));
    let (mut done, mut length) = (0, 0);
    let mut changes = Vec::new();
    for Splice { at, with } in ordered {
        length += at.start - done;
        changes.push(Change {
            at: length..length + with.len(),
            growth: width(with).saturating_sub(width(&before[at.clone()])),
        });
        length += with.len();
        done = at.end;
    }
    changes
}

struct Fold<'m> {
    manner: &'m Manner<'m>,
    /// Whether the author gives each field of an entry a line.
    expanded: bool,
    changes: Vec<Change>,
}

impl Fold<'_> {
    /// Whether an edit has made the line of `brackets` longer than the author lets a line be.
    fn is_too_long(&self, brackets: &Brackets<'_>) -> bool {
        if !brackets.is_on_one_line() || !brackets.can_break() || brackets.items.is_empty() {
            return false;
        }
        let line = brackets.line();
        let growth = self.touching(&line).map(|change| {
            if line.start <= change.at.start && change.at.end <= line.end {
                return change.growth;
            }
            let new = change.at.start.max(line.start)..change.at.end.min(line.end);
            width(&brackets.sheet.text[new])
        });
        let growth: usize = growth.sum();
        let after = width(&brackets.sheet.text[line.clone()]);
        let was_longer = after - growth.min(after) > self.manner.width;
        self.touching(&brackets.node.span).next().is_some()
            && (self.is_list(brackets) || (after > self.manner.width && !was_longer))
    }

    /// Whether it holds, for the first time in this file, several objects on one line.
    fn is_list(&self, brackets: &Brackets<'_>) -> bool {
        let lists = brackets.sheet.format == Format::Jsonc && !self.manner.lists_on_one_line;
        lists
            && Brackets::all(Sheet {
                root: brackets.node,
                ..brackets.sheet
            })
            .iter()
            .any(|it| it.is_list() && self.touching(&it.node.span).next().is_some())
    }

    fn touching<'s>(&'s self, range: &Range<usize>) -> impl Iterator<Item = &'s Change> {
        let range = range.clone();
        let changes = self.changes.iter();
        changes.filter(move |it| range.start < it.at.end && it.at.start < range.end)
    }

    /// Gives each item a line; `base` is the indentation of the line on which the container opens.
    fn break_lines(&self, brackets: &Brackets<'_>, base: &str, folds: &mut Vec<Splice>) {
        let (manner, sheet) = (self.manner, brackets.sheet);
        let gaps: Vec<_> = std::iter::once(brackets.opening())
            .chain(brackets.items.iter().map(|item| brackets.after(item)))
            .collect();
        if gaps.iter().any(|gap| gap.has(Piece::Comment)) {
            return;
        }
        let line_break = lines::ending(sheet.text, brackets.node.span.start);
        let indent = format!("{base}{}", manner.unit);
        let last = gaps.len() - 1;
        for (index, gap) in gaps.iter().enumerate() {
            let comma = gap.comma();
            let start = match (index, comma) {
                (0, _) => brackets.node.span.start + 1,
                (_, Some(comma)) => comma.end,
                (_, None) => brackets.items[index - 1].end,
            };
            let with = if index < last {
                format!("{line_break}{indent}")
            } else if gap.has(Piece::Comma) {
                format!("{line_break}{base}")
            } else {
                format!("{}{line_break}{base}", manner.last_comma())
            };
            folds.push(Splice {
                at: start..gap.end,
                with,
            });
        }
        if sheet.format == Format::Toml {
            return;
        }
        let children = brackets.node.properties().iter().map(|p| &p.value);
        for child in children.chain(brackets.node.items()) {
            let Some(inner) = Brackets::of(sheet, child) else {
                continue;
            };
            let mut items = brackets.items.iter();
            let item = items.find(|item| item.end >= child.span.end);
            let item = item.map_or(0, |item| width(&sheet.text[item.clone()]));
            let comma = usize::from(items.len() > 0 || manner.trailing_comma);
            let is_long = width(&indent) + item + comma > manner.width || self.is_list(&inner);
            // New entries are as those of other sections.
            let is_entry = !brackets.is_object() && inner.is_object();
            let is_long = is_long || (is_entry && self.expanded);
            if is_long && self.touching(&child.span).next().is_some() && !inner.items.is_empty() {
                self.break_lines(&inner, &indent, folds);
            }
        }
    }
}
