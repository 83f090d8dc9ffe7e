//! wrangler and kvctl in the same situations: which namespace does each of them use?
//!
//! A situation is a row: one value of each of the dimensions in `row`. Every row has a service or a
//! local store of its own, in which both programs run in homes and projects of their own. What kvctl
//! has to do is in `expected`, in which ways wrangler may differ in `verdict`.

mod expected;
mod forms;
mod namespaces;
mod pairs;
mod project;
mod row;
mod service;
mod store;
mod verdict;

use std::{
    fmt::Write as _,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use fs_err as fs;

use self::{
    namespaces::{Ids, Namespace},
    project::{Program, Project},
    row::Row,
    service::Service,
    store::{Store, mark},
    verdict::{Did, Verdict, judge, needs_dev},
};
use crate::{
    dev::Dev,
    harness::Test,
    tools::{NODE_22, WRANGLER_4_86, WRANGLER_4_155, WRANGLER_4_164, Wrangler},
    wait::Finish as _,
};

pub(crate) const TESTS: &[Test] = &[
    Test::new("every_pair_is_covered", &[], pairs::every_pair_is_covered),
    Test::new(
        "dev_and_kvctl_open_the_same",
        &[WRANGLER_4_164, NODE_22],
        || {
            forms::dev_and_kvctl_open_the_same(Wrangler::V4_164);
        },
    ),
    Test::new(
        "pages_dev_and_kvctl_open_the_same",
        &[WRANGLER_4_164, NODE_22],
        || {
            forms::pages_dev_and_kvctl_open_the_same(Wrangler::V4_164);
        },
    ),
    Test::new(
        "provision_changes_no_form",
        &[],
        forms::provision_changes_no_form,
    ),
    Test::new(
        "an_empty_preview_id_is_refused",
        &[],
        forms::an_empty_preview_id_is_refused,
    ),
    Test::new("pairs", &[WRANGLER_4_164, NODE_22], || {
        check("pairs", Wrangler::V4_164, &Row::pairs());
    })
    .slow("runs wrangler for 54 rows"),
    Test::new("all_entries", &[WRANGLER_4_164, NODE_22], || {
        check("entries", Wrangler::V4_164, &row::entries());
    })
    .by_hand("300 rows"),
    Test::new("all_sections", &[WRANGLER_4_164, NODE_22], || {
        check("sections", Wrangler::V4_164, &row::sections());
    })
    .by_hand("200 rows"),
    Test::new("all_logins", &[WRANGLER_4_164, NODE_22], || {
        check("logins", Wrangler::V4_164, &row::logins());
    })
    .by_hand("400 rows"),
    Test::new("all_of_4_155", &[WRANGLER_4_155], || {
        check("older", Wrangler::V4_155, &older(Wrangler::V4_155));
    })
    .by_hand("300 rows"),
    Test::new("all_of_4_86", &[WRANGLER_4_86], || {
        check("older", Wrangler::V4_86, &older(Wrangler::V4_86));
    })
    .by_hand("200 rows"),
];

/// The rows that an older version can do.
fn older(version: Wrangler) -> Vec<Row> {
    let mut rows = [Row::pairs(), row::entries()].concat();
    rows.retain(|row| row::can(version, row));
    rows
}

/// How many rows are run at once.
const AT_ONCE: usize = 4;

/// A row that was run.
struct Judged {
    row: Row,
    theirs: Did,
    ours: Did,
    outcome: Result<(Verdict, String), String>,
    commands: [String; 2],
}

/// Runs all rows, and fails if the outcome of any is not right.
fn check(name: &str, version: Wrangler, rows: &[Row]) {
    let next = AtomicUsize::new(0);
    let judged = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let done = run(*row, version);
                    judged.lock().unwrap().push(done);
                }
            });
        }
    });
    let mut judged = judged.into_inner().unwrap();
    judged.sort_by_key(|done| rows.iter().position(|row| *row == done.row));
    report(name, version, &judged);
}

/// Writes a table of all rows, prints the counts, and fails with the rows that are not right.
#[expect(clippy::print_stdout, reason = "the counts are what a reader wants")]
fn report(name: &str, version: Wrangler, judged: &[Judged]) {
    let mut table = "| row | wrangler | kvctl | verdict |\n| --- | --- | --- | --- |\n".to_owned();
    for Judged {
        row,
        theirs,
        ours,
        outcome,
        ..
    } in judged
    {
        let verdict = match outcome {
            Ok((verdict, reason)) => format!("{verdict:?}: {reason}"),
            Err(why) => format!("**wrong**: {why}"),
        };
        writeln!(table, "| {row} | {theirs} | {ours} | {verdict} |").unwrap();
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("matrix-{name}-{version:?}.md"));
    std::io::Write::write_all(&mut fs::File::create(&path).unwrap(), table.as_bytes()).unwrap();

    let count = |wanted: Verdict| {
        let has = |done: &&Judged| matches!(&done.outcome, Ok((verdict, _)) if *verdict == wanted);
        judged.iter().filter(has).count()
    };
    let counts: Vec<_> = Verdict::ALL
        .map(|verdict| format!("{verdict:?} {}", count(verdict)))
        .into();
    println!(
        "{name}, {version:?}: {} rows: {}",
        judged.len(),
        counts.join(", ")
    );
    let wrong: Vec<String> = judged.iter().filter_map(complaint).collect();
    assert!(
        wrong.is_empty(),
        "{} of {} rows are wrong; all of them are in {}\n\n{}",
        wrong.len(),
        judged.len(),
        path.display(),
        wrong.join("\n")
    );
}

