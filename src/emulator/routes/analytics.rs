//! `POST /graphql`: the analytics of Workers KV. Imports `domain` and `wire`.
//!
//! The operations are those that this emulator carried out; how much is stored is looked up when it
//! is asked for, so there is a figure for today only.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    domain::AccountId,
    emulator::{
        Inner,
        answer::{Answer, Refusal},
        auth::Caller,
        config::Namespaces,
        counters,
        graphql::{DataPoint, Dataset, Query, Schema},
        request::Request,
    },
    wire::analytics::{GraphqlAnswer, GraphqlError, GraphqlRequest},
};

const OPERATIONS: Schema = Schema {
    name: "kvOperationsAdaptiveGroups",
    dimensions: &["date", "actionType", "namespaceId"],
    aggregate: "sum",
    measures: &["requests"],
};

const STORAGE: Schema = Schema {
    name: "kvStorageAdaptiveGroups",
    dimensions: &["date", "namespaceId"],
    aggregate: "max",
    measures: &["keyCount", "byteCount"],
};

/// `POST /graphql`. Errors in a query are reported under HTTP 200.
pub(super) async fn query(
    inner: &Inner,
    caller: &Caller<'_>,
    request: &Request,
) -> Result<Answer, Refusal> {
    let read: Result<GraphqlRequest, _> = serde_json::from_slice(&request.body);
    let message_of = |e: serde_json::Error| {
        let (line, column) = (e.line(), e.column());
        format!("error parsing request body at line {line}, column {column}")
    };
    let asked = match read {
        Ok(asked) => asked,
        Err(e) => {
            let error = GraphqlError {
                message: message_of(e),
                ..GraphqlError::default()
            };
            return Ok(answer(Err(error)));
        }
    };
    let timestamp = || jiff::Timestamp::from_second(inner.now()).unwrap_or_default();
    let query = match Query::read(&asked) {
        Ok(query) => query,
        Err(error) => return Ok(answer(Err(error.into_graphql(timestamp().to_string())))),
    };
    let mut accounts = BTreeMap::new();
    for account in caller.accounts_to_analyse() {
        let mut datasets = vec![operations(inner, account)];
        // Reading all values is slow, so do it only if the query needs it.
        if query.mentions(STORAGE.name) {
            datasets.push(storage(inner, account).await?);
        }
        accounts.insert(account.clone(), datasets);
    }
    let answered = query.answer(&accounts);
    Ok(answer(answered.map_err(|error| {
        error.into_graphql(timestamp().to_string())
    })))
}

fn answer(answered: Result<Json, GraphqlError>) -> Answer {
    let answer = match answered {
        Ok(data) => GraphqlAnswer {
            data: Some(data),
            errors: None,
        },
        Err(error) => GraphqlAnswer {
            data: None,
            errors: Some(vec![error]),
        },
    };
    Answer::envelope(200, &answer)
}

fn operations(inner: &Inner, account: &AccountId) -> Dataset {
    let oldest = counters::oldest(inner.now());
    let owner = inner.owner(account);
    let tallies = inner.counters.read(&oldest.to_string());
    let own = tallies.into_iter().filter(|(it, _)| it.account == *owner);
    let points = own.map(|(tally, count)| DataPoint {
        dimensions: vec![tally.date, tally.action.name().to_owned(), tally.namespace],
        measures: vec![count],
    });
    Dataset {
        schema: &OPERATIONS,
        oldest,
        points: points.collect(),
    }
}

async fn storage(inner: &Inner, account: &AccountId) -> Result<Dataset, Refusal> {
    let now = inner.now();
    let titles = inner.registry.read()?;
    let listed = titles.of(inner.owner(account)).iter();
    let mut namespaces: Vec<String> = listed.map(|entry| entry.id.to_string()).collect();
    if inner.config.namespaces == Namespaces::Any {
        namespaces.extend(inner.store.namespaces().await?);
        namespaces.sort();
        namespaces.dedup();
    }
    let today = counters::day(now).to_string();
    let mut points = Vec::with_capacity(namespaces.len());
    for namespace in namespaces {
        let usage = inner.store.usage(&namespace, now).await?;
        points.push(DataPoint {
            dimensions: vec![today.clone(), namespace],
            measures: vec![usage.keys, usage.bytes],
        });
    }
    Ok(Dataset {
        schema: &STORAGE,
        oldest: counters::oldest(now),
        points,
    })
}
