//! What is deployed, as a source of ids: for provisioning and for selectors.

use super::{ACCOUNT, Service, TOKEN, binding, document, named_account, section};
use crate::{
    config::{Document, Scope},
    domain::{Classify as _, ErrorClass, Section, shell_quoted},
    emulator::{Action, Answer, Config, Fault, Grant, Token},
    ops::{
        bound::DeployedBindings as Holders,
        provision::{
            apply::{self, IdOrigin},
            desired::{RequestedBinding, desired_bindings},
            plan::{
                self, DeployedRefusal, LookUp, Obstacle, Pages, Plan, PlanInput, Preview, Refusal,
                Replaceable,
            },
        },
        target::{Deployments, Error, NoIdReason, Resolver, Selector, Source},
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
    let scopes: Vec<_> = document.project().deployed_scopes().collect();
    decided_for(service, document, &scopes, &[], not_deployed).await
}

/// Decides about the bindings that are named, in some sections.
async fn decided_for(
    service: &Service,
    document: &Document,
    scopes: &[&Scope],
    named: &[&str],
    not_deployed: bool,
) -> Result<Plan, plan::Error> {
    let project = document.project();
    let requested: Vec<_> = named.iter().map(|name| requested(name)).collect();
    let desired = desired_bindings(project, scopes, &requested, None).unwrap();
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

fn requested(name: &str) -> RequestedBinding {
    let (name, title) = match name.split_once('=') {
        Some((name, title)) => (name, Some(title.parse().unwrap())),
        None => (name, None),
    };
    RequestedBinding {
        binding: binding(name),
        title,
    }
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

/// A section of the same Worker gets the namespace that the other has, whatever its title.
#[tokio::test]
async fn sections_of_one_worker_get_one_namespace() {
    let with = |id: &str| {
        format!(
            "name = \"bio\"\nkv_namespaces = [{{ binding = \"A\"{id} }}]\n\
             [env.same]\nname = \"bio\"\n"
        )
    };
    for not_deployed in [false, true] {
        let service = if not_deployed {
            forbidding()
        } else {
            Service::new()
        };
        let mine = service.create("mine").await;
        let text = with(&format!(", id = \"{mine}\""));
        let (text, _) = provisioned(&service, &text, not_deployed).await;
        assert_eq!(text.matches(mine.as_str()).count(), 2, "{text}");
        assert_eq!(service.titles().await, ["mine"]);
    }
    // So it is where neither has one yet.
    let service = Service::new();
    let (text, _) = provisioned(&service, &with(""), false).await;
    let id = service.all().await.pop().unwrap().id;
    assert_eq!(text.matches(id.as_str()).count(), 2, "{text}");
    assert_eq!(service.titles().await, ["bio-A"]);
}

#[tokio::test]
async fn production_of_pages_gets_its_own_namespace_in_either_order() {
    let pages = "name = \"bio\"\npages_build_output_dir = \"dist\"\n";
    let production = "[env.production]\n";
    let titles = ["bio-A", "bio-production-A"];
    let top = "kv_namespaces = [{ binding = \"A\" }]\n";
    let service = Service::new();
    provisioned(&service, &format!("{pages}{top}{production}"), false).await;
    assert_eq!(service.titles().await, titles);

    let service = Service::new();
    let (text, _) = provisioned(&service, &format!("{pages}{top}"), false).await;
    let text = format!("{text}{production}");
    provisioned(&service, &text, false).await;
    assert_eq!(service.titles().await, titles);

    // What is deployed stays with production.
    let service = Service::new();
    let (text, _) = provisioned(&service, &format!("{pages}{top}"), false).await;
    let id = service.all().await.pop().unwrap().id;
    let bound = [("A", id.as_str())];
    let made = service
        .emulator
        .create_project(&service.account, "bio", &bound, &bound);
    made.unwrap();
    let text = format!("{text}{production}");
    let (text, _) = provisioned(&service, &text, false).await;
    assert_eq!(text.matches(id.as_str()).count(), 2, "{text}");

    // Whether it does is not to be guessed.
    let service = forbidding();
    let id = service.create("bio-A").await;
    let top = format!("kv_namespaces = [{{ binding = \"A\", id = \"{id}\" }}]\n");
    let text = format!("{pages}{top}{production}");
    let all = obstacles(&service, &text).await;
    assert!(matches!(all[..], [Obstacle::NotAsked { .. }]), "{all:?}");
    provisioned(&service, &text, true).await;
    assert_eq!(service.titles().await, titles);
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
    assert!(
        matches!(
            all[..],
            [Obstacle::Differs {
                production: Some(_),
                ..
            }]
        ),
        "{all:?}"
    );
    let own = format!("{top}[env.preview]\nkv_namespaces = [{{ binding = \"A\" }}]\n");
    let (text, _) = provisioned(&service, &own, false).await;
    let places = [live, preview].map(|id| text.find(id).unwrap());
    assert!(places[0] < places[1], "{text}");
}

#[tokio::test]
async fn what_previews_alone_bind_is_not_taken_for_production() {
    let service = Service::new();
    let preview = service.create("p").await;
    let made = service.emulator.create_project(
        &service.account,
        "bio",
        &[],
        &[("A", preview.as_str()), ("B", preview.as_str())],
    );
    made.unwrap();
    let top = "name = \"bio\"\npages_build_output_dir = \"dist\"\n\
               kv_namespaces = [{ binding = \"A\" }]\n";
    let document = document(top);
    let scopes = [&document.project().top];
    let hint_of = async |named: &[&str]| {
        let refused = decided_for(&service, &document, &scopes, named, false).await;
        let error = refused.unwrap_err();
        assert!(
            error.to_string().contains("only previews bind it"),
            "{error}"
        );
        error.hint().unwrap().to_string()
    };
    let hint = hint_of(&[]).await;
    assert!(
        hint.starts_with("run `kvctl provision --env preview --add-env`"),
        "{hint}"
    );
    // A binding that the file does not have is named, and so are the others: they would be lost.
    let hint = hint_of(&["B"]).await;
    assert!(
        hint.starts_with("run `kvctl provision A B --env preview --add-env`"),
        "{hint}"
    );

    let found = selected(&service, top, Section::TOP).await;
    assert!(
        matches!(
            found,
            Err(Error::TwoDeployed {
                production: None,
                ..
            })
        ),
        "{found:?}"
    );
}

#[tokio::test]
async fn what_production_alone_binds_is_adopted_with_a_note_about_previews() {
    let service = Service::new();
    let live = service.create("l").await;
    let bound = [("A", live.as_str())];
    let made = service
        .emulator
        .create_project(&service.account, "bio", &bound, &[]);
    made.unwrap();
    let top = "name = \"bio\"\npages_build_output_dir = \"dist\"\n\
               kv_namespaces = [{ binding = \"A\" }]\n";
    let (said, _) = selected(&service, top, Section::TOP).await.unwrap();
    let expected =
        format!("`A` (top level, id from the Pages project's production environment: {live})");
    assert_eq!(said, expected);
    let plan = decided(&service, &document(top), false).await.unwrap();
    assert!(
        matches!(plan.remarks[..], [plan::Remark::PagesWillShare(_)]),
        "{:?}",
        plan.remarks
    );
    let (text, origin) = provisioned(&service, top, false).await;
    assert_eq!(origin, [IdOrigin::Deployed]);
    assert!(text.contains(live.as_str()), "{text}");
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

const PROD: &str = "name = \"bio\"\n[env.Prod]\nkv_namespaces = [{ binding = \"A\" }]\n";

#[tokio::test]
async fn a_name_that_no_worker_can_have_is_refused_and_not_asked_for() {
    let service = Service::new();
    let document = document(PROD);
    let scopes = [&document.project().environments[0]];
    let refused = decided_for(&service, &document, &scopes, &[], false).await;
    let error = refused.unwrap_err();
    assert_eq!(error.classify().class, ErrorClass::Config);
    let said = format!("{error}; {}", error.hint().unwrap());
    insta::assert_snapshot!(said, @"no title can be derived for binding `A`: environment `Prod` (line 2) makes the Worker's name `bio-Prod`, which cannot be the name of a Worker; give environment `Prod` a `name` of lower-case letters, digits, dashes and underscores, or rename it; or pass a title: `kvctl provision A=TITLE --env Prod`");
    let titled = decided_for(&service, &document, &scopes, &["A=own"], false).await;
    assert_eq!(titled.unwrap().creates().len(), 1);

    let selected = selected(&service, PROD, section("Prod")).await;
    let Err(error @ Error::NoId { .. }) = selected else {
        panic!("{selected:?}");
    };
    let said = format!("{error}; {}", error.hint().unwrap());
    assert!(
        said.contains("`bio-Prod`") && said.contains("--env Prod"),
        "{said}"
    );

    let deployments = Deployments::new(&service.client, &service.account);
    let id = GONE.parse().unwrap();
    let bound = Holders::of(&deployments, document.project(), &id).await;
    assert_eq!(bound.unwrap().unasked, []);
    let asked = service.count("GET", "/Prod") + service.count("GET", "bio-Prod");
    assert_eq!(asked, 0);
}

#[tokio::test]
async fn a_placeholder_for_a_binding_is_not_provisioned_and_not_asked_for() {
    let service = Service::new();
    let text = "name = \"bio\"\nkv_namespaces = [\n{ binding = \"<A>\" }]\n";
    let document = document(text);
    let project = document.project();
    let error = desired_bindings(project, &[&project.top], &[], None).unwrap_err();
    assert_eq!(error.classify().class, ErrorClass::Config);
    let said = format!("{error}; {}", error.hint().unwrap());
    let said = said.replace(&*shell_quoted("<A>"), "'<A>'");
    insta::assert_snapshot!(said, @"`<A>` (line 3) is a placeholder for the name of a binding; write the name that the Worker uses: `kvctl rename-binding '<A>' NAME`");
    let resolver = Resolver::new(&service.client, &service.account, Some(&document), false);
    let found = resolver.in_use(&Section::TOP, &binding("<A>")).await;
    assert!(
        matches!(
            found,
            Err(Error::NoId {
                why: NoIdReason::Placeholder,
                ..
            })
        ),
        "{found:?}"
    );
    assert_eq!(service.emulator.log().len(), 0);
}

fn shared(decided: Result<Plan, plan::Error>) -> String {
    match decided {
        Err(plan::Error::Refused(refusals)) if matches!(refusals[..], [Refusal::Shared { .. }]) => {
            refusals[0].to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_namespace_that_something_else_binds_is_not_adopted_by_its_title() {
    // Another binding of the Worker, which is not asked for.
    let service = Service::new();
    let id = service.create("bio-B").await;
    service.deploy("bio", &[("A", id.as_str())]);
    let two = document(TWO);
    let top = [&two.project().top];
    let said = shared(decided_for(&service, &two, &top, &["B"], false).await);
    assert!(said.contains("`A` of the deployed Worker `bio`"), "{said}");
    let given = decided_for(&service, &two, &top, &["B=bio-B"], false).await;
    assert!(given.unwrap().is_pending());

    // Another Worker of the file.
    let service = Service::new();
    let id = service.create("bio-A").await;
    service.deploy("bio-s", &[("A", id.as_str())]);
    let text = "name = \"bio\"\nkv_namespaces = [{ binding = \"A\" }]\n\
                [env.s]\nkv_namespaces = [{ binding = \"A\" }]\n";
    let said = shared(decided(&service, &document(text), false).await);
    assert!(
        said.contains("`A` of the deployed Worker `bio-s`"),
        "{said}"
    );

    // The twin of another binding.
    let service = Service::new();
    let id = service.create("bio-B").await;
    let text = format!(
        "name = \"bio\"\nkv_namespaces = [{{ binding = \"A\", id = \"{id}\" }}, {{ binding = \"B\" }}]\n"
    );
    let two = document(&text);
    let said = shared(decided_for(&service, &two, &[&two.project().top], &["B"], false).await);
    assert!(said.contains("the id of `A` at the top level"), "{said}");
}

#[tokio::test]
async fn what_is_deployed_is_adopted_though_it_is_shared_with_a_note() {
    let service = Service::new();
    let id = service.create("x").await;
    service.deploy("bio", &[("A", id.as_str())]);
    let text = format!(
        "name = \"bio\"\nkv_namespaces = [{{ binding = \"A\" }}, {{ binding = \"B\", id = \"{id}\" }}]\n"
    );
    let plan = decided(&service, &document(&text), false).await.unwrap();
    let told = |remark: &plan::Remark| matches!(remark, plan::Remark::SharesDeployed { .. });
    assert!(plan.remarks.iter().any(told), "{:?}", plan.remarks);
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
        preview: None,
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
    assert!(matches!(source, Source::Deployed(..)));
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
            why: NoIdReason::Nameless(_),
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
