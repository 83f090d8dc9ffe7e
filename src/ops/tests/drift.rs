//! `verify` beside what is deployed: an id that only the Worker has counts, and drift is named.

use super::{Service, deployed::forbidding, verify::checked};
use crate::{
    config::Manifest,
    domain::NamespaceId,
    emulator::{Action, Answer, Fault},
    ops::{
        bound::DeployedBindings,
        rename_binding::{self, edits, inherit, plan},
        target::{self, Deployments, Resolver},
        verify::{Class, Finding, Status},
    },
};

const CHECKS: &[&str] = &["configuration", "namespaces", "deployed"];

const NO_ID: &str = "name = \"bio\"\nmain = \"a.ts\"\n[[kv_namespaces]]\nbinding = \"CACHE\"\n";

const GONE: &str = "7d0c3b9e4a514c5ab9c1f0a4d2e35b61";

pub(super) fn shown(finding: &Finding, hide: &[&str]) -> String {
    let Finding {
        check,
        status,
        subject,
        message,
        hint,
        place,
        ..
    } = finding;
    let mut text = format!("{} {check} [{subject}] {message}", status.as_str());
    if *status == Status::Warn || *status == Status::Fail {
        let place = place.as_ref().map(ToString::to_string);
        let hint = hint.as_ref().map(ToString::to_string);
        for line in place.iter().chain(&hint) {
            text = format!("{text}\n  {line}");
        }
    }
    for (index, id) in hide.iter().enumerate() {
        text = text.replace(id, &format!("[ID {index}]"));
    }
    text
}

async fn said(service: &Service, file: &str, hide: &[&str]) -> String {
    let verified = checked(service, file, "", CHECKS, true).await;
    let all = verified.findings.iter().map(|it| shown(it, hide));
    all.collect::<Vec<_>>().join("\n")
}

fn with_id(id: &str) -> String {
    format!("{NO_ID}id = \"{id}\"\n")
}

