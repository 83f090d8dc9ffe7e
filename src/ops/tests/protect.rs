//! Which namespaces are protected: by the binding that leads to them, and by their titles.

use std::path::Path;

use super::document;
use crate::{config::Manifest, ops::protect::is_protected};

const ID: &str = "0f2ac74b498b48028cb68387c421e279";
const OTHER: &str = "7d0c3b9e4a514c5ab9c1f0a4d2e35b61";

/// Whether `CACHE` is protected by the manifest where a project has it in a section.
fn protected(manifest: &str, id: &str, title: &str) -> bool {
    let text = format!(
        "name = \"bio\"\n[env.staging]\nkv_namespaces = [{{ binding = \"CACHE\", id = \"{ID}\" }}]\n"
    );
    let manifest = Manifest::parse(Path::new("kvctl.toml"), manifest).unwrap();
    let document = document(&text);
    is_protected(
        &manifest,
        Some(document.project()),
        &id.parse().unwrap(),
        title,
    )
}

const PROTECTED: &str = "[[namespace]]\nbinding = \"CACHE\"\ntitle = \"mine\"\nprotect = true\n";

#[test]
fn an_id_that_any_section_binds_is_protected_whatever_its_title() {
    assert!(protected(PROTECTED, ID, "anything"));
    assert!(!protected(PROTECTED, OTHER, "anything"));
}

#[test]
fn a_title_that_belongs_to_the_binding_is_protected_whatever_the_id() {
    for title in ["mine", "mine-staging", "bio-staging-CACHE"] {
        assert!(protected(PROTECTED, OTHER, title), "{title}");
    }
    for title in ["Mine", "mine-prod", "bio-staging-CACHES"] {
        assert!(!protected(PROTECTED, OTHER, title), "{title}");
    }
}

#[test]
fn only_what_asks_for_it_is_protected() {
    let plain = PROTECTED.replace("protect = true\n", "");
    assert!(!protected(&plain, ID, "mine"));
}
