//! Why a file's type of the bindings is not edited.

use std::{fmt, path::PathBuf};

/// A problem, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from one, where it has one.
    pub line: Option<usize>,
    /// The type in question.
    pub name: String,
    /// The kind of problem.
    pub kind: Kind,
}

/// A kind of problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The parser does not understand the file.
    Unparsable,
    /// The type is declared more than once; the line of the other declaration.
    Twice(usize),
    /// The type is imported or re-exported.
    Imported,
    /// `export * from` this module may bring the type.
    Star(String),
    /// The type is what `wrangler types` generates.
    Generated,
    /// The type is in `declare global`.
    Global,
    /// The type is in another declaration, such as `namespace Cloudflare`.
    Nested(&'static str),
    /// The type has no list of fields.
    Shape(&'static str),
    /// The type takes any name.
    Index,
    /// The field is there, with another type.
    OtherType {
        /// The binding.
        binding: String,
        /// The field.
        found: String,
    },
    /// A type that the type extends has the field, with another type.
    Inherited {
        /// The type that has it.
        base: String,
        /// The field.
        found: String,
    },
    /// The file has a `KVNamespace` of its own.
    OwnNamespace,
    /// The file imports a `KVNamespace` from this module, which is not the runtime's.
    OtherNamespace(String),
    /// A name would have to be imported into a file that is not a module.
    Script,
    /// The type is used here, and declared nowhere; the command that declares it.
    Undeclared(String),
    /// A package of the project expects the type, which is declared nowhere; the command that declares
    /// it.
    Expected(String),
    /// The type is what Hono calls `Env`.
    Hono,
    /// Other types may be meant: each with its file and line.
    Candidates(Vec<(PathBuf, usize, String)>),
    /// The edit did not do what it should.
    NotClean,
}

/// Why `KVNamespace` is not imported.
const SCRIPT: &str = "`KVNamespace` is not known here: the file has no `import` or `export`, and an \
                      import would change what its other names mean";

impl Problem {
    /// A problem of the file as a whole.
    pub(super) fn somewhere(kind: Kind) -> Self {
        Self {
            line: None,
            name: "Env".to_owned(),
            kind,
        }
    }

    /// A problem of `Env` on a line.
    pub fn on(line: usize, kind: Kind) -> Self {
        Self {
            line: Some(line),
            ..Self::somewhere(kind)
        }
    }

    /// The same problem of another type.
    #[must_use]
    pub fn of(self, name: &str) -> Self {
        let name = name.to_owned();
        Self { name, ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.kind {
            Kind::Unparsable => write!(f, "syntax error: this does not parse as TypeScript"),
            Kind::Twice(line) => {
                write!(
                    f,
                    "`{name}` is declared more than once (also on line {line})"
                )
            }
            Kind::Imported => write!(f, "`{name}` is imported from another module here"),
            Kind::Star(module) => {
                write!(f, "`export * from '{module}'` may bring `{name}`")
            }
            Kind::Generated => write!(
                f,
                "`{name}` is `Cloudflare.Env` here, which `wrangler types` generates"
            ),
            Kind::Global => write!(f, "`{name}` is declared in `declare global` here"),
            Kind::Nested(place) => write!(f, "`{name}` is declared in {place} here"),
            Kind::Shape(shape) => {
                write!(f, "`{name}` is {shape}, not an interface or an object type")
            }
            Kind::Index => write!(
                f,
                "`{name}` has an index signature, which a KVNamespace may not fit"
            ),
            Kind::OtherType { binding, found } => {
                write!(f, "`{name}` has `{binding}` already, as `{found}`")
            }
            Kind::Inherited { base, found } => {
                write!(f, "`{name}` extends `{base}`, which has `{found}`")
            }
            Kind::OwnNamespace => write!(f, "the file declares a `KVNamespace` of its own"),
            Kind::OtherNamespace(module) => {
                write!(f, "`KVNamespace` is imported from '{module}' here")
            }
            Kind::Script => write!(f, "{SCRIPT}"),
            Kind::Undeclared(_) => write!(f, "`{name}` is used here, and declared nowhere"),
            Kind::Expected(_) => write!(
                f,
                "this package expects the bindings in `{name}`, which is declared nowhere"
            ),
            Kind::Hono => write!(
                f,
                "`{name}` is Hono's: the bindings are those of its member `Bindings`"
            ),
            Kind::Candidates(others) => {
                write!(f, "`{name}` is one of several types that may be meant")?;
                for (path, line, name) in others.iter().take(3) {
                    write!(f, "; {}:{line} declares `{name}`", path.display())?;
                }
                Ok(())
            }
            Kind::NotClean => write!(
                f,
                "the edit would change other parts of the file; this is a bug in kvctl"
            ),
        }
    }
}

impl Kind {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        let remedy = match self {
            Self::Unparsable => "fix that line; if it is correct, add the fields by hand",
            Self::Twice(_) => "merge the declarations",
            Self::Imported | Self::Star(_) => "pass the file that declares it with `--types FILE`",
            Self::Generated => "run `npx wrangler types`: it adds the namespaces itself",
            Self::Global => "move it out of `declare global`, or add the fields by hand",
            Self::OtherType { .. } | Self::Inherited { .. } => {
                "rename that field, or make it a `KVNamespace`"
            }
            Self::OwnNamespace | Self::OtherNamespace(_) => {
                "rename that type, or add the fields by hand"
            }
            Self::Script => {
                "add \"@cloudflare/workers-types\" to `types` in tsconfig.json, or run \
                 `npx wrangler types`"
            }
            Self::Undeclared(command) | Self::Expected(command) => {
                return format!("run `{command}`, which generates it with the bindings");
            }
            Self::Candidates(_) => "pass the file that declares the right one with `--types FILE`",
            Self::Nested(_) | Self::Shape(_) | Self::Index | Self::Hono | Self::NotClean => {
                "add the fields by hand"
            }
        };
        remedy.to_owned()
    }
}
