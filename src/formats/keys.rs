//! Lists of keys, one entry at a time.
//!
//! | format | an entry |
//! | --- | --- |
//! | JSON | of an array: a string, or an object with `name` (as `wrangler kv key list` prints it) or `key` (as `wrangler kv bulk put` reads it) |
//! | NDJSON | a line: the same |
//! | lines | a line, as it is |
//!
//! Which of them a file is, is said, or told by its extension; it is never guessed from its contents.

use std::{borrow::Cow, ffi::OsStr, fmt, io::Read, path::Path, str::FromStr};

use super::{
    Ignored, Problem, Problems, ReadError, ReadErrors, RecordLocation,
    content::checked_key,
    entry::LISTED_FIELDS,
    error::RecordError,
    lines::{Lines, Next},
    object::{Object, check_syntax, kind, plain_string, string},
    wrangler::{Elements, unreadable},
};
use crate::domain::{Classification, Classify, ErrorClass, KeyName, meant_by};

/// How keys are laid out in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFormat {
    /// A JSON array.
    Json,
    /// A JSON string or object a line.
    Ndjson,
    /// A key a line.
    Lines {
        /// Whether that was said. Otherwise a file that begins as JSON is refused.
        said: bool,
    },
}

/// Not the name of a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{0}`; the formats are json, ndjson and lines")]
pub struct KeyFormatError(String);

impl Classify for KeyFormatError {
    fn classify(&self) -> Classification {
        ErrorClass::Usage.into()
    }
}

impl FromStr for KeyFormat {
    type Err = KeyFormatError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(match s.to_ascii_lowercase().as_str() {
            "json" | "wrangler" => Self::Json,
            "ndjson" | "jsonl" => Self::Ndjson,
            "lines" | "txt" | "text" => Self::Lines { said: true },
            _ => return Err(KeyFormatError(s.to_owned())),
        })
    }
}

impl KeyFormat {
    /// Returns the format by the extension of `path`: JSON, as wrangler reads a file of any name, unless
    /// it is that of another.
    pub fn of_path(path: &Path) -> Self {
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Self::Ndjson,
            "txt" => Self::Lines { said: false },
            _ => Self::Json,
        }
    }
}

/// Returns `names`, each with its number, as keys.
pub fn from_names<'t>(
    names: impl IntoIterator<Item = (u64, &'t str)>,
) -> Result<Vec<KeyName>, ReadErrors> {
    let mut problems = Problems::default();
    let mut keys = Vec::new();
    for (number, name) in names {
        match name.parse() {
            Ok(key) => keys.push(key),
            Err(error) => problems.push(ReadError::of_record(
                RecordLocation::Name(number),
                RecordError {
                    key: Some(name.to_owned()),
                    problem: Problem::Key(error),
                },
            )),
        }
    }
    problems.check()?;
    Ok(keys)
}

/// A key that was read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: KeyName,
    /// Its position in the input.
    pub location: RecordLocation,
}

/// Reads keys from a list.
///
/// Ends after the last key, and after an error that cannot be skipped
/// ([`ReadError::is_recoverable`]).
pub struct KeyListReader<R> {
    entries: Entries<R>,
    ignored: Ignored,
}

enum Entries<R> {
    Json(Elements<R>),
    Ndjson(Lines<R>),
    Lines(Lines<R>, LinesAre),
    Over,
}

/// What lines are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LinesAre {
    /// Keys.
    Keys,
    /// Keys, if the first is none of JSON.
    Assumed,
    /// JSON.
    Json,
}

impl<R: Read> KeyListReader<R> {
    /// Reads from `input`, which need not be buffered.
    pub fn new(format: KeyFormat, input: R) -> Self {
        let entries = match format {
            KeyFormat::Json => Entries::Json(Elements::new(input)),
            KeyFormat::Ndjson => Entries::Ndjson(Lines::new(input)),
            KeyFormat::Lines { said: true } => Entries::Lines(Lines::new(input), LinesAre::Keys),
            KeyFormat::Lines { said: false } => {
                Entries::Lines(Lines::new(input), LinesAre::Assumed)
            }
        };
        Self {
            entries,
            ignored: Ignored::default(),
        }
    }

