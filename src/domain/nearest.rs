//! What was meant by a name that does not exist.

/// Returns which of `known` is the nearest to `wanted`; `None` if there are none.
///
/// Jaro-Winkler likeness: names that begin alike are near, as slips of the hand leave them.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &&str| strsim::jaro_winkler(name, wanted);
    known
        .into_iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name() {
        let known = ["binding", "title", "prefix", "ttl", "protect"];
        for (slip, meant) in [
            ("bindin", "binding"),
            ("titel", "title"),
            ("prefx", "prefix"),
        ] {
            assert_eq!(nearest(slip, known), Some(meant));
        }
        assert_eq!(nearest("x", []), None);
    }
}
