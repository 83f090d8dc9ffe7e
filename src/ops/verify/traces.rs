//! Keys that are written and must not stay, whatever happens in between.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{
    api::{Client, Namespace},
    domain::{AccountId, KeyName, NamespaceId},
};

/// Where a key is.
type Trace = (NamespaceId, KeyName);

/// What was written and is still to be deleted, and whether the end was asked for.
#[derive(Debug)]
pub struct Traces {
    keys: Mutex<Vec<Trace>>,
    stop: watch::Sender<bool>,
}

impl Default for Traces {
    fn default() -> Self {
        Self {
            keys: Mutex::default(),
            stop: watch::Sender::new(false),
        }
    }
}

impl Traces {
    fn keys(&self) -> MutexGuard<'_, Vec<Trace>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a key that is about to be written.
    pub(super) fn leave(&self, namespace: &NamespaceId, key: &KeyName) {
        self.keys().push((namespace.clone(), key.clone()));
    }

    /// Forgets a key that is gone, or was never written.
    pub(super) fn gone(&self, namespace: &NamespaceId, key: &KeyName) {
        self.keys().retain(|(n, k)| (n, k) != (namespace, key));
    }

    /// Whether a key may be there.
    pub(super) fn holds(&self, namespace: &NamespaceId, key: &KeyName) -> bool {
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
    pub async fn remove(&self, client: &Client, account: &AccountId) -> Vec<KeyName> {
        let left = self.keys().clone();
        for (id, key) in &left {
            let namespace = Namespace {
                client,
                account,
                id,
            };
            if namespace.delete_key(key).await.is_ok() {
                self.gone(id, key);
            }
        }
        self.left()
    }

    /// Returns the keys that may still be there.
    pub fn left(&self) -> Vec<KeyName> {
        self.keys().iter().map(|(_, key)| key.clone()).collect()
    }
}
