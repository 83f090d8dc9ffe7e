//! The only writer of stdout and stderr, and the only reader of stdin.
//!
//! Owns: where output goes, how much of it, colours, tables, progress, questions, and running an
//! editor. Data goes to stdout; everything else to stderr. Knows no domain type, only [`Report`]; imports nothing
//! of this crate.

mod chart;
mod choice;
mod column;
mod confirm;
mod editor;
mod input;
mod json;
mod list;
mod page;
mod printable;
mod progress;
mod report;
mod signal;
mod style;
mod table;
mod usage;
mod width;

use std::{
    io::{self, IsTerminal as _, Write},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

use json::Json;
use serde::Serialize;

pub use indicatif::DecimalBytes;

pub use choice::Choice;
pub use column::{Column, cut};
pub use confirm::{ConfirmError, Question};
pub use editor::EditorError;
pub use input::{input, read_up_to, spool};
pub use json::Versioned;
pub use list::{Data, Item, LineBreakError, Terminator};
pub use page::{Page, Tone};
pub use printable::{printable, quoted};
pub use progress::Progress;
#[cfg(test)]
pub(crate) use report::rendered;
pub use report::{Diff, Report};
pub use signal::{InterruptNote, Stop, exit_if_unresponsive};
pub use style::{ADDED, Color, FAINT, REMOVED, STRONG, WARNED};
pub use table::{Cells, list, table};
pub use usage::{print_usage, shortened};

/// In which form a command's result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON document.
    Json,
    /// One JSON document a line, for commands that list.
    Ndjson,
}

/// How much is printed to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// What is about to be changed, and warnings.
    #[default]
    Normal,
    /// Also one line a request.
    Requests,
    /// Also waits, retries and where each setting came from.
    Everything,
}

/// Output options from the command line and the environment.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The form of the result.
    pub format: Format,
    /// How much to print.
    pub verbosity: Verbosity,
    /// Answer yes to every question.
    pub yes: bool,
    /// Which streams are terminals.
    pub terminals: Terminals,
}

/// Which of the standard streams are terminals.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other"
)]
pub struct Terminals {
    /// Stderr is a terminal, so progress can be shown.
    pub stderr: bool,
    /// Stdin and stderr are terminals, so the user can be prompted.
    pub interactive: bool,
    /// Stdout is a terminal, so tables are better than lines.
    pub stdout: bool,
    /// Stdin is a terminal, so it holds no data.
    pub stdin: bool,
    /// How wide stdout is, if it is a terminal.
    pub stdout_width: Option<usize>,
    /// How wide stderr is, if it is a terminal.
    pub stderr_width: Option<usize>,
}

impl Terminals {
    /// Checks the standard streams of this process.
    pub fn of_process() -> Self {
        let stderr = io::stderr().is_terminal();
        let stdin = io::stdin().is_terminal();
        Self {
            stderr,
            interactive: stderr && stdin,
            stdout: io::stdout().is_terminal(),
            stdin,
            stdout_width: width_of(io::stdout()),
            stderr_width: width_of(io::stderr()),
        }
    }
}

/// Returns how wide a terminal is; nothing for anything else.
#[cfg(unix)]
fn width_of(stream: impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    // One that does not know it says zero; it may well know its width and not its height.
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

#[cfg(windows)]
fn width_of(stream: impl std::os::windows::io::AsHandle) -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(stream)?;
    Some(usize::from(columns))
}

/// The program's output. Clones share the same streams.
#[derive(Clone)]
pub struct Ui {
    streams: Arc<Mutex<Streams>>,
    options: Options,
    /// Whether an editor is using the terminal.
    terminal_borrowed: Arc<AtomicBool>,
    /// Whether [`Self::wait_for_stop`] waits.
    stop_awaited: Arc<AtomicBool>,
}

struct Streams {
    /// Where results for people go; takes colours out if need be.
    out: Box<dyn Write + Send>,
    /// Where data goes, if not there: it must arrive byte for byte.
    data: Option<Box<dyn Write + Send>>,
    err: Box<dyn Write + Send>,
    /// Why a part of the result could not be written.
    lost: Option<io::Error>,
}

