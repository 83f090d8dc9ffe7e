//! What travels between the client and the service: the JSON shapes both sides share.
//!
//! Owns the serde types of the v4 envelope and of the KV endpoints. Imports `domain` only. The
//! shapes follow Cloudflare's OpenAPI description of Workers KV; `fixtures/wire` holds the answers
//! as the documentation gives them, and both client and emulator are tested against those.

pub mod analytics;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::{AccountId, Jurisdiction, Metadata, NamespaceId};

/// The codes of the service that kvctl treats specially.
///
/// From Cloudflare's documentation and from public logs; numbers mean these things on KV endpoints
/// only.
pub mod code {
    /// The key does not exist.
    pub const KEY_NOT_FOUND: u32 = 10009;
    /// The body of a bulk request is not the documented JSON.
    pub const MALFORMED_BODY: u32 = 10012;
    /// The id in the path is not an id.
    pub const MALFORMED_NAMESPACE_ID: u32 = 10011;
    /// The namespace does not exist.
    pub const NAMESPACE_NOT_FOUND: u32 = 10013;
    /// Another namespace of the account has this title.
    pub const TITLE_TAKEN: u32 = 10014;
    /// The request has no title.
    pub const TITLE_MISSING: u32 = 10019;
    /// A bulk read of too few or too many keys, or of a value that is not text.
    pub const BULK_GET: u32 = 10029;
    /// The day's quota of the free plan is spent.
    pub const QUOTA_SPENT: u32 = 10048;
    /// The token is unknown, expired, or lacks a permission.
    pub const AUTHENTICATION: u32 = 10000;
    /// No credentials arrived, or not ones this endpoint takes.
    pub const NO_CREDENTIALS: u32 = 9106;
    /// The token is revoked, or has no rights on this account.
    pub const INVALID_ACCESS_TOKEN: u32 = 9109;
    /// Key and email do not belong together.
    pub const UNKNOWN_KEY_OR_EMAIL: u32 = 9103;
    /// The credentials are not well formed.
    pub const INVALID_HEADERS: u32 = 6003;
    /// The path names no object, usually because of a wrong account id.
    pub const NO_ROUTE: u32 = 7003;
    /// The API has no such route.
    pub const NO_SUCH_ROUTE: u32 = 7000;
    /// The Worker does not exist.
    pub const WORKER_NOT_FOUND: u32 = 10007;
    /// No Worker can have that name.
    pub const WORKER_NAME: u32 = 10016;
    /// The service of a Worker does not exist.
    pub const SERVICE_NOT_FOUND: u32 = 10090;
    /// The Pages project does not exist.
    pub const PAGES_PROJECT_NOT_FOUND: u32 = 8_000_007;
    /// A limit of the account is reached, such as that of namespaces. May come with HTTP 403.
    pub const LIMITS: [u32; 4] = [10018, 10022, 10024, 10030];
    /// Too many requests.
    pub const THROTTLED: u32 = 971;
}

/// The envelope around every answer but a raw value.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Envelope<T> {
    /// What was asked for; `null` on failure and for some deletions.
    #[serde(default)]
    pub result: Option<T>,
    /// Whether the request was carried out. May be `false` under HTTP 200.
    pub success: bool,
    /// Why not. May be empty even on failure.
    #[serde(default, deserialize_with = "null_is_default")]
    pub errors: Vec<Message>,
    /// Remarks; strings or objects, so kept as they are.
    #[serde(default, deserialize_with = "null_is_default")]
    pub messages: Vec<serde_json::Value>,
    /// The position of this page in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_info: Option<ResultInfo>,
}

fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// One entry of the `errors` array.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The service's own code, such as 10009; some endpoints leave it out.
    #[serde(default)]
    pub code: Option<u32>,
    /// Its text.
    #[serde(default)]
    pub message: String,
    /// What led to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub error_chain: Vec<Self>,
}

/// The `result_info` of a list: pages of namespaces are numbered, pages of keys have a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultInfo {
    /// The number of this page, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// How many items a page may hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_page: Option<usize>,
    /// How many items this page holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// How many items there are in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_count: Option<usize>,
    /// Where the next page of keys begins; absent, null or empty at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A namespace, as every namespace endpoint returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceInfo {
    /// Its id. In the local store it may be any text, as written.
    #[serde(deserialize_with = "verbatim_id")]
    pub id: NamespaceId,
    /// Its title, as the service stores it. Not a [`Title`](crate::domain::Title): what exists is
    /// taken as it is.
    pub title: String,
    /// Whether keys in a URL are percent-decoded before they are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supports_url_encoding: Option<bool>,
    /// Where the data must stay: `eu`, `us` or `fedramp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<String>,
}

