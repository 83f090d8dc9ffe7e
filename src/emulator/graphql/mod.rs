//! Queries about datasets in GraphQL: as much of the language as queries of analytics need, and a
//! clear error for the rest. Imports `wire`.
//!
//! Fields, aliases, arguments, variables and fragments are understood, directives are not. Datasets
//! are filtered, grouped by the dimensions that are asked for, added up, ordered and cut off, as the
//! service does it (`dataset`).

mod dataset;

use std::collections::BTreeMap;

use graphql_parser::query::{
    Definition, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    TypeCondition, Value, VariableDefinition, parse_query,
};
use serde_json::{Map, Value as Json, json};

pub(super) use dataset::{DataPoint, Dataset, Schema};

use crate::{
    domain::AccountId,
    wire::analytics::{GraphqlError, GraphqlExtensions, GraphqlRequest},
};

/// How deep fragments may lie in one another.
const DEPTH_MAX: usize = 16;

type Set<'d> = SelectionSet<'d, String>;

/// Why a query fails.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct QueryError {
    message: String,
    path: Vec<String>,
    code: Option<&'static str>,
}

impl QueryError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            path: Vec::new(),
            code: None,
        }
    }

    fn unknown_field(name: &str, of: &str) -> Self {
        Self::new(format!("unknown field \"{name}\" in \"{of}\""))
    }

    /// The caller may not see an account, or it does not exist, which is not told apart.
    fn unauthorized() -> Self {
        Self {
            code: Some("authz"),
            ..Self::new("not authorized for that account").at("0")
        }
    }

    /// The same error, within a part of the query.
    fn at(mut self, part: &str) -> Self {
        self.path.insert(0, part.to_owned());
        self
    }

    /// Returns it in the service's form.
    pub(super) fn into_graphql(self, timestamp: String) -> GraphqlError {
        let path = (!self.path.is_empty()).then(|| self.path.into_iter().map(Json::from).collect());
        GraphqlError {
            message: self.message,
            path,
            extensions: Some(GraphqlExtensions {
                code: self.code.map(str::to_owned),
                timestamp: Some(timestamp),
            }),
        }
    }
}

/// A query that can be asked.
pub(super) struct Query<'d> {
    set: Set<'d>,
    declared: Vec<VariableDefinition<'d, String>>,
    fragments: BTreeMap<String, FragmentDefinition<'d, String>>,
    variables: Map<String, Json>,
}

