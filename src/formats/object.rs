//! One JSON object with known fields, read without looking into their values.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as DeError, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Ignored, Problem, RecordLocation, error::shown};
use crate::domain::meant_by;

/// The field that only headers and footers have.
const FRAME: &str = "kvctl";

/// The most fields that an object may have.
const FIELDS_MAX: usize = 8;

/// The fields of an object, as slices of its text.
pub(super) struct Object<'a> {
    allowed: &'static [&'static str],
    /// In the order of those that are allowed.
    found: [Option<&'a RawValue>; FIELDS_MAX],
    /// The fields that are not allowed.
    unknown: Vec<Cow<'a, str>>,
    /// Whether a fraction of a second is cut off, as wrangler does.
    lenient: bool,
    framed: bool,
    problem: Option<Problem>,
}

impl<'a> Object<'a> {
    /// Reads `text`, one object. A field that is not `allowed`, or comes twice, is not an error
    /// before [`Self::validate`] is asked.
    pub(super) fn parse(text: &'a str, allowed: &'static [&'static str]) -> Result<Self, Problem> {
        if let Some((object, end)) = Self::plain(text.as_bytes(), allowed)
            && after_blanks(text.as_bytes(), end) == text.len()
        {
            return Ok(object);
        }
        let found = kind(text);
        match found {
            "an object" => {}
            // Often the first line of an array that continues on the next line.
            "an array" => return Err(Problem::NotAnObject(found)),
            _ => {
                check_syntax(text)?;
                return Err(Problem::NotAnObject(found));
            }
        }
        let mut object = Self::new(allowed);
        let mut json = serde_json::Deserializer::from_str(text);
        json.deserialize_map(Collect(&mut object))
            .and_then(|()| json.end())
            .map_err(|e| syntax(&e))?;
        Ok(object)
    }

    fn new(allowed: &'static [&'static str]) -> Self {
        Self {
            allowed,
            found: [None; FIELDS_MAX],
            unknown: Vec::new(),
            lenient: false,
            framed: false,
            problem: None,
        }
    }

    /// Reads the object that `bytes` begin with, and returns where it ends, if all of it is there and it
    /// has only allowed fields, each once. Nothing is known of any other.
    pub(super) fn plain(
        bytes: &'a [u8],
        allowed: &'static [&'static str],
    ) -> Option<(Self, usize)> {
        let mut object = Self::new(allowed);
        let mut at = 0;
        let mut before = b'{';
        loop {
            at = expect(bytes, at, before)?;
            let (name, length) = plain_string(&bytes[at..])?;
            let place = allowed.iter().position(|field| *field == name)?;
            at = expect(bytes, at + length, b':')?;
            let mut values =
                serde_json::Deserializer::from_slice(&bytes[at..]).into_iter::<&RawValue>();
            if object.found[place].replace(values.next()?.ok()?).is_some() {
                return None;
            }
            at = after_blanks(bytes, at + values.byte_offset());
            if bytes.get(at) == Some(&b'}') {
                return Some((object, at + 1));
            }
            before = b',';
        }
    }

    /// Whether it is a header or a footer.
    pub(super) fn is_frame(&self) -> bool {
        self.framed
    }

    /// Returns the object if it has only allowed fields, each once.
    pub(super) fn validate(&mut self) -> Result<(), Problem> {
        let frame = self.framed.then_some(FRAME);
        let unknown = self.unknown.first().map(|name| &**name).or(frame);
        let unknown = unknown.map(|name| Problem::UnknownField {
            field: shown(name),
            near: meant_by(name, self.allowed.iter().copied()),
            allowed: listed(self.allowed),
        });
        self.problem.take().or(unknown).map_or(Ok(()), Err)
    }

    /// Reads on as wrangler does: forgets the fields that are not allowed, and notes them as ignored. It is an error if one was
    /// `meant` for another field.
    pub(super) fn ignore_unknown(
        &mut self,
        meant: impl Fn(&str) -> Option<&'static str>,
        ignored: &mut Ignored,
        location: &RecordLocation,
    ) -> Result<(), Problem> {
        self.lenient = true;
        for field in self.unknown.drain(..) {
            if let Some(near) = meant(&field) {
                return Err(Problem::UnknownField {
                    field: shown(&field),
                    near: Some(near),
                    allowed: String::new(),
                });
            }
            ignored.note(&field, location);
        }
        Ok(())
    }

    /// Whether it has a field.
    pub(super) fn has(&self, field: &'static str) -> bool {
        self.get(field).is_some()
    }

    fn get(&self, field: &'static str) -> Option<&'a str> {
        let at = self.allowed.iter().position(|name| *name == field)?;
        self.found[at].map(RawValue::get)
    }

    /// Returns the JSON of a field; `null` is none.
    pub(super) fn json(&self, field: &'static str) -> Option<&'a str> {
        self.get(field).filter(|json| *json != "null")
    }

    /// Returns a field that must be a string, and must be there.
    pub(super) fn text(&self, field: &'static str) -> Result<Cow<'a, str>, Problem> {
        let json = self.get(field).ok_or(Problem::MissingField(field))?;
        string(json, field)
    }

    /// Returns a field that is a whole number.
    pub(super) fn whole(&self, field: &'static str) -> Result<Option<i64>, Problem> {
        let Some(json) = self.json(field) else {
            return Ok(None);
        };
        let number = json
            .parse()
            .or_else(|_not_plain| whole_number(json, self.lenient));
        number
            .map(Some)
            .map_err(|_no_whole_number| Problem::WrongType {
                field,
                found: match kind(json) {
                    "a number" => "a number with a fraction, or too large",
                    other => other,
                },
                wanted: "a whole number of seconds",
            })
    }

    /// Returns a field that is `true` or `false`, by default `false`.
    pub(super) fn flag(&self, field: &'static str) -> Result<bool, Problem> {
        match self.json(field) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Problem::WrongType {
                field,
                found: kind(other),
                wanted: "`true` or `false`",
            }),
        }
    }
}

