//! Importing a file of records into a namespace.

use std::path::Path;

use super::{
    batch::Encoded,
    cost::Cost,
    defaults::Defaults,
    encoded::{self, Kept},
    file::{self, RecordFile, Survey},
    journal::{
        Journals, ResumePolicy,
        run_id::{Content, Input, NamespaceRef, Operation, RunId},
    },
    run::{self, Run, Task},
    write::{self, Writer, Written},
};
use crate::{api::Namespace, domain::quantity};

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
    /// Its records, if they were kept from then.
    pub kept: Option<&'a Kept>,
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
                    let left = |it: &Encoded<'_>| !done.contains(it.number, it.key);
                    let writer = Writer::new(self.namespace);
                    if let Some(kept) = self.kept {
                        if !kept.is_current(self.file) {
                            return Err(write::Error::Source(self.file.changed(None)));
                        }
                        return writer
                            .write_encoded(kept.take_parts(), left, journal, count)
                            .await;
                    }
                    let parts = encoded::read(self.file, survey, defaults);
                    let parts = parts.map_err(write::Error::Source)?;
                    writer.write_encoded(parts, left, journal, count).await
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
