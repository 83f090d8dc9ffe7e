//! Fields that no record has, and that were ignored as wrangler ignores them.

use std::collections::BTreeMap;

use super::{RecordLocation, error::shown};
use crate::domain::quantity;

/// So many names are kept; a file may have a new one in each record.
const KEPT: usize = 12;

/// Whether a record may have fields that no record has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownFields {
    /// They make it invalid.
    #[default]
    Refuse,
    /// They are ignored and noted, unless they must have been meant for one that there is.
    Note,
}

/// Fields that were ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// How often each came, and where first.
    fields: BTreeMap<String, (u64, RecordLocation)>,
    /// How many more there were.
    more: u64,
}

impl Ignored {
    /// Notes that `field` was ignored at `location`.
    pub(super) fn note(&mut self, field: &str, location: &RecordLocation) {
        if let Some((count, _)) = self.fields.get_mut(field) {
            *count += 1;
        } else if self.fields.len() < KEPT {
            self.fields.insert(field.to_owned(), (1, location.clone()));
        } else {
            self.more += 1;
        }
    }

    /// Returns what was ignored, a line each.
    pub fn lines(&self) -> Vec<String> {
        let fields = self.fields.iter().map(|(field, (count, first))| {
            let field = shown(field);
            match count {
                1 => format!("unknown field `{field}`: {first}"),
                _ => format!("unknown field `{field}` in {count} entries, the first: {first}"),
            }
        });
        let more = (self.more > 0)
            .then(|| format!("{} under other names", quantity(self.more, "more field")));
        fields.chain(more).collect()
    }
}
