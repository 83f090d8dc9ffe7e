//! The check `deployed`: what is deployed binds the namespaces of the file.

use super::{
    Check, Class, Finding, Subject,
    blocked::Blocked,
    bound::{Bound, Unbound},
    context::CheckContext,
    finding::{Cause, FILL_IN},
};
use crate::{
    api::KvBindings,
    config::{Entry, Field, Project, Scope},
    domain::{Binding, Classify as _, DeclaredId, Hint, NamespaceId, Suggestion},
    ops::{
        provision::desired::{RequestedBinding, desired_bindings},
        target::{self, Deployable, Deployment, NoIdReason, Side},
    },
};

pub(super) async fn check(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Deployed;
    if context.is_local() {
        return vec![Finding::skip(
            check,
            "nothing is deployed to the local store",
        )];
    }
    let (project, scopes) = match (context.document(), context.scopes()) {
        (Ok(document), Ok(scopes)) => (document.project(), scopes),
        (Err(blocked), _) | (_, Err(blocked)) => return vec![blocked.finding(check)],
    };
    let mut findings = disagreements(context, project, &scopes);
    let disputed: Vec<Subject> = findings.iter().map(|it| it.subject.clone()).collect();
    if let Err(blocked) = context.resolver() {
        findings.push(blocked.finding(check));
        return findings;
    }
    for scope in scopes {
        if scope.section.is_previews() || scope.entries.is_empty() {
            continue;
        }
        let subject = Subject::section(&scope.section);
        let Some(what) = Deployable::of(project, &scope.section) else {
            let reason = match project.deployed_name(&scope.section) {
                Err(error) => error.to_string(),
                Ok(_) => "Pages knows only the environments `production` and `preview`".to_owned(),
            };
            findings.push(Finding::skip(check, reason).about(subject));
            continue;
        };
        let comparison = Comparison {
            context,
            project,
            scope,
            what: &what,
        };
        let compared = comparison.findings().await.into_iter();
        findings.extend(compared.filter(|it| !disputed.contains(&it.subject)));
    }
    if findings.is_empty() {
        findings.push(Finding::skip(check, "no KV namespaces are bound"));
    }
    findings
}

/// What to do about what looks like an id and is none.
pub(super) const MISTYPED: &str = "correct the text: an id has 32 hexadecimal digits";

/// Returns the id that the file has for a binding, if the service can know it.
fn id_in_file(context: &CheckContext<'_>, scope: &Scope, entry: &Entry) -> Option<NamespaceId> {
    let resolver = context.resolver().ok()?;
    let target = resolver
        .in_file(&scope.section, &entry.binding, Field::Id)
        .ok()??;
    Some(target.id)
}

/// Finds bindings that have two ids for one Worker: whichever section is deployed last wins.
fn disagreements(
    context: &CheckContext<'_>,
    project: &Project,
    selected: &[&Scope],
) -> Vec<Finding> {
    let is_selected = |scope: &Scope| selected.iter().any(|it| it.section == scope.section);
    let all: Vec<&Scope> = project.deployed_scopes().collect();
    let mut findings = Vec::new();
    for (index, later) in all.iter().enumerate() {
        let Some(worker @ Deployable::Worker(_)) = Deployable::of(project, &later.section) else {
            continue;
        };
        for earlier in &all[..index] {
            let same = Deployable::of(project, &earlier.section).as_ref() == Some(&worker);
            if !same || !(is_selected(earlier) || is_selected(later)) {
                continue;
            }
            let pairs = later.entries.iter().filter_map(|entry| {
                let mut others = earlier.entries.iter();
                Some((entry, others.find(|other| other.binding == entry.binding)?))
            });
            for (entry, other) in pairs {
                let ids = [entry, other].map(|entry| entry.declared(Field::Id));
                let [DeclaredId::Valid(id), DeclaredId::Valid(other_id)] = ids else {
                    continue;
                };
                if id == other_id {
                    continue;
                }
                let place = context.place(other.position);
                let place = place.map(|place| place.to_string()).unwrap_or_default();
                let message = format!(
                    "{id} here, and {other_id} at {place} {}: both sections deploy the {worker}",
                    earlier.section.place()
                );
                findings.push(
                    Finding::fail(Check::Deployed, message)
                        .about(Subject::binding(&later.section, &entry.binding))
                        .at(context.place(entry.position))
                        .hint("give the environment another `name`, or both the same id"),
                );
            }
        }
    }
    findings
}

/// A section, and what it is deployed as.
struct Comparison<'a> {
    context: &'a CheckContext<'a>,
    project: &'a Project,
    scope: &'a Scope,
    what: &'a Deployable,
}

