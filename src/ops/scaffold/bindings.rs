//! Which bindings `Env` has to have.

use super::Error;
use crate::{
    config::{Document, Manifest, Scope},
    domain::Binding,
    ops::provision::desired::DEFAULT_BINDINGS,
};

/// The bindings that `Env` has to have.
#[derive(Debug, Clone)]
pub struct Bindings {
    /// Their names, each once.
    pub names: Vec<Binding>,
    /// Whether no section of the wrangler file has any, so that these are what `provision` would
    /// make.
    pub unprovisioned: bool,
}

/// Returns the bindings of `scopes` and those `asked` for; where there are none, those that
/// `provision` would make.
pub fn bindings(
    document: Option<&Document>,
    scopes: &[&Scope],
    asked: &[Binding],
    manifest: Option<&Manifest>,
) -> Result<Bindings, Error> {
    let mut names: Vec<Binding> = Vec::new();
    let mut add = |binding: &Binding| {
        if !names.contains(binding) {
            names.push(binding.clone());
        }
    };
    for entry in scopes.iter().flat_map(|scope| &scope.entries) {
        if let (false, Some(document)) = (entry.binding.is_identifier(), document) {
            return Err(Error::Binding {
                path: document.path().to_owned(),
                position: entry.position,
                binding: entry.binding.clone(),
            });
        }
        add(&entry.binding);
    }
    asked.iter().for_each(&mut add);
    let unprovisioned = names.is_empty();
    if unprovisioned {
        let declared = manifest.iter().flat_map(|m| &m.namespaces);
        names.extend(declared.map(|namespace| namespace.binding.clone()));
    }
    if names.is_empty() {
        names.extend(DEFAULT_BINDINGS.iter().filter_map(|name| name.parse().ok()));
    }
    Ok(Bindings {
        names,
        unprovisioned,
    })
}
