//! Finds the namespaces that selectors mean.

use super::{
    BindingPlace, LocalCaution, Selector, Source, Target,
    deployed::{Bound, Deployable, Deployment, Deployments, Side},
    entry::{Found, find_entry},
    error::{Error, NoIdReason},
};
use crate::{
    api::{self, Client, Namespace},
    config::{Document, Field},
    domain::{AccountId, Binding, ErrorClass, NamespaceId, Section, near},
    wire::{NamespaceInfo, code},
};

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
    pub async fn find(&self, selector: &Selector) -> Result<(Target, NamespaceInfo), Error> {
        if let Selector::Title(title) = selector {
            return self.titled(title).await;
        }
        let target = self.locate(selector).await?;
        let found = self.info(&target.id).await?;
        Ok((target, found))
    }

    /// Asks what the service says of a namespace.
    async fn info(&self, id: &NamespaceId) -> Result<NamespaceInfo, api::Error> {
        let namespace = Namespace {
            client: self.client,
            account: self.account,
            id,
        };
        namespace.info().await
    }

    /// A namespace that a title led to, here.
    fn by_text(&self, id: NamespaceId, title: &str) -> Target {
        Target {
            local: self.local,
            ..Target::titled(id, title)
        }
    }

    /// Finds a namespace whose keys are read. In the local store any text names one that is made when it
    /// is written to, so there it is asked whether it exists.
    pub async fn locate_to_read(&self, selector: &Selector) -> Result<Target, Error> {
        match selector {
            Selector::Title(title) if self.local => match self.titled(title).await {
                Err(error @ Error::NoTitle { .. }) => {
                    let Ok(id) = NamespaceId::verbatim(title) else {
                        return Err(error);
                    };
                    if self.exists(&id).await? {
                        Ok(self.by_text(id, title))
                    } else {
                        Err(error)
                    }
                }
                found => Ok(found?.0),
            },
            _ => self.locate(selector).await,
        }
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
                local: self.local,
                caution: None,
            }),
            Selector::Title(title) => match self.titled(title).await {
                // The store needs no titles, so this may be the name that the Worker uses.
                Err(error @ Error::NoTitle { .. }) if self.local => {
                    let Ok(id) = NamespaceId::verbatim(title) else {
                        return Err(error);
                    };
                    let caution = match error {
                        Error::NoTitle { similar, .. } => self.new_text(&id, similar).await?,
                        _ => None,
                    };
                    Ok(Target {
                        caution,
                        ..self.by_text(id, title)
                    })
                }
                found => Ok(found?.0),
            },
            Selector::Binding {
                section,
                binding,
                preview,
            } => self.bound(section, binding, *preview).await,
        }
    }

    /// Whether it asks the local store.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// Cautions of a text that names a new namespace and is nearly a title.
    async fn new_text(
        &self,
        id: &NamespaceId,
        similar: Vec<String>,
    ) -> Result<Option<LocalCaution>, api::Error> {
        let Some(near) = similar.into_iter().next() else {
            return Ok(None);
        };
        let exists = self.exists(id).await?;
        Ok((!exists).then_some(LocalCaution::NewText(near)))
    }

    /// Whether the local store has a namespace of that name, which need not be an id.
    async fn exists(&self, id: &NamespaceId) -> Result<bool, api::Error> {
        match self.info(id).await {
            Ok(_) => Ok(true),
            Err(e)
                if e.class() == ErrorClass::NotFound
                    || e.has_code(code::MALFORMED_NAMESPACE_ID) =>
            {
                Ok(false)
            }
            Err(e) => Err(e),
        }
    }

    async fn titled(&self, title: &str) -> Result<(Target, NamespaceInfo), Error> {
        let all = self.client.namespaces(self.account).await?;
        if !self.local {
            let found = by_title(all, Some(self.account), title)?;
            return Ok((self.by_text(found.id.clone(), title), found));
        }
        // The store calls a namespace that the wrangler file names, and that has no title, by its text.
        let is_text = |found: &NamespaceInfo| found.title == title && found.id.as_str() == title;
        let (texts, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_text);
        let mut target;
        let found = match (by_title(others, None, title), texts.into_iter().next()) {
            (Ok(found), text) => {
                target = self.by_text(found.id.clone(), title);
                target.caution = text.map(|_| LocalCaution::TextId);
                found
            }
            (Err(Error::NoTitle { .. }), Some(text)) => {
                target = self.by_text(text.id.clone(), title);
                text
            }
            (Err(error), _) => return Err(error),
        };
        Ok((target, found))
    }

    async fn bound(
        &self,
        section: &Section,
        binding: &Binding,
        preview: Option<bool>,
    ) -> Result<Target, Error> {
        let document = self.document.ok_or_else(|| Error::Unnamed(Vec::new()))?;
        let mut found = find_entry(document, section, binding)?;
        found.place.not_preview = preview == Some(false);
        if !self.local {
            let named = self.remote(document, &found, preview).await?;
            return Ok(found.target(named));
        }
        if section.is_previews() {
            let entry = found.entry_at(found.entry.position);
            return Err(Error::LocalPreviews(entry.into()));
        }
        Ok(Target {
            local: true,
            // Which id it is may have been said.
            caution: LocalCaution::of(found.entry).filter(|caution| match preview {
                None => true,
                Some(preview) => !preview && *caution == LocalCaution::Remote,
            }),
            ..found.target(found.local(preview)?)
        })
    }

    /// Returns what looks up what is deployed.
    pub fn deployments(&self) -> &Deployments<'a> {
        &self.deployments
    }

    /// Finds the namespace that a field of the file names, without asking for it; `None` where the
    /// service cannot know it.
    pub fn in_file(
        &self,
        section: &Section,
        binding: &Binding,
        field: Field,
    ) -> Result<Option<Target>, Error> {
        let document = self.document.ok_or_else(|| Error::Unnamed(Vec::new()))?;
        let found = find_entry(document, section, binding)?;
        let near = self.client.is_on_this_machine();
        Ok(found.declared(near, field).map(|it| found.target(it)))
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
        preview: Option<bool>,
    ) -> Result<(NamespaceId, Source), Error> {
        let near = self.client.is_on_this_machine();
        match found.in_file(near, preview) {
            Ok(Some(in_file)) => Ok(in_file),
            Ok(None) => self.deployed(document, found).await,
            Err(Error::NoId {
                entry,
                field,
                why: NoIdReason::Nothing,
            }) => Err(Error::NoId {
                entry,
                field,
                why: self.gone(near, found).await.unwrap_or(NoIdReason::Nothing),
            }),
            Err(error) => Err(error),
        }
    }

    /// Says whether the account does not have the id either, where the preview's is missing.
    async fn gone(&self, near: bool, found: &Found<'_>) -> Option<NoIdReason> {
        let (id, _) = found.declared(near, Field::Id)?;
        let all = self.client.namespaces(self.account).await.ok()?;
        let is_known = all.iter().any(|namespace| namespace.id == id);
        (!is_known).then_some(NoIdReason::Gone(id))
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
        if binding.is_placeholder() {
            return Err(no_id(NoIdReason::Placeholder));
        }
        let Some(deployable) = Deployable::of(project, section) else {
            return Err(no_id(match project.deployed_name(section) {
                Err(error) if !section.is_previews() => NoIdReason::Nameless(error),
                _ => NoIdReason::Nothing,
            }));
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
            Bound::To(id) => Ok((id, Source::Deployed(deployable, None))),
            Bound::InProduction(id) => {
                Ok((id, Source::Deployed(deployable, Some(Side::Production))))
            }
            Bound::Nothing => Err(no_id(NoIdReason::NotBound(deployable))),
            Bound::Differs {
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

fn by_title(
    all: Vec<NamespaceInfo>,
    account: Option<&AccountId>,
    title: &str,
) -> Result<NamespaceInfo, Error> {
    let same = all.iter().filter(|namespace| namespace.title == title);
    let ids: Vec<NamespaceId> = same.map(|namespace| namespace.id.clone()).collect();
    if ids.len() > 1 {
        return Err(Error::TitleTwice {
            title: title.to_owned(),
            ids,
        });
    }
    let similar = near(title, all.iter().map(|namespace| namespace.title.as_str()));
    let similar = similar
        .into_iter()
        .filter(|it| is_near_in_project(title, it));
    let similar = similar.take(3).map(str::to_owned).collect();
    let found = all.into_iter().find(|namespace| namespace.title == title);
    found.ok_or_else(|| Error::NoTitle {
        account: account.cloned(),
        title: title.to_owned(),
        similar,
    })
}

/// Whether `title` is near to `other` without the name of the project that both may begin with, which is
/// long enough to make all of its titles alike.
fn is_near_in_project(title: &str, other: &str) -> bool {
    match (title.split_once('-'), other.split_once('-')) {
        (Some((project, title)), Some((same, other))) if project == same => {
            is_near_in_project(title, other)
        }
        _ => !near(title, [other]).is_empty(),
    }
}
