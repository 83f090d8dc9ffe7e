//! What is refused, with its place, and what is read.

use std::path::PathBuf;

use super::*;
use crate::{
    config::Document,
    domain::{Classify as _, DeclaredId},
};

fn read(name: &str, text: &str) -> Result<Project, Error> {
    Document::create(PathBuf::from(name), text.to_owned()).map(|doc| doc.project().clone())
}

fn refusal(name: &str, text: &str) -> String {
    let error = read(name, text).expect_err(text);
    assert!(error.hint().is_some(), "{error}");
    error.to_string()
}

fn assert_refused(name: &str, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let message = refusal(name, text);
        assert!(
            message.starts_with(&format!("{name}:{expected}")),
            "{text}\n{message}"
        );
    }
}

#[test]
fn a_wrong_shape_is_refused_where_it_stands() {
    let cases = [
        (
            "[kv_namespaces]\nbinding = 'A'",
            "1:2: `kv_namespaces` is a single table",
        ),
        (
            "[env.a]\nx = 1\n[env.a.kv_namespaces]",
            "3:8: `kv_namespaces` is a single table",
        ),
        (
            "[vars]\nA = 1\n kv_namespaces = []",
            "3:2: `kv_namespaces` is inside `vars`",
        ),
        (
            "[[d1]]\n[[d1.kv_namespaces]]",
            "2:6: `kv_namespaces` is inside `d1`",
        ),
        (
            "[env.a.vars]\nkv_namespaces = []",
            "2:1: `kv_namespaces` is inside `env.a.vars`",
        ),
        ("kv-namespaces = []", "1:1: unknown key `kv-namespaces`"),
        (
            "[env.a]\n[[env.a.kvNamespaces]]",
            "2:9: unknown key `kvNamespaces`",
        ),
        (
            "kv_namespaces = 'A'",
            "1:1: `kv_namespaces` is a string; it must be an array",
        ),
        (
            "kv_namespaces = { binding = 'A' }",
            "1:1: `kv_namespaces` is a table; it must",
        ),
        ("env = 1", "1:7: `env` is a number; it must be a table"),
        ("[env]\na = 'b'", "2:5: `a` is a string; it must be a table"),
        ("[env.\"\"]", "1:6: environment name is empty"),
        ("name = 1", "1:8: `name` is a number; it must be a string"),
        (
            "[env.a]\naccount_id = 2026-10-01",
            "2:14: `account_id` is a date",
        ),
    ];
    assert_refused("w.toml", &cases);
}

#[test]
fn a_wrong_entry_is_refused_where_it_stands() {
    let cases = [
        (
            "kv_namespaces = [\n  'A',\n]",
            "2:3: this entry of `kv_namespaces` is a string",
        ),
        (
            "[[kv_namespaces]]\nid = ''",
            "1:1: this entry of `kv_namespaces` has no `binding`",
        ),
        (
            "[[kv_namespaces]]\nbinding = ' '",
            "2:11: binding name is empty",
        ),
        (
            "[[kv_namespaces]]\nbinding = 1",
            "2:11: `binding` is a number; it must be a string",
        ),
        (
            "[[kv_namespaces]]\nbinding = 'A'\nid = 1",
            "3:6: `id` is a number; it must be a string",
        ),
        (
            "[[kv_namespaces]]\nbinding = 'A'\npreview_id = \"x\\n\"",
            "3:14: `preview_id` contains '\\n', which is not allowed",
        ),
        (
            "[[kv_namespaces]]\nbinding = 'A'\nid = \"a\\u0000b\"",
            "3:6: `id` contains '\\0', which is not allowed",
        ),
        (
            "[[kv_namespaces]]\nbinding = 'A'\nremote = 'yes'",
            "3:10: `remote` is a string; it must be true or false",
        ),
        (
            "[[kv_namespaces]]\nbinding = 'A'\npreview_id = []",
            "3:14: `preview_id` is an array",
        ),
        (
            "[[kv_namespaces]]\nbinding = 'A'\n[[kv_namespaces]]\nbinding = 'A'",
            "3:1: `A` is bound here and at 1:1;",
        ),
    ];
    assert_refused("w.toml", &cases);
}