fn verbatim_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NamespaceId, D::Error> {
    let text = String::deserialize(deserializer)?;
    NamespaceId::verbatim(&text).map_err(serde::de::Error::custom)
}

/// The body of a create or rename request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TitleBody {
    /// The title to give. Optional here because the emulator must be able to read its absence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the data must stay; only when creating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<Jurisdiction>,
}

/// One key of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// The key name.
    pub name: String,
    /// When the key expires, in UNIX seconds; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<i64>,
    /// Its metadata, any JSON; absent if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// One pair of a bulk write. The body of `PUT …/bulk` is an array of at most
/// [`BULK_MAX_KEYS`](crate::domain::BULK_MAX_KEYS) of these, of less than
/// [`BULK_MAX_BYTES`](crate::domain::BULK_MAX_BYTES) bytes in all.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct BulkEntry<S = String> {
    /// The key name, not percent-encoded.
    pub key: S,
    /// The value: its text, or its bytes in base64.
    pub value: S,
    /// Whether `value` is base64.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub base64: bool,
    /// When the pair expires, in UNIX seconds, at least 60 ahead; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<i64>,
    /// In how many seconds it expires, at least 60. Wins over `expiration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_ttl: Option<i64>,
    /// Its metadata: any JSON, inline, and not a string that holds JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// Shows no value: it may be a secret.
impl<S: AsRef<str> + fmt::Debug> fmt::Debug for BulkEntry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkEntry")
            .field("key", &self.key)
            .field(
                "value",
                &format_args!("{} bytes", self.value.as_ref().len()),
            )
            .field("base64", &self.base64)
            .field("expiration", &self.expiration)
            .field("expiration_ttl", &self.expiration_ttl)
            .field("metadata", &self.metadata)
            .finish()
    }
}

/// What became of a bulk write or a bulk deletion. Also under HTTP 200 some keys may have failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkResult {
    /// How many keys were written or deleted; a key that was not there counts as deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successful_key_count: Option<usize>,
    /// The keys that were not, and may be tried again.
    #[serde(default, deserialize_with = "null_is_default")]
    pub unsuccessful_keys: Vec<String>,
}

/// The body of a bulk read. `K` holds the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkGet<K = Vec<String>> {
    /// The key names, 1 to [`BULK_GET_MAX_KEYS`](crate::domain::BULK_GET_MAX_KEYS).
    pub keys: K,
    /// The type that the values are read as.
    #[serde(default, deserialize_with = "null_is_default", rename = "type")]
    pub kind: BulkGetKind,
    /// Whether expiration and metadata are wanted too, which changes the shape of the answer.
    #[serde(default, deserialize_with = "null_is_default", rename = "withMetadata")]
    pub with_metadata: bool,
}

/// What a bulk read takes the values for. One that is something else fails the whole request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BulkGetKind {
    /// UTF-8, answered as strings.
    #[default]
    Text,
    /// JSON, answered inline.
    Json,
}

/// What a bulk read found: `T` is the value itself, such as [`String`], or a [`BulkValue`] of it
/// if metadata was asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkValues<T> {
    /// The values by key; a key that is not there is `None`, or absent.
    pub values: BTreeMap<String, Option<T>>,
}

/// Shows no value: it may be a secret.
impl<T> fmt::Debug for BulkValues<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.values.keys();
        f.debug_tuple("BulkValues").field(&keys).finish()
    }
}

/// One value of a bulk read, with its metadata and expiration.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct BulkValue<T> {
    /// The value.
    pub value: T,
    /// Its metadata, any JSON; `null` or absent if none.
    #[serde(default)]
    pub metadata: Option<Metadata>,
    /// When it expires, in UNIX seconds; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<i64>,
}

/// Shows no value: it may be a secret.
impl<T> fmt::Debug for BulkValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkValue")
            .field("metadata", &self.metadata)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

/// An account that the credentials can see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name, as its owner chose it.
    #[serde(default)]
    pub name: String,
}

/// The user's membership of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The account.
    pub account: Account,
    /// `accepted`, `pending` or `rejected`.
    #[serde(default)]
    pub status: String,
}

/// What the service says of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenStatus {
    /// The token's id, which is not the token.
    pub id: String,
    /// `active`, `disabled` or `expired`.
    pub status: String,
    /// When it expires, RFC 3339; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<String>,
}

impl TokenStatus {
    /// Whether the token is good.
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }
}
