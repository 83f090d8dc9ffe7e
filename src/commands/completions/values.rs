//! The values that options and arguments can have: from the files and the local store that the options
//! on the line select.

use std::{ffi::OsStr, sync::Arc, sync::mpsc, thread, time::Duration};

use clap::{Arg, Command};
use clap_complete::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, engine::ValueCompleter as _,
};

use super::Typed;
use crate::{
    config::{Document, Scope},
    context::Context,
    domain::NamespaceId,
    ops::{target::local_name, verify::Check},
};

/// How long to look for values.
const PATIENCE: Duration = Duration::from_secs(2);

/// As much stack as the main thread has, whose parsers these are.
const STACK_BYTES: usize = 8 << 20;

/// The most keys that are offered.
const KEYS_MAX: usize = 200;

/// Finds values.
#[derive(Debug)]
pub(super) struct Values {
    typed: Typed,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Binding,
    Environment,
    Title,
    Key,
    Login,
    Check,
    Jurisdiction,
    /// A namespace in one word.
    Side,
    /// The same, or a file.
    SideOrFile,
}

impl Kind {
    /// Of the argument `id` of `command`.
    fn of(command: &str, id: &str) -> Option<Self> {
        Some(match (command, id) {
            (_, "binding" | "wanted") | ("rename-binding", "old") => Self::Binding,
            (_, "environment") => Self::Environment,
            ("get" | "rename" | "delete", "title") | (_, "namespace") => Self::Title,
            ("get" | "put" | "edit" | "touch", "key") | ("delete", "keys") => Self::Key,
            (_, "profile") => Self::Login,
            ("verify", "only" | "skip") => Self::Check,
            (_, "jurisdiction") => Self::Jurisdiction,
            ("copy", "from" | "to" | "from_option" | "to_option") => Self::Side,
            ("diff", "a" | "b" | "from_option" | "to_option") => Self::SideOrFile,
            _ => return None,
        })
    }
}

impl Values {
    pub(super) fn new(typed: Typed) -> Self {
        Self { typed }
    }

    /// Has the arguments of `command` and of those below it complete their values.
    pub(super) fn attach(self: &Arc<Self>, command: Command) -> Command {
        let name = command.get_name().to_owned();
        let command = command.mut_args(|arg| self.attach_to(&name, arg));
        command.mut_subcommands(|below| self.attach(below))
    }

    fn attach_to(self: &Arc<Self>, command: &str, arg: Arg) -> Arg {
        let takes_value = arg.get_action().takes_values();
        let kind = Kind::of(command, arg.get_id().as_str()).filter(|_| takes_value);
        let Some(kind) = kind else {
            return arg;
        };
        let values = Arc::clone(self);
        arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
            values.completing(kind, typed)
        }))
    }

    fn completing(&self, kind: Kind, typed: &OsStr) -> Vec<CompletionCandidate> {
        let mut found: Vec<CompletionCandidate> = match typed.to_str() {
            Some(typed) => {
                let values = self.all(kind, typed).into_iter();
                let values = values.filter(|value| value.starts_with(typed));
                values.map(CompletionCandidate::new).collect()
            }
            None => Vec::new(),
        };
        if kind == Kind::SideOrFile {
            found.extend(PathCompleter::any().complete(typed));
        }
        found
    }

    /// Returns the values that there are, at least all of those that begin with `typed`.
    fn all(&self, kind: Kind, typed: &str) -> Vec<String> {
        match kind {
            Kind::Check => Check::ALL.iter().map(ToString::to_string).collect(),
            Kind::Jurisdiction => ["eu", "fedramp", "us"].map(str::to_owned).into(),
            _ => {
                let typed = typed.to_owned();
                self.look(move |line, context| look(kind, &typed, line, context))
            }
        }
    }

    /// Runs `find` on a thread that is left behind if it takes too long.
    fn look(
        &self,
        find: impl FnOnce(&Typed, &Context) -> Option<Vec<String>> + Send + 'static,
    ) -> Vec<String> {
        let line = self.typed.clone();
        let (sender, found) = mpsc::channel();
        let work = move || {
            let values = line.context().and_then(|context| find(&line, &context));
            sender.send(values.unwrap_or_default()).ok();
        };
        match thread::Builder::new().stack_size(STACK_BYTES).spawn(work) {
            Ok(_) => found.recv_timeout(PATIENCE).unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }
}

fn look(kind: Kind, typed: &str, line: &Typed, context: &Context) -> Option<Vec<String>> {
    let document = context.files.document().ok();
    Some(match kind {
        Kind::Binding => bindings(selected(context, document.as_ref()?)?),
        Kind::Environment => environments(document.as_ref()?),
        Kind::Title => titles(context, document.as_ref()),
        Kind::Login => context.logins().iter().map(ToString::to_string).collect(),
        Kind::Key => {
            let namespace = namespace(line, context, document.as_ref())?;
            context.local_keys(document.as_ref(), &namespace, typed, KEYS_MAX)
        }
        Kind::Side | Kind::SideOrFile => sides(typed, context, document.as_ref()),
        Kind::Check | Kind::Jurisdiction => Vec::new(),
    })
}

fn selected<'d>(context: &Context, document: &'d Document) -> Option<&'d Scope> {
    document.project().scope(&context.section().ok()?)
}

fn bindings(scope: &Scope) -> Vec<String> {
    let entries = scope.entries.iter();
    entries.map(|entry| entry.binding.to_string()).collect()
}

fn environments(document: &Document) -> Vec<String> {
    let scopes = document.project().environments.iter();
    let names = scopes.filter_map(|scope| scope.section.environment());
    names.map(|name| name.as_str().to_owned()).collect()
}

fn titles(context: &Context, document: Option<&Document>) -> Vec<String> {
    let titles = context.local_titles(document).into_iter();
    titles.map(|(_, title)| title).collect()
}

/// Returns the namespace of the local store that the line selects, if it works on that.
fn namespace(line: &Typed, context: &Context, document: Option<&Document>) -> Option<NamespaceId> {
    if !context.is_local() {
        return None;
    }
    if let Some(id) = &line.id {
        return NamespaceId::verbatim(id).ok();
    }
    if let Some(title) = &line.title {
        let titles = context.local_titles(document);
        return titles.into_iter().find(|it| it.1 == *title).map(|it| it.0);
    }
    let entries = &selected(context, document?)?.entries;
    let entry = match (&line.binding, entries.as_slice()) {
        (Some(name), entries) => entries.iter().find(|it| it.binding.as_str() == name)?,
        (None, [only]) => only,
        (None, _) => return None,
    };
    Some(local_name(entry).ok()?.0)
}

/// Returns the namespaces as `copy` and `diff` name them.
fn sides(typed: &str, context: &Context, document: Option<&Document>) -> Vec<String> {
    let mut sides = Vec::new();
    if let Some(document) = document {
        if let Some(scope) = selected(context, document) {
            sides.extend(bindings(scope).iter().map(|name| format!("binding:{name}")));
        }
        for scope in &document.project().environments {
            if let Some(environment) = scope.section.environment() {
                let names = bindings(scope).into_iter();
                sides.extend(names.map(|it| format!("binding:{it}@{}", environment.as_str())));
            }
        }
    }
    let titles = titles(context, document).into_iter();
    sides.extend(titles.map(|title| format!("title:{title}")));
    sides.push("id:".to_owned());
    if typed.starts_with("local:") {
        return sides.iter().map(|side| format!("local:{side}")).collect();
    }
    sides.push("local:".to_owned());
    sides
}
