//! A file or a namespace, named in one word.

use futures_util::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};

use super::{
    namespace::{NamespaceSelection, OpenNamespace},
    source::{Source, remark_skipped},
};
use crate::{
    cli::transfer::{NamespaceArg, SideArg},
    context::Context,
    domain::Record,
    error::Result,
    formats::Format,
    ops::{
        bulk::{compare::SideError, file::Survey, read::Reader},
        target::Selector,
    },
};

/// One side of a comparison or of a copy.
pub(crate) enum Side {
    File(Box<(Source, Survey)>),
    Namespace(Box<OpenNamespace>),
}

impl Side {
    pub(crate) async fn open(
        context: &Context,
        arg: SideArg,
        format: Option<Format>,
        hidden: bool,
    ) -> Result<Self> {
        let (local, which) = match arg {
            SideArg::File(path) => {
                let source = Source::open(context, &path, format, hidden).await?;
                // A file that is wrong somewhere is no side to compare with.
                let survey = source.survey(false).await?;
                remark_skipped(context, &survey);
                return Ok(Self::File(Box::new((source, survey))));
            }
            SideArg::Namespace { local, which } => (local, which),
        };
        Ok(Self::Namespace(Box::new(
            open_namespace(context, local, which).await?,
        )))
    }

    pub(crate) fn reader(&self) -> Option<Reader<'_>> {
        let Self::Namespace(keyspace) = self else {
            return None;
        };
        Some(Reader::new(keyspace.namespace()))
    }

    pub(crate) fn records<'a>(
        &'a self,
        reader: Option<&'a Reader<'a>>,
        prefix: &'a str,
        now: jiff::Timestamp,
    ) -> Result<BoxStream<'a, Result<Record, SideError>>> {
        Ok(match (self, reader) {
            (Self::File(side), _) => side
                .0
                .file
                .records(&side.1, now.as_second())?
                .map_ok(|(_, record)| record)
                .try_filter(move |r| std::future::ready(r.key.as_str().starts_with(prefix)))
                .map_err(SideError::from)
                .boxed(),
            (Self::Namespace(_), Some(reader)) => {
                reader.records(prefix).map_err(SideError::from).boxed()
            }
            (Self::Namespace(_), None) => stream::empty().boxed(),
        })
    }
}

/// Finds a namespace that is named in one word, in the local store or at the service.
pub(crate) async fn open_namespace(
    context: &Context,
    local: bool,
    which: NamespaceArg,
) -> Result<OpenNamespace> {
    let (selector, document) = match which {
        NamespaceArg::Id(id) => (Selector::Id(id), None),
        NamespaceArg::Title(title) => (Selector::Title(title), None),
        NamespaceArg::Binding(binding, environment) => {
            let environment = match environment {
                Some(environment) => Some(environment),
                None => context.environment()?,
            };
            let preview = false;
            let selector = Selector::Binding {
                environment,
                binding,
                preview,
            };
            (selector, Some(context.files.document()?))
        }
    };
    let choice = NamespaceSelection { selector, document };
    let local = local || context.is_local();
    choice.open_at(context, local).await
}
