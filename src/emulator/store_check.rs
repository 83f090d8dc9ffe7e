//! Checking a state directory for damage. Imports nothing of this crate but its
//! siblings.

use std::path::Path;

use super::{
    Error,
    registry::{self, Registry},
    store::{self, Audit, Orphan},
};

/// The result of checking a state directory.
#[derive(Debug)]
pub struct StoreCheck {
    /// What is wrong with the list of namespaces.
    pub registry: Option<registry::Error>,
    /// What is wrong with keys and values.
    pub store: Audit,
    /// What was removed.
    pub removed: Vec<Orphan>,
}

impl StoreCheck {
    /// Returns the number of findings.
    pub fn findings(&self) -> usize {
        usize::from(self.registry.is_some()) + self.store.findings()
    }
}

/// Checks wrangler's state directory `root`. `now` is in UNIX seconds. `fix` removes orphans older than
/// an hour, unless anything is damaged.
pub fn check_store(root: &Path, now: i64, fix: bool) -> Result<StoreCheck, Error> {
    let registry = Registry::new(Some(&store::kvctl_directory(root)))
        .read()
        .err();
    let mut store = store::audit(root, now)?;
    let removed = if fix && registry.is_none() {
        store::remove_orphans(root, &mut store)?
    } else {
        Vec::new()
    };
    Ok(StoreCheck {
        registry,
        store,
        removed,
    })
}
