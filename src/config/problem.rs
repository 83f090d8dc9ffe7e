//! What a wrangler file can say that wrangler would not take.

use super::{Field, Position};
use crate::domain::{Binding, EnvNameError};

/// A problem at a position in a wrangler file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A JSON file that is not an object.
    #[error("the file is {0}; a wrangler file is an object")]
    Root(&'static str),
    /// `env` or an environment is not a table.
    #[error("`{key}` is {found}; it must be a table")]
    NotATable {
        /// The key.
        key: String,
        /// What it is instead.
        found: &'static str,
    },
    /// `[kv_namespaces]` for `[[kv_namespaces]]`.
    #[error("`kv_namespaces` is a single table; it must be an array of tables")]
    SingleTable,
    /// `kv_namespaces` that is neither.
    #[error("`kv_namespaces` is {0}; it must be an array of tables")]
    NotAnArray(&'static str),
    /// An entry is not a table.
    #[error("this entry of `kv_namespaces` is {0}; it must be a table with a `binding`")]
    Entry(&'static str),
    /// `kv_namespaces` where wrangler does not look.
    #[error("`kv_namespaces` is inside `{0}`; it belongs at the top level or in an environment")]
    Misplaced(String),
    /// Another spelling of `kv_namespaces`.
    #[error("unknown key `{0}`; wrangler expects `kv_namespaces`")]
    Misspelt(String),
    /// A key of an entry that wrangler does not know, with what looks like an id.
    #[error("`{0}` holds what looks like an id, and wrangler ignores the key")]
    IgnoredId(String),
    /// A setting below the header of an entry, which makes it part of the entry.
    #[error("`{0}` is part of an entry of `kv_namespaces`, where wrangler ignores it")]
    Swallowed(String),
    /// An entry without a name.
    #[error("this entry of `kv_namespaces` has no `binding`; every entry needs one")]
    NoBinding,
    /// An invalid name.
    #[error("{0}; a binding is a name such as SESSIONS")]
    Binding(String),
    /// A value that must be text.
    #[error("`{key}` is {found}; it must be a string")]
    NotAString {
        /// The key.
        key: String,
        /// What it is instead.
        found: &'static str,
    },
    /// A value that must be true or false.
    #[error("`{key}` is {found}; it must be true or false")]
    NotABoolean {
        /// The key.
        key: String,
        /// What it is instead.
        found: &'static str,
    },
    /// An id that is not text.
    #[error("`{field}` is {found}; it must be a string of 32 hexadecimal digits")]
    IdType {
        /// The key.
        field: Field,
        /// What it is instead.
        found: &'static str,
    },
    /// An id with a control character in it.
    #[error(
        "`{field}` contains {character:?}, which is not allowed; an id is 32 hexadecimal digits"
    )]
    IdCharacter {
        /// The key.
        field: Field,
        /// The first of them.
        character: char,
    },
    /// More entries than any account could have namespaces for.
    #[error("`kv_namespaces` has {found} entries; kvctl takes at most {most} in one section")]
    TooMany {
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// The same name twice in one scope.
    #[error("`{binding}` is bound here and at {other}; a binding must be unique in its section")]
    Duplicate {
        /// The name.
        binding: Binding,
        /// Where it was bound first.
        other: Position,
    },
    /// The same key twice in one JSON object.
    #[error("`{key}` is set here and at {other}; only one of them would count")]
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it stood first.
        other: Position,
    },
    /// An environment without a usable name.
    #[error(transparent)]
    Environment(EnvNameError),
}

impl Problem {
    /// Says what to change.
    pub fn remedy(&self) -> String {
        match self {
            Self::Root(_) => "put everything between `{` and `}`".to_owned(),
            Self::NotATable { key, .. } => format!("make `{key}` a table, or remove it"),
            Self::SingleTable | Self::NotAnArray(_) => {
                "write `[[kv_namespaces]]` with two brackets in TOML, or `\"kv_namespaces\": [ … ]` \
                 in JSON"
                    .to_owned()
            }
            Self::Entry(_) => "write `{ binding = \"NAME\" }` in TOML, or \
                 `{ \"binding\": \"NAME\" }` in JSON"
                .to_owned(),
            Self::Misplaced(_) => "in TOML, move it above the first `[table]` header, or write \
                 `[[kv_namespaces]]` or `[[env.NAME.kv_namespaces]]`; in JSON, move it out of the \
                 inner object"
                .to_owned(),
            Self::Misspelt(key) => format!("rename `{key}` to `kv_namespaces`"),
            Self::IgnoredId(key) => {
                format!("rename `{key}` to `id` or `preview_id`, or remove it")
            }
            Self::Swallowed(key) => format!(
                "move `{key}` above the first `[table]` header of the file, or below the `[env.NAME]` \
                 header that it belongs to: in TOML a key is part of the table whose header is above it"
            ),
            Self::NoBinding => "add `binding` to the entry, or remove the entry".to_owned(),
            Self::Binding(_) => "give the entry a name, or remove the entry".to_owned(),
            Self::NotAString { key, .. } => {
                format!("put the value of `{key}` in double quotes, or remove it")
            }
            Self::NotABoolean { key, .. } => format!("write `true` or `false`, or remove `{key}`"),
            Self::IdType { field, .. } => {
                format!("write the id in double quotes, or remove `{field}`")
            }
            Self::IdCharacter { field, .. } => {
                format!("remove the character, or remove `{field}`")
            }
            Self::Duplicate { .. } | Self::DuplicateKey { .. } => {
                "rename one of the two, or remove one".to_owned()
            }
            Self::TooMany { .. } => "check whether the file was generated correctly".to_owned(),
            Self::Environment(_) => "give the environment a name that can be seen".to_owned(),
        }
    }
}
