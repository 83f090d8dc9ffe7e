//! Exporting the records of a namespace, at the user's wish or as a backup.

use std::{cell::Cell, io, path::Path, pin::pin, time::Duration};

use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use serde::Serialize;

use super::{
    journal::{self, JournalDirectory},
    missed::Missed,
    part::{NOTHING_KEPT, begin, incomplete},
};
use crate::{
    cli::transfer::ResumeArgs,
    commands::{Partial, Refused, UsageError},
    context::{Context, Session},
    domain::{ErrorClass, KeyName, Record},
    error::{ClassExt as _, Failure, Result, ResultExt as _},
    formats::{Format, StreamFormat, Summary, ndjson::NdjsonWriter},
    fsx::{self, PartDirectory, PartFile},
    ops::{
        bulk::{
            absent::AbsentRetry,
            directory::DirectoryWriter,
            file::{WriteError, format_of, write_all},
            journal::run_id::Origin,
            read::{self, Reader},
        },
        target::Target,
    },
    ui::{OutputError, Page, Question, Report, quantity},
};

/// Exports all records of a namespace to `file`, before something happens to it. Fails if a key that
/// is there could not be read, and keeps the file even so.
pub(crate) async fn back_up(
    context: &Context,
    session: &Session,
    target: &Target,
    file: &Path,
    timeout: Duration,
) -> Result<ExportReport> {
    let export = Export {
        context,
        session,
        target,
        prefix: "",
        timeout,
    };
    let format = format_of(None, file)?;
    let report = export.write(file, format, None).await?;
    context.ui.status(&format!(
        "exported {} records to {}",
        report.records, report.file
    ));
    let verdict = report.missed.verdict();
    verdict.with_context(|| format!("{} is not complete", report.file))?;
    Ok(report)
}

/// How often a directory is begun at most.
const TREE_ATTEMPTS: usize = 3;

/// An export of one namespace.
pub(crate) struct Export<'a> {
    pub(crate) context: &'a Context,
    pub(crate) session: &'a Session,
    pub(crate) target: &'a Target,
    pub(crate) prefix: &'a str,
    /// How long to ask again for keys that are listed and cannot be read.
    pub(crate) timeout: Duration,
}

