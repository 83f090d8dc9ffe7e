//! Which namespaces are protected: by the binding that leads to them, and by their titles.

use std::path::Path;

use super::document;
use crate::{
    config::Manifest,
    domain::NamespaceId,
    ops::protect::{Place, Unconfirmed, check, is_bound_to, is_mass, is_protected},
};

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
        Place {
            id: &id.parse().unwrap(),
            local: false,
        },
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

/// As `wrangler dev` and `wrangler kv --local` open them: by the text as written.
#[test]
fn the_local_store_knows_what_is_bound_by_texts_and_names() {
    let document = document(
        "name = \"bio\"\nkv_namespaces = [\n  { binding = \"N\" },\n  { binding = \"T\", id = \"dev-cache\" },\n  \
         { binding = \"P\", preview_id = \"pp\" },\n  { binding = \"B\", id = \"one\", preview_id = \"two\" },\n  \
         { binding = \"U\", id = \"0F2AC74B498B48028CB68387C421E279\" },\n]\n\
         [previews]\nkv_namespaces = [{ binding = \"V\", id = \"only-previews\" }]\n",
    );
    let bound = |text: &str, local| {
        let id = NamespaceId::verbatim(text).unwrap();
        let place = Place { id: &id, local };
        document.project().scopes().any(|scope| {
            let mut entries = scope.entries.iter();
            entries.any(|entry| is_bound_to(&scope.section, entry, place))
        })
    };
    for text in [
        "N",
        "dev-cache",
        "pp",
        "one",
        "two",
        "0F2AC74B498B48028CB68387C421E279",
    ] {
        assert!(bound(text, true), "{text}");
    }
    for text in ["T", "P", "Dev-cache", "only-previews", ID] {
        assert!(!bound(text, true), "{text}");
    }
    assert!(bound(ID, false));
}

#[test]
fn all_but_one_named_key_is_a_mass() {
    let masses = [(true, 2), (true, 0), (false, 0), (false, 1), (false, 2)];
    for (named, keys) in masses {
        assert!(is_mass(named, keys), "{named} {keys}");
    }
    assert!(!is_mass(true, 1));
}

#[test]
fn only_the_title_confirms_what_is_protected() {
    for protected in [true, false] {
        assert!(matches!(
            check("mine", Some("mine"), protected, "deleted"),
            Ok(true)
        ));
        let other = check("mine", Some("CACHE"), protected, "deleted");
        assert!(matches!(other, Err(Unconfirmed::Other { .. })));
    }
    assert!(matches!(check("mine", None, false, "deleted"), Ok(false)));
    let refused = check("mine", None, true, "deleted").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "kvctl.toml protects `mine`; nothing was deleted"
    );
}
