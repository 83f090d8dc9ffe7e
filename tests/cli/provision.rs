//! `kvctl provision` against a service that works.

use std::collections::BTreeSet;

use fs_err as fs;

use crate::{
    sandbox::{ACCOUNT, Sandbox, Seen},
    wait::Finish as _,
};

/// The project of the README's story: comments, and no KV.
pub(crate) const BIO: &str = "\
# the bio app
name = \"bio\"            # keep in step with package.json
main = \"src/index.ts\"

[vars]
DOMAIN = \"bio.example\"
";

fn titles(sandbox: &Sandbox) -> BTreeSet<String> {
    let listed = sandbox.expect(0, &["namespace", "list", "--ndjson"]);
    listed
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|namespace| namespace["title"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_project_without_kv_gets_three_namespaces() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    insta::assert_snapshot!(sandbox.run(&["provision"]));
    assert!(sandbox.read("wrangler.toml").starts_with(BIO));
    let expected = ["bio-CONFIG_CACHE", "bio-SESSIONS", "bio-RATE_LIMIT"];
    assert_eq!(titles(&sandbox), expected.map(str::to_owned).into());
}

#[test]
fn a_second_run_sends_one_request_and_touches_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.expect(0, &["provision"]);
    // A fresh project costs one list, a question for what is deployed, and its creates.
    assert_eq!(sandbox.emulator.log().len(), 1 + 1 + 3);
    let file = sandbox.app().join("wrangler.toml");
    let before = (
        fs::read(&file).unwrap(),
        fs::metadata(&file).unwrap().modified().unwrap(),
    );

    insta::assert_snapshot!(sandbox.run(&["provision"]));

    assert_eq!(sandbox.emulator.log().len(), 1 + 1 + 3 + 1);
    assert_eq!(sandbox.emulator.requests("POST"), 3);
    let after = (
        fs::read(&file).unwrap(),
        fs::metadata(&file).unwrap().modified().unwrap(),
    );
    assert_eq!(before, after);
    sandbox.expect(0, &["provision", "--check"]);
    assert_eq!(sandbox.emulator.log().len(), 1 + 1 + 3 + 2);
}

#[test]
fn creates_overlap_in_time() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox
        .emulator
        .latency(std::time::Duration::from_millis(150));
    sandbox.expect(0, &["provision"]);
    let log = sandbox.emulator.log();
    let posts: Vec<_> = log.iter().filter(|e| e.method == "POST").collect();
    assert_eq!(posts.len(), 3);
    let last_start = posts.iter().map(|e| e.start).max().unwrap();
    let first_end = posts.iter().map(|e| e.end.unwrap()).min().unwrap();
    assert!(last_start < first_end, "one after another");
}

#[test]
fn separate_previews_make_six_namespaces() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    insta::assert_snapshot!(sandbox.run(&["provision", "--preview", "separate"]));
    assert_eq!(sandbox.emulator.requests("POST"), 6);
    assert_eq!(titles(&sandbox).len(), 6);
    let text = sandbox.read("wrangler.toml");
    assert_eq!(text.matches("[[kv_namespaces]]").count(), 3);
    assert_eq!(text.matches("\npreview_id = ").count(), 3);
    sandbox.expect(0, &["provision", "--preview", "separate"]);
    assert_eq!(sandbox.emulator.requests("POST"), 6);
}

#[test]
fn a_shared_preview_is_warned_about() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    let seen = sandbox.run(&["provision", "SESSIONS", "--preview", "same"]);
    insta::assert_snapshot!(seen);
    assert_eq!(sandbox.emulator.requests("POST"), 1);
    let text = sandbox.read("wrangler.toml");
    let ids: BTreeSet<&str> = text
        .lines()
        .filter_map(|l| l.split_once("id = "))
        .map(|l| l.1)
        .collect();
    assert_eq!(ids.len(), 1, "{text}");
}

#[test]
fn a_namespace_with_the_right_title_is_adopted() {
    let sandbox = Sandbox::new();
    for title in ["bio-SESSIONS", "bio-rate-limit", "CONFIG_CACHE"] {
        sandbox.expect(0, &["namespace", "create", title]);
    }
    sandbox.write("wrangler.toml", BIO);
    // The forms of `wrangler deploy` and of `wrangler kv` are to be decided first.
    for args in [&["provision"][..], &["provision", "--yes"]] {
        let seen = sandbox.expect(9, args);
        seen.assert_stderr(
            "run `kvctl provision CONFIG_CACHE=CONFIG_CACHE SESSIONS RATE_LIMIT=bio-rate-limit` to adopt \
             what is there, or `kvctl provision CONFIG_CACHE=bio-CONFIG_CACHE SESSIONS \
             RATE_LIMIT=bio-RATE_LIMIT` to create what is not",
        );
    }
    assert_eq!(sandbox.read("wrangler.toml"), BIO);
    assert_eq!(sandbox.emulator.requests("POST"), 3);
    let decided = [
        "CONFIG_CACHE=bio-CONFIG_CACHE",
        "SESSIONS",
        "RATE_LIMIT=bio-rate-limit",
    ];
    insta::assert_snapshot!(sandbox.run(&[&["provision"], &decided[..]].concat()));
    assert_eq!(sandbox.emulator.requests("POST"), 3 + 1);
    sandbox.expect(0, &["verify", "--only", "namespaces"]);
}

