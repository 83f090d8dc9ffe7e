//! Files of records: checked before anything is sent, and read as a stream.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use futures_util::{Stream, StreamExt as _};

use super::{
    ahead::ahead,
    names::Names,
    twice::{Changed, Seal, Sealed, Sealer, Sealing},
};
use crate::{
    domain::{Classification, Classify, ErrorClass, Prefixes, Record, ShowPath as _},
    formats::{
        self, Format, Ignored, Problems, ReadErrors, Reader, UnknownFields,
        directory::{DirectoryReader, Skipped},
        keys::{KeyFormat, KeyListReader},
    },
    fsx::InputError,
};

/// A file or directory of records.
#[derive(Debug, Clone)]
pub struct RecordFile {
    /// Where it is.
    pub path: PathBuf,
    /// How records are laid out in it.
    pub format: Format,
    /// Whether names that begin with a dot count, in a directory.
    pub hidden: bool,
    /// What unknown fields mean.
    pub unknown_fields: UnknownFields,
}

/// Why a file of records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] InputError),
    /// A key of a list of keys, or the list as a whole, is wrong.
    #[error("{} is not a list of keys", path.shown())]
    Keys {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ReadErrors,
    },
    /// It changed since it was checked.
    #[error("{} changed while it was read{}", path.shown(), at(place.as_deref()))]
    Changed {
        /// The file.
        path: PathBuf,
        /// Where, if that is known.
        place: Option<String>,
    },
    /// A record, or the file as a whole, is wrong.
    #[error("{} is not valid", path.shown())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ReadErrors,
    },
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Open(e) => e.classify(),
            Self::Changed { .. } => ErrorClass::Failed.hint(
                "run it again once nothing writes to the file; if that is refused, add \
                 `--restart`",
            ),
            Self::Keys { source, .. } | Self::Read { source, .. } => source.classify(),
        }
    }
}

