//! What commands do beside what their findings name: the ids that they have to replace, and the entries that
//! they change as well; and one command for all sections, where it does what those for each would do.

use std::collections::BTreeSet;

use super::{
    Finding, Findings, Subject,
    context::CheckContext,
    finding::Cause,
    obstacles::{Obstacles, worked_on},
};
use crate::{
    config::{Entry, Field, Project, Scope},
    domain::{Binding, DeclaredId, Hint, NamespaceId, Section, Suggestion, listed},
    ops::provision::desired::{RequestedBinding, desired_bindings},
};

type Cells = BTreeSet<(Section, Binding)>;

/// Returns `findings`, of which those that would take a `provision` for each section take one, if that
/// touches nothing but what the finding names, and works in every section.
pub(super) async fn united(
    context: &CheckContext<'_>,
    obstacles: &Obstacles<'_>,
    findings: Findings,
) -> Findings {
    let Ok(document) = context.document() else {
        return findings;
    };
    let has_previews = document
        .project()
        .scopes()
        .any(|it| it.section.is_previews());
    let is_in_several = |it: &Finding| it.subject.sections.len() > 1;
    let is_candidate = |it: &Finding| {
        let matters = || is_in_several(it) || has_previews || has_ids(document.project(), it);
        command_of(it).is_some() && matters()
    };
    if !findings.iter().any(is_candidate) {
        return findings;
    }
    let is_blocked = obstacles.anywhere(document);
    let known: Option<Vec<&NamespaceId>> = if context.is_local() {
        None
    } else {
        match context.namespaces().await {
            Ok(all) => Some(all.iter().map(|it| &it.id).collect()),
            Err(_) => return findings,
        }
    };
    findings.map(|finding| {
        let Some(command) = command_of(&finding)
            .cloned()
            .filter(|_| is_candidate(&finding))
        else {
            return finding;
        };
        let job = Job {
            context,
            project: document.project(),
            known: known.as_deref(),
            command,
        };
        let cells = cells_of(&finding);
        let hint = finding.hint.clone().map(|hint| {
            let (hint, also) = job.completed(hint, &cells);
            let one = |it: &[Suggestion]| job.one(it, &cells).filter(|_| !is_blocked);
            let hint = hint.map_commands(one);
            also.said(hint, finding.cause == Some(Cause::NotInAccount))
        });
        Finding { hint, ..finding }
    })
}

/// Whether the file has a valid id for one of the bindings that a finding is about.
fn has_ids(project: &Project, finding: &Finding) -> bool {
    finding.subject.cells().any(|(section, binding)| {
        let entries = project.scope(section).map(|it| it.entries.iter());
        let mut entries = entries.into_iter().flatten();
        entries.any(|entry| {
            let mut ids = [Field::Id, Field::PreviewId]
                .map(|it| entry.declared(it))
                .into_iter();
            entry.binding == *binding && ids.any(|it| matches!(it, DeclaredId::Valid(_)))
        })
    })
}

/// What commands do beside what their finding names.
#[derive(Default)]
struct Also {
    /// The bindings of which they replace an `id` that the account does not have.
    replaced: BTreeSet<String>,
    /// The entries of `previews` that they change: those go with their section.
    filled_in: BTreeSet<String>,
}

impl Also {
    /// Returns `hint`, which says so. A finding about ids that the account does not have names them.
    fn said(self, hint: Hint, names_missing: bool) -> Hint {
        let list = |names: BTreeSet<String>| listed(&names.into_iter().collect::<Vec<_>>());
        let hint = if self.replaced.is_empty() || names_missing {
            hint
        } else {
            let what = if self.replaced.len() == 1 {
                "id"
            } else {
                "ids"
            };
            let names = list(self.replaced);
            hint.text(format!(
                "; `provision` also replaces the {what} of {names}, which the account does not have"
            ))
        };
        if self.filled_in.is_empty() {
            return hint;
        }
        let names = list(self.filled_in);
        hint.text(format!("; `provision` also fills in {names}"))
    }
}

/// Returns the `provision` that cures a finding, in the first of its sections.
fn command_of(finding: &Finding) -> Option<&Suggestion> {
    let mut commands = finding.hint.as_ref()?.suggestions();
    commands.next().filter(|it| it.verb() == "provision")
}

fn cells_of(finding: &Finding) -> Cells {
    let cells = finding.subject.cells();
    cells
        .map(|(section, binding)| (section.clone(), binding.clone()))
        .collect()
}

/// One finding to be cured by one command.
struct Job<'a> {
    context: &'a CheckContext<'a>,
    project: &'a Project,
    /// The ids that the account has; the local store takes any.
    known: Option<&'a [&'a NamespaceId]>,
    command: Suggestion,
}

