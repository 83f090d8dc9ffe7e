//! A binding with another name in `kvctl.toml`.

use std::path::Path;

use super::{MANIFEST_NAME, Manifest, ManifestError, scaffold::Scaffold};
use crate::{
    config::{Location, Position, layout, toml},
    domain::Binding,
};

/// What renaming a binding makes of `kvctl.toml`.
#[derive(Debug)]
pub struct RenamedManifest {
    /// The text as it is.
    pub before: String,
    /// The text with the new name.
    pub after: String,
    /// Where the old name stands, if anywhere.
    pub places: Vec<Location>,
    /// The tables that mean the old name because they name no binding.
    pub by_default: Vec<&'static str>,
}

impl Manifest {
    /// Renames `old` to `new` in the manifest in `directory`, without writing it; `None` if there is none.
    ///
    /// Fails if the result would not be a manifest.
    pub fn rename(
        directory: &Path,
        old: &Binding,
        new: &Binding,
    ) -> Result<Option<RenamedManifest>, ManifestError> {
        let path = directory.join(MANIFEST_NAME);
        let before = super::text_of(&path)?;
        before
            .map(|before| renamed(&path, before, old, new))
            .transpose()
    }
}

fn renamed(
    path: &Path,
    before: String,
    old: &Binding,
    new: &Binding,
) -> Result<RenamedManifest, ManifestError> {
    let manifest = Manifest::parse(path, &before)?;
    let root = toml::parse(&before).map_err(|error| ManifestError::Wrong {
        path: path.to_owned(),
        position: Position::of(&before, 0),
        message: error.message().to_owned(),
    })?;
    let parts = root.get("scaffold").map_or(&[][..], |it| it.properties());
    let tables = ["namespace", "assert"].map(|key| root.items_of(key));
    let tables = tables.into_iter().flatten();
    let named = tables.chain(parts.iter().map(|part| &part.value));
    let spans: Vec<_> = named
        .filter_map(|table| table.get("binding"))
        .filter(|binding| binding.as_str() == Some(old.as_str()))
        .map(|binding| binding.span.clone())
        .collect();
    let places = spans.iter().map(|span| Location {
        path: path.to_owned(),
        position: Position::of(&before, span.start),
    });
    let places = places.collect();
    let after = layout::with_strings(&before, &spans, new.as_str());
    Manifest::parse(path, &after)?;
    let is_named = |key: &str| root.at(&["scaffold", key, "binding"]).is_some();
    let parts = manifest.scaffold.as_ref().map(bindings).into_iter();
    let by_default = parts
        .flatten()
        .filter(|(key, binding)| *binding == old && !is_named(key))
        .map(|(key, _)| key);
    Ok(RenamedManifest {
        by_default: by_default.collect(),
        before,
        after,
        places,
    })
}

fn bindings(scaffold: &Scaffold) -> [(&'static str, &Binding); 3] {
    [
        ("cache", &scaffold.cache.binding),
        ("sessions", &scaffold.sessions.binding),
        ("rate_limit", &scaffold.rate_limit.binding),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rename(text: &str, new: &str) -> Result<RenamedManifest, String> {
        let [old, new] = ["SESSIONS", new].map(|name| name.parse().unwrap());
        let renamed = renamed(Path::new(MANIFEST_NAME), text.to_owned(), &old, &new);
        renamed.map_err(|error| error.to_string())
    }

    #[test]
    fn every_table_gets_the_new_name() {
        let text = "# SESSIONS\r\n[[namespace]]\r\nbinding = 'SESSIONS' # SESSIONS\r\ntitle = \"SESSIONS\"\r\n\
                    [[namespace]]\r\nbinding = \"OTHER\"\r\n[[assert]]\r\nbinding=\"SESSIONS\"\r\nkey = \"SESSIONS\"\r\nabsent = true\r\n\
                    [scaffold.cache]\r\nbinding = \"SESSIONS\"\r\n[scaffold]\r\nsessions = { prefix = \"s:\" }";
        let renamed = rename(text, "LOGINS").unwrap();
        let expected = text
            .replace("binding = 'SESSIONS'", "binding = 'LOGINS'")
            .replace("binding=\"SESSIONS\"", "binding=\"LOGINS\"")
            .replace("binding = \"SESSIONS\"", "binding = \"LOGINS\"");
        assert_eq!(renamed.after, expected);
        let lines = renamed.places.iter().map(|at| at.position.line);
        assert_eq!(lines.collect::<Vec<_>>(), [3, 8, 12]);
        assert_eq!(renamed.by_default, ["sessions"]);
    }

    #[test]
    fn a_name_that_is_there_already_is_refused() {
        let text = "[[namespace]]\nbinding = \"SESSIONS\"\n[[namespace]]\nbinding = \"LOGINS\"\n";
        let error = rename(text, "LOGINS").unwrap_err();
        assert!(
            error.starts_with("kvctl.toml:4:11: binding `LOGINS` appears twice"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_without_one_has_nothing_to_rename() {
        let directory = tempfile::tempdir().unwrap();
        let [old, new] = ["A", "B"].map(|name| name.parse().unwrap());
        let renamed = Manifest::rename(directory.path(), &old, &new).unwrap();
        assert!(renamed.is_none());
    }
}
