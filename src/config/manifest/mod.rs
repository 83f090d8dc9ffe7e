//! `kvctl.toml`: what a project says about its namespaces, beside its wrangler file.
//!
//! Owns the file's format. Imports `domain`.

mod assert;
mod rename;
mod scaffold;
mod ttl;

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::Error as _};

pub use assert::{Assertion, Claim, Expectation};
pub use rename::RenamedManifest;
pub use scaffold::{
    CacheOptions, EndpointRule, FailMode, Part, RateLimitOptions, Scaffold, SessionOptions,
};
pub use ttl::TtlRule;

use super::{Location, position::Position, toml};
use crate::{
    domain::{
        Binding, Classification, Classify, ErrorClass, Jurisdiction, Prefixes, ShowPath as _,
        Title, nearest,
    },
    fsx,
};
use scaffold::Contradiction;

/// The name of the file.
pub const MANIFEST_NAME: &str = "kvctl.toml";

/// The most that the file may hold, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// What a project says about its namespaces.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The namespaces it needs.
    #[serde(default, rename = "namespace")]
    pub namespaces: Vec<ManifestNamespace>,
    /// Assertions about the keys.
    #[serde(skip)]
    pub asserts: Vec<Assertion>,
    /// Where the file is.
    #[serde(skip)]
    pub path: PathBuf,
    #[serde(default, rename = "assert")]
    tables: Vec<assert::Table>,
    /// What `scaffold` writes, and the defaults in it.
    #[serde(default)]
    pub scaffold: Option<Scaffold>,
}

/// One namespace that a project needs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestNamespace {
    /// Its binding.
    #[serde(deserialize_with = "parsed")]
    pub binding: Binding,
    /// Its title, if not the usual one; environments append `-ENV`, but for those of the same Worker.
    #[serde(default, deserialize_with = "parsed_option")]
    pub title: Option<Title>,
    /// What its keys begin with, each with one of these.
    #[serde(default)]
    pub prefix: Option<Prefixes>,
    /// Rules for the TTL of its keys.
    #[serde(default)]
    pub ttl: Option<TtlRule>,
    /// Whether deleting it, or many of its keys, needs `--confirm`.
    #[serde(default)]
    pub protect: bool,
    /// Where its data must stay.
    #[serde(default, deserialize_with = "parsed_option")]
    pub jurisdiction: Option<Jurisdiction>,
}

fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}

fn parsed_option<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    parsed(deserializer).map(Some)
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("could not read {}", path.shown())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what a manifest is.
    #[error("{}:{}:{}: {message}", path.shown(), position.line, position.column)]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where.
        position: Position,
        /// What is wrong.
        message: String,
    },
}

impl ManifestError {
    /// Returns where the file is wrong, if it could be read.
    pub fn place(&self) -> Option<Location> {
        match self {
            Self::Read { .. } => None,
            Self::Wrong { path, position, .. } => Some(Location {
                path: path.clone(),
                position: *position,
            }),
        }
    }
}

impl Classify for ManifestError {
    fn classify(&self) -> Classification {
        match self {
            Self::Read { .. } => {
                ErrorClass::Config.hint("correct the file or the link, or remove it")
            }
            Self::Wrong { .. } => ErrorClass::Config.hint(
                "kvctl.toml holds [[namespace]] tables with binding, title, prefix, ttl, protect \
                 and jurisdiction, [[assert]] tables with binding, and key or prefix, and a [scaffold] table",
            ),
        }
    }
}

/// Adds the nearest key that is known to what the parser says of one that is not.
fn with_nearest(message: &str) -> String {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let near = match (message.starts_with("unknown field "), words.as_slice()) {
        (true, [unknown, known @ ..]) => nearest(unknown, known.iter().copied()),
        _ => None,
    };
    match near {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message.to_owned(),
    }
}

/// Reads the text of the file at `path`, if there is one.
fn text_of(path: &Path) -> Result<Option<String>, ManifestError> {
    fsx::read_text_if_any(path, MAX_BYTES).map_err(|source| ManifestError::Read {
        path: path.to_owned(),
        source,
    })
}

impl Manifest {
    /// Reads the manifest in `directory`; `None` if there is none.
    pub fn read(directory: &Path) -> Result<Option<Self>, ManifestError> {
        let path = directory.join(MANIFEST_NAME);
        let text = text_of(&path)?;
        text.map(|text| Self::parse(&path, &text)).transpose()
    }

