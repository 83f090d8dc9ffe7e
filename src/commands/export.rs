//! `kvctl export`.

use std::path::Path;

use super::{
    UsageError,
    shared::{
        export::{check_folder, remark, to_path},
        journal::{self, JournalDirectory},
        missed::Missed,
        namespace::{Access, select_namespace},
    },
};
use crate::{
    cli::transfer::ExportArgs,
    context::Context,
    domain::Prefixes,
    error::{Failure, Result},
    formats::{Format, StreamFormat},
    ops::bulk::{
        export::{Export, WriteError},
        file::format_of,
    },
    ui::OutputError,
};

pub(super) async fn run(context: &Context, args: ExportArgs) -> Result<()> {
    let file = args.file.as_deref().filter(|file| *file != Path::new("-"));
    let format = match file {
        None => args.format.unwrap_or(Format::Stream(StreamFormat::Ndjson)),
        Some(file) => format_of(args.format, file)?,
    };
    if args.resume.resume && format != Format::Stream(StreamFormat::Ndjson) {
        let what = "only NDJSON exports can be resumed".to_owned();
        return Err(UsageError::new(what, "remove `--resume`").into());
    }
    if let Some(file) = file {
        check_folder(context, file)?;
    }
    let keyspace = select_namespace(context, args.namespace, Access::Read)
        .await?
        .open(context)
        .await?;
    keyspace.announce(&context.ui, "exporting");
    let journals = JournalDirectory::new(context);
    let prefixes = Prefixes::any_of(args.prefix).unwrap_or_default();
    let export = Export {
        namespace: keyspace.namespace(),
        from: journal::namespace_ref(&keyspace.session, &keyspace.target.id),
        prefixes: &prefixes,
        timeout: keyspace
            .session
            .consistency_timeout(args.consistency_timeout),
        journals: journals.journals(),
    };
    match (file, format) {
        (None, Format::Stream(format)) => to_stdout(context, &export, format).await,
        (None, Format::Directory) => {
            let what = "a directory cannot be written to stdout".to_owned();
            Err(UsageError::new(what, "name the directory").into())
        }
        (Some(file), format) => {
            let resume = journal::resume_policy(args.resume);
            let from = (&export, &keyspace.target);
            let report = to_path(context, from, file, format, Some(resume)).await?;
            let verdict = report.missed.verdict();
            context.ui.conclude(&report, verdict.map_err(Into::into))
        }
    }
}

async fn to_stdout(context: &Context, export: &Export<'_>, format: StreamFormat) -> Result<()> {
    let ui = &context.ui;
    let writer = format.writer(ui.writer(), export.prefixes);
    let writer = writer.map_err(OutputError::from)?;
    let exported = export.to_writer(writer).await.map_err(|e| match e {
        WriteError::Write(e) => Failure::from(OutputError::from(e)),
        e => e.into(),
    })?;
    remark(context, &exported, Format::Stream(format));
    let missed = Missed::of(exported.absent);
    for line in missed.lines() {
        ui.note(&line);
    }
    Ok(missed.verdict()?)
}
