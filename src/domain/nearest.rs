//! Suggestions for misspelled names.

/// Returns which of `known` is the nearest to `wanted`; `None` if there are none.
///
/// Uses Jaro-Winkler similarity, which favours a common prefix, as typos usually leave one.
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
