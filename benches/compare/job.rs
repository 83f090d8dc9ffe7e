//! The pieces of work, and how each program is told to do them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use clap::ValueEnum;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    Options, floor,
    measure::{self, Run},
    service::{Service, TOKEN},
    table::Row,
};

const KEYS: usize = 100_000;
/// Keys in one request of the API.
const BATCH: usize = 10_000;

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Version,
    KeyGet,
    KeyPut,
    List10k,
    List100k,
    BulkPut,
    BulkGet,
    BulkDelete,
    Export,
    Import,
    ProvisionFresh,
    ProvisionAgain,
    Verify,
    LocalPut,
    LocalGet,
    LocalBulkPut,
}

/// A service with namespaces in it, and a project.
struct Setup<'a> {
    options: &'a Options,
    service: Service,
    directory: TempDir,
    /// A namespace with the key `k`, one with 10,000 keys, one with 100,000, and one to write to.
    ids: [String; 4],
}

/// Does the work that was asked for, by all programs in turns.
pub(crate) fn run(options: &Options, tls: bool, latency: Duration) -> Vec<Row> {
    let setup = Setup::new(options, tls, latency);
    let kinds = match options.jobs.as_slice() {
        [] => Kind::value_variants(),
        some => some,
    };
    let mut rows = Vec::new();
    for &kind in kinds {
        let name = kind.to_possible_value().unwrap().get_name().to_owned();
        let programs = ["kvctl", "wrangler", "floor"];
        let mut runs: [Vec<Run>; 3] = Default::default();
        for round in 0..options.rounds {
            for (program, runs) in programs.into_iter().zip(&mut runs) {
                setup.prepare(kind, round);
                let Some(command) = setup.command(kind, program, round) else {
                    continue;
                };
                let before = setup.service.requests();
                let mut run = measure::run(command);
                run.requests = setup.service.requests() - before;
                runs.push(run);
            }
        }
        let medians = runs
            .each_ref()
            .map(|runs| (!runs.is_empty()).then(|| measure::medians(runs)));
        let kvctl = medians[0].unwrap().wall.as_secs_f64();
        for (program, medians) in programs.into_iter().zip(medians) {
            let Some(medians) = medians else { continue };
            rows.push(Row {
                job: name.clone(),
                program,
                medians,
                ratio: medians.wall.as_secs_f64() / kvctl,
            });
        }
        eprintln!("{name}: done");
    }
    rows
}

