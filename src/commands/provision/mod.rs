//! `kvctl provision`: plan, show, create, write.

mod choice;
mod file;
mod notes;
mod report;

use crate::{
    cli::{PreviewMode, ProvisionArgs, again_without},
    commands::{
        CheckFailed,
        shared::{export::check_folder, local_data, scaffolding::Scaffolding, unchecked},
    },
    config::{self, Document, Manifest, Scope},
    context::{Context, Session},
    domain::{Binding, Hint, Section, ShowPath as _, Suggestion, quantity},
    env,
    error::{Failure, Result, ResultExt as _},
    fsx,
    ops::provision::{
        apply::{self, Outcome},
        desired::{self, DesiredBinding, DesiredTitle, RequestedBinding},
        destination::Destination,
        new_section::not_inherited,
        plan::{
            self, Action, DeployedBindings, LookUp, Pages, Plan, PlanInput, Preview, Remark,
            Replaceable, Slot,
        },
    },
    ui::{Diff, Question},
};

use report::{Conflict, ProvisionReport};

pub(super) async fn run(context: &Context, args: ProvisionArgs) -> Result<()> {
    if let Some(out) = &args.out {
        let named = out.shown().into_owned();
        let refused = move || format!("nothing was created: `{named}` cannot be written");
        check_folder(context, out).with_context(refused)?;
    }
    match provision(context, &args, None).await {
        // Another process changed the file first. If it made the same changes, this run succeeds.
        Err(error) if is_conflict(&error) => provision(context, &args, Some(error)).await,
        outcome => outcome,
    }
}

/// Whether another process changed a file after it was read.
fn is_conflict(error: &Failure) -> bool {
    matches!(
        error.find(),
        Some(fsx::Error::Exists { .. } | fsx::Error::Changed { .. })
    )
}

/// Plans, shows, creates and writes. `conflict` is the error of an earlier attempt that another
/// process interfered with; it is returned if changes are still pending.
async fn provision(
    context: &Context,
    args: &ProvisionArgs,
    conflict: Option<Failure>,
) -> Result<()> {
    let document = file::open(context, args)?;
    let known = document.project().clone();
    let document = file::with_environment(context, document, args.add_env)?;
    let selected = context.scopes(&document, args.scope.all_envs);
    let selected = selected.map_err(or_add_environment)?;
    // `wrangler dev` does not look at previews.
    let scopes = if context.is_local() {
        selected
    } else {
        document.project().with_previews(&selected)
    };
    file::check_environments(document.project(), &scopes)?;
    let manifest = context.files.manifest(&document)?;
    let mut desired = desired_bindings(context, &document, &scopes, args, manifest.as_ref())?;
    // Before anything is created, so that what is refused is refused in time.
    let scaffolding = if args.scaffold {
        Some(scaffolding(
            context,
            &document,
            &desired,
            manifest.as_ref(),
        )?)
    } else {
        None
    };
    let sections: Vec<Section> = scopes.iter().map(|s| s.section.clone()).collect();
    let session = context.connect_for(Some(&document), &sections).await?;
    let mut plan = settled_plan(context, &session, &document, &mut desired, args).await?;
    for section in sections.into_iter().filter(|it| known.scope(it).is_none()) {
        let missing = not_inherited(&known, &section, &desired);
        if !missing.is_empty() {
            let remark = Remark::NotInherited { section, missing };
            plan.remarks.push(remark);
        }
    }
    let out = args.out.as_deref().map(|out| context.files.resolve(out));
    let destination = Destination::choose(&document, out)?;
    let job = Job {
        context,
        document: &document,
        session: &session,
        desired: &desired,
        plan: &plan,
        destination,
        scaffolding,
        conflict: conflict.as_ref().map(|_| Conflict),
    };

    if let Some(error) = conflict
        && job.is_pending()?
    {
        return Err(error);
    }
    if args.dry_run || args.check {
        job.report_dry_run(args.check).await
    } else {
        job.announce(&scopes);
        let shown = job.confirm().await?;
        job.apply(shown).await
    }
}

/// Says how this run adds the environment that the file does not have.
fn or_add_environment(error: Failure) -> Failure {
    let absent = error.find().and_then(config::Error::absent_environment);
    let again = again_without(&env::arguments(), "--add-env");
    let (Some(name), Some(again)) = (absent, again) else {
        return error;
    };
    let again = again.option("--env", name).flag("--add-env");
    let add = Hint::run(again.sectionless()).text(" to add the environment; otherwise ");
    error.map_hint(|hint| add.and(hint))
}

