//! Whether bindings share a namespace that should be their own: two sections, two bindings of one
//! section, or `previews` and what is deployed.

use super::{Check, Finding, Subject, bound::Bound, context::CheckContext};
use crate::{
    config::{Entry, Field, Project, Scope},
    domain::{Binding, DeclaredId, Hint, NamespaceId, Section, Suggestion, Title},
    ops::{
        provision::desired::{self, declared_title},
        target::Deployable,
    },
    wire::NamespaceInfo,
};

/// A binding of what is deployed, and its namespace.
struct User<'a> {
    section: &'a Section,
    entry: &'a Entry,
    id: NamespaceId,
    /// Whether the file has the id, and not only what is deployed.
    in_file: bool,
    selected: bool,
}

/// Lists who uses which namespace once the project is deployed: the bindings of the selected sections, and those
/// of others to which the file gives an id.
fn users<'a>(project: &'a Project, bound: &'a [Bound]) -> Vec<User<'a>> {
    let mut users = Vec::new();
    for scope in project.deployed_scopes() {
        let entries = scope.entries.iter();
        // A placeholder is to be corrected first.
        for entry in entries.filter(|it| !it.binding.is_placeholder()) {
            let known = bound.iter().find(|it| it.is(&scope.section, entry));
            let in_file = match entry.declared(Field::Id) {
                DeclaredId::Valid(id) => Some(id),
                DeclaredId::Absent | DeclaredId::Placeholder(_) => None,
            };
            let target = known.and_then(|it| it.target.as_ref().ok());
            let id = target.map(|target| target.id.clone());
            users.extend(id.or_else(|| in_file.clone()).map(|id| User {
                section: &scope.section,
                entry,
                in_file: in_file.as_ref() == Some(&id),
                id,
                selected: known.is_some(),
            }));
        }
    }
    users
}

/// Reports bindings that are deployed with one namespace.
pub(super) fn deployed(
    context: &CheckContext<'_>,
    bound: &[Bound],
    all: &[NamespaceInfo],
) -> Vec<Finding> {
    let Ok(document) = context.document() else {
        return Vec::new();
    };
    let project = document.project();
    let mut users = users(project, bound);
    // What the account does not have is shared by nobody.
    users.retain(|user| all.iter().any(|known| known.id == user.id));
    owners_first(context, project, all, &mut users);
    let mut findings = Vec::new();
    for (index, later) in users.iter().enumerate() {
        let same = || users[..index].iter().filter(|it| it.id == later.id);
        // It belongs to those that may share it; who else does was named before.
        if same().any(|earlier| is_intended(context, project, earlier, later)) {
            continue;
        }
        if let Some(earlier) = same().find(|it| it.selected || later.selected) {
            findings.push(same_namespace(context, project, all, earlier, later));
        }
    }
    findings
}

/// Puts those ahead of others whose title in `kvctl.toml` the namespace has: the others get another.
fn owners_first(
    context: &CheckContext<'_>,
    project: &Project,
    all: &[NamespaceInfo],
    users: &mut [User<'_>],
) {
    let is_owner = |user: &User<'_>| {
        let title = declared(context, project, user.section, &user.entry.binding);
        title.is_some_and(|title| title_of(all, &user.id) == Some(title.as_str()))
    };
    users.sort_by_key(|user| !is_owner(user));
}

fn title_of<'n>(all: &'n [NamespaceInfo], id: &NamespaceId) -> Option<&'n str> {
    let found = all.iter().find(|known| known.id == *id)?;
    Some(&found.title)
}

/// Returns the title that `kvctl.toml` gives a binding of a section.
fn declared(
    context: &CheckContext<'_>,
    project: &Project,
    section: &Section,
    binding: &Binding,
) -> Option<Title> {
    let rules = context.options.manifest?.namespace(binding)?;
    declared_title(project, rules.title.as_ref()?, section).ok()
}