/// What the run would have added to the file, the commands that are named add as well.
#[test]
fn a_namespace_that_may_be_meant_is_decided_about_with_what_is_to_be_added() {
    let sandbox = Sandbox::new();
    sandbox.create("app-sessions");
    let seen = sandbox.expect(9, &["provision", "--init"]);
    let adopt = "provision CONFIG_CACHE SESSIONS=app-sessions RATE_LIMIT --init";
    seen.assert_stderr(format!("`kvctl {adopt}`"));
    let args: Vec<&str> = adopt.split(' ').collect();
    sandbox.expect(0, &args);
    sandbox.create("app-qa-kv");
    let added = ["provision", "KV", "--env", "qa", "--add-env"];
    let seen = sandbox.expect(9, &added);
    let create = "provision KV=app-qa-KV --env qa --add-env";
    seen.assert_stderr("`kvctl provision KV=app-qa-kv");
    let args: Vec<&str> = create.split(' ').collect();
    sandbox.expect(0, &args);
    assert!(titles(&sandbox).contains("app-qa-KV"));
}

#[test]
fn a_title_may_be_given() {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["namespace", "create", "CONFIG_CACHE"]);
    sandbox.write("wrangler.toml", BIO);
    let seen = sandbox.run(&["provision", "CONFIG_CACHE=CONFIG_CACHE", "NEW=a title"]);
    insta::assert_snapshot!(seen);
    let conflict = sandbox.run(&["provision", "NEW=another title"]);
    insta::assert_snapshot!(conflict);
}

#[test]
fn an_unknown_id_is_refused_unless_named() {
    let sandbox = Sandbox::new();
    let old = "0f2ac74b498b48028cb68387c421e279";
    let text = format!("{BIO}\n[[kv_namespaces]]\nbinding = \"SESSIONS\"\nid = \"{old}\" # live\n");
    sandbox.write("wrangler.toml", &text);
    insta::assert_snapshot!(sandbox.run(&["provision"]));
    assert_eq!(sandbox.read("wrangler.toml"), text);
    // Allowed, but nobody is there to confirm it.
    insta::assert_snapshot!(sandbox.run(&["provision", "--replace-id", old]));
    assert_eq!(sandbox.read("wrangler.toml"), text);
    sandbox.expect(0, &["provision", "--replace-id", old, "--yes"]);
    assert!(sandbox.read("wrangler.toml").ends_with("\" # live\n"));
    assert!(!sandbox.read("wrangler.toml").contains(old));
}

#[test]
fn a_replacement_that_is_not_called_for_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.expect(0, &["provision", "SESSIONS"]);
    let text = sandbox.read("wrangler.toml");
    let id = text
        .lines()
        .find_map(|line| line.strip_prefix("id = \""))
        .unwrap();
    let seen = sandbox.run(&["provision", "--replace-id", id.trim_end_matches('"')]);
    insta::assert_snapshot!(seen);
    assert_eq!(sandbox.read("wrangler.toml"), text);
}

#[test]
fn a_dry_run_changes_nothing_and_a_check_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    insta::assert_snapshot!(sandbox.run(&["provision", "SESSIONS", "--dry-run"]));
    insta::assert_snapshot!(sandbox.run(&["provision", "SESSIONS", "--check", "-q"]));
    assert_eq!(sandbox.emulator.requests("POST"), 0);
    assert_eq!(sandbox.read("wrangler.toml"), BIO);
}

#[test]
fn the_json_report_is_one_document() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    let seen = sandbox.run(&["provision", "SESSIONS", "--preview", "separate", "--json"]);
    serde_json::from_str::<serde_json::Value>(&seen.stdout).unwrap();
    insta::assert_snapshot!(seen);
}

