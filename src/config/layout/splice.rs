//! Replacing ranges of a text.

use std::ops::Range;

/// New text for a range of the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) struct Splice {
    /// The bytes that go; empty for an insertion.
    pub(in crate::config) at: Range<usize>,
    /// The replacement.
    pub(in crate::config) with: String,
}

impl Splice {
    pub(super) fn insert(at: usize, with: impl Into<String>) -> Self {
        Self {
            at: at..at,
            with: with.into(),
        }
    }

    pub(super) fn remove(at: Range<usize>) -> Self {
        Self {
            at,
            with: String::new(),
        }
    }
}

/// Applies splices that do not overlap.
///
/// Insertions at one place follow each other in the order in which they are given.
pub(in crate::config) fn apply(text: &str, splices: &[Splice]) -> String {
    let mut ordered: Vec<_> = splices.iter().collect();
    ordered.sort_by_key(|splice| (splice.at.start, splice.at.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for splice in ordered {
        out.push_str(&text[done..splice.at.start]);
        out.push_str(&splice.with);
        done = splice.at.end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insertions_at_one_place_keep_their_order() {
        let splices = [
            Splice::remove(3..4),
            Splice::insert(1, "x"),
            Splice::insert(1, "y"),
        ];
        assert_eq!(apply("abcde", &splices), "axybce");
    }
}
