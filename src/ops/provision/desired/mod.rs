//! The bindings a project should have, and the titles of their namespaces.

mod error;
mod typed;

pub use error::{Error, Nameless};

use super::titles::{self, Titles};
use crate::{
    config::{Entry, Field, Manifest, Project, Scope},
    domain::{Binding, DeclaredId, Jurisdiction, NamespaceId, Section, Title, TitleError},
    ops::target::Deployable,
};

/// The bindings of a project that declares none.
pub const DEFAULT_BINDINGS: [&str; 3] = ["CONFIG_CACHE", "SESSIONS", "RATE_LIMIT"];

/// One binding that should have a namespace.
#[derive(Debug, Clone)]
pub struct DesiredBinding {
    /// Its section.
    pub section: Section,
    /// The binding.
    pub binding: Binding,
    /// What its namespace should be called.
    pub title: DesiredTitle,
    /// Its entry in the file, if there is one.
    pub entry: Option<Entry>,
    /// The ids that it has in other sections of the same Worker.
    pub of_worker: Vec<NamespaceId>,
    /// Where the data of its namespace must stay.
    pub jurisdiction: Option<Jurisdiction>,
}

impl DesiredBinding {
    /// Returns it as a command names it.
    pub fn named(&self) -> String {
        match &self.title {
            DesiredTitle::Given(title) => format!("{}={title}", self.binding),
            _ => self.binding.to_string(),
        }
    }
}

/// What a namespace should be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DesiredTitle {
    /// Given on the command line: this title and no other.
    Given(Title),
    /// Declared in `kvctl.toml`. A valid id with another title is kept.
    Declared(Title),
    /// By convention.
    Conventional(Titles),
    /// The file has no name to derive one from.
    Nameless(Nameless),
}

impl DesiredTitle {
    /// Returns the title to create.
    pub fn title(&self) -> Result<&Title, &Nameless> {
        match self {
            Self::Given(title) | Self::Declared(title) => Ok(title),
            Self::Conventional(titles) => Ok(&titles.wanted),
            Self::Nameless(nameless) => Err(nameless),
        }
    }
}

/// A binding requested on the command line.
#[derive(Debug, Clone)]
pub struct RequestedBinding {
    /// The binding.
    pub binding: Binding,
    /// Its title, verbatim, if not the usual one.
    pub title: Option<Title>,
}

/// Returns the bindings that `scopes` should have: those requested, else the file's own and the
/// manifest's, else the default set.
///
/// An environment without bindings of its own wants those of the top level, since wrangler does
/// not inherit them. `previews` that are not selected alone want the entries that they have.
pub fn desired_bindings(
    project: &Project,
    scopes: &[&Scope],
    requested: &[RequestedBinding],
    manifest: Option<&Manifest>,
) -> Result<Vec<DesiredBinding>, Error> {
    let is_aside = |scope: &Scope| scopes.len() > 1 && scope.section.is_previews();
    let count = scopes.iter().filter(|scope| !is_aside(scope)).count();
    check_requested(requested, count)?;
    typed::check(project, scopes, requested, manifest)?;
    let mut desired = Vec::new();
    for scope in scopes {
        let titles = if is_aside(scope) {
            present(project, scope, requested, manifest)?
        } else {
            requested_titles(project, scope, count, requested, manifest)?
        };
        for (binding, title) in titles {
            let jurisdiction = manifest.and_then(|m| m.namespace(&binding)?.jurisdiction);
            desired.push(DesiredBinding {
                jurisdiction,
                ..desired_binding(project, scope, binding, title, !requested.is_empty())?
            });
        }
    }
    Ok(desired)
}

fn check_requested(requested: &[RequestedBinding], scopes: usize) -> Result<(), Error> {
    for (i, RequestedBinding { binding, title }) in requested.iter().enumerate() {
        if requested[..i].iter().any(|other| other.binding == *binding) {
            return Err(Error::Twice(binding.clone()));
        }
        if let Some(title) = title.as_ref().filter(|_| scopes > 1) {
            return Err(Error::SharedTitle {
                binding: binding.clone(),
                title: title.clone(),
            });
        }
    }
    Ok(())
}

