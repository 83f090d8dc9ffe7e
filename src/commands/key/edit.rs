//! `kvctl key edit`.

use std::{io, path::PathBuf};

use bytes::Bytes;
use serde::Serialize;

use super::{put::Put, quoted, value::too_long};
use crate::{
    api::Value,
    cli::key::{EditArgs, NamespaceArgs},
    commands::{
        Refused,
        shared::{
            lifetime,
            namespace::{Access, OpenNamespace, select_namespace},
        },
    },
    context::Context,
    domain::{Hint, KeyName, Metadata, ShowPath as _, Suggestion, VALUE_MAX_BYTES},
    error::Result,
    fsx::{self, Private},
    ops::target::Target,
    ui::{Page, Report, Ui, printable},
};

pub(super) async fn run(context: &Context, args: EditArgs) -> Result<()> {
    let terminals = context.ui.options().terminals;
    if !(terminals.interactive && terminals.stdout) {
        return Err(no_terminal(&args).into());
    }
    let EditArgs {
        key,
        namespace,
        binary,
        dry_run,
    } = args;
    let choice = select_namespace(context, namespace, Access::Write).await?;
    let keyspace = choice.open(context).await?;
    let (old, metadata) = keyspace.record(&key).await?;
    if !binary && (str::from_utf8(&old.bytes).is_err() || old.bytes.contains(&0)) {
        return Err(Refused::new(
            format!("the value of {} is not text", quoted(&key)),
            "pass `--binary` to edit it anyway",
        )
        .into());
    }
    let place = keyspace.describe();
    context
        .ui
        .status(&format!("editing {} in {place}", quoted(&key)));
    let mut draft = Draft::new(&context.ui, old.bytes.clone())?;
    let edited = context
        .ui
        .edit(context.variables.editor(), &draft.path())
        .await;
    let new = draft.read()?;
    let Some(new) = new else {
        edited?;
        let namespace = keyspace.target;
        return context.ui.conclude(&Unchanged { key, namespace }, Ok(()));
    };
    let written = match edited {
        Ok(()) => match change(&keyspace, &key, new, &old, metadata).await {
            Ok(put) => keyspace.write(context, Put { dry_run, ..put }).await,
            Err(e) => Err(e),
        },
        Err(e) => Err(e.into()),
    };
    match written {
        Ok(()) => {
            draft.discard();
            Ok(())
        }
        Err(e) => {
            let kept = draft.keep();
            Err(e.context(format!(
                "the value was not written; the edited text is in {kept}"
            )))
        }
    }
}

fn no_terminal(args: &EditArgs) -> Refused {
    let put = of_same("key put", args).flag("--keep-ttl");
    let put = put.flag("--keep-metadata");
    let instead = Hint::from("use ")
        .and(of_same("key get", args))
        .text(" and ")
        .and(put.option("--file", "FILE").as_example())
        .text(" instead");
    Refused::new("an editor needs a terminal, and there is none", instead)
}

/// Returns the command `verb` about the same key of the same namespace.
fn of_same(verb: &'static str, args: &EditArgs) -> Suggestion {
    let NamespaceArgs {
        binding,
        preview,
        namespace,
        namespace_id,
    } = &args.namespace;
    let options = [
        ("--binding", binding.as_ref().map(ToString::to_string)),
        ("--namespace", namespace.clone()),
        ("--namespace-id", namespace_id.clone()),
    ];
    let mut command = Suggestion::new(verb).arg(&args.key);
    for (name, value) in options {
        command = value
            .into_iter()
            .fold(command, |it, value| it.option(name, value));
    }
    match preview.said() {
        Some(true) => command.flag("--preview"),
        Some(false) => command.flag("--no-preview"),
        None => command,
    }
}

/// Returns what to write. Fails if the value is too long or was changed meanwhile.
async fn change(
    keyspace: &OpenNamespace,
    key: &KeyName,
    value: Bytes,
    old: &Value,
    metadata: Option<Metadata>,
) -> Result<Put> {
    if value.len() > VALUE_MAX_BYTES {
        return Err(too_long("the edited value").into());
    }
    let (now, metadata_now) = keyspace.record(key).await?;
    if now != *old || metadata_now != metadata {
        return Err(Refused::new(
            format!("{} was changed while it was edited", quoted(key)),
            "run the same command again to edit what is there now",
        )
        .into());
    }
    Ok(Put {
        key: key.clone(),
        value,
        lifetime: lifetime::kept(keyspace, key, old.expiration).await?,
        metadata,
        dry_run: false,
    })
}

/// The text that is being edited. Where it differs, it is lost only when it is safe elsewhere.
struct Draft<'a> {
    ui: &'a Ui,
    file: Option<Private>,
    old: Bytes,
}

impl<'a> Draft<'a> {
    fn new(ui: &'a Ui, value: Bytes) -> Result<Self, fsx::Error> {
        // The name tells editors how to colour it.
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&value).is_ok();
        let name = if is_json { "value.json" } else { "value.txt" };
        Ok(Self {
            ui,
            file: Some(fsx::private(name, &value)?),
            old: value,
        })
    }

    fn path(&self) -> PathBuf {
        self.file.as_ref().map(Private::path).unwrap_or_default()
    }

    /// Returns what became of the value; nothing if it is the same.
    fn read(&self) -> Result<Option<Bytes>, fsx::Error> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let new = as_meant(&self.old, file.read()?);
        Ok((new != self.old).then(|| new.into()))
    }

    fn discard(&mut self) {
        self.file = None;
    }

    fn keep(&mut self) -> String {
        let path = self.file.take().map(Private::keep);
        path.unwrap_or_default().shown().into_owned()
    }
}

/// An interruption must not take the text along.
impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // What cannot be read may be what was edited.
        if !matches!(self.read(), Ok(None)) {
            let kept = self.keep();
            self.ui.warn(&format!("the edited text is in {kept}"));
        }
    }
}

/// Takes away the line break that editors put behind the last line of a text that has none.
fn as_meant(old: &[u8], mut new: Vec<u8>) -> Vec<u8> {
    if !old.ends_with(b"\n") && new.ends_with(b"\n") {
        new.pop();
        if !old.contains(&b'\r') && new.ends_with(b"\r") {
            new.pop();
        }
    }
    new
}

/// The editor left the value as it was.
#[derive(Serialize)]
struct Unchanged {
    key: KeyName,
    namespace: Target,
}

impl Report for Unchanged {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let key = printable(self.key.as_str());
        writeln!(out, "nothing to do: {key} was not changed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_editors_own_line_break_is_taken_away() {
        assert_eq!(as_meant(b"a", b"a\n".to_vec()), b"a");
        assert_eq!(as_meant(b"a", b"a\n\n".to_vec()), b"a\n");
        assert_eq!(as_meant(b"a\n", b"b\n".to_vec()), b"b\n");
        assert_eq!(as_meant(b"", b"\n".to_vec()), b"");
    }
}
