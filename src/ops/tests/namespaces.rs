//! Creating and deleting where answers are lost: never two of one, and nothing claimed.

use super::Service;
use crate::{
    domain::Jurisdiction,
    emulator::{Action, Answer, Fault},
    ops::namespaces::{create_or_find, delete},
};

async fn create(service: &Service, title: &str) -> Result<(String, bool), crate::api::Error> {
    let title = title.parse().unwrap();
    let outcome = create_or_find(&service.client, &service.account, &title, None).await?;
    Ok((outcome.namespace.id.to_string(), outcome.created))
}

#[tokio::test]
async fn a_title_that_was_taken_meanwhile_is_anothers() {
    let service = Service::new();
    let id = service.create("one").await.to_string();
    assert_eq!(create(&service, "one").await.unwrap(), (id, false));
    assert_eq!(service.titles().await, ["one"]);
}

#[tokio::test]
async fn what_another_made_outside_the_jurisdiction_is_not_taken() {
    let service = Service::new();
    service.create("one").await;
    let create_in = async |title: &str, jurisdiction| {
        let title = title.parse().unwrap();
        let (client, account) = (&service.client, &service.account);
        create_or_find(client, account, &title, Some(jurisdiction)).await
    };
    assert!(create_in("two", Jurisdiction::Us).await.unwrap().created);
    assert!(create_in("one", Jurisdiction::Eu).await.is_err());
    assert!(create_in("two", Jurisdiction::Eu).await.is_err());
    assert!(!create_in("two", Jurisdiction::Us).await.unwrap().created);
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_ours() {
    for action in [
        Action::CutAfter,
        Action::CutBody,
        Action::AnswerAfter(Answer::new(502, "<html>")),
    ] {
        let service = Service::new();
        let fault = Fault::new("POST", "namespaces", action);
        service.emulator.fault(fault);
        let (id, created) = create(&service, "one").await.unwrap();
        assert!(created);
        assert_eq!(service.all().await[0].id.to_string(), id);
        assert_eq!(service.titles().await, ["one"]);
        assert_eq!(service.count("POST", "namespaces"), 1);
    }
}

#[tokio::test]
async fn a_creation_that_is_refused_is_not_looked_for() {
    let service = Service::new();
    let refused = Action::Answer(Answer::new(403, ""));
    let fault = Fault::new("POST", "namespaces", refused);
    service.emulator.fault(fault);
    assert!(create(&service, "one").await.is_err());
    assert_eq!(service.count("GET", "namespaces"), 0);
}

#[tokio::test]
async fn a_creation_that_never_arrived_is_an_error_without_retries() {
    let service = Service::new();
    let fault = Fault::new("POST", "namespaces", Action::CutBefore);
    service.emulator.fault(fault);
    assert!(create(&service, "one").await.is_err());
    assert_eq!(service.titles().await, [""; 0]);
}

#[tokio::test]
async fn a_creation_that_never_arrived_is_sent_again() {
    for action in [
        Action::CutBefore,
        Action::Answer(Answer::new(502, "<html>")),
    ] {
        let service = Service::new().retrying(2);
        service
            .emulator
            .fault(Fault::new("POST", "namespaces", action));
        let (_, created) = create(&service, "one").await.unwrap();
        assert!(created);
        assert_eq!(service.titles().await, ["one"]);
        assert_eq!(service.count("POST", "namespaces"), 2);
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_done() {
    let service = Service::new().retrying(2);
    let id = service.create("one").await;
    service
        .emulator
        .fault(Fault::new("DELETE", "namespaces", Action::CutAfter));
    delete(service.namespace(&id)).await.unwrap();
    assert_eq!(service.count("DELETE", "namespaces"), 2);
    assert_eq!(service.titles().await, [""; 0]);
}

#[tokio::test]
async fn what_was_not_there_is_not_said_to_be_deleted() {
    let service = Service::new();
    let id = service.create("one").await;
    delete(service.namespace(&id)).await.unwrap();
    assert!(delete(service.namespace(&id)).await.is_err());
}
