//! Wrangler files that say something else than their authors mean, and what stands in their place.

use fs_err as fs;

use crate::sandbox::{Sandbox, Seen};

const ID: &str = "0f2ac74b498b48028cb68387c421e279";

fn refused(sandbox: &Sandbox, args: &[&str], place: &str) {
    let before = sandbox.read("wrangler.toml");
    let seen = sandbox.expect(5, args);
    seen.assert_stderr(place);
    seen.assert_stderr("nothing was created or written");
    assert!(!seen.stderr.contains(ID), "{seen}");
    assert_eq!(sandbox.emulator.requests("POST"), 0, "{seen}");
    assert_eq!(sandbox.read("wrangler.toml"), before, "{seen}");
}

#[test]
fn provision_changes_nothing_beside_keys_that_wrangler_ignores() {
    let sandbox = Sandbox::new();
    let file = format!(
        "name = \"bio\"\n[[kv_namespaces]]\nbinding = \"CACHE\"\nnamespace_id = \"{ID}\"\n"
    );
    sandbox.write("wrangler.toml", &file);
    let place = "wrangler.toml:4:1: `namespace_id` holds what looks like an id";
    refused(&sandbox, &["provision"], place);
    refused(&sandbox, &["provision", "SESSIONS"], place);
    refused(&sandbox, &["provision", "--dry-run"], place);
    refused(
        &sandbox,
        &["provision", "--env", "live", "--add-env"],
        place,
    );
    let seen = sandbox.expect(8, &["verify", "--only", "configuration"]);
    seen.assert_stdout(place.split_once(": ").unwrap().1);
    // What does not create works on.
    sandbox.expect(0, &["namespace", "list"]);

    let file = "[[kv_namespaces]]\nbinding = \"CACHE\"\nname = \"bio\"\nmain = \"a.ts\"\n";
    sandbox.write("wrangler.toml", file);
    let place = "wrangler.toml:3:1: `name` is part of an entry of `kv_namespaces`";
    refused(&sandbox, &["provision"], place);
    refused(&sandbox, &["provision", "CACHE=bio-cache"], place);
    let seen = sandbox.expect(8, &["verify", "--only", "configuration"]);
    seen.assert_stdout("`main` is part of an entry");
}

#[test]
fn a_provisioned_file_is_left_alone_whatever_its_keys() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\nmain = \"a.ts\"\n");
    sandbox.expect(0, &["provision", "CACHE"]);
    let file = sandbox.read("wrangler.toml") + "compatibility_date = \"2026-01-01\"\n";
    sandbox.write("wrangler.toml", &file);
    sandbox.expect(0, &["provision", "CACHE"]);
    assert_eq!(sandbox.read("wrangler.toml"), file);
}

#[test]
fn a_configuration_in_typescript_gets_no_rival() {
    let sandbox = Sandbox::new();
    sandbox.write("cloudflare.config.ts", "export default {}");
    for args in [
        &["provision"][..],
        &["provision", "--init"],
        &["provision", "--init", "-c", "wrangler.jsonc"],
        &["key", "get", "a"],
        &["key", "get", "-b", "CACHE", "a"],
        &["rename-binding", "A", "B"],
    ] {
        let seen = sandbox.expect(5, args);
        seen.assert_stderr("cloudflare.config.ts: kvctl cannot read configuration in TypeScript");
        seen.assert_stderr("-c FILE");
    }
    for file in ["wrangler.toml", "wrangler.jsonc"] {
        assert!(!sandbox.app().join(file).exists());
    }
    let seen = sandbox.expect(8, &["verify", "--only", "configuration"]);
    seen.assert_stdout("cloudflare.config.ts");
    let seen = sandbox.expect(0, &["scaffold", "--dry-run"]);
    seen.assert_stdout("kvctl cannot read the bindings in cloudflare.config.ts");
    assert!(!seen.stdout.contains("provision"), "{seen}");
    sandbox.expect(0, &["namespace", "list"]);
    // As wrangler does, unless its experiment is switched on.
    sandbox.write("wrangler.toml", "name = \"bio\"\nmain = \"a.ts\"\n");
    sandbox.expect(0, &["provision", "CACHE"]);
}

