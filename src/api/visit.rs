//! Asking a Worker whether it is well: a plain GET, without credentials, of any address.

use std::time::Duration;

use reqwest::StatusCode;
use url::Url;

use super::{client::ClientError, received::excerpt, trust::Trust};

/// How many bytes of a body are read: enough for its beginning to be shown.
pub const VISIT_BYTES: usize = 8 * 1024;

/// Asks Workers.
#[derive(Debug)]
pub struct Visitor {
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The status.
    pub status: StatusCode,
    /// The beginning of the body, on one line.
    pub excerpt: String,
    /// Whether the body was read to its end.
    pub whole: bool,
}

impl Visitor {
    /// Creates one for `url`, which shows a certificate that `trust` covers.
    pub fn new(url: &Url, trust: &Trust, timeout: Duration) -> Result<Self, ClientError> {
        let mut http = reqwest::Client::builder()
            .user_agent(super::client::USER_AGENT)
            .timeout(timeout)
            // The response must come from the requested URL.
            .redirect(reqwest::redirect::Policy::none());
        if super::base_url::is_loopback(url) {
            http = http.no_proxy();
        }
        let (tls, _) = trust.config()?;
        Ok(Self {
            http: http.tls_backend_preconfigured(tls).build()?,
        })
    }

    /// Asks, once.
    pub async fn get(&self, url: &Url) -> Result<Visit, reqwest::Error> {
        let response = self.http.get(url.clone()).send().await;
        let mut response = response.map_err(reqwest::Error::without_url)?;
        let mut body = Vec::new();
        let mut whole = false;
        while !whole && body.len() < VISIT_BYTES {
            match response
                .chunk()
                .await
                .map_err(reqwest::Error::without_url)?
            {
                Some(chunk) => body.extend_from_slice(&chunk),
                None => whole = true,
            }
        }
        Ok(Visit {
            status: response.status(),
            excerpt: excerpt(&body),
            whole,
        })
    }
}
