//! A project that was scaffolded, and is not any more what it was.

use fs_err as fs;

use super::{Case, MANIFEST, project, snapshot};
use crate::{
    sandbox::Sandbox,
    verify::{run, setup},
};

/// A provisioned project with all that `kvctl scaffold` writes, and what is changed then.
fn scaffolded(change: impl FnOnce(&Sandbox)) -> Sandbox {
    let sandbox = project();
    sandbox.write("kvctl.toml", format!("{MANIFEST}\n[scaffold]\n"));
    setup(&sandbox, &["scaffold"]);
    change(&sandbox);
    sandbox
}

#[test]
fn what_the_worker_needs() {
    let env = |change: fn(String) -> String| {
        scaffolded(|sandbox| {
            let text = sandbox.read("src/lib/types.ts");
            let changed = change(text.clone());
            assert_ne!(text, changed);
            sandbox.write("src/lib/types.ts", changed);
        })
    };
    snapshot(
        "scaffold",
        &[
            Case::new(
                "missing helper",
                "scaffold",
                scaffolded(|sandbox| {
                    fs::remove_file(sandbox.app().join("src/lib/kv/sessions.ts")).unwrap();
                }),
            ),
            Case::new(
                "helpers with other options",
                "scaffold",
                scaffolded(|sandbox| {
                    let options = "[scaffold]\n[scaffold.cache]\nttl = \"2h\"\n";
                    sandbox.write("kvctl.toml", format!("{MANIFEST}\n{options}"));
                }),
            )
            .args(&["--fail-on", "warn"]),
            Case::new(
                "Env without a field",
                "scaffold",
                env(|text| text.replace("  SESSIONS: KVNamespace;\n", "")),
            ),
            Case::new(
                "Env that does not parse",
                "scaffold",
                env(|text| text.replace("interface Env {", "interface Env {{")),
            ),
        ],
    );
}

#[test]
fn what_was_edited_by_hand_is_fine() {
    let sandbox = scaffolded(|sandbox| {
        let text = sandbox.read("src/lib/kv/cache.ts");
        sandbox.write("src/lib/kv/cache.ts", format!("{text}\n// Mine.\n"));
    });
    let seen = run(&sandbox, &["--only", "scaffold"]);
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("pass");
}
