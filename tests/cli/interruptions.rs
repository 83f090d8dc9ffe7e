//! Runs that are cut short, and runs that meet.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use kvctl::emulator::{Action, Fault};

use crate::{
    provision::BIO,
    sandbox::{Sandbox, Seen},
    transfer::count,
    wait::{send_signal, signal_at, wait_until},
};

fn ids(text: &str) -> Vec<String> {
    let ids = text.lines().filter_map(|line| line.strip_prefix("id = \""));
    ids.map(|id| id.trim_end_matches('"').to_owned()).collect()
}

fn titles(sandbox: &Sandbox) -> Vec<String> {
    let listed = sandbox.expect(0, &["namespace", "list"]);
    let titles = listed
        .stdout
        .lines()
        .filter_map(|line| line.split_once('\t'));
    titles.map(|(_, title)| title.to_owned()).collect()
}

#[test]
fn a_killed_run_leaves_old_or_new_bytes_and_the_next_one_converges() {
    kill_provisioning(8);
}

#[test]
#[ignore = "slow: kills 50 runs, and does each again"]
fn a_killed_run_leaves_old_or_new_bytes_and_the_next_one_converges_at_length() {
    kill_provisioning(50);
}

/// Kills so many runs, at moments spread over the whole run, in an order that is not that of time.
fn kill_provisioning(rounds: u64) {
    let sandbox = Sandbox::new();
    sandbox.emulator.latency(Duration::from_millis(50));
    let mut changed = 0;
    for round in 0..rounds {
        let name = format!("app{round}");
        let text = BIO.replace("\"bio\"", &format!("\"{name}\""));
        sandbox.write("wrangler.toml", &text);
        let mut child = sandbox.command(&["provision"]).spawn().unwrap();
        let moment = Duration::from_millis(round * 37 % rounds * 200 / rounds);
        signal_at(&mut child, "-KILL", Instant::now() + moment);
        child.wait().unwrap();

        let left = sandbox.read("wrangler.toml");
        assert!(left == text || ids(&left).len() == 3, "{left}");
        changed += usize::from(left != text);
        sandbox.expect(0, &["provision"]);
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
    assert!(
        changed < usize::try_from(rounds).unwrap(),
        "no run was killed before its end"
    );
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
    let one = Seen::of(one);
    let two = Seen::of(two);
    assert_eq!((one.code, two.code), (Some(0), Some(0)), "{one}{two}");
    let text = sandbox.read("wrangler.toml");
    assert_eq!(text, sandbox.read("../other/wrangler.toml"));
    assert_eq!(ids(&text).len(), 3);
    assert_eq!(titles(&sandbox).len(), 3);
}

#[test]
fn two_runs_at_once_in_one_project_both_succeed() {
    let entry = "[[kv_namespaces]]\nbinding = \"OLD\"\nid = \"[ID]\"\n";
    for (args, file) in [
        (&["provision", "--scaffold"][..], Some(BIO.to_owned())),
        (
            &["provision", "--local", "--scaffold"],
            Some(BIO.to_owned()),
        ),
        (&["provision", "--init", "--scaffold", "--yes"], None),
        (&["provision", "--init", "--local"], None),
        (&["scaffold"], Some(BIO.to_owned())),
        (
            &["rename-binding", "OLD", "NEW"],
            Some(format!("{BIO}{entry}")),
        ),
        (
            &["rename-binding", "OLD", "NEW", "--title"],
            Some(format!("{BIO}{entry}")),
        ),
        (&["namespace", "create", "shared", "--adopt"], None),
        (
            &["namespace", "create", "shared", "--adopt", "--local"],
            None,
        ),
    ] {
        for delay in [0, 20] {
            let sandbox = Sandbox::new();
            if let Some(file) = &file {
                let id = sandbox.create("bio-OLD");
                sandbox.write("wrangler.toml", file.replace("[ID]", &id));
            }
            sandbox.emulator.latency(Duration::from_millis(delay));
            let runs = [0, 1].map(|_| sandbox.command(args).spawn().unwrap());
            let ends = runs.map(|run| Seen::of(run));
            for end in &ends {
                assert_eq!(end.code, Some(0), "{args:?}: {end}");
            }
            sandbox.emulator.latency(Duration::ZERO);
            if args[0] == "provision" {
                let check = sandbox.run(&[args, &["--check"]].concat());
                assert_eq!(check.code, Some(0), "{args:?}: {check}");
            }
            let left = fs_err::read_dir(sandbox.app()).unwrap();
            let left = left.map(|it| it.unwrap().file_name().into_string().unwrap());
            let left: Vec<_> = left.filter(|name| name.starts_with(".kvctl-")).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }
}

#[test]
fn who_is_overtaken_by_another_change_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.emulator.latency(Duration::from_millis(200));
    let run = sandbox.command(&["provision"]).spawn().unwrap();
    wait_until("it asks for something", || {
        !sandbox.emulator.log().is_empty()
    });
    let edited = format!("# edited\n{BIO}");
    sandbox.write("wrangler.toml", &edited);
    let seen = Seen::of(run);
    assert_eq!(seen.code, Some(1), "{seen}");
    seen.assert_stderr("changed after it was read");
    assert_eq!(sandbox.read("wrangler.toml"), edited);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.emulator.latency(Duration::from_mins(1));
    let child = sandbox.command(&["provision"]).spawn().unwrap();
    wait_until("it asks for something", || {
        !sandbox.emulator.log().is_empty()
    });
    assert!(send_signal(&child, "-INT"));
    let seen = Seen::of(child);
    assert_eq!(seen.code, Some(130), "{seen}");
    assert_eq!(sandbox.read("wrangler.toml"), BIO);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = Sandbox::new();
    for i in 0..50 {
        sandbox.expect(0, &["namespace", "create", &format!("n{i}")]);
    }
    let mut child = sandbox.command(&["namespace", "list"]).spawn().unwrap();
    drop(child.stdout.take());
    let seen = Seen::of(child);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(seen.stderr, "");
}

/// Interrupts a run as soon as a write has reached the service, which never answers it.
#[cfg(unix)]
fn interrupted_while_writing(sandbox: &Sandbox, args: &[&str], path: &str) -> Seen {
    let method = if path == "/bulk/delete" {
        "POST"
    } else {
        "PUT"
    };
    let never = Action::Delay(Duration::from_mins(5));
    sandbox.emulator.fault(Fault::new(method, path, never));
    let before = count(sandbox, method, path);
    let child = sandbox.command(args).spawn().unwrap();
    wait_until("it writes", || count(sandbox, method, path) > before);
    assert!(send_signal(&child, "-INT"));
    Seen::of(child)
}

#[cfg(unix)]
#[test]
fn an_interrupted_sync_says_that_it_is_not_complete() {
    let said = "note: the sync is not complete; run it again";
    let sandbox = crate::transfer::sandbox(&["one"]);
    sandbox.write("site/a", "1");
    let sync = ["sync", "site", "-n", "one", "--delete", "-y"];
    let seen = interrupted_while_writing(&sandbox, &sync, "/bulk");
    assert_eq!(seen.code, Some(130), "{seen}");
    seen.assert_stderr(said);

    let sandbox = crate::transfer::sandbox(&["one"]);
    sandbox.expect(0, &["key", "put", "old", "1", "-n", "one"]);
    sandbox.write("site/.hidden", "");
    let sync = [&sync[..], &["--allow-empty"]].concat();
    let seen = interrupted_while_writing(&sandbox, &sync, "/bulk/delete");
    assert_eq!(seen.code, Some(130), "{seen}");
    seen.assert_stderr(said);
}

#[cfg(unix)]
#[test]
fn an_interrupted_fix_says_that_it_is_not_complete() {
    let sandbox = crate::audit::sandbox(crate::audit::RULES);
    sandbox.expect(0, &["key", "put", "session:a", "1", "-b", "SESSIONS"]);
    let fix = ["audit", "-b", "SESSIONS", "--fix", "-y"];
    let seen = interrupted_while_writing(&sandbox, &fix, "/bulk");
    assert_eq!(seen.code, Some(130), "{seen}");
    let said = "note: the fix is not complete; run it again";
    seen.assert_stderr(said);
}
