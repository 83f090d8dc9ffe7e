//! Workers: what `wrangler deploy` asks for, and which namespaces they bind. Imports `domain` and
//! `wire`.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{paginate, permit, upload};
use crate::{
    domain::AccountId,
    emulator::{
        Inner,
        answer::{Answer, Refusal},
        auth::Caller,
        config::Product,
        deployed::{Deployed, Deployment, Release, Share, Version, Worker, WorkerError},
        request::Request,
    },
    wire::code,
};

/// The account's subdomain of workers.dev.
const SUBDOMAIN: &str = "local";

/// The code of a name that no Worker can have.
const WORKER_NAME: u32 = 10_016;

/// The longest name of a Worker.
const NAME_MAX: usize = 255;

/// The code where a version is missing. The service's is not known; it is not that of a Worker that
/// does not exist.
const NO_VERSION: u32 = 10_222;

/// Who uploaded everything.
const AUTHOR: &str = "user@example.com";

/// A Worker in the path, which may not exist.
struct WorkerTarget<'a> {
    inner: &'a Inner,
    account: &'a AccountId,
    name: &'a str,
}

/// Answers a request below `/accounts/{id}/workers`.
pub(super) async fn answer(
    inner: &Inner,
    caller: &Caller<'_>,
    account: &AccountId,
    request: &Request,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    let methods: &[&str] = match *rest {
        ["workers"] => &["POST"],
        ["services", _] => &["GET", "DELETE"],
        ["scripts", _] => &["PUT", "DELETE"],
        ["scripts", _, "script-settings"] => &["GET", "PATCH"],
        ["scripts", _, "subdomain" | "deployments" | "versions"] => &["GET", "POST"],
        ["scripts", _, "schedules"] => &["PUT"],
        ["subdomain" | "scripts"]
        | ["workers", _]
        | ["durable_objects", "namespaces"]
        | ["tails", "by-consumer", _]
        | ["scripts", _, "settings" | "secrets" | "references"]
        | ["scripts", _, "versions", _] => &["GET"],
        _ => return Err(Refusal::no_route()),
    };
    permit(caller, account, Product::Workers, request, methods)?;
    let target = |name| WorkerTarget::read(inner, account, name);
    match (request.method.as_str(), rest) {
        ("GET", ["subdomain"]) => Ok(Answer::result(json!({ "subdomain": SUBDOMAIN }))),
        ("GET", ["scripts"]) => list(inner, account),
        ("POST", ["workers"]) => create(inner, account, request),
        ("GET", ["workers", name]) => target(name)?.read_with(beta),
        // Nothing of this kind is kept.
        ("GET", ["durable_objects", "namespaces"] | ["tails", "by-consumer", _]) => {
            paginate::<Value>(Vec::new(), request, 1000)
        }
        ("GET", ["services", name]) => target(name)?.service(),
        ("DELETE", ["services" | "scripts", name]) => target(name)?.delete(),
        ("PUT", ["scripts", name]) => target(name)?.put(request).await,
        (method, ["scripts", name, rest @ ..]) => target(name)?.answer(method, request, rest).await,
        _ => Err(Refusal::no_route()),
    }
}

impl<'a> WorkerTarget<'a> {
    fn read(inner: &'a Inner, account: &'a AccountId, name: &'a str) -> Result<Self, Refusal> {
        let is_allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_');
        let is_name = name.chars().all(is_allowed)
            && !name.starts_with('-')
            && (1..=NAME_MAX).contains(&name.len());
        if !is_name {
            let text = "Invalid Worker name. Names are lower-case letters, digits, dashes and \
                        underscores.";
            return Err(Refusal::new(400, WORKER_NAME, text));
        }
        Ok(Self {
            inner,
            account,
            name,
        })
    }