    /// Returns the fields that were ignored until now.
    pub fn ignored(&self) -> &Ignored {
        &self.ignored
    }

    fn read(&mut self) -> Option<Result<ListedKey, ReadError>> {
        let ignored = &mut self.ignored;
        let (lines, what) = match &mut self.entries {
            Entries::Over => return None,
            Entries::Json(elements) => {
                let location = elements.advance()?.map_err(ReadError::of_keys);
                return Some(location.and_then(|at| element(elements, at, ignored)));
            }
            Entries::Ndjson(lines) => (lines, &mut LinesAre::Json),
            Entries::Lines(lines, what) => (lines, what),
        };
        loop {
            let location = RecordLocation::Line(lines.number() + 1);
            let line = match lines.next() {
                Err(e) => return Some(Err(ReadError::of_input(location, Problem::Io(e)))),
                Ok(Next::End) => return None,
                Ok(Next::TooLong) => {
                    return Some(Err(ReadError::of_record(location, Problem::TooLong.into())));
                }
                Ok(Next::Line(line)) => line,
            };
            let content = line.bytes.trim_ascii();
            if content.is_empty() && (line.bytes.is_empty() || *what == LinesAre::Json) {
                continue;
            }
            if *what == LinesAre::Assumed && matches!(content, [b'[' | b'{', ..]) {
                return Some(Err(ReadError::of_input(location, Problem::LooksLikeJson)));
            }
            let text = match std::str::from_utf8(line.bytes) {
                Ok(text) => text,
                Err(e) => {
                    let problem = Problem::NotUtf8(e.valid_up_to() + 1);
                    return Some(Err(ReadError::of_record(location, problem.into())));
                }
            };
            if *what != LinesAre::Json {
                *what = LinesAre::Keys;
                return Some(listed(text, location));
            }
            if Object::parse(text, LISTED_FIELDS).is_ok_and(|object| object.is_frame()) {
                continue;
            }
            let named = name(text, &location, ignored);
            let named = named.map_err(|p| ReadError::of_record(location.clone(), p.into()));
            return Some(named.and_then(|name| listed(name.as_ref(), location)));
        }
    }
}

impl<R> fmt::Debug for KeyListReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyListReader").finish_non_exhaustive()
    }
}

impl<R: Read> Iterator for KeyListReader<R> {
    type Item = Result<ListedKey, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read();
        if matches!(&read, Some(Err(e)) if !e.is_recoverable()) {
            self.entries = Entries::Over;
        }
        read
    }
}

/// Reads an element of an array.
fn element<R: Read>(
    elements: &mut Elements<R>,
    location: RecordLocation,
    ignored: &mut Ignored,
) -> Result<ListedKey, ReadError> {
    // Most are whole in the buffer, and plain.
    if let Some((name, length)) = plain_string(elements.buffered()) {
        let key = listed(name, location);
        elements.pass_over(length);
        return key;
    }
    let text = elements.read().map_err(ReadError::of_keys)?;
    name(text, &location, ignored)
        .map_err(|problem| unreadable(text, location.clone(), problem))
        .and_then(|name| listed(name.as_ref(), location))
}

fn listed(name: &str, location: RecordLocation) -> Result<ListedKey, ReadError> {
    match checked_key(name) {
        Ok(key) => Ok(ListedKey { key, location }),
        Err(error) => Err(ReadError::of_record(location, error)),
    }
}

fn name<'a>(
    text: &'a str,
    location: &RecordLocation,
    ignored: &mut Ignored,
) -> Result<Cow<'a, str>, Problem> {
    check_syntax(text)?;
    match kind(text.trim_start()) {
        "a string" => string(text.trim(), "name"),
        "an object" => {
            let mut object = Object::parse(text, LISTED_FIELDS)?;
            object.ignore_unknown(|field| meant_by(field, ["name", "key"]), ignored, location)?;
            object.validate()?;
            match (object.has("name"), object.has("key")) {
                (true, true) => Err(Problem::TwoNames),
                (false, true) => object.text("key"),
                (_, false) => object.text("name"),
            }
        }
        other => Err(Problem::NotAName(other)),
    }
}
