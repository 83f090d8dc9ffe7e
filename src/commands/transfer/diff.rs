//! `kvctl diff`.

use std::io::{self, Write};

use anyhow::Context as _;
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use serde::Serialize;

use super::{SAMPLE, quoted};
use crate::{
    cli::transfer::{DiffArgs, NamespaceArg, SideArg},
    commands::{
        Different,
        key::{Choice, Keyspace},
    },
    context::{Context, Session},
    domain::Record,
    env,
    formats::Format,
    ops::{
        target::Selector,
        transfer::{
            compare::{Difference, compare},
            file::{RecordFile, format_of},
            read::Reader,
        },
    },
    ui::{ADDED, REMOVED, Report, quantity},
};

pub(crate) async fn run(context: &Context, args: DiffArgs) -> anyhow::Result<()> {
    let a = Side::open(context, args.a, args.format).await?;
    let b = Side::open(context, args.b, args.format).await?;
    let (reader_a, reader_b) = (a.reader(), b.reader());
    let mut report = DiffReport::default();
    let found = |key: &crate::domain::KeyName, difference: Difference| {
        let list = match difference {
            Difference::Removed => &mut report.only_a,
            Difference::Added => &mut report.only_b,
            Difference::Value => &mut report.values,
            Difference::Belongings => &mut report.belongings,
        };
        list.push(key.to_string());
    };
    let one = a.records(reader_a.as_ref(), &args.prefix)?;
    let other = b.records(reader_b.as_ref(), &args.prefix)?;
    let same = compare(one, other, found)
        .await
        .context("could not compare")?;
    report.same = same;
    let count = report.count();
    let reported = context.ui.report(&report);
    if count > 0 {
        return Err(Different(quantity(count, "difference")).into());
    }
    Ok(reported?)
}

/// One side of the comparison.
enum Side {
    File(RecordFile),
    Namespace(Box<Keyspace>),
}

/// Why a side could not be read, whichever it is.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    File(#[from] crate::ops::transfer::file::Error),
    #[error(transparent)]
    Namespace(#[from] crate::ops::transfer::read::Error),
}

impl Side {
    async fn open(context: &Context, arg: SideArg, format: Option<Format>) -> anyhow::Result<Self> {
        let (local, which) = match arg {
            SideArg::File(path) => {
                let path = context.resolve(&path);
                let file = RecordFile {
                    format: format_of(format, &path)?,
                    path,
                };
                // A file that is wrong somewhere is no side to compare with.
                file.survey(false)?;
                return Ok(Self::File(file));
            }
            SideArg::Namespace { local, which } => (local, which),
        };
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
                (selector, Some(context.document()?))
            }
        };
        let choice = Choice { selector, document };
        let local = local || context.is_local();
        Ok(Self::Namespace(Box::new(
            choice.open_at(context, local).await?,
        )))
    }

    fn reader(&self) -> Option<Reader<'_>> {
        let Self::Namespace(keyspace) = self else {
            return None;
        };
        let Session {
            client, account, ..
        } = &keyspace.session;
        Some(Reader::new(client, account, &keyspace.target.id))
    }

    fn records<'a>(
        &'a self,
        reader: Option<&'a Reader<'a>>,
        prefix: &'a str,
    ) -> anyhow::Result<BoxStream<'a, Result<Record, Error>>> {
        Ok(match (self, reader) {
            (Self::File(file), _) => file
                .records(env::now().as_second())?
                .map_ok(|(_, record)| record)
                .try_filter(move |r| std::future::ready(r.key.as_str().starts_with(prefix)))
                .map_err(Error::from)
                .boxed(),
            (Self::Namespace(_), Some(reader)) => {
                reader.records(prefix, None).map_err(Error::from).boxed()
            }
            (Self::Namespace(_), None) => stream::empty().boxed(),
        })
    }
}

/// What two sides differ in.
#[derive(Debug, Default, Serialize)]
struct DiffReport {
    /// How many keys are the same on both sides.
    same: usize,
    /// Keys that only the first side has.
    only_a: Vec<String>,
    /// Keys that only the second side has.
    only_b: Vec<String>,
    /// Keys with different values.
    values: Vec<String>,
    /// Keys with the same value and different expiry or metadata.
    belongings: Vec<String>,
}

impl DiffReport {
    fn count(&self) -> usize {
        self.only_a.len() + self.only_b.len() + self.values.len() + self.belongings.len()
    }
}

impl Report for DiffReport {
    fn human(&self, out: &mut dyn Write, _: bool) -> io::Result<()> {
        let lists = [
            (REMOVED, "only in A:", &self.only_a),
            (ADDED, "only in B:", &self.only_b),
            (REMOVED, "other value:", &self.values),
            (REMOVED, "other expiry or metadata:", &self.belongings),
        ];
        for (style, what, keys) in lists {
            for key in keys.iter().take(SAMPLE) {
                writeln!(out, "{style}{what}{style:#} {}", quoted(key))?;
            }
            if keys.len() > SAMPLE {
                writeln!(out, "{what} … and {} more", keys.len() - SAMPLE)?;
            }
        }
        match self.count() {
            0 => writeln!(out, "identical: {}", quantity(self.same, "key")),
            count => writeln!(
                out,
                "{}, {} the same",
                quantity(count, "difference"),
                self.same
            ),
        }
    }
}