#[test]
fn the_hints_for_previews_of_pages_work() {
    let sandbox = Sandbox::new();
    let file = "name = \"bio\"\npages_build_output_dir = \"./out\"\n";
    sandbox.write("wrangler.toml", file);
    sandbox.expect(0, &["provision", "CACHE"]);
    let verify = ["verify", "--only", "preview,pages", "--fail-on", "warn"];
    let seen = sandbox.expect(8, &verify);
    seen.assert_stdout("`env.preview`");
    seen.assert_stdout("kvctl provision --env preview --add-env");
    for word in ["preview_id", "--remote"] {
        assert!(!seen.stdout.contains(word), "{seen}");
    }
    sandbox.expect(0, &["provision", "--env", "preview", "--add-env"]);
    sandbox.expect(0, &verify);

    let ids = |sandbox: &Sandbox| {
        let text = sandbox.read("wrangler.toml");
        let ids = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("id = "));
        let ids = ids.map(|id| id.trim_matches('"').to_owned());
        ids.collect::<Vec<_>>()
    };
    let [production, preview] = <[String; 2]>::try_from(ids(&sandbox)).unwrap();
    let shared = sandbox.read("wrangler.toml").replace(&preview, &production);
    sandbox.write("wrangler.toml", shared);
    let seen = sandbox.expect(8, &verify);
    let hint = seen.stdout.split("run `kvctl ").nth(1).unwrap();
    let hint = hint.split('`').next().unwrap();
    let hint: Vec<&str> = hint.split_whitespace().chain(["--yes"]).collect();
    sandbox.expect(0, &hint);
    assert_eq!(ids(&sandbox), [production, preview]);
    sandbox.expect(0, &verify);
}

#[test]
fn the_hint_for_a_remote_binding_works() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\nmain = \"a.ts\"\n");
    sandbox.expect(0, &["provision", "CACHE", "--preview", "same"]);
    let text = sandbox.read("wrangler.toml") + "remote = true\n";
    sandbox.write("wrangler.toml", text);
    let verify = ["verify", "--only", "preview"];
    let seen = sandbox.expect(0, &verify);
    seen.assert_stdout("plain `wrangler dev` writes to production");
    let hint = seen.stdout.split("run `kvctl ").nth(1).unwrap();
    let hint = hint.split('`').next().unwrap();
    let hint: Vec<&str> = hint.split_whitespace().chain(["--yes"]).collect();
    sandbox.expect(0, &hint);
    let verify = ["verify", "--only", "preview", "--fail-on", "warn"];
    sandbox.expect(0, &verify);
}

fn deployed(sandbox: &Sandbox, args: &[&str]) -> Seen {
    let verify = ["verify", "--only", "configuration,deployed"];
    sandbox.expect(0, &[&verify, args].concat())
}

/// A project whose binding has no id, and the namespace that the Worker `NAME` binds for it.
fn deployed_under(name: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let file = "name = \"app\"\nmain = \"a.ts\"\nkv_namespaces = [{ binding = \"A\" }]\n[env.s]\n";
    sandbox.write("wrangler.toml", file);
    let id = sandbox.create("data");
    let account = crate::sandbox::ACCOUNT.parse().unwrap();
    let deployed = sandbox.emulator.deploy(&account, name, &[("A", &id)]);
    deployed.unwrap();
    (sandbox, id)
}

