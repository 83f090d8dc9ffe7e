//! Routing. Imports `domain` and `wire`.
//!
//! By hand, on segments that were split before they were decoded: a router would split a key at
//! `%2F`, fold `//` and `..`, and so hide the very mistakes that clients make.

mod analytics;
mod bulk;
mod capped;
mod form;
mod identity;
mod keys;
mod malformed;
mod namespaces;
mod pair;
mod projects;
mod upload;
mod values;
mod workers;

use super::{
    Inner,
    answer::{Answer, Refusal, published},
    auth::Caller,
    config::{Grant, Namespaces, Product},
    counters::{self, Action, Tally},
    request::Request,
};
use crate::{
    domain::{AccountId, BULK_MAX_BYTES, NamespaceId, VALUE_MAX_BYTES},
    wire::{ResultInfo, code},
};

/// The namespace in the path, which may not exist.
struct NamespaceTarget<'a> {
    inner: &'a Inner,
    account: &'a AccountId,
    /// Its name in the store: its id, or where any will do, any text.
    namespace: String,
}

impl<'a> NamespaceTarget<'a> {
    /// Reads the namespace in the path.
    ///
    /// `wrangler dev` stores the pairs of a binding under the id in the file, whatever it is, or
    /// under the binding's name. So where any namespace is accepted, any text is, verbatim, and
    /// elsewhere one that is known to be such a name.
    fn read(inner: &'a Inner, account: &'a AccountId, text: &str) -> Result<Self, Refusal> {
        let mut target = Self {
            inner,
            account,
            namespace: text.to_owned(),
        };
        if text.is_empty() || !(target.is_any() || target.is_untitled()?) {
            target.namespace = target.folded()?;
        }
        Ok(target)
    }

    /// Returns its name from an id in whatever case: clients may fold ids, as the service does, and the
    /// wrangler file may have one in upper case.
    fn folded(&self) -> Result<String, Refusal> {
        let id = self.id()?;
        let titles = self.inner.registry.read()?;
        let entries = titles.of(self.owner());
        if entries.iter().any(|entry| entry.id == id) {
            return Ok(id.into());
        }
        let mut untitled = self.inner.untitled(&titles);
        let same = untitled.find(|name| name.as_str().eq_ignore_ascii_case(id.as_str()));
        Ok(same.cloned().unwrap_or(id).into())
    }

    /// Returns the account that its title is listed under.
    fn owner(&self) -> &AccountId {
        self.inner.owner(self.account)
    }

    fn is_any(&self) -> bool {
        self.inner.config.namespaces == Namespaces::Any
    }

    /// Whether the namespace has a known name and no title.
    fn is_untitled(&self) -> Result<bool, Refusal> {
        let titles = self.inner.registry.read()?;
        let mut untitled = self.inner.untitled(&titles);
        Ok(untitled.any(|name| name.as_str() == self.namespace))
    }

    /// Returns the namespace's id, if it has one.
    fn id(&self) -> Result<NamespaceId, Refusal> {
        self.namespace.parse().ok().ok_or_else(|| {
            let text = format!(
                "could not parse UUID from request's namespace_id: 'invalid namespace format: {}'",
                self.namespace
            );
            Refusal::new(400, code::MALFORMED_NAMESPACE_ID, text)
        })
    }

    /// Counts an operation on this many keys, or a list.
    fn count(&self, action: Action, keys: usize) {
        let tally = Tally {
            date: counters::day(self.inner.now()).to_string(),
            account: self.owner().clone(),
            namespace: self.namespace.clone(),
            action,
        };
        self.inner.counters.count(tally, keys);
    }

    /// Checks that the namespace can hold pairs; a refusal names the operation.
    fn check(&self, operation: &str) -> Result<(), Refusal> {
        if self.is_any() {
            return Ok(());
        }
        namespaces::find(self, operation).map(drop)
    }
}

/// The most that a Worker may upload, in bytes, before compression.
const UPLOAD_MAX_BYTES: usize = 64 * 1024 * 1024;

/// Returns how much of a body is read: somewhat more than is allowed, since forms add to it.
pub(super) fn body_limit(path: &str) -> usize {
    const ELSEWHERE: usize = 1024 * 1024;
    match body_kind(path) {
        BodyKind::Bulk => BULK_MAX_BYTES,
        BodyKind::Value => VALUE_MAX_BYTES + ELSEWHERE,
        BodyKind::Upload => UPLOAD_MAX_BYTES,
        BodyKind::Other => ELSEWHERE,
    }
}

/// Answers a request whose body was not read to the end, since it is so long at least.
pub(super) fn too_long(path: &str, length: usize) -> Result<Answer, Refusal> {
    if let BodyKind::Value = body_kind(path) {
        let code = published::PAYLOAD_TOO_LARGE;
        pair::check_length("Value", code, length, VALUE_MAX_BYTES, "put")?;
    }
    Ok(Answer::too_large())
}

