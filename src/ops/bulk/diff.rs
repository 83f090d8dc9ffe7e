//! What two sides differ in, each a file of records or a namespace.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, future, stream::BoxStream};
use serde::Serialize;

use super::{
    absent::{AbsentOutcome, AbsentRetry},
    compare::{self, Difference, SideError, compare},
    file::{RecordFile, Survey},
    read::Reader,
    reporter::Reporter,
};
use crate::domain::{Classification, Classify, ErrorClass, KeyName, Prefixes, Record};

/// One side.
pub enum Side<'a> {
    /// A file, and what it was found to hold.
    File(&'a RecordFile, &'a Survey),
    /// A namespace.
    Namespace(Reader<'a>),
}

/// A comparison.
pub struct Diff<'a> {
    /// Both sides.
    pub sides: [Side<'a>; 2],
    /// Only keys with these prefixes are compared.
    pub prefixes: &'a Prefixes,
    /// The time, in UNIX seconds, from which a file's TTLs count.
    pub now: i64,
    /// How long to ask again for keys that are listed and cannot be read.
    pub timeout: Duration,
}

/// What two sides differ in.
#[derive(Debug, Default, Serialize)]
pub struct Differences {
    /// How many keys are the same on both sides.
    pub same: usize,
    /// Keys that only the first side has.
    pub only_a: Vec<String>,
    /// Keys that only the second side has.
    pub only_b: Vec<String>,
    /// Keys with different values.
    pub values: Vec<String>,
    /// Keys with the same value and different expiry or metadata.
    pub attributes: Vec<String>,
    /// What became of keys of a namespace that were listed and could not be read.
    #[serde(skip)]
    pub absent: Vec<AbsentOutcome>,
}

impl Differences {
    /// Returns how many keys differ.
    pub fn count(&self) -> usize {
        self.only_a.len() + self.only_b.len() + self.values.len() + self.attributes.len()
    }
}

/// Why two sides were not compared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A side could not be read, or is not in order.
    #[error("could not compare")]
    Compare(#[from] compare::Error<SideError>),
    /// Keys were not there when they were read, and are by now.
    #[error("some keys could be read only after the comparison; run it again")]
    Late,
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Compare(e) => e.classify(),
            Self::Late => ErrorClass::Partial.into(),
        }
    }
}

impl Diff<'_> {
    /// Compares both sides, without keeping a value.
    pub async fn run(&self, reporter: &dyn Reporter) -> Result<Differences, Error> {
        let mut differences = Differences::default();
        let found = |key: &KeyName, difference: Difference| {
            let list = match difference {
                Difference::Removed => &mut differences.only_a,
                Difference::Added => &mut differences.only_b,
                Difference::Value => &mut differences.values,
                Difference::Attributes => &mut differences.attributes,
            };
            list.push(key.to_string());
        };
        let [a, b] = &self.sides;
        let one = self.records(a).map_err(compare::Error::Side)?;
        let other = self.records(b).map_err(compare::Error::Side)?;
        differences.same = compare(one, other, found).await?;
        let retry = AbsentRetry {
            timeout: self.timeout,
            reporter,
        };
        for side in &self.sides {
            let Side::Namespace(reader) = side else {
                continue;
            };
            // Keys which are listed, and were absent, must not be there.
            let late = reader.late(self.prefixes, &retry).try_collect::<Vec<_>>();
            let late = late.await.map_err(|e| compare::Error::Side(e.into()))?;
            if !late.is_empty() {
                return Err(Error::Late);
            }
            differences.absent.push(reader.absent_outcome());
        }
        Ok(differences)
    }

    fn records<'s>(
        &'s self,
        side: &'s Side<'_>,
    ) -> Result<BoxStream<'s, Result<Record, SideError>>, SideError> {
        Ok(match side {
            Side::File(file, survey) => file
                .records(survey, self.now)?
                .map_ok(|(_, record)| record)
                .try_filter(|it| future::ready(self.prefixes.covers(it.key.as_str())))
                .map_err(SideError::from)
                .boxed(),
            Side::Namespace(reader) => reader
                .records(self.prefixes)
                .map_err(SideError::from)
                .boxed(),
        })
    }
}
