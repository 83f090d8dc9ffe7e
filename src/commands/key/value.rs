//! Where a value comes from: an argument, a file, or stdin. It is never shown.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::{
    cli::key::ValueArg,
    commands::UsageError,
    context::Context,
    domain::{ShowPath as _, VALUE_MAX_BYTES, quantity},
    error::Result,
    fsx::InputError,
    ui::{self, read_up_to},
};

/// Where a value comes from.
pub(super) enum Source {
    /// From the command line.
    Argument(String),
    /// From a file.
    File(PathBuf),
    /// From stdin, as was said.
    Stdin,
    /// From stdin, because nothing else was said: if there is nothing on it, a variable was not set or
    /// a redirection is missing, and a live value must not be emptied by that.
    Implied,
}

impl Source {
    /// Takes what the command line says.
    pub(super) fn of(
        context: &Context,
        argument: Option<ValueArg>,
        file: Option<PathBuf>,
        stdin: bool,
    ) -> Result<Self, UsageError> {
        Ok(match (argument, file) {
            (Some(ValueArg(text)), _) if text != "-" => Self::Argument(text),
            (None, Some(path)) if path != Path::new("-") => Self::File(path),
            (None, None) if !stdin => {
                if context.ui.options().terminals.stdin {
                    return Err(nothing("there is no value to store"));
                }
                Self::Implied
            }
            _ => Self::Stdin,
        })
    }

    /// Reads the value, but no more than a value may have.
    pub(super) async fn read(self, context: &Context) -> Result<Bytes> {
        let implied = matches!(self, Self::Implied);
        let (name, read) = match self {
            Self::Argument(text) => return Ok(checked("the value", text.into())?),
            Self::File(path) => {
                let name = format!("`{}`", path.shown());
                let path = context.files.resolve(&path);
                let open = move || read_up_to(fs_err::File::open(path)?, VALUE_MAX_BYTES);
                // On a thread of its own: a pipe with a name may keep one waiting.
                let read = tokio::task::spawn_blocking(open).await;
                (name, read.map_err(Into::into).and_then(|read| read))
            }
            Self::Stdin | Self::Implied => ("stdin".to_owned(), ui::input(VALUE_MAX_BYTES).await),
        };
        match read {
            Ok(Some(bytes)) if implied && bytes.is_empty() => {
                Err(nothing("there is no value: stdin is empty").into())
            }
            Ok(Some(bytes)) => Ok(bytes.into()),
            Ok(None) => Err(too_long(&name).into()),
            Err(e) => Err(InputError::new(format_args!("the value from {name}"), e).into()),
        }
    }
}

fn nothing(what: &str) -> UsageError {
    UsageError::new(
        format!("{what}; nothing was sent"),
        "give the value as an argument, with `--file FILE`, or on stdin; to store an empty one, give \
         '' as the argument, or `--stdin`",
    )
}

fn checked(name: &str, bytes: Bytes) -> Result<Bytes, UsageError> {
    if bytes.len() > VALUE_MAX_BYTES {
        return Err(too_long(name));
    }
    Ok(bytes)
}

/// Says that a value is too long, naming where it came from.
pub(super) fn too_long(name: &str) -> UsageError {
    UsageError::new(
        format!(
            "{name} has more than {}; nothing was sent",
            quantity(VALUE_MAX_BYTES, "byte")
        ),
        "a value has at most 25 MiB",
    )
}

/// Returns the value as text that a terminal shows and does not obey; `None` if it is not that.
pub(super) fn plain_text(value: &[u8]) -> Option<&str> {
    let text = str::from_utf8(value).ok()?;
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let obeyed = |c: char| turns(c) || c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    (!text.contains(obeyed)).then_some(text)
}
