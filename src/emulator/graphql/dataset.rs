//! Datasets, and queries on them: filter, group, aggregate, order, limit. Imports `wire`.

use std::{cmp::Ordering, collections::BTreeMap};

use jiff::civil::Date;
use serde_json::{Map, Value as Json, json};

use super::{Column, QueryError, bad_argument};
use crate::wire::analytics::ROWS_MAX;

/// The schema of a dataset.
#[derive(Debug)]
pub(in crate::emulator) struct Schema {
    /// Its name.
    pub(in crate::emulator) name: &'static str,
    /// The dimensions to group by.
    pub(in crate::emulator) dimensions: &'static [&'static str],
    /// How measures are aggregated: `sum` or `max`.
    pub(in crate::emulator) aggregate: &'static str,
    /// What is measured.
    pub(in crate::emulator) measures: &'static [&'static str],
}

/// One measurement.
#[derive(Clone, Debug)]
pub(in crate::emulator) struct DataPoint {
    /// In the order of the schema's dimensions.
    pub(in crate::emulator) dimensions: Vec<String>,
    /// In the order of the schema's measures.
    pub(in crate::emulator) measures: Vec<u64>,
}

/// A dataset of one account.
#[derive(Debug)]
pub(in crate::emulator) struct Dataset {
    /// Its schema.
    pub(in crate::emulator) schema: &'static Schema,
    /// The first day that may be asked for.
    pub(in crate::emulator) oldest: Date,
    /// What was measured.
    pub(in crate::emulator) points: Vec<DataPoint>,
}

/// A group of points that have the same values in the dimensions asked for.
struct Group {
    /// In the order of the schema's dimensions; empty where not asked for.
    dimensions: Vec<String>,
    measures: Vec<u64>,
    count: u64,
}

/// What rows are ordered by.
enum OrderBy {
    Dimension(usize),
    Measure(usize),
    Count,
}