impl<'d> Query<'d> {
    /// Reads the query of a request.
    pub(super) fn read(request: &'d GraphqlRequest) -> Result<Self, QueryError> {
        let parsed: Result<Document<'_, String>, _> = parse_query(&request.query);
        let document = parsed.map_err(|e| {
            let text = e.to_string();
            let words: Vec<&str> = text.split_whitespace().collect();
            QueryError::new(words.join(" "))
        })?;
        let (mut operations, mut fragments) = (Vec::new(), BTreeMap::new());
        for definition in document.definitions {
            match definition {
                Definition::Operation(operation) => operations.push(operation),
                Definition::Fragment(fragment) => {
                    fragments.insert(fragment.name.clone(), fragment);
                }
            }
        }
        let wanted = request.operation_name.as_deref();
        let named = |operation: &OperationDefinition<'_, String>| match operation {
            OperationDefinition::Query(query) => query.name.as_deref() == wanted,
            _ => false,
        };
        if wanted.is_some() {
            operations.retain(named);
        }
        let several = operations.len() > 1;
        let (set, declared) = match operations.pop() {
            None => return Err(QueryError::new("no operation of that name")),
            Some(_) if several => {
                return Err(QueryError::new("several operations, and no operationName"));
            }
            Some(OperationDefinition::SelectionSet(set)) => (set, Vec::new()),
            Some(OperationDefinition::Query(query)) => {
                (query.selection_set, query.variable_definitions)
            }
            Some(OperationDefinition::Mutation(_) | OperationDefinition::Subscription(_)) => {
                return Err(QueryError::new("only queries are supported"));
            }
        };
        Ok(Self {
            set,
            declared,
            fragments,
            variables: request.variables.clone().unwrap_or_default(),
        })
    }

    /// Whether any part of the query, or of its fragments, has a field of this name.
    pub(super) fn mentions(&self, name: &str) -> bool {
        let fragments = self.fragments.values().map(|it| &it.selection_set);
        std::iter::once(&self.set)
            .chain(fragments)
            .any(|set| mentions(set, name))
    }

    /// Answers the query from the datasets of each account that the caller may see.
    pub(super) fn answer(
        &self,
        accounts: &BTreeMap<AccountId, Vec<Dataset>>,
    ) -> Result<Json, QueryError> {
        self.object(&self.set, "query", |field| match field.name.as_str() {
            "viewer" => self
                .object(&field.selection_set, "viewer", |field| {
                    match field.name.as_str() {
                        "accounts" => self.accounts(field, accounts).map_err(|e| e.at("accounts")),
                        other => Err(QueryError::unknown_field(other, "viewer")),
                    }
                })
                .map_err(|e| e.at("viewer")),
            other => Err(QueryError::unknown_field(other, "query")),
        })
    }

    fn accounts(
        &self,
        field: &Field<'d, String>,
        accounts: &BTreeMap<AccountId, Vec<Dataset>>,
    ) -> Result<Json, QueryError> {
        let mut tags: Vec<String> = Vec::new();
        for (name, value) in self.arguments(field)? {
            let Json::Object(filter) = value else {
                return Err(bad_argument(&name));
            };
            if name != "filter" {
                return Err(bad_argument(&name));
            }
            for (name, value) in filter {
                match (name.as_str(), value) {
                    ("accountTag", Json::String(tag)) => tags.push(tag),
                    ("accountTag_in", Json::Array(all)) => {
                        tags.extend(all.iter().filter_map(Json::as_str).map(str::to_owned));
                    }
                    _ => return Err(bad_argument(&name)),
                }
            }
        }
        if tags.is_empty() {
            return Err(QueryError::new(
                "error parsing args: filter.accountTag is required",
            ));
        }
        let answers = tags.iter().map(|tag| {
            let id = tag.parse().ok();
            let datasets = id.and_then(|id: AccountId| accounts.get(&id));
            let datasets = datasets.ok_or_else(QueryError::unauthorized)?;
            self.account(field, tag, datasets).map_err(|e| e.at("0"))
        });
        answers.collect::<Result<Vec<Json>, _>>().map(Json::Array)
    }

    fn account(
        &self,
        field: &Field<'d, String>,
        tag: &str,
        datasets: &[Dataset],
    ) -> Result<Json, QueryError> {
        self.object(&field.selection_set, "account", |field| {
            if field.name == "accountTag" {
                return Ok(json!(tag));
            }
            let known = datasets.iter().find(|it| it.schema.name == field.name);
            let dataset = known.ok_or_else(|| QueryError::unknown_field(&field.name, "account"))?;
            let rows = || {
                let arguments = self.arguments(field)?;
                let wanted = self.columns(field)?;
                dataset.rows(&arguments, &wanted)
            };
            rows().map_err(|e: QueryError| e.at(&field.name))
        })
    }

    /// Returns what is asked of a dataset: fields of rows, and the fields in those, each with the
    /// name that it is to have.
    fn columns(&self, field: &Field<'d, String>) -> Result<Vec<Column>, QueryError> {
        let name = |field: &Field<'_, String>| {
            let alias = field.alias.as_ref().unwrap_or(&field.name);
            (alias.clone(), field.name.clone())
        };
        let fields = self.fields(&field.selection_set, DEPTH_MAX)?;
        let columns = fields.into_iter().map(|field| {
            let below = self.fields(&field.selection_set, DEPTH_MAX)?;
            let (alias, of) = name(field);
            let below = below.into_iter().map(name).collect();
            Ok(Column { alias, of, below })
        });
        columns.collect()
    }

    /// Builds an object of what `resolve` makes of each field.
    fn object(
        &self,
        set: &Set<'d>,
        kind: &str,
        resolve: impl Fn(&Field<'d, String>) -> Result<Json, QueryError>,
    ) -> Result<Json, QueryError> {
        let mut object = Map::new();
        for field in self.fields(set, DEPTH_MAX)? {
            let value = if field.name == "__typename" {
                json!(kind)
            } else {
                resolve(field)?
            };
            let key = field.alias.as_ref().unwrap_or(&field.name);
            if object.insert(key.clone(), value).is_some() {
                return Err(QueryError::new(format!("\"{key}\" is selected twice")));
            }
        }
        if object.is_empty() {
            return Err(QueryError::new(format!(
                "nothing is selected in \"{kind}\""
            )));
        }
        Ok(Json::Object(object))
    }

    /// Returns the fields of a set, with those of its fragments.
    fn fields<'s>(
        &'s self,
        set: &'s Set<'d>,
        depth: usize,
    ) -> Result<Vec<&'s Field<'d, String>>, QueryError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(QueryError::new("fragments are nested too deeply"));
        };
        let mut fields = Vec::new();
        for item in &set.items {
            let directives = match item {
                Selection::Field(field) => &field.directives,
                Selection::FragmentSpread(spread) => &spread.directives,
                Selection::InlineFragment(fragment) => &fragment.directives,
            };
            if let Some(directive) = directives.first() {
                let text = format!("directive @{} is not supported", directive.name);
                return Err(QueryError::new(text));
            }
            match item {
                Selection::Field(field) => fields.push(field),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.fragment_name;
                    let fragment = self.fragments.get(name);
                    let fragment = fragment
                        .ok_or_else(|| QueryError::new(format!("unknown fragment \"{name}\"")))?;
                    // Types never differ here, so every condition holds.
                    let TypeCondition::On(_) = &fragment.type_condition;
                    fields.extend(self.fields(&fragment.selection_set, depth)?);
                }
                Selection::InlineFragment(fragment) => {
                    fields.extend(self.fields(&fragment.selection_set, depth)?);
                }
            }
        }
        Ok(fields)
    }

    fn arguments(&self, field: &Field<'d, String>) -> Result<Vec<(String, Json)>, QueryError> {
        let arguments = field.arguments.iter();
        arguments
            .map(|(name, value)| Ok((name.clone(), self.value(value)?)))
            .collect()
    }

    /// Returns a value as JSON; names of enumerations are strings.
    fn value(&self, value: &Value<'d, String>) -> Result<Json, QueryError> {
        Ok(match value {
            Value::Variable(name) => self.variable(name)?,
            Value::Int(number) => json!(number.as_i64()),
            Value::Float(number) => json!(number),
            Value::String(text) | Value::Enum(text) => json!(text),
            Value::Boolean(is) => json!(is),
            Value::Null => Json::Null,
            Value::List(items) => {
                let items = items.iter().map(|item| self.value(item));
                Json::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(name, value)| Ok((name.clone(), self.value(value)?)));
                Json::Object(fields.collect::<Result<_, QueryError>>()?)
            }
        })
    }

    fn variable(&self, name: &str) -> Result<Json, QueryError> {
        let declared = self.declared.iter().find(|it| it.name == name);
        let unknown = || QueryError::new(format!("variable \"${name}\" is not declared"));
        let declared = declared.ok_or_else(unknown)?;
        match (self.variables.get(name), &declared.default_value) {
            (Some(value), _) => Ok(value.clone()),
            (None, Some(default)) => self.value(default),
            (None, None) => Err(QueryError::new(format!(
                "variable \"${name}\" is not given"
            ))),
        }
    }
}

/// A field of a row.
pub(super) struct Column {
    /// Its name in the answer.
    alias: String,
    /// What it is: `dimensions`, `count`, or an aggregate such as `sum`.
    of: String,
    /// The fields to return from it, and their names in the answer.
    below: Vec<(String, String)>,
}

fn bad_argument(name: &str) -> QueryError {
    QueryError::new(format!(
        "error parsing args: \"{name}\" is unknown or wrong"
    ))
}

fn mentions(set: &Set<'_>, name: &str) -> bool {
    set.items.iter().any(|item| match item {
        Selection::Field(field) => field.name == name || mentions(&field.selection_set, name),
        Selection::InlineFragment(fragment) => mentions(&fragment.selection_set, name),
        Selection::FragmentSpread(_) => false,
    })
}
