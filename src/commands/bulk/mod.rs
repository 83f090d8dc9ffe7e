//! `kvctl bulk …`: one file a verb. Each is another command in wrangler's spelling.

mod delete;
mod get;
mod put;

use std::path::Path;

use anyhow::Context as _;

use crate::{
    cli::bulk::BulkCommand, commands::Misused, context::Context, domain::KeyName,
    ops::bulk::file::keys, ui,
};

/// The most that is read from stdin: half a million of the longest names.
const STDIN_MAX_BYTES: usize = 256 * 1024 * 1024;

pub(super) async fn run(context: &Context, command: BulkCommand) -> anyhow::Result<()> {
    match command {
        BulkCommand::Put(args) => put::run(context, args).await,
        BulkCommand::Get(args) => get::run(context, args).await,
        BulkCommand::Delete(args) => delete::run(context, args).await,
    }
}

/// Reads the keys that a file, or stdin, lists.
async fn listed(context: &Context, file: &Path) -> anyhow::Result<Vec<KeyName>> {
    if file == Path::new("-") {
        let read = ui::input(STDIN_MAX_BYTES).await;
        let bytes = read.context("the keys cannot be read from stdin")?;
        let too_much = || {
            let what = "stdin has more than 256 MiB of keys".to_owned();
            Misused::new(what, "take them in parts")
        };
        return Ok(keys(&bytes.ok_or_else(too_much)?[..], Path::new("stdin"))?);
    }
    let (path, name) = (context.resolve(file), file.to_owned());
    // On a thread of its own: a pipe with a name may keep one waiting.
    let read = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
        Ok(keys(fs_err::File::open(&path)?, &name)?)
    });
    read.await?
}