#[test]
fn environments_have_namespaces_of_their_own() {
    let sandbox = Sandbox::new();
    let text = "name = \"bio\"\n\n[[kv_namespaces]]\nbinding = \"SESSIONS\"\nid = \"<id>\"\n\n\
                [env.staging]\nvars = { A = 1 }\n\n[env.production]\nname = \"bio-live\"\n";
    sandbox.write("wrangler.toml", text);
    sandbox.expect(0, &["provision", "--env", "staging"]);
    assert_eq!(titles(&sandbox), ["bio-staging-SESSIONS".to_owned()].into());
    insta::assert_snapshot!(sandbox.run(&["provision", "--all-envs"]));
    let expected = ["bio-SESSIONS", "bio-staging-SESSIONS", "bio-live-SESSIONS"];
    assert_eq!(titles(&sandbox), expected.map(str::to_owned).into());
    sandbox.expect(0, &["provision", "--all-envs", "--check"]);
}

#[test]
fn an_environment_is_added_only_on_request() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n\n[env.production]\n");
    let seen = sandbox.expect(5, &["provision", "A", "--env", "produktion", "--yes"]);
    let hint = "hint: did you mean `--env production`?\n";
    assert!(seen.stderr.contains(hint), "{}", seen.stderr);
    sandbox.expect(2, &["provision", "A", "--add-env"]);
    assert_eq!(sandbox.emulator.log().len(), 0);

    let command = ["provision", "A", "--env", "staging", "--add-env"];
    sandbox.expect(0, &command);
    let text = sandbox.read("wrangler.toml");
    let added = "[env.production]\n\n[[env.staging.kv_namespaces]]\nbinding = \"A\"\nid = \"";
    assert!(text.contains(added), "{text}");
    assert_eq!(titles(&sandbox), ["bio-staging-A".to_owned()].into());
    sandbox.expect(0, &[command.as_slice(), &["--check"]].concat());

    sandbox.write(
        "wrangler.toml",
        "name = \"p\"\npages_build_output_dir = \"dist\"\n",
    );
    let seen = sandbox.expect(9, &command);
    assert!(seen.stderr.contains("--env preview"), "{}", seen.stderr);
    sandbox.expect(0, &["provision", "A", "--env", "preview", "--add-env"]);
}

#[test]
fn previews_get_ids_for_what_they_have_and_nothing_else() {
    let sandbox = Sandbox::new();
    let file = "name = \"bio\"\n[[kv_namespaces]]\nbinding = \"A\"\nid = \"\"\n[[kv_namespaces]]\n\
                binding = \"B\"\nid = \"\"\n[[previews.kv_namespaces]]\nbinding = \"A\"\n\
                id = \"<REPLACE_ME>\"\n";
    sandbox.write("wrangler.toml", file);
    let seen = sandbox.run(&["verify", "--only", "configuration"]);
    let said = "`wrangler preview` refuses to run while it is there";
    assert!(seen.stdout.contains(said), "{}", seen.stdout);
    let seen = sandbox.expect(0, &["provision", "--preview", "separate", "--dry-run"]);
    assert!(
        !seen.stdout.contains("@previews-A_preview"),
        "{}",
        seen.stdout
    );

    sandbox.expect(0, &["provision"]);
    let expected = ["bio-A", "bio-B", "bio@previews-A"];
    assert_eq!(titles(&sandbox), expected.map(str::to_owned).into());
    let text = sandbox.read("wrangler.toml");
    assert_eq!(text.matches("[[previews.").count(), 1);
    sandbox.expect(0, &["provision", "--check"]);
    sandbox.expect(0, &["verify", "--only", "configuration,namespaces"]);

    let id = text.rsplit('"').nth(1).unwrap();
    let seen = sandbox.expect(
        0,
        &["namespace", "delete", "--namespace-id", id, "--dry-run"],
    );
    assert!(seen.stderr.contains("`A` in `previews`"), "{}", seen.stderr);

    sandbox.expect(0, &["rename-binding", "A", "LOGINS"]);
    assert_eq!(
        sandbox.read("wrangler.toml"),
        text.replace("\"A\"", "\"LOGINS\"")
    );
}

#[test]
fn sections_of_one_worker_share_its_namespaces() {
    let sandbox = Sandbox::new();
    let text = "name = \"bio\"\n\n[[kv_namespaces]]\nbinding = \"SESSIONS\"\n\n\
                [env.production]\nname = \"bio\"\n";
    sandbox.write("wrangler.toml", text);
    insta::assert_snapshot!(sandbox.run(&["provision", "--all-envs"]));
    assert_eq!(sandbox.emulator.requests("POST"), 1);
}

#[test]
fn a_namespace_that_another_binding_holds_is_not_adopted() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.expect(0, &["provision", "SESSIONS"]);
    sandbox.expect(0, &["rename-binding", "SESSIONS", "LOGINS"]);
    let before = sandbox.read("wrangler.toml");
    insta::assert_snapshot!(sandbox.run(&["provision", "SESSIONS"]));
    assert_eq!(sandbox.read("wrangler.toml"), before);
}

