//! The `[[assert]]` tables of `kvctl.toml`: what must hold of the keys there are.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{parsed, parsed_option};
use crate::{
    config::{Position, node::Node},
    domain::{Binding, EnvName, KeyName, Ttl},
};

/// Something that must hold.
#[derive(Debug, Clone)]
pub struct Assertion {
    /// The namespace, by its binding.
    pub binding: Binding,
    /// The only section in which it must hold; without one, in every section that has the binding.
    pub environment: Option<EnvName>,
    /// What must hold.
    pub claim: Claim,
    /// Where the table begins.
    pub position: Position,
}

/// What must hold.
#[derive(Debug, Clone)]
pub enum Claim {
    /// All of this of one key.
    Key(KeyName, Vec<Expectation>),
    /// How many keys begin with a prefix.
    Count {
        /// The prefix; empty for all keys.
        prefix: String,
        /// Minimum.
        min: usize,
        /// Maximum.
        max: Option<usize>,
    },
}

/// The expectations about one key.
#[derive(Debug, Clone)]
pub enum Expectation {
    /// It is there.
    Exists,
    /// It is not there.
    Absent,
    /// Its value is this text.
    Equals(String),
    /// Its value has this SHA-256, 64 hexadecimal digits in lower case.
    Sha256(String),
    /// Its value is JSON, with these values at these JSON pointers (RFC 6901).
    Json(BTreeMap<String, Value>),
    /// It lives for so long at least; what never expires does.
    TtlAtLeast(Ttl),
    /// It has this metadata.
    Metadata(Value),
}

/// The table as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(deserialize_with = "parsed")]
    binding: Binding,
    #[serde(default, deserialize_with = "parsed_option")]
    environment: Option<EnvName>,
    #[serde(default, deserialize_with = "parsed_option")]
    key: Option<KeyName>,
    exists: Option<bool>,
    absent: Option<bool>,
    equals: Option<String>,
    sha256: Option<String>,
    json: Option<BTreeMap<String, Value>>,
    ttl: Option<AtLeast>,
    metadata: Option<Value>,
    prefix: Option<String>,
    count: Option<Between>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct AtLeast {
    #[serde(deserialize_with = "parsed")]
    min: Ttl,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Between {
    min: Option<usize>,
    max: Option<usize>,
}

/// What is wrong with a table, and the key that it is about; the table itself if none.
pub(super) struct Wrong {
    pub(super) key: Option<&'static str>,
    pub(super) message: String,
}

impl Wrong {
    fn at(key: &'static str, message: impl Into<String>) -> Self {
        Self {
            key: Some(key),
            message: message.into(),
        }
    }

    fn of_table(message: &str) -> Self {
        Self {
            key: None,
            message: message.to_owned(),
        }
    }

    /// Finds the byte of the text that it is about, in the tree of the table.
    pub(super) fn offset(&self, table: &Node) -> usize {
        let property = self.key.and_then(|key| table.property(key));
        property.map_or(table.span.start, |p| p.value.span.start)
    }
}

impl Table {
    /// Checks what the table says as a whole.
    pub(super) fn read(self, position: Position) -> Result<Assertion, Wrong> {
        let claim = match (&self.key, &self.prefix) {
            (Some(_), Some(_)) => {
                return Err(Wrong::at("prefix", "give `key` or `prefix`, not both"));
            }
            (None, None) => {
                let message = "an assertion needs a `key`, or a `prefix` with a `count`";
                return Err(Wrong::of_table(message));
            }
            (None, Some(prefix)) => self.counting(prefix.clone())?,
            (Some(key), None) => Claim::Key(key.clone(), self.expectations()?),
        };
        Ok(Assertion {
            binding: self.binding,
            environment: self.environment,
            claim,
            position,
        })
    }

    fn counting(&self, prefix: String) -> Result<Claim, Wrong> {
        let foreign = self.of_key();
        if let Some((key, _)) = foreign.into_iter().find(|(_, given)| *given) {
            let message = format!("`{key}` belongs to a `key`, not to a `prefix`");
            return Err(Wrong::at(key, message));
        }
        let Some(Between { min, max }) = self.count else {
            return Err(Wrong::at("prefix", "a `prefix` needs a `count`"));
        };
        if min.is_none() && max.is_none() {
            return Err(Wrong::at(
                "count",
                "a `count` needs a `min`, a `max`, or both",
            ));
        }
        let min = min.unwrap_or(0);
        if max.is_some_and(|max| max < min) {
            return Err(Wrong::at("count", "`min` is greater than `max`"));
        }
        Ok(Claim::Count { prefix, min, max })
    }

    /// Returns the keys that say something of one key, and whether they are given.
    fn of_key(&self) -> [(&'static str, bool); 7] {
        [
            ("exists", self.exists.is_some()),
            ("absent", self.absent.is_some()),
            ("equals", self.equals.is_some()),
            ("sha256", self.sha256.is_some()),
            ("json", self.json.is_some()),
            ("ttl", self.ttl.is_some()),
            ("metadata", self.metadata.is_some()),
        ]
    }

    fn expectations(&self) -> Result<Vec<Expectation>, Wrong> {
        if self.count.is_some() {
            return Err(Wrong::at(
                "count",
                "a `count` needs a `prefix`, not a `key`",
            ));
        }
        let absent = match (self.exists, self.absent) {
            (Some(exists), Some(absent)) if exists == absent => {
                return Err(Wrong::at(
                    "absent",
                    "`exists` and `absent` contradict each other",
                ));
            }
            (Some(exists), _) => Some(!exists),
            (None, absent) => absent,
        };
        let mut expected = self.of_value()?;
        match absent {
            Some(true) if !expected.is_empty() => {
                let key = if self.absent.is_some() {
                    "absent"
                } else {
                    "exists"
                };
                let message = "an absent key has no value, expiration or metadata";
                return Err(Wrong::at(key, message));
            }
            Some(true) => expected.push(Expectation::Absent),
            Some(false) => expected.insert(0, Expectation::Exists),
            None => {}
        }
        if expected.is_empty() {
            let message = "an assertion about a `key` expects something: `exists`, `absent`, \
                           `equals`, `sha256`, `json`, `ttl` or `metadata`";
            return Err(Wrong::of_table(message));
        }
        Ok(expected)
    }

    fn of_value(&self) -> Result<Vec<Expectation>, Wrong> {
        let mut expected = Vec::new();
        expected.extend(self.equals.clone().map(Expectation::Equals));
        if let Some(digest) = &self.sha256 {
            if digest.len() != 64 || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
                let message = "a SHA-256 is 64 hexadecimal digits";
                return Err(Wrong::at("sha256", message));
            }
            expected.push(Expectation::Sha256(digest.to_ascii_lowercase()));
        }
        if let Some(json) = &self.json {
            let wrong = |pointer: &&String| !pointer.is_empty() && !pointer.starts_with('/');
            if let Some(pointer) = json.keys().find(wrong) {
                let message =
                    format!("`{pointer}` is not a JSON pointer; JSON pointers begin with `/`");
                return Err(Wrong::at("json", message));
            }
            expected.push(Expectation::Json(json.clone()));
        }
        expected.extend(self.ttl.map(|ttl| Expectation::TtlAtLeast(ttl.min)));
        expected.extend(self.metadata.clone().map(Expectation::Metadata));
        Ok(expected)
    }
}
