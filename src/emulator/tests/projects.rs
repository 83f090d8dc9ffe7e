//! Pages projects and what they bind.

use serde_json::json;

use super::*;

on_both_stores! {
    a_project_lives_from_its_creation_to_its_deletion
    what_a_project_may_be
}

impl Service {
    /// A path below the Pages projects of the local account.
    fn projects(&self, method: &str, rest: &str) -> RequestBuilder {
        let account = "10ca110c000000000000000000000000";
        self.request(method, &format!("/accounts/{account}/pages/projects{rest}"))
    }
}

async fn a_project_lives_from_its_creation_to_its_deletion(service: Service) {
    let absent = send(service.projects("GET", "/site")).await;
    assert_eq!((absent.status, absent.code()), (404, 8_000_007));
    let made = service
        .projects("POST", "")
        .json(&json!({ "name": "site", "production_branch": "main" }));
    let made = send(made).await;
    assert_eq!(made.body["result"]["subdomain"], "site.pages.dev");
    let patch = |configs: Value| {
        let body = json!({ "deployment_configs": configs });
        send(service.projects("PATCH", "/site").json(&body))
    };
    let kv = |id: &str| json!({ "namespace_id": id });
    let configs = json!({
        "production": { "kv_namespaces": { "A": kv("1"), "B": kv("2") } },
        "preview": { "kv_namespaces": { "A": kv("3") } },
    });
    assert_eq!(patch(configs).await.status, 200);
    patch(json!({ "production": {
        "kv_namespaces": { "A": null, "C": kv("4") },
        "env_vars": { "S": { "type": "secret_text", "value": "hidden" } },
    }}))
    .await;
    let shown = send(service.projects("GET", "/site")).await;
    let configs = &shown.body["result"]["deployment_configs"];
    assert_eq!(
        configs["production"]["kv_namespaces"],
        json!({ "B": kv("2"), "C": kv("4") })
    );
    assert_eq!(configs["preview"]["kv_namespaces"], json!({ "A": kv("3") }));
    assert_eq!(configs["production"]["env_vars"]["S"]["value"], "");
    let listed = send(service.projects("GET", "?per_page=10&page=1")).await;
    assert_eq!(listed.body["result"][0]["name"], "site");
    assert_eq!(send(service.projects("DELETE", "/site")).await.status, 200);
    let again = send(service.projects("DELETE", "/site")).await;
    assert_eq!(again.code(), 8_000_007);
}

async fn what_a_project_may_be(service: Service) {
    let post = |body: Value| send(service.projects("POST", "").json(&body));
    assert_eq!(post(json!({ "name": "site" })).await.status, 200);
    let taken = post(json!({ "name": "site" })).await;
    assert_eq!((taken.status, taken.code()), (409, 8_000_002));
    for body in [
        json!({}),
        json!([]),
        json!({ "name": "Site" }),
        json!({ "name": "-site" }),
        json!({ "name": "site_b" }),
        json!({ "name": 1 }),
        json!({ "name": "b", "deployment_configs": { "preview": { "kv_namespaces": ["A"] } } }),
        json!({ "name": "b", "deployment_configs": { "preview": { "kv_namespaces": { "A": "id" } } } }),
    ] {
        let reply = post(body.clone()).await;
        assert_eq!(reply.status, 400, "{body}");
    }
}
