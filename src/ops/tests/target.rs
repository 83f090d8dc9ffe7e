//! Which namespace a selector means.

use super::{Service, binding, document};
use crate::{
    config::Field,
    domain::Section,
    emulator::{Action, Answer, Fault},
    ops::{
        target::{Error, Resolver, Selector, bindings},
        usage::bound_targets,
    },
    wire::NamespaceInfo,
};

const ID: &str = "0f2ac74b498b48028cb68387c421e279";
const PREVIEW: &str = "7d0c3b9e4a514c5ab9c1f0a4d2e35b61";

fn file() -> String {
    format!(
        "name = \"bio\"\n[[kv_namespaces]]\nbinding = \"CACHE\"\nid = \"{ID}\"\n\
         preview_id = \"{PREVIEW}\"\n[[kv_namespaces]]\nbinding = \"SESSIONS\"\nid = \"<id>\"\n\
         [env.staging]\n[[env.staging.kv_namespaces]]\nbinding = \"CACHE\"\nid = \"{PREVIEW}\"\n\
         [env.empty]\n"
    )
}

fn bound(name: &str, section: Option<&str>, preview: bool) -> Selector {
    Selector::Binding {
        section: section.map_or(Section::TOP, super::section),
        binding: binding(name),
        preview: preview.then_some(true),
    }
}

impl Service {
    async fn find(&self, selector: &Selector) -> Result<NamespaceInfo, Error> {
        let resolver = Resolver::new(&self.client, &self.account, None, false);
        Ok(resolver.find(selector).await?.1)
    }
}

/// The id that a selector leads to without that the service is asked for the namespace.
async fn located(service: &Service, selector: Selector, local: bool) -> Result<String, Error> {
    let document = document(&file());
    let resolver = Resolver::new(&service.client, &service.account, Some(&document), local);
    Ok(resolver.locate(&selector).await?.id.to_string())
}

#[tokio::test]
async fn an_id_and_a_binding_cost_no_request() {
    let service = Service::new();
    let id = Selector::Id(ID.parse().unwrap());
    assert_eq!(located(&service, id, false).await.unwrap(), ID);
    let binding = bound("CACHE", None, false);
    assert_eq!(located(&service, binding, false).await.unwrap(), ID);
    assert_eq!(service.emulator.log().len(), 0);
}

#[tokio::test]
async fn a_namespace_that_is_not_there_is_not_found_by_its_id() {
    let service = Service::new();
    let selector = Selector::Id(ID.parse().unwrap());
    let found = service.find(&selector).await;
    assert!(matches!(found, Err(Error::Api(_))), "{found:?}");
}

#[tokio::test]
async fn a_title_is_meant_exactly() {
    let service = Service::new();
    for title in ["cache-2", "cache", "old-cache"] {
        service.create(title).await;
    }
    let selector = Selector::Title("cache".to_owned());
    let found = service.find(&selector).await;
    assert_eq!(found.unwrap().title, "cache");
}

#[tokio::test]
async fn a_title_in_other_letters_is_suggested_and_not_taken() {
    let service = Service::new();
    for title in ["Cache", "a-cache", "b-cache", "c-cache", "other"] {
        service.create(title).await;
    }
    let selector = Selector::Title("cache".to_owned());
    let found = service.find(&selector).await;
    let Err(Error::NoTitle { similar, .. }) = found else {
        panic!("{found:?}");
    };
    assert_eq!(similar, ["Cache", "b-cache", "c-cache"]);
}

#[tokio::test]
async fn a_preview_is_another_namespace_and_is_never_made_up() {
    let service = Service::new();
    let preview = bound("CACHE", None, true);
    assert_eq!(located(&service, preview, false).await.unwrap(), PREVIEW);
    let without = bound("CACHE", Some("staging"), true);
    let found = located(&service, without, false).await;
    assert!(
        matches!(
            found,
            Err(Error::NoId {
                field: Field::PreviewId,
                ..
            })
        ),
        "{found:?}"
    );
}

/// As `wrangler dev` has it.
#[tokio::test]
async fn the_local_store_takes_the_preview_where_there_is_one() {
    let service = Service::new();
    let both = bound("CACHE", None, false);
    assert_eq!(located(&service, both, true).await.unwrap(), PREVIEW);
    let only_id = bound("CACHE", Some("staging"), false);
    assert_eq!(located(&service, only_id, true).await.unwrap(), PREVIEW);
}

#[tokio::test]
async fn a_binding_is_looked_for_in_its_section_only() {
    let service = Service::new();
    let selector = bound("CACHE", Some("empty"), false);
    let found = located(&service, selector, false).await.unwrap_err();
    insta::assert_snapshot!(found, @"wrangler.toml has no binding `CACHE` in environment `empty`; it has none");
    let found = located(&service, bound("NOPE", None, false), false).await;
    insta::assert_snapshot!(found.unwrap_err(), @"wrangler.toml has no binding `NOPE` at the top level; it has CACHE, SESSIONS");
    let unknown = located(&service, bound("CACHE", Some("prod"), false), false).await;
    assert!(matches!(unknown, Err(Error::Config(_))), "{unknown:?}");
}