fn at(place: Option<&str>) -> String {
    place.map_or_else(String::new, |place| format!(", at {place}"))
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Survey {
    /// How many records are right.
    pub records: u64,
    /// The bytes of their values together.
    pub bytes: u64,
    /// Whether a checksum said that these are all records, as they were exported.
    pub verified: bool,
    /// Why the others are invalid, if those are skipped.
    pub invalid: Vec<String>,
    /// The checksum of the file's bytes, or of a directory's records.
    pub sum: String,
    /// Detects changes when it is read again.
    pub seal: Seal,
    /// The names in a directory that were skipped because they begin with a dot.
    pub skipped: Vec<Skipped>,
    /// What the file says that its keys begin with.
    pub prefixes: Prefixes,
    /// The fields that were ignored.
    pub ignored: Ignored,
}

impl RecordFile {
    fn error(&self, source: impl Into<ReadErrors>) -> Error {
        Error::Read {
            path: self.path.clone(),
            source: source.into(),
        }
    }

    fn opening(&self, source: io::Error) -> Error {
        InputError::new(self.path.shown(), source).into()
    }

    pub(super) fn changed(&self, place: Option<String>) -> Error {
        Error::Changed {
            path: self.path.clone(),
            place,
        }
    }

    /// Checks the whole file first, so that no part of an invalid file is sent.
    pub fn survey(&self, skip_invalid: bool) -> Result<Survey, Error> {
        self.survey_each(skip_invalid, |_, _| {})
    }

    /// The same, handing out each record that is right, numbered from 0.
    pub(super) fn survey_each(
        &self,
        skip_invalid: bool,
        mut each: impl FnMut(u64, formats::Input),
    ) -> Result<Survey, Error> {
        let mut sealer = Sealer::default();
        let mut survey = match self.format {
            Format::Directory => {
                let reader = DirectoryReader::new(&self.path, self.hidden);
                let mut reader = reader.map_err(|e| self.opening(e))?;
                let looked = |number, input| {
                    sealer.record(&input);
                    each(number, input);
                };
                let survey = self.look_through(&mut reader, skip_invalid, looked)?;
                Survey {
                    skipped: reader.into_skipped(),
                    ..survey
                }
            }
            Format::Stream(format) => {
                let opened = fs_err::File::open(&self.path);
                let mut file = opened.map_err(|e| self.opening(e))?;
                let sealing = Sealing {
                    input: &mut file,
                    sealer: &mut sealer,
                };
                let mut reader = format.reader(sealing, self.unknown_fields);
                let survey = self.look_through(reader.as_mut(), skip_invalid, each)?;
                drop(reader);
                let rest = Sealing {
                    input: &mut file,
                    sealer: &mut sealer,
                };
                rest.drain().map_err(|e| self.opening(e))?;
                survey
            }
        };
        (survey.seal, survey.sum) = sealer.finish();
        Ok(survey)
    }

    fn look_through(
        &self,
        reader: &mut dyn Reader,
        skip_invalid: bool,
        mut looked: impl FnMut(u64, formats::Input),
    ) -> Result<Survey, Error> {
        let mut survey = Survey::default();
        let mut number = 0;
        let mut problems = Problems::default();
        for next in &mut *reader {
            match next {
                Ok(input) => {
                    looked(number, input);
                    number += 1;
                }
                Err(e) if skip_invalid && e.is_recoverable() => survey.invalid.push(e.to_string()),
                Err(e) => problems.push(e),
            }
        }
        problems.check().map_err(|source| self.error(source))?;
        let formats::Summary {
            records,
            bytes,
            verified,
        } = reader.summary();
        Ok(Survey {
            records,
            bytes,
            verified,
            prefixes: reader.prefixes(),
            ignored: reader.ignored().cloned().unwrap_or_default(),
            ..survey
        })
    }

    /// Reads the records, numbered from 0, as `survey` found them; those that are wrong are passed
    /// over. Ends with an error, and before the first record that is another, if they are others by
    /// now.
    pub fn inputs(
        &self,
        survey: &Survey,
    ) -> Result<impl Stream<Item = Result<(u64, formats::Input), Error>> + use<>, Error> {
        let mut second = self.second(survey)?;
        let size = |(_, input): &(u64, formats::Input)| input.value.len();
        Ok(ahead(move || second.next(), size))
    }

    /// Begins to read it again.
    pub(super) fn second(&self, survey: &Survey) -> Result<Second, Error> {
        let changed = Changed::default();
        Ok(Second {
            reader: Some(self.reader(survey, &changed)?),
            file: self.clone(),
            seal: survey.seal.clone(),
            records: survey.records,
            changed,
            number: 0,
        })
    }

    /// The same, with expiry as a moment, counted from `now`, UNIX seconds.
    pub fn records(
        &self,
        survey: &Survey,
        now: i64,
    ) -> Result<impl Stream<Item = Result<(u64, Record), Error>> + use<>, Error> {
        let inputs = self.inputs(survey)?;
        Ok(inputs.map(move |next| next.map(|(number, input)| (number, input.into_record(now)))))
    }

    fn reader(&self, survey: &Survey, changed: &Changed) -> Result<Box<dyn Reader + Send>, Error> {
        match self.format {
            Format::Directory => {
                let reader = DirectoryReader::new(&self.path, self.hidden);
                Ok(Box::new(reader.map_err(|e| self.opening(e))?))
            }
            Format::Stream(format) => {
                let file = fs_err::File::open(&self.path).map_err(|e| self.opening(e))?;
                let sealed = Sealed::new(file, survey.seal.clone(), changed.clone());
                Ok(format.reader(sealed, self.unknown_fields))
            }
        }
    }
}

/// The second reading of a file.
pub(super) struct Second {
    file: RecordFile,
    seal: Seal,
    /// How many records there were the first time.
    records: u64,
    /// Gone when it is over.
    reader: Option<Box<dyn Reader + Send>>,
    changed: Changed,
    number: u64,
}

impl Second {
    pub(super) fn next(&mut self) -> Result<Option<(u64, formats::Input)>, Error> {
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        let next = reader.find(|next| !matches!(next, Err(e) if e.is_recoverable()));
        let number = self.number;
        self.number += 1;
        let expected = number < self.records;
        let directory = self.file.format == Format::Directory;
        let error = match next {
            Some(Ok(input)) => {
                let admitted = !directory
                    || usize::try_from(number).is_ok_and(|number| self.seal.admits(number, &input));
                if expected && admitted {
                    return Ok(Some((number, input)));
                }
                Some(self.file.changed(Some(input.location.to_string())))
            }
            Some(Err(_)) if self.changed.is_so() => Some(self.file.changed(None)),
            Some(Err(e)) => Some(self.file.error(e)),
            None if expected => Some(self.file.changed(None)),
            None => None,
        };
        self.reader = None;
        error.map_or(Ok(None), Err)
    }
}

/// Reads the keys that `input` lists, and says which fields were ignored; `path` is for messages.
pub fn keys(input: impl Read, format: KeyFormat, path: &Path) -> Result<(Names, Ignored), Error> {
    let mut list = KeyListReader::new(format, input);
    let mut problems = Problems::default();
    let mut keys = Names::default();
    for next in &mut list {
        match next {
            Ok(listed) => keys.push(listed.key.as_str()),
            Err(e) => problems.push(e),
        }
    }
    let wrong = |source| Error::Keys {
        path: path.to_owned(),
        source,
    };
    problems.check().map_err(wrong)?;
    Ok((keys, list.ignored().clone()))
}

/// Returns the format that `name` asks for, else the one that the ending of `path` tells.
pub fn format_of(name: Option<Format>, path: &Path) -> Result<Format, formats::FormatError> {
    name.map_or_else(|| Format::of_path(path), Ok)
}