    /// Answers a request below `scripts/{name}`.
    async fn answer(
        &self,
        method: &str,
        request: &Request,
        rest: &[&str],
    ) -> Result<Answer, Refusal> {
        match (method, rest) {
            ("GET", ["settings"]) => self.settings(),
            ("GET", ["script-settings"]) => self.read_with(|_, worker| json!(worker.settings)),
            ("PATCH", ["script-settings"]) => self.change_settings(request),
            ("GET", ["secrets"]) => self.read_with(secrets),
            ("GET", ["references"]) => self.read_with(|_, _| json!({})),
            ("GET", ["subdomain"]) => self.read_with(|_, worker| json!(worker.subdomain)),
            ("POST", ["subdomain"]) => self.change_subdomain(request),
            ("GET", ["deployments"]) => self.read_with(deployments),
            ("POST", ["deployments"]) => self.deploy(request),
            ("GET", ["versions"]) => self.read_with(versions),
            ("POST", ["versions"]) => self.upload(request).await,
            ("GET", ["versions", id]) => self.version(id),
            // They are not kept, since nothing runs.
            ("PUT", ["schedules"]) => self.read_with(|_, _| json!({ "schedules": [] })),
            _ => Err(Refusal::no_route()),
        }
    }

    /// Answers with something about the Worker.
    fn read_with<T: serde::Serialize>(
        &self,
        read: impl FnOnce(&str, &Worker) -> T,
    ) -> Result<Answer, Refusal> {
        let deployed = self.inner.deployed.read()?;
        let worker = deployed.worker(self.owner(), self.name);
        let worker = worker.ok_or_else(absent)?;
        Ok(Answer::result(read(self.name, worker)))
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Deployed) -> Result<T, WorkerError>,
    ) -> Result<T, Refusal> {
        self.inner.deployed.change(change)?.map_err(refuse)
    }

    /// Returns the account that the Worker belongs to, which is that of the namespaces.
    fn owner(&self) -> &AccountId {
        self.inner.owner(self.account)
    }

    fn delete(&self) -> Result<Answer, Refusal> {
        self.change(|deployed| deployed.delete_worker(self.owner(), self.name))?;
        Ok(Answer::nothing())
    }

    fn service(&self) -> Result<Answer, Refusal> {
        let deployed = self.inner.deployed.read()?;
        let worker = deployed.worker(self.owner(), self.name).ok_or_else(|| {
            let text = "workers.api.error.service_not_found";
            Refusal::new(404, code::SERVICE_NOT_FOUND, text)
        })?;
        Ok(Answer::result(json!({
            "id": self.name,
            "created_on": time(worker.created),
            "default_environment": {
                "environment": "production",
                "script": script(self.name, worker),
            },
        })))
    }

    /// The bindings of the latest version, and what belongs to all versions. Whether the service
    /// shows the version that was uploaded last or the one that is deployed is not known.
    fn settings(&self) -> Result<Answer, Refusal> {
        let deployed = self.inner.deployed.read()?;
        let worker = deployed.worker(self.owner(), self.name);
        let worker = worker.ok_or_else(absent)?;
        let Some(latest) = worker.latest() else {
            let text = format!("Worker '{}' has no versions", self.name);
            return Err(Refusal::new(404, NO_VERSION, text));
        };
        let mut settings = worker.settings.clone();
        for (name, value) in [
            ("bindings", json!(latest.bindings)),
            ("compatibility_date", json!(latest.compatibility_date)),
            ("compatibility_flags", json!(latest.compatibility_flags)),
            ("usage_model", json!("standard")),
        ] {
            settings.insert(name.to_owned(), value);
        }
        Ok(Answer::result(settings))
    }

    fn change_settings(&self, request: &Request) -> Result<Answer, Refusal> {
        let changes: Map<String, Value> = body(request)?;
        let settings = self.change(|deployed| {
            let worker = deployed.worker_mut(self.owner(), self.name)?;
            worker.settings.extend(changes);
            Ok(worker.settings.clone())
        })?;
        Ok(Answer::result(settings))
    }

    fn change_subdomain(&self, request: &Request) -> Result<Answer, Refusal> {
        #[derive(Deserialize)]
        struct Change {
            enabled: Option<bool>,
            previews_enabled: Option<bool>,
        }
        let change: Change = body(request)?;
        let subdomain = self.change(|deployed| {
            let subdomain = &mut deployed.worker_mut(self.owner(), self.name)?.subdomain;
            subdomain.enabled = change.enabled.unwrap_or(subdomain.enabled);
            let previews = change.previews_enabled;
            subdomain.previews_enabled = previews.unwrap_or(subdomain.previews_enabled);
            Ok(*subdomain)
        })?;
        Ok(Answer::result(subdomain))
    }

    /// `PUT …/scripts/{name}`: uploads a version, which is deployed at once.
    async fn put(&self, request: &Request) -> Result<Answer, Refusal> {
        let upload = upload::read(request, self.inner.now()).await?;
        let (owner, now) = (self.owner(), upload.now);
        let version = self.checked(|deployed| {
            if deployed.worker(owner, self.name).is_none() {
                deployed.create_worker(owner, self.name, now)?;
            }
            let version = deployed.upload(owner, self.name, upload)?;
            deployed.deploy(owner, self.name, Release::all(&version))?;
            Ok(version)
        })?;
        Ok(Answer::result(json!({
            "id": self.name,
            "etag": etag(&version),
            "deployment_id": version.id.replace('-', ""),
            "created_on": time(version.created),
            "modified_on": time(version.created),
            "startup_time_ms": 1,
        })))
    }

    /// `POST …/versions`: uploads a version to a Worker that exists.
    async fn upload(&self, request: &Request) -> Result<Answer, Refusal> {
        let upload = upload::read(request, self.inner.now()).await?;
        let version = self.checked(|deployed| deployed.upload(self.owner(), self.name, upload))?;
        Ok(Answer::result(detailed(&version)))
    }

    /// Adds a version, provided that the namespaces it binds exist.
    fn checked(
        &self,
        upload: impl FnOnce(&mut Deployed) -> Result<Version, WorkerError>,
    ) -> Result<Version, Refusal> {
        let changed = self.inner.deployed.change(|deployed| {
            let version = upload(deployed).map_err(refuse)?;
            upload::check_namespaces(self.inner, self.account, &version.bindings)?;
            Ok(version)
        });
        changed?
    }

    fn version(&self, id: &str) -> Result<Answer, Refusal> {
        let deployed = self.inner.deployed.read()?;
        let worker = deployed.worker(self.owner(), self.name);
        let version = worker.ok_or_else(absent)?.version(id);
        let version = version.ok_or_else(|| no_version(id))?;
        Ok(Answer::result(detailed(version)))
    }

    fn deploy(&self, request: &Request) -> Result<Answer, Refusal> {
        #[derive(Deserialize)]
        struct Wanted {
            versions: Vec<Share>,
            annotations: Option<Map<String, Value>>,
        }
        let wanted: Wanted = body(request)?;
        let release = Release {
            versions: wanted.versions,
            annotations: wanted.annotations.unwrap_or_default(),
            now: self.inner.now(),
        };
        let deploy = |deployed: &mut Deployed| deployed.deploy(self.owner(), self.name, release);
        let deployment = self.change(deploy)?;
        Ok(Answer::result(deployment_item(&deployment)))
    }
}

