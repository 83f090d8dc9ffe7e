//! Settings of `scaffold`, from `kvctl.toml` and the command line.

use std::path::{Path, PathBuf};

use crate::{
    config::{CacheOptions, Manifest, Part, RateLimitOptions, SessionOptions},
    domain::Binding,
};

/// Where the helper files go, unless told.
const OUT_DIR: &str = "src/lib/kv";
/// Where `Env` is, unless told.
const TYPES: &str = "src/lib/types.ts";

/// What the command line says; `None` where it says nothing.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Which files.
    pub only: Option<Vec<Part>>,
    /// The folder of the helper files, relative to the project.
    pub out_dir: Option<PathBuf>,
    /// The file that declares `Env`, relative to the project.
    pub types: Option<PathBuf>,
}

/// What to generate.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which files, in the order of [`Part::ALL`].
    pub parts: Vec<Part>,
    /// The folder of the helper files, relative to the project.
    pub out_dir: PathBuf,
    /// The file that declares `Env`, relative to the project.
    pub types: PathBuf,
    /// Whether the user named that file.
    pub types_is_named: bool,
    /// The command that generates the same again.
    pub command: String,
    pub(super) cache: CacheOptions,
    pub(super) sessions: SessionOptions,
    pub(super) rate_limit: RateLimitOptions,
}

impl Settings {
    /// Puts together what the manifest and the command line say.
    ///
    /// A helper without a prefix of its own uses that of its `[[namespace]]`, if that has just one.
    pub fn new(manifest: Option<&Manifest>, overrides: Overrides) -> Self {
        let table = manifest.and_then(|m| m.scaffold.clone());
        let table = table.unwrap_or_default();
        let inherited = |own: Option<String>, binding: &Binding| {
            own.or_else(|| {
                let prefixes = manifest?.namespace(binding)?.prefix.as_ref()?;
                prefixes.only().map(ToOwned::to_owned)
            })
        };
        let (mut cache, mut sessions, mut rate_limit) =
            (table.cache, table.sessions, table.rate_limit);
        cache.prefix = inherited(cache.prefix, &cache.binding);
        sessions.prefix = inherited(sessions.prefix, &sessions.binding);
        rate_limit.prefix = inherited(rate_limit.prefix, &rate_limit.binding);

        let command = command(&overrides);
        let only = overrides.only.or(table.only);
        let wanted = |part: &Part| only.as_ref().is_none_or(|only| only.contains(part));
        let types = overrides.types.or(table.types);
        let or = |own: Option<PathBuf>, usual: &str| own.unwrap_or_else(|| usual.into());
        Self {
            parts: Part::ALL.into_iter().filter(wanted).collect(),
            out_dir: or(overrides.out_dir.or(table.out_dir), OUT_DIR),
            types_is_named: types.is_some(),
            types: or(types, TYPES),
            command,
            cache,
            sessions,
            rate_limit,
        }
    }

    /// Returns where a part goes, relative to the project.
    pub fn path(&self, part: Part) -> PathBuf {
        match part {
            Part::Types => self.types.clone(),
            helper => self.out_dir.join(helper.name()).with_extension("ts"),
        }
    }
}

fn command(overrides: &Overrides) -> String {
    let mut command = "kvctl scaffold".to_owned();
    let flags = [
        ("--out-dir", overrides.out_dir.as_deref()),
        ("--types", overrides.types.as_deref()),
    ];
    for (flag, path) in flags {
        if let Some(path) = path.and_then(Path::to_str) {
            command = format!("{command} {flag} {}", path.escape_debug());
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_stands_above_kvctl_toml_and_that_above_the_usual() {
        let text = "[scaffold]\nout_dir = \"kv\"\nonly = [\"types\", \"cache\"]\n\
                    [[namespace]]\nbinding = \"SESSIONS\"\nprefix = \"s:\"\n";
        let manifest = Manifest::parse(Path::new("kvctl.toml"), text).unwrap();
        let settings = Settings::new(Some(&manifest), Overrides::default());
        assert_eq!(settings.parts, [Part::Cache, Part::Types]);
        assert_eq!(
            settings.path(Part::RateLimit),
            Path::new("kv/rate-limit.ts")
        );
        assert_eq!(settings.sessions.prefix.as_deref(), Some("s:"));
        assert_eq!(settings.command, "kvctl scaffold");
        let overrides = Overrides {
            only: None,
            out_dir: Some("other".into()),
            types: None,
        };
        let settings = Settings::new(Some(&manifest), overrides);
        assert_eq!(settings.path(Part::Cache), Path::new("other/cache.ts"));
        assert_eq!(settings.path(Part::Types), Path::new(TYPES));
        assert_eq!(settings.command, "kvctl scaffold --out-dir other");
    }
}
