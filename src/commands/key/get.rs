//! `kvctl key get`.

use std::{io, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Serialize;

use super::{quoted, value::plain_text};
use crate::{
    api::Value,
    cli::key::GetArgs,
    commands::{
        Refused, UsageError,
        shared::namespace::{Access, OpenNamespace, select_namespace},
    },
    context::Context,
    domain::{Expiration, KeyName, Metadata, quantity},
    error::Result,
    fsx,
    ops::target::Target,
    ui::{Format, Page, Question, Report, printable},
};

pub(super) async fn run(context: &Context, args: GetArgs) -> Result<()> {
    let GetArgs {
        key,
        namespace,
        output,
        force: _,
        with_metadata,
        text,
    } = args;
    let choice = select_namespace(context, namespace, Access::Read).await?;
    let file = output.as_deref().filter(|path| *path != Path::new("-"));
    let to_file = match file {
        Some(path) => Some(destination(context, path).await?),
        None => None,
    };
    let keyspace = choice.open(context).await?;
    let whole = with_metadata || context.ui.options().format != Format::Human;
    let (value, metadata) = if whole {
        keyspace.record(&key).await?
    } else {
        (keyspace.value(&key).await?, None)
    };
    keyspace.announce(&context.ui, &format!("read {} from", quoted(&key)));
    if let Some(write) = to_file {
        write(&value.bytes)?;
    }
    if whole {
        let file = file.map(|path| context.files.display(path));
        let report = GetReport {
            now: context.now().as_second(),
            ..GetReport::new(key, keyspace.target, value, metadata, file)
        };
        return context.ui.conclude(&report, Ok(()));
    }
    if let Some(path) = file {
        let bytes = quantity(value.bytes.len(), "byte");
        let path = context.files.display(path);
        context.ui.status(&format!("wrote {bytes} to {path}"));
        return Ok(());
    }
    let value = if text {
        as_text(context, &value)
    } else {
        value
    };
    let shown = context.ui.options().terminals.stdout && output.is_none();
    if shown && plain_text(&value.bytes).is_none() {
        return Err(Refused::new(
            format!(
                "{} holds {} that are not text, and stdout is a terminal",
                quoted(&key),
                quantity(value.bytes.len(), "byte")
            ),
            "write them to a file with `--output FILE`, or here with `--output -`",
        )
        .into());
    }
    Ok(context.ui.data(&value.bytes)?)
}

/// Returns a value as wrangler's `--text` prints it: decoded, with a newline at the end.
fn as_text(context: &Context, value: &Value) -> Value {
    let mut text = String::from_utf8_lossy(&value.bytes).into_owned();
    if text.as_bytes() != &*value.bytes {
        context
            .ui
            .warn("the value is not UTF-8 text; what is not shows as \u{fffd}");
    }
    text.push('\n');
    Value {
        bytes: text.into(),
        expiration: value.expiration,
    }
}

/// Makes sure that `path` may be written, and returns how.
async fn destination(
    context: &Context,
    path: &Path,
) -> Result<impl FnOnce(&[u8]) -> Result<(), fsx::Error>> {
    let target = context.files.resolve(path);
    if target.is_dir() {
        let what = format!("{} is a directory", context.files.display(&target));
        return Err(UsageError::new(what, "pass a file, or `-` for stdout").into());
    }
    let exists = target.exists();
    if exists {
        context
            .ui
            .confirm(Question {
                what: format!("overwriting {}", context.files.display(&target)),
                ask: format!("Overwrite {}?", context.files.display(&target)),
                expect: None,
                flag: "--yes".to_owned(),
            })
            .await?;
    }
    Ok(move |bytes: &[u8]| {
        if exists {
            fsx::overwrite(&target, bytes)
        } else {
            fsx::create(&target, bytes)
        }
    })
}

impl OpenNamespace {
    async fn value(&self, key: &KeyName) -> Result<Value> {
        let sent = self.namespace().value(key).await;
        sent.map_err(|e| self.explain(e, key))
    }
}

/// A key, whole, in the form of wrangler's bulk files, and where it was read.
#[derive(Serialize)]
struct GetReport {
    key: KeyName,
    namespace: Target,
    /// The value, or its base64; absent if it went to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    base64: bool,
    /// The file that the value went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    bytes: usize,
    /// UNIX seconds; `null` is never.
    expiration: Option<Expiration>,
    metadata: Option<Metadata>,
    #[serde(skip)]
    raw: Bytes,
    /// The time, in UNIX seconds.
    #[serde(skip)]
    now: i64,
}

impl GetReport {
    fn new(
        key: KeyName,
        namespace: Target,
        value: Value,
        metadata: Option<Metadata>,
        file: Option<String>,
    ) -> Self {
        let Value { bytes, expiration } = value;
        let text = str::from_utf8(&bytes).ok().map(str::to_owned);
        let base64 = text.is_none() && file.is_none();
        let written = || text.unwrap_or_else(|| STANDARD.encode(&bytes));
        Self {
            key,
            namespace,
            value: file.is_none().then(written),
            base64,
            file,
            bytes: bytes.len(),
            expiration,
            metadata,
            raw: bytes,
            now: 0,
        }
    }
}

impl Report for GetReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let expires = self.expiration.map_or_else(
            || "never".to_owned(),
            |at| format!("{at}, {}", at.ahead_of(self.now)),
        );
        let metadata = self.metadata.as_ref().map_or("none", Metadata::as_json);
        writeln!(out, "key       {}", printable(self.key.as_str()))?;
        writeln!(out, "expires   {expires}")?;
        writeln!(out, "metadata  {}", printable(metadata))?;
        let bytes = quantity(self.bytes, "byte");
        if let Some(file) = &self.file {
            return writeln!(out, "value     {bytes}, in {file}");
        }
        if let Some(text) = plain_text(&self.raw) {
            writeln!(out, "value     {bytes}")?;
            writeln!(out)?;
            return out.value(text);
        }
        writeln!(out, "value     {bytes}, here as base64")?;
        writeln!(out)?;
        out.value(&STANDARD.encode(&self.raw))
    }
}
