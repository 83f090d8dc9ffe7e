//! Files in one consistent manner stay in it: an edited file is, byte for byte, what its author would
//! have written for the new bindings.
//!
//! The author here is a printer that shares nothing with the code under test.

use std::path::PathBuf;

use kvctl::{
    config::{Document, Edit, Field},
    domain::{EnvName, Section},
};
use proptest::prelude::*;

/// One namespace of a section.
#[derive(Clone, Debug)]
struct Entry {
    binding: String,
    id: String,
    preview_id: Option<String>,
}

/// What a file says.
#[derive(Clone, Debug)]
struct Project {
    top: Vec<Entry>,
    environments: Vec<(String, Environment)>,
}

#[derive(Clone, Debug)]
struct Environment {
    /// Whether it says something else too.
    named: bool,
    entries: Vec<Entry>,
}

/// What an author does in all places of a file.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a habit of its own, and all combinations are tried"
)]
struct Manner {
    indent: &'static str,
    ending: &'static str,
    mark: bool,
    final_newline: bool,
    id_first: bool,
    /// Entries on one line: in JSON between braces, in TOML in arrays.
    on_one_line: bool,
    trailing_comma: bool,
    padded: bool,
    spaced: bool,
    /// TOML only.
    single_quotes: bool,
    aligned: bool,
    blank_lines: usize,
}

#[derive(Clone, Debug)]
enum Step {
    Add(Option<usize>, Entry),
    SetId(Option<usize>, usize, String),
    SetPreview(Option<usize>, usize, String),
    Rename(Option<usize>, usize),
}

