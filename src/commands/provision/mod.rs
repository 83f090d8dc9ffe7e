//! `kvctl provision`: plan, show, create, write.

mod file;
mod report;

use std::collections::BTreeMap;

use anyhow::Context as _;

use crate::{
    cli::{PreviewMode, ProvisionArgs},
    commands::ChangesPending,
    config::{Document, Field, Scope},
    context::{Context, Session},
    domain::NamespaceId,
    ops::{
        provision::{
            apply::{self, How, Outcome},
            plan::{self, Action, Plan, Preview, Request, Slot, Step},
            want::{self, Asked, Want},
        },
        target::place,
    },
    ui::{Diff, Question, quantity},
};

use report::ProvisionReport;

pub(super) async fn run(context: &Context, args: ProvisionArgs) -> anyhow::Result<()> {
    let document = file::open(context, args.init)?;
    let scopes = context.scopes(&document, args.scope.all_envs)?;
    let wants = wants(context, &document, &scopes, &args)?;
    let session = context.connect(Some(&document)).await?;
    let plan = compare(&session, &document, &wants, &args).await?;
    let text = document.edit(&apply::edits(&plan, announced))?;
    let job = Job {
        context,
        document: &document,
        session: &session,
        plan: &plan,
        args: &args,
    };

    if args.dry_run || args.check {
        let pending = plan.is_pending() || text.as_bytes() != document.original().unwrap_or(b"");
        let outcomes = foreseen(&plan);
        context.ui.report(&job.report(outcomes, text))?;
        return if args.check && pending {
            Err(ChangesPending(job.summary(&wants)).into())
        } else {
            Ok(())
        };
    }
    job.announce(&scopes);
    job.confirm()?;
    let outcomes = job.create().await?;
    let text = document.edit(&apply::edits(&plan, |step| settled(&outcomes, step)))?;
    file::write(context, &document, &text, args.out.as_deref(), &outcomes)?;
    let outcomes = outcomes
        .into_iter()
        .map(|o| (o.slot, Some(o.id), o.title, o.how))
        .collect();
    Ok(context.ui.report(&job.report(outcomes, text))?)
}

fn wants(
    context: &Context,
    document: &Document,
    scopes: &[&Scope],
    args: &ProvisionArgs,
) -> anyhow::Result<Vec<Want>> {
    let manifest = context.manifest(document)?;
    let asked: Vec<Asked> = args
        .wanted
        .iter()
        .map(|w| Asked {
            binding: w.binding.clone(),
            title: w.title.clone(),
        })
        .collect();
    let wants = want::wants(document.project(), scopes, &asked, manifest.as_ref());
    wants.with_context(|| format!("could not plan for {}", context.display(document.path())))
}

/// Asks for the account's namespaces, once, and compares.
async fn compare(
    session: &Session,
    document: &Document,
    wants: &[Want],
    args: &ProvisionArgs,
) -> anyhow::Result<Plan> {
    let existing = session.client.namespaces(&session.account).await;
    let existing = existing.context("could not list the namespaces of the account")?;
    let bound = bound(document, session.is_local());
    let request = Request {
        wants,
        existing: &existing,
        bound: &bound,
        preview: match args.preview {
            PreviewMode::None => Preview::Untouched,
            PreviewMode::Same => Preview::Same,
            PreviewMode::Separate => Preview::Separate,
        },
        replace: &args.replace_id,
        local: session.is_local(),
    };
    let account = &session.account;
    plan::plan(request).with_context(|| format!("nothing was changed (account {account})"))
}

/// Returns every id that the file binds, whatever the sections meant.
fn bound(document: &Document, local: bool) -> BTreeMap<NamespaceId, Slot> {
    let mut bound = BTreeMap::new();
    for scope in document.project().scopes() {
        for entry in &scope.entries {
            for field in [Field::Id, Field::PreviewId] {
                if let Some(id) = entry.declared(field).valid_for(local) {
                    let slot = Slot {
                        environment: scope.environment.clone(),
                        binding: entry.binding.clone(),
                        field,
                    };
                    bound.entry(id.clone()).or_insert(slot);
                }
            }
        }
    }
    bound
}

