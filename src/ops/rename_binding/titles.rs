//! The titles of the namespaces, which follow the name of a binding on request.

use serde::Serialize;

use super::{Error, Renaming};
use crate::{
    api::{Client, Namespace},
    config::{Document, Field, Manifest},
    domain::{AccountId, Binding, DeclaredId, NamespaceId, Title},
    ops::{
        namespaces::ids_by_title,
        provision::{desired::declared_title, titles},
        target::{Resolver, Selector},
    },
    wire::NamespaceInfo,
};

/// A namespace that gets another title.
#[derive(Debug, Clone, Serialize)]
pub struct Retitling {
    /// The namespace.
    pub id: NamespaceId,
    /// The title it has.
    pub was: String,
    /// The title it gets.
    pub title: Title,
}

/// What becomes of the titles.
#[derive(Debug, Default)]
pub struct TitleChanges {
    /// The namespaces that get another one.
    pub changed: Vec<Retitling>,
    /// Why others keep theirs.
    pub notes: Vec<String>,
}

/// Takes the title that `manifest`, as it is after the renaming, gives the binding `new`, where it gives
/// one. Returns what to say of that.
pub fn take_declared(
    renamings: &mut [Renaming],
    document: &Document,
    manifest: Option<&Manifest>,
    new: &Binding,
) -> Result<Option<String>, Error> {
    let declared = manifest.and_then(|manifest| manifest.namespace(new)?.title.as_ref());
    let Some(declared) = declared.filter(|title| !title.is_placeholder()) else {
        return Ok(None);
    };
    for renaming in renamings {
        let title = declared_title(document.project(), declared, &renaming.section);
        renaming.title = title.map_err(|e| Error::Title(new.clone(), e))?;
    }
    Ok(Some(format!(
        "the title does not follow the name of `{new}`: kvctl.toml says `title = \"{declared}\"`"
    )))
}

/// Returns which namespaces get another title, after making sure that all of them can.
pub async fn retitlings(
    resolver: &Resolver<'_>,
    document: &Document,
    renamings: &[Renaming],
    account: &AccountId,
    existing: &[NamespaceInfo],
) -> Result<TitleChanges, Error> {
    let mut planner = Planner {
        document,
        renamings,
        existing,
        changes: TitleChanges::default(),
    };
    let store = if resolver.is_local() {
        "the local store".to_owned()
    } else {
        format!("account {account}")
    };
    for renaming in renamings {
        let section = &renaming.section;
        let binding = &renaming.entry.binding;
        let selector = Selector::Binding {
            section: section.clone(),
            binding: binding.clone(),
            // The local store would take its `preview_id`.
            preview: Some(false),
        };
        let id = resolver.locate(&selector).await?.id;
        let Some(namespace) = existing.iter().find(|n| n.id == id) else {
            return Err(Error::Unknown {
                id,
                binding: binding.clone(),
                place: section.place(),
                store,
                local: resolver.is_local(),
            });
        };
        planner.add(namespace, &renaming.title)?;
        let DeclaredId::Valid(preview) = renaming.entry.declared(Field::PreviewId) else {
            continue;
        };
        match existing.iter().find(|n| n.id == preview) {
            Some(preview) => {
                let title = titles::preview(&renaming.title);
                let title = title.map_err(|e| Error::Title(binding.clone(), e))?;
                planner.add(preview, &title)?;
            }
            // One of the local kind is no more than a placeholder to the service.
            None if preview.is_local() => {}
            None => planner.changes.notes.push(format!(
                "{preview}, the `preview_id` of `{binding}` {}, is not in {store}",
                section.place()
            )),
        }
    }
    Ok(planner.changes)
}

struct Planner<'a> {
    document: &'a Document,
    renamings: &'a [Renaming],
    existing: &'a [NamespaceInfo],
    changes: TitleChanges,
}

impl Planner<'_> {
    /// Adds that `namespace` gets `title`, unless it has it or gets another one, or other bindings have
    /// the namespace too.
    fn add(&mut self, namespace: &NamespaceInfo, title: &Title) -> Result<(), Error> {
        let NamespaceInfo { id, title: was, .. } = namespace;
        let is_known = self.changes.changed.iter().any(|other| other.id == *id);
        if was == title.as_str() || is_known {
            return Ok(());
        }
        if let Some(other) = self.other_user(id) {
            let note = format!("{id} keeps the title `{was}`: it is the namespace of {other} too");
            if !self.changes.notes.contains(&note) {
                self.changes.notes.push(note);
            }
            return Ok(());
        }
        let ids = ids_by_title(self.existing, title);
        if !ids.is_empty() {
            let title = title.clone();
            return Err(Error::TitleTaken { title, ids });
        }
        self.changes.changed.push(Retitling {
            id: id.clone(),
            was: was.clone(),
            title: title.clone(),
        });
        Ok(())
    }

    /// Returns a binding that is not renamed and has the namespace.
    fn other_user(&self, id: &NamespaceId) -> Option<String> {
        let scopes = self.document.project().scopes();
        let mut entries = scopes.flat_map(|scope| scope.entries.iter().map(move |it| (scope, it)));
        let (scope, entry) = entries.find(|(_, entry)| {
            let is_renamed = self
                .renamings
                .iter()
                .any(|renaming| renaming.entry.position == entry.position);
            let fields = [Field::Id, Field::PreviewId].map(|field| entry.declared(field));
            !is_renamed && fields.contains(&DeclaredId::Valid(id.clone()))
        })?;
        Some(format!("`{}` {}", entry.binding, scope.section.place()))
    }
}

/// Gives the namespaces their titles, one after another.
pub async fn retitle(
    client: &Client,
    account: &AccountId,
    retitlings: &[Retitling],
) -> Result<(), Error> {
    let mut done = Vec::new();
    for Retitling { id, title, .. } in retitlings {
        let namespace = Namespace {
            client,
            account,
            id,
        };
        match namespace.rename(title).await {
            Ok(()) => done.push(format!("`{title}`")),
            Err(source) if done.is_empty() => return Err(Error::Api(title.clone(), source)),
            Err(source) => {
                return Err(Error::Partial {
                    title: title.clone(),
                    done,
                    source,
                });
            }
        }
    }
    Ok(())
}
