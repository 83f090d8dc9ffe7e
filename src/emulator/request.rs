//! A request, read once and decoded once. Imports nothing of this crate but
//! its siblings.

use bytes::Bytes;
use hyper::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::{
    answer::{Refusal, published},
    fault::Keys,
};

/// Where the API lives below the server's address.
pub(super) const BASE: &str = "/client/v4";

/// A request with its whole body.
#[derive(Debug)]
pub(super) struct Request {
    /// The method.
    pub(super) method: Method,
    /// The path as it arrived, still encoded.
    pub(super) path: String,
    /// What follows [`BASE`], split at the slashes that were sent as slashes, then decoded. A `+`
    /// is a plus sign here.
    pub(super) segments: Vec<String>,
    /// The query, decoded as forms are: a `+` is a space.
    query: Vec<(String, String)>,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: Bytes,
    /// The keys that a bulk request fails to write or delete.
    pub(super) unsuccessful: Option<Keys>,
}

impl Request {
    /// Parses a request.
    pub(super) fn read(
        method: Method,
        uri: &Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Self, Refusal> {
        let path = uri.path();
        let below = path
            .strip_prefix(BASE)
            .and_then(|rest| rest.strip_prefix('/'));
        let segments = below.ok_or_else(Refusal::no_route)?.split('/').map(decode);
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Ok(Self {
            method,
            path: path.to_owned(),
            segments: segments.collect::<Result<_, _>>()?,
            query: query.into_owned().collect(),
            headers,
            body,
            unsuccessful: None,
        })
    }

    /// Returns a parameter of the query; the first, if it is given twice.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        pairs.find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    /// Returns a parameter of the query as a number within `range`, or `default` without one. `code`
    /// is that of the refusal.
    pub(super) fn number(
        &self,
        name: &str,
        code: u32,
        range: std::ops::RangeInclusive<usize>,
        default: usize,
    ) -> Result<usize, Refusal> {
        let Some(text) = self.query(name) else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|n| range.contains(n))
            .ok_or_else(|| {
                let (low, high) = (range.start(), range.end());
                let text = format!(
                    "Invalid {name} of {text}. Please specify an integer between {low} and {high}."
                );
                Refusal::new(400, code, text)
            })
    }
}

/// Decodes a segment, unless a `%` in it is none of an encoder's.
fn decode(segment: &str) -> Result<String, Refusal> {
    let refusal = |text| Refusal::new(400, published::INVALID_REQUEST, text);
    let mut escapes = segment.split('%').skip(1).map(str::as_bytes);
    let is_escape = |rest: &[u8]| {
        let digits = rest.first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !escapes.all(is_escape) {
        let text = "path has a % without two hexadecimal digits; a % itself is %25";
        return Err(refusal(text.to_owned()));
    }
    let decoded = percent_decode_str(segment).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|error| refusal(format!("path is not UTF-8: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Option<Vec<String>> {
        let uri = path.parse().unwrap();
        Request::read(Method::GET, &uri, HeaderMap::new(), Bytes::new())
            .ok()
            .map(|request| request.segments)
    }

    #[test]
    fn segments_are_decoded_once_and_never_folded() {
        for (path, expected) in [
            ("/client/v4/a%2Fb/c", Some(vec!["a/b", "c"])),
            ("/client/v4/a//b", Some(vec!["a", "", "b"])),
            ("/client/v4/./../%2E%2E", Some(vec![".", "..", ".."])),
            (
                "/client/v4/1+1/100%25/%252e",
                Some(vec!["1+1", "100%", "%2e"]),
            ),
            ("/client/v4/", Some(vec![""])),
            ("/client/v4/%FF", None),
            ("/client/v4/100%", None),
            ("/client/v4/%2", None),
            ("/client/v4/a%2Gb", None),
            ("/client/v4/%C3%A9%", None),
            ("/client/v4", None),
            ("/client/v44/a", None),
            ("/", None),
        ] {
            let expected = expected.map(|e| e.into_iter().map(str::to_owned).collect());
            assert_eq!(segments(path), expected, "{path}");
        }
    }
}
