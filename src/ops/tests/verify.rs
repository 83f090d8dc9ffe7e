//! `verify` against a service that is well, and against one that is not: one cause, one failure.

use std::{path::Path, time::Duration};

use super::{Service, document};
use crate::{
    api::CreateNamespace,
    config::Manifest,
    domain::Jurisdiction,
    emulator::{Action, Answer, Fault},
    ops::{
        account,
        latency::LatencyMeter,
        verify::{self, Check, Findings, Options, ProbeKeys, Selection, Status, Verified},
    },
};

/// What the checks that are named have to say of a project with one namespace, which is created.
async fn verified(service: &Service, only: &[&str], manifest: &str, read_only: bool) -> Findings {
    let id = match service.all().await.pop() {
        Some(namespace) => namespace.id,
        None => service.create("bio-CACHE").await,
    };
    let file = format!(
        "name = \"bio\"\nmain = \"a.ts\"\n[[kv_namespaces]]\nbinding = \"CACHE\"\nid = \"{id}\"\n"
    );
    checked(service, &file, manifest, only, read_only)
        .await
        .findings
}

/// What the checks that are named have to say of this wrangler file, in all sections.
pub(super) async fn checked(
    service: &Service,
    file: &str,
    manifest: &str,
    only: &[&str],
    read_only: bool,
) -> Verified {
    let document = document(file);
    let manifest = Manifest::parse(Path::new("kvctl.toml"), manifest).unwrap();
    let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
    let account: Result<_, account::Error> = Ok(service.account.clone());
    let meter = LatencyMeter::new(crate::env::now);
    let sections = document.project().scopes();
    let sections: Vec<_> = sections.map(|scope| scope.section.clone()).collect();
    let options = Options {
        selection: &Selection::new(&only, &[]).unwrap(),
        file: Ok(&document),
        redirect_from: None,
        sections: &sections,
        accounts: &[],
        manifest: Some(&manifest),
        service: Ok(verify::Service {
            client: &service.client,
            account: &account,
            meter: &meter,
            local: false,
        }),
        read_only,
        consistency: Duration::from_millis(50),
        worker: None,
        now: crate::env::now,
        probe_keys: &ProbeKeys::default(),
    };
    verify::run(&options, &|_| ()).await
}

fn statuses(findings: &Findings) -> Vec<(Check, Status)> {
    let all = findings.iter();
    all.map(|it| (it.check, it.status)).collect()
}

#[tokio::test]
async fn a_project_that_works_passes_and_keeps_no_probe() {
    let service = Service::new();
    let findings = verified(&service, &["namespaces", "permission", "probe"], "", false).await;
    for (check, status) in statuses(&findings) {
        assert_eq!(status, Status::Pass, "{check:?}");
    }
    assert_eq!(service.count("PUT", "/values/"), 1);
    assert_eq!(service.count("DELETE", "/values/"), 1);
}

#[tokio::test]
async fn who_may_only_look_writes_nothing() {
    let service = Service::new();
    let findings = verified(&service, &["permission", "probe"], "", true).await;
    assert!(
        statuses(&findings)
            .iter()
            .all(|(_, it)| *it != Status::Fail)
    );
    for method in ["PUT", "DELETE"] {
        assert_eq!(service.count(method, "/values/"), 0, "{method}");
    }
}

#[tokio::test]
async fn a_list_that_is_refused_fails_one_check_and_skips_what_needs_it() {
    let service = Service::new();
    service.create("bio-CACHE").await;
    // The helper lists once before.
    let denied = Action::Answer(Answer::new(403, ""));
    let fault = Fault::new("GET", "/namespaces?", denied);
    service.emulator.fault(fault.after(1).forever());
    let findings = verified(&service, &["permission", "namespaces"], "", false).await;
    let all = statuses(&findings);
    let failed = all.iter().filter(|(_, status)| *status == Status::Fail);
    assert_eq!(failed.count(), 1, "{all:?}");
    assert!(all.contains(&(Check::Namespaces, Status::Skip)), "{all:?}");
}

#[tokio::test]
async fn a_write_that_is_not_seen_is_a_failed_probe() {
    let service = Service::new();
    service.create("bio-CACHE").await;
    let absent = r#"{"success":false,"errors":[{"code":10009,"message":"key not found"}]}"#;
    let absent = Action::Answer(Answer::new(404, absent));
    let fault = Fault::new("GET", "/values/", absent).forever();
    service.emulator.fault(fault);
    let findings = verified(&service, &["probe"], "", false).await;
    let all = statuses(&findings);
    assert!(all.contains(&(Check::Probe, Status::Fail)), "{all:?}");
    assert_eq!(service.count("DELETE", "/values/"), 1);
}

#[tokio::test]
async fn an_assertion_is_about_the_value_that_is_there() {
    let service = Service::new();
    let assertion = "[[assert]]\nbinding = \"CACHE\"\nkey = \"k\"\nexists = false\n";
    let only = ["assertions"];
    let absent = verified(&service, &only, assertion, false).await;
    assert_eq!(statuses(&absent), [(Check::Assertions, Status::Pass)]);
    let wanted = assertion.replace("false", "true");
    let wanted = verified(&service, &only, &wanted, false).await;
    assert_eq!(statuses(&wanted), [(Check::Assertions, Status::Fail)]);
}

#[tokio::test]
async fn a_namespace_without_the_jurisdiction_is_warned_of_where_the_list_tells() {
    let service = Service::new();
    let manifest = "[[namespace]]\nbinding = \"CACHE\"\njurisdiction = \"eu\"\n";
    let status = async || {
        let id = service.create("bio-CACHE").await;
        let file =
            format!("name = \"bio\"\nkv_namespaces = [{{ binding = \"CACHE\", id = \"{id}\" }}]\n");
        let checked = checked(&service, &file, manifest, &["namespaces"], true).await;
        service.namespace(&id).delete().await.unwrap();
        statuses(&checked.findings)
    };
    assert_eq!(status().await, [(Check::Namespaces, Status::Pass)]);
    let create = CreateNamespace {
        account: &service.account,
        title: &"other".parse().unwrap(),
        jurisdiction: Some(Jurisdiction::Us),
    };
    service.client.send(&create).await.unwrap();
    assert_eq!(status().await, [(Check::Namespaces, Status::Warn)]);
}
