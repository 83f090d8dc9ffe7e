//! Which namespace is meant: by its id, its title, or a binding of the wrangler file.
//!
//! A binding leads to the namespace that the Worker uses. At the service that is the one whose id
//! the file has, else the one that what is deployed binds; in the local store the one that
//! `wrangler dev` opens. Every command asks here, and the answer says why.

mod deployed;
mod entry;
mod error;

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

pub use deployed::{Bound, Deployable, Deployment, Deployments, Side};
pub use entry::{LocalNameError, local_name};
pub use error::{EntryPlace, Error, NoBinding, NoIdReason, unanswered};

use entry::{Found, find_entry};

use crate::{
    api::{Client, Namespace},
    config::{Document, Entry, Field},
    domain::{AccountId, Binding, NamespaceId, Section},
    wire::NamespaceInfo,
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
        /// Whether to use its `preview_id`.
        preview: bool,
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
    /// What is deployed binds it.
    Deployed(Deployable),
    /// The local store goes by the binding's name where the file has no id.
    Name,
}

/// A namespace that keys are read from or written to. That it exists is for the service to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub id: NamespaceId,
    /// The binding that led to it.
    pub binding: Option<BindingPlace>,
    /// Its title, if that led to it.
    pub title: Option<String>,
    /// Why it is the one.
    pub source: Source,
}

/// A binding in its section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingPlace {
    /// The binding.
    pub binding: Binding,
    /// The section.
    pub section: Section,
    /// The other sections that have a binding of that name.
    pub elsewhere: Vec<Section>,
    /// What wrangler does otherwise in the local store.
    pub caution: Option<LocalCaution>,
}

/// Where wrangler's own commands do not use the namespace of the local store that kvctl uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalCaution {
    /// The entry says `remote`: `wrangler dev` uses the namespace of the account.
    Remote,
    /// The entry has both ids: `wrangler kv --local` takes `id`, `wrangler dev` `preview_id`.
    BothIds,
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
            Self::Deployed(Deployable::Worker(_)) => f.write_str("id from the deployed Worker"),
            Self::Deployed(Deployable::Pages(_)) => {
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
            Self::Deployed(Deployable::Worker(_)) => "deployed_worker",
            Self::Deployed(Deployable::Pages(_)) => "deployed_pages_project",
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

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Target", 6)?;
        fields.serialize_field("id", &self.id)?;
        if let Some(BindingPlace {
            binding, section, ..
        }) = &self.binding
        {
            fields.serialize_field("binding", binding)?;
            fields.serialize_field("environment", &section.environment())?;
            if section.is_previews() {
                fields.serialize_field("previews", &true)?;
            }
        }
        if let Some(title) = &self.title {
            fields.serialize_field("title", title)?;
        }
        fields.serialize_field("source", self.source.as_str())?;
        fields.end()
    }
}

/// Finds the namespaces that selectors mean.
#[derive(Debug)]
pub struct Resolver<'a> {
    client: &'a Client,
    account: &'a AccountId,
    /// The wrangler file; required for a binding.
    document: Option<&'a Document>,
    /// Whether the account is the local store's.
    local: bool,
    deployments: Deployments<'a>,
}

impl<'a> Resolver<'a> {
    /// Looks nothing up yet.
    pub fn new(
        client: &'a Client,
        account: &'a AccountId,
        document: Option<&'a Document>,
        local: bool,
    ) -> Self {
        Self {
            client,
            account,
            document,
            local,
            deployments: Deployments::new(client, account),
        }
    }

    /// Finds the namespace, and what the service says of it.
    pub async fn find(&self, selector: &Selector) -> Result<NamespaceInfo, Error> {
        if let Selector::Title(title) = selector {
            return self.by_title(title).await;
        }
        let target = self.locate(selector).await?;
        let namespace = Namespace {
            client: self.client,
            account: self.account,
            id: &target.id,
        };
        Ok(namespace.info().await?)
    }

    /// Finds the namespace without asking whether it exists. A title costs a request, and so does a
    /// binding to which the file gives no id.
    pub async fn locate(&self, selector: &Selector) -> Result<Target, Error> {
        match selector {
            Selector::Id(id) => Ok(Target {
                id: id.clone(),
                binding: None,
                title: None,
                source: Source::Id,
            }),
            Selector::Title(title) => {
                let id = match self.by_title(title).await {
                    // The store needs no titles, so this may be the name that the Worker uses.
                    Err(Error::NoTitle { .. }) if self.local => NamespaceId::verbatim(title).ok(),
                    found => Some(found?.id),
                };
                let id = id.ok_or_else(|| Error::Unnamed(Vec::new()))?;
                Ok(Target {
                    id,
                    binding: None,
                    title: Some(title.clone()),
                    source: Source::Title,
                })
            }
            Selector::Binding {
                section,
                binding,
                preview,
            } => self.bound(section, binding, *preview).await,
        }
    }

