//! What keeps a `provision` that is recommended from working, until the user has edited something: then
//! it is shown with that, and not as a command to run.

use super::context::CheckContext;
use crate::{
    config::{Document, Scope},
    domain::{Classify as _, Hint, Section, Suggestion},
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
            Some(Obstacle::Edit(what)) => {
                Hint::from(format!("first {what}; then ")).and(hint.as_example())
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
        self.account(section)
            .or_else(|| Self::ignored(document))
            .or_else(|| self.wanted(document, command))
    }

    /// The file and a variable name different accounts for the section.
    fn account(&self, section: Option<&Section>) -> Option<Obstacle> {
        let section = section.map(Section::deployed).unwrap_or_default();
        let mut accounts = self.context.options.accounts.iter();
        let (_, account) = accounts.find(|(of, _)| *of == section)?;
        let (place, what) = account.as_ref().err()?.parts();
        let place = place.map(|at| format!(" at line {}", at.position.line));
        let place = place.unwrap_or_default();
        Some(Obstacle::Edit(format!(
            "correct the account{place} ({what})"
        )))
    }

    /// The file has a key that wrangler ignores.
    fn ignored(document: &Document) -> Option<Obstacle> {
        let mut entries = document.project().scopes().flat_map(|it| &it.entries);
        let key = entries.find_map(|entry| entry.ignored.first())?;
        let line = key.position.line;
        Some(Obstacle::Edit(format!(
            "correct line {line} ({})",
            key.value.remedy()
        )))
    }

    /// What is wanted cannot be had: no title can be derived, or the name is in use.
    fn wanted(&self, document: &Document, command: &Suggestion) -> Option<Obstacle> {
        let project = document.project();
        let Some(section) = command.section() else {
            // A section of Pages that is to be added.
            let error = project.deployed_name(&Section::TOP).err();
            let error = error.filter(|_| !self.context.is_local())?;
            return Some(Obstacle::Edit(error.remedy()));
        };
        let scope = project.scope(section)?;
        let requested: Vec<RequestedBinding> = requested(command.operands());
        let manifest = self.context.options.manifest;
        let desired = match desired_bindings(project, &[scope], &requested, manifest) {
            Ok(desired) => desired,
            Err(error) => {
                let hint = error.hint().unwrap_or_default();
                let hint = Hint::from(format!("{error}; ")).and(hint);
                return Some(Obstacle::Instead(hint));
            }
        };
        let nameless = desired
            .iter()
            .find_map(|it: &DesiredBinding| match &it.title {
                DesiredTitle::Nameless(nameless) => Some(nameless),
                _ => None,
            });
        let nameless = nameless.filter(|_| !self.context.is_local())?;
        Some(Obstacle::Edit(nameless.why.remedy()))
    }
}

/// What is in the way.
enum Obstacle {
    /// This is to be done first.
    Edit(String),
    /// The command is not what helps.
    Instead(Hint),
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
