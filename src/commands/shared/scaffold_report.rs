//! What scaffolding did, or would do.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    config::Part,
    context::Context,
    domain::{Binding, ShowPath as _, quantity},
    ops::scaffold::plan::{Action, Plan, Reason, Step},
    ui::{ADDED, Diff, FAINT, Page, REMOVED, Report, STRONG},
};

/// What scaffolding did, or would do.
#[derive(Debug, Serialize)]
pub(crate) struct ScaffoldReport {
    /// The project.
    project: String,
    /// Whether this only says what would be done.
    dry_run: bool,
    /// Whether anything changes.
    changed: bool,
    files: Vec<Item>,
    /// The bindings that `Env` has.
    bindings: Vec<Binding>,
    /// What the user should know.
    notes: Vec<String>,
    /// Whether bindings are missing that kvctl does not add.
    #[serde(skip)]
    is_incomplete: bool,
    /// What is said ahead of files that are up to date.
    #[serde(skip)]
    lead: &'static str,
}

/// One file.
#[derive(Debug, Serialize)]
struct Item {
    /// `cache`, `sessions`, `rate-limit` or `types`.
    part: &'static str,
    file: String,
    /// `keep`, `create`, `update`, `replace`; for a file that is left alone though it is not as it
    /// would be generated, `edited`, `foreign` or `newer`.
    action: &'static str,
    /// Where a file that is replaced is kept.
    backup: Option<String>,
    /// The change, as a unified diff.
    diff: String,
    #[serde(skip)]
    shown: Diff,
    #[serde(skip)]
    lines: usize,
}

impl ScaffoldReport {
    pub(crate) fn new(context: &Context, root: &Path, plan: &Plan, dry_run: bool) -> Self {
        let relative = |path: &PathBuf| match path.strip_prefix(root) {
            // As `--types` takes it.
            Ok(inside) => inside.to_owned(),
            Err(_elsewhere) => context.files.display(path).into(),
        };
        let invocation = context.invocation();
        let notes = plan.notes.iter().cloned();
        let notes = notes.map(|note| note.displayed(relative).sentence().render(&invocation));
        Self {
            project: root.shown().into_owned(),
            dry_run,
            changed: plan.is_pending() && plan.refused().next().is_none(),
            files: plan
                .steps
                .iter()
                .map(|step| Item::new(context, step))
                .collect(),
            bindings: plan.bindings.clone(),
            notes: notes.collect(),
            is_incomplete: plan.outdated_types().is_some(),
            lead: "nothing to do: ",
        }
    }

    /// Makes it a part of another report: of the files alone there may be nothing to do.
    pub(crate) fn into_part(self) -> Self {
        Self { lead: "", ..self }
    }
}

impl Item {
    fn new(context: &Context, step: &Step) -> Self {
        let file = context.files.display(&step.path);
        let before = step.before.as_ref();
        let before = before.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        // A different kvctl version in the header is not a difference.
        let after = match step.action {
            Action::Keep => before.clone().unwrap_or_default(),
            _ => step.after.clone(),
        };
        let lines = after.lines().count();
        let shown = Diff::new(file.clone(), before, after);
        Self {
            part: step.part.name(),
            action: action(&step.action),
            backup: step.backup.as_ref().map(|path| context.files.display(path)),
            diff: match step.action {
                Action::Keep => String::new(),
                _ => shown.plain(),
            },
            file,
            shown,
            lines,
        }
    }

    /// Whether the diff is only the whole of a template.
    fn is_template(&self) -> bool {
        self.action == "create" && self.part != Part::Types.name()
    }

    fn is_left_alone(&self) -> bool {
        matches!(self.action, "edited" | "foreign" | "newer")
    }
}

fn action(action: &Action) -> &'static str {
    match action {
        Action::Keep => "keep",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Refuse(Reason::Edited) => "edited",
        Action::Refuse(Reason::Foreign) => "foreign",
        Action::Refuse(Reason::Newer(_)) => "newer",
    }
}

impl Report for ScaffoldReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        for item in &self.files {
            let style = match item.action {
                "keep" => FAINT,
                _ if item.is_left_alone() => REMOVED,
                _ => ADDED,
            };
            let more = match &item.backup {
                Some(backup) => format!("  (old version kept as {backup})"),
                None if item.is_template() => format!("  ({})", quantity(item.lines, "line")),
                None => String::new(),
            };
            writeln!(
                out,
                "{style}{:<7}{style:#}  {}{more}",
                item.action, item.file
            )?;
        }
        for item in &self.files {
            if item.action != "keep" && !item.is_template() {
                writeln!(out)?;
                item.shown.human(out)?;
            }
        }
        for note in &self.notes {
            out.hanging(6, format_args!("{STRONG}note:{STRONG:#} {note}"))?;
        }
        let changing = |item: &&Item| item.action != "keep";
        let files = quantity(self.files.iter().filter(changing).count(), "file");
        match (self.changed, self.dry_run) {
            (true, true) => writeln!(out, "dry run: nothing was changed"),
            (true, false) => writeln!(out, "wrote {files}"),
            (false, _) if self.is_incomplete || self.files.iter().any(Item::is_left_alone) => {
                writeln!(out, "nothing was changed")
            }
            (false, _) => {
                let lead = self.lead;
                let verb = if self.files.len() == 1 { "is" } else { "are" };
                let files = quantity(self.files.len(), "file");
                writeln!(out, "{lead}{files} {verb} up to date")
            }
        }
    }
}