impl Comparison<'_> {
    async fn findings(&self) -> Vec<Finding> {
        let check = Check::Deployed;
        let subject = || Subject::section(&self.scope.section);
        let what = self.what;
        let deployment = match self.context.deployment(what).await {
            Ok(deployment) => deployment,
            Err(blocked) => return vec![blocked.finding(check).about(subject())],
        };
        match &*deployment {
            Deployment::NotDeployed => {
                let reason = format!("the {what} is not deployed");
                return vec![Finding::skip(check, reason).about(subject())];
            }
            Deployment::Denied(_) => return self.denied(),
            Deployment::Worker(_) | Deployment::Pages(_) => {}
        }
        let sides = deployment.sides(self.project, &self.scope.section);
        let mut findings = Vec::new();
        for (side, bindings) in sides {
            for entry in &self.scope.entries {
                findings.extend(self.drift(entry, side, bindings).await);
            }
            findings.extend(self.left_over(&deployment, side, bindings).await);
        }
        if findings.is_empty() {
            let message = format!("the {what} agrees with the file");
            findings.push(Finding::pass(check, message).about(subject()));
        }
        findings
    }

    /// Reports that the credentials may not ask: a failure only of bindings that have no other id.
    fn denied(&self) -> Vec<Finding> {
        let check = Check::Deployed;
        let permission = self.what.permission();
        let unknown = self.scope.entries.iter().filter(|e| !e.has_id_key());
        let failures: Vec<Finding> = unknown
            .map(|entry| {
                let message = format!("no `id`, and the {} may not be asked for it", self.what);
                denial(self.what, message)
                    .failure_of(check)
                    .about(Subject::binding(&self.scope.section, &entry.binding))
                    .at(self.context.place(entry.position))
            })
            .collect();
        if !failures.is_empty() {
            return failures;
        }
        let reason = format!(
            "the {} may not be asked; that needs the permission {permission}",
            self.what
        );
        vec![Finding::skip(check, reason).about(Subject::section(&self.scope.section))]
    }

    /// Compares one binding with what is deployed.
    async fn drift(&self, entry: &Entry, side: Side, bindings: &KvBindings) -> Option<Finding> {
        let check = Check::Deployed;
        let context = self.context;
        let id = id_in_file(context, self.scope, entry);
        let position = entry.id.as_ref().map_or(entry.position, |id| id.position);
        let finding = match (bindings.get(entry.binding.as_str()), id) {
            (Some(_), None) => return None,
            (Some(deployed), Some(id)) if *deployed == id => return None,
            (None, _) => {
                Finding::warn(check, format!("not bound yet by {side}")).hint("deploy the project")
            }
            (Some(deployed), Some(id)) => {
                let all = context.namespaces().await;
                if all.is_ok_and(|all| all.iter().all(|known| known.id != *deployed)) {
                    let message = format!(
                        "{side} binds {deployed}, which the account does not have; the file has \
                         {id}"
                    );
                    Finding::fail(check, message).hint("deploy the project to bind the file's id")
                } else {
                    let message = format!("{side} binds {deployed}, the file has {id}");
                    Finding::warn(check, message).hint(
                        "deploy the project to bind the file's id, or write the deployed id into \
                         the file to keep using that namespace",
                    )
                }
            }
        };
        Some(
            finding
                .about(Subject::binding(&self.scope.section, &entry.binding))
                .at(context.place(position)),
        )
    }

    /// Finds bindings that the next deployment removes.
    async fn left_over(
        &self,
        deployment: &Deployment,
        side: Side,
        bindings: &KvBindings,
    ) -> Vec<Finding> {
        let scopes = self.project.deployed_scopes();
        let same = scopes.filter(|scope| {
            Deployable::of(self.project, &scope.section).as_ref() == Some(self.what)
                && (scope.section == self.scope.section || side == Side::Worker)
        });
        let known: Vec<&str> = same
            .flat_map(|scope| &scope.entries)
            .map(|entry| entry.binding.as_str())
            .collect();
        let left = bindings
            .iter()
            .filter(|(name, _)| !known.contains(&name.as_str()));
        let section = &self.scope.section;
        let mut findings = Vec::new();
        for (name, id) in left {
            let without = "and the file does not have the binding";
            let finding = Finding::warn(
                Check::Deployed,
                format!("{side} binds it to {id}, {without}"),
            )
            .in_general(format!("{side} binds it, {without}"));
            let removed = "; otherwise the next deployment removes it";
            findings.push(match name.parse::<Binding>() {
                Ok(binding) if self.is_adopted(deployment, &binding, id).await => {
                    let command = Suggestion::provision(&binding, section);
                    let hint = Hint::run(command).text(" to keep it").text(removed);
                    finding
                        .about(Subject::binding(section, &binding))
                        .hint(hint)
                }
                parsed => {
                    let subject = match &parsed {
                        Ok(binding) => Subject::binding(section, binding),
                        Err(_) => Subject::section(section).with(name),
                    };
                    let hint = Hint::from("add it to the file to keep it").text(removed);
                    finding.about(subject).hint(hint)
                }
            });
        }
        findings
    }

    /// Whether `provision` of a binding that the file does not have adopts the namespace that is deployed.
    async fn is_adopted(
        &self,
        deployment: &Deployment,
        binding: &Binding,
        id: &NamespaceId,
    ) -> bool {
        let Self {
            context,
            project,
            scope,
            what,
        } = self;
        let requested = RequestedBinding {
            binding: binding.clone(),
            title: None,
        };
        let bound = deployment.bound(project, &scope.section, binding);
        let manifest = context.options.manifest;
        // Previews of a Pages project get a namespace of their own.
        matches!(what, Deployable::Worker(_))
            && bound == target::Bound::To(id.clone())
            && desired_bindings(project, &[scope], &[requested], manifest).is_ok()
            && (context.namespaces().await).is_ok_and(|all| all.iter().any(|it| it.id == *id))
    }
}

