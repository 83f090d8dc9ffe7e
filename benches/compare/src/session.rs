//! A service with namespaces in it and a project, and the work that is done there in turns.

use std::{
    cell::Cell,
    collections::HashSet,
    fmt::Display,
    path::{Path, PathBuf},
    time::Duration,
};

use fs_err as fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    floor::READ_KEYS,
    launch::{self, Run},
    programs::{Program, Programs, in_project},
    service::Service,
    table::Row,
    work::{FEWER_KEYS, KEYS, Kind, LOCAL_KEYS, Objects},
};

/// Keys in one request that writes or deletes.
const WRITE_KEYS: usize = 10_000;

pub(crate) struct Session<'a> {
    programs: &'a Programs,
    service: Service,
    directory: TempDir,
    one: String,
    some: String,
    many: String,
    runs: Cell<usize>,
}

impl<'a> Session<'a> {
    pub(crate) fn start(programs: &'a Programs, tls: bool, latency: Duration) -> Self {
        let directory = tempfile::tempdir().unwrap();
        write_files(directory.path());
        let service = Service::start(&programs.kvctl, directory.path(), tls, latency);
        let file = |name: &str| directory.path().join(name);
        let filled = |title: &str, files: usize, name: &str| {
            let id = service.create(title);
            service.fill(&id, (0..files).map(|n| file(&format!("{name}.{n}"))));
            id
        };
        Self {
            one: filled("one", 1, "one.json"),
            some: filled("some", 1, "bulk.json"),
            many: filled("many", KEYS / WRITE_KEYS, "bulk.json"),
            programs,
            service,
            directory,
            runs: Cell::new(0),
        }
    }

    /// Has all programs do the work in turns, a different one first each time.
    pub(crate) fn measure(&self, kind: Kind, rounds: usize) -> Vec<Row> {
        let mut runs: Vec<(Program, Result<Vec<Run>, String>)> = Vec::new();
        runs.extend(
            self.programs
                .all
                .iter()
                .map(|&program| (program, Ok(Vec::new()))),
        );
        for round in 0..rounds {
            for n in 0..runs.len() {
                let turn = (n + round) % runs.len();
                let (program, done) = &mut runs[turn];
                let Ok(done_before) = done else { continue };
                match self.turn(kind, *program) {
                    Some(Ok(run)) => done_before.push(run),
                    Some(Err(reason)) => *done = Err(reason),
                    None => {}
                }
            }
        }
        let rows = runs
            .into_iter()
            .filter(|(_, runs)| runs.as_ref().map_or(true, |runs| !runs.is_empty()));
        let row = |(program, runs): (Program, Result<Vec<Run>, String>)| Row {
            work: kind.title(),
            program: program.name(),
            outcome: runs.map(|runs| launch::medians(&runs)),
        };
        rows.map(row).collect()
    }

    /// Prepares, runs, and checks what was done; only the run is timed.
    fn turn(&self, kind: Kind, program: Program) -> Option<Result<Run, String>> {
        let on = self.objects(kind);
        let command = self.programs.command(program, kind, &on, &self.service);
        let outcome = command.map(|command| {
            self.prepare(kind, &on);
            let before = self.service.requests();
            let namespaces = self.service.namespaces();
            let asked = self.service.requests() - before;
            let mut run = launch::run(&command, self.directory.path())?;
            run.requests = self.service.requests() - before - asked;
            self.check(kind, program, &on, namespaces)
                .map_err(|what| format!("it ended well, but {what}"))?;
            Ok(run)
        });
        if !kind.is_local() {
            self.service.delete(&on.scratch);
        }
        outcome
    }

    fn objects(&self, kind: Kind) -> Objects<'_> {
        let n = self.runs.get();
        self.runs.set(n + 1);
        let scratch = if kind.is_local() {
            format!("{n:032x}")
        } else {
            self.service.create(&format!("scratch {n}"))
        };
        Objects {
            one: &self.one,
            some: &self.some,
            many: &self.many,
            scratch,
            stamp: format!("run-{n}"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs kvctl, and returns what it prints.
    fn kvctl(&self, line: &str) -> Result<String, String> {
        let mut command = std::process::Command::new(&self.programs.kvctl);
        command.args(line.split(' '));
        let command = in_project(command, &self.service);
        launch::run(&command, self.directory.path())?;
        Ok(self.read("stdout"))
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(name)).unwrap_or_default()).into_owned()
    }

    /// Makes what the work needs to find.
    fn prepare(&self, kind: Kind, on: &Objects<'_>) {
        let make = |folder: &str| {
            fs::create_dir(self.path(folder)).unwrap();
            fs::write(
                self.path(folder).join("wrangler.toml"),
                format!("name = \"{folder}\"\n"),
            )
            .unwrap();
        };
        match kind {
            Kind::BulkDelete => {
                let files = (0..KEYS / WRITE_KEYS).map(|n| self.path(&format!("bulk.json.{n}")));
                self.service.fill(&on.scratch, files);
            }
            Kind::Export => drop(fs::remove_file(self.path("out.ndjson"))),
            Kind::Import if !self.path("export.ndjson").exists() => {
                self.kvctl(&format!("export export.ndjson --namespace-id {}", on.many))
                    .unwrap();
            }
            Kind::ProvisionFresh => make(&format!("fresh-{}", on.stamp)),
            Kind::ProvisionAgain | Kind::Verify if !self.path("again").exists() => {
                make("again");
                self.kvctl("provision --yes --cwd again").unwrap();
            }
            Kind::LocalGet => {
                self.kvctl(&format!(
                    "key put k value --local --namespace-id {}",
                    on.scratch
                ))
                .unwrap();
            }
            _ => {}
        }
    }

