//! What is refused before anything is asked: names that do not exist, and a `kvctl.toml` that makes
//! no sense.

use super::{MANIFEST, WRANGLER, project, run};
use crate::sandbox::Sandbox;

#[test]
fn checks_that_were_asked_for_and_could_not_be_made_are_no_success() {
    let sandbox = project();
    let seen = run(&sandbox, &["--only", "worker,assertions"]);
    assert_eq!(seen.code, Some(8), "{seen}");
    seen.assert_stderr("nothing was verified");
    let seen = run(&sandbox, &["--only", "worker,configuration"]);
    assert_eq!(seen.code, Some(0), "{seen}");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        format!("{WRANGLER}\n[[kv_namespaces]]\nbinding = \"CACHE\"\n"),
    );
    let mut texts = Vec::new();
    let mut refused = |code: i32, manifest: &str, args: &[&str]| {
        sandbox.write("kvctl.toml", manifest);
        let seen = sandbox.run(&[&["verify"], args].concat());
        assert_eq!(seen.code, Some(code), "{seen}");
        assert_eq!(seen.stdout, "", "{seen}");
        texts.push(seen.to_string());
    };
    refused(2, "", &["--only", "prob"]);
    refused(2, "", &["--skip", "quota,conection"]);
    refused(2, "", &["--only", "probe", "--skip", "probe"]);
    refused(2, "", &["--consistency-timeout", "soon"]);
    refused(2, "", &["--worker", "example.com"]);
    refused(2, "", &["--worker-status", "200"]);
    refused(5, "", &["--env", "live"]);
    refused(5, "[[namespace]\n", &[]);
    refused(
        5,
        "[[assert]]\nbinding = \"CACHE\"\nkey = \"k\"\n\nexits = true\n",
        &[],
    );
    refused(
        5,
        "[[assert]]\nbinding = \"CACHE\"\nkey = \"k\"\nsha256 = \"abc\"\n",
        &[],
    );
    let unknown = "\n[[assert]]\nbinding = \"SESSION\"\nkey = \"k\"\nexists = true\n";
    refused(5, &format!("{MANIFEST}{unknown}"), &[]);
    let file = sandbox.read("wrangler.toml");
    for (environment, sections) in [("liv", "[env.live]"), ("qa", "[env.live]"), ("qa", "")] {
        sandbox.write("wrangler.toml", format!("{file}\n{sections}\n"));
        let elsewhere = unknown.replace(
            "SESSION\"",
            &format!("CACHE\"\nenvironment = \"{environment}\""),
        );
        refused(5, &format!("{MANIFEST}{elsewhere}"), &[]);
    }
    insta::assert_snapshot!(texts.join("\n"));
    assert_eq!(sandbox.emulator.log().len(), 0);
}