impl Export<'_> {
    fn reader(&self) -> Reader<'_> {
        Reader::new(self.session.namespace(&self.target.id))
    }

    pub(crate) async fn to_stdout(&self, format: StreamFormat) -> Result<()> {
        let reader = self.reader();
        let writer = format.writer(self.context.ui.writer());
        let writer = writer.map_err(OutputError::from)?;
        let retry = self.retry();
        let records = self.records(&reader, &retry, |_| true);
        let written = write_all(records, writer, &|_| {}).await;
        let summary = written.map_err(|e| match e {
            WriteError::Write(e) => Failure::from(OutputError::from(e)),
            WriteError::Source(e) => e.into(),
        })?;
        self.remark(&reader, &summary);
        let missed = Missed::of(reader.absent_outcome());
        for line in missed.lines() {
            self.context.ui.note(&line);
        }
        Ok(missed.verdict()?)
    }

    fn retry(&self) -> AbsentRetry<'_> {
        AbsentRetry {
            timeout: self.timeout,
            reporter: &self.context.ui,
        }
    }

    /// Reads all `wanted` records: first in the order of their keys, and then those that were not
    /// there when they were asked for, and are later.
    fn records<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        retry: &'a AbsentRetry<'_>,
        wanted: impl Fn(&KeyName) -> bool + 'a,
    ) -> impl Stream<Item = Result<Record, read::Error>> + 'a {
        let found = reader.records_of(reader.keys(self.prefix), wanted);
        let found = found.chain(reader.late(self.prefix, retry));
        found.map_ok(|(_, record)| record)
    }

    /// Writes a file or directory. Without `resume`, the command has no flags to go on with what an
    /// earlier run left.
    pub(crate) async fn write(
        &self,
        file: &Path,
        format: Format,
        resume: Option<ResumeArgs>,
    ) -> Result<ExportReport> {
        let target = self.context.files.resolve(file);
        self.check_folder_of(&target)?;
        let (reader, summary, resumed_after) = match format {
            Format::Stream(format) => self.write_file(&target, format, resume).await?,
            Format::Directory => self.write_tree(&target).await?,
        };
        self.remark(&reader, &summary);
        Ok(ExportReport {
            file: self.context.files.display(&target),
            records: summary.records,
            bytes: summary.bytes,
            resumed_after,
            missed: Missed::of(reader.absent_outcome()),
        })
    }

    fn check_folder_of(&self, target: &Path) -> Result<()> {
        if let Some(folder) = target.parent()
            && !folder.exists()
        {
            let folder = self.context.files.display(folder);
            let what = format!("the folder `{folder}` does not exist");
            return Err(UsageError::new(what, "make it first, or name another").into());
        }
        Ok(())
    }

    /// Writes a directory. Its keys must come in order, so it is begun again where some come late.
    async fn write_tree(&self, target: &Path) -> Result<(Reader<'_>, Summary, u64)> {
        let retry = self.retry();
        for _ in 0..TREE_ATTEMPTS {
            let reader = self.reader();
            let (tree, summary) = self.grow_tree(&reader, target).await?;
            let none_late = {
                let mut late = pin!(reader.late(self.prefix, &retry));
                late.try_next().await.context(NOTHING_KEPT)?.is_none()
            };
            if none_late {
                tree.commit()?;
                return Ok((reader, summary, 0));
            }
            self.context
                .ui
                .status("some keys became readable only now; exporting again");
        }
        let what = "keys kept becoming readable during the export";
        Err(Failure::from(Partial(what.to_owned())).context(NOTHING_KEPT))
    }

    async fn grow_tree(
        &self,
        reader: &Reader<'_>,
        target: &Path,
    ) -> Result<(PartDirectory, Summary)> {
        let mut tree = PartDirectory::begin(target).map_err(|e| match e {
            fsx::Error::NotEmpty { .. } => Refused::new(
                e.to_string(),
                "export to a new or empty directory; `kvctl sync` writes a directory to a \
                        namespace",
            )
            .into(),
            fsx::Error::Exists { .. } => Refused::new(
                format!("{e}: it was left by an export that was killed, or is not an export"),
                "remove it, or move it away",
            )
            .into(),
            e => Failure::from(e),
        })?;
        let progress = self.context.ui.progress(0, "exported");
        let count = |records: usize| progress.advance(records);
        let writer = Box::new(DirectoryWriter::new(&mut tree));
        let written = write_all(reader.records(self.prefix), writer, &count).await;
        let summary = written.context(NOTHING_KEPT)?;
        Ok((tree, summary))
    }

    /// Returns what the file holds, and how many records of it an earlier run had written.
    async fn write_file(
        &self,
        target: &Path,
        format: StreamFormat,
        resume: Option<ResumeArgs>,
    ) -> Result<(Reader<'_>, Summary, u64)> {
        self.may_overwrite(target).await?;
        let resumable = format == StreamFormat::Ndjson && resume.is_some();
        let (mut growing, mut partial) = begin(target, format, resume)?;
        let origin = if resumable {
            self.note_origin(target, partial.is_some())?
        } else {
            None
        };
        let reader = self.reader();
        let retry = self.retry();
        let known = partial
            .as_mut()
            .map(|partial| std::mem::take(&mut partial.keys));
        let known = known.unwrap_or_default();
        let disordered = Cell::new(known.is_disordered());
        let before = partial.as_ref().map_or(0, |p| p.summary.records);
        let incomplete = incomplete(target, resumable);
        let interrupt_note = self.context.ui.note_on_interrupt(&incomplete);
        let progress = self.context.ui.progress(0, "exported");
        let counted = Cell::new(before);
        let count = |records: usize| {
            counted.set(counted.get() + records as u64);
            progress.advance(records);
        };
        let written = {
            let out = io::BufWriter::new(&mut growing);
            let writer = match partial {
                Some(partial) => Box::new(NdjsonWriter::resume(out, partial)),
                None => format
                    .writer(out)
                    .class(ErrorClass::Failed)
                    .context("could not write the export")?,
            };
            let records = self.records(&reader, &retry, |key| {
                let wanted = !known.contains(key);
                disordered.set(disordered.get() || (wanted && known.is_beyond(key)));
                wanted
            });
            write_all(records, writer, &count).await
        };
        interrupt_note.disarm();
        match written {
            Ok(summary) => {
                growing.commit()?;
                origin.map_or(Ok(()), |origin| origin.remove())?;
                self.remark_resumed(before, disordered.get());
                Ok((reader, summary, before))
            }
            Err(e) if counted.get() == 0 => {
                // Nothing is in it, so there is nothing to go on with.
                growing.discard();
                origin.map_or(Ok(()), |origin| origin.remove())?;
                Err(e.into())
            }
            Err(e) => Err(Failure::from(e).context(incomplete)),
        }
    }

    /// Takes note of where the records come from, in case the export is resumed, or checks it.
    fn note_origin(&self, target: &Path, resumed: bool) -> Result<Option<fsx::AppendFile>> {
        let origin = Origin {
            from: journal::namespace_ref(self.session, &self.target.id),
            prefix: self.prefix.to_owned(),
        };
        let journals = JournalDirectory::new(self.context);
        let part = PartFile::part(target);
        Ok(journals.journals().note_origin(&origin, &part, resumed)?)
    }

    async fn may_overwrite(&self, target: &Path) -> Result<()> {
        if !target.exists() {
            return Ok(());
        }
        let question = Question {
            what: format!("overwriting {}", self.context.files.display(target)),
            expect: None,
            flag: "--yes".to_owned(),
        };
        Ok(self.context.ui.confirm(question).await?)
    }

    /// Says what is to be known of a file of which an earlier run wrote a part.
    fn remark_resumed(&self, before: u64, disordered: bool) {
        let ui = &self.context.ui;
        if before > 0 {
            // It takes files in the order of their keys only.
            let diff = if disordered {
                ""
            } else {
                "`kvctl diff` compares them, and "
            };
            ui.note(&format!(
                "{} exported before were not read again; {diff}`kvctl export --restart` exports \
                 everything again",
                quantity(before, "record")
            ));
        }
        if disordered {
            ui.note(
                "some records follow records with greater keys; the records are not sorted by key",
            );
        }
    }

    fn remark(&self, reader: &Reader<'_>, summary: &Summary) {
        let ui = &self.context.ui;
        let late = reader.absent_outcome().late;
        if late > 0 {
            let late = quantity(late, "record");
            ui.note(&format!(
                "{late} became readable late; the records are not sorted by key"
            ));
        }
        if !summary.verified {
            ui.note("this format has no checksum; NDJSON does");
        }
    }
}

/// What was exported.
#[derive(Debug, Serialize)]
pub(crate) struct ExportReport {
    file: String,
    /// How many records the file holds.
    records: u64,
    /// The bytes of their values together.
    bytes: u64,
    /// How many of them an earlier run had written.
    resumed_after: u64,
    #[serde(flatten)]
    pub(crate) missed: Missed,
}

impl Report for ExportReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let Self {
            file,
            records,
            bytes,
            missed,
            resumed_after,
        } = self;
        missed.human(out)?;
        out.part(format_args!("exported {records} records"));
        if *resumed_after > 0 {
            out.part(format_args!(" ({resumed_after} of them in an earlier run)"));
        }
        writeln!(out, ", {bytes} bytes of values, to {file}")
    }
}
