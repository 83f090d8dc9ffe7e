//! Errors of API requests: kind, class and whether a retry may help.

mod display;
mod graphql;
mod hint;
mod tls;

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};

use super::{CredentialsSource, received::Received};
use crate::{
    domain::ErrorClass,
    wire::{Message, analytics::GraphqlError, code},
};

/// The request that failed, named without its query, headers or body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// The verb.
    pub method: Method,
    /// The path below the base URL.
    pub path: String,
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} /{}", self.method, self.path)
    }
}

/// A failed API request.
#[derive(Debug)]
pub struct Error {
    /// The request.
    pub request: Box<RequestLine>,
    /// How it failed.
    pub kind: Box<ErrorKind>,
    /// Number of attempts.
    pub attempts: u32,
    /// The prefix of the list that failed, where several are listed together.
    pub prefix: Option<String>,
    /// Whether it went through a proxy that the environment names.
    pub proxied: bool,
    /// Whether the local store answered, and not the service.
    pub local: bool,
    /// Where the credentials came from, if that is known.
    pub source: Option<Arc<CredentialsSource>>,
}

/// How a request failed.
#[derive(Debug)]
pub enum ErrorKind {
    /// The service returned an error.
    Refused {
        /// The HTTP status, which may be 200.
        status: StatusCode,
        /// The codes and messages it gave; may be empty.
        errors: Vec<Message>,
        /// The body, if it is not the documented JSON.
        received: Option<Received>,
        /// Cloudflare's name for this request.
        ray: Option<String>,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// How long until the day's quota is renewed, if that is what is spent.
        renewed_in: Option<Duration>,
        /// Whether a firewall challenged the request.
        challenged: bool,
        /// Whether the response has `x-should-retry: false`, which the official SDKs respect as well.
        is_final: bool,
    },
    /// No complete response arrived.
    Unreachable(reqwest::Error),
    /// The answer, or the rest of it, did not arrive in time.
    Silent,
    /// The answer was a success, but not what the API documents.
    Malformed {
        /// The HTTP status.
        status: StatusCode,
        /// What was expected.
        expected: Expected,
        /// What was received.
        received: Received,
        /// Cloudflare's name for this request.
        ray: Option<String>,
    },
    /// The answer was a success, and contradicts what was asked for, or itself.
    Inconsistent(&'static str),
    /// The answer was a success, and too long to be what the API documents.
    TooLong {
        /// The HTTP status.
        status: StatusCode,
        /// How many bytes such an answer has at most.
        limit: usize,
        /// Cloudflare's name for this request.
        ray: Option<String>,
    },
    /// A query of the analytics was not answered, which the service says under HTTP 200.
    Unanswered {
        /// The reasons it gave; at least one.
        errors: Vec<GraphqlError>,
        /// Cloudflare's name for this request.
        ray: Option<String>,
    },
    /// A page of a list was returned twice.
    PaginationLoop,
}

/// What a successful response should contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The API's envelope, with a result of the documented type.
    Envelope,
    /// The confirmation of a change.
    Confirmation,
    /// A value.
    Value,
    /// The answer to a query of the analytics.
    Analytics,
}

impl Error {
    pub(super) fn new(request: RequestLine, kind: ErrorKind) -> Self {
        Self {
            request: Box::new(request),
            kind: Box::new(kind),
            attempts: 1,
            prefix: None,
            proxied: false,
            local: false,
            source: None,
        }
    }

    /// Returns the codes the service gave.
    pub fn codes(&self) -> impl Iterator<Item = u32> {
        let errors: &[Message] = match &*self.kind {
            ErrorKind::Refused { errors, .. } => errors,
            _ => &[],
        };
        errors.iter().filter_map(|e| e.code)
    }

    /// Returns Cloudflare's name for the request, if the answer has it.
    pub fn ray(&self) -> Option<&str> {
        match &*self.kind {
            ErrorKind::Refused { ray, .. }
            | ErrorKind::Malformed { ray, .. }
            | ErrorKind::TooLong { ray, .. }
            | ErrorKind::Unanswered { ray, .. } => ray.as_deref(),
            ErrorKind::Unreachable(_)
            | ErrorKind::Silent
            | ErrorKind::Inconsistent(_)
            | ErrorKind::PaginationLoop => None,
        }
    }

    /// Whether the service gave `code`.
    pub fn has_code(&self, code: u32) -> bool {
        self.codes().any(|c| c == code)
    }

    /// Whether the service said this.
    pub fn says(&self, text: &str) -> bool {
        match &*self.kind {
            ErrorKind::Refused { errors, .. } => errors.iter().any(|e| e.message.contains(text)),
            _ => false,
        }
    }

