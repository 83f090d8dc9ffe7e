//! What provisioning did, or would do.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    config::Field,
    context::{Place, Session},
    domain::{AccountId, Binding, EnvName, NamespaceId},
    ops::{
        provision::{
            apply::How,
            plan::{Action, Remark, Slot, Step},
        },
        target::place,
    },
    ui::{ADDED, Diff, FAINT, Report, STRONG},
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
    /// Whether this only says what would be done.
    dry_run: bool,
    /// Whether the file's text changes.
    changed: bool,
    /// One item for each id.
    bindings: Vec<Item>,
    /// What the user should know.
    notes: Vec<String>,
    /// The change of the file, as a unified diff.
    diff: String,
    #[serde(skip)]
    shown: Diff,
}

/// One id in the file.
#[derive(Debug, Serialize)]
struct Item {
    /// The environment; `null` is the top level.
    environment: Option<EnvName>,
    binding: Binding,
    /// `id` or `preview_id`.
    field: Field,
    /// `keep`, `adopt`, `create` or `share`.
    action: &'static str,
    /// The namespace's title, where known.
    title: Option<String>,
    /// The id; `null` if it is still to come.
    id: Option<NamespaceId>,
}

impl ProvisionReport {
    pub(super) fn new(
        session: &Session,
        dry_run: bool,
        remarks: &[Remark],
        outcomes: Vec<(Slot, Option<NamespaceId>, Option<String>, How)>,
        shown: Diff,
    ) -> Self {
        let item = |(slot, id, title, how): (Slot, _, _, How)| Item {
            environment: slot.environment,
            binding: slot.binding,
            field: slot.field,
            action: action(how),
            title,
            id,
        };
        Self {
            file: shown.name().to_owned(),
            account: session.account.clone(),
            local: matches!(session.place, Place::Local(_)),
            dry_run,
            changed: !shown.is_empty(),
            bindings: outcomes.into_iter().map(item).collect(),
            notes: notes(remarks),
            diff: shown.plain(),
            shown,
        }
    }
}

fn action(how: How) -> &'static str {
    match how {
        How::Kept => "keep",
        How::Adopted => "adopt",
        How::Created => "create",
        How::Shared => "share",
    }
}

/// What a step is about to do, as one line; nothing if it does nothing.
pub(super) fn intention(step: &Step) -> Option<String> {
    let name = name(
        step.slot.environment.as_ref(),
        &step.slot.binding,
        step.slot.field,
    );
    let what = match &step.action {
        Action::Keep { .. } => return None,
        Action::Adopt { id, title } => format!("adopt   {name}  {title} {id}"),
        Action::Create { title } => format!("create  {name}  {title}"),
        Action::Share => format!("share   {name}  the id of {}", step.slot.binding),
    };
    let replaced = step.replaces.as_ref().map(|id| format!(", replacing {id}"));
    Some(format!("  {what}{}", replaced.unwrap_or_default()))
}

fn name(environment: Option<&EnvName>, binding: &Binding, field: Field) -> String {
    let section = environment
        .map(|name| format!("env.{name}."))
        .unwrap_or_default();
    match field {
        Field::PreviewId => format!("{section}{binding} (preview)"),
        Field::Id | Field::Binding => format!("{section}{binding}"),
    }
}

/// The remarks as sentences; bindings that share a remark share a sentence.
fn notes(remarks: &[Remark]) -> Vec<String> {
    let mut without: Vec<String> = Vec::new();
    let mut shared: Vec<String> = Vec::new();
    let mut others = Vec::new();
    for remark in remarks {
        match remark {
            Remark::NoPreview(slot) => {
                without.push(name(slot.environment.as_ref(), &slot.binding, Field::Id));
            }
            Remark::PreviewIsProduction(slot) => {
                shared.push(name(slot.environment.as_ref(), &slot.binding, Field::Id));
            }
            Remark::Bare { slot, namespace } => others.push(format!(
                "a namespace titled `{title}` exists ({id}) and was not taken, since it may be \
                 another project's; if it is meant for `{binding}` {place}, run `kvctl provision \
                 {binding}={title}`",
                title = namespace.title,
                id = namespace.id,
                binding = slot.binding,
                place = place(slot.environment.as_ref()),
            )),
        }
    }
    let mut notes = Vec::new();
    if !shared.is_empty() {
        notes.push(format!(
            "preview_id is the production id of {}: `wrangler dev --remote` writes to production",
            shared.join(", ")
        ));
    }
    if !without.is_empty() {
        notes.push(format!(
            "no preview_id for {}: `wrangler dev --remote` writes to production; `--preview \
             separate` makes namespaces of their own",
            without.join(", ")
        ));
    }
    notes.extend(others);
    notes
}

impl Item {
    fn label(&self) -> String {
        name(self.environment.as_ref(), &self.binding, self.field)
    }

    fn title(&self) -> &str {
        self.title.as_deref().unwrap_or_default()
    }
}

impl Report for ProvisionReport {
    fn human(&self, out: &mut dyn Write, _: bool) -> io::Result<()> {
        let items = &self.bindings;
        let widest = |width: fn(&Item) -> usize| items.iter().map(width).max().unwrap_or(0);
        let labels = widest(|item| item.label().chars().count());
        let titles = widest(|item| item.title().chars().count());
        for item in items {
            let style = if item.action == "keep" { FAINT } else { ADDED };
            let id = item.id.as_ref().map_or("(id to come)", NamespaceId::as_str);
            let (action, label, title) = (item.action, item.label(), item.title());
            writeln!(
                out,
                "{style}{action:<6}{style:#}  {label:<labels$}  {title:<titles$}  {id}"
            )?;
        }
        if self.changed {
            writeln!(out)?;
            self.shown.human(out)?;
        }
        for note in &self.notes {
            writeln!(out, "{STRONG}note:{STRONG:#} {note}")?;
        }
        match (self.changed, self.dry_run) {
            (true, true) => writeln!(out, "dry run: nothing was changed"),
            (true, false) => writeln!(out, "wrote {}", self.file),
            (false, _) => writeln!(out, "nothing to do: {} is up to date", self.file),
        }
    }
}
