//! What is deployed: the namespaces that a project's Workers, or its Pages project, bind.

use std::{collections::BTreeMap, fmt, sync::Arc};

use tokio::sync::Mutex;

use crate::{
    api::{self, Client, KvBindings, PagesBindings},
    config::{Project, Scope},
    domain::{AccountId, Binding, EnvName, NamespaceId, Permission, Section},
    wire::code,
};

/// What a section is deployed as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deployable {
    /// A Worker, by its name.
    Worker(String),
    /// A Pages project, by its name.
    Pages(String),
}

impl Deployable {
    /// Returns what `section` is deployed as; `None` if the file gives it no name that the service
    /// takes (see [`Project::deployed_name`]), or it is never deployed itself.
    pub fn of(project: &Project, section: &Section) -> Option<Self> {
        if section.is_previews() {
            return None;
        }
        let decided = project.deployed_as.as_ref();
        if let Some(it) = decided.filter(|it| it.section == *section) {
            return Some(Self::Worker(it.name.clone()));
        }
        let name = project.deployed_name(section).ok()?;
        if !project.is_pages {
            return Some(Self::Worker(name));
        }
        let known = section.environment().is_none_or(EnvName::is_of_pages);
        known.then_some(Self::Pages(name))
    }

    /// Lists the other sections that are deployed as the same Worker.
    pub fn others<'p>(project: &'p Project, section: &Section) -> Vec<&'p Scope> {
        let Some(worker @ Self::Worker(_)) = Self::of(project, section) else {
            return Vec::new();
        };
        let is_same = |it: &&Scope| {
            it.section != *section && Self::of(project, &it.section).as_ref() == Some(&worker)
        };
        project.deployed_scopes().filter(is_same).collect()
    }

    /// Returns the first of the sections that are deployed as one Worker with `section`, which may be
    /// that.
    pub fn first_section<'p>(project: &'p Project, section: &'p Section) -> &'p Section {
        let others = Self::others(project, section);
        let scopes = project.deployed_scopes();
        let first = scopes
            .map(|it| &it.section)
            .find(|it| *it == section || others.iter().any(|other| other.section == **it));
        first.unwrap_or(section)
    }

    /// Returns the permission that asking for it needs.
    pub fn permission(&self) -> Permission {
        match self {
            Self::Worker(_) => Permission::WorkersScriptsRead,
            Self::Pages(_) => Permission::PagesRead,
        }
    }
}

impl fmt::Display for Deployable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker(name) => write!(f, "Worker `{name}`"),
            Self::Pages(name) => write!(f, "Pages project `{name}`"),
        }
    }
}

/// What the service says about something that could be deployed.
#[derive(Debug)]
pub enum Deployment {
    /// It is a Worker, and binds these.
    Worker(KvBindings),
    /// It is a Pages project, and binds these.
    Pages(PagesBindings),
    /// It is not deployed.
    NotDeployed,
    /// The credentials may not ask, or the service does not answer such questions.
    Denied(api::Error),
}

/// Which namespace a binding of a section leads to in what is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// This one, on every side that the section is deployed to.
    To(NamespaceId),
    /// This one in the production of a Pages project; previews, which the section stands for as well, do
    /// not bind it. The next deployment binds it there, too.
    InProduction(NamespaceId),
    /// None.
    Nothing,
    /// Previews of a Pages project bind another one than production, and the section stands for both.
    Differs {
        /// Production's, if it binds one.
        production: Option<NamespaceId>,
        /// The previews'.
        preview: NamespaceId,
    },
}

/// Looks up what is deployed, each thing once.
#[derive(Debug)]
pub struct Deployments<'a> {
    client: &'a Client,
    account: &'a AccountId,
    known: Mutex<BTreeMap<Deployable, Arc<Deployment>>>,
}

impl<'a> Deployments<'a> {
    /// Looks nothing up yet.
    pub fn new(client: &'a Client, account: &'a AccountId) -> Self {
        Self {
            client,
            account,
            known: Mutex::default(),
        }
    }

    /// Asks for `what`, unless that was asked for before.
    ///
    /// Any other refusal than those that [`Deployment`] names is an error: taken for "not deployed",
    /// it would let an empty namespace take the place of production's.
    pub async fn look_up(&self, what: &Deployable) -> Result<Arc<Deployment>, api::Error> {
        let mut known = self.known.lock().await;
        if let Some(deployment) = known.get(what) {
            return Ok(Arc::clone(deployment));
        }
        let deployment = Arc::new(self.ask(what).await?);
        known.insert(what.clone(), Arc::clone(&deployment));
        Ok(deployment)
    }