/// Workers Builds calls the Worker as the dashboard does, whatever the file says.
#[test]
fn the_worker_that_builds_deploy_is_asked() {
    let (sandbox, id) = deployed_under("other");
    let with_name = |code: i32, args: &[&str]| {
        let mut command = sandbox.command(args);
        command.env("WRANGLER_CI_OVERRIDE_NAME", "other");
        let seen = Seen::of(command);
        assert_eq!(seen.code, Some(code), "{seen}");
        seen
    };
    with_name(0, &["key", "put", "-b", "A", "k", "v"]).assert_stderr(
        "`wrangler deploy` deploys the top level as the Worker `other`, because of \
         WRANGLER_CI_OVERRIDE_NAME",
    );
    with_name(0, &["provision", "--dry-run"]).assert_stdout(&id);
    with_name(5, &["key", "list", "-b", "A", "--env", "s"]);
    let local = with_name(0, &["key", "list", "-b", "A", "--local"]);
    assert!(!local.stderr.contains("other"), "{local}");
    sandbox.expect(5, &["key", "list", "-b", "A"]);
    with_name(0, &["provision"]);
    let file = sandbox.read("wrangler.toml");
    assert!(
        file.contains(&id) && file.contains("name = \"app\""),
        "{file}"
    );
}

#[test]
fn the_worker_that_a_build_tool_names_is_asked_and_verify_warns() {
    let (sandbox, id) = deployed_under("built-app");
    let redirect = ".wrangler/deploy/config.json";
    sandbox.write(redirect, "{\"configPath\": \"../../dist/wrangler.json\"}");
    let built = "{\"name\": \"built-app\", \"kv_namespaces\": [{\"binding\": \"A\"}]}";
    sandbox.write("dist/wrangler.json", built);
    let seen = sandbox.expect(0, &["verify", "--only", "configuration,deployed"]);
    seen.assert_stdout("deploys the Worker `built-app`, which is not the file's name");
    let seen = sandbox.expect(0, &["provision"]);
    seen.assert_stderr("because of dist/wrangler.json");
    assert!(sandbox.read("wrangler.toml").contains(&id), "{seen}");
    sandbox.write("dist/wrangler.json", built.replace("built-app", "app"));
    let seen = sandbox.expect(0, &["key", "list", "-b", "A"]);
    assert!(!seen.stderr.contains("note"), "{seen}");
}

#[test]
fn an_environment_that_pages_does_not_have_is_not_provisioned() {
    let sandbox = Sandbox::new();
    let file = "name = \"bio\"\npages_build_output_dir = \"d\"\n[env.staging]\n\
                kv_namespaces = [{ binding = \"A\" }]\n[env.preview]\nname = \"other\"\n";
    sandbox.write("wrangler.toml", file);
    let args: [&[&str]; 2] = [&["--all-envs"], &["--env", "staging"]];
    for args in args {
        let seen = sandbox.expect(9, &[&["provision", "A"], args].concat());
        seen.assert_stderr("a Pages project cannot have environment `staging` (line 3)");
    }
    assert_eq!(sandbox.emulator.requests("POST"), 0);
    let seen = sandbox.expect(8, &["verify", "--only", "pages"]);
    seen.assert_stdout("wrangler.toml:3");
    // Its sections are sides of one project, and have no names of their own.
    let seen = sandbox.expect(0, &["provision", "A", "--env", "preview", "--dry-run"]);
    seen.assert_stdout("bio-preview-A");
}

#[test]
fn the_hint_for_an_id_of_another_account_names_its_section() {
    let sandbox = Sandbox::new();
    let file = format!(
        "name = \"bio\"\n[env.s]\nkv_namespaces = [{{ binding = \"A\", id = \"{ID}\" }}]\n"
    );
    sandbox.write("wrangler.toml", file);
    let verify = ["verify", "--only", "namespaces", "--env", "s"];
    let seen = sandbox.expect(8, &verify);
    let (_, hint) = seen.stdout.split_once("`kvctl ").unwrap();
    let hint = hint.split('`').next().unwrap().split(' ');
    let hint: Vec<&str> = hint.chain(["--yes"]).collect();
    sandbox.expect(0, &hint);
    sandbox.expect(0, &verify);
}

#[test]
fn a_damaged_preview_id_is_not_replaced() {
    let sandbox = Sandbox::new();
    let file = format!(
        "name = \"bio\"\nkv_namespaces = [{{ binding = \"A\", preview_id = \"{}\" }}]\n",
        &ID[1..]
    );
    sandbox.write("wrangler.toml", &file);
    let seen = sandbox.expect(9, &["provision", "--preview", "separate"]);
    seen.assert_stderr("`preview_id = \"\"`");
    assert_eq!(sandbox.read("wrangler.toml"), file);
    sandbox.expect(0, &["provision"]);
}

