//! The probe keys that were written, and must be deleted in any case.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{
    api::{Client, Namespace},
    domain::{AccountId, KeyName, NamespaceId},
};

type Entry = (NamespaceId, KeyName);

/// Keys that must still be deleted, and whether a stop was requested.
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

    /// Forgets a key that was deleted or never written.
    pub(super) fn remove(&self, namespace: &NamespaceId, key: &KeyName) {
        self.keys().retain(|(n, k)| (n, k) != (namespace, key));
    }

    /// Whether a key may be there.
    pub(super) fn contains(&self, namespace: &NamespaceId, key: &KeyName) -> bool {
        self.keys().iter().any(|(n, k)| (n, k) == (namespace, key))
    }

    /// Requests a stop: finishes what is in flight, deletes what was written, and starts nothing
    /// new.
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