impl<'a> Setup<'a> {
    fn new(options: &'a Options, tls: bool, latency: Duration) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let service = Service::start(&options.kvctl, directory.path(), tls, latency);
        let pairs: Vec<_> = (0..KEYS)
            .map(|n| json!({"key": format!("key:{n:06}"), "value": format!("{n:0100}")}))
            .collect();
        let write = |name: &str, value: serde_json::Value| {
            fs::write(directory.path().join(name), value.to_string()).unwrap();
        };
        for (n, batch) in pairs.chunks(BATCH).enumerate() {
            write(&format!("bulk.json.{n}"), json!(batch));
        }
        write(
            "keys.json",
            pairs.iter().map(|pair| pair["key"].clone()).collect(),
        );
        write("bulk10k.json", json!(pairs[..10_000]));
        write("bulk.json", json!(pairs));
        write("one.json", json!([{"key": "k", "value": "value"}]));
        let mut setup = Self {
            options,
            service,
            directory,
            ids: Default::default(),
        };
        let files = [
            Some("one.json"),
            Some("bulk10k.json"),
            Some("bulk.json"),
            None,
        ];
        setup.ids = files.map(|file| {
            let title = format!("bench-{}", file.unwrap_or("scratch"));
            let made = setup
                .told("kvctl", &["namespace", "create", &title, "--json"])
                .output()
                .unwrap();
            assert!(made.status.success(), "{made:?}");
            let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
            let id = made["id"].as_str().unwrap().to_owned();
            if let Some(file) = file {
                measure::run(setup.told("kvctl", &["bulk", "put", file, "--namespace-id", &id]));
            }
            id
        });
        measure::run(setup.told(
            "kvctl",
            &["export", "export.ndjson", "--namespace-id", &setup.ids[2]],
        ));
        setup
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Makes what the work needs to find.
    fn prepare(&self, kind: Kind, round: usize) {
        let scratch = self.ids[3].as_str();
        match kind {
            Kind::BulkDelete => {
                measure::run(self.told(
                    "kvctl",
                    &["bulk", "put", "bulk.json", "--namespace-id", scratch],
                ));
            }
            Kind::Export => drop(fs::remove_file(self.path("out.ndjson"))),
            Kind::ProvisionFresh => {
                let name = format!(
                    "fresh-{round}-{}",
                    fs::metadata(self.path("log")).unwrap().len()
                );
                fs::write(self.path("wrangler.toml"), format!("name = \"{name}\"\n")).unwrap();
            }
            Kind::ProvisionAgain | Kind::Verify if !self.path("again").exists() => {
                fs::create_dir(self.path("again")).unwrap();
                fs::write(self.path("again/wrangler.toml"), "name = \"again\"\n").unwrap();
                measure::run(self.told("kvctl", &["provision", "--yes", "--cwd", "again"]));
            }
            Kind::LocalGet => {
                let args = [
                    "key",
                    "put",
                    "k",
                    "value",
                    "--namespace-id",
                    scratch,
                    "--local",
                ];
                measure::run(self.told("kvctl", &args));
            }
            _ => {}
        }
    }

    /// The command that has a program do the work, if it can.
    fn command(&self, kind: Kind, program: &'static str, round: usize) -> Option<Command> {
        let [one, some, many, scratch] = self.ids.each_ref().map(String::as_str);
        let line = match (program, kind) {
            ("floor", _) => return self.floor(kind),
            (_, Kind::Version) => "--version".to_owned(),
            ("kvctl", Kind::KeyGet) => format!("key get k --namespace-id {one}"),
            ("kvctl", Kind::KeyPut) => format!("key put k value --namespace-id {one}"),
            ("kvctl", Kind::List10k) => format!("key list --json --namespace-id {some}"),
            ("kvctl", Kind::List100k) => format!("key list --json --namespace-id {many}"),
            ("kvctl", Kind::BulkPut) => format!("bulk put bulk.json --namespace-id {scratch}"),
            ("kvctl", Kind::BulkGet) => format!("bulk get keys.json --namespace-id {many}"),
            ("kvctl", Kind::BulkDelete) => {
                format!("bulk delete keys.json --yes --namespace-id {scratch}")
            }
            ("kvctl", Kind::Export) => format!("export out.ndjson --namespace-id {many}"),
            ("kvctl", Kind::Import) => format!("import export.ndjson --namespace-id {scratch}"),
            ("kvctl", Kind::ProvisionFresh) => "provision --yes".to_owned(),
            ("kvctl", Kind::ProvisionAgain) => "provision --yes --cwd again".to_owned(),
            ("kvctl", Kind::Verify) => "verify --cwd again".to_owned(),
            ("kvctl", Kind::LocalPut) => {
                format!("key put k value --local --namespace-id {scratch}")
            }
            ("kvctl", Kind::LocalGet) => format!("key get k --local --namespace-id {scratch}"),
            ("kvctl", Kind::LocalBulkPut) => {
                format!("bulk put bulk10k.json --local --namespace-id {scratch}")
            }
            (_, Kind::KeyGet) => format!("kv key get k --text --remote --namespace-id {one}"),
            (_, Kind::KeyPut) => format!("kv key put k value --remote --namespace-id {one}"),
            (_, Kind::List10k) => format!("kv key list --remote --namespace-id {some}"),
            (_, Kind::List100k) => format!("kv key list --remote --namespace-id {many}"),
            (_, Kind::BulkPut) => {
                format!("kv bulk put bulk.json --remote --namespace-id {scratch}")
            }
            (_, Kind::BulkGet) => format!("kv bulk get keys.json --remote --namespace-id {many}"),
            (_, Kind::BulkDelete) => {
                format!("kv bulk delete keys.json --force --remote --namespace-id {scratch}")
            }
            (_, Kind::ProvisionFresh) => return self.three_namespaces(round),
            (_, Kind::LocalPut) => format!("kv key put k value --local --namespace-id {scratch}"),
            (_, Kind::LocalGet) => format!("kv key get k --text --local --namespace-id {scratch}"),
            (_, Kind::LocalBulkPut) => {
                format!("kv bulk put bulk10k.json --local --namespace-id {scratch}")
            }
            (_, Kind::Export | Kind::Import | Kind::ProvisionAgain | Kind::Verify) => return None,
        };
        if program == "wrangler" {
            self.options.wrangler.as_ref()?;
        }
        Some(self.told(program, &line.split(' ').collect::<Vec<_>>()))
    }

    /// What one types for three namespaces, before the ids are copied by hand.
    fn three_namespaces(&self, round: usize) -> Option<Command> {
        let wrangler = self.options.wrangler.as_deref()?;
        let stamp = self.service.requests();
        let each = ["CONFIG_CACHE", "SESSIONS", "RATE_LIMIT"].map(|name| {
            format!(
                "{} kv namespace create {name}_{round}_{stamp}",
                wrangler.display()
            )
        });
        let mut command = self.in_project(Path::new("sh"));
        command.arg("-c").arg(each.join(" && "));
        Some(command)
    }

    fn floor(&self, kind: Kind) -> Option<Command> {
        let [one, some, many, scratch] = self.ids.each_ref().map(String::as_str);
        let url = |id: &str, rest: &str| {
            format!(
                "{}/accounts/{}/storage/kv/namespaces/{id}{rest}",
                self.service.base, self.service.account
            )
        };
        let args = match kind {
            Kind::Version => vec!["nothing".to_owned()],
            Kind::KeyGet => vec!["get".to_owned(), url(one, "/values/k")],
            Kind::KeyPut => vec!["put".to_owned(), url(one, "/values/k")],
            Kind::List10k => vec!["list".to_owned(), url(some, "/keys")],
            Kind::List100k => vec!["list".to_owned(), url(many, "/keys")],
            Kind::BulkPut => vec![
                "bulk-put".to_owned(),
                url(scratch, "/bulk"),
                "bulk.json".to_owned(),
            ],
            _ => return None,
        };
        let mut command = self.in_project(&std::env::current_exe().unwrap());
        command
            .arg(floor::COMMAND)
            .arg(&self.service.authority)
            .args(args);
        Some(command)
    }

    fn told(&self, program: &str, args: &[&str]) -> Command {
        let wrangler = self.options.wrangler.as_deref();
        let program = wrangler
            .filter(|_| program == "wrangler")
            .unwrap_or(&self.options.kvctl);
        let mut command = self.in_project(program);
        command.args(args);
        command
    }

    fn in_project(&self, program: &Path) -> Command {
        let program = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
        let mut command = Command::new(program);
        command
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("CI", "true")
            .env("WRANGLER_SEND_METRICS", "false")
            .env("CLOUDFLARE_API_TOKEN", TOKEN)
            .env("CLOUDFLARE_ACCOUNT_ID", &self.service.account)
            .env("CLOUDFLARE_API_BASE_URL", &self.service.base)
            .env("NODE_EXTRA_CA_CERTS", &self.service.authority)
            .stderr(std::process::Stdio::null());
        command
    }
}
