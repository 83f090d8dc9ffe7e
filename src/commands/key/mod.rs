//! `kvctl key …`: one file a verb.

mod delete;
mod edit;
mod get;
mod list;
mod put;
mod touch;
mod value;

use bytes::Bytes;

use crate::{
    api::{self, Lifetime, Value},
    cli::key::KeyCommand,
    commands::shared::namespace::OpenNamespace,
    context::Context,
    domain::{KeyName, Metadata, Suggestion},
    error::{Failure, Result},
    ops::keys::{self, Absent},
    ui::{printable, quoted},
};

pub(super) async fn run(context: &Context, command: KeyCommand) -> Result<()> {
    match command {
        KeyCommand::Get(args) => get::run(context, args).await,
        KeyCommand::Put(args) => put::run(context, args).await,
        KeyCommand::Delete(args) => delete::run(context, args).await,
        KeyCommand::List(args) => list::run(context, args).await,
        KeyCommand::Edit(args) => edit::run(context, args).await,
        KeyCommand::Touch(args) => touch::run(context, args).await,
    }
}

impl OpenNamespace {
    /// Reads a key whole.
    async fn record(&self, key: &KeyName) -> Result<(Value, Option<Metadata>)> {
        let record = self.namespace().record(key).await;
        record.map_err(|e| self.explain(e, key))
    }

    async fn put(
        &self,
        key: &KeyName,
        value: Bytes,
        lifetime: Lifetime,
        metadata: Option<&Metadata>,
    ) -> Result<()> {
        let sent = self.namespace().put(key, value, lifetime, metadata).await;
        sent.map_err(|e| Failure::from(e).context(format!("could not write {}", quoted(key))))
    }

    /// Tells a key that is not there from everything else that can be wrong.
    fn explain(&self, error: api::Error, key: &KeyName) -> Failure {
        if keys::is_absent(&error) {
            return self.absent(key).into();
        }
        Failure::from(error).context(format!("could not read {}", quoted(key)))
    }

    /// Names the other sections that have the binding, with the options that select them.
    fn elsewhere(&self) -> Vec<String> {
        let sections = self.target.binding.iter().flat_map(|it| &it.elsewhere);
        // Nothing reads `previews` in the local store.
        let local = self.session.is_local();
        let sections = sections.filter(|section| !(local && section.is_previews()));
        let named = sections.map(|section| match section.options() {
            // A variable may select an environment as well.
            none if none.is_empty() => format!("{} (`--env ''`)", section.place()),
            options => format!("{} (`{options}`)", section.place()),
        });
        named.collect()
    }

    fn absent(&self, key: &KeyName) -> Absent {
        Absent {
            key: printable(key.as_str()).into_owned(),
            namespace: self.target.to_string(),
            list: self.target.select(Suggestion::new("key list")),
            local: self.session.is_local(),
            elsewhere: self.elsewhere(),
        }
    }
}
