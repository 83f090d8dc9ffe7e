//! What `verify` recommends cures what it found: each command is run as a shell takes it, on a fresh
//! copy of the project, and the finding must be gone.

#![cfg(unix)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Command, Stdio},
    sync::Mutex,
};

use kvctl::config::{Document, Field};
use serde_json::{Map, Value, json};

use crate::{
    hints::commands,
    sandbox::{ACCOUNT, Sandbox, Seen, at_once},
};

/// A project with something wrong.
#[derive(Clone)]
struct Project {
    what: &'static str,
    /// Its wrangler file, where `$0` is the id of the first namespace.
    wrangler: Value,
    /// Its `kvctl.toml`.
    manifest: &'static str,
    /// The titles of the namespaces that its account has.
    namespaces: &'static [&'static str],
    /// A file that it has besides.
    beside: Option<&'static str>,
    /// What its Worker binds to which of those namespaces.
    deployed: &'static [(&'static str, usize)],
}

/// How `verify` is run on it.
#[derive(Debug, Clone, Copy)]
struct Manner {
    what: &'static str,
    json: bool,
    /// The folder of the project.
    folder: &'static str,
    args: &'static [&'static str],
    /// What `CLOUDFLARE_ENV` is.
    environment: Option<&'static str>,
}

const UNKNOWN: &str = "7d0c3b9e4a514c5ab9c1f0a4d2e35b61";
const OTHER_UNKNOWN: &str = "8d0c3b9e4a514c5ab9c1f0a4d2e35b61";
const LOCAL_ID: &str = "10ca110c4a514c5ab9c1f0a4d2e35b61";

fn bindings() -> Vec<(&'static str, Value)> {
    vec![
        ("no id", json!([{ "binding": "KV" }])),
        (
            "two without ids",
            json!([{ "binding": "KV" }, { "binding": "MORE" }]),
        ),
        ("an empty id", json!([{ "binding": "KV", "id": "" }])),
        (
            "a placeholder",
            json!([{ "binding": "KV", "id": "<YOUR_ID>" }]),
        ),
        ("an unknown id", json!([{ "binding": "KV", "id": UNKNOWN }])),
        (
            "a mistyped id",
            json!([{ "binding": "KV", "id": "7d0c3b9e4a514c5ab9c1f0a4d2e35b6l" }]),
        ),
        (
            "an id of the local store",
            json!([{ "binding": "KV", "id": LOCAL_ID }]),
        ),
        ("no preview", json!([{ "binding": "KV", "id": "$0" }])),
        (
            "a preview that is production",
            json!([{ "binding": "KV", "id": "$0", "preview_id": "$0" }]),
        ),
        (
            "a placeholder for a preview",
            json!([{ "binding": "KV", "id": "$0", "preview_id": "<preview>" }]),
        ),
        (
            "an unknown preview",
            json!([{ "binding": "KV", "id": "$0", "preview_id": UNKNOWN }]),
        ),
        (
            "an unknown id and preview",
            json!([{ "binding": "KV", "id": UNKNOWN, "preview_id": OTHER_UNKNOWN }]),
        ),
        (
            "an empty preview",
            json!([{ "binding": "KV", "id": "$0", "preview_id": "" }]),
        ),
    ]
}

/// Bindings of which both ids are wrong.
fn both_wrong() -> Vec<(&'static str, Value)> {
    vec![
        (
            "one unknown id for both",
            json!([{ "binding": "KV", "id": UNKNOWN, "preview_id": UNKNOWN }]),
        ),
        (
            "an empty id and preview",
            json!([{ "binding": "KV", "id": "", "preview_id": "" }]),
        ),
        (
            "placeholders for ids and previews",
            json!([
                { "binding": "KV", "id": "<KV>", "preview_id": "<KV-PREVIEW>" },
                { "binding": "MORE", "id": "<MORE>", "preview_id": "<MORE-PREVIEW>" },
            ]),
        ),
        (
            "a placeholder, and a mistyped preview",
            json!([{ "binding": "KV", "id": "<KV>", "preview_id": "7d0c3b9e4a514c5ab9c1f0a4d2e35b6l" }]),
        ),
        (
            "one placeholder for both, used remotely",
            json!([{ "binding": "KV", "id": "<KV>", "preview_id": "<KV>", "remote": true }]),
        ),
    ]
}

fn shared_bindings() -> Vec<(&'static str, Value)> {
    vec![
        (
            "a shared namespace",
            json!([{ "binding": "KV", "id": "$0" }, { "binding": "MORE", "id": "$0" }]),
        ),
        (
            "a preview that is another's production",
            json!([{ "binding": "KV", "id": "$0" }, { "binding": "MORE", "id": "$1", "preview_id": "$0" }]),
        ),
        (
            "remote without a preview",
            json!([{ "binding": "KV", "id": "$0", "remote": true }]),
        ),
        (
            "remote with production for a preview",
            json!([{ "binding": "KV", "id": "$0", "preview_id": "$0", "remote": true }]),
        ),
        (
            "a placeholder for a name",
            json!([{ "binding": "<BINDING>", "id": "$0" }]),
        ),
        ("no bindings", json!([])),
    ]
}

