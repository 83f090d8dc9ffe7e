//! Renaming a binding: the name in the file, and if asked the title in the account. The id, and so
//! the data, stays.

mod titles;

pub use titles::{Retitling, TitleChanges, retitle, retitlings, take_declared};

use crate::{
    api,
    config::{self, Document, Edit, Entry, Field, Scope},
    domain::{
        Binding, Classification, Classify, ErrorClass, Hint, NamespaceId, Section, ShowPath as _,
        Suggestion, Title, TitleError, meant_by,
    },
    ops::{
        provision::titles::conventional,
        target::{self, Deployable, Resolver, Target},
    },
};

/// What a rename does in one scope.
#[derive(Debug, Clone)]
pub struct Renaming {
    /// The section.
    pub section: Section,
    /// The entry as it is.
    pub entry: Entry,
    /// The title for the new name.
    pub title: Title,
    /// Whether the file already has the new name.
    pub done: bool,
    /// The id that is written with the new name, because only what is deployed has it, under the old
    /// name.
    pub inherited: Option<Target>,
}

/// Why a binding cannot be renamed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to rename.
    #[error("{file} has no binding `{old}` {place}{}", it_has(known))]
    Absent {
        /// The file.
        file: String,
        /// The binding.
        old: Binding,
        /// The scope.
        place: String,
        /// The bindings there are.
        known: Vec<Binding>,
    },
    /// The new name is bound already, and the old one is a slip of another binding's.
    #[error("{file} has no binding `{old}` {place}; `{new}` is bound already, nothing was changed")]
    Mistyped {
        /// The file.
        file: String,
        /// The name that was given.
        old: Binding,
        /// The new name.
        new: Binding,
        /// The scope.
        place: String,
        /// The binding that may be meant.
        meant: Binding,
    },
    /// The new name is in use.
    #[error("{file}:{line}: `{new}` is already used in `{kind}` {place}")]
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
    /// In the local store the new name is another binding's namespace.
    #[error(
        "{file}:{line}: in the local store `{new}` {place} would share the namespace of `{other}`: the \
         names of bindings without an id count there"
    )]
    TakenLocally {
        /// The file.
        file: String,
        /// Where the other is.
        line: usize,
        /// The new name.
        new: Binding,
        /// The other binding.
        other: Binding,
        /// The scope.
        place: String,
    },
    /// The new name could not be used in code.
    #[error("`{0}` cannot be the name of a new binding")]
    NotAnIdentifier(Binding),
    /// The title would be too long.
    #[error("could not derive the title of `{0}`")]
    Title(Binding, #[source] TitleError),
    /// The deployed binding may not be asked for.
    #[error(
        "`{binding}` {place} has no id, and the {deployable} may not be asked which namespace it binds \
         under that name; after the renaming, a deployment would bind a new, empty one"
    )]
    MayBeDeployed {
        /// The binding.
        binding: Binding,
        /// The scope.
        place: String,
        /// What may not be asked.
        deployable: Deployable,
    },
    /// The account does not have the namespace.
    #[error("{id}, the id of `{binding}` {place}, is not in {store}")]
    Unknown {
        /// The id.
        id: NamespaceId,
        /// The binding.
        binding: Binding,
        /// The scope.
        place: String,
        /// What was asked: an account, or the local store.
        store: String,
        /// Whether that is the local store.
        local: bool,
    },
    /// Another namespace has the title.
    #[error(
        "another namespace already has the title `{title}`: {}",
        target::listed(ids)
    )]
    TitleTaken {
        /// The title.
        title: Title,
        /// The namespaces that have it; one, but for a fault of the service.
        ids: Vec<NamespaceId>,
    },
    /// The service.
    #[error("could not set the title `{0}`")]
    Api(Title, #[source] api::Error),
    /// Some namespaces have their new titles, and others do not.
    #[error("could not set the title `{title}`; already set: {}", .done.join(", "))]
    Partial {
        /// The title that could not be given.
        title: Title,
        /// The titles that were.
        done: Vec<String>,
        /// Why.
        source: api::Error,
    },
    /// The binding leads nowhere.
    #[error("nothing was renamed")]
    Target(#[from] target::Error),
    /// The file.
    #[error(transparent)]
    Config(#[from] config::Error),
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Absent { known, .. } if known.is_empty() => {
                ErrorClass::Config.hint("select other sections with `--env NAME` or `--all-envs`")
            }
            Self::Absent { old, known, .. } => target::did_you_mean(old, known),
            Self::Mistyped { meant, .. } => {
                ErrorClass::Config.hint(format!("did you mean `{meant}`?"))
            }
            Self::Taken { .. } | Self::TakenLocally { .. } => {
                ErrorClass::Config.hint("choose another name")
            }
            Self::NotAnIdentifier(_) => ErrorClass::Usage
                .hint("use ASCII letters, digits, `_` and `$`, and do not start with a digit"),
            Self::Title(..) => ErrorClass::Usage.into(),
            Self::MayBeDeployed { deployable, .. } => ErrorClass::Refused.hint(format!(
                "{}, or pass `--not-deployed` if it is not deployed",
                deployable.permission().grant()
            )),
            Self::Unknown { local: true, .. } => {
                ErrorClass::Refused.hint("omit `--title`: nothing was stored under that name yet")
            }
            Self::Unknown { .. } => ErrorClass::Refused
                .hint("select the right account with `--account-id`, or omit `--title`"),
            Self::TitleTaken { .. } => ErrorClass::Refused.hint(
                Hint::from("omit `--title`, or first rename that namespace with ")
                    .and(Suggestion::new("namespace rename")),
            ),
            Self::Partial { source, .. } => Classification {
                class: ErrorClass::Partial,
                ..source.classify()
            },
            Self::Api(_, source) => source.classify(),
            Self::Target(e) => e.classify(),
            Self::Config(e) => e.classify(),
        }
    }
}

