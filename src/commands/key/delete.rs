//! `kvctl key delete`: guarded, for there is no way back.

use std::{
    collections::HashSet,
    io::{self, Write},
};

use anyhow::Context as _;
use serde::Serialize;

use super::{Access, Keyspace, choose, guard::Guard, quoted, selection::Selection};
use crate::{
    api::DeleteKey,
    cli::key::DeleteArgs,
    commands::Refused,
    context::{Context, Session},
    ops::{
        delete_keys::{self, Remained},
        target::Target,
    },
    ui::{Report, printable, quantity},
};

/// How many keys are shown before they are deleted.
const SAMPLE: usize = 5;

pub(super) async fn run(context: &Context, args: DeleteArgs) -> anyhow::Result<()> {
    let choice = choose(context, args.namespace.clone(), Access::Write)?;
    let selection = Selection::of(&args).await?;
    let keyspace = choice.open(context).await?;
    let names = keyspace.names(&selection, args.max_delete).await?;
    let mut report = DeleteReport {
        namespace: keyspace.target.clone(),
        matched: names.len(),
        deleted: 0,
        dry_run: args.dry_run,
        remained: Vec::new(),
        keys: None,
    };
    if args.dry_run {
        report.keys = Some(names);
        return Ok(context.ui.report(&report)?);
    }
    if names.is_empty() {
        return Ok(context.ui.report(&report)?);
    }
    announce(context, &keyspace, &names);
    let guard = Guard {
        context,
        keys: &names,
        confirm: args.confirm.as_deref(),
        mass: selection.is_mass(),
    };
    guard.check(&keyspace).await?;
    report.remained = keyspace.delete(context, &selection, &names).await?;
    let (total, remained) = (names.len(), report.remained.len());
    report.deleted = total - remained;
    context.ui.report(&report)?;
    if remained == 0 {
        Ok(())
    } else {
        Err(Remained { remained, total }.into())
    }
}

/// Says what is about to go, and where.
fn announce(context: &Context, keyspace: &Keyspace, names: &[String]) {
    let keys = quantity(names.len(), "key");
    let place = keyspace.describe();
    let mut text = format!("deleting {keys}: {place}");
    for name in names.iter().take(SAMPLE) {
        text.push_str("\n  ");
        text.push_str(&printable(name));
    }
    if names.len() > SAMPLE {
        text.push_str("\n  …");
    }
    context.ui.status(&text);
}

impl Keyspace {
    /// Returns the names of the keys that are meant, each once, but refuses more than `max`.
    async fn names(
        &self,
        selection: &Selection,
        max: Option<usize>,
    ) -> anyhow::Result<Vec<String>> {
        let Session {
            client, account, ..
        } = &self.session;
        let names = match selection {
            Selection::Named(keys) | Selection::Read(keys) => {
                let mut seen = HashSet::new();
                let keys = keys.iter().filter(|key| seen.insert(key.as_str()));
                keys.map(ToString::to_string).collect()
            }
            Selection::Matching(prefix) => {
                let found =
                    delete_keys::matching(client, account, &self.target.id, prefix, max).await;
                found.with_context(|| format!("could not list the keys of {}", self.target))?
            }
        };
        match max {
            Some(max) if names.len() > max => Err(Refused {
                what: format!(
                    "more than {} would go; nothing was deleted",
                    quantity(max, "key")
                ),
                allow: "give a longer `--prefix`, or a larger `--max-delete`".to_owned(),
            }
            .into()),
            _ => Ok(names),
        }
    }

    /// Deletes the keys, and returns those that remained.
    async fn delete(
        &self,
        context: &Context,
        selection: &Selection,
        names: &[String],
    ) -> anyhow::Result<Vec<String>> {
        let Session {
            client, account, ..
        } = &self.session;
        let namespace = &self.target.id;
        if let Selection::Named(keys) = selection
            && let ([key, ..], [_]) = (keys.as_slice(), names)
        {
            let request = DeleteKey {
                account,
                namespace,
                key,
            };
            let sent = client.send(&request).await;
            sent.with_context(|| format!("could not delete {}", quoted(key)))?;
            return Ok(Vec::new());
        }
        let bar = context.ui.progress(names.len(), "deleting");
        let done = |keys| bar.advance(keys);
        Ok(delete_keys::delete(client, account, namespace, names, &done).await?)
    }
}

/// What is gone, or would be.
#[derive(Debug, Serialize)]
struct DeleteReport {
    namespace: Target,
    matched: usize,
    deleted: usize,
    dry_run: bool,
    /// The keys that are still there though they should not be.
    remained: Vec<String>,
    /// The keys that would be deleted, on a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Vec<String>>,
}

impl Report for DeleteReport {
    fn human(&self, out: &mut dyn Write, _: bool) -> io::Result<()> {
        let place = &self.namespace;
        if let Some(keys) = &self.keys {
            for key in keys {
                writeln!(out, "{}", printable(key))?;
            }
            let keys = quantity(keys.len(), "key");
            return writeln!(out, "dry run: would delete {keys} from {place}");
        }
        if self.matched == 0 {
            return writeln!(out, "nothing to do: no such keys in {place}");
        }
        for key in &self.remained {
            writeln!(out, "not deleted  {}", printable(key))?;
        }
        let keys = quantity(self.deleted, "key");
        writeln!(out, "deleted {keys} from {place}")
    }
}
