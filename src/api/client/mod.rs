//! Sends requests: authenticates, paces, retries, and turns error responses into errors.

mod waits;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable as _};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use reqwest::{
    RequestBuilder, Response,
    header::{
        ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, InvalidHeaderValue, RETRY_AFTER,
    },
    multipart::{Form, Part},
};

use super::{
    BaseUrl, Credentials, CredentialsSource, ExtraHeaders, Scheme,
    answer::Answer,
    clock::Clock,
    endpoint::{Body, Endpoint},
    error::{Error, ErrorKind, RequestLine},
    observer::{Event, Observer},
    pacing::{Budget, Pacer},
    trust::{Trust, Verifier},
};
use crate::{
    domain::{Classification, Classify, ErrorClass},
    wire::Message,
};
use waits::{parse_retry_after, until_midnight};

/// The `User-Agent` of every request.
pub(super) const USER_AGENT: &str = concat!("kvctl/", env!("CARGO_PKG_VERSION"));

/// The most bytes of a refusal that are read: more than the longest that names all keys of a request.
const ERROR_MAX_BYTES: usize = 1024 * 1024;

/// Settings of a [`Client`].
#[derive(Debug)]
pub struct Settings {
    /// The base URL.
    pub base: BaseUrl,
    /// The credentials to send.
    pub credentials: Credentials,
    /// Further headers to send.
    pub headers: ExtraHeaders,
    /// How long one request may take, answer included; more is allowed where many bytes travel.
    pub timeout: Duration,
    /// Maximum retries of a request.
    pub retries: usize,
    /// Wait before the first retry, doubled for each further one.
    pub backoff: Duration,
    /// Which certificate authorities are trusted.
    pub trust: Trust,
    /// The time, for a `Retry-After` that is a date.
    pub now: fn() -> Timestamp,
    /// Whether the environment names a proxy that is used, for messages.
    pub proxied: bool,
}

