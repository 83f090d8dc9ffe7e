//! Every colour there is. Output must read without them.

use anstyle::{AnsiColor, Style};

use super::Tone;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Makes the choice for the whole process.
    pub fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// What is created, and lines that appear.
pub const ADDED: Tone = Tone('a');
/// Lines that go.
pub const REMOVED: Tone = Tone('r');
/// What deserves attention.
pub const WARNED: Tone = Tone('w');
/// What the eye should find first.
pub const STRONG: Tone = Tone('s');
/// What matters least.
pub const FAINT: Tone = Tone('f');

const ERROR: Tone = Tone('e');
const WARNING: Tone = Tone('y');
const ADVICE: Tone = Tone('c');
pub(super) const PLAIN: Tone = Tone('-');

/// Returns how a tone looks; nothing for the end of one.
pub(super) fn of(code: char) -> Option<Style> {
    Some(match Tone(code) {
        ADDED => AnsiColor::Green.on_default(),
        REMOVED => AnsiColor::Red.on_default(),
        WARNED => AnsiColor::Yellow.on_default(),
        STRONG => Style::new().bold(),
        FAINT => Style::new().dimmed(),
        ERROR => AnsiColor::Red.on_default().bold(),
        WARNING => AnsiColor::Yellow.on_default().bold(),
        ADVICE => AnsiColor::Cyan.on_default().bold(),
        _ => return None,
    })
}

pub(super) fn of_label(label: &str) -> Tone {
    match label {
        "error: " => ERROR,
        "warning: " => WARNING,
        "hint: " | "note: " => ADVICE,
        _ => PLAIN,
    }
}
