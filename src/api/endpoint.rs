//! What an endpoint is: a description of one request and of how to read its answer.

use bytes::Bytes;
use reqwest::{Method, StatusCode};

use super::{answer::Answer, error::Error};

/// The most bytes that a successful answer has where an endpoint does not say otherwise: a page of a
/// list with the longest names and metadata, all escaped, has about 5 MB.
const ANSWER_MAX_BYTES: usize = 8 * 1024 * 1024;

/// One request that the API understands.
///
/// An endpoint only describes itself; [`Client::send`](super::Client::send) alone does I/O, so
/// that retries, pacing, redaction and error decoding exist once.
pub trait Endpoint {
    /// What a successful answer means.
    type Output;

    /// The verb.
    const METHOD: Method;

    /// Whether sending it twice leaves the service as sending it once does. What is not idempotent
    /// is sent again only if it certainly had no effect.
    const IDEMPOTENT: bool = true;

    /// Whether an error may quote the beginning of an answer that cannot be read. False if it may
    /// contain values, metadata or a request body.
    const QUOTABLE: bool = false;

    /// The most bytes of a successful answer that are read.
    const ANSWER_MAX_BYTES: usize = ANSWER_MAX_BYTES;

    /// Returns the path below the base URL, without a leading slash, percent-encoded.
    fn path(&self) -> String;

    /// Returns the query.
    fn query(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Returns the body. Asked for again at each attempt, so it should be cheap to give.
    fn body(&self) -> Body {
        Body::Empty
    }

    /// Returns how many bytes the answer may have at most, so that time is allowed for them.
    fn answer_bytes(&self) -> usize {
        0
    }

    /// Whether an answer with this status is not worth asking for again, though it is transient for
    /// other endpoints.
    fn is_final(&self, _: StatusCode) -> bool {
        false
    }

    /// Reads an answer with a success status.
    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error>;
}

/// The body of a request.
#[derive(Clone)]
pub enum Body {
    /// None.
    Empty,
    /// JSON text.
    Json(Bytes),
    /// Any bytes, taken as they are.
    Raw(Bytes),
    /// A value and its metadata, as a form.
    Form {
        /// The value, any bytes.
        value: Bytes,
        /// The metadata, JSON text.
        metadata: String,
    },
}

impl Body {
    /// Returns `value` as JSON text.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::Json(value.to_string().into())
    }

    /// Returns how many bytes it has, give or take a form's frame.
    pub fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Json(bytes) | Self::Raw(bytes) => bytes.len(),
            Self::Form { value, metadata } => value.len() + metadata.len(),
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Shows no byte: it may hold secrets.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}
