//! One trouble in several sections is one finding, with one command where one cures it.

use serde_json::{Value, json};

use super::Seen;
use crate::sandbox::Sandbox;

/// The bindings of one section, `KV` or `KV=ID`, as TOML.
fn bindings(table: &str, bindings: &[&str]) -> String {
    let each = bindings.iter().map(|it| match it.split_once('=') {
        Some((name, id)) => format!("[[{table}]]\nbinding = \"{name}\"\nid = \"{id}\"\n"),
        None => format!("[[{table}]]\nbinding = \"{it}\"\n"),
    });
    each.collect()
}

/// A project with the bindings of its top level, and of its environments.
fn project(top: &[&str], environments: &[(&str, &[&str])]) -> Sandbox {
    let sandbox = Sandbox::new();
    let environments = environments.iter().map(|(name, own)| {
        let table = format!("env.{name}.kv_namespaces");
        format!("[env.{name}]\n{}", bindings(&table, own))
    });
    let top = format!("name = \"app\"\n{}", bindings("kv_namespaces", top));
    let text: Vec<String> = std::iter::once(top).chain(environments).collect();
    sandbox.write("wrangler.toml", text.concat());
    sandbox
}

fn findings(sandbox: &Sandbox, args: &[&str]) -> Vec<Value> {
    let args = [&["verify", "--json", "--retries", "0", "--all-envs"], args].concat();
    let seen = sandbox.run(&args);
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(report["schema"], 2);
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|it| it["status"] == "fail")
        .cloned()
        .collect()
}

/// The commands of the only failure, which cure it.
fn commands(sandbox: &Sandbox, check: &str) -> Value {
    let [finding] = &findings(sandbox, &["--only", check])[..] else {
        panic!("not one finding");
    };
    finding["commands"].clone()
}

const SEVEN: [&str; 7] = [
    "dev",
    "qa",
    "staging",
    "prod-eu",
    "prod-us",
    "prod-asia",
    "load",
];
const FOUR: [&str; 4] = ["CACHE", "SESSIONS", "RATE_LIMIT", "FLAGS"];

fn seven_without(top: &[&str]) -> Sandbox {
    let sandbox = project(top, &[]);
    let seen = sandbox.expect(0, &["provision"]);
    assert_eq!(seen.code, Some(0));
    let environments = SEVEN.map(|name| format!("[env.{name}]\nvars = {{ A = \"1\" }}\n"));
    let text = sandbox.read("wrangler.toml");
    sandbox.write(
        "wrangler.toml",
        format!("{text}\n{}", environments.join("")),
    );
    sandbox
}

#[test]
fn seven_environments_without_four_bindings_are_one_finding() {
    let sandbox = seven_without(&FOUR);
    let only = ["--only", "environments,configuration"];
    let [finding] = &findings(&sandbox, &only)[..] else {
        panic!("not one finding");
    };
    assert_eq!(finding["environment"], Value::Null);
    assert_eq!(finding["bindings"], json!(FOUR));
    let sections = SEVEN.map(|name| json!({ "environment": name, "bindings": FOUR }));
    assert_eq!(finding["sections"], json!(sections));
    let command = "kvctl provision CACHE SESSIONS RATE_LIMIT FLAGS --all-envs";
    assert_eq!(finding["commands"], json!([command]));

    let args = [&["verify", "--retries", "0", "--all-envs"], &only[..]].concat();
    let shown = sandbox.run(&args);
    insta::assert_snapshot!(shown);
    let before = sandbox.read("wrangler.toml");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    sandbox.expect(0, &words);
    assert_eq!(findings(&sandbox, &only), Vec::<Value>::new());
    // The top level is as it was.
    let top = |text: &str| text.split("[env.").next().unwrap().to_owned();
    assert_eq!(top(&sandbox.read("wrangler.toml")), top(&before));
}

#[test]
fn one_command_for_all_sections_does_nothing_that_was_not_asked() {
    let placeholders: &[(&str, &[&str])] = &[("a", &["KV=<id>"]), ("b", &["KV=<id>"])];
    // The top level has no such binding, and gets none.
    let sandbox = project(&[], placeholders);
    assert_eq!(
        commands(&sandbox, "configuration"),
        json!(["kvctl provision --all-envs"])
    );
    // Nor does another environment.
    let more = [placeholders, &[("c", &["OTHER=<id>"])]].concat();
    let sandbox = project(&[], &more);
    assert_eq!(
        commands(&sandbox, "configuration"),
        json!(["kvctl provision --all-envs"])
    );
    let missing = "7d0c3b9e4a514c5ab9c1f0a4d2e35b61";
    let missing_id = [&*format!("OTHER={missing}")];
    let more = [placeholders, &[("c", &missing_id)]].concat();
    let sandbox = project(&[], &more);
    assert_eq!(
        commands(&sandbox, "configuration"),
        json!(["kvctl provision KV --env a", "kvctl provision KV --env b"])
    );
    // Where the top level has the same trouble, one command cures it as well.
    let sandbox = project(&["KV=<id>"], placeholders);
    assert_eq!(
        commands(&sandbox, "configuration"),
        json!(["kvctl provision KV --all-envs"])
    );
    // An id that is to be replaced first is in the way.
    let sandbox = project(&[&*format!("KV={missing}")], &[("a", &[]), ("b", &[])]);
    assert_eq!(
        commands(&sandbox, "environments"),
        json!(["kvctl provision KV --env a", "kvctl provision KV --env b"])
    );
}