#[test]
fn kvctl_toml_names_what_is_wanted() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n[env.staging]\n");
    sandbox.write(
        "kvctl.toml",
        "[[namespace]]\nbinding = \"SESSIONS\"\ntitle = \"bio-sessions\"\n\n[[namespace]]\nbinding = \"CACHE\"\n",
    );
    sandbox.expect(0, &["provision", "--all-envs"]);
    let expected = [
        "bio-sessions",
        "bio-CACHE",
        "bio-sessions-staging",
        "bio-staging-CACHE",
    ];
    assert_eq!(titles(&sandbox), expected.map(str::to_owned).into());
    sandbox.write("kvctl.toml", "[[namespace]]\nbindin = \"SESSIONS\"\n");
    insta::assert_snapshot!(sandbox.run(&["provision"]));
}

#[test]
fn out_leaves_the_original_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.expect(0, &["provision", "--out", "new.toml"]);
    assert_eq!(sandbox.read("wrangler.toml"), BIO);
    let copy = sandbox.read("new.toml");
    assert_eq!(copy.matches("[[kv_namespaces]]").count(), 3);
    // The same again is the same.
    insta::assert_snapshot!(sandbox.run(&["provision", "--out", "new.toml"]));
    assert_eq!(sandbox.read("new.toml"), copy);
    // Another file is not overwritten unasked, and nothing is created for it.
    sandbox.write("new.toml", "theirs\n");
    sandbox.expect(9, &["provision", "MORE", "--out", "new.toml"]);
    assert_eq!(sandbox.read("new.toml"), "theirs\n");
    assert_eq!(sandbox.emulator.requests("POST"), 3);
    sandbox.expect(0, &["provision", "--out", "new.toml", "--yes"]);
}

#[test]
fn sections_of_two_accounts_are_not_mixed() {
    let sandbox = Sandbox::new();
    let other = "ffffffffffffffffffffffffffffff00";
    let text = format!(
        "name = \"bio\"\naccount_id = \"{ACCOUNT}\"\n[env.live]\naccount_id = \"{other}\"\n"
    );
    sandbox.write("wrangler.toml", text);
    let mut command = sandbox.command(&["provision", "A", "--all-envs"]);
    let seen = Seen::of(command.env_remove("CLOUDFLARE_ACCOUNT_ID").finish());
    insta::assert_snapshot!(seen);
    assert_eq!(sandbox.emulator.log().len(), 0);
}

#[test]
fn a_hint_for_an_environment_names_it() {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["namespace", "create", "bio-s-a"]);
    sandbox.write("wrangler.toml", "name = \"bio\"\n[env.s]\n");
    let seen = sandbox.expect(9, &["provision", "A", "--env", "s"]);
    seen.assert_stderr("`kvctl provision A=bio-s-a --env s`");
}

#[test]
fn a_replacement_that_was_made_is_no_error_the_second_time() {
    let sandbox = Sandbox::new();
    let old = "0f2ac74b498b48028cb68387c421e279";
    let entry =
        format!("[[kv_namespaces]]\nbinding = \"A\"\nid = \"{old}\"\npreview_id = \"{old}\"\n");
    sandbox.write("wrangler.toml", format!("name = \"bio\"\n{entry}"));
    let args = [
        "provision",
        "--preview",
        "separate",
        "--replace-id",
        old,
        "--yes",
    ];
    for _ in 0..2 {
        sandbox.expect(0, &args);
        assert!(!sandbox.read("wrangler.toml").contains(old));
    }
}

#[test]
fn a_preview_that_stays_shared_fails_a_check() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.expect(0, &["provision", "A", "--preview", "same"]);
    insta::assert_snapshot!(sandbox.run(&["provision", "--preview", "separate", "--check"]));
}

#[test]
fn a_title_in_kvctl_toml_moves_no_live_binding() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.expect(0, &["provision", "A"]);
    let before = sandbox.read("wrangler.toml");
    sandbox.write(
        "kvctl.toml",
        "[[namespace]]\nbinding = \"A\"\ntitle = \"another\"\n",
    );
    insta::assert_snapshot!(sandbox.run(&["provision"]));
    assert_eq!(sandbox.read("wrangler.toml"), before);
}

#[test]
fn init_makes_a_file_where_there_is_none() {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["provision", "--init", "SESSIONS", "--dry-run"]);
    assert!(!sandbox.app().join("wrangler.toml").exists());
    sandbox.expect(0, &["provision", "--init", "SESSIONS"]);
    let text = sandbox.read("wrangler.toml");
    assert!(
        text.starts_with("name = \"app\"\ncompatibility_date = \"20"),
        "{text}"
    );
    assert_eq!(titles(&sandbox), ["app-SESSIONS".to_owned()].into());
    sandbox.expect(0, &["provision", "--init", "--check"]);
}

