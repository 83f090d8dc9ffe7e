//! Which account is used where the service has to be asked.

use super::{ACCOUNT, Service, client, named_account};
use crate::{
    emulator::{Action, Answer, Fault, Token},
    ops::account::{AccountSources, Error, Origin},
};

const OTHER: &str = "ffffffffffffffffffffffffffffff00";

fn two_accounts() -> Service {
    Service::with(|mut config| {
        config.accounts.push(named_account(OTHER, "Geo"));
        let reaching =
            |token: &str, ids: &[&str]| Token::new(token, ids.iter().map(|id| id.parse().unwrap()));
        config.access = crate::emulator::Access::Tokens(vec![
            reaching("both", &[ACCOUNT, OTHER]),
            reaching("second", &[OTHER]),
        ]);
        config
    })
}

#[tokio::test]
async fn the_only_account_that_is_reached_is_taken() {
    let service = two_accounts();
    let second = client(service.running.base_url(), "second");
    let choice = AccountSources::default().resolve(&second).await.unwrap();
    assert_eq!(choice.id.to_string(), OTHER);
    assert_eq!(choice.origin, Origin::Only);
}

#[tokio::test]
async fn none_of_several_accounts_is_guessed() {
    let service = two_accounts();
    let both = client(service.running.base_url(), "both");
    let error = AccountSources::default().resolve(&both).await.unwrap_err();
    assert!(matches!(&error, Error::Several(accounts) if accounts.len() == 2));
    let said = error.to_string();
    assert!(said.contains("Bio") && said.contains("Geo"), "{said}");
}

#[tokio::test]
async fn an_account_that_is_named_is_not_asked_for() {
    let service = two_accounts();
    let sources = AccountSources {
        variable: Some(("CLOUDFLARE_ACCOUNT_ID".to_owned(), OTHER)),
        ..AccountSources::default()
    };
    let choice = sources.resolve(&service.client).await.unwrap();
    assert_eq!(
        choice.origin,
        Origin::Variable("CLOUDFLARE_ACCOUNT_ID".to_owned())
    );
    assert_eq!(service.emulator.log().len(), 0);
}

#[tokio::test]
async fn a_variable_that_is_no_id_is_an_error_and_not_passed_over() {
    let service = Service::new();
    let sources = AccountSources {
        variable: Some(("CLOUDFLARE_ACCOUNT_ID".to_owned(), "mine")),
        ..AccountSources::default()
    };
    let error = sources.resolve(&service.client).await.unwrap_err();
    assert!(matches!(error, Error::Variable { .. }), "{error}");
}

#[tokio::test]
async fn accounts_that_cannot_be_listed_are_not_none() {
    let service = Service::new();
    let broken = Action::Answer(Answer::new(500, ""));
    service
        .emulator
        .fault(Fault::new("GET", "/accounts", broken).forever());
    let error = AccountSources::default().resolve(&service.client).await;
    assert!(matches!(error, Err(Error::Api(_))), "{error:?}");
}
