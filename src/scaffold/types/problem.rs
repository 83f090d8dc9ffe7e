//! Why a file's `Env` is not edited.

use std::fmt;

/// A problem, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from one, where it has one.
    pub line: Option<usize>,
    /// The kind of problem.
    pub kind: Kind,
}

/// A kind of problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Kind {
    /// The parser does not understand the file.
    #[error("syntax error: this does not parse as TypeScript")]
    Unparsable,
    /// `Env` is declared more than once.
    #[error("`Env` is declared more than once (also on line {0})")]
    Twice(usize),
    /// `Env` is imported or re-exported.
    #[error("`Env` is imported from another module here")]
    Imported,
    /// `Env` is what `wrangler types` generates.
    #[error("`Env` is `Cloudflare.Env` here, which `wrangler types` generates")]
    Generated,
    /// `Env` is in `declare global`.
    #[error("`Env` is declared in `declare global` here")]
    Global,
    /// `Env` is a type that has no list of fields.
    #[error("`Env` is {0}, not an interface or an object type")]
    Shape(&'static str),
    /// `Env` takes any name.
    #[error("`Env` has an index signature, which a KVNamespace may not fit")]
    Index,
    /// The field is there, with another type.
    #[error("`Env` has `{binding}` already, as `{found}`")]
    OtherType {
        /// The binding.
        binding: String,
        /// The field.
        found: String,
    },
    /// The file has a `KVNamespace` of its own.
    #[error("the file declares a `KVNamespace` of its own")]
    OwnNamespace,
    /// A name would have to be imported into a file that is not a module.
    #[error(
        "`KVNamespace` is not known here: the file has no `import` or `export`, and an import would change what its other names mean"
    )]
    Script,
    /// The edit did not do what it should.
    #[error("the edit would change other parts of the file; this is a bug in kvctl")]
    NotClean,
}

impl Problem {
    /// A problem of the file as a whole.
    pub(super) fn somewhere(kind: Kind) -> Self {
        Self { line: None, kind }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl Kind {
    /// What the user can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unparsable => "fix that line; if it is correct, add the fields by hand",
            Self::Twice(_) => "merge the declarations",
            Self::Imported => "pass the file that declares it with `--types FILE`",
            Self::Generated => "run `npx wrangler types`: it adds the namespaces itself",
            Self::Global => "move `Env` out of `declare global`, or add the fields by hand",
            Self::OtherType { .. } => "rename that field, or make it a `KVNamespace`",
            Self::OwnNamespace => "rename that type, or add the fields by hand",
            Self::Script => {
                "add \"@cloudflare/workers-types\" to `types` in tsconfig.json, or run \
                 `npx wrangler types`"
            }
            Self::Shape(_) | Self::Index | Self::NotClean => "add the fields by hand",
        }
    }
}
