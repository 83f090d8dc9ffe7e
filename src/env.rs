//! The process's surroundings: every variable that kvctl knows, the current directory, the clock.
//!
//! The only reader of the environment. Imports nothing of this crate. Variables that libraries
//! read for themselves are listed in [`READ_BY_LIBRARIES`], so that the README can name them.

use std::{collections::BTreeMap, fmt, io, path::PathBuf};

use hyper_util::client::proxy::matcher::Matcher;
use jiff::Timestamp;

/// A variable that kvctl reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Var {
    /// An API token.
    ApiToken,
    /// An API token (deprecated name).
    LegacyApiToken,
    /// The global API key; needs the email as well.
    ApiKey,
    /// The global API key (deprecated name).
    LegacyApiKey,
    /// The email for the global API key.
    Email,
    /// The email (deprecated name).
    LegacyEmail,
    /// The account.
    AccountId,
    /// The account (deprecated name).
    LegacyAccountId,
    /// The environment section of the wrangler file.
    Environment,
    /// Where the API is.
    BaseUrl,
    /// URL of the API (deprecated name).
    LegacyBaseUrl,
    /// Which of Cloudflare's networks the account is on.
    ComplianceRegion,
    /// Further headers of every request, as JSON.
    ApiHeaders,
    /// Which of wrangler's logins to use.
    AuthProfile,
    /// Use the local store.
    Local,
    /// How much to print.
    Log,
    /// A file of further certificate authorities.
    ExtraCaCerts,
    /// The user's home directory.
    Home,
    /// Where configuration lives below the home directory.
    ConfigHome,
    /// Where programs keep what they remember between runs.
    StateHome,
    /// The editor, for terminals that can show one.
    Visual,
    /// The editor.
    Editor,
    /// Whether this runs under GitHub Actions.
    GithubActions,
    /// Where a workflow's repository is.
    GithubWorkspace,
    /// The file for the summary of a workflow's step.
    GithubStepSummary,
    /// The file for the outputs of a workflow's step.
    GithubOutput,
}

/// Variables that libraries read for themselves: proxies, certificate authorities, colour.
pub const READ_BY_LIBRARIES: &[&str] = &[
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "TERM",
];

impl Var {
    /// Every variable, in the order of the README's table.
    pub const ALL: &[Self] = &[
        Self::ApiToken,
        Self::ApiKey,
        Self::Email,
        Self::AccountId,
        Self::Environment,
        Self::BaseUrl,
        Self::ComplianceRegion,
        Self::ApiHeaders,
        Self::AuthProfile,
        Self::Local,
        Self::Log,
        Self::ExtraCaCerts,
        Self::LegacyApiToken,
        Self::LegacyApiKey,
        Self::LegacyEmail,
        Self::LegacyAccountId,
        Self::LegacyBaseUrl,
        Self::Visual,
        Self::Editor,
        Self::Home,
        Self::ConfigHome,
        Self::StateHome,
        Self::GithubActions,
        Self::GithubWorkspace,
        Self::GithubStepSummary,
        Self::GithubOutput,
    ];

    /// Returns the name of the variable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiToken => "CLOUDFLARE_API_TOKEN",
            Self::LegacyApiToken => "CF_API_TOKEN",
            Self::ApiKey => "CLOUDFLARE_API_KEY",
            Self::LegacyApiKey => "CF_API_KEY",
            Self::Email => "CLOUDFLARE_EMAIL",
            Self::LegacyEmail => "CF_EMAIL",
            Self::AccountId => "CLOUDFLARE_ACCOUNT_ID",
            Self::LegacyAccountId => "CF_ACCOUNT_ID",
            Self::Environment => "CLOUDFLARE_ENV",
            Self::BaseUrl => "CLOUDFLARE_API_BASE_URL",
            Self::LegacyBaseUrl => "CF_API_BASE_URL",
            Self::ComplianceRegion => "CLOUDFLARE_COMPLIANCE_REGION",
            Self::ApiHeaders => "CLOUDFLARE_API_HEADERS",
            Self::AuthProfile => "CLOUDFLARE_AUTH_PROFILE",
            Self::Local => "KVCTL_LOCAL",
            Self::Log => "KVCTL_LOG",
            Self::ExtraCaCerts => "NODE_EXTRA_CA_CERTS",
            Self::Visual => "VISUAL",
            Self::Editor => "EDITOR",
            Self::GithubActions => "GITHUB_ACTIONS",
            Self::GithubWorkspace => "GITHUB_WORKSPACE",
            Self::GithubStepSummary => "GITHUB_STEP_SUMMARY",
            Self::GithubOutput => "GITHUB_OUTPUT",
            Self::Home => {
                if cfg!(windows) {
                    "USERPROFILE"
                } else {
                    "HOME"
                }
            }
            Self::ConfigHome => {
                if cfg!(windows) {
                    "APPDATA"
                } else {
                    "XDG_CONFIG_HOME"
                }
            }
            Self::StateHome => {
                if cfg!(windows) {
                    "LOCALAPPDATA"
                } else {
                    "XDG_STATE_HOME"
                }
            }
        }
    }
}