type MaybeTitled = (Binding, Option<DesiredTitle>);

/// Returns `binding` with the title that the manifest gives it.
fn titled(
    project: &Project,
    manifest: Option<&Manifest>,
    scope: &Scope,
    binding: &Binding,
) -> Result<MaybeTitled, Error> {
    let title = manifest.and_then(|m| m.namespace(binding)?.title.as_ref());
    if let Some(title) = title.filter(|title| title.is_placeholder()) {
        return Err(Error::PlaceholderTitle {
            binding: binding.clone(),
            title: title.clone(),
        });
    }
    let title = title.map(|title| declared_title(project, title, &scope.section));
    let title = title.transpose().map_err(|source| Error::Title {
        binding: binding.clone(),
        source,
    })?;
    Ok((binding.clone(), title.map(DesiredTitle::Declared)))
}

/// Returns the bindings that `scope` has, of those that are requested.
fn present(
    project: &Project,
    scope: &Scope,
    requested: &[RequestedBinding],
    manifest: Option<&Manifest>,
) -> Result<Vec<MaybeTitled>, Error> {
    let is_wanted = |entry: &&Entry| {
        let wanted = requested.iter().any(|r| r.binding == entry.binding);
        requested.is_empty() || wanted
    };
    let entries = scope.entries.iter().filter(is_wanted);
    entries
        .map(|entry| titled(project, manifest, scope, &entry.binding))
        .collect()
}

fn requested_titles(
    project: &Project,
    scope: &Scope,
    scopes: usize,
    requested: &[RequestedBinding],
    manifest: Option<&Manifest>,
) -> Result<Vec<MaybeTitled>, Error> {
    let titled = |binding: &Binding| titled(project, manifest, scope, binding);
    if !requested.is_empty() {
        return requested
            .iter()
            .map(|requested| match &requested.title {
                Some(title) => Ok((
                    requested.binding.clone(),
                    Some(DesiredTitle::Given(title.clone())),
                )),
                None => titled(&requested.binding),
            })
            .collect();
    }
    let sections = [scope, &project.top];
    let of_file = sections.iter().find(|s| !s.entries.is_empty());
    let mut all: Vec<&Binding> = Vec::new();
    all.extend(of_file.iter().flat_map(|s| &s.entries).map(|e| &e.binding));
    let of_manifest = manifest.iter().flat_map(|m| &m.namespaces);
    for namespace in of_manifest {
        if !all.contains(&&namespace.binding) {
            all.push(&namespace.binding);
        }
    }
    if !all.is_empty() {
        return all.into_iter().map(titled).collect();
    }
    let elsewhere: Vec<String> = project
        .deployed_scopes()
        .filter(|s| !s.entries.is_empty())
        .filter_map(|s| Some(format!("`env.{}`", s.section.environment()?)))
        .collect();
    match elsewhere.is_empty() {
        true => DEFAULT_BINDINGS
            .iter()
            .filter_map(|name| name.parse().ok())
            .map(|binding: Binding| titled(&binding))
            .collect(),
        // Among all sections, one without bindings simply wants none.
        false if scopes > 1 => Ok(Vec::new()),
        false => Err(Error::OnlyElsewhere {
            section: scope.section.clone(),
            elsewhere: elsewhere.join(", "),
        }),
    }
}

/// Returns the title that the manifest's makes in a section. Sections of one Worker share its namespaces.
pub fn declared_title(
    project: &Project,
    title: &Title,
    section: &Section,
) -> Result<Title, TitleError> {
    in_section(title, Deployable::first_section(project, section))
}

/// A title of the manifest is the top level's; environments must not share its namespace.
pub fn in_section(title: &Title, section: &Section) -> Result<Title, TitleError> {
    let title = match section.environment() {
        None => title.to_string(),
        Some(environment) => format!("{title}-{environment}"),
    };
    if section.is_previews() {
        format!("{title}@previews").parse()
    } else {
        title.parse()
    }
}

