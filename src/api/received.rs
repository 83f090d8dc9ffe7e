//! Describes an unexpected response body without showing secrets. Pure.

use std::fmt;

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::error::Category;

use crate::domain::quantity;

/// A body that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    kind: BodyKind,
    bytes: usize,
    /// The beginning of it, if that may be shown.
    excerpt: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum BodyKind {
    Empty,
    Page,
    Envelope,
    /// JSON that ends before it is complete.
    Cut,
    /// JSON that is something else.
    OtherJson,
    /// Anything else, and its type as the header says.
    Other(Option<&'static str>),
}

impl Received {
    /// Describes `body`, and quotes its beginning where it may be shown.
    pub(super) fn of(body: &[u8], media_type: Option<&str>, is_quotable: bool) -> Self {
        let shown = is_quotable && !body.is_empty();
        Self {
            kind: kind_of(body, media_type),
            bytes: body.len(),
            excerpt: shown.then(|| excerpt(body)),
        }
    }

    pub(super) fn is_page(&self) -> bool {
        self.kind == BodyKind::Page
    }
}

fn kind_of(body: &[u8], media_type: Option<&str>) -> BodyKind {
    if body.is_empty() {
        return BodyKind::Empty;
    }
    if is_page(body) {
        return BodyKind::Page;
    }
    if success_field(body).is_some() {
        return BodyKind::Envelope;
    }
    match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) => BodyKind::OtherJson,
        Err(e) if e.classify() == Category::Eof => BodyKind::Cut,
        Err(_) => BodyKind::Other(media_type.and_then(well_known)),
    }
}

/// Returns a content type if it is one that services and proxies give: a header may hold anything.
fn well_known(media_type: &str) -> Option<&'static str> {
    const TYPES: [&str; 7] = [
        "application/json",
        "application/octet-stream",
        "application/problem+json",
        "application/xml",
        "text/html",
        "text/plain",
        "text/xml",
    ];
    TYPES.into_iter().find(|known| *known == media_type)
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            bytes,
            excerpt,
        } = self;
        let bytes = quantity(bytes, "byte");
        match kind {
            BodyKind::Empty => f.write_str("an empty body")?,
            BodyKind::Page => write!(f, "an HTML page of {bytes}")?,
            BodyKind::Envelope => write!(f, "an envelope of the API, of {bytes}")?,
            BodyKind::Cut => write!(f, "JSON that is cut off after {bytes}")?,
            BodyKind::OtherJson => write!(f, "other JSON, of {bytes}")?,
            BodyKind::Other(None) => write!(f, "{bytes} that are not JSON")?,
            BodyKind::Other(Some(media_type)) => {
                write!(f, "{bytes} of {media_type} that are not JSON")?;
            }
        }
        excerpt
            .as_ref()
            .map_or(Ok(()), |text| write!(f, ": `{text}`"))
    }
}

/// Returns a body without a leading byte order mark and white space.
fn trimmed(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii_start()
}

/// Whether a body is an HTML page. Anything before its first element is skipped.
pub(super) fn is_page(body: &[u8]) -> bool {
    let mut text = trimmed(body);
    while let Some(rest) =
        after_enclosed(text, b"<?", b"?>").or_else(|| after_enclosed(text, b"<!--", b"-->"))
    {
        text = rest.trim_ascii_start();
    }
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|start| {
            let begin = text.get(..start.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
        })
}

/// Whether a body that is said to be HTML begins as any HTML does.
pub(super) fn is_markup(body: &[u8]) -> bool {
    matches!(trimmed(body), [b'<', next, ..] if next.is_ascii_alphabetic() || b"!?".contains(next))
}

/// Returns what follows a part of `text` that begins with `open` and ends with `close`.
fn after_enclosed<'t>(text: &'t [u8], open: &[u8], close: &[u8]) -> Option<&'t [u8]> {
    let inner = text.strip_prefix(open)?;
    let end = inner.windows(close.len()).position(|part| part == close)?;
    Some(&inner[end + close.len()..])
}

/// What tells an envelope of the API from other JSON.
#[derive(Deserialize)]
struct EnvelopeFields {
    success: bool,
    errors: Option<Vec<IgnoredAny>>,
    #[serde(default, deserialize_with = "is_present")]
    result: bool,
}

/// Called only where the field is there, whatever it holds.
fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Returns the `success` field of an API envelope; `None` if the body is not one.
pub(super) fn success_field(body: &[u8]) -> Option<bool> {
    let text = trimmed(body);
    if !text.starts_with(b"{") {
        return None;
    }
    let fields: EnvelopeFields = serde_json::from_slice(text).ok()?;
    (fields.errors.is_some() || fields.result).then_some(fields.success)
}

/// Returns the first hundred characters on one line, without anything a terminal would obey.
pub(super) fn excerpt(body: &[u8]) -> String {
    const SHOWN: usize = 100;
    // Enough, though there may be many blanks.
    let body = &body[..body.len().min(64 * SHOWN)];
    let text = String::from_utf8_lossy(body);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    let mut short: String = line.chars().take(SHOWN).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_as_everywhere() {
        let received = |kind, bytes| Received {
            kind,
            bytes,
            excerpt: None,
        };
        let cut = received(BodyKind::Cut, 1).to_string();
        assert_eq!(cut, "JSON that is cut off after 1 byte");
        let page = received(BodyKind::Page, 12_345).to_string();
        assert_eq!(page, "an HTML page of 12,345 bytes");
    }

    #[test]
    fn an_envelope_is_an_object_with_success_and_what_goes_with_it() {
        for (body, expected) in [
            (r#"{"success":true,"result":null}"#, Some(true)),
            (r#" {"errors":[],"success":false}"#, Some(false)),
            ("\u{feff}{\"success\":true,\"result\":[1]}", Some(true)),
            (r#"{"success":true}"#, None),
            (r#"{"success":"yes","result":1}"#, None),
            (r#"{"success":true,"errors":"none"}"#, None),
            (r#"[{"success":true,"result":1}]"#, None),
            (r#"{"success":true,"result":1} and more"#, None),
            ("", None),
        ] {
            assert_eq!(success_field(body.as_bytes()), expected, "{body}");
        }
    }
}