    /// Returns the HTTP status of a refusal.
    pub fn status(&self) -> Option<StatusCode> {
        match &*self.kind {
            ErrorKind::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the refusal is a web page, which the API does not send: a firewall or proxy does.
    pub fn is_page(&self) -> bool {
        match &*self.kind {
            ErrorKind::Refused { received, .. } => received.as_ref().is_some_and(Received::is_page),
            _ => false,
        }
    }

    /// Returns the command that renews the login that was used, if one was.
    pub fn login_command(&self) -> Option<&str> {
        self.source.as_ref()?.login_command.as_deref()
    }

    /// Whether the API itself denied the request.
    pub fn is_denial(&self) -> bool {
        self.class() == ErrorClass::Denied && !self.is_page()
    }

    /// Whether the request certainly had no effect, so that any request may be retried.
    fn had_no_effect(&self) -> bool {
        match &*self.kind {
            ErrorKind::Refused { .. } => self.is_throttled(),
            ErrorKind::Unreachable(e) => e.is_connect(),
            _ => false,
        }
    }

    /// Whether too much was asked in too little time.
    pub fn is_throttled(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS) || self.has_code(code::THROTTLED)
    }

    /// Whether the request may or may not have taken effect.
    pub fn is_unclear(&self) -> bool {
        match &*self.kind {
            ErrorKind::Refused { status, .. } => {
                (status.is_server_error() || *status == StatusCode::REQUEST_TIMEOUT)
                    && !self.is_throttled()
            }
            ErrorKind::Unreachable(_) => !self.had_no_effect(),
            ErrorKind::Silent
            | ErrorKind::Malformed { .. }
            | ErrorKind::TooLong { .. }
            | ErrorKind::Inconsistent(_) => true,
            ErrorKind::Unanswered { .. } | ErrorKind::PaginationLoop => false,
        }
    }

    /// Whether sending the same request again may help, given whether it is idempotent.
    pub fn may_retry(&self, idempotent: bool) -> bool {
        let transient = self.is_transient() || self.is_unconfirmed();
        transient && (idempotent || self.had_no_effect())
    }

    /// Whether a change was answered with a success that does not confirm it.
    pub fn is_unconfirmed(&self) -> bool {
        let expected = Expected::Confirmation;
        matches!(&*self.kind, ErrorKind::Malformed { expected: what, .. } if *what == expected)
    }

    /// Whether the service said not to retry.
    pub fn is_final(&self) -> bool {
        matches!(&*self.kind, ErrorKind::Refused { is_final: true, .. })
    }

    /// Whether no complete answer arrived.
    pub fn is_unanswered(&self) -> bool {
        matches!(&*self.kind, ErrorKind::Unreachable(_) | ErrorKind::Silent)
    }

    /// Whether the answer was longer than the API documents, and was not read to its end.
    pub fn is_too_long(&self) -> bool {
        matches!(&*self.kind, ErrorKind::TooLong { .. })
    }

    /// Returns how long the service asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match &*self.kind {
            ErrorKind::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the quota of the day is spent, so that nothing helps but to wait for its renewal.
    pub fn is_quota_spent(&self) -> bool {
        self.has_code(code::QUOTA_SPENT)
    }

    /// Whether a limit of the account is reached.
    pub fn is_at_limit(&self) -> bool {
        code::LIMITS.iter().any(|it| self.has_code(*it))
    }

    /// Whether a retry may succeed.
    pub fn is_transient(&self) -> bool {
        self.class() == ErrorClass::Temporary && !self.is_quota_spent()
    }

    /// Returns what the error means.
    pub fn class(&self) -> ErrorClass {
        match &*self.kind {
            ErrorKind::Unreachable(e) if e.is_builder() => ErrorClass::Failed,
            ErrorKind::Unreachable(e) if e.is_connect() && tls::fault(e).is_some() => {
                ErrorClass::Failed
            }
            ErrorKind::Unreachable(_) | ErrorKind::Silent => ErrorClass::Temporary,
            ErrorKind::Malformed { .. }
            | ErrorKind::TooLong { .. }
            | ErrorKind::Inconsistent(_)
            | ErrorKind::PaginationLoop => ErrorClass::Failed,
            ErrorKind::Unanswered { errors, .. } => graphql::class(errors),
            ErrorKind::Refused {
                status,
                received,
                challenged,
                is_final,
                ..
            } => {
                if self.is_quota_spent() {
                    ErrorClass::Temporary
                } else if *is_final && status.is_server_error() {
                    ErrorClass::Failed
                } else if self.is_throttled()
                    || *status == StatusCode::REQUEST_TIMEOUT
                    || status.is_server_error()
                {
                    ErrorClass::Temporary
                } else if *challenged {
                    ErrorClass::Failed
                } else if self.is_at_limit() {
                    // The code decides, not the status.
                    ErrorClass::Failed
                } else if self.is_denied(*status) {
                    ErrorClass::Denied
                } else if *status == StatusCode::NOT_FOUND && received.is_none() {
                    // Only the service can tell: a proxy's error page knows nothing about keys.
                    ErrorClass::NotFound
                } else {
                    ErrorClass::Failed
                }
            }
        }
    }

    fn is_denied(&self, status: StatusCode) -> bool {
        const DENIALS: &[u32] = &[
            code::AUTHENTICATION,
            code::NO_CREDENTIALS,
            code::INVALID_ACCESS_TOKEN,
            code::UNKNOWN_KEY_OR_EMAIL,
            code::INVALID_HEADERS,
            code::NO_ROUTE,
            1000,
        ];
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            || self.codes().any(|c| DENIALS.contains(&c))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.kind {
            // Said already.
            ErrorKind::Unreachable(e) if e.is_timeout() => None,
            ErrorKind::Unreachable(e) => Some(root_cause(e)),
            _ => None,
        }
    }
}

/// Returns the first cause: what is above it in the chains of the HTTP client says only that a request
/// failed.
fn root_cause<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> &'a (dyn std::error::Error + 'static) {
    std::iter::successors(Some(error), |error| error.source())
        .last()
        .unwrap_or(error)
}
