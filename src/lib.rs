//! kvctl provisions and operates Cloudflare Workers KV.
//!
//! # The map
//!
//! Data flows one way: the command line becomes typed values, a command hands them to an
//! operation, the operation calls the API and reads and writes files, and the command turns the
//! outcome into a report. Errors travel the other way, typed. Each error type gives the class and the
//! hint of its variants in one exhaustive match; a command ends with at most one [`error::Failure`],
//! whose class becomes an exit code in one place.
//!
//! | module | owns | may import |
//! | --- | --- | --- |
//! | [`domain`] | ids, titles, bindings, keys: valid by construction; error classes and hints. Pure | nothing |
//! | [`fsx`] | bounded reads, atomic writes, locks, file ownership | `domain` |
//! | [`ui`] | the standard streams: escaping, prompts, progress, lending the terminal to an editor | nothing |
//! | [`error`] | a command's failure: class, hint, exit code | `domain`, `ui` |
//! | [`mod@env`] | the environment, the current directory, the clock | nothing |
//! | [`wire`] | the JSON that client and emulator share | `domain` |
//! | [`api`] | the client: sending, retries, pacing, decoding, which certificates are trusted | `domain`, `wire` |
//! | [`emulator`] | the Workers KV emulator behind `--local` and the tests | `domain`, `wire`, `fsx` |
//! | [`config`] | configuration files: finding, reading, editing their text | `domain`, `fsx` |
//! | [`formats`] | records to and from files: NDJSON, wrangler's JSON, CSV, a directory | `domain` |
//! | [`scaffold`] | code generation for the Worker: helper templates, edits of the `Env` type. Pure | `config`, `domain` |
//! | [`ops`] | the use cases: account and namespace selection, provisioning, renaming, bulk work, audit, verification, usage, health, scaffolding | `domain`, `wire`, `api`, `config`, `formats`, `fsx`, `scaffold` |
//! | [`cli`] | command-line parsing, help texts, the scripts that complete command lines | `domain`, `formats`, `ui` |
//! | [`context`] | everything a command needs: variables, files, credentials, connection, clock | `env`, `cli`, `config`, `domain`, `error`, `fsx`, `api`, `emulator`, `ops`, `ui`, `wire` |
//! | [`commands`] | one file or folder per verb: arguments in, operation, report out; `commands::shared` for several verbs. Only `commands::serve` starts the `emulator` | `cli`, `context`, `ops`, `api`, `config`, `domain`, `env`, `error`, `formats`, `fsx`, `scaffold`, `ui`, `wire` |
//!
//! Only `ui` touches the streams, only `env` reads the environment, only `fsx` writes files, only
//! `error` knows exit codes, only `api` sends: `api::Client` to the service, `api::Visitor` to a
//! Worker. Clippy and a test that reads the imports keep it that way.
//!
//! # How files are edited
//!
//! An edit is a list of byte ranges and what goes there, computed from the positions that the
//! parsers report; files are never printed from a syntax tree. So every byte outside an edit is kept,
//! whatever the line endings. The result is parsed again and compared with the intended change before
//! it is returned.

pub mod api;
pub mod cli;
pub mod commands;
pub mod config;
pub mod context;
pub mod domain;
pub mod emulator;
pub mod env;
pub mod error;
pub mod formats;
pub mod fsx;
pub mod ops;
pub mod scaffold;
pub mod ui;
pub mod wire;

use std::process::ExitCode;

use cli::Cli;
use commands::Stopped;
use context::Context;
use domain::{ErrorClass, Invocation};
use error::{ClassExt as _, Exit, Failure, Result, ResultExt as _};

/// Answers a shell that asks how a command line may go on, if that is why this process was started.
pub fn complete() -> Option<ExitCode> {
    let env = env::Env::read();
    let shell = env.get(env::Var::Complete)?;
    // Whatever happens, the user's line stays as it is.
    std::panic::set_hook(Box::new(|_| {}));
    let directory = env::current_dir().ok();
    let candidates = commands::candidates(shell, &env::arguments(), directory.as_deref());
    let options = ui::Options {
        format: ui::Format::Human,
        verbosity: ui::Verbosity::Quiet,
        yes: false,
        terminals: ui::Terminals::default(),
    };
    let written = ui::Ui::standard(options).data(candidates.as_bytes());
    Some(written.map_or(Exit::Failed, |()| Exit::Done).into())
}

