//! One field of an entry: set, added, taken out.

use std::ops::Range;

use super::{
    Sheet, Splice,
    field_style::{FieldStyle, literal},
    lines,
    sequence::Sequence,
};
use crate::config::{
    Field,
    node::{Layout, Node, Property},
};

/// Makes a field of `entry` say `value`.
pub(super) fn set(sheet: Sheet<'_>, entry: &Node, field: Field, value: &str) -> Vec<Splice> {
    if let Some(property) = entry.property(field.key()) {
        if property.value.as_str() == Some(value) {
            return Vec::new();
        }
        return vec![Splice {
            at: property.value.span.clone(),
            with: literal(value),
        }];
    }
    let neighbours = [Field::Id, Field::Binding].map(Field::key);
    let anchor = neighbours.into_iter().find_map(|key| entry.property(key));
    let Some(anchor) = anchor else {
        return Vec::new();
    };
    let text = FieldStyle::learn(sheet, entry.properties()).field(field.key(), value);
    if entry.layout() == Some(Layout::Header) {
        let end = lines::end(sheet.text, anchor.value.span.end);
        let ending = lines::ending(sheet.text, anchor.value.span.end);
        let indent = lines::indent_of_line(sheet.text, anchor.key_span.start);
        return vec![Splice::insert(end, format!("{ending}{indent}{text}"))];
    }
    sequence(sheet).insert_after(&extent(anchor), &text)
}

/// Takes a field out of `entry`.
pub(super) fn remove(sheet: Sheet<'_>, entry: &Node, field: Field) -> Vec<Splice> {
    let Some(property) = entry.property(field.key()) else {
        return Vec::new();
    };
    let extent = extent(property);
    if entry.layout() == Some(Layout::Header) {
        return vec![Splice::remove(whole_lines(sheet.text, &extent))];
    }
    let ends = entry.properties().iter().map(|other| other.value.end());
    let before = ends.filter(|end| *end <= extent.start).max();
    sequence(sheet).remove(before, &extent)
}

fn sequence(sheet: Sheet<'_>) -> Sequence<'_> {
    Sequence {
        format: sheet.format,
        text: sheet.text,
    }
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
