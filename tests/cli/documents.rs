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
    insta::assert_snapshot!(sandbox.run(&["man", "nowhere"]));
}