/// The same faults in several sections.
fn in_several_sections() -> Vec<Project> {
    let own = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]);
    let other = |bindings: &Value| json!({ "staging": { "kv_namespaces": bindings }, "prod": { "kv_namespaces": bindings } });
    let mut projects = Vec::new();
    for (what, bindings) in bindings()
        .into_iter()
        .chain(both_wrong())
        .chain(shared_bindings())
    {
        projects.extend([
            project(what, json!({ "name": "app", "env": other(&bindings) })),
            project(
                what,
                json!({ "name": "app", "kv_namespaces": bindings, "env": other(&bindings) }),
            ),
            project(
                what,
                json!({ "name": "app", "kv_namespaces": own, "env": other(&bindings) }),
            ),
        ]);
    }
    let two = json!([{ "binding": "KV", "id": "" }, { "binding": "MORE", "id": "<MORE>" }, { "binding": "LAST" }]);
    projects.extend([
        project("an empty id, a placeholder and none", json!({ "name": "app", "kv_namespaces": two })),
        project(
            "environments that lack bindings",
            json!({
                "name": "app", "kv_namespaces": own,
                "env": { "staging": {}, "prod": { "kv_namespaces": [] }, "qa": { "kv_namespaces": [{ "binding": "MORE", "id": "$1" }] } },
            }),
        ),
        project(
            "environments that lack a binding without an id",
            json!({ "name": "app", "kv_namespaces": two, "env": { "staging": {}, "prod": {} } }),
        ),
        Project {
            manifest: "[[namespace]]\nbinding = \"KV\"\n\n[[namespace]]\nbinding = \"MORE\"\n",
            ..project(
                "declared bindings are missing everywhere",
                json!({ "name": "app", "kv_namespaces": own, "env": { "staging": {}, "prod": {} } }),
            )
        },
    ]);
    projects
}

fn project(what: &'static str, wrangler: Value) -> Project {
    Project {
        what,
        wrangler,
        manifest: "",
        namespaces: &["app-KV", "another"],
        beside: None,
        deployed: &[],
    }
}

/// Every fault of bindings, in every kind of section.
fn with_faulty_bindings() -> Vec<Project> {
    let mut projects = Vec::new();
    let all = bindings().into_iter().chain(both_wrong());
    for (what, bindings) in all.chain(shared_bindings()) {
        let good = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]);
        projects.extend([
            project(what, json!({ "name": "app", "kv_namespaces": bindings })),
            project(
                what,
                json!({ "name": "app", "env": { "staging": { "kv_namespaces": bindings } } }),
            ),
            project(
                what,
                json!({ "name": "app", "kv_namespaces": good, "previews": { "kv_namespaces": bindings } }),
            ),
            project(
                what,
                json!({ "name": "app", "pages_build_output_dir": "public", "kv_namespaces": bindings }),
            ),
        ]);
    }
    projects
}

fn with_other_faults() -> Vec<Project> {
    let own = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]);
    let declared = |manifest, what| Project {
        manifest,
        ..project(what, json!({ "name": "app", "kv_namespaces": own }))
    };
    vec![
        declared(
            "[[namespace]]\nbinding = \"MORE\"\n",
            "a declared binding is missing",
        ),
        declared(
            "[[namespace]]\nbinding = \"KV\"\ntitle = \"other\"\n",
            "another title is declared",
        ),
        Project {
            manifest: "[[namespace]]\nbinding = \"KV\"\ntitle = \"another\"\n",
            ..project(
                "the title of another namespace is declared",
                json!({ "name": "app", "kv_namespaces": [{ "binding": "KV", "id": "$0" }] }),
            )
        },
        declared(
            "[[namespace]]\nbinding = \"KV\"\njurisdiction = \"eu\"\n",
            "another jurisdiction is declared",
        ),
        project(
            "an environment lacks a binding",
            json!({ "name": "app", "kv_namespaces": own, "env": { "staging": {} } }),
        ),
        project("no name", json!({ "kv_namespaces": [{ "binding": "KV" }] })),
        project("no name and no bindings", json!({ "main": "index.js" })),
        project(
            "a placeholder for the Worker's name",
            json!({ "name": "<WORKER>", "kv_namespaces": [{ "binding": "KV" }] }),
        ),
    ]
}

