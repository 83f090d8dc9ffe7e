//! What a project wants: the bindings, and what their namespaces should be called.

use super::titles::{self, Titles};
use crate::{
    config::{Entry, Manifest, Project, Scope},
    domain::{Binding, Classification, Classify, EnvName, ErrorClass, Title, TitleError},
};

/// The bindings of a project that says nothing of its own.
pub const DEFAULT_BINDINGS: [&str; 3] = ["CONFIG_CACHE", "SESSIONS", "RATE_LIMIT"];

/// One binding that should have a namespace.
#[derive(Debug, Clone)]
pub struct Want {
    /// The environment; `None` is the top level.
    pub environment: Option<EnvName>,
    /// The binding.
    pub binding: Binding,
    /// What its namespace should be called.
    pub name: Name,
    /// What the file says about it, if anything.
    pub entry: Option<Entry>,
}

/// What a namespace should be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// The command line says so: this title and no other.
    Given(Title),
    /// The project's manifest says so. A live id with another title stays as it is.
    Declared(Title),
    /// By convention.
    Conventional(Titles),
}

impl Name {
    /// Returns the title to create.
    pub fn title(&self) -> &Title {
        match self {
            Self::Given(title) | Self::Declared(title) => title,
            Self::Conventional(titles) => &titles.wanted,
        }
    }
}

/// A binding asked for on the command line.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The binding.
    pub binding: Binding,
    /// Its title, verbatim, if not the usual one.
    pub title: Option<Title>,
}

/// Why it cannot be told what is wanted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A binding was asked for twice.
    #[error("binding `{0}` is given twice")]
    Twice(Binding),
    /// One title for the bindings of several environments.
    #[error(
        "`{binding}={title}` names one namespace, but several environments are selected, which would \
         share it"
    )]
    SharedTitle {
        /// The binding.
        binding: Binding,
        /// The title.
        title: Title,
    },
    /// A new binding could not be used in code.
    #[error("`{0}` cannot be a binding: `env.{0}` is not valid JavaScript")]
    NotAnIdentifier(Binding),
    /// The name of a new binding is in use by another kind of binding.
    #[error("`{binding}` is already used in `{kind}` (line {line})")]
    Taken {
        /// The binding.
        binding: Binding,
        /// What uses the name.
        kind: String,
        /// Where.
        line: usize,
    },
    /// The scope has no bindings, and only other scopes do.
    #[error("the file has KV bindings only in {0}, and no environment is selected")]
    OnlyElsewhere(String),
    /// A title that would be too long.
    #[error("could not derive the title of binding `{binding}`")]
    Title {
        /// The binding.
        binding: Binding,
        /// Why.
        source: TitleError,
    },
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Twice(_) => ErrorClass::Usage.hint("give each binding once"),
            Self::SharedTitle { .. } => ErrorClass::Usage
                .hint("select one environment with `--env NAME`, or omit the title"),
            Self::NotAnIdentifier(_) => ErrorClass::Usage
                .hint("use letters, digits, `_` and `$`, and do not start with a digit"),
            Self::Taken { .. } => ErrorClass::Config
                .hint("choose another name; wrangler refuses two bindings with the same name"),
            Self::OnlyElsewhere(_) => ErrorClass::Refused.hint(
                "pass `--env NAME` or `--all-envs`, or name the bindings that the top level needs",
            ),
            Self::Title { .. } => ErrorClass::Usage.hint("choose a shorter one with BINDING=TITLE"),
        }
    }
}

/// Returns what `scopes` want: the bindings asked for, else the manifest's, else the file's own,
/// else the default set.
///
/// An environment without bindings of its own wants those of the top level, since wrangler does
/// not inherit them.
pub fn wants(
    project: &Project,
    scopes: &[&Scope],
    asked: &[Asked],
    manifest: Option<&Manifest>,
) -> Result<Vec<Want>, Error> {
    check_asked(asked, scopes.len())?;
    let mut wants = Vec::new();
    for scope in scopes {
        for (binding, name) in names_wanted(project, scope, scopes.len(), asked, manifest)? {
            wants.push(want(project, scope, binding, name)?);
        }
    }
    Ok(wants)
}

