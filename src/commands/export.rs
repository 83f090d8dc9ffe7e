//! `kvctl export`.

use std::path::Path;

use super::{
    UsageError,
    shared::{
        export::Export,
        namespace::{Access, OpenNamespace, select_namespace},
    },
};
use crate::{
    cli::transfer::ExportArgs,
    context::Context,
    error::Result,
    formats::{Format, StreamFormat},
    ops::bulk::file::format_of,
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
    let OpenNamespace {
        session, target, ..
    } = select_namespace(context, args.namespace, Access::Read)?
        .open(context)
        .await?;
    let export = Export {
        context,
        session: &session,
        target: &target,
        prefix: &args.prefix,
        timeout: args.consistency_timeout,
    };
    match (file, format) {
        (None, Format::Stream(format)) => export.to_stdout(format).await,
        (None, Format::Directory) => {
            let what = "a directory cannot be written to stdout".to_owned();
            Err(UsageError::new(what, "name the directory").into())
        }
        (Some(file), format) => {
            let report = export.write(file, format, Some(args.resume)).await?;
            let verdict = report.missed.verdict();
            context.ui.conclude(&report, verdict.map_err(Into::into))
        }
    }
}
