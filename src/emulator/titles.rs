//! The namespaces of each account: titles, ids, and the rules between them. Imports `domain`. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{config::IdScheme, registry::Kept};
use crate::domain::{AccountId, Jurisdiction, NamespaceId, Title, hex};

/// A namespace, without its pairs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NamespaceEntry {
    pub(super) id: NamespaceId,
    pub(super) title: Title,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) jurisdiction: Option<Jurisdiction>,
}

/// Why a title cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// Another namespace of the account has the title.
    Taken,
    /// No namespace of the account has the id.
    Missing,
}

/// All namespaces, by account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Titles {
    /// How many ids were ever assigned, so that none is reused.
    given: u64,
    accounts: BTreeMap<AccountId, Vec<NamespaceEntry>>,
}

impl Kept for Titles {
    const NAME: &'static str = "namespaces";
    const KIND: &'static str = "a list of namespaces";
    const CONTENT: &'static str = "the titles of the namespaces";
}

impl Titles {
    /// Returns the namespaces of an account, oldest first.
    pub(super) fn of(&self, account: &AccountId) -> &[NamespaceEntry] {
        self.accounts.get(account).map_or(&[], Vec::as_slice)
    }

    /// Creates a namespace.
    pub(super) fn create(
        &mut self,
        account: &AccountId,
        title: Title,
        jurisdiction: Option<Jurisdiction>,
        scheme: IdScheme,
    ) -> Result<NamespaceEntry, Conflict> {
        if self.of(account).iter().any(|known| known.title == title) {
            return Err(Conflict::Taken);
        }
        let entry = NamespaceEntry {
            id: self.new_id(&title, scheme),
            title,
            jurisdiction,
        };
        let namespaces = self.accounts.entry(account.clone()).or_default();
        namespaces.push(entry.clone());
        Ok(entry)
    }

    /// Renames a namespace. Its own title does not conflict.
    pub(super) fn rename(
        &mut self,
        account: &AccountId,
        id: &NamespaceId,
        title: Title,
    ) -> Result<NamespaceEntry, Conflict> {
        let namespaces = self.accounts.entry(account.clone()).or_default();
        if !namespaces.iter().any(|known| known.id == *id) {
            return Err(Conflict::Missing);
        }
        let taken = |known: &NamespaceEntry| known.id != *id && known.title == title;
        if namespaces.iter().any(taken) {
            return Err(Conflict::Taken);
        }
        let mut own = namespaces.iter_mut().filter(|known| known.id == *id);
        let entry = own.next().ok_or(Conflict::Missing)?;
        entry.title = title;
        Ok(entry.clone())
    }

    /// Deletes a namespace.
    pub(super) fn delete(&mut self, account: &AccountId, id: &NamespaceId) -> Result<(), Conflict> {
        let namespaces = self.accounts.entry(account.clone()).or_default();
        let before = namespaces.len();
        namespaces.retain(|known| known.id != *id);
        if namespaces.len() == before {
            return Err(Conflict::Missing);
        }
        Ok(())
    }

    fn new_id(&mut self, title: &Title, scheme: IdScheme) -> NamespaceId {
        // A local id follows from its title, but a namespace that was called so before keeps it.
        if scheme == IdScheme::Local {
            let id = NamespaceId::local(title);
            if !self.has(&id) {
                return id;
            }
        }
        loop {
            self.given += 1;
            let digest = hex(&Sha256::digest(format!("{}\n{title}", self.given)));
            let id = match scheme {
                IdScheme::Local => digest.parse().ok().map(|title| NamespaceId::local(&title)),
                IdScheme::Remote => digest[..32]
                    .parse()
                    .ok()
                    .filter(|id| !NamespaceId::is_local(id)),
            };
            if let Some(id) = id.filter(|id| !self.has(id)) {
                return id;
            }
        }
    }

    /// Returns the ids of all namespaces.
    pub(super) fn ids(&self) -> impl Iterator<Item = &NamespaceId> {
        self.accounts.values().flatten().map(|known| &known.id)
    }

    /// Whether a namespace of any account has this id.
    pub(super) fn has(&self, id: &NamespaceId) -> bool {
        self.ids().any(|known| known == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(text: &str) -> Title {
        text.parse().unwrap()
    }

    #[test]
    fn a_title_is_given_once_and_an_id_never_again() {
        let account = AccountId::local();
        for scheme in [IdScheme::Local, IdScheme::Remote] {
            let mut titles = Titles::default();
            let a = titles.create(&account, title("a"), None, scheme).unwrap();
            assert_eq!(a.id.is_local(), scheme == IdScheme::Local);
            assert_eq!(
                titles.create(&account, title("a"), None, scheme),
                Err(Conflict::Taken)
            );

            titles.rename(&account, &a.id, title("b")).unwrap();
            titles.rename(&account, &a.id, title("b")).unwrap();
            let second = titles.create(&account, title("a"), None, scheme).unwrap();
            assert_ne!(second.id, a.id);
            assert_eq!(second.id.is_local(), scheme == IdScheme::Local);
            assert_eq!(
                titles.rename(&account, &second.id, title("b")),
                Err(Conflict::Taken)
            );

            titles.delete(&account, &a.id).unwrap();
            assert_eq!(titles.delete(&account, &a.id), Err(Conflict::Missing));
            assert_eq!(
                titles.rename(&account, &a.id, title("c")),
                Err(Conflict::Missing)
            );
            assert_eq!(titles.of(&account), [second]);
        }
    }

    #[test]
    fn a_local_id_follows_from_the_title() {
        let account = AccountId::local();
        let entry =
            Titles::default().create(&account, title("bio-SESSIONS"), None, IdScheme::Local);
        assert_eq!(
            entry.unwrap().id,
            NamespaceId::local(&title("bio-SESSIONS"))
        );
    }
}
