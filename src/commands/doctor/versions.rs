//! Which programs there are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{context::Context, env, fsx};

/// Which programs there are.
#[derive(Debug, Serialize)]
pub(super) struct Versions {
    pub(super) kvctl: &'static str,
    /// The system that kvctl was built for.
    pub(super) platform: String,
    /// The wrangler of the project, if it has one.
    pub(super) wrangler: Option<Wrangler>,
}

/// A wrangler that is installed near. Not run: its own file says which one it is.
#[derive(Debug, Serialize)]
pub(super) struct Wrangler {
    pub(super) version: String,
    pub(super) path: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    version: String,
}

pub(super) fn look(context: &Context) -> Versions {
    let installed = context.directory().ancestors().find_map(|directory| {
        let path = directory.join("node_modules/wrangler");
        let text = fsx::read_text(&path.join("package.json"), 1 << 20).ok()?;
        let Package { version } = serde_json::from_str(&text).ok()?;
        Some(Wrangler { version, path })
    });
    Versions {
        kvctl: env!("CARGO_PKG_VERSION"),
        platform: env::platform(),
        wrangler: installed,
    }
}