fn check_asked(asked: &[Asked], scopes: usize) -> Result<(), Error> {
    for (i, Asked { binding, title }) in asked.iter().enumerate() {
        if asked[..i].iter().any(|other| other.binding == *binding) {
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

fn names_wanted(
    project: &Project,
    scope: &Scope,
    scopes: usize,
    asked: &[Asked],
    manifest: Option<&Manifest>,
) -> Result<Vec<(Binding, Option<Name>)>, Error> {
    let titled = |binding: &Binding| {
        let title = manifest.and_then(|m| m.namespace(binding)?.title.as_ref());
        let title = title.map(|title| in_environment(title, scope.environment.as_ref()));
        let wrong = |source| Error::Title {
            binding: binding.clone(),
            source,
        };
        let title = title.transpose().map_err(wrong)?;
        Ok((binding.clone(), title.map(Name::Declared)))
    };
    if !asked.is_empty() {
        return asked
            .iter()
            .map(|asked| match &asked.title {
                Some(title) => Ok((asked.binding.clone(), Some(Name::Given(title.clone())))),
                None => titled(&asked.binding),
            })
            .collect();
    }
    let of_manifest: Vec<&Binding> = manifest
        .iter()
        .flat_map(|m| &m.namespaces)
        .map(|n| &n.binding)
        .collect();
    if !of_manifest.is_empty() {
        return of_manifest.into_iter().map(titled).collect();
    }
    let sections = [scope, &project.top];
    if let Some(section) = sections.iter().find(|s| !s.entries.is_empty()) {
        return section.entries.iter().map(|e| titled(&e.binding)).collect();
    }
    let elsewhere: Vec<String> = project
        .scopes()
        .filter(|s| !s.entries.is_empty())
        .filter_map(|s| Some(format!("`env.{}`", s.environment.as_ref()?)))
        .collect();
    match elsewhere.is_empty() {
        true => DEFAULT_BINDINGS
            .iter()
            .filter_map(|name| name.parse().ok())
            .map(|binding: Binding| titled(&binding))
            .collect(),
        // Among all sections, one without bindings simply wants none.
        false if scopes > 1 => Ok(Vec::new()),
        false => Err(Error::OnlyElsewhere(elsewhere.join(", "))),
    }
}

/// A title of the manifest is the top level's; environments must not share its namespace.
pub fn in_environment(title: &Title, environment: Option<&EnvName>) -> Result<Title, TitleError> {
    match environment {
        None => Ok(title.clone()),
        Some(environment) => format!("{title}-{environment}").parse(),
    }
}

fn want(
    project: &Project,
    scope: &Scope,
    binding: Binding,
    name: Option<Name>,
) -> Result<Want, Error> {
    let entry = scope.entries.iter().find(|e| e.binding == binding).cloned();
    if entry.is_none() {
        check_new(scope, &binding)?;
    }
    let name = match name {
        Some(name) => name,
        None => Name::Conventional(usual(project, scope, &binding)?),
    };
    Ok(Want {
        environment: scope.environment.clone(),
        binding,
        name,
        entry,
    })
}

/// Returns the titles of `binding` by convention.
pub fn usual(project: &Project, scope: &Scope, binding: &Binding) -> Result<Titles, Error> {
    let worker = titles::worker_name(project, scope);
    let usual = titles::conventional(worker.as_deref(), scope.environment.as_ref(), binding);
    usual.map_err(|source| Error::Title {
        binding: binding.clone(),
        source,
    })
}

fn check_new(scope: &Scope, binding: &Binding) -> Result<(), Error> {
    if !binding.is_identifier() {
        return Err(Error::NotAnIdentifier(binding.clone()));
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
