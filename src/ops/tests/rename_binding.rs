//! Renaming a binding: in the file, and the title of its namespace after it.

use super::{Service, binding, document};
use crate::{
    config::Document,
    emulator::{Action, Answer, Fault},
    ops::{
        rename_binding::{Error, Renaming, check_old_name, edits, plan, retitle, retitlings},
        target::Resolver,
    },
};

const ID: &str = "0f2ac74b498b48028cb68387c421e279";

fn file(id: &str) -> String {
    format!(
        "name = \"bio\" # ours\n\n[[kv_namespaces]]\nbinding = \"OLD\" # here\nid = \"{id}\"\n\n\
         [[kv_namespaces]]\nbinding = \"OTHER\"\nid = \"7d0c3b9e4a514c5ab9c1f0a4d2e35b61\"\n\n\
         [vars]\nWORD = \"1\"\n"
    )
}

fn planned(document: &Document, new: &str) -> Result<Vec<Renaming>, Error> {
    let scopes: Vec<_> = document.project().scopes().collect();
    plan(document, &scopes, &binding("OLD"), &binding(new))
}

#[test]
fn the_name_changes_and_no_other_byte() {
    let document = document(&file(ID));
    let renamings = planned(&document, "NEW").unwrap();
    let text = document.edit(&edits(&renamings, &binding("NEW"))).unwrap();
    assert_eq!(text, file(ID).replace("\"OLD\"", "\"NEW\""));
    assert_eq!(renamings[0].title.as_str(), "bio-NEW");
}

#[test]
fn a_name_that_is_in_use_is_refused_with_its_line() {
    let document = document(&file(ID));
    let line = |new: &str| match planned(&document, new) {
        Err(Error::Taken { line, kind, .. }) => (line, kind),
        other => panic!("{other:?}"),
    };
    assert_eq!(line("OTHER"), (7, "kv_namespaces".to_owned()));
    assert_eq!(line("WORD"), (12, "vars".to_owned()));
}

#[test]
fn a_name_that_code_cannot_use_is_refused() {
    let renamed = planned(&document(&file(ID)), "my-kv");
    assert!(matches!(renamed, Err(Error::NotAnIdentifier(_))));
}

#[test]
fn a_binding_that_is_not_there_is_told_from_one_renamed_before() {
    let absent = file(ID).replace("OLD", "THIRD");
    let Err(Error::Absent { known, .. }) = planned(&document(&absent), "NEW") else {
        panic!("it is not there");
    };
    assert_eq!(known, ["THIRD", "OTHER"].map(binding));
    let before = document(&file(ID).replace("OLD", "NEW"));
    let renamings = planned(&before, "NEW").unwrap();
    assert!(renamings[0].done);
    assert_eq!(edits(&renamings, &binding("NEW")), []);
}

#[test]
fn a_slip_of_another_binding_is_told_from_a_second_run() {
    let text = "kv_namespaces = [{ binding = \"SESSIONS\" }, { binding = \"KV_2\" }, { binding = \"NEW\" }]\n\
                [env.a]\nkv_namespaces = [{ binding = \"SESSION\" }]\n";
    let document = document(text);
    let scopes = [document.project().scopes().next().unwrap()];
    let meant = |old: &str| match check_old_name(&document, &scopes, &binding(old), &binding("NEW"))
    {
        Ok(()) => None,
        Err(Error::Mistyped { meant, .. }) => Some(meant.to_string()),
        Err(other) => panic!("{other:?}"),
    };
    for slip in ["SESIONS", "SESSOINS", "sessions"] {
        assert_eq!(meant(slip).as_deref(), Some("SESSIONS"), "{slip}");
    }
    for other in ["LOGINS", "KV_1", "NEW", "NWE", "NEWW", "SESSION"] {
        assert_eq!(meant(other), None, "{other}");
    }
}

#[test]
fn sections_without_the_binding_are_passed_over() {
    let staging = "[env.a]\n[env.b]\nkv_namespaces = [{ binding = \"OLD\" }]\n";
    let document = document(&(file(ID) + staging));
    let renamings = planned(&document, "NEW").unwrap();
    let places: Vec<_> = renamings.iter().map(|it| it.section.label()).collect();
    assert_eq!(places, [None, Some("b".to_owned())]);
    assert_eq!(renamings[1].title.as_str(), "bio-b-NEW");
}

async fn titled(service: &Service, text: &str) -> Result<(), Error> {
    let document = document(text);
    let renamings = planned(&document, "NEW").unwrap();
    let existing = service.all().await;
    let account = &service.account;
    let resolver = Resolver::new(&service.client, account, Some(&document), false);
    let all = retitlings(&resolver, &document, &renamings, account, &existing).await?;
    retitle(&service.client, account, &all.changed).await
}

#[tokio::test]
async fn the_title_follows_and_the_id_stays() {
    let service = Service::new();
    let id = service.create("bio-OLD").await;
    titled(&service, &file(id.as_str())).await.unwrap();
    let all = service.all().await;
    assert_eq!((&*all[0].title, &all[0].id), ("bio-NEW", &id));
    // Once more there is nothing to do.
    titled(&service, &file(id.as_str())).await.unwrap();
    assert_eq!(service.count("PUT", "namespaces"), 1);
}

#[tokio::test]
async fn titles_are_checked_before_any_is_given() {
    let service = Service::new();
    let (id, second) = (service.create("bio-OLD").await, service.create("b").await);
    service.create("bio-b-NEW").await;
    let staging =
        format!("[env.b]\nkv_namespaces = [{{ binding = \"OLD\", id = \"{second}\" }}]\n");
    let renamed = titled(&service, &(file(id.as_str()) + &staging)).await;
    assert!(
        matches!(renamed, Err(Error::TitleTaken { .. })),
        "{renamed:?}"
    );
    let unknown = titled(&service, &file(ID)).await;
    assert!(matches!(unknown, Err(Error::Unknown { .. })), "{unknown:?}");
    assert_eq!(service.count("PUT", "namespaces"), 0);
}

#[tokio::test]
async fn titles_that_were_given_before_a_failure_are_named() {
    let service = Service::new();
    let (id, second) = (service.create("a").await, service.create("b").await);
    let staging =
        format!("[env.b]\nkv_namespaces = [{{ binding = \"OLD\", id = \"{second}\" }}]\n");
    let refused = Action::Answer(Answer::new(403, ""));
    service
        .emulator
        .fault(Fault::new("PUT", "namespaces", refused).after(1));
    let renamed = titled(&service, &(file(id.as_str()) + &staging)).await;
    let Err(Error::Partial { done, title, .. }) = renamed else {
        panic!("{renamed:?}");
    };
    assert_eq!(
        (done, title.as_str()),
        (vec!["`bio-NEW`".to_owned()], "bio-b-NEW")
    );
}

#[tokio::test]
async fn a_namespace_of_two_sections_is_titled_once() {
    let service = Service::new();
    let id = service.create("bio-OLD").await;
    let staging = format!("[env.b]\nkv_namespaces = [{{ binding = \"OLD\", id = \"{id}\" }}]\n");
    titled(&service, &(file(id.as_str()) + &staging))
        .await
        .unwrap();
    assert_eq!(service.titles().await, ["bio-NEW"]);
    assert_eq!(service.count("PUT", "namespaces"), 1);
}
