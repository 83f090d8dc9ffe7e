//! The check `namespaces`: every id exists in the account, with the expected title.

use super::{Check, Finding, bound::Bound, context::CheckContext, sharing};
use crate::{
    config::{Document, Field},
    domain::{DeclaredId, Hint, Jurisdiction, Suggestion},
    ops::{
        namespaces::{Told, told_jurisdiction},
        provision::{
            desired::{self, in_section},
            titles::preview,
        },
        target::{Source, Target},
    },
    wire::NamespaceInfo,
};

pub(super) async fn check(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Namespaces;
    if context.is_local() {
        return match context.bound().await {
            Ok(bound) => local(context, bound),
            Err(blocked) => vec![blocked.finding(check)],
        };
    }
    let (bound, all) = match (context.bound().await, context.namespaces().await) {
        (Ok(bound), Ok(all)) => (bound, all),
        (Err(blocked), _) | (_, Err(blocked)) => return vec![blocked.finding(check)],
    };
    let mut findings = Vec::new();
    for bound in bound {
        let id = bound.target.as_ref().ok();
        let twice = Named::is_missing_twice(bound, all) && !context.is_pages();
        let preview = bound.preview.as_ref().filter(|_| !twice);
        for target in id.into_iter().chain(preview) {
            let named = Named {
                bound,
                target,
                twice,
            };
            findings.push(named.judge(context, all));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::skip(check, "no binding has an id"));
    }
    findings.extend(sharing::deployed(context, bound));
    findings
}

/// Says which namespace of the local store each binding has.
fn local(context: &CheckContext<'_>, bound: &[Bound]) -> Vec<Finding> {
    let check = Check::Namespaces;
    let judge = |bound: &Bound| {
        let finding = match &bound.target {
            Err(_) if bound.section.is_previews() => {
                Finding::skip(check, "`wrangler dev` does not use `previews`")
            }
            Err(_) => Finding::skip(check, "it has no namespace of the local store"),
            Ok(_) if bound.entry.remote => Finding::warn(
                check,
                "`wrangler dev` uses the account's namespace, not the local store: `remote` is true",
            )
            .hint("remove `remote` to use the local store, or verify without `--local`")
            .at(context.place(bound.entry.position)),
            Ok(target) => {
                Finding::pass(check, format!("`wrangler dev` stores it under {}", target.id))
            }
        };
        finding.about(bound.subject())
    };
    if bound.is_empty() {
        return vec![Finding::skip(check, "no KV namespaces are bound")];
    }
    bound.iter().map(judge).collect()
}

/// An id of a binding.
struct Named<'a> {
    bound: &'a Bound,
    target: &'a Target,
    /// Whether it stands for the `preview_id` of the same text as well.
    twice: bool,
}