/// Why a client could not be created.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The credentials cannot be written into a header.
    #[error("the credentials cannot be sent")]
    Credentials(#[from] InvalidHeaderValue),
    /// The certificates are not usable.
    #[error("could not set up HTTPS")]
    Tls(#[from] rustls::Error),
    /// The library refuses the settings.
    #[error("could not set up HTTP")]
    Http(#[from] reqwest::Error),
}

impl Classify for ClientError {
    fn classify(&self) -> Classification {
        match self {
            Self::Credentials(_) => ErrorClass::Denied.into(),
            Self::Tls(_) | Self::Http(_) => ErrorClass::Failed.into(),
        }
    }
}

/// Sends endpoints to one base URL with one set of credentials.
pub struct Client {
    http: reqwest::Client,
    verifier: Arc<Verifier>,
    base: BaseUrl,
    scheme: Scheme,
    source: Option<Arc<CredentialsSource>>,
    headers: HeaderMap,
    timeout: Duration,
    retries: usize,
    backoff: Duration,
    now: fn() -> Timestamp,
    proxied: bool,
    local: bool,
    clock: Clock,
    pacer: Pacer,
    observer: Arc<dyn Observer>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Longest `Retry-After` that is waited for; if it is longer, the request fails and names it.
    const MAX_WAIT: Duration = Duration::from_mins(1);

    /// The longest wait between retries that the service did not ask for.
    const MAX_BACKOFF: Duration = Duration::from_secs(8);

    /// The slowest that a connection may be, in bytes a second, before a request times out that has
    /// many to carry.
    const SLOWEST: usize = 256 * 1024;

    /// Creates a client that tells `observer` what it does.
    pub fn new(settings: Settings, observer: Arc<dyn Observer>) -> Result<Self, ClientError> {
        let mut http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            // Compressed bytes would be mistaken for the value.
            .default_headers(HeaderMap::from_iter([(
                ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            )]))
            // The API never redirects; another host must not get the credentials.
            .redirect(reqwest::redirect::Policy::none());
        if settings.base.is_loopback() {
            http = http.no_proxy();
        }
        let (tls, verifier) = settings.trust.config()?;
        let mut headers = settings.credentials.headers()?;
        settings.headers.add_to(&mut headers);
        Ok(Self {
            http: http.tls_backend_preconfigured(tls).build()?,
            verifier,
            scheme: settings.credentials.scheme(),
            source: None,
            headers,
            base: settings.base,
            timeout: settings.timeout,
            retries: settings.retries,
            backoff: settings.backoff,
            now: settings.now,
            proxied: settings.proxied,
            local: false,
            clock: Clock::default(),
            pacer: Pacer::default(),
            observer,
        })
    }

    /// Says that it asks the local store.
    #[must_use]
    pub fn of_local_store(self) -> Self {
        let local = true;
        Self { local, ..self }
    }

    /// Says where the credentials came from.
    #[must_use]
    pub fn with_credentials_from(self, source: CredentialsSource) -> Self {
        Self {
            source: Some(Arc::new(source)),
            ..self
        }
    }

    /// Whether the service is on this machine, where ids of the local kind may be known.
    pub fn is_on_this_machine(&self) -> bool {
        self.base.is_loopback()
    }

    /// Whether only the system's store of certificate authorities knows the service's certificate.
    pub fn needed_system_trust(&self) -> bool {
        self.verifier.system_was_needed()
    }

    /// Whether the service is Cloudflare's own, and not one that stands in for it.
    pub fn is_cloudflare(&self) -> bool {
        self.base.is_cloudflare()
    }

    /// Returns the kind of credentials, as far as their format shows it.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the account's remaining request budget, if a response gave it.
    pub fn budget(&self) -> Option<Budget> {
        self.pacer.budget()
    }

    /// Returns what time it is at the service, in UNIX seconds: by its answers, and until there is one
    /// by this machine's clock.
    pub fn service_now(&self) -> i64 {
        self.clock.there((self.now)())
    }

    /// Whether an answer has told what time it is at the service.
    pub fn knows_service_time(&self) -> bool {
        self.clock.is_known()
    }

    /// Sends `endpoint`, again if that is safe and may help.
    pub async fn send<E: Endpoint>(&self, endpoint: &E) -> Result<E::Output, Error> {
        let attempts = AtomicU32::new(0);
        let outcome = (|| {
            attempts.fetch_add(1, Ordering::Relaxed);
            self.attempt(endpoint)
        })
        .retry(self.backoff())
        .when(|e: &Error| {
            e.may_retry(E::IDEMPOTENT)
                && !e.status().is_some_and(|status| endpoint.is_final(status))
        })
        .adjust(Self::wait)
        .notify(|error, wait| self.observer.event(&Event::Retry { error, wait }))
        .await;
        outcome.map_err(|e| Error {
            attempts: attempts.into_inner(),
            proxied: self.proxied,
            local: self.local,
            source: self.source.clone(),
            ..e
        })
    }

    /// Returns the waits between attempts, for operations that retry by rules of their own.
    pub fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.backoff)
            .with_max_delay(Self::MAX_BACKOFF)
            .with_max_times(self.retries)
            .with_jitter()
    }

    /// Decides the wait before a retry; `None` gives up.
    fn wait(error: &Error, planned: Option<Duration>) -> Option<Duration> {
        let planned = planned?;
        let wait = error.retry_after().unwrap_or(planned);
        (wait <= Self::MAX_WAIT).then_some(wait)
    }

    async fn attempt<E: Endpoint>(&self, endpoint: &E) -> Result<E::Output, Error> {
        let pause = self.pacer.take();
        if !pause.is_zero() {
            self.observer.event(&Event::Paced { wait: pause });
            tokio::time::sleep(pause).await;
        }
        let answer = self.exchange(endpoint).await?;
        if answer.status.is_success() {
            answer
                .check_encoding()
                .and_then(|()| endpoint.decode(&answer))
        } else {
            Err(answer.refusal())
        }
        .map_err(|e| self.with_waits(e, &answer))
    }

    /// Sends one request and receives its whole answer.
    async fn exchange<E: Endpoint>(&self, endpoint: &E) -> Result<Answer, Error> {
        let request = RequestLine {
            method: E::METHOD,
            path: endpoint.path(),
        };
        let builder = self.prepare(endpoint, &request.path);
        let sent = Instant::now();
        let received = async {
            let head = self.timeout_for(endpoint.body().len());
            let mut response = with_timeout(head, builder.send()).await?;
            let limit = if response.status().is_success() {
                E::ANSWER_MAX_BYTES
            } else {
                ERROR_MAX_BYTES
            };
            let body = read_body(&mut response, limit, self.timeout).await?;
            Ok((response, body))
        };
        match received.await {
            Ok((response, (body, complete))) => {
                let status = response.status();
                let answer = Answer {
                    request,
                    status,
                    quotable: E::QUOTABLE && !self.is_secret_in(&body),
                    headers: response.headers().clone(),
                    body,
                };
                self.pacer.learn(
                    answer.header("ratelimit"),
                    answer.header("ratelimit-policy"),
                );
                self.learn_time(&answer, sent.elapsed());
                self.observer.event(&Event::Answered {
                    method: &E::METHOD,
                    path: &answer.request.path,
                    status,
                    took: sent.elapsed(),
                    ray: answer.header("cf-ray"),
                    date: answer.header("date"),
                });
                if !complete && status.is_success() {
                    return Err(answer.too_long(E::ANSWER_MAX_BYTES));
                }
                Ok(answer)
            }
            Err(kind) => {
                self.observer.event(&Event::Lost {
                    method: &E::METHOD,
                    path: &request.path,
                    took: sent.elapsed(),
                });
                Err(Error::new(request, kind))
            }
        }
    }

    /// Learns what time it is at the service, unless the answer comes out of a cache.
    fn learn_time(&self, answer: &Answer, took: Duration) {
        if answer.header("age").is_none()
            && let Some(date) = answer.header("date")
        {
            self.clock.learn(date, (self.now)(), took);
        }
    }

    fn prepare<E: Endpoint>(&self, endpoint: &E, path: &str) -> RequestBuilder {
        let url = self.base.join(path, &endpoint.query());
        let mut builder = self
            .http
            .request(E::METHOD, url)
            .headers(self.headers.clone());
        let body = endpoint.body();
        builder = builder.timeout(self.timeout_for(body.len() + endpoint.answer_bytes()));
        match body {
            Body::Empty => builder,
            Body::Json(json) => builder.header(CONTENT_TYPE, "application/json").body(json),
            Body::Raw(bytes) => builder
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(bytes),
            Body::Form { value, metadata } => builder.multipart(form(value, metadata)),
        }
    }

    /// Returns what no message may show, though an answer may hold it: a proxy may answer with what it
    /// was sent.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        let sensitive = self.headers.values().filter(|value| value.is_sensitive());
        let texts = sensitive.filter_map(|value| value.to_str().ok());
        texts.map(|text| text.strip_prefix("Bearer ").unwrap_or(text))
    }

    fn is_secret_in(&self, body: &[u8]) -> bool {
        let body = String::from_utf8_lossy(body);
        self.secrets().any(|secret| body.contains(secret))
    }

    fn hide_secrets(&self, message: &mut Message) {
        for secret in self.secrets() {
            if message.message.contains(secret) {
                message.message = message.message.replace(secret, "[credentials]");
            }
        }
        for cause in &mut message.error_chain {
            self.hide_secrets(cause);
        }
    }

    /// Returns the timeout of a request that transfers this many bytes.
    fn timeout_for(&self, bytes: usize) -> Duration {
        self.timeout + Duration::from_secs((bytes / Self::SLOWEST) as u64)
    }

    /// Adds to an error response how long to wait before a retry.
    fn with_waits(&self, mut error: Error, answer: &Answer) -> Error {
        let spent = error.is_quota_spent();
        if let ErrorKind::Refused {
            errors,
            retry_after,
            renewed_in,
            ..
        } = &mut *error.kind
        {
            for message in errors {
                self.hide_secrets(message);
            }
            let now = (self.now)();
            *retry_after = answer
                .header(RETRY_AFTER.as_str())
                .and_then(|text| parse_retry_after(text, now));
            *renewed_in = spent.then(|| until_midnight(now));
        }
        error
    }
}

