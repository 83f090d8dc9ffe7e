//! What is deployed, as a source of ids: for provisioning and for selectors.

use super::{ACCOUNT, Service, TOKEN, binding, document, named_account, section};
use crate::{
    config::Document,
    domain::{Classify as _, ErrorClass, Section},
    emulator::{Action, Answer, Config, Fault, Grant, Token},
    ops::{
        provision::{
            apply::{self, IdOrigin},
            desired::desired_bindings,
            plan::{
                self, DeployedRefusal, LookUp, Obstacle, Pages, Plan, PlanInput, Preview, Refusal,
                Replaceable,
            },
        },
        target::{Error, NoIdReason, Resolver, Selector, Source},
    },
};

const TWO: &str =
    "name = \"bio\"\n[[kv_namespaces]]\nbinding = \"A\"\n[[kv_namespaces]]\nbinding = \"B\"\n";
const GONE: &str = "0f2ac74b498b48028cb68387c421e279";

/// A service whose token may not ask what is deployed.
pub(super) fn forbidding() -> Service {
    Service::with(|config| {
        let account = ACCOUNT.parse().unwrap();
        let token = Token::new(TOKEN, [account])
            .workers(Grant::None)
            .pages(Grant::None);
        let accounts = vec![named_account(ACCOUNT, "Bio")];
        Config::remote(accounts, vec![token], config.clock)
    })
}

async fn decided(
    service: &Service,
    document: &Document,
    not_deployed: bool,
) -> Result<Plan, plan::Error> {
    let project = document.project();
    let scopes: Vec<_> = project.deployed_scopes().collect();
    let desired = desired_bindings(project, &scopes, &[], None).unwrap();
    let existing = service.all().await;
    let known = |id: &_| existing.iter().any(|namespace| namespace.id == *id);
    let replace = Replaceable::default();
    let look_up = LookUp {
        project,
        desired: &desired,
        existing: &existing,
        replace,
    };
    let deployed = look_up
        .ask(&service.client, &service.account)
        .await
        .unwrap();
    plan::plan(PlanInput {
        desired: &desired,
        existing: &existing,
        bound: &plan::bound(project, known),
        preview: Preview::Untouched,
        replace,
        deployed: &deployed,
        not_deployed,
        pages: Pages::of(project),
        local: false,
    })
}

/// Provisions a file, and returns its new text and how each slot came to its id.
async fn provisioned(service: &Service, text: &str, not_deployed: bool) -> (String, Vec<IdOrigin>) {
    let document = document(text);
    let plan = decided(service, &document, not_deployed).await.unwrap();
    let outcomes = apply::apply(&service.client, &service.account, &plan, &|| ()).await;
    let outcomes = outcomes.unwrap();
    let text = document.edit(&apply::edits(&plan, &outcomes)).unwrap();
    (text, outcomes.into_iter().map(|one| one.origin).collect())
}

async fn obstacles(service: &Service, text: &str) -> Vec<Obstacle> {
    let Err(plan::Error::Refused(refusals)) = decided(service, &document(text), false).await else {
        panic!("it was not refused");
    };
    let obstacle = |refusal| match refusal {
        Refusal::Deployed(DeployedRefusal { why, .. }) => why,
        other => panic!("{other}"),
    };
    refusals.into_iter().map(obstacle).collect()
}

#[tokio::test]
async fn what_is_deployed_comes_before_a_namespace_with_the_title() {
    let service = Service::new();
    let by_hand = service.create("by-hand").await.to_string();
    service.create("bio-A").await;
    service.deploy("bio", &[("A", &by_hand)]);
    let (text, origin) = provisioned(&service, TWO, false).await;
    assert_eq!(origin, [IdOrigin::Deployed, IdOrigin::Created]);
    assert!(text.contains(&by_hand), "{text}");
    assert_eq!(service.titles().await, ["bio-A", "bio-B", "by-hand"]);
    // One Worker is asked once, whatever it binds.
    assert_eq!(service.count("GET", "/settings"), 1);
}

#[tokio::test]
async fn a_provisioned_project_asks_for_nothing_deployed() {
    let service = Service::new();
    let (text, _) = provisioned(&service, TWO, false).await;
    let before = service.count("GET", "/settings");
    provisioned(&service, &text, false).await;
    assert_eq!(service.count("GET", "/settings"), before);
}

#[tokio::test]
async fn each_environment_is_a_worker_of_its_own() {
    let service = Service::new();
    let [top, staging] = [service.create("t").await, service.create("s").await];
    service.deploy("bio", &[("A", top.as_str())]);
    service.deploy("bio-staging", &[("A", staging.as_str())]);
    let text = "name = \"bio\"\nkv_namespaces = [{ binding = \"A\" }]\n\
                [env.staging]\nkv_namespaces = [{ binding = \"A\" }]\n";
    let (text, _) = provisioned(&service, text, false).await;
    let places = [top, staging].map(|id| text.find(id.as_str()).unwrap());
    assert!(places[0] < places[1], "{text}");
}