/// Sections that share a namespace or a Worker.
fn with_shared_namespaces() -> Vec<Project> {
    let own = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]);
    vec![
        project(
            "previews of Pages that share",
            json!({
                "name": "app", "pages_build_output_dir": "public", "kv_namespaces": own,
                "env": { "preview": { "kv_namespaces": [{ "binding": "KV", "id": "$0" }] } },
            }),
        ),
        project(
            "production of Pages lacks a binding",
            json!({
                "name": "app", "pages_build_output_dir": "public",
                "kv_namespaces": [{ "binding": "KV", "id": "$0" }], "env": { "production": {} },
            }),
        ),
        project(
            "another section of the same Worker lacks a binding",
            json!({
                "name": "app", "kv_namespaces": [{ "binding": "KV", "id": "$1" }],
                "env": { "staging": { "name": "app" } },
            }),
        ),
        Project {
            manifest: "[[namespace]]\nbinding = \"KV\"\ntitle = \"another\"\n",
            ..project(
                "another section of the same Worker lacks a binding with a title",
                json!({
                    "name": "app", "kv_namespaces": [{ "binding": "KV", "id": "$1", "preview_id": "$0" }],
                    "env": { "staging": { "name": "app" } },
                }),
            )
        },
        Project {
            beside: Some("functions/index.js"),
            ..project(
                "Pages without its setting",
                json!({ "name": "app", "kv_namespaces": own }),
            )
        },
    ]
}

fn app(what: &'static str, bindings: &Value, environments: Value) -> Project {
    let mut wrangler = json!({ "name": "app", "kv_namespaces": bindings });
    wrangler["env"] = environments;
    project(what, wrangler)
}

fn kv(id: &str) -> Value {
    json!({ "kv_namespaces": [{ "binding": "KV", "id": id }] })
}

/// Environments whose names are none of Workers.
fn with_odd_names() -> Vec<Project> {
    let own = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]);
    let mut projects = Vec::new();
    for odd in ["it's", "x y", "$HOME"] {
        projects.extend([
            app(
                "an odd name of an environment that lacks a binding",
                &own,
                json!({ "staging": {}, "prod": {}, odd: {} }),
            ),
            app(
                "an odd name, without previews",
                &own,
                json!({ "staging": kv("$0"), odd: kv("$0") }),
            ),
            app(
                "an odd name, without ids",
                &json!([{ "binding": "KV" }]),
                json!({ "staging": kv(""), odd: kv("") }),
            ),
        ]);
    }
    projects
}

/// Several bindings with one trouble, and sections of which a command changes more than one entry.
fn with_one_cause() -> Vec<Project> {
    let unknown = json!([{ "binding": "KV", "id": UNKNOWN, "preview_id": UNKNOWN }]);
    let shown = json!([{ "binding": "KV", "id": "$0" }]);
    let previews = |what, bindings: &Value, id: &str| {
        let mut project = app(what, bindings, json!({ "staging": {} }));
        project.wrangler["previews"] = kv(id);
        project.wrangler["env"]["staging"]["previews"] = kv(id);
        project
    };
    let both =
        |id: &str, preview: &str| json!([{ "binding": "KV", "id": id, "preview_id": preview }]);
    vec![
        app(
            "one unknown id in two sections",
            &unknown,
            json!({ "staging": kv(UNKNOWN) }),
        ),
        app(
            "an unknown id that is a preview elsewhere",
            &unknown,
            json!({ "staging": { "kv_namespaces": both("$1", UNKNOWN) }, "prod": { "kv_namespaces": both(OTHER_UNKNOWN, UNKNOWN) } }),
        ),
        app(
            "empty ids, some with previews",
            &both("", ""),
            json!({ "staging": kv(""), "prod": { "kv_namespaces": both("", "") }, "qa": { "kv_namespaces": both("$1", "") } }),
        ),
        previews("a placeholder in previews alone", &shown, "<KV>"),
        previews(
            "an empty id in previews",
            &json!([{ "binding": "KV", "id": "" }]),
            "",
        ),
        previews(
            "an unknown id in previews, and none elsewhere",
            &json!([{ "binding": "KV" }]),
            UNKNOWN,
        ),
        previews("an unknown id in previews alone", &shown, UNKNOWN),
    ]
}

