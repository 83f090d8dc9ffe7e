//! Where tables of TOML go: between which sections, and on which side of their comments.

use super::{Sheet, lines};
use crate::config::node::{Layout, Node, NodeKind};

/// Lists the tables in `node` that have a header.
pub(super) fn headers(node: &Node) -> impl Iterator<Item = &Node> {
    let mut found = Vec::new();
    node.walk(&mut |inner| {
        if matches!(inner.kind, NodeKind::Object(_, Layout::Header)) && !inner.span.is_empty() {
            found.push(inner);
        }
    });
    found.into_iter()
}

/// Finds the end of the line after which a header can follow what `node` contains.
///
/// That is after all keys up to the next header, since a header in between would take them over;
/// and after the comments that follow without a blank line, unless they lead to that next header.
pub(super) fn section_end(sheet: Sheet<'_>, node: &Node) -> usize {
    let (text, end) = (sheet.text, node.end());
    let last = content_end(sheet, next_header(sheet, end)).max(end);
    let line_end = lines::end(text, last);
    let (mut at, mut end) = (lines::next(text, line_end), line_end);
    while at < text.len() && comment(text, at).is_some_and(|comment| !is_rule(comment)) {
        end = lines::end(text, at);
        at = lines::next(text, at);
    }
    if at < text.len() && !lines::is_blank(text, at) {
        line_end
    } else {
        end
    }
}

/// Finds the first header at or after `offset`; the end of the text if there is none.
pub(super) fn next_header(sheet: Sheet<'_>, offset: usize) -> usize {
    let starts = headers(sheet.root).map(|header| header.span.start);
    let next = starts.filter(|start| *start >= offset).min();
    next.unwrap_or(sheet.text.len())
}

/// Finds where the last key, value or header before `limit` ends.
fn content_end(sheet: Sheet<'_>, limit: usize) -> usize {
    let mut end = 0;
    sheet.root.walk(&mut |node| {
        if node.span.end <= limit {
            end = end.max(node.span.end);
        }
    });
    end
}

/// Finds the beginning of the comments that lead to the header at `header`: those right above it,
/// and titles further above, but neither what belongs to the keys before nor code.
pub(super) fn above_comments(sheet: Sheet<'_>, header: usize) -> usize {
    let text = sheet.text;
    let above = |start| lines::above(text, start);
    let floor = content_end(sheet, header);
    let is_comment = |at: usize| comment(text, at).is_some() && at >= floor;
    let mut start = lines::start(text, header);
    while let Some(at) = above(start).filter(|at| is_comment(*at)) {
        start = at;
    }
    let mut top = start;
    loop {
        while let Some(at) = above(top).filter(|at| *at >= floor && lines::is_blank(text, *at)) {
            top = at;
        }
        let mut block = top;
        let mut is_title = true;
        while let Some(at) = above(block).filter(|at| is_comment(*at)) {
            is_title &= comment(text, at).is_some_and(|comment| !is_code(comment));
            block = at;
        }
        let below_keys = above(block).is_some_and(|at| !lines::is_blank(text, at));
        let is_head_of_file = above(block).is_none();
        if block == top || !is_title || below_keys || is_head_of_file {
            return start;
        }
        (start, top) = (block, block);
    }
}

/// Returns what the comment says that is the line of `at`.
fn comment(text: &str, at: usize) -> Option<&str> {
    let line = &text[at..lines::end(text, at)];
    line.trim_start_matches([' ', '\t']).strip_prefix('#')
}

/// Whether a comment is a line drawn across the file.
fn is_rule(comment: &str) -> bool {
    ["---", "===", "***", "###", "~~~", "───"]
        .iter()
        .any(|rule| comment.contains(rule))
}

/// Whether a comment is a header or a key that is commented out.
fn is_code(comment: &str) -> bool {
    let code = comment.trim();
    let key = code.split_once('=').map(|(key, _)| key.trim());
    let is_key = |key: &str| {
        let allowed = |c: char| c.is_alphanumeric() || "_-.\"'".contains(c);
        key.contains(char::is_alphanumeric) && key.chars().all(allowed)
    };
    code.starts_with('[') || key.is_some_and(is_key)
}

/// Counts the blank lines before the last block; returns `usual` if it is the only block.
pub(super) fn blanks_between(sheet: Sheet<'_>, blocks: &[Node], usual: usize) -> usize {
    let [.., before, last] = blocks else {
        return usual;
    };
    let text = sheet.text;
    let mut at = lines::next(text, before.end());
    let mut blanks = 0;
    while at < last.span.start && lines::is_blank(text, at) {
        blanks += 1;
        at = lines::next(text, at);
    }
    // Anything but another block directly below says nothing about blocks.
    if lines::start(text, last.span.start) == at {
        blanks
    } else {
        blanks.max(usual)
    }
}

/// Returns how many blank lines the author puts before a header: one, unless all are equal.
pub(super) fn usual_blanks(sheet: Sheet<'_>) -> usize {
    let text = sheet.text;
    let counts = headers(sheet.root).filter_map(|header| {
        let mut at = lines::start(text, header.span.start);
        let floor = content_end(sheet, header.span.start);
        let above = |at| lines::above(text, at).filter(|at| *at >= floor);
        while let Some(comment) = above(at).filter(|at| comment(text, *at).is_some()) {
            at = comment;
        }
        let mut blanks = 0;
        while let Some(blank) = above(at).filter(|at| lines::is_blank(text, *at)) {
            (at, blanks) = (blank, blanks + 1);
        }
        (floor > 0).then_some(blanks)
    });
    let counts: Vec<_> = counts.collect();
    match counts[..] {
        [first, _, ..] if counts.iter().all(|count| *count == first) => first,
        _ => 1,
    }
}
