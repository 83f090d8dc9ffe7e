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
        graphql::{Dataset, Fact, Query, Shape},
        request::Request,
    },
    wire::analytics::{GraphqlAnswer, GraphqlError, GraphqlRequest},
};

const OPERATIONS: Shape = Shape {
    name: "kvOperationsAdaptiveGroups",
    dimensions: &["date", "actionType", "namespaceId"],
    aggregate: "sum",
    measures: &["requests"],
};

const STORAGE: Shape = Shape {
    name: "kvStorageAdaptiveGroups",
    dimensions: &["date", "namespaceId"],
    aggregate: "max",
    measures: &["keyCount", "byteCount"],
};

/// `POST /graphql`. What is wrong with a query is told under HTTP 200.
pub(super) async fn query(
    inner: &Inner,
    caller: &Caller<'_>,
    request: &Request,
) -> Result<Answer, Refusal> {
    let read: Result<GraphqlRequest, _> = serde_json::from_slice(&request.body);
    let trouble = |e: serde_json::Error| {
        let (line, column) = (e.line(), e.column());
        format!("error parsing request body at line {line}, column {column}")
    };
    let asked = match read {
        Ok(asked) => asked,
        Err(e) => {
            let error = GraphqlError {
                message: trouble(e),
                ..GraphqlError::default()
            };
            return Ok(answer(Err(error)));
        }
    };
    let timestamp = || jiff::Timestamp::from_second(inner.now()).unwrap_or_default();
    let query = match Query::read(&asked) {
        Ok(query) => query,
        Err(trouble) => return Ok(answer(Err(trouble.error(timestamp().to_string())))),
    };
    let mut accounts = BTreeMap::new();
    for account in caller.accounts_to_analyse() {
        let mut datasets = vec![operations(inner, account)];
        // Looking at all values takes its time, and not every query is about them.
        if query.mentions(STORAGE.name) {
            datasets.push(storage(inner, account).await?);
        }
        accounts.insert(account.clone(), datasets);
    }
    let answered = query.answer(&accounts);
    Ok(answer(
        answered.map_err(|trouble| trouble.error(timestamp().to_string())),
    ))
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
    let facts = own.map(|(tally, count)| Fact {
        dimensions: vec![tally.date, tally.action.name().to_owned(), tally.namespace],
        measures: vec![count],
    });
    Dataset {
        shape: &OPERATIONS,
        oldest,
        facts: facts.collect(),
    }
}

async fn storage(inner: &Inner, account: &AccountId) -> Result<Dataset, Refusal> {
    let now = inner.now();
    let titles = inner.registry.read()?;
    let listed = titles.of(inner.owner(account)).iter();
    let mut namespaces: Vec<String> = listed.map(|named| named.id.to_string()).collect();
    if inner.config.namespaces == Namespaces::Any {
        namespaces.extend(inner.store.namespaces().await?);
        namespaces.sort();
        namespaces.dedup();
    }
    let today = counters::day(now).to_string();
    let mut facts = Vec::with_capacity(namespaces.len());
    for namespace in namespaces {
        let held = inner.store.held(&namespace, now).await?;
        facts.push(Fact {
            dimensions: vec![today.clone(), namespace],
            measures: vec![held.keys, held.bytes],
        });
    }
    Ok(Dataset {
        shape: &STORAGE,
        oldest: counters::oldest(now),
        facts,
    })
}