/// Receives the body of `response`, but no more than `limit` bytes of it, and tells whether that is
/// all.
async fn read_body(
    response: &mut Response,
    limit: usize,
    pause: Duration,
) -> Result<(Bytes, bool), ErrorKind> {
    let announced = response.content_length().and_then(|n| n.try_into().ok());
    let mut body = BytesMut::with_capacity(announced.unwrap_or(0).min(limit));
    while let Some(mut chunk) = with_timeout(pause, response.chunk()).await? {
        let room = limit - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk.split_to(room));
            return Ok((body.freeze(), false));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body.freeze(), true))
}

/// Waits at most `limit` for the next part of a response.
async fn with_timeout<T>(
    limit: Duration,
    next: impl Future<Output = Result<T, reqwest::Error>>,
) -> Result<T, ErrorKind> {
    match tokio::time::timeout(limit, next).await {
        Ok(came) => came.map_err(|e| ErrorKind::Unreachable(e.without_url())),
        Err(_elapsed) => Err(ErrorKind::Silent),
    }
}

/// Puts a value and its metadata into the form that the API documents.
fn form(value: Bytes, metadata: String) -> Form {
    let length = value.len() as u64;
    let value = Part::stream_with_length(value, length);
    Form::new()
        .part("value", value)
        .part("metadata", Part::text(metadata))
}
