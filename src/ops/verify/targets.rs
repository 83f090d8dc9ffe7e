//! The namespaces that the bindings of some sections lead to, each once.

use super::Subject;
use crate::{
    config::{Entry, Field, Position, Scope},
    domain::{DeclaredId, NamespaceId},
};

/// A namespace that is looked into, and the first binding that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) subject: Subject,
    pub(super) id: NamespaceId,
    pub(super) position: Position,
}

/// Returns the namespaces of the service that `exists` knows. Ids of the local kind count only where
/// the service is `near`.
pub(super) fn remote(
    scopes: &[&Scope],
    near: bool,
    exists: impl Fn(&NamespaceId) -> bool,
) -> Vec<Target> {
    once(scopes, |entry| {
        let declared = entry.declared(Field::Id);
        let id = declared.valid_where(|_| near).cloned();
        id.filter(&exists)
    })
}

/// Returns the namespaces of the local store: those that `wrangler dev` uses.
pub(super) fn local(scopes: &[&Scope]) -> Vec<Target> {
    once(scopes, local_id)
}

/// Returns the id under which `wrangler dev` keeps the pairs of a binding, if it is one.
pub(super) fn local_id(entry: &Entry) -> Option<NamespaceId> {
    let preview = entry.declared(Field::PreviewId);
    let declared = match preview {
        DeclaredId::Absent => entry.declared(Field::Id),
        DeclaredId::Placeholder(_) | DeclaredId::Valid(_) => preview,
    };
    declared.valid_where(|_| true).cloned()
}

fn once(scopes: &[&Scope], id: impl Fn(&Entry) -> Option<NamespaceId>) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for scope in scopes {
        for entry in &scope.entries {
            let Some(id) = id(entry) else { continue };
            if targets.iter().any(|target| target.id == id) {
                continue;
            }
            targets.push(Target {
                subject: Subject::binding(scope.environment.as_ref(), &entry.binding),
                id,
                position: entry.position,
            });
        }
    }
    targets
}