impl Named<'_> {
    /// Whether the file has one id for both, and the account does not have it.
    fn is_missing_twice(bound: &Bound, all: &[NamespaceInfo]) -> bool {
        let (Ok(target), Some(preview)) = (&bound.target, &bound.preview) else {
            return false;
        };
        let is_of_file = matches!(target.source, Source::File(..));
        is_of_file && target.id == preview.id && all.iter().all(|known| known.id != target.id)
    }

    fn is_preview(&self) -> bool {
        matches!(self.target.source, Source::File(Field::PreviewId, _))
    }

    fn judge(&self, context: &CheckContext<'_>, all: &[NamespaceInfo]) -> Finding {
        let check = Check::Namespaces;
        let Bound { entry, .. } = self.bound;
        let subject = self.bound.subject();
        let (subject, field) = if self.is_preview() {
            (subject.with("preview_id"), Field::PreviewId)
        } else {
            (subject, Field::Id)
        };
        let position = entry.field(field).map(|at| at.position);
        let place = context.place(position.unwrap_or(entry.position));
        let Target { id, source, .. } = self.target;
        let Some(found) = all.iter().find(|known| known.id == *id) else {
            return self.unknown(context, all).about(subject).at(place);
        };
        if let Some((has, wanted)) = self.other_jurisdiction(context, found) {
            let message =
                format!("the jurisdiction of {id} is {has}, but kvctl.toml says `{wanted}`");
            return Finding::fail(check, message)
                .hint("a jurisdiction cannot be changed: bind another namespace, or correct kvctl.toml")
                .about(subject)
                .at(place);
        }
        if let Some(wanted) = self.without_jurisdiction(context, all, found) {
            let message = format!("{id} has no jurisdiction, but kvctl.toml says `{wanted}`");
            return Finding::warn(check, message)
                .hint("a jurisdiction cannot be changed: bind another namespace, or correct kvctl.toml")
                .about(subject)
                .at(place);
        }
        let title = &found.title;
        match self.expected(context) {
            Expected::Declared(wanted) if wanted != *title => Finding::fail(
                check,
                format!("{id} is titled `{title}`, but kvctl.toml says `{wanted}`"),
            )
            .hint({
                let rename = Suggestion::new("namespace rename").option("--namespace-id", id);
                let rename = rename.option("--to", wanted).sectionless();
                Hint::from("bind the right namespace, or ").and(Hint::run(rename))
            })
            .at(place),
            Expected::OneOf(titles) if !titles.contains(title) => {
                let usual = titles.first().map_or("", String::as_str);
                let message = format!("{id} is titled `{title}`, expected `{usual}`");
                Finding::warn(check, message)
                    .at(place)
                    .hint("check the id, or set the expected `title` in kvctl.toml")
            }
            Expected::Declared(_) | Expected::OneOf(_) => {
                let message = format!("{id} exists, titled `{title}`");
                let message = match source {
                    Source::Deployed(..) => format!("{message} ({source})"),
                    _ => message,
                };
                Finding::pass(check, message)
            }
        }
        .about(subject)
    }

    /// Returns the jurisdiction of the namespace and the one that `kvctl.toml` names, where the list
    /// tells and they differ.
    fn other_jurisdiction<'n>(
        &self,
        context: &CheckContext<'_>,
        found: &'n NamespaceInfo,
    ) -> Option<(&'n str, Jurisdiction)> {
        let manifest = context.options.manifest?;
        let rules = manifest.namespace(&self.bound.entry.binding)?;
        let (has, wanted) = (found.jurisdiction.as_deref()?, rules.jurisdiction?);
        (has != wanted.as_str()).then_some((has, wanted))
    }

    /// Returns the jurisdiction that `kvctl.toml` names, where the list tells that the namespace has none.
    fn without_jurisdiction(
        &self,
        context: &CheckContext<'_>,
        all: &[NamespaceInfo],
        found: &NamespaceInfo,
    ) -> Option<Jurisdiction> {
        let rules = context
            .options
            .manifest?
            .namespace(&self.bound.entry.binding)?;
        let untold = told_jurisdiction(all, found) == Told::Nowhere;
        rules.jurisdiction.filter(|_| untold)
    }

    /// Reports an id that the account does not have.
    fn unknown(&self, context: &CheckContext<'_>, all: &[NamespaceInfo]) -> Finding {
        let account = context.account().map(ToString::to_string);
        let account = account.unwrap_or_default();
        let Target { id, source, .. } = self.target;
        if let Source::Deployed(what, _) = source {
            let message = format!("{id}, which the {what} binds, is not in account {account}");
            return Finding::fail(Check::Namespaces, message).hint(
                "it was deleted or belongs to another account; write the id of a namespace that \
                 exists into the file, and deploy",
            );
        }
        let (both, general) = if self.twice {
            (
                ", both `id` and `preview_id`,",
                "one id for both `id` and `preview_id`, which",
            )
        } else {
            ("", "an id that")
        };
        let message = format!("{id}{both} is not in account {account}");
        let general = format!("{general} is not in account {account}");
        if self.is_preview() && context.is_pages() {
            return Finding::fail(Check::Namespaces, message)
                .hint("remove it: Pages ignores a `preview_id`");
        }
        let Bound { section, entry, .. } = self.bound;
        let command = Suggestion::provision(&entry.binding, section).replacing_missing(id);
        let command = if self.is_preview() || self.twice {
            command.option("--preview", "separate")
        } else {
            command
        };
        // `--preview separate` is refused while the id is unknown as well.
        let command = match entry.declared(Field::Id) {
            DeclaredId::Valid(own) if all.iter().all(|known| known.id != own) && own != *id => {
                command.replacing_missing(own)
            }
            _ => command,
        };
        Finding::fail(Check::Namespaces, message)
            .in_general(general)
            .hint(
                Hint::run(command).text(" to replace it: it was deleted, or is of another account"),
            )
    }

    fn expected(&self, context: &CheckContext<'_>) -> Expected {
        let Bound { section, entry, .. } = self.bound;
        let binding = &entry.binding;
        let is_preview =
            self.is_preview() && entry.declared(Field::PreviewId) != entry.declared(Field::Id);
        let declared = context.options.manifest;
        let declared = declared.and_then(|m| m.namespace(binding)?.title.as_ref());
        if let Some(title) = declared.and_then(|title| in_section(title, section).ok()) {
            return match preview(&title) {
                Ok(twin) if is_preview => Expected::OneOf(vec![twin.to_string()]),
                _ => Expected::Declared(title.to_string()),
            };
        }
        let project = context.document().map(Document::project);
        let usual = project.ok().and_then(|project| {
            let scope = project.scope(section)?;
            desired::conventional_titles(project, scope, binding).ok()
        });
        let Some(usual) = usual else {
            return Expected::OneOf(Vec::new());
        };
        let titles = [usual.wanted].into_iter().chain(usual.deploy_form);
        let titles = titles.chain(usual.bare).map(|title| match preview(&title) {
            Ok(twin) if is_preview => twin.to_string(),
            _ => title.to_string(),
        });
        Expected::OneOf(titles.collect())
    }
}

/// What a namespace should be titled.
enum Expected {
    /// So, because `kvctl.toml` says so.
    Declared(String),
    /// One of these by convention, the usual one first.
    OneOf(Vec<String>),
}
