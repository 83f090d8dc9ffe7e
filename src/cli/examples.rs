//! An example or two of each command, for help texts and man pages. A test runs them.

/// The examples of each command; those of kvctl itself are under the empty name.
pub const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "kvctl provision",
            "kvctl key put user:42 '{\"name\":\"Ada\"}' -b SESSIONS --ttl 1h",
            "kvctl key list -b SESSIONS --env staging",
            "kvctl verify",
        ],
    ),
    (
        "provision",
        &[
            "kvctl provision",
            "kvctl provision SESSIONS CONFIG_CACHE=shared-cache --env staging",
            "kvctl provision --all-envs --check",
        ],
    ),
    (
        "namespace",
        &["kvctl namespace list", "kvctl namespace get -b SESSIONS"],
    ),
    (
        "namespace list",
        &["kvctl namespace list", "kvctl namespace list --json"],
    ),
    (
        "namespace create",
        &[
            "kvctl namespace create reports",
            "kvctl namespace create eu-users --jurisdiction eu",
        ],
    ),
    (
        "namespace get",
        &[
            "kvctl namespace get bio-SESSIONS",
            "kvctl namespace get -b SESSIONS --json",
        ],
    ),
    (
        "namespace rename",
        &["kvctl namespace rename reports archive"],
    ),
    (
        "namespace delete",
        &["kvctl namespace delete archive --backup archive.ndjson --confirm archive"],
    ),
    (
        "rename-binding",
        &["kvctl rename-binding SESSIONS LOGINS --all-envs --dry-run"],
    ),
    (
        "key",
        &[
            "kvctl key list -b SESSIONS",
            "kvctl key get user:42 -b SESSIONS",
        ],
    ),
    (
        "key get",
        &[
            "kvctl key get user:42 -b SESSIONS",
            "kvctl key get user:42 -b SESSIONS --with-metadata",
            "kvctl key get logo -b CONFIG_CACHE -o copy.png",
        ],
    ),
    (
        "key put",
        &[
            "kvctl key put user:42 '{\"name\":\"Ada\"}' -b SESSIONS --ttl 1h",
            "kvctl key put logo -b CONFIG_CACHE --file logo.png",
            "printf hello | kvctl key put greeting -b CONFIG_CACHE",
        ],
    ),
    (
        "key delete",
        &[
            "kvctl key delete greeting -b CONFIG_CACHE",
            "kvctl key delete --prefix session: -b SESSIONS --dry-run",
        ],
    ),
    (
        "key list",
        &[
            "kvctl key list -b SESSIONS --prefix user: --prefix team:",
            "kvctl key list -b SESSIONS --limit 10 --json",
        ],
    ),
    ("key edit", &["kvctl key edit user:42 -b SESSIONS"]),
    (
        "key touch",
        &[
            "kvctl key touch user:42 -b SESSIONS --ttl 7d",
            "kvctl key touch user:42 -b SESSIONS --no-expiry",
        ],
    ),
    (
        "sync",
        &[
            "kvctl sync public -b CONFIG_CACHE --dry-run",
            "kvctl sync public -b CONFIG_CACHE --prefix site/ --delete --yes",
        ],
    ),
    ("bulk", &["kvctl bulk put pairs.json -b CONFIG_CACHE"]),
    (
        "bulk put",
        &["kvctl bulk put pairs.json -b CONFIG_CACHE --ttl 1d"],
    ),
    ("bulk get", &["kvctl bulk get keys.json -b CONFIG_CACHE"]),
    (
        "bulk delete",
        &["kvctl bulk delete keys.json -b CONFIG_CACHE --yes"],
    ),
    (
        "scaffold",
        &[
            "kvctl scaffold --dry-run",
            "kvctl scaffold --only cache,types",
        ],
    ),
    (
        "export",
        &[
            "kvctl export sessions.ndjson -b SESSIONS",
            "kvctl export -b SESSIONS --format csv > sessions.csv",
        ],
    ),
    (
        "import",
        &[
            "kvctl import sessions.ndjson -b SESSIONS --dry-run",
            "kvctl import sessions.ndjson -b SESSIONS --env staging",
        ],
    ),
    (
        "copy",
        &[
            "kvctl copy binding:SESSIONS binding:SESSIONS@staging",
            "kvctl copy binding:SESSIONS local:binding:SESSIONS",
        ],
    ),
    (
        "diff",
        &[
            "kvctl diff sessions.ndjson binding:SESSIONS",
            "kvctl diff binding:SESSIONS binding:SESSIONS@staging",
        ],
    ),
    (
        "usage",
        &["kvctl usage", "kvctl usage --days 7 --plan paid"],
    ),
    ("doctor", &["kvctl doctor", "kvctl doctor --local"]),
    (
        "audit",
        &[
            "kvctl audit",
            "kvctl audit -b SESSIONS --expiring-within 1h",
        ],
    ),
    (
        "verify",
        &[
            "kvctl verify",
            "kvctl verify --all-envs --read-only --fail-on warn",
            "kvctl verify --only credentials,namespaces",
        ],
    ),
    (
        "serve",
        &[
            "kvctl serve",
            "kvctl serve --memory --port 0",
            "kvctl serve --check",
        ],
    ),
    (
        "completions",
        &[
            "source <(kvctl completions bash)",
            "kvctl completions fish > kvctl.fish",
        ],
    ),
    ("man", &["kvctl man man"]),
    ("version", &["kvctl version"]),
];

/// Returns the examples of a command, such as `key get`.
pub(super) fn of(command: &str) -> &'static [&'static str] {
    let found = EXAMPLES.iter().find(|(name, _)| *name == command);
    found.map_or(&[], |(_, examples)| *examples)
}
