//! Runs that are cut short, and runs that meet.

use std::{collections::BTreeSet, time::Duration};

use crate::{provision::BIO, sandbox::Sandbox};

fn ids(text: &str) -> Vec<String> {
    let ids = text.lines().filter_map(|line| line.strip_prefix("id = \""));
    ids.map(|id| id.trim_end_matches('"').to_owned()).collect()
}

fn titles(sandbox: &Sandbox) -> Vec<String> {
    let listed = sandbox.run(&["namespace", "list"]);
    assert_eq!(listed.code, Some(0), "{listed}");
    let titles = listed
        .stdout
        .lines()
        .filter_map(|line| line.split_once('\t'));
    titles.map(|(_, title)| title.to_owned()).collect()
}

#[test]
fn a_killed_run_leaves_old_or_new_bytes_and_the_next_one_converges() {
    let sandbox = Sandbox::new();
    sandbox.emulator.latency(Duration::from_millis(50));
    let mut changed = 0;
    for round in 0..50u64 {
        let name = format!("app{round}");
        let text = BIO.replace("\"bio\"", &format!("\"{name}\""));
        sandbox.write("wrangler.toml", &text);
        let mut child = sandbox.command(&["provision"]).spawn().unwrap();
        // Spread over the whole run, in an order that is not that of time.
        std::thread::sleep(Duration::from_millis(round * 37 % 50 * 4));
        child.kill().unwrap();
        child.wait().unwrap();

        let left = sandbox.read("wrangler.toml");
        assert!(left == text || ids(&left).len() == 3, "{left}");
        changed += usize::from(left != text);
        let seen = sandbox.run(&["provision"]);
        assert_eq!(seen.code, Some(0), "{seen}");
        let after = sandbox.read("wrangler.toml");
        assert!(after.starts_with(&text));
        let distinct: BTreeSet<String> = ids(&after).into_iter().collect();
        assert_eq!(distinct.len(), 3, "{after}");
        let of_this = titles(&sandbox);
        let of_this: Vec<_> = of_this
            .iter()
            .filter(|t| t.starts_with(&format!("{name}-")))
            .collect();
        assert_eq!(of_this.len(), 3, "{of_this:?}");
    }
    assert_eq!(sandbox.emulator.requests("DELETE"), 0);
    assert!(changed < 50, "no run was killed before its end");
}

#[test]
fn two_runs_at_once_come_to_the_same_ids() {
    let sandbox = Sandbox::new();
    sandbox.emulator.latency(Duration::from_millis(30));
    let other = sandbox.other_checkout("other");
    sandbox.write("wrangler.toml", BIO);
    sandbox.write("../other/wrangler.toml", BIO);
    let one = sandbox.command(&["provision"]).spawn().unwrap();
    let two = sandbox
        .command(&["provision"])
        .current_dir(&other)
        .spawn()
        .unwrap();
    let one = sandbox.see(one.wait_with_output().unwrap());
    let two = sandbox.see(two.wait_with_output().unwrap());
    assert_eq!((one.code, two.code), (Some(0), Some(0)), "{one}{two}");
    let text = sandbox.read("wrangler.toml");
    assert_eq!(text, sandbox.read("../other/wrangler.toml"));
    assert_eq!(ids(&text).len(), 3);
    assert_eq!(titles(&sandbox).len(), 3);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.emulator.latency(Duration::from_mins(1));
    let child = sandbox.command(&["provision"]).spawn().unwrap();
    while sandbox.emulator.log().is_empty() {
        std::thread::yield_now();
    }
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .unwrap();
    assert!(killed.success());
    let seen = sandbox.see(child.wait_with_output().unwrap());
    assert_eq!(seen.code, Some(130), "{seen}");
    assert_eq!(sandbox.read("wrangler.toml"), BIO);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = Sandbox::new();
    for i in 0..50 {
        assert_eq!(
            sandbox.run(&["namespace", "create", &format!("n{i}")]).code,
            Some(0)
        );
    }
    let mut child = sandbox.command(&["namespace", "list"]).spawn().unwrap();
    drop(child.stdout.take());
    let seen = sandbox.see(child.wait_with_output().unwrap());
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(seen.stderr, "");
}
