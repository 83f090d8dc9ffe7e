//! `verify` against a service that is well, and against one that is not: one cause, one failure.

use std::{path::Path, time::Duration};

use super::{Service, document};
use crate::{
    api::CreateNamespace,
    config::Manifest,
    domain::{Invocation, Jurisdiction},
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

/// What is wrong, each with its hint.
async fn wrong(service: &Service, file: &str, only: &[&str]) -> Vec<String> {
    let checked = checked(service, file, "", only, true).await;
    let wrong = checked.findings.iter();
    let wrong = wrong.filter(|it| matches!(it.status, Status::Warn | Status::Fail));
    let told = wrong.map(|it| {
        let hint = it.hint.as_ref().map(ToString::to_string);
        format!(
            "{}: {}\n  {}",
            it.subject,
            it.message,
            hint.unwrap_or_default()
        )
    });
    told.collect()
}

const UNKNOWN: &str = "7d0c3b9e4a514c5ab9c1f0a4d2e35b61";

#[tokio::test]
async fn an_id_that_the_account_lacks_is_one_finding_and_shared_by_nobody() {
    let service = Service::new();
    let file = format!(
        "name = \"bio\"\nkv_namespaces = [{{ binding = \"A\", id = \"{UNKNOWN}\", preview_id = \"{UNKNOWN}\" }}]\n\
         [env.staging]\nkv_namespaces = [{{ binding = \"A\", id = \"{UNKNOWN}\" }}]\n\
         [previews]\nkv_namespaces = [{{ binding = \"A\", id = \"{UNKNOWN}\" }}]\n"
    );
    let told = wrong(&service, &file, &["namespaces", "preview"]).await;
    insta::assert_snapshot!(told.join("\n"), @"
    A at the top level and in `staging` and `previews`: 7d0c3b9e4a514c5ab9c1f0a4d2e35b61 is not in account 0a1b2c3d4e5f60718293a4b5c6d7e8f9 (A, staging/A and previews/A); `preview_id` is the same (A)
      run `kvctl provision A --preview separate --replace-id 7d0c3b9e4a514c5ab9c1f0a4d2e35b61`, `kvctl provision A --replace-id 7d0c3b9e4a514c5ab9c1f0a4d2e35b61 --env staging` and `kvctl provision A --replace-id 7d0c3b9e4a514c5ab9c1f0a4d2e35b61 --in-previews` to replace what was deleted or is of another account
    ");
}

#[tokio::test]
async fn a_preview_id_that_the_account_lacks_is_not_shared_with_production() {
    let service = Service::new();
    let id = service.create("bio-B").await;
    let file = format!(
        "name = \"bio\"\nkv_namespaces = [{{ binding = \"A\", id = \"{UNKNOWN}\" }}, \
         {{ binding = \"B\", id = \"{id}\", preview_id = \"{UNKNOWN}\" }}]\n"
    );
    let told = wrong(&service, &file, &["namespaces", "preview"]).await;
    insta::assert_snapshot!(told.join("\n"), @"
    A, B: 7d0c3b9e4a514c5ab9c1f0a4d2e35b61 is not in account 0a1b2c3d4e5f60718293a4b5c6d7e8f9 (A); `preview_id` 7d0c3b9e4a514c5ab9c1f0a4d2e35b61 is not in account 0a1b2c3d4e5f60718293a4b5c6d7e8f9 (B)
      run `kvctl provision A --replace-id 7d0c3b9e4a514c5ab9c1f0a4d2e35b61` and `kvctl provision B --preview separate --replace-id 7d0c3b9e4a514c5ab9c1f0a4d2e35b61` to replace what was deleted or is of another account
    ");
}

#[tokio::test]
async fn a_title_that_several_do_not_expect_is_one_finding() {
    let service = Service::new();
    let id = service.create("shared").await;
    let one = |binding: &str| format!("{{ binding = \"{binding}\", id = \"{id}\" }}");
    let (a, b) = (one("A"), one("B"));
    let file = format!(
        "name = \"bio\"\nkv_namespaces = [{a}, {b}, {{ binding = \"C\", id = \"{id}\", preview_id = \"{id}\" }}]\n\
         [env.staging]\nkv_namespaces = [{a}, {b}]\n"
    );
    let told = wrong(&service, &file, &["namespaces"]).await;
    insta::assert_snapshot!(told.join("\n").replace(id.as_str(), "ID"), @"
    A, B, C at the top level; A, B in environment `staging`: ID is titled `shared`, and not as expected here (A, B and 4 more)
      check the id, or set the expected `title` in kvctl.toml
    B, C at the top level; A, B in environment `staging`: same namespace as `A` at the top level (ID)
      run `kvctl provision B=bio-B --replace-id ID`, `kvctl provision C=bio-C --preview separate --replace-id ID` and `kvctl provision A=bio-staging-A B=bio-staging-B --replace-id ID --env staging` to separate them
    ");
}

#[tokio::test]
async fn an_id_between_blanks_is_named_beside_other_faults() {
    let service = Service::new();
    let id = service.create("bio-A").await;
    let file = format!(
        "name = \"bio\"\nkv_namespaces = [{{ binding = \"B\", id = \"<B>\" }}]\n\
         [env.staging]\nkv_namespaces = [{{ binding = \"A\", id = \" {id}\" }}]\n"
    );
    let told = wrong(&service, &file, &["configuration"]).await;
    insta::assert_snapshot!(told.join("\n"), @"
    B: `id` is the placeholder `<B>`, not an id
      run `kvctl provision B` to fill in what is missing
    staging/A: `id` has blanks around it, which are part of it to wrangler
      remove the blanks around the id
    ");
}

#[tokio::test]
async fn that_nothing_is_bound_is_one_finding() {
    let service = Service::new();
    let only = ["permission", "configuration"];
    let verified = checked(&service, "name = \"bio\"\n", "", &only, false).await;
    let expected = [
        (Check::Permission, Status::Pass),
        (Check::Configuration, Status::Warn),
    ];
    assert_eq!(statuses(&verified.findings), expected);
    let verified = checked(&service, "name = \"bio\"\n", "", &["permission"], false).await;
    let expected = [(Check::Permission, Status::Warn)];
    assert_eq!(statuses(&verified.findings), expected);
}

#[tokio::test]
async fn of_pages_no_preview_id_is_judged_by_its_title() {
    let service = Service::new();
    let id = service.create("p-A").await;
    let other = service.create("other").await;
    let file = format!(
        "name = \"p\"\npages_build_output_dir = \"dist\"\nkv_namespaces = [{{ binding = \"A\", id = \"{id}\", \
         preview_id = \"{other}\" }}]\n"
    );
    let told = wrong(&service, &file, &["namespaces"]).await;
    assert_eq!(told, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_said_of_several_is_said_once_with_those_it_is_said_of() {
    let service = Service::new();
    let file = "name = \"bio\"\nkv_namespaces = [{ binding = \"A\", id = \"\" }, { binding = \"B\", id = \"\", preview_id = \"\" }]\n\
                [env.staging]\nkv_namespaces = [{ binding = \"A\", id = \"\", preview_id = \"\" }, { binding = \"B\", id = \"<B>\" }]\n";
    let told = wrong(&service, file, &["configuration"]).await;
    insta::assert_snapshot!(told.join("\n"), @"
    A, B at the top level and in `staging`: `id` is empty, which wrangler refuses (A, B and staging/A); `preview_id` is empty: `wrangler dev` loses what is written to it (B and staging/A); `id` is the placeholder `<B>`, not an id (staging/B)
      run `kvctl provision A B --all-envs` to fill in what is missing
    ");
    let all = file.replace(
        "\"A\", id = \"\" }",
        "\"A\", id = \"\", preview_id = \"\" }",
    );
    let all = all.replace("<B>", "\", preview_id = \"");
    let told = wrong(&service, &all, &["configuration"]).await;
    insta::assert_snapshot!(told.join("\n"), @"
    A, B at the top level and in `staging`: `id` is empty, which wrangler refuses; `preview_id` is empty: `wrangler dev` loses what is written to it
      run `kvctl provision A B --all-envs` to fill in what is missing
    ");
}

#[tokio::test]
async fn a_preview_command_changes_nothing_unsaid() {
    let service = Service::new();
    let id = service.create("bio-A").await;
    let file = format!(
        "name = \"bio\"\nkv_namespaces = [{{ binding = \"A\", id = \"{id}\" }}, {{ binding = \"B\", id = \"<B>\" }}]\n\
         [previews]\nkv_namespaces = [{{ binding = \"A\", id = \"<A>\" }}]\n"
    );
    let told = wrong(&service, &file, &["configuration", "preview"]).await;
    insta::assert_snapshot!(told.join("\n"), @"
    B at the top level; A in `previews`: `id` is the placeholder `<B>`, not an id (B); `id` is the placeholder `<A>`; `wrangler preview` refuses to run while it is there (previews/A)
      run `kvctl provision B A --all-envs` to fill in what is missing
    A: no `preview_id`: `wrangler dev --remote` writes to production
      run `kvctl provision A --preview separate`, or pass `--skip preview` if this is intended; `provision` also fills in previews/A
    ");
    let told = wrong(&service, &file, &["preview"]).await;
    insta::assert_snapshot!(told.join("\n"), @"
    A: no `preview_id`: `wrangler dev --remote` writes to production
      run `kvctl provision A --preview separate`, or pass `--skip preview` if this is intended; `provision` also fills in previews/A
    B: no `preview_id`: `wrangler dev --remote` writes to production
      run `kvctl provision B --preview separate`, or pass `--skip preview` if this is intended; `provision` also writes the `id`
    ");
    let unknown = file.replace("<A>", UNKNOWN);
    let told = wrong(&service, &unknown, &["preview"]).await;
    insta::assert_snapshot!(told.join("\n"), @"
    A: no `preview_id`: `wrangler dev --remote` writes to production
      run `kvctl provision A --preview separate --replace-id 7d0c3b9e4a514c5ab9c1f0a4d2e35b61`, or pass `--skip preview` if this is intended; `provision` also fills in previews/A
    B: no `preview_id`: `wrangler dev --remote` writes to production
      run `kvctl provision B --preview separate`, or pass `--skip preview` if this is intended; `provision` also writes the `id`
    ");
}

/// Sections that share an id by copy and paste: one of them gets the namespace that kvctl.toml names for
/// it, and the other's keeps its title.
#[tokio::test]
async fn a_namespace_that_another_section_uses_is_not_renamed() {
    let titles = "[[namespace]]\nbinding = \"CACHE\"\ntitle = \"cache\"\n";
    let told = async |title: &str| {
        let service = Service::new();
        let id = service.create(title).await;
        let kv = format!("kv_namespaces = [{{ binding = \"CACHE\", id = \"{id}\" }}]\n");
        let file = format!("name = \"bio\"\n{kv}[env.staging]\n{kv}");
        let found = checked(&service, &file, titles, &["namespaces"], true).await;
        let wrong = found.findings.iter().filter(|it| it.status > Status::Pass);
        let wrong = wrong.map(|it| {
            let hint = it.hint.as_ref().unwrap().to_string();
            let said = format!("{:?} {}\n  {hint}", it.subject.name(), it.message);
            said.replace(id.as_str(), "ID")
        });
        wrong.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(told("cache").await, @r#"
    "staging/CACHE" same namespace as `CACHE` at the top level (ID), but kvctl.toml says `cache-staging`
      run `kvctl provision CACHE --replace-id ID --env staging` to separate them
    "#);
    insta::assert_snapshot!(told("cache-staging").await, @r#"
    "CACHE" same namespace as `CACHE` in environment `staging` (ID), but kvctl.toml says `cache`
      run `kvctl provision CACHE --replace-id ID` to separate them
    "#);
    insta::assert_snapshot!(told("other").await, @r#"
    "CACHE" ID is titled `other`, but kvctl.toml says `cache`
      first separate it from `CACHE` in environment `staging`, which would be renamed as well
    "staging/CACHE" same namespace as `CACHE` at the top level (ID), but kvctl.toml says `cache-staging`
      run `kvctl provision CACHE --replace-id ID --env staging` to separate them
    "#);
}

/// Where a namespace may be meant, the command that is recommended names it.
#[tokio::test]
async fn a_namespace_that_may_be_meant_is_named_by_the_command() {
    let service = Service::new();
    service.create("bio-cache").await;
    let file = "name = \"bio\"\nkv_namespaces = [{ binding = \"CACHE\" }]\n";
    let only = ["configuration", "namespaces"];
    let found = checked(&service, file, "", &only, true).await;
    let hint = found.findings.iter().find_map(|it| it.hint.as_ref());
    insta::assert_snapshot!(hint.unwrap().to_string(), @"first see that `bio-cache` is meant for `CACHE`; then run `kvctl provision CACHE=bio-cache` to fill in what is missing; or name `CACHE=bio-CACHE` for a new namespace");
    // Which it is, the user decides.
    assert!(hint.unwrap().commands(&Invocation::default()).is_empty());
}
