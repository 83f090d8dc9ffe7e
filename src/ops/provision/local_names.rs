//! The names that the local store goes by: what a changed id takes out of reach there.

use crate::{
    config::{Project, Scope},
    domain::{Binding, NamespaceId, Section},
    ops::target::local_name,
};

/// A binding to which the local store gives another namespace after a change of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalRename {
    /// The section.
    pub section: Section,
    /// The binding.
    pub binding: Binding,
    /// The namespace it had.
    pub from: NamespaceId,
    /// The namespace it has.
    pub to: NamespaceId,
}

/// Returns the bindings that are in both files, and whose local namespace differs; each namespace
/// once.
pub fn local_renames(before: &Project, after: &Project) -> Vec<LocalRename> {
    let mut renames: Vec<LocalRename> = Vec::new();
    for scope in before.deployed_scopes() {
        let same = |other: &&Scope| other.section == scope.section;
        let Some(later) = after.deployed_scopes().find(same) else {
            continue;
        };
        for entry in &scope.entries {
            let later = later.entries.iter().find(|e| e.binding == entry.binding);
            let names = (local_name(entry), later.map(local_name));
            let (Ok((from, _)), Some(Ok((to, _)))) = names else {
                continue;
            };
            let known = renames.iter().any(|it| it.from == from && it.to == to);
            if from != to && !known {
                renames.push(LocalRename {
                    section: scope.section.clone(),
                    binding: entry.binding.clone(),
                    from,
                    to,
                });
            }
        }
    }
    renames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Document;

    #[test]
    fn an_id_that_is_written_takes_the_place_of_the_name_before() {
        let read = |text: &str| Document::create("wrangler.toml".into(), text.to_owned()).unwrap();
        let before = "[[kv_namespaces]]\nbinding = \"A\"\n[[kv_namespaces]]\nbinding = \"B\"\n\
                      id = \"<id>\"\n[[kv_namespaces]]\nbinding = \"C\"\nid = \"c\"\n";
        let after = "[[kv_namespaces]]\nbinding = \"A\"\nid = \"a1\"\n[[kv_namespaces]]\n\
                     binding = \"B\"\nid = \"b1\"\n[[kv_namespaces]]\nbinding = \"C\"\nid = \"c\"\n";
        let renames = local_renames(read(before).project(), read(after).project());
        let told = renames
            .iter()
            .map(|it| format!("{} {} {}", it.binding, it.from, it.to));
        assert_eq!(told.collect::<Vec<_>>(), ["A A a1", "B <id> b1"]);
    }
}
