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
    /// Its arguments without a name.
    operands: Vec<String>,
    /// Whether `--` stands ahead of those, whatever they are.
    is_ended: bool,
    /// Its own options, as words.
    options: Vec<String>,
    /// The ids that it may replace.
    replaced: Vec<String>,
    /// Whether the account has none of those.
    replaces_missing: bool,
    /// Whether the user has to edit something first, or to fill something in.
    is_example: bool,
    section: Wanted,
}

/// On which section a command acts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// The one that this run selects.
    Selected,
    This(Section),
    All,
    /// It selects none.
    None,
}

/// With more ids to replace than this, all that the account does not have are named as such.
const NAMED_IDS: usize = 3;

#[expect(
    clippy::needless_pass_by_value,
    reason = "calls read better with values and references alike"
)]
impl Suggestion {
    /// The command `verb`, such as `key list`, without arguments.
    pub fn new(verb: &'static str) -> Self {
        Self {
            verb,
            operands: Vec::new(),
            is_ended: false,
            options: Vec::new(),
            replaced: Vec::new(),
            replaces_missing: true,
            is_example: false,
            section: Wanted::Selected,
        }
    }

    /// The command that provisions `wanted`, a binding or `BINDING=TITLE`, in `section`.
    pub fn provision(wanted: impl ToString, section: &Section) -> Self {
        Self::new("provision").arg(wanted).in_section(section)
    }

    /// Has it shown, and not listed among the commands to run: it works only after the user has edited a
    /// file, or put something in the place of a word such as `TITLE`.
    #[must_use]
    pub fn as_example(self) -> Self {
        let is_example = true;
        Self { is_example, ..self }
    }

    /// Allows it to replace an id.
    #[must_use]
    pub fn replacing(mut self, id: impl ToString) -> Self {
        self.replaces_missing = false;
        self.replacing_missing(id)
    }

    /// Allows it to replace an id that the account does not have.
    #[must_use]
    pub fn replacing_missing(mut self, id: impl ToString) -> Self {
        self.replaced.push(id.to_string());
        self
    }

    /// The command that gives previews of a Pages project a section of their own.
    pub fn provision_previews(wanted: impl IntoIterator<Item = impl ToString>) -> Self {
        let command = Self::new("provision").args(wanted);
        let command = command.option("--env", "preview").flag("--add-env");
        command.sectionless()
    }

    /// Adds an argument without a name, as the program gets it.
    #[must_use]
    pub fn arg(mut self, argument: impl ToString) -> Self {
        self.operands.push(argument.to_string());
        self
    }

    /// Adds arguments without names.
    #[must_use]
    pub fn args(self, arguments: impl IntoIterator<Item = impl ToString>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Adds an option without a value.
    #[must_use]
    pub fn flag(mut self, name: impl ToString) -> Self {
        self.options.push(name.to_string());
        self
    }

    /// Adds an option with a value.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl ToString) -> Self {
        self.options.extend(option_words(name, &value.to_string()));
        self
    }

    /// Adds words as they were typed: options and arguments, those behind `--` as well.
    #[must_use]
    pub fn typed(mut self, words: impl IntoIterator<Item = impl ToString>) -> Self {
        let mut words = words.into_iter().map(|word| word.to_string());
        let ahead = words.by_ref().take_while(|word| word != "--");
        self.options.extend(ahead);
        let behind: Vec<String> = words.collect();
        self.is_ended |= !behind.is_empty();
        self.operands.extend(behind);
        self
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

    /// Returns the one command that does what both do, where they differ in what they act on only.
    fn merged(&self, other: &Self) -> Option<Self> {
        let same = self.is_alike(other) && self.section == other.section;
        same.then(|| self.joined(other))
    }

    /// Whether both do the same, be it elsewhere.
    fn is_alike(&self, other: &Self) -> bool {
        self.is_of_kind(other) && self.options == other.options
    }

    /// Whether both are one command, be it with other arguments.
    fn is_of_kind(&self, other: &Self) -> bool {
        let of = |it: &Self| (it.verb, it.is_ended, it.is_example);
        of(self) == of(other)
    }

    fn joined(&self, other: &Self) -> Self {
        let join = |a: &[String], b: &[String]| {
            let mut all = a.to_vec();
            all.extend(b.iter().filter(|it| !a.contains(it)).cloned());
            all
        };
        Self {
            operands: join(&self.operands, &other.operands),
            replaced: join(&self.replaced, &other.replaced),
            replaces_missing: self.replaces_missing && other.replaces_missing,
            ..self.clone()
        }
    }

    /// Returns what `commands` do as one command for all sections, naming the same arguments, if they do the same.
    pub fn in_all_sections(commands: &[Self]) -> Option<Self> {
        let (first, others) = commands.split_first()?;
        if !others.iter().all(|it| it.is_alike(first)) {
            return None;
        }
        let one = others.iter().fold(first.clone(), |all, it| all.joined(it));
        let section = Wanted::All;
        Some(Self { section, ..one })
    }

    /// The same without its arguments.
    #[must_use]
    pub fn without_args(self) -> Self {
        let operands = Vec::new();
        Self { operands, ..self }
    }

    /// Returns its verb.
    pub fn verb(&self) -> &'static str {
        self.verb
    }

    /// Returns its own options, as words.
    pub fn options(&self) -> &[String] {
        &self.options
    }

    /// Returns the section on which it acts, if it names one.
    pub fn section(&self) -> Option<&Section> {
        match &self.section {
            Wanted::This(section) => Some(section),
            Wanted::Selected | Wanted::All | Wanted::None => None,
        }
    }

    /// Returns its arguments without names.
    pub fn operands(&self) -> &[String] {
        &self.operands
    }