    async fn by_title(&self, title: &str) -> Result<NamespaceInfo, Error> {
        let all = self.client.namespaces(self.account).await?;
        by_title(all, self.account, title)
    }

    async fn bound(
        &self,
        section: &Section,
        binding: &Binding,
        preview: bool,
    ) -> Result<Target, Error> {
        let document = self.document.ok_or_else(|| Error::Unnamed(Vec::new()))?;
        let mut found = find_entry(document, section, binding)?;
        let (id, source) = if self.local {
            found.place.caution = LocalCaution::of(found.entry).filter(|_| !preview);
            found.local(preview)?
        } else {
            self.remote(document, &found, preview).await?
        };
        Ok(found.target((id, source)))
    }

    /// Returns what looks up what is deployed.
    pub fn deployments(&self) -> &Deployments<'a> {
        &self.deployments
    }

    /// Finds the namespace that the file's `id` names; `None` where the service cannot know it.
    pub fn in_file(&self, section: &Section, binding: &Binding) -> Result<Option<Target>, Error> {
        let document = self.document.ok_or_else(|| Error::Unnamed(Vec::new()))?;
        let found = find_entry(document, section, binding)?;
        let near = self.client.is_on_this_machine();
        Ok(found.declared(near, Field::Id).map(|it| found.target(it)))
    }

    /// Finds the namespace that the Worker uses once it is deployed: the file's `id`, else what is
    /// deployed. A `preview_id` does not count.
    pub async fn in_use(&self, section: &Section, binding: &Binding) -> Result<Target, Error> {
        let document = self.document.ok_or_else(|| Error::Unnamed(Vec::new()))?;
        let found = find_entry(document, section, binding)?;
        let near = self.client.is_on_this_machine();
        let named = match found.declared(near, Field::Id) {
            Some(in_file) => in_file,
            None => self.deployed(document, &found).await?,
        };
        Ok(found.target(named))
    }

    async fn remote(
        &self,
        document: &Document,
        found: &Found<'_>,
        preview: bool,
    ) -> Result<(NamespaceId, Source), Error> {
        let near = self.client.is_on_this_machine();
        match found.in_file(near, preview)? {
            Some(in_file) => Ok(in_file),
            None => self.deployed(document, found).await,
        }
    }

    /// Finds the namespace that what is deployed binds.
    async fn deployed(
        &self,
        document: &Document,
        found: &Found<'_>,
    ) -> Result<(NamespaceId, Source), Error> {
        let BindingPlace {
            binding, section, ..
        } = &found.place;
        let project = document.project();
        let entry = || found.entry_at(found.entry.position);
        let no_id = |why| found.no_id(Field::Id, why);
        let Some(deployable) = Deployable::of(project, section) else {
            let why = if section.is_previews() {
                NoIdReason::Nothing
            } else {
                NoIdReason::Nameless
            };
            return Err(no_id(why));
        };
        let deployment = self.deployments.look_up(&deployable).await;
        let deployment = match deployment {
            Ok(deployment) => deployment,
            Err(source) => {
                return Err(Error::Deployed {
                    entry: entry().into(),
                    deployable,
                    source,
                });
            }
        };
        match &*deployment {
            Deployment::NotDeployed => return Err(no_id(NoIdReason::NotDeployed(deployable))),
            Deployment::Denied(error) => {
                return Err(Error::Denied {
                    entry: entry().into(),
                    deployable,
                    said: error.to_string(),
                });
            }
            Deployment::Worker(_) | Deployment::Pages(_) => {}
        }
        match deployment.bound(project, section, binding) {
            Bound::To(id) => Ok((id, Source::Deployed(deployable))),
            Bound::Nothing => Err(no_id(NoIdReason::NotBound(deployable))),
            Bound::Two {
                production,
                preview,
            } => Err(Error::TwoDeployed {
                entry: entry().into(),
                deployable,
                production,
                preview,
            }),
        }
    }
}

/// Returns the bindings of a section, to choose from.
pub fn bindings(document: &Document, section: &Section) -> Result<Vec<Binding>, Error> {
    let scope = document.scope(section)?;
    Ok(scope.entries.iter().map(|e| e.binding.clone()).collect())
}

fn by_title(
    all: Vec<NamespaceInfo>,
    account: &AccountId,
    title: &str,
) -> Result<NamespaceInfo, Error> {
    let folded = title.to_lowercase();
    let mut similar = Vec::new();
    for namespace in all {
        if namespace.title == title {
            return Ok(namespace);
        }
        if namespace.title.to_lowercase().contains(&folded) && similar.len() < 3 {
            similar.push(namespace.title);
        }
    }
    Err(Error::NoTitle {
        account: account.clone(),
        title: title.to_owned(),
        similar,
    })
}
