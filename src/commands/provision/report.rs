//! What provisioning did, or would do.

use std::io;

use serde::Serialize;

use super::notes::name;
use crate::{
    commands::shared::scaffold_report::ScaffoldReport,
    config::Field,
    context::{Backend, Session},
    domain::{AccountId, Binding, EnvName, Hint, Invocation, NamespaceId, Section},
    ops::provision::{
        apply::{IdOrigin, Outcome},
        plan::{Action, Step},
    },
    ui::{ADDED, Diff, FAINT, Page, Report, STRONG, list},
};

/// What provisioning did, or would do.
#[derive(Debug, Serialize)]
pub(super) struct ProvisionReport {
    /// The file that is, or would be, written.
    file: String,
    /// The account that was asked.
    account: AccountId,
    /// Whether the account is the local store's.
    local: bool,
    /// Whether this is a dry run.
    dry_run: bool,
    /// Whether the text that `file` holds changes.
    changed: bool,
    /// One item for each id.
    bindings: Vec<Item>,
    /// What the user should know.
    notes: Vec<String>,
    /// The change of the file, as a unified diff.
    diff: String,
    /// What was done for the Worker's side, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    scaffold: Option<ScaffoldReport>,
    /// The same, unless it was shown ahead of a question.
    #[serde(skip)]
    shown: Option<Diff>,
    /// Whether this is the second attempt.
    #[serde(skip)]
    conflict: Option<Conflict>,
}

/// Another process changed the file during the first attempt, which may have created namespaces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conflict;

/// One id in the file.
#[derive(Debug, Serialize)]
struct Item {
    /// The environment; `null` is the top level.
    environment: Option<EnvName>,
    /// Whether it is in the `previews` of that section.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    previews: bool,
    binding: Binding,
    /// `id` or `preview_id`.
    field: Field,
    /// `keep`, `adopt`, `create` or `share`.
    action: &'static str,
    /// Whether it is adopted because what is deployed binds it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deployed: bool,
    /// The namespace's title, where known.
    title: Option<String>,
    /// Where its data must stay, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    jurisdiction: Option<String>,
    /// The id; `null` if the namespace is yet to be created.
    id: Option<NamespaceId>,
}

impl ProvisionReport {
    pub(super) fn new(
        session: &Session,
        dry_run: bool,
        outcomes: Vec<Outcome>,
        shown: Diff,
    ) -> Self {
        let item = |Outcome {
                        slot,
                        id,
                        title,
                        jurisdiction,
                        origin,
                    }: Outcome| Item {
            environment: slot.section.environment().cloned(),
            previews: slot.section.is_previews(),
            binding: slot.binding,
            field: slot.field,
            action: action(origin),
            deployed: origin == IdOrigin::Deployed,
            title,
            jurisdiction,
            id,
        };
        let local = matches!(session.place, Backend::Local(_));
        Self {
            file: shown.name().to_owned(),
            account: session.account.clone(),
            local,
            dry_run,
            changed: !shown.is_empty(),
            bindings: outcomes.into_iter().map(item).collect(),
            notes: Vec::new(),
            diff: shown.plain(),
            scaffold: None,
            shown: Some(shown),
            conflict: None,
        }
    }

    /// Adds what was done for the Worker's side.
    pub(super) fn with_scaffold(self, scaffold: Option<ScaffoldReport>) -> Self {
        let scaffold = scaffold.map(ScaffoldReport::into_part);
        Self { scaffold, ..self }
    }

    /// Adds sentences to the notes.
    pub(super) fn with_notes(mut self, notes: &[Hint], invocation: &Invocation) -> Self {
        let notes = notes.iter().map(|note| note.render(invocation));
        self.notes.extend(notes);
        self
    }

    /// Leaves the diff out where people read it, if it was shown before.
    pub(super) fn without_diff(self, is_seen: bool) -> Self {
        let shown = self.shown.filter(|_| !is_seen);
        Self { shown, ..self }
    }

    /// Says that this is the second attempt, if it is.
    pub(super) fn after(self, conflict: Option<Conflict>) -> Self {
        Self { conflict, ..self }
    }

    /// Sets the file that the text goes to, and whether that changes its content.
    pub(super) fn written_to(self, file: String, changed: bool) -> Self {
        Self {
            file,
            changed,
            ..self
        }
    }
}

