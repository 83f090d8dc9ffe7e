//! What holds for every file and every edit, tried on files in random shapes.

use std::path::PathBuf;

use proptest::prelude::*;

use super::{
    Document, Edit, Field, Project, Scope,
    document::groups,
    layout::{Splice, apply},
};

/// A stream of choices that proptest can shrink: fewer and smaller numbers, plainer files.
struct Dice {
    rolls: Vec<u8>,
    at: usize,
}

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        let roll = self.rolls.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        usize::from(roll) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    fn chance(&mut self) -> bool {
        self.roll(2) == 1
    }
}

/// Writes a wrangler file from choices.
struct Author {
    toml: bool,
    dice: Dice,
    out: String,
}

impl Author {
    fn new(toml: bool, rolls: Vec<u8>) -> Self {
        let mut author = Self {
            toml,
            dice: Dice { rolls, at: 0 },
            out: String::new(),
        };
        if author.dice.chance() {
            author.out.push('\u{feff}');
        }
        author
    }

    fn say(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn any(&mut self, from: &[&str]) {
        let text = self.dice.pick(from).to_owned();
        self.out.push_str(&text);
    }

    fn end_of_line(&mut self, comments: &[&str]) {
        if self.dice.chance() {
            self.any(comments);
        }
        self.any(&["\n", "\n", "\r\n"]);
    }

    fn toml(mut self) -> String {
        const ENDS: [&str; 3] = ["  ", " # a, b ] }", "\t# é"];
        self.any(&["", "# head\n", "\n"]);
        self.any(&[
            "",
            "name = \"w\"",
            "name='w'",
            "text = \"\"\"\n# not a comment\"\"\"",
        ]);
        self.end_of_line(&ENDS);
        let dotted = self.dice.chance();
        if dotted {
            self.say("env.dot.name = 'd'\nzone_id = \"\"\n");
        }
        self.toml_scope("", "", &ENDS);
        self.any(&[
            "",
            "[vars]\nA = 1\n",
            "[vars] # v\r\n\r\n",
            "# about d1\n[[d1]]\nx = [\n1,\n]\n",
        ]);
        let sections = [
            "previews",
            "env.a",
            "env.a.previews",
            "env.\"b c\"",
            "env.c.previews",
        ];
        for path in sections {
            if self.dice.chance() {
                let indent = self.dice.pick(&["", "  "]).to_owned();
                self.any(&["", "\n", "# lead\n"]);
                self.say(&format!("{indent}[{path}]"));
                self.end_of_line(&ENDS);
                self.toml_scope(&format!("{path}."), &indent, &ENDS);
                self.any(&["", "\n", "# tail\n"]);
            }
        }
        self.any(&["", "[build]\ncommand = 'x'", "# end", "\n\n"]);
        self.out
    }

    fn toml_scope(&mut self, path: &str, indent: &str, ends: &[&str]) {
        let entries = self.dice.roll(3);
        match self.dice.roll(3) {
            0 => {}
            1 => {
                self.say(&format!("{indent}kv_namespaces = ["));
                self.items(entries, " = ");
                self.say("]");
                self.end_of_line(ends);
            }
            _ => {
                for index in 0..entries {
                    self.any(&["", "\n", "# [[kv_namespaces]]\n"]);
                    self.say(&format!("{indent}[[{path}kv_namespaces]]"));
                    self.end_of_line(ends);
                    for (key, value) in self.fields(index) {
                        let equals = self.dice.pick(&[" = ", "=", "   =\t"]);
                        self.say(&format!("{indent}{key}{equals}{value}"));
                        self.end_of_line(ends);
                    }
                }
            }
        }
    }

    fn jsonc(mut self) -> String {
        self.any(&["", "// head\n", "/* { */ "]);
        self.say("{");
        let mut members = Vec::new();
        if self.dice.chance() {
            members.push("\"name\": \"w\"".to_owned());
        }
        members.extend(self.json_namespaces());
        let environments = self.dice.roll(3);
        let scopes: Vec<_> = (0..environments)
            .map(|index| {
                let mut inner: Vec<_> = self.json_namespaces().into_iter().collect();
                if self.dice.chance() {
                    let previews: Vec<_> = self.json_namespaces().into_iter().collect();
                    inner.push(format!("\"previews\": {}", self.held('{', &previews, '}')));
                }
                format!("\"e{index}\": {}", self.held('{', &inner, '}'))
            })
            .collect();
        if environments > 0 {
            members.push(format!("\"env\":{}", self.held('{', &scopes, '}')));
        }
        self.list(&members);
        self.say("}");
        self.any(&["", "\n", " // end"]);
        self.out
    }

    fn json_namespaces(&mut self) -> Option<String> {
        let entries = self.dice.roll(4);
        let outer = std::mem::take(&mut self.out);
        self.items(entries, ": ");
        let items = std::mem::replace(&mut self.out, outer);
        self.dice
            .chance()
            .then(|| format!("\"kv_namespaces\": [{items}]"))
    }

    fn held(&mut self, open: char, members: &[String], close: char) -> String {
        let outer = std::mem::take(&mut self.out);
        self.list(members);
        let list = std::mem::replace(&mut self.out, outer);
        format!("{open}{list}{close}")
    }

    fn items(&mut self, count: usize, sign: &str) {
        let items: Vec<_> = (0..count)
            .map(|index| {
                let json = !self.toml;
                let quote = if json { "\"" } else { "" };
                let fields: Vec<_> = self
                    .fields(index)
                    .into_iter()
                    .filter(|(_, value)| !json || !value.starts_with('\''))
                    .map(|(key, value)| format!("{quote}{key}{quote}{sign}{value}"))
                    .collect();
                self.held('{', &fields, '}')
            })
            .collect();
        self.list(&items);
    }

    /// Writes items and what may be between them.
    fn list(&mut self, items: &[String]) {
        let toml = self.toml;
        let gaps: &[&str] = if toml {
            &["", " ", "\n  ", "\r\n\t"]
        } else {
            &GAPS
        };
        self.any(gaps);
        for (index, item) in items.iter().enumerate() {
            self.say(item);
            let last = index + 1 == items.len();
            if !last || self.dice.chance() {
                self.any(if toml {
                    &["", "", " "]
                } else {
                    &["", " ", "\n  "]
                });
                self.say(",");
            }
            self.any(gaps);
            if toml && self.dice.chance() {
                self.say(" # c ]\n    ");
            }
        }
    }

    fn fields(&mut self, index: usize) -> Vec<(&'static str, String)> {
        let mut fields = vec![("binding", format!("\"B{index}\""))];
        if self.dice.chance() {
            fields.push((
                "id",
                self.dice
                    .pick(&["\"\"", "\"<id>\"", "\"a\\\"b\"", "'<id>'"])
                    .to_owned(),
            ));
        }
        if self.dice.chance() {
            fields.push(("preview_id", "\"p\"".to_owned()));
        }
        if self.dice.chance() {
            fields.push(("remote", "true".to_owned()));
        }
        let turn = self.dice.roll(fields.len());
        fields.rotate_left(turn);
        fields
    }
}

const GAPS: [&str; 6] = ["", " ", "\n  ", "\r\n\t", " // c, ]\n  ", "/* } */"];

fn edits(dice: &mut Dice, project: &Project) -> Vec<Edit> {
    let scopes: Vec<&Scope> = project.scopes().collect();
    let count = dice.roll(6);
    let mut edits = Vec::new();
    for index in 0..count {
        let scope = scopes[dice.roll(scopes.len())];
        let section = scope.section.clone();
        let value = dice
            .pick(&["0f2ac74b498b48028cb68387c421e279", "", "a\"b\\c é"])
            .to_owned();
        let kind = dice.roll(3);
        let field = [Field::Id, Field::PreviewId][dice.roll(2)];
        let entry = scope.entries.get(dice.roll(scope.entries.len().max(1)));
        edits.push(match (kind, entry) {
            (1, Some(entry)) => Edit::Set {
                section,
                binding: entry.binding.clone(),
                field,
                value,
            },
            (2, Some(entry)) => Edit::Remove {
                section,
                binding: entry.binding.clone(),
                field,
            },
            _ => Edit::Add {
                section,
                binding: format!("N{index}").parse().unwrap(),
                id: dice.chance().then(|| value.clone()),
                preview_id: dice.chance().then_some(value),
            },
        });
    }
    edits
}

/// Puts back what the splices took out of `before`, and takes out what they put in.
fn undo(before: &str, after: &str, splices: &[Splice]) -> String {
    let mut ordered: Vec<_> = splices.iter().collect();
    ordered.sort_by_key(|splice| (splice.at.start, splice.at.end));
    let (mut out, mut done, mut read) = (String::new(), 0, 0);
    for splice in ordered {
        let kept = splice.at.start - done;
        out.push_str(&after[read..read + kept]);
        read += kept;
        assert_eq!(&after[read..read + splice.with.len()], splice.with);
        read += splice.with.len();
        out.push_str(&before[splice.at.clone()]);
        done = splice.at.end;
    }
    out.push_str(&after[read..]);
    out
}

fn holds_for(name: &str, text: &str, dice: &mut Dice) {
    let document = Document::create(PathBuf::from(name), text.to_owned())
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(document.edit(&[]).unwrap(), text);

    let document = match dice.pick(&["", "e0", "new", "new section"]) {
        "" => document,
        name => document.with_environment(name.parse().unwrap()),
    };
    let edits = edits(dice, document.project());
    let mut content = document.content().clone();
    for group in groups(&edits) {
        let (next, [splices, folds]) = document
            .after(&content, group)
            .unwrap_or_else(|error| panic!("{error}\n{group:?}\n{}", content.text));
        let edited = apply(&content.text, &splices);
        assert_eq!(apply(&edited, &folds), next.text);
        assert_eq!(undo(&content.text, &edited, &splices), content.text);
        assert_eq!(undo(&edited, &next.text, &folds), edited);
        for splice in &splices {
            let taken = &content.text[splice.at.clone()];
            match &group[0] {
                Edit::Add { .. } => assert_eq!(taken.trim(), ""),
                Edit::Set { .. } => assert!(taken.is_empty() || taken.starts_with(['"', '\''])),
                Edit::Remove { .. } => assert_eq!(splice.with, ""),
            }
        }
        for fold in &folds {
            assert_eq!(edited[fold.at.clone()].trim(), "");
            assert!(["", ","].contains(&fold.with.trim()));
        }
        let bom = |text: &str| text.starts_with('\u{feff}');
        assert_eq!(bom(&next.text), bom(text));
        if !matches!(group[0], Edit::Add { .. }) {
            assert_eq!(document.after(&next, group).unwrap().0.text, next.text);
        }
        content = next;
    }
    assert_eq!(document.edit(&edits).unwrap(), content.text);
}

fn rolls() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..160)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn toml_files_keep_every_byte_that_no_edit_is_about(author in rolls(), edits in rolls()) {
        let text = Author::new(true, author).toml();
        holds_for("wrangler.toml", &text, &mut Dice { rolls: edits, at: 0 });
    }

    #[test]
    fn json_files_keep_every_byte_that_no_edit_is_about(author in rolls(), edits in rolls()) {
        let text = Author::new(false, author).jsonc();
        holds_for("wrangler.jsonc", &text, &mut Dice { rolls: edits, at: 0 });
    }

    #[test]
    fn garbage_is_refused_with_a_position_or_kept(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        words in prop::collection::vec(
            prop::sample::select(vec![
                "[", "]", "{", "}", "[[", "]]", "kv_namespaces", "env", ".", "=", ",", "\"", "'",
                "\n", "\r", "#", "//", "/*", "*/", ":", "binding", "\"a\"", "\u{feff}", " ", "1",
            ]),
            0..24,
        ),
    ) {
        for bytes in [bytes, words.concat().into_bytes()] {
            for name in ["wrangler.toml", "wrangler.json"] {
                match Document::parse(PathBuf::from(name), bytes.clone()) {
                    Ok(document) => prop_assert_eq!(document.text().as_bytes(), &bytes[..]),
                    Err(error) => {
                        let message = error.to_string();
                        let start = message.strip_prefix(name).unwrap_or_default();
                        prop_assert!(start.starts_with(':') && !message.contains('\n'), "{}", message);
                    }
                }
            }
        }
    }
}
