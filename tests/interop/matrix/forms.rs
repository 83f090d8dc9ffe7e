//! All forms of ids in one file: what `wrangler dev` and `wrangler pages dev` open, and kvctl.

use std::process::Command;

use serde_json::{Value, json};

use super::namespaces::BINDING;
use crate::{
    dev::Dev,
    tools::{Home, Wrangler, ok, refused, text},
};

/// Reads and writes what the path names: `/BINDING/KEY`.
const WORKER: &str = r#"
export default {
  async fetch(request, env) {
    const [, binding, key] = new URL(request.url).pathname.split("/");
    if (request.method === "PUT") {
      await env[binding].put(key, request.body);
      return new Response("stored");
    }
    return new Response(await env[binding].get(key));
  },
};
"#;

/// The entries, and the text that each of them opens.
fn entries() -> Vec<(&'static str, Value, &'static str)> {
    let hex = "0f2ac74b498b48028cb68387c421e279";
    let upper = "AF2AC74B498B48028CB68387C421E279";
    let lower = "af2ac74b498b48028cb68387c421e279";
    let local = "10ca110c2d3e4f60718293a4b5c6d7e8";
    vec![
        ("NONE", json!({}), "NONE"),
        ("TEXT", json!({"id": "dev-cache"}), "dev-cache"),
        ("MARKED", json!({"id": "<id>"}), "<id>"),
        ("HEX", json!({"id": hex}), hex),
        ("UPPER", json!({"id": upper}), upper),
        ("LOWER", json!({"id": lower}), lower),
        ("LOCAL", json!({"id": local}), local),
        ("PREVIEW", json!({"preview_id": "preview"}), "preview"),
        (
            "BOTH",
            json!({"id": "both", "preview_id": "both-preview"}),
            "both-preview",
        ),
        // Not hexadecimal, and names of no file.
        ("ODD", json!({"id": "../a b/ü?"}), "../a b/ü?"),
    ]
}

fn config(kind: &Value) -> String {
    let entry = |(binding, mut entry, _): (&str, Value, &str)| {
        entry["binding"] = json!(binding);
        entry
    };
    let entries: Vec<Value> = entries().into_iter().map(entry).collect();
    let mut config = json!({
        "name": "forms",
        "compatibility_date": "2026-01-01",
        "kv_namespaces": entries,
    });
    for (name, value) in kind.as_object().unwrap() {
        config[name] = value.clone();
    }
    format!("{config:#}\n")
}

pub(super) fn dev_and_kvctl_open_the_same(version: Wrangler) {
    let home = Home::new();
    home.write("worker.js", WORKER);
    home.write("wrangler.jsonc", config(&json!({"main": "worker.js"})));
    meet(&home, version, &["dev"]);
}

pub(super) fn pages_dev_and_kvctl_open_the_same(version: Wrangler) {
    let home = Home::new();
    home.write("public/_worker.js", WORKER);
    home.write(
        "wrangler.jsonc",
        config(&json!({"pages_build_output_dir": "public"})),
    );
    meet(&home, version, &["pages", "dev"]);
}

fn kvctl(home: &Home, verb: &[&str], at: &[&str]) -> Command {
    home.kvctl(&[&["key"], verb, at, &["--local"]].concat())
}

/// Each of them writes to every namespace, and the other one reads that.
fn meet(home: &Home, version: Wrangler, command: &[&str]) {
    let dev = Dev::launch(home, version, command);
    for (binding, _, opened) in entries() {
        let of_binding = ["--binding", binding];
        let of_text = ["--namespace-id", opened];
        let put = |key: &str, at: &[&str]| {
            ok(&mut kvctl(
                home,
                &["put", key, &format!("{key} of {binding}")],
                at,
            ));
        };
        put("by-binding", &of_binding);
        put("by-text", &of_text);
        let worker = format!("by-worker of {binding}");
        let (status, _) = dev.ask("PUT", &format!("{binding}/by-worker"), worker.as_bytes());
        assert_eq!(status, 200, "{binding}");
    }
    // Only now, so that no two of them are one.
    for (binding, _, opened) in entries() {
        for key in ["by-binding", "by-text", "by-worker"] {
            let wanted = format!("{key} of {binding}").into_bytes();
            assert_eq!(
                dev.ask("GET", &format!("{binding}/{key}"), b""),
                (200, wanted.clone())
            );
            for at in [["--binding", binding], ["--namespace-id", opened]] {
                assert_eq!(ok(&mut kvctl(home, &["get", key], &at)), wanted, "{at:?}");
            }
        }
    }
    drop(dev);
}

/// `provision --local` has nothing to do, and takes no data out of reach.
pub(super) fn provision_changes_no_form() {
    let home = Home::new();
    let before = config(&json!({"main": "worker.js"}));
    home.write("worker.js", WORKER);
    home.write("wrangler.jsonc", &before);
    for (binding, ..) in entries() {
        ok(&mut kvctl(
            &home,
            &["put", "key", binding],
            &["--binding", binding],
        ));
    }
    for _ in 0..2 {
        ok(&mut home.kvctl(&["provision", "--local", "--yes"]));
        let after = fs_err::read_to_string(home.app().join("wrangler.jsonc")).unwrap();
        assert_eq!(after, before);
    }
    for (binding, ..) in entries() {
        let found = text(&mut kvctl(&home, &["get", "key"], &["--binding", binding]));
        assert_eq!(found, binding);
    }
}

/// wrangler loses what is written to a namespace with an empty name; kvctl refuses it.
pub(super) fn an_empty_preview_id_is_refused() {
    let home = Home::new();
    let entry = json!([{"binding": BINDING, "id": "dev-cache", "preview_id": ""}]);
    let config = json!({"name": "forms", "main": "worker.js", "kv_namespaces": entry});
    home.write("wrangler.jsonc", config.to_string());
    let said = refused(&mut kvctl(
        &home,
        &["put", "key", "value"],
        &["--binding", BINDING],
    ));
    assert!(said.starts_with("exit status: 5"), "{said}");
    assert!(said.contains("preview_id"), "{said}");
}
