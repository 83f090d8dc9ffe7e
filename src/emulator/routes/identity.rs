//! Tokens, accounts and memberships. Imports `domain` and `wire`.

use secrecy::ExposeSecret as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::paginate;
use crate::{
    domain::{AccountId, hex},
    emulator::{
        answer::{Answer, Refusal},
        auth::Caller,
        config::{Token, TokenKind},
        request::Request,
    },
    wire::{Account, code},
};

/// `GET /user/tokens/verify`. Knows the tokens of users only.
pub(super) fn verify_user_token(caller: Result<Caller<'_>, Refusal>) -> Result<Answer, Refusal> {
    let caller = caller.map_err(Refusal::or_invalid_token)?;
    match caller.token {
        Some(token) if token.kind != TokenKind::User => Err(invalid_token()),
        token => Ok(active(token)),
    }
}

/// `GET /accounts/{id}/tokens/verify`. Knows the tokens of the account only.
pub(super) fn verify_account_token(
    caller: &Caller<'_>,
    account: &AccountId,
) -> Result<Answer, Refusal> {
    match caller.token {
        Some(token)
            if token.kind != TokenKind::AccountOwned || !token.accounts.contains(account) =>
        {
            Err(invalid_token())
        }
        token => Ok(active(token)),
    }
}

fn invalid_token() -> Refusal {
    Refusal::new(401, 1000, "Invalid API Token")
}

fn active(token: Option<&Token>) -> Answer {
    let text = token.map_or("", |token| token.text.expose_secret());
    Answer::envelope(
        200,
        &json!({
            "result": { "id": id_of(text), "status": "active" },
            "success": true,
            "errors": [],
            "messages": [{
                "code": 10000,
                "message": "This API Token is valid and active",
                "type": null,
            }],
        }),
    )
}

/// `GET /accounts`.
pub(super) fn accounts(caller: &Caller<'_>, request: &Request) -> Result<Answer, Refusal> {
    let mut accounts = caller.accounts();
    if let Some(name) = request.query("name") {
        accounts.retain(|account| account.name.contains(name));
    }
    let items = accounts.into_iter().map(item).collect();
    paginate::<serde_json::Value>(items, request, 50)
}

/// `GET /accounts/{id}`.
pub(super) fn account(caller: &Caller<'_>, account: &AccountId) -> Result<Answer, Refusal> {
    let accounts = caller.accounts();
    let found = accounts.into_iter().find(|known| known.id == *account);
    let found = found.ok_or_else(Refusal::forbidden)?;
    Ok(Answer::result(item(found)))
}

/// `GET /user`. Tokens of accounts belong to no user.
pub(super) fn user(caller: &Caller<'_>) -> Result<Answer, Refusal> {
    if caller.is_account_owned() {
        let text = "Unauthorized to access requested resource";
        return Err(Refusal::new(403, code::INVALID_ACCESS_TOKEN, text));
    }
    let email = match caller.token.map(|token| &token.kind) {
        Some(TokenKind::GlobalKey { email }) => email,
        _ => "user@example.com",
    };
    Ok(Answer::result(json!({
        "id": id_of(&format!("user {email}")),
        "email": email,
        "first_name": null,
        "last_name": null,
        "two_factor_authentication_enabled": false,
        "suspended": false,
    })))
}

fn item(account: &Account) -> serde_json::Value {
    json!({
        "id": account.id,
        "name": account.name,
        "type": "standard",
        "settings": { "enforce_twofactor": false },
        "created_on": "2024-01-01T00:00:00.000000Z",
    })
}

/// `GET /memberships`. A user's matter: the tokens of accounts are turned away.
pub(super) fn memberships(caller: &Caller<'_>, request: &Request) -> Result<Answer, Refusal> {
    if caller.is_account_owned() {
        let text = "Authentication failed (status: 400)";
        return Err(Refusal::new(400, code::NO_CREDENTIALS, text));
    }
    let membership = |account: &Account| {
        json!({
            "id": id_of(&format!("membership {}", account.id)),
            "status": "accepted",
            "account": item(account),
            "roles": ["Administrator"],
            "permissions": {},
            "api_access_enabled": null,
        })
    };
    let items = caller.accounts().into_iter().map(membership).collect();
    paginate::<serde_json::Value>(items, request, 50)
}

fn id_of(text: &str) -> String {
    hex(&Sha256::digest(text)[..16])
}
