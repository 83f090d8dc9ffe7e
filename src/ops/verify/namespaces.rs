//! The check `namespaces`: every id exists in the account, with the expected title.

use super::{
    Check, Finding,
    bound::Bound,
    context::CheckContext,
    finding::Cause,
    sharing::{self, Retitling},
    unknown,
};
use crate::{
    config::{Document, Field, Project},
    domain::{Hint, Jurisdiction, Section, Suggestion, Title, is_worker_name, listed},
    ops::{
        namespaces::{Told, told_jurisdiction},
        provision::{
            desired::{self, declared_title},
            titles::{is_alike, preview},
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
    let (bounds, all) = match (context.bound().await, context.namespaces().await) {
        (Ok(bounds), Ok(all)) => (bounds, all),
        (Err(blocked), _) | (_, Err(blocked)) => return vec![blocked.finding(check)],
    };
    let mut findings = Vec::new();
    for bound in bounds {
        findings.extend(unknown::findings(context, bound, all));
        // Pages ignores a `preview_id`.
        let preview = bound.preview.as_ref().filter(|_| !context.is_pages());
        for target in bound.target.iter().chain(preview) {
            let named = Named {
                all: bounds,
                bound,
                target,
            };
            let found = all.iter().find(|known| known.id == target.id);
            findings.extend(found.and_then(|found| named.judge(context, all, found)));
        }
    }
    findings.extend(sharing::deployed(context, bounds, all));
    if findings.is_empty() {
        findings.push(Finding::skip(check, "no binding has an id"));
    }
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
    /// Where every binding leads.
    all: &'a [Bound],
    bound: &'a Bound,
    target: &'a Target,
}

impl Named<'_> {
    fn is_preview(&self) -> bool {
        matches!(self.target.source, Source::File(Field::PreviewId, _))
    }

    /// Judges what the account has; nothing if another finding says it.
    fn judge(
        &self,
        context: &CheckContext<'_>,
        all: &[NamespaceInfo],
        found: &NamespaceInfo,
    ) -> Option<Finding> {
        let check = Check::Namespaces;
        let entry = &self.bound.entry;
        let subject = self.bound.subject();
        let (subject, field) = if self.is_preview() {
            (subject.with("preview_id"), Field::PreviewId)
        } else {
            (subject, Field::Id)
        };
        let position = entry.field(field).map(|at| at.position);
        let place = context.place(position.unwrap_or(entry.position));
        let Target { id, source, .. } = self.target;
        let other =
            "a jurisdiction cannot be changed: bind another namespace, or correct kvctl.toml";
        let title = &found.title;
        let finding = if let Some((has, wanted)) = self.other_jurisdiction(context, found) {
            let message =
                format!("the jurisdiction of {id} is {has}, but kvctl.toml says `{wanted}`");
            Finding::fail(check, message).hint(other).at(place)
        } else if let Some(wanted) = self.without_jurisdiction(context, all, found) {
            let message = format!("{id} has no jurisdiction, but kvctl.toml says `{wanted}`");
            Finding::warn(check, message).hint(other).at(place)
        } else {
            match self.expected(context) {
                Expected::Declared(titles) if !titles.contains(title) => {
                    let wanted = titles.first().map_or("", String::as_str);
                    self.not_as_declared(context, all, title, wanted)?.at(place)
                }
                Expected::OneOf(titles)
                    if !titles.is_empty() && !titles.iter().any(|it| is_alike(it, title)) =>
                {
                    let usual = titles.first().map_or("", String::as_str);
                    self.unusual(context, title, usual).at(place)
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
        };
        Some(finding.about(subject))
    }

    /// Reports a title that is not the one in `kvctl.toml`. A namespace that others use is not renamed for
    /// one of them.
    fn not_as_declared(
        &self,
        context: &CheckContext<'_>,
        all: &[NamespaceInfo],
        title: &str,
        wanted: &str,
    ) -> Option<Finding> {
        let id = &self.target.id;
        let hint = match sharing::retitling(context, all, self.all, self.bound, id) {
            Retitling::Rename => self.retitled_or_bound(wanted, all),
            Retitling::After(others) => {
                let others = listed(&others);
                format!("first separate it from {others}, which would be renamed as well").into()
            }
            Retitling::Separate(command) => Hint::run(command).text(" to separate them"),
            Retitling::Told => return None,
        };
        let message = format!("{id} is titled `{title}`, but kvctl.toml says `{wanted}`");
        Some(Finding::fail(Check::Namespaces, message).hint(hint))
    }

    /// Recommends to give the namespace the title that `kvctl.toml` says, or to bind the one that has it.
    fn retitled_or_bound(&self, wanted: &str, all: &[NamespaceInfo]) -> Hint {
        let id = &self.target.id;
        if let Some(other) = all.iter().find(|other| other.title == wanted) {
            let Bound { section, entry, .. } = self.bound;
            let preview = entry.declared(Field::PreviewId);
            if preview.valid_where(|_| false) == Some(&other.id) {
                return "its `preview_id` has that title: correct the ids in the wrangler file, or the title in \
                        kvctl.toml"
                    .into();
            }
            let titled = format!("{}={wanted}", entry.binding);
            let bind = Suggestion::provision(titled, section).replacing(id);
            return Hint::run(bind)
                .text(" to bind the namespace with that title, or correct kvctl.toml");
        }
        let rename = Suggestion::new("namespace rename").option("--namespace-id", id);
        let rename = rename.option("--to", wanted).sectionless();
        // Whose it is, only the user knows: others may use it, too.
        Hint::from("first see that nothing else uses it; then ")
            .and(Hint::run(rename).as_example())
            .text("; otherwise bind the right namespace")
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

    /// Reports a title that is not the usual one.
    fn unusual(&self, context: &CheckContext<'_>, title: &str, usual: &str) -> Finding {
        let id = &self.target.id;
        let general = self.renamed(context, title, usual);
        let general = general
            .unwrap_or_else(|| format!("{id} is titled `{title}`, and not as expected here"));
        let message = format!("{id} is titled `{title}`, expected `{usual}`");
        Finding::warn(Check::Namespaces, message)
            .in_general(general)
            .because(Cause::Title)
            .hint("check the id, or set the expected `title` in kvctl.toml")
    }

    /// Says for which Worker a title was made, if it differs from the usual one in nothing else.
    fn renamed(&self, context: &CheckContext<'_>, title: &str, usual: &str) -> Option<String> {
        let project = context.document().ok()?.project();
        let scope = project.scope(&self.bound.section.deployed())?;
        let name = &scope.name.as_ref().or(project.top.name.as_ref())?.value;
        let earlier = title.strip_suffix(usual.strip_prefix(name.as_str())?)?;
        let says = format!("titled for the Worker `{earlier}`, expected `{name}`");
        is_worker_name(earlier).then_some(says)
    }

    fn expected(&self, context: &CheckContext<'_>) -> Expected {
        let Bound { section, entry, .. } = self.bound;
        let binding = &entry.binding;
        let Ok(project) = context.document().map(Document::project) else {
            return Expected::OneOf(Vec::new());
        };
        let is_preview =
            self.is_preview() && entry.declared(Field::PreviewId) != entry.declared(Field::Id);
        let of_field = |title: Title| match preview(&title) {
            Ok(twin) if is_preview => twin.to_string(),
            _ => title.to_string(),
        };
        let declared = context.options.manifest;
        let declared = declared.and_then(|m| m.namespace(binding)?.title.as_ref());
        let sections = sections_of(project, section);
        if let Some(title) = declared {
            let titles = sections.filter_map(|it| declared_title(project, title, it).ok());
            let titles: Vec<String> = titles.map(of_field).collect();
            return if is_preview {
                Expected::OneOf(titles)
            } else {
                Expected::Declared(titles)
            };
        }
        let titles = sections.filter_map(|it| {
            let scope = project.scope(it)?;
            desired::expected_titles(project, scope, binding)
        });
        let titles = titles.flat_map(|it| {
            let others = it.deploy_form.into_iter().chain(it.bare);
            [it.wanted].into_iter().chain(others)
        });
        Expected::OneOf(titles.map(of_field).collect())
    }
}

/// What a namespace should be titled, the usual title first.
enum Expected {
    /// So, because `kvctl.toml` says so.
    Declared(Vec<String>),
    /// One of these by convention; any, if there is none.
    OneOf(Vec<String>),
}

/// Lists the sections whose titles the namespaces of a section may have. The production of a Pages project
/// goes on with those of the top level, if they were deployed before it had a section.
fn sections_of<'s>(project: &Project, section: &'s Section) -> impl Iterator<Item = &'s Section> {
    let is_production = section
        .environment()
        .is_some_and(|it| it.as_str() == "production");
    let top = (project.is_pages && is_production).then_some(&Section::TOP);
    [section].into_iter().chain(top)
}