/// Runs one command and turns its outcome into an exit code.
pub fn run(mut cli: Cli) -> ExitCode {
    cli.globals.yes |= cli.command.is_forced();
    let ui = Context::build_ui(&cli.globals, &env::Env::read());
    let mut invocation = Context::invocation_of(&cli.globals, &env::Env::read());
    match run_to_end(cli, &mut invocation) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => failure.show(&ui, &invocation).into(),
    }
}

/// Prints what clap returned instead of a command: help, version or a usage error.
pub fn print_clap_message(message: &clap::Error) -> ExitCode {
    let arguments = env::arguments();
    let format = cli::format_asked_for(&arguments);
    if let Some(failure) = usage_failure(message, &arguments, format) {
        let options = ui::Options {
            format,
            verbosity: ui::Verbosity::Normal,
            yes: false,
            terminals: ui::Terminals::default(),
        };
        let ui = ui::Ui::standard(options);
        return failure.show(&ui, &Invocation::default()).into();
    }
    match (ui::print_usage(message), message.use_stderr()) {
        (_, true) => Exit::Usage.into(),
        (Err(ui::OutputError::Failed(_)), false) => Exit::Failed.into(),
        (Ok(()) | Err(ui::OutputError::Closed), false) => Exit::Done.into(),
    }
}

/// Returns the failure to show instead of clap's message.
fn usage_failure(
    message: &clap::Error,
    arguments: &[String],
    format: ui::Format,
) -> Option<Failure> {
    if message.kind() == clap::error::ErrorKind::InvalidSubcommand
        && let Some(elsewhere) = cli::meant(arguments, env::Env::read().flag(env::Var::Local))
    {
        return Some(elsewhere.into());
    }
    let for_programs = format != ui::Format::Human && message.use_stderr();
    let rejected = cli::Rejected::new(message, arguments);
    (for_programs || rejected.is_understood()).then(|| rejected.into())
}

fn run_to_end(cli: Cli, invocation: &mut Invocation) -> Result<()> {
    check_open_files()?;
    // Commands mostly wait for I/O, so one thread is enough, and starts fastest.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .class(ErrorClass::Failed)?;
    let mut context = if cli.command.tolerates_config_errors() {
        Context::lenient(cli.globals)?
    } else {
        Context::new(cli.globals)?
    };
    *invocation = context.invocation();
    if !cli.command.has_use_for_store() {
        context.check_store()?;
    }
    if !cli.command.handles_missing_config() {
        context.files.check_named_config()?;
    }
    let outcome = runtime.block_on(async {
        let ui = context.ui.clone();
        // First of all: the other listener replaces the default action of the signals.
        let stop_requested = ui.stop_requested();
        ui::exit_if_unresponsive(|stop| Exit::from(ErrorClass::from(stop)) as i32)
            .class(ErrorClass::Failed)?;
        let work = async {
            context.read_pipes().await;
            commands::run(&context, cli.command).await
        };
        tokio::select! {
            biased;
            Ok(stop) = stop_requested => Err(Stopped::by(stop).into()),
            outcome = work => outcome,
        }
    });
    // Pending connections and terminal reads must not delay the exit.
    runtime.shutdown_background();
    outcome
}

/// Checks that enough files can be open at once: otherwise the runtime panics, and the local store
/// looks damaged.
fn check_open_files() -> Result<()> {
    let pipes: Result<Vec<_>, _> = (0..16).map(|_| std::io::pipe()).collect();
    pipes
        .map(drop)
        .class(ErrorClass::Failed)
        .context("too few open files allowed; raise the limit, for example with `ulimit -n 1024`")
}
