//! The check `worker`: the Worker answers a GET, as it should.

use url::Url;

use super::{Check, Finding, facts::Facts};
use crate::{api::VISIT_BYTES, ops::health::with_causes};

pub(super) async fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Worker;
    let Some(route) = &facts.request.worker else {
        return vec![Finding::skip(check, "no `--worker URL` is given")];
    };
    let url = shown(&route.url);
    let finding = match route.visitor.get(&route.url).await {
        Err(error) => Finding::fail(
            check,
            format!("{url} gave no answer: {}", with_causes(&error)),
        )
        .hint("check the URL, and that the Worker is deployed or `wrangler dev` runs"),
        Ok(visit) => {
            let status = visit.status;
            let right = match route.status {
                Some(wanted) => status.as_u16() == wanted,
                None => status.is_success(),
            };
            if right {
                let rest = if visit.whole {
                    String::new()
                } else {
                    let kib = VISIT_BYTES / 1024;
                    format!("; its body was not read beyond {kib} KiB")
                };
                Finding::pass(check, format!("{url} answers {status}{rest}"))
            } else {
                let wanted = match route.status {
                    Some(wanted) => wanted.to_string(),
                    None => "2xx".to_owned(),
                };
                let message = format!("{url} answers {status}, not {wanted}: `{}`", visit.excerpt);
                Finding::fail(check, message).hint(
                    "see `wrangler tail` for what the Worker says; `--worker-status CODE` expects \
                     another status",
                )
            }
        }
    };
    vec![finding]
}

/// Returns the address without what may be secret in it.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}"));
    let (scheme, port, path) = (url.scheme(), port.unwrap_or_default(), url.path());
    format!("{scheme}://{host}{port}{path}")
}
