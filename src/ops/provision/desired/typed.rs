//! Bindings that are requested and that no file has: what was typed may be another name.

use super::{Error, RequestedBinding};
use crate::{
    config::{Manifest, Project, Scope},
    domain::Binding,
};

/// Refuses the name of an environment, and a slip of a binding's name, unless it is given a title.
pub(super) fn check(
    project: &Project,
    scopes: &[&Scope],
    requested: &[RequestedBinding],
    manifest: Option<&Manifest>,
) -> Result<(), Error> {
    let entries = || project.scopes().flat_map(|scope| &scope.entries);
    let declared = || manifest.iter().flat_map(|it| &it.namespaces);
    let known = || {
        let declared = declared().map(|namespace| &namespace.binding);
        entries().map(|entry| &entry.binding).chain(declared)
    };
    let section = || match scopes {
        [one] => Some(one.section.clone()),
        _ => None,
    };
    let new = requested.iter().filter(|it| it.title.is_none());
    for RequestedBinding { binding, .. } in new {
        if known().any(|it| it == binding) {
            continue;
        }
        let mut environments = project.environments.iter();
        let environment = environments.find_map(|scope| {
            let name = scope.section.environment()?;
            name.as_str()
                .eq_ignore_ascii_case(binding.as_str())
                .then_some(name)
        });
        if let Some(environment) = environment {
            return Err(Error::Environment {
                binding: binding.clone(),
                environment: environment.clone(),
                section: section(),
            });
        }
        if let Some(other) = known().find(|other| is_slip(binding, other)) {
            return Err(Error::NearName {
                binding: binding.clone(),
                other: other.clone(),
                section: section(),
            });
        }
    }
    Ok(())
}

/// Whether `typed` is `known` with a letter too few, too many, wrong or in the wrong place. Names that
/// are told apart by numbers or short words, as `CACHE_1` and `CACHE_2` or `KV_A` and `KV_B`, are not.
fn is_slip(typed: &Binding, known: &Binding) -> bool {
    let [typed, known] = [typed, known].map(|it| it.as_str().to_lowercase());
    // Names that differ in case alone are told apart elsewhere.
    if typed == known {
        return false;
    }
    let letters = |name: &str| name.replace(|c: char| c.is_ascii_digit(), "");
    if letters(&typed) == letters(&known) {
        return false;
    }
    let joined = |name: &str| name.replace('_', "");
    if joined(&typed) == joined(&known) {
        return true;
    }
    let [typed, known] = [&typed, &known].map(|it| it.split('_').collect::<Vec<_>>());
    if typed.len() != known.len() {
        return false;
    }
    let mut differing = typed.iter().zip(&known).filter(|(a, b)| a != b);
    let Some((a, b)) = differing.next() else {
        return false;
    };
    let is_word = |word: &str| word.chars().count() >= 4;
    differing.next().is_none() && is_word(a) && is_word(b) && strsim::damerau_levenshtein(a, b) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_a_name_of_its_own() {
        let is_slip = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|name| name.parse::<Binding>().unwrap());
            is_slip(&a, &b)
        };
        for (typed, known) in [
            ("CONFIG_CACH", "CONFIG_CACHE"),
            ("CONFG_CACHE", "CONFIG_CACHE"),
            ("CONFIG_CACEH", "CONFIG_CACHE"),
            ("CONFIGCACHE", "CONFIG_CACHE"),
            ("sesions", "SESSIONS"),
            ("SESSION", "SESSIONS"),
        ] {
            assert!(is_slip(typed, known), "{typed} {known}");
        }
        for (typed, known) in [
            ("KV", "K"),
            ("KV_A", "KV_B"),
            ("CACHE_1", "CACHE_2"),
            ("CACHE2", "CACHE"),
            ("CACHE_EU", "CACHE_US"),
            ("CONFIG_CACHE", "SESSIONS"),
            ("USER_CACHE", "CONFIG_CACHE"),
            ("CONFIG", "CONFIG_CACHE"),
            ("sessions", "SESSIONS"),
        ] {
            assert!(!is_slip(typed, known), "{typed} {known}");
        }
    }
}
