//! Where new entries of a scope go.

use super::{
    Sheet, Splice,
    arrays::{self, Fields},
    tables,
};
use crate::config::node::{Layout, Node};
use crate::domain::EnvName;

/// Adds entries to `scope`, the table of `environment`.
pub(super) fn add(
    sheet: Sheet<'_>,
    environment: Option<&EnvName>,
    scope: &Node,
    entries: &[Fields<'_>],
) -> Vec<Splice> {
    if let Some(namespaces) = scope.get("kv_namespaces") {
        return match namespaces.layout() {
            Some(Layout::Header) => tables::append(sheet, namespaces, entries),
            _ => arrays::extend(sheet, namespaces, entries),
        };
    }
    if scope.layout() == Some(Layout::Inline) {
        return arrays::create(sheet, scope, &[], entries);
    }
    // No header may reach into braces: what `env = { x.name = "w" }` implies grows by dotted keys.
    match (environment, sheet.root.get("env")) {
        (Some(name), Some(env)) if env.layout() == Some(Layout::Inline) => {
            arrays::create(sheet, env, &[name.as_str()], entries)
        }
        (environment, _) => tables::create(sheet, environment, scope, entries),
    }
}
