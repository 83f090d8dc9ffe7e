//! Lines of a text: where they begin and end, how far they are indented, how they end.

/// Finds where the line of `offset` begins, after a byte order mark.
pub(super) fn start(text: &str, offset: usize) -> usize {
    match text[..offset].rfind('\n') {
        Some(at) => at + 1,
        None if text.starts_with('\u{feff}') => '\u{feff}'.len_utf8(),
        None => 0,
    }
}

/// Finds where the line above the one that begins at `start` begins.
pub(super) fn above(text: &str, start: usize) -> Option<usize> {
    (start > self::start(text, 0)).then(|| self::start(text, start - 1))
}

/// Finds where the line of `offset` ends, before its line ending.
pub(super) fn end(text: &str, offset: usize) -> usize {
    let end = text[offset..]
        .find('\n')
        .map_or(text.len(), |at| offset + at);
    if end > offset && end < text.len() && text.as_bytes()[end - 1] == b'\r' {
        end - 1
    } else {
        end
    }
}

/// Finds where the line after that of `offset` begins; the end of the text if there is none.
pub(super) fn next(text: &str, offset: usize) -> usize {
    text[offset..]
        .find('\n')
        .map_or(text.len(), |at| offset + at + 1)
}

/// Returns the indentation of what begins at `offset`, if it is the first on its line.
pub(super) fn indent(text: &str, offset: usize) -> Option<&str> {
    let before = &text[start(text, offset)..offset];
    before
        .trim_matches([' ', '\t'])
        .is_empty()
        .then_some(before)
}

/// Returns the indentation of the line of `offset`.
pub(super) fn indent_of_line(text: &str, offset: usize) -> &str {
    let start = start(text, offset);
    let line = &text[start..end(text, offset)];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Returns the line ending in use around `offset`: that of its line, else the first of the file.
pub(super) fn ending(text: &str, offset: usize) -> &'static str {
    let after = text[offset..].find('\n').map(|at| offset + at);
    let Some(at) = after.or_else(|| text.find('\n')) else {
        return "\n";
    };
    if text[..at].ends_with('\r') {
        "\r\n"
    } else {
        "\n"
    }
}

/// Whether the line of `offset` is blank.
pub(super) fn is_blank(text: &str, offset: usize) -> bool {
    text[start(text, offset)..end(text, offset)]
        .trim()
        .is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_their_ending() {
        let text = "\u{feff}  a\r\nb\n\nc";
        assert_eq!((start(text, 5), end(text, 5), next(text, 5)), (3, 6, 8));
        assert_eq!((start(text, 8), end(text, 8), next(text, 8)), (8, 9, 10));
        assert_eq!((start(text, 10), end(text, 10)), (10, 10));
        assert_eq!((end(text, 11), next(text, 11)), (12, 12));
        assert_eq!(indent(text, 5), Some("  "));
        assert_eq!(
            (ending(text, 5), ending(text, 8), ending(text, 11)),
            ("\r\n", "\n", "\r\n")
        );
    }
}
