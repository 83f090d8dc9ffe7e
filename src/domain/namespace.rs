//! Namespace ids, as the service gives them and as files declare them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Classification, Classify, ErrorClass, Hint, Suggestion, Title, account::is_32_hex};

/// The id of a namespace: 32 hexadecimal digits, kept in lower case. In the local store any text
/// is one, as written.
///
/// Ids are not secret: they mean nothing without credentials for the account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamespaceId(String);

/// Why a string is not a [`NamespaceId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a namespace id; an id is 32 hexadecimal digits, such as \
     0f2ac74b498b48028cb68387c421e279"
)]
pub struct NamespaceIdError(String);

/// Why a text cannot be the id of a namespace, not even in the local store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalIdError {
    /// It has no characters.
    #[error("a namespace id is empty")]
    Empty,
    /// A URL cannot hold it.
    #[error("a namespace id cannot be `.` or `..`")]
    DotSegment,
    /// It is too long.
    #[error("a namespace id of {0} bytes is too long; the limit is 512")]
    TooLong(usize),
    /// It has a NUL character.
    #[error("a namespace id cannot have a NUL character")]
    Nul,
}

impl Classify for NamespaceIdError {
    fn classify(&self) -> Classification {
        ErrorClass::Usage.hint(
            Hint::run(Suggestion::new("namespace list").sectionless()).text(" to see the ids"),
        )
    }
}

impl Classify for LocalIdError {
    fn classify(&self) -> Classification {
        match self {
            Self::Empty | Self::DotSegment | Self::TooLong(_) | Self::Nul => {
                ErrorClass::Usage.into()
            }
        }
    }
}

impl NamespaceId {
    /// What every id of the local store begins with.
    const LOCAL_PREFIX: &str = "10ca110c";

    /// Derives the id that the local store gives to a namespace called `title`.
    ///
    /// Derived rather than random, so that two machines agree on it and a file with local ids can
    /// be shared; prefixed, so that a later remote run knows it for a placeholder.
    pub fn local(title: &Title) -> Self {
        let digest = Sha256::digest(title.as_str());
        let tail = hex(&digest[..12]);
        Self(format!("{}{tail}", Self::LOCAL_PREFIX))
    }

    /// Takes `text` as the id of a namespace of the local store, where it is not looked into: case
    /// counts, and `dev-cache` is one.
    pub fn verbatim(text: &str) -> Result<Self, LocalIdError> {
        match text {
            "" => Err(LocalIdError::Empty),
            "." | ".." => Err(LocalIdError::DotSegment),
            _ if text.len() > Self::LOCAL_MAX_BYTES => Err(LocalIdError::TooLong(text.len())),
            _ if text.contains('\0') => Err(LocalIdError::Nul),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The longest text that is taken for an id in the local store.
    const LOCAL_MAX_BYTES: usize = 512;

    /// Whether it is one that the service could have given.
    pub fn is_of_service(&self) -> bool {
        is_32_hex(&self.0)
    }

    /// Whether this is the id of a local namespace.
    pub fn is_local(&self) -> bool {
        self.0.starts_with(Self::LOCAL_PREFIX)
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|b| [b >> 4, b & 15]);
    digits.map(|d| char::from(DIGITS[usize::from(d)])).collect()
}

impl FromStr for NamespaceId {
    type Err = NamespaceIdError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if is_32_hex(s) {
            Ok(Self(s.to_ascii_lowercase()))
        } else {
            Err(NamespaceIdError(s.to_owned()))
        }
    }
}

checked_text!(NamespaceId, NamespaceIdError);

/// The value of an id field in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredId {
    /// No key, or nothing for a value.
    Absent,
    /// A placeholder for an id, such as `<id>` or `YOUR_KV_ID`.
    Placeholder(String),
    /// An id. It may still be unknown to the account.
    Valid(NamespaceId),
}

impl DeclaredId {
    /// Parses the value of an id field.
    ///
    /// Only 32 hexadecimal digits are an id, and not 32 equal ones: `0000…` and `xxxx…` are what
    /// people write into templates.
    pub fn read(text: Option<&str>) -> Self {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Self::Absent;
        };
        match text.parse() {
            Ok(id) if !all_equal(text) => Self::Valid(id),
            Ok(_) | Err(_) => Self::Placeholder(text.to_owned()),
        }
    }

    /// Returns the id, unless it is a local id that the service does not know.
    pub fn valid_where(&self, knows: impl FnOnce(&NamespaceId) -> bool) -> Option<&NamespaceId> {
        match self {
            Self::Valid(id) if !id.is_local() || knows(id) => Some(id),
            Self::Valid(_) | Self::Absent | Self::Placeholder(_) => None,
        }
    }
}

