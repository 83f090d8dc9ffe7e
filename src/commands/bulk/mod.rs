//! `kvctl bulk …`: one file a verb. Each is another command in wrangler's spelling.

mod delete;
mod get;
mod put;

use std::path::Path;

use crate::{
    cli::bulk::BulkCommand,
    commands::{UsageError, shared::source::remark_ignored},
    context::Context,
    domain::{ErrorClass, ShowPath as _},
    error::{ClassExt as _, Result},
    formats::{Ignored, keys::KeyFormat},
    fsx::InputError,
    ops::bulk::{file::keys, names::Names},
    ui,
};

/// The most that is read from stdin: half a million of the longest names.
const STDIN_MAX_BYTES: usize = 256 * 1024 * 1024;

pub(super) async fn run(context: &Context, command: BulkCommand) -> Result<()> {
    match command {
        BulkCommand::Put(args) => put::run(context, args).await,
        BulkCommand::Get(args) => get::run(context, args).await,
        BulkCommand::Delete(args) => delete::run(context, args).await,
    }
}

/// Reads the keys that a file, or stdin, lists, and says which fields were ignored.
async fn listed(context: &Context, file: &Path, format: Option<KeyFormat>) -> Result<Names> {
    let format = format.unwrap_or_else(|| KeyFormat::of_path(file));
    let (keys, ignored) = read(context, file, format).await?;
    remark_ignored(context, &ignored);
    Ok(keys)
}

async fn read(context: &Context, file: &Path, format: KeyFormat) -> Result<(Names, Ignored)> {
    if file == Path::new("-") {
        let read = ui::input(STDIN_MAX_BYTES).await;
        let bytes = read.map_err(|e| InputError::new("the keys from stdin", e))?;
        let too_much = || {
            let what = "stdin has more than 256 MiB of keys".to_owned();
            UsageError::new(what, "take them in parts")
        };
        let bytes = bytes.ok_or_else(too_much)?;
        return Ok(keys(&bytes[..], format, Path::new("stdin"))?);
    }
    let (path, name) = (context.files.resolve(file), file.to_owned());
    // On a thread of its own: a pipe with a name may keep one waiting.
    let read = tokio::task::spawn_blocking(move || -> Result<_> {
        let opened = fs_err::File::open(&path);
        let file = opened.map_err(|e| InputError::new(name.shown(), e))?;
        Ok(keys(file, format, &name)?)
    });
    read.await.class(ErrorClass::Failed)?
}
