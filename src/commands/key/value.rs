//! Where a value comes from: an argument, a file, or stdin. It is never shown.

use std::path::Path;

use bytes::Bytes;

use crate::{
    cli::key::ValueArg,
    commands::Misused,
    context::Context,
    domain::VALUE_MAX_BYTES,
    ui::{self, read_up_to},
};

/// Reads the value, but no more than a value may have.
pub(super) async fn read(
    context: &Context,
    argument: Option<ValueArg>,
    file: Option<&Path>,
) -> Result<Bytes, Misused> {
    let (name, read) = match (argument, file) {
        (Some(ValueArg(text)), _) if text != "-" => return checked("the value", Ok(text.into())),
        (None, Some(path)) if path != Path::new("-") => {
            let name = format!("`{}`", path.display());
            let path = context.resolve(path);
            let open = move || read_up_to(fs_err::File::open(path)?, VALUE_MAX_BYTES);
            // On a thread of its own: a pipe with a name may keep one waiting.
            let read = tokio::task::spawn_blocking(open).await;
            (name, read.map_err(Into::into).and_then(|read| read))
        }
        (None, None) if context.ui.options().audience.types => {
            return Err(Misused::new(
                "there is no value to store".to_owned(),
                "give it as an argument ('' is an empty one), with `--file FILE`, or on stdin",
            ));
        }
        _ => ("stdin".to_owned(), ui::input(VALUE_MAX_BYTES).await),
    };
    match read {
        Ok(Some(bytes)) => Ok(bytes.into()),
        Ok(None) => Err(too_long(&name)),
        Err(source) => Err(Misused {
            what: format!("the value cannot be read from {name}"),
            instead: None,
            source: Some(source),
        }),
    }
}

fn checked(name: &str, bytes: Result<Bytes, Misused>) -> Result<Bytes, Misused> {
    match bytes {
        Ok(bytes) if bytes.len() > VALUE_MAX_BYTES => Err(too_long(name)),
        other => other,
    }
}

/// Says that a value is too long, naming where it came from.
pub(super) fn too_long(name: &str) -> Misused {
    Misused::new(
        format!("{name} has more than {VALUE_MAX_BYTES} bytes; nothing was sent"),
        "a value has at most 25 MiB",
    )
}

/// Returns the value as text that a terminal shows and does not obey; `None` if it is not that.
pub(super) fn plain_text(value: &[u8]) -> Option<&str> {
    let text = str::from_utf8(value).ok()?;
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    (!text.contains(obeyed)).then_some(text)
}