    /// Checks that the work was done; `namespaces` is how many there were before.
    fn check(
        &self,
        kind: Kind,
        program: Program,
        on: &Objects<'_>,
        namespaces: u64,
    ) -> Result<(), String> {
        let printed = || self.read("stdout");
        match kind {
            Kind::Version if program == Program::Floor => Ok(()),
            Kind::Version => count("dots in the version", printed().matches('.').count(), 2),
            Kind::KeyGet | Kind::LocalGet => same("the value", &printed(), "value"),
            Kind::KeyPut => same(
                "the value",
                &self.service.value(&on.scratch, "k"),
                &on.stamp,
            ),
            Kind::LocalPut => {
                let line = format!("key get k --local --namespace-id {}", on.scratch);
                same("the value", &self.kvctl(&line)?, &on.stamp)
            }
            Kind::LocalBulkPut => {
                let line = format!("key list --json --local --namespace-id {}", on.scratch);
                count("keys", names(&self.kvctl(&line)?), LOCAL_KEYS)
            }
            Kind::List10k => count("keys printed", names(&printed()), FEWER_KEYS),
            Kind::List100k => count("keys printed", names(&printed()), KEYS),
            Kind::BulkGet100 => count("values", values(&printed()), READ_KEYS),
            Kind::BulkGet => count("values", values(&printed()), KEYS),
            Kind::Export if program == Program::Floor => count("values", values(&printed()), KEYS),
            Kind::Export => count("values", values(&self.read("out.ndjson")), KEYS),
            Kind::BulkPut | Kind::Import => {
                count("keys", self.service.keys(&on.scratch), KEYS)?;
                let last = KEYS - 1;
                same(
                    "the last value",
                    &self.service.value(&on.scratch, &key(last)),
                    &value(last),
                )
            }
            Kind::BulkDelete => count("keys", self.service.keys(&on.scratch), 0),
            Kind::ProvisionFresh => {
                let file = self.read(&format!("fresh-{}/wrangler.toml", on.stamp));
                let ids = if program == Program::Kvctl { 3 } else { 0 };
                count(
                    "ids in the wrangler file",
                    file.matches("\nid = \"").count(),
                    ids,
                )?;
                count("new namespaces", self.service.namespaces() - namespaces, 3)
            }
            Kind::ProvisionAgain => {
                count("new namespaces", self.service.namespaces() - namespaces, 0)
            }
            // It fails otherwise.
            Kind::Verify => Ok(()),
        }
    }
}

fn same(what: &str, seen: &str, right: &str) -> Result<(), String> {
    if seen.trim_end() == right {
        return Ok(());
    }
    Err(format!("{what} is `{}`", seen.escape_debug()))
}

fn count<N: TryInto<usize> + Copy + Display>(
    what: &str,
    seen: N,
    right: usize,
) -> Result<(), String> {
    if seen.try_into().is_ok_and(|seen| seen == right) {
        return Ok(());
    }
    Err(format!("{what}: {seen}, not {right}"))
}

/// How many names of keys are in a text. No value has such text.
fn names(text: &str) -> usize {
    text.matches("\"key:").count()
}

/// How many of the values are in a text: each is a number of its own.
fn values(text: &str) -> usize {
    let zeros = value(0);
    let head = format!("\"{}", &zeros[..zeros.len() - 6]);
    let digits = head.len()..=zeros.len();
    let found = text.match_indices(&head);
    let found: HashSet<&str> = found
        .filter_map(|(at, _)| text[at..].get(digits.clone()))
        .collect();
    found.len()
}

fn key(n: usize) -> String {
    format!("key:{n:06}")
}

fn value(n: usize) -> String {
    format!("{n:0100}")
}

/// Writes the files that the programs read.
fn write_files(directory: &Path) {
    let write =
        |name: &str, value: &Value| fs::write(directory.join(name), value.to_string()).unwrap();
    let parts = |name: &str, all: &[Value], size: usize, body: fn(&[Value]) -> Value| {
        for (n, part) in all.chunks(size).enumerate() {
            write(&format!("{name}.{n}"), &body(part));
        }
    };
    let pairs: Vec<_> = (0..KEYS)
        .map(|n| json!({"key": key(n), "value": value(n)}))
        .collect();
    let keys: Vec<_> = (0..KEYS).map(|n| json!(key(n))).collect();
    write("bulk.json", &json!(pairs));
    write("local.json", &json!(pairs[..LOCAL_KEYS]));
    write("100.json", &json!(keys[..READ_KEYS]));
    write("100.ask.0", &json!({ "keys": keys[..READ_KEYS] }));
    write("keys.json", &json!(keys));
    write("one.json.0", &json!([{"key": "k", "value": "value"}]));
    parts("bulk.json", &pairs, WRITE_KEYS, |part| json!(part));
    parts("keys.json", &keys, WRITE_KEYS, |part| json!(part));
    parts("ask.json", &keys, READ_KEYS, |part| json!({ "keys": part }));
}
