//! The names that bindings of other kinds use in a scope.

use super::node::Node;

/// Tables whose keys are the names.
const MAPS: [&str; 4] = ["vars", "wasm_modules", "text_blobs", "data_blobs"];

/// Arrays whose items give the name under `name`: by the key of the scope, and the key in there.
const NAMED: [(&str, Option<&str>); 5] = [
    ("durable_objects", Some("bindings")),
    ("unsafe", Some("bindings")),
    ("logfwdr", Some("bindings")),
    ("send_email", None),
    ("ratelimits", None),
];

/// Lists name, kind and offset of every name that `scope` uses.
pub(super) fn in_scope(scope: &Node) -> impl Iterator<Item = (&str, &str, usize)> {
    scope
        .properties()
        .iter()
        .filter(|property| property.key != "kv_namespaces")
        .flat_map(|property| {
            let kind = property.key.as_str();
            of_kind(kind, &property.value)
                .into_iter()
                .map(move |(name, offset)| (name, kind, offset))
        })
}

fn of_kind<'n>(kind: &str, value: &'n Node) -> Vec<(&'n str, usize)> {
    if MAPS.contains(&kind) {
        let keys = value.properties().iter();
        return keys.map(|p| (p.key.as_str(), p.key_span.start)).collect();
    }
    if let Some((_, inner)) = NAMED.iter().find(|(key, _)| *key == kind) {
        let list = inner.map_or(Some(value), |inner| value.get(inner));
        return list.map_or_else(Vec::new, |list| field(list.items(), "name"));
    }
    if kind == "queues" {
        return value
            .get("producers")
            .map_or_else(Vec::new, |list| field(list.items(), "binding"));
    }
    // Every other kind is a table, or a list of tables, with a `binding`.
    let mut names = field(value.items(), "binding");
    names.extend(field(std::slice::from_ref(value), "binding"));
    names
}

fn field<'n>(items: &'n [Node], key: &str) -> Vec<(&'n str, usize)> {
    let values = items.iter().filter_map(|item| item.get(key));
    values
        .filter_map(|value| Some((value.as_str()?, value.span.start)))
        .collect()
}
