//! What stands between a command line and keys that are gone for good.

use anyhow::Context as _;

use super::Keyspace;
use crate::{
    api::GetNamespace,
    commands::Refused,
    config::{Document, Manifest},
    context::Context,
    ops::protect::is_protected,
    ui::{Question, quantity},
};

/// What is known when it is decided whether to go on.
pub(super) struct Guard<'a> {
    pub(super) context: &'a Context,
    /// The keys that are to go.
    pub(super) keys: &'a [String],
    /// The title that was typed to confirm.
    pub(super) confirm: Option<&'a str>,
    /// Whether the keys were not named one by one.
    pub(super) mass: bool,
}

impl Guard<'_> {
    /// Lets through one key that was named, a title typed correctly, and a yes.
    pub(super) async fn check(&self, keyspace: &Keyspace) -> anyhow::Result<()> {
        let manifest = self.manifest(keyspace)?;
        if self.confirm.is_some() || manifest.is_some() {
            let title = self.title(keyspace).await?;
            match self.confirm {
                Some(text) if text == title => return Ok(()),
                Some(text) => {
                    return Err(Refused {
                        what: format!(
                            "`--confirm {text}` is not the title `{title}`; nothing was deleted"
                        ),
                        allow: format!(
                            "give `--confirm '{title}'` if this is the namespace you mean"
                        ),
                    }
                    .into());
                }
                None if manifest.is_some_and(|(manifest, document)| {
                    is_protected(
                        &manifest,
                        Some(document.project()),
                        &keyspace.target.id,
                        &title,
                    )
                }) =>
                {
                    return Err(Refused {
                        what: format!("kvctl.toml protects `{title}`; nothing was deleted"),
                        allow: format!("give `--confirm '{title}'` to delete them all the same"),
                    }
                    .into());
                }
                None => {}
            }
        }
        if !self.mass && self.keys.len() == 1 {
            return Ok(());
        }
        let keys = quantity(self.keys.len(), "key");
        Ok(self
            .context
            .ui
            .confirm(Question {
                what: format!("deleting {keys} from {} for good", keyspace.target),
                expect: None,
                flag: "--yes".to_owned(),
            })
            .await?)
    }

    /// Reads the project's rules, if keys are deleted in a mass and some rule could forbid that.
    fn manifest(&self, keyspace: &Keyspace) -> anyhow::Result<Option<(Manifest, Document)>> {
        if !self.mass {
            return Ok(None);
        }
        let document = match &keyspace.document {
            Some(document) => Some(document.clone()),
            None => self.context.document_if_any()?,
        };
        let Some(document) = document else {
            return Ok(None);
        };
        let manifest = self.context.manifest(&document)?;
        let strict = |m: &Manifest| m.namespaces.iter().any(|n| n.protect);
        Ok(manifest.filter(strict).map(|m| (m, document)))
    }

    /// Returns the title, which only some ways of naming a namespace tell.
    async fn title(&self, keyspace: &Keyspace) -> anyhow::Result<String> {
        if let Some(title) = &keyspace.target.title {
            return Ok(title.clone());
        }
        let session = &keyspace.session;
        let request = GetNamespace {
            account: &session.account,
            id: &keyspace.target.id,
        };
        let found = session.client.send(&request).await;
        if session.is_local() && found.is_err() {
            // To `wrangler dev` a namespace needs no title, so the local store may know none.
            let binding = keyspace.target.binding.as_ref();
            return Ok(binding.map_or_else(|| request.id.to_string(), ToString::to_string));
        }
        let found = found.with_context(|| format!("could not look up {}", keyspace.target))?;
        Ok(found.title)
    }
}
