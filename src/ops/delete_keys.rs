//! Deleting many keys, and knowing which ones remained.

use std::collections::HashSet;

use backon::BackoffBuilder as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    api::{self, BulkDelete, Client, ListKeys},
    domain::{AccountId, BULK_MAX_KEYS, NamespaceId},
};

/// How many requests are under way at once.
const AT_ONCE: usize = 4;

/// A request failed; those before it did not.
#[derive(Debug, thiserror::Error)]
#[error("{deleted} of {total} keys were deleted, then this happened")]
pub struct Stopped {
    /// How many are certainly gone.
    pub deleted: usize,
    /// How many were to be deleted.
    pub total: usize,
    /// What happened.
    pub source: api::Error,
}

/// The service kept some keys, however often it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{remained} of {total} keys could not be deleted; the report names them")]
pub struct Remained {
    /// How many are still there.
    pub remained: usize,
    /// How many were to be deleted.
    pub total: usize,
}

impl Remained {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        Some("run the same command again".to_owned())
    }
}

/// Finds the keys that begin with `prefix`, but looks no further than one beyond `max`.
///
/// The names are taken as they are: what exists may be deleted, whether or not it could be written.
pub async fn matching(
    client: &Client,
    account: &AccountId,
    namespace: &NamespaceId,
    prefix: &str,
    max: Option<usize>,
) -> Result<Vec<String>, api::Error> {
    let mut pages = std::pin::pin!(client.key_pages(ListKeys::all(account, namespace, prefix)));
    let mut names = Vec::new();
    while let Some(page) = pages.try_next().await? {
        names.extend(page.into_iter().map(|key| key.name));
        if max.is_some_and(|max| names.len() > max) {
            break;
        }
    }
    Ok(names)
}

/// Deletes `names`, up to 10,000 a request; `done` hears how many went with each.
///
/// Keys that the service names as not deleted are tried again, with growing waits. Returns those
/// that remained even so.
pub async fn delete(
    client: &Client,
    account: &AccountId,
    namespace: &NamespaceId,
    names: &[String],
    done: &dyn Fn(usize),
) -> Result<Vec<String>, Stopped> {
    let total = names.len();
    let mut waits = client.backoff().build();
    let mut deleted = 0;
    let mut left = names.to_vec();
    loop {
        let mut remained = Vec::new();
        let requests = left.chunks(BULK_MAX_KEYS).map(|chunk| async move {
            let keys = serde_json::to_vec(chunk).unwrap_or_default().into();
            let request = BulkDelete {
                account,
                namespace,
                keys,
            };
            let result = client.send(&request).await?;
            Ok((chunk.len(), kept(chunk, result.unsuccessful_keys)))
        });
        let mut answers = stream::iter(requests).buffer_unordered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            let (asked, kept) = answer.map_err(|source| Stopped {
                deleted,
                total,
                source,
            })?;
            deleted += asked - kept.len();
            done(asked - kept.len());
            remained.extend(kept);
        }
        drop(answers);
        if remained.is_empty() {
            return Ok(remained);
        }
        match waits.next() {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Ok(remained),
        }
        left = remained;
    }
}

/// Returns the keys of `asked` that the service names as kept. Others that it names are not ours.
fn kept(asked: &[String], named: Vec<String>) -> Vec<String> {
    if named.is_empty() {
        return named;
    }
    let asked: HashSet<&str> = asked.iter().map(String::as_str).collect();
    let named: HashSet<String> = named.into_iter().collect();
    let mut kept: Vec<String> = named
        .into_iter()
        .filter(|key| asked.contains(key.as_str()))
        .collect();
    kept.sort_unstable();
    kept
}
