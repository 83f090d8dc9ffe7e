//! Workers and what they bind, in the requests of `wrangler deploy`.

use reqwest::multipart::{Form, Part};
use serde_json::json;

use super::*;
use crate::{
    domain::AccountId,
    emulator::{Action, Answer, Fault, Grant, Token},
    wire::Account,
};

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

on_both_stores! {
    a_worker_lives_from_its_first_upload_to_its_deletion
    a_version_is_deployed_in_a_request_of_its_own
    what_a_binding_may_be
    a_namespace_that_is_gone_stays_bound
    a_worker_without_versions_is_not_deployed
}

fn upload(metadata: &Value) -> Form {
    let module = Part::text("export default {}").file_name("index.js");
    let metadata = metadata.to_string();
    Form::new()
        .text("metadata", metadata)
        .part("index.js", module)
}

impl Service {
    /// A path below the Workers of the local account.
    fn workers(&self, method: &str, rest: &str) -> RequestBuilder {
        let account = "10ca110c000000000000000000000000";
        self.request(method, &format!("/accounts/{account}/workers/{rest}"))
    }

    async fn put(&self, name: &str, bindings: Value) -> Reply {
        let path = format!("scripts/{name}?excludeScript=true&bindings_inherit=strict");
        let form = upload(&json!({ "main_module": "index.js", "bindings": bindings }));
        send(self.workers("PUT", &path).multipart(form)).await
    }

    async fn get(&self, path: &str) -> Reply {
        send(self.workers("GET", path)).await
    }

