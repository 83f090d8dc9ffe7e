//! The process's surroundings: every variable that kvctl knows, the current directory, the clock.
//!
//! The only reader of the environment. Imports nothing of this crate. Variables that libraries
//! read for themselves are listed in [`READ_BY_LIBRARIES`], so that `docs/environment.md` can name them.

mod network;
mod var;

use std::{collections::BTreeMap, fmt, io, path::PathBuf};

use jiff::Timestamp;

pub use network::{
    Proxy, proxy_for, proxy_variable, trusted_directories, trusted_file, usable_proxy,
};
pub use var::{READ_BY_LIBRARIES, Var};

/// The variables that are set. `Debug` shows names only: values may be secrets.
#[derive(Clone, Default)]
pub struct Env {
    values: BTreeMap<Var, String>,
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Env {
    /// Reads the variables of this process.
    #[expect(clippy::disallowed_methods, reason = "this module is the one that may")]
    pub fn read() -> Self {
        let value = |var: &Var| Some((*var, std::env::var_os(var.name())?));
        let values = Var::ALL.iter().filter_map(value);
        values
            .map(|(var, text)| (var, text.to_string_lossy().into_owned()))
            .collect()
    }

    /// Adds what an env file sets, below what is set already, and returns the variables it added. Of
    /// a variable that the file sets twice, the last counts.
    ///
    /// Only the variables that say who is asking, where and for what: a project's file has no say in
    /// where the user's home is, or whom to trust.
    pub fn fill(&mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Vec<Var> {
        let mut added = BTreeMap::new();
        for (name, value) in pairs {
            let known = Var::ALL
                .iter()
                .find(|var| var.name() == name && var.is_for_env_files());
            if let Some(var) = known.filter(|var| !self.values.contains_key(var)) {
                added.insert(*var, value);
            }
        }
        let variables = added.keys().copied().collect();
        self.values.extend(added);
        variables
    }

    /// Returns the value of `var`. Empty counts as not set, as it does for wrangler.
    pub fn get(&self, var: Var) -> Option<&str> {
        let value = self.values.get(&var)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// Whether a switch is on: set, and neither `0`, `false` nor `no`.
    pub fn flag(&self, var: Var) -> bool {
        self.get(var).is_some_and(|value| {
            !matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no")
        })
    }
}

impl FromIterator<(Var, String)> for Env {
    /// Empty counts as unset, so an env file may set it.
    fn from_iter<I: IntoIterator<Item = (Var, String)>>(iter: I) -> Self {
        let set = iter
            .into_iter()
            .filter(|(_, value)| !value.trim().is_empty());
        Self {
            values: set.collect(),
        }
    }
}

/// Returns the value of a variable that a library reads for itself, or that an env file refers to.
#[expect(clippy::disallowed_methods, reason = "this module is the one that may")]
pub fn of_library(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
}

/// Returns the system that the program was built for, such as `linux x86_64`.
pub fn platform() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Returns the arguments of this process, behind its name, as far as they are text.
pub fn arguments() -> Vec<String> {
    let arguments = std::env::args_os().skip(1);
    arguments
        .map(|it| it.to_string_lossy().into_owned())
        .collect()
}

/// Returns the current directory.
#[expect(clippy::disallowed_methods, reason = "this module is the one that may")]
pub fn current_dir() -> io::Result<PathBuf> {
    std::env::current_dir()
}

/// Returns the time.
#[expect(clippy::disallowed_methods, reason = "this module is the one that may")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_value() {
        let env: Env = [(Var::ApiToken, "canary".to_owned())].into_iter().collect();
        assert_eq!(format!("{env:?}"), "{ApiToken}");
    }

    #[test]
    fn the_process_wins_over_env_files_and_empty_is_unset() {
        let mut env: Env = [(Var::ApiToken, "process".to_owned())]
            .into_iter()
            .collect();
        let file = [
            ("CLOUDFLARE_API_TOKEN", "file"),
            ("CLOUDFLARE_ACCOUNT_ID", "a"),
            ("OTHER", "x"),
        ];
        env.fill(file.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(env.get(Var::ApiToken), Some("process"));
        assert_eq!(env.get(Var::AccountId), Some("a"));
        let more = [("CLOUDFLARE_EMAIL", " "), ("HOME", "/elsewhere")];
        let added = env.fill(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(added, [Var::Email]);
        assert_eq!(env.fill([("EDITOR".to_owned(), "rm -rf".to_owned())]), []);
        let profile = [("CLOUDFLARE_AUTH_PROFILE".to_owned(), "work".to_owned())];
        assert_eq!(env.fill(profile), [Var::AuthProfile]);
        assert_eq!(env.get(Var::Email), None);
        let mut empty: Env = [(Var::ApiToken, " ".to_owned())].into_iter().collect();
        let twice = [("CLOUDFLARE_API_TOKEN", "1"), ("CLOUDFLARE_API_TOKEN", "2")];
        let added = empty.fill(twice.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(added, [Var::ApiToken]);
        assert_eq!(empty.get(Var::ApiToken), Some("2"));
    }

    #[test]
    fn a_project_decides_neither_whom_to_trust_nor_the_way_nor_what_else_is_sent() {
        for name in [
            "NODE_EXTRA_CA_CERTS",
            "SSL_CERT_FILE",
            "HTTPS_PROXY",
            "HTTP_PROXY",
            "ALL_PROXY",
            "NO_PROXY",
            "CLOUDFLARE_API_HEADERS",
            "HOME",
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "USERPROFILE",
            "APPDATA",
            "LOCALAPPDATA",
            "EDITOR",
            "VISUAL",
            "GITHUB_ACTIONS",
            "GITHUB_OUTPUT",
            "KVCTL_LOCAL",
        ] {
            let mut env = Env::default();
            let added = env.fill([(name.to_owned(), "x".to_owned())]);
            assert_eq!(added, [], "{name}");
        }
    }
}
