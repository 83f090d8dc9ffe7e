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
/// once. `renamed` has the names of before and after of one that may be called something else.
pub fn local_renames(
    before: &Project,
    after: &Project,
    renamed: Option<(&Binding, &Binding)>,
) -> Vec<LocalRename> {
    let mut moved: Vec<LocalRename> = Vec::new();
    for scope in before.deployed_scopes() {
        let same = |other: &&Scope| other.section == scope.section;
        let Some(later) = after.deployed_scopes().find(same) else {
            continue;
        };
        for entry in &scope.entries {
            let find = |name: &Binding| later.entries.iter().find(|e| e.binding == *name);
            let later = find(&entry.binding).or_else(|| match renamed {
                Some((old, new)) if *old == entry.binding => find(new),
                _ => None,
            });
            let names = (local_name(entry), later.map(local_name));
            let (Ok((from, _)), Some(Ok((to, _)))) = names else {
                continue;
            };
            let known = moved.iter().any(|it| it.from == from && it.to == to);
            if from != to && !known {
                moved.push(LocalRename {
                    section: scope.section.clone(),
                    binding: entry.binding.clone(),
                    from,
                    to,
                });
            }
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Document;

    #[test]
    fn a_binding_without_an_id_takes_its_name_along() {
        let read = |text: &str| Document::create("wrangler.toml".into(), text.to_owned()).unwrap();
        let [old, new]: [Binding; 2] = ["N", "M"].map(|name| name.parse().unwrap());
        let before = read("kv_namespaces = [{ binding = \"N\" }, { binding = \"I\", id = \"i\" }]");
        let renamed = |after: &str| {
            let names = Some((&old, &new));
            let moved = local_renames(before.project(), read(after).project(), names);
            let told = moved.iter().map(|it| format!("{} {}", it.from, it.to));
            told.collect::<Vec<_>>()
        };
        let rest = "{ binding = \"I\", id = \"i\" }]";
        let same = renamed(&format!("kv_namespaces = [{{ binding = \"N\" }}, {rest}"));
        assert_eq!(same, Vec::<String>::new());
        let named = renamed(&format!("kv_namespaces = [{{ binding = \"M\" }}, {rest}"));
        assert_eq!(named, ["N M"]);
        let with_id = renamed(&format!(
            "kv_namespaces = [{{ binding = \"M\", id = \"m\" }}, {rest}"
        ));
        assert_eq!(with_id, ["N m"]);
    }

    #[test]
    fn an_id_that_is_written_takes_the_place_of_the_name_before() {
        let read = |text: &str| Document::create("wrangler.toml".into(), text.to_owned()).unwrap();
        let before = "[[kv_namespaces]]\nbinding = \"A\"\n[[kv_namespaces]]\nbinding = \"B\"\n\
                      id = \"<id>\"\n[[kv_namespaces]]\nbinding = \"C\"\nid = \"c\"\n";
        let after = "[[kv_namespaces]]\nbinding = \"A\"\nid = \"a1\"\n[[kv_namespaces]]\n\
                     binding = \"B\"\nid = \"b1\"\n[[kv_namespaces]]\nbinding = \"C\"\nid = \"c\"\n";
        let moved = local_renames(read(before).project(), read(after).project(), None);
        let told = moved
            .iter()
            .map(|it| format!("{} {} {}", it.binding, it.from, it.to));
        assert_eq!(told.collect::<Vec<_>>(), ["A A a1", "B <id> b1"]);
    }
}
