//! The local state: the project's wrangler, and the local store.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    api::{self, Client},
    domain::AccountId,
    fsx,
    ops::usage::{Window, fetch, tabulate},
};

/// A wrangler that is installed in a project.
#[derive(Debug)]
pub struct Wrangler {
    /// Its version.
    pub version: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Finds the wrangler of the project that contains `directory`. It is not run: its `package.json`
/// has the version.
pub fn installed_wrangler(directory: &Path) -> Option<Wrangler> {
    #[derive(Deserialize)]
    struct Package {
        version: String,
    }
    directory.ancestors().find_map(|directory| {
        let path = directory.join("node_modules/wrangler");
        let text = fsx::read_text(&path.join("package.json"), 1 << 20).ok()?;
        let Package { version } = serde_json::from_str(&text).ok()?;
        Some(Wrangler { version, path })
    })
}

/// A namespace of the local store.
#[derive(Debug)]
pub struct StoredNamespace {
    /// Its id.
    pub id: String,
    /// Its title, if it was created with one.
    pub title: Option<String>,
    /// How many keys it has.
    pub keys: u64,
    /// How many bytes they take.
    pub bytes: u64,
}

/// Asks the local store what it holds.
pub async fn stored_namespaces(
    client: &Client,
    account: &AccountId,
    now: Timestamp,
) -> Result<Vec<StoredNamespace>, api::Error> {
    let window = Window::new(now, 1);
    let (datasets, titles) = fetch(client, account, window).await?;
    let usage = tabulate(window, &datasets, &titles);
    let namespaces = usage.namespaces.into_iter().map(|namespace| {
        let stored = namespace.stored().map(|(_, stored)| stored);
        StoredNamespace {
            keys: stored.map_or(0, |it| it.keys),
            bytes: stored.map_or(0, |it| it.bytes),
            id: namespace.id,
            title: namespace.title,
        }
    });
    Ok(namespaces.collect())
}
