//! The checks of the project's files. None sends a request.

use std::{collections::BTreeSet, path::Path};

use super::{
    Check, Finding, Subject,
    context::CheckContext,
    deployed,
    finding::{Cause, FILL_IN},
};
use crate::{
    api::Client,
    config::{Entry, Field, Location, Position, Project, Scope},
    domain::{
        Binding, Classify as _, DeclaredId, Hint, Permission, Section, ShowPath as _, Suggestion,
        is_id_in_blanks, is_mistyped_id,
    },
    ops::{
        scaffold::{EnvState, FileState, FileStatus, ScaffoldState, inspect},
        target::{Deployable, Deployment},
    },
};

/// The check `configuration`: the file can be read, and every binding leads to a namespace. Shapes and duplicates
/// are refused when the file is read, each with its place.
pub(super) async fn configuration(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Configuration;
    let scopes = match context.scopes_with_previews() {
        Ok(scopes) => scopes,
        Err(blocked) => return vec![blocked.finding(check)],
    };
    let mut findings = Vec::new();
    for scope in &scopes {
        for entry in &scope.entries {
            findings.extend(ignored_keys(context, scope, entry));
            if entry.binding.is_placeholder() {
                findings.push(placeholder_name(context, scope, entry));
                continue;
            }
            let wrong = wrong_ids(context, scope, entry);
            if wrong.is_empty() && entry.ignored.is_empty() {
                findings.extend(deployed::unresolved(context, scope, entry).await);
            }
            findings.extend(wrong);
        }
        if scope.section.is_previews() {
            continue;
        }
        findings.extend(unbound_declarations(context, scope));
        if scope.entries.is_empty() && findings.is_empty() {
            findings.extend(empty_section(context, scope));
        }
    }
    if findings.is_empty() {
        let count: usize = scopes.iter().map(|scope| scope.entries.len()).sum();
        let has_no_id = |scope: &&Scope| scope.entries.iter().filter(|e| !e.has_id_key()).count();
        let deployed: usize = scopes.iter().map(has_no_id).sum();
        let message = match (count, deployed) {
            (1, 0) => "the binding has an id".to_owned(),
            (1, _) => "the binding has an id in what is deployed".to_owned(),
            (_, 0) => format!("all {count} bindings have ids"),
            _ => format!("all {count} bindings have ids, {deployed} of them in what is deployed"),
        };
        let local = "valid; the local store needs no ids";
        let message = if context.is_local() { local } else { &message };
        findings.push(Finding::pass(check, message));
    }
    findings
}

/// Reports keys of an entry that wrangler ignores, and that must have been meant.
fn ignored_keys(context: &CheckContext<'_>, scope: &Scope, entry: &Entry) -> Vec<Finding> {
    let ignored = entry.ignored.iter().map(|key| {
        Finding::fail(Check::Configuration, key.value.to_string())
            .about(Subject::binding(&scope.section, &entry.binding))
            .at(context.place(key.position))
            .hint(key.value.remedy())
    });
    ignored.collect()
}

fn placeholder_name(context: &CheckContext<'_>, scope: &Scope, entry: &Entry) -> Finding {
    let message = "a placeholder instead of a name";
    Finding::fail(Check::Configuration, message)
        .about(Subject::binding(&scope.section, &entry.binding))
        .at(context.place(entry.position))
        .hint("write the name that the Worker uses")
}

/// Returns the fields whose ids count in a section: `wrangler preview` ignores a `preview_id`.
fn id_fields(scope: &Scope) -> impl Iterator<Item = Field> + use<> {
    let preview = (!scope.section.is_previews()).then_some(Field::PreviewId);
    std::iter::once(Field::Id).chain(preview)
}

/// What is wrong with what the file says for an id.
struct WrongId {
    field: Field,
    message: String,
    /// The same without the text.
    general: String,
    /// Whether nobody but the user can mend it, and how.
    by_hand: Option<&'static str>,
}

