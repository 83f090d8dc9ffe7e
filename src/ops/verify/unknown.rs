//! Ids that the account does not have: one finding for those of a binding, for one command replaces both.

use super::{Check, Finding, bound::Bound, context::CheckContext, finding::Cause};
use crate::{
    config::{Field, Location},
    domain::{AccountId, Hint, NamespaceId, Suggestion},
    ops::target::{Deployable, Source, Target},
    wire::NamespaceInfo,
};

/// Reports the ids of a binding that are not among `all`.
pub(super) fn findings(
    context: &CheckContext<'_>,
    bound: &Bound,
    all: &[NamespaceInfo],
) -> Vec<Finding> {
    let Ok(account) = context.account() else {
        return Vec::new();
    };
    let is_unknown = |it: &&Target| all.iter().all(|known| known.id != it.id);
    let unknown = Unknown {
        context,
        bound,
        account,
        id: bound.target.as_ref().ok().filter(is_unknown),
        preview: bound.preview.as_ref().filter(is_unknown),
    };
    unknown.findings()
}

/// What the account does not have.
struct Unknown<'a> {
    context: &'a CheckContext<'a>,
    bound: &'a Bound,
    account: &'a AccountId,
    id: Option<&'a Target>,
    preview: Option<&'a Target>,
}

impl Unknown<'_> {
    fn findings(self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let preview = match self.preview {
            Some(preview) if self.context.is_pages() => {
                let hint = "remove the `preview_id`: Pages ignores it";
                findings.push(self.of_preview(preview).hint(hint));
                None
            }
            preview => preview,
        };
        let id = match self.id.map(|it| (it, &it.source)) {
            Some((id, Source::Deployed(what, _))) => {
                findings.push(self.of_deployed(&id.id, what));
                None
            }
            _ => self.id,
        };
        let finding = match (id, preview) {
            (None, None) => return findings,
            (None, Some(preview)) => self.of_preview(preview),
            (Some(id), None) => self.of_id(id),
            (Some(id), Some(preview)) if preview.id == id.id => {
                let same = "`preview_id` is the same";
                self.of_id(id).also(same, same)
            }
            (Some(id), Some(preview)) => {
                let (message, general) = self.said_of_preview(preview);
                self.of_id(id).also(message, general)
            }
        };
        let command = replacement(self.bound, id, preview);
        let why = " to replace what was deleted or is of another account";
        let finding = finding.because(Cause::NotInAccount);
        findings.push(finding.hint(Hint::run(command).text(why)));
        findings
    }

    fn place(&self, field: Field) -> Option<Location> {
        let entry = &self.bound.entry;
        let at = entry.field(field);
        self.context
            .place(at.map_or(entry.position, |at| at.position))
    }

    fn of_id(&self, id: &Target) -> Finding {
        let account = self.account;
        let message = format!("{} is not in account {account}", id.id);
        Finding::fail(Check::Namespaces, message)
            .in_general(format!("an id that is not in account {account}"))
            .about(self.bound.subject())
            .at(self.place(Field::Id))
    }

    fn said_of_preview(&self, preview: &Target) -> (String, String) {
        let account = self.account;
        (
            format!("`preview_id` {} is not in account {account}", preview.id),
            format!("a `preview_id` that is not in account {account}"),
        )
    }

    fn of_preview(&self, preview: &Target) -> Finding {
        let (message, general) = self.said_of_preview(preview);
        let finding = Finding::fail(Check::Namespaces, message)
            .in_general(general)
            .about(self.bound.subject())
            .at(self.place(Field::PreviewId));
        // The message names the field, and so the list of bindings need not.
        let subject = self.bound.subject().with("preview_id");
        Finding { subject, ..finding }
    }

    fn of_deployed(&self, id: &NamespaceId, what: &Deployable) -> Finding {
        let account = self.account;
        let message = format!("{id}, which the {what} binds, is not in account {account}");
        Finding::fail(Check::Namespaces, message)
            .hint(
                "it was deleted or belongs to another account; write the id of a namespace that \
                 exists into the file, and deploy",
            )
            .about(self.bound.subject())
            .at(self.place(Field::Id))
    }
}

/// Returns the command that replaces them.
fn replacement(bound: &Bound, id: Option<&Target>, preview: Option<&Target>) -> Suggestion {
    let command = Suggestion::provision(&bound.entry.binding, &bound.section);
    let command = match preview {
        Some(preview) => {
            let command = command.option("--preview", "separate");
            command.replacing_missing(&preview.id)
        }
        None => command,
    };
    match id.filter(|id| preview.is_none_or(|preview| preview.id != id.id)) {
        Some(id) => command.replacing_missing(&id.id),
        None => command,
    }
}
