//! What the user can do next: words, with commands of kvctl as values.
//!
//! The only place that writes a command to be pasted. It gets the options of this run that it needs to
//! act on the same file, section, account and store, and is quoted for a shell.

use std::borrow::Cow;

use super::{Section, shell_words};

/// A command of kvctl for the user to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    verb: &'static str,
    /// What it acts on, of which there may be more.
    subjects: Vec<String>,
    arguments: Vec<String>,
    /// The ids that it may replace.
    replaced: Vec<String>,
    section: Wanted,
}

/// On which section a command acts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// The one that this run selects.
    Selected,
    This(Section),
    /// It selects none, or all.
    None,
}

impl Suggestion {
    /// The command `verb`, such as `key list`, without arguments.
    pub fn new(verb: &'static str) -> Self {
        Self {
            verb,
            subjects: Vec::new(),
            arguments: Vec::new(),
            replaced: Vec::new(),
            section: Wanted::Selected,
        }
    }

    /// The command that provisions `wanted`, a binding or `BINDING=TITLE`, in `section`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better with values and references alike"
    )]
    pub fn provision(wanted: impl ToString, section: &Section) -> Self {
        Self {
            subjects: vec![wanted.to_string()],
            ..Self::new("provision").in_section(section)
        }
    }

    /// Allows it to replace an id.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better with values and references alike"
    )]
    pub fn replacing(mut self, id: impl ToString) -> Self {
        self.replaced.push(id.to_string());
        self
    }

    /// Returns one command that does what both do, where they differ in what they act on only.
    fn merged(&self, other: &Self) -> Option<Self> {
        let same = self.verb == other.verb
            && self.arguments == other.arguments
            && self.section == other.section;
        let join = |a: &[String], b: &[String]| {
            let mut all = a.to_vec();
            all.extend(b.iter().filter(|it| !a.contains(it)).cloned());
            all
        };
        same.then(|| Self {
            subjects: join(&self.subjects, &other.subjects),
            replaced: join(&self.replaced, &other.replaced),
            ..self.clone()
        })
    }

    /// The command that gives previews of a Pages project a section of their own.
    pub fn provision_previews(wanted: impl IntoIterator<Item = impl ToString>) -> Self {
        let command = Self::new("provision").args(wanted);
        command
            .args(["--env", "preview", "--add-env"])
            .sectionless()
    }

    /// Adds an argument, as the program gets it.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better with values and references alike"
    )]
    pub fn arg(mut self, argument: impl ToString) -> Self {
        self.arguments.push(argument.to_string());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(self, arguments: impl IntoIterator<Item = impl ToString>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Has it act on `section`, whatever this run selects.
    #[must_use]
    pub fn in_section(self, section: &Section) -> Self {
        let section = Wanted::This(section.clone());
        Self { section, ..self }
    }

    /// Has it select no section.
    #[must_use]
    pub fn sectionless(self) -> Self {
        let section = Wanted::None;
        Self { section, ..self }
    }

    /// Returns it as a shell takes it after `invocation`.
    pub fn render(&self, invocation: &Invocation) -> String {
        let verb = self.verb.split(' ').map(str::to_owned);
        let words = ["kvctl".to_owned()].into_iter().chain(verb);
        let words = words.chain(self.subjects.iter().cloned());
        let words = words.chain(self.arguments.iter().cloned());
        let replaced = self.replaced.iter();
        let replaced = replaced.flat_map(|id| ["--replace-id".to_owned(), id.clone()]);
        let words = words.chain(replaced);
        let words = words.chain(self.section_options(invocation));
        shell_words(words.chain(invocation.options_for(self)))
    }

    fn section_options(&self, invocation: &Invocation) -> Vec<String> {
        match &self.section {
            Wanted::None => Vec::new(),
            Wanted::Selected => invocation.section.clone(),
            Wanted::This(section) => {
                let top = section.environment().is_none() && invocation.ambient_environment;
                let top = top.then(|| ["--env", ""].map(str::to_owned));
                let top = top.into_iter().flatten();
                top.chain(section.arguments()).collect()
            }
        }
    }

    fn has(&self, option: &str) -> bool {
        self.arguments.iter().any(|it| it == option)
    }

    fn asks_no_service(&self) -> bool {
        matches!(self.verb, "scaffold" | "serve" | "completions" | "man")
    }
}

/// The options of this run that a command to run next needs as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// Those that select a section.
    pub section: Vec<String>,
    /// Whether a variable selects an environment where no option does.
    pub ambient_environment: bool,
    /// Those that name files to read.
    pub files: Vec<String>,
    /// Those that say who asks, and for which account.
    pub access: Vec<String>,
    /// Whether it works on the local store.
    pub local: bool,
    /// Those that say where the local store is.
    pub store: Vec<String>,
}

impl Invocation {
    fn options_for(&self, command: &Suggestion) -> Vec<String> {
        let local = (self.local && !command.has("--local")).then(|| "--local".to_owned());
        let (local, access) = if command.asks_no_service() {
            (None, [].as_slice())
        } else {
            (local, self.access.as_slice())
        };
        let given = [&self.files, access, &self.store].map(<[String]>::to_vec);
        given.concat().into_iter().chain(local).collect()
    }
}

/// Returns an option with its value: one word where the value could be taken for an option.
pub fn option_words(name: &str, value: &str) -> Vec<String> {
    if value.starts_with('-') {
        return vec![format!("{name}={value}")];
    }
    vec![name.to_owned(), value.to_owned()]
}

/// What the user can do, or should know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hint(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Cow<'static, str>),
    Suggestion(Suggestion),
}

