//! The shapes of the GraphQL analytics, which have no envelope.
//!
//! From Cloudflare's documentation of the GraphQL Analytics API and of the metrics of Workers KV.

use serde::{Deserialize, Serialize};

/// The most rows that one dataset answers with.
pub const ROWS_MAX: usize = 10_000;

/// How many days back the analytics reach, today included.
pub const RETENTION_DAYS: u8 = 31;

/// The body of a GraphQL request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphqlRequest {
    /// The document.
    pub query: String,
    /// The values of its variables.
    #[serde(default)]
    pub variables: Option<serde_json::Map<String, serde_json::Value>>,
    /// Which operation to run, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_name: Option<String>,
}

/// The answer to a GraphQL request: failures come under HTTP 200 too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct GraphqlAnswer<T> {
    /// What was asked for; `null` on failure.
    #[serde(default = "none")]
    pub data: Option<T>,
    /// Why not; `null` on success.
    #[serde(default)]
    pub errors: Option<Vec<GraphqlError>>,
}

fn none<T>() -> Option<T> {
    None
}

/// One entry of a GraphQL answer's errors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphqlError {
    /// Its text.
    #[serde(default)]
    pub message: String,
    /// Which part of the query it is about.
    #[serde(default)]
    pub path: Option<Vec<serde_json::Value>>,
    /// What else there is to say.
    #[serde(default)]
    pub extensions: Option<GraphqlExtensions>,
}

/// What else there is to say about an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphqlExtensions {
    /// The kind of error, such as `authz`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// When it happened, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
}

/// What a query about accounts answers with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer<T> {
    /// Whoever asks.
    pub viewer: Accounts<T>,
}

/// The accounts asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts<T> {
    /// One entry for each.
    pub accounts: Vec<T>,
}

/// The two datasets of Workers KV, under the names that kvctl gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvDatasets {
    /// `kvOperationsAdaptiveGroups`.
    #[serde(default)]
    pub operations: Vec<OperationsGroup>,
    /// `kvStorageAdaptiveGroups`.
    #[serde(default)]
    pub storage: Vec<StorageGroup>,
}

/// How many operations of one kind a namespace saw on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationsGroup {
    /// What they have in common.
    pub dimensions: OperationsDimensions,
    /// How many they are.
    pub sum: OperationsSum,
}

/// What operations have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationsDimensions {
    /// The day, in UTC, such as `2026-01-31`.
    pub date: String,
    /// `read`, `write`, `delete` or `list`.
    pub action_type: String,
    /// The namespace. Of the local store, any text.
    pub namespace_id: String,
}

/// How many operations there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationsSum {
    /// So many: keys read, written or deleted, and lists.
    pub requests: u64,
}

/// How much a namespace held on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageGroup {
    /// Which namespace and day.
    pub dimensions: StorageDimensions,
    /// How much.
    pub max: StorageMax,
}

/// Which namespace and day a figure of storage is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageDimensions {
    /// The day, in UTC.
    pub date: String,
    /// The namespace.
    pub namespace_id: String,
}

/// How much a namespace held at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageMax {
    /// So many keys.
    pub key_count: u64,
    /// So many bytes.
    pub byte_count: u64,
}