/// Reads a whole number that is written another way, such as `1.9e9` or `60.0`; of any other, its whole
/// part if it may be `cut`.
fn whole_number(json: &str, cut: bool) -> Result<i64, ()> {
    let number: f64 = json.parse().map_err(|_no_number| ())?;
    let fits = number.abs() < 9e15 && (cut || number.fract() == 0.0);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is in range, and cut on purpose"
    )]
    fits.then_some(number as i64).ok_or(())
}

/// Returns where the text goes on behind the blanks at `at`.
fn after_blanks(bytes: &[u8], at: usize) -> usize {
    let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    at + bytes[at..].iter().take_while(blank).count()
}

/// Returns where the text goes on behind `byte`, if that comes next, and the blanks around it.
fn expect(bytes: &[u8], at: usize, byte: u8) -> Option<usize> {
    let at = after_blanks(bytes, at);
    (bytes.get(at) == Some(&byte)).then(|| after_blanks(bytes, at + 1))
}

/// Reads the JSON string that `bytes` begin with, and returns how long that is with its quotes, if all of
/// it is there and it has no escapes. Nothing is known of any other.
pub(super) fn plain_string(bytes: &[u8]) -> Option<(&str, usize)> {
    let inner = bytes.strip_prefix(b"\"")?;
    let end = inner
        .iter()
        .position(|b| *b < 0x20 || matches!(b, b'"' | b'\\'))?;
    let text = str::from_utf8(&inner[..end]).ok()?;
    (inner[end] == b'"').then_some((text, end + 2))
}

struct Collect<'o, 'a>(&'o mut Object<'a>);

impl<'a> Visitor<'a> for Collect<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let object = self.0;
        while let Some(name) = map.next_key_seed(Name)? {
            let json: &RawValue = map.next_value()?;
            let at = object.allowed.iter().position(|field| *field == name);
            match at.map(|at| (at, object.found[at].replace(json))) {
                Some((_, None)) => {}
                Some((at, Some(_))) => {
                    let twice = Problem::DuplicateField(object.allowed[at]);
                    object.problem.get_or_insert(twice);
                }
                None if name == FRAME => object.framed = true,
                None => object.unknown.push(name),
            }
        }
        Ok(())
    }
}

/// The name of a field, copied only where it has escapes.
struct Name;