#[test]
fn init_needs_a_name_that_is_the_project_s_own() {
    let sandbox = Sandbox::new();
    let path = sandbox.other_checkout("项目");
    let mut command = sandbox.command(&["provision", "--init"]);
    let seen = Seen::of(command.current_dir(&path));
    assert_eq!(seen.code, Some(9), "{seen}");
    assert_eq!(sandbox.emulator.requests("POST"), 0);
    let nested = sandbox.app().join("sub");
    fs::create_dir(&nested).unwrap();
    let mut command = sandbox.command(&["--cwd", "..", "provision", "--init", "A", "--dry-run"]);
    let seen = Seen::of(command.current_dir(&nested));
    seen.assert_stdout("app-A");
}

#[test]
fn bindings_only_in_environments_ask_for_one() {
    let sandbox = Sandbox::new();
    let text = "name = \"bio\"\n[[env.staging.kv_namespaces]]\nbinding = \"SESSIONS\"\n";
    sandbox.write("wrangler.toml", text);
    insta::assert_snapshot!(sandbox.run(&["provision"]));
    sandbox.expect(0, &["provision", "--all-envs"]);
    assert_eq!(titles(&sandbox).len(), 1);
}

/// The command of the first hint on stderr, to be run.
fn hinted(seen: &Seen) -> Vec<String> {
    let (_, after) = seen.stderr.split_once("`kvctl ").unwrap();
    let (command, _) = after.split_once('`').unwrap();
    command.split(' ').map(str::to_owned).collect()
}

fn run(sandbox: &Sandbox, code: i32, command: &[String]) -> Seen {
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    sandbox.expect(code, &command)
}

#[test]
fn the_hint_for_pages_loses_no_binding_of_previews() {
    let sandbox = Sandbox::new();
    let account = ACCOUNT.parse().unwrap();
    let [live, preview] = ["live", "preview"].map(|title| sandbox.create(title));
    let text = "name = \"site\"\npages_build_output_dir = \"d\"\n\
                kv_namespaces = [{ binding = \"KV\" }, { binding = \"OTHER\" }]\n\
                [vars]\nLEVEL = \"info\"\n";
    let both = [("KV", live.as_str())];
    for production in [&both[..], &[]] {
        sandbox.write("wrangler.toml", text);
        let previews = [("KV", preview.as_str())];
        let emulator = &sandbox.emulator;
        emulator
            .create_project(&account, "site", production, &previews)
            .unwrap();
        sandbox.expect(9, &["key", "get", "-b", "KV", "k"]);
        let seen = sandbox.expect(9, &["provision"]);
        let seen = run(&sandbox, 0, &hinted(&seen));
        let note = "environment `preview` inherits no bindings or variables: it lacks `vars`";
        seen.assert_stdout(note);
        sandbox.expect(0, &["provision"]);
        let file = sandbox.read("wrangler.toml");
        let (top, section) = file.split_once("[env.preview]").unwrap();
        assert!(
            section.contains(&preview) && section.contains("OTHER"),
            "{file}"
        );
        assert!(!top.contains(&preview), "{file}");
        assert_eq!(top.contains(&live), !production.is_empty(), "{file}");
        sandbox.expect(0, &["provision", "--all-envs", "--check"]);
    }
}

#[test]
fn a_new_section_is_told_what_it_lacks() {
    let sandbox = Sandbox::new();
    let text = "name = \"bio\"\nkv_namespaces = [{ binding = \"A\", id = \"\" }, { binding = \"B\", id = \"\" }]\n\
                [[d1_databases]]\nbinding = \"DB\"\n";
    sandbox.write("wrangler.toml", text);
    let command = ["provision", "A", "--env", "staging", "--add-env"];
    let seen = sandbox.expect(8, &[&command[..], &["--check"]].concat());
    let said = "it lacks the KV binding `B`, `d1_databases`, which the top level has";
    seen.assert_stdout(said);
    sandbox.expect(0, &command).assert_stdout(said);
    let again = sandbox.expect(0, &command);
    assert!(!again.stdout.contains("it lacks"), "{again}");
}

