//! Exporting the records of a namespace: to a file, to a directory, or to a stream.

mod directory;
mod part;

use std::{cell::Cell, io, mem, path::Path, path::PathBuf, pin::pin, time::Duration};

use futures_util::{Stream, StreamExt as _, TryStreamExt as _};

use super::{
    absent::{AbsentOutcome, AbsentRetry},
    journal::{
        self, Journals, ResumePolicy,
        run_id::{NamespaceRef, Origin},
    },
    read::{self, Reader},
    run::with_progress,
};
use crate::{
    api::Namespace,
    domain::{
        Classification, Classify, ErrorClass, Hint, KeyName, Prefixes, Record, ShowPath as _,
        Suggestion,
    },
    formats::{Format, StreamFormat, Summary, Writer, ndjson},
    fsx::{self, PartFile},
};

/// An export.
pub struct Export<'a> {
    /// The namespace that is read.
    pub namespace: Namespace<'a>,
    /// The same, as the journal names it.
    pub from: NamespaceRef,
    /// Only keys with these prefixes are exported.
    pub prefixes: &'a Prefixes,
    /// How long keys that are listed and cannot be read are retried.
    pub timeout: Duration,
    /// Records the namespace of each part file.
    pub journals: Journals<'a>,
}

/// What was exported.
#[derive(Debug)]
pub struct Exported {
    /// What was written, by earlier runs too.
    pub summary: Summary,
    /// How many of the records an earlier run had written.
    pub resumed_after: u64,
    /// Whether records were written after records with greater keys because the run was resumed.
    pub disordered: bool,
    /// What became of keys that were listed and could not be read.
    pub absent: AbsentOutcome,
}

/// Why records could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// They could not be read.
    #[error(transparent)]
    Source(#[from] read::Error),
    /// They could not be written.
    #[error("could not write the export")]
    Write(#[source] io::Error),
    /// Again and again some became readable too late to be written in order.
    #[error("keys kept becoming readable during the export")]
    Unsettled,
}

impl Classify for WriteError {
    fn classify(&self) -> Classification {
        match self {
            Self::Source(e) => e.classify(),
            Self::Write(_) => ErrorClass::Failed.into(),
            Self::Unsettled => ErrorClass::Partial.into(),
        }
    }
}

/// Why an export to a file or directory did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The note of where the records come from.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The file or directory.
    #[error(transparent)]
    File(#[from] fsx::Error),
    /// The directory has files in it.
    #[error(transparent)]
    NotEmpty(fsx::Error),
    /// Another directory is where this one would grow.
    #[error("{0}: it was left by an export that was killed, or is not an export")]
    Leftover(fsx::Error),
    /// The file cannot be created.
    #[error("could not begin the export")]
    Begin {
        /// Why.
        source: fsx::Error,
        /// What can be done about a part file that exists.
        hint: String,
    },
    /// The part file cannot be continued.
    #[error("could not continue {}", part.shown())]
    Continue {
        /// The part file.
        part: PathBuf,
        /// Why.
        source: ndjson::PartialError,
    },
    /// The part file cannot be discarded.
    #[error("`{}` does not start like a {format} export of kvctl; it was not changed", part.shown())]
    NotAnExport {
        /// The part file.
        part: PathBuf,
        /// The format of the export.
        format: StreamFormat,
    },
    /// It failed before anything was written.
    #[error(transparent)]
    NotStarted(WriteError),
    /// It failed later.
    #[error("{what}")]
    Incomplete {
        /// What is not complete, and how to continue.
        what: String,
        /// Why it ended.
        source: WriteError,
    },
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Journal(e) => e.classify(),
            Self::NotEmpty(_) => ErrorClass::Refused.hint(
                Hint::from("export to a new or empty directory; ")
                    .and(Suggestion::new("sync"))
                    .text(" writes a directory to a namespace"),
            ),
            Self::Leftover(_) | Self::NotAnExport { .. } => {
                ErrorClass::Refused.hint("remove it, or move it away")
            }
            Self::Begin {
                source: fsx::Error::Exists { .. },
                hint,
            } => ErrorClass::Refused.hint(hint.clone()),
            Self::File(e) | Self::Begin { source: e, .. } => e.classify(),
            Self::Continue { source, .. } => source.classify(),
            Self::NotStarted(e) | Self::Incomplete { source: e, .. } => e.classify(),
        }
    }
}

