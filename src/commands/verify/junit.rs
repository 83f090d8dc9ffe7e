//! The findings as `JUnit` XML, in the dialect that Jenkins, GitLab and others read: a suite for each
//! check, a case for each finding.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{
    counts,
    report::{Row, VerifyReport},
};
use crate::{
    cli::FailOn,
    ops::verify::{Class, Status},
    ui::printable,
};

/// Renders the report.
pub(super) fn xml(report: &VerifyReport, fail_on: FailOn) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = Counts::of(&report.findings, fail_on);
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", "kvctl verify"),
            ("tests", &all.tests.to_string()),
            ("failures", &all.failures.to_string()),
            ("errors", &all.errors.to_string()),
        ])
        .write_inner_content(|writer| {
            for rows in report.findings.chunk_by(|a, b| a.check == b.check) {
                suite(writer, rows, fail_on)?;
            }
            Ok(())
        })?;
    let mut xml = writer.into_inner();
    xml.push(b'\n');
    Ok(xml)
}

fn suite(writer: &mut Writer<Vec<u8>>, rows: &[Row], fail_on: FailOn) -> io::Result<()> {
    let counts = Counts::of(rows, fail_on);
    let name = rows.first().map_or("", |row| row.check.name());
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", name),
            ("tests", &counts.tests.to_string()),
            ("failures", &counts.failures.to_string()),
            ("errors", &counts.errors.to_string()),
            ("skipped", &counts.skipped.to_string()),
        ])
        .write_inner_content(|writer| rows.iter().try_for_each(|row| case(writer, row, fail_on)))?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, row: &Row, fail_on: FailOn) -> io::Result<()> {
    let name = match row.subject.as_str() {
        "" => row.check.name().to_owned(),
        subject => fit(subject),
    };
    let class = format!("kvctl.verify.{}", row.check);
    let element = writer
        .create_element("testcase")
        .with_attribute(("classname", class.as_str()))
        .with_attribute(("name", name.as_str()));
    let message = fit(&row.message);
    // Some readers drop the attribute, so the text says it all again.
    let text = text(row);
    let outcome = if counts(row.status, fail_on) {
        outcome(row)
    } else {
        match row.status {
            Status::Skip => "skipped",
            Status::Warn => "system-out",
            Status::Pass | Status::Fail => {
                element.write_empty()?;
                return Ok(());
            }
        }
    };
    element.write_inner_content(|writer| {
        let mut inner = writer.create_element(outcome);
        if outcome != "system-out" {
            inner = inner.with_attribute(("message", message.as_str()));
        }
        match outcome {
            "skipped" => inner.write_empty()?,
            "system-out" => inner.write_text_content(BytesText::new(&text))?,
            _ => inner
                .with_attribute(("type", row.check.name()))
                .write_text_content(BytesText::new(&text))?,
        };
        Ok(())
    })?;
    Ok(())
}

/// What is wrong is a failure; what kept the check from finding out is an error.
fn outcome(row: &Row) -> &'static str {
    match row.class {
        Some(Class::Denied | Class::Temporary) => "error",
        Some(Class::Check) | None => "failure",
    }
}

fn text(row: &Row) -> String {
    let lines = [row.place(), Some(row.message.clone()), row.hint.clone()];
    let lines: Vec<String> = lines.iter().flatten().map(|line| fit(line)).collect();
    lines.join("\n")
}

/// Takes out what XML cannot hold, even escaped.
fn fit(text: &str) -> String {
    printable(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

#[derive(Debug, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(rows: &[Row], fail_on: FailOn) -> Self {
        let mut all = Self::default();
        for row in rows {
            all.tests += 1;
            if counts(row.status, fail_on) {
                match outcome(row) {
                    "error" => all.errors += 1,
                    _ => all.failures += 1,
                }
            } else if row.status == Status::Skip {
                all.skipped += 1;
            }
        }
        all
    }
}
