//! Reads JSON with comments and trailing commas, which is what wrangler takes, into the tree.

use std::ops::Range;

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{Object, ObjectProp, Value},
    common::{Range as Span, Ranged as _},
    parse_to_ast,
};

use super::node::{Layout, Node, NodeKind, Property};

/// Why a text is not valid JSON, and at which byte.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) offset: usize,
    pub(super) message: String,
}

/// Everything beyond comments and trailing commas is off: wrangler would refuse it.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads `text`, which may begin with a byte order mark.
pub(super) fn parse(text: &str) -> Result<Node, Refusal> {
    let body = text.trim_start_matches('\u{feff}');
    let reader = Reader {
        text,
        mark: text.len() - body.len(),
    };
    let parsed = parse_to_ast(body, &CollectOptions::default(), &OPTIONS);
    match parsed.map(|result| result.value) {
        Ok(Some(value)) => reader.node(&value),
        Ok(None) => Err(Refusal {
            offset: text.len(),
            message: "the file has no value; expected an object".to_owned(),
        }),
        Err(error) => Err(Refusal {
            offset: error.range().start + reader.mark,
            message: lower_first(&error.kind().to_string()),
        }),
    }
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

struct Reader<'a> {
    text: &'a str,
    /// The bytes of the byte order mark, which the parser does not take.
    mark: usize,
}

impl Reader<'_> {
    fn node(&self, value: &Value<'_>) -> Result<Node, Refusal> {
        let span = self.span(value.range());
        let kind = match value {
            Value::NullKeyword(_) => NodeKind::Null,
            Value::BooleanLit(boolean) => NodeKind::Bool(boolean.value),
            Value::NumberLit(number) => NodeKind::Number(number.value.to_owned()),
            Value::StringLit(string) => {
                self.refuse_line_breaks(&span)?;
                NodeKind::String(string.value.clone().into_owned())
            }
            Value::Array(array) => {
                let items = array.elements.iter().map(|item| self.node(item));
                NodeKind::Array(items.collect::<Result<_, _>>()?, Layout::Inline)
            }
            Value::Object(object) => NodeKind::Object(self.properties(object)?, Layout::Inline),
        };
        Ok(Node::new(kind, span))
    }

    fn properties(&self, object: &Object<'_>) -> Result<Vec<Property>, Refusal> {
        let property = |property: &ObjectProp<'_>| {
            let key_span = self.span(property.name.range());
            self.refuse_line_breaks(&key_span)?;
            Ok(Property {
                key: property.name.as_str().to_owned(),
                key_span,
                value: self.node(&property.value)?,
            })
        };
        object.properties.iter().map(property).collect()
    }

    /// The parser lets a string run over the end of its line; JSON does not.
    fn refuse_line_breaks(&self, span: &Range<usize>) -> Result<(), Refusal> {
        match self.text[span.clone()].find(['\n', '\r']) {
            None => Ok(()),
            Some(_) => Err(Refusal {
                offset: span.start,
                message: "unterminated string; a string ends on the line where it begins".into(),
            }),
        }
    }

    fn span(&self, span: Span) -> Range<usize> {
        span.start + self.mark..span.end + self.mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_count_the_byte_order_mark() {
        let text = "\u{feff}{ \"a\": [1, \"x\",], /* c */ }";
        let root = parse(text).unwrap();
        assert_eq!(&text[root.span.clone()], "{ \"a\": [1, \"x\",], /* c */ }");
        let array = root.property("a").unwrap();
        assert_eq!(&text[array.key_span.clone()], "\"a\"");
        assert_eq!(&text[array.value.items()[1].span.clone()], "\"x\"");
    }

    #[test]
    fn what_wrangler_refuses_is_refused() {
        let refused = [
            "{'a': 1}",
            "{a: 1}",
            "{\"a\": 1 \"b\": 2}",
            "{\"a\": 0x1}",
            "{\"a\": +1}",
            "{\"a\": .5}",
            "{\"a\": NaN}",
            "{\"a\": \"\\x41\"}",
            "",
            "// nothing",
            "{} {}",
            "{\"a\": \"x\ny\"}",
        ];
        for text in refused {
            let refusal = parse(text).expect_err(text);
            assert!(
                refusal.message.starts_with(|c: char| c.is_lowercase()),
                "{refusal:?}"
            );
        }
    }
}
