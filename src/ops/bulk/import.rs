//! Importing a file of records into a namespace.

use std::path::Path;

use futures_util::TryStreamExt as _;

use super::{
    cost::Cost,
    file::{self, RecordFile, Survey},
    journal::{
        Journals, ResumePolicy,
        run_id::{Content, Input, NamespaceRef, Operation, RunId},
    },
    run::{self, Run, Task},
    write::{self, Outgoing, Writer, Written},
};
use crate::{
    api::{Lifetime, Namespace},
    domain::{Metadata, quantity},
    formats,
};

/// What records get where the file has none of their own.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// How long they live.
    pub lifetime: Lifetime,
    /// Their metadata.
    pub metadata: Option<Metadata>,
}

impl Defaults {
    /// Returns a checksum of the defaults, if there are any.
    fn sum(&self) -> Option<String> {
        let Self { lifetime, metadata } = self;
        let lifetime = match lifetime {
            Lifetime::Unlimited => None,
            Lifetime::For(ttl) => Some(format!("for {}", ttl.seconds())),
            Lifetime::Until(at) => Some(format!("until {}", at.unix_seconds())),
        };
        let metadata = metadata.as_ref().map(Metadata::as_json);
        (lifetime.is_some() || metadata.is_some())
            .then(|| Content::sum(&format!("{lifetime:?} {metadata:?}")))
    }

    /// Completes a record. A TTL stays one: it counts from when the service takes the record.
    fn complete(&self, number: u64, input: formats::Input) -> Outgoing {
        let (mut record, ttl) = input.into_record_and_ttl();
        record.metadata = record.metadata.or_else(|| self.metadata.clone());
        let lifetime = match (ttl, record.expiration) {
            (Some(ttl), _) => Lifetime::For(ttl),
            (None, Some(at)) => Lifetime::Until(at),
            (None, None) => self.lifetime,
        };
        Outgoing {
            number,
            record,
            lifetime,
        }
    }
}

/// An import.
pub struct Import<'a> {
    /// The namespace that is written.
    pub namespace: Namespace<'a>,
    /// The same, as the journal names it.
    pub to: NamespaceRef,
    /// The input.
    pub file: &'a RecordFile,
    /// Where that is, unless it came through a pipe.
    pub path: Option<&'a Path>,
    /// What the file was found to hold.
    pub survey: &'a Survey,
    /// What its records get beside that.
    pub defaults: &'a Defaults,
}

/// Why an import did not reach its end.
pub type Error = run::Error<write::Error<file::Error>>;

const TASK: Task = Task {
    name: "import",
    doing: "importing",
    item: "record",
};

impl Import<'_> {
    /// Writes the records that an earlier run has not confirmed.
    pub async fn run(&self, journals: Journals<'_>, start: ResumePolicy) -> Result<Written, Error> {
        let Self {
            survey, defaults, ..
        } = self;
        let reporter = journals.reporter;
        let (journal, done) = journals.open_import(self.path, &self.id(), start)?;
        let before = done.len();
        if before > 0 {
            let before = quantity(before, "record");
            reporter.note(&format!("{before} confirmed before, not sent again"));
        }
        let left = survey.records.saturating_sub(before);
        // How many bytes the rest of a file has is not known.
        let bytes = if before == 0 { survey.bytes } else { 0 };
        reporter.cost(Cost::of_writes(left, bytes));
        let total = usize::try_from(left).unwrap_or(usize::MAX);
        Run::new(reporter, TASK, journal)
            .carry_out(
                total,
                async |journal, count| {
                    let inputs = self.file.inputs(survey).map_err(write::Error::Source)?;
                    let pending = inputs.try_filter(|(number, input)| {
                        std::future::ready(!done.contains(*number, input.key.as_str()))
                    });
                    let pending =
                        pending.map_ok(|(number, input)| defaults.complete(number, input));
                    let writer = Writer::new(self.namespace);
                    writer.write_all(pending, journal, count).await
                },
                |written| written.failed.is_empty(),
            )
            .await
    }

    fn id(&self) -> RunId {
        let content = Content {
            records: self.survey.records,
            sha256: self.survey.sum.clone(),
            given: self.defaults.sum(),
        };
        RunId {
            operation: Operation::Import,
            from: None,
            to: self.to.clone(),
            input: match self.path {
                Some(path) => Input::file(path),
                None => Input::Pipe(content.sha256.clone()),
            },
            content: Some(content),
        }
    }
}
