//! Every colour there is. Output must read without them.

use anstyle::{AnsiColor, Style};

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
pub const ADDED: Style = AnsiColor::Green.on_default();
/// Lines that go.
pub const REMOVED: Style = AnsiColor::Red.on_default();
/// What deserves attention.
pub const WARNED: Style = AnsiColor::Yellow.on_default();
/// What the eye should find first.
pub const STRONG: Style = Style::new().bold();
/// What matters least.
pub const FAINT: Style = Style::new().dimmed();

pub(super) fn of_label(label: &str) -> Style {
    match label {
        "error: " => AnsiColor::Red.on_default().bold(),
        "warning: " => AnsiColor::Yellow.on_default().bold(),
        "hint: " | "note: " => AnsiColor::Cyan.on_default().bold(),
        _ => Style::new(),
    }
}
