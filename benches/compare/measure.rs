//! One run of a program: how long it took, and what it used.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use wait4::Wait4 as _;

/// What a run took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Run {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
    pub(crate) requests: usize,
}

/// Runs a program, which has to succeed. Its output goes nowhere.
pub(crate) fn run(mut command: Command) -> Run {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    let used = child.wait4().unwrap();
    let wall = start.elapsed();
    assert!(used.status.success(), "{command:?}: {:?}", used.status);
    Run {
        wall,
        processor: used.rusage.utime + used.rusage.stime,
        requests: 0,
    }
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
        requests: median(runs, |run| run.requests),
    }
}
