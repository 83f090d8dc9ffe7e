//! What the type of the bindings needs after a binding got another name.

use super::{EnvState, inspect};
use crate::{
    config::{Document, Manifest},
    domain::{Binding, Hint, ShowPath as _},
    fsx,
};

/// The most that is read of a file with types, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Returns what is left to do in the type of the bindings after `old` became `new` in `document`, if
/// the project has such a type: where it has the old name, or what adds the new one.
pub fn left_by_renaming(
    document: &Document,
    manifest: Option<&Manifest>,
    old: &Binding,
    new: &Binding,
) -> Option<Hint> {
    let root = document.path().parent()?;
    let state = inspect(root, Some(document), manifest).ok()?;
    let EnvState {
        path,
        name,
        missing,
        remedy,
        ..
    } = state.env?;
    let text = fsx::read_text(&path, MAX_BYTES).ok()?;
    let real = fsx::real_path(root).unwrap_or_else(|_| root.to_owned());
    let within = path.strip_prefix(real).or_else(|_| path.strip_prefix(root));
    let path = within.unwrap_or(&path).shown();
    let mut scopes = document.project().scopes();
    let is_used = scopes.any(|scope| scope.entries.iter().any(|e| e.binding == *old));
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let names_old = |line: &str| line.split(|c| !is_part(c)).any(|word| word == old.as_str());
    let mut lines = text.lines().enumerate();
    if !is_used && let Some((index, _)) = lines.find(|(_, line)| names_old(line)) {
        let line = index + 1;
        let todo = format!("{path}:{line} still names `{old}`; change it to `{new}`");
        return Some(Hint::from(todo));
    }
    let lacks = format!("`{name}` in {path} lacks `{new}`: ");
    missing.contains(new).then(|| Hint::from(lacks).and(remedy))
}
