//! Flags, variables and env files that cannot be used.

use std::{io, path::PathBuf};

use crate::{
    api::{BaseUrl, BaseUrlError, ExtraHeadersError},
    domain::{Classification, Classify, EnvNameError, ErrorClass, ShowPath as _},
    env::Var,
};

/// A flag or variable that is wrong in itself.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// `--cwd` is not a directory.
    #[error("`--cwd {}` is not a directory", .0.shown())]
    Cwd(PathBuf),
    /// The environment cannot be one.
    #[error("{by} is invalid")]
    Environment {
        /// The flag, or the variable and the env file that sets it.
        by: String,
        /// Why not.
        source: EnvNameError,
    },
    /// The base URL cannot be used.
    #[error("{by} cannot be used: {why}")]
    BaseUrl {
        /// The variable, and the env file that sets it.
        by: String,
        /// Why not.
        why: BaseUrlError,
    },
    /// A file of certificate authorities cannot be used.
    #[error("{by}: the certificate authorities in {} cannot be read", path.shown())]
    Authorities {
        /// The flag or variable that names it.
        by: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of certificate authorities has none.
    #[error("{by}: {} has no certificate in PEM", path.shown())]
    NoAuthorities {
        /// The flag or variable that names it.
        by: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A file of certificate authorities has an invalid certificate.
    #[error("{by}: {} has a certificate that cannot be decoded", path.shown())]
    BadAuthority {
        /// The flag or variable that names it.
        by: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A variable that should name a file is empty.
    #[error("{0} is set but empty: no certificate would be trusted")]
    Empty(&'static str),
    /// The further headers cannot be sent.
    #[error("{variable} cannot be used: {0}", variable = Var::ApiHeaders)]
    Headers(ExtraHeadersError),
    /// `--persist-to` names a local store, which would not be used.
    #[error(
        "`--persist-to` names a local store, but the command works on the remote service; nothing was sent"
    )]
    UnusedStore {
        /// Whether `--remote` says so.
        remote: bool,
    },
    /// A variable is not a proxy URL. Its value may contain a password.
    #[error("{0} is not a usable proxy URL")]
    Proxy(&'static str),
}

impl Classify for SettingError {
    fn classify(&self) -> Classification {
        match self {
            Self::BaseUrl { .. } => ErrorClass::Usage.hint(format!(
                "the default is {}; leave the variable unset to use it",
                BaseUrl::DEFAULT
            )),
            Self::Proxy(variable) => ErrorClass::Usage.hint(format!(
                "set {variable} to http://HOST:PORT or https://HOST:PORT, or leave it unset to connect \
                 directly"
            )),
            Self::Headers(_) => ErrorClass::Usage.hint(
                "set it to a JSON object such as '{\"X-Name\": \"value\"}', or leave it unset",
            ),
            Self::NoAuthorities { .. } => ErrorClass::Usage
                .hint("a certificate in PEM begins with -----BEGIN CERTIFICATE-----"),
            Self::Empty(variable) => ErrorClass::Usage.hint(format!(
                "unset {variable} to trust the system's authorities, or name a PEM file"
            )),
            Self::Environment { .. } => ErrorClass::Usage
                .hint("give the name of an environment as it is in the wrangler file"),
            Self::UnusedStore { remote: false } => ErrorClass::Usage
                .hint("add `--local` to use that store, or leave out `--persist-to`"),
            Self::UnusedStore { remote: true } => ErrorClass::Usage
                .hint("give `--local` in place of `--remote`, or leave out `--persist-to`"),
            Self::Cwd(_) | Self::Authorities { .. } | Self::BadAuthority { .. } => {
                ErrorClass::Usage.into()
            }
        }
    }
}
