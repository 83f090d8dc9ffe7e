//! The probe keys that are written and must not stay, whatever happens in between.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{
    api::{Client, Namespace},
    domain::{AccountId, KeyName, NamespaceId},
};

type Entry = (NamespaceId, KeyName);

/// What was written and is still to be deleted, and whether the end was asked for.
#[derive(Debug)]
pub struct ProbeKeys {
    keys: Mutex<Vec<Entry>>,
    stop: watch::Sender<bool>,
}

impl Default for ProbeKeys {
    fn default() -> Self {
        Self {
            keys: Mutex::default(),
            stop: watch::Sender::new(false),
        }
    }
}

impl ProbeKeys {
    fn keys(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a key that is about to be written.
    pub(super) fn add(&self, namespace: &NamespaceId, key: &KeyName) {
        self.keys().push((namespace.clone(), key.clone()));
    }

    /// Forgets a key that is gone, or was never written.
    pub(super) fn remove(&self, namespace: &NamespaceId, key: &KeyName) {
        self.keys().retain(|(n, k)| (n, k) != (namespace, key));
    }

    /// Whether a key may be there.
    pub(super) fn contains(&self, namespace: &NamespaceId, key: &KeyName) -> bool {
        self.keys().iter().any(|(n, k)| (n, k) == (namespace, key))
    }

    /// Asks for the end: what is under way is finished, what was written is deleted, and nothing more
    /// is begun.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether the end was asked for.
    pub(super) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Resolves once the end was asked for.
    pub(super) async fn stopped(&self) {
        // The sender lives as long as this does.
        self.stop.subscribe().wait_for(|stop| *stop).await.ok();
    }

    /// Deletes what is left, and returns the keys that could not be.
    pub async fn delete_all(&self, client: &Client, account: &AccountId) -> Vec<KeyName> {
        let left = self.keys().clone();
        for (id, key) in &left {
            let namespace = Namespace {
                client,
                account,
                id,
            };
            if namespace.delete_key(key).await.is_ok() {
                self.remove(id, key);
            }
        }
        self.remaining()
    }

    /// Returns the keys that may still be there.
    pub fn remaining(&self) -> Vec<KeyName> {
        self.keys().iter().map(|(_, key)| key.clone()).collect()
    }
}
