//! Where the local store is, and whether a link leads it out of the project.

use std::path::{Path, PathBuf};

use super::Context;
use crate::config::{self, Document};

impl Context {
    /// Returns wrangler's own place: `.wrangler/state` beside the wrangler file, unless told.
    pub fn local_directory(&self, document: Option<&Document>) -> PathBuf {
        if let Some(directory) = &self.globals.persist_to {
            return self.resolve(directory);
        }
        let beside = document
            .and_then(|d| d.path().parent())
            .map(Path::to_path_buf);
        let beside = beside.or_else(|| {
            let found = config::discover(self.directory(), self.globals.config.as_deref());
            found.ok()?.path.parent().map(Path::to_path_buf)
        });
        beside
            .unwrap_or_else(|| self.directory().to_owned())
            .join(".wrangler/state")
    }

    /// Says once where the store really is, if a link leads out of the project: a repository may
    /// carry such a link. wrangler follows it too, so it is used. What `--persist-to` names is meant.
    pub(super) fn note_outside(&self, directory: &Path) {
        if self.globals.persist_to.is_some() {
            return;
        }
        let Some((link, real)) = outside(directory) else {
            return;
        };
        self.noted_outside.call_once(|| {
            self.ui.note(&format!(
                "`{}` is a link that leads out of the project: the local store is below {}",
                self.display(&link),
                real.display()
            ));
        });
    }
}

/// Returns the link that leads `state`, the `.wrangler/state` of a project, out of the project, and
/// where to.
fn outside(state: &Path) -> Option<(PathBuf, PathBuf)> {
    let wrangler = state.parent()?;
    let project = fs_err::canonicalize(wrangler.parent()?).ok()?;
    [wrangler, state].into_iter().find_map(|path| {
        let real = fs_err::canonicalize(path).ok()?;
        (!real.starts_with(&project)).then(|| (path.to_owned(), real))
    })
}
