//! The edit that adds bindings to the type of a Worker's bindings, `Env` or another, in a TypeScript
//! file, and what files say about that type.
//!
//! Nothing but insertions, at positions that the parser reports: every byte that was there stays.
//! The result is parsed again, and a second edit of it must find nothing to do; otherwise it is
//! thrown away. What the parser does not understand is refused, never guessed at.

mod facts;
mod generated;
mod insert;
mod problem;
mod reader;
mod shape;
mod source;
mod uses;

#[cfg(test)]
mod tests;

pub use facts::{Declared, Facts, Member, Object, Place, Type, Usage, Use};
pub use generated::{Generated, is_generated};
pub use problem::{Kind, Problem};
pub use source::{Fit, Import};
pub use uses::USE_MARKS;

use std::{fmt, path::Path};

use insert::{Insertions, List};
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

/// Where the fields go in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// Into the list of members whose brace is here.
    List(usize),
    /// Into a new declaration with this name.
    New(&'a str),
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
    /// The text.
    pub text: String,
    /// Whether an import of `KVNamespace` was added.
    pub imported: bool,
}

/// Adds `fields`, which are not there.
pub fn add_fields(
    text: &str,
    dialect: Dialect,
    target: Target<'_>,
    fields: &[Field<'_>],
    naming: Naming,
) -> Result<Edited, Problem> {
    let source = Source::parse(text, dialect)?;
    let imported = needs_import(&source, naming)?;
    let mut insertions = Insertions::new(text);
    if imported {
        insertions.import(&source);
    }
    match target {
        Target::New(name) => insertions.interface(&source, name, fields),
        Target::List(at) => insertions.fields(list_at(&source, at)?, fields),
    }
    let at = match target {
        Target::List(at) => Some(insertions.moved(at)),
        Target::New(_) => None,
    };
    let edited = Edited {
        text: insertions.apply(),
        imported,
    };
    check(&edited.text, dialect, at, fields)?;
    Ok(edited)
}

/// Parses the text of an edit again: it must have each of the fields once.
fn check(
    text: &str,
    dialect: Dialect,
    at: Option<usize>,
    fields: &[Field<'_>],
) -> Result<(), Problem> {
    let failed = || Problem::somewhere(Kind::NotClean);
    let source = Source::parse(text, dialect).map_err(|_broken| failed())?;
    let Some(at) = at else {
        return Ok(());
    };
    let list = list_at(&source, at)?;
    let has = |field: &Field<'_>| {
        let members = list.members().into_iter();
        let mut named = members.filter(|member| source.name(*member) == Some(field.name));
        named
            .next()
            .is_some_and(|member| source.fit(member) != Fit::Other)
            && named.next().is_none()
    };
    let is_clean = fields.iter().all(has);
    is_clean.then_some(()).ok_or_else(failed)
}

/// Finds the list of members whose brace is at an offset.
fn list_at<'t>(source: &'t Source<'_>, at: usize) -> Result<List<'t>, Problem> {
    let brace = source.root().descendant_for_byte_range(at, at + 1);
    let body = brace.and_then(|brace| brace.parent());
    match body.filter(|body| body.start_byte() == at) {
        Some(body) if matches!(body.kind(), "interface_body" | "object_type") => Ok(List(body)),
        _ => Err(Problem::somewhere(Kind::NotClean)),
    }
}

/// Declares `Env` as the type `generated`, in a file that has no `Env`.
pub fn add_alias(text: &str, dialect: Dialect, generated: &str) -> Result<String, Problem> {
    let source = Source::parse(text, dialect)?;
    let mut insertions = Insertions::new(text);
    insertions.declaration(&source, &format!("type Env = {generated};"));
    let text = insertions.apply();
    Source::parse(&text, dialect).map_err(|_broken| Problem::somewhere(Kind::NotClean))?;
    Ok(text)
}

/// Fails if there is anything in a file that the parser does not understand.
pub fn check_syntax(text: &str, dialect: Dialect) -> Result<(), Problem> {
    Source::parse(text, dialect).map(|_source| ())
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
