//! The nouns of Workers KV, each valid by construction, and what errors mean.
//!
//! Owns what a value of each kind may be, and the classes of errors; every constructor is [`FromStr`](std::str::FromStr), so
//! the command line, files and tests share one set of rules. Pure: no I/O, no async, no clap.
//! Imports nothing of this crate, and every other module may import it.

/// Converts a type that holds a checked `String` from and to text.
macro_rules! checked_text {
    ($name:ident, $error:ident) => {
        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(checked: $name) -> Self {
                checked.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

mod account;
mod binding;
mod classification;
mod count;
mod device;
mod environment;
mod expiry;
mod hint;
mod jurisdiction;
mod key;
mod limits;
mod namespace;
mod nearest;
mod path;
mod permission;
mod powershell;
mod prefixes;
mod profile;
mod record;
mod region;
mod section;
mod shell;
mod title;
mod worker;

pub use account::{AccountId, AccountIdError};
pub use binding::{Binding, BindingError};
pub use classification::{AnswerId, Classification, Classify, ErrorClass, with_causes};
pub use count::{quantity, thousands};
pub use device::is_device_name;
pub use environment::{EnvName, EnvNameError};
pub use expiry::{Expiration, ExpirationError, Ttl, TtlError, parse_duration};
pub use hint::{Hint, Invocation, Suggestion, listed, option_words};
pub use jurisdiction::{Jurisdiction, JurisdictionError};
pub use key::{KeyName, KeyNameError, url_segment};
pub use limits::{
    BULK_GET_MAX_BYTES, BULK_GET_MAX_KEYS, BULK_MAX_BYTES, BULK_MAX_KEYS, FREE_DELETES_A_DAY,
    FREE_READS_A_DAY, FREE_WRITES_A_DAY, KEY_MAX_BYTES, LIST_PAGE_MAX, LIST_PAGE_MIN,
    METADATA_MAX_BYTES, NAMESPACE_PAGE_MAX, REQUESTS_AT_ONCE, REQUESTS_WINDOW_SECONDS,
    TITLE_MAX_CHARS, TTL_MIN_SECONDS, VALUE_MAX_BYTES,
};
pub use namespace::{
    DeclaredId, LocalIdError, NamespaceId, NamespaceIdError, hex, is_id_in_blanks, is_mistyped_id,
};
pub use nearest::{meant_by, near, nearest};
pub use path::ShowPath;
pub use permission::{API_TOKENS_PAGE, Permission, PermissionError};
pub use prefixes::Prefixes;
pub use profile::{ProfileName, ProfileNameError};
pub use record::{Metadata, MetadataError, Record};
pub use region::{ComplianceRegion, ComplianceRegionError};
pub use section::Section;
pub use shell::{Assigned, is_invisible, shell_assignment, shell_quoted, shell_words};
pub use title::{Title, TitleError};
pub use worker::is_worker_name;
