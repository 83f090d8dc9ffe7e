//! Text for people, a line at a time: what reports and messages are written through.
//!
//! Text is escaped where it is written, not by callers. A title, a path or an answer of the service may
//! contain control sequences of a terminal or commands of a workflow runner; here they become plain
//! text, and a line stays one line.

use std::{
    fmt::{self, Write as _},
    hash::{BuildHasher as _, RandomState},
    io::{self, Write},
    sync::LazyLock,
};

use super::width::Width as _;

use super::{printable, style};

/// The prefix of style marks: a character that is not used in text and a secret number, so that text
/// from elsewhere cannot contain one.
static MARK: LazyLock<String> = LazyLock::new(|| {
    let secret = RandomState::new().hash_one("mark");
    format!("\u{fdd0}{secret:016x}")
});

/// How something is shown. `{TONE}` begins it and `{TONE:#}` ends it, in anything that is written
/// through a [`Page`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tone(pub(super) char);

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = if f.alternate() { '-' } else { self.0 };
        write!(f, "{}{code}", *MARK)
    }
}

/// What a report for people is written to.
pub struct Page<'a> {
    out: &'a mut dyn Write,
    /// How wide a line may be: the terminal's width, if it is one.
    width: Option<usize>,
    /// The current, unfinished line.
    begun: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write, width: Option<usize>) -> Self {
        let begun = String::new();
        Self { out, width, begun }
    }

    /// Returns how wide a line may be, if that matters.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Writes a line: `writeln!` calls this. Line breaks within it are shown, not made; one that is
    /// wider than the terminal is continued below itself.
    pub fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.part(text);
        let lead = self.begun.len() - self.begun.trim_start_matches(' ').len();
        self.end(lead + 2)
    }

    /// Writes a line that is continued below `indent` where it is wider than the terminal.
    pub fn hanging(&mut self, indent: usize, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.part(text);
        self.end(indent)
    }

    /// Writes a line as it is, whatever its width: one of a table or of a file.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", line(text))
    }

    fn end(&mut self, indent: usize) -> io::Result<()> {
        if self.begun.ends_with('\n') {
            self.begun.pop();
        }
        let text = std::mem::take(&mut self.begun);
        let mut lines = wrapped(&text, self.width, indent).into_iter();
        lines.try_for_each(|text| self.line(&text))
    }

    /// Writes the beginning of a line.
    pub fn part(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        self.begun.write_fmt(text).ok();
    }

    /// Writes a line of cells with tabs between them.
    pub fn row(&mut self, cells: &[String]) -> io::Result<()> {
        let cells: Vec<_> = cells.iter().map(|cell| printable(cell)).collect();
        let text = escape_workflow_command(vec![Piece::Text(cells.join("\t"))]);
        self.out.write_all(text.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Writes a value as it is, and ends the line.
    pub fn value(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.write_all(b"\n")
    }
}

/// Breaks a line between words, so that each part fits, the others than the first below `indent`. What
/// is between backticks is kept in one piece, to be pasted.
pub(super) fn wrapped(text: &str, width: Option<usize>, indent: usize) -> Vec<String> {
    let Some(width) = width else {
        return vec![text.to_owned()];
    };
    let indent = if indent > width / 2 { 4 } else { indent };
    let mut lines = Vec::new();
    let (mut current, mut used, mut has_word) = (String::new(), 0, false);
    for (gap, word) in words(text) {
        let wide = shown_width(word);
        if has_word && used + gap + wide > width {
            lines.push(std::mem::replace(&mut current, " ".repeat(indent)));
            used = indent + wide;
        } else {
            current.push_str(&" ".repeat(gap));
            used += gap + wide;
        }
        current.push_str(word);
        has_word |= wide > 0;
    }
    lines.push(current);
    lines
}

/// Returns the words of a line, each with the number of blanks before it. What is between backticks is
/// part of a word.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let (mut gap, mut start, mut in_code) = (0, None, false);
    for (at, c) in text.char_indices() {
        if c == '`' {
            in_code = !in_code && text.get(at + 1..).is_some_and(|rest| rest.contains('`'));
        }
        match (c, start) {
            (' ', Some(from)) if !in_code => {
                words.extend(text.get(from..at).map(|word| (gap, word)));
                (gap, start) = (1, None);
            }
            (' ', None) => gap += 1,
            (_, None) => start = Some(at),
            (_, Some(_)) => {}
        }
    }
    let last = start.and_then(|from| text.get(from..));
    words.extend(last.map(|word| (gap, word)));
    words
}

/// Returns how many columns a terminal uses for a text, whose tones it does not see.
fn shown_width(text: &str) -> usize {
    let mut texts = text.split(MARK.as_str());
    let first = printable(texts.next().unwrap_or_default()).width();
    let rest = texts.map(|text| {
        let mut rest = text.chars();
        rest.next();
        printable(rest.as_str()).width()
    });
    first + rest.sum::<usize>()
}

/// A piece of a line.
enum Piece {
    Text(String),
    Style(String),
}