/// Namespaces that kvctl.toml gives other titles than they have, and that sections share; and those that
/// may be meant for a binding, though they have other titles.
fn with_other_titles() -> Vec<Project> {
    let shared = |title: &'static str, manifest: &'static str| {
        let bindings = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]);
        let environments = json!({
            "staging": { "kv_namespaces": [{ "binding": "KV", "id": "$0", "preview_id": "$1" }] },
        });
        Project {
            manifest,
            namespaces: match title {
                "want" => &["want", "another"],
                "want-staging" => &["want-staging", "another"],
                _ => &["other", "another"],
            },
            ..app(
                "sections that share an id, and titles",
                &bindings,
                environments,
            )
        }
    };
    let want = "[[namespace]]\nbinding = \"KV\"\ntitle = \"want\"\n";
    let near = |what, bindings: &Value, environments: Value| Project {
        namespaces: &["app-kv", "KV-2", "app-staging-kv"],
        ..app(what, bindings, environments)
    };
    vec![
        shared("want", want),
        shared("want-staging", want),
        shared("other", want),
        Project {
            manifest: want,
            namespaces: &["want", "another"],
            ..project(
                "previews of Pages that share an id, and titles",
                json!({
                    "name": "app", "pages_build_output_dir": "public",
                    "kv_namespaces": [{ "binding": "KV", "id": "$0" }],
                    "env": { "preview": { "kv_namespaces": [{ "binding": "KV", "id": "$0" }] } },
                }),
            )
        },
        near(
            "a namespace that may be meant",
            &json!([{ "binding": "KV" }]),
            json!({ "staging": kv("<id>") }),
        ),
        near(
            "a namespace that may be meant in an environment",
            &json!([{ "binding": "KV", "id": "$1" }]),
            json!({ "staging": {} }),
        ),
    ]
}

/// Titles that another binding or the preview has already.
fn with_taken_titles() -> Vec<Project> {
    vec![
        Project {
            namespaces: &["app-KV", "another"],
            ..app(
                "another binding has the namespace of that title",
                &json!([{ "binding": "KV", "id": "" }, { "binding": "OTHER", "id": "$0" }]),
                json!({}),
            )
        },
        Project {
            manifest: "[[namespace]]\nbinding = \"KV\"\ntitle = \"want\"\n",
            namespaces: &["another", "want"],
            ..app(
                "the preview has the title that is declared",
                &json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]),
                json!({}),
            )
        },
    ]
}

/// Sections of which some cannot be provisioned, or have another trouble than the others.
fn with_odd_sections() -> Vec<Project> {
    let own = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]);
    let of_account = |account: &str, binding: &str| json!({ "account_id": account, "kv_namespaces": [{ "binding": binding }] });
    let nameless = json!({ "pages_build_output_dir": "public", "kv_namespaces": [{ "binding": "KV", "id": "$0" }] });
    let pages = json!({
        "name": "app", "pages_build_output_dir": "public", "kv_namespaces": own,
        "env": { "preview": kv(""), "staging": { "kv_namespaces": [{ "binding": "KV" }] } },
    });
    let ignored = json!({
        "name": "app", "kv_namespaces": [{ "binding": "KV", "ID": "$0" }],
        "env": { "staging": kv("$0"), "prod": kv("") },
    });
    let placeholder = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }, { "binding": "MORE", "id": "<more>" }]);
    let both = json!([{ "binding": "KV", "id": "$0" }, { "binding": "MORE", "id": "$1" }]);
    vec![
        project("Pages without a name", nameless),
        project("Pages with an environment that it refuses", pages),
        project("a key that wrangler ignores, in another section", ignored),
        app(
            "a third section without bindings",
            &json!([{ "binding": "KV", "id": "" }]),
            json!({ "staging": kv("TODO"), "qa": {} }),
        ),
        app(
            "a third section with another binding that is a placeholder",
            &json!([{ "binding": "KV" }]),
            json!({ "staging": kv(""), "qa": { "kv_namespaces": [{ "binding": "MORE", "id": "<x>" }] } }),
        ),
        app(
            "a third section with an unknown id",
            &own,
            json!({ "staging": kv("$0"), "qa": { "kv_namespaces": [{ "binding": "MORE", "id": UNKNOWN }] } }),
        ),
        app(
            "a third section with a placeholder for a preview",
            &own,
            json!({ "staging": kv("$0"), "qa": { "kv_namespaces": [{ "binding": "MORE", "id": "$0", "preview_id": "<preview>" }] } }),
        ),
        app(
            "a placeholder that environments lack",
            &placeholder,
            json!({ "staging": {}, "prod": {} }),
        ),
        app(
            "a name that a variable has",
            &both,
            json!({ "staging": { "vars": { "MORE": "x" }, "kv_namespaces": [{ "binding": "KV", "id": "" }] }, "prod": {} }),
        ),
        app(
            "sections of other accounts",
            &json!([{ "binding": "KV" }]),
            json!({
                "staging": of_account(UNKNOWN, "KV"), "prod": of_account(OTHER_UNKNOWN, "MORE"), "qa": {},
            }),
        ),
    ]
}

