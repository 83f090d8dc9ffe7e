//! The check `scaffold`: the helper files of a scaffolded project are there, and `Env` has the
//! bindings.

use std::path::Path;

use super::{Check, Finding, Subject, facts::Facts};
use crate::{
    config::{Location, Position},
    ops::scaffold::{self, EnvState, FileState, State, Status},
};

const CHECK: Check = Check::Scaffold;

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let document = match facts.document() {
        Ok(document) => document,
        Err(blocked) => return vec![blocked.finding(CHECK)],
    };
    let root = document.path().parent().unwrap_or(Path::new("."));
    match scaffold::inspect(root, Some(document), facts.request.manifest) {
        Ok(state) if state.scaffolded => of(&state, root),
        Ok(_) => vec![Finding::skip(CHECK, "this project was not scaffolded")],
        Err(error) => vec![with_hint(
            Finding::fail(CHECK, error.to_string()),
            error.hint(),
        )],
    }
}

fn of(state: &State, root: &Path) -> Vec<Finding> {
    let files = state.files.iter().filter_map(|file| of_file(file, root));
    let env = state.env.iter().flat_map(|env| of_env(env, root));
    let wrong: Vec<Finding> = files.chain(env).collect();
    if wrong.is_empty() {
        let message = "the generated files are there, and `Env` has every binding";
        return vec![Finding::pass(CHECK, message)];
    }
    wrong
}

/// What was edited by hand is its owner's business; what is missing or out of date is not.
fn of_file(file: &FileState, root: &Path) -> Option<Finding> {
    let name = shown(&file.path, root);
    let finding = match file.status {
        Status::Current | Status::Off(_) => return None,
        Status::Missing => Finding::fail(CHECK, format!("`{name}` is missing"))
            .hint("run `kvctl scaffold` to write it"),
        Status::Outdated => {
            let message =
                format!("`{name}` was generated with other options or by another version");
            Finding::warn(CHECK, message).hint("run `kvctl scaffold` to bring it up to date")
        }
    };
    Some(finding.about(Subject::default().with(name)))
}

fn of_env(env: &EnvState, root: &Path) -> Vec<Finding> {
    if let Some(problem) = &env.problem {
        let finding = Finding::fail(CHECK, problem.to_string()).at(start(&env.path));
        return vec![with_hint(finding, problem.hint())];
    }
    let name = shown(&env.path, root);
    let hint = if env.generated {
        "run `npx wrangler types`, which generates `Env` here"
    } else {
        "run `kvctl scaffold` to add it"
    };
    let missing = env.missing.iter().map(|binding| {
        let message = format!("`Env` in `{name}` lacks `{binding}`");
        Finding::fail(CHECK, message)
            .about(Subject::binding(None, binding))
            .at(start(&env.path))
            .hint(hint)
    });
    missing.collect()
}

fn with_hint(finding: Finding, hint: Option<String>) -> Finding {
    Finding { hint, ..finding }
}

fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}

/// The beginning of a file, for lack of a better place.
fn start(path: &Path) -> Option<Location> {
    path.exists().then(|| Location {
        path: path.to_owned(),
        position: Position { line: 1, column: 1 },
    })
}
