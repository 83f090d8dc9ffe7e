//! The first and the last line of an export.

use serde::{Deserialize, Serialize};

use super::Problem;
use crate::domain::Prefixes;

/// The version of the format that is written, and read.
const VERSION: u64 = 1;

/// A line that is not a record. Unknown fields, which a later kvctl may add within version 1, are
/// ignored.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    kvctl: u64,
    #[serde(flatten)]
    frame: &'a Frame,
}

/// The content of a line that is not a record.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Frame {
    /// Records follow.
    Records {
        /// What all keys begin with: there may have been others, which were not exported.
        #[serde(
            default,
            rename = "prefix",
            skip_serializing_if = "Prefixes::is_everything"
        )]
        prefixes: Prefixes,
    },
    /// Expiry and metadata of the files of a directory follow.
    Index {
        /// The same of what was exported; files may have been added since.
        #[serde(
            default,
            rename = "prefix",
            skip_serializing_if = "Prefixes::is_everything"
        )]
        prefixes: Prefixes,
    },
    /// The records are all there.
    End {
        /// How many.
        records: u64,
        /// Of their lines, each ended by one LF; hexadecimal, lower-case.
        sha256: String,
    },
}

#[derive(Deserialize)]
struct Version {
    kvctl: u64,
}

impl Frame {
    /// Reads a line that has the field `kvctl`.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let version: Version = serde_json::from_str(text).map_err(|_no_number| Problem::Frame)?;
        if version.kvctl != VERSION {
            return Err(Problem::Version(version.kvctl));
        }
        serde_json::from_str(text).map_err(|_another_kind| Problem::Frame)
    }

    /// Returns the line, ended by LF.
    pub(super) fn to_line(&self) -> serde_json::Result<String> {
        let line = Line {
            kvctl: VERSION,
            frame: self,
        };
        Ok(serde_json::to_string(&line)? + "\n")
    }
}
