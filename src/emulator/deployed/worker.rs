//! Workers: versions, deployments and what is not versioned. Imports `domain`. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Binding, BindingError, Deployed, Inheritance};
use crate::domain::AccountId;

/// How many versions and deployments of a Worker are kept.
const HISTORY_MAX: usize = 100;

/// A Worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::emulator) struct Worker {
    pub(in crate::emulator) id: String,
    /// In UNIX seconds.
    pub(in crate::emulator) created: i64,
    /// How many versions were ever uploaded.
    uploads: u64,
    /// The latest last. Empty for a Worker that was made without one.
    pub(in crate::emulator) versions: Vec<Version>,
    /// The latest first.
    pub(in crate::emulator) deployments: Vec<Deployment>,
    /// What belongs to no version, such as tags.
    pub(in crate::emulator) settings: Map<String, Value>,
    /// Whether it is served at a subdomain of workers.dev.
    pub(in crate::emulator) subdomain: Subdomain,
}

/// Where a Worker is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::emulator) struct Subdomain {
    pub(in crate::emulator) enabled: bool,
    pub(in crate::emulator) previews_enabled: bool,
}

/// A version of a Worker. Its code is not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::emulator) struct Version {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) number: u64,
    /// In UNIX seconds.
    pub(in crate::emulator) created: i64,
    pub(in crate::emulator) bindings: Vec<Binding>,
    pub(in crate::emulator) compatibility_date: Option<String>,
    pub(in crate::emulator) compatibility_flags: Vec<String>,
    pub(in crate::emulator) annotations: Map<String, Value>,
}

/// Which versions serve requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::emulator) struct Deployment {
    pub(in crate::emulator) id: String,
    /// In UNIX seconds.
    pub(in crate::emulator) created: i64,
    pub(in crate::emulator) versions: Vec<Share>,
    pub(in crate::emulator) annotations: Map<String, Value>,
}

/// A version of a deployment, and how many percent of the requests it serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::emulator) struct Share {
    pub(in crate::emulator) version_id: String,
    pub(in crate::emulator) percentage: f64,
}

/// A version that is uploaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::emulator) struct Upload {
    pub(in crate::emulator) bindings: Vec<Binding>,
    pub(in crate::emulator) compatibility_date: Option<String>,
    pub(in crate::emulator) compatibility_flags: Vec<String>,
    pub(in crate::emulator) annotations: Map<String, Value>,
    /// The kinds of bindings that stay though they are not among the bindings.
    pub(in crate::emulator) kept_kinds: Vec<String>,
    /// The tags of the Worker, if they change.
    pub(in crate::emulator) tags: Option<Value>,
    /// Whether a binding that cannot be inherited fails the upload.
    pub(in crate::emulator) strict: bool,
    /// When, in UNIX seconds.
    pub(in crate::emulator) now: i64,
}

/// Versions that are deployed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::emulator) struct Release {
    pub(in crate::emulator) versions: Vec<Share>,
    pub(in crate::emulator) annotations: Map<String, Value>,
    /// When, in UNIX seconds.
    pub(in crate::emulator) now: i64,
}

/// Why a Worker is not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum WorkerError {
    /// It does not exist.
    Absent,
    /// It exists.
    Taken,
    /// It has no version with this id.
    NoVersion(String),
    /// The shares of a deployment are not 100 percent in all, of one or two versions.
    Shares,
    /// Its bindings are refused.
    Binding(BindingError),
}

impl Release {
    /// All requests to one version, as soon as it is uploaded.
    pub(in crate::emulator) fn all(version: &Version) -> Self {
        let share = Share {
            version_id: version.id.clone(),
            percentage: 100.0,
        };
        Self {
            versions: vec![share],
            annotations: version.annotations.clone(),
            now: version.created,
        }
    }
}

impl Worker {
    fn new(id: String, now: i64) -> Self {
        Self {
            id,
            created: now,
            uploads: 0,
            versions: Vec::new(),
            deployments: Vec::new(),
            settings: Map::new(),
            subdomain: Subdomain::default(),
        }
    }

    /// Returns the version that was uploaded last, deployed or not: settings show its bindings, and
    /// the next upload inherits from it.
    pub(in crate::emulator) fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Returns the bindings of the latest version that hold a secret.
    pub(in crate::emulator) fn secrets(&self) -> impl Iterator<Item = &Binding> {
        let bindings = self
            .latest()
            .into_iter()
            .flat_map(|latest| &latest.bindings);
        bindings.filter(|binding| binding.is_secret())
    }

    /// Returns a version.
    pub(in crate::emulator) fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == id)
    }

    /// Forgets the oldest versions that no deployment has, and the oldest deployments.
    fn trim(&mut self) {
        self.deployments.truncate(HISTORY_MAX);
        let is_deployed = |version: &Version| {
            let current = self.deployments.first().into_iter();
            let mut shares = current.flat_map(|deployment| &deployment.versions);
            shares.any(|share| share.version_id == version.id)
        };
        let excess = self.versions.len().saturating_sub(HISTORY_MAX);
        let oldest = self.versions.iter().take(excess);
        let kept: Vec<Version> = oldest.filter(|it| is_deployed(it)).cloned().collect();
        self.versions.splice(..excess, kept);
    }
}

