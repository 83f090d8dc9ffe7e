//! Why a login cannot be used, and what to do about it.

use std::{io, path::PathBuf};

use jiff::Timestamp;

use crate::config::Location;
use crate::domain::{
    Classification, Classify, ErrorClass, ProfileName, ProfileNameError, ShowPath as _,
};

/// Why a login cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The file cannot be read.
    #[error("could not read wrangler's login at {}", path.shown())]
    Read {
        /// The file.
        path: PathBuf,
        /// The login.
        profile: ProfileName,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML. Its text is not quoted, because it contains secrets.
    #[error("wrangler's login at {place} is not valid TOML")]
    Unparsable {
        /// Where in the file.
        place: Location,
        /// The login.
        profile: ProfileName,
    },
    /// A field is not what wrangler writes.
    #[error("{place}: `{field}` of wrangler's login is not {expected}")]
    Field {
        /// Where in the file.
        place: Location,
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
        /// The login.
        profile: ProfileName,
    },
    /// The token has expired.
    #[error("wrangler's login at {} has expired: it was valid until {until}", path.shown())]
    Expired {
        /// The file.
        path: PathBuf,
        /// The login.
        profile: ProfileName,
        /// When it expired.
        until: Timestamp,
    },
    /// There is no telling when the token expires, which wrangler takes for expired.
    #[error("wrangler's login at {} has no `expiration_time`, which counts as expired", path.shown())]
    NoExpiration {
        /// The file.
        path: PathBuf,
        /// The login.
        profile: ProfileName,
    },
    /// The token is encrypted with a key in the system's keyring, which kvctl does not read.
    #[error("wrangler's login at {} is encrypted; kvctl cannot read it", path.shown())]
    Encrypted {
        /// The file.
        path: PathBuf,
        /// The login.
        profile: ProfileName,
    },
    /// The file of directory bindings cannot be read.
    #[error("could not read {}, which says which login a directory uses", path.shown())]
    ReadBindings {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of directory bindings is not what wrangler writes.
    #[error("{}:{line}:{column}: not a JSON object of directories and profile names", path.shown())]
    BadBindings {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// A directory is bound to something that is not the name of a login.
    #[error("{}: `{directory}` is bound to something other than a profile name", path.shown())]
    BadBinding {
        /// The file.
        path: PathBuf,
        /// The directory.
        directory: String,
        /// Why, if it is a text.
        source: Option<ProfileNameError>,
    },
}

impl Classify for LoginError {
    fn classify(&self) -> Classification {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                ErrorClass::Denied
                    .hint("let this user read the file, or set CLOUDFLARE_API_TOKEN")
            }
            Self::Read { profile, .. } => ErrorClass::Denied.hint(format!(
                "remove it and run `{}` again, or set CLOUDFLARE_API_TOKEN",
                login_command(profile)
            )),
            Self::Unparsable { profile, .. } | Self::Field { profile, .. } => {
                ErrorClass::Denied.hint(format!(
                    "run `{}` again, which writes the file anew, or set CLOUDFLARE_API_TOKEN",
                    login_command(profile)
                ))
            }
            Self::Expired { profile, .. } | Self::NoExpiration { profile, .. } => ErrorClass::Denied.hint(format!(
                "run `{}` again, or set CLOUDFLARE_API_TOKEN, for example to the `token` that \
                 `{}` prints, which renews the login",
                login_command(profile),
                token_command(profile)
            )),
            Self::Encrypted { profile, .. } => ErrorClass::Denied.hint(format!(
                "set CLOUDFLARE_API_TOKEN, for example to the `token` that `{}` prints",
                token_command(profile)
            )),
            Self::ReadBindings { .. } | Self::BadBindings { .. } | Self::BadBinding { .. } => {
                ErrorClass::Denied.hint(
                    "correct the file, or choose the login with `--profile NAME`; `wrangler auth list` \
                     shows them",
                )
            }
        }
    }
}

/// Returns the command that makes or renews a login.
pub fn login_command(profile: &ProfileName) -> String {
    if profile.is_default() {
        "wrangler login".to_owned()
    } else {
        format!("wrangler auth create {profile}")
    }
}

fn token_command(profile: &ProfileName) -> String {
    if profile.is_default() {
        "wrangler auth token --json".to_owned()
    } else {
        format!("wrangler auth token --json --profile {profile}")
    }
}