#[test]
fn a_file_with_very_many_entries_is_read_in_seconds() {
    let text = (0..MAX_ENTRIES).fold(String::new(), |mut text, n| {
        use std::fmt::Write as _;
        write!(text, "[[kv_namespaces]]\nbinding = \"B{n}\"\n").unwrap();
        text
    });
    let begun = std::time::Instant::now();
    assert_eq!(
        read("w.toml", &text).unwrap().top.entries.len(),
        MAX_ENTRIES
    );
    let again = text.replace("\"B9\"", "\"B7\"");
    let refused = refusal("w.toml", &again);
    assert!(
        refused.contains("`B7` is bound here and at 15:1"),
        "{refused}"
    );
    let more = format!("{text}[[kv_namespaces]]\nbinding = \"more\"\n");
    let refused = refusal("w.toml", &more);
    assert!(refused.contains("has 2001 entries"), "{refused}");
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn json_has_wrong_shapes_of_its_own() {
    let cases = [
        (
            "\u{feff}[]",
            "1:1: the file is an array; a wrangler file is an object",
        ),
        (
            "{ \"kv_namespaces\": {} }",
            "1:3: `kv_namespaces` is a table; it must be an array",
        ),
        (
            "{\"name\": null}",
            "1:10: `name` is null; it must be a string",
        ),
        (
            "{\"kv_namespaces\": [{\"binding\": \"A\",\n \"id\": null}]}",
            "2:8: `id` is null; it must be a string",
        ),
        (
            "{\"env\": {},\n \"env\": {}}",
            "2:2: `env` is set here and at 1:2;",
        ),
        (
            "{\"env\": {\"a\": {},\n\"a\": {}}}",
            "2:1: `a` is set here and at 1:10;",
        ),
        (
            "{\"kv_namespaces\": [],\n\"kv_namespaces\": []}",
            "2:1: `kv_namespaces` is set here and at 1:2;",
        ),
        (
            "{\"kv_namespaces\": [{\"binding\": \"é\", \"id\": \"\",\n\"id\": \"\"}]}",
            "2:1: `id` is set here and at 1:37;",
        ),
    ];
    assert_refused("w.json", &cases);
}

#[test]
fn unsafe_may_say_what_it_likes() {
    let text = "[unsafe.metadata]\nkv_namespaces = 1\n\
                [env.unsafe]\n[[env.unsafe.kv_namespaces]]\nbinding = 'A'\n";
    let project = read("w.toml", text).unwrap();
    assert_eq!(project.environments[0].entries.len(), 1);
}

#[test]
fn previews_are_sections_that_environments_inherit_whole() {
    let text = "name = 'w'\n[[previews.kv_namespaces]]\nbinding = 'A'\n[env.a]\n[env.b]\n\
                [[env.b.previews.kv_namespaces]]\nbinding = 'B'\n";
    let project = read("w.toml", text).unwrap();
    let bound = |section: &Section| {
        let scope = project.scope(section)?;
        let names = scope.entries.iter().map(|e| e.binding.to_string());
        Some((scope.section.place(), names.collect::<Vec<_>>().join(" ")))
    };
    let named = |name: &str| Section::from(Some(name.parse().unwrap()));
    let shared = Some(("in `previews`".to_owned(), "A".to_owned()));
    assert_eq!(bound(&Section::TOP.previews()), shared);
    assert_eq!(bound(&named("a").previews()), shared);
    let own = "in `previews` of environment `b`".to_owned();
    assert_eq!(bound(&named("b").previews()), Some((own, "B".to_owned())));
    assert_eq!(bound(&named("c").previews()), None);
    let cases = [
        (
            "previews = 1",
            "1:12: `previews` is a number; it must be a table",
        ),
        (
            "[previews]\nkv_namespaces = 1",
            "2:1: `kv_namespaces` is a number",
        ),
        (
            "[env.a.previews]\nx.kv_namespaces = []",
            "2:3: `kv_namespaces` is inside `env.a.previews.x`",
        ),
    ];
    assert_refused("w.toml", &cases);
}

#[test]
fn a_project_says_what_the_file_says() {
    let text = "name = 'bio'\naccount_id = 'acc'\n\n[vars]\nLEVEL = 'info'\n\n\
                [[d1_databases]]\nbinding = 'DB'\n\n[ai]\nbinding = 'AI'\n\n\
                [durable_objects]\nbindings = [{ name = 'ROOM', class_name = 'Room' }]\n\n\
                [[queues.producers]]\nqueue = 'q'\nbinding = 'QUEUE'\n\n\
                [[workflows]]\nname = 'flow'\nbinding = 'FLOW'\n\n\
                [[kv_namespaces]]\nbinding = 'A'\npreview_id = 'p'\n\n[env.live]\nname = 'l'\n";
    let project = read("w.toml", text).unwrap();
    let name = project.top.name.as_ref().unwrap();
    assert_eq!((name.value.as_str(), name.position.line), ("bio", 1));
    let account = project.top.account_id.as_ref().unwrap();
    assert_eq!((account.value.as_str(), account.position.line), ("acc", 2));
    let entry = &project.top.entries[0];
    assert_eq!(entry.binding.as_str(), "A");
    assert_eq!(entry.id, None);
    assert_eq!(
        entry.preview_id.as_ref().unwrap().position.to_string(),
        "26:14"
    );
    let used_names: Vec<_> = project
        .top
        .used_names
        .iter()
        .map(|t| (t.kind.as_str(), t.name.as_str()))
        .collect();
    assert_eq!(
        used_names,
        [
            ("vars", "LEVEL"),
            ("d1_databases", "DB"),
            ("ai", "AI"),
            ("durable_objects", "ROOM"),
            ("queues", "QUEUE"),
            ("workflows", "FLOW"),
        ]
    );
    let live = project.environments.first().unwrap();
    assert_eq!(
        (
            live.name.as_ref().map(|it| it.value.as_str()),
            live.account_id.as_ref()
        ),
        (Some("l"), None)
    );
}

#[test]
fn an_entry_tells_no_id_from_an_empty_one_and_knows_what_is_remote() {
    let text = "kv_namespaces = [{ binding = 'A' }, { binding = 'B', id = '', remote = true },\n\
                { binding = 'C', id = '<id>', experimental_remote = true }]";
    let entries = read("w.toml", text).unwrap().top.entries;
    let said = entries.iter().map(|entry| {
        let declared = entry.declared(Field::Id) == DeclaredId::Absent;
        (entry.has_id_key(), declared, entry.remote)
    });
    let expected = [
        (false, true, false),
        (true, true, true),
        (true, false, true),
    ];
    assert_eq!(said.collect::<Vec<_>>(), expected);
}

#[test]
fn environments_inherit_the_compliance_region() {
    let text = "compliance_region = 'public'\npages_build_output_dir = 'x'\n[env.a]\n\
                [env.b]\ncompliance_region = 'fedramp_high'";
    let project = read("w.toml", text).unwrap();
    assert!(project.is_pages);
    for (section, region, line) in [
        (Section::TOP, "public", 1),
        (Section::from("a".parse::<EnvName>().unwrap()), "public", 1),
        (
            Section::from("b".parse::<EnvName>().unwrap()),
            "fedramp_high",
            5,
        ),
    ] {
        let found = project.compliance_region(&section).unwrap();
        assert_eq!((found.value.as_str(), found.position.line), (region, line));
    }
    assert_refused(
        "w.toml",
        &[("compliance_region = 1", "1:21: `compliance_region` is a")],
    );
}
