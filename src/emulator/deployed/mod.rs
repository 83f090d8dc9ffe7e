//! What is deployed in each account: Workers and Pages projects. Imports `domain`. Pure.

mod binding;
mod project;
mod worker;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub(super) use binding::{Binding, BindingError, Inheritance};
pub(super) use project::{Project, ProjectError, merge};
pub(super) use worker::{Deployment, Release, Share, Upload, Version, Worker, WorkerError};

use super::registry::Kept;
use crate::domain::{AccountId, hex};

/// All that is deployed, by account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Deployed {
    /// How many ids were ever assigned, so that none is reused.
    given: u64,
    accounts: BTreeMap<AccountId, Services>,
}

/// What is deployed in one account, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Services {
    #[serde(default)]
    workers: BTreeMap<String, Worker>,
    #[serde(default)]
    projects: BTreeMap<String, Project>,
}

impl Kept for Deployed {
    const NAME: &'static str = "deployed";
    const KIND: &'static str = "a list of deployed Workers";
    const CONTENT: &'static str = "the deployed Workers and Pages projects";
}

impl Deployed {
    /// Returns a Worker.
    pub(super) fn worker(&self, account: &AccountId, name: &str) -> Option<&Worker> {
        self.accounts.get(account)?.workers.get(name)
    }

    /// Returns the Workers of an account, by name.
    pub(super) fn workers(&self, account: &AccountId) -> impl Iterator<Item = (&String, &Worker)> {
        let services = self.accounts.get(account).into_iter();
        services.flat_map(|services| &services.workers)
    }

    /// Returns a Pages project.
    pub(super) fn project(&self, account: &AccountId, name: &str) -> Option<&Project> {
        self.accounts.get(account)?.projects.get(name)
    }

    /// Returns the Pages projects of an account, by name.
    pub(super) fn projects(&self, account: &AccountId) -> impl Iterator<Item = &Project> {
        let services = self.accounts.get(account).into_iter();
        services.flat_map(|services| services.projects.values())
    }

    fn workers_mut(&mut self, account: &AccountId) -> &mut BTreeMap<String, Worker> {
        &mut self.accounts.entry(account.clone()).or_default().workers
    }

    fn projects_mut(&mut self, account: &AccountId) -> &mut BTreeMap<String, Project> {
        &mut self.accounts.entry(account.clone()).or_default().projects
    }

    /// Returns an id that was never given before: 32 hexadecimal digits.
    fn new_id(&mut self) -> String {
        self.given += 1;
        let digest = Sha256::digest(format!("deployed\n{}", self.given));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        // A random UUID, by its bits.
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        hex(&bytes)
    }

    /// The same as a UUID.
    fn new_uuid(&mut self) -> String {
        let id = self.new_id();
        let parts = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]];
        parts.join("-")
    }
}
