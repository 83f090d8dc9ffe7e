//! Which deployed Workers, or Pages project, of a project bind a namespace.

use std::collections::BTreeSet;

use crate::{
    api,
    config::{Manifest, Project},
    domain::NamespaceId,
    ops::target::{Deployable, Deployment, Deployments},
};

/// What is known of the deployed bindings that lead to a namespace.
#[derive(Debug, Default)]
pub struct DeployedBindings {
    /// Those that do.
    pub bound: Vec<DeployedBinding>,
    /// What the credentials may not ask.
    pub unasked: Vec<Deployable>,
}

/// A deployed binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedBinding {
    /// What has it.
    pub deployable: Deployable,
    /// Its name.
    pub name: String,
}

impl DeployedBindings {
    /// Asks what each section of the file is deployed as, each once.
    pub async fn of(
        deployments: &Deployments<'_>,
        project: &Project,
        id: &NamespaceId,
    ) -> Result<Self, api::Error> {
        let mut found = Self::default();
        let mut asked = BTreeSet::new();
        for scope in project.deployed_scopes() {
            let Some(deployable) = Deployable::of(project, &scope.section) else {
                continue;
            };
            if !asked.insert(deployable.clone()) {
                continue;
            }
            let deployment = deployments.look_up(&deployable).await?;
            if let Deployment::Denied(_) = &*deployment {
                found.unasked.push(deployable);
                continue;
            }
            let mut names = BTreeSet::new();
            for (_, bindings) in deployment.all_sides() {
                let here = bindings.iter().filter(|(_, bound)| *bound == id);
                names.extend(here.map(|(name, _)| name.clone()));
            }
            found
                .bound
                .extend(names.into_iter().map(|name| DeployedBinding {
                    deployable: deployable.clone(),
                    name,
                }));
        }
        Ok(found)
    }

    /// Whether the manifest protects one of the bindings.
    pub fn is_protected(&self, manifest: &Manifest) -> bool {
        let mut protected = manifest.namespaces.iter().filter(|n| n.protect);
        protected.any(|n| self.bound.iter().any(|it| it.name == n.binding.as_str()))
    }
}
