//! Answers, and the refusals that the service documents. Imports `wire`.

use std::error::Error;

use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    header::{HeaderName, HeaderValue},
};
use serde::Serialize;

use super::{
    content::{Body, Content, Source, full_body},
    registry, store,
};
use crate::{
    domain::with_causes,
    wire::{Envelope, Message, ResultInfo, code},
};

/// Codes that the service's documentation does not have, as Cloudflare once published them. Today's
/// texts and statuses are not known, so clients must go by the status.
pub(super) mod published {
    /// The number of a page.
    pub(in crate::emulator) const PAGE: u32 = 10007;
    /// The length of a page.
    pub(in crate::emulator) const PER_PAGE: u32 = 10008;
    /// Too much for one request.
    pub(in crate::emulator) const PAYLOAD_TOO_LARGE: u32 = 10024;
    /// How many keys to list.
    pub(in crate::emulator) const LIMIT: u32 = 10028;
    /// A request that makes no sense.
    pub(in crate::emulator) const INVALID_REQUEST: u32 = 10029;
    /// A key that is too long.
    pub(in crate::emulator) const KEY_TOO_LONG: u32 = 10030;
    /// A cursor that was not given.
    pub(in crate::emulator) const CURSOR: u32 = 10041;
    /// A name that no key may have.
    pub(in crate::emulator) const KEY_NAME: u32 = 10042;
    /// What to sort by.
    pub(in crate::emulator) const ORDER: u32 = 10043;
    /// How to sort.
    pub(in crate::emulator) const DIRECTION: u32 = 10044;
    /// Metadata that cannot be kept.
    pub(in crate::emulator) const METADATA: u32 = 10047;
}

/// How much of a key is shown: it may be longer than any key.
const KEY_SHOWN_CHARS: usize = 100;

/// A whole HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names and values of headers.
    pub headers: Vec<(String, String)>,
    /// The body, unless there is another.
    pub body: Bytes,
    /// The body, if it is yet to be read.
    pub(super) rest: Option<Source>,
}

