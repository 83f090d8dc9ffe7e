//! What the service accepts, known before a request is made.
//!
//! Figures from Cloudflare's KV limits page and the OpenAPI description of the endpoints.

/// The longest key name, in bytes of UTF-8.
pub const KEY_MAX_BYTES: usize = 512;

/// The largest value, in bytes: 25 MiB.
pub const VALUE_MAX_BYTES: usize = 25 * 1024 * 1024;

/// The largest metadata, in bytes of JSON.
pub const METADATA_MAX_BYTES: usize = 1024;

/// The shortest time to live, and the nearest expiration, in seconds from now.
pub const TTL_MIN_SECONDS: i64 = 60;

/// The longest namespace title, in characters.
pub const TITLE_MAX_CHARS: usize = 512;

/// The most namespaces one page of a list holds. An account has at most as many.
pub const NAMESPACE_PAGE_MAX: usize = 1000;

/// The fewest keys a page of a key list may be asked for.
pub const LIST_PAGE_MIN: usize = 10;

/// The most keys one page of a key list holds.
pub const LIST_PAGE_MAX: usize = 1000;

/// The most keys of one bulk write or bulk deletion.
pub const BULK_MAX_KEYS: usize = 10_000;

/// Maximum size of a bulk write, in bytes of JSON.
///
/// "100 MB or less" says the API's description, "less than 100 megabytes" the manual.
pub const BULK_MAX_BYTES: usize = 100_000_000;

/// The most keys of one bulk read.
pub const BULK_GET_MAX_KEYS: usize = 100;

/// The most bytes that the values of one bulk read have together.
pub const BULK_GET_MAX_BYTES: usize = 25 * 1024 * 1024;

/// How many keys the free plan lets an account read a day, until 00:00 UTC.
///
/// This and the next ones are from Cloudflare's KV pricing page, which counts keys, also in bulk.
pub const FREE_READS_A_DAY: u64 = 100_000;

/// How many keys the free plan lets an account write a day.
pub const FREE_WRITES_A_DAY: u64 = 1000;

/// How many keys the free plan lets an account delete a day.
pub const FREE_DELETES_A_DAY: u64 = 1000;

/// How many requests the API takes of one user in [`REQUESTS_WINDOW_SECONDS`].
pub const REQUESTS_AT_ONCE: u64 = 1200;

/// The time, in seconds, in which [`REQUESTS_AT_ONCE`] requests are taken.
pub const REQUESTS_WINDOW_SECONDS: u64 = 300;
