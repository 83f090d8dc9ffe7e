//! What was found, for people and as JSON.
//!
//! The JSON document, in its version 2:
//!
//! | member | what it is |
//! | --- | --- |
//! | `schema` | 2; another number where a member changes its meaning or goes |
//! | `outcome` | `pass`, `warn` or `fail`: the worst of the findings; `fail` if all were skipped |
//! | `place` | `remote` or `local` |
//! | `account_id` | the account, or `null` where it is not known |
//! | `passed`, `warned`, `failed`, `skipped` | how many findings ended so |
//! | `findings` | in the order of the checks |
//! | `ids` | the ids that were verified, from the file or from what is deployed, by binding, or by `environment/BINDING` |
//!
//! and each finding: `check`; `status` (`pass`, `warn`, `fail`, `skip`); `class`, of failures only
//! (`check`, `denied`, `temporary`); `sections`, each with its `environment`, `previews` if that is what
//! is meant, and `bindings`; `environment` and `detail`, `null` where it is not about one; `bindings`,
//! those of all sections; `message`; `hint` or `null`; `commands`, those of the hint, to be run one after
//! the other; `file`, `line` and `column`, or `null`.

use std::{collections::BTreeMap, io};

use serde::Serialize;

use super::{VerificationFailed, counts, file_name};
use crate::{
    cli::FailOn,
    context::Context,
    domain::{AccountId, Binding, Invocation, Section, quantity},
    ops::verify::{Check, Class, Finding, Options, Part, Places, Status, Verified},
    ui::{ADDED, FAINT, Page, REMOVED, Report, WARNED, printable},
};

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct VerifyReport {
    pub(super) outcome: Status,
    place: &'static str,
    pub(super) account_id: Option<AccountId>,
    pub(super) passed: usize,
    pub(super) warned: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    pub(super) findings: Vec<Row>,
    pub(super) ids: BTreeMap<String, String>,
}

/// One finding.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) check: Check,
    pub(super) status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) class: Option<Class>,
    #[serde(flatten)]
    section: Section,
    bindings: Vec<Binding>,
    sections: Vec<Part>,
    detail: Option<String>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    commands: Vec<String>,
    pub(super) file: Option<String>,
    pub(super) line: Option<usize>,
    pub(super) column: Option<usize>,
    #[serde(skip)]
    pub(super) subject: String,
    /// Its short name.
    #[serde(skip)]
    name: String,
    /// In which sections it is, if there are several.
    #[serde(skip)]
    places: Option<Places>,
    /// Where it is, as the system knows it.
    #[serde(skip)]
    pub(super) path: Option<std::path::PathBuf>,
}

impl Row {
    fn new(context: &Context, invocation: &Invocation, finding: Finding) -> Self {
        let subject = &finding.subject;
        let place = finding.place.as_ref();
        let hint = finding.hint.as_ref();
        Self {
            check: finding.check,
            status: finding.status,
            class: (finding.status == Status::Fail).then_some(finding.class),
            message: finding.message,
            hint: hint.map(|hint| hint.render(invocation)),
            commands: hint.map_or_else(Vec::new, |hint| hint.commands(invocation)),
            file: place.map(|place| file_name(context, place)),
            line: place.map(|place| place.position.line),
            column: place.map(|place| place.position.column),
            path: place.map(|place| place.path.clone()),
            subject: subject.to_string(),
            name: subject.name(),
            places: subject.places(),
            section: subject.only_section().cloned().unwrap_or_default(),
            bindings: subject.bindings().into_iter().cloned().collect(),
            sections: subject.sections.clone(),
            detail: subject.detail.clone(),
        }
    }

    /// Returns where it is, as terminals make a link of it.
    pub(super) fn place(&self) -> Option<String> {
        let (file, line, column) = (self.file.as_ref()?, self.line?, self.column?);
        Some(format!("{file}:{line}:{column}"))
    }
}

impl VerifyReport {
    pub(super) fn new(
        context: &Context,
        options: &Options<'_>,
        account: Option<&AccountId>,
        verified: Verified,
    ) -> Self {
        let Verified { findings, ids } = verified;
        let count = |status| findings.iter().filter(|f| f.status == status).count();
        let invocation = context.invocation();
        let row = |finding| Row::new(context, &invocation, finding);
        let local = options.service.as_ref().is_ok_and(|s| s.local);
        Self {
            outcome: findings.outcome(),
            place: if local { "local" } else { "remote" },
            account_id: account.cloned(),
            passed: count(Status::Pass),
            warned: count(Status::Warn),
            failed: count(Status::Fail),
            skipped: count(Status::Skip),
            findings: findings.into_iter().map(row).collect(),
            ids,
        }
    }

    /// Returns the failure, if there is one.
    pub(super) fn failed(&self, fail_on: FailOn) -> Option<VerificationFailed> {
        let failures = || self.findings.iter().filter(|r| counts(r.status, fail_on));
        // Of a warning that counts, nothing is known but that it is one.
        let class = failures()
            .map(|row| row.class.unwrap_or(Class::Check))
            .max()?;
        let mut checks: Vec<&str> = failures().map(|row| row.check.name()).collect();
        checks.dedup();
        Some(VerificationFailed {
            class,
            summary: checks.join(", "),
        })
    }

    /// Returns the counts that are not zero, in a sentence.
    pub(super) fn summary(&self) -> String {
        let warnings = if self.warned == 1 {
            "warning"
        } else {
            "warnings"
        };
        let counts = [
            (self.passed, "passed"),
            (self.warned, warnings),
            (self.failed, "failed"),
            (self.skipped, "skipped"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        counts.join(", ")
    }
}

impl Report for VerifyReport {
    const SCHEMA: u32 = 2;

    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let width = |cells: &mut dyn Iterator<Item = usize>| cells.max().unwrap_or(0);
        let check = width(&mut self.findings.iter().map(|r| r.check.name().len()));
        let subject = width(&mut self.findings.iter().map(|r| r.name.chars().count()));
        for row in &self.findings {
            let style = match row.status {
                Status::Pass => ADDED,
                Status::Warn => WARNED,
                Status::Fail => REMOVED,
                Status::Skip => FAINT,
            };
            let (whole, name) = (printable(&row.subject), printable(&row.name));
            let message = printable(&row.message);
            let mut indent = 4 + 2 + check + 2 + subject + 2;
            let is_narrow = out.width().is_some_and(|width| indent > width / 2);
            let message = match &row.places {
                Some(Places::Same(places) | Places::Each(places)) if !is_narrow => {
                    format!("{}: {message}", printable(places)).into()
                }
                _ => message,
            };
            let line = match (is_narrow, name.is_empty()) {
                (false, _) => format!("{:<check$}  {name:<subject$}  {message}", row.check),
                (true, true) => format!("{:<check$}  {message}", row.check),
                (true, false) => format!("{:<check$}  {whole}: {message}", row.check),
            };
            if is_narrow {
                indent = 4 + 2 + check + 2;
            }
            let status = row.status.as_str();
            let line = line.trim_end();
            out.hanging(indent, format_args!("{style}{status}{style:#}  {line}"))?;
            if !matches!(row.status, Status::Warn | Status::Fail) {
                continue;
            }
            for text in row.place().iter().chain(&row.hint) {
                let text = printable(text);
                out.hanging(6, format_args!("      {FAINT}{text}{FAINT:#}"))?;
            }
        }
        let all = quantity(self.findings.len(), "finding");
        writeln!(out, "{all}: {}", self.summary())
    }
}
