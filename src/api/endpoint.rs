//! What an endpoint is: a description of one request and of how to read its answer.

use bytes::Bytes;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde::de::DeserializeOwned;

use super::error::{Error, Kind, Request};
use crate::wire::{Envelope, ResultInfo};

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

/// An answer, complete, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub(super) request: Request,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// Reads the envelope. `success: false` is a refusal even under HTTP 200.
    pub fn envelope<T: DeserializeOwned>(&self) -> Result<Envelope<T>, Error> {
        match serde_json::from_slice::<Envelope<T>>(&self.body) {
            Ok(envelope) if envelope.success => Ok(envelope),
            Ok(_) => Err(self.refusal()),
            // A refusal need not carry a result of the documented type.
            Err(error) => {
                match serde_json::from_slice::<Envelope<serde::de::IgnoredAny>>(&self.body) {
                    Ok(envelope) if !envelope.success => Err(self.refusal()),
                    Ok(_) | Err(_) => Err(self.malformed(Some(error))),
                }
            }
        }
    }

    /// Reads the envelope's `result`, which must be there.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.envelope()?.result.ok_or_else(|| self.malformed(None))
    }

    /// Reads one page of a list. A list without items may come as `null`.
    pub fn page<T: DeserializeOwned>(&self) -> Result<(Vec<T>, ResultInfo), Error> {
        let envelope: Envelope<Vec<T>> = self.envelope()?;
        Ok((
            envelope.result.unwrap_or_default(),
            envelope.result_info.unwrap_or_default(),
        ))
    }

    /// Checks for success where the result says nothing.
    pub fn done(&self) -> Result<(), Error> {
        if self.body.is_empty() {
            return Ok(());
        }
        self.envelope::<serde::de::IgnoredAny>().map(|_| ())
    }

    pub(super) fn refusal(&self) -> Error {
        Error::new(self.request.clone(), Kind::refused(self))
    }

    pub(super) fn malformed(&self, source: Option<serde_json::Error>) -> Error {
        Error::new(self.request.clone(), Kind::malformed(self, source))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
