//! Which format a file has.

use std::{
    ffi::OsStr,
    fmt,
    io::{self, Read, Write},
    path::Path,
    str::FromStr,
};

use super::{Reader, UnknownFields, Writer, csv, ndjson, wrangler};
use crate::domain::{Classification, Classify, ErrorClass, Prefixes, ShowPath as _};

/// How records are laid out in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// All records in one file, or in a pipe.
    Stream(StreamFormat),
    /// A file for each record; see [`super::directory`].
    Directory,
}

/// How records are laid out in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamFormat {
    /// kvctl's own; see [`super::ndjson`].
    Ndjson,
    /// The array of `wrangler kv bulk put`; see [`super::wrangler`].
    Wrangler,
    /// A table; see [`super::csv`].
    Csv,
}

/// Why the format is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Not the name of a format.
    #[error("unknown format `{0}`; the formats are ndjson, json, csv and dir")]
    Unknown(String),
    /// A path with an unknown ending.
    #[error(
        "cannot tell the format of `{0}`; known endings are .ndjson, .jsonl, .json and .csv, and \
         `/` for a directory"
    )]
    Ending(String),
}

impl Classify for FormatError {
    fn classify(&self) -> Classification {
        match self {
            Self::Unknown(_) => ErrorClass::Usage.into(),
            Self::Ending(_) => ErrorClass::Usage.hint("say which with --format"),
        }
    }
}

impl Format {
    /// Returns the format by the ending of `path`; a trailing `/` or an existing directory means a
    /// directory.
    pub fn of_path(path: &Path) -> Result<Self, FormatError> {
        let slash = path.as_os_str().as_encoded_bytes().last() == Some(&b'/');
        if slash || path.is_dir() {
            return Ok(Self::Directory);
        }
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        Ok(Self::Stream(match ending.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => StreamFormat::Ndjson,
            "json" => StreamFormat::Wrangler,
            "csv" => StreamFormat::Csv,
            _ => return Err(FormatError::Ending(path.shown().into_owned())),
        }))
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Ok(match s.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Self::Stream(StreamFormat::Ndjson),
            "json" | "wrangler" => Self::Stream(StreamFormat::Wrangler),
            "csv" => Self::Stream(StreamFormat::Csv),
            "dir" | "directory" => Self::Directory,
            _ => return Err(FormatError::Unknown(s.to_owned())),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(format) => format.fmt(f),
            Self::Directory => f.pad("dir"),
        }
    }
}

impl fmt::Display for StreamFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ndjson => "ndjson",
            Self::Wrangler => "json",
            Self::Csv => "csv",
        })
    }
}

impl StreamFormat {
    /// Reads records from `input`, which need not be buffered. Unknown fields may be ignored in wrangler's
    /// format alone.
    pub fn reader<'a>(
        self,
        input: impl Read + Send + 'a,
        unknown_fields: UnknownFields,
    ) -> Box<dyn Reader + Send + 'a> {
        match self {
            Self::Ndjson => Box::new(ndjson::NdjsonReader::new(input)),
            Self::Wrangler => Box::new(wrangler::WranglerReader::new(input, unknown_fields)),
            Self::Csv => Box::new(csv::CsvReader::new(input)),
        }
    }

    /// Writes records to `out`, which should be buffered: all those with `prefixes`, which only some
    /// formats can say. Writes the beginning at once.
    pub fn writer<'a>(
        self,
        out: impl Write + Send + 'a,
        prefixes: &Prefixes,
    ) -> io::Result<Box<dyn Writer + Send + 'a>> {
        Ok(match self {
            Self::Ndjson => Box::new(ndjson::NdjsonWriter::new(out, prefixes)?),
            Self::Wrangler => Box::new(wrangler::WranglerWriter::new(out)?),
            Self::Csv => Box::new(csv::CsvWriter::new(out)?),
        })
    }

    /// Whether `bytes` are the first that a file in this format has, as [`Self::writer`] begins it.
    pub fn is_beginning(self, bytes: &[u8]) -> bool {
        let mut begun = Vec::new();
        // Into memory, so that it cannot fail.
        drop(self.writer(&mut begun, &Prefixes::default()));
        if self == Self::Ndjson {
            // The header may go on with prefixes.
            begun.truncate(begun.len().saturating_sub("}\n".len()));
        }
        bytes.starts_with(&begun) || begun.starts_with(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_tells_the_format() {
        let of = |path: &str| Format::of_path(Path::new(path)).map(|format| format.to_string());
        assert_eq!(of("a.ndjson"), Ok("ndjson".to_owned()));
        assert_eq!(of("a.JSONL"), Ok("ndjson".to_owned()));
        assert_eq!(of("a.json"), Ok("json".to_owned()));
        assert_eq!(of("b/a.csv"), Ok("csv".to_owned()));
        assert_eq!(of("new.csv/"), Ok("dir".to_owned()));
        assert_eq!(of(env!("CARGO_MANIFEST_DIR")), Ok("dir".to_owned()));
        assert_eq!(of("a.txt"), Err(FormatError::Ending("a.txt".to_owned())));
    }

    #[test]
    fn a_file_begins_as_its_format_does() {
        let begins = |name: &str, text: &str| match name.parse() {
            Ok(Format::Stream(format)) => format.is_beginning(text.as_bytes()),
            _ => false,
        };
        let header = "{\"kvctl\":1,\"kind\":\"records\"}\n";
        for (name, text) in [
            ("ndjson", header),
            ("json", "["),
            ("csv", "key,value,base64,expiration,metadata"),
        ] {
            assert!(begins(name, text), "{name}");
            assert!(begins(name, ""), "{name}");
            assert!(!begins(name, "precious"), "{name}");
        }
        assert!(begins("ndjson", &format!("{header}{{\"key\"")));
        assert!(begins("ndjson", &header[..5]));
        assert!(begins("ndjson", &header.replace('}', ",\"prefix\":\"a\"}")));
    }

    #[test]
    fn a_format_is_its_own_name() {
        for name in ["ndjson", "json", "csv", "dir"] {
            assert_eq!(name.parse::<Format>().unwrap().to_string(), name);
        }
        assert!("yaml".parse::<Format>().is_err());
    }
}