fn desired_binding(
    project: &Project,
    scope: &Scope,
    binding: Binding,
    title: Option<DesiredTitle>,
    requested: bool,
) -> Result<DesiredBinding, Error> {
    let entry = scope.entries.iter().find(|e| e.binding == binding).cloned();
    match &entry {
        None if !binding.is_identifier() => {
            return Err(Error::NotAnIdentifier { binding, requested });
        }
        None => check_new(scope, &binding, title.is_some())?,
        Some(entry) if binding.is_placeholder() => {
            return Err(Error::Placeholder {
                line: entry.position.line,
                section: scope.section.clone(),
                binding,
            });
        }
        Some(_) => {}
    }
    let title = match title {
        Some(title) => title,
        None => usual_title(project, scope, &binding)?,
    };
    Ok(DesiredBinding {
        jurisdiction: None,
        of_worker: of_worker(project, &scope.section, &binding),
        section: scope.section.clone(),
        binding,
        title,
        entry,
    })
}

/// Returns the ids that other sections of the same Worker have for a binding.
fn of_worker(project: &Project, section: &Section, binding: &Binding) -> Vec<NamespaceId> {
    let others = Deployable::others(project, section).into_iter();
    let entries = others.flat_map(|it| it.entries.iter().filter(|it| it.binding == *binding));
    let ids = entries.filter_map(|entry| match entry.declared(Field::Id) {
        DeclaredId::Valid(id) => Some(id),
        DeclaredId::Absent | DeclaredId::Placeholder(_) => None,
    });
    ids.collect()
}

/// Returns the title by convention, for which the file must have the name of a Worker.
fn usual_title(project: &Project, scope: &Scope, binding: &Binding) -> Result<DesiredTitle, Error> {
    let titles = conventional_titles(project, scope, binding)?;
    Ok(match project.deployed_name(&scope.section) {
        Ok(_) => DesiredTitle::Conventional(titles),
        Err(why) => DesiredTitle::Nameless(Nameless {
            section: scope.section.clone(),
            binding: binding.clone(),
            why,
            fallback: titles.wanted,
        }),
    })
}

/// Returns the titles that `binding` should have by convention: none without the name of a Worker, as
/// `provision` derives none then.
pub fn expected_titles(project: &Project, scope: &Scope, binding: &Binding) -> Option<Titles> {
    project.deployed_name(&scope.section).ok()?;
    conventional_titles(project, scope, binding).ok()
}

/// Returns the titles of `binding` by convention, with whatever stands for a name.
pub fn conventional_titles(
    project: &Project,
    scope: &Scope,
    binding: &Binding,
) -> Result<Titles, Error> {
    let worker = project.worker_name(&scope.section);
    let usual = titles::conventional(worker.as_deref(), &scope.section, binding);
    usual.map_err(|source| Error::Title {
        binding: binding.clone(),
        source,
    })
}

/// Checks a binding that the section does not have yet. `titled` is whether its title was given.
fn check_new(scope: &Scope, binding: &Binding, titled: bool) -> Result<(), Error> {
    // wrangler makes the same title of both, and a slip of the keyboard makes the one of the other.
    let folded = |binding: &Binding| binding.as_str().to_lowercase();
    let is_same = |entry: &&Entry| folded(&entry.binding) == folded(binding);
    if let Some(other) = scope.entries.iter().find(is_same).filter(|_| !titled) {
        return Err(Error::OtherCase {
            binding: binding.clone(),
            section: scope.section.clone(),
            other: other.binding.clone(),
            line: other.position.line,
        });
    }
    match scope.used_names.iter().find(|t| t.name == binding.as_str()) {
        None => Ok(()),
        Some(taken) => Err(Error::Taken {
            binding: binding.clone(),
            kind: taken.kind.clone(),
            line: taken.position.line,
        }),
    }
}