    /// Parses `text`, the content of the file at `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ManifestError> {
        let wrong = |at: usize, message: String| ManifestError::Wrong {
            path: path.to_owned(),
            position: Position::of(text, at),
            message,
        };
        let mut manifest: Self = toml_edit::de::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            wrong(at, with_nearest(&e.message().replace('\n', ", ")))
        })?;
        let root = toml::parse(text).map_err(|e| wrong(0, e.message().to_owned()))?;
        let mut seen = HashSet::new();
        let namespaces = root.items_of("namespace");
        for (namespace, node) in manifest.namespaces.iter().zip(namespaces) {
            let binding = &namespace.binding;
            if !seen.insert(binding) {
                let at = node.offset_of(&["binding"]);
                return Err(wrong(at, format!("binding `{binding}` appears twice")));
            }
        }
        let contradiction = manifest.scaffold.as_ref().and_then(Scaffold::contradiction);
        if let Some(Contradiction { keys, message }) = contradiction {
            let scaffold = root.get("scaffold").unwrap_or(&root);
            let given = |keys: &&[&str]| scaffold.at(keys).is_some();
            let at = keys.iter().copied().find(given).unwrap_or(&[]);
            return Err(wrong(scaffold.offset_of(at), message));
        }
        path.clone_into(&mut manifest.path);
        let places = root.items_of("assert");
        for (table, place) in std::mem::take(&mut manifest.tables).into_iter().zip(places) {
            let position = Position::of(text, place.span.start);
            let read = table.read(position);
            let read = read.map_err(|w| wrong(w.offset(place), w.message))?;
            manifest.asserts.push(read);
        }
        Ok(manifest)
    }

    /// Returns a place of the file.
    pub fn place(&self, position: Position) -> Location {
        Location {
            path: self.path.clone(),
            position,
        }
    }

    /// Returns what it says about `binding`.
    pub fn namespace(&self, binding: &Binding) -> Option<&ManifestNamespace> {
        self.namespaces.iter().find(|n| n.binding == *binding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(Path::new("kvctl.toml"), text)
    }

    #[test]
    fn reads_what_the_documentation_shows() {
        let manifest = parse(
            "[[namespace]]\nbinding = \"SESSIONS\"\ntitle = \"bio-sessions\"\nprefix = \"session:\"\n\
             ttl = { required = true, min = \"60s\", max = \"24h\" }\nprotect = true\n\n\
             [[assert]]\nbinding = \"CONFIG_CACHE\"\nkey = \"profile:demo\"\n\
             json = { \"/username\" = \"demo\" }\n",
        )
        .unwrap();
        let sessions = manifest.namespace(&"SESSIONS".parse().unwrap()).unwrap();
        assert_eq!(sessions.title.as_ref().unwrap().as_str(), "bio-sessions");
        assert!(sessions.protect);
        let rule = TtlRule {
            required: true,
            min: Some("60".parse().unwrap()),
            max: Some("1d".parse().unwrap()),
        };
        assert_eq!(sessions.ttl, Some(rule));
    }

    #[test]
    fn a_ttl_rule_is_one_that_keys_can_keep() {
        let said = |rule: &str| {
            let text = format!("[[namespace]]\nbinding = \"A\"\nttl = {{ {rule} }}\n");
            parse(&text).map_or_else(|e| e.to_string(), |m| format!("{:?}", m.namespaces[0].ttl))
        };
        let rules = [
            "min = \"soon\"",
            "min = \"30s\"",
            "max = 59",
            "max = true",
            "min = \"2h\", max = 3600",
            "maximum = 60",
            "required = \"yes\"",
        ];
        insta::assert_snapshot!(rules.map(said).join("\n"), @r#"
        kvctl.toml:3:15: `soon` is not a duration; write seconds (3600) or units (1h30m, 7d)
        kvctl.toml:3:15: a TTL is at least 60 seconds, not 30, the service's minimum
        kvctl.toml:3:15: a TTL is at least 60 seconds, not 59, the service's minimum
        kvctl.toml:3:15: a TTL is seconds (3600) or a duration ("1h30m", "7d")
        kvctl.toml:3:7: ttl.min, 2h, is longer than ttl.max, 1h
        kvctl.toml:3:9: unknown field `maximum`, expected one of `required`, `min`, `max`; did you mean `max`?
        kvctl.toml:3:20: invalid type: string "yes", expected a boolean
        "#);
        let flat = parse("[[namespace]]\nbinding = \"A\"\nttl = \"1h\"\n").unwrap_err();
        insta::assert_snapshot!(flat, @r#"kvctl.toml:3:7: invalid type: string "1h", expected a table, such as { required = true, max = "24h" }"#);
    }

    #[test]
    fn a_jurisdiction_is_one_that_the_service_knows() {
        let read = |value: &str| {
            let text = format!("[[namespace]]\nbinding = \"A\"\njurisdiction = {value}\n");
            parse(&text).map(|m| m.namespaces[0].jurisdiction)
        };
        for known in ["eu", "fedramp", "us"] {
            let read = read(&format!("\"{known}\"")).unwrap();
            assert_eq!(read.map(Jurisdiction::as_str), Some(known));
        }
        let said = ["\"EU\"", "\"\"", "1"];
        let said = said.map(|value| read(value).unwrap_err().to_string());
        insta::assert_snapshot!(said.join("\n"), @"
        kvctl.toml:3:16: unknown jurisdiction `EU`; expected eu, fedramp or us
        kvctl.toml:3:16: unknown jurisdiction ``; expected eu, fedramp or us
        kvctl.toml:3:16: invalid type: integer `1`, expected a string
        ");
    }

    proptest::proptest! {
        #[test]
        fn any_jurisdiction_is_read_or_refused_where_it_stands(text in "[a-z]{0,8}|eu|us|fedramp") {
            let file = format!("[[namespace]]\nbinding = \"A\"\njurisdiction = \"{text}\"\n");
            match (parse(&file), text.parse::<Jurisdiction>()) {
                (Ok(manifest), Ok(known)) => {
                    proptest::prop_assert_eq!(manifest.namespaces[0].jurisdiction, Some(known));
                }
                (Err(error), Err(_)) => {
                    let place = error.place().unwrap().position.to_string();
                    proptest::prop_assert_eq!(place, "3:16");
                }
                (read, known) => proptest::prop_assert!(false, "{read:?} {known:?}"),
            }
        }
    }

    #[test]
    fn errors_name_line_and_column() {
        let said = |text| parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(said("[[namespace]]\nbindin = \"A\"\n"), @"kvctl.toml:2:1: unknown field `bindin`, expected one of `binding`, `title`, `prefix`, `ttl`, `protect`, `jurisdiction`; did you mean `binding`?");
        insta::assert_snapshot!(said("[[namespace]]\nbinding = \"\"\n"), @"kvctl.toml:2:11: binding name is empty");
        insta::assert_snapshot!(said("[[namespace]]\nbinding = \"A\"\n[[namespace]]\nbinding = \"A\"\n"), @"kvctl.toml:4:11: binding `A` appears twice");
        insta::assert_snapshot!(said("[[namespace]]\nbinding = \"A\"\ntitle = \"A\"\n\n[[namespace]]\nbinding = \"A\" # A\nprefix = \"A\"\n# A\n"), @"kvctl.toml:6:11: binding `A` appears twice");
        insta::assert_snapshot!(said("namespace = [{ binding = \"A\" }, { title = \"A\", \"binding\" = \"A\" }]\n"), @"kvctl.toml:1:60: binding `A` appears twice");
        insta::assert_snapshot!(said("[[namespace]\n"), @"kvctl.toml:1:13: unclosed array table, expected `]`");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_not_the_same_as_no_file() {
        let directory = tempfile::tempdir().unwrap();
        assert!(Manifest::read(directory.path()).unwrap().is_none());
        std::os::unix::fs::symlink("gone", directory.path().join(MANIFEST_NAME)).unwrap();
        let [old, new] = ["A", "B"].map(|name| name.parse().unwrap());
        let read = Manifest::read(directory.path()).map(drop);
        let renamed = Manifest::rename(directory.path(), &old, &new).map(drop);
        for error in [read, renamed].map(Result::unwrap_err) {
            assert!(matches!(error, ManifestError::Read { .. }), "{error}");
            assert_eq!(error.classify().class, ErrorClass::Config);
        }
    }

    #[test]
    fn a_contradiction_is_where_the_file_says_it() {
        let said = |text: &str| parse(text).unwrap_err().to_string();
        let comment = "# [scaffold] ttl, max_ttl\n";
        let texts = [
            "[scaffold.sessions]\nttl = 90\n[scaffold.cache]\nttl = \"2h\"\nmax_ttl = \"1h\"\n",
            "[scaffold]\nsessions = { max_ttl = 60 }\n",
            "[scaffold.cache]\nvalue_from = \"./ttl\"\n",
            "scaffold.sessions.idle_timeout = \"9000h\"\n",
        ];
        let said = texts.map(|text| said(&format!("{comment}{text}")));
        insta::assert_snapshot!(said.join("\n"), @"
        kvctl.toml:5:7: `ttl` of [scaffold.cache] is 7200 seconds and `max_ttl` only 3600
        kvctl.toml:3:24: `ttl` of [scaffold.sessions] is 86400 seconds and `max_ttl` only 60
        kvctl.toml:3:14: `value_from` needs `value_type`, the name of the type
        kvctl.toml:2:34: `idle_timeout` of [scaffold.sessions] is 32400000 seconds and `max_ttl` only 2592000
        ");
    }

    #[test]
    fn assertions_are_read_as_the_file_says_them() {
        let manifest = parse(
            "[[assert]]\nbinding = \"A\"\nkey = \"k\"\nequals = \"v\"\nttl = { min = \"1h\" }\n\
             metadata = { a = [1] }\n\n[[assert]]\nbinding = \"A\"\nenvironment = \"live\"\n\
             key = \"gone\"\nexists = false\n\n[[assert]]\nbinding = \"B\"\nprefix = \"p:\"\n\
             count = { max = 3 }\n",
        )
        .unwrap();
        let lines: Vec<usize> = manifest.asserts.iter().map(|a| a.position.line).collect();
        assert_eq!(lines, [1, 8, 14]);
        insta::assert_debug_snapshot!(
            manifest
                .asserts
                .iter()
                .map(|a| &a.claim)
                .collect::<Vec<_>>()
        );
        assert!(manifest.asserts[1].environment.is_some());
    }

    #[test]
    fn an_assertion_that_makes_no_sense_is_refused_where_it_stands() {
        for (table, expected) in [
            ("", "1:1: missing field `binding`"),
            ("key = 'k'\nexits = true", "4:1: unknown field `exits`"),
            ("key = 'k'\nexits = true", "did you mean `exists`?"),
            ("key = ''\nexists = true", "3:7: key name is empty"),
            (
                "key = 'k'",
                "1:1: an assertion about a `key` expects something",
            ),
            ("exists = true", "1:1: an assertion needs a `key`"),
            ("key = 'k'\nprefix = 'p'", "4:10: give `key` or `prefix`"),
            ("prefix = 'p'", "3:10: a `prefix` needs a `count`"),
            (
                "key = 'k'\ncount = { min = 1 }",
                "4:9: a `count` needs a `prefix`",
            ),
            ("prefix = 'p'\ncount = {}", "4:9: a `count` needs a `min`"),
            (
                "prefix = 'p'\ncount = { min = 2, max = 1 }",
                "4:9: `min` is greater",
            ),
            ("prefix = 'p'\ncount = { min = -1 }", "4:17: invalid value"),
            ("prefix = 'p'\ncount = { low = 1 }", "unknown field `low`"),
            (
                "prefix = 'p'\ncount = { min = 1 }\nequals = ''",
                "5:10: `equals` belongs to a `key`",
            ),
            (
                "key = 'k'\nexists = true\nabsent = true",
                "5:10: `exists` and `absent` contradict",
            ),
            (
                "key = 'k'\nequals = ''\nabsent = true",
                "5:10: an absent key has no value",
            ),
            ("key = 'k'\nsha256 = 'abc'", "4:10: a SHA-256 is 64"),
            (
                "key = 'k'\njson = { name = 1 }",
                "4:8: `name` is not a JSON pointer",
            ),
            (
                "key = 'k'\nttl = { min = 'soon' }",
                "4:15: `soon` is not a duration",
            ),
        ] {
            let binding = if table.is_empty() {
                ""
            } else {
                "binding = 'A'\n"
            };
            let error = parse(&format!("[[assert]]\n{binding}{table}\n")).unwrap_err();
            assert!(error.to_string().contains(expected), "{table}: {error}");
        }
    }
}
