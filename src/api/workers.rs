//! What is deployed: the KV bindings of Workers and of Pages projects.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value};

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

impl Endpoint for WorkerSettings<'_> {
    type Output = KvBindings;
    const METHOD: Method = Method::GET;

    fn path(&self) -> String {
        let name = url_segment(self.name);
        format!("accounts/{}/workers/scripts/{name}/settings", self.account)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        let settings: Map<String, Value> = answer.result()?;
        let bindings: &[Value] = match settings.get("bindings") {
            None | Some(Value::Null) => &[],
            Some(Value::Array(bindings)) => bindings,
            Some(_) => return Err(answer.malformed(Expected::Envelope)),
        };
        let mut of_kv = KvBindings::new();
        for binding in bindings {
            let kind = text(binding, "type");
            let kind = kind.ok_or_else(|| answer.malformed(Expected::Envelope))?;
            if kind == "kv_namespace" {
                let (name, id) = named_id(answer, text(binding, "name"), binding)?;
                of_kv.insert(name, id);
            }
        }
        Ok(of_kv)
    }
}

struct PagesProject<'a> {
    account: &'a AccountId,
    name: &'a str,
}

impl Endpoint for PagesProject<'_> {
    type Output = PagesBindings;
    const METHOD: Method = Method::GET;

    fn path(&self) -> String {
        let name = url_segment(self.name);
        format!("accounts/{}/pages/projects/{name}", self.account)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        let project: Map<String, Value> = answer.result()?;
        if project.get("name").and_then(Value::as_str) != Some(self.name) {
            return Err(answer.inconsistent("it is about another project"));
        }
        let configs = project.get("deployment_configs");
        let configs =
            object(answer, configs)?.ok_or_else(|| answer.malformed(Expected::Envelope))?;
        let read = |side: &str| -> Result<KvBindings, Error> {
            let mut bindings = KvBindings::new();
            let Some(config) = object(answer, configs.get(side))? else {
                return Ok(bindings);
            };
            let bound = object(answer, config.get("kv_namespaces"))?;
            // `null` removes a binding.
            let bound = bound.into_iter().flatten();
            for (name, bound) in bound.filter(|(_, bound)| !bound.is_null()) {
                let (name, id) = named_id(answer, Some(name), bound)?;
                bindings.insert(name, id);
            }
            Ok(bindings)
        };
        Ok(PagesBindings {
            production: read("production")?,
            preview: read("preview")?,
        })
    }
}

/// Returns an object, which may be absent or `null`. Derived decoding would take a list for one.
fn object<'v>(
    answer: &Answer,
    value: Option<&'v Value>,
) -> Result<Option<&'v Map<String, Value>>, Error> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(answer.malformed(Expected::Envelope)),
    }
}

fn text<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object.get(key)?.as_str()
}

/// Reads the id in `bound`, which is called `name`.
fn named_id(
    answer: &Answer,
    name: Option<&str>,
    bound: &Value,
) -> Result<(String, NamespaceId), Error> {
    let id = text(bound, "namespace_id").and_then(|id| id.parse().ok());
    name.map(str::to_owned)
        .zip(id)
        .ok_or_else(|| answer.malformed(Expected::Envelope))
}
