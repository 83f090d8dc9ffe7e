//! Deploying without a request, for tests. Imports `domain`.
//!
//! Whether the namespaces exist is not checked: one that a Worker binds may have been deleted.

use serde_json::{Map, Value, json};

use super::{
    Emulator, Error,
    deployed::{Binding, Deployed, Release, Upload},
};
use crate::domain::AccountId;

/// Names of bindings and ids of namespaces.
pub type Bound<'a> = &'a [(&'a str, &'a str)];

impl Emulator {
    /// Deploys a version of a Worker that binds these namespaces and nothing else.
    pub fn deploy(&self, account: &AccountId, worker: &str, bound: Bound<'_>) -> Result<(), Error> {
        let (owner, now) = (self.0.owner(account), self.0.now());
        let bindings = bound.iter().map(|(name, id)| Binding::namespace(name, id));
        let upload = Upload {
            bindings: bindings.collect(),
            now,
            ..Upload::default()
        };
        let deploy = |deployed: &mut Deployed| {
            if deployed.worker(owner, worker).is_none() {
                deployed.create_worker(owner, worker, now)?;
            }
            let version = deployed.upload(owner, worker, upload)?;
            deployed.deploy(owner, worker, Release::all(&version))
        };
        let deployed = self.0.deployed.change(deploy)?;
        deployed.map(drop).map_err(|_error| refused(worker))
    }

    /// Makes a Worker without versions, as `wrangler preview` does.
    pub fn create_worker(&self, account: &AccountId, worker: &str) -> Result<(), Error> {
        let (owner, now) = (self.0.owner(account), self.0.now());
        let create = |deployed: &mut Deployed| deployed.create_worker(owner, worker, now);
        self.0
            .deployed
            .change(create)?
            .map_err(|_error| refused(worker))
    }

    /// Makes a Pages project whose deployments bind these namespaces, or changes it.
    pub fn create_project(
        &self,
        account: &AccountId,
        project: &str,
        production: Bound<'_>,
        preview: Bound<'_>,
    ) -> Result<(), Error> {
        let (owner, now) = (self.0.owner(account), self.0.now());
        let config = |bound: Bound<'_>| -> Value {
            let bindings = bound.iter();
            let bindings: Map<_, _> = bindings
                .map(|(name, id)| ((*name).to_owned(), json!({ "namespace_id": id })))
                .collect();
            json!({ "kv_namespaces": bindings })
        };
        let configs = json!({ "production": config(production), "preview": config(preview) });
        let fields = Map::from_iter([("deployment_configs".to_owned(), configs)]);
        let change = |deployed: &mut Deployed| {
            deployed.delete_project(owner, project).ok();
            deployed.create_project(owner, project, fields, now)
        };
        let made = self.0.deployed.change(change)?;
        made.map(drop).map_err(|_error| refused(project))
    }
}

fn refused(name: &str) -> Error {
    Error::Deploy(name.to_owned())
}
