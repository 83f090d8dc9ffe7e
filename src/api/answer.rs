//! An answer, and the only ways to turn it into a result: only an explicit success is a success,
//! and only an explicit value is a value.

use bytes::Bytes;
use reqwest::{
    StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{
    error::{Error, ErrorKind, Expected, RequestLine},
    received::{self, Received},
};
use crate::wire::{Envelope, ResultInfo};

/// An answer, whatever its status. A successful one is complete.
#[derive(Debug)]
pub struct Answer {
    pub(super) request: RequestLine,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether an error may quote the body.
    pub(super) quotable: bool,
}

/// An envelope whose `result` is there, though it may be `null`.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
struct Present<T> {
    #[serde(deserialize_with = "nullable")]
    result: Option<T>,
}

/// Deserializes an `Option` whose field must be present.
fn nullable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

impl Answer {
    /// Reads the envelope. `success: false` is a refusal even under HTTP 200.
    pub fn envelope<T: DeserializeOwned>(&self) -> Result<Envelope<T>, Error> {
        match serde_json::from_slice::<Envelope<T>>(&self.body) {
            Ok(envelope) if envelope.success => Ok(envelope),
            Ok(_) => Err(self.refusal()),
            // A refusal need not carry a result of the documented type.
            Err(_) => match serde_json::from_slice::<Envelope<IgnoredAny>>(&self.body) {
                Ok(envelope) if !envelope.success => Err(self.refusal()),
                Ok(_) | Err(_) => Err(self.malformed(Expected::Envelope)),
            },
        }
    }

    /// Reads the envelope's `result`, which must be there.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let result = self.envelope()?.result;
        result.ok_or_else(|| self.malformed(Expected::Envelope))
    }

    /// Reads the envelope's `result` where `null` is one; it must be there as well.
    pub fn nullable_result<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        self.envelope::<IgnoredAny>()?;
        match serde_json::from_slice::<Present<T>>(&self.body) {
            Ok(present) => Ok(present.result),
            Err(_) => Err(self.malformed(Expected::Envelope)),
        }
    }

    /// Reads one page of a list. A list may be `null` only if the answer says that it has no items:
    /// a missing list is not an empty one.
    pub fn page<T: DeserializeOwned>(&self) -> Result<(Vec<T>, ResultInfo), Error> {
        let envelope: Envelope<Vec<T>> = self.envelope()?;
        let info = envelope.result_info.unwrap_or_default();
        match envelope.result {
            Some(items) => Ok((items, info)),
            None if info.total_count.or(info.count) == Some(0) => Ok((Vec::new(), info)),
            None => Err(self.malformed(Expected::Envelope)),
        }
    }

    /// Reads the confirmation of a change, and its `result` if it has one. Only an envelope that says
    /// `success: true` confirms: not an empty body, nor the page of a proxy.
    pub fn confirmation<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        match self.envelope() {
            Ok(envelope) => Ok(envelope.result),
            Err(e) if matches!(*e.kind, ErrorKind::Malformed { .. }) => {
                Err(self.malformed(Expected::Confirmation))
            }
            Err(e) => Err(e),
        }
    }

    /// Reads a confirmation without a meaningful result.
    pub fn confirmed(&self) -> Result<(), Error> {
        self.confirmation::<IgnoredAny>().map(drop)
    }

    /// Reads a value, which comes without an envelope.
    ///
    /// The content type alone is not reliable: the service has changed it before. So two signs
    /// together say that this is not the value: another type than the documented one, and a body
    /// that is an HTML page or an envelope.
    pub fn value(&self) -> Result<Bytes, Error> {
        if self.status != StatusCode::OK {
            return Err(self.malformed(Expected::Value));
        }
        if self.media_type().as_deref() == Some("application/octet-stream") {
            return Ok(self.body.clone());
        }
        match received::success_field(&self.body) {
            Some(false) => Err(self.refusal()),
            Some(true) => Err(self.malformed(Expected::Value)),
            None if received::is_page(&self.body) || self.is_markup() => {
                Err(self.malformed(Expected::Value))
            }
            None => Ok(self.body.clone()),
        }
    }

    fn is_markup(&self) -> bool {
        self.media_type().as_deref() == Some("text/html") && received::is_markup(&self.body)
    }

    /// Refuses a compressed body, which was not requested: its bytes are not the value's.
    pub(super) fn check_encoding(&self) -> Result<(), Error> {
        let plain =
            |encoding: &[u8]| encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity");
        match self.headers.get(CONTENT_ENCODING) {
            Some(encoding) if !plain(encoding.as_bytes()) => {
                Err(self.inconsistent("it is compressed, which was not asked for"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the content type without its parameters, in lower case.
    pub(super) fn media_type(&self) -> Option<String> {
        let text = self.header(CONTENT_TYPE.as_str())?;
        let media_type = text.split(';').next()?.trim();
        Some(media_type.to_ascii_lowercase())
    }

    pub(super) fn refusal(&self) -> Error {
        let envelope: Option<Envelope<IgnoredAny>> = serde_json::from_slice(&self.body).ok();
        let is = |name: &str, word: &str| {
            let header = self.header(name);
            header.is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
        };
        let kind = ErrorKind::Refused {
            status: self.status,
            received: envelope.is_none().then(|| self.received()),
            errors: envelope.map(|e| e.errors).unwrap_or_default(),
            ray: self.header("cf-ray").map(str::to_owned),
            retry_after: None,
            renewed_in: None,
            challenged: is("cf-mitigated", "challenge"),
            is_final: is("x-should-retry", "false"),
        };
        Error::new(self.request.clone(), kind)
    }

    fn received(&self) -> Received {
        Received::of(&self.body, self.media_type().as_deref(), self.quotable)
    }

    pub(super) fn malformed(&self, expected: Expected) -> Error {
        let kind = ErrorKind::Malformed {
            status: self.status,
            expected,
            received: self.received(),
            ray: self.header("cf-ray").map(str::to_owned),
        };
        Error::new(self.request.clone(), kind)
    }

    pub(super) fn too_long(&self, limit: usize) -> Error {
        let kind = ErrorKind::TooLong {
            status: self.status,
            limit,
            ray: self.header("cf-ray").map(str::to_owned),
        };
        Error::new(self.request.clone(), kind)
    }

    pub(super) fn inconsistent(&self, what: &'static str) -> Error {
        Error::new(self.request.clone(), ErrorKind::Inconsistent(what))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::*;
    use crate::domain::Classify as _;

    fn answer(media_type: &str, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        if !media_type.is_empty() {
            headers.insert(CONTENT_TYPE, media_type.parse().unwrap());
        }
        Answer {
            request: RequestLine {
                method: Method::GET,
                path: "values/k".to_owned(),
            },
            status: StatusCode::OK,
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            quotable: false,
        }
    }

    const PAGE: &str = "\u{feff} \r\n<!DOCTYPE HTML>\n<html><body>Log in</body></html>";
    const SUCCESS: &str = r#"{"success":true,"errors":[],"result":null}"#;
    const REFUSAL: &str = r#"{"success":false,"errors":[{"code":971,"message":"wait"}]}"#;

    #[test]
    fn two_signs_together_say_that_a_body_is_not_the_value() {
        let types = ["", "text/html; charset=utf-8", "application/json"];
        for media_type in types {
            let declared = "<?xml version=\"1.0\"?>\n<!-- a --> <!-- b -->\n<!DOCTYPE html>";
            for body in [PAGE, "<HTML lang=en>", declared, "<body>", SUCCESS, REFUSAL] {
                let read = answer(media_type, body).value();
                assert!(read.is_err(), "{media_type} {body}");
            }
            for body in ["", "text", "< b", "<!--", "{}", r#"{"success":true}"#] {
                let read = answer(media_type, body).value();
                let is_html = media_type.starts_with("text/html") && body == "<!--";
                assert_eq!(read.is_err(), is_html, "{media_type} {body}");
            }
        }
        assert!(answer("text/html", "<h1>Log in</h1>").value().is_err());
        assert_eq!(answer("text/xml", "<h1>").value().unwrap(), "<h1>");
        for body in [PAGE, SUCCESS, REFUSAL] {
            let read = answer("Application/Octet-Stream ; x=y", body).value();
            assert_eq!(read.unwrap(), body);
        }
        let throttled = answer("application/json", REFUSAL).value().unwrap_err();
        assert!(throttled.is_throttled(), "a refusal keeps its code");
    }

    #[test]
    fn only_an_envelope_that_says_success_confirms() {
        let confirmed = |body| answer("application/json", body).confirmed();
        assert!(confirmed(SUCCESS).is_ok());
        assert!(confirmed(r#"{"success":true}"#).is_ok());
        let others = [
            "",
            " ",
            "null",
            "true",
            "{}",
            "OK",
            PAGE,
            "[]",
            "{\"success\":1}",
        ];
        for body in others {
            let error = confirmed(body).unwrap_err();
            assert!(error.is_unclear() && error.may_retry(true), "{body}");
            assert!(!error.may_retry(false), "{body}");
        }
        assert!(confirmed(REFUSAL).unwrap_err().has_code(971));
    }

    #[test]
    fn a_list_that_is_not_there_is_not_an_empty_one() {
        let page = |body| answer("", body).page::<u8>();
        assert_eq!(page(r#"{"success":true,"result":[]}"#).unwrap().0, [0; 0]);
        let none = r#"{"success":true,"result":null,"result_info":{"count":0}}"#;
        assert_eq!(page(none).unwrap().0, [0; 0]);
        for body in [
            r#"{"success":true}"#,
            r#"{"success":true,"result":null}"#,
            r#"{"success":true,"result":null,"result_info":{"count":2}}"#,
            r#"{"success":true,"result":{}}"#,
        ] {
            assert!(page(body).is_err(), "{body}");
        }
    }

    #[test]
    fn there_is_no_metadata_only_where_that_is_said() {
        let metadata = |body| answer("", body).nullable_result::<u8>();
        assert_eq!(metadata(SUCCESS).unwrap(), None);
        assert_eq!(metadata(r#"{"success":true,"result":1}"#).unwrap(), Some(1));
        assert!(metadata(r#"{"success":true}"#).is_err());
    }

    #[test]
    fn what_is_compressed_is_not_read() {
        let mut answer = answer("application/octet-stream", "bytes");
        assert!(answer.check_encoding().is_ok());
        for (encoding, is_plain) in [("identity", true), ("gzip", false), ("br", false)] {
            let encoding = encoding.parse().unwrap();
            answer.headers.insert(CONTENT_ENCODING, encoding);
            assert_eq!(answer.check_encoding().is_ok(), is_plain);
        }
    }

    #[test]
    fn no_message_shows_what_may_be_a_value() {
        let canary = "canary_value";
        let bodies = [
            format!("<html>{canary}"),
            format!(r#"{{"success":true,"result":"{canary}"}}"#),
            format!(r#"{{"success":true,"result":{{"values":"{canary}"}}}}"#),
            format!(r#"{{"success":true,"result":{{"values":{{"k":{{"{canary}":1}}}}}}}}"#),
            format!(r#"{{"success":true,"result":{{"values":{{"k":"{canary}"#),
            format!(r#""{canary}""#),
            canary.to_owned(),
        ];
        for body in bodies {
            let answer = answer(canary, &body);
            let errors = [
                answer.result::<crate::wire::BulkValues<u8>>().err(),
                answer.page::<crate::wire::KeyInfo>().err(),
                answer.confirmation::<crate::wire::BulkResult>().err(),
                answer.nullable_result::<u8>().err(),
                answer.value().err(),
                Some(answer.refusal()),
            ];
            for error in errors.into_iter().flatten() {
                let text = format!("{error:?} {error} {:?}", error.hint());
                assert!(!text.contains(canary), "{text}");
            }
        }
    }
}