impl Var {
    /// Whether an env file may set it. A project must not choose which program runs on a machine, whom
    /// it trusts, or where the user's own files are.
    const fn is_for_env_files(self) -> bool {
        !matches!(
            self,
            Self::Home
                | Self::ConfigHome
                | Self::StateHome
                | Self::ApiHeaders
                | Self::ExtraCaCerts
                | Self::Local
                | Self::Log
                | Self::Visual
                | Self::Editor
                | Self::GithubActions
                | Self::GithubWorkspace
                | Self::GithubStepSummary
                | Self::GithubOutput
        )
    }
}

impl fmt::Display for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

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

/// A proxy, as the HTTP library will use it. Holds no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Scheme, host and port.
    pub url: String,
    /// Whether a user and a password are sent to it.
    pub has_credentials: bool,
    /// The variable that names it; none, if the system does.
    pub variable: Option<&'static str>,
}

/// Returns the proxy through which requests to `url` go, decided by the library that will send them.
pub fn proxy_for(url: &str) -> Option<Proxy> {
    let proxy = Matcher::from_system().intercept(&url.parse().ok()?)?;
    let uri = proxy.uri();
    let port = uri
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    Some(Proxy {
        // Built from parts, so it holds nothing else.
        url: format!(
            "{}://{}{port}",
            uri.scheme_str().unwrap_or("http"),
            uri.host().unwrap_or_default()
        ),
        has_credentials: proxy.basic_auth().is_some() || proxy.raw_auth().is_some(),
        variable: proxy_variable(url),
    })
}

/// Returns the variable that names the proxy in use for `url`, or an error with the one whose value
/// is invalid: the library would ignore it and bypass the proxy.
pub fn usable_proxy(url: &str) -> Result<Option<&'static str>, &'static str> {
    let (Some(variable), Ok(uri)) = (proxy_variable(url), url.parse()) else {
        return Ok(None);
    };
    let exceptions = of_library("NO_PROXY").or_else(|| of_library("no_proxy"));
    let any = Matcher::builder()
        .all("http://proxy.invalid")
        .no(exceptions.unwrap_or_default())
        .build();
    if any.intercept(&uri).is_none() {
        return Ok(None);
    }
    let named = Matcher::builder()
        .all(of_library(variable).unwrap_or_default())
        .build();
    let usable = named.intercept(&uri).is_some_and(|proxy| {
        let scheme = proxy.uri().scheme_str();
        matches!(scheme, Some("http" | "https"))
    });
    if usable {
        Ok(Some(variable))
    } else {
        Err(variable)
    }
}

/// Returns the variable that names a proxy for `url`, whether or not it is used.
pub fn proxy_variable(url: &str) -> Option<&'static str> {
    let own: [&'static str; 2] = if url.starts_with("https:") {
        ["HTTPS_PROXY", "https_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy"]
    };
    let names = own.into_iter().chain(["ALL_PROXY", "all_proxy"]);
    names.into_iter().find(|name| of_library(name).is_some())
}

/// Returns the value of a variable that a library reads for itself, or that an env file refers to.
#[expect(clippy::disallowed_methods, reason = "this module is the one that may")]
pub fn of_library(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
}

/// Whether HTTPS asks the system's own verifier, which heeds no variables.
const SYSTEM_VERIFIES: bool = cfg!(any(windows, target_vendor = "apple", target_os = "android"));

/// Returns the file of certificate authorities that replaces the system's, as the library reads it:
/// an empty name counts.
#[expect(clippy::disallowed_methods, reason = "this module is the one that may")]
pub fn trusted_file() -> Option<PathBuf> {
    let set = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    set.filter(|_| !SYSTEM_VERIFIES)
}

/// Returns the directories of certificate authorities that replace the system's.
#[expect(clippy::disallowed_methods, reason = "this module is the one that may")]
pub fn trusted_directories() -> Vec<PathBuf> {
    let set = std::env::var_os("SSL_CERT_DIR").filter(|_| !SYSTEM_VERIFIES);
    let directories = set.iter().flat_map(std::env::split_paths);
    directories
        .filter(|path| !path.as_os_str().is_empty())
        .collect()
}

/// Returns the system that the program was built for, such as `linux x86_64`.
pub fn platform() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
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
