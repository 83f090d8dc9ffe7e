//! Which namespaces the rules of a project are about, and which they protect from deletion, whole or
//! in mass.

use crate::{
    config::{Entry, Field, Manifest, ManifestNamespace, Project, Scope},
    domain::{DeclaredId, NamespaceId, Title},
    ops::provision::{desired, titles::preview},
};

/// Whether `entry` binds `id`, as either of its ids.
pub fn is_bound_to(entry: &Entry, id: &NamespaceId) -> bool {
    let valid = DeclaredId::Valid(id.clone());
    [Field::Id, Field::PreviewId]
        .into_iter()
        .any(|field| entry.declared(field) == valid)
}

/// Whether `manifest` protects the namespace: because a protected binding leads to it, in any
/// section of the wrangler file, or because it has the title of one.
pub fn is_protected(
    manifest: &Manifest,
    project: Option<&Project>,
    id: &NamespaceId,
    title: &str,
) -> bool {
    let mut protected = manifest.namespaces.iter().filter(|n| n.protect);
    protected.any(|n| is_about(n, project, id, Some(title)))
}

/// Whether `rules` are about the namespace: because their binding leads to it, in any section of
/// the wrangler file, or because its title, if known, is one of the binding's.
pub fn is_about(
    rules: &ManifestNamespace,
    project: Option<&Project>,
    id: &NamespaceId,
    title: Option<&str>,
) -> bool {
    let is_titled = |other: &Title| title == Some(other.as_str());
    let in_scope = |scope: &Scope| {
        let bound = |e: &Entry| e.binding == rules.binding && is_bound_to(e, id);
        let usual =
            project.and_then(|p| desired::conventional_titles(p, scope, &rules.binding).ok());
        let environment = &scope.section;
        let declared = rules
            .title
            .as_ref()
            .map(|t| desired::in_section(t, environment));
        let declared = declared.and_then(Result::ok);
        let usual = usual.map(|usual| [Some(usual.wanted), usual.deploy_form]);
        let all = usual.into_iter().flatten().chain([declared]);
        let mut all = all.flatten();
        all.any(|one| is_titled(&one) || preview(&one).is_ok_and(|twin| is_titled(&twin)))
            || scope.entries.iter().any(bound)
    };
    let mut scopes = project.into_iter().flat_map(Project::scopes);
    rules.title.as_ref().is_some_and(is_titled) || scopes.any(in_scope)
}
