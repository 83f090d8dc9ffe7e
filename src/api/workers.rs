//! What is deployed: the KV bindings of Workers and of Pages projects.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;

use super::{
    Client,
    answer::Answer,
    endpoint::Endpoint,
    error::{Error, Expected},
};
use crate::domain::{AccountId, NamespaceId, url_segment};

/// The namespaces that something deployed binds, by the names of the bindings.
pub type KvBindings = BTreeMap<String, NamespaceId>;

/// The KV bindings of a Pages project. A deployment is either production's or a preview's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PagesBindings {
    /// Those of production.
    pub production: KvBindings,
    /// Those of previews.
    pub preview: KvBindings,
}

impl Client {
    /// Asks which namespaces the Worker `name` binds.
    pub async fn worker_bindings(
        &self,
        account: &AccountId,
        name: &str,
    ) -> Result<KvBindings, Error> {
        self.send(&WorkerSettings { account, name }).await
    }

    /// Asks which namespaces the Pages project `name` binds.
    pub async fn pages_bindings(
        &self,
        account: &AccountId,
        name: &str,
    ) -> Result<PagesBindings, Error> {
        self.send(&PagesProject { account, name }).await
    }
}

struct WorkerSettings<'a> {
    account: &'a AccountId,
    name: &'a str,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    bindings: Option<Vec<Binding>>,
}

#[derive(Deserialize)]
struct Binding {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    namespace_id: Option<String>,
}

impl Endpoint for WorkerSettings<'_> {
    type Output = KvBindings;
    const METHOD: Method = Method::GET;

    fn path(&self) -> String {
        let name = url_segment(self.name);
        format!("accounts/{}/workers/scripts/{name}/settings", self.account)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        let settings: Settings = answer.result()?;
        let bindings = settings.bindings.into_iter().flatten();
        let of_kv = bindings.filter(|binding| binding.kind == "kv_namespace");
        of_kv
            .map(|binding| named_id(answer, binding.name, binding.namespace_id))
            .collect()
    }
}

struct PagesProject<'a> {
    account: &'a AccountId,
    name: &'a str,
}

#[derive(Deserialize)]
struct Project {
    name: String,
    deployment_configs: DeploymentConfigs,
}

#[derive(Deserialize)]
struct DeploymentConfigs {
    #[serde(default)]
    production: Option<DeploymentConfig>,
    #[serde(default)]
    preview: Option<DeploymentConfig>,
}

#[derive(Deserialize)]
struct DeploymentConfig {
    #[serde(default)]
    kv_namespaces: Option<BTreeMap<String, Option<Bound>>>,
}

#[derive(Deserialize)]
struct Bound {
    namespace_id: Option<String>,
}

impl Endpoint for PagesProject<'_> {
    type Output = PagesBindings;
    const METHOD: Method = Method::GET;

    fn path(&self) -> String {
        let name = url_segment(self.name);
        format!("accounts/{}/pages/projects/{name}", self.account)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        let project: Project = answer.result()?;
        if project.name != self.name {
            return Err(answer.inconsistent("it is about another project"));
        }
        let read = |config: Option<DeploymentConfig>| -> Result<KvBindings, Error> {
            let bound = config.and_then(|config| config.kv_namespaces);
            let bound = bound.into_iter().flatten();
            // `null` removes a binding.
            let bound = bound.filter_map(|(name, bound)| Some((name, bound?)));
            bound
                .map(|(name, bound)| named_id(answer, Some(name), bound.namespace_id))
                .collect()
        };
        let DeploymentConfigs {
            production,
            preview,
        } = project.deployment_configs;
        Ok(PagesBindings {
            production: read(production)?,
            preview: read(preview)?,
        })
    }
}

fn named_id(
    answer: &Answer,
    name: Option<String>,
    id: Option<String>,
) -> Result<(String, NamespaceId), Error> {
    let id = id.and_then(|id| id.parse().ok());
    name.zip(id)
        .ok_or_else(|| answer.malformed(Expected::Envelope))
}
