//! The order of an entry's fields.

use super::Sheet;
use crate::config::{
    Field,
    node::{Node, Property},
};

/// Key and value of the fields of an entry.
pub(super) type Fields<'a> = Vec<(&'static str, &'a str)>;

/// The keys of an entry, in the order in which the author writes them.
#[derive(Debug)]
pub(super) struct Order(Vec<&'static str>);

/// Where a field goes in an entry.
pub(super) enum Place<'a> {
    After(&'a Property),
    Before(&'a Property),
}

impl Order {
    /// Learns from `entries`, the last of which is the nearest, else from any others of the file.
    pub(super) fn learn(sheet: Sheet<'_>, entries: &[Node]) -> Self {
        let mut others = Vec::new();
        sheet
            .root
            .walk(&mut |node| others.extend(node.items_of("kv_namespaces")));
        let example = fullest(entries.iter()).or_else(|| fullest(others.into_iter()));
        let mut order: Vec<&'static str> = example.map_or_else(Vec::new, known);
        let mut previous = None;
        for key in KEYS {
            if !order.contains(&key) {
                let at = order.iter().position(|other| Some(*other) == previous);
                order.insert(at.map_or(0, |at| at + 1), key);
            }
            previous = Some(key);
        }
        Self(order)
    }

    /// Sorts the fields of a new entry.
    pub(super) fn sort<'f>(&self, fields: &Fields<'f>) -> Fields<'f> {
        let mut fields = fields.clone();
        fields.sort_by_key(|(key, _)| self.0.iter().position(|other| other == key));
        fields
    }

    /// Finds the place of a field that `entry` does not have.
    pub(super) fn place<'e>(&self, entry: &'e Node, field: Field) -> Option<Place<'e>> {
        let at = self.0.iter().position(|key| *key == field.key())?;
        let (before, after) = self.0.split_at(at);
        let mut before = before.iter().rev().filter_map(|key| entry.property(key));
        let mut after = after.iter().filter_map(|key| entry.property(key));
        let place = before.next().map(Place::After);
        place.or_else(|| after.next().map(Place::Before))
    }
}

const KEYS: [&str; 3] = ["binding", "id", "preview_id"];

/// Returns the last of the entries that have the most of the keys, if that is more than one.
fn fullest<'e>(entries: impl Iterator<Item = &'e Node>) -> Option<&'e Node> {
    let several = entries.filter(|entry| known(entry).len() > 1);
    several.max_by_key(|entry| known(entry).len())
}

fn known(entry: &Node) -> Vec<&'static str> {
    let keys = entry.properties().iter();
    keys.filter_map(|property| KEYS.into_iter().find(|key| *key == property.key))
        .collect()
}