#[tokio::test]
async fn an_id_that_only_the_worker_has_is_no_failure_and_is_reported() {
    let service = Service::new();
    let id = service.create("bio-CACHE").await;
    service.deploy("bio", &[("CACHE", id.as_str())]);
    let before = service.emulator.log().len();
    let verified = checked(&service, NO_ID, "", CHECKS, true).await;
    assert_eq!(service.count("GET", "/settings"), 1);
    assert_eq!(service.emulator.log().len() - before, 2);
    assert_eq!(verified.ids["CACHE"], id.as_str());
    let all = verified.findings.iter();
    let all: Vec<_> = all.map(|it| shown(it, &[id.as_str()])).collect();
    insta::assert_snapshot!(all.join("\n"), @"
    pass configuration [] the binding has an id in what is deployed
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE` (id from the deployed Worker)
    pass deployed [] the Worker `bio` agrees with the file
    ");
}

#[tokio::test]
async fn an_id_from_the_worker_is_probed_and_asserted_like_any_other() {
    let service = Service::new();
    let id = service.create("bio-CACHE").await;
    service.deploy("bio", &[("CACHE", id.as_str())]);
    let assertion = "[[assert]]\nbinding = \"CACHE\"\nkey = \"k\"\nexists = false\n";
    let only = ["probe", "assertions"];
    let verified = checked(&service, NO_ID, assertion, &only, false).await;
    let all = verified.findings.iter();
    let statuses: Vec<_> = all.map(|it| it.status).collect();
    assert_eq!(statuses, [Status::Pass, Status::Pass]);
    assert_eq!(service.count("PUT", id.as_str()), 1);
}

/// wrangler sends the text as it is, so the file does not deploy.
#[tokio::test]
async fn a_placeholder_is_a_failure_whatever_is_deployed() {
    let service = Service::new();
    let id = service.create("bio-CACHE").await;
    service.deploy("bio", &[("CACHE", id.as_str())]);
    let file = with_id("<id>");
    insta::assert_snapshot!(said(&service, &file, &[id.as_str()]).await, @"
    fail configuration [CACHE] `id` is the placeholder `<id>`, not an id
      wrangler.toml:5:6
      run `kvctl provision CACHE` to fill in what is missing
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE` (id from the deployed Worker)
    pass deployed [] the Worker `bio` agrees with the file
    ");
}

#[tokio::test]
async fn without_an_id_anywhere_the_command_that_writes_one_is_named() {
    let service = Service::new();
    insta::assert_snapshot!(said(&service, NO_ID, &[]).await, @"
    fail configuration [CACHE] the binding has no `id`, and the Worker `bio` is not deployed
      wrangler.toml:3:1
      run `kvctl provision CACHE` to fill in what is missing
    skip namespaces [] no binding has an id
    skip deployed [] the Worker `bio` is not deployed
    ");
    service.deploy("bio", &[("OTHER", GONE)]);
    insta::assert_snapshot!(said(&service, NO_ID, &[]).await, @"
    fail configuration [CACHE] the binding has no `id`, and the Worker `bio` does not bind it
      wrangler.toml:3:1
      run `kvctl provision CACHE` to fill in what is missing
    skip namespaces [] no binding has an id
    warn deployed [CACHE] not bound yet by the deployed Worker
      wrangler.toml:3:1
      deploy the project
    warn deployed [OTHER] the deployed Worker binds it to 7d0c3b9e4a514c5ab9c1f0a4d2e35b61, and the file does not have the binding
      add it to the file to keep it; otherwise the next deployment removes it
    ");
    let nameless = NO_ID.replace("name = \"bio\"", "");
    insta::assert_snapshot!(said(&service, &nameless, &[]).await, @"
    fail configuration [CACHE] the binding has no `id`, and the wrangler file has no `name`
      wrangler.toml:3:1
      first set `name` to the name of the Worker; then run `kvctl provision CACHE` to fill in what is missing
    skip namespaces [] no binding has an id
    skip deployed [] the wrangler file has no `name`
    ");
}

#[tokio::test]
async fn who_may_not_ask_fails_only_what_has_no_other_id() {
    let service = forbidding();
    let id = service.create("bio-CACHE").await;
    insta::assert_snapshot!(said(&service, &with_id(id.as_str()), &[id.as_str()]).await, @"
    pass configuration [] the binding has an id
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE`
    skip deployed [] the Worker `bio` may not be asked; that needs the permission `Workers Scripts: Read`
    ");
    insta::assert_snapshot!(said(&service, NO_ID, &[]).await, @"
    skip configuration [CACHE] the check `deployed` failed
    skip namespaces [] no binding has an id
    fail deployed [CACHE] no `id`, and the Worker `bio` may not be asked for it
      wrangler.toml:3:1
      give the token the permission `Workers Scripts: Read` on https://dash.cloudflare.com/profile/api-tokens, or write the id into the file
    ");
    let verified = checked(&service, NO_ID, "", CHECKS, true).await;
    let failed = verified.findings.iter();
    let failed: Vec<_> = failed.filter(|it| it.status == Status::Fail).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].class, Class::Denied);
    // Without the check, nobody else says it.
    let verified = checked(&service, NO_ID, "", &["configuration"], true).await;
    assert_eq!(verified.findings[0].status, Status::Fail);
    assert_eq!(verified.findings[0].class, Class::Denied);
}

#[tokio::test]
async fn an_answer_that_is_none_fails_and_is_not_taken_for_not_deployed() {
    let pages = [
        (500, ""),
        (200, "<html>"),
        (403, "<html>"),
        (404, "<html>"),
        (404, r#"{"success":false,"errors":[]}"#),
        (
            200,
            r#"{"success":true,"errors":[],"result":{"bindings":{}}}"#,
        ),
        (
            200,
            r#"{"success":true,"errors":[],"result":{"bindings":[{"type":"kv_namespace","name":"CACHE","namespace_id":"x"}]}}"#,
        ),
    ];
    for (status, body) in pages {
        let service = Service::new();
        let id = service.create("bio-CACHE").await;
        let fault = Fault::new(
            "GET",
            "/settings",
            Action::Answer(Answer::new(status, body)),
        );
        service.emulator.fault(fault.forever());
        for file in [NO_ID.to_owned(), with_id(id.as_str())] {
            let verified = checked(&service, &file, "", CHECKS, true).await;
            let failed = verified.findings.iter();
            let failed: Vec<_> = failed.filter(|it| it.status == Status::Fail).collect();
            assert_eq!(failed.len(), 1, "{status} {body}: {failed:#?}");
            assert_eq!(failed[0].check.name(), "deployed", "{status} {body}");
            assert!(
                failed[0].message.contains("Worker `bio`"),
                "{}",
                failed[0].message
            );
        }
        // Asked once each, though two checks need it.
        assert_eq!(service.count("GET", "/settings"), 2, "{status} {body}");
    }
}

#[tokio::test]
async fn drift_is_a_warning_and_names_both_ids() {
    let service = Service::new();
    let id = service.create("bio-CACHE").await;
    let other = service.create("other").await;
    let hide = [id.as_str(), other.as_str()];
    let file = with_id(id.as_str());
    service.deploy("bio", &[("CACHE", other.as_str())]);
    insta::assert_snapshot!(said(&service, &file, &hide).await, @"
    pass configuration [] the binding has an id
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE`
    warn deployed [CACHE] the deployed Worker binds [ID 1], the file has [ID 0]
      wrangler.toml:5:6
      deploy the project to bind the file's id, or write the deployed id into the file to keep using that namespace
    ");
    service.deploy("bio", &[("OLD", other.as_str())]);
    insta::assert_snapshot!(said(&service, &file, &hide).await, @"
    pass configuration [] the binding has an id
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE`
    warn deployed [CACHE] not bound yet by the deployed Worker
      wrangler.toml:5:6
      deploy the project
    warn deployed [OLD] the deployed Worker binds it to [ID 1], and the file does not have the binding
      run `kvctl provision OLD` to keep it; otherwise the next deployment removes it
    ");
    let bound = [
        ("CACHE", id.as_str()),
        ("Q", other.as_str()),
        ("R", id.as_str()),
    ];
    service.deploy("bio", &bound);
    insta::assert_snapshot!(said(&service, &file, &hide).await, @"
    pass configuration [] the binding has an id
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE`
    warn deployed [Q, R] the deployed Worker binds it, and the file does not have the binding
      run `kvctl provision Q R` to keep it; otherwise the next deployment removes it
    ");
    service.deploy("bio", &[("CACHE", GONE)]);
    insta::assert_snapshot!(said(&service, &file, &hide).await, @"
    pass configuration [] the binding has an id
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE`
    fail deployed [CACHE] the deployed Worker binds 7d0c3b9e4a514c5ab9c1f0a4d2e35b61, which the account does not have; the file has [ID 0]
      wrangler.toml:5:6
      deploy the project to bind the file's id
    ");
}

#[tokio::test]
async fn a_deployed_namespace_that_is_gone_is_a_failure() {
    let service = Service::new();
    service.create("other").await;
    service.deploy("bio", &[("CACHE", GONE)]);
    insta::assert_snapshot!(said(&service, NO_ID, &[]).await, @"
    pass configuration [] the binding has an id in what is deployed
    fail namespaces [CACHE] 7d0c3b9e4a514c5ab9c1f0a4d2e35b61, which the Worker `bio` binds, is not in account 0a1b2c3d4e5f60718293a4b5c6d7e8f9
      wrangler.toml:3:1
      it was deleted or belongs to another account; write the id of a namespace that exists into the file, and deploy
    pass deployed [] the Worker `bio` agrees with the file
    ");
}

#[tokio::test]
async fn two_sections_of_one_worker_must_agree() {
    let service = Service::new();
    let id = service.create("bio-CACHE").await;
    let other = service.create("bio-staging-CACHE").await;
    let file = format!(
        "{}[env.staging]\nname = \"bio\"\n[[env.staging.kv_namespaces]]\nbinding = \"CACHE\"\nid = \
         \"{other}\"\n",
        with_id(id.as_str())
    );
    service.deploy("bio", &[("CACHE", id.as_str())]);
    insta::assert_snapshot!(said(&service, &file, &[id.as_str(), other.as_str()]).await, @"
    pass configuration [] all 2 bindings have ids
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE`
    warn namespaces [staging/CACHE] [ID 1] is titled `bio-staging-CACHE`, expected `bio-CACHE`
      wrangler.toml:10:6
      check the id, or set the expected `title` in kvctl.toml
    fail deployed [staging/CACHE] [ID 1] here, and [ID 0] at wrangler.toml:3:1 at the top level: both sections deploy the Worker `bio`
      wrangler.toml:8:1
      give the environment another `name`, or both the same id
    pass deployed [] the Worker `bio` agrees with the file
    ");
    assert_eq!(service.count("GET", "/settings"), 1);
}

#[tokio::test]
async fn a_pages_project_is_compared_side_by_side() {
    let service = Service::new();
    let id = service.create("bio-CACHE").await;
    let other = service.create("bio-preview-CACHE").await;
    let hide = [id.as_str(), other.as_str()];
    let make = |production: &str, preview: &str| {
        let (production, preview) = ([("CACHE", production)], [("CACHE", preview)]);
        let made = service
            .emulator
            .create_project(&service.account, "bio", &production, &preview);
        made.unwrap();
    };
    let pages = |fields: &str| {
        format!(
            "name = \"bio\"\npages_build_output_dir = \"dist\"\n[[kv_namespaces]]\nbinding = \
             \"CACHE\"\n{fields}"
        )
    };
    make(id.as_str(), other.as_str());
    let top = pages(&format!("id = \"{id}\"\npreview_id = \"{other}\"\n"));
    insta::assert_snapshot!(said(&service, &top, &hide).await, @"
    pass configuration [] the binding has an id
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE`
    warn deployed [CACHE] the Pages project's preview environment binds [ID 1], the file has [ID 0]
      wrangler.toml:5:6
      deploy the project to bind the file's id, or write the deployed id into the file to keep using that namespace
    ");
    let both = format!(
        "{}[[env.preview.kv_namespaces]]\nbinding = \"CACHE\"\nid = \"{other}\"\n",
        pages(&format!("id = \"{id}\"\n"))
    );
    insta::assert_snapshot!(said(&service, &both, &hide).await, @"
    pass configuration [] all 2 bindings have ids
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE`
    pass namespaces [preview/CACHE] [ID 1] exists, titled `bio-preview-CACHE`
    pass deployed [] the Pages project `bio` agrees with the file
    pass deployed [preview] the Pages project `bio` agrees with the file
    ");
    insta::assert_snapshot!(said(&service, &pages(""), &hide).await, @"
    fail configuration [CACHE] the binding has no `id`, and stands for two namespaces of the Pages project `bio`: [ID 0] in production, [ID 1] in previews
      wrangler.toml:3:1
      run `kvctl provision --env preview --add-env` to give previews a section of their own
    skip namespaces [] no binding has an id
    pass deployed [] the Pages project `bio` agrees with the file
    ");
    make(id.as_str(), id.as_str());
    insta::assert_snapshot!(said(&service, &pages(""), &hide).await, @"
    pass configuration [] the binding has an id in what is deployed
    pass namespaces [CACHE] [ID 0] exists, titled `bio-CACHE` (id from the deployed Pages project)
    pass deployed [] the Pages project `bio` agrees with the file
    ");
}

async fn binders(service: &Service, file: &str, id: &NamespaceId) -> Option<DeployedBindings> {
    let document = super::document(file);
    let deployments = Deployments::new(&service.client, &service.account);
    let found = DeployedBindings::of(&deployments, document.project(), id).await;
    found.ok()
}

#[tokio::test]
async fn every_worker_of_the_file_is_asked_once_what_binds_a_namespace() {
    let service = Service::new();
    let id = service.create("bio-CACHE").await;
    service.deploy("bio-staging", &[("STORE", id.as_str()), ("OTHER", GONE)]);
    let file = format!("{NO_ID}[env.staging]\n[env.twin]\nname = \"bio\"\n");
    let found = binders(&service, &file, &id).await.unwrap();
    let bound: Vec<_> = found.bound.iter().map(|it| format!("{it:?}")).collect();
    insta::assert_snapshot!(bound.join("\n"), @r#"DeployedBinding { deployable: Worker("bio-staging"), name: "STORE" }"#);
    assert_eq!(service.count("GET", "/settings"), 2);
    let rules = "[[namespace]]\nbinding = \"STORE\"\nprotect = true\n";
    let protects =
        |rules: &str| found.is_protected(&Manifest::parse("kvctl.toml".as_ref(), rules).unwrap());
    assert!(protects(rules));
    assert!(!protects(&rules.replace("STORE", "OTHER")));
    assert!(!protects(&rules.replace("true", "false")));
}

#[tokio::test]
async fn who_may_not_ask_what_binds_a_namespace_learns_so_and_other_errors_stop() {
    let service = forbidding();
    let id = service.create("bio-CACHE").await;
    let found = binders(&service, NO_ID, &id).await.unwrap();
    assert_eq!((found.bound.len(), found.unasked.len()), (0, 1));
    let service = Service::new();
    let id = service.create("bio-CACHE").await;
    let fault = Fault::new("GET", "/settings", Action::Answer(Answer::new(500, "")));
    service.emulator.fault(fault.forever());
    assert!(binders(&service, NO_ID, &id).await.is_none());
}

/// Returns the file after `CACHE` was renamed to `STORE` in all sections.
async fn renamed(
    service: &Service,
    file: &str,
    not_deployed: bool,
) -> Result<String, rename_binding::Error> {
    let document = super::document(file);
    let scopes: Vec<_> = document.project().scopes().collect();
    let new = super::binding("STORE");
    let mut renamings = plan(&document, &scopes, &super::binding("CACHE"), &new)?;
    let resolver = Resolver::new(&service.client, &service.account, Some(&document), false);
    inherit(&resolver, &mut renamings, not_deployed).await?;
    Ok(document.edit(&edits(&renamings, &new))?)
}

/// The Worker binds it under the old name, so the next deployment would create an empty twin.
#[tokio::test]
async fn a_renamed_binding_takes_the_deployed_id_along() {
    let service = Service::new();
    let id = service.create("bio-CACHE").await;
    let new = NO_ID.replace("CACHE", "STORE");
    assert_eq!(renamed(&service, NO_ID, false).await.unwrap(), new);
    service.deploy("bio", &[("CACHE", id.as_str())]);
    let text = renamed(&service, NO_ID, false).await.unwrap();
    assert_eq!(text, format!("{new}id = \"{id}\"\n"));
    let text = renamed(&service, &with_id("<id>"), false).await.unwrap();
    assert_eq!(text, format!("{new}id = \"{id}\"\n"));
    let before = service.count("GET", "/settings");
    let kept = renamed(&service, &with_id(GONE), false).await.unwrap();
    assert_eq!(kept, with_id(GONE).replace("CACHE", "STORE"));
    assert_eq!(service.count("GET", "/settings"), before);
}

#[tokio::test]
async fn a_binding_that_may_be_deployed_is_not_renamed_unless_told() {
    let service = forbidding();
    let refused = renamed(&service, NO_ID, false).await;
    let Err(refused @ rename_binding::Error::MayBeDeployed { .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(refused.to_string().contains("Worker `bio`"), "{refused}");
    let new = NO_ID.replace("CACHE", "STORE");
    assert_eq!(renamed(&service, NO_ID, true).await.unwrap(), new);
    // What has a placeholder cannot have been deployed.
    let text = renamed(&service, &with_id("<id>"), false).await.unwrap();
    assert_eq!(text, with_id("<id>").replace("CACHE", "STORE"));
    let service = Service::new();
    let fault = Fault::new("GET", "/settings", Action::Answer(Answer::new(500, "")));
    service.emulator.fault(fault.forever());
    let failed = renamed(&service, NO_ID, true).await;
    let Err(rename_binding::Error::Target(target::Error::Deployed { .. })) = failed else {
        panic!("{failed:?}");
    };
}

/// A section that binds nothing is provisioned where it is, and a name that makes no title is the first
/// thing to correct.
#[tokio::test]
async fn hints_select_the_section_and_do_not_end_in_a_refusal() {
    let service = Service::new();
    let empty = format!("{}[env.\"it's\"]\n", with_id(GONE));
    let only = ["configuration"];
    let mut all = Vec::new();
    for file in [
        empty,
        with_id("<id>").replace("bio", "<W>"),
        with_id("").replace("name = \"bio\"\n", ""),
        with_id("1111222233334444555566667777888O"),
    ] {
        let verified = checked(&service, &file, "", &only, true).await;
        all.extend(verified.findings.iter().map(|it| shown(it, &[])));
    }
    let titled = "[[namespace]]\nbinding = \"CACHE\"\ntitle = \"t\"\n";
    let file = with_id("<id>").replace("bio", "<W>");
    let verified = checked(&service, &file, titled, &only, true).await;
    all.extend(verified.findings.iter().map(|it| shown(it, &[])));
    insta::assert_snapshot!(all.join("\n"), @"
    warn configuration [it's] no KV namespaces are bound here
      bind those that its Worker uses, or remove the section
    fail configuration [CACHE] `id` is the placeholder `<id>`, not an id
      wrangler.toml:5:6
      first set `name` to lower-case letters, digits, dashes and underscores; then run `kvctl provision CACHE` to fill in what is missing
    fail configuration [CACHE] `id` is empty, which wrangler refuses
      wrangler.toml:4:6
      first set `name` to the name of the Worker; then run `kvctl provision CACHE` to fill in what is missing
    fail configuration [CACHE] `id` is `1111222233334444555566667777888O`, which looks like an id and is none
      wrangler.toml:5:6
      correct the text: an id has 32 hexadecimal digits
    fail configuration [CACHE] `id` is the placeholder `<id>`, not an id
      wrangler.toml:5:6
      run `kvctl provision CACHE` to fill in what is missing
    ");
}

#[tokio::test]
async fn a_404_of_another_kind_says_nothing_of_namespaces() {
    let service = Service::new();
    let body = r#"{"success":false,"errors":[{"code":12345,"message":"no idea"}],"messages":[],"result":null}"#;
    let answer = Action::Answer(Answer::new(404, body));
    let fault = Fault::new("GET", "/settings", answer);
    service.emulator.fault(fault.forever());
    let said = said(&service, &with_id(GONE), &[]).await;
    assert!(
        said.contains("asking for the Worker `bio` failed"),
        "{said}"
    );
    assert!(!said.contains("namespace list"), "{said}");
}
