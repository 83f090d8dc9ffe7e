//! Which namespace is meant: by its id, its title, or a binding of the wrangler file.
//!
//! A binding leads to the namespace that the Worker uses. At the service that is the one whose id
//! the file has, else the one that what is deployed binds; in the local store the one that
//! `wrangler dev` opens. Every command asks here, and the answer says why.

mod deployed;
mod entry;
mod error;
mod resolver;

use std::fmt;

use serde::{Serialize, Serializer};

pub use deployed::{Bound, Deployable, Deployment, Deployments, Side};
pub use entry::{LocalNameError, local_name};
pub use error::{
    EntryPlace, Error, NoBinding, NoIdReason, did_you_mean, listed, sides, unanswered,
};
pub use resolver::Resolver;

use crate::{
    config::{Document, Entry, Field},
    domain::{Binding, NamespaceId, Section, Suggestion},
};

/// The ways to name a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// By its id.
    Id(NamespaceId),
    /// By its title in the account.
    Title(String),
    /// By a binding of the wrangler file.
    Binding {
        /// The section.
        section: Section,
        /// The binding.
        binding: Binding,
        /// Whether to use its `preview_id`, if that was said. In the local store it is used without being
        /// said, as `wrangler dev` does.
        preview: Option<bool>,
    },
}

/// Why a namespace is the one that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Its id was given.
    Id,
    /// Its title was given.
    Title,
    /// An id in this file.
    File(Field, String),
    /// What is deployed binds it; where one side alone does, that.
    Deployed(Deployable, Option<Side>),
    /// The local store goes by the binding's name where the file has no id.
    Name,
}

/// A namespace that keys are read from or written to. That it exists is for the service to say.
///
/// In JSON, it has this shape in the report of every command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Its id.
    pub id: NamespaceId,
    /// The binding that led to it.
    #[serde(flatten)]
    pub binding: Option<BindingPlace>,
    /// Its title, if that led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Why it is the one.
    pub source: Source,
    /// Whether it is in the local store.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
    /// What to know of it in the local store.
    #[serde(skip)]
    pub caution: Option<LocalCaution>,
}

/// A binding in its section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BindingPlace {
    /// The binding.
    pub binding: Binding,
    /// The section.
    #[serde(flatten)]
    pub section: Section,
    /// The other sections that have a binding of that name.
    #[serde(skip)]
    pub elsewhere: Vec<Section>,
    /// Whether it was said that `preview_id` is not to be used.
    #[serde(skip)]
    pub not_preview: bool,
}

/// Where another namespace of the local store than the one that kvctl uses could be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalCaution {
    /// The entry says `remote`: `wrangler dev` uses the namespace of the account.
    Remote,
    /// The entry has both ids: `wrangler kv --local` takes `id`, `wrangler dev` `preview_id`.
    BothIds,
    /// The title that was given is the id of another namespace.
    TextId,
    /// The title that was given is none, and names a new namespace; this title is nearly the same.
    NewText(String),
}

impl LocalCaution {
    fn of(entry: &Entry) -> Option<Self> {
        let both = entry.id.as_ref().zip(entry.preview_id.as_ref());
        if entry.remote {
            Some(Self::Remote)
        } else {
            both.filter(|(id, preview_id)| id.value != preview_id.value)
                .map(|_| Self::BothIds)
        }
    }
}

impl Target {
    fn titled(id: NamespaceId, title: &str) -> Self {
        Self {
            id,
            binding: None,
            title: Some(title.to_owned()),
            source: Source::Title,
            local: false,
            caution: None,
        }
    }

    /// Has `command` select it.
    pub fn select(&self, command: Suggestion) -> Suggestion {
        match (&self.binding, &self.title) {
            (Some(place), _) => {
                let preview = matches!(self.source, Source::File(Field::PreviewId, _));
                let command = command.option("-b", &place.binding);
                let flags = preview.then_some("--preview").into_iter();
                let flags = flags.chain(place.not_preview.then_some("--preview=false"));
                let command = flags.fold(command, Suggestion::flag);
                command.in_section(&place.section)
            }
            (None, Some(title)) => command.option("-n", title).sectionless(),
            (None, None) => command.option("--namespace-id", &self.id).sectionless(),
        }
    }

    /// Returns the binding that led to it.
    pub fn binding(&self) -> Option<&Binding> {
        self.binding.as_ref().map(|place| &place.binding)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("id as given"),
            Self::Title => f.write_str("title as given"),
            Self::File(field, file) => write!(f, "{field} from {file}"),
            Self::Deployed(_, Some(side)) => write!(f, "id from {side}"),
            Self::Deployed(Deployable::Worker(_), None) => {
                f.write_str("id from the deployed Worker")
            }
            Self::Deployed(Deployable::Pages(_), None) => {
                f.write_str("id from the deployed Pages project")
            }
            Self::Name => f.write_str("by the name of the binding"),
        }
    }
}

impl Source {
    /// Returns its name in JSON.
    fn as_str(&self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Title => "title",
            Self::File(Field::PreviewId, _) => "file_preview_id",
            Self::File(Field::Id | Field::Binding, _) => "file",
            Self::Deployed(Deployable::Worker(_), _) => "deployed_worker",
            Self::Deployed(Deployable::Pages(_), _) => "deployed_pages_project",
            Self::Name => "binding_name",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, source, .. } = self;
        match (&self.binding, &self.title) {
            (
                Some(BindingPlace {
                    binding, section, ..
                }),
                _,
            ) => {
                let section = section.label();
                let section = section.as_deref().unwrap_or("top level");
                match source {
                    Source::Name => write!(f, "`{binding}` ({section}, {source})"),
                    _ => write!(f, "`{binding}` ({section}, {source}: {id})"),
                }
            }
            (None, Some(title)) => write!(f, "`{title}` ({id})"),
            (None, None) => write!(f, "namespace {id}"),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Returns the bindings of a section, to choose from.
pub fn bindings(document: &Document, section: &Section) -> Result<Vec<Binding>, Error> {
    let scope = document.scope(section)?;
    Ok(scope.entries.iter().map(|e| e.binding.clone()).collect())
}
