//! Which namespaces a project protects from mass deletion.

use crate::{
    config::{Document, Entry, Field, Manifest},
    domain::{DeclaredId, NamespaceId},
};

/// Whether `entry` binds `id`, as either of its ids.
pub fn is_bound_to(entry: &Entry, id: &NamespaceId) -> bool {
    let valid = DeclaredId::Valid(id.clone());
    [Field::Id, Field::PreviewId]
        .into_iter()
        .any(|field| entry.declared(field) == valid)
}

/// Whether `manifest` protects the namespace: through a binding of it in any section of `document`,
/// or by its title.
pub fn is_protected(
    manifest: &Manifest,
    document: &Document,
    id: &NamespaceId,
    title: &str,
) -> bool {
    let scopes: Vec<_> = document.project().scopes().collect();
    manifest.namespaces.iter().filter(|n| n.protect).any(|n| {
        let mut entries = scopes
            .iter()
            .flat_map(|s| &s.entries)
            .filter(|e| e.binding == n.binding);
        entries.any(|e| is_bound_to(e, id)) || n.title.as_ref().is_some_and(|t| t.as_str() == title)
    })
}