impl Answer {
    /// An answer with this status and body, and no headers yet.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            rest: None,
        }
    }

    /// An answer that is streamed.
    pub(super) fn content(status: u16, content: Content) -> Self {
        match content {
            Content::Bytes(bytes) => Self::new(status, bytes),
            Content::File(source) => {
                let answer = Self::new(status, Bytes::new());
                let answer = answer.header("content-length", source.length().to_string());
                Self {
                    rest: Some(source),
                    ..answer
                }
            }
        }
    }

    /// Returns how long the body is.
    pub(super) fn length(&self) -> u64 {
        self.body.len() as u64 + self.rest.as_ref().map_or(0, Source::length)
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The documented envelope around `result`.
    pub(super) fn result(result: impl Serialize) -> Self {
        Self::envelope(200, &success(Some(result), None))
    }

    /// An envelope without a result.
    pub(super) fn nothing() -> Self {
        Self::envelope(200, &success::<()>(None, None))
    }

    /// The envelope around one page of a list.
    pub(super) fn page(items: impl Serialize, info: ResultInfo) -> Self {
        Self::envelope(200, &success(Some(items), Some(info)))
    }

    /// The gateway's answer to a body that does not reach KV: no envelope.
    pub(super) fn too_large() -> Self {
        Self::gateway(413, "Request Entity Too Large")
    }

    /// A gateway's own answer: an HTML page.
    pub(super) fn gateway(status: u16, what: &str) -> Self {
        let page = format!("<html><head><title>{status} {what}</title></head></html>");
        Self::new(status, page).header("content-type", "text/html")
    }

    /// Any envelope.
    pub(super) fn envelope(status: u16, envelope: &impl Serialize) -> Self {
        let body = serde_json::to_vec(envelope).unwrap_or_default();
        Self::new(status, body).header("content-type", "application/json")
    }

    /// Adds a header unless the answer has it already.
    pub(super) fn default_header(&mut self, name: &str, value: impl Into<String>) {
        let taken = |(known, _): &(String, String)| known.eq_ignore_ascii_case(name);
        if !self.headers.iter().any(taken) {
            self.headers.push((name.to_owned(), value.into()));
        }
    }

    /// Turns the answer into what hyper sends, with another body if one is given.
    pub(super) fn into_response(self, body: Option<Body>) -> Response<Body> {
        let own = || match self.rest {
            Some(source) => source.into_body(),
            None => full_body(self.body),
        };
        let mut response = Response::new(body.unwrap_or_else(own));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) =
                (name.parse::<HeaderName>(), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

fn success<T>(result: Option<T>, result_info: Option<ResultInfo>) -> Envelope<T> {
    Envelope {
        result,
        success: true,
        errors: Vec::new(),
        messages: Vec::new(),
        result_info,
    }
}

/// Why a request is refused, in the service's words.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    errors: Vec<Message>,
    /// Whether a retry cannot succeed, though the status says otherwise.
    is_permanent: bool,
}

impl Refusal {
    /// A refusal with one code and text.
    pub(super) fn new(status: u16, code: u32, text: impl Into<String>) -> Self {
        Self {
            status,
            errors: vec![message(code, text)],
            is_permanent: false,
        }
    }

    /// Headers that are not credentials, with the reason in the chain.
    pub(super) fn headers(chain_code: u32, text: &str) -> Self {
        let mut refusal = Self::new(400, code::INVALID_HEADERS, "Invalid request headers");
        for error in &mut refusal.errors {
            error.error_chain = vec![message(chain_code, text)];
        }
        refusal
    }

    /// The same, which `field` of an entry for `key` led to.
    pub(super) fn about(mut self, key: &str, field: &str) -> Self {
        let key: String = key.chars().take(KEY_SHOWN_CHARS).collect();
        for error in &mut self.errors {
            error.message = format!("{} (key {key:?}, field `{field}`)", error.message);
        }
        self
    }

    /// The caller may not do this.
    pub(super) fn forbidden() -> Self {
        Self::new(403, code::AUTHENTICATION, "Authentication error")
    }

    /// The account in the path is not an id.
    pub(super) fn no_account(path: &str) -> Self {
        let text = format!("Could not route to {path}, perhaps your object identifier is invalid?");
        Self::new(404, code::NO_ROUTE, text)
    }

    /// Nothing is at this path.
    pub(super) fn no_route() -> Self {
        Self::new(400, 7000, "No route for that URI")
    }

    /// `Host` or `Origin` names another machine. Not the service's, which has one name.
    pub(super) fn not_this_machine() -> Self {
        let text =
            "Host or Origin is not this machine; allow it with `kvctl serve --allow-host NAME`";
        Self::new(403, code::AUTHENTICATION, text)
    }

    /// The path is right, the method is not.
    pub(super) fn method(method: &str) -> Self {
        Self::new(
            405,
            7001,
            format!("{method} not supported for requested URI."),
        )
    }

    /// A path that ends where a name should follow: answered by the router, not by KV.
    pub(super) fn empty_segment(method: &str) -> Self {
        if method == "DELETE" {
            let text =
                format!("{method} method not allowed for the api_token authentication scheme");
            return Self::new(405, 10405, text);
        }
        Self {
            status: 404,
            errors: Vec::new(),
            is_permanent: false,
        }
    }

    /// A namespace that does not exist, in the words of the operation.
    pub(super) fn no_namespace(operation: &str) -> Self {
        let text = format!("{operation}: 'namespace not found'");
        Self::new(404, code::NAMESPACE_NOT_FOUND, text)
    }

    /// A key that does not exist, in the words of the operation.
    pub(super) fn no_key(operation: &str) -> Self {
        let text = format!("{operation}: 'key not found'");
        Self::new(404, code::KEY_NOT_FOUND, text)
    }

    /// The same refusal as the endpoints that verify tokens word it.
    pub(super) fn or_invalid_token(self) -> Self {
        if self.status == 401 {
            return Self::new(401, 1000, "Invalid API Token");
        }
        self
    }

    /// The service cannot reach its own data.
    fn broken(error: &(dyn Error + 'static)) -> Self {
        Self::new(500, 1000, with_causes(error))
    }

    /// The same, with where to learn more.
    fn damaged(error: &(dyn Error + 'static)) -> Self {
        let mut refusal = Self::broken(error);
        for error in &mut refusal.errors {
            error.message += "; `kvctl serve --check` tells what is damaged";
        }
        refusal
    }

    /// The service itself broke.
    pub(super) fn internal() -> Self {
        Self::new(500, 1000, "Internal server error")
    }
}

impl From<registry::Error> for Refusal {
    fn from(error: registry::Error) -> Self {
        let refusal = match error {
            registry::Error::Malformed { .. } => Self::damaged(&error),
            _ => Self::broken(&error),
        };
        Self {
            is_permanent: error.is_permanent(),
            ..refusal
        }
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        let refusal = if error.is_damage() {
            Self::damaged(&error)
        } else {
            Self::broken(&error)
        };
        Self {
            is_permanent: error.is_permanent(),
            ..refusal
        }
    }
}

fn message(code: u32, text: impl Into<String>) -> Message {
    Message {
        code: Some(code),
        message: text.into(),
        error_chain: Vec::new(),
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let envelope: Envelope<()> = Envelope {
            result: None,
            success: false,
            errors: refusal.errors,
            messages: Vec::new(),
            result_info: None,
        };
        let answer = Self::envelope(refusal.status, &envelope);
        if refusal.is_permanent {
            // The service does not send it, but the official SDKs heed it.
            return answer.header("x-should-retry", "false");
        }
        answer
    }
}
