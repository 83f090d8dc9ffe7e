//! The account that owns namespaces.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Classification, Classify, ErrorClass};

/// The id of a Cloudflare account: 32 hexadecimal digits, kept in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

/// Why a string is not an [`AccountId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an account id; an account id is 32 hexadecimal digits")]
pub struct AccountIdError(String);

impl Classify for AccountIdError {
    fn classify(&self) -> Classification {
        ErrorClass::Usage.into()
    }
}

impl AccountId {
    /// Whether `text` stands for an id that is still to be filled in, such as `<YOUR_ACCOUNT_ID>`. An
    /// id with a mistake is mostly hexadecimal digits, and stands for nothing else.
    pub fn is_placeholder(text: &str) -> bool {
        let digits = text.chars().filter(char::is_ascii_hexdigit).count();
        digits < 16 && digits < text.trim().chars().count()
    }

    /// The one account of the local store.
    pub fn local() -> Self {
        Self("10ca110c000000000000000000000000".to_owned())
    }
}

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if is_32_hex(s) {
            Ok(Self(s.to_ascii_lowercase()))
        } else {
            Err(AccountIdError(s.to_owned()))
        }
    }
}

/// Whether `s` has the form of the ids that the service gives to accounts and namespaces.
pub(super) fn is_32_hex(s: &str) -> bool {
    s.len() == 32 && s.bytes().all(|b| b.is_ascii_hexdigit())
}

checked_text!(AccountId, AccountIdError);