#[tokio::test]
async fn what_may_be_deployed_and_may_not_be_asked_is_not_created() {
    let service = forbidding();
    let all = obstacles(&service, TWO).await;
    assert!(matches!(
        all[..],
        [Obstacle::NotAsked { .. }, Obstacle::NotAsked { .. }]
    ));
    assert_eq!(service.titles().await, [""; 0]);
    // Said not to be deployed, it is found by its title, so that a second run after a crash works.
    service.create("bio-A").await;
    let (_, origin) = provisioned(&service, TWO, true).await;
    assert_eq!(origin, [IdOrigin::Adopted, IdOrigin::Created]);
}

#[tokio::test]
async fn what_cannot_have_been_deployed_is_provisioned_with_a_note() {
    let service = forbidding();
    for text in [
        "name = \"bio\"\n",
        "name = \"bio\"\nkv_namespaces = [{ binding = \"A\", id = \"<id>\" }]\n",
        "name = \"bio\"\nkv_namespaces = [{ binding = \"A\", id = \"\" }]\n",
    ] {
        let plan = decided(&service, &document(text), false).await.unwrap();
        assert!(plan.is_pending(), "{text}");
        assert!(
            matches!(plan.remarks[..], [plan::Remark::NotAsked { .. }, ..]),
            "{text}: {:?}",
            plan.remarks
        );
    }
}

#[tokio::test]
async fn a_deployed_namespace_that_is_gone_is_not_replaced() {
    let service = Service::new();
    service.deploy("bio", &[("A", GONE), ("B", GONE)]);
    let all = obstacles(&service, TWO).await;
    assert!(matches!(all[..], [Obstacle::Gone(_), Obstacle::Gone(_)]));
}

#[tokio::test]
async fn sections_of_one_worker_must_not_disagree() {
    let service = Service::new();
    let [old, new] = [service.create("old").await, service.create("new").await];
    service.deploy("bio", &[("A", new.as_str())]);
    let text = format!(
        "name = \"bio\"\nkv_namespaces = [{{ binding = \"A\", id = \"{old}\" }}]\n\
         [env.same]\nname = \"bio\"\nkv_namespaces = [{{ binding = \"A\" }}]\n"
    );
    let all = obstacles(&service, &text).await;
    assert!(matches!(all[..], [Obstacle::Disagrees { .. }]), "{all:?}");
}

#[tokio::test]
async fn one_entry_of_pages_cannot_stand_for_two_namespaces() {
    let service = Service::new();
    let [live, preview] = [service.create("l").await, service.create("p").await];
    let (live, preview) = (live.as_str(), preview.as_str());
    let made =
        service
            .emulator
            .create_project(&service.account, "bio", &[("A", live)], &[("A", preview)]);
    made.unwrap();
    let top = "name = \"bio\"\npages_build_output_dir = \"dist\"\n\
               kv_namespaces = [{ binding = \"A\" }]\n";
    let all = obstacles(&service, top).await;
    assert!(matches!(all[..], [Obstacle::Two(_)]), "{all:?}");
    let own = format!("{top}[env.preview]\nkv_namespaces = [{{ binding = \"A\" }}]\n");
    let (text, _) = provisioned(&service, &own, false).await;
    let places = [live, preview].map(|id| text.find(id).unwrap());
    assert!(places[0] < places[1], "{text}");
}

#[tokio::test]
async fn an_answer_that_is_none_creates_nothing() {
    let answers = [
        Answer::new(500, "{}"),
        Answer::new(200, "<!doctype html><html></html>"),
        Answer::new(404, "<!doctype html><html></html>"),
        Answer::new(
            200,
            r#"{"success":true,"errors":[],"messages":[],"result":{"bindings":"none"}}"#,
        ),
        Answer::new(
            200,
            r#"{"success":true,"errors":[],"messages":[],"result":null}"#,
        ),
        Answer::new(
            200,
            r#"{"success":true,"errors":[],"messages":[],"result":[]}"#,
        ),
        Answer::new(
            200,
            r#"{"success":true,"errors":[],"messages":[],"result":{"bindings":[["kv_namespace"]]}}"#,
        ),
        Answer::new(
            200,
            r#"{"success":true,"errors":[],"messages":[],"result":{"bindings":[{"type":"kv_namespace","name":"A"}]}}"#,
        ),
    ];
    for answer in answers {
        let service = Service::new();
        let said = format!("{answer:?}");
        let fault = Fault::new("GET", "/settings", Action::Answer(answer));
        service.emulator.fault(fault.forever());
        let text = document(TWO);
        let scopes: Vec<_> = text.project().scopes().collect();
        let desired = desired_bindings(text.project(), &scopes, &[], None).unwrap();
        let look_up = LookUp {
            project: text.project(),
            desired: &desired,
            existing: &[],
            replace: Replaceable::default(),
        };
        let asked = look_up.ask(&service.client, &service.account).await;
        // Nothing is missing but an answer: scripts must not take it for a key that is not there.
        let class = asked.expect_err(&said).classify().class;
        let meant = [ErrorClass::Failed, ErrorClass::Temporary];
        assert!(meant.contains(&class), "{said}: {class:?}");
    }
}

