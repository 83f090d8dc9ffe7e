//! The examples of the help texts, run in their order in a project.
#![cfg(unix)]

use fs_err as fs;
use kvctl::cli::examples::EXAMPLES;

use crate::{
    sandbox::{Sandbox, Seen, binary},
    wait::piped,
};

const WRANGLER: &str = r#"name = "bio"
main = "src/index.ts"
compatibility_date = "2026-01-01"

[[kv_namespaces]]
binding = "SESSIONS"
id = ""

[[kv_namespaces]]
binding = "CONFIG_CACHE"
id = ""

[env.staging]

[[env.staging.kv_namespaces]]
binding = "SESSIONS"
id = ""
"#;

/// Those that run until they are stopped, or need a terminal.
const PARSED_ONLY: [&str; 3] = [
    "kvctl serve",
    "kvctl serve --memory --port 0",
    "kvctl key edit user:42 -b SESSIONS",
];

/// Those that tell by their exit code what they found.
const CHECKS: [&str; 4] = [
    "kvctl diff ",
    "kvctl verify",
    "kvctl audit",
    "kvctl provision --all-envs --check",
];

fn project() -> Sandbox {
    let sandbox = Sandbox::unlimited();
    sandbox.write("wrangler.toml", WRANGLER);
    sandbox.write("src/index.ts", "export default {};\n");
    sandbox.write("logo.png", b"\x89PNG\xff");
    sandbox.write("public/index.html", "<p>");
    sandbox.write("pairs.json", r#"[{"key":"a","value":"1"}]"#);
    sandbox.write("keys.json", r#"["a"]"#);
    sandbox.expect(0, &["provision", "--all-envs"]);
    for (key, binding) in [("user:42", "SESSIONS"), ("logo", "CONFIG_CACHE")] {
        sandbox.expect(0, &["key", "put", key, "{}", "-b", binding]);
    }
    let bin = sandbox.app().join("../bin");
    fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(binary(), bin.join("kvctl")).unwrap();
    sandbox
}

#[test]
fn every_example_works() {
    let sandbox = project();
    let template = sandbox.command(&[]);
    for line in EXAMPLES.iter().flat_map(|(_, lines)| *lines) {
        if PARSED_ONLY.contains(line) {
            let words = line.split(' ').map(Into::into);
            assert!(kvctl::cli::parse(words).is_ok(), "{line}");
            continue;
        }
        let mut bash = piped("bash");
        bash.args(["-c", line])
            .env_clear()
            .current_dir(sandbox.app());
        let variables = template
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        bash.envs(variables);
        let bin = sandbox.app().join("../bin");
        bash.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        let seen = Seen::of(bash);
        let is_check = CHECKS.iter().any(|check| line.starts_with(check));
        let expected: &[i32] = if is_check { &[0, 8] } else { &[0] };
        assert!(
            seen.code.is_some_and(|code| expected.contains(&code)),
            "{line}: {seen}"
        );
    }
}

#[test]
fn a_command_line_without_a_command_gets_the_groups() {
    let sandbox = Sandbox::new();
    let seen = sandbox.expect(2, &[]);
    seen.assert_stderr("Move data:\n  export ");
    let full = sandbox.expect(0, &["help", "key", "put"]).stdout;
    assert_eq!(sandbox.expect(0, &["key", "put", "--help"]).stdout, full);
    let brief = sandbox.expect(0, &["key", "put", "-h"]).stdout;
    assert!(brief.len() < full.len());
    // A key may be called so.
    sandbox.expect(9, &["key", "get", "help"]);
}