impl<'a> Export<'a> {
    fn reader(&self) -> Reader<'a> {
        Reader::new(self.namespace)
    }

    fn retry(&self) -> AbsentRetry<'a> {
        AbsentRetry {
            timeout: self.timeout,
            reporter: self.journals.reporter,
        }
    }

    /// Writes all records to `writer`.
    pub async fn to_writer(
        &self,
        writer: Box<dyn Writer + Send + '_>,
    ) -> Result<Exported, WriteError> {
        let reader = self.reader();
        let retry = self.retry();
        let records = self.records(&reader, &retry, |_| true);
        let summary = write_all(records, writer, &|_| {}).await?;
        Ok(Exported::new(summary, &reader))
    }

    /// Writes a file or directory, which has its name only when it is complete. Without `resume`, the
    /// command has no flags to continue what an earlier run left.
    pub async fn to_path(
        &self,
        target: &Path,
        format: Format,
        resume: Option<ResumePolicy>,
    ) -> Result<Exported, Error> {
        match format {
            Format::Stream(format) => self.to_file(target, format, resume).await,
            Format::Directory => self.to_directory(target).await,
        }
    }

    /// Reads all `wanted` records: first in the order of their keys, and then those that were not
    /// there when they were asked for, and are later.
    fn records<'s>(
        &'s self,
        reader: &'s Reader<'_>,
        retry: &'s AbsentRetry<'_>,
        wanted: impl Fn(&KeyName) -> bool + 's,
    ) -> impl Stream<Item = Result<Record, read::Error>> + 's {
        let found = reader.records_of(reader.keys(self.prefixes), wanted);
        let found = found.chain(reader.late(self.prefixes, retry));
        found.map_ok(|(_, record)| record)
    }

    async fn to_file(
        &self,
        target: &Path,
        format: StreamFormat,
        resume: Option<ResumePolicy>,
    ) -> Result<Exported, Error> {
        let resumable = format == StreamFormat::Ndjson && resume.is_some();
        let (mut growing, mut partial) = part::begin(target, format, self.prefixes, resume)?;
        let origin = if resumable {
            self.note_origin(target, partial.is_some())?
        } else {
            None
        };
        let known = partial.as_mut().map(|it| mem::take(&mut it.keys));
        let known = known.unwrap_or_default();
        let resumed_after = partial.as_ref().map_or(0, |it| it.summary.records);
        let disordered = Cell::new(known.is_disordered());
        let wanted = |key: &KeyName| {
            let wanted = !known.contains(key);
            disordered.set(disordered.get() || (wanted && known.is_beyond(key)));
            wanted
        };
        let reader = self.reader();
        let retry = self.retry();
        let incomplete = part::incomplete(target, resumable);
        let work = async |count: &dyn Fn(usize)| {
            let writer: Box<dyn Writer + Send> = match partial {
                Some(partial) => Box::new(ndjson::NdjsonWriter::resume(&mut growing, partial)),
                None => format
                    .writer(&mut growing, self.prefixes)
                    .map_err(WriteError::Write)?,
            };
            write_all(self.records(&reader, &retry, wanted), writer, count).await
        };
        let reporter = self.journals.reporter;
        let (written, count) = with_progress(reporter, 0, "exported", &incomplete, work).await;
        // Without a record there is nothing to continue.
        let empty = resumed_after == 0 && count == 0;
        let outcome = match written {
            Ok(summary) => {
                growing.commit()?;
                Ok(Exported {
                    resumed_after,
                    disordered: disordered.get(),
                    ..Exported::new(summary, &reader)
                })
            }
            Err(source) if empty => {
                growing.discard();
                Err(Error::NotStarted(source))
            }
            Err(source) => {
                let what = incomplete;
                return Err(Error::Incomplete { what, source });
            }
        };
        origin.map_or(Ok(()), |origin| origin.remove())?;
        outcome
    }

    /// Takes note of where the records come from, in case the export is resumed, or checks it.
    fn note_origin(
        &self,
        target: &Path,
        resumed: bool,
    ) -> Result<Option<fsx::AppendFile>, journal::Error> {
        let origin = Origin {
            from: self.from.clone(),
            prefix: self.prefixes.clone(),
        };
        let part = PartFile::part(target);
        self.journals.note_origin(&origin, &part, resumed)
    }
}

impl Exported {
    fn new(summary: Summary, reader: &Reader<'_>) -> Self {
        Self {
            summary,
            resumed_after: 0,
            disordered: false,
            absent: reader.absent_outcome(),
        }
    }
}

/// Writes all records, and what belongs below them.
async fn write_all(
    records: impl Stream<Item = Result<Record, read::Error>>,
    mut writer: Box<dyn Writer + Send + '_>,
    count: &dyn Fn(usize),
) -> Result<Summary, WriteError> {
    let mut records = pin!(records);
    while let Some(record) = records.try_next().await? {
        writer.write(&record).map_err(WriteError::Write)?;
        count(1);
    }
    writer.finish().map_err(WriteError::Write)
}
