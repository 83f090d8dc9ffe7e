//! Why a selector names no namespace, and what to do then.

use std::fmt;

use super::deployed::Deployable;
use crate::{
    api,
    config::{self, Field, Location, WorkerNameError},
    domain::{
        AccountId, Binding, Classification, Classify, ErrorClass, Hint, LocalIdError, NamespaceId,
        Section, Suggestion, nearest, option_words, shell_words,
    },
};

/// Says where namespaces were looked for. The local store is no account.
fn within(account: Option<&AccountId>) -> String {
    match account {
        Some(account) => format!("in account {account}"),
        None => "of the local store".to_owned(),
    }
}

/// Why a selector names nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No namespace of the account has the title.
    #[error("no namespace {} is titled `{title}`", within(account.as_ref()))]
    NoTitle {
        /// The account that was asked; none for the local store.
        account: Option<AccountId>,
        /// The title.
        title: String,
        /// Titles that are nearly the same.
        similar: Vec<String>,
    },
    /// Several namespaces of the account have the title.
    #[error("{} namespaces are titled `{title}`: {}", ids.len(), listed(ids))]
    TitleTwice {
        /// The title.
        title: String,
        /// Their ids.
        ids: Vec<NamespaceId>,
    },
    /// The section has no such binding.
    #[error(transparent)]
    NoBinding(Box<NoBinding>),
    /// Neither the file nor anything deployed gives the binding an id.
    #[error("{entry} has no {field} yet{why}")]
    NoId {
        /// The entry.
        entry: Box<EntryPlace>,
        /// Which id.
        field: Field,
        /// What else was asked.
        why: NoIdReason,
    },
    /// The binding has a `preview_id` alone, and it was not asked for.
    #[error("{0} has a preview_id and no id")]
    OnlyPreview(Box<EntryPlace>),
    /// Previews of a Pages project use another namespace than production, and one entry stands for
    /// both.
    #[error("{entry} stands for {}", sides(deployable, production.as_ref(), preview))]
    TwoDeployed {
        /// The entry.
        entry: Box<EntryPlace>,
        /// The project.
        deployable: Deployable,
        /// Production's, if it has one.
        production: Option<NamespaceId>,
        /// The previews'.
        preview: NamespaceId,
    },
    /// What is deployed may not be asked.
    #[error("{entry} has no id in the file, and the {deployable} may not be asked for it: {said}")]
    Denied {
        /// The entry.
        entry: Box<EntryPlace>,
        /// What would have been asked.
        deployable: Deployable,
        /// What the service said.
        said: String,
    },
    /// What is deployed could not be asked.
    #[error("{entry} has no id in the file, and asking the {deployable} for it failed")]
    Deployed {
        /// The entry.
        entry: Box<EntryPlace>,
        /// What was asked.
        deployable: Deployable,
        /// Why not.
        source: api::Error,
    },
    /// `previews` do not use the local store.
    #[error(
        "{0}: `wrangler preview` does not use the local store, and `wrangler dev` does not use `previews`"
    )]
    LocalPreviews(Box<EntryPlace>),
    /// The text of an id cannot name a namespace of the local store.
    #[error("{entry} has a {field} that names no namespace of the local store")]
    LocalId {
        /// The entry.
        entry: Box<EntryPlace>,
        /// Which id.
        field: Field,
        /// Why not.
        source: LocalIdError,
    },
    /// None was selected, and there is not exactly one binding.
    #[error("no namespace is selected{}", choices(.0))]
    Unnamed(Vec<Binding>),
    /// The file.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The service.
    #[error("could not look up the namespace")]
    Api(#[from] api::Error),
}

/// The section has no such binding.
#[derive(Debug, thiserror::Error)]
#[error("{file} has no binding `{binding}` {place}; it has {}", names(known), place = .section.place())]
pub struct NoBinding {
    /// The file.
    pub file: String,
    /// The binding.
    pub binding: Binding,
    /// In which section.
    pub section: Section,
    /// The bindings there are.
    pub known: Vec<Binding>,
    /// The sections that have it.
    pub elsewhere: Vec<Section>,
}

/// An entry of the wrangler file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPlace {
    /// Where it is.
    pub at: Location,
    /// Its binding.
    pub binding: Binding,
    /// Its section.
    pub section: Section,
}

impl EntryPlace {
    /// Returns the command that gives it a namespace.
    fn command(&self) -> Suggestion {
        Suggestion::provision(&self.binding, &self.section)
    }

