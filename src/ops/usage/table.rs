//! Rows of the analytics, made into figures. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Day, Namespace, OperationKind, Operations, Stored, Usage, Window};
use crate::wire::{
    NamespaceInfo,
    analytics::{KvDatasets, ROWS_MAX},
};

/// Joins the analytics with the existing namespaces. Rows outside the window are skipped.
pub fn tabulate(window: Window, found: &KvDatasets, existing: &[NamespaceInfo]) -> Usage {
    let mut operations: BTreeMap<(&str, Date), Operations> = BTreeMap::new();
    let mut stored: BTreeMap<(&str, Date), Stored> = BTreeMap::new();
    let mut unknown = BTreeSet::new();
    for row in &found.operations {
        let dimensions = &row.dimensions;
        let Ok(date) = dimensions.date.parse() else {
            continue;
        };
        match OperationKind::read(&dimensions.action_type) {
            Some(kind) => operations
                .entry((&dimensions.namespace_id, date))
                .or_default()
                .add(kind, row.sum.requests),
            None => {
                unknown.insert(dimensions.action_type.clone());
            }
        }
    }
    for row in &found.storage {
        if let Ok(date) = row.dimensions.date.parse() {
            let held = Stored {
                keys: row.max.key_count,
                bytes: row.max.byte_count,
            };
            stored.insert((&row.dimensions.namespace_id, date), held);
        }
    }
    let titles: BTreeMap<&str, &str> = existing
        .iter()
        .map(|it| (it.id.as_str(), it.title.as_str()))
        .collect();
    let used = operations.keys().chain(stored.keys()).map(|(id, _)| *id);
    let ids: BTreeSet<&str> = titles.keys().copied().chain(used).collect();
    let mut namespaces: Vec<Namespace> = ids
        .into_iter()
        .map(|id| Namespace {
            id: id.to_owned(),
            title: titles.get(id).map(|title| (*title).to_owned()),
            days: window
                .days()
                .map(|date| Day {
                    date,
                    operations: operations.get(&(id, date)).copied().unwrap_or_default(),
                    stored: stored.get(&(id, date)).copied(),
                })
                .collect(),
        })
        .collect();
    namespaces.sort_by(|a, b| {
        let key = |it: &Namespace| (it.title.is_none(), it.title.clone(), it.id.clone());
        key(a).cmp(&key(b))
    });
    Usage {
        window,
        namespaces,
        missing_until: missing_until(found),
        unknown: unknown.into_iter().collect(),
    }
}

/// Returns the last day of which rows may be missing. The newest come first, so that where there are
/// as many as there can be, the rest of the oldest day was cut off.
fn missing_until(found: &KvDatasets) -> Option<Date> {
    let oldest = |dates: Vec<&str>| {
        let is_full = dates.len() >= ROWS_MAX;
        let dates = dates.into_iter().filter_map(|date| date.parse().ok());
        dates.min().filter(|_| is_full)
    };
    let operations = found.operations.iter();
    let operations = oldest(operations.map(|row| row.dimensions.date.as_str()).collect());
    let storage = found.storage.iter();
    let storage = oldest(storage.map(|row| row.dimensions.date.as_str()).collect());
    operations.max(storage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::analytics::{
        OperationsDimensions, OperationsGroup, OperationsSum, StorageDimensions, StorageGroup,
        StorageMax,
    };

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1";
    const GONE: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2";

    fn window(days: u8) -> Window {
        Window::new("2026-01-31T06:00:00Z".parse().unwrap(), days)
    }

    fn did(date: &str, action: &str, namespace: &str, requests: u64) -> OperationsGroup {
        OperationsGroup {
            dimensions: OperationsDimensions {
                date: date.to_owned(),
                action_type: action.to_owned(),
                namespace_id: namespace.to_owned(),
            },
            sum: OperationsSum { requests },
        }
    }

    fn held(date: &str, namespace: &str, keys: u64) -> StorageGroup {
        StorageGroup {
            dimensions: StorageDimensions {
                date: date.to_owned(),
                namespace_id: namespace.to_owned(),
            },
            max: StorageMax {
                key_count: keys,
                byte_count: keys * 10,
            },
        }
    }

    fn existing() -> Vec<NamespaceInfo> {
        let info = |id: &str, title: &str| NamespaceInfo {
            id: id.parse().unwrap(),
            title: title.to_owned(),
            supports_url_encoding: None,
            jurisdiction: None,
        };
        vec![info(A, "bio-SESSIONS")]
    }

    #[test]
    fn a_window_ends_today_and_has_as_many_days_as_asked_for() {
        let days: Vec<String> = window(3).days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-01-29", "2026-01-30", "2026-01-31"]);
        assert_eq!(window(1).days().count(), 1);
        assert_eq!(window(31).from.to_string(), "2026-01-01");
        // Two days and a quarter; and less than a day counts as one.
        assert_eq!(window(3).length(), 194_400);
        assert_eq!(window(1).length(), 86_400);
    }

    #[test]
    fn operations_add_up_and_storage_does_not() {
        let found = KvDatasets {
            operations: vec![
                did("2026-01-31", "read", A, 5),
                did("2026-01-30", "read", A, 7),
                did("2026-01-30", "write", A, 2),
                did("2026-01-30", "purge", A, 9),
                did("2026-01-29", "list", GONE, 1),
                did("2025-12-01", "list", A, 100),
            ],
            storage: vec![
                held("2026-01-29", A, 40),
                held("2026-01-30", A, 3),
                held("2026-01-30", GONE, 8),
            ],
        };
        let usage = tabulate(window(3), &found, &existing());
        let [a, gone] = usage.namespaces.as_slice() else {
            panic!("{:?}", usage.namespaces);
        };
        assert_eq!(a.title.as_deref(), Some("bio-SESSIONS"));
        let sum = Operations {
            read: 12,
            write: 2,
            ..Operations::default()
        };
        assert_eq!(a.operations(), sum);
        let (date, newest) = a.stored().unwrap();
        assert_eq!((date.to_string().as_str(), newest.keys), ("2026-01-30", 3));
        // What a deleted namespace held is gone; what was done with it is billed.
        assert_eq!(gone.title, None);
        assert_eq!(usage.stored(), Stored { keys: 3, bytes: 30 });
        assert_eq!(usage.operations().list, 1);
        let daily: Vec<u64> = usage.daily().iter().map(|(_, it)| it.all()).collect();
        assert_eq!(daily, [1, 9, 5]);
        assert_eq!(usage.unknown, ["purge"]);
        assert_eq!(usage.missing_until, None);
    }

    #[test]
    fn as_many_rows_as_there_can_be_are_not_all_of_them() {
        let mut operations: Vec<_> = (1..ROWS_MAX)
            .map(|at| did("2026-01-31", "read", &format!("{at:032x}"), 1))
            .collect();
        let complete = KvDatasets {
            operations: operations.clone(),
            storage: Vec::new(),
        };
        assert_eq!(tabulate(window(3), &complete, &[]).missing_until, None);
        operations.push(did("2026-01-30", "read", A, 1));
        let full = KvDatasets {
            operations,
            storage: Vec::new(),
        };
        let missing = tabulate(window(3), &full, &[]).missing_until;
        assert_eq!(
            missing.map(|it| it.to_string()).as_deref(),
            Some("2026-01-30")
        );
    }
}
