//! Reading the keys of `wrangler kv bulk get` and `delete`.

use std::{borrow::Cow, fmt, io::Read};

use super::{elements::Elements, reader::unreadable};
use crate::{
    domain::KeyName,
    formats::{
        Problem, ReadError, RecordLocation,
        content::checked_key,
        object::{Object, check_syntax, kind, string},
    },
};

/// The fields of an object that `wrangler kv key list` prints.
const FIELDS: &[&str] = &["name", "expiration", "metadata"];

/// A key that was read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: KeyName,
    /// Where it stands in the input.
    pub location: RecordLocation,
}

/// Reads keys from a JSON array of strings, or of objects with `name`.
///
/// Ends after the last key, and after an error that cannot be passed over
/// ([`ReadError::is_recoverable`]).
pub struct KeyListReader<R> {
    elements: Elements<R>,
}

impl<R: Read> KeyListReader<R> {
    /// Reads from `input`, which need not be buffered.
    pub fn new(input: R) -> Self {
        Self {
            elements: Elements::new(input),
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
        let read = self.elements.next()?.and_then(|(text, location)| {
            let name = name(text).map_err(|problem| unreadable(text, location.clone(), problem))?;
            match checked_key(&name) {
                Ok(key) => Ok(ListedKey { key, location }),
                Err(error) => Err(ReadError::of_record(location, error)),
            }
        });
        if read.as_ref().is_err_and(|e| !e.is_recoverable()) {
            self.elements.give_up();
        }
        Some(read)
    }
}

fn name(text: &str) -> Result<Cow<'_, str>, Problem> {
    check_syntax(text)?;
    match kind(text) {
        "a string" => string(text, "name"),
        "an object" => {
            let mut object = Object::parse(text, FIELDS)?;
            object.validate()?;
            object.text("name")
        }
        other => Err(Problem::NotAName(other)),
    }
}
