//! A wrangler file that says something wrong, or too little, and a Worker that does not answer.

use fs_err as fs;
use kvctl::emulator::{Action, Answer, Fault};

use super::{Case, MANIFEST, first_id, first_preview, project, snapshot, with_file};
use crate::verify::run;

#[test]
fn files() {
    let pages = with_file(|text| text.replace("main = \"src/index.ts\"\n", ""));
    fs::create_dir(pages.app().join("functions")).unwrap();
    snapshot(
        "files",
        &[
            Case::new(
                "a file that does not parse",
                "configuration",
                with_file(|text| text.replace("\"bio\"", "bio")),
            ),
            Case::new(
                "a wrong shape",
                "configuration",
                with_file(|text| text.replace("binding = \"CACHE\"", "binding = 1")),
            ),
            Case::new(
                "duplicate binding",
                "configuration",
                with_file(|text| format!("{text}\n[[kv_namespaces]]\nbinding = \"CACHE\"\n")),
            ),
            Case::new("Pages without an output directory", "pages", pages)
                .args(&["--fail-on", "warn"]),
        ],
    );
}

#[test]
fn bindings() {
    let local = "10ca110c2ab167c823b7649da152dc95";
    snapshot(
        "bindings",
        &[
            Case::new(
                "placeholder left",
                "configuration",
                with_file(|text| text.replace(&first_id(&text), "<id>")),
            ),
            Case::new(
                "no id",
                "configuration",
                with_file(|text| text.replace(&format!("id = \"{}\"\n", first_id(&text)), "")),
            ),
            Case::new("a binding that only kvctl.toml has", "configuration", {
                let sandbox = project();
                let more = "\n[[namespace]]\nbinding = \"RATE_LIMIT\"\n";
                sandbox.write("kvctl.toml", format!("{MANIFEST}{more}"));
                sandbox
            }),
            Case::new(
                "environment without a binding",
                "environments",
                with_file(|text| format!("{text}\n[env.staging]\nvars = {{ A = \"1\" }}\n")),
            ),
            Case::new(
                "preview is production",
                "preview",
                with_file(|text| {
                    let id = format!("preview_id = \"{}\"", first_id(&text));
                    text.replace(&first_preview(&text), &id)
                }),
            )
            .args(&["--fail-on", "warn"]),
            Case::new(
                "no preview",
                "preview",
                with_file(|text| text.replace(&format!("{}\n", first_preview(&text)), "")),
            )
            .args(&["--fail-on", "warn"]),
            Case::new(
                "an id of the local store",
                "namespaces",
                with_file(|text| text.replace(&first_id(&text), local)),
            ),
        ],
    );
}

#[test]
fn no_file() {
    let sandbox = project();
    fs::remove_file(sandbox.app().join("wrangler.toml")).unwrap();
    let text = Case::new("no file", "configuration", sandbox).verify();
    assert!(
        text.contains("no wrangler.json, wrangler.jsonc or wrangler.toml in"),
        "{text}"
    );
    assert!(text.contains("`kvctl provision BINDING --init`"), "{text}");
}

#[test]
fn workers() {
    let health = |answer: Answer| {
        let sandbox = project();
        let answer = Action::Answer(answer);
        sandbox
            .emulator
            .fault(Fault::new("GET", "/health", answer).forever());
        let host = sandbox.base_url().trim_end_matches("/client/v4").to_owned();
        let url: &'static str = format!("{host}/health?key=hidden").leak();
        (sandbox, url)
    };
    let (down, url) = health(Answer::new(500, "Error: env.CACHE is undefined"));
    let (other, other_url) = health(Answer::new(200, "ok"));
    let (well, well_url) = health(Answer::new(204, ""));
    snapshot(
        "workers",
        &[
            Case::new("a Worker that throws", "worker", down).args(&["--worker", url]),
            Case::new("another status", "worker", other).args(&[
                "--worker",
                other_url,
                "--worker-status",
                "401",
            ]),
        ],
    );
    let seen = run(&well, &["--only", "worker", "--worker", well_url]);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(!seen.stdout.contains("body"), "{seen}");
    let (long, long_url) = health(Answer::new(200, "x".repeat(1 << 20)));
    let seen = run(&long, &["--only", "worker", "--worker", long_url]);
    assert_eq!(seen.code, Some(0), "{seen}");
    let said = "only the first 8 KiB of the body were read";
    seen.assert_stdout(said);
}

#[test]
fn no_worker() {
    let case = Case::new("no Worker", "worker", project())
        .args(&["--worker", "http://127.0.0.1:9/health?key=hidden"]);
    let text = case.verify();
    assert!(
        text.contains("http://127.0.0.1:9/health did not respond: "),
        "{text}"
    );
    assert!(
        text.contains("check the URL, and that `wrangler dev` runs"),
        "{text}"
    );
    assert!(!text.contains("hidden"), "{text}");
}