    async fn bindings(&self, name: &str) -> Value {
        let reply = self.get(&format!("scripts/{name}/settings")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body["result"]["bindings"].clone()
    }
}

fn kv(name: &str, id: &str) -> Value {
    json!({ "name": name, "type": "kv_namespace", "namespace_id": id })
}

async fn a_worker_lives_from_its_first_upload_to_its_deletion(service: Service) {
    for (path, code) in [
        ("services/app", 10090),
        ("scripts/app/settings", 10007),
        ("scripts/app/script-settings", 10007),
        ("scripts/app/secrets", 10007),
        ("scripts/app/deployments", 10007),
        ("scripts/app/versions", 10007),
        ("scripts/app/versions/x", 10007),
        ("scripts/app/subdomain", 10007),
        ("workers/app", 10007),
    ] {
        let reply = service.get(path).await;
        assert_eq!((reply.status, reply.code()), (404, code), "{path}");
    }
    let id = service.create("app-cache").await;
    let made = service.put("app", json!([kv("CACHE", &id)])).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(
        made.body["result"]["deployment_id"].as_str().map(str::len),
        Some(32)
    );
    assert_eq!(service.bindings("app").await, json!([kv("CACHE", &id)]));
    let found = service.get("services/app").await;
    let script = &found.body["result"]["default_environment"]["script"];
    assert_eq!(script["last_deployed_from"], "wrangler");

    let deployments = service.get("scripts/app/deployments").await;
    let share = deployments.body["result"]["deployments"][0]["versions"][0].clone();
    assert_eq!(share["percentage"], json!(100.0));
    let version = share["version_id"].as_str().unwrap();
    let version = service
        .get(&format!("scripts/app/versions/{version}"))
        .await;
    assert_eq!(
        version.body["result"]["resources"]["bindings"],
        json!([kv("CACHE", &id)])
    );

    let enable = service
        .workers("POST", "scripts/app/subdomain")
        .json(&json!({ "enabled": true }));
    assert_eq!(send(enable).await.body["result"]["enabled"], true);
    let shown = service.get("workers/app").await;
    assert_eq!(shown.body["result"]["subdomain"]["enabled"], true);

    let delete = || service.workers("DELETE", "services/app?force=true");
    assert_eq!(send(delete()).await.status, 200);
    assert_eq!(send(delete()).await.code(), 10007);
    assert_eq!(service.get("scripts/app/settings").await.code(), 10007);
}

async fn a_version_is_deployed_in_a_request_of_its_own(service: Service) {
    let post = |path: &str, body: Value| {
        let request = service.workers("POST", &format!("scripts/app/{path}"));
        send(request.json(&body))
    };
    let versions = |bindings| {
        let request = service.workers("POST", "scripts/app/versions?bindings_inherit=strict");
        send(request.multipart(upload(&json!({ "bindings": bindings }))))
    };
    assert_eq!(versions(json!([])).await.code(), 10007);
    let old = service.create("old").await;
    let new = service.create("new").await;
    service.put("app", json!([kv("CACHE", &old)])).await;
    let inherit = json!([{ "name": "CACHE", "type": "inherit" }]);
    let inherited = versions(inherit.clone()).await;
    let id = |reply: &Reply| reply.body["result"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        inherited.body["result"]["resources"]["bindings"],
        json!([kv("CACHE", &old)])
    );
    let changed = versions(json!([kv("CACHE", &new)])).await;
    // An upload inherits from the latest one, deployed or not.
    let inherited_again = versions(inherit).await;
    assert_eq!(service.bindings("app").await, json!([kv("CACHE", &new)]));

    let split = json!({ "strategy": "percentage", "versions": [
        { "version_id": id(&inherited), "percentage": 90 },
        { "version_id": id(&changed), "percentage": 10 },
    ]});
    assert_eq!(post("deployments", split.clone()).await.status, 200);
    let deployments = service.get("scripts/app/deployments").await;
    let deployments = &deployments.body["result"]["deployments"];
    assert_eq!(deployments.as_array().unwrap().len(), 2);
    assert_eq!(deployments[0]["versions"].as_array().unwrap().len(), 2);
    for body in [
        json!({ "versions": [{ "version_id": id(&inherited), "percentage": 10 }] }),
        json!({ "versions": [{ "version_id": "other", "percentage": 100 }] }),
        json!({ "versions": "all" }),
        json!([]),
    ] {
        let refused = post("deployments", body.clone()).await;
        assert!([400, 404].contains(&refused.status), "{body}: {refused:?}");
    }
    let listed = service.get("scripts/app/versions?deployable=true").await;
    let items = listed.body["result"]["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    assert_eq!(items[0]["id"], id(&inherited_again));

    let settings = service
        .workers("PATCH", "scripts/app/script-settings")
        .json(&json!({ "tags": ["cf:service=app"], "observability": { "enabled": false } }));
    assert_eq!(send(settings).await.status, 200);
    let settings = service.get("scripts/app/settings").await;
    assert_eq!(settings.body["result"]["tags"], json!(["cf:service=app"]));
}

async fn what_a_binding_may_be(service: Service) {
    let id = service.create("a").await;
    let absent = "00000000000000000000000000000000";
    // The store behind `--local` has any namespace.
    assert_eq!(
        service.put("app", json!([kv("B", absent)])).await.status,
        200
    );
    for (bindings, code) in [
        (json!([kv("", &id)]), 10052),
        (
            json!([{ "type": "kv_namespace", "namespace_id": id }]),
            10052,
        ),
        (json!([kv("B", "")]), 10042),
        (json!([{ "name": "B", "type": "kv_namespace" }]), 10042),
        (
            json!([{ "name": "B", "type": "kv_namespace", "namespace_id": 1 }]),
            10042,
        ),
        (json!([kv("B", &id), kv("B", &id)]), 10053),
        (json!([{ "name": "C", "type": "inherit" }]), 10057),
        (json!([{ "name": "C" }]), 10021),
        (json!({ "name": "C" }), 10021),
        (json!(["C"]), 10021),
    ] {
        let reply = service.put("app", bindings.clone()).await;
        assert_eq!((reply.status, reply.code()), (400, code), "{bindings}");
    }
    let form = upload(&json!([[kv("B", &id)]]));
    let reply = send(service.workers("PUT", "scripts/app").multipart(form)).await;
    assert_eq!((reply.status, reply.code()), (400, 10021));
    for body in [Form::new(), Form::new().text("bindings", "[]")] {
        let reply = send(service.workers("PUT", "scripts/app").multipart(body)).await;
        assert_eq!((reply.status, reply.code()), (400, 10021));
    }
    let reply = send(service.workers("PUT", "scripts/app").body("{}")).await;
    assert_eq!((reply.status, reply.code()), (400, 10021));
    // A refused upload changes nothing.
    assert_eq!(service.bindings("app").await, json!([kv("B", absent)]));
    let refused = service
        .put("other", json!([{ "name": "C", "type": "inherit" }]))
        .await;
    assert_eq!(refused.code(), 10057);
    assert_eq!(service.get("scripts/other/settings").await.code(), 10007);
    for name in ["App", "a%20b", "a.b", "-a", "", "%C3%A9", "a%2Fb"] {
        let reply = service.put(name, json!([])).await;
        assert_eq!((reply.status, reply.code()), (400, 10016), "{name}");
    }
    let secret = json!([{ "name": "S", "type": "secret_text", "text": "hidden" }]);
    service.put("app", secret).await;
    let shown = json!([{ "name": "S", "type": "secret_text" }]);
    assert_eq!(service.bindings("app").await, shown);
    let listed = service.get("scripts/app/secrets").await;
    assert_eq!(listed.body["result"], shown);
    if let Some(state) = &service.state {
        let file = fs_err::read_to_string(state.path().join("kvctl/deployed.json")).unwrap();
        assert!(!file.contains("hidden"), "{file}");
    }
}

async fn a_namespace_that_is_gone_stays_bound(service: Service) {
    let id = service.create("a").await;
    service.put("app", json!([kv("B", &id)])).await;
    send(service.namespaces("DELETE", &format!("/{id}"))).await;
    assert_eq!(service.bindings("app").await, json!([kv("B", &id)]));
}

async fn a_worker_without_versions_is_not_deployed(service: Service) {
    let create = || {
        service
            .workers("POST", "workers")
            .json(&json!({ "name": "app" }))
    };
    assert_eq!(send(create()).await.body["result"]["name"], "app");
    assert_eq!(send(create()).await.status, 400);
    let reply = service.get("scripts/app/settings").await;
    assert_eq!(reply.status, 404);
    let text = reply.body["errors"][0]["message"].as_str().unwrap();
    assert!(text.contains("has no versions"), "{text}");
    let deployments = service.get("scripts/app/deployments").await;
    assert_eq!(deployments.body["result"]["deployments"], json!([]));
    assert_eq!(service.put("app", json!([])).await.status, 200);
    assert_eq!(service.bindings("app").await, json!([]));
}

/// A service as strict as the real one, for these tokens.
fn strict(tokens: Vec<Token>) -> Service {
    let account = Account {
        id: ACCOUNT.parse().unwrap(),
        name: "Mine".to_owned(),
    };
    Service::new(|clock| Config::remote(vec![account], tokens, clock))
}

fn token(text: &str) -> Token {
    let account: AccountId = ACCOUNT.parse().unwrap();
    Token::new(text, [account])
}

#[tokio::test]
async fn a_bound_namespace_has_to_exist() {
    let service = strict(vec![token("t")]);
    for (id, code) in [
        ("00000000000000000000000000000000", 10041),
        // Case does not matter.
        ("0000000000000000000000000000000A", 10041),
        ("dev-cache", 10042),
    ] {
        let path = format!("/accounts/{ACCOUNT}/workers/scripts/app");
        let form = upload(&json!({ "bindings": [kv("B", id)] }));
        let reply = send(
            service
                .request("PUT", &path)
                .bearer_auth("t")
                .multipart(form),
        )
        .await;
        assert_eq!((reply.status, reply.code()), (400, code), "{id}");
    }
}

#[tokio::test]
async fn each_product_is_granted_on_its_own() {
    let service = strict(vec![
        token("all"),
        token("kv").workers(Grant::None).pages(Grant::None),
        token("reader").workers(Grant::Read).pages(Grant::Read),
        token("workers").grant(Grant::None),
    ]);
    let base = format!("/accounts/{ACCOUNT}");
    let ask = |token: &'static str, method: &str, path: &str| {
        let request = service.request(method, &format!("{base}{path}"));
        let request = request.bearer_auth(token).json(&json!({ "name": "app" }));
        async { send(request).await.status }
    };
    for (token, kv, worker, create, project, make) in [
        ("kv", 200, 403, 403, 403, 403),
        ("reader", 200, 404, 403, 404, 403),
        ("workers", 403, 404, 200, 404, 200),
        ("all", 200, 404, 400, 200, 409),
    ] {
        let statuses = [
            ask(token, "GET", "/storage/kv/namespaces").await,
            ask(token, "GET", "/workers/scripts/other/settings").await,
            ask(token, "POST", "/workers/workers").await,
            ask(token, "GET", "/pages/projects/app").await,
            ask(token, "POST", "/pages/projects").await,
        ];
        assert_eq!(statuses, [kv, worker, create, project, make], "{token}");
    }
}

#[tokio::test]
async fn faults_reach_settings() {
    let service = Service::local();
    service.put("app", json!([])).await;
    for (status, body) in [(500, "{}"), (200, "<html>"), (200, "[]")] {
        let action = Action::Answer(Answer::new(status, body));
        service
            .emulator
            .fault(Fault::new("GET", "/scripts/app/settings", action));
        let request = service.workers("GET", "scripts/app/settings");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.text().await.unwrap(), body);
    }
    assert_eq!(service.bindings("app").await, json!([]));
}