/// Two troubles of one binding, or of the file: each finding's command is run alone.
fn with_two_causes() -> Vec<Project> {
    let own = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]);
    let both =
        |id: &str, preview: &str| json!([{ "binding": "KV", "id": id, "preview_id": preview }]);
    let mut projects = Vec::new();
    for bindings in [both(UNKNOWN, "<preview>"), both(UNKNOWN, "")] {
        let section = json!({ "kv_namespaces": bindings });
        let mut pages = app(
            "an unknown id on Pages",
            &bindings,
            json!({ "preview": section }),
        );
        pages.wrangler["pages_build_output_dir"] = "public".into();
        projects.extend([
            app("an unknown id, and an open preview", &bindings, json!({})),
            app(
                "an unknown id in each section, and an open preview",
                &bindings,
                json!({ "staging": section, "prod": { "kv_namespaces": both(OTHER_UNKNOWN, "<preview>") } }),
            ),
            app(
                "an unknown id in one section, and open previews",
                &own,
                json!({ "staging": section, "prod": { "kv_namespaces": both("$1", "<preview>") } }),
            ),
            pages,
        ]);
    }
    projects.push(Project {
        namespaces: &["app-kv", "another"],
        ..app(
            "an unknown id, an open preview, and a namespace that may be meant",
            &both(UNKNOWN, "<preview>"),
            json!({}),
        )
    });
    projects.push(app(
        "ids missing, one of them unknown beside a placeholder",
        &json!([{ "binding": "KV" }]),
        json!({ "staging": { "kv_namespaces": both(UNKNOWN, "<preview>") }, "prod": kv("") }),
    ));
    projects
}

/// What has to be edited in two places before a command can work.
fn with_two_edits() -> Vec<Project> {
    let nameless = |what, bindings: &Value, environments: Value| {
        let mut project = app(what, bindings, environments);
        project.wrangler.as_object_mut().unwrap().remove("name");
        project
    };
    let own = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]);
    let ignored =
        json!([{ "binding": "KV", "ID": "$0" }, { "binding": "MORE", "namespace": "$1" }]);
    let mut projects = vec![
        nameless(
            "no name, and an unknown id",
            &json!([{ "binding": "KV", "id": UNKNOWN, "preview_id": "" }]),
            json!({}),
        ),
        nameless("no name, and ignored keys", &ignored, json!({})),
    ];
    for odd in ["x y", "*", "Prod"] {
        projects.extend([
            nameless(
                "no name, and an odd environment",
                &json!([{ "binding": "KV" }]),
                json!({ odd: kv(""), "staging": {} }),
            ),
            app("ignored keys, and an odd environment", &ignored, json!({ odd: kv("") })),
            app(
                "an odd environment, and an unknown id",
                &own,
                json!({ odd: { "kv_namespaces": [{ "binding": "KV", "id": UNKNOWN, "preview_id": "<p>" }] } }),
            ),
        ]);
    }
    projects
}

