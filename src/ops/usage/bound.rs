//! Which bindings of the wrangler file lead to the namespaces that were used.

use crate::{
    config::{Document, Field},
    domain::{Binding, Section},
    ops::target::{Error, Resolver, Selector, Target},
};

/// Where the bindings of a file lead.
#[derive(Debug, Default)]
pub struct Bound {
    /// Those that lead to a namespace, with it: one for an `id` or what is deployed, one for a
    /// `preview_id`.
    pub targets: Vec<Target>,
    /// Why others could not be found out, each reason once.
    pub unknown: Vec<Error>,
}

/// Finds the namespaces of all bindings. A binding without an id costs one request for each Worker.
pub async fn bound_targets(resolver: &Resolver<'_>, document: &Document, local: bool) -> Bound {
    let mut bound = Bound::default();
    let mut failed: Vec<Section> = Vec::new();
    for scope in document.project().scopes() {
        let section = &scope.section;
        // `wrangler dev` does not look at them.
        if local && section.is_previews() {
            continue;
        }
        for binding in scope.entries.iter().map(|entry| &entry.binding) {
            if !local {
                let preview = resolver.in_file(section, binding, Field::PreviewId);
                bound.targets.extend(preview.ok().flatten());
            }
            let found = if local {
                resolver.locate(&selector(section, binding)).await
            } else if failed.contains(section) {
                // All bindings without an id ask the same.
                let in_file = resolver.in_file(section, binding, Field::Id).ok().flatten();
                bound.targets.extend(in_file);
                continue;
            } else {
                resolver.in_use(section, binding).await
            };
            match found {
                Ok(target) => bound.targets.push(target),
                Err(Error::NoId { .. } | Error::LocalId { .. }) => {}
                Err(error) => {
                    failed.push(section.clone());
                    bound.unknown.push(error);
                }
            }
        }
    }
    bound
}

fn selector(section: &Section, binding: &Binding) -> Selector {
    Selector::Binding {
        section: section.clone(),
        binding: binding.clone(),
        preview: None,
    }
}