fn it_has(known: &[Binding]) -> String {
    if known.is_empty() {
        return String::new();
    }
    let known: Vec<&str> = known.iter().map(Binding::as_str).collect();
    format!("; it has {}", known.join(", "))
}

/// Returns what renaming `old` to `new` does in each of `scopes`.
///
/// With several scopes, those without the binding are skipped, but one must have it. A scope that
/// has `new` but not `old` was renamed before.
pub fn plan(
    document: &Document,
    scopes: &[&Scope],
    old: &Binding,
    new: &Binding,
) -> Result<Vec<Renaming>, Error> {
    if !new.is_identifier() {
        return Err(Error::NotAnIdentifier(new.clone()));
    }
    let file = || document.path().shown().into_owned();
    let mut renamings = Vec::new();
    for scope in scopes {
        let find = |name: &Binding| scope.entries.iter().find(|e| e.binding == *name);
        let section = scope.section.clone();
        let taken = scope.used_names.iter().find(|t| t.name == new.as_str());
        let taken = taken.map(|t| (t.position.line, t.kind.clone()));
        let clash = find(new)
            .map(|e| (e.position.line, "kv_namespaces".to_owned()))
            .or(taken);
        let (entry, done) = match (find(old), find(new)) {
            (Some(entry), _) if old != new => {
                if let Some((line, kind)) = clash {
                    let place = section.place();
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
        let worker = document.project().worker_name(&section);
        let titles = conventional(worker.as_deref(), &section, new);
        let title = titles.map_err(|e| Error::Title(new.clone(), e))?.wanted;
        renamings.push(Renaming {
            section,
            entry,
            title,
            done,
            inherited: None,
        });
    }
    if renamings.is_empty() {
        let known = scopes
            .iter()
            .flat_map(|s| &s.entries)
            .map(|e| e.binding.clone());
        return Err(Error::Absent {
            file: file(),
            old: old.clone(),
            place: place_of(scopes),
            known: known.collect(),
        });
    }
    Ok(renamings)
}

fn place_of(scopes: &[&Scope]) -> String {
    match scopes {
        [one] => one.section.place(),
        [one, previews] if one.section == previews.section.deployed() => one.section.place(),
        _ => "in any section".to_owned(),
    }
}

/// Refuses `old` where nothing binds it and it is a slip of another binding's name: that is no second
/// run, although `new` is bound.
pub fn check_old_name(
    document: &Document,
    scopes: &[&Scope],
    old: &Binding,
    new: &Binding,
) -> Result<(), Error> {
    let mut all = document.project().scopes().flat_map(|it| &it.entries);
    if old == new || all.any(|entry| entry.binding == *old) {
        return Ok(());
    }
    let others = scopes.iter().flat_map(|scope| &scope.entries);
    let others = others.map(|entry| &entry.binding).filter(|it| *it != new);
    let others = others.filter(|it| has_same_ends(old.as_str(), it.as_str()));
    let Some(meant) = meant_by(old.as_str(), others.map(Binding::as_str)) else {
        return Ok(());
    };
    let mut others = scopes.iter().flat_map(|scope| &scope.entries);
    match others.find(|entry| entry.binding.as_str() == meant) {
        None => Ok(()),
        Some(entry) => Err(Error::Mistyped {
            file: document.path().shown().into_owned(),
            old: old.clone(),
            new: new.clone(),
            place: place_of(scopes),
            meant: entry.binding.clone(),
        }),
    }
}

/// Whether two names begin and end with the same letter, as a slip mostly leaves them: `KV_1` and
/// `KV_2` are two names.
fn has_same_ends(one: &str, other: &str) -> bool {
    let ends = |name: &str| {
        let name = name.to_lowercase();
        name.chars().next().zip(name.chars().last())
    };
    ends(one) == ends(other)
}

impl Renaming {
    /// Whether the namespace may be one that only what is deployed knows, under the old name.
    pub fn needs_id(&self) -> bool {
        let named = self.entry.declared(Field::Id);
        !self.done && !self.section.is_previews() && named.valid_where(|_| false).is_none()
    }
}

/// Finds the ids that what is deployed has for bindings without one: after a renaming, the next
/// deployment would not find them under the new name, and create empty namespaces.
///
/// `not_deployed` says so of what may not be asked.
pub async fn inherit(
    resolver: &Resolver<'_>,
    renamings: &mut [Renaming],
    not_deployed: bool,
) -> Result<(), Error> {
    for renaming in renamings.iter_mut().filter(|it| it.needs_id()) {
        let (section, binding) = (&renaming.section, &renaming.entry.binding);
        match resolver.in_use(section, binding).await {
            Ok(target) if matches!(target.source, target::Source::Deployed(..)) => {
                renaming.inherited = Some(target);
            }
            Ok(_) | Err(target::Error::NoId { .. }) => {}
            Err(target::Error::Denied { deployable, .. }) => {
                if !renaming.entry.has_id_key() && !not_deployed {
                    return Err(Error::MayBeDeployed {
                        binding: binding.clone(),
                        place: section.place(),
                        deployable,
                    });
                }
            }
            Err(error) => return Err(Error::Target(error)),
        }
    }
    Ok(())
}

/// Refuses a name that the local store knows as another binding's namespace: it goes by the names of
/// bindings without an id.
pub fn check_local_names(
    document: &Document,
    renamings: &[Renaming],
    new: &Binding,
) -> Result<(), Error> {
    let by_name = |it: &&Renaming| {
        let named = target::local_name(&it.entry);
        let stays = it.inherited.is_none() && !it.section.is_previews();
        !it.done && stays && named.is_ok_and(|(_, field)| field == Field::Binding)
    };
    let Some(renaming) = renamings.iter().find(by_name) else {
        return Ok(());
    };
    let mut others = document
        .project()
        .deployed_scopes()
        .flat_map(|it| &it.entries);
    let taken = others.find(|other| {
        let named = target::local_name(other);
        other.binding != *new && named.is_ok_and(|(id, _)| id.as_str() == new.as_str())
    });
    match taken {
        None => Ok(()),
        Some(other) => Err(Error::TakenLocally {
            file: document.path().shown().into_owned(),
            line: other.position.line,
            new: new.clone(),
            other: other.binding.clone(),
            place: renaming.section.place(),
        }),
    }
}

/// Returns what the file must say.
pub fn edits(renamings: &[Renaming], new: &Binding) -> Vec<Edit> {
    let pending = renamings.iter().filter(|r| !r.done);
    let edits = pending.flat_map(|r| {
        let set = |field, value| Edit::Set {
            section: r.section.clone(),
            binding: r.entry.binding.clone(),
            field,
            value,
        };
        let id = r.inherited.as_ref();
        let id = id.map(|target| set(Field::Id, target.id.to_string()));
        id.into_iter().chain([set(Field::Binding, new.to_string())])
    });
    edits.collect()
}