    async fn ask(&self, what: &Deployable) -> Result<Deployment, api::Error> {
        let answer = match what {
            Deployable::Worker(name) => {
                let bindings = self.client.worker_bindings(self.account, name).await;
                bindings.map(Deployment::Worker)
            }
            Deployable::Pages(name) => {
                let bindings = self.client.pages_bindings(self.account, name).await;
                bindings.map(Deployment::Pages)
            }
        };
        answer.or_else(|error| {
            if is_not_deployed(&error) {
                Ok(Deployment::NotDeployed)
            } else if self.is_denial(&error) {
                Ok(Deployment::Denied(error))
            } else {
                Err(error)
            }
        })
    }

    fn is_denial(&self, error: &api::Error) -> bool {
        let status = error.status().map(|status| status.as_u16());
        match status {
            Some(403) => error.is_denial(),
            // Some products say so with 401, as for a token that is wrong altogether.
            Some(401) => error.is_denial() && error.has_code(code::AUTHENTICATION),
            // A service that stands in for Cloudflare's, and has no such routes.
            Some(400) => error.has_code(code::NO_SUCH_ROUTE) && !self.client.is_cloudflare(),
            _ => false,
        }
    }
}

fn is_not_deployed(error: &api::Error) -> bool {
    let codes = [
        code::WORKER_NOT_FOUND,
        code::SERVICE_NOT_FOUND,
        code::PAGES_PROJECT_NOT_FOUND,
    ];
    let says_so = codes.into_iter().any(|code| error.has_code(code));
    match error.status().map(|status| status.as_u16()) {
        Some(404) => says_so || error.says("has no versions"),
        // No Worker can be called so: `[env.Prod]` makes such a name.
        Some(400) => error.has_code(code::WORKER_NAME),
        _ => false,
    }
}

/// One of the places that something is deployed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// A Worker has one.
    Worker,
    /// The production of a Pages project.
    Production,
    /// The previews of a Pages project.
    Preview,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Worker => "the deployed Worker",
            Self::Production => "the Pages project's production environment",
            Self::Preview => "the Pages project's preview environment",
        })
    }
}

impl Deployment {
    /// Returns what is bound on each side that `section` is deployed to; nothing if it is not known.
    pub fn sides(&self, project: &Project, section: &Section) -> Vec<(Side, &KvBindings)> {
        match self {
            Self::Worker(bindings) => vec![(Side::Worker, bindings)],
            Self::Pages(PagesBindings {
                production,
                preview,
            }) => {
                let (by_production, by_preview) = pages_sides(project, section);
                let production = by_production.then_some((Side::Production, production));
                let preview = by_preview.then_some((Side::Preview, preview));
                production.into_iter().chain(preview).collect()
            }
            Self::NotDeployed | Self::Denied(_) => Vec::new(),
        }
    }

    /// Returns what is bound on every side.
    pub fn all_sides(&self) -> Vec<(Side, &KvBindings)> {
        match self {
            Self::Worker(bindings) => vec![(Side::Worker, bindings)],
            Self::Pages(PagesBindings {
                production,
                preview,
            }) => vec![(Side::Production, production), (Side::Preview, preview)],
            Self::NotDeployed | Self::Denied(_) => Vec::new(),
        }
    }

    /// Returns what `binding` of `section` leads to.
    pub fn bound(&self, project: &Project, section: &Section, binding: &Binding) -> Bound {
        let sides = self.sides(project, section);
        let ids = sides
            .iter()
            .map(|(_, bindings)| bindings.get(binding.as_str()).cloned());
        match ids.collect::<Vec<_>>().as_slice() {
            [Some(id)] => Bound::To(id.clone()),
            [Some(production), Some(preview)] if production == preview => {
                Bound::To(production.clone())
            }
            [production, Some(preview)] => Bound::Differs {
                production: production.clone(),
                preview: preview.clone(),
            },
            [Some(production), None] => Bound::InProduction(production.clone()),
            _ => Bound::Nothing,
        }
    }
}

/// Whether a section of a Pages project is what production uses, and what previews use. The top
/// level stands for each that has no section of its own.
fn pages_sides(project: &Project, section: &Section) -> (bool, bool) {
    let is = |name: &str| {
        let own = |section: &Section| section.environment().is_some_and(|e| e.as_str() == name);
        let sections = &project.environments;
        own(section) || section.is_top() && !sections.iter().any(|scope| own(&scope.section))
    };
    (is("production"), is("preview"))
}
