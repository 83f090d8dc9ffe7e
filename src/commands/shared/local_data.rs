//! Local data that stay under the name of before when an id is written or a binding gets another
//! name.

use crate::{
    config::Document,
    context::Context,
    domain::{Binding, Hint, Section, Suggestion},
    error::Result,
    ops::provision::local_names::{LocalRename, local_renames},
};

/// Says which local data the change of `document` to `text` takes out of reach, and how to bring them
/// along. `renamed` has the old and the new name of a binding that is called something else now. What
/// cannot be found out is not said: the file is written by now. Before it is (`planned`), ids may not be
/// known yet.
pub(crate) async fn left_behind(
    context: &Context,
    document: &Document,
    text: &str,
    renamed: Option<(&Binding, &Binding)>,
    planned: bool,
) -> Vec<Hint> {
    let after = Document::create(document.path().to_owned(), text.to_owned());
    let Ok(after) = after else { return Vec::new() };
    let moved = local_renames(document.project(), after.project(), renamed);
    let store = context.files.local_directory(Some(document));
    if moved.is_empty() || !store.is_dir() {
        return Vec::new();
    }
    let mut notes = Vec::new();
    for rename in moved {
        if has_data(context, document, &rename).await.unwrap_or(false) {
            notes.push(if planned {
                foreseen(&rename)
            } else {
                sentence(&rename)
            });
        }
    }
    notes
}

async fn has_data(context: &Context, document: &Document, rename: &LocalRename) -> Result<bool> {
    let session = context
        .connect_at(Some(document), Section::TOP, true)
        .await?;
    let (keys, more) = session.namespace(&rename.from).count_keys(1).await?;
    Ok(keys > 0 || more)
}

fn foreseen(LocalRename { binding, from, .. }: &LocalRename) -> Hint {
    Hint::from(format!(
        "local data of `{binding}` will stay under `{from}`; the run that writes the id names the \
         command that brings them along"
    ))
}

fn sentence(rename: &LocalRename) -> Hint {
    let LocalRename {
        binding, from, to, ..
    } = rename;
    let copy = Suggestion::new("copy").sectionless();
    let copy = copy.option("--from", format!("local:id:{from}"));
    let copy = copy.option("--to", format!("local:id:{to}"));
    Hint::from(format!(
        "local data of `{binding}` stay under `{from}`; to bring them along, "
    ))
    .and(Hint::run(copy))
}