impl WrongId {
    /// Judges one field; `None` is that all is well.
    fn of(
        context: &CheckContext<'_>,
        section: &Section,
        entry: &Entry,
        field: Field,
    ) -> Option<Self> {
        let text = entry.field(field)?.value.as_str();
        let near = context.client().is_ok_and(Client::is_on_this_machine);
        let placeholder = format!("`{field}` is a placeholder, not an id");
        let (message, general) = match entry.declared(field) {
            DeclaredId::Absent => {
                let why = match field {
                    Field::PreviewId => ": `wrangler dev` loses what is written to it",
                    Field::Id | Field::Binding => ", which wrangler refuses",
                };
                let message = format!("`{field}` is empty{why}");
                (message.clone(), message)
            }
            // The local store goes by any text.
            DeclaredId::Placeholder(_) | DeclaredId::Valid(_) if context.is_local() => return None,
            DeclaredId::Placeholder(text) if is_id_in_blanks(&text) => {
                let message =
                    format!("`{field}` has blanks around it, which are part of it to wrangler");
                (message.clone(), message)
            }
            DeclaredId::Placeholder(text) if is_mistyped_id(&text) => {
                let message = format!("`{field}` is `{text}`, which looks like an id and is none");
                (message, placeholder)
            }
            DeclaredId::Placeholder(text) if section.is_previews() => {
                let refuses = "; `wrangler preview` refuses to run while it is there";
                let message = format!("`{field}` is the placeholder `{text}`{refuses}");
                (message, format!("`{field}` is a placeholder{refuses}"))
            }
            DeclaredId::Placeholder(text) => {
                let message = format!("`{field}` is the placeholder `{text}`, not an id");
                (message, placeholder)
            }
            DeclaredId::Valid(id) if id.is_local() && !near => {
                let what = "an id of the local store, unknown to the service";
                (
                    format!("`{field}` is {id}, {what}"),
                    format!("`{field}` is {what}"),
                )
            }
            DeclaredId::Valid(_) => return None,
        };
        let by_hand = if field == Field::PreviewId && context.is_pages() {
            Some("remove the `preview_id`: Pages ignores it")
        } else if is_id_in_blanks(text) {
            Some("remove the blanks around the id")
        } else {
            is_mistyped_id(text).then_some(deployed::MISTYPED)
        };
        Some(Self {
            field,
            message,
            general,
            by_hand,
        })
    }
}

/// Judges what the file says for the ids of one binding. What `provision` writes is one finding, for it
/// writes both. wrangler sends a placeholder as it is, whatever is deployed.
fn wrong_ids(context: &CheckContext<'_>, scope: &Scope, entry: &Entry) -> Vec<Finding> {
    let section = &scope.section;
    // `wrangler dev` does not look at previews.
    if context.is_local() && section.is_previews() {
        return Vec::new();
    }
    let find = |wrong: &WrongId| {
        let field = entry.field(wrong.field);
        let position = field.map_or(entry.position, |at| at.position);
        Finding::fail(Check::Configuration, &wrong.message)
            .in_general(&wrong.general)
            .about(Subject::binding(section, &entry.binding))
            .at(context.place(position))
    };
    let wrong = id_fields(scope).filter_map(|field| WrongId::of(context, section, entry, field));
    let (by_hand, open): (Vec<_>, Vec<_>) = wrong.partition(|it| it.by_hand.is_some());
    let by_hand = by_hand.into_iter().map(|wrong| {
        let hint = wrong.by_hand.unwrap_or_default();
        (find(&wrong).hint(hint), wrong.field == Field::Id)
    });
    let (of_id, mut findings): (Vec<_>, Vec<_>) = by_hand.partition(|(_, is_id)| *is_id);
    // `provision` writes nothing as long as the `id` is to be corrected.
    if let Some((finding, _)) = of_id.into_iter().next() {
        return vec![finding];
    }
    if let Some((first, others)) = open.split_first() {
        let command = Suggestion::provision(&entry.binding, section);
        let finding = find(first).because(Cause::NotFilledIn);
        let also = |finding: Finding, it: &WrongId| finding.also(&it.message, &it.general);
        let finding = others.iter().fold(finding, also);
        findings.insert(0, (finding.hint(Hint::run(command).text(FILL_IN)), false));
    }
    findings.into_iter().map(|(finding, _)| finding).collect()
}

/// Finds bindings that `kvctl.toml` declares and the section does not have.
fn unbound_declarations(context: &CheckContext<'_>, scope: &Scope) -> Vec<Finding> {
    let declared = context.options.manifest.iter().flat_map(|m| &m.namespaces);
    let missing = declared.filter(|n| scope.entries.iter().all(|e| e.binding != n.binding));
    let finding = |binding: &Binding| {
        let environment = &scope.section;
        let command = Suggestion::provision(binding, environment);
        Finding::fail(
            Check::Configuration,
            "declared in kvctl.toml but missing from the wrangler file",
        )
        .about(Subject::binding(environment, binding))
        .hint(Hint::run(command).text(" to add what is missing"))
    };
    missing.map(|n| finding(&n.binding)).collect()
}