impl std::fmt::Debug for Ui {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ui")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Streams {
    fn data(&mut self) -> &mut dyn Write {
        match &mut self.data {
            Some(data) => data,
            None => &mut self.out,
        }
    }
}

impl Ui {
    /// Writes to the standard streams.
    pub fn standard(options: Options) -> Self {
        let streams = Streams {
            out: Box::new(io::BufWriter::new(anstream::stdout())),
            data: Some(Box::new(io::BufWriter::new(io::stdout()))),
            err: Box::new(anstream::stderr()),
            lost: None,
        };
        Self::of(streams, options)
    }

    /// Writes to any two sinks; tests pass buffers.
    pub fn new(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, options: Options) -> Self {
        let data = None;
        let lost = None;
        let streams = Streams {
            out,
            data,
            err,
            lost,
        };
        Self::of(streams, options)
    }

    fn of(streams: Streams, options: Options) -> Self {
        Self {
            streams: Arc::new(Mutex::new(streams)),
            options,
            terminal_borrowed: Arc::default(),
            stop_awaited: Arc::default(),
        }
    }

    /// Returns the output options.
    pub fn options(&self) -> Options {
        self.options
    }

    fn with<T>(&self, talk: impl FnOnce(&mut Streams) -> T) -> T {
        talk(&mut self.streams.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends a command: writes its report to stdout, and returns its verdict.
    ///
    /// The only way to write a report, so none is written without a verdict: a failure stays a failure
    /// whether or not its report can be written, and a success becomes an output error if it cannot.
    pub fn conclude<E: From<OutputError>>(
        &self,
        report: &impl Report,
        verdict: Result<(), E>,
    ) -> Result<(), E> {
        let written = self.report(report);
        match (verdict, written) {
            (Ok(()), written) => Ok(written?),
            (Err(failed), Err(OutputError::Failed(error))) => {
                self.warn(&format!(
                    "could not write the report to standard output: {error}"
                ));
                Err(failed)
            }
            (Err(failed), _) => Err(failed),
        }
    }

    fn report(&self, report: &impl Report) -> Result<(), OutputError> {
        let written: io::Result<()> = self.with(|streams| {
            if let Some(error) = streams.lost.take() {
                return Err(error);
            }
            let Format::Human = self.options.format else {
                let data = streams.data();
                let mut data = Json::new(data, self.options.terminals.stdout);
                if self.options.format == Format::Ndjson {
                    report.lines(&mut data)?;
                } else {
                    write_pretty(&mut data, report)?;
                }
                return data.flush();
            };
            let width = self.options.terminals.stdout_width;
            let mut page = Page::new(&mut streams.out, width);
            report.human(&mut page, self.options.terminals.stdout)?;
            streams.out.flush()
        });
        written.map_err(OutputError::from)
    }

    /// Writes a part of the result ahead of the report. An error is reported by [`Self::conclude`]; until
    /// then nothing more is written.
    pub fn part(&self, bytes: &[u8]) {
        self.with(|streams| {
            if streams.lost.is_none() {
                let data = streams.data();
                let written = data.write_all(bytes).and_then(|()| data.flush());
                streams.lost = written.err();
            }
        });
    }

    /// Writes bytes to stdout, as they are.
    pub fn data(&self, bytes: &[u8]) -> Result<(), OutputError> {
        let written = self.with(|streams| {
            let data = streams.data();
            data.write_all(bytes)?;
            data.flush()
        });
        written.map_err(OutputError::from)
    }

    /// Writes a workflow command: to stdout, or to stderr if stdout is one JSON document. Errors change
    /// no verdict.
    pub fn workflow_command(&self, line: &str) {
        if self.options.format == Format::Human {
            self.part(format!("{line}\n").as_bytes());
        } else {
            // Errors on stderr cannot be reported.
            self.with(|s| writeln!(s.err, "{line}").ok());
        }
    }

    /// Prints what is about to be done. Silent under `--quiet`.
    pub fn status(&self, message: &str) {
        self.say(Verbosity::Normal, "", message);
    }

    /// Whether the same eyes see what is shown ahead of the result and the result.
    pub fn is_seen_at_once(&self) -> bool {
        let options = &self.options;
        let terminals = options.terminals.stderr && options.terminals.stdout;
        terminals && options.verbosity >= Verbosity::Normal && options.format == Format::Human
    }

    /// Shows how a file is about to change.
    pub fn show(&self, diff: &Diff) {
        if self.options.verbosity < Verbosity::Normal {
            return;
        }
        for (tone, text) in diff.lines() {
            let text = page::line(&format!("{tone}{text}{tone:#}"));
            // Errors on stderr cannot be reported.
            self.with(|s| writeln!(s.err, "{text}").ok());
        }
    }

    /// Prints a warning. Silent under `--quiet`.
    pub fn warn(&self, message: &str) {
        self.say(Verbosity::Normal, "warning: ", message);
    }

    /// Prints a note. Silent under `--quiet`.
    pub fn note(&self, message: &str) {
        self.say(Verbosity::Normal, "note: ", message);
    }

    /// Prints a message at verbosity `least` and above.
    pub fn detail(&self, least: Verbosity, message: &str) {
        self.say(least, "", message);
    }

    fn say(&self, least: Verbosity, label: &str, message: &str) {
        if self.options.verbosity >= least {
            let text = self.labelled(label, message);
            // Errors on stderr cannot be reported.
            self.with(|s| s.err.write_all(text.as_bytes()).ok());
        }
    }

    /// Returns a message below its label, in lines that fit the terminal.
    fn labelled(&self, label: &str, message: &str) -> String {
        let tone = style::of_label(label);
        let indent = if label.is_empty() { 2 } else { label.len() };
        let text = format!("{tone}{label}{tone:#}{message}");
        let lines = page::wrapped(&text, self.options.terminals.stderr_width, indent);
        lines.iter().map(|text| page::line(text) + "\n").collect()
    }

    /// Writes an error, its causes and what to do about it. Never silent.
    pub fn error<'a>(
        &self,
        causes: impl Iterator<Item = &'a (dyn std::error::Error + 'static)>,
        hint: Option<&str>,
    ) {
        let mut text = String::new();
        let mut add = |label: &str, what: &str| text += &self.labelled(label, what);
        for (depth, cause) in causes.enumerate() {
            let label = if depth == 0 { "error: " } else { "  because: " };
            add(label, &cause.to_string());
        }
        if let Some(hint) = hint {
            add("hint: ", hint);
        }
        self.write_error(text.as_bytes());
    }