    /// Returns the command that gives it a namespace with a title of choice.
    fn title_command(&self) -> Suggestion {
        Suggestion::provision(format!("{}=TITLE", self.binding), &self.section).as_example()
    }
}

impl fmt::Display for EntryPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            binding,
            section,
        } = self;
        write!(f, "{at}: binding `{binding}` {}", section.place())
    }
}

/// What else was asked for a missing id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoIdReason {
    /// Nothing else is known to have it.
    Nothing,
    /// The local store needs none.
    Local,
    /// This is not deployed.
    NotDeployed(Deployable),
    /// This is deployed and does not have the binding.
    NotBound(Deployable),
    /// The file has no name for what is deployed, or not one that the service takes.
    Nameless(WorkerNameError),
    /// The binding's name is a placeholder, which nothing deployed binds.
    Placeholder,
    /// Previews of a Pages project have a section of their own.
    Pages,
    /// It is a preview's, and the account does not have the other id either.
    Gone(NamespaceId),
    /// The file has this text, which must be a damaged id.
    Mistyped(String),
}

impl fmt::Display for NoIdReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing | Self::Local => Ok(()),
            Self::Pages => f.write_str(", which a Pages project ignores"),
            Self::Gone(id) => write!(f, ", and the account does not have its id {id}"),
            Self::NotDeployed(what) => write!(f, ", and the {what} is not deployed"),
            Self::NotBound(what) => write!(f, ", and the {what} does not bind it"),
            Self::Nameless(error) => write!(f, ", and {error}"),
            Self::Placeholder => f.write_str(", and its name is a placeholder"),
            Self::Mistyped(text) => write!(
                f,
                ": `{text}` looks like one and is not one of 32 hexadecimal digits"
            ),
        }
    }
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::NoTitle { title, .. } if title.starts_with("title:") => {
                let title = title.trim_start_matches("title:");
                let hint = Hint::from("did you mean ").option("--namespace", title);
                ErrorClass::NotFound.hint(hint.text("?"))
            }
            Self::NoTitle { similar, .. } if !similar.is_empty() => {
                let similar: Vec<String> = similar.iter().map(|it| format!("`{it}`")).collect();
                ErrorClass::NotFound.hint(format!("did you mean {}?", either(&similar)))
            }
            Self::NoTitle { .. } => {
                let list = Suggestion::new("namespace list").sectionless();
                ErrorClass::NotFound.hint(Hint::run(list).text(" to list the titles"))
            }
            Self::NoBinding(missing) => match missing.elsewhere.first() {
                Some(other) => ErrorClass::Config.hint(bound_elsewhere(&missing.section, other)),
                None => match named_as_side(missing.binding.as_str()) {
                    Some(meant) => ErrorClass::Config.hint(format!("did you mean `{meant}`?")),
                    None => did_you_mean(&missing.binding, &missing.known),
                },
            },
            Self::TitleTwice { .. } => {
                ErrorClass::Refused.hint("select one of them with `--namespace-id ID`")
            }
            Self::NoId { field, entry, why } => ErrorClass::Config.hint(no_id(entry, *field, why)),
            Self::OnlyPreview(entry) => ErrorClass::Refused.hint(
                Hint::from("pass `--preview` to use the preview_id, or ")
                    .and(Hint::run(entry.command()))
                    .text(" to add an id; wrangler would write to the one and read from the other"),
            ),
            Self::TwoDeployed { .. } => ErrorClass::Refused.hint(
                Hint::from("name one with `--namespace-id ID`, or ")
                    .and(Hint::run(Suggestion::provision_previews([""; 0])))
                    .text(" to give previews a section of their own"),
            ),
            Self::Denied { deployable, .. } => ErrorClass::Denied.hint(format!(
                "{}, or name the namespace with `--namespace-id ID`",
                deployable.permission().grant()
            )),
            Self::LocalPreviews(_) => {
                ErrorClass::Refused.hint("leave out `--in-previews`, or `--local`")
            }
            Self::LocalId { field, .. } => {
                let what = format!("write an id, or remove the {field}");
                ErrorClass::Config.hint(what)
            }
            Self::Unnamed(bindings) => {
                let binding = bindings.first().map_or("NAME", Binding::as_str);
                let hint = Hint::from("select one with ").option("--binding", binding);
                ErrorClass::Refused.hint(hint.text(", `--namespace TITLE` or `--namespace-id ID`"))
            }
            Self::Config(config::Error::TypeScript { .. }) => ErrorClass::Config.hint(
                "select a namespace with `--namespace-id ID` or `--namespace TITLE`, or name a wrangler \
                 file that has the KV bindings with `-c FILE`",
            ),
            Self::Config(e) => e.classify(),
            Self::Deployed { source, .. } => unanswered(source),
            Self::Api(e) => e.classify(),
        }
    }
}

