//! Which namespace is meant: by its id, its title, or a binding of the wrangler file.
//!
//! A binding leads to the namespace that the Worker uses. At the service that is the one whose id
//! the file has, else the one that what is deployed binds; in the local store the one that
//! `wrangler dev` opens. Every command asks here, and the answer says why.

mod deployed;
mod error;

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

pub use deployed::{Bound, Deployable, Deployment, Deployments, Side};
pub use error::{EntryPlace, Error, NoBinding, NoIdReason, unanswered};

use crate::{
    api::{Client, Namespace},
    config::{Document, Entry, Field, Location, Position},
    domain::{AccountId, Binding, LocalIdError, NamespaceId, Section},
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

/// An entry of the wrangler file.
struct Found<'d> {
    place: BindingPlace,
    document: &'d Document,
    entry: &'d Entry,
}

fn find_entry<'d>(
    document: &'d Document,
    section: &Section,
    binding: &Binding,
) -> Result<Found<'d>, Error> {
    let scope = document.scope(section)?;
    let has_it = |entry: &&Entry| entry.binding == *binding;
    let others = document.project().scopes().filter(|other| {
        other.section != scope.section && other.entries.iter().any(|e| e.binding == *binding)
    });
    let elsewhere: Vec<Section> = others.map(|other| other.section.clone()).collect();
    let Some(entry) = scope.entries.iter().find(has_it) else {
        let known: Vec<&str> = scope.entries.iter().map(|e| e.binding.as_str()).collect();
        return Err(Error::NoBinding(Box::new(NoBinding {
            file: document.path().display().to_string(),
            binding: binding.clone(),
            section: scope.section.clone(),
            known: if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            },
            elsewhere,
        })));
    };
    Ok(Found {
        place: BindingPlace {
            binding: binding.clone(),
            section: scope.section.clone(),
            elsewhere,
            caution: None,
        },
        document,
        entry,
    })
}

impl Found<'_> {
    fn entry_at(&self, position: Position) -> EntryPlace {
        EntryPlace {
            at: Location {
                path: self.document.path().to_owned(),
                position,
            },
            binding: self.place.binding.clone(),
            section: self.place.section.clone(),
        }
    }

    fn file(&self) -> String {
        let name = self.document.path().file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn no_id(&self, field: Field, why: NoIdReason) -> Error {
        Error::NoId {
            entry: self.entry_at(self.entry.position).into(),
            field,
            why,
        }
    }

    fn target(&self, (id, source): (NamespaceId, Source)) -> Target {
        Target {
            id,
            binding: Some(self.place.clone()),
            title: None,
            source,
        }
    }

    /// Returns the id that a field of the file has, if the service can know it. Ids of the local kind
    /// count only where the service is `near`.
    fn declared(&self, near: bool, field: Field) -> Option<(NamespaceId, Source)> {
        let declared = self.entry.declared(field);
        let id = declared.valid_where(|_| near)?.clone();
        Some((id, Source::File(field, self.file())))
    }

    /// Returns the id that the file gives, which the service can know.
    fn in_file(&self, near: bool, preview: bool) -> Result<Option<(NamespaceId, Source)>, Error> {
        let field = if preview { Field::PreviewId } else { Field::Id };
        if let Some(declared) = self.declared(near, field) {
            return Ok(Some(declared));
        }
        if preview {
            return Err(self.no_id(field, NoIdReason::Nothing));
        }
        match &self.entry.preview_id {
            Some(preview_id) if self.entry.id.is_none() => Err(Error::OnlyPreview(
                self.entry_at(preview_id.position).into(),
            )),
            _ => Ok(None),
        }
    }

    fn local(&self, preview: bool) -> Result<(NamespaceId, Source), Error> {
        if preview && self.entry.preview_id.is_none() {
            return Err(self.no_id(Field::PreviewId, NoIdReason::Nothing));
        }
        match local_name(self.entry) {
            Ok((id, Field::Binding)) => Ok((id, Source::Name)),
            Ok((id, field)) => Ok((id, Source::File(field, self.file()))),
            Err(LocalNameError {
                field,
                position,
                source,
            }) => Err(Error::LocalId {
                entry: self.entry_at(position).into(),
                field,
                source,
            }),
        }
    }
}

/// Why an entry names no namespace of the local store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalNameError {
    /// The field that should name it.
    pub field: Field,
    /// Where that is.
    pub position: Position,
    /// Why it does not.
    pub source: LocalIdError,
}

/// Returns the name that `wrangler dev` opens, and which part of the entry it is: `preview_id`, else
/// `id`, else the binding, as written.
pub fn local_name(entry: &Entry) -> Result<(NamespaceId, Field), LocalNameError> {
    // An empty id makes wrangler refuse the file; an empty preview_id makes it lose values.
    let id = entry.id.as_ref().filter(|id| !id.value.is_empty());
    let preview_id = entry.preview_id.as_ref();
    let (field, text, position) = match (preview_id, id) {
        (Some(text), _) => (Field::PreviewId, text.value.as_str(), text.position),
        (None, Some(text)) => (Field::Id, text.value.as_str(), text.position),
        (None, None) => (Field::Binding, entry.binding.as_str(), entry.position),
    };
    match NamespaceId::verbatim(text) {
        Ok(id) => Ok((id, field)),
        Err(source) => Err(LocalNameError {
            field,
            position,
            source,
        }),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fields: &str) -> Document {
        let text = format!("[[kv_namespaces]]\nbinding = \"KV\"\n{fields}");
        Document::create("wrangler.toml".into(), text).unwrap()
    }

    const ID: &str = "0F2AC74B498B48028CB68387C421E279";
    const LOCAL: &str = "10ca110c2ab167c823b7649da152dc95";

    #[test]
    fn an_id_of_the_local_kind_counts_on_this_machine_only() {
        let document = entry(&format!("id = \"{LOCAL}\""));
        let found = find_entry(&document, &Section::TOP, &"KV".parse().unwrap()).unwrap();
        let in_file = |near| found.in_file(near, false).unwrap();
        assert_eq!(in_file(true).unwrap().0.as_str(), LOCAL);
        assert_eq!(in_file(false), None);
    }

    /// As `wrangler dev` has it.
    #[test]
    fn the_local_store_goes_by_the_text_as_written() {
        let opened = |fields: &str| {
            let document = entry(fields);
            let found = find_entry(&document, &Section::TOP, &"KV".parse().unwrap()).unwrap();
            let local = found.local(false);
            local.map(|(id, source)| format!("{id}: {source}"))
        };
        let cases = [
            ("", "KV: by the name of the binding"),
            ("id = ''", "KV: by the name of the binding"),
            ("id = 'dev-cache'", "dev-cache: id from wrangler.toml"),
            ("id = '<id>'", "<id>: id from wrangler.toml"),
            ("preview_id = 'p'", "p: preview_id from wrangler.toml"),
            (
                "id = 'i'\npreview_id = 'p'",
                "p: preview_id from wrangler.toml",
            ),
        ];
        for (fields, expected) in cases {
            assert_eq!(opened(fields).unwrap(), expected, "{fields}");
        }
        let upper = opened(&format!("id = '{ID}'")).unwrap();
        assert_eq!(upper, format!("{ID}: id from wrangler.toml"));
        let empty = opened("id = 'i'\npreview_id = ''").unwrap_err();
        insta::assert_snapshot!(empty, @"wrangler.toml:4:14: binding `KV` at the top level has a preview_id that names no namespace of the local store");
    }
}
