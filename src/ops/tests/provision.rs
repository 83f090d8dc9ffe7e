//! Provisioning: planning, applying, and that a second run changes nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Service, binding, document, section};
use crate::{
    config::Document,
    domain::{Classify as _, ErrorClass},
    emulator::{Action, Answer, Fault},
    ops::provision::{
        apply::{self, IdOrigin},
        desired::{Error, RequestedBinding, desired_bindings},
        plan::{self, DeployedBindings, Pages, Plan, PlanInput, Preview, Replaceable},
    },
};

const EMPTY: &str = "name = \"bio\"\n";
const TWO: &str =
    "name = \"bio\"\n[[kv_namespaces]]\nbinding = \"A\"\n[[kv_namespaces]]\nbinding = \"B\"\n";

async fn planned(service: &Service, text: &str, preview: Preview) -> (Document, Plan) {
    let document = document(text);
    let project = document.project();
    let scopes: Vec<_> = project.scopes().collect();
    let desired = desired_bindings(project, &scopes, &[], None).unwrap();
    let existing = service.all().await;
    let known = |id: &_| existing.iter().any(|namespace| namespace.id == *id);
    let plan = plan::plan(PlanInput {
        desired: &desired,
        existing: &existing,
        bound: &plan::bound(project, known),
        preview,
        replace: Replaceable::default(),
        deployed: &DeployedBindings::default(),
        not_deployed: false,
        pages: Pages::of(project),
        local: false,
    });
    (document, plan.unwrap())
}

/// Provisions what the file wants, and returns the new text and how each slot came to its id.
async fn provision(
    service: &Service,
    text: &str,
    preview: Preview,
) -> Result<(String, Vec<IdOrigin>), apply::Error> {
    let (document, plan) = planned(service, text, preview).await;
    let outcomes = apply::apply(&service.client, &service.account, &plan, &|| ()).await?;
    let text = document.edit(&apply::edits(&plan, &outcomes)).unwrap();
    Ok((text, outcomes.into_iter().map(|one| one.origin).collect()))
}

fn ids(text: &str) -> Vec<&str> {
    let lines = text.lines().filter_map(|line| line.split_once("id = \""));
    lines.map(|(_, id)| id.trim_end_matches('"')).collect()
}

fn error(text: &str, requested: &[(&str, Option<&str>)]) -> Error {
    let document = document(text);
    let scopes: Vec<_> = document.project().scopes().collect();
    let requested: Vec<RequestedBinding> = requested
        .iter()
        .map(|(name, title)| RequestedBinding {
            binding: binding(name),
            title: title.map(|title| title.parse().unwrap()),
        })
        .collect();
    desired_bindings(document.project(), &scopes, &requested, None).unwrap_err()
}

#[tokio::test]
async fn a_project_that_says_nothing_gets_three_namespaces_and_keeps_them() {
    let service = Service::new();
    let (text, origin) = provision(&service, EMPTY, Preview::Untouched)
        .await
        .unwrap();
    assert_eq!(origin, [IdOrigin::Created; 3]);
    let titles = ["bio-CONFIG_CACHE", "bio-RATE_LIMIT", "bio-SESSIONS"];
    assert_eq!(service.titles().await, titles);
    let (again, origin) = provision(&service, &text, Preview::Untouched)
        .await
        .unwrap();
    assert_eq!((again, origin), (text, vec![IdOrigin::Kept; 3]));
    assert_eq!(service.count("POST", "namespaces"), 3);
}

#[tokio::test]
async fn a_namespace_with_the_right_title_is_adopted() {
    let service = Service::new();
    let id = service.create("bio-A").await.to_string();
    let (text, origin) = provision(&service, TWO, Preview::Untouched).await.unwrap();
    assert_eq!(origin, [IdOrigin::Adopted, IdOrigin::Created]);
    assert_eq!(ids(&text)[0], id);
    assert_eq!(service.titles().await, ["bio-A", "bio-B"]);
}

#[tokio::test]
async fn what_was_created_before_a_failure_is_named_and_adopted_by_the_next_run() {
    let service = Service::new();
    let refused = Action::Answer(Answer::new(403, ""));
    service
        .emulator
        .fault(Fault::new("POST", "namespaces", refused).after(1));
    let error = provision(&service, TWO, Preview::Untouched)
        .await
        .unwrap_err();
    assert_eq!((error.failed.len(), error.created.len()), (1, 1));
    let (title, id) = &error.created[0];
    let said = error.to_string();
    assert!(said.contains(&format!("`{title}` is {id}")), "{said}");
    let (text, origin) = provision(&service, TWO, Preview::Untouched).await.unwrap();
    assert!(origin.contains(&IdOrigin::Adopted) && origin.contains(&IdOrigin::Created));
    assert!(ids(&text).contains(&id.as_str()));
    assert_eq!(service.titles().await, ["bio-A", "bio-B"]);
}

