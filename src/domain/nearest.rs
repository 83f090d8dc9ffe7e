//! Suggestions for misspelled names.

/// How alike two names must be for one to be suggested for the other.
const ALIKE: f64 = 0.82;

/// Returns which of `known` is so near to `wanted` that it may have been meant; `None` if none is.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    near(wanted, known).into_iter().next()
}

/// Returns those of `known` that may have been meant by `wanted`, the nearest first.
pub fn near<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let known = known
        .into_iter()
        .map(|name| (likeness(&wanted, name), name));
    let mut known: Vec<_> = known.filter(|(likeness, _)| *likeness >= ALIKE).collect();
    known.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    known.into_iter().map(|(_, name)| name).collect()
}

/// Jaro-Winkler similarity, which favours a common prefix, as typos usually leave one. A part of a name
/// counts as well: `CACHE` for `CONFIG_CACHE`.
fn likeness(wanted: &str, name: &str) -> f64 {
    let name = name.to_lowercase();
    let is_part = wanted.len() > 2 && name.contains(wanted);
    let part = if is_part { ALIKE } else { 0.0 };
    strsim::jaro_winkler(&name, wanted).max(part)
}

/// Returns which of `known` was meant by `written`, a name with a slip of the pen, in another style
/// (`expirationTtl`) or with one letter in four wrong at most. A name of its own is none of them.
pub fn meant_by<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' '], "");
    let written = plain(written);
    let slips = |name: &str| {
        let name = plain(name);
        let slips = strsim::damerau_levenshtein(&name, &written);
        (slips <= (name.chars().count() / 4).max(1)).then_some(slips)
    };
    let known = known.into_iter();
    let known = known.filter_map(|name| Some((slips(name)?, name)));
    known.min_by_key(|(slips, _)| *slips).map(|(_, name)| name)
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
            ("TITLE", "title"),
        ] {
            assert_eq!(nearest(slip, known), Some(meant));
        }
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn what_is_far_is_not_suggested() {
        for (wanted, known, near) in [
            ("prod", "production", true),
            ("stg", "staging", true),
            ("dev", "development", true),
            ("CACHE", "CONFIG_CACHE", true),
            ("prod", "staging", false),
            ("test", "staging", false),
            ("qa", "production", false),
            ("KV", "CACHE", false),
            ("SESSIONS", "CONFIG_CACHE", false),
        ] {
            let expected = near.then_some(known);
            assert_eq!(nearest(wanted, [known]), expected, "{wanted} {known}");
        }
        assert_eq!(
            near("app", ["app-2", "other", "my-app", "apps"]),
            ["apps", "app-2", "my-app"]
        );
    }

    #[test]
    fn a_field_with_a_slip_is_told_from_one_of_its_own() {
        let known = [
            "key",
            "value",
            "base64",
            "expiration",
            "expiration_ttl",
            "metadata",
        ];
        for (written, meant) in [
            ("expiraton", Some("expiration")),
            ("Expiration", Some("expiration")),
            ("expirationTtl", Some("expiration_ttl")),
            ("expiration-ttl", Some("expiration_ttl")),
            ("meta_data", Some("metadata")),
            ("keys", Some("key")),
            ("valeu", Some("value")),
            ("type", None),
            ("value_type", None),
            ("description", None),
            ("size", None),
            ("id", None),
        ] {
            assert_eq!(meant_by(written, known), meant, "{written}");
        }
    }
}
