//! A file of records as the user named it. It is read more than once, so what can be read only once
//! is kept first.

use std::{io, path::Path};

use super::{SAMPLE, quoted};
use crate::{
    commands::UsageError,
    context::Context,
    domain::{ErrorClass, ShowPath as _, quantity},
    error::{ClassExt as _, Result, ResultExt as _},
    formats::{Format, Ignored, StreamFormat, UnknownFields, directory::Skipped},
    fsx::{self, InputError},
    ops::bulk::{
        defaults::Defaults,
        encoded::Kept,
        file::{RecordFile, Survey, format_of},
    },
    ui::spool,
};

/// So many of the names that were skipped are shown.
const SHOWN: usize = 3;

/// A file of records.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) file: RecordFile,
    /// What the user calls it.
    pub(crate) name: String,
    /// A copy of what came through a pipe, for as long as it is needed.
    kept: Option<fsx::Private>,
}

impl Source {
    /// Finds the file that `path` names; `-` is stdin. Of a directory, names that begin with a dot
    /// count if they are `hidden`.
    pub(crate) async fn open(
        context: &Context,
        path: &Path,
        format: Option<Format>,
        hidden: bool,
    ) -> Result<Self> {
        if path == Path::new("-") {
            let format = format.unwrap_or(Format::Stream(StreamFormat::Ndjson));
            let (kept, sink) = fsx::private_writer("stdin")?;
            check_stream(format, "`-` is stdin, which")?;
            let copied = spool(sink).await;
            copied
                .class(ErrorClass::Failed)
                .with_context(|| format!("could not keep stdin in {}", kept.path().shown()))?;
            return Ok(Self::kept("stdin".to_owned(), kept, format));
        }
        let path = context.files.resolve(path);
        let name = context.files.display(&path);
        let Some(kind) = fsx::kind_of(&path) else {
            let error = std::fs::metadata(&path).err();
            let source = error.unwrap_or_else(|| io::ErrorKind::NotFound.into());
            return Err(InputError::new(name, source).into());
        };
        let format = format_of(format, &path)?;
        match kind {
            fsx::FileKind::Pipe => {
                check_stream(format, &format!("{name} is a pipe, which"))?;
                let (kept, sink) = fsx::private_writer("pipe")?;
                // On a thread of its own, so that Ctrl-C is heard meanwhile.
                let copied = tokio::task::spawn_blocking(move || fsx::copy_pipe(&path, sink)).await;
                copied
                    .class(ErrorClass::Failed)?
                    .class(ErrorClass::Failed)
                    .with_context(|| format!("could not keep what {name} holds"))?;
                Ok(Self::kept(name, kept, format))
            }
            fsx::FileKind::Device => {
                let what = format!("{name} is a device, which cannot be read as a file of records");
                Err(UsageError::new(what, "name a file or a directory, or `-` for stdin").into())
            }
            fsx::FileKind::Directory if format != Format::Directory => {
                let is_directory = io::Error::from(io::ErrorKind::IsADirectory);
                Err(InputError::new(name, is_directory).into())
            }
            fsx::FileKind::File | fsx::FileKind::Directory => Ok(Self {
                file: RecordFile {
                    path,
                    format,
                    hidden,
                    unknown_fields: UnknownFields::Refuse,
                },
                name,
                kept: None,
            }),
        }
    }

    fn kept(name: String, kept: fsx::Private, format: Format) -> Self {
        Self {
            file: RecordFile {
                path: kept.path(),
                format,
                hidden: false,
                unknown_fields: UnknownFields::Refuse,
            },
            name,
            kept: Some(kept),
        }
    }

    /// Returns where it is; nothing if it came through a pipe, and is gone afterwards.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.kept.is_none().then_some(self.file.path.as_path())
    }

    /// Looks through the file to import it: the same, and keeps the records if they are few.
    pub(crate) async fn survey_to_import(
        &self,
        skip_invalid: bool,
        defaults: &Defaults,
    ) -> Result<(Survey, Option<Kept>)> {
        let (file, defaults) = (self.file.clone(), defaults.clone());
        let survey =
            tokio::task::spawn_blocking(move || Kept::survey(&file, skip_invalid, &defaults));
        Ok(survey.await.class(ErrorClass::Failed)??)
    }

    /// Looks through the file, on a thread of its own, so that Ctrl-C is heard meanwhile.
    pub(crate) async fn survey(&self, skip_invalid: bool) -> Result<Survey> {
        let file = self.file.clone();
        let survey = tokio::task::spawn_blocking(move || file.survey(skip_invalid));
        Ok(survey.await.class(ErrorClass::Failed)??)
    }
}

fn check_stream(format: Format, what: &str) -> Result<(), UsageError> {
    if format == Format::Directory {
        let what = format!("{what} is not a directory");
        let instead = "remove `--format`, or name the directory";
        return Err(UsageError::new(what, instead));
    }
    Ok(())
}

/// Says what of a directory was skipped.
pub(crate) fn remark_skipped(context: &Context, survey: &Survey) {
    let skipped = &survey.skipped;
    if skipped.is_empty() {
        return;
    }
    let mut shown: Vec<_> = names(skipped).iter().take(SHOWN).map(quoted).collect();
    if skipped.len() > SHOWN {
        shown.push("…".to_owned());
    }
    context.ui.warn(&format!(
        "skipped {} beginning with a dot: {}; include them with `--hidden`",
        quantity(skipped.len(), "name"),
        shown.join(", ")
    ));
}

/// The names that were skipped, as a report has them.
pub(crate) fn names(skipped: &[Skipped]) -> Vec<String> {
    let name = |skipped: &Skipped| skipped.path().shown().into_owned();
    skipped.iter().map(name).collect()
}

/// Says which fields of a file were ignored.
pub(crate) fn remark_ignored(context: &Context, ignored: &Ignored) {
    for line in ignored.lines() {
        context.ui.warn(&format!("ignored: {line}"));
    }
}

/// Reports the records that were skipped.
pub(crate) fn remark_invalid(context: &Context, survey: &Survey) {
    for invalid in survey.invalid.iter().take(SAMPLE) {
        context.ui.warn(&format!("skipped: {invalid}"));
    }
    if survey.invalid.len() > SAMPLE {
        let more = survey.invalid.len() - SAMPLE;
        context
            .ui
            .warn(&format!("… and {more} more; `--json` names them all"));
    }
}