#[tokio::test]
async fn another_process_sees_what_was_deployed() {
    let state = tempfile::tempdir().unwrap();
    let first = Service::at(state.path());
    let second = Service::at(state.path());
    first
        .put("a", json!([{ "name": "V", "type": "json", "json": {} }]))
        .await;
    second.put("b", json!([])).await;
    for service in [&first, &second] {
        let listed = service.get("scripts").await;
        let names: Vec<_> = listed.body["result"].as_array().unwrap().iter().collect();
        assert_eq!(names.len(), 2);
        assert_eq!(
            service.bindings("a").await,
            json!([{ "name": "V", "type": "json", "json": {} }])
        );
    }
    let file = state.path().join("kvctl/deployed.json");
    fs_err::remove_file(&file).unwrap();
    crate::fsx::create(&file, b"[]").unwrap();
    let reply = first.get("scripts/a/settings").await;
    assert_eq!(reply.status, 500, "{reply:?}");
    assert!(first.emulator.prepare().is_err());
    // Namespaces are still served.
    assert_eq!(send(first.namespaces("GET", "")).await.status, 200);
}

#[tokio::test]
async fn tests_start_with_what_they_need() {
    let service = Service::local();
    let account = AccountId::local();
    let emulator = &service.emulator;
    emulator
        .deploy(&account, "app", &[("A", "1"), ("B", "2")])
        .unwrap();
    emulator.deploy(&account, "app", &[("A", "1")]).unwrap();
    assert_eq!(service.bindings("app").await, json!([kv("A", "1")]));
    assert!(emulator.deploy(&account, "app", &[("", "1")]).is_err());
    emulator.create_worker(&account, "empty").unwrap();
    let reply = service.get("scripts/empty/settings").await;
    assert_eq!(reply.status, 404);
    let (production, preview) = ([("A", "1")], [("A", "2")]);
    emulator
        .create_project(&account, "site", &production, &preview)
        .unwrap();
    let path = "/accounts/10ca110c000000000000000000000000/pages/projects/site";
    let shown = send(service.request("GET", path)).await;
    let configs = &shown.body["result"]["deployment_configs"];
    assert_eq!(
        configs["preview"]["kv_namespaces"]["A"]["namespace_id"],
        "2"
    );
}
