//! The names under which sections are deployed.

use super::{Located, Position, Project, Scope};
use crate::domain::{Classification, Classify, EnvName, ErrorClass, Section, is_worker_name};

/// Why a section has no name under which it could be deployed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkerNameError {
    /// The file has none.
    #[error("the wrangler file has no `name`")]
    Missing {
        /// Whether it would be that of a Pages project.
        is_pages: bool,
    },
    /// A `name` in the file, which may be a placeholder.
    #[error(
        "`name` (line {}) is `{}`, which cannot be the name of a {}",
        name.position.line, name.value, kind(*is_pages)
    )]
    Invalid {
        /// The name.
        name: Located<String>,
        /// Whether it is that of a Pages project.
        is_pages: bool,
    },
    /// The name that wrangler makes of the environment's.
    #[error(
        "environment `{environment}`{} makes the Worker's name `{name}`, which cannot be the name of a \
         Worker",
        in_line(*position)
    )]
    Environment {
        /// The environment.
        environment: EnvName,
        /// Where the file has it.
        position: Option<Position>,
        /// The name of the Worker.
        name: String,
    },
}

fn kind(is_pages: bool) -> &'static str {
    if is_pages { "Pages project" } else { "Worker" }
}

fn in_line(position: Option<Position>) -> String {
    position.map_or_else(String::new, |at| format!(" (line {})", at.line))
}

impl WorkerNameError {
    /// Says what to change.
    pub fn remedy(&self) -> String {
        let characters = "lower-case letters, digits, dashes and underscores";
        match self {
            Self::Missing { is_pages } => {
                format!("set `name` to the name of the {}", kind(*is_pages))
            }
            Self::Invalid { is_pages: true, .. } => {
                "set `name` to the name of the Pages project: lower-case letters, digits and dashes"
                    .to_owned()
            }
            Self::Invalid { .. } => format!("set `name` to {characters}"),
            Self::Environment {
                environment,
                position: Some(_),
                ..
            } => format!("give environment `{environment}` a `name` of {characters}, or rename it"),
            Self::Environment { position: None, .. } => {
                format!("call the environment by {characters}")
            }
        }
    }
}

impl Classify for WorkerNameError {
    fn classify(&self) -> Classification {
        match self {
            Self::Missing { .. } | Self::Invalid { .. } | Self::Environment { .. } => {
                ErrorClass::Config.hint(self.remedy())
            }
        }
    }
}

impl Project {
    /// Returns the Worker's name in `section`: the section's own, else `<name>-<env>`, as wrangler
    /// deploys it. A section of a Pages project has no name of its own.
    pub fn worker_name(&self, section: &Section) -> Option<String> {
        let own = given_name(self.scope(&section.deployed())?);
        let Some(environment) = section.environment() else {
            return own.map(|name| name.value.clone());
        };
        let own = own.filter(|_| !self.is_pages);
        own.map(|name| name.value.clone()).or_else(|| {
            let top = &given_name(&self.top)?.value;
            Some(format!("{top}-{environment}"))
        })
    }

    /// Returns the environments that a Pages project cannot have: wrangler refuses such a file.
    pub fn pages_refuses(&self) -> impl Iterator<Item = &Scope> {
        let environments = self.environments.iter().filter(|_| self.is_pages);
        environments.filter(|scope| {
            let name = scope.section.environment();
            !name.is_some_and(EnvName::is_of_pages)
        })
    }

    /// Returns the name under which `section` is deployed: the Worker's, or that of the Pages project,
    /// which only the top level gives.
    pub fn deployed_name(&self, section: &Section) -> Result<String, WorkerNameError> {
        let own = self.scope(&section.deployed()).and_then(given_name);
        let top = given_name(&self.top);
        let own = own.filter(|_| !self.is_pages);
        let is_pages = self.is_pages;
        let derived = section.environment();
        let derived = derived.filter(|_| own.is_none() && !self.is_pages);
        // It has to have a name of its own, whatever the top level is called.
        if let Some(environment) = derived.filter(|it| !is_worker_name(&format!("x-{it}"))) {
            let scope = self.scope(&section.deployed());
            let top = top.map_or("<name>", |top| &top.value);
            return Err(WorkerNameError::Environment {
                environment: environment.clone(),
                position: scope.and_then(|scope| scope.position),
                name: format!("{top}-{environment}"),
            });
        }
        let given = own.or(top).ok_or(WorkerNameError::Missing { is_pages })?;
        if !is_worker_name(&given.value) {
            let name = given.clone();
            return Err(WorkerNameError::Invalid { name, is_pages });
        }
        let suffix = derived.map(|it| format!("-{it}")).unwrap_or_default();
        Ok(format!("{}{suffix}", given.value))
    }
}

/// Returns the name that a section gives. A blank one counts as none, as in wrangler.
fn given_name(scope: &Scope) -> Option<&Located<String>> {
    let name = scope.name.as_ref();
    name.filter(|name| !name.value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use crate::{config::Document, domain::Section};

    fn named(text: &str, environment: Option<&str>) -> Result<String, String> {
        let document = Document::create("wrangler.toml".into(), text.to_owned()).unwrap();
        let section = Section::from(environment.map(|name| name.parse().unwrap()));
        let name = document.project().deployed_name(&section);
        name.map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_that_no_worker_can_have_is_told_with_its_place() {
        let top = "\nname = 'bio'\n[env.s]\n[env.Prod]\n[env.P]\nname = 'bio-live'\n";
        let name = |environment| named(top, environment);
        assert_eq!(name(None), Ok("bio".to_owned()));
        assert_eq!(name(Some("s")), Ok("bio-s".to_owned()));
        assert_eq!(name(Some("P")), Ok("bio-live".to_owned()));
        insta::assert_snapshot!(name(Some("Prod")).unwrap_err(), @"environment `Prod` (line 4) makes the Worker's name `bio-Prod`, which cannot be the name of a Worker");
        insta::assert_snapshot!(named("name = '<NAME>'\n[env.s]", Some("s")).unwrap_err(), @"`name` (line 1) is `<NAME>`, which cannot be the name of a Worker");
        insta::assert_snapshot!(named("name = ' '", None).unwrap_err(), @"the wrangler file has no `name`");
        insta::assert_snapshot!(named("name = 'My_App'\npages_build_output_dir = 'd'", None).unwrap_err(), @"`name` (line 1) is `My_App`, which cannot be the name of a Pages project");
        // A name of the top level would not help.
        insta::assert_snapshot!(named("[env.Prod]", Some("Prod")).unwrap_err(), @"environment `Prod` (line 1) makes the Worker's name `<name>-Prod`, which cannot be the name of a Worker");
        // The environments of Pages are sides of one project.
        let pages = "name = 'bio'\npages_build_output_dir = 'd'\n[env.preview]\nname = 'X'\n";
        assert_eq!(named(pages, Some("preview")), Ok("bio".to_owned()));
    }
}
