//! `kvctl bulk get`.

use std::{collections::HashSet, io::Write as _, pin::pin};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::TryStreamExt as _;
use serde_json::json;

use super::listed;
use crate::{
    cli::bulk::BulkGetArgs,
    commands::shared::namespace::{Access, select_namespace},
    context::Context,
    error::{Result, ResultExt as _},
    ops::bulk::read::Reader,
    ui::OutputError,
};

pub(super) async fn run(context: &Context, args: BulkGetArgs) -> Result<()> {
    let choice = select_namespace(context, args.namespace, Access::Read).await?;
    let mut keys = listed(context, &args.file, args.format).await?;
    let mut seen = HashSet::new();
    // An object has a key once.
    keys.retain(|key| seen.insert(key.clone()));
    drop(seen);
    let keyspace = choice.open(context).await?;
    keyspace.announce(&context.ui, "reading from");
    let reader = Reader::new(keyspace.namespace());
    let mut values = pin!(reader.values(&keys));
    let mut out = context.ui.writer();
    let mut before = "{\n  ";
    while let Some((key, value)) = values.try_next().await.context("could not read on")? {
        let value = match value {
            None => json!(null),
            Some(bytes) => match String::from_utf8(bytes.into()) {
                Ok(text) => json!(text),
                Err(e) => json!({ "value": STANDARD.encode(e.as_bytes()), "base64": true }),
            },
        };
        let key = json!(key.as_str());
        write!(out, "{before}{key}: {value}").map_err(OutputError::from)?;
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