/// Returns what to do about a missing id.
fn no_id(entry: &EntryPlace, field: Field, why: &NoIdReason) -> Hint {
    let binding = &entry.binding;
    let with_preview = |command: Suggestion| match field {
        Field::PreviewId => command.option("--preview", "separate"),
        Field::Id | Field::Binding => command,
    };
    match why {
        NoIdReason::Nameless(error) => Hint::from(format!("{}; or pass a title: ", error.remedy()))
            .and(with_preview(entry.title_command())),
        NoIdReason::Placeholder => {
            let rename = Suggestion::new("rename-binding")
                .arg(binding)
                .arg("NAME")
                .as_example();
            Hint::from("write the name that the Worker uses: ")
                .and(rename.in_section(&entry.section))
        }
        NoIdReason::Mistyped(_) => Hint::from("correct it in the file"),
        NoIdReason::Local => {
            Hint::from("leave out `--preview`, or write a `preview_id`: any text is one locally")
        }
        NoIdReason::Pages => Hint::from(
            "leave out `--preview`; previews of a Pages project use what `--env preview` selects",
        ),
        NoIdReason::Gone(id) => {
            let command = with_preview(entry.command()).replacing_missing(id);
            Hint::run(command).text(" to create both")
        }
        NoIdReason::Nothing | NoIdReason::NotDeployed(_) | NoIdReason::NotBound(_) => {
            Hint::run(with_preview(entry.command())).text(" to create one")
        }
    }
}

/// Returns what it means that the service did not say what is deployed. Neither a key nor a namespace
/// is missing.
pub fn unanswered(error: &api::Error) -> Classification {
    match error.classify() {
        Classification {
            class: ErrorClass::NotFound,
            answer,
            ..
        } => Classification {
            answer,
            ..ErrorClass::Failed.into()
        },
        other => other,
    }
}

/// Suggests the binding of `known` that `wanted` may have been meant for.
pub fn did_you_mean(wanted: &Binding, known: &[Binding]) -> Classification {
    match nearest(wanted.as_str(), known.iter().map(Binding::as_str)) {
        Some(near) => ErrorClass::Config.hint(format!("did you mean `{near}`?")),
        None => ErrorClass::Config.into(),
    }
}

/// Returns the options for `binding:NAME@ENV`, as the sides of a copy are written.
fn named_as_side(name: &str) -> Option<String> {
    let named = name.strip_prefix("binding:").unwrap_or(name);
    let (binding, environment) = match named.split_once('@') {
        Some((binding, environment)) => (binding, Some(environment)),
        None => (named, None),
    };
    let environment = environment.map(|it| option_words("--env", it));
    let words = option_words("--binding", binding);
    let words = words.into_iter().chain(environment.into_iter().flatten());
    (binding != name).then(|| shell_words(words))
}

/// Says how to select the section `other` instead of `section`.
fn bound_elsewhere(section: &Section, other: &Section) -> String {
    let options = other.options();
    if options.is_empty() {
        let given = section.arguments();
        let given = given.first().map_or("--env", String::as_str);
        return format!("it is bound at the top level: leave out `{given}`");
    }
    let place = other.place();
    format!("it is bound {place}: pass `{options}`")
}

/// Says what the sides of a Pages project bind where one entry stands for both.
pub fn sides(
    deployable: &Deployable,
    production: Option<&NamespaceId>,
    preview: &NamespaceId,
) -> String {
    match production {
        Some(production) => format!(
            "two namespaces of the {deployable}: {production} in production, {preview} in previews"
        ),
        None => format!(
            "production and previews of the {deployable}, and only previews bind it, to {preview}"
        ),
    }
}

/// Lists ids.
pub fn listed(ids: &[NamespaceId]) -> String {
    let ids: Vec<&str> = ids.iter().map(NamespaceId::as_str).collect();
    ids.join(", ")
}

/// Lists what to choose from: `a, b or c`.
fn either(items: &[String]) -> String {
    match items {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        items => items.concat(),
    }
}

fn names(bindings: &[Binding]) -> String {
    if bindings.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<&str> = bindings.iter().map(Binding::as_str).collect();
    names.join(", ")
}

fn choices(bindings: &[Binding]) -> String {
    if bindings.is_empty() {
        String::new()
    } else {
        format!("; the file binds {}", names(bindings))
    }
}
