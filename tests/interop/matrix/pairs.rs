//! Covering arrays: few rows in which any two values of different dimensions meet.

use std::collections::BTreeSet;

/// A row: the index of a value for each dimension.
pub(super) type Indices = Vec<usize>;

/// Two values of different dimensions, each with the index of its dimension.
type Pair = ((usize, usize), (usize, usize));

/// How many rows are tried for each that is taken.
const ATTEMPTS: u64 = 4;

/// Returns rows for dimensions of these sizes in which every pair stands. `shows` says whether in a
/// row the values of two dimensions have an effect together: most pairs that can, do in some row. The
/// same arguments give the same rows.
pub(super) fn pairwise(
    sizes: &[usize],
    shows: impl Fn(&Indices, usize, usize) -> bool,
) -> Vec<Indices> {
    let mut missing = all_pairs(sizes);
    let mut hidden = missing.clone();
    let mut rows = Vec::new();
    while let Some(pair) = missing.first().copied() {
        let score = |row: &Indices| {
            let new = |pair: &Pair| {
                let ((d, _), (e, _)) = *pair;
                let is_shown = hidden.contains(pair) && shows(row, d, e);
                usize::from(missing.contains(pair)) + usize::from(is_shown)
            };
            pairs_of(row).map(|pair| new(&pair)).sum()
        };
        let attempts = (0..ATTEMPTS).map(|seed| climb(sizes, pair, seed, &score));
        let Some(row) = attempts.max_by_key(&score) else {
            break;
        };
        missing.retain(|pair| !has(&row, *pair));
        hidden.retain(|pair| !(has(&row, *pair) && shows(&row, pair.0.0, pair.1.0)));
        rows.push(row);
    }
    rows
}

fn has(row: &Indices, ((d, v), (e, w)): Pair) -> bool {
    row[d] == v && row[e] == w
}

/// Returns all pairs of values in a row.
fn pairs_of(row: &Indices) -> impl Iterator<Item = Pair> {
    let pair = |d: usize, e: usize| ((d, row[d]), (e, row[e]));
    (0..row.len()).flat_map(move |d| (d + 1..row.len()).map(move |e| pair(d, e)))
}

/// Returns all pairs of values of different dimensions.
fn all_pairs(sizes: &[usize]) -> BTreeSet<Pair> {
    let values = |dimension: usize| (0..sizes[dimension]).map(move |value| (dimension, value));
    (0..sizes.len())
        .flat_map(|d| (d + 1..sizes.len()).map(move |e| (d, e)))
        .flat_map(|(d, e)| values(d).flat_map(move |v| values(e).map(move |w| (v, w))))
        .collect()
}

/// Improves an arbitrary row with this pair, one dimension after another, as long as that helps.
fn climb(
    sizes: &[usize],
    ((d, v), (e, w)): Pair,
    mut seed: u64,
    score: &impl Fn(&Indices) -> usize,
) -> Indices {
    let mut row: Indices = sizes
        .iter()
        .map(|&size| pseudorandom(&mut seed) % size)
        .collect();
    (row[d], row[e]) = (v, w);
    let mut best = score(&row);
    loop {
        let before = best;
        for dimension in (0..sizes.len()).filter(|other| ![d, e].contains(other)) {
            for value in 0..sizes[dimension] {
                let mut other = row.clone();
                other[dimension] = value;
                let found = score(&other);
                if found > best {
                    (row, best) = (other, found);
                }
            }
        }
        if best == before {
            return row;
        }
    }
}

/// The next number of Knuth's linear congruential generator.
fn pseudorandom(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap()
}

/// Every pair stands in some row, in far fewer rows than there are.
pub(super) fn every_pair_is_covered() {
    let sizes = [9, 5, 4, 4, 3, 2, 2];
    let rows = pairwise(&sizes, |row, d, e| row[0] != 8 || ![d, e].contains(&1));
    for pair in all_pairs(&sizes) {
        assert!(rows.iter().any(|row| has(row, pair)), "{pair:?}");
    }
    assert!((45..60).contains(&rows.len()), "{} rows", rows.len());
}
