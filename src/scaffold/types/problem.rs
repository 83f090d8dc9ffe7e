//! Why a file's type of the bindings is not edited.

use std::{fmt, path::PathBuf};

use crate::domain::{ShowPath as _, shell_quoted};

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
    /// The type is imported from this module, where it cannot be followed.
    Imported(String),
    /// `export * from` this module may bring the type.
    Star(String),
    /// The type is declared in this file.
    DeclaredIn(PathBuf),
    /// The file, which the user named, does not exist; the type is declared in this one.
    UsedIn(PathBuf),
    /// The type is in this file, which is not read, and why.
    Unread(PathBuf, String),
    /// The file is one of the Worker, and is not read, and why: it may have the type.
    UnreadWorker(String),
    /// The type is declared in a file outside of the project.
    Outside,
    /// The type has no list of fields.
    Shape,
    /// The type has members of this one, which are not known.
    Hidden(String),
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
    /// A type that extends the type has the field, with another type.
    Narrowed {
        /// That type.
        by: String,
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
    /// Other types may be meant: each with its file and line.
    Candidates(Vec<(PathBuf, usize, String)>),
    /// The project has more files than are read.
    TooMany,
    /// The edit did not do what it should.
    NotClean,
}

/// Why `KVNamespace` is not imported.
const SCRIPT: &str = "`KVNamespace` is not known here: the file has no `import` or `export`, and an \
                      import would change what its other names mean";

const TOO_MANY: &str = "the project has more than 20,000 files, and the type of the bindings may be \
                        in one that was not read";
const NOT_CLEAN: &str = "the edit would change other parts of the file; this is a bug in kvctl";

impl Problem {
    /// A problem of the file as a whole.
    pub fn somewhere(kind: Kind) -> Self {
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
        let name = format!("`{}`", self.name);
        let text = match &self.kind {
            Kind::Unparsable => "syntax error: this does not parse as TypeScript".to_owned(),
            Kind::Imported(module) => format!("{name} is imported from '{module}' here"),
            Kind::Star(module) => format!("`export * from '{module}'` may bring {name}"),
            Kind::DeclaredIn(path) => {
                format!("{name} is used here, and declared in {}", path.shown())
            }
            Kind::UsedIn(path) => {
                let path = path.shown();
                format!("there is no such file; the type of the bindings is {name} in {path}")
            }
            Kind::Unread(path, why) => {
                let path = path.shown();
                format!("{name} is used here, and {path} cannot be read: {why}")
            }
            Kind::UnreadWorker(why) => {
                format!("the Worker has this file, which cannot be read: {why}")
            }
            Kind::Outside => format!("{name} is declared outside of the project"),
            Kind::Shape => format!("{name} is not an interface or an object type"),
            Kind::Hidden(of) if *of == self.name => {
                format!("{name} has members that kvctl cannot see")
            }
            Kind::Hidden(of) => format!("{name} has the members of `{of}`, which kvctl cannot see"),
            Kind::Index => {
                format!("{name} has an index signature, which a KVNamespace may not fit")
            }
            Kind::OtherType { binding, found } => {
                format!("{name} has `{binding}` already, as `{found}`")
            }
            Kind::Inherited { base, found } => {
                format!("{name} extends `{base}`, which has `{found}`")
            }
            Kind::Narrowed { by, found } => format!("`{by}` extends {name}, and has `{found}`"),
            Kind::OwnNamespace => "the file declares a `KVNamespace` of its own".to_owned(),
            Kind::OtherNamespace(module) => {
                format!("`KVNamespace` is imported from '{module}' here")
            }
            Kind::Script => SCRIPT.to_owned(),
            Kind::Undeclared(_) => format!("{name} is used here, and declared nowhere"),
            Kind::Expected(_) => {
                format!("this package expects the bindings in {name}, which is declared nowhere")
            }
            Kind::Candidates(others) => {
                let others = others.iter().take(3).map(|(path, line, name)| {
                    format!("; {}:{line} declares `{name}`", path.shown())
                });
                let others: String = others.collect();
                format!("{name} is one of several types that may be meant{others}")
            }
            Kind::TooMany => TOO_MANY.to_owned(),
            Kind::NotClean => NOT_CLEAN.to_owned(),
        };
        f.write_str(&text)
    }
}

impl Kind {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        let remedy = match self {
            Self::Unparsable => "fix that line; if it is correct, add the fields by hand",
            Self::Imported(_) | Self::Star(_) => {
                "pass the file that declares it with `--types FILE`, or add the fields by hand if that \
                 is outside of the project"
            }
            Self::TooMany => "pass the file that declares it with `--types FILE`",
            Self::DeclaredIn(path) | Self::UsedIn(path) => {
                let path = path.to_string_lossy();
                return format!("pass it with `--types {}`", shell_quoted(&path));
            }
            Self::Unread(..) | Self::UnreadWorker(_) => "save it as UTF-8 text of at most 1 MiB",
            Self::OtherType { .. } | Self::Inherited { .. } | Self::Narrowed { .. } => {
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
            Self::Outside | Self::Shape | Self::Hidden(_) | Self::Index | Self::NotClean => {
                "add the fields by hand"
            }
        };
        remedy.to_owned()
    }
}
