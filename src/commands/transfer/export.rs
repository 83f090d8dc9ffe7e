//! `kvctl export`.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    cli::transfer::{ExportArgs, ResumeArgs},
    commands::{
        Misused,
        key::{Access, Keyspace, choose},
    },
    context::{Context, Session},
    formats::{
        Format, StreamFormat, Summary,
        ndjson::{NdjsonWriter, Partial},
    },
    fsx::Growing,
    ops::{
        target::Target,
        transfer::{
            file::{WriteError, format_of, write_all},
            read::Reader,
        },
    },
    ui::{OutputError, Question, Report, quantity},
};

pub(crate) async fn run(context: &Context, args: ExportArgs) -> anyhow::Result<()> {
    let file = args.file.as_deref().filter(|file| *file != Path::new("-"));
    let format = match file {
        None => args.format.unwrap_or(Format::Stream(StreamFormat::Ndjson)),
        Some(file) => format_of(args.format, file)?,
    };
    let Format::Stream(format) = format else {
        return Err(no_directory().into());
    };
    if args.resume.resume && format != StreamFormat::Ndjson {
        let what = "only an NDJSON export can be gone on with".to_owned();
        return Err(Misused::new(what, "leave out `--resume`").into());
    }
    let Keyspace {
        session, target, ..
    } = choose(context, args.namespace, Access::Read)?
        .open(context)
        .await?;
    let (session, target, prefix) = (&session, &target, args.prefix.as_str());
    let export = Export {
        context,
        session,
        target,
        prefix,
        format,
    };
    match file {
        None => export.to_stdout().await,
        Some(file) => export.to_file(file, args.resume).await,
    }
}

/// Exports all records of a namespace to `file`, before something happens to it.
pub(crate) async fn back_up(
    context: &Context,
    session: &Session,
    target: &Target,
    file: &Path,
) -> anyhow::Result<()> {
    let Format::Stream(format) = format_of(None, file)? else {
        return Err(no_directory().into());
    };
    let export = Export {
        context,
        session,
        target,
        prefix: "",
        format,
    };
    let report = export.write_file(file, ResumeArgs::default()).await?;
    context.ui.status(&format!(
        "exported {} records to {}",
        report.records, report.file
    ));
    Ok(())
}

fn no_directory() -> Misused {
    let instead = "export to .ndjson, .json or .csv";
    Misused::new("a directory cannot be exported to".to_owned(), instead)
}

struct Export<'a> {
    context: &'a Context,
    session: &'a Session,
    target: &'a Target,
    prefix: &'a str,
    format: StreamFormat,
}

impl Export<'_> {
    fn reader(&self) -> Reader<'_> {
        let Session {
            client, account, ..
        } = self.session;
        Reader::new(client, account, &self.target.id)
    }

    async fn to_stdout(&self) -> anyhow::Result<()> {
        let reader = self.reader();
        let writer = self
            .format
            .writer(self.context.ui.writer())
            .map_err(OutputError::from)?;
        let written = write_all(reader.records(self.prefix, None), writer, &|_| {}).await;
        let summary = written.map_err(|e| match e {
            WriteError::Write(e) => anyhow::Error::from(OutputError::from(e)),
            WriteError::Source(e) => e.into(),
        })?;
        self.remark(&reader, &summary);
        Ok(())
    }

    async fn to_file(&self, file: &Path, resume: ResumeArgs) -> anyhow::Result<()> {
        let report = self.write_file(file, resume).await?;
        Ok(self.context.ui.report(&report)?)
    }

    async fn write_file(&self, file: &Path, resume: ResumeArgs) -> anyhow::Result<ExportReport> {
        let target = self.context.resolve(file);
        if target.exists() {
            let what = format!("overwriting {}", self.context.display(&target));
            let question = Question {
                what,
                expect: None,
                flag: "--yes".to_owned(),
            };
            self.context.ui.confirm(question).await?;
        }
        let reader = self.reader();
        let progress = self.context.ui.progress(0, "exported");
        let count = |records: usize| progress.advance(records);
        let part = Growing::part(&target);
        if resume.restart {
            Growing::discard(&target)?;
        }
        let resumed = resume.resume && part.exists();
        let (mut growing, partial) = if resumed {
            let partial = Partial::read(fs_err::File::open(&part)?);
            let partial =
                partial.with_context(|| format!("could not go on with {}", part.display()))?;
            (Growing::go_on(&target, partial.length)?, Some(partial))
        } else {
            let resumable = self.format == StreamFormat::Ndjson;
            (
                Growing::begin(&target, resumable).with_context(|| hint_at(&target))?,
                None,
            )
        };
        let after = partial.as_ref().and_then(|partial| partial.last.clone());
        let before = partial
            .as_ref()
            .map_or(0, |partial| partial.summary.records);
        let written = {
            let out = io::BufWriter::new(&mut growing);
            let writer = match partial {
                Some(partial) => Box::new(NdjsonWriter::resume(out, partial)),
                None => self
                    .format
                    .writer(out)
                    .context("could not write the export")?,
            };
            write_all(reader.records(self.prefix, after), writer, &count).await
        };
        drop(progress);
        let summary =
            written.with_context(|| format!("the export is not complete: {}", part.display()))?;
        growing.commit()?;
        self.remark(&reader, &summary);
        Ok(ExportReport {
            file: self.context.display(&target),
            records: summary.records,
            bytes: summary.bytes,
            resumed_after: before,
            vanished: reader.vanished(),
        })
    }

    fn remark(&self, reader: &Reader<'_>, summary: &Summary) {
        let ui = &self.context.ui;
        if reader.vanished() > 0 {
            let gone = quantity(reader.vanished(), "key");
            ui.note(&format!("{gone} expired or went while they were read"));
        }
        if !summary.verified {
            ui.note("this format carries no checksum; ndjson does");
        }
    }
}

fn hint_at(target: &Path) -> String {
    format!(
        "could not begin the export; `--resume` goes on with {}, `--restart` begins anew",
        Growing::part(target).display()
    )
}

/// What was exported.
#[derive(Debug, Serialize)]
struct ExportReport {
    file: String,
    /// How many records the file holds.
    records: u64,
    /// The bytes of their values together.
    bytes: u64,
    /// How many of them an earlier run had written.
    resumed_after: u64,
    /// How many keys were listed and gone when their values were read.
    vanished: usize,
}

impl Report for ExportReport {
    fn human(&self, out: &mut dyn Write, _: bool) -> io::Result<()> {
        let Self {
            file,
            records,
            bytes,
            ..
        } = self;
        writeln!(
            out,
            "exported {records} records, {bytes} bytes of values, to {file}"
        )
    }
}