fn empty_section(context: &CheckContext<'_>, scope: &Scope) -> Option<Finding> {
    let section = &scope.section;
    let empty = Finding::warn(Check::Configuration, "no KV namespaces are bound here");
    let about = |finding: Finding| finding.about(Subject::section(section));
    let empty = about(empty);
    let project = context.document().ok()?.project();
    let other = project.deployed_scopes().find(|it| !it.entries.is_empty());
    match other.and_then(|it| it.section.environment()) {
        Some(_) if section.is_top() && context.options.sections.len() > 1 => None,
        Some(name) if section.is_top() => {
            let hint = Hint::from("select a section that has some with ").option("--env", name);
            Some(empty.hint(hint.text(", or all with `--all-envs`")))
        }
        _ if other.is_some() => {
            let empty = empty.hint("bind those that its Worker uses, or remove the section");
            Some(about(Finding::skip_because_of(Check::Environments, empty)))
        }
        _ => {
            let command = Suggestion::provision("NAME", section).as_example();
            Some(empty.hint(Hint::run(command).text(" with the names that the Worker uses")))
        }
    }
}

/// The check `environments`: none misses a binding that others have. Wrangler does not inherit
/// bindings, so the Worker would find `env.NAME` undefined.
pub(super) async fn environments(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Environments;
    let project = match context.document() {
        Ok(document) => document.project(),
        Err(blocked) => return vec![blocked.finding(check)],
    };
    if context.options.sections.iter().all(Section::is_previews) {
        let reason = "only `previews` are selected, which inherit no bindings either";
        return vec![Finding::skip(check, reason)];
    }
    if project.environments.is_empty() {
        return vec![Finding::skip(check, "the file has no environments")];
    }
    let missing = missing_bindings(project);
    let lacks_production = missing
        .iter()
        .any(|(it, ..)| is_production_of_pages(project, it));
    let denied = if lacks_production {
        denied_for_pages(context, project).await
    } else {
        None
    };
    let findings: Vec<Finding> = missing
        .into_iter()
        .map(|(scope, binding, other)| {
            let environment = &scope.section;
            let bound = format!("bound {}", other.section.place());
            let inherited = "bindings are not inherited";
            let message = format!("{bound} and not {}; {inherited}", environment.place());
            let has_it = other.entries.iter().find(|e| e.binding == *binding);
            let run = Hint::run(Suggestion::provision(binding, environment));
            let hint = match denied.filter(|_| is_production_of_pages(project, scope)) {
                // Production may use what the top level has.
                Some(permission) => {
                    let first = format!("first {}; then ", permission.grant());
                    Hint::from(first).and(run.as_example())
                }
                None => run,
            };
            Finding::fail(check, message)
                .in_general(format!("{bound} and not here; {inherited}"))
                .about(Subject::binding(environment, binding))
                .at(has_it.and_then(|entry| context.place(entry.position)))
                .hint(hint.text(", or pass `--skip environments` if this is intended"))
        })
        .collect();
    if findings.is_empty() {
        let message = "all sections have the same bindings";
        return vec![Finding::pass(check, message)];
    }
    findings
}

fn is_production_of_pages(project: &Project, scope: &Scope) -> bool {
    let environment = scope.section.environment();
    project.is_pages && environment.is_some_and(|it| it.as_str() == "production")
}

/// Returns the permission that is missing to ask what the Pages project binds, if one is.
async fn denied_for_pages(context: &CheckContext<'_>, project: &Project) -> Option<Permission> {
    let what = Deployable::of(project, &Section::TOP)?;
    let deployment = context.deployment(&what).await.ok()?;
    matches!(*deployment, Deployment::Denied(_)).then(|| what.permission())
}

/// Finds what sections miss, and a section that has it. A top level without any bindings is none
/// that is deployed.
fn missing_bindings(project: &Project) -> Vec<(&Scope, &Binding, &Scope)> {
    let counts = |scope: &&Scope| !scope.section.is_top() || !scope.entries.is_empty();
    // What is to be removed lacks nothing.
    let refused: Vec<&Section> = project.pages_refuses().map(|it| &it.section).collect();
    let sections = project.deployed_scopes().filter(counts);
    let sections = sections.filter(|it| !refused.contains(&&it.section));
    let sections: Vec<&Scope> = sections.collect();
    let mut missing = Vec::new();
    for scope in &sections {
        let mut seen: BTreeSet<&Binding> = scope.entries.iter().map(|e| &e.binding).collect();
        for other in &sections {
            for entry in &other.entries {
                // A placeholder is to be corrected first.
                if !entry.binding.is_placeholder() && seen.insert(&entry.binding) {
                    missing.push((*scope, &entry.binding, *other));
                }
            }
        }
    }
    missing
}