#[test]
fn verify_compares_the_file_that_a_build_tool_made() {
    let sandbox = Sandbox::new();
    sandbox.write("wrangler.toml", "name = \"bio\"\nmain = \"a.ts\"\n");
    sandbox.expect(0, &["provision", "CACHE"]);
    let text = sandbox.read("wrangler.toml");
    let (_, id) = text.split_once("id = \"").unwrap();
    let id = id.split('"').next().unwrap();
    let redirect = ".wrangler/deploy/config.json";
    sandbox.write(redirect, "{\"configPath\": \"../../dist/wrangler.json\"}");
    let built = |rest: &str| {
        let entry = format!("{{\"binding\": \"CACHE\", \"id\": \"{id}\"}}");
        let text = format!("{{\"name\": \"bio\", {rest}\"kv_namespaces\": [{entry}]}}");
        sandbox.write("dist/wrangler.json", text);
    };
    built("");
    deployed(&sandbox, &[]).assert_stdout("has the same KV bindings");

    built("\"targetEnvironment\": \"live\", ");
    let seen = deployed(&sandbox, &[]);
    seen.assert_stdout("was built for environment `live`, which the file does not have");
    assert!(
        !deployed(&sandbox, &["-c", "wrangler.toml"])
            .stdout
            .contains("dist/")
    );

    sandbox.write(
        "wrangler.toml",
        format!(
            "{text}\n[env.live]\n[[env.live.kv_namespaces]]\nbinding = \"LOG\"\nid = \"{ID}\"\n"
        ),
    );
    let seen = sandbox.expect(0, &["verify", "--only", "deployed,preview"]);
    seen.assert_stdout("live/LOG");
    seen.assert_stdout(
        "dist/wrangler.json, which `wrangler deploy` takes, does not have the binding",
    );
    seen.assert_stdout("live/CACHE");
    sandbox.write("wrangler.toml", &text);

    built("");
    let path = |name: &str| sandbox.app().join(name);
    let now = fs::metadata(path("wrangler.toml"))
        .unwrap()
        .modified()
        .unwrap();
    let built = fs::File::options()
        .write(true)
        .open(path("dist/wrangler.json"))
        .unwrap();
    built
        .into_file()
        .set_modified(now - std::time::Duration::from_mins(1))
        .unwrap();
    deployed(&sandbox, &[]).assert_stdout("is older than the wrangler file");

    sandbox.write(redirect, "{");
    deployed(&sandbox, &[]).assert_stdout(redirect);
    sandbox.expect(0, &["provision", "CACHE"]);
    sandbox.expect(0, &["key", "list", "-b", "CACHE"]);
    fs::remove_file(path(redirect)).unwrap();
    #[cfg(unix)]
    crate::sandbox::mkfifo(&path(redirect));
    #[cfg(unix)]
    deployed(&sandbox, &[]).assert_stdout("it is a pipe, not a file");
}

#[test]
fn a_built_file_with_other_local_namespaces_is_noted() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "wrangler.toml",
        "name = \"app\"\nkv_namespaces = [{ binding = \"A\", id = \"orig\" }]\n",
    );
    sandbox.write(
        ".wrangler/deploy/config.json",
        "{\"configPath\": \"../../dist/wrangler.json\"}",
    );
    let built = "{\"name\": \"app\", \"kv_namespaces\": [{\"binding\": \"A\", \"id\": \"redir\"}]}";
    sandbox.write("dist/wrangler.json", built);
    let list = ["key", "list", "-b", "A", "--local"];
    let seen = sandbox.expect(0, &list);
    seen.assert_stderr("the local namespace `redir` for `A`, and not `orig`");
    sandbox.write("dist/wrangler.json", built.replace("redir", "orig"));
    assert!(!sandbox.expect(0, &list).stderr.contains("dist/"));
}
