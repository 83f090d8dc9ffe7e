//! `kvctl diff`.

use std::io;

use serde::Serialize;

use super::shared::{
    SAMPLE,
    missed::Missed,
    namespace::{Access, OpenNamespace, open_namespace},
    quoted,
    source::{Source, remark_skipped},
};
use crate::{
    cli::transfer::{DiffArgs, SideArg},
    commands::CheckFailed,
    context::Context,
    error::Result,
    formats::Format,
    ops::{
        bulk::{
            diff::{Diff, Differences, Side},
            file::Survey,
            read::Reader,
        },
        target::Target,
    },
    ui::{ADDED, Page, REMOVED, Report, quantity},
};

pub(super) async fn run(context: &Context, args: DiffArgs) -> Result<()> {
    let a = Opened::open(context, args.a, args.format, args.hidden).await?;
    let b = Opened::open(context, args.b, args.format, args.hidden).await?;
    let diff = Diff {
        sides: [a.side(), b.side()],
        prefix: &args.prefix,
        now: context.now().as_second(),
    };
    let mut differences = diff.run(&context.ui).await?;
    for absent in differences.absent.drain(..) {
        Missed::of(absent).verdict()?;
    }
    let verdict = match differences.count() {
        0 => Ok(()),
        count => Err(CheckFailed::new(quantity(count, "difference")).into()),
    };
    let report = DiffReport {
        a: a.describe(),
        b: b.describe(),
        differences,
    };
    context.ui.conclude(&report, verdict)
}

/// A side that can be read.
enum Opened {
    File(Box<(Source, Survey)>),
    Namespace(Box<OpenNamespace>),
}

impl Opened {
    async fn open(
        context: &Context,
        arg: SideArg,
        format: Option<Format>,
        hidden: bool,
    ) -> Result<Self> {
        Ok(match arg {
            SideArg::File(path) => {
                let source = Source::open(context, &path, format, hidden).await?;
                // Do not compare with an invalid file.
                let survey = source.survey(false).await?;
                remark_skipped(context, &survey);
                Self::File(Box::new((source, survey)))
            }
            SideArg::Namespace { local, which } => Self::Namespace(Box::new(
                open_namespace(context, local, which, Access::Read).await?,
            )),
        })
    }

    fn side(&self) -> Side<'_> {
        match self {
            Self::File(side) => Side::File(&side.0.file, &side.1),
            Self::Namespace(keyspace) => Side::Namespace(Reader::new(keyspace.namespace())),
        }
    }

    fn describe(&self) -> Compared {
        match self {
            Self::File(side) => Compared::File {
                file: side.0.name.clone(),
            },
            Self::Namespace(keyspace) => Compared::Namespace(keyspace.target.clone()),
        }
    }
}

/// What was compared.
#[derive(Serialize)]
#[serde(untagged)]
enum Compared {
    File { file: String },
    Namespace(Target),
}

/// How two sides differ.
#[derive(Serialize)]
struct DiffReport {
    a: Compared,
    b: Compared,
    #[serde(flatten)]
    differences: Differences,
}

impl Report for DiffReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let found = &self.differences;
        let lists = [
            (REMOVED, "only in A:", &found.only_a),
            (ADDED, "only in B:", &found.only_b),
            (REMOVED, "different value:", &found.values),
            (
                REMOVED,
                "different expiration or metadata:",
                &found.attributes,
            ),
        ];
        for (style, what, keys) in lists {
            for key in keys.iter().take(SAMPLE) {
                writeln!(out, "{style}{what}{style:#} {}", quoted(key))?;
            }
            if keys.len() > SAMPLE {
                writeln!(out, "{what} … and {} more", keys.len() - SAMPLE)?;
            }
        }
        match found.count() {
            0 => writeln!(out, "identical: {}", quantity(found.same, "key")),
            count => writeln!(
                out,
                "{}, {} the same",
                quantity(count, "difference"),
                found.same
            ),
        }
    }
}