#[test]
fn bindings_to_choose_from_are_those_of_the_section() {
    let document = document(&file());
    let names = |section: Option<&str>| {
        let found = bindings(&document, &section.map_or(Section::TOP, super::section)).unwrap();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(names(None), ["CACHE", "SESSIONS"]);
    assert_eq!(names(Some("staging")), ["CACHE"]);
    assert_eq!(names(Some("empty")), [""; 0]);
}

#[tokio::test]
async fn a_title_that_several_namespaces_have_names_none_of_them() {
    let service = Service::new();
    let list = format!(
        r#"{{"success":true,"errors":[],"messages":[],"result":[{{"id":"{ID}","title":"x"}},{{"id":"{PREVIEW}","title":"x"}}],"result_info":{{"page":1,"per_page":100,"count":2,"total_count":2}}}}"#
    );
    let answer = Action::Answer(Answer::new(200, list));
    service
        .emulator
        .fault(Fault::new("GET", "/namespaces", answer).forever());
    let found = service.find(&Selector::Title("x".to_owned())).await;
    let said = found.unwrap_err().to_string();
    assert!(said.contains(ID) && said.contains(PREVIEW), "{said}");
}

/// What JSON says of the namespace of a selector.
async fn shown(service: &Service, text: &str, selector: Selector, local: bool) -> String {
    let document = document(text);
    let resolver = Resolver::new(&service.client, &service.account, Some(&document), local);
    let target = resolver.locate(&selector).await.unwrap();
    serde_json::to_string(&target).unwrap().replace(ID, "ID")
}

#[tokio::test]
async fn json_has_one_shape_for_a_namespace() {
    let service = Service::new();
    let text = format!(
        "name = \"bio\"\n[[kv_namespaces]]\nbinding = \"N\"\n[env.previews]\nkv_namespaces = \
         [{{ binding = \"N\", id = \"{ID}\" }}]\n[previews]\nkv_namespaces = \
         [{{ binding = \"N\", id = \"{ID}\" }}]\n"
    );
    service.deploy("bio", &[("N", ID)]);
    let previews = Selector::Binding {
        section: Section::TOP.previews(),
        binding: binding("N"),
        preview: None,
    };
    let cases = [
        (bound("N", None, false), false),
        (bound("N", Some("previews"), false), false),
        (previews, false),
        (bound("N", None, false), true),
        (Selector::Id(ID.parse().unwrap()), false),
    ];
    let mut all = Vec::new();
    for (selector, local) in cases {
        all.push(shown(&service, &text, selector, local).await);
    }
    insta::assert_snapshot!(all.join("\n"), @r#"
    {"id":"ID","binding":"N","environment":null,"source":"deployed_worker"}
    {"id":"ID","binding":"N","environment":"previews","source":"file"}
    {"id":"ID","binding":"N","environment":null,"previews":true,"source":"file"}
    {"id":"N","binding":"N","environment":null,"source":"binding_name","local":true}
    {"id":"ID","source":"id"}
    "#);
}

#[tokio::test]
async fn previews_have_nothing_in_the_local_store() {
    let service = Service::new();
    let document = document(&format!(
        "[previews]\nkv_namespaces = [{{ binding = \"N\", id = \"{ID}\" }}]\n"
    ));
    let resolver = Resolver::new(&service.client, &service.account, Some(&document), true);
    let selector = Selector::Binding {
        section: Section::TOP.previews(),
        binding: binding("N"),
        preview: None,
    };
    let refused = resolver.locate(&selector).await.unwrap_err();
    insta::assert_snapshot!(refused, @"wrangler.toml:2:18: binding `N` in `previews`: `wrangler preview` does not use the local store, and `wrangler dev` does not use `previews`");
}

/// The bindings of a project, as `usage` names them.
async fn used(service: &Service, text: &str) -> (Vec<String>, usize) {
    let document = document(text);
    let resolver = Resolver::new(&service.client, &service.account, Some(&document), false);
    let bound = bound_targets(&resolver, &document, false).await;
    let named = bound.targets.iter().map(ToString::to_string);
    (named.collect(), bound.unknown.len())
}

#[tokio::test]
async fn usage_names_what_is_deployed_and_does_not_fail_without() {
    let text = format!(
        "name = \"bio\"\nkv_namespaces = [{{ binding = \"N\" }}, {{ binding = \"I\", id = \
         \"{ID}\", preview_id = \"{PREVIEW}\" }}, {{ binding = \"M\" }}]\n"
    );
    let service = Service::new();
    service.deploy("bio", &[("N", ID)]);
    let (named, unknown) = used(&service, &text).await;
    assert_eq!(named.len(), 3, "{named:?}");
    assert!(named[0].starts_with("`N` (top level, id from the deployed Worker"));
    assert_eq!(unknown, 0);
    assert_eq!(service.count("GET", "/settings"), 1);

    let service = super::deployed::forbidding();
    let (named, unknown) = used(&service, &text).await;
    assert_eq!((named.len(), unknown), (2, 1), "{named:?}");
    assert_eq!(service.count("GET", "/settings"), 1);
}
