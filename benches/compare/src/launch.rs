//! One run of a program: how long it took, and what it used.
//!
//! The kernel counts as the memory of a new process what the one that starts it has until then, so a small process
//! of its own starts the program, and forks for it: this program again, which has done nothing else.

use std::{
    env,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use fs_err as fs;

use wait4::Wait4 as _;

/// The first argument that makes this process the one that starts the program.
pub(crate) const COMMAND: &str = "launch";

/// What a run took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
    /// The largest of its processes, at its peak.
    pub(crate) peak_bytes: u64,
    pub(crate) requests: usize,
}

/// Runs `launch REPORT PROGRAM [ARG...]`, and writes the figures to the file `REPORT`.
pub(crate) fn launch(mut args: impl Iterator<Item = String>) -> ExitCode {
    let report = args.next().expect("a file for the report");
    let mut command = Command::new(args.next().expect("a program"));
    // With an id, even its own, the child is forked rather than spawned within this one's memory.
    command.args(args).uid(rustix::process::getuid().as_raw());
    let start = Instant::now();
    let used = command.spawn().and_then(|mut child| child.wait4());
    let wall = start.elapsed();
    let used = match used {
        Ok(used) => used,
        Err(error) => {
            eprintln!("could not run {}: {error}", command.get_program().display());
            return ExitCode::from(127);
        }
    };
    let processor = used.rusage.utime + used.rusage.stime;
    let figures = format!(
        "{} {} {}",
        wall.as_nanos(),
        processor.as_nanos(),
        used.rusage.maxrss
    );
    fs::write(report, figures).expect("the report can be written");
    ExitCode::from(u8::try_from(used.status.code().unwrap_or(128)).unwrap_or(128))
}

/// Runs a program, with its output going to files of the directory. Fails with the end of what it said.
pub(crate) fn run(command: &Command, directory: &Path) -> Result<Run, String> {
    let file = |name: &str| directory.join(name);
    let create = |name: &str| {
        let file = fs::File::create(file(name)).expect("a file can be made");
        file.into_parts().0
    };
    let mut launcher = Command::new(env::current_exe().expect("this program has a path"));
    launcher
        .arg(COMMAND)
        .arg(file("figures"))
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null())
        .stdout(create("stdout"))
        .stderr(create("stderr"));
    if let Some(directory) = command.get_current_dir() {
        launcher.current_dir(directory);
    }
    let status = launcher.status().expect("this program can be started");
    if !status.success() {
        let said = fs::read(file("stderr")).unwrap_or_default();
        return Err(format!(
            "{status}: {}",
            first_error(&String::from_utf8_lossy(&said))
        ));
    }
    let figures = fs::read_to_string(file("figures")).expect("the report can be read");
    let figures: Vec<u64> = figures
        .split(' ')
        .map(|figure| figure.parse().unwrap())
        .collect();
    Ok(Run {
        wall: Duration::from_nanos(figures[0]),
        processor: Duration::from_nanos(figures[1]),
        peak_bytes: figures[2],
        requests: 0,
    })
}

/// The line that says what is wrong.
fn first_error(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let line = lines.iter().find(|line| line.contains("code:"));
    let line = line.or_else(|| {
        lines
            .iter()
            .find(|line| line.to_lowercase().contains("error"))
    });
    let line = line.or(lines.last()).copied().unwrap_or("no message");
    line.chars()
        .filter(|c| !c.is_control() && *c != '|')
        .take(200)
        .collect()
}

/// Medians of each figure.
pub(crate) fn medians(runs: &[Run]) -> Run {
    fn median<T: Ord>(runs: &[Run], of: impl Fn(&Run) -> T) -> T {
        let mut values: Vec<T> = runs.iter().map(of).collect();
        values.sort_unstable();
        values.swap_remove(values.len() / 2)
    }
    Run {
        wall: median(runs, |run| run.wall),
        processor: median(runs, |run| run.processor),
        peak_bytes: median(runs, |run| run.peak_bytes),
        requests: median(runs, |run| run.requests),
    }
}
