//! What a section that is added to the file does not have.

use super::desired::DesiredBinding;
use crate::{
    config::Project,
    domain::{Binding, Section},
};

/// Returns what the top level has and `section`, which is new, will not: KV bindings that are not among
/// those wanted, and keys such as `vars`, as in a sentence.
pub fn not_inherited(
    project: &Project,
    section: &Section,
    desired: &[DesiredBinding],
) -> Vec<String> {
    let is_wanted = |binding: &Binding| {
        let mut wanted = desired.iter();
        wanted.any(|it| it.section == *section && it.binding == *binding)
    };
    let bindings = project.top.entries.iter().map(|entry| &entry.binding);
    let bindings = bindings.filter(|binding| !is_wanted(binding));
    let bindings = bindings.map(|binding| format!("the KV binding `{binding}`"));
    let keys = project.top.not_inherited.iter();
    bindings.chain(keys.map(|key| format!("`{key}`"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Document,
        domain::EnvName,
        ops::provision::desired::{RequestedBinding, desired_bindings},
    };

    #[test]
    fn what_the_top_level_has_and_a_new_section_lacks_is_listed() {
        let text = "name = 'bio'\nroutes = ['x']\nkv_namespaces = [{ binding = 'A' }, { binding = 'B' }]\n\
                    r2_buckets = []\n[vars]\nLEVEL = 'info'\n[[d1_databases]]\nbinding = 'DB'\n";
        let document = Document::create("wrangler.toml".into(), text.to_owned()).unwrap();
        let name: EnvName = "staging".parse().unwrap();
        let after = document.clone().with_environment(name.clone());
        let section = Section::from(name);
        let scope = after.scope(&section).unwrap();
        let of = |requested: &[RequestedBinding]| {
            let desired = desired_bindings(after.project(), &[scope], requested, None).unwrap();
            not_inherited(document.project(), &section, &desired).join(", ")
        };
        assert_eq!(of(&[]), "`vars`, `d1_databases`");
        let one = RequestedBinding {
            binding: "A".parse().unwrap(),
            title: None,
        };
        assert_eq!(of(&[one]), "the KV binding `B`, `vars`, `d1_databases`");
    }
}