fn complaint(done: &Judged) -> Option<String> {
    let why = done.outcome.as_ref().err()?;
    let [theirs, ours] = &done.commands;
    let mut text = format!(
        "{}\n  {why}\n  {theirs}\n    -> {}\n  {ours}\n    -> {}\n",
        done.row, done.theirs, done.ours
    );
    for (program, did) in [("wrangler", &done.theirs), ("kvctl", &done.ours)] {
        if let Did::Failed { said, .. } = did {
            for line in said.lines().filter(|line| !line.trim().is_empty()).take(8) {
                writeln!(text, "    {program}: {line}").unwrap();
            }
        }
    }
    Some(text)
}

/// Runs both programs in a situation, and compares what they did.
fn run(row: Row, version: Wrangler) -> Judged {
    let programs = [Program::Wrangler(version), Program::Kvctl];
    let done = if row.is_local() {
        programs.map(|program| run_local(&row, program))
    } else {
        let service = Service::start(&row);
        programs.map(|program| run_remote(&row, &service, program))
    };
    let [(theirs, their_command), (ours, our_command)] = done;
    let mut outcome = judge(&row, &theirs, &ours);
    if let Ok((verdict, reason)) = &outcome
        && needs_dev(&row, *verdict)
    {
        let dev = Did::Used(None, run_dev(&row, version));
        if dev != ours {
            outcome = Err(format!("`wrangler dev` uses {dev}, despite: {reason}"));
        }
    }
    Judged {
        row,
        theirs,
        ours,
        outcome,
        commands: [their_command, our_command],
    }
}

fn run_remote(row: &Row, service: &Service, program: Program) -> (Did, String) {
    let login = expected::login(row);
    let project = Project::new(row, service.ids(login));
    let before = service.count();
    let mut command = project.command(program);
    command.env("CLOUDFLARE_API_BASE_URL", service.base_url());
    let shown = shown(&command, program);
    let output = command.finish();
    let did = match service.asked_since(before).as_slice() {
        [] if output.status.success() => Did::Unclear("nothing".to_owned()),
        [] => failure(&output),
        [(login, namespace)] => Did::Used(Some(*login), namespace.clone()),
        several => Did::Unclear(format!("{several:?}")),
    };
    (did, shown)
}

fn run_local(row: &Row, program: Program) -> (Did, String) {
    let ids = Ids::local();
    let project = Project::new(row, &ids);
    let state = project.home.app().join(".wrangler/state");
    Store::open(&state).fill(&ids);
    let shown = shown(&project.command(program), program);
    let output = project.command(program).finish();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let mut used = Store::open(&state).changed(&ids);
    if used.is_empty() {
        used = Namespace::LOCAL.to_vec();
        used.retain(|namespace| stdout.contains(&mark(namespace)));
    }
    let did = match used.as_slice() {
        [] if output.status.success() => Did::Unclear(format!("nothing: {}", stdout.trim())),
        [] => failure(&output),
        [namespace] => Did::Used(None, namespace.clone()),
        several => Did::Unclear(format!("{several:?}")),
    };
    (did, shown)
}

/// Which namespace a Worker in `wrangler dev` is bound to.
fn run_dev(row: &Row, version: Wrangler) -> Namespace {
    let ids = Ids::local();
    let project = Project::new(row, &ids);
    Store::open(&project.home.app().join(".wrangler/state")).fill(&ids);
    let given = project.place_arguments();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let mut command = project
        .home
        .wrangler(version, &[&["dev"], &given[..]].concat());
    project.surround(&mut command);
    let dev = Dev::wait_for(&mut command);
    let (_, answer) = dev.ask("GET", "", b"");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let found = Namespace::LOCAL
        .into_iter()
        .find(|namespace| mark(namespace) == answer);
    found.unwrap_or(Namespace::Unknown(answer))
}

fn failure(output: &std::process::Output) -> Did {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|s| String::from_utf8_lossy(s));
    let code = output.status.code();
    Did::Failed {
        code,
        said: format!("{stderr}\n{stdout}"),
    }
}

fn shown(command: &std::process::Command, program: Program) -> String {
    let skipped = match program {
        Program::Wrangler(_) => 1,
        Program::Kvctl => 0,
    };
    let arguments = command.get_args().skip(skipped);
    let arguments: Vec<_> = arguments.map(|a| a.to_string_lossy()).collect();
    let name = match program {
        Program::Wrangler(_) => "wrangler",
        Program::Kvctl => "kvctl",
    };
    format!("{name} {}", arguments.join(" "))
}
