//! The analytics: queries of any shape return the operations that were done.

use serde_json::json;

use super::*;
use crate::{domain::AccountId, emulator::Token, wire::Account};

const ACCOUNT: &str = "10ca110c000000000000000000000000";

impl Service {
    async fn ask(&self, query: &str) -> Value {
        self.ask_with(query, json!({})).await
    }

    async fn ask_with(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let reply = send(self.request("POST", "/graphql").json(&body)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }

    /// Asks for fields of the account; the query must be answered.
    async fn account(&self, fields: &str) -> Value {
        let filter = format!("filter: {{accountTag: \"{ACCOUNT}\"}}");
        let reply = self
            .ask(&format!(
                "{{ viewer {{ accounts({filter}) {{ {fields} }} }} }}"
            ))
            .await;
        assert_eq!(reply["errors"], Value::Null, "{reply}");
        reply["data"]["viewer"]["accounts"][0].clone()
    }

    async fn done(&self, request: RequestBuilder) {
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    /// Uses a namespace on two days.
    async fn use_it(&self) -> String {
        let id = self.create("a").await;
        let body = json!([{ "key": "a", "value": "123" }, { "key": "b", "value": "" }]);
        self.done(self.namespaces("PUT", &format!("/{id}/bulk")).json(&body))
            .await;
        self.pass(86_400);
        let put = self.namespaces("PUT", &value_path(&id, "ccc"));
        self.done(put.query(&[("expiration_ttl", "60")]).body("x"))
            .await;
        let body = json!({ "keys": ["a", "b", "none"] });
        let get = self.namespaces("POST", &format!("/{id}/bulk/get"));
        self.done(get.json(&body)).await;
        let none = self.namespaces("GET", &value_path(&id, "none"));
        assert_eq!(none.send().await.unwrap().status(), 404);
        self.done(self.namespaces("GET", &format!("/{id}/keys")))
            .await;
        let delete = self.namespaces("POST", &format!("/{id}/bulk/delete"));
        self.done(delete.json(&json!(["b", "none"]))).await;
        // Refused, and so not counted.
        let bad = self.namespaces("PUT", &value_path(&id, "d"));
        let bad = bad.query(&[("expiration_ttl", "1")]).body("x");
        assert_eq!(bad.send().await.unwrap().status(), 400);
        id
    }
}

on_both_stores! {
    keys_are_counted_as_they_are_billed
    storage_is_what_is_there
    queries_may_have_any_shape
}

async fn keys_are_counted_as_they_are_billed(service: Service) {
    let id = service.use_it().await;
    let rows = service
        .account(
            "kvOperationsAdaptiveGroups(limit: 100, orderBy: [date_ASC, actionType_ASC]) {
               dimensions { date actionType namespaceId } sum { requests } }",
        )
        .await;
    let row = |date: &str, kind: &str, count: u64| {
        json!({
            "dimensions": { "date": date, "actionType": kind, "namespaceId": id },
            "sum": { "requests": count },
        })
    };
    let expected = [
        row("2027-01-15", "write", 2),
        row("2027-01-16", "delete", 2),
        row("2027-01-16", "list", 1),
        row("2027-01-16", "read", 4),
        row("2027-01-16", "write", 1),
    ];
    assert_eq!(rows["kvOperationsAdaptiveGroups"], json!(expected));
}

async fn storage_is_what_is_there(service: Service) {
    let id = service.use_it().await;
    let fields = "kvStorageAdaptiveGroups(limit: 10) {
        dimensions { date namespaceId } max { keyCount byteCount } }";
    let row = |keys: u64, bytes: u64| {
        let dimensions = json!({ "date": "2027-01-16", "namespaceId": id });
        json!([{ "dimensions": dimensions, "max": { "keyCount": keys, "byteCount": bytes } }])
    };
    let found = service.account(fields).await;
    assert_eq!(found["kvStorageAdaptiveGroups"], row(2, 8));
    service.pass(60);
    let found = service.account(fields).await;
    assert_eq!(
        found["kvStorageAdaptiveGroups"],
        row(1, 4),
        "one has expired"
    );
}

