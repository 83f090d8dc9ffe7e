//! The edit that adds bindings to the interface `Env` of a TypeScript file.
//!
//! Nothing but insertions, at positions that the parser reports: every byte that was there stays.
//! The result is parsed again, and a second edit of it must find nothing to do; otherwise it is
//! thrown away. What the parser does not understand is refused, never guessed at.

mod find;
mod insert;
mod problem;
mod source;

#[cfg(test)]
mod tests;

pub use problem::{Kind, Problem};
pub use source::Dialect;

use find::{Declaration, Env};
use insert::Insertions;
use source::Source;

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
pub enum Declared {
    /// Nothing.
    Nothing,
    /// It takes `Env` from the types that `wrangler types` generates.
    Generated,
    /// It declares fields of its own.
    Fields,
    /// It takes `Env` from somewhere else.
    Elsewhere,
}

/// Adds those of `bindings` that `Env` lacks, each a `KVNamespace`; declares `Env` if there is none.
pub fn add_bindings(
    text: &str,
    dialect: Dialect,
    bindings: &[&str],
    naming: Naming,
) -> Result<Edited, Problem> {
    let edited = attempt(text, dialect, bindings, naming)?;
    if edited.text == text {
        return Ok(edited);
    }
    match attempt(&edited.text, dialect, bindings, naming) {
        Ok(again) if again.added.is_empty() && again.text == edited.text => Ok(edited),
        Ok(_) | Err(_) => Err(Problem::somewhere(Kind::NotClean)),
    }
}

/// Declares `Env` as what `wrangler types` generates, in a file that has no `Env`.
pub fn add_alias(text: &str, dialect: Dialect) -> Result<String, Problem> {
    Source::parse(text, dialect)?;
    let mut insertions = Insertions::new(text);
    insertions.append("export type Env = Cloudflare.Env;\n");
    let text = insertions.apply();
    Source::parse(&text, dialect).map_err(|_broken| Problem::somewhere(Kind::NotClean))?;
    Ok(text)
}

/// Says what the file says about `Env`.
pub fn declared(text: &str, dialect: Dialect) -> Result<Declared, Problem> {
    let source = Source::parse(text, dialect)?;
    Ok(match find::env(&source) {
        Ok(Env::Absent) => Declared::Nothing,
        Ok(Env::Here(_)) => Declared::Fields,
        Err(problem) => match problem.kind {
            Kind::Generated => Declared::Generated,
            Kind::Imported | Kind::Global => Declared::Elsewhere,
            _ => Declared::Fields,
        },
    })
}

/// Whether `text`, which `wrangler types` generated, has a namespace of this name.
pub fn is_generated_for(text: &str, binding: &str) -> bool {
    let field = |end: &str| {
        text.match_indices(&format!("{binding}{end}"))
            .any(|(at, _)| text[..at].ends_with([' ', '\t', '{', '\n', ';', '"']))
    };
    [": KVNamespace", "?: KVNamespace", "\": KVNamespace"]
        .into_iter()
        .any(field)
}

fn attempt(
    text: &str,
    dialect: Dialect,
    bindings: &[&str],
    naming: Naming,
) -> Result<Edited, Problem> {
    let source = Source::parse(text, dialect)?;
    let env = find::env(&source)?;
    let added = match &env {
        Env::Here(declaration) => missing(&source, declaration, bindings)?,
        Env::Absent => bindings.to_vec(),
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
        Env::Absent => insertions.interface(&added, source.is_script()),
    }
    let text = insertions.apply();
    if Source::parse(&text, dialect).is_err() {
        return Err(Problem::somewhere(Kind::NotClean));
    }
    Ok(Edited {
        text,
        added: added.into_iter().map(str::to_owned).collect(),
        imported,
    })
}

/// Returns the bindings that have no field; those that have one must have the right one.
fn missing<'b>(
    source: &Source<'_>,
    declaration: &Declaration<'_>,
    bindings: &[&'b str],
) -> Result<Vec<&'b str>, Problem> {
    let mut missing = Vec::new();
    for binding in bindings {
        match declaration.field(source, binding) {
            None => missing.push(*binding),
            Some(field) if source.is_namespace_field(field) => {}
            Some(field) => {
                return Err(source.problem(
                    field,
                    Kind::OtherType {
                        binding: (*binding).to_owned(),
                        found: source.one_line(field),
                    },
                ));
            }
        }
    }
    Ok(missing)
}

/// Whether `KVNamespace` has to be imported; an error if it has to and cannot be.
fn needs_import(source: &Source<'_>, naming: Naming) -> Result<bool, Problem> {
    if naming == Naming::Global || source.names_namespaces() {
        return Ok(false);
    }
    if source.is_script() {
        return Err(Problem::somewhere(Kind::Script));
    }
    Ok(true)
}