fn desired_bindings(
    context: &Context,
    document: &Document,
    scopes: &[&Scope],
    args: &ProvisionArgs,
    manifest: Option<&Manifest>,
) -> Result<Vec<DesiredBinding>> {
    let requested: Vec<RequestedBinding> = args
        .wanted
        .iter()
        .map(|w| RequestedBinding {
            binding: w.binding.clone(),
            title: w.title.clone(),
        })
        .collect();
    let desired = desired::desired_bindings(document.project(), scopes, &requested, manifest);
    desired.with_context(|| {
        format!(
            "nothing was created or written ({})",
            context.files.display(document.path())
        )
    })
}

/// Plans the Worker's side, with the bindings that the file will have.
fn scaffolding(
    context: &Context,
    document: &Document,
    desired: &[DesiredBinding],
    manifest: Option<&Manifest>,
) -> Result<Scaffolding> {
    let requested: Vec<(Section, Binding)> = desired
        .iter()
        .map(|desired| (desired.section.clone(), desired.binding.clone()))
        .collect();
    let scaffolding = Scaffolding::beside(context, document, &requested, manifest)?;
    scaffolding.refuse(context)?;
    Ok(scaffolding)
}

/// Makes a plan, where need be with what the user chooses.
async fn settled_plan(
    context: &Context,
    session: &Session,
    document: &Document,
    desired: &mut [DesiredBinding],
    args: &ProvisionArgs,
) -> Result<Plan> {
    let may_ask = !args.check && document.refuse_ignored().is_ok();
    let mut plan = make_plan(session, document, desired, args).await;
    while may_ask && choice::settled(context, session, &plan, desired).await? {
        plan = make_plan(session, document, desired, args).await;
    }
    let plan = refuse_beside_ignored(document, plan);
    // What this run would add to the file, another one has to add as well.
    let init = document.original().is_none().then_some("--init");
    let added = [init, args.add_env.then_some("--add-env")];
    plan.map_err(|error| {
        error.map_hint(|hint| {
            let completed = |command: Suggestion| {
                let is_meant = |flag: &&str| {
                    command.verb() == "provision" && !command.options().iter().any(|it| it == flag)
                };
                let flags: Vec<&str> = added.into_iter().flatten().filter(is_meant).collect();
                flags.into_iter().fold(command, Suggestion::flag)
            };
            hint.map_each(completed)
        })
    })
}

/// Asks for the account's namespaces, once, and compares.
async fn make_plan(
    session: &Session,
    document: &Document,
    desired: &[DesiredBinding],
    args: &ProvisionArgs,
) -> Result<Plan> {
    let existing = session.client.namespaces(&session.account).await;
    let existing = existing.context("could not list the namespaces of the account")?;
    let local = session.is_local();
    let project = document.project();
    let replace = Replaceable {
        ids: &args.replace_id,
        missing: args.replace_missing,
    };
    let deployed = if local {
        DeployedBindings::default()
    } else {
        let look_up = LookUp {
            project,
            desired,
            existing: &existing,
            replace,
        };
        look_up.ask(&session.client, &session.account).await?
    };
    let input = PlanInput {
        desired,
        existing: &existing,
        bound: &plan::bound(project, |id| {
            local || existing.iter().any(|known| known.id == *id)
        }),
        preview: match args.preview {
            PreviewMode::None => Preview::Untouched,
            PreviewMode::Same => Preview::Same,
            PreviewMode::Separate => Preview::Separate,
        },
        replace,
        deployed: &deployed,
        not_deployed: args.not_deployed,
        pages: Pages::of(project),
        local,
    };
    let account = &session.account;
    let file = document.path().shown();
    let plan = plan::plan(input).map_err(or_replace);
    plan.with_context(|| format!("nothing was changed ({file}, account {account})"))
}

/// Says how this run replaces ids that the account does not have, where nothing else stands against it.
fn or_replace(error: plan::Error) -> Failure {
    let again = again_without(&env::arguments(), "--check");
    let again = error.unknown_ids().zip(again).map(|(ids, again)| {
        let several = ids.len() > 1;
        let again = ids.into_iter().fold(again, Suggestion::replacing_missing);
        Hint::from(if several {
            "they belong to another account (see `--account-id`) or were deleted; "
        } else {
            "it belongs to another account (see `--account-id`) or was deleted; "
        })
        .command(again)
        .text(if several {
            " writes others in their place"
        } else {
            " writes another in its place"
        })
    });
    Failure::from(error).map_hint(|hint| again.unwrap_or(hint))
}

