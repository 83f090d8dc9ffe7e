//! The script of `action.yml`, run as a runner would run it.

use fs_err as fs;
use yaml_rust2::YamlLoader;

use super::project;
use crate::{
    sandbox::{ACCOUNT, Sandbox, Seen, TOKEN},
    wait::piped,
};

/// Runs the step that checks, with these inputs, and none for the others.
fn step(sandbox: &Sandbox, inputs: &[(&str, &str)]) -> Seen {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/action.yml")).unwrap();
    let action = &YamlLoader::load_from_str(&text).unwrap()[0];
    let steps = action["runs"]["steps"].as_vec().unwrap();
    let step = steps
        .iter()
        .find(|step| step["id"].as_str() == Some("check"));
    let step = step.unwrap();
    let script = step["run"].as_str().unwrap();
    let program = sandbox.bare_command(&[]).get_program().to_owned();
    sandbox.write("output", "");
    let mut command = piped("bash");
    command
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .env_clear()
        .env("CLOUDFLARE_API_BASE_URL", sandbox.base_url())
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_OUTPUT", sandbox.app().join("output"))
        .env("GITHUB_PATH", sandbox.app().join("path"))
        .env("KVCTL", program)
        .current_dir(sandbox.app());
    for name in step["env"].as_hash().unwrap().keys() {
        let name = name.as_str().unwrap();
        if name.starts_with("INPUT_") {
            let given = inputs.iter().find(|(input, _)| *input == name);
            let default = action["inputs"]
                [name.trim_start_matches("INPUT_").to_lowercase().as_str()]["default"]
                .as_str();
            command.env(
                name,
                given.map_or(default.unwrap_or(""), |(_, value)| value),
            );
        }
    }
    for (input, _) in inputs {
        assert!(step["env"][*input].as_str().is_some(), "{input}");
    }
    Seen::of(command)
}

#[test]
fn the_step_verifies_with_its_inputs() {
    let sandbox = project();
    let credentials = [("INPUT_API_TOKEN", TOKEN), ("INPUT_ACCOUNT_ID", ACCOUNT)];
    let seen = step(&sandbox, &credentials);
    assert_eq!(seen.code, Some(0), "{seen}");
    let output = sandbox.read("output");
    assert!(
        output.starts_with("outcome=pass\nids={\"CACHE\":\""),
        "{output}"
    );

    let inputs = [
        ("INPUT_CONFIG", "wrangler.toml"),
        ("INPUT_JUNIT", "a report.xml"),
        ("INPUT_ARGS", "--only configuration,probe --read-only"),
    ];
    let seen = step(&sandbox, &[&credentials[..], &inputs].concat());
    assert_eq!(seen.code, Some(0), "{seen}");
    seen.assert_stdout("`--read-only` was given");
    assert!(sandbox.read("a report.xml").contains("<testsuites "));

    let inputs = [("INPUT_ENVIRONMENT", "live; touch gone")];
    let seen = step(&sandbox, &[&credentials[..], &inputs].concat());
    assert_eq!(seen.code, Some(5), "{seen}");
    assert!(!sandbox.app().join("gone").exists());
}

#[test]
fn every_line_of_the_arguments_counts() {
    let sandbox = project();
    let credentials = [("INPUT_API_TOKEN", TOKEN), ("INPUT_ACCOUNT_ID", ACCOUNT)];
    let with = |args: &str| {
        step(
            &sandbox,
            &[&credentials[..], &[("INPUT_ARGS", args)]].concat(),
        )
    };
    for args in [
        "--only configuration,probe\n--read-only\n",
        "\n\n--only\r\n  configuration,probe\r\n\t--read-only",
    ] {
        let seen = with(args);
        assert_eq!(seen.code, Some(0), "{seen}");
        seen.assert_stdout("`--read-only` was given");
    }
    let seen = with("--only configuration\n--fail-on never\n");
    assert_eq!(seen.code, Some(2), "{seen}");
    seen.assert_stderr("--fail-on");
    // None of it is run, expanded, or lost.
    for args in [
        "$(touch gone)",
        "--only\n`touch gone`",
        "x; touch gone\n",
        "*\n",
        "\"a\n&& touch gone",
    ] {
        let seen = with(args);
        assert_eq!(seen.code, Some(2), "{args}: {seen}");
        assert!(!sandbox.app().join("gone").exists(), "{args}");
    }
    let inputs = [("INPUT_CONFIG", "--help"), ("INPUT_ENVIRONMENT", "--help")];
    for input in inputs {
        let seen = step(&sandbox, &[&credentials[..], &[input]].concat());
        assert!(!matches!(seen.code, Some(0)), "{seen}");
    }
}
