//! Looking over all that is kept in a state directory. Imports nothing of this crate but its
//! siblings.

use std::path::Path;

use super::{
    Error,
    registry::{self, Registry},
    store::{self, Audit, Orphan},
};

/// What was found in a state directory.
#[derive(Debug)]
pub struct Checkup {
    /// What is wrong with the list of namespaces.
    pub registry: Option<registry::Error>,
    /// What is wrong with keys and values.
    pub store: Audit,
    /// What was removed.
    pub removed: Vec<Orphan>,
}

impl Checkup {
    /// Returns how many things are wrong.
    pub fn findings(&self) -> usize {
        usize::from(self.registry.is_some()) + self.store.findings()
    }
}

/// Looks through wrangler's state directory `root`. `now` is in UNIX seconds. With `fix` removes
/// files of no use that are older than an hour, unless anything else has come to harm.
pub fn check_up(root: &Path, now: i64, fix: bool) -> Result<Checkup, Error> {
    let registry = Registry::new(Some(&store::own(root))).read().err();
    let mut store = store::audit(root, now)?;
    let removed = if fix && registry.is_none() {
        store::remove_orphans(root, &mut store)?
    } else {
        Vec::new()
    };
    Ok(Checkup {
        registry,
        store,
        removed,
    })
}
