//! Local data that stay under the name of before when ids are written.

use std::path::Path;

use crate::{
    config::Document,
    context::Context,
    domain::{Section, shell_quoted},
    error::Result,
    ops::provision::local_names::{LocalRename, local_renames},
};

/// Says which local data the change of `document` to `text` takes out of reach, and how to bring them
/// along. What cannot be found out is not said: the ids are written by now.
pub(super) async fn left_behind(context: &Context, document: &Document, text: &str) -> Vec<String> {
    let after = Document::create(document.path().to_owned(), text.to_owned());
    let Ok(after) = after else { return Vec::new() };
    let renames = local_renames(document.project(), after.project());
    let store = context.files.local_directory(Some(document));
    if renames.is_empty() || !store.is_dir() {
        return Vec::new();
    }
    let mut notes = Vec::new();
    for rename in renames {
        if has_data(context, document, &rename).await.unwrap_or(false) {
            notes.push(sentence(context, &rename));
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

fn sentence(context: &Context, rename: &LocalRename) -> String {
    let LocalRename {
        binding, from, to, ..
    } = rename;
    let mut command = "kvctl copy".to_owned();
    let sides = [("--from", from), ("--to", to)];
    for (option, id) in sides {
        let side = format!("local:id:{id}");
        command.push_str(&format!(" {option} {}", shell_quoted(&side)));
    }
    let named: [(&str, Option<&Path>); 3] = [
        ("--persist-to", context.globals.persist_to.as_deref()),
        ("--config", context.globals.config.as_deref()),
        ("--cwd", context.globals.cwd.as_deref()),
    ];
    for (option, path) in named {
        if let Some(path) = path {
            let path = path.display().to_string();
            command.push_str(&format!(" {option} {}", shell_quoted(&path)));
        }
    }
    format!("local data of `{binding}` stay under `{from}`; to bring them along, run `{command}`")
}