/// `GET …/scripts`.
fn list(inner: &Inner, account: &AccountId) -> Result<Answer, Refusal> {
    let deployed = inner.deployed.read()?;
    let workers = deployed.workers(inner.owner(account));
    let scripts: Vec<Value> = workers.map(|(name, worker)| script(name, worker)).collect();
    Ok(Answer::result(scripts))
}

/// `POST …/workers`: a Worker without versions, as `wrangler preview` makes one.
fn create(inner: &Inner, account: &AccountId, request: &Request) -> Result<Answer, Refusal> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let named: Named = body(request)?;
    let target = WorkerTarget::read(inner, account, &named.name)?;
    let now = inner.now();
    target.change(|deployed| deployed.create_worker(target.owner(), target.name, now))?;
    target.read_with(beta)
}

/// A Worker as the newer routes show it.
fn beta(name: &str, worker: &Worker) -> Value {
    json!({
        "id": worker.id,
        "name": name,
        "created_on": time(worker.created),
        "updated_on": time(modified(worker)),
        "tags": worker.settings.get("tags").cloned().unwrap_or_else(|| json!([])),
        "subdomain": worker.subdomain,
    })
}

/// A Worker as the older routes show it.
fn script(name: &str, worker: &Worker) -> Value {
    json!({
        "id": name,
        "tag": worker.id,
        "tags": worker.settings.get("tags"),
        "etag": worker.latest().map(etag),
        "created_on": time(worker.created),
        "modified_on": time(modified(worker)),
        "handlers": ["fetch"],
        "last_deployed_from": "wrangler",
        "compatibility_date": worker.latest().and_then(|it| it.compatibility_date.as_ref()),
    })
}