/// Makes `text` one safe line, with styles in place of tones.
pub(super) fn line(text: &str) -> String {
    let mut texts = text.split(MARK.as_str());
    let first = texts.next().unwrap_or_default();
    let mut pieces = vec![Piece::Text(printable(first).into_owned())];
    for text in texts {
        let mut rest = text.chars();
        let style = match rest.next().and_then(style::of) {
            Some(style) => style.render().to_string(),
            None => anstyle::Reset.render().to_string(),
        };
        pieces.push(Piece::Style(style));
        pieces.push(Piece::Text(printable(rest.as_str()).into_owned()));
    }
    escape_workflow_command(pieces)
}

/// Joins the pieces, escaping a line that a workflow runner would take for a command such as `::name::…`.
fn escape_workflow_command(mut pieces: Vec<Piece>) -> String {
    let texts = pieces.iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text.as_str()),
        Piece::Style(_) => None,
    });
    let plain: String = texts.collect();
    let command = plain.trim_start().strip_prefix("::");
    if command.is_some_and(|rest| rest.contains("::")) {
        let first = pieces.iter_mut().find_map(|piece| match piece {
            Piece::Text(text) if text.contains(':') => Some(text),
            _ => None,
        });
        if let Some(text) = first {
            *text = text.replacen(':', "\\u{3a}", 1);
        }
    }
    pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) | Piece::Style(text) => text,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ui::{ADDED, STRONG};

    fn written(write: impl FnOnce(&mut Page<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Page::new(&mut out, None));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_stays_one_and_only_tones_are_obeyed() {
        let foreign = "a\n::stop-commands::x\r\u{1b}[31m\u{9b}2J\u{7f}\u{202e}\n";
        let text = written(|out| writeln!(out, "{ADDED}new{ADDED:#} {foreign}").unwrap());
        assert_eq!(
            text,
            "\u{1b}[32mnew\u{1b}[0m a\\n::stop-commands::x\\r\\u{1b}[31m\\u{9b}2J\\u{7f}\\u{202e}\\n\n"
        );
    }

    #[test]
    fn no_line_is_a_command_to_the_runner_of_a_workflow() {
        for (text, shown) in [
            ("::stop-commands::x", "\\u{3a}:stop-commands::x"),
            ("  ::error file=a::b", "  \\u{3a}:error file=a::b"),
            ("::1 refused", "::1 refused"),
            ("a ::b::", "a ::b::"),
            ("x ##[error]y", "x #\\u{23}[error]y"),
            ("##vso[task.x]", "#\\u{23}vso[task.x]"),
            ("## title", "## title"),
        ] {
            assert_eq!(line(text), shown);
            assert_eq!(
                written(|out| out.row(&[text.to_owned()]).unwrap()),
                format!("{shown}\n")
            );
        }
        let toned = format!("{STRONG}::a{STRONG:#}::b");
        assert_eq!(line(&toned), "\u{1b}[1m\\u{3a}:a\u{1b}[0m::b");
    }

    #[test]
    fn a_long_line_is_continued_between_words_and_no_command_is_broken() {
        let text = "hint: run `kvctl provision A --env staging` to add an id";
        assert_eq!(
            wrapped(text, Some(40), 6),
            [
                "hint: run",
                "      `kvctl provision A --env staging`",
                "      to add an id"
            ]
        );
        assert_eq!(wrapped(text, None, 6), [text]);
        let toned = format!("  {ADDED}abc{ADDED:#}  defg");
        assert_eq!(wrapped(&toned, Some(11), 4).len(), 1);
        assert_eq!(wrapped(&toned, Some(10), 4).len(), 2);
        assert_eq!(wrapped("a ` b", Some(3), 0), ["a `", "b"]);
    }

    proptest! {
        #[test]
        fn what_is_wrapped_fits_and_loses_nothing(
            text in "( {0,3}(`[a-z ]{0,12}`|[a-z鍵]{1,9})){0,12}",
            width in 8_usize..60,
            indent in 0_usize..20,
        ) {
            let lines = wrapped(&text, Some(width), indent);
            for (at, line) in lines.iter().enumerate() {
                let words = words(line).len();
                prop_assert!(line.width() <= width || words == 1, "{:?}", line);
                prop_assert!(at == 0 || words > 0);
            }
            let all: Vec<&str> = lines.iter().flat_map(|line| words(line)).map(|it| it.1).collect();
            let before: Vec<&str> = words(&text).into_iter().map(|it| it.1).collect();
            prop_assert_eq!(all, before);
        }

        #[test]
        fn whatever_is_written_is_one_printable_line(text in "\\PC*|[\u{0}-\u{a0}\u{202a}-\u{202e}]*") {
            let shown = written(|out| {
                out.part(format_args!("{text}"));
                writeln!(out, "{ADDED}{text}{ADDED:#}").unwrap();
            });
            let body = shown.strip_suffix('\n').unwrap();
            let own = body.replace("\u{1b}[32m", "").replace("\u{1b}[0m", "");
            prop_assert_eq!(printable(&own), own.as_str());
        }
    }
}
