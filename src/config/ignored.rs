//! Finds keys of an entry that wrangler ignores, and that must have been meant.

use super::{
    node::{Layout, Node, NodeKind, Property},
    problem::Problem,
};
use crate::domain::DeclaredId;

/// What an entry may have. `experimental_remote` is the older name of `remote`.
const KNOWN: [&str; 5] = [
    "binding",
    "id",
    "preview_id",
    "remote",
    "experimental_remote",
];

/// The settings of a whole section, as of wrangler 4.164, but for those that are tables, which have
/// headers of their own.
const SETTINGS: [&str; 29] = [
    "$schema",
    "account_id",
    "addresses",
    "base_dir",
    "compatibility_date",
    "compatibility_flags",
    "compliance_region",
    "find_additional_modules",
    "first_party_worker",
    "jsx_factory",
    "jsx_fragment",
    "keep_names",
    "keep_vars",
    "logpush",
    "main",
    "minify",
    "name",
    "no_bundle",
    "pages_build_output_dir",
    "preserve_file_names",
    "preview_urls",
    "route",
    "routes",
    "send_metrics",
    "tsconfig",
    "upload_source_maps",
    "usage_model",
    "workers_dev",
    "zone_id",
];

/// Returns such keys of an entry, each with the byte where it begins.
pub(super) fn keys(entry: &Node) -> impl Iterator<Item = (usize, Problem)> {
    // Between braces a key is in no doubt about what it belongs to.
    let has_header = matches!(entry.kind, NodeKind::Object(_, Layout::Header));
    entry.properties().iter().filter_map(move |property| {
        let Property { key, value, .. } = property;
        let problem = match key.as_str() {
            known if KNOWN.contains(&known) => return None,
            setting if has_header && SETTINGS.contains(&setting) => Problem::Swallowed(key.clone()),
            _ if looks_like_an_id(value) => Problem::IgnoredId(key.clone()),
            _ => return None,
        };
        Some((property.key_span.start, problem))
    })
}

fn looks_like_an_id(value: &Node) -> bool {
    let text = value.as_str().map(str::trim);
    matches!(DeclaredId::read(text), DeclaredId::Valid(_))
}

#[cfg(test)]
mod tests {
    use crate::{config::Document, domain::Classify as _};

    const ID: &str = "0f2ac74b498b48028cb68387c421e279";

    fn found(name: &str, text: &str) -> Vec<String> {
        let document = Document::create(name.into(), text.replace("ID", ID)).unwrap();
        let entries = document.project().scopes().flat_map(|scope| &scope.entries);
        let found = entries.flat_map(|entry| &entry.ignored);
        let found: Vec<_> = found
            .map(|it| format!("{} {}", it.position, it.value))
            .collect();
        assert_eq!(document.refuse_ignored().is_err(), !found.is_empty());
        found
    }

    #[test]
    fn what_looks_like_an_id_under_an_unknown_key_is_found_with_its_place() {
        for (name, text, place) in [
            (
                "w.toml",
                "[[kv_namespaces]]\nbinding = 'A'\nnamespace_id = 'ID'",
                "3:1 `namespace_id` ",
            ),
            (
                "w.toml",
                "kv_namespaces = [{ binding = 'A', id = 'ID', other = ' ID ' }]",
                "1:76 `other` ",
            ),
            (
                "w.jsonc",
                "{\"env\": {\"a\": {\"kv_namespaces\": [\n{\"binding\": \"A\", \"Id\": \"ID\"}]}}}",
                "2:18 `Id` ",
            ),
            (
                "w.toml",
                "[[previews.kv_namespaces]]\nbinding = 'A'\nkv = 'ID'",
                "3:1 `kv` ",
            ),
        ] {
            let found = found(name, text);
            assert!(found[0].starts_with(place), "{found:?}");
            assert!(
                found[0].contains("holds what looks like an id"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn settings_below_the_header_of_an_entry_are_found() {
        for key in [
            "name = 'w'",
            "main = 'a.ts'",
            "pages_build_output_dir = './out'",
            "compatibility_date = '2026-01-01'",
            "account_id = 'ID'",
            "routes = []",
            "workers_dev = true",
        ] {
            for header in ["kv_namespaces", "env.a.kv_namespaces"] {
                let text = format!("[[{header}]]\nbinding = 'A'\n{key}\n[vars]\nname = 'x'");
                let found = found("w.toml", &text);
                let name = key.split(' ').next().unwrap();
                let said = format!("3:1 `{name}` is part of an entry of `kv_namespaces`");
                assert!(found.len() == 1 && found[0].starts_with(&said), "{found:?}");
            }
        }
    }

    #[test]
    fn what_may_be_meant_as_it_is_is_left_alone() {
        for (name, text) in [
            (
                "w.toml",
                "[[kv_namespaces]]\nbinding = 'A'\nid = 'ID'\npreview_id = 'ID'\nremote = true\n\
                 title = 'cache'\ncount = 5\nshort = '0f2a'",
            ),
            (
                "w.toml",
                "kv_namespaces = [{ binding = 'A', experimental_remote = true, name = 'the cache' }]",
            ),
            (
                "w.json",
                "{\"kv_namespaces\": [{\"binding\": \"A\", \"name\": \"the cache\", \"description\": null}]}",
            ),
        ] {
            assert_eq!(found(name, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn the_refusal_says_what_to_do_and_quotes_no_value() {
        let text =
            format!("[[kv_namespaces]]\nbinding = 'A'\nnamespace_id = '{ID}'\nname = 's3cret'");
        let document = Document::create("w.toml".into(), text).unwrap();
        let error = document.refuse_ignored().unwrap_err();
        let said = format!("{error}; {}", error.hint().unwrap());
        assert_eq!(
            said,
            "w.toml:3:1: `namespace_id` holds what looks like an id, and wrangler ignores the key; \
             rename `namespace_id` to `id` or `preview_id`, or remove it"
        );
    }
}