fn secrets(_: &str, worker: &Worker) -> Value {
    let secret = |it: &_| json!(it);
    worker.secrets().map(secret).collect()
}

fn deployments(_: &str, worker: &Worker) -> Value {
    let deployments: Vec<Value> = worker.deployments.iter().map(deployment_item).collect();
    json!({ "deployments": deployments })
}

fn deployment_item(deployment: &Deployment) -> Value {
    json!({
        "id": deployment.id,
        "source": "wrangler",
        "strategy": "percentage",
        "author_email": AUTHOR,
        "created_on": time(deployment.created),
        "annotations": deployment.annotations,
        "versions": deployment.versions,
    })
}

/// The versions, the latest first.
fn versions(_: &str, worker: &Worker) -> Value {
    let items: Vec<Value> = worker.versions.iter().rev().map(version_item).collect();
    json!({ "items": items })
}

fn version_item(version: &Version) -> Value {
    json!({
        "id": version.id,
        "number": version.number,
        "metadata": {
            "created_on": time(version.created),
            "modified_on": time(version.created),
            "source": "wrangler",
            "author_email": AUTHOR,
            "hasPreview": false,
        },
        "annotations": version.annotations,
    })
}

/// A version with its bindings.
fn detailed(version: &Version) -> Value {
    let mut item = version_item(version);
    item["startup_time_ms"] = json!(1);
    item["resources"] = json!({
        "bindings": version.bindings,
        "script": {
            "etag": etag(version),
            "handlers": ["fetch"],
            "last_deployed_from": "wrangler",
        },
        "script_runtime": {
            "compatibility_date": version.compatibility_date,
            "compatibility_flags": version.compatibility_flags,
            "usage_model": "standard",
        },
    });
    item
}

/// Any text that differs from version to version.
fn etag(version: &Version) -> String {
    version.id.replace('-', "")
}

/// When the Worker last changed, in UNIX seconds.
fn modified(worker: &Worker) -> i64 {
    worker.latest().map_or(worker.created, |it| it.created)
}

/// A time as the service writes it.
pub(super) fn time(seconds: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(format!("{time:.6}"))
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    upload::object(&request.body, "request body")
}

fn absent() -> Refusal {
    let text = "This Worker does not exist on your account.";
    Refusal::new(404, code::WORKER_NOT_FOUND, text)
}

fn no_version(id: &str) -> Refusal {
    Refusal::new(404, NO_VERSION, format!("Version '{id}' does not exist."))
}

fn refuse(error: WorkerError) -> Refusal {
    match error {
        WorkerError::Absent => absent(),
        WorkerError::Taken => upload::invalid("a Worker with this name already exists"),
        WorkerError::NoVersion(id) => no_version(&id),
        WorkerError::Shares => {
            upload::invalid("a deployment is of one or two versions, of 100 percent in all")
        }
        WorkerError::Binding(error) => upload::refuse(error),
    }
}
