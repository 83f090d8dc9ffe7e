//! Files of records: looked through before anything is sent, read as a stream, and written.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    pin::pin,
};

use futures_util::{Stream, StreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use crate::{
    domain::{KeyName, Record, hex},
    formats::{
        self, Format, ReadError, Reader, Writer, directory::DirectoryReader,
        wrangler::KeyListReader,
    },
};

/// A file or directory of records.
#[derive(Debug, Clone)]
pub struct RecordFile {
    /// Where it is.
    pub path: PathBuf,
    /// How records are laid out in it.
    pub format: Format,
}

/// Why a file of records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened.
    #[error("could not read {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A key of a list of keys, or the list as a whole, is wrong.
    #[error("{} is no list of keys", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ReadError,
    },
    /// A record, or the file as a whole, is wrong.
    #[error("{} is not what can be imported", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ReadError,
    },
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
    /// What is wrong with the others, where those are passed over.
    pub invalid: Vec<String>,
    /// The sum of the file's bytes; empty for a directory.
    pub sum: String,
}

impl RecordFile {
    fn error(&self, source: ReadError) -> Error {
        Error::Read {
            path: self.path.clone(),
            source,
        }
    }

    fn open<'a>(
        &self,
        wrap: impl FnOnce(fs_err::File) -> Box<dyn Read + Send + 'a>,
    ) -> Result<Box<dyn Reader + Send + 'a>, Error> {
        let failed = |source| Error::Open {
            path: self.path.clone(),
            source,
        };
        match self.format {
            Format::Directory => Ok(Box::new(DirectoryReader::new(&self.path).map_err(failed)?)),
            Format::Stream(format) => {
                let file = fs_err::File::open(&self.path).map_err(failed)?;
                Ok(format.reader(wrap(file)))
            }
        }
    }

    /// Looks through the whole file, so that nothing is sent of one that is wrong somewhere.
    pub fn survey(&self, skip_invalid: bool) -> Result<Survey, Error> {
        let mut sum = Sha256::new();
        let mut survey = Survey::default();
        {
            let mut reader = self.open(|file| {
                Box::new(Summed {
                    file,
                    sum: &mut sum,
                })
            })?;
            for next in reader.by_ref() {
                match next {
                    Ok(_) => {}
                    Err(e) if skip_invalid && e.can_go_on() => survey.invalid.push(e.to_string()),
                    Err(e) => return Err(self.error(e)),
                }
            }
            let formats::Summary {
                records,
                bytes,
                verified,
            } = reader.summary();
            survey = Survey {
                records,
                bytes,
                verified,
                ..survey
            };
        }
        survey.sum = hex(&sum.finalize());
        Ok(survey)
    }

    /// Reads the records, numbered from 0; those that are wrong are passed over.
    pub fn records(
        &self,
        now: i64,
    ) -> Result<impl Stream<Item = Result<(u64, Record), Error>> + '_, Error> {
        let reader = self.open(|file| Box::new(file))?;
        let right = reader.filter(|next| !matches!(next, Err(e) if e.can_go_on()));
        let numbered = (0u64..).zip(right).map(move |(number, next)| match next {
            Ok(input) => Ok((number, input.into_record(now))),
            Err(e) => Err(self.error(e)),
        });
        Ok(stream::iter(numbered))
    }
}

/// Reads the keys that `input` lists, as wrangler's bulk files do; `path` is for messages.
pub fn keys(input: impl Read, path: &Path) -> Result<Vec<KeyName>, Error> {
    let list = KeyListReader::new(input);
    list.map(|next| match next {
        Ok(listed) => Ok(listed.key),
        Err(source) => Err(Error::Keys {
            path: path.to_owned(),
            source,
        }),
    })
    .collect()
}

/// Sums what is read through it.
struct Summed<'a> {
    file: fs_err::File,
    sum: &'a mut Sha256,
}

impl Read for Summed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.sum.update(&buffer[..count]);
        Ok(count)
    }
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The records could not be read on.
    #[error(transparent)]
    Source(E),
    /// They could not be written.
    #[error("could not write the export")]
    Write(#[source] io::Error),
}

/// Writes all records, and what belongs below them.
pub async fn write_all<E>(
    records: impl Stream<Item = Result<Record, E>>,
    mut writer: Box<dyn Writer + Send + '_>,
    progress: &dyn Fn(usize),
) -> Result<formats::Summary, WriteError<E>> {
    let mut records = pin!(records);
    while let Some(record) = records.next().await {
        let record = record.map_err(WriteError::Source)?;
        writer.write(&record).map_err(WriteError::Write)?;
        progress(1);
    }
    writer.finish().map_err(WriteError::Write)
}

/// Returns the format that `name` asks for, else the one that the ending of `path` tells.
pub fn format_of(name: Option<Format>, path: &Path) -> Result<Format, formats::FormatError> {
    name.map_or_else(|| Format::of_path(path), Ok)
}