async fn queries_may_have_any_shape(service: Service) {
    let id = service.use_it().await;
    let query = "
        query ByKind($account: string!, $since: Date = \"2027-01-16\", $kinds: [string!]) {
          viewer { accounts(filter: {accountTag: $account}) { ...All, ... on Account { __typename } } }
        }
        fragment All on Account {
          ops: kvOperationsAdaptiveGroups(
            limit: 2, filter: {date_geq: $since, actionType_in: $kinds}, orderBy: [sum_requests_DESC]
          ) { n: sum { many: requests } count dimensions { kind: actionType } }
          either: kvOperationsAdaptiveGroups(
            filter: {OR: [{actionType: \"list\"}, {AND: [{date_lt: \"2027-01-16\"}, {actionType_neq: \"read\"}]}]}
          ) { sum { requests } }
        }";
    let variables = json!({ "account": ACCOUNT, "kinds": ["read", "write", "list"] });
    let reply = service.ask_with(query, variables).await;
    let expected = json!({
        "ops": [
            { "n": { "many": 4 }, "count": 4, "dimensions": { "kind": "read" } },
            { "n": { "many": 1 }, "count": 1, "dimensions": { "kind": "list" } },
        ],
        "either": [{ "sum": { "requests": 3 } }],
        "__typename": "account",
    });
    assert_eq!(
        reply["data"]["viewer"]["accounts"],
        json!([expected]),
        "{reply}"
    );
    let none = service
        .account(&format!(
            "kvOperationsAdaptiveGroups(filter: {{namespaceId_neq: \"{id}\"}}) {{ count }}"
        ))
        .await;
    assert_eq!(none["kvOperationsAdaptiveGroups"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_answered_is_said_clearly() {
    let service = Service::local();
    let account = format!("filter: {{accountTag: \"{ACCOUNT}\"}}");
    let dataset = |rest: &str| {
        format!("{{ viewer {{ accounts({account}) {{ kvOperationsAdaptiveGroups{rest} }} }} }}")
    };
    let mut said = Vec::new();
    for query in [
        "{ viewer {".to_owned(),
        "mutation { viewer }".to_owned(),
        "{ viewer { zones { x } } }".to_owned(),
        "{ viewer { accounts { kvOperationsAdaptiveGroups { count } } } }".to_owned(),
        "query A($tag: string) { viewer { accounts(filter: {accountTag: $tag}) { x } } }"
            .to_owned(),
        "{ viewer { ...Loop } } fragment Loop on Viewer { ...Loop }".to_owned(),
        "{ viewer { accounts(filter: {accountTag: \"ffffffffffffffffffffffffffffff00\"}) { x } } }"
            .to_owned(),
        dataset("(limit: 10001) { count }"),
        dataset("(limit: 10) { quantiles { latencyMsP50 } }"),
        dataset("(limit: 10) { dimensions { coloCode } }"),
        dataset("(limit: 10) { sum { objectBytes } }"),
        dataset("(filter: {datetime_geq: \"2027-01-15T00:00:00Z\"}) { count }"),
        dataset("(filter: {date_geq: \"2026-12-15\"}) { count }"),
        dataset("(filter: {date_geq: \"soon\"}) { count }"),
        dataset("(orderBy: [date_DESC]) { count }"),
        dataset(" @include(if: false) { count }"),
    ] {
        let reply = service.ask(&query).await;
        assert_eq!(reply["data"], Value::Null, "{reply}");
        let error = &reply["errors"][0];
        let path = error["path"].as_array();
        let path = path.map(|it| it.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        let message = error["message"].as_str().unwrap();
        said.push(format!("{}: {message}", path.unwrap_or_default().join("/")));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn analytics_are_a_permission_of_their_own() {
    let id: AccountId = "0123456789abcdef0123456789abcdef".parse().unwrap();
    let account = Account {
        id: id.clone(),
        name: "Mine".to_owned(),
    };
    let tokens = vec![
        Token::new("all", [id.clone()]),
        Token::new("keys", [id.clone()]).without_analytics(),
    ];
    let service = Service::new(|clock| Config::remote(vec![account], tokens, clock));
    let query = format!(
        "{{ viewer {{ accounts(filter: {{accountTag: \"{id}\"}}) {{ kvStorageAdaptiveGroups {{ count }} }} }} }}"
    );
    let ask = |token: &'static str| {
        let body = json!({ "query": query });
        send(
            service
                .request("POST", "/graphql")
                .bearer_auth(token)
                .json(&body),
        )
    };
    let reply = ask("all").await;
    assert_eq!(reply.body["errors"], Value::Null, "{reply:?}");
    let reply = ask("keys").await;
    assert_eq!(reply.body["errors"][0]["extensions"]["code"], "authz");
    let reply = ask("unknown").await;
    assert_eq!((reply.status, reply.code()), (401, 10000));
}

#[tokio::test]
async fn every_answer_has_the_time_of_the_clock() {
    let service = Service::local();
    let response = service.namespaces("GET", "").send().await.unwrap();
    let date = response.headers().get("date").unwrap();
    assert_eq!(date, "Fri, 15 Jan 2027 08:00:00 GMT");
}
