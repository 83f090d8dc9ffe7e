//! The commands in the README and in `docs`, run page by page as a reader would run them, against the
//! emulator: they end as the page says and print what it shows.

#![cfg(unix)]

mod masked;
#[path = "../../contract/pages.rs"]
mod pages;

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Read as _},
    path::PathBuf,
    process::Command,
    sync::Mutex,
};

use clap::CommandFactory as _;
use fs_err as fs;
use kvctl::{
    cli::Cli,
    domain::AccountId,
    emulator::{Config, Token},
    wire::Account,
};
use masked::same;
use pages::{Block, Page, Part, ROOT, pages};
use serde_json::{Map, Value};

use crate::{
    hints,
    sandbox::{ACCOUNT, Sandbox, TOKEN, at_once, binary, clock},
    wait::{Finish as _, piped, send_signal, within_patience},
};

/// Where blocks of these languages are neither run nor shown by a command.
const TEXT: [&str; 5] = ["toml", "ts", "yaml", "jsonc", "crontab"];

/// What only a machine with a network has, or with a terminal; and the tests themselves.
const UNRUN: [&str; 5] = ["install", "minutes", "npm", "terminal", "tests"];

/// What stands for `cargo run --`, `age` and a repository's remote in place of those.
const STANDINS: [(&str, &str); 3] = [
    (
        "cargo",
        "[ \"$1\" = run ] || exit 99; shift; [ \"$1\" != --quiet ] || shift; \
         [ \"$1\" = -- ] || exit 99; shift; exec kvctl \"$@\"",
    ),
    (
        "age-keygen",
        "echo AGE-SECRET-KEY-1 > \"$2\"; echo 'Public key: age1'",
    ),
    (
        "age",
        "case $1 in -r) base64 > \"$4\" ;; -d) base64 -d \"$4\" ;; *) exit 99 ;; esac",
    ),
];

const OTHER_ACCOUNT: &str = "ffffffffffffffffffffffffffffff01";
const OTHER_TOKEN: &str = "other_token";

/// A project, and what was run there last.
struct Run<'p> {
    page: &'p Page,
    sandbox: Sandbox,
    printed: Option<String>,
    /// Whether the rows of a table are commands with the members of their documents.
    in_documents: bool,
    /// The commands of kvctl that were run, with their arguments, in all projects of the page.
    ran: Vec<String>,
    failures: Vec<String>,
}

