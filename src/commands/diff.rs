//! `kvctl diff`.

use std::io;

use futures_util::TryStreamExt as _;
use serde::Serialize;

use super::shared::{SAMPLE, missed::Missed, quoted, side::Side};
use crate::{
    cli::transfer::DiffArgs,
    commands::{CheckFailed, Partial},
    context::Context,
    domain::KeyName,
    error::{Result, ResultExt as _},
    ops::bulk::{
        absent::{AbsentRetry, CONSISTENCY_TIMEOUT},
        compare::{Difference, compare},
        read::Reader,
    },
    ui::{ADDED, Page, REMOVED, Report, quantity},
};

pub(super) async fn run(context: &Context, args: DiffArgs) -> Result<()> {
    let a = Side::open(context, args.a, args.format, args.hidden).await?;
    let b = Side::open(context, args.b, args.format, args.hidden).await?;
    let (reader_a, reader_b) = (a.reader(), b.reader());
    let mut report = DiffReport::default();
    let found = |key: &KeyName, difference: Difference| {
        let list = match difference {
            Difference::Removed => &mut report.only_a,
            Difference::Added => &mut report.only_b,
            Difference::Value => &mut report.values,
            Difference::Attributes => &mut report.attributes,
        };
        list.push(key.to_string());
    };
    let now = context.now();
    let one = a.records(reader_a.as_ref(), &args.prefix, now)?;
    let other = b.records(reader_b.as_ref(), &args.prefix, now)?;
    let same = compare(one, other, found)
        .await
        .context("could not compare")?;
    report.same = same;
    for reader in [&reader_a, &reader_b].into_iter().flatten() {
        settle(context, reader, &args.prefix).await?;
    }
    let verdict = match report.count() {
        0 => Ok(()),
        count => Err(CheckFailed::new(quantity(count, "difference")).into()),
    };
    context.ui.conclude(&report, verdict)
}

/// Makes sure that keys of a side which are listed, and were absent, are not there.
async fn settle(context: &Context, reader: &Reader<'_>, prefix: &str) -> Result<()> {
    let retry = AbsentRetry {
        timeout: CONSISTENCY_TIMEOUT,
        reporter: &context.ui,
    };
    let late = reader.late(prefix, &retry).try_collect::<Vec<_>>().await;
    if !late.context("could not compare")?.is_empty() {
        let what = "some keys could be read only after the comparison; run it again";
        return Err(Partial(what.to_owned()).into());
    }
    Ok(Missed::of(reader.absent_outcome()).verdict()?)
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
    attributes: Vec<String>,
}

impl DiffReport {
    fn count(&self) -> usize {
        self.only_a.len() + self.only_b.len() + self.values.len() + self.attributes.len()
    }
}

impl Report for DiffReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let lists = [
            (REMOVED, "only in A:", &self.only_a),
            (ADDED, "only in B:", &self.only_b),
            (REMOVED, "different value:", &self.values),
            (
                REMOVED,
                "different expiration or metadata:",
                &self.attributes,
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