#[test]
fn an_environment_that_no_worker_can_be_named_after_is_not_added() {
    let sandbox = Sandbox::new();
    let text = "name = \"bio\"\n[env.Prod]\nkv_namespaces = [{ binding = \"A\" }]\n";
    sandbox.write("wrangler.toml", text);
    let seen = sandbox.expect(5, &["provision", "A", "--env", "a b", "--add-env"]);
    seen.assert_stderr("environment `a b` makes the Worker's name `bio-a b`");
    for command in [
        &["provision", "--env", "Prod"][..],
        &["key", "get", "-b", "A", "--env", "Prod", "k"],
    ] {
        let seen = sandbox.expect(5, command);
        seen.assert_stderr("environment `Prod` (line 2) makes the Worker's name `bio-Prod`");
    }
    let log = sandbox.emulator.log();
    assert!(log.iter().all(|it| !it.path.contains("scripts")), "{log:?}");
    // Nor does it keep a namespace from being deleted.
    sandbox.expect(0, &["namespace", "create", "x"]);
    sandbox.expect(0, &["namespace", "delete", "-n", "x", "--confirm", "x"]);
}

#[test]
fn a_placeholder_for_a_binding_is_renamed_by_the_command_that_is_named() {
    let sandbox = Sandbox::new();
    let text = "name = \"bio\"\nkv_namespaces = [{ binding = \"<BINDING>\", id = \"<X>\" }]\n";
    sandbox.write("wrangler.toml", text);
    for command in [&["provision"][..], &["key", "get", "-b", "<BINDING>", "k"]] {
        let seen = sandbox.expect(5, command);
        seen.assert_stderr("`kvctl rename-binding '<BINDING>' NAME`");
    }
    let seen = sandbox.run(&["verify", "--only", "configuration"]);
    seen.assert_stdout("a placeholder instead of a name");
    assert_eq!(sandbox.emulator.requests("POST"), 0);
    sandbox.expect(0, &["rename-binding", "<BINDING>", "CACHE"]);
    sandbox.expect(0, &["provision"]);
}

#[test]
fn a_slip_of_the_shift_key_makes_no_second_binding() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        "name = \"app\"\nkv_namespaces = [{ binding = \"CACHE\" }]\n",
    );
    let id = &sandbox.create("app-cache");
    let account = ACCOUNT.parse().unwrap();
    sandbox
        .emulator
        .deploy(&account, "app", &[("CACHE", id)])
        .unwrap();
    let seen = sandbox.expect(9, &["provision", "cache"]);
    let seen = run(&sandbox, 0, &hinted(&seen));
    seen.assert_stdout(id);
}

#[test]
fn previews_that_use_production_are_repaired_by_the_command_that_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"eq\"\n");
    sandbox.expect(0, &["provision", "A"]);
    let file = sandbox.read("wrangler.toml");
    let id = file.rsplit('"').nth(1).unwrap();
    let shared = format!("{file}[[previews.kv_namespaces]]\nbinding = \"A\"\nid = \"{id}\"\n");
    sandbox.write("wrangler.toml", &shared);
    let seen = sandbox.expect(0, &["provision"]);
    let (_, after) = seen
        .stdout
        .split_once("writes to production; `kvctl ")
        .unwrap();
    let (command, _) = after.split_once('`').unwrap();
    let mut command: Vec<String> = command.split(' ').map(str::to_owned).collect();
    command.push("--yes".to_owned());
    run(&sandbox, 0, &command);
    let file = sandbox.read("wrangler.toml");
    assert_eq!(file.matches(id).count(), 1, "{file}");
    assert!(titles(&sandbox).contains("eq@previews-A"));
}

#[test]
fn every_id_that_is_missing_is_replaced_in_previews_too() {
    let sandbox = Sandbox::new();
    let missing = "ffffffff11112222333344445555aaaa";
    let entry = |header: &str| format!("[[{header}]]\nbinding = \"A\"\nid = \"{missing}\"\n");
    let text = [
        "kv_namespaces",
        "previews.kv_namespaces",
        "env.s.kv_namespaces",
    ]
    .map(entry);
    sandbox.write(
        "wrangler.toml",
        format!("name = \"bio\"\n{}", text.concat()),
    );
    sandbox
        .expect(9, &["provision"])
        .assert_stderr(format!("`kvctl provision --replace-id {missing}`"));
    let command = ["provision", "--replace-missing", "--all-envs", "--yes"];
    sandbox.expect(0, &command);
    let text = sandbox.read("wrangler.toml");
    assert!(!text.contains(missing), "{text}");
    sandbox.expect(0, &["provision", "--all-envs", "--check"]);
}

#[test]
fn a_jurisdiction_is_shown_before_it_is_used() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        "name = \"app\"\nkv_namespaces = [{ binding = \"A\" }]\n",
    );
    sandbox.write(
        "kvctl.toml",
        "[[namespace]]\nbinding = \"A\"\njurisdiction = \"eu\"\n",
    );
    for mode in ["--check", "--dry-run"] {
        sandbox
            .run(&["provision", mode])
            .assert_stdout("app-A (eu)");
    }
    let told = |more: &str| {
        let seen = sandbox.run(&["provision", "--json", more]);
        let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
        report["bindings"][0]["jurisdiction"].clone()
    };
    assert_eq!(told("--dry-run"), "eu");
    sandbox.expect(0, &["namespace", "create", "app-A"]);
    sandbox.expect(0, &["namespace", "create", "other", "--jurisdiction", "us"]);
    let seen = sandbox.expect(9, &["provision"]);
    seen.assert_stderr("it has no jurisdiction, and kvctl.toml says eu");
    sandbox.expect(0, &["namespace", "rename", "-n", "app-A", "--to", "x"]);
    sandbox.expect(0, &["provision"]);
    assert_eq!(told("--check"), "eu");
}