impl Dataset {
    /// Returns the rows that a query asks for.
    pub(super) fn rows(
        &self,
        arguments: &[(String, Json)],
        columns: &[Column],
    ) -> Result<Json, QueryError> {
        let (mut filter, mut limit, mut orders) = (None, ROWS_MAX, Vec::new());
        for (name, value) in arguments {
            match (name.as_str(), value) {
                ("filter", Json::Object(fields)) => filter = Some(fields),
                ("limit", value) => limit = read_limit(value)?,
                ("orderBy", Json::Array(all)) => orders.extend(all.iter().filter_map(Json::as_str)),
                ("orderBy", Json::String(one)) => orders.push(one),
                (name, _) => return Err(bad_argument(name)),
            }
        }
        if columns.is_empty() {
            return Err(QueryError::new("no fields are selected in the rows"));
        }
        let chosen = self.chosen(columns)?;
        self.check(filter, columns)?;
        let mut groups: BTreeMap<Vec<String>, Group> = BTreeMap::new();
        for point in &self.points {
            if self.passes(point, filter)? {
                self.add(&mut groups, point, &chosen);
            }
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        for order in orders.into_iter().rev() {
            let (by, descending) = self.order(order, &chosen)?;
            groups.sort_by(|a, b| {
                let order = by.compare(a, b);
                if descending { order.reverse() } else { order }
            });
        }
        groups.truncate(limit);
        let rows = groups.iter().map(|group| self.row(group, columns));
        rows.collect::<Result<Vec<Json>, _>>().map(Json::Array)
    }

    /// Checks a query on a made-up point, so that a wrong query fails even without data.
    fn check(
        &self,
        filter: Option<&Map<String, Json>>,
        columns: &[Column],
    ) -> Result<(), QueryError> {
        let point = DataPoint {
            dimensions: vec![self.oldest.to_string(); self.schema.dimensions.len()],
            measures: vec![0; self.schema.measures.len()],
        };
        self.passes(&point, filter)?;
        let group = Group {
            dimensions: point.dimensions,
            measures: point.measures,
            count: 0,
        };
        self.row(&group, columns).map(drop)
    }

    /// Returns which dimensions are asked for.
    fn chosen(&self, columns: &[Column]) -> Result<Vec<usize>, QueryError> {
        let asked = columns.iter().filter(|column| column.of == "dimensions");
        let names = asked.flat_map(|column| column.below.iter().map(|(_, name)| name));
        names.map(|name| self.dimension(name)).collect()
    }

    fn dimension(&self, name: &str) -> Result<usize, QueryError> {
        let mut dimensions = self.schema.dimensions.iter();
        let at = dimensions.position(|known| *known == name);
        at.ok_or_else(|| QueryError::unknown_field(name, "dimensions"))
    }

    fn add(&self, groups: &mut BTreeMap<Vec<String>, Group>, point: &DataPoint, chosen: &[usize]) {
        let mut dimensions = vec![String::new(); point.dimensions.len()];
        for at in chosen {
            dimensions[*at].clone_from(&point.dimensions[*at]);
        }
        let group = groups.entry(dimensions.clone()).or_insert_with(|| Group {
            dimensions,
            measures: vec![0; point.measures.len()],
            count: 0,
        });
        for (all, one) in group.measures.iter_mut().zip(&point.measures) {
            *all = match self.schema.aggregate {
                "sum" => *all + one,
                _ => *one.max(all),
            };
        }
        group.count += match self.schema.aggregate {
            "sum" => point.measures.iter().sum(),
            _ => 1,
        };
    }

    fn passes(
        &self,
        point: &DataPoint,
        filter: Option<&Map<String, Json>>,
    ) -> Result<bool, QueryError> {
        let mut all = true;
        for (name, value) in filter.into_iter().flatten() {
            all &= match (name.as_str(), value) {
                ("AND", Json::Array(parts)) => self.each(point, parts)?.into_iter().all(|it| it),
                ("OR", Json::Array(parts)) => self.each(point, parts)?.into_iter().any(|it| it),
                _ => self.matches(point, name, value)?,
            };
        }
        Ok(all)
    }

    fn each(&self, point: &DataPoint, parts: &[Json]) -> Result<Vec<bool>, QueryError> {
        let parts = parts.iter().map(|part| match part {
            Json::Object(fields) => self.passes(point, Some(fields)),
            _ => Err(bad_argument("filter")),
        });
        parts.collect()
    }

    /// Whether a point fulfils one condition, such as `date_geq`.
    fn matches(&self, point: &DataPoint, name: &str, value: &Json) -> Result<bool, QueryError> {
        const OPERATORS: [&str; 7] = ["_geq", "_leq", "_gt", "_lt", "_neq", "_notin", "_in"];
        let mut operators = OPERATORS.iter();
        let split = operators.find_map(|op| Some((name.strip_suffix(op)?, *op)));
        let (dimension, operator) = split.unwrap_or((name, ""));
        let at = self.dimension(dimension).map_err(|_other| {
            QueryError::new(format!("error parsing args: unknown filter \"{name}\""))
        })?;
        let found = &point.dimensions[at];
        let values: Vec<&str> = match value {
            Json::Array(all) => all.iter().filter_map(Json::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        };
        let one = *values.first().ok_or_else(|| bad_argument(name))?;
        if dimension == "date" {
            self.check_date(one, operator)?;
        }
        let order = found.as_str().cmp(one);
        Ok(match operator {
            "_geq" => order.is_ge(),
            "_leq" => order.is_le(),
            "_gt" => order.is_gt(),
            "_lt" => order.is_lt(),
            "_neq" => order.is_ne(),
            "_in" => values.contains(&found.as_str()),
            "_notin" => !values.contains(&found.as_str()),
            _ => order.is_eq(),
        })
    }

    fn check_date(&self, text: &str, operator: &str) -> Result<(), QueryError> {
        let date = text
            .parse::<Date>()
            .ok()
            .filter(|it| it.to_string() == text);
        let date = date.ok_or_else(|| {
            QueryError::new(format!("error parsing args: \"{text}\" is not a date"))
        })?;
        let looks_back = matches!(operator, "" | "_geq" | "_gt");
        if looks_back && date < self.oldest {
            return Err(QueryError::new("cannot request data older than 2678400s"));
        }
        Ok(())
    }

    fn order(&self, text: &str, chosen: &[usize]) -> Result<(OrderBy, bool), QueryError> {
        let unknown = || QueryError::new(format!("error parsing args: unknown order \"{text}\""));
        let (name, descending) = match text.rsplit_once('_') {
            Some((name, "ASC")) => (name, false),
            Some((name, "DESC")) => (name, true),
            _ => return Err(unknown()),
        };
        let schema = self.schema;
        let measure = name.strip_prefix(schema.aggregate);
        let measure = measure.and_then(|rest| rest.strip_prefix('_'));
        let measure = measure.and_then(|it| schema.measures.iter().position(|known| *known == it));
        let by = match (name, measure) {
            ("count", _) => OrderBy::Count,
            (_, Some(at)) => OrderBy::Measure(at),
            (_, None) => {
                let at = self.dimension(name).map_err(|_other| unknown())?;
                if !chosen.contains(&at) {
                    let text = format!("cannot order by \"{name}\", which is not selected");
                    return Err(QueryError::new(text));
                }
                OrderBy::Dimension(at)
            }
        };
        Ok((by, descending))
    }

    fn row(&self, group: &Group, columns: &[Column]) -> Result<Json, QueryError> {
        let schema = self.schema;
        let mut row = Map::new();
        for Column { alias, of, below } in columns {
            let mut inner = Map::new();
            let value = match of.as_str() {
                "count" => json!(group.count),
                "__typename" => json!(schema.name),
                "dimensions" => {
                    for (alias, name) in below {
                        let at = self.dimension(name)?;
                        inner.insert(alias.clone(), json!(group.dimensions[at]));
                    }
                    Json::Object(inner)
                }
                of if of == schema.aggregate => {
                    for (alias, name) in below {
                        let at = schema.measures.iter().position(|known| known == name);
                        let at = at.ok_or_else(|| QueryError::unknown_field(name, of))?;
                        inner.insert(alias.clone(), json!(group.measures[at]));
                    }
                    Json::Object(inner)
                }
                other => return Err(QueryError::unknown_field(other, schema.name)),
            };
            row.insert(alias.clone(), value);
        }
        Ok(Json::Object(row))
    }
}

impl OrderBy {
    fn compare(&self, a: &Group, b: &Group) -> Ordering {
        match self {
            Self::Dimension(at) => a.dimensions[*at].cmp(&b.dimensions[*at]),
            Self::Measure(at) => a.measures[*at].cmp(&b.measures[*at]),
            Self::Count => a.count.cmp(&b.count),
        }
    }
}

fn read_limit(value: &Json) -> Result<usize, QueryError> {
    let limit = value.as_u64().and_then(|limit| limit.try_into().ok());
    let fits = |limit: &usize| (1..=ROWS_MAX).contains(limit);
    limit.filter(fits).ok_or_else(|| {
        let text = format!("limit must be positive number and not greater than {ROWS_MAX}");
        QueryError::new(text)
    })
}