/// Reports that `later` has the namespace of `earlier`, which keeps it.
fn same_namespace(
    context: &CheckContext<'_>,
    project: &Project,
    all: &[NamespaceInfo],
    earlier: &User<'_>,
    later: &User<'_>,
) -> Finding {
    let User {
        section, entry, id, ..
    } = later;
    let place = earlier.section.place();
    let message = format!(
        "same namespace as `{}` {place} ({id})",
        earlier.entry.binding
    );
    let at = entry.field(Field::Id).map(|id| id.position);
    let hint = if later.in_file {
        Hint::run(separation(context, project, section, &entry.binding, id))
            .text(" to separate them")
    } else {
        "write the id of another namespace into the file, and deploy".into()
    };
    let general = if earlier.entry.binding == entry.binding {
        "same namespace as the same binding"
    } else {
        "same namespace as another binding"
    };
    let general = format!("{general} {place}");
    let wanted = declared(context, project, section, &entry.binding);
    let wanted = wanted.filter(|it| title_of(all, id) != Some(it.as_str()));
    let finding = match wanted {
        Some(wanted) => {
            let message = format!("{message}, but kvctl.toml says `{wanted}`");
            Finding::fail(Check::Namespaces, message)
                .in_general(format!("{general}, but kvctl.toml says otherwise"))
        }
        None => Finding::warn(Check::Namespaces, message).in_general(general),
    };
    finding
        .about(Subject::binding(section, &entry.binding))
        .at(context.place(at.unwrap_or(entry.position)))
        .hint(hint)
}

/// What is to be done where `kvctl.toml` gives a binding another title than its namespace has.
pub(super) enum Retitling {
    /// The namespace gets that title: whatever else uses it wants the same.
    Rename,
    /// So it does once these have another namespace.
    After(Vec<String>),
    /// The binding gets another namespace, by this command.
    Separate(Suggestion),
    /// The finding that it shares the namespace says so.
    Told,
}

/// Decides what is to be done where `kvctl.toml` gives a binding of a section another title than `id` has.
pub(super) fn retitling(
    context: &CheckContext<'_>,
    all: &[NamespaceInfo],
    bound: &[Bound],
    own: &Bound,
    id: &NamespaceId,
) -> Retitling {
    let Ok(document) = context.document() else {
        return Retitling::Rename;
    };
    let project = document.project();
    let wanted =
        |section: &Section, binding: &Binding| declared(context, project, section, binding);
    let mine = wanted(&own.section, &own.entry.binding);
    let mut users = users(project, bound);
    users.retain(|user| user.id == *id);
    owners_first(context, project, all, &mut users);
    let others = users.iter().map(|it| (it.section, it.entry));
    let others = others.chain(in_sections_of_previews(project, id));
    let others = others.filter(|(section, entry)| {
        !own.is(section, entry) && wanted(section, &entry.binding) != mine
    });
    let others = others.map(|(section, entry)| format!("`{}` {}", entry.binding, section.place()));
    let others: Vec<String> = others.collect();
    if others.is_empty() {
        return Retitling::Rename;
    }
    let first = users.first();
    let is_first = |it: &User<'_>| wanted(it.section, &it.entry.binding) == mine;
    if first.is_some_and(is_first) {
        Retitling::After(others)
    } else if own.section.is_previews() || project.is_pages {
        let (section, binding) = (&own.section, &own.entry.binding);
        Retitling::Separate(separation(context, project, section, binding, id))
    } else {
        Retitling::Told
    }
}

/// Lists the entries of `previews` to which the file gives this id.
fn in_sections_of_previews<'p>(
    project: &'p Project,
    id: &'p NamespaceId,
) -> impl Iterator<Item = (&'p Section, &'p Entry)> {
    let entries = project.previews.iter();
    let entries = entries.flat_map(|it| it.entries.iter().map(move |entry| (&it.section, entry)));
    entries.filter(move |(_, entry)| entry.declared(Field::Id) == DeclaredId::Valid(id.clone()))
}