    /// Returns the ids that it may replace.
    pub fn replaced(&self) -> &[String] {
        &self.replaced
    }

    /// Returns it as a shell takes it after `invocation`.
    pub fn render(&self, invocation: &Invocation) -> String {
        shell_words(self.words(invocation))
    }

    /// Returns it as the words of a command line.
    pub fn words(&self, invocation: &Invocation) -> Vec<String> {
        let mut words = vec!["kvctl".to_owned()];
        words.extend(self.verb.split(' ').map(str::to_owned));
        // What could be taken for an option stands behind all options.
        let is_odd = |it: &String| it.len() > 1 && it.starts_with('-');
        let is_last = self.is_ended || self.operands.iter().any(is_odd);
        if !is_last {
            words.extend(self.operands.iter().cloned());
        }
        words.extend(self.options.iter().cloned());
        if self.replaces_missing && self.replaced.len() > NAMED_IDS {
            words.push("--replace-missing".to_owned());
        } else {
            let replaced = self.replaced.iter();
            words.extend(replaced.flat_map(|id| option_words("--replace-id", id)));
        }
        words.extend(self.section_options(invocation));
        words.extend(invocation.options_for(self));
        if is_last {
            words.push("--".to_owned());
            words.extend(self.operands.iter().cloned());
        }
        words
    }

    fn section_options(&self, invocation: &Invocation) -> Vec<String> {
        match &self.section {
            Wanted::None => Vec::new(),
            Wanted::All => vec!["--all-envs".to_owned()],
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
        self.options.iter().any(|it| it == option)
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
    /// An option with its value, to be given to whatever command.
    Options(Vec<String>),
    /// One, or several that are to be run one after the other.
    Commands(Vec<Suggestion>),
}

impl Hint {
    /// To run `command`.
    pub fn run(command: Suggestion) -> Self {
        Self::from("run ").command(command)
    }

    /// Adds a command, between backticks.
    #[must_use]
    pub fn command(mut self, command: Suggestion) -> Self {
        self.0.push(Part::Commands(vec![command]));
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

    /// Adds an option with its value, between backticks.
    #[must_use]
    pub fn option(mut self, name: &str, value: &(impl ToString + ?Sized)) -> Self {
        let words = option_words(name, &value.to_string());
        self.0.push(Part::Options(words));
        self
    }

    /// Adds another.
    #[must_use]
    pub fn and(mut self, other: impl Into<Self>) -> Self {
        self.0.extend(other.into().0);
        self
    }

    /// Returns one hint that does what both do, where they say the same and run the same, be it on other things.
    pub fn merged(&self, other: &Self) -> Option<Self> {
        if self.0.len() != other.0.len() {
            return None;
        }
        let parts = self.0.iter().zip(&other.0).map(|pair| match pair {
            (Part::Commands(a), Part::Commands(b)) => merged(a, b).map(Part::Commands),
            (a, b) => (a == b).then(|| a.clone()),
        });
        parts.collect::<Option<_>>().map(Self)
    }

    /// Returns it with what `change` makes of the commands at each place.
    #[must_use]
    pub fn map_commands(self, change: impl Fn(&[Suggestion]) -> Option<Suggestion>) -> Self {
        let parts = self.0.into_iter().map(|part| match part {
            Part::Commands(commands) => {
                Part::Commands(change(&commands).map_or(commands, |one| vec![one]))
            }
            Part::Text(_) | Part::Options(_) => part,
        });
        Self(parts.collect())
    }

    /// Returns it with commands that are shown only: something else is to be done first.
    #[must_use]
    pub fn as_example(self) -> Self {
        self.map_each(Suggestion::as_example)
    }

    /// Returns it with what `change` makes of each command.
    #[must_use]
    pub fn map_each(self, mut change: impl FnMut(Suggestion) -> Suggestion) -> Self {
        let parts = self.0.into_iter().map(|part| match part {
            Part::Commands(commands) => {
                Part::Commands(commands.into_iter().map(&mut change).collect())
            }
            Part::Text(_) | Part::Options(_) => part,
        });
        Self(parts.collect())
    }

    /// Returns its commands, those that are shown only as well.
    pub fn suggestions(&self) -> impl Iterator<Item = &Suggestion> {
        self.0.iter().flat_map(|part| match part {
            Part::Text(_) | Part::Options(_) => &[],
            Part::Commands(commands) => commands.as_slice(),
        })
    }

    /// Returns its commands that can be run as they are, each as a shell takes it after `invocation`.
    pub fn commands(&self, invocation: &Invocation) -> Vec<String> {
        let commands = self.suggestions().filter(|it| !it.is_example);
        commands.map(|it| it.render(invocation)).collect()
    }

    /// Returns it as it is shown after `invocation`.
    pub fn render(&self, invocation: &Invocation) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.to_string(),
            Part::Options(words) => format!("`{}`", shell_words(words)),
            Part::Commands(commands) => {
                let commands = commands.iter().map(|it| it.render(invocation));
                listed(&commands.map(|it| format!("`{it}`")).collect::<Vec<_>>())
            }
        });
        parts.collect()
    }
}

/// Returns the commands that do what `a` and `b` do, as few as can be.
fn merged(a: &[Suggestion], b: &[Suggestion]) -> Option<Vec<Suggestion>> {
    let mut all = a.to_vec();
    for command in b {
        if !all.iter().all(|it| it.is_of_kind(command)) {
            return None;
        }
        let mut those = all.iter_mut();
        match those.find_map(|it| Some((it.merged(command)?, it))) {
            Some((both, earlier)) => *earlier = both,
            None => all.push(command.clone()),
        }
    }
    Some(all)
}

/// Returns a list as in a sentence: `a, b and c`.
pub fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
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
mod tests;