impl<'a> DeserializeSeed<'a> for Name {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Name {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: DeError>(self, name: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: DeError>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// Reads a JSON string. Errors do not quote the text.
pub(super) fn string<'a>(json: &'a str, field: &'static str) -> Result<Cow<'a, str>, Problem> {
    let Some(inner) = json.strip_prefix('"').and_then(|s| s.strip_suffix('"')) else {
        return Err(Problem::WrongType {
            field,
            found: kind(json),
            wanted: "a string",
        });
    };
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner));
    }
    let text = serde_json::from_str(json);
    text.map(Cow::Owned)
        .map_err(|_would_quote_it| Problem::Escape(field))
}

/// What a JSON text is, by its first character.
pub(super) fn kind(json: &str) -> &'static str {
    match json.trim_start().bytes().next() {
        None => "nothing",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        Some(_) => "invalid JSON",
    }
}

/// Refuses invalid JSON.
pub(super) fn check_syntax(text: &str) -> Result<(), Problem> {
    let json: Result<&RawValue, _> = serde_json::from_str(text);
    json.map(drop).map_err(|e| syntax(&e))
}

/// What the parser missed, without its own idea of lines. It quotes nothing.
pub(super) fn syntax(error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    Problem::Syntax {
        reason: reason.to_owned(),
        column: error.column(),
    }
}

/// Names in backticks, with commas.
pub(super) fn listed(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Takes the blanks out of `json`, which must be JSON; strings and numbers keep their spelling.
pub(super) fn compact(json: &str) -> Cow<'_, str> {
    let blank = |b: u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    if !json.bytes().any(blank) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    text.extend(json.chars().filter(|&c| {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            return true;
        }
        quoted = c == '"';
        !u8::try_from(c).is_ok_and(blank)
    }));
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIELDS: &[&str] = &["key", "value", "n"];

    proptest! {
        /// What is taken for plain is what a parser takes for an object with these fields.
        #[test]
        fn a_plain_object_is_what_a_parser_reads(
            tokens in prop::collection::vec(prop::sample::select(vec![
                "\"key\":", "\"value\":", "\"n\":", "\"x\":", "\"a\"", "\"a\\\"b\"", "1", "-0.5e3", "01", "null", "{\"a\":[]}",
                "[1, 2]", ",", ",", "{", "}", " ", "\n", "\"", "tru", "\"é\"", "\"\u{1}\"", "\\",
            ]), 0..12),
            rest in prop::sample::select(vec!["", ",", " ]", "x", "{}"]),
        ) {
            let text = format!("{{{}}}{rest}", tokens.concat());
            if let Some((plain, end)) = Object::plain(text.as_bytes(), FIELDS) {
                let parsed: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_str(&text[..end]).unwrap();
                let found: Vec<_> = FIELDS.iter().filter(|field| plain.has(field)).collect();
                prop_assert_eq!(found.len(), parsed.len());
                for field in found {
                    let value: serde_json::Value = serde_json::from_str(plain.get(field).unwrap()).unwrap();
                    prop_assert_eq!(&value, &parsed[*field]);
                }
            }
        }
    }

    #[test]
    fn ordinary_records_are_plain() {
        let text = "{ \"key\": \"a\",\n\"value\":\"b\\n\", \"n\" : {\"a\":1} } , {";
        let (object, end) = Object::plain(text.as_bytes(), FIELDS).unwrap();
        assert_eq!(&text[end..], " , {");
        assert_eq!(object.get("n"), Some("{\"a\":1}"));
        for other in [
            "{\"key\":1,\"key\":2}",
            "{\"x\":1}",
            "{}",
            "[1]",
            "{\"key\":1",
        ] {
            assert!(Object::plain(other.as_bytes(), FIELDS).is_none(), "{other}");
        }
    }

    #[test]
    fn blanks_go_and_strings_stay() {
        assert_eq!(compact("{ \"a b\" :\n\t1.0 }"), r#"{"a b":1.0}"#);
        assert_eq!(compact(r#"[ "a \" b", "\\" , 1 ]"#), r#"["a \" b","\\",1]"#);
        assert_eq!(compact("1"), "1");
    }
}
