//! `kvctl man`.

use fs_err as fs;

use crate::sandbox::Sandbox;

#[cfg(unix)]
#[test]
fn a_manual_page_is_not_written_through_a_link() {
    let sandbox = Sandbox::new();
    sandbox.write("precious", "text");
    sandbox.write("man/other", "");
    let link = sandbox.app().join("man/kvctl.1");
    std::os::unix::fs::symlink("../precious", link).unwrap();
    let seen = sandbox.expect(1, &["man", "man"]);
    seen.assert_stderr("man/kvctl.1` is a symbolic link");
    assert_eq!(sandbox.read("precious"), "text");
}

#[test]
fn every_command_has_a_manual_page() {
    let sandbox = Sandbox::new();
    sandbox.write("man/kvctl.1", "an older page");
    let seen = sandbox.expect(0, &["man", "man", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    let pages = report["pages"].as_array().unwrap();
    let written = fs::read_dir(sandbox.app().join("man")).unwrap().count();
    assert_eq!(pages.len(), written);
    for page in [
        "man/kvctl.1",
        "man/kvctl-key-get.1",
        "man/kvctl-provision.1",
    ] {
        assert!(pages.iter().any(|known| known == page), "no {page}");
        let text = sandbox.read(page);
        assert!(
            text.contains(".SH NAME") && text.contains(".SH OPTIONS"),
            "{page}"
        );
    }
    // A directory is made where there is none, and the pages are the same.
    sandbox.expect(0, &["man", "new/man1"]);
    let page = |folder: &str| sandbox.read(&format!("{folder}/kvctl-provision.1"));
    assert_eq!(page("new/man1"), page("man"));
    sandbox.write("file", "");
    insta::assert_snapshot!(sandbox.run(&["man", "file"]), @r"
    exit: 2
    --- stderr
    error: file is not a directory
    hint: pass another directory
    ");
}

#[cfg(unix)]
#[test]
fn groff_has_nothing_to_say_of_a_page() {
    let sandbox = Sandbox::new();
    sandbox.expect(0, &["man", "man"]);
    for entry in fs::read_dir(sandbox.app().join("man")).unwrap() {
        let mut groff = crate::wait::piped("groff");
        groff
            .args(["-man", "-Tutf8", "-ww", "-rLL=78n"])
            .arg(entry.unwrap().path());
        if groff.status().is_err() {
            return;
        }
        let seen = crate::sandbox::Seen::of(groff);
        assert_eq!((seen.code, seen.stderr.as_str()), (Some(0), ""), "{seen}");
    }
}
