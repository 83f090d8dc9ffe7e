//! `kvctl key …`: one file a verb.

pub(super) mod delete;
mod edit;
mod get;
pub(super) mod guard;
pub(super) mod lifetime;
mod list;
mod put;
pub(super) mod selection;
mod touch;
mod value;

use bytes::Bytes;

use crate::{
    api::{self, Lifetime, Namespace, Value},
    cli::key::{KeyCommand, NamespaceArgs},
    config::Document,
    context::{Context, Session},
    domain::{KeyName, Metadata},
    ops::{
        keys::{self, Absent},
        target::{self, Selector, Target},
    },
    ui::{printable, quoted},
};

pub(super) async fn run(context: &Context, command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Get(args) => get::run(context, args).await,
        KeyCommand::Put(args) => put::run(context, args).await,
        KeyCommand::Delete(args) => delete::run(context, args).await,
        KeyCommand::List(args) => list::run(context, args).await,
        KeyCommand::Edit(args) => edit::run(context, args).await,
        KeyCommand::Touch(args) => touch::run(context, args).await,
    }
}

/// What a command is about to do with the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Read them: the only binding there is may be taken for granted.
    Read,
    /// Change them: the namespace must be named.
    Write,
}

/// A namespace as the command line names it, before anything was sent.
pub(super) struct Choice {
    pub(super) selector: Selector,
    pub(super) document: Option<Document>,
}

/// Decides which namespace is meant.
pub(super) fn choose(
    context: &Context,
    args: NamespaceArgs,
    access: Access,
) -> anyhow::Result<Choice> {
    let NamespaceArgs {
        binding,
        preview,
        namespace,
        namespace_id,
    } = args;
    let by_binding = |binding, document| {
        Ok(Choice {
            selector: Selector::Binding {
                environment: context.environment()?,
                binding,
                preview,
            },
            document: Some(document),
        })
    };
    let selector = match (namespace_id, namespace, binding) {
        (Some(id), ..) => Selector::Id(id),
        (None, Some(title), _) => Selector::Title(title),
        (None, None, Some(binding)) => return by_binding(binding, context.document()?),
        (None, None, None) => {
            let Some(document) = context.document_if_any()? else {
                return Err(target::Error::Unnamed(Vec::new()).into());
            };
            let known = target::bindings(&document, context.environment()?.as_ref())?;
            return match <[_; 1]>::try_from(known) {
                Ok([only]) if access == Access::Read => by_binding(only, document),
                Ok(known) => Err(target::Error::Unnamed(known.into()).into()),
                Err(known) => Err(target::Error::Unnamed(known).into()),
            };
        }
    };
    Ok(Choice {
        selector,
        document: None,
    })
}

/// The keys of one namespace.
pub(super) struct Keyspace {
    pub(super) session: Session,
    pub(super) target: Target,
    /// The wrangler file, if the namespace was named by a binding.
    document: Option<Document>,
}

impl Choice {
    pub(super) async fn open(self, context: &Context) -> anyhow::Result<Keyspace> {
        self.open_at(context, context.is_local()).await
    }

    /// Opens it in the local store or at the service, whatever the global options say.
    pub(super) async fn open_at(self, context: &Context, local: bool) -> anyhow::Result<Keyspace> {
        let Self { selector, document } = self;
        let section = match &selector {
            Selector::Binding { environment, .. } => environment.clone(),
            Selector::Id(_) | Selector::Title(_) => context.environment()?,
        };
        let session = context
            .connect_at(document.as_ref(), section, local)
            .await?;
        let target = selector
            .locate(
                &session.client,
                &session.account,
                document.as_ref(),
                session.is_local(),
            )
            .await?;
        Ok(Keyspace {
            session,
            target,
            document,
        })
    }
}

impl Keyspace {
    /// Returns the handle of the namespace.
    pub(super) fn namespace(&self) -> Namespace<'_> {
        self.session.namespace(&self.target.id)
    }

    /// Returns a sentence's end that says where changes go.
    pub(super) fn describe(&self) -> String {
        format!("{}, {}", self.session.describe(), self.target)
    }

    /// Returns the wrangler file, also where the namespace was not named by a binding of it.
    pub(super) fn document(&self, context: &Context) -> anyhow::Result<Option<Document>> {
        Ok(match &self.document {
            Some(document) => Some(document.clone()),
            None => context.document_if_any()?,
        })
    }

    /// Reads a key whole.
    async fn record(&self, key: &KeyName) -> anyhow::Result<(Value, Option<Metadata>)> {
        let record = self.namespace().record(key).await;
        record.map_err(|e| self.explain(e, key))
    }

    async fn put(
        &self,
        key: &KeyName,
        value: Bytes,
        lifetime: Lifetime,
        metadata: Option<&Metadata>,
    ) -> anyhow::Result<()> {
        let sent = self.namespace().put(key, value, lifetime, metadata).await;
        sent.map_err(|e| anyhow::Error::new(e).context(format!("could not write {}", quoted(key))))
    }

    /// Tells a key that is not there from everything else that can be wrong.
    fn explain(&self, error: api::Error, key: &KeyName) -> anyhow::Error {
        if keys::is_absent(&error) {
            return self.absent(key).into();
        }
        anyhow::Error::new(error).context(format!("could not read {}", quoted(key)))
    }

    fn absent(&self, key: &KeyName) -> Absent {
        Absent {
            key: printable(key.as_str()).into_owned(),
            namespace: self.target.to_string(),
        }
    }
}