impl Hint {
    /// To run `command`.
    pub fn run(command: Suggestion) -> Self {
        Self::from("run ").command(command)
    }

    /// Adds a command, between backticks.
    #[must_use]
    pub fn command(mut self, command: Suggestion) -> Self {
        self.0.push(Part::Suggestion(command));
        self
    }

    /// Adds words.
    #[must_use]
    pub fn text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        debug_assert!(
            !text.contains("`kvctl "),
            "a command is a value, not text: {text}"
        );
        self.0.push(Part::Text(text));
        self
    }

    /// Adds another.
    #[must_use]
    pub fn and(mut self, other: impl Into<Self>) -> Self {
        self.0.extend(other.into().0);
        self
    }

    /// Returns one hint that does what both do, where they differ in what their commands act on only.
    pub fn merged(&self, other: &Self) -> Option<Self> {
        let has_command = self.0.iter().any(|it| matches!(it, Part::Suggestion(_)));
        if self.0.len() != other.0.len() || !has_command {
            return None;
        }
        let parts = self.0.iter().zip(&other.0).map(|pair| match pair {
            (Part::Text(a), Part::Text(b)) => (a == b).then(|| Part::Text(a.clone())),
            (Part::Suggestion(a), Part::Suggestion(b)) => a.merged(b).map(Part::Suggestion),
            _ => None,
        });
        parts.collect::<Option<_>>().map(Self)
    }

    /// Returns its commands, each as a shell takes it after `invocation`.
    pub fn commands(&self, invocation: &Invocation) -> Vec<String> {
        let commands = self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Suggestion(command) => Some(command.render(invocation)),
        });
        commands.collect()
    }

    /// Returns it as it is shown after `invocation`.
    pub fn render(&self, invocation: &Invocation) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.to_string(),
            Part::Suggestion(command) => format!("`{}`", command.render(invocation)),
        });
        parts.collect()
    }
}

/// As it is shown after a run without options.
#[cfg(test)]
impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(&Invocation::default()))
    }
}

impl From<&'static str> for Hint {
    fn from(text: &'static str) -> Self {
        Self::default().text(text)
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self::default().text(text)
    }
}

impl From<Suggestion> for Hint {
    fn from(command: Suggestion) -> Self {
        Self::default().command(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EnvName;

    fn given() -> Invocation {
        let own = |options: &[&str]| options.iter().map(|it| (*it).to_owned()).collect();
        Invocation {
            section: own(&["--env", "dev"]),
            ambient_environment: true,
            files: own(&["--config", "a b.toml"]),
            access: own(&["--profile", "work"]),
            local: true,
            store: own(&["--persist-to", "s"]),
        }
    }

    #[test]
    fn a_command_is_written_as_a_shell_takes_it() {
        let run = |arguments: &[&str]| {
            let command = Suggestion::new("provision").args(arguments);
            Hint::run(command).render(&Invocation::default())
        };
        assert_eq!(run(&[]), "run `kvctl provision`");
        assert_eq!(
            run(&["A=it's one", ""]),
            r"run `kvctl provision 'A=it'\''s one' ''`"
        );
    }

    #[test]
    fn a_command_acts_where_this_run_did() {
        let hint = Hint::run(Suggestion::new("key list")).text(" to see the keys");
        assert_eq!(
            hint.render(&given()),
            "run `kvctl key list --env dev --config 'a b.toml' --profile work --persist-to s --local` \
             to see the keys"
        );
        let local = Suggestion::new("key list").arg("--local").sectionless();
        let invocation = Invocation {
            local: true,
            ..Invocation::default()
        };
        assert_eq!(local.render(&invocation), "kvctl key list --local");
    }

    #[test]
    fn hints_that_differ_in_their_subjects_are_one() {
        let hint = |binding: &str, id: &str, mode: &str| {
            let command = Suggestion::provision(binding, &Section::TOP).args(["--preview", mode]);
            Hint::run(command.replacing(id)).text(" to write one")
        };
        let both = hint("A", "1", "same").merged(&hint("B", "2", "same"));
        assert_eq!(
            both.unwrap().to_string(),
            "run `kvctl provision A B --preview same --replace-id 1 --replace-id 2` to write one"
        );
        assert_eq!(
            hint("A", "1", "same").merged(&hint("B", "1", "separate")),
            None
        );
        assert_eq!(Hint::from("a").merged(&"a".into()), None);
    }

    #[test]
    fn what_works_on_files_alone_gets_no_account() {
        let scaffold = Suggestion::new("scaffold").sectionless();
        assert_eq!(
            scaffold.render(&given()),
            "kvctl scaffold --config 'a b.toml' --persist-to s"
        );
    }

    #[test]
    fn a_section_that_is_named_wins() {
        let invocation = Invocation {
            ambient_environment: true,
            ..Invocation::default()
        };
        let at = |section: &Section| Suggestion::provision("A", section).render(&invocation);
        let staging = Section::from("staging".parse::<EnvName>().unwrap());
        assert_eq!(at(&staging), "kvctl provision A --env staging");
        let odd = Section::from("-e".parse::<EnvName>().unwrap());
        assert_eq!(at(&odd), "kvctl provision A --env=-e");
        assert_eq!(at(&Section::TOP), "kvctl provision A --env ''");
        assert_eq!(
            at(&Section::TOP.previews()),
            "kvctl provision A --env '' --in-previews"
        );
        let none = Invocation::default();
        assert_eq!(
            Suggestion::provision("A", &Section::TOP).render(&none),
            "kvctl provision A"
        );
    }
}
