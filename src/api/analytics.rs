//! The endpoint of the GraphQL analytics. Not the API of the other endpoints: no envelope, and
//! errors under HTTP 200.

use jiff::civil::Date;
use reqwest::Method;
use serde_json::json;

use super::{
    answer::Answer,
    endpoint::{Body, Endpoint},
    error::{Error, ErrorKind, Expected},
};
use crate::{
    domain::AccountId,
    wire::{
        Envelope,
        analytics::{GraphqlAnswer, GraphqlError, GraphqlExtensions, KvDatasets, ROWS_MAX, Viewer},
    },
};

/// Asks for what the namespaces of an account were used for, and what they held, day by day. Rows
/// come with the newest day first; each dataset has [`ROWS_MAX`] at most.
#[derive(Debug)]
pub struct GetUsage<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The first day, in UTC.
    pub from: Date,
    /// The last day, in UTC.
    pub to: Date,
}

const QUERY: &str = "\
query Usage($account: string!, $from: Date!, $to: Date!, $limit: uint64!) {
  viewer {
    accounts(filter: { accountTag: $account }) {
      operations: kvOperationsAdaptiveGroups(
        filter: { date_geq: $from, date_leq: $to }, limit: $limit, orderBy: [date_DESC]
      ) {
        dimensions { date actionType namespaceId }
        sum { requests }
      }
      storage: kvStorageAdaptiveGroups(
        filter: { date_geq: $from, date_leq: $to }, limit: $limit, orderBy: [date_DESC]
      ) {
        dimensions { date namespaceId }
        max { keyCount byteCount }
      }
    }
  }
}";

impl Endpoint for GetUsage<'_> {
    type Output = KvDatasets;
    /// Though it only reads.
    const METHOD: Method = Method::POST;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        "graphql".to_owned()
    }

    fn body(&self) -> Body {
        Body::json(&json!({
            "query": QUERY,
            "variables": {
                "account": self.account,
                "from": self.from.to_string(),
                "to": self.to.to_string(),
                "limit": ROWS_MAX,
            },
        }))
    }

    fn answer_bytes(&self) -> usize {
        // About 150 bytes a row.
        2 * ROWS_MAX * 150
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        // A gateway in front of the analytics may still answer in the envelope.
        let envelope = serde_json::from_slice::<Envelope<serde::de::IgnoredAny>>(&answer.body);
        if envelope.is_ok_and(|envelope| !envelope.success) {
            return Err(answer.refusal());
        }
        let read = serde_json::from_slice::<GraphqlAnswer<Viewer<KvDatasets>>>(&answer.body);
        let GraphqlAnswer { data, errors } =
            read.map_err(|_may_quote| answer.malformed(Expected::Analytics))?;
        let fail = |errors| {
            let ray = answer.header("cf-ray").map(str::to_owned);
            Error::new(
                answer.request.clone(),
                ErrorKind::Unanswered { errors, ray },
            )
        };
        match errors {
            Some(errors) if !errors.is_empty() => return Err(fail(errors)),
            Some(_) | None => {}
        }
        let accounts = data
            .ok_or_else(|| answer.malformed(Expected::Analytics))?
            .viewer
            .accounts;
        let absent = || GraphqlError {
            message: "the answer is about no account".to_owned(),
            path: None,
            extensions: Some(GraphqlExtensions {
                code: Some("authz".to_owned()),
                timestamp: None,
            }),
        };
        let account = accounts.into_iter().next();
        account.ok_or_else(|| fail(vec![absent()]))
    }
}
