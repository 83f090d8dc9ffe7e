//! `--local`: the same commands, without an account.

use crate::{provision::BIO, sandbox::Sandbox};

fn run(sandbox: &Sandbox, args: &[&str]) -> crate::sandbox::Seen {
    sandbox.see(sandbox.bare_command(args).output().unwrap())
}

#[test]
fn the_local_store_needs_no_account_and_remembers() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    insta::assert_snapshot!(run(&sandbox, &["provision", "--local"]));
    let again = run(&sandbox, &["provision", "--local", "--check"]);
    assert_eq!(again.code, Some(0), "{again}");
    insta::assert_snapshot!(run(&sandbox, &["namespace", "list", "--local"]));
    // Another directory is another store.
    let elsewhere = run(
        &sandbox,
        &["namespace", "list", "--local", "--persist-to", "elsewhere"],
    );
    assert_eq!(elsewhere.stdout, "", "{elsewhere}");
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[test]
fn local_ids_are_placeholders_to_the_remote_service() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    assert_eq!(
        run(&sandbox, &["provision", "SESSIONS", "--local"]).code,
        Some(0)
    );
    let local = sandbox.read("wrangler.toml");
    assert!(local.contains("10ca110c"), "{local}");
    let seen = sandbox.run(&["provision"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    let remote = sandbox.read("wrangler.toml");
    assert!(!remote.contains("10ca110c"), "{remote}");
    // And remote ids are not touched by a local run: `wrangler dev` uses them as they are.
    let seen = run(&sandbox, &["provision", "--local"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(sandbox.read("wrangler.toml"), remote);
}

#[test]
fn two_local_runs_at_once_share_one_registry() {
    let sandbox = Sandbox::new();
    let args = ["--persist-to", "../store", "--local"];
    let children: Vec<_> = (0..8)
        .map(|i| {
            let title = format!("n{i}");
            let args = ["namespace", "create", &title]
                .into_iter()
                .chain(args)
                .collect::<Vec<_>>();
            sandbox.bare_command(&args).spawn().unwrap()
        })
        .collect();
    for child in children {
        let seen = sandbox.see(child.wait_with_output().unwrap());
        assert_eq!(seen.code, Some(0), "{seen}");
    }
    let listed = run(
        &sandbox,
        &["namespace", "list", "--local", "--persist-to", "../store"],
    );
    assert_eq!(listed.stdout.lines().count(), 8, "{listed}");
}
