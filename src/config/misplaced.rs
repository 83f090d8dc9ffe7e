//! Finds `kv_namespaces` where wrangler does not look for it, and other spellings of it.
//!
//! In TOML, a key after a `[table]` header is part of that table, so this is the most common
//! mistake, and wrangler at best warns.

use super::{node::Node, problem::Problem};

const KEY: &str = "kv_namespaces";
const MISSPELT: [&str; 4] = [
    "kv-namespaces",
    "kvNamespaces",
    "kv_namespace",
    "KV_NAMESPACES",
];

/// Tables that hold settings of other tools or of wrangler's experiments, in shapes of their own.
const FOREIGN: [&str; 1] = ["unsafe"];

/// A key in the wrong place, or with the wrong spelling.
#[derive(Debug)]
pub(super) struct MisplacedKey {
    pub(super) offset: usize,
    pub(super) problem: Problem,
}

/// Finds the first misplaced key of the file.
pub(super) fn find(root: &Node) -> Option<MisplacedKey> {
    let mut path = Vec::new();
    visit(root, &mut path)
}

fn visit<'n>(node: &'n Node, path: &mut Vec<&'n str>) -> Option<MisplacedKey> {
    let is_scope = is_scope(path);
    for property in node.properties() {
        let key = property.key.as_str();
        let offset = property.key_span.start;
        if is_scope && MISSPELT.contains(&key) {
            return Some(MisplacedKey {
                offset,
                problem: Problem::Misspelt(key.to_owned()),
            });
        }
        if !is_scope && key == KEY {
            return Some(MisplacedKey {
                offset,
                problem: Problem::Misplaced(path.join(".")),
            });
        }
        let is_environment_name = path.len() == 1 && path[0] == "env";
        if FOREIGN.contains(&key) && !is_environment_name {
            continue;
        }
        path.push(key);
        let found = visit(&property.value, path);
        path.pop();
        if found.is_some() {
            return found;
        }
    }
    node.items().iter().find_map(|item| visit(item, path))
}

fn is_scope(path: &[&str]) -> bool {
    matches!(
        path,
        [] | ["env", _] | ["previews"] | ["env", _, "previews"]
    )
}