/// The check `pages`: a Pages project without `pages_build_output_dir` is deployed without its wrangler
/// file, and so without its bindings.
pub(super) fn pages(context: &CheckContext<'_>) -> Vec<Finding> {
    let check = Check::Pages;
    let document = match context.document() {
        Ok(document) => document,
        Err(blocked) => return vec![blocked.finding(check)],
    };
    let project = document.project();
    if project.is_pages {
        let unknown = project.pages_refuses();
        let findings: Vec<Finding> = unknown
            .map(|scope| {
                let section = &scope.section;
                let message = format!("Pages has no {section}, so wrangler refuses the file");
                Finding::fail(check, message)
                    .about(Subject::section(section))
                    .at(scope.position.and_then(|position| context.place(position)))
                    .hint("remove it; Pages has the environments `production` and `preview`")
            })
            .collect();
        if findings.is_empty() {
            return vec![Finding::pass(check, "`pages_build_output_dir` is set")];
        }
        return findings;
    }
    let beside = document.path().parent();
    let signs = ["functions", "_worker.js"];
    let sign = signs
        .into_iter()
        .find(|sign| beside.is_some_and(|directory| directory.join(sign).exists()));
    let finding = match sign {
        Some(sign) if !project.has_main => Finding::warn(
            check,
            format!(
                "this is a Pages project (it has `{sign}`); without `pages_build_output_dir`, \
                 `wrangler pages deploy` ignores the file and its bindings"
            ),
        )
        .at(context.place(Position { line: 1, column: 1 }))
        .hint("set `pages_build_output_dir` to the directory that is deployed, such as \"./dist\""),
        _ => Finding::skip(check, "not a Pages project"),
    };
    vec![finding]
}

/// The check `scaffold`: the helper files of a scaffolded project are there, and `Env` has the bindings.
pub(super) fn scaffold(context: &CheckContext<'_>) -> Vec<Finding> {
    let document = match context.document() {
        Ok(document) => document,
        Err(blocked) => return vec![blocked.finding(Check::Scaffold)],
    };
    let root = document.path().parent().unwrap_or(Path::new("."));
    match inspect(root, Some(document), context.options.manifest) {
        Ok(state) if state.scaffolded => scaffold_state(&state, root),
        Ok(_) => vec![Finding::skip(
            Check::Scaffold,
            "this project was not scaffolded",
        )],
        Err(error) => vec![with_hint(
            Finding::fail(Check::Scaffold, error.to_string()),
            error.hint(),
        )],
    }
}

fn scaffold_state(state: &ScaffoldState, root: &Path) -> Vec<Finding> {
    let files = state
        .files
        .iter()
        .filter_map(|file| helper_file(file, root));
    let env = state.env.iter().flat_map(|env| env_type(env, root));
    let value = state.absent_value.iter().map(|value| {
        let finding = Finding::warn(Check::Scaffold, value.to_string());
        finding.hint(value.remedy())
    });
    let wrong: Vec<Finding> = files.chain(env).chain(value).collect();
    if wrong.is_empty() {
        let message = "the generated files exist, and `Env` has every binding";
        return vec![Finding::pass(Check::Scaffold, message)];
    }
    wrong
}

/// What was edited by hand is its owner's business; what is missing or out of date is not.
fn helper_file(file: &FileState, root: &Path) -> Option<Finding> {
    let name = relative(&file.path, root);
    let finding = match file.status {
        FileStatus::Current | FileStatus::Differs(_) => return None,
        FileStatus::Missing => Finding::fail(Check::Scaffold, format!("`{name}` is missing"))
            .hint(Hint::run(Suggestion::new("scaffold").sectionless()).text(" to write it")),
        FileStatus::Outdated => {
            let message = format!(
                "`{name}` is out of date: it was generated with other options or by another version"
            );
            Finding::warn(Check::Scaffold, message)
                .hint(Hint::run(Suggestion::new("scaffold").sectionless()).text(" to update it"))
        }
    };
    Some(finding.about(Subject::default().with(name)))
}

fn env_type(env: &EnvState, root: &Path) -> Vec<Finding> {
    if let Some(problem) = &env.problem {
        let finding = Finding::fail(Check::Scaffold, problem.to_string()).at(start_of(&env.path));
        return vec![with_hint(finding, problem.hint())];
    }
    let name = relative(&env.path, root);
    let missing = env.missing.iter().map(|binding| {
        let message = format!("`{}` in `{name}` lacks `{binding}`", env.name);
        Finding::fail(Check::Scaffold, message)
            .about(Subject::binding(&Section::TOP, binding))
            .at(start_of(&env.path))
            .hint(env.remedy.clone())
    });
    missing.collect()
}

fn with_hint(finding: Finding, hint: Option<Hint>) -> Finding {
    Finding { hint, ..finding }
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).shown().into_owned()
}

/// The beginning of a file, for lack of a better place.
fn start_of(path: &Path) -> Option<Location> {
    path.exists().then(|| Location {
        path: path.to_owned(),
        position: Position { line: 1, column: 1 },
    })
}