impl Deployed {
    /// Returns a Worker to change it.
    pub(in crate::emulator) fn worker_mut(
        &mut self,
        account: &AccountId,
        name: &str,
    ) -> Result<&mut Worker, WorkerError> {
        let worker = self.workers_mut(account).get_mut(name);
        worker.ok_or(WorkerError::Absent)
    }

    /// Makes a Worker without versions.
    pub(in crate::emulator) fn create_worker(
        &mut self,
        account: &AccountId,
        name: &str,
        now: i64,
    ) -> Result<(), WorkerError> {
        if self.worker(account, name).is_some() {
            return Err(WorkerError::Taken);
        }
        let worker = Worker::new(self.new_id(), now);
        self.workers_mut(account).insert(name.to_owned(), worker);
        Ok(())
    }

    /// Deletes a Worker.
    pub(in crate::emulator) fn delete_worker(
        &mut self,
        account: &AccountId,
        name: &str,
    ) -> Result<(), WorkerError> {
        let deleted = self.workers_mut(account).remove(name);
        deleted.map(drop).ok_or(WorkerError::Absent)
    }

    /// Adds a version to a Worker, without deploying it.
    pub(in crate::emulator) fn upload(
        &mut self,
        account: &AccountId,
        name: &str,
        upload: Upload,
    ) -> Result<Version, WorkerError> {
        let id = self.new_uuid();
        let worker = self.worker_mut(account, name)?;
        let inheritance = Inheritance {
            latest: worker.latest().map_or(&[], |latest| &latest.bindings),
            kept_kinds: &upload.kept_kinds,
            strict: upload.strict,
        };
        let bindings = inheritance.resolve(upload.bindings);
        worker.uploads += 1;
        let version = Version {
            id,
            number: worker.uploads,
            created: upload.now,
            bindings: bindings.map_err(WorkerError::Binding)?,
            compatibility_date: upload.compatibility_date,
            compatibility_flags: upload.compatibility_flags,
            annotations: upload.annotations,
        };
        worker.versions.push(version.clone());
        if let Some(tags) = upload.tags {
            worker.settings.insert("tags".to_owned(), tags);
        }
        worker.trim();
        Ok(version)
    }

    /// Deploys versions of a Worker.
    pub(in crate::emulator) fn deploy(
        &mut self,
        account: &AccountId,
        name: &str,
        release: Release,
    ) -> Result<Deployment, WorkerError> {
        let id = self.new_uuid();
        let Release {
            versions,
            annotations,
            now,
        } = release;
        let worker = self.worker_mut(account, name)?;
        let unknown = |share: &&Share| worker.version(&share.version_id).is_none();
        if let Some(share) = versions.iter().find(unknown) {
            return Err(WorkerError::NoVersion(share.version_id.clone()));
        }
        let total: f64 = versions.iter().map(|share| share.percentage).sum();
        let is_valid = |share: &Share| (0.0..=100.0).contains(&share.percentage);
        if (total - 100.0).abs() > 0.01 || versions.len() > 2 || !versions.iter().all(is_valid) {
            return Err(WorkerError::Shares);
        }
        let deployment = Deployment {
            id,
            created: now,
            versions,
            annotations,
        };
        worker.deployments.insert(0, deployment.clone());
        worker.trim();
        Ok(deployment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload() -> Upload {
        Upload::default()
    }

    #[test]
    fn old_versions_are_forgotten_unless_they_are_deployed() {
        let (account, name) = (AccountId::local(), "app");
        let mut deployed = Deployed::default();
        deployed.create_worker(&account, name, 0).unwrap();
        let first = deployed.upload(&account, name, upload()).unwrap();
        let release = Release::all(&first);
        deployed.deploy(&account, name, release).unwrap();
        for _ in 0..HISTORY_MAX + 5 {
            deployed.upload(&account, name, upload()).unwrap();
        }
        let worker = deployed.worker(&account, name).unwrap();
        assert!(worker.versions.len() <= HISTORY_MAX + 1);
        assert_eq!(worker.versions[0], first);
        assert_eq!(worker.latest().unwrap().number, HISTORY_MAX as u64 + 6);
    }

    #[test]
    fn a_deployment_is_of_known_versions_and_of_all_requests() {
        let (account, name) = (AccountId::local(), "app");
        let mut deployed = Deployed::default();
        assert_eq!(
            deployed.upload(&account, name, upload()),
            Err(WorkerError::Absent)
        );
        deployed.create_worker(&account, name, 0).unwrap();
        assert_eq!(
            deployed.create_worker(&account, name, 0),
            Err(WorkerError::Taken)
        );
        let version = deployed.upload(&account, name, upload()).unwrap();
        let mut deploy = |versions| {
            let release = Release {
                versions,
                ..Release::default()
            };
            deployed.deploy(&account, name, release)
        };
        let share = |id: &str, percentage| Share {
            version_id: id.to_owned(),
            percentage,
        };
        let id = version.id.as_str();
        assert_eq!(
            deploy(vec![share("other", 100.0)]),
            Err(WorkerError::NoVersion("other".to_owned()))
        );
        for shares in [
            vec![],
            vec![share(id, 99.0)],
            vec![share(id, 150.0), share(id, -50.0)],
            vec![share(id, 50.0), share(id, 25.0), share(id, 25.0)],
        ] {
            assert_eq!(
                deploy(shares.clone()),
                Err(WorkerError::Shares),
                "{shares:?}"
            );
        }
        assert!(deploy(vec![share(id, 90.0), share(id, 10.0)]).is_ok());
    }
}