impl Manner {
    fn fields<'e>(&self, entry: &'e Entry) -> Vec<(&'static str, &'e str)> {
        let mut fields = vec![("binding", &*entry.binding), ("id", &*entry.id)];
        let preview = entry.preview_id.as_deref().map(|id| ("preview_id", id));
        if self.id_first {
            fields.swap(0, 1);
            fields.splice(1..1, preview);
        } else {
            fields.extend(preview);
        }
        fields
    }

    fn file(&self, lines: &[String]) -> String {
        let mark = if self.mark { "\u{feff}" } else { "" };
        let end = if self.final_newline { self.ending } else { "" };
        format!("{mark}{}{end}", lines.join(self.ending))
    }

    /// Writes what is between brackets, on lines of its own.
    fn on_lines(&self, open: &str, items: Vec<Vec<String>>, close: &str) -> Vec<String> {
        let last = items.len();
        let mut lines = vec![open.to_owned()];
        for (index, mut item) in items.into_iter().enumerate() {
            if index + 1 < last || self.trailing_comma {
                item.last_mut().unwrap().push(',');
            }
            lines.extend(item.iter().map(|line| format!("{}{line}", self.indent)));
        }
        lines.push(close.to_owned());
        lines
    }

    fn inline(&self, entry: &Entry, field: impl Fn(&str, &str) -> String) -> String {
        let fields = self.fields(entry);
        let fields: Vec<_> = fields
            .into_iter()
            .map(|(key, value)| field(key, value))
            .collect();
        let separator = if self.spaced { ", " } else { "," };
        let pad = if self.padded { " " } else { "" };
        format!("{{{pad}{}{pad}}}", fields.join(separator))
    }

    fn jsonc(&self, project: &Project) -> String {
        let colon = if self.spaced { ": " } else { ":" };
        let mut members = vec![
            vec![format!("\"name\"{colon}\"bio\"")],
            self.json_namespaces(&project.top, 1, true),
            self.on_lines(
                &format!("\"observability\"{colon}{{"),
                vec![vec![format!("\"enabled\"{colon}true")]],
                "}",
            ),
        ];
        if !project.environments.is_empty() {
            let environments = project.environments.iter().map(|(name, environment)| {
                let mut members = Vec::new();
                if environment.named {
                    members.push(vec![format!("\"name\"{colon}\"{name}\"")]);
                }
                if !environment.entries.is_empty() {
                    members.push(self.json_namespaces(
                        &environment.entries,
                        3,
                        self.trailing_comma,
                    ));
                }
                if members.is_empty() {
                    return vec![format!("\"{name}\"{colon}{{}}")];
                }
                self.on_lines(&format!("\"{name}\"{colon}{{"), members, "}")
            });
            members.push(self.on_lines(&format!("\"env\"{colon}{{"), environments.collect(), "}"));
        }
        self.file(&self.on_lines("{", members, "}"))
    }

    fn json_namespaces(&self, entries: &[Entry], depth: usize, comma: bool) -> Vec<String> {
        let colon = if self.spaced { ": " } else { ":" };
        let key = format!("\"kv_namespaces\"{colon}[");
        let field = |key: &str, value: &str| format!("\"{key}\"{colon}\"{value}\"");
        if !self.on_one_line {
            let entries = entries.iter().map(|entry| {
                let fields = self.fields(entry).into_iter();
                let fields = fields.map(|(key, value)| vec![field(key, value)]).collect();
                self.on_lines("{", fields, "}")
            });
            return self.on_lines(&key, entries.collect(), "]");
        }
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| self.inline(entry, field))
            .collect();
        let indent = self.indent.replace('\t', "  ").len() * depth;
        if let [entry] = &entries[..]
            && indent + key.len() + entry.len() + 1 + usize::from(comma) <= 80
        {
            return vec![format!("{key}{entry}]")];
        }
        self.on_lines(
            &key,
            entries.into_iter().map(|entry| vec![entry]).collect(),
            "]",
        )
    }

    fn toml(&self, project: &Project) -> String {
        let mut blocks = vec![self.keys(&[("name", "bio"), ("compatibility_date", "2026-10-01")])];
        if self.on_one_line {
            let routes = ["a", "b"].map(|name| vec![self.quoted(&name.repeat(40))]);
            let sign = if self.spaced { " = " } else { "=" };
            blocks[0].extend(self.on_lines(&format!("routes{sign}["), routes.into(), "]"));
            blocks[0].extend(self.toml_array(&project.top));
        }
        blocks.push([vec!["[vars]".to_owned()], self.keys(&[("LEVEL", "info")])].concat());
        blocks.push(
            [
                vec!["[build]".to_owned()],
                self.keys(&[("command", "make")]),
            ]
            .concat(),
        );
        if !self.on_one_line {
            blocks.extend(self.toml_tables("", &project.top));
        }
        for (name, environment) in &project.environments {
            let path = format!("env.{name}");
            if environment.named || self.on_one_line {
                let mut block = vec![format!("[{path}]")];
                if environment.named {
                    block.extend(self.keys(&[("name", name)]));
                }
                if self.on_one_line && !environment.entries.is_empty() {
                    block.extend(self.toml_array(&environment.entries));
                }
                blocks.push(block);
            }
            if !self.on_one_line {
                blocks.extend(self.toml_tables(&format!("{path}."), &environment.entries));
            }
        }
        let apart = vec![String::new(); self.blank_lines];
        self.file(&blocks.join(&apart[..]))
    }

    fn keys(&self, fields: &[(&str, &str)]) -> Vec<String> {
        let longest = fields.iter().map(|(key, _)| key.len()).max().unwrap();
        let fields = fields.iter().map(|(key, value)| {
            let pad = if self.aligned { longest - key.len() } else { 0 };
            format!("{key}{}{}", " ".repeat(pad), self.toml_value(value))
        });
        fields.collect()
    }

    fn toml_value(&self, value: &str) -> String {
        let sign = if self.spaced { " = " } else { "=" };
        format!("{sign}{}", self.quoted(value))
    }

    fn quoted(&self, value: &str) -> String {
        let quote = if self.single_quotes { '\'' } else { '"' };
        format!("{quote}{value}{quote}")
    }

    fn toml_tables(&self, path: &str, entries: &[Entry]) -> Vec<Vec<String>> {
        let block = |entry| {
            let keys = self.keys(&self.fields(entry)).into_iter();
            let header = format!("[[{path}kv_namespaces]]");
            let keys = keys.map(|line| format!("{}{line}", self.indent));
            std::iter::once(header).chain(keys).collect()
        };
        entries.iter().map(block).collect()
    }

    fn toml_array(&self, entries: &[Entry]) -> Vec<String> {
        let field = |key: &str, value: &str| format!("{key}{}", self.toml_value(value));
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| self.inline(entry, field))
            .collect();
        let sign = if self.spaced { " = " } else { "=" };
        let comma = if self.spaced { ", " } else { "," };
        let line = format!("kv_namespaces{sign}[{}]", entries.join(comma));
        if line.len() <= 80 {
            return vec![line];
        }
        let entries = entries.into_iter().map(|entry| vec![entry]).collect();
        self.on_lines(&format!("kv_namespaces{sign}["), entries, "]")
    }
}