fn denial(what: &Deployable, message: String) -> Blocked {
    Blocked::new(Check::Deployed, Class::Denied, message).hint(format!(
        "{}, or write the id into the file",
        what.permission().grant()
    ))
}

/// Reports a binding that leads to no namespace; `None` is that all is well.
pub(super) async fn unresolved(
    context: &CheckContext<'_>,
    scope: &Scope,
    entry: &Entry,
) -> Option<Finding> {
    // Where nothing needs to be asked, nothing is.
    if !context.is_local() && matches!(entry.declared(Field::Id), DeclaredId::Valid(_)) {
        return None;
    }
    let subject = Subject::binding(&scope.section, &entry.binding);
    let is_meant = |bound: &&Bound| bound.is(&scope.section, entry);
    let finding = match context.bound().await {
        Err(blocked) => unknown(&blocked),
        Ok(all) => match &all.iter().find(is_meant)?.target {
            Ok(_) => return None,
            Err(Unbound::Blocked(blocked)) => unknown(blocked),
            Err(Unbound::Nothing(error)) => nothing(error, scope, entry),
        },
    };
    let text = entry.preview_id.as_ref().filter(|_| context.is_local());
    let position = text
        .or(entry.id.as_ref())
        .map_or(entry.position, |id| id.position);
    Some(finding.about(subject).at(context.place(position)))
}

/// Says that the missing id could not be asked for.
fn unknown(blocked: &Blocked) -> Finding {
    let message = format!(
        "the binding has no `id`, and it is not known whether it is deployed: {}",
        blocked.message
    );
    let blocked = Blocked {
        message,
        ..blocked.clone()
    };
    blocked.finding(Check::Configuration)
}

/// Says of several bindings why they have no `id`.
fn general(why: &NoIdReason) -> String {
    match why {
        NoIdReason::NotDeployed(_) => "no `id`, and what is to have it is not deployed".to_owned(),
        NoIdReason::NotBound(_) => "no `id`, and what is deployed does not bind it".to_owned(),
        _ => format!("no `id`{why}"),
    }
}

fn nothing(error: &target::Error, scope: &Scope, entry: &Entry) -> Finding {
    let check = Check::Configuration;
    let command = Suggestion::provision(&entry.binding, &scope.section);
    match error {
        target::Error::NoId { why, .. } => {
            let finding = Finding::fail(check, format!("the binding has no `id`{why}"))
                .in_general(general(why))
                .because(Cause::NotFilledIn);
            finding.hint(match why {
                NoIdReason::Placeholder => "write the name that the Worker uses".into(),
                NoIdReason::Mistyped(_) => MISTYPED.into(),
                NoIdReason::Nothing
                | NoIdReason::Local
                | NoIdReason::Nameless(_)
                | NoIdReason::NotDeployed(_)
                | NoIdReason::Pages
                | NoIdReason::Gone(_)
                | NoIdReason::NotBound(_) => Hint::run(command).text(FILL_IN),
            })
        }
        target::Error::Denied {
            deployable, said, ..
        } => {
            let message = format!(
                "the binding has no `id`, and the {deployable} may not be asked for it: {said}"
            );
            denial(deployable, message).finding(check)
        }
        target::Error::TwoDeployed {
            deployable,
            production,
            preview,
            ..
        } => Finding::fail(
            check,
            format!(
                "the binding has no `id`, and stands for {}",
                target::sides(deployable, production.as_ref(), preview)
            ),
        )
        .hint(
            Hint::run(Suggestion::provision_previews([""; 0]))
                .text(" to give previews a section of their own"),
        ),
        target::Error::LocalPreviews(_) => {
            Finding::fail(check, "nothing reads `previews` in the local store")
                .hint("leave out `--in-previews`, or `--local`")
        }
        target::Error::LocalId { field, source, .. } => {
            let message = format!("`{field}` names no namespace of the local store: {source}");
            let hint = format!("write an id for `{field}`, or remove the line");
            Finding::fail(check, message).hint(hint)
        }
        other => {
            let finding = Finding::fail(check, other.to_string());
            Finding {
                hint: other.hint(),
                ..finding
            }
        }
    }
}
