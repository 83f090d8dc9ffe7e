//! What environments do not inherit from the top level.

use super::node::{Node, NodeKind};

/// The keys that wrangler does not inherit, as of wrangler 4.164, but for `kv_namespaces`.
const NOT_INHERITED: [&str; 39] = [
    "agent_memory",
    "ai",
    "ai_search",
    "ai_search_namespaces",
    "analytics_engine_datasets",
    "artifacts",
    "browser",
    "cloudchamber",
    "connect",
    "containers",
    "d1_databases",
    "define",
    "dispatch_namespaces",
    "durable_objects",
    "flagship",
    "hyperdrive",
    "images",
    "media",
    "mtls_certificates",
    "pipelines",
    "queues",
    "r2_buckets",
    "ratelimits",
    "secrets",
    "secrets_store_secrets",
    "send_email",
    "services",
    "stream",
    "streaming_tail_consumers",
    "tail_consumers",
    "unsafe",
    "unsafe_hello_world",
    "vars",
    "vectorize",
    "version_metadata",
    "vpc_networks",
    "vpc_services",
    "worker_loaders",
    "workflows",
];

/// Returns such keys of a section that hold anything.
pub(super) fn own_keys(section: &Node) -> impl Iterator<Item = &str> {
    let own = section.properties().iter();
    own.filter(|property| NOT_INHERITED.contains(&property.key.as_str()))
        .filter(|property| !is_empty(&property.value))
        .map(|property| property.key.as_str())
}

fn is_empty(value: &Node) -> bool {
    match &value.kind {
        NodeKind::Object(..) => value.properties().is_empty(),
        NodeKind::Array(..) => value.items().is_empty(),
        _ => false,
    }
}
