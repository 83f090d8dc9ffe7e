//! Renaming a binding: the name in the file, and if asked the title in the account. The id, and so
//! the data, stays.

use crate::{
    config::{self, Document, Edit, Entry, Field, Scope},
    domain::{Binding, EnvName, Title, TitleError},
    ops::{
        provision::titles::{conventional, worker_name},
        target::place,
    },
};

/// What a rename does in one scope.
#[derive(Debug, Clone)]
pub struct Renaming {
    /// The environment; `None` is the top level.
    pub environment: Option<EnvName>,
    /// The entry as it is.
    pub entry: Entry,
    /// The title that belongs to the new name.
    pub title: Title,
    /// Whether the file says so already.
    pub done: bool,
}

/// Why a binding cannot be renamed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to rename.
    #[error("{file} has no binding `{old}` {place}")]
    Absent {
        /// The file.
        file: String,
        /// The binding.
        old: Binding,
        /// The scope.
        place: String,
        /// The bindings there are.
        known: Vec<String>,
    },
    /// The new name is in use.
    #[error("{file}:{line}: `{new}` is in use already, in `{kind}` {place}")]
    Taken {
        /// The file.
        file: String,
        /// Where.
        line: usize,
        /// The new name.
        new: Binding,
        /// What uses it.
        kind: String,
        /// The scope.
        place: String,
    },
    /// The new name could not be used in code.
    #[error("`{0}` cannot be a binding: `env.{0}` is not valid JavaScript")]
    NotAnIdentifier(Binding),
    /// The title would be too long.
    #[error("the title of `{0}` cannot be formed")]
    Title(Binding, #[source] TitleError),
    /// The file.
    #[error(transparent)]
    Config(#[from] config::Error),
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Absent { known, .. } if known.is_empty() => {
                Some("`--env NAME` or `--all-envs` looks elsewhere in the file".to_owned())
            }
            Self::Absent { known, .. } => Some(format!("it has {}", known.join(", "))),
            Self::Taken { .. } => Some("choose another name".to_owned()),
            Self::NotAnIdentifier(_) => {
                Some("use letters, digits, `_` and `$`, and do not begin with a digit".to_owned())
            }
            Self::Title(..) => None,
            Self::Config(e) => e.hint(),
        }
    }
}

/// Returns what renaming `old` to `new` does in each of `scopes`.
///
/// Among several scopes those without the binding are passed over, but one must have it. A scope
/// that has `new` and no `old` has been renamed before.
pub fn plan(
    document: &Document,
    scopes: &[&Scope],
    old: &Binding,
    new: &Binding,
) -> Result<Vec<Renaming>, Error> {
    if !new.is_identifier() {
        return Err(Error::NotAnIdentifier(new.clone()));
    }
    let file = || document.path().display().to_string();
    let mut renamings = Vec::new();
    for scope in scopes {
        let find = |name: &Binding| scope.entries.iter().find(|e| e.binding == *name);
        let environment = scope.environment.clone();
        let taken = scope.taken.iter().find(|t| t.name == new.as_str());
        let taken = taken.map(|t| (t.position.line, t.kind.clone()));
        let clash = find(new)
            .map(|e| (e.position.line, "kv_namespaces".to_owned()))
            .or(taken);
        let (entry, done) = match (find(old), find(new)) {
            (Some(entry), _) if old != new => {
                if let Some((line, kind)) = clash {
                    let place = place(environment.as_ref());
                    return Err(Error::Taken {
                        file: file(),
                        line,
                        new: new.clone(),
                        kind,
                        place,
                    });
                }
                (entry.clone(), false)
            }
            (_, Some(entry)) => (entry.clone(), true),
            (_, None) => continue,
        };
        let worker = worker_name(document.project(), scope);
        let titles = conventional(worker.as_deref(), environment.as_ref(), new);
        let title = titles.map_err(|e| Error::Title(new.clone(), e))?.wanted;
        renamings.push(Renaming {
            environment,
            entry,
            title,
            done,
        });
    }
    if renamings.is_empty() {
        let known = scopes
            .iter()
            .flat_map(|s| &s.entries)
            .map(|e| e.binding.to_string());
        let place = match scopes {
            [one] => place(one.environment.as_ref()),
            _ => "in any section".to_owned(),
        };
        return Err(Error::Absent {
            file: file(),
            old: old.clone(),
            place,
            known: known.collect(),
        });
    }
    Ok(renamings)
}

/// Returns what the file must say.
pub fn edits(renamings: &[Renaming], new: &Binding) -> Vec<Edit> {
    let pending = renamings.iter().filter(|r| !r.done);
    pending
        .map(|r| Edit::Set {
            environment: r.environment.clone(),
            binding: r.entry.binding.clone(),
            field: Field::Binding,
            value: new.to_string(),
        })
        .collect()
}
