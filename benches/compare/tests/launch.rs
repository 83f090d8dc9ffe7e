//! What is told of a program is its own: not what the bench used before.

use std::{hint::black_box, process::Command};

use fs_err as fs;

/// Runs a program as the bench does, and returns its processor time in nanoseconds and its peak memory in bytes.
fn launch(program: &str, args: &[&str]) -> (u64, u64) {
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("report");
    let status = Command::new(env!("CARGO_BIN_EXE_compare"))
        .arg("launch")
        .arg(&report)
        .arg(program)
        .args(args)
        .status()
        .unwrap();
    assert!(status.success());
    let figures = fs::read_to_string(report).unwrap();
    let figures: Vec<u64> = figures
        .split(' ')
        .map(|figure| figure.parse().unwrap())
        .collect();
    (figures[1], figures[2])
}

#[test]
fn the_memory_of_the_bench_does_not_count() {
    let held = black_box(vec![1_u8; 64 << 20]);
    let (_, peak) = launch("true", &[]);
    assert!(peak < 2_000_000, "{peak}");
    drop(held);
}

#[test]
fn the_memory_of_a_child_of_the_program_counts() {
    // `dd` holds a block as a whole.
    let (_, peak) = launch(
        "sh",
        &[
            "-c",
            "dd if=/dev/zero of=/dev/null bs=32M count=1 2>/dev/null; true",
        ],
    );
    assert!((32 << 20..64 << 20).contains(&peak), "{peak}");
}

#[test]
fn processor_time_is_that_of_the_program_and_its_children() {
    let loops = "n=0; while [ $n -lt 200000 ]; do n=$((n+1)); done";
    let (used, _) = launch("sh", &["-c", loops]);
    let (of_child, _) = launch("sh", &["-c", &format!("sh -c '{loops}'; true")]);
    assert!(
        used > 10_000_000 && of_child > 10_000_000,
        "{used} {of_child}"
    );
}