/// Refuses to create or write anything beside keys that wrangler ignores. They may be why a plan is
/// refused, so they are named first.
fn refuse_beside_ignored(document: &Document, plan: Result<Plan>) -> Result<Plan> {
    let matters = match &plan {
        Ok(plan) => plan.is_pending(),
        Err(error) => error.find::<plan::Error>().is_some(),
    };
    if matters {
        let checked = document.refuse_ignored();
        checked.context("nothing was created or written")?;
    }
    plan
}

/// One run, once it is known what there is to do.
struct Job<'a> {
    context: &'a Context,
    document: &'a Document,
    session: &'a Session,
    desired: &'a [DesiredBinding],
    plan: &'a Plan,
    destination: Destination<'a>,
    /// What is done after that, with the same bindings.
    scaffolding: Option<Scaffolding>,
    /// Whether another process interfered with an earlier attempt.
    conflict: Option<Conflict>,
}

impl Job<'_> {
    /// Whether the wrangler file is not as wanted yet.
    fn is_pending(&self) -> Result<bool> {
        let outcomes = apply::planned(self.plan);
        let text = self.document.edit(&apply::edits(self.plan, &outcomes))?;
        Ok(self.plan.is_pending() || self.destination.before() != Some(text.as_bytes()))
    }

    /// Reports what would change; with `check`, fails if anything would.
    async fn report_dry_run(&self, check: bool) -> Result<()> {
        let outcomes = apply::planned(self.plan);
        let text = self.document.edit(&apply::edits(self.plan, &outcomes))?;
        let scaffold = self.scaffolding.as_ref();
        let pending = self.is_pending()? || scaffold.is_some_and(Scaffolding::is_pending);
        let verdict = if check && (pending || self.plan.is_unmet()) {
            let what = format!("the project is not fully provisioned: {}", self.summary());
            let failed = CheckFailed::new(what);
            // What another run would not change is in the notes.
            Err(if pending {
                failed.hint(unchecked())
            } else {
                failed
            }
            .into())
        } else if let Some(scaffold) = scaffold.filter(|_| check) {
            scaffold.check_types(self.context).map_err(Failure::from)
        } else {
            Ok(())
        };
        let left_behind = self.left_behind(&text, true).await;
        let report = self.report(outcomes, text, true);
        let report = report.with_notes(&left_behind, &self.context.invocation());
        self.context.ui.conclude(&report, verdict)
    }

    /// Prints where changes go and what they are, before they are made.
    fn announce(&self, scopes: &[&Scope]) {
        if !self.plan.is_pending() {
            return;
        }
        let ui = &self.context.ui;
        let sections: Vec<String> = scopes.iter().map(|scope| scope.section.place()).collect();
        let file = self.context.files.display(self.document.path());
        let (place, sections) = (self.session.describe(), sections.join(", "));
        ui.status(&format!("provisioning {file}: {place}, {sections}"));
    }

    /// Shows what is about to be done, ahead of a question about it.
    fn show_plan(&self) {
        for line in report::intentions(&self.plan.steps) {
            self.context.ui.status(&line);
        }
    }

    /// Asks where something that is there is replaced: a valid id, or a copy of before. Returns whether
    /// the change of the file was shown, where the report is.
    async fn confirm(&self) -> Result<bool> {
        let planned = apply::planned(self.plan);
        let text = self.document.edit(&apply::edits(self.plan, &planned))?;
        let mut what: Vec<String> = Vec::new();
        for id in self.plan.replaces() {
            if !what.iter().any(|known| known == id.as_str()) {
                what.push(id.to_string());
            }
        }
        let is_replaced = !what.is_empty();
        if is_replaced {
            self.show_plan();
            self.context.ui.show(&self.diff(text.clone()));
        }
        if self.destination.overwrites(&text) {
            what.push(self.context.files.display(self.destination.path()));
        }
        self.confirm_adoption().await?;
        if what.is_empty() {
            return Ok(false);
        }
        let question = Question {
            what: format!("replacing {}", what.join(", ")),
            ask: format!("Replace {}?", what.join(", ")),
            expect: None,
            flag: "--yes".to_owned(),
        };
        self.context.ui.confirm(question).await?;
        Ok(is_replaced && self.context.ui.is_seen_at_once())
    }

    /// Asks before a namespace is adopted by a name that was made up from the folder's: another project
    /// may have the same one.
    async fn confirm_adoption(&self) -> Result<()> {
        if self.document.original().is_some() || self.session.is_local() {
            return Ok(());
        }
        // A title that is given was not made up.
        let is_given = |slot: &Slot| {
            let is_meant =
                |it: &&DesiredBinding| it.section == slot.section && it.binding == slot.binding;
            let desired = self.desired.iter().find(is_meant);
            desired.is_some_and(|it| matches!(it.title, DesiredTitle::Given(_)))
        };
        let steps = self.plan.steps.iter().filter(|it| !is_given(&it.slot));
        let adopted: Vec<String> = steps
            .filter_map(|step| match &step.action {
                Action::Adopt { title, .. } => Some(format!("`{title}`")),
                _ => None,
            })
            .collect();
        if adopted.is_empty() {
            return Ok(());
        }
        self.show_plan();
        let question = Question {
            what: format!(
                "adopting {}, which another project in a folder of this name may use,",
                adopted.join(", ")
            ),
            ask: match adopted.len() {
                1 => "A project in another folder of this name may use it. Adopt it?",
                _ => "A project in another folder of this name may use them. Adopt them?",
            }
            .to_owned(),
            expect: None,
            flag: "--yes".to_owned(),
        };
        Ok(self.context.ui.confirm(question).await?)
    }

    /// Checks that the ids can be written, creates the namespaces, and writes. `shown` is whether the
    /// change of the file need not be shown again.
    async fn apply(&self, shown: bool) -> Result<()> {
        if self.is_pending()? {
            let checked = self.destination.check();
            checked.context("nothing was created, because the ids could not be written")?;
        }
        let creates = self.plan.creates().len();
        let progress = (creates > 0).then(|| self.context.ui.progress(creates, "creating"));
        let done = || {
            if let Some(bar) = &progress {
                bar.advance(1);
            }
        };
        let Session {
            client, account, ..
        } = self.session;
        let outcomes = apply::apply(client, account, self.plan, &done).await?;
        drop(progress);
        let text = self.document.edit(&apply::edits(self.plan, &outcomes))?;
        // Should this fail, the ids are told: they are the user's by now.
        let written = self.destination.write(&text);
        written.with_context(|| {
            let ids = report::ids(&outcomes);
            format!("the ids were not written; run again to adopt them ({ids})")
        })?;
        if let Some(scaffolding) = &self.scaffolding {
            let written = scaffolding.write(self.context);
            written
                .context("the namespaces are provisioned, and the helper files are not written")?;
        }
        let left_behind = self.left_behind(&text, false).await;
        let report = self.report(outcomes, text, false);
        let report = report.with_notes(&left_behind, &self.context.invocation());
        let report = report.without_diff(shown);
        self.context.ui.conclude(&report, Ok(()))
    }

    /// Says which local data the remote ids take out of reach.
    async fn left_behind(&self, text: &str, planned: bool) -> Vec<Hint> {
        if self.session.is_local() {
            return Vec::new();
        }
        local_data::left_behind(self.context, self.document, text, None, planned).await
    }

    fn summary(&self) -> String {
        if !self.plan.is_pending() && self.plan.is_unmet() {
            return "an existing id prevents what was requested; see the notes".to_owned();
        }
        if !self.plan.is_pending()
            && self
                .scaffolding
                .as_ref()
                .is_some_and(Scaffolding::is_pending)
        {
            return "the helper files or `Env` differ from what `scaffold` would write".to_owned();
        }
        format!(
            "{} for {}, {} to create",
            quantity(self.plan.pending().count(), "change"),
            quantity(self.desired.len(), "binding"),
            quantity(self.plan.creates().len(), "namespace")
        )
    }

    fn diff(&self, text: String) -> Diff {
        let old = self
            .document
            .original()
            .map(|_| self.document.text().to_owned());
        Diff::new(self.context.files.display(self.document.path()), old, text)
    }

    fn report(&self, outcomes: Vec<Outcome>, text: String, dry_run: bool) -> ProvisionReport {
        let written = self.destination.before() != Some(text.as_bytes());
        ProvisionReport::new(self.session, dry_run, outcomes, self.diff(text))
            .with_notes(
                &notes::notes(&self.plan.remarks),
                &self.context.invocation(),
            )
            .written_to(self.context.files.display(self.destination.path()), written)
            .after(self.conflict)
            .with_scaffold(
                self.scaffolding
                    .as_ref()
                    .map(|scaffolding| scaffolding.report(self.context, dry_run)),
            )
    }
}
