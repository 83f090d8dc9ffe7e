//! Who is asking, as the client learns it from the service.

use std::{sync::Arc, time::Duration};

use kvctl::{
    api::{Client, Credentials, ExtraHeaders, Settings, VerifyToken},
    domain::{AccountId, ErrorClass},
    emulator::{Config, Emulator, Token, TokenKind, spawn},
    wire::Account,
};

fn client(base: &str, token: &str) -> Client {
    let settings = Settings {
        base: base.parse().unwrap(),
        credentials: Credentials::Token(Credentials::secret(token).unwrap()),
        headers: ExtraHeaders::default(),
        timeout: Duration::from_secs(5),
        retries: 0,
        backoff: Duration::ZERO,
        trust: kvctl::api::Trust::default(),
        now: kvctl::env::now,
        proxied: false,
    };
    Client::new(settings, Arc::new(())).unwrap()
}

#[tokio::test]
async fn a_token_is_verified_where_its_owner_is() {
    let id: AccountId = "0a1b2c3d4e5f60718293a4b5c6d7e8f9".parse().unwrap();
    let account = Account {
        id: id.clone(),
        name: "Bio".to_owned(),
    };
    let tokens = vec![
        Token::new("users", [id.clone()]),
        Token::new("accounts", [id.clone()]).kind(TokenKind::AccountOwned),
    ];
    let clock = Arc::new(|| kvctl::env::now().as_second());
    let running = spawn(Emulator::new(Config::remote(
        vec![account.clone()],
        tokens,
        clock,
    )))
    .unwrap();

    let users = client(running.base_url(), "users");
    assert_eq!(
        users
            .send(&VerifyToken { account: None })
            .await
            .unwrap()
            .status,
        "active"
    );
    let seen = users.accounts().await.unwrap();
    assert_eq!(seen.iter().map(|a| &a.id).collect::<Vec<_>>(), [&id]);

    // The user endpoint knows nothing of a token that an account owns.
    let accounts = client(running.base_url(), "accounts");
    let error = accounts
        .send(&VerifyToken { account: None })
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Denied);
    let verified = accounts
        .send(&VerifyToken { account: Some(&id) })
        .await
        .unwrap();
    assert_eq!(verified.status, "active");

    let stranger = client(running.base_url(), "nobody");
    let error = stranger.accounts().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Denied);
}