/// The ids, for an error after which they are all the user has.
pub(super) fn ids(outcomes: &[Outcome]) -> String {
    let one = |o: &Outcome| {
        let id = o.id.as_ref()?;
        Some(format!("{} {} is {id}", o.slot.binding, o.slot.field))
    };
    outcomes
        .iter()
        .filter_map(one)
        .collect::<Vec<_>>()
        .join(", ")
}

fn action(origin: IdOrigin) -> &'static str {
    match origin {
        IdOrigin::Kept => "keep",
        IdOrigin::Adopted | IdOrigin::Deployed => "adopt",
        IdOrigin::Created => "create",
        IdOrigin::Shared => "share",
    }
}

/// The same, when it has been done.
fn done(action: &str) -> &'static str {
    match action {
        "keep" => "kept",
        "adopt" => "adopted",
        "create" => "created",
        _ => "shared",
    }
}

/// What is about to be done, a line for each step that does anything.
pub(super) fn intentions(steps: &[Step]) -> Vec<String> {
    let steps: Vec<_> = steps.iter().filter_map(intention).collect();
    let names = steps.iter().map(|(_, name, _)| name.chars().count()).max();
    let names = names.unwrap_or(0);
    let line = |(action, name, what): &(&str, String, String)| {
        format!("  {action:<6}  {name:<names$}  {what}")
    };
    steps.iter().map(line).collect()
}

fn intention(step: &Step) -> Option<(&'static str, String, String)> {
    let name = name(&step.slot.section, &step.slot.binding, step.slot.field);
    let (action, what) = match &step.action {
        Action::Keep { .. } => return None,
        Action::Adopt {
            id,
            title,
            deployed,
        } => {
            let from = deployed.as_ref();
            let from = from.map(|what| format!(" (from the deployed {what})"));
            ("adopt", format!("{title} {id}{}", from.unwrap_or_default()))
        }
        Action::Create {
            title,
            jurisdiction,
        } => {
            let place = jurisdiction.map(|it| format!(" ({it})"));
            ("create", format!("{title}{}", place.unwrap_or_default()))
        }
        Action::Share => ("share", format!("the id of {}", step.slot.binding)),
    };
    let replaced = step.replaces.as_ref().map(|id| format!(", replacing {id}"));
    Some((action, name, what + &replaced.unwrap_or_default()))
}

impl Item {
    fn label(&self) -> String {
        let section = Section::from(self.environment.clone());
        let section = if self.previews {
            section.previews()
        } else {
            section
        };
        name(&section, &self.binding, self.field)
    }

    fn title(&self) -> String {
        let title = self.title.as_deref().unwrap_or_default();
        match &self.jurisdiction {
            Some(jurisdiction) => format!("{title} ({jurisdiction})"),
            None => title.to_owned(),
        }
    }
}

impl Report for ProvisionReport {
    fn human(&self, out: &mut Page<'_>, tabular: bool) -> io::Result<()> {
        let items = &self.bindings;
        let cells = |item: &Item| {
            let style = if item.action == "keep" { FAINT } else { ADDED };
            let id = item.id.as_ref().map_or("(new id)", NamespaceId::as_str);
            let deployed = if item.deployed { "(deployed)" } else { "" };
            let action = if self.dry_run {
                item.action
            } else {
                done(item.action)
            };
            let action = format!("{action:<7}");
            let [label, title] = [item.label(), item.title()];
            (
                style,
                [action, label, title, id.to_owned(), deployed.to_owned()],
            )
        };
        list(out, items.iter().map(cells))?;
        if let Some(diff) = self.shown.as_ref().filter(|_| self.changed) {
            writeln!(out)?;
            diff.human(out)?;
        }
        for note in &self.notes {
            out.hanging(6, format_args!("{STRONG}note:{STRONG:#} {note}"))?;
        }
        match (self.changed, self.dry_run) {
            (true, true) => writeln!(out, "dry run: nothing was changed")?,
            (true, false) => writeln!(out, "wrote {}", self.file)?,
            (false, _) if self.conflict.is_some() => {
                let file = &self.file;
                writeln!(
                    out,
                    "{file} is up to date: another process wrote it meanwhile"
                )?;
            }
            (false, _) if items.iter().all(|item| item.action == "keep") => {
                writeln!(out, "nothing to do: {} is up to date", self.file)?;
            }
            (false, _) => writeln!(out, "{} needs no change", self.file)?,
        }
        let Some(scaffold) = &self.scaffold else {
            return Ok(());
        };
        writeln!(out)?;
        scaffold.human(out, tabular)
    }
}