/// What is deployed is not what the file says.
fn with_something_deployed() -> Vec<Project> {
    let own = json!([{ "binding": "KV", "id": "$0", "preview_id": "$1" }]);
    let mut projects = Vec::new();
    let all: [(_, &'static [_]); 3] = [
        ("one binding more is deployed", &[("KV", 0), ("OLD", 1)]),
        (
            "two bindings more are deployed",
            &[("KV", 0), ("Q", 1), ("R", 1)],
        ),
        (
            "what is none in code is deployed",
            &[("KV", 0), ("my-kv", 1), ("kv", 1)],
        ),
    ];
    for (what, deployed) in all {
        projects.extend(
            [own.clone(), json!([{ "binding": "KV" }])].map(|bindings| Project {
                deployed,
                ..app(what, &bindings, json!({}))
            }),
        );
    }
    projects
}

/// Bindings of which an id is between blanks: nothing but that is to be corrected.
fn with_blanks() -> Vec<Project> {
    let id = format!(" {UNKNOWN}");
    let entries =
        json!([{ "binding": "KV", "id": id }, { "binding": "MORE", "preview_id": "<p>" }]);
    let gone = json!([{ "binding": "KV", "id": " $0", "preview_id": UNKNOWN }]);
    vec![
        app(
            "an id between blanks, and other troubles",
            &entries,
            json!({ "staging": { "kv_namespaces": [{ "binding": "KV", "id": "$0", "preview_id": id }] } }),
        ),
        app(
            "an id between blanks, and an unknown preview",
            &gone,
            json!({}),
        ),
    ]
}

const MANNERS: [Manner; 6] = {
    let plain = Manner {
        what: "as is",
        json: false,
        folder: ".",
        args: &["--all-envs"],
        environment: None,
    };
    [
        plain,
        Manner {
            what: "JSON, by --cwd",
            json: true,
            folder: "a b",
            args: &["--cwd", "a b", "--all-envs"],
            ..plain
        },
        Manner {
            what: "by -c, an environment",
            folder: "deep",
            args: &["-c", "deep/wrangler.toml", "--env", "staging"],
            ..plain
        },
        Manner {
            what: "JSON, the top level despite CLOUDFLARE_ENV",
            json: true,
            args: &["--env", ""],
            environment: Some("staging"),
            ..plain
        },
        Manner {
            what: "an environment by CLOUDFLARE_ENV",
            args: &[],
            environment: Some("staging"),
            ..plain
        },
        Manner {
            what: "local",
            args: &["--local", "--all-envs"],
            ..plain
        },
    ]
};

impl Project {
    fn has_staging(&self) -> bool {
        self.wrangler["env"]["staging"].is_object()
    }

    /// Returns it with what a hint says to do first, if that can be done here.
    fn edited(&self, hint: &str) -> Option<Self> {
        let (first, _) = hint.strip_prefix("first ")?.split_once("; then ")?;
        let mut project = self.clone();
        let wrangler = &mut project.wrangler;
        if first.contains("set `name`") {
            wrangler["name"] = "app".into();
        }
        for (_, named) in first
            .match_indices("give environment `")
            .map(|it| first.split_at(it.0))
        {
            let name = named.split('`').nth(1)?;
            wrangler["env"][name]["name"] = "app-odd".into();
        }
        if first.contains("correct line ") {
            corrected(wrangler);
        }
        let by_hand = ["correct the account", "32 hexadecimal digits"];
        (!by_hand.iter().any(|it| first.contains(it))).then_some(project)
    }

    /// Builds it anew, for a run of its own.
    fn build(&self, manner: Manner) -> Sandbox {
        let sandbox = Sandbox::new();
        let ids: Vec<String> = self
            .namespaces
            .iter()
            .map(|title| sandbox.create(title))
            .collect();
        let text = if manner.json {
            serde_json::to_string_pretty(&self.wrangler).unwrap()
        } else {
            toml(&self.wrangler, "")
        };
        let text = ids.iter().enumerate().fold(text, |text, (index, id)| {
            text.replace(&format!("${index}"), id)
        });
        let file = if manner.json {
            "wrangler.jsonc"
        } else {
            "wrangler.toml"
        };
        let account = ACCOUNT.parse().unwrap();
        let bound = self
            .deployed
            .iter()
            .map(|(name, index)| (*name, ids[*index].as_str()));
        let bound: Vec<(&str, &str)> = bound.collect();
        if !bound.is_empty() {
            sandbox.emulator.deploy(&account, "app", &bound).unwrap();
        }
        let path = |name: &str| format!("{}/{name}", manner.folder);
        sandbox.write(&path(file), text);
        if !self.manifest.is_empty() {
            sandbox.write(&path("kvctl.toml"), self.manifest);
        }
        if let Some(name) = self.beside {
            sandbox.write(&path(name), "export {};\n");
        }
        sandbox
    }
}

/// Removes what wrangler ignores in the entries of each section, and blanks.
fn corrected(section: &mut Value) {
    let entries = section
        .get_mut("kv_namespaces")
        .and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten() {
        let keys = entry.as_object_mut().unwrap();
        for id in keys.values_mut().filter(|it| it.is_string()) {
            *id = id.as_str().unwrap().trim().into();
        }
        keys.retain(|key, _| ["binding", "id", "preview_id", "remote"].contains(&key.as_str()));
    }
    let environments = section.get_mut("env").and_then(Value::as_object_mut);
    for (_, environment) in environments.into_iter().flatten() {
        corrected(environment);
    }
}

/// Writes a wrangler file as TOML.
fn toml(value: &Value, prefix: &str) -> String {
    let table: &Map<String, Value> = value.as_object().unwrap();
    let (nested, plain): (Vec<_>, Vec<_>) = table.iter().partition(|(_, value)| {
        value.is_object() || value.as_array().is_some_and(|it| !it.is_empty())
    });
    let is_bare = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let plain = plain
        .into_iter()
        .map(|(key, value)| format!("{key} = {value}\n"));
    let nested = nested.into_iter().map(|(key, value)| {
        let key = if is_bare(key) {
            key.clone()
        } else {
            json!(key).to_string()
        };
        let path = [prefix, &key].join(".");
        let path = path.trim_start_matches('.');
        match value.as_array() {
            Some(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|it| format!("\n[[{path}]]\n{}", toml(it, path)));
                entries.collect()
            }
            None => format!("\n[{path}]\n{}", toml(value, path)),
        }
    });
    plain.chain(nested).collect()
}

fn set(mut command: Command, manner: Manner) -> Command {
    if let Some(environment) = manner.environment {
        command.env("CLOUDFLARE_ENV", environment);
    }
    command
}

