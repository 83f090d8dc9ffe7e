//! The edit that adds bindings to the type of a Worker's bindings, `Env` or another, in a TypeScript
//! file, and what files say about that type.
//!
//! Nothing but insertions, at positions that the parser reports: every byte that was there stays.
//! The result is parsed again, and a second edit of it must find nothing to do; otherwise it is
//! thrown away. What the parser does not understand is refused, never guessed at.

mod facts;
mod find;
mod generated;
mod insert;
mod problem;
mod reader;
mod source;
mod uses;

#[cfg(test)]
mod tests;

pub use facts::{Declared, Facts, Form, Member, Place, Usage, Use, Used};
pub use generated::{Generated, is_generated};
pub use problem::{Kind, Problem};
pub use source::{Fit, Import};
pub use uses::USE_MARKS;

use std::{fmt, path::Path};

use find::{Declaration, Env};
use insert::Insertions;
use source::Source;

/// Which grammar a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `.ts`, `.mts`, `.cts`.
    TypeScript,
    /// `.tsx`.
    Tsx,
}

impl Dialect {
    /// Returns the grammar of files with this ending; `None` if they are not TypeScript.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "ts" | "mts" | "cts" => Some(Self::TypeScript),
            "tsx" => Some(Self::Tsx),
            _ => None,
        }
    }

    /// Returns the grammar of the file at `path`.
    pub fn of_path(path: &Path) -> Self {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension
            .and_then(Self::of_extension)
            .unwrap_or(Self::TypeScript)
    }
}

/// Which declaration of a file gets the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// If it has no name, its number among the lists of fields that the file gives the bindings as
    /// their type.
    pub inline: Option<usize>,
    /// Modules of `export * from` that are known not to bring the name.
    pub harmless: Vec<String>,
}

impl Target {
    /// A declaration with a name.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            inline: None,
            harmless: Vec::new(),
        }
    }
}

/// A field that there has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The binding.
    pub name: &'a str,
    /// Whether only some of the environments have it.
    pub is_optional: bool,
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_optional { "?" } else { "" };
        write!(f, "{}{mark}: {}", self.name, source::NAMESPACE)
    }
}

/// How `KVNamespace` gets its meaning in the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// It is a global name: the types of the runtime are in force everywhere.
    Global,
    /// It has to be imported from `@cloudflare/workers-types`.
    Import,
}

/// The text after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The text; as it was, if nothing was missing.
    pub text: String,
    /// The bindings that were added, in their order.
    pub added: Vec<String>,
    /// Whether an import of `KVNamespace` was added.
    pub imported: bool,
}

/// What a file says about `Env`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declaring {
    /// Nothing.
    Nothing,
    /// It declares fields of its own.
    Fields,
    /// It takes `Env` from somewhere else, such as what `wrangler types` generates.
    Elsewhere,
}

/// Adds those of `fields` that the declaration lacks; declares the type if there is none.
pub fn add_bindings(
    text: &str,
    dialect: Dialect,
    target: &Target,
    fields: &[Field<'_>],
    naming: Naming,
) -> Result<Edited, Problem> {
    let of_target = |problem: Problem| problem.of(&target.name);
    let edited = attempt(text, dialect, target, fields, naming).map_err(of_target)?;
    if edited.text == text {
        return Ok(edited);
    }
    match attempt(&edited.text, dialect, target, fields, naming) {
        Ok(again) if again.added.is_empty() && again.text == edited.text => Ok(edited),
        Ok(_) | Err(_) => Err(of_target(Problem::somewhere(Kind::NotClean))),
    }
}

/// Declares `Env` as the type `generated`, in a file that has no `Env`.
pub fn add_alias(text: &str, dialect: Dialect, generated: &str) -> Result<String, Problem> {
    let source = Source::parse(text, dialect)?;
    // A file without imports and exports is not made a module: its other names are global.
    let export = if source.is_script() { "" } else { "export " };
    let mut insertions = Insertions::new(text);
    insertions.append(&format!("{export}type Env = {generated};\n"));
    let text = insertions.apply();
    Source::parse(&text, dialect).map_err(|_broken| Problem::somewhere(Kind::NotClean))?;
    Ok(text)
}

/// Fails if there is anything in a file that the parser does not understand.
pub fn check_syntax(text: &str, dialect: Dialect) -> Result<(), Problem> {
    Source::parse(text, dialect).map(|_source| ())
}

/// Says what the file says about `Env`.
pub fn declared(text: &str, dialect: Dialect) -> Result<Declaring, Problem> {
    let source = Source::parse(text, dialect)?;
    Ok(match find::env(&source, &Target::named("Env")) {
        Ok(Env::Absent) => Declaring::Nothing,
        Ok(Env::Here(_)) => Declaring::Fields,
        Err(problem) => match problem.kind {
            Kind::Imported | Kind::Global | Kind::Star(_) | Kind::Nested(_) | Kind::Generated => {
                Declaring::Elsewhere
            }
            _ => Declaring::Fields,
        },
    })
}

fn attempt(
    text: &str,
    dialect: Dialect,
    target: &Target,
    fields: &[Field<'_>],
    naming: Naming,
) -> Result<Edited, Problem> {
    let source = Source::parse(text, dialect)?;
    let env = find::env(&source, target)?;
    let added = match &env {
        Env::Here(declaration) => missing(&source, declaration, fields)?,
        Env::Absent => fields.to_vec(),
    };
    let imported = !added.is_empty() && needs_import(&source, naming)?;
    let mut insertions = Insertions::new(text);
    if imported {
        insertions.import(&source);
    }
    match &env {
        Env::Here(declaration) if !added.is_empty() => {
            insertions.fields(declaration, &added);
        }
        Env::Here(_) => {}
        Env::Absent if added.is_empty() => {}
        Env::Absent => insertions.interface(&target.name, &added, source.is_script()),
    }
    let text = insertions.apply();
    if Source::parse(&text, dialect).is_err() {
        return Err(Problem::somewhere(Kind::NotClean));
    }
    Ok(Edited {
        text,
        added: added.iter().map(|field| field.name.to_owned()).collect(),
        imported,
    })
}

/// Returns the fields that are not there; those that are must be namespaces.
fn missing<'f>(
    source: &Source<'_>,
    declaration: &Declaration<'_>,
    fields: &[Field<'f>],
) -> Result<Vec<Field<'f>>, Problem> {
    let mut missing = Vec::new();
    for field in fields {
        match declaration.field(source, field.name) {
            None => missing.push(*field),
            Some(member) if source.fit(member) != Fit::Other => {}
            Some(member) => {
                return Err(source.problem(
                    member,
                    Kind::OtherType {
                        binding: field.name.to_owned(),
                        found: source.one_line(member),
                    },
                ));
            }
        }
    }
    Ok(missing)
}

/// Whether `KVNamespace` has to be imported; an error if it has to and cannot be.
fn needs_import(source: &Source<'_>, naming: Naming) -> Result<bool, Problem> {
    if source.names_namespaces()? || naming == Naming::Global {
        return Ok(false);
    }
    if source.is_script() {
        return Err(Problem::somewhere(Kind::Script));
    }
    Ok(true)
}