#[test]
fn titles_of_kvctl_toml_share_a_namespace_only_where_it_says_so() {
    let sandbox = Sandbox::new();
    let two = "kv_namespaces = [{ binding = \"A\" }, { binding = \"B\" }]\n";
    sandbox.write(
        "wrangler.toml",
        format!("name = \"kt\"\n{two}[env.s]\n{two}"),
    );
    let titles_of = |a: &str, b: &str| {
        let rule = |binding, title| {
            format!("[[namespace]]\nbinding = \"{binding}\"\ntitle = \"{title}\"\n")
        };
        sandbox.write("kvctl.toml", rule("A", a) + &rule("B", b));
    };
    titles_of("t", "<YOUR_TITLE>");
    sandbox
        .expect(5, &["provision"])
        .assert_stderr("`<YOUR_TITLE>` of binding `B`");
    titles_of("t", "t-s");
    let seen = sandbox.expect(9, &["provision", "--all-envs"]);
    seen.assert_stderr("would share the namespace `t-s`");
    sandbox.expect(0, &["provision"]);
    let seen = sandbox.expect(9, &["provision", "--env", "s"]);
    seen.assert_stderr("would share the namespace `t-s`");
    titles_of("t", "t_preview");
    sandbox.write("wrangler.toml", format!("name = \"kt\"\n{two}"));
    sandbox.expect(0, &["provision"]);
    let seen = sandbox.expect(9, &["provision", "A", "--preview", "separate"]);
    seen.assert_stderr("would share the namespace `t_preview`");
    // A renamed binding keeps its namespace; the old name gets no part of it, if a rule still has it.
    sandbox.expect(0, &["rename-binding", "B", "C"]);
    sandbox.expect(0, &["provision"]);
    titles_of("t", "t_preview");
    let seen = sandbox.expect(9, &["provision"]);
    seen.assert_stderr("would share the namespace `t_preview`");
    titles_of("one", "one");
    sandbox.write("wrangler.toml", format!("name = \"kt\"\n{two}"));
    sandbox.expect(0, &["provision"]);
}

/// A Pages project whose production and previews use the namespace of the top level.
#[test]
fn sections_of_pages_go_on_with_what_is_deployed_and_separate_previews() {
    let sandbox = Sandbox::new();
    let top = "name = \"pm\"\npages_build_output_dir = \"d\"\n";
    sandbox.write("wrangler.toml", top);
    sandbox.expect(0, &["provision", "KV"]);
    let file = sandbox.read("wrangler.toml");
    let id = file.rsplit('"').nth(1).unwrap().to_owned();
    // Not deployed yet: the top level is for previews.
    sandbox.expect(0, &["provision", "--env", "production", "--add-env"]);
    assert_eq!(sandbox.read("wrangler.toml").matches(&id).count(), 1);
    assert!(titles(&sandbox).contains("pm-production-KV"));

    sandbox.write("wrangler.toml", &file);
    let bound = [("KV", id.as_str())];
    let account = ACCOUNT.parse().unwrap();
    let made = sandbox
        .emulator
        .create_project(&account, "pm", &bound, &bound);
    made.unwrap();
    sandbox.expect(0, &["provision", "--env", "production", "--add-env"]);
    assert_eq!(sandbox.read("wrangler.toml").matches(&id).count(), 2);
    let checks = ["verify", "--all-envs", "--only", "namespaces", "--json"];
    let seen = sandbox.expect(0, &checks);
    assert!(!seen.stdout.contains("pm-production-KV"), "{seen}");

    sandbox.write("wrangler.toml", &file);
    sandbox.expect(0, &["provision", "--env", "preview", "--add-env"]);
    assert_eq!(sandbox.read("wrangler.toml").matches(&id).count(), 1);
    assert!(titles(&sandbox).contains("pm-preview-KV"));
}

