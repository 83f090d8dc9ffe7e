//! Further headers of every request. Their values may be secrets, and are never shown.

use std::{fmt, str::FromStr};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// Headers that are sent with every request to the API, besides those that belong to it.
#[derive(Clone, Default)]
pub struct ExtraHeaders(HeaderMap);

/// Why a text is not [`ExtraHeaders`]. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtraHeadersError {
    /// No JSON object.
    #[error("it is not a JSON object of header names and string values")]
    NotAnObject,
    /// Something that is no header name, which may be a misplaced value.
    #[error("name {0} is not a header name")]
    Name(usize),
    /// A value that is no string, or that a header cannot have.
    #[error("the value of `{0}` cannot be sent; expected a string of printable ASCII characters")]
    Value(HeaderName),
    /// A header that is set by kvctl.
    #[error("`{0}` is set by kvctl and cannot be replaced")]
    Reserved(HeaderName),
    /// A header that is there twice, in upper and lower case.
    #[error("`{0}` is there twice")]
    Twice(HeaderName),
}

impl ExtraHeaders {
    /// What kvctl sets itself: the credentials, which are chosen elsewhere, and what belongs to the
    /// connection and the body. Compressed bytes would be mistaken for a value.
    const RESERVED: [&str; 13] = [
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-auth-email",
        "x-auth-key",
    ];

    /// The shortest value that is looked for in answers, to hide it: shorter ones hide nothing, but
    /// occur everywhere.
    const SECRET_MIN_BYTES: usize = 6;

    /// Returns the names, in order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    pub(super) fn add_to(&self, headers: &mut HeaderMap) {
        headers.extend(self.0.clone());
    }
}

impl FromStr for ExtraHeaders {
    type Err = ExtraHeadersError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let parsed: Result<Map<String, Value>, _> = serde_json::from_str(s);
        let mut headers = HeaderMap::new();
        for ((name, value), number) in parsed
            .map_err(|_invalid| ExtraHeadersError::NotAnObject)?
            .iter()
            .zip(1..)
        {
            let name: HeaderName = name
                .parse()
                .map_err(|_invalid| ExtraHeadersError::Name(number))?;
            if Self::RESERVED.contains(&name.as_str()) {
                return Err(ExtraHeadersError::Reserved(name));
            }
            let value = value.as_str().and_then(|text| text.parse().ok());
            let Some(mut value): Option<HeaderValue> = value else {
                return Err(ExtraHeadersError::Value(name));
            };
            value.set_sensitive(value.len() >= Self::SECRET_MIN_BYTES);
            if headers.insert(&name, value).is_some() {
                return Err(ExtraHeadersError::Twice(name));
            }
        }
        Ok(Self(headers))
    }
}

impl fmt::Debug for ExtraHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_an_object_of_strings_and_are_not_shown() {
        let text = r#"{"CF-Access-Client-Secret": "canary-1", "x-short": "1"}"#;
        let headers: ExtraHeaders = text.parse().unwrap();
        assert_eq!(headers.names(), ["cf-access-client-secret", "x-short"]);
        let mut sent = HeaderMap::new();
        headers.add_to(&mut sent);
        assert_eq!(sent["cf-access-client-secret"], "canary-1");
        assert!(!format!("{headers:?} {sent:?}").contains("canary"));
        assert!("{}".parse::<ExtraHeaders>().unwrap().names().is_empty());
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_its_value() {
        for (text, expected) in [
            ("", "not a JSON object"),
            ("[]", "not a JSON object"),
            ("x-a: canary", "not a JSON object"),
            (r#"{"x-a": 1}"#, "`x-a` cannot be sent"),
            (r#"{"x-a": null}"#, "`x-a` cannot be sent"),
            (r#"{"x-a": "canary\nx-b: 1"}"#, "`x-a` cannot be sent"),
            (r#"{"a": "1", "canary x": "1"}"#, "name 2 is not"),
            (r#"{"": "canary"}"#, "name 1 is not"),
            (r#"{"X-A": "canary", "x-a": "2"}"#, "`x-a` is there twice"),
            (
                r#"{"Authorization": "canary"}"#,
                "`authorization` is set by kvctl",
            ),
            (r#"{"Host": "canary"}"#, "`host` is set by kvctl"),
        ] {
            let error = text.parse::<ExtraHeaders>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