#[test]
fn what_is_not_filled_in_is_one_finding_that_says_what_each_is() {
    let sandbox = project(&["CACHE=", "SESSIONS=<id>", "FLAGS", "MORE="], &[]);
    let seen: Seen = sandbox.run(&["verify", "--retries", "0", "--only", "configuration"]);
    insta::assert_snapshot!(seen);
    sandbox.expect(0, &["provision", "CACHE", "SESSIONS", "FLAGS", "MORE"]);
    assert_eq!(
        findings(&sandbox, &["--only", "configuration"]),
        Vec::<Value>::new()
    );
}

#[test]
fn ids_of_another_account_are_one_finding() {
    let ids: Vec<String> = (0..8)
        .map(|i| format!("KV{i}=7d0c3b9e4a514c5ab9c1f0a4d2e35b6{i}"))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let sandbox = project(&ids[..2], &[("a", &ids[2..4]), ("b", &ids[4..6])]);
    assert_eq!(
        commands(&sandbox, "namespaces"),
        json!(["kvctl provision --replace-missing --all-envs"])
    );
    let few = project(&ids[..2], &[]);
    let [finding] = &findings(&few, &["--only", "namespaces"])[..] else {
        panic!("not one finding");
    };
    insta::assert_snapshot!(finding["hint"].as_str().unwrap());
}

#[test]
fn a_section_that_is_not_named_is_not_touched() {
    // `qa` has no bindings, or one with another trouble.
    let unknown = "MORE=0f2a0c3b9e4a514c5ab9c1f0a4d2e35b";
    for qa in [&[][..], &[unknown]] {
        let sandbox = project(&["CACHE="], &[("staging", &["CACHE=TODO"]), ("qa", qa)]);
        let expected = json!([
            "kvctl provision CACHE",
            "kvctl provision CACHE --env staging"
        ]);
        let all = findings(&sandbox, &["--only", "configuration"]);
        let is_of_cache = |it: &&Value| it["bindings"] == json!(["CACHE"]);
        let finding = all.iter().find(is_of_cache).unwrap();
        assert_eq!(finding["commands"], expected, "{qa:?}");
    }
}

#[test]
fn every_section_of_another_account_is_named_and_gets_no_command() {
    let sandbox = Sandbox::new();
    let of = |name: &str, account: &str| {
        let account = account.repeat(32);
        format!(
            "[env.{name}]\naccount_id = \"{account}\"\n[[env.{name}.kv_namespaces]]\nbinding = \"KV\"\nid = \"\"\n"
        )
    };
    let text = [
        "name = \"app\"\n[[kv_namespaces]]\nbinding = \"KV\"\nid = \"\"\n".to_owned(),
        of("staging", "f"),
        of("production", "e"),
    ];
    sandbox.write("wrangler.toml", text.concat());
    let all = findings(&sandbox, &["--only", "account,configuration"]);
    let of =
        |check: &str| -> Vec<&Value> { all.iter().filter(|it| it["check"] == check).collect() };
    let accounts = of("account");
    let environments: Vec<&Value> = accounts.iter().map(|it| &it["environment"]).collect();
    assert_eq!(environments, ["staging", "production"]);
    assert!(
        accounts[1]["message"]
            .as_str()
            .unwrap()
            .contains(&"e".repeat(32))
    );
    let commands: Vec<&Value> = of("configuration")
        .iter()
        .map(|it| &it["commands"])
        .collect();
    assert_eq!(
        commands,
        [&json!(["kvctl provision KV"]), &json!([]), &json!([])]
    );
}

#[test]
fn an_environment_that_there_is_not_adds_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        "name = \"bio\"\n[env.staging]\n[env.prod]\n",
    );
    let seen = sandbox.expect(5, &["verify", "--env", "nope"]);
    seen.assert_stderr("no environment `nope`; the file has `staging` and `prod`");
    seen.assert_stderr("hint: select one of them, or leave out `--env` for the top level");
    let seen = sandbox.expect(5, &["verify", "--env", "stagin"]);
    seen.assert_stderr("hint: did you mean `--env staging`?");
    let seen = sandbox.expect(5, &["provision", "NEW", "--env", "nope"]);
    seen.assert_stderr(
        "hint: run `kvctl provision NEW --env nope --add-env` to add the environment; otherwise select one",
    );
}

#[test]
fn a_section_to_select_is_written_as_a_shell_takes_it() {
    let sandbox = Sandbox::new();
    let odd = "name = \"bio\"\nmain = \"a.ts\"\n[[env.-e.kv_namespaces]]\nbinding = \"A\"\nid = \"0f2ac74b498b48028cb68387c421e279\"\n";
    sandbox.write("wrangler.toml", odd);
    let seen = sandbox.expect(0, &["verify", "--only", "configuration"]);
    seen.assert_stdout("select a section that has some with `--env=-e`, or all with `--all-envs`");
}
