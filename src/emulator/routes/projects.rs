//! Pages projects, and which namespaces they bind. Imports `domain` and `wire`.

use serde_json::{Map, Value, json};

use super::{paginate, permit, workers::time};
use crate::{
    domain::AccountId,
    emulator::{
        Inner,
        answer::{Answer, Refusal},
        auth::Caller,
        config::Product,
        deployed::{Project, ProjectError, merge},
        request::Request,
    },
    wire::code,
};

/// The most projects on a page.
const PAGE_MAX: usize = 100;

/// The longest name of a project.
const NAME_MAX: usize = 58;

/// The code of what is not valid. The service's own are not known.
const INVALID: u32 = 8_000_000;

/// What a project knows of its own, and no request changes.
const FIXED: [&str; 4] = ["id", "name", "subdomain", "created_on"];

/// Answers a request below `/accounts/{id}/pages/projects`.
pub(super) fn answer(
    inner: &Inner,
    caller: &Caller<'_>,
    account: &AccountId,
    request: &Request,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    let methods: &[&str] = match *rest {
        [] => &["GET", "POST"],
        [_] => &["GET", "PATCH", "DELETE"],
        _ => return Err(Refusal::no_route()),
    };
    permit(caller, account, Product::Pages, request, methods)?;
    let owner = inner.owner(account);
    let (deployed, now) = (&inner.deployed, inner.now());
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let deployed = deployed.read()?;
            let items = deployed.projects(owner).map(item).collect();
            paginate::<Value>(items, request, PAGE_MAX)
        }
        ("POST", []) => {
            let fields = body(request)?;
            let name = fields.get("name").and_then(Value::as_str);
            let name = checked_name(name.unwrap_or_default())?.to_owned();
            // What is not sent is as a new project has it.
            let fields = merge(defaults(), own_fields(fields)?);
            let made = deployed.change(|it| it.create_project(owner, &name, fields, now))?;
            Ok(Answer::result(item(&made.map_err(refuse)?)))
        }
        ("GET", [name]) => {
            let deployed = deployed.read()?;
            let found = deployed.project(owner, name);
            let project = found.ok_or_else(|| refuse(ProjectError::Absent))?;
            Ok(Answer::result(item(project)))
        }
        ("PATCH", [name]) => {
            let fields = own_fields(body(request)?)?;
            let changed = deployed.change(|it| it.change_project(owner, name, fields))?;
            Ok(Answer::result(item(&changed.map_err(refuse)?)))
        }
        ("DELETE", [name]) => {
            let deleted = deployed.change(|it| it.delete_project(owner, name))?;
            deleted.map_err(refuse)?;
            Ok(Answer::nothing())
        }
        _ => Err(Refusal::no_route()),
    }
}

fn body(request: &Request) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(&request.body)
        .map_err(|error| invalid(format!("could not parse request body: {error}")))
}

fn defaults() -> Map<String, Value> {
    let defaults = json!({
        "production_branch": "main",
        "deployment_configs": { "production": {}, "preview": {} },
    });
    defaults.as_object().cloned().unwrap_or_default()
}

/// Returns the fields that a request may set, without secrets, which are never shown again.
fn own_fields(mut fields: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    for fixed in FIXED {
        fields.remove(fixed);
    }
    for config in ["production", "preview"] {
        let config = |part: &str| format!("/deployment_configs/{config}/{part}");
        let mut all = Value::Object(std::mem::take(&mut fields));
        if let Some(namespaces) = all.pointer(&config("kv_namespaces")) {
            check_namespaces(namespaces)?;
        }
        if let Some(variables) = all.pointer_mut(&config("env_vars")) {
            hide_secrets(variables);
        }
        if let Value::Object(all) = all {
            fields = all;
        }
    }
    Ok(fields)
}

/// Checks the shape of bindings: objects with a `namespace_id` by name, or `null` to remove one.
fn check_namespaces(namespaces: &Value) -> Result<(), Refusal> {
    let is_binding = |binding: &Value| binding.is_null() || binding["namespace_id"].is_string();
    let is_valid = match namespaces {
        Value::Null => true,
        Value::Object(bindings) => bindings.values().all(is_binding),
        _ => false,
    };
    let refusal = || invalid("`kv_namespaces` must be objects with a `namespace_id`, by name");
    is_valid.then_some(()).ok_or_else(refusal)
}

fn hide_secrets(variables: &mut Value) {
    for variable in variables
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
    {
        if variable["type"] == "secret_text" {
            variable["value"] = json!("");
        }
    }
}

fn checked_name(name: &str) -> Result<&str, Refusal> {
    let is_allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
    let is_name = name.chars().all(is_allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && (1..=NAME_MAX).contains(&name.len());
    let refusal = || {
        let text = "a project's name is 1-58 lower-case letters, digits and dashes, without a dash \
                    at either end";
        invalid(text)
    };
    is_name.then_some(name).ok_or_else(refusal)
}

fn item(project: &Project) -> Value {
    let subdomain = format!("{}.pages.dev", project.name);
    let mut item = project.fields.clone();
    for (name, value) in [
        ("id", json!(project.id)),
        ("name", json!(project.name)),
        ("domains", json!([subdomain])),
        ("subdomain", json!(subdomain)),
        ("created_on", json!(time(project.created))),
        ("latest_deployment", Value::Null),
        ("canonical_deployment", Value::Null),
    ] {
        item.insert(name.to_owned(), value);
    }
    item.into()
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new(400, INVALID, text)
}

fn refuse(error: ProjectError) -> Refusal {
    match error {
        ProjectError::Absent => {
            let text = "Project not found. The specified project name does not match any of your \
                        existing projects.";
            Refusal::new(404, code::PAGES_PROJECT_NOT_FOUND, text)
        }
        ProjectError::Taken => {
            let text = "A project with this name already exists. Choose a different project name.";
            Refusal::new(409, 8_000_002, text)
        }
    }
}
