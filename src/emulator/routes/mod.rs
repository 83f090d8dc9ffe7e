//! Which path is what. Imports `domain`.
//!
//! By hand, on segments that were split before they were decoded: a router would split a key at
//! `%2F`, fold `//` and `..`, and so hide the very mistakes that clients make.

mod keys;
mod namespaces;
mod page;
mod people;
mod values;

use super::{
    Inner,
    answer::{Answer, Refusal},
    auth::Caller,
    config::Grant,
    request::Request,
};
use crate::{
    domain::{AccountId, NamespaceId},
    wire::code,
};

/// A namespace that the path names, though it may not exist.
struct Place<'a> {
    inner: &'a Inner,
    account: &'a AccountId,
    namespace: NamespaceId,
}

impl Place<'_> {
    /// Checks that the namespace exists; a refusal names the operation.
    fn check(&self, operation: &str) -> Result<(), Refusal> {
        namespaces::find(self.inner, self.account, &self.namespace, operation).map(drop)
    }
}

/// Answers a request.
pub(super) async fn answer(
    inner: &Inner,
    caller: Result<Caller<'_>, Refusal>,
    request: &Request,
) -> Result<Answer, Refusal> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match *segments {
        ["user", "tokens", "verify"] => {
            only("GET", request)?;
            people::verify_user_token(caller)
        }
        ["accounts"] => {
            only("GET", request)?;
            people::accounts(&caller?, request)
        }
        ["memberships"] => {
            only("GET", request)?;
            people::memberships(&caller?, request)
        }
        ["accounts", account, ref rest @ ..] => {
            let caller = caller?;
            let known = inner.config.accounts.iter().map(|known| &known.id);
            let id: Option<AccountId> = account.parse().ok();
            let account = known.into_iter().find(|known| id.as_ref() == Some(known));
            let account = account.ok_or_else(|| Refusal::no_account(&request.path))?;
            in_account(inner, &caller, account, request, rest).await
        }
        _ => {
            caller?;
            Err(Refusal::no_route())
        }
    }
}

async fn in_account(
    inner: &Inner,
    caller: &Caller<'_>,
    account: &AccountId,
    request: &Request,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    match *rest {
        ["tokens", "verify"] => {
            only("GET", request)?;
            people::verify_account_token(caller, account)
        }
        ["storage", "kv", "namespaces"] => {
            let grant = grant(request, &["GET", "POST"])?;
            caller.may(account, grant)?;
            match grant {
                Grant::Write => namespaces::create(inner, account, request),
                Grant::Read | Grant::None => namespaces::list(inner, account, request),
            }
        }
        ["storage", "kv", "namespaces", ref rest @ ..] => {
            in_namespace(inner, caller, account, request, rest).await
        }
        _ => Err(Refusal::no_route()),
    }
}

async fn in_namespace(
    inner: &Inner,
    caller: &Caller<'_>,
    account: &AccountId,
    request: &Request,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    let method = request.method.as_str();
    // The bulk routes belong into this table, and only here: `bulk`, `bulk/delete`, `bulk/get`.
    let methods: &[&str] = match *rest {
        [""] | [_, "values" | "metadata", ""] => return Err(Refusal::empty_segment(method)),
        [_] | [_, "values", _] => &["GET", "PUT", "DELETE"],
        [_, "keys"] | [_, "metadata", _] => &["GET"],
        _ => return Err(Refusal::no_route()),
    };
    caller.may(account, grant(request, methods)?)?;
    let place = Place {
        inner,
        account,
        namespace: namespace(rest)?,
    };
    match (method, rest) {
        ("GET", [_]) => namespaces::get(&place),
        ("PUT", [_]) => namespaces::rename(&place, request),
        ("DELETE", [_]) => namespaces::delete(&place),
        ("GET", [_, "keys"]) => keys::list(&place, request),
        ("GET", [_, "values", key]) => values::get(&place, key),
        ("PUT", [_, "values", key]) => values::put(&place, key, request).await,
        ("DELETE", [_, "values", key]) => values::delete(&place, key),
        ("GET", [_, "metadata", key]) => values::metadata(&place, key),
        _ => Err(Refusal::no_route()),
    }
}

fn namespace(rest: &[&str]) -> Result<NamespaceId, Refusal> {
    let text = rest.first().copied().unwrap_or_default();
    text.parse().ok().ok_or_else(|| {
        let text = format!(
            "could not parse UUID from request's namespace_id: 'invalid namespace format: {text}'"
        );
        Refusal::new(400, code::MALFORMED_NAMESPACE_ID, text)
    })
}

/// Returns what a request needs to be allowed, provided its method is one of `methods`.
fn grant(request: &Request, methods: &[&str]) -> Result<Grant, Refusal> {
    match request.method.as_str() {
        method if !methods.contains(&method) => Err(Refusal::method(method)),
        "GET" => Ok(Grant::Read),
        _ => Ok(Grant::Write),
    }
}

fn only(method: &str, request: &Request) -> Result<(), Refusal> {
    grant(request, &[method]).map(drop)
}
