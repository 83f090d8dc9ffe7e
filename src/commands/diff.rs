//! `kvctl diff`.

use std::{fmt, io, path::Path, time::Duration};

use serde::Serialize;

use super::shared::{
    SAMPLE,
    missed::Missed,
    namespace::{Access, OpenNamespace, binding_names},
    quoted,
    side::open_namespace,
    source::{Source, remark_skipped},
};
use crate::{
    cli::{
        again_with_operands,
        side::{SideArg, sides},
        transfer::DiffArgs,
    },
    commands::{CheckFailed, UsageError},
    context::Context,
    domain::{Hint, Prefixes, quantity},
    env,
    error::Result,
    formats::Format,
    fsx,
    ops::{
        bulk::{
            absent::CONSISTENCY_TIMEOUT,
            diff::{Diff, Differences, Side},
            file::Survey,
            read::Reader,
        },
        target::Target,
    },
    ui::{ADDED, Page, REMOVED, Report},
};

pub(super) async fn run(context: &Context, args: DiffArgs) -> Result<()> {
    let DiffArgs { format, hidden, .. } = args;
    let sides = sides([args.from_option, args.to_option], [args.a, args.b]);
    let sides = sides.map_err(UsageError::from)?;
    check_names(context, sides.each_ref())?;
    let [a, b] = sides;
    let a = Opened::open(context, a, format, hidden).await?;
    let b = Opened::open(context, b, format, hidden).await?;
    let is_local = a.is_local() && b.is_local();
    let prefixes = compared(context, args.prefix, [&a, &b])?;
    let diff = Diff {
        sides: [a.side(), b.side()],
        prefixes: &prefixes,
        now: context.now().as_second(),
        timeout: if is_local {
            Duration::ZERO
        } else {
            CONSISTENCY_TIMEOUT
        },
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

/// Refuses a name that is no file, where it names a binding or can be nothing else.
fn check_names(context: &Context, sides: [&SideArg; 2]) -> Result<()> {
    let known = binding_names(context);
    let as_binding = |name: &str| {
        let binding = name.split_once('@').map_or(name, |(binding, _)| binding);
        let is_known = known.iter().any(|it| it == binding);
        let is_absent = fsx::kind_of(&context.files.resolve(Path::new(name))).is_none();
        (is_known && is_absent).then(|| format!("binding:{name}"))
    };
    let mut names = sides.into_iter().filter_map(|side| match side {
        SideArg::File(path) => path.to_str(),
        SideArg::Namespace { .. } => None,
    });
    let Some(name) = names.find(|name| as_binding(name).is_some()) else {
        return Ok(());
    };
    let what = format!("there is no file {}", quoted(name));
    let again = again_with_operands(&env::arguments(), as_binding);
    let hint = again.map_or_else(|| "write binding:NAME".into(), Hint::run);
    let hint = hint.text(format!(
        " to compare the namespace of the binding {}",
        quoted(name)
    ));
    Err(UsageError::new(what, hint).into())
}

/// Returns the prefixes to compare: those that were asked for, as far as the files hold their keys. An
/// export of keys with certain prefixes says nothing of others.
fn compared(context: &Context, asked: Vec<String>, sides: [&Opened; 2]) -> Result<Prefixes> {
    let mut prefixes = Prefixes::any_of(asked).unwrap_or_default();
    for side in sides {
        let Opened::File(side) = side else {
            continue;
        };
        let (name, held) = (quoted(&side.0.name), &side.1.prefixes);
        let Some(both) = prefixes.intersection(held) else {
            let asked = prefixes.phrase();
            let held = held.phrase();
            let what = format!("{name} is an export of keys{held}, and has none{asked}");
            let hint = "export the keys that are to be compared, or pass another `--prefix`";
            return Err(UsageError::new(what, hint).into());
        };
        if both != prefixes {
            let held = held.phrase();
            let what = format!("{name} is an export of keys{held}; others are not compared");
            context.ui.note(&what);
        }
        prefixes = both;
    }
    Ok(prefixes)
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

    fn is_local(&self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Namespace(keyspace) => keyspace.session.is_local(),
        }
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

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file } => f.write_str(file),
            Self::Namespace(target) => target.fmt(f),
        }
    }
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
        let [only_a, only_b] = [&self.a, &self.b].map(|side| format!("only in {side}:"));
        let lists = [
            (REMOVED, only_a.as_str(), &found.only_a),
            (ADDED, &only_b, &found.only_b),
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