/// What `verify` finds wrong.
fn findings(sandbox: &Sandbox, manner: Manner) -> Vec<Value> {
    let args = [
        &["verify", "--json", "--retries", "0", "--quiet"],
        manner.args,
    ]
    .concat();
    let seen = Seen::of(set(sandbox.command(&args), manner));
    let report: Value = serde_json::from_str(&seen.stdout).unwrap_or_else(|_| panic!("{seen}"));
    let findings = report["findings"].as_array().unwrap().iter();
    let wrong = findings.filter(|it| it["status"] == "fail" || it["status"] == "warn");
    wrong.cloned().collect()
}

/// What the file says of each binding, by its section as in a finding.
fn entries(sandbox: &Sandbox, manner: Manner) -> BTreeMap<String, String> {
    let extension = if manner.json { "jsonc" } else { "toml" };
    let path = sandbox.app().join(manner.folder);
    let path = path.join(format!("wrangler.{extension}"));
    let document = Document::read(&path).unwrap();
    let mut all = BTreeMap::new();
    for scope in document.project().scopes() {
        let section = serde_json::to_value(&scope.section).unwrap();
        for entry in &scope.entries {
            let ids = [Field::Id, Field::PreviewId].map(|field| entry.declared(field));
            let place = format!(
                "{} {} {}",
                section["environment"],
                section["previews"],
                json!(entry.binding)
            );
            all.insert(place, format!("{ids:?}"));
        }
    }
    all
}

/// What a command changed that its finding does not name.
fn unnamed(
    finding: &Value,
    command: &str,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<String> {
    let named = cells(finding);
    // A section is added, and named by the command alone; the entries of `previews` that go with a section are
    // named by the hint.
    let hint = finding["hint"].as_str().unwrap();
    let said = hint.split_once("`provision` also fills in ");
    let is_added = |place: &str| {
        let is_preview = command.contains("--add-env") && place.starts_with("\"preview\" ");
        is_preview || said.is_some_and(|(_, names)| is_named(place, names))
    };
    let places: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = places
        .into_iter()
        .filter(|place| before.get(*place) != after.get(*place));
    let changed = changed.filter(|place| !named.contains(place) && !is_added(place));
    changed.cloned().collect()
}

/// Whether a list of names has the binding of `previews` that is at this place.
fn is_named(place: &str, names: &str) -> bool {
    let [environment, previews, binding] = place.split(' ').collect::<Vec<_>>()[..] else {
        return false;
    };
    let section = match environment {
        "null" => "previews".to_owned(),
        name => format!("{}.previews", name.trim_matches('"')),
    };
    let name = format!("{section}/{}", binding.trim_matches('"'));
    previews == "true"
        && names
            .replace(" and ", ", ")
            .split(", ")
            .any(|it| it == name)
}

/// What a finding is about: the bindings, or the sections of which it names none.
fn cells(finding: &Value) -> Vec<String> {
    let sections = finding["sections"].as_array().unwrap().iter();
    let cells = sections.flat_map(|section| {
        let place = format!("{} {}", section["environment"], section["previews"]);
        let bindings = section["bindings"].as_array().unwrap().iter();
        let bindings: Vec<String> = bindings.map(|it| format!("{place} {it}")).collect();
        if bindings.is_empty() {
            vec![place]
        } else {
            bindings
        }
    });
    cells.collect()
}

/// Whether both are about the same thing, whatever they say of it: about one binding of one section, if
/// they are about any.
fn is_same(a: &Value, b: &Value) -> bool {
    let same = |field: &str| a[field] == b[field];
    let (of_a, of_b) = (cells(a), cells(b));
    let is_shared = of_a.iter().any(|it| of_b.contains(it)) || of_a.is_empty() && of_b.is_empty();
    same("check") && same("detail") && is_shared
}

/// Whether both are one finding, before and after an edit.
fn is_same_finding(a: &Value, b: &Value) -> bool {
    is_same(a, b) && said_in(a) == said_in(b)
}

/// What a finding says, without the bindings of which it says each part: others may be cured.
fn said_in(finding: &Value) -> String {
    let message = finding["message"].as_str().unwrap();
    let parts = message.split("; ");
    let parts = parts.map(|part| part.split_once(" (").map_or(part, |(said, _)| said));
    parts.collect::<Vec<_>>().join("; ")
}

/// Runs a command line as a user pastes it, with words for what only the user knows.
fn paste(sandbox: &Sandbox, manner: Manner, line: &str) -> Seen {
    let line = line
        .replace("kvctl provision ", "kvctl provision --yes ")
        .replace("=TITLE", "=a-title-of-ours")
        .replace(" NAME", " A_NAME_OF_OURS");
    let template = set(sandbox.command(&[]), manner);
    let binary = Path::new(template.get_program())
        .parent()
        .unwrap()
        .to_owned();
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &line])
        .env_clear()
        .envs(
            template
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
        .current_dir(sandbox.app())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Seen::of(shell)
}