/// Whether two bindings may have one namespace: they are one binding of one Worker, the check `preview`
/// tells of them, or `kvctl.toml` gives both one title.
fn is_intended(context: &CheckContext<'_>, project: &Project, a: &User<'_>, b: &User<'_>) -> bool {
    if a.section != b.section {
        let [one, other] = [a, b].map(|it| Deployable::of(project, it.section));
        let is_one_worker = one.is_some() && one == other;
        return project.is_pages || is_one_worker && a.entry.binding == b.entry.binding;
    }
    let title = |user: &User<'_>| declared(context, project, user.section, &user.entry.binding);
    title(a).is_some_and(|one| title(b) == Some(one))
}

/// Reports the bindings of `previews` that lead to a namespace of what is deployed.
pub(super) async fn in_previews(
    context: &CheckContext<'_>,
    project: &Project,
    bound: &[Bound],
    previews: &[&Scope],
) -> Vec<Finding> {
    let mut users = users(project, bound);
    // What the account does not have is the other check's business.
    if context.is_selected(Check::Namespaces)
        && previews.iter().any(|it| !it.entries.is_empty())
        && let Ok(all) = context.namespaces().await
    {
        users.retain(|user| all.iter().any(|known| known.id == user.id));
    }
    let mut findings = Vec::new();
    for (scope, entry) in previews
        .iter()
        .flat_map(|scope| scope.entries.iter().map(move |entry| (scope, entry)))
        .filter(|(_, entry)| !entry.binding.is_placeholder())
    {
        let DeclaredId::Valid(id) = entry.declared(Field::Id) else {
            continue;
        };
        let Some(user) = users.iter().find(|user| user.id == id) else {
            continue;
        };
        let message = format!(
            "same namespace as `{}` {}: `wrangler preview` writes to production",
            user.entry.binding,
            user.section.place()
        );
        let command = separation(context, project, &scope.section, &entry.binding, &id);
        let at = entry.field(Field::Id).map(|id| id.position);
        let general = "same namespace as what is deployed: `wrangler preview` writes to production";
        findings.push(
            Finding::warn(Check::Preview, message)
                .in_general(general)
                .about(Subject::binding(&scope.section, &entry.binding))
                .at(context.place(at.unwrap_or(entry.position)))
                .hint(Hint::run(command).text(", or pass `--skip preview` if this is intended")),
        );
    }
    findings
}

/// Returns the command that gives a binding another namespace than `id`: the one that `kvctl.toml` names,
/// if it names one.
pub(super) fn separation(
    context: &CheckContext<'_>,
    project: &Project,
    section: &Section,
    binding: &Binding,
    id: &NamespaceId,
) -> Suggestion {
    let scope = project.scope(section);
    let titles = scope.and_then(|it| desired::expected_titles(project, it, binding));
    let is_declared = declared(context, project, section, binding).is_some();
    let is_titled = is_declared || titles.is_some();
    let title = titles.map_or_else(|| "TITLE".to_owned(), |titles| titles.wanted.to_string());
    let wanted = if is_declared {
        binding.to_string()
    } else {
        format!("{binding}={title}")
    };
    let command = Suggestion::provision(wanted, section);
    let entry = scope.and_then(|it| it.entries.iter().find(|entry| entry.binding == *binding));
    let preview = entry.map(|entry| entry.declared(Field::PreviewId));
    // A `preview_id` counts nowhere else, and leads to the same.
    let counts = !section.is_previews() && !project.is_pages;
    let command = if counts && preview == Some(DeclaredId::Valid(id.clone())) {
        command.option("--preview", "separate")
    } else {
        command
    };
    let command = command.replacing(id);
    if is_titled {
        command
    } else {
        command.as_example()
    }
}

/// Says which other binding is deployed with the namespace that the `preview_id` of `entry` names.
pub(super) fn previewed(
    project: &Project,
    bound: &[Bound],
    section: &Section,
    entry: &Entry,
) -> Option<String> {
    let DeclaredId::Valid(id) = entry.declared(Field::PreviewId) else {
        return None;
    };
    let users = users(project, bound);
    let is_other = |it: &&User<'_>| *it.section != *section || it.entry.binding != entry.binding;
    let user = users.iter().filter(is_other).find(|it| it.id == id)?;
    let place = user.section.place();
    Some(format!("`{}` {place}", user.entry.binding))
}
