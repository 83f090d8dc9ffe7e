//! What keeps a `provision` that is recommended from working, until the user has edited something: then
//! it is shown with that, and not as a command to run.

use super::context::CheckContext;
use crate::{
    config::{Document, Entry, Field, Project, Scope},
    domain::{Classify as _, Hint, Section, Suggestion, is_id_in_blanks, is_mistyped_id, listed},
    ops::provision::desired::{DesiredBinding, DesiredTitle, RequestedBinding, desired_bindings},
};

/// What is known to be in the way.
pub(super) struct Obstacles<'a> {
    context: &'a CheckContext<'a>,
}

impl<'a> Obstacles<'a> {
    pub(super) fn of(context: &'a CheckContext<'a>) -> Self {
        Self { context }
    }

    /// Returns `hint` with what is to be done first.
    pub(super) fn first(&self, hint: Hint) -> Hint {
        let Ok(document) = self.context.document() else {
            return hint;
        };
        let mut commands = hint.suggestions().filter(|it| it.verb() == "provision");
        let obstacle = commands.find_map(|it| self.before(document, it));
        drop(commands);
        match obstacle {
            None => hint,
            Some(Obstacle::Edits(what)) => {
                Hint::from(format!("first {}; then ", listed(&what))).and(hint.as_example())
            }
            Some(Obstacle::Instead(other)) => other.as_example(),
        }
    }

    /// Whether something is in the way of a command for all sections.
    pub(super) fn anywhere(&self, document: &Document) -> bool {
        let accounts = self.context.options.accounts;
        let accounts = accounts.iter().map(|(_, account)| account.as_ref().ok());
        let accounts: Vec<_> = accounts.collect();
        document.refuse_ignored().is_err()
            || document.project().pages_refuses().next().is_some()
            || accounts.iter().any(Option::is_none)
            || accounts.windows(2).any(|two| two[0] != two[1])
    }

    fn before(&self, document: &Document, command: &Suggestion) -> Option<Obstacle> {
        let project = document.project();
        let section = command.section();
        let refused = |scope: &&Scope| Some(&scope.section) == section;
        if let Some(scope) = project.pages_refuses().find(refused) {
            let what = format!("remove {}, which Pages does not have", scope.section);
            return Some(Obstacle::Instead(what.into()));
        }
        let mut edits: Vec<String> = self.account(section).into_iter().collect();
        edits.extend(Self::ignored(document));
        if !self.context.is_local() {
            edits.extend(mistyped(project, command));
        }
        match self.wanted(document, command) {
            Err(instead) => return Some(Obstacle::Instead(instead)),
            Ok(name) => edits.extend(name),
        }
        (!edits.is_empty()).then_some(Obstacle::Edits(edits))
    }

    /// The file and a variable name different accounts for the section.
    fn account(&self, section: Option<&Section>) -> Option<String> {
        let section = section.map(Section::deployed).unwrap_or_default();
        let mut accounts = self.context.options.accounts.iter();
        let (_, account) = accounts.find(|(of, _)| *of == section)?;
        let (place, what) = account.as_ref().err()?.parts();
        let place = place.map(|at| format!(" at line {}", at.position.line));
        let place = place.unwrap_or_default();
        Some(format!("correct the account{place} ({what})"))
    }

    /// The keys of the file that wrangler ignores.
    fn ignored(document: &Document) -> impl Iterator<Item = String> {
        let entries = document.project().scopes().flat_map(|it| &it.entries);
        let keys = entries.flat_map(|entry| &entry.ignored);
        keys.map(|key| {
            let line = key.position.line;
            format!("correct line {line} ({})", key.value.remedy())
        })
    }

    /// What is wanted cannot be had: no title can be derived, or, as an error, the name is in use.
    fn wanted(&self, document: &Document, command: &Suggestion) -> Result<Option<String>, Hint> {
        let project = document.project();
        let Some(section) = command.section() else {
            // A section of Pages that is to be added.
            let error = project.deployed_name(&Section::TOP).err();
            let error = error.filter(|_| !self.context.is_local());
            return Ok(error.map(|it| it.remedy()));
        };
        let Some(scope) = project.scope(section) else {
            return Ok(None);
        };
        let requested: Vec<RequestedBinding> = requested(command.operands());
        let manifest = self.context.options.manifest;
        let desired = desired_bindings(project, &[scope], &requested, manifest);
        let desired = desired.map_err(|error| {
            let hint = error.hint().unwrap_or_default();
            Hint::from(format!("{error}; ")).and(hint)
        })?;
        let nameless = desired
            .iter()
            .find_map(|it: &DesiredBinding| match &it.title {
                DesiredTitle::Nameless(nameless) => Some(nameless),
                _ => None,
            });
        let nameless = nameless.filter(|_| !self.context.is_local());
        Ok(nameless.map(|it| it.why.remedy()))
    }
}

/// What is in the way.
enum Obstacle {
    /// These are to be done first.
    Edits(Vec<String>),
    /// The command is not what helps.
    Instead(Hint),
}

/// What is nearly an id in the entries on which the command works: replaced, it would be lost.
fn mistyped(project: &Project, command: &Suggestion) -> Vec<String> {
    let asks = command.options().iter().any(|it| it == "--preview");
    let fields = [Some(Field::Id), asks.then_some(Field::PreviewId)];
    let entries = worked_on(project, command).into_iter();
    let texts = entries.flat_map(|(_, entry)| {
        let fields = fields.into_iter().flatten();
        fields.filter_map(|field| entry.field(field))
    });
    let texts = texts.filter(|text| is_mistyped_id(&text.value));
    let edits = texts.map(|text| {
        let what = if is_id_in_blanks(&text.value) {
            "remove the blanks around the id"
        } else {
            "an id has 32 hexadecimal digits"
        };
        format!("correct line {} ({what})", text.position.line)
    });
    edits.collect()
}

/// Returns the entries on which a command for one section works: those that it names, there and in its
/// `previews`.
pub(super) fn worked_on<'p>(
    project: &'p Project,
    command: &Suggestion,
) -> Vec<(&'p Section, &'p Entry)> {
    let section = command.section().filter(|_| command.verb() == "provision");
    let Some(scope) = section.and_then(|it| project.scope(it)) else {
        return Vec::new();
    };
    let names = requested(command.operands());
    let all = project.with_previews(&[scope]).into_iter();
    let all = all.flat_map(|it| it.entries.iter().map(|entry| (&it.section, entry)));
    all.filter(|(_, entry)| names.is_empty() || names.iter().any(|it| it.binding == entry.binding))
        .collect()
}

/// Reads what a command names: bindings, some with titles.
pub(super) fn requested(operands: &[String]) -> Vec<RequestedBinding> {
    let read = operands.iter().filter_map(|operand| {
        let (binding, title) = match operand.split_once('=') {
            Some((binding, title)) => (binding, Some(title)),
            None => (operand.as_str(), None),
        };
        Some(RequestedBinding {
            binding: binding.parse().ok()?,
            title: title.and_then(|it| it.parse().ok()),
        })
    });
    read.collect()
}
