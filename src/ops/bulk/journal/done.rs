//! What an earlier run confirmed, as its journal tells.

use std::ops::RangeInclusive;

use super::Position;

/// The positions that were confirmed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<P> {
    /// Sorted, and apart from each other.
    ranges: Vec<RangeInclusive<P>>,
    /// As written in the journal.
    lines: Vec<Line<P>>,
}

/// A line of a journal: a range of positions whose keys or records were confirmed, all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line<P> {
    /// Where it begins.
    pub first: P,
    /// Where it ends.
    pub last: P,
    /// How many keys or records it has.
    pub count: u64,
    /// The checksum of its keys, where the positions are keys. Older journals have none.
    pub sum: Option<String>,
}

impl<P: Position> Line<P> {
    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        let Self {
            first,
            last,
            count,
            sum,
        } = self;
        match sum {
            Some(sum) => serde_json::to_string(&(first, last, count, sum)),
            None => serde_json::to_string(&(first, last, count)),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let with_sum = serde_json::from_str(text)
            .map(|(first, last, count, sum)| (first, last, count, Some(sum)));
        let parsed = with_sum.or_else(|_| {
            serde_json::from_str(text).map(|(first, last, count)| (first, last, count, None))
        });
        let (first, last, count, sum) = parsed.ok()?;
        Some(Self {
            first,
            last,
            count,
            sum,
        })
    }
}

impl<P> Default for Done<P> {
    fn default() -> Self {
        Self {
            ranges: Vec::new(),
            lines: Vec::new(),
        }
    }
}

impl<P: Position> Done<P> {
    pub(in crate::ops::bulk) fn parse(text: &str) -> Self {
        // The last line may be cut short; what it confirmed is sent again.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let lines: Vec<Line<P>> = whole.lines().filter_map(Line::parse).collect();
        let mut sorted: Vec<(P, P)> = lines
            .iter()
            .map(|line| (line.first.clone(), line.last.clone()))
            .collect();
        sorted.sort_unstable();
        let mut ranges: Vec<RangeInclusive<P>> = Vec::new();
        for (first, last) in sorted {
            match ranges.last_mut() {
                Some(before) if first <= *before.end() => {
                    if last > *before.end() {
                        *before = before.start().clone()..=last;
                    }
                }
                Some(_) | None => ranges.push(first..=last),
            }
        }
        Self { ranges, lines }
    }

    /// Whether `key` was confirmed at this position.
    pub fn contains(&self, number: u64, key: &str) -> bool {
        let position = P::of(number, key);
        let at = self.ranges.partition_point(|range| *range.end() < position);
        self.ranges
            .get(at)
            .is_some_and(|range| range.contains(&position))
    }

    /// Returns how many were confirmed.
    pub fn len(&self) -> u64 {
        self.lines.iter().map(|line| line.count).sum()
    }

    /// Whether nothing was confirmed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the lines, in the order in which they were added.
    pub fn into_lines(self) -> Vec<Line<P>> {
        self.lines
    }
}
