//! Checking a state directory for damage. Imports nothing of this crate but its
//! siblings.

use std::path::Path;

use super::{
    Error,
    deployed::Deployed,
    registry::{self, Kept, Registry},
    store::{self, Audit, Orphan},
    titles::Titles,
};

/// The result of checking a state directory.
#[derive(Debug)]
pub struct StoreCheck {
    /// What is wrong with the lists of namespaces and of deployments.
    pub registry: Vec<registry::Error>,
    /// What is wrong with keys and values.
    pub store: Audit,
    /// What was removed.
    pub removed: Vec<Orphan>,
}

impl StoreCheck {
    /// Returns the number of findings.
    pub fn findings(&self) -> usize {
        self.registry.len() + self.store.findings()
    }
}

/// Checks wrangler's state directory `root`. `now` is in UNIX seconds. `fix` removes orphans older than
/// an hour, unless anything is damaged.
pub fn check_store(root: &Path, now: i64, fix: bool) -> Result<StoreCheck, Error> {
    let lists = [unusable::<Titles>(root), unusable::<Deployed>(root)];
    let registry: Vec<_> = lists.into_iter().flatten().collect();
    let mut store = store::audit(root, now)?;
    let removed = if fix && registry.is_empty() {
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

fn unusable<T: Kept>(root: &Path) -> Option<registry::Error> {
    let registry = Registry::<T>::new(Some(&store::kvctl_directory(root)));
    registry.read().err()
}