#[test]
fn every_command_does_what_the_page_says() {
    let pages = pages();
    let outcome = Mutex::new((Vec::new(), Vec::new()));
    at_once(&pages, |page| {
        let mut run = Run::new(page);
        for part in page.parts() {
            match part {
                Part::Prose(line, text) => run.prose(line, &text),
                Part::NewProject => run.new_project(),
                Part::Block(block) => run.block(&block),
            }
        }
        run.count();
        let mut outcome = outcome.lock().unwrap();
        outcome.0.push((page.name.clone(), run.ran));
        outcome.1.extend(run.failures);
    });
    let (mut ran, failures) = outcome.into_inner().unwrap();
    ran.sort();
    let counts: Vec<(&String, usize)> = ran.iter().map(|(page, ran)| (page, ran.len())).collect();
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    println!("{total} commands were run: {counts:?}");
    assert!(
        failures.is_empty(),
        "{} of {total} commands:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    let absent: Vec<String> = leaves()
        .filter(|command| {
            let mut all = ran.iter().flat_map(|(_, ran)| ran);
            // Which needs a terminal.
            command != "key edit " && !all.any(|it| it.starts_with(command))
        })
        .collect();
    assert!(absent.is_empty(), "no page runs {absent:?}");
}

/// The commands, each with a blank behind it.
fn leaves() -> impl Iterator<Item = String> {
    let all = Cli::command();
    let all: Vec<clap::Command> = all.get_subcommands().cloned().collect();
    all.into_iter().flat_map(|command| {
        let name = command.get_name();
        let below = command.get_subcommands();
        let mut below: Vec<String> = below
            .map(|it| format!("{name} {} ", it.get_name()))
            .collect();
        if below.is_empty() {
            below.push(format!("{name} "));
        }
        below
    })
}

impl<'p> Run<'p> {
    fn new(page: &'p Page) -> Self {
        let sandbox = Self::project();
        Self {
            page,
            sandbox,
            printed: None,
            in_documents: false,
            ran: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// A copy of the example project, with the commands that a page may call.
    fn project() -> Sandbox {
        let sandbox = Sandbox::with(two_accounts());
        // At the place that the README names, and as the project itself.
        let copy = "mkdir $0/fixtures && cp -R fixtures/bio $0/fixtures && cp -R fixtures/bio/. $0";
        let copied = piped("sh")
            .args(["-c", copy])
            .arg(sandbox.app())
            .current_dir(ROOT)
            .finish();
        assert!(copied.status.success(), "{copied:?}");
        let record = "echo \"$1 $2 \" >> \"$HOME/ran\"\n";
        let call = format!("{record}exec '{}' \"$@\"", binary().display());
        for (name, script) in [("kvctl", call.as_str())].into_iter().chain(STANDINS) {
            let path = format!("../bin/{name}");
            sandbox.write(&path, format!("#!/bin/sh\n{script}\n"));
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(sandbox.app().join(path), mode).unwrap();
        }
        sandbox
    }

    fn home(&self) -> PathBuf {
        self.sandbox.app().parent().unwrap().to_owned()
    }

    fn new_project(&mut self) {
        self.count();
        self.sandbox = Self::project();
        self.printed = None;
    }

    /// Keeps the commands that were run in this project.
    fn count(&mut self) {
        if let Ok(ran) = fs::read_to_string(self.home().join("ran")) {
            self.ran.extend(ran.lines().map(str::to_owned));
        }
    }

    fn fail(&mut self, line: usize, why: impl std::fmt::Display) {
        let failure = format!("{}:{line}: {why}", self.page.name);
        self.failures.push(failure);
    }

    /// Commands and flags that a text names exist.
    fn prose(&mut self, line: usize, text: &str) {
        let marks = text.matches('`').count();
        if marks % 2 == 1 {
            self.fail(line, "what stands in backticks goes on in the next line");
        }
        let commands: Vec<String> = hints::commands(text).collect();
        for command in &commands {
            if let Err(error) = hints::parses(&without_placeholders(
                command_in(command).unwrap_or(command),
            )) {
                self.fail(line, format!("`{command}`: {error}"));
            }
        }
        self.in_documents &= text.starts_with('|');
        self.in_documents |= text == "| command | members |";
        if self.in_documents
            && let [command] = &commands[..]
        {
            self.document(line, command, text);
        } else if text.starts_with("| `kvctl ") {
            for flag in hints::flags_unknown_to(&commands, text) {
                self.fail(line, format!("no command here has `{flag}`"));
            }
        }
    }

    /// The document that a command prints has the members that its row names.
    fn document(&mut self, line: usize, command: &str, row: &str) {
        let block = Block::of_commands(line, format!("{command} --json 2> /dev/null\n"));
        let (code, printed) = self.run_to_end(&block);
        let document: Result<Map<String, Value>, _> = serde_json::from_str(&printed);
        let Ok(document) = document else {
            return self.fail(line, format!("{code:?}: {printed}"));
        };
        // What stands behind a semicolon or in parentheses is about some of them.
        let cell = row.rsplit('|').nth(1).unwrap_or_default();
        let (cell, _) = cell.split_once(';').unwrap_or((cell, ""));
        let outside = cell
            .split('(')
            .map(|it| it.rsplit(')').next().unwrap_or_default());
        let text: String = outside.collect();
        let named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).collect();
        let mut printed: BTreeSet<&str> = document.keys().map(String::as_str).collect();
        assert!(printed.remove("schema"), "{command}");
        if named != printed {
            self.fail(line, format!("the members are {printed:?}"));
        }
    }

    fn block(&mut self, block: &Block) {
        if let Some(name) = block.attribute("file") {
            self.sandbox.write(name, &block.text);
        } else if block.language == "sh" {
            self.commands(block);
        } else if block.language.is_empty() || block.language == "json" {
            let Some(printed) = &self.printed else {
                return self.fail(block.line, "no command has printed this");
            };
            if !same(&block.text, printed) {
                let printed = printed.clone();
                self.fail(block.line, format!("the commands printed\n{printed}"));
            }
        } else if !TEXT.contains(&block.language.as_str()) {
            self.fail(block.line, format!("a block of `{}`", block.language));
        }
        if ["yaml", "crontab"].contains(&block.language.as_str()) {
            self.lines(block);
        }
    }

    /// Commands in a block that is not run exist.
    fn lines(&mut self, block: &Block) {
        for (line, text) in (block.line..).zip(block.text.lines()) {
            if let Some(Err(error)) = command_in(text).map(hints::parses) {
                self.fail(line, error);
            }
        }
    }

    fn commands(&mut self, block: &Block) {
        if let Some(why) = block.attribute("unrun") {
            if !UNRUN.contains(&why) {
                self.fail(block.line, format!("`{why}` is no reason"));
            }
            return self.lines(block);
        }
        let failed = self.home().join("failed");
        fs::remove_file(&failed).ok();
        let (code, printed) = match block.attribute("until") {
            Some(text) => (Some(0), self.run_until(block, text)),
            None => self.run_to_end(block),
        };
        let wanted = block.attribute("exit").map_or(0, |it| it.parse().unwrap());
        let at = fs::read_to_string(&failed).ok();
        let at = at.and_then(|line| line.trim().parse().ok());
        let last = block.line + block.text.lines().count() - 1;
        let early = wanted != 0 && at.is_some_and(|line: usize| line < last);
        if code != Some(wanted) || early {
            let line = at.unwrap_or(block.line);
            let text = self.page.text.lines().nth(line - 1).unwrap_or_default();
            let lines: Vec<&str> = printed.lines().collect();
            let end = lines[lines.len().saturating_sub(12)..].join("\n");
            let why = format!("`{text}` ended with {code:?}, not {wanted}:\n{end}");
            self.fail(line, why);
        }
        self.printed = Some(printed);
    }

    fn bash(&self, block: &Block, text: &str) -> Command {
        // Lines have the numbers that they have in the page.
        let prelude = "exec 2>&1; set -eEuo pipefail; trap 'echo $LINENO > \"$HOME/failed\"' ERR";
        let blank = "\n".repeat(block.line - 1);
        let mut bash = piped("bash");
        let own = self.sandbox.command(&[]);
        bash.args(["-c", &format!("{prelude}{blank}{text}")])
            .env_clear()
            .envs(own.get_envs().filter_map(|(k, v)| Some((k, v?))))
            .envs([
                ("OTHER_ACCOUNT", OTHER_ACCOUNT),
                ("OTHER_TOKEN", OTHER_TOKEN),
            ])
            .env("EDITOR", "true")
            .env(
                "PATH",
                format!("{}/bin:/usr/bin:/bin", self.home().display()),
            )
            .current_dir(self.sandbox.app());
        bash
    }

    fn run_to_end(&self, block: &Block) -> (Option<i32>, String) {
        let output = self.bash(block, &block.text).finish();
        (output.status.code(), self.shown(&output.stdout))
    }

    /// Runs a command until it has printed a text, and ends it as Ctrl-C does.
    fn run_until(&self, block: &Block, text: &str) -> String {
        // Without a shell between, which would not pass the signal on.
        let command = format!("exec {}", block.text);
        let mut bash = self.bash(block, &command).spawn().unwrap();
        let stdout = bash.stdout.take().unwrap();
        let text = text.to_owned();
        let (mut printed, mut stdout) = within_patience("the text", move || {
            let mut stdout = BufReader::new(stdout);
            let mut printed = String::new();
            while !printed.contains(&text) && stdout.read_line(&mut printed).unwrap() > 0 {}
            (printed, stdout)
        });
        send_signal(&bash, "-TERM");
        bash.finish();
        stdout.read_to_string(&mut printed).unwrap();
        printed
    }

    /// What was printed, without the place of the sandbox.
    fn shown(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        text.replace(&format!("{}/app/", self.sandbox.home()), "")
            .replace(&format!("{}/app", self.sandbox.home()), ".")
    }
}

/// A service with the usual account and another one, each with a token of its own.
fn two_accounts() -> Config {
    let id = |id: &str| id.parse::<AccountId>().unwrap();
    let account = |text: &str| Account {
        id: id(text),
        name: "Bio".to_owned(),
    };
    let accounts = [ACCOUNT, OTHER_ACCOUNT].map(account).to_vec();
    let tokens = vec![
        Token::new(TOKEN, [id(ACCOUNT)]),
        Token::new(OTHER_TOKEN, [id(OTHER_ACCOUNT)]),
    ];
    Config {
        quota: None,
        ..Config::remote(accounts, tokens, clock())
    }
}

/// The command of kvctl in a line of a crontab or of a CI file.
fn command_in(line: &str) -> Option<&str> {
    let command = &line[line.find("kvctl ")?..];
    let ends = [" | ", " \\| ", " > ", " && ", " #", "`"].map(|end| command.find(end));
    let end = ends.into_iter().flatten().min();
    Some(&command[..end.unwrap_or(command.len())])
}

/// A command as a table names it: `KEY…` is a key, and `[VALUE]` may be there.
fn without_placeholders(command: &str) -> String {
    command.replace(['…', '[', ']'], "")
}

#[test]
fn a_command_in_a_line_is_found() {
    assert_eq!(
        command_in("17 3 * * * kvctl export - -b KV | age -r x > f"),
        Some("kvctl export - -b KV")
    );
    assert_eq!(
        command_in("  - .kvctl/bin/kvctl verify"),
        Some("kvctl verify")
    );
    assert_eq!(command_in("key: kvctl"), None);
}
