//! `kvctl bulk get`.

use std::{
    io::{self, Write},
    pin::pin,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::TryStreamExt as _;
use serde_json::json;

use super::listed;
use crate::{
    cli::bulk::BulkGetArgs,
    commands::shared::namespace::{Access, select_namespace},
    context::Context,
    domain::KeyName,
    error::{Result, ResultExt as _},
    ops::bulk::read::Reader,
    ui::OutputError,
};

pub(super) async fn run(context: &Context, args: BulkGetArgs) -> Result<()> {
    let choice = select_namespace(context, args.namespace, Access::Read).await?;
    let keys = listed(context, &args.file, args.format).await?;
    // An object has a key once.
    let keys = keys.distinct();
    let keyspace = choice.open(context).await?;
    keyspace.announce(&context.ui, "reading from");
    let reader = Reader::new(keyspace.namespace());
    let mut values = pin!(reader.values(&keys));
    let mut out = context.ui.writer();
    let mut before = "{\n  ";
    while let Some((key, value)) = values.try_next().await.context("could not read on")? {
        write(&mut out, before, &key, value.as_deref()).map_err(OutputError::from)?;
        before = ",\n  ";
    }
    let end = if before.starts_with('{') {
        "{}\n"
    } else {
        "\n}\n"
    };
    let ended = out.write_all(end.as_bytes()).and_then(|()| out.flush());
    Ok(ended.map_err(OutputError::from)?)
}

/// Writes a key with its value: text as it is, and what is not text as an object with its base64.
fn write(
    out: &mut impl Write,
    before: &str,
    key: &KeyName,
    value: Option<&[u8]>,
) -> io::Result<()> {
    out.write_all(before.as_bytes())?;
    serde_json::to_writer(&mut *out, key)?;
    out.write_all(b": ")?;
    match value.map(|bytes| str::from_utf8(bytes).map_err(|_binary| bytes)) {
        None => out.write_all(b"null")?,
        Some(Ok(text)) => serde_json::to_writer(&mut *out, text)?,
        Some(Err(bytes)) => {
            let value = json!({ "value": STANDARD.encode(bytes), "base64": true });
            serde_json::to_writer(&mut *out, &value)?;
        }
    }
    Ok(())
}