#[tokio::test]
async fn each_environment_gets_namespaces_of_its_own() {
    let service = Service::new();
    let text = format!("{TWO}[env.staging]\n");
    let (text, _) = provision(&service, &text, Preview::Untouched)
        .await
        .unwrap();
    let ids = ids(&text);
    assert_eq!(ids.len(), 4);
    assert_ne!(ids[0], ids[2]);
    let titles = ["bio-A", "bio-B", "bio-staging-A", "bio-staging-B"];
    assert_eq!(service.titles().await, titles);
}

#[tokio::test]
async fn previews_share_or_have_their_own_as_is_asked() {
    let service = Service::new();
    let (text, _) = provision(&service, TWO, Preview::Same).await.unwrap();
    let shared = ids(&text);
    assert_eq!((shared.len(), shared[0]), (4, shared[1]));
    let service = Service::new();
    let (text, origin) = provision(&service, TWO, Preview::Separate).await.unwrap();
    let mut separate = ids(&text);
    separate.sort_unstable();
    separate.dedup();
    assert_eq!((separate.len(), origin), (4, vec![IdOrigin::Created; 4]));
}

#[tokio::test]
async fn what_is_foreseen_is_what_happens_and_costs_nothing() {
    let service = Service::new();
    service.create("bio-A").await;
    let (_, plan) = planned(&service, TWO, Preview::Separate).await;
    let before = service.emulator.log().len();
    let planned = apply::planned(&plan);
    assert_eq!(service.emulator.log().len(), before);
    let done = AtomicUsize::new(0);
    let tell = || {
        done.fetch_add(1, Ordering::SeqCst);
    };
    let outcomes = apply::apply(&service.client, &service.account, &plan, &tell).await;
    let origin =
        |outcomes: &[apply::Outcome]| outcomes.iter().map(|one| one.origin).collect::<Vec<_>>();
    assert_eq!(origin(&planned), origin(&outcomes.unwrap()));
    assert_eq!(done.load(Ordering::SeqCst), plan.creates().len());
}

#[test]
fn what_cannot_be_wanted_is_refused_before_anything_is_asked() {
    let repeated = error(TWO, &[("A", None), ("A", Some("x"))]);
    assert!(matches!(repeated, Error::Twice(_)), "{repeated}");
    let staging = format!("{TWO}[env.staging]\n");
    let shared = error(&staging, &[("A", Some("x"))]);
    assert!(matches!(shared, Error::SharedTitle { .. }), "{shared}");
    let name = error(EMPTY, &[("my-kv", None)]);
    assert!(matches!(name, Error::NotAnIdentifier { .. }), "{name}");
    assert_eq!(name.classify().class, ErrorClass::Usage);
    // A file that names it is wrong, and not the command line.
    let in_file =
        format!("{EMPTY}kv_namespaces = [{{ binding = \"<A>\", id = \"\" }}]\n[env.staging]\n");
    let document = document(&in_file);
    let staging = document.project().scope(&section("staging")).unwrap();
    let in_file = desired_bindings(document.project(), &[staging], &[], None).unwrap_err();
    assert_eq!(in_file.classify().class, ErrorClass::Config);
    let near = error(TWO, &[("a", None)]);
    insta::assert_snapshot!(format!("{near}; {}", near.hint().unwrap()), @"`a` differs only in case from the binding `A` (line 2); run `kvctl provision A`, or give it a title of its own: `kvctl provision a=TITLE`");
    let taken = format!("{EMPTY}[vars]\nA = \"1\"\n");
    let taken = error(&taken, &[("A", None)]);
    insta::assert_snapshot!(taken, @"`A` is already used in `vars` (line 3)");
}

#[test]
fn bindings_that_only_an_environment_has_are_not_made_up_for_the_top_level() {
    let text = format!("{EMPTY}[env.staging]\nkv_namespaces = [{{ binding = \"A\" }}]\n");
    let document = document(&text);
    let project = document.project();
    let top = desired_bindings(project, &[&project.top], &[], None).unwrap_err();
    assert!(matches!(top, Error::OnlyElsewhere { .. }), "{top}");
    assert!(
        top.to_string().ends_with("no environment is selected"),
        "{top}"
    );
    let selecting = format!("{text}[env.qa]\n");
    let selecting = self::document(&selecting);
    let qa = selecting.project().scope(&section("qa")).unwrap();
    let qa = desired_bindings(selecting.project(), &[qa], &[], None).unwrap_err();
    insta::assert_snapshot!(format!("{qa}; {}", qa.hint().unwrap()), @"the file has KV bindings only in `env.staging`, and environment `qa` is selected; name the bindings that it needs, or select another section");
    let staging = project.scope(&section("staging")).unwrap();
    assert_eq!(
        desired_bindings(project, &[staging], &[], None)
            .unwrap()
            .len(),
        1
    );
}