impl Step {
    /// Changes the project, and returns the edit that says so.
    fn apply(&self, project: &mut Project, number: usize) -> Option<Edit> {
        let (Self::Add(at, _)
        | Self::SetId(at, ..)
        | Self::SetPreview(at, ..)
        | Self::Rename(at, ..)) = self;
        let (section, entries) = match at {
            None => (Section::TOP, &mut project.top),
            Some(at) if *at < project.environments.len() => {
                let (name, environment) = &mut project.environments[*at];
                let name: EnvName = name.parse().unwrap();
                (Section::from(name), &mut environment.entries)
            }
            Some(_) if matches!(self, Self::Add(..)) => {
                let name = format!("new{number}");
                let section = Section::from(name.parse::<EnvName>().unwrap());
                let environment = Environment {
                    named: false,
                    entries: Vec::new(),
                };
                project.environments.push((name, environment));
                let (_, added) = project.environments.last_mut()?;
                (section, &mut added.entries)
            }
            Some(_) => return None,
        };
        let set = |entry: &Entry, field, value: &str| Edit::Set {
            section: section.clone(),
            binding: entry.binding.parse().unwrap(),
            field,
            value: value.to_owned(),
        };
        Some(match self {
            Self::Add(_, entry) => {
                let mut entry = entry.clone();
                entry.binding = format!("N{number}");
                entries.push(entry.clone());
                Edit::Add {
                    section: section.clone(),
                    binding: entry.binding.parse().unwrap(),
                    id: Some(entry.id),
                    preview_id: entry.preview_id,
                }
            }
            Self::SetId(_, index, id) => {
                let entry = entries.get_mut(*index)?;
                entry.id.clone_from(id);
                set(entry, Field::Id, id)
            }
            Self::SetPreview(_, index, id) => {
                let entry = entries.get_mut(*index)?;
                entry.preview_id = Some(id.clone());
                set(entry, Field::PreviewId, id)
            }
            Self::Rename(_, index) => {
                let entry = entries.get_mut(*index)?;
                let name = format!("R{number}");
                let edit = set(entry, Field::Binding, &name);
                entry.binding = name;
                edit
            }
        })
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    let preview_id = prop::option::weighted(0.3, "[a-f]{3}");
    ("[0-9a-f]{12}", preview_id).prop_map(|(id, preview_id)| Entry {
        binding: String::new(),
        id,
        preview_id,
    })
}

fn entries(range: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec(entry(), range).prop_map(|mut entries| {
        for (index, entry) in entries.iter_mut().enumerate() {
            entry.binding = format!("B{index}");
        }
        entries
    })
}

fn project(least: usize) -> impl Strategy<Value = Project> {
    let environment = (any::<bool>(), entries(0..3));
    let environments = prop::collection::vec(environment, 0..3);
    (entries(least..4), environments).prop_map(|(top, environments)| {
        let environments = environments.into_iter().enumerate();
        let environments = environments.map(|(index, (named, entries))| {
            let named = named || entries.is_empty();
            (format!("e{index}"), Environment { named, entries })
        });
        Project {
            top,
            environments: environments.collect(),
        }
    })
}

fn manner() -> impl Strategy<Value = Manner> {
    let layout = (
        prop::sample::select(vec!["  ", "    ", "\t"]),
        prop::sample::select(vec!["\n", "\r\n"]),
        0..3usize,
    );
    let choices = prop::array::uniform9(any::<bool>());
    (layout, choices).prop_map(|((indent, ending, blank_lines), choices)| {
        let [
            mark,
            final_newline,
            id_first,
            on_one_line,
            trailing_comma,
            ..,
        ] = choices;
        let [.., padded, spaced, single_quotes, aligned] = choices;
        Manner {
            indent,
            ending,
            mark,
            final_newline,
            id_first,
            on_one_line,
            trailing_comma,
            padded,
            spaced,
            single_quotes,
            aligned,
            blank_lines,
        }
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let at = || prop::option::of(0..4usize);
    let step = prop_oneof![
        (at(), entry()).prop_map(|(at, entry)| Step::Add(at, entry)),
        (at(), 0..3usize, "[0-9a-f]{12}").prop_map(|(at, index, id)| Step::SetId(at, index, id)),
        (at(), 0..3usize, "[a-f]{3}").prop_map(|(at, index, id)| Step::SetPreview(at, index, id)),
        (at(), 0..3usize).prop_map(|(at, index)| Step::Rename(at, index)),
    ];
    prop::collection::vec(step, 1..6)
}

/// Edits what `print` prints, and compares with what it prints for the new project.
fn stays_in_its_manner(
    name: &str,
    mut project: Project,
    steps: &[Step],
    print: impl Fn(&Project) -> String,
) {
    let before = print(&project);
    let numbered = steps.iter().enumerate();
    let edits: Vec<_> = numbered
        .filter_map(|(number, step)| step.apply(&mut project, number))
        .collect();
    let environments = edits.iter().filter_map(|edit| edit.section().environment());
    let document = Document::create(PathBuf::from(name), before.clone()).unwrap();
    let document = environments.fold(document, |document, name| {
        document.with_environment(name.clone())
    });
    let after = document.edit(&edits).unwrap();
    assert_eq!(after, print(&project), "\n{before}\n{edits:#?}\n{after}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_stays_in_its_manner(manner in manner(), project in project(1), steps in steps()) {
        let manner = Manner { padded: manner.padded && manner.spaced, ..manner };
        stays_in_its_manner("wrangler.jsonc", project, &steps, |project| manner.jsonc(project));
    }

    #[test]
    fn toml_stays_in_its_manner(manner in manner(), project in project(1), steps in steps()) {
        let manner = Manner {
            aligned: manner.aligned && manner.spaced && !manner.on_one_line,
            ..manner
        };
        stays_in_its_manner("wrangler.toml", project, &steps, |project| manner.toml(project));
    }
}
