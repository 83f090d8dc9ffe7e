//! Reads TOML into the tree, with spans.
//!
//! Uses the immutable document of `toml_edit`: the mutable one forgets where everything stood.

use std::ops::Range;

use toml_edit::{ArrayOfTables, Document, InlineTable, Item, Key, Table, TomlError, Value};

use super::node::{Layout, Node, NodeKind, Property};

/// Reads `text`, which may begin with a byte order mark.
pub(super) fn parse(text: &str) -> Result<Node, TomlError> {
    let document = Document::parse(text)?;
    let mut root = table(document.as_table(), 0..0);
    if let NodeKind::Object(_, layout) = &mut root.kind {
        *layout = Layout::Header;
    }
    Ok(root)
}

fn table(table: &Table, implied_by: Range<usize>) -> Node {
    let implied = table.is_implicit() || table.is_dotted();
    let layout = if implied {
        Layout::Implied
    } else {
        Layout::Header
    };
    let span = if implied { None } else { table.span() };
    let keys = table.iter().filter_map(|(key, _)| table.get_key_value(key));
    let properties = keys.map(|(key, value)| property(key, value)).collect();
    Node::new(
        NodeKind::Object(properties, layout),
        span.unwrap_or(implied_by),
    )
}

fn property(key: &Key, item: &Item) -> Property {
    let key_span = key.span().unwrap_or_default();
    let value = match item {
        Item::Table(inner) => table(inner, key_span.clone()),
        Item::ArrayOfTables(tables) => array_of_tables(tables),
        Item::Value(inner) => value(inner, &key_span),
        Item::None => Node::new(NodeKind::Null, key_span.clone()),
    };
    Property {
        key: key.get().to_owned(),
        key_span,
        value,
    }
}

fn array_of_tables(tables: &ArrayOfTables) -> Node {
    let items: Vec<_> = tables.iter().map(|inner| table(inner, 0..0)).collect();
    Node::new(
        NodeKind::Array(items, Layout::Header),
        tables.span().unwrap_or_default(),
    )
}

fn value(value: &Value, implied_by: &Range<usize>) -> Node {
    let span = value.span().unwrap_or_else(|| implied_by.clone());
    let kind = match value {
        Value::String(text) => NodeKind::String(text.value().clone()),
        Value::Integer(number) => NodeKind::Number(number.value().to_string()),
        Value::Float(number) => NodeKind::Number(format!("{:?}", number.value())),
        Value::Boolean(boolean) => NodeKind::Bool(*boolean.value()),
        Value::Datetime(datetime) => NodeKind::Other(datetime.value().to_string()),
        Value::Array(array) => {
            let items = array.iter().map(|item| self::value(item, &span)).collect();
            NodeKind::Array(items, Layout::Inline)
        }
        Value::InlineTable(inner) => return inline_table(inner, implied_by),
    };
    Node::new(kind, span)
}

fn inline_table(table: &InlineTable, implied_by: &Range<usize>) -> Node {
    let layout = if table.is_dotted() {
        Layout::Implied
    } else {
        Layout::Inline
    };
    let span = if table.is_dotted() {
        None
    } else {
        table.span()
    };
    let properties = table
        .iter()
        .filter_map(|(key, _)| table.get_key_value(key))
        .map(|(key, value)| property(key, value))
        .collect();
    Node::new(
        NodeKind::Object(properties, layout),
        span.unwrap_or_else(|| implied_by.clone()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<'a>(text: &'a str, node: &Node) -> &'a str {
        &text[node.span.clone()]
    }

    #[test]
    fn spans_index_the_text_with_its_mark_and_carriage_returns() {
        let text = "\u{feff}# é\r\nname = \"w\"\r\n\r\n[[kv_namespaces]]\r\n'binding' = 'A'\r\n";
        let root = parse(text).unwrap();
        assert_eq!(said(text, root.get("name").unwrap()), "\"w\"");
        let entry = &root.get("kv_namespaces").unwrap().items()[0];
        assert_eq!(said(text, entry), "[[kv_namespaces]]");
        let binding = entry.property("binding").unwrap();
        assert_eq!(&text[binding.key_span.clone()], "'binding'");
        assert_eq!(said(text, &binding.value), "'A'");
    }

    #[test]
    fn layouts_tell_headers_from_braces_from_what_is_implied() {
        let text = "a = { b.c = 1, d = {} }\n[ env.x.vars ]\n[ env ]\nq.r = 1\n";
        let root = parse(text).unwrap();
        let layout = |path: &[&str]| {
            let node = path.iter().try_fold(&root, |node, key| node.get(key));
            node.and_then(Node::layout).unwrap()
        };
        assert_eq!(layout(&["a"]), Layout::Inline);
        assert_eq!(layout(&["a", "b"]), Layout::Implied);
        assert_eq!(layout(&["a", "d"]), Layout::Inline);
        assert_eq!(layout(&["env"]), Layout::Header);
        assert_eq!(layout(&["env", "x"]), Layout::Implied);
        assert_eq!(layout(&["env", "x", "vars"]), Layout::Header);
        assert_eq!(layout(&["env", "q"]), Layout::Implied);
        assert_eq!(said(text, root.get("env").unwrap()), "[ env ]");
        assert_eq!(said(text, root.get("a").unwrap().get("b").unwrap()), "b");
    }
}