/// What bodies for a path contain.
enum BodyKind {
    Bulk,
    Value,
    Upload,
    Other,
}

fn body_kind(path: &str) -> BodyKind {
    let mut segments = path.rsplit('/');
    match (segments.next(), segments.next()) {
        (Some("bulk"), _) | (_, Some("bulk")) => BodyKind::Bulk,
        (_, Some("values")) => BodyKind::Value,
        (Some("versions"), _) | (_, Some("scripts")) => BodyKind::Upload,
        _ => BodyKind::Other,
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
            identity::verify_user_token(caller)
        }
        ["accounts"] => {
            only("GET", request)?;
            identity::accounts(&caller?, request)
        }
        ["graphql"] => {
            only("POST", request)?;
            analytics::query(inner, &caller?, request).await
        }
        ["user"] => {
            only("GET", request)?;
            identity::user(&caller?)
        }
        ["memberships"] => {
            only("GET", request)?;
            identity::memberships(&caller?, request)
        }
        ["accounts", account, ref rest @ ..] => {
            let caller = caller?;
            let id: Option<AccountId> = account.parse().ok();
            let id = id.ok_or_else(|| Refusal::no_account(&request.path))?;
            let mut known = inner.config.accounts.iter().map(|known| &known.id);
            // Whether the accounts of others exist is not revealed.
            let account = known.find(|known| **known == id);
            let account = account.ok_or_else(Refusal::forbidden)?;
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
        [] => {
            only("GET", request)?;
            identity::account(caller, account)
        }
        ["workers", ref rest @ ..] => workers::answer(inner, caller, account, request, rest).await,
        ["pages", "projects", ref rest @ ..] => {
            projects::answer(inner, caller, account, request, rest)
        }
        ["tokens", "verify"] => {
            only("GET", request)?;
            identity::verify_account_token(caller, account)
        }
        ["storage", "kv", "namespaces"] => {
            match permit(caller, account, Product::Kv, request, &["GET", "POST"])? {
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
    let methods: &[&str] = match *rest {
        [""] | [_, "values" | "metadata", ""] => return Err(Refusal::empty_segment(method)),
        [_] | [_, "values", _] => &["GET", "PUT", "DELETE"],
        [_, "keys"] | [_, "metadata", _] => &["GET"],
        [_, "bulk"] => &["PUT", "DELETE"],
        [_, "bulk", "delete" | "get"] => &["POST"],
        _ => return Err(Refusal::no_route()),
    };
    let grant = match (grant(request, methods)?, rest) {
        // Reading, though it has a body.
        (_, [_, "bulk", "get"]) => Grant::Read,
        (grant, _) => grant,
    };
    caller.may(account, Product::Kv, grant)?;
    let target = NamespaceTarget::read(inner, account, rest.first().copied().unwrap_or_default())?;
    match (method, rest) {
        ("GET", [_]) => namespaces::get(&target),
        ("PUT", [_]) => namespaces::rename(&target, request),
        ("DELETE", [_]) => namespaces::delete(&target).await,
        ("GET", [_, "keys"]) => keys::list(&target, request).await,
        ("GET", [_, "values", key]) => values::get(&target, key).await,
        ("PUT", [_, "values", key]) => values::put(&target, key, request).await,
        ("DELETE", [_, "values", key]) => values::delete(&target, key).await,
        ("GET", [_, "metadata", key]) => values::metadata(&target, key).await,
        ("PUT", [_, "bulk"]) => bulk::put(&target, request).await,
        ("DELETE", [_, "bulk"]) | ("POST", [_, "bulk", "delete"]) => {
            bulk::delete(&target, request).await
        }
        ("POST", [_, "bulk", "get"]) => bulk::get(&target, request).await,
        _ => Err(Refusal::no_route()),
    }
}

/// Answers with the page of `items` that the request asks for; past the end it is empty.
fn paginate<T: serde::Serialize>(
    items: Vec<T>,
    request: &Request,
    most: usize,
) -> Result<Answer, Refusal> {
    let page = request.number("page", published::PAGE, 1..=usize::MAX, 1)?;
    let per_page = request.number("per_page", published::PER_PAGE, 1..=most, 20)?;
    let total = items.len();
    let skipped = (page - 1).saturating_mul(per_page);
    let items: Vec<_> = items.into_iter().skip(skipped).take(per_page).collect();
    let info = ResultInfo {
        page: Some(page),
        per_page: Some(per_page),
        count: Some(items.len()),
        total_count: Some(total),
        cursor: None,
    };
    Ok(Answer::page(items, info))
}

/// Returns the permission that a request needs, provided its method is one of `methods` and the caller
/// has it.
fn permit(
    caller: &Caller<'_>,
    account: &AccountId,
    product: Product,
    request: &Request,
    methods: &[&str],
) -> Result<Grant, Refusal> {
    let grant = grant(request, methods)?;
    caller.may(account, product, grant)?;
    Ok(grant)
}

/// Returns the permission that a request needs, provided its method is one of `methods`.
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
