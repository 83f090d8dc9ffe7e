//! One field of an entry: set, added, taken out.

use std::ops::Range;

use super::{
    Splice,
    field_style::{FieldStyle, like},
    lines,
    manner::Manner,
    order::{Order, Place},
    sequence::Sequence,
};
use crate::config::{
    Field,
    node::{Layout, Node, Property},
};

/// Makes a field of `entry`, one of `entries`, say `value`.
pub(super) fn set(
    manner: &Manner<'_>,
    entries: &[Node],
    entry: &Node,
    field: Field,
    value: &str,
) -> Vec<Splice> {
    let sheet = manner.sheet;
    if let Some(property) = entry.property(field.key()) {
        if property.value.as_str() == Some(value) {
            return Vec::new();
        }
        let at = property.value.span.clone();
        let with = like(&sheet.text[at.clone()], value);
        return vec![Splice { at, with }];
    }
    let own = if entry.properties().len() > 1 {
        std::slice::from_ref(entry)
    } else {
        entries
    };
    let Some(place) = Order::learn(sheet, own).place(entry, field) else {
        return Vec::new();
    };
    let style = FieldStyle::learn(sheet, entry.properties());
    let text = style.field(field.key(), value);
    if entry.layout() != Some(Layout::Header) {
        let sequence = Sequence { manner };
        return match place {
            Place::After(anchor) => sequence.insert_after(&extent(anchor), &text),
            Place::Before(anchor) => vec![sequence.insert_before(&extent(anchor), &text)],
        };
    }
    let mut splices = realign(manner, entry, &style, field);
    splices.push(match place {
        Place::After(anchor) => line_after(manner, anchor.value.span.end, anchor, &text),
        // Above the comments of the first field.
        Place::Before(anchor) => line_after(manner, entry.span.end, anchor, &text),
    });
    splices
}

/// Puts a line below that of `offset`, indented as `neighbour` is.
fn line_after(manner: &Manner<'_>, offset: usize, neighbour: &Property, line: &str) -> Splice {
    let text = manner.sheet.text;
    let ending = lines::ending(text, offset);
    let indent = lines::indent_of_line(text, neighbour.key_span.start);
    Splice::insert(lines::end(text, offset), format!("{ending}{indent}{line}"))
}

/// Moves the signs of a block where the author aligns them and `field` is too long for that.
fn realign(manner: &Manner<'_>, entry: &Node, style: &FieldStyle, field: Field) -> Vec<Splice> {
    let columns = [0, field.key().len()].map(|longest| style.column(longest));
    let [Some(before), Some(after)] = columns else {
        return Vec::new();
    };
    let text = manner.sheet.text;
    let signs = entry.properties().iter().filter_map(|property| {
        let end = property.key_span.end;
        let between = text.get(end..property.value.span.start)?;
        Some(end + between.find('=')?)
    });
    let pad = || " ".repeat(after - before);
    let splices = signs.map(|sign| Splice::insert(sign, pad()));
    splices.filter(|splice| !splice.with.is_empty()).collect()
}

/// Takes a field out of `entry`.
pub(super) fn remove(manner: &Manner<'_>, entry: &Node, field: Field) -> Vec<Splice> {
    let Some(property) = entry.property(field.key()) else {
        return Vec::new();
    };
    let extent = extent(property);
    if entry.layout() == Some(Layout::Header) {
        return vec![Splice::remove(whole_lines(manner.sheet.text, &extent))];
    }
    let ends = entry.properties().iter().map(|other| other.value.end());
    let before = ends.filter(|end| *end <= extent.start).max();
    Sequence { manner }.remove(before, &extent)
}

fn extent(property: &Property) -> Range<usize> {
    property.key_span.start..property.value.end()
}

/// Widens to whole lines; at the end of a file without a final newline, to the one before.
fn whole_lines(text: &str, range: &Range<usize>) -> Range<usize> {
    let (start, end) = (
        lines::start(text, range.start),
        lines::next(text, range.end),
    );
    if end == text.len() && !text.ends_with('\n') && start > 0 {
        return lines::end(text, lines::start(text, start - 1))..end;
    }
    start..end
}
