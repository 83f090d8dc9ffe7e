//! The options that are on a line already, whatever else is wrong with it.

use clap::{Args as _, FromArgMatches as _};

use crate::{cli::Globals, context::Context};

/// What the options so far select.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// The global options that decide which files are read, as they are parsed.
    globals: Vec<String>,
    pub(super) binding: Option<String>,
    pub(super) title: Option<String>,
    pub(super) id: Option<String>,
}

/// Options with a value that count here, with their letters.
const OPTIONS: [(&str, Option<char>); 8] = [
    ("config", Some('c')),
    ("cwd", None),
    ("env", Some('e')),
    ("env-file", None),
    ("persist-to", None),
    ("binding", Some('b')),
    ("namespace", Some('n')),
    ("namespace-id", None),
];

impl Typed {
    /// Reads the words before the one to complete.
    pub(super) fn read(words: &[String]) -> Self {
        let mut typed = Self::default();
        let mut words = words.iter().take_while(|word| *word != "--");
        while let Some(word) = words.next() {
            match word.as_str() {
                "--local" | "--remote" => {
                    typed
                        .globals
                        .retain(|it| it != "--local" && it != "--remote");
                    typed.globals.push(word.clone());
                }
                "--in-previews" if !typed.globals.contains(word) => {
                    typed.globals.push(word.clone());
                }
                _ => {
                    if let Some((name, value)) = option(word) {
                        let value = value.or_else(|| words.next().cloned());
                        typed.set(name, value.unwrap_or_default());
                    }
                }
            }
        }
        typed
    }

    fn set(&mut self, name: &str, value: String) {
        match name {
            "binding" => self.binding = Some(value),
            "namespace" => self.title = Some(value),
            "namespace-id" => self.id = Some(value),
            _ => {
                let option = format!("--{name}=");
                if name != "env-file" {
                    self.globals.retain(|it| !it.starts_with(&option));
                }
                self.globals.push(option + &value);
            }
        }
    }

    /// Returns what the command would work with.
    pub(super) fn context(&self) -> Option<Context> {
        let parser = Globals::augment_args(clap::Command::default());
        let words = ["kvctl".to_owned()].into_iter().chain(self.globals.clone());
        let globals = parser.try_get_matches_from(words).ok()?;
        Context::silent(Globals::from_arg_matches(&globals).ok()?).ok()
    }
}

/// Returns the option that `word` is, and the value that is in the same word.
fn option(word: &str) -> Option<(&'static str, Option<String>)> {
    let found = |given: &dyn Fn(&str, Option<char>) -> bool| {
        let mut options = OPTIONS.iter();
        options
            .find(|(name, letter)| given(name, *letter))
            .map(|it| it.0)
    };
    if let Some(long) = word.strip_prefix("--") {
        let (given, value) = match long.split_once('=') {
            Some((given, value)) => (given, Some(value.to_owned())),
            None => (long, None),
        };
        return Some((found(&|name, _| name == given)?, value));
    }
    let mut letters = word.strip_prefix('-')?.chars();
    let given = letters.next()?;
    let name = found(&|_, letter| letter == Some(given))?;
    let rest = letters.as_str();
    let value = rest.strip_prefix('=').unwrap_or(rest);
    Some((name, (!rest.is_empty()).then(|| value.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_in_all_their_forms() {
        let read = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            Typed::read(&words)
        };
        let typed = read("kvctl key get -c a.toml --cwd=x -edev --local --bad -b KV");
        assert_eq!(
            typed.globals,
            ["--config=a.toml", "--cwd=x", "--env=dev", "--local"]
        );
        assert_eq!(typed.binding.as_deref(), Some("KV"));
        let typed = read("kvctl -c a -c=b --local --remote -n t -- -c d");
        assert_eq!(typed.globals, ["--config=b", "--remote"]);
        assert_eq!(typed.title.as_deref(), Some("t"));
        assert_eq!(read("kvctl -c").globals, ["--config="]);
    }
}