/// One run, once it is known what there is to do.
struct Job<'a> {
    context: &'a Context,
    document: &'a Document,
    session: &'a Session,
    plan: &'a Plan,
    args: &'a ProvisionArgs,
}

impl Job<'_> {
    /// Says where changes go and which they are, before they are made.
    fn announce(&self, scopes: &[&Scope]) {
        if !self.plan.is_pending() {
            return;
        }
        let ui = &self.context.ui;
        let sections: Vec<String> = scopes
            .iter()
            .map(|scope| place(scope.environment.as_ref()))
            .collect();
        let file = self.context.display(self.document.path());
        let (place, sections) = (self.session.describe(), sections.join(", "));
        ui.status(&format!("provisioning {file}: {place}, {sections}"));
        for step in &self.plan.steps {
            if let Some(line) = report::intention(step) {
                ui.status(&line);
            }
        }
    }

    /// Asks where a valid id is replaced.
    fn confirm(&self) -> anyhow::Result<()> {
        let ids: Vec<String> = self.plan.replaces().map(ToString::to_string).collect();
        if ids.is_empty() {
            return Ok(());
        }
        Ok(self.context.ui.confirm(Question {
            what: format!("replacing {}", ids.join(", ")),
            expect: None,
            flag: "--yes".to_owned(),
        })?)
    }

    /// Creates what is to be created, after making sure that the file can be written.
    async fn create(&self) -> anyhow::Result<Vec<Outcome>> {
        let creates = self.plan.creates().len();
        if self.plan.is_pending() {
            file::check(self.document, self.args.out.as_deref())?;
        }
        let progress = (creates > 0).then(|| self.context.ui.progress(creates, "creating"));
        let done = || {
            if let Some(bar) = &progress {
                bar.step();
            }
        };
        let Session {
            client, account, ..
        } = self.session;
        Ok(apply::apply(client, account, self.plan, &done).await?)
    }

    fn summary(&self, wants: &[Want]) -> String {
        let creates = self.plan.creates().len();
        let keep = |step: &&Step| matches!(step.action, Action::Keep { .. });
        let changes = self.plan.steps.len() - self.plan.steps.iter().filter(keep).count();
        format!(
            "{} for {}, {} to create",
            quantity(changes, "change"),
            quantity(wants.len(), "binding"),
            quantity(creates, "namespace")
        )
    }

    fn report(
        &self,
        outcomes: Vec<(Slot, Option<NamespaceId>, Option<String>, How)>,
        text: String,
    ) -> ProvisionReport {
        let target = self
            .args
            .out
            .as_deref()
            .map(|out| self.context.resolve(out));
        let file = self
            .context
            .display(target.as_deref().unwrap_or(self.document.path()));
        let old = self
            .document
            .original()
            .map(|_| self.document.text().to_owned());
        ProvisionReport::new(
            self.session,
            self.args.dry_run || self.args.check,
            &self.plan.remarks,
            outcomes,
            Diff::new(file, old, text),
        )
    }
}

/// What a step will write, as far as that is known before it is taken.
fn announced(step: &Step) -> Option<String> {
    Some(match &step.action {
        Action::Keep { .. } => return None,
        Action::Adopt { id, .. } => id.to_string(),
        Action::Create { title } => format!("<id of {title}>"),
        Action::Share => format!("<id of {}>", step.slot.binding),
    })
}

/// What a step writes, now that it was taken.
fn settled(outcomes: &[Outcome], step: &Step) -> Option<String> {
    let outcome = outcomes.iter().find(|o| o.slot == step.slot)?;
    Some(outcome.id.to_string())
}

/// What would come out, if the plan were carried out.
fn foreseen(plan: &Plan) -> Vec<(Slot, Option<NamespaceId>, Option<String>, How)> {
    let foresee = |step: &Step| {
        let (id, title, how) = match &step.action {
            Action::Keep { id, title } => (Some(id.clone()), title.clone(), How::Kept),
            Action::Adopt { id, title } => (Some(id.clone()), Some(title.clone()), How::Adopted),
            Action::Create { title } => (None, Some(title.to_string()), How::Created),
            Action::Share => (None, None, How::Shared),
        };
        (step.slot.clone(), id, title, how)
    };
    plan.steps.iter().map(foresee).collect()
}