    /// Writes an error as one JSON object in one line. Never silent.
    pub fn error_document(&self, error: &impl Serialize) {
        let mut line = Vec::new();
        // Escaped wherever it goes: logs are read on terminals.
        let json = Json::new(&mut line, true);
        // Writing to a vector cannot fail.
        serde_json::to_writer(json, &Versioned::new(error)).ok();
        line.push(b'\n');
        self.write_error(&line);
    }

    fn write_error(&self, bytes: &[u8]) {
        // Errors on stderr cannot be reported.
        self.with(|s| s.err.write_all(bytes).and_then(|()| s.err.flush()).ok());
    }
}

fn write_pretty<R: Report>(out: &mut Json<'_>, report: &R) -> io::Result<()> {
    if R::IS_LIST {
        serde_json::to_writer_pretty(&mut *out, report)?;
    } else {
        serde_json::to_writer_pretty(&mut *out, &Versioned::of(R::SCHEMA, report))?;
    }
    writeln!(out)
}

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The reader of stdout went away, as `head` does. Not a failure: what it wanted, it has.
    #[error("standard output was closed")]
    Closed,
    /// Anything else, such as a full disk behind a redirection.
    #[error("could not write to standard output")]
    Failed(#[source] io::Error),
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(error),
        }
    }
}

impl From<serde_json::Error> for OutputError {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}
