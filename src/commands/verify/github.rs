//! Output for GitHub Actions: annotations at files and lines, a step summary, outputs, and a mask
//! for the account's id.
//!
//! Commands to the runner are lines on stdout; where stdout is one JSON document, on stderr, which
//! the runner reads as well.

use std::{fmt, path::Path};

use super::{
    counts,
    report::{Row, VerifyReport},
};
use crate::{
    cli::FailOn,
    config::Location,
    context::Context,
    domain::ErrorClass,
    domain::{AccountId, ShowPath as _},
    env::Var,
    error::{ClassExt as _, Failure},
    fsx,
    ops::verify::Status,
    ui::printable,
};

fn is_workflow(context: &Context) -> bool {
    context.variables.get(Var::GithubActions) == Some("true")
}

/// Has the account's id masked in all that follows.
pub(super) fn mask(context: &Context, account: Option<&AccountId>) {
    if let Some(account) = account
        && is_workflow(context)
    {
        context
            .ui
            .workflow_command(&format!("::add-mask::{account}"));
    }
}

/// Tells the workflow what was found. That it cannot be told changes no verdict.
pub(super) fn annotate(context: &Context, report: &VerifyReport, fail_on: FailOn) {
    if !is_workflow(context) {
        return;
    }
    let workspace = context.variables.get(Var::GithubWorkspace).map(Path::new);
    for row in &report.findings {
        if let Some(line) = annotation(row, workspace, fail_on) {
            context.ui.workflow_command(&line);
        }
    }
    let mut summary = summary(report, workspace);
    if let Some(account) = &report.account_id {
        // What masks the log does not reach this file.
        summary = summary.replace(&account.to_string(), "***");
    }
    append(context, Var::GithubStepSummary, &summary);
    let ids = serde_json::to_string(&report.ids).unwrap_or_default();
    let outcome = report.outcome.as_str();
    append(
        context,
        Var::GithubOutput,
        &format!("outcome={outcome}\nids={ids}"),
    );
}

/// Shows at its place what keeps everything from being verified.
pub(super) fn annotate_error(
    context: &Context,
    place: Option<&Location>,
    error: &dyn fmt::Display,
) {
    let Some(place) = place.filter(|_| is_workflow(context)) else {
        return;
    };
    let workspace = context.variables.get(Var::GithubWorkspace).map(Path::new);
    let (file, at) = (within(&place.path, workspace), place.position);
    let (file, text) = (property(&file), data(&printable(&error.to_string())));
    let line = format!(
        "::error file={file},line={},col={},title=kvctl verify::{text}",
        at.line, at.column
    );
    context.ui.workflow_command(&line);
}

fn append(context: &Context, file: Var, text: &str) {
    let Some(path) = context.variables.get(file) else {
        return;
    };
    let added = fsx::AppendFile::open(Path::new(path))
        .map_err(Failure::from)
        .and_then(|mut file| file.line(text).class(ErrorClass::Failed));
    if let Err(error) = added {
        context
            .ui
            .warn(&format!("could not write to {file}: {error}"));
    }
}

/// Returns the line that shows a finding where it is, if it deserves that.
fn annotation(row: &Row, workspace: Option<&Path>, fail_on: FailOn) -> Option<String> {
    let level = match row.status {
        status if counts(status, fail_on) => "error",
        Status::Warn => "warning",
        Status::Pass | Status::Skip | Status::Fail => return None,
    };
    let title = match row.subject.as_str() {
        "" => format!("kvctl verify: {}", row.check),
        subject => format!("kvctl verify: {} {subject}", row.check),
    };
    let mut properties = Vec::new();
    if let (Some(file), Some(line), Some(column)) =
        (in_workspace(row, workspace), row.line, row.column)
    {
        properties.push(format!("file={}", property(&file)));
        properties.push(format!("line={line}"));
        properties.push(format!("col={column}"));
    }
    properties.push(format!("title={}", property(&title)));
    let message = printable(&row.message);
    let text = match &row.hint {
        Some(hint) => format!("{message}\n{}", printable(hint)),
        None => message.into_owned(),
    };
    Some(format!(
        "::{level} {}::{}",
        properties.join(","),
        data(&text)
    ))
}

/// Returns the file as the repository knows it.
fn in_workspace(row: &Row, workspace: Option<&Path>) -> Option<String> {
    Some(within(row.path.as_ref()?, workspace))
}

fn within(path: &Path, workspace: Option<&Path>) -> String {
    let within = workspace.and_then(|workspace| path.strip_prefix(workspace).ok());
    within.unwrap_or(path).shown().into_owned()
}

/// Escapes the message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property of a command.
fn property(text: &str) -> String {
    data(&printable(text))
        .replace(':', "%3A")
        .replace(',', "%2C")
}

/// Returns the summary of the step, in Markdown.
fn summary(report: &VerifyReport, workspace: Option<&Path>) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "### kvctl verify: {}\n\n{}\n\n| | check | subject | finding |\n| --- | --- | --- | --- |\n",
        report.outcome.as_str(),
        report.summary()
    );
    for row in &report.findings {
        let sign = match row.status {
            Status::Pass => "✅",
            Status::Warn => "⚠️",
            Status::Fail => "❌",
            Status::Skip => "➖",
        };
        let mut finding = cell(&row.message);
        if matches!(row.status, Status::Warn | Status::Fail) {
            let place = in_workspace(row, workspace).zip(row.line);
            let place = place.map(|(file, line)| format!("{file}:{line}"));
            for more in place.iter().chain(&row.hint) {
                // Writing to a string cannot fail.
                write!(finding, "<br>{}", cell(more)).ok();
            }
        }
        let status = row.status.as_str();
        let (check, subject) = (row.check, cell(&row.subject));
        writeln!(
            text,
            "| {sign} {status} | {check} | {subject} | {finding} |"
        )
        .ok();
    }
    text
}

/// Escapes what would end a cell or be parsed as HTML, a link or an image; keeps code spans.
fn cell(text: &str) -> String {
    printable(text)
        .replace('[', "\\[")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_or_a_property_is_escaped() {
        assert_eq!(data("50%\r\na:b,c"), "50%25%0D%0Aa:b,c");
        assert_eq!(property("50%\r\na:b,c"), "50%25\\r\\na%3Ab%2Cc");
    }

    #[test]
    fn a_cell_stays_one() {
        assert_eq!(cell("a|b\n<c> & `d`"), "a\\|b\\n&lt;c&gt; &amp; `d`");
        assert_eq!(cell("![x](http://y)\u{202e}"), "!\\[x](http://y)\\u{202e}");
    }
}