#[tokio::test]
async fn a_name_that_no_worker_can_have_is_not_deployed() {
    let service = Service::new();
    let text = "name = \"bio\"\n[env.Prod]\nkv_namespaces = [{ binding = \"A\" }]\n";
    let (_, origin) = provisioned(&service, text, false).await;
    assert_eq!(*origin.last().unwrap(), IdOrigin::Created);
}

#[tokio::test]
async fn a_refusal_with_401_is_one_too() {
    let service = Service::new();
    let body = r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[],"result":null}"#;
    let answer = Action::Answer(Answer::new(401, body));
    service
        .emulator
        .fault(Fault::new("GET", "/settings", answer).forever());
    let all = obstacles(&service, TWO).await;
    assert!(
        matches!(all[..], [Obstacle::NotAsked { .. }, ..]),
        "{all:?}"
    );
}

#[tokio::test]
async fn an_id_that_lost_a_digit_is_not_replaced() {
    let service = Service::new();
    let text = format!(
        "name = \"bio\"\nkv_namespaces = [{{ binding = \"A\", id = \"{}\" }}]\n",
        &GONE[1..]
    );
    let refused = decided(&service, &document(&text), false).await;
    let Err(plan::Error::Refused(refusals)) = refused else {
        panic!("{refused:?}");
    };
    assert!(matches!(refusals[..], [Refusal::Mistyped { .. }]));
}

#[test]
fn the_top_level_of_pages_is_shared_until_either_side_has_a_section() {
    let top = "name = \"bio\"\npages_build_output_dir = \"dist\"\n";
    let of = |more: &str| Pages::of(document(&format!("{top}{more}")).project());
    assert_eq!(of(""), Pages::Shared);
    assert_eq!(of("[env.preview]\n"), Pages::Separate);
    assert_eq!(of("[env.production]\n"), Pages::Separate);
}

async fn selected(service: &Service, text: &str, at: Section) -> Result<(String, Source), Error> {
    let document = document(text);
    let resolver = Resolver::new(&service.client, &service.account, Some(&document), false);
    let selector = Selector::Binding {
        section: at,
        binding: binding("A"),
        preview: false,
    };
    let target = resolver.locate(&selector).await?;
    Ok((target.to_string(), target.source))
}

#[tokio::test]
async fn a_binding_without_an_id_is_the_one_that_is_deployed() {
    let service = Service::new();
    service.deploy("bio", &[("A", GONE)]);
    let (said, _) = selected(&service, TWO, Section::TOP).await.unwrap();
    insta::assert_snapshot!(said, @"`A` (top level, id from the deployed Worker: 0f2ac74b498b48028cb68387c421e279)");
    let placeholder = "name = \"bio\"\nkv_namespaces = [{ binding = \"A\", id = \"<id>\" }]\n";
    let (_, source) = selected(&service, placeholder, Section::TOP).await.unwrap();
    assert!(matches!(source, Source::Deployed(_)));
}

#[tokio::test]
async fn what_is_not_deployed_names_no_namespace() {
    let service = Service::new();
    let not_deployed = selected(&service, TWO, Section::TOP).await.unwrap_err();
    insta::assert_snapshot!(not_deployed, @"wrangler.toml:2:1: binding `A` at the top level has no id yet, and the Worker `bio` is not deployed");
    service.deploy("bio", &[("OTHER", GONE)]);
    let not_bound = selected(&service, TWO, Section::TOP).await;
    assert!(matches!(
        not_bound,
        Err(Error::NoId {
            why: NoIdReason::NotBound(_),
            ..
        })
    ));
    let nameless = TWO.replace("bio", "<NAME>");
    let nameless = selected(&service, &nameless, Section::TOP).await;
    assert!(matches!(
        nameless,
        Err(Error::NoId {
            why: NoIdReason::Nameless,
            ..
        })
    ));
    let denied = selected(&forbidding(), TWO, Section::TOP).await;
    assert!(matches!(denied, Err(Error::Denied { .. })), "{denied:?}");
}

#[tokio::test]
async fn a_preview_id_alone_is_not_taken_for_the_namespace() {
    let service = Service::new();
    let text = format!("kv_namespaces = [{{ binding = \"A\", preview_id = \"{GONE}\" }}]\n");
    let found = selected(&service, &text, Section::TOP).await;
    assert!(matches!(found, Err(Error::OnlyPreview(_))), "{found:?}");
    let text = format!("[env.x]\n{text}");
    let found = selected(&service, &text, section("x")).await;
    assert!(matches!(found, Err(Error::OnlyPreview(_))), "{found:?}");
    assert_eq!(service.emulator.log().len(), 0);
}

impl Service {
    pub(super) fn deploy(&self, worker: &str, bound: &[(&str, &str)]) {
        self.emulator.deploy(&self.account, worker, bound).unwrap();
    }
}
