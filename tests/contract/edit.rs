//! Projects before and after an edit, byte for byte.
//!
//! A case is a directory of `fixtures/edit` with `in.toml` or `in.jsonc`, the edits in `edit.json`,
//! and `out` beside `in`.

use std::path::{Path, PathBuf};

use kvctl::{
    config::{Document, Edit, Field},
    domain::Section,
};
use serde::Deserialize;

/// An edit as `edit.json` writes it.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
enum Step {
    Set {
        env: Option<String>,
        binding: String,
        field: String,
        value: String,
    },
    Remove {
        env: Option<String>,
        binding: String,
        field: String,
    },
    Add {
        env: Option<String>,
        binding: String,
        id: Option<String>,
        preview_id: Option<String>,
    },
}

impl Step {
    fn into_edit(self) -> Edit {
        let section = |env: Option<String>| Section::from(env.map(|name| name.parse().unwrap()));
        match self {
            Self::Set {
                env,
                binding,
                field: name,
                value,
            } => Edit::Set {
                section: section(env),
                binding: binding.parse().unwrap(),
                field: field(&name),
                value,
            },
            Self::Remove {
                env,
                binding,
                field: name,
            } => Edit::Remove {
                section: section(env),
                binding: binding.parse().unwrap(),
                field: field(&name),
            },
            Self::Add {
                env,
                binding,
                id,
                preview_id,
            } => Edit::Add {
                section: section(env),
                binding: binding.parse().unwrap(),
                id,
                preview_id,
            },
        }
    }
}

fn field(name: &str) -> Field {
    let fields = [Field::Binding, Field::Id, Field::PreviewId];
    fields
        .into_iter()
        .find(|field| field.key() == name)
        .unwrap()
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/edit");
    let mut cases: Vec<_> = fs_err::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_case_comes_out_byte_for_byte() {
    let cases = cases();
    assert!(cases.len() >= 25, "{} cases", cases.len());
    for case in cases {
        let extension = if case.join("in.toml").exists() {
            "toml"
        } else {
            "jsonc"
        };
        let steps: Vec<Step> =
            serde_json::from_slice(&fs_err::read(case.join("edit.json")).unwrap()).unwrap();
        let edits: Vec<_> = steps.into_iter().map(Step::into_edit).collect();

        let document = Document::read(&case.join("in").with_extension(extension)).unwrap();
        let environments = edits.iter().filter_map(|edit| edit.section().environment());
        let document = environments.fold(document, |document, name| {
            document.with_environment(name.clone())
        });
        let edited = document.edit(&edits).unwrap();
        let expected = fs_err::read(case.join("out").with_extension(extension)).unwrap();
        let expected = String::from_utf8(expected).unwrap();
        assert_eq!(edited, expected, "{}", case.display());
        assert_eq!(
            document.edit(&[]).unwrap().as_bytes(),
            document.original().unwrap()
        );
    }
}
