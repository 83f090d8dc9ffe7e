//! The variables that kvctl knows, and which of them an env file may set.

use std::fmt;

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
    /// The Worker that Workers Builds deploys, whatever the wrangler file calls it.
    CiOverrideName,
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
    /// Windows: where configuration lives that follows the user to other machines.
    AppData,
    /// Windows: where programs keep what belongs to this machine.
    LocalAppData,
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
    /// The shell that asks to complete a command line.
    Complete,
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
    /// Every variable, in the order of the table in `docs/environment.md`.
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
        Self::CiOverrideName,
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
        Self::AppData,
        Self::LocalAppData,
        Self::GithubActions,
        Self::GithubWorkspace,
        Self::GithubStepSummary,
        Self::GithubOutput,
        Self::Complete,
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
            Self::CiOverrideName => "WRANGLER_CI_OVERRIDE_NAME",
            Self::Local => "KVCTL_LOCAL",
            Self::Log => "KVCTL_LOG",
            Self::ExtraCaCerts => "NODE_EXTRA_CA_CERTS",
            Self::Visual => "VISUAL",
            Self::Editor => "EDITOR",
            Self::GithubActions => "GITHUB_ACTIONS",
            Self::GithubWorkspace => "GITHUB_WORKSPACE",
            Self::GithubStepSummary => "GITHUB_STEP_SUMMARY",
            Self::GithubOutput => "GITHUB_OUTPUT",
            Self::Complete => "KVCTL_COMPLETE",
            Self::Home => {
                if cfg!(windows) {
                    "USERPROFILE"
                } else {
                    "HOME"
                }
            }
            Self::ConfigHome => "XDG_CONFIG_HOME",
            Self::StateHome => "XDG_STATE_HOME",
            Self::AppData => "APPDATA",
            Self::LocalAppData => "LOCALAPPDATA",
        }
    }

    /// Whether an env file may set it. A project must not choose which program runs on a machine, whom
    /// it trusts, or where the user's own files are.
    pub(super) const fn is_for_env_files(self) -> bool {
        !matches!(
            self,
            Self::Home
                | Self::ConfigHome
                | Self::StateHome
                | Self::AppData
                | Self::LocalAppData
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
                | Self::Complete
        )
    }
}

impl fmt::Display for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