impl Job<'_> {
    /// Returns the command that does what `commands` do, if there is one.
    fn one(&self, commands: &[Suggestion], cells: &Cells) -> Option<Suggestion> {
        if commands.len() < 2 {
            return None;
        }
        let one = Suggestion::in_all_sections(commands)?;
        let names: BTreeSet<&str> = cells.iter().map(|(_, it)| it.as_str()).collect();
        // A title that is given is that of one section.
        if one.operands().iter().any(|it| !names.contains(it.as_str())) {
            return None;
        }
        let bindings: BTreeSet<&Binding> = cells.iter().map(|(_, it)| it).collect();
        let requested = bindings.into_iter().map(|binding| RequestedBinding {
            binding: binding.clone(),
            title: None,
        });
        let requested: Vec<RequestedBinding> = requested.collect();
        if self.is_all(&requested, cells, &one) {
            return Some(one);
        }
        let unnamed = one.without_args();
        self.is_all(&[], cells, &unnamed).then_some(unnamed)
    }

    /// Allows commands to replace the ids that the account does not have: with one of them in an entry on which
    /// they work, they are refused. Returns what they do beside what the finding names.
    fn completed(&self, hint: Hint, cells: &Cells) -> (Hint, Also) {
        let mut also = Also::default();
        if self.context.is_local() {
            return (hint, also);
        }
        let hint = hint.map_each(|mut command| {
            for (section, entry) in worked_on(self.project, &command) {
                if self.is_left(section, entry, &command) {
                    continue;
                }
                let name = Subject::binding(section, &entry.binding).name();
                let is_named = cells.contains(&(section.clone(), entry.binding.clone()));
                for id in self.in_the_way(section, entry, &command) {
                    command = command.replacing_missing(id);
                    if is_named {
                        also.replaced.insert(name.clone());
                    }
                }
                if !is_named && section.is_previews() {
                    also.filled_in.insert(name);
                }
            }
            command
        });
        (hint, also)
    }

    /// Returns the ids of an entry that the account does not have, and that the command may not replace.
    fn in_the_way(
        &self,
        section: &Section,
        entry: &Entry,
        command: &Suggestion,
    ) -> Vec<NamespaceId> {
        let asks = command.options().iter().any(|it| it == "--preview");
        let asks = asks && !section.is_previews() && !self.project.is_pages;
        let fields = [Some(Field::Id), asks.then_some(Field::PreviewId)];
        let ids = fields.into_iter().flatten().filter_map(|field| {
            let is_known = |id: &NamespaceId| self.known.is_none_or(|all| all.contains(&id));
            let declared = entry.declared(field);
            let id = declared.valid_where(is_known)?;
            let is_allowed = command.replaced().iter().any(|it| it == id.as_str());
            (!is_known(id) && !is_allowed).then(|| id.clone())
        });
        ids.collect()
    }

    /// Whether `provision --all-envs` of these works on the cells, and changes no other.
    fn is_all(&self, requested: &[RequestedBinding], cells: &Cells, command: &Suggestion) -> bool {
        // `wrangler dev` does not look at previews, and so `provision` does not for the local store.
        let is_local = self.context.is_local();
        let scopes = self.project.scopes();
        let scopes: Vec<&Scope> = scopes
            .filter(|it| !is_local || !it.section.is_previews())
            .collect();
        let manifest = self.context.options.manifest;
        let Ok(desired) = desired_bindings(self.project, &scopes, requested, manifest) else {
            return false;
        };
        let cell = |it: &crate::ops::provision::desired::DesiredBinding| {
            (it.section.clone(), it.binding.clone())
        };
        let worked_on: Cells = desired.iter().map(cell).collect();
        let mut others = desired.iter().filter(|it| !cells.contains(&cell(it)));
        cells.is_subset(&worked_on)
            && others.all(|it| {
                let entry = it.entry.as_ref();
                entry.is_some_and(|entry| self.is_left(&it.section, entry, command))
            })
    }

    /// Whether the command leaves an entry as it is.
    fn is_left(&self, section: &Section, entry: &Entry, command: &Suggestion) -> bool {
        let is_kept = |id: &NamespaceId| {
            self.known.is_none_or(|all| all.contains(&id))
                && command.replaced().iter().all(|it| it != id.as_str())
        };
        if self.context.is_local() {
            let mut fields = [Field::Id, Field::PreviewId].into_iter();
            return fields.all(|it| entry.field(it).is_none_or(|text| !text.value.is_empty()));
        }
        let DeclaredId::Valid(id) = entry.declared(Field::Id) else {
            return false;
        };
        if !is_kept(&id) {
            return false;
        }
        if section.is_previews() || self.project.is_pages {
            return true;
        }
        match entry.declared(Field::PreviewId) {
            DeclaredId::Valid(preview) => is_kept(&preview) && preview != id,
            DeclaredId::Absent => {
                entry.preview_id.is_none()
                    && !self.command.options().iter().any(|it| it == "--preview")
            }
            DeclaredId::Placeholder(_) => false,
        }
    }
}
