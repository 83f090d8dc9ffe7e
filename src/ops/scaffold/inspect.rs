//! How a project stands to what would be scaffolded in it, for those who only check.

use std::path::{Path, PathBuf};

use super::{
    Error, Found, bindings, look,
    plan::{self, Reason},
    surroundings::Runtime,
};
use crate::{
    config::{Document, Manifest, Part, Scope},
    domain::Binding,
    scaffold::{
        Overrides, Settings, Stamped, render,
        types::{self, Declared, Naming},
    },
};

/// How a project stands to what would be scaffolded in it.
#[derive(Debug)]
pub struct State {
    /// Whether the project was scaffolded: it has a generated file where one is expected, or
    /// `kvctl.toml` has a table `[scaffold]`. If not, nothing else here means anything.
    pub scaffolded: bool,
    /// The helper files that are wanted. Where `kvctl.toml` has no table `[scaffold]`, those that are
    /// there: nobody says that the others are wanted.
    pub files: Vec<FileState>,
    /// The file that declares `Env`; `None` if it is not wanted.
    pub env: Option<EnvState>,
}

/// How a helper file stands to what would be generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    /// Which of them.
    pub part: Part,
    /// The file.
    pub path: PathBuf,
    /// How it stands.
    pub status: Status,
}

/// How a helper file stands to what would be generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is what would be generated, whatever version of kvctl did it.
    Current,
    /// It is not there.
    Missing,
    /// It was generated from another template or with other options, and nobody edited it.
    Outdated,
    /// It is not as kvctl generated it, or not kvctl's.
    Off(Reason),
}

/// What `Env` lacks.
#[derive(Debug)]
pub struct EnvState {
    /// The file.
    pub path: PathBuf,
    /// The bindings that are no fields of it.
    pub missing: Vec<Binding>,
    /// Whether `wrangler types` generates the fields, so that running it adds what is missing.
    pub generated: bool,
    /// Why it cannot be told what is missing: [`Error::Types`], [`Error::Encoding`] or
    /// [`Error::Binding`]. Its text begins with the file and the line.
    pub problem: Option<Error>,
}

/// Says how the project at `root` stands to what `kvctl scaffold` would write there, for all the
/// sections of its wrangler file. Reads files, and writes none.
///
/// Fails only if a file cannot be read or would be outside of the project; what is wrong with `Env`
/// is part of the state.
pub fn inspect(
    root: &Path,
    document: Option<&Document>,
    manifest: Option<&Manifest>,
) -> Result<State, Error> {
    let settings = Settings::new(manifest, Overrides::default());
    let Found {
        places, runtime, ..
    } = look(root, &settings)?;
    let is_declared = manifest.is_some_and(|manifest| manifest.scaffold.is_some());
    let mut state = State {
        scaffolded: is_declared,
        files: Vec::new(),
        env: None,
    };
    for place in places {
        if place.part == Part::Types {
            let scopes: Vec<&Scope> = document.iter().flat_map(|d| d.project().scopes()).collect();
            let bindings = bindings(document, &scopes, &[], manifest);
            let lacking = bindings.and_then(|b| lacking(&place, &runtime, &b.names));
            let (missing, problem) = match lacking {
                Ok(missing) => (missing, None),
                Err(problem) => (Vec::new(), Some(problem)),
            };
            state.env = Some(EnvState {
                path: place.path,
                missing,
                generated: matches!(runtime, Runtime::Generated(_)),
                problem,
            });
            continue;
        }
        let before = place.before.as_deref();
        if before.is_none() && !is_declared {
            continue;
        }
        let text = before.and_then(|bytes| str::from_utf8(bytes).ok());
        state.scaffolded |= text.and_then(Stamped::read).is_some();
        let status = match plan::status(before, &render(place.part, &settings)) {
            plan::Status::Missing => Status::Missing,
            plan::Status::Current => Status::Current,
            plan::Status::Outdated => Status::Outdated,
            plan::Status::Off(reason) => Status::Off(reason),
        };
        state.files.push(FileState {
            part: place.part,
            path: place.path,
            status,
        });
    }
    Ok(state)
}

fn lacking(
    place: &look::Place,
    runtime: &Runtime,
    bindings: &[Binding],
) -> Result<Vec<Binding>, Error> {
    let names: Vec<&str> = bindings.iter().map(Binding::as_str).collect();
    let text = plan::text_of(place)?;
    let dialect = plan::dialect(&place.path);
    let problem = |problem| Error::Types {
        path: place.path.clone(),
        problem,
        fields: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let missing = match runtime {
        Runtime::Generated(generated) => match types::declared(text, dialect).map_err(problem)? {
            Declared::Fields => fields_lacking(text, dialect, &names).map_err(problem)?,
            _ => plan::ungenerated(generated, &names),
        },
        _ => fields_lacking(text, dialect, &names).map_err(problem)?,
    };
    let is_missing = |binding: &&Binding| missing.iter().any(|name| name == binding.as_str());
    Ok(bindings.iter().filter(is_missing).cloned().collect())
}

fn fields_lacking(
    text: &str,
    dialect: types::Dialect,
    names: &[&str],
) -> Result<Vec<String>, types::Problem> {
    // How the type would be named does not matter to what is there.
    Ok(types::add_bindings(text, dialect, names, Naming::Global)?.added)
}
