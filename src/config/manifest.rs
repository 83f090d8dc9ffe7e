//! `kvctl.toml`: what a project says about its namespaces, beside its wrangler file.
//!
//! Owns the file's format. Imports `domain`.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::Error as _};

use super::position::Position;

mod scaffold;

pub use scaffold::{
    CacheOptions, EndpointRule, FailMode, Part, RateLimitOptions, Scaffold, SessionOptions,
};

use crate::domain::{Binding, Title, Ttl, TtlError};

/// The name of the file.
pub const MANIFEST_NAME: &str = "kvctl.toml";

/// What a project says about its namespaces.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The namespaces it needs.
    #[serde(default, rename = "namespace")]
    pub namespaces: Vec<ManifestNamespace>,
    /// What `verify` checks; opaque to everything else.
    #[serde(default, rename = "assert")]
    pub asserts: Vec<serde_json::Value>,
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
    /// Its title, if not the usual one; environments append `-ENV`.
    #[serde(default, deserialize_with = "parsed_option")]
    pub title: Option<Title>,
    /// What its keys begin with.
    #[serde(default)]
    pub prefix: Option<String>,
    /// Rules for the time to live of its keys.
    #[serde(default)]
    pub ttl: Option<TtlRule>,
    /// Whether deleting it, or many of its keys, needs `--confirm`.
    #[serde(default)]
    pub protect: bool,
}

/// Rules for the time to live of keys, checked by `audit`. The shortest is no longer than the longest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "TtlTable")]
pub struct TtlRule {
    /// Whether every key must expire.
    pub required: bool,
    /// The shortest that is right, such as `60s`.
    pub min: Option<Ttl>,
    /// The longest that is right, such as `24h`.
    pub max: Option<Ttl>,
}

/// The table as it is written: in itself right, but its parts may not fit together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TtlTable {
    #[serde(default)]
    required: bool,
    #[serde(default, deserialize_with = "ttl")]
    min: Option<Ttl>,
    #[serde(default, deserialize_with = "ttl")]
    max: Option<Ttl>,
}

impl TryFrom<TtlTable> for TtlRule {
    type Error = String;

    fn try_from(table: TtlTable) -> Result<Self, String> {
        let TtlTable { required, min, max } = table;
        match (min, max) {
            (Some(min), Some(max)) if min > max => Err(format!(
                "ttl.min, {min}, is longer than ttl.max, {max}: no key could have such a time to live"
            )),
            _ => Ok(Self { required, min, max }),
        }
    }
}

/// Reads a time to live as `--ttl` takes it; bare seconds may also be a number.
fn ttl<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Ttl>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "a time to live is seconds (3600) or a duration (\"1h30m\", \"7d\")"
    )]
    enum Written {
        Seconds(i64),
        Text(String),
    }
    let text = match Written::deserialize(deserializer)? {
        Written::Seconds(seconds) => seconds.to_string(),
        Written::Text(text) => text,
    };
    text.parse().map(Some).map_err(|e| match e {
        TtlError::TooShort(_) => {
            D::Error::custom(format!("{e}: the service takes none that is shorter"))
        }
        TtlError::Unparsable(_) | TtlError::TooLong(_) => D::Error::custom(e),
    })
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

/// Why there is no manifest though there is a file.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what a manifest is.
    #[error("{}:{}:{}: {message}", path.display(), position.line, position.column)]
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
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Wrong { .. } => Some(
                "kvctl.toml holds [[namespace]] tables with binding, title, prefix, ttl and \
                 protect, [[assert]] tables, and a [scaffold] table"
                    .to_owned(),
            ),
        }
    }
}

impl Manifest {
    /// Reads the manifest in `directory`; `None` if there is none.
    pub fn read(directory: &Path) -> Result<Option<Self>, ManifestError> {
        let path = directory.join(MANIFEST_NAME);
        match fs_err::read_to_string(&path) {
            Ok(text) => Self::parse(&path, &text).map(Some),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ManifestError::Read { path, source }),
        }
    }

    /// Parses `text`, the content of the file at `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ManifestError> {
        let wrong = |at: usize, message: String| ManifestError::Wrong {
            path: path.to_owned(),
            position: Position::of(text, at),
            message,
        };
        let manifest: Self = toml_edit::de::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            wrong(at, e.message().replace('\n', ", "))
        })?;
        let mut seen = std::collections::HashSet::new();
        for namespace in &manifest.namespaces {
            if !seen.insert(&namespace.binding) {
                let binding = &namespace.binding;
                let at = text.rfind(binding.as_str()).unwrap_or(0);
                return Err(wrong(at, format!("binding `{binding}` appears twice")));
            }
        }
        let contradiction = manifest.scaffold.as_ref().and_then(Scaffold::contradiction);
        if let Some((key, said)) = contradiction {
            let table = text.find("[scaffold").unwrap_or(0);
            let at = text[table..].find(key).map_or(table, |at| table + at);
            return Err(wrong(at, said));
        }
        Ok(manifest)
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
        kvctl.toml:3:15: a time to live is at least 60 seconds, not 30: the service takes none that is shorter
        kvctl.toml:3:15: a time to live is at least 60 seconds, not 59: the service takes none that is shorter
        kvctl.toml:3:15: a time to live is seconds (3600) or a duration ("1h30m", "7d")
        kvctl.toml:3:7: ttl.min, 2h, is longer than ttl.max, 1h: no key could have such a time to live
        kvctl.toml:3:9: unknown field `maximum`, expected one of `required`, `min`, `max`
        kvctl.toml:3:20: invalid type: string "yes", expected a boolean
        "#);
    }

    #[test]
    fn errors_name_line_and_column() {
        let said = |text| parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(said("[[namespace]]\nbindin = \"A\"\n"), @"kvctl.toml:2:1: unknown field `bindin`, expected one of `binding`, `title`, `prefix`, `ttl`, `protect`");
        insta::assert_snapshot!(said("[[namespace]]\nbinding = \"\"\n"), @"kvctl.toml:2:11: a binding name is empty");
        insta::assert_snapshot!(said("[[namespace]]\nbinding = \"A\"\n[[namespace]]\nbinding = \"A\"\n"), @"kvctl.toml:4:12: binding `A` appears twice");
        insta::assert_snapshot!(said("[[namespace]\n"), @"kvctl.toml:1:13: unclosed array table, expected `]`");
    }
}
