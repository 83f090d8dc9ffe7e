//! Which bindings `Env` has to have.

use super::Error;
use crate::{
    config::{Document, Manifest, Scope},
    domain::{Binding, Section},
    ops::provision::desired::DEFAULT_BINDINGS,
    scaffold::types::Field,
};

/// The bindings that `Env` has to have.
#[derive(Debug, Clone)]
pub struct Bindings {
    /// Each once, and whether only some of the environments have it.
    list: Vec<(Binding, bool)>,
    /// Whether no section of the wrangler file has any, so that these are what `provision` would
    /// make.
    pub unprovisioned: bool,
}

impl Bindings {
    /// Their names.
    pub fn names(&self) -> Vec<Binding> {
        self.list
            .iter()
            .map(|(binding, _)| binding.clone())
            .collect()
    }

    /// The members that `Env` has to have.
    pub fn fields(&self) -> Vec<Field<'_>> {
        let mut fields = Vec::new();
        for (binding, is_optional) in &self.list {
            fields.push(Field {
                name: binding.as_str(),
                is_optional: *is_optional,
            });
        }
        fields
    }
}

/// Returns the bindings of `scopes` and those `asked` for, by their sections; where there are none,
/// those that `provision` would make.
///
/// As for `wrangler types`, one that only some of the sections have is optional; but a top level
/// without any binding and without `main` is not deployed.
pub fn bindings(
    document: Option<&Document>,
    scopes: &[&Scope],
    asked: &[(Section, Binding)],
    manifest: Option<&Manifest>,
) -> Result<Bindings, Error> {
    let mut sections: Vec<(Section, Vec<Binding>)> = Vec::new();
    let mut names: Vec<Binding> = Vec::new();
    let mut add = |section: &Section, binding: Option<&Binding>| {
        let section = section.deployed();
        let at = sections.iter().position(|(known, _)| *known == section);
        let at = at.unwrap_or_else(|| {
            sections.push((section, Vec::new()));
            sections.len() - 1
        });
        let Some(binding) = binding else {
            return;
        };
        sections[at].1.push(binding.clone());
        if !names.contains(binding) {
            names.push(binding.clone());
        }
    };
    for scope in scopes {
        add(&scope.section, None);
        for entry in &scope.entries {
            if let (false, Some(document)) = (entry.binding.is_identifier(), document) {
                return Err(Error::Binding {
                    path: document.path().to_owned(),
                    position: entry.position,
                    binding: entry.binding.clone(),
                });
            }
            add(&scope.section, Some(&entry.binding));
        }
    }
    for (section, binding) in asked {
        add(section, Some(binding));
    }
    let unprovisioned = names.is_empty();
    if unprovisioned {
        let declared = manifest.iter().flat_map(|m| &m.namespaces);
        names.extend(declared.map(|namespace| namespace.binding.clone()));
        if names.is_empty() {
            names.extend(DEFAULT_BINDINGS.iter().filter_map(|name| name.parse().ok()));
        }
        sections.clear();
    }
    let has_main = document.is_some_and(|document| document.project().has_main);
    sections.retain(|(section, bindings)| has_main || !section.is_top() || !bindings.is_empty());
    let is_optional = |binding: &Binding| !sections.iter().all(|(_, b)| b.contains(binding));
    let list = names.into_iter().map(|binding| {
        let is_optional = is_optional(&binding);
        (binding, is_optional)
    });
    Ok(Bindings {
        list: list.collect(),
        unprovisioned,
    })
}
