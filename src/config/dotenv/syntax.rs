//! The syntax of env files, as wrangler's parsers read it (the npm packages dotenv 16 and
//! dotenv-expand 12). What they make of odd text is followed too: a value that is read differently may
//! select another environment or account.

use std::collections::BTreeMap;

/// What a line sets, before expansion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// The variable.
    pub(super) name: String,
    /// Its value, without quotes.
    pub(super) value: String,
    /// The line of the name, from 1.
    pub(super) line: usize,
}

/// Reads what `text` sets. A line that sets nothing ends nothing: the lines after it still count.
pub(super) fn parse(text: &str) -> Vec<Written> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        if let Some(assignment) = assignment(&text, at) {
            at = assignment.end;
            found.push(Written {
                name: assignment.name.to_owned(),
                value: unquoted(assignment.raw),
                line: text[..assignment.start].matches('\n').count() + 1,
            });
        }
        match text[at..].find('\n') {
            Some(length) => at += length + 1,
            None => return found,
        }
    }
}

struct Assignment<'t> {
    name: &'t str,
    raw: &'t str,
    /// Where the name begins.
    start: usize,
    /// Where the rest of the line ends.
    end: usize,
}

/// Reads `export NAME=VALUE # comment` or `NAME: VALUE`. White space may span lines.
fn assignment(text: &str, line: usize) -> Option<Assignment<'_>> {
    let first = skip_space(text, line);
    let exported = text[first..].strip_prefix("export").and_then(|rest| {
        let after = text.len() - rest.len();
        Some(skip_space(text, after)).filter(|start| *start > after)
    });
    let starts = exported.into_iter().chain([first]);
    let mut found = starts.filter_map(|start| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let length = text[start..].find(|c| !is_part(c));
        let after = length.map_or(text.len(), |length| start + length);
        let name = Some(&text[start..after]).filter(|name| !name.is_empty())?;
        let (raw, end) = value(text, separator(text, after)?);
        Some(Assignment {
            name,
            raw,
            start,
            end,
        })
    });
    found.next()
}

/// Returns where the value begins: after `=`, or after `:` and white space.
fn separator(text: &str, at: usize) -> Option<usize> {
    let equals = skip_space(text, at);
    if text[equals..].starts_with('=') {
        return Some(equals + 1);
    }
    let rest = text[at..].strip_prefix(':')?;
    let space = rest.chars().next().filter(|c| is_space(*c))?;
    Some(at + 1 + space.len_utf8())
}

/// Returns the value as it is written, and where its line ends.
fn value(text: &str, at: usize) -> (&str, usize) {
    let start = skip_space(text, at);
    let quote = text[start..].chars().next();
    if let Some(quote @ ('\'' | '"' | '`')) = quote {
        let body = start + 1;
        let quotes = text[body..].match_indices(quote).map(|(i, _)| body + i);
        let mut closing = Vec::new();
        for quote in quotes {
            closing.push(quote);
            if quote == body || !text[..quote].ends_with('\\') {
                break;
            }
        }
        let mut closing = closing.into_iter().rev();
        let closed = closing.find_map(|quote| Some((quote + 1, rest_of_line(text, quote + 1)?)));
        if let Some((end, line_end)) = closed {
            return (&text[at..end], line_end);
        }
    }
    let length = text[at..].find(['#', '\n']);
    let end = length.map_or(text.len(), |length| at + length);
    let line_end = rest_of_line(text, end);
    (&text[at..end], line_end.unwrap_or(end))
}

/// Returns where the line ends after white space and a comment; `None` if there is more.
fn rest_of_line(text: &str, at: usize) -> Option<usize> {
    let after = skip_space(text, at);
    match text[after..].chars().next() {
        None => Some(after),
        Some('#') => Some(text[after..].find('\n').map_or(text.len(), |i| after + i)),
        Some(_) => text[at..after].rfind('\n').map(|i| at + i),
    }
}

fn unquoted(raw: &str) -> String {
    let text = raw.trim_matches(is_space);
    let quote = text
        .chars()
        .next()
        .filter(|c| matches!(c, '\'' | '"' | '`'));
    let inner = quote.and_then(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    let inner = inner.unwrap_or(text);
    if quote == Some('"') {
        inner.replace("\\n", "\n").replace("\\r", "\r")
    } else {
        inner.to_owned()
    }
}

/// What JavaScript takes for white space.
fn is_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

fn skip_space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches(is_space).len()
}

/// The most references that one value may have, since values may refer to themselves.
const MAX_REFERENCES: usize = 100;

/// The longest that a value may grow, in bytes.
const MAX_BYTES: usize = 1 << 16;

/// Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+instead}` by the values that `process`
/// or else `earlier` has for them, and `\$` by `$`.
pub(super) fn expand(
    value: &str,
    process: &dyn Fn(&str) -> Option<String>,
    earlier: &BTreeMap<String, String>,
) -> String {
    let mut result = value.to_owned();
    let mut seen: Vec<String> = Vec::new();
    while let Some((template, expression)) = reference(&result) {
        let (name, operator, other) = operands(expression);
        let before = earlier.get(name);
        let found = process(name).or_else(|| before.cloned());
        let found = found.filter(|text| !text.is_empty());
        let instead = match (operator, found) {
            (":+" | "+", Some(_)) => other.to_owned(),
            (":+" | "+", None) => String::new(),
            (_, Some(text)) if text != result && !seen.contains(&text) => text,
            (_, _) => other.to_owned(),
        };
        let next = result.replacen(template, &instead, 1);
        let is_same = before == Some(&next);
        seen.push(result);
        result = next;
        if is_same || seen.len() > MAX_REFERENCES || result.len() > MAX_BYTES {
            break;
        }
    }
    result.replace("\\$", "$")
}

/// Finds the first reference, and what is in it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let mut dollars = text.match_indices('$').map(|(at, _)| at);
    dollars.find_map(|at| {
        if text[..at].ends_with('\\') {
            return None;
        }
        let rest = &text[at + 1..];
        if let Some(braced) = rest.strip_prefix('{') {
            let end = braced.find(['{', '}'])?;
            let is_closed = end > 0 && braced[end..].starts_with('}');
            return is_closed.then(|| (&text[at..at + end + 3], &braced[..end]));
        }
        let name = name_at_start(rest);
        (!name.is_empty()).then(|| (&text[at..=at + name.len()], name))
    })
}

/// Splits `NAME:-default` at its first operator.
fn operands(expression: &str) -> (&str, &str, &str) {
    let operators = [":+", "+", ":-", "-"].into_iter();
    let found = operators.filter_map(|it| Some((expression.find(it)?, it)));
    // At the same place the longer one comes first.
    match found.min_by_key(|(at, _)| *at) {
        Some((at, operator)) => {
            let (name, rest) = expression.split_at(at);
            (name, operator, &rest[operator.len()..])
        }
        None => (expression, "", ""),
    }
}

/// Returns the name that `text` begins with: letters, digits and underscores, no digit first.
fn name_at_start(text: &str) -> &str {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    &text[..end]
}
