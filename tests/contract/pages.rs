//! The README and the pages in `docs`, as text and as blocks.
//!
//! A block's first line may go on after the language, where it is not seen: `exit=8` is the exit code
//! of its last command, `file=NAME` writes the block to a file, `until=TEXT` ends a command that does
//! not end by itself once it has printed the text, and `unrun=WHY` is for what a test cannot run. A block
//! without a language is what the commands ahead of it print; a line of `…` stands for any lines.
//! Commands in a comment that begins `<!-- before` are run too, and `<!-- a new project -->` begins one.

use std::path::{Path, PathBuf};

use fs_err as fs;

/// The repository.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// One of the files.
pub(crate) struct Page {
    /// Its path in the repository.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A part of a page.
pub(crate) enum Part {
    /// A line of prose or of a table, with its number.
    Prose(usize, String),
    Block(Block),
    NewProject,
}

/// What stands between fences, or commands in a comment.
pub(crate) struct Block {
    /// The number of its first line.
    pub(crate) line: usize,
    pub(crate) language: String,
    pub(crate) text: String,
    attributes: Vec<(String, String)>,
}

impl Block {
    /// Commands that stand elsewhere.
    pub(crate) fn of_commands(line: usize, text: String) -> Self {
        let language = "sh".to_owned();
        let attributes = Vec::new();
        Self {
            line,
            language,
            text,
            attributes,
        }
    }

    /// What is said of it behind the language.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads all of them, the README first.
pub(crate) fn pages() -> Vec<Page> {
    let root = Path::new(ROOT);
    let files = fs::read_dir(root.join("docs")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|it| it == "md"));
    let name = |path: PathBuf| format!("docs/{}", path.file_name().unwrap().display());
    let mut names: Vec<String> = pages.map(name).collect();
    names.sort();
    names.insert(0, "README.md".to_owned());
    let read = |name: String| Page {
        text: fs::read_to_string(root.join(&name)).unwrap(),
        name,
    };
    names.into_iter().map(read).collect()
}

impl Page {
    /// Takes the page apart.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut lines = (1..).zip(self.text.lines());
        while let Some((number, line)) = lines.next() {
            let (info, end) = if let Some(info) = line.strip_prefix("```") {
                (info, "```")
            } else if line == "<!-- before" {
                ("sh", "-->")
            } else if line == "<!-- a new project -->" {
                parts.push(Part::NewProject);
                continue;
            } else {
                parts.push(Part::Prose(number, line.to_owned()));
                continue;
            };
            let mut text = String::new();
            loop {
                let (_, line) = lines.next().unwrap_or_else(|| {
                    panic!("{}:{number}: there is no `{end}` to this", self.name)
                });
                if line == end {
                    break;
                }
                text.push_str(line);
                text.push('\n');
            }
            let mut words = info.split(' ');
            let language = words.next().unwrap_or_default().to_owned();
            let attribute = |word: &str| {
                let (key, value) = word.split_once('=').unwrap();
                assert!(
                    ["exit", "file", "until", "unrun"].contains(&key),
                    "{}:{number}: {key}",
                    self.name
                );
                (key.to_owned(), value.to_owned())
            };
            parts.push(Part::Block(Block {
                line: number + 1,
                language,
                text,
                attributes: words.map(attribute).collect(),
            }));
        }
        parts
    }
}