/// Whether `text` is so like an id that it must be a damaged one, and no placeholder: an id between blanks, a
/// long run of hexadecimal digits, or about 32 letters and digits of which few are not hexadecimal.
pub fn is_mistyped_id(text: &str) -> bool {
    let is_random = |digits: &str| {
        let mut seen: Vec<char> = digits.chars().map(|c| c.to_ascii_lowercase()).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len() >= 4 && digits.contains(|c: char| c.is_ascii_digit())
    };
    let joined = text.replace(|c: char| c == '-' || c.is_whitespace(), "");
    let mut runs = joined.split(|c: char| !c.is_ascii_hexdigit());
    let has_run = runs.any(|run| run.len() >= 16 && is_random(run));
    let kept: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let (count, hex) = (
        kept.chars().count(),
        kept.chars().filter(char::is_ascii_hexdigit).count(),
    );
    let is_near = (28..=36).contains(&count) && hex * 10 >= count * 9 && is_random(&kept);
    (has_run || is_near || is_id_in_blanks(text)) && !is_32_hex(text)
}

/// Whether `text` is an id with blanks around it, which wrangler takes for a part of it.
pub fn is_id_in_blanks(text: &str) -> bool {
    let id = text.trim();
    id != text && matches!(DeclaredId::read(Some(id)), DeclaredId::Valid(_))
}

fn all_equal(text: &str) -> bool {
    let mut chars = text.chars().map(|c| c.to_ascii_lowercase());
    let first = chars.next();
    chars.all(|c| Some(c) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_32_hex_digits_that_differ_are_an_id() {
        let placeholders = [
            "<id>",
            "YOUR_KV_ID",
            "${KV}",
            "{{KV}}",
            "你的KV_ID",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "00000000000000000000000000000000",
            "0123456789abcdef0123456789abcde",
            "cache",
        ];
        for text in placeholders {
            assert_eq!(
                DeclaredId::read(Some(text)),
                DeclaredId::Placeholder(text.to_owned())
            );
        }
        assert_eq!(DeclaredId::read(None), DeclaredId::Absent);
        assert_eq!(DeclaredId::read(Some("")), DeclaredId::Absent);
        let id = "0F2AC74B498B48028CB68387C421E279";
        assert_eq!(
            DeclaredId::read(Some(id)),
            DeclaredId::Valid(id.to_ascii_lowercase().parse().unwrap())
        );
    }

    #[test]
    fn an_id_that_was_damaged_is_no_placeholder() {
        let id = "0f2ac74b498b48028cb68387c421e279";
        let damaged = [
            "0f2ac74b-498b-4802-8cb6-8387c421e279",
            "Of2ac74b498b48o28cb68387c421e279",
            "0f2ac74b498b4802 8cb68387c421e279",
            "0f2ac74b498b4802\u{200b}8cb68387c421e279",
            "1234567890123456",
        ];
        let around = [
            "{ID}",
            "ID,",
            "0xID",
            "kv-ID",
            "id: ID",
            "\u{2018}ID\u{2019}",
            "https://a.b/ID",
            " ID",
            "ID\t",
        ];
        let around = around.map(|text| text.replace("ID", id));
        let texts = damaged.into_iter().chain(around.iter().map(String::as_str));
        let few_digits = " abababababababababababababababab";
        for text in texts.chain([&id[1..], &id[..20], few_digits]) {
            assert!(is_mistyped_id(text), "{text}");
        }
        for text in [
            id,
            "",
            "<id>",
            "dev-cache",
            "0000000000000000000",
            "00000000-0000-0000-0000-000000000001",
            "cafe",
            "<32-hex-digit-namespace-id>",
            "REPLACE_WITH_YOUR_KV_NAMESPACE_ID",
            "your_kv_namespace_id_goes_here_1",
        ] {
            assert!(!is_mistyped_id(text), "{text}");
        }
    }

    #[test]
    fn a_local_id_is_stable_and_a_placeholder_to_the_remote_service() {
        let title: Title = "bio-SESSIONS".parse().unwrap();
        let id = NamespaceId::local(&title);
        assert_eq!(id.as_str(), "10ca110c2ab167c823b7649da152dc95");
        assert_eq!(id, NamespaceId::local(&title));
        assert!(id.is_local());
        let declared = DeclaredId::read(Some(id.as_str()));
        assert_eq!(declared.valid_where(|_| true), Some(&id));
        assert_eq!(declared.valid_where(|_| false), None);
    }
}