/// What came of all the commands.
#[derive(Default)]
struct Outcome {
    run: usize,
    /// What nobody but the user can mend.
    by_hand: BTreeSet<String>,
    wrong: Vec<String>,
}

fn cure(project: &Project, manner: Manner, outcome: &Mutex<Outcome>) {
    let before = findings(&project.build(manner), manner);
    for finding in &before {
        let said = format!("{} ({}): {finding:#}", project.what, manner.what);
        let Some(hint) = finding["hint"].as_str() else {
            let mut outcome = outcome.lock().unwrap();
            outcome.wrong.push(format!("no hint: {said}"));
            continue;
        };
        let shown: Vec<String> = commands(hint).collect();
        let is_open = |it: &String| it.contains("=TITLE") || it.contains(" NAME");
        let edited = project.edited(hint);
        let named = if finding["commands"] == json!([]) {
            // What is to be done first, or to be filled in, is none to be run.
            let is_filled_in = shown.iter().all(&is_open);
            assert!(is_filled_in || hint.starts_with("first "), "{said}");
            if edited.is_some() || is_filled_in {
                shown
            } else {
                Vec::new()
            }
        } else {
            assert_eq!(finding["commands"], json!(shown), "{said}");
            assert!(!shown.iter().any(is_open), "{said}");
            shown
        };
        if named.is_empty() {
            outcome.lock().unwrap().by_hand.insert(hint.to_owned());
        } else {
            let sandbox = edited.as_ref().unwrap_or(project).build(manner);
            // What is found once that is edited is no business of the command.
            let found = edited.map(|_| findings(&sandbox, manner));
            let known: Vec<&Value> = before.iter().chain(found.iter().flatten()).collect();
            let command = named.join(" && ");
            let file = entries(&sandbox, manner);
            let seen = paste(&sandbox, manner, &command);
            let unnamed = unnamed(finding, &command, &file, &entries(&sandbox, manner));
            let after = findings(&sandbox, manner);
            // What another finding says of the same is not its business.
            let others = || {
                known
                    .iter()
                    .filter(|other| !is_same_finding(other, finding))
            };
            let is_others = |it: &Value| others().any(|other| is_same_finding(other, it));
            let is_left = after
                .iter()
                .any(|it| is_same(it, finding) && !is_others(it));
            // Another section may lack then what this one has.
            let broken = |it: &&Value| it["status"] == "fail" && it["check"] != "environments";
            let is_new = |it: &&Value| known.iter().all(|other| !is_same(other, it));
            let new = after.iter().filter(broken).find(is_new);
            let mut outcome = outcome.lock().unwrap();
            outcome.run += 1;
            if !unnamed.is_empty() && !command.contains(" NAME") {
                let text = format!("changed {unnamed:?} as well: {said}\n$ {command}");
                outcome.wrong.push(text);
            } else if seen.code != Some(0) || is_left || new.is_some() {
                let new = new.map_or_else(String::new, |it| format!("\nnew: {it:#}"));
                let text = format!("not cured: {said}\n$ {command}\n{seen}{new}");
                outcome.wrong.push(text);
            }
        }
    }
}

#[test]
fn every_command_that_is_recommended_cures_what_was_found() {
    let mut cases = Vec::new();
    let alone = with_faulty_bindings()
        .into_iter()
        .chain(with_other_faults())
        .chain(with_shared_namespaces());
    let alone = alone.map(|project| (project, &MANNERS[..]));
    // What differs then is which sections are meant.
    let [all, _, one, ..] = &MANNERS;
    let few = [*all, *one, MANNERS[5]];
    let several = in_several_sections()
        .into_iter()
        .chain(with_odd_names())
        .chain(with_one_cause())
        .chain(with_other_titles())
        .chain(with_taken_titles())
        .chain(with_odd_sections())
        .chain(with_two_causes())
        .chain(with_two_edits())
        .chain(with_something_deployed())
        .chain(with_blanks());
    let several = several.map(|project| (project, &few[..]));
    for (project, manners) in alone.chain(several) {
        for &manner in manners {
            let wants_staging = manner.environment.is_some() || manner.args.contains(&"staging");
            if project.has_staging() || !wants_staging {
                cases.push((project.clone(), manner));
            }
        }
    }
    let outcome = Mutex::default();
    for some in cases.chunks(16) {
        at_once(some, |(project, manner)| cure(project, *manner, &outcome));
    }
    let Outcome {
        run,
        by_hand,
        wrong,
    } = outcome.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} of {run} commands:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    assert!(run > 200, "{run}");
    insta::assert_snapshot!(by_hand.into_iter().collect::<Vec<_>>().join("\n"));
}
