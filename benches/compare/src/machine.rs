//! The head of the report: when, where, with what and how it was measured.

use std::{fmt::Write as _, process::Command, thread};

use fs_err as fs;

use crate::{launch, programs::Programs};

/// Writes it, as Markdown.
pub(crate) fn header(programs: &Programs, rounds: usize) -> String {
    let date = Command::new("date")
        .args(["-u", "+%F"])
        .output()
        .expect("`date` can be started");
    let date = String::from_utf8_lossy(&date.stdout).trim().to_owned();
    let mut text = format!(
        "Measured on {date}, medians of {rounds} rounds in turns.\n\n| | |\n| --- | --- |\n"
    );
    let rows = [("machine", machine()), ("peak memory of `true`", least())];
    for (name, value) in rows.into_iter().chain(programs.versions()) {
        writeln!(text, "| {name} | {value} |").unwrap();
    }
    text
}

fn machine() -> String {
    let system = rustix::system::uname();
    let line = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map(|(_, value)| value.trim().to_owned())
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let processor = line("/proc/cpuinfo", "model name").unwrap_or_else(|| "processor".to_owned());
    let memory =
        line("/proc/meminfo", "MemTotal").and_then(|it| it.split(' ').next()?.parse::<u64>().ok());
    let memory = memory.map_or(String::new(), |kb| format!(", {} GB", kb / 1_000_000));
    format!(
        "{processor}, {cores} cores{memory}, {} {} {}",
        system.sysname().to_string_lossy(),
        system.release().to_string_lossy(),
        system.machine().to_string_lossy()
    )
}

/// What is measured of a program that needs almost none.
fn least() -> String {
    let directory = tempfile::tempdir().unwrap();
    let run = launch::run(&Command::new("true"), directory.path()).expect("`true` succeeds");
    format!("{} kB, so less is not told apart", run.peak_bytes / 1000)
}