#[test]
fn a_name_made_from_the_folder_adopts_nothing_unasked() {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["provision", "--init", "SESSIONS"]);
    let other = sandbox.app().join("sub/app");
    fs::create_dir_all(&other).unwrap();
    fs::remove_file(sandbox.app().join("wrangler.toml")).unwrap();
    let init = |args: &[&str]| {
        let mut command = sandbox.command(args);
        Seen::of(command.current_dir(&other))
    };
    let seen = init(&["provision", "--init", "SESSIONS"]);
    assert_eq!(seen.code, Some(9), "{seen}");
    seen.assert_stderr(
        "adopting `app-SESSIONS`, which another project in a folder of this name may use, requires",
    );
    assert!(!other.join("wrangler.toml").exists());
    let seen = init(&["provision", "--init", "SESSIONS", "--yes"]);
    assert_eq!(seen.code, Some(0), "{seen}");
}

#[test]
fn a_folder_that_is_not_there_is_named_and_nothing_is_said_to_be_created() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", BIO);
    sandbox.expect(0, &["provision"]);
    let requests = sandbox.emulator.log().len();
    let seen = sandbox.expect(2, &["provision", "MORE", "--out", "absent/x.toml"]);
    insta::assert_snapshot!(seen, @"
    exit: 2
    --- stderr
    error: nothing was created: `absent/x.toml` cannot be written
      because: the folder `absent` does not exist
    hint: make it first, or name another
    ");
    assert_eq!(sandbox.emulator.log().len(), requests);
}

#[test]
fn a_name_that_was_meant_to_be_another_makes_no_namespace() {
    let sandbox = Sandbox::new();
    let file = "name = \"bio\"\n\n[[kv_namespaces]]\nbinding = \"CONFIG_CACHE\"\n\n[env.staging]\n";
    sandbox.write("wrangler.toml", file);
    let typed: [&[&str]; 5] = [
        &["staging"],
        &["CONFIG_CACH"],
        &["CONFIG_CACH", "--env", "staging"],
        &["STAGING", "--all-envs"],
        &["configcache", "--all-envs"],
    ];
    let said = typed.map(|args| sandbox.expect(9, &[&["provision"], args].concat()).stderr);
    insta::assert_snapshot!(said.join("\n"), @"
    error: nothing was created or written (wrangler.toml)
      because: `staging` is the name of an environment, and the file has no binding of that name
    hint: run `kvctl provision --env staging`, or give a new binding a title: `kvctl provision staging=TITLE`

    error: nothing was created or written (wrangler.toml)
      because: there is no binding `CONFIG_CACH`, and it is nearly the name of the binding `CONFIG_CACHE`
    hint: run `kvctl provision CONFIG_CACHE`, or give a new binding a title: `kvctl provision CONFIG_CACH=TITLE`

    error: nothing was created or written (wrangler.toml)
      because: there is no binding `CONFIG_CACH`, and it is nearly the name of the binding `CONFIG_CACHE`
    hint: run `kvctl provision CONFIG_CACHE --env staging`, or give a new binding a title: `kvctl provision CONFIG_CACH=TITLE --env staging`

    error: nothing was created or written (wrangler.toml)
      because: `STAGING` is the name of an environment, and the file has no binding of that name
    hint: run `kvctl provision --env staging`, or add a new binding to the file first

    error: nothing was created or written (wrangler.toml)
      because: there is no binding `configcache`, and it is nearly the name of the binding `CONFIG_CACHE`
    hint: run `kvctl provision CONFIG_CACHE --all-envs`, or add a new binding to the file first
    ");
    assert_eq!(sandbox.emulator.log().len(), 0);
    assert_eq!(sandbox.read("wrangler.toml"), file);
    // Who means it says so.
    sandbox.expect(0, &["provision", "staging=bio-staging", "CONFIG_CACH=x"]);
    sandbox.expect(0, &["provision", "staging", "CONFIG_CACH", "CONFIG_CACHE"]);
    // What a file has, in whatever section, is no slip.
    sandbox.write("kvctl.toml", "[[namespace]]\nbinding = \"CONFIG_CACHES\"\n");
    sandbox.expect(
        0,
        &["provision", "CONFIG_CACHES", "CONFIG_CACH", "--all-envs"],
    );
}

#[test]
fn a_title_that_another_namespace_has_is_bound_and_not_given_again() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\n");
    sandbox.expect(0, &["provision", "A"]);
    sandbox.expect(0, &["namespace", "create", "people"]);
    sandbox.write(
        "kvctl.toml",
        "[[namespace]]\nbinding = \"A\"\ntitle = \"people\"\n",
    );
    let verify = ["verify", "--only", "namespaces", "--json"];
    let seen = sandbox.run(&verify);
    let said: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    let command = said["findings"][0]["commands"][0].as_str().unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!(
        words[..3],
        ["provision", "A=people", "--replace-id"],
        "{seen}"
    );
    sandbox.expect(0, &[&words[..], &["--yes"]].concat());
    sandbox.expect(0, &verify);
}
