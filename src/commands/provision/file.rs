//! The wrangler file of a provisioning: found or made, and written last.

use std::path::Path;

use anyhow::Context as _;

use crate::{
    config::{self, Document},
    context::Context,
    env, fsx,
    ops::provision::apply::Outcome,
    ui::Question,
};

/// Opens the wrangler file; where there is none and `init` allows it, one that is still to be made.
pub(super) fn open(context: &Context, init: bool) -> anyhow::Result<Document> {
    let missing = match context.document() {
        Err(e @ (config::Error::NotFound { .. } | config::Error::Missing { .. })) if init => e,
        other => return Ok(other?),
    };
    let path = match (&context.globals.config, missing) {
        (Some(path), config::Error::Missing { .. }) => context.resolve(path),
        _ => context.directory().join("wrangler.toml"),
    };
    let directory = path.parent().and_then(Path::file_name);
    let name = worker_name(&directory.unwrap_or_default().to_string_lossy());
    let date = env::now().strftime("%Y-%m-%d").to_string();
    Ok(Document::minimal(path, &name, &date)?)
}

/// Makes a Worker's name out of a directory's: letters, digits and dashes.
fn worker_name(directory: &str) -> String {
    let dashed: String = directory
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        "worker".to_owned()
    } else {
        parts.join("-")
    }
}

/// Makes sure that the file can be written, before anything is created that would be lost.
pub(super) fn check(document: &Document, out: Option<&Path>) -> anyhow::Result<()> {
    if out.is_none() && document.original().is_some() {
        fsx::check_replaceable(document.path())
            .context("nothing was created, because the ids could not be written afterwards")?;
    }
    Ok(())
}

/// Writes `text`, if it is new. Should that fail, the ids are told: they are the user's by now.
pub(super) fn write(
    context: &Context,
    document: &Document,
    text: &str,
    out: Option<&Path>,
    outcomes: &[Outcome],
) -> anyhow::Result<()> {
    let written = match (out, document.original()) {
        (Some(out), _) => write_out(context, &context.resolve(out), text)?,
        (None, Some(original)) => fsx::replace(document.path(), original, text.as_bytes()),
        (None, None) => fsx::create(document.path(), text.as_bytes()),
    };
    written.with_context(|| {
        let ids: Vec<String> = outcomes
            .iter()
            .map(|o| format!("{} {} is {}", o.slot.binding, o.slot.field, o.id))
            .collect();
        format!(
            "the ids were not written; run again to adopt them ({})",
            ids.join(", ")
        )
    })
}

/// Writes a copy, over another file only with leave.
fn write_out(context: &Context, path: &Path, text: &str) -> anyhow::Result<Result<(), fsx::Error>> {
    match fsx::create(path, text.as_bytes()) {
        Err(fsx::Error::Exists { .. }) => {
            context.ui.confirm(Question {
                what: format!("overwriting {}", context.display(path)),
                expect: None,
                flag: "--yes".to_owned(),
            })?;
            Ok(fsx::overwrite(path, text.as_bytes()))
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_becomes_a_worker_name() {
        for (directory, name) in [
            ("My Bio_App", "my-bio-app"),
            ("--x--", "x"),
            ("你好", "worker"),
        ] {
            assert_eq!(worker_name(directory), name);
        }
    }
}
