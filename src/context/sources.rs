//! Where settings came from, and whether they may be used together.

use std::path::PathBuf;

use super::Context;
use crate::{
    api::BaseUrl,
    config::{self, DotenvError, EnvFile, read_env_files},
    credentials,
    domain::{Classification, Classify, ErrorClass},
    env::{Env, Var},
};

/// An env file that was read, and what it decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFileSource {
    /// The file.
    pub path: PathBuf,
    /// The variables that it set: those that nobody had set before.
    pub variables: Vec<Setting>,
}

/// A variable that an env file set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The variable.
    pub var: Var,
    /// The line that set it.
    pub line: usize,
    /// Whether the value stands in the file as it is.
    pub literal: bool,
}

/// An env file says where requests go, and what they carry is not from that file. A project that
/// somebody else wrote could have the user's token sent anywhere.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {variable} says where requests go, but {what}; nothing was sent")]
pub struct ForeignBaseUrl {
    /// The env file.
    file: String,
    line: usize,
    variable: Var,
    what: String,
}

impl Classify for ForeignBaseUrl {
    fn classify(&self) -> Classification {
        let Self { file, variable, .. } = self;
        ErrorClass::Refused.hint(format!(
            "export {variable} if requests are meant to go there, or set {} in {file} and nowhere else; \
             otherwise delete the line",
            Var::ApiToken
        ))
    }
}

impl EnvFileSource {
    /// Adds to `env` what `file` sets and nothing set before.
    pub(super) fn add(file: EnvFile, env: &mut Env) -> Self {
        let EnvFile { path, assignments } = file;
        let pairs = assignments.iter();
        let added = env.fill(pairs.map(|it| (it.name.clone(), it.value.clone())));
        let setting = |var: Var| {
            let mut last = assignments.iter().rev();
            let set = last.find(|it| it.name == var.name());
            Setting {
                var,
                line: set.map_or(1, |it| it.line),
                literal: set.is_some_and(|it| it.literal),
            }
        };
        Self {
            path,
            variables: added.into_iter().map(setting).collect(),
        }
    }

    fn setting(&self, var: Var) -> Option<Setting> {
        self.variables.iter().copied().find(|it| it.var == var)
    }
}

impl Context {
    /// Warns where the env file beside the wrangler file says where requests go, and is not that of
    /// the folder the command works in: whoever works on a stand-in for the service would be
    /// surprised by what happens to the real one.
    pub(super) fn warn_of_unread_base_url(&self) {
        let explicit = self.globals.config.as_ref().map(|file| self.resolve(file));
        let found = config::discover(&self.cwd, explicit.as_deref()).ok();
        let directory = found.as_ref().and_then(|found| found.path.parent());
        let Some(directory) = directory.filter(|directory| *directory != self.cwd) else {
            return;
        };
        let files = read_env_files(directory, self.globals.environment.as_deref());
        let names = [Var::BaseUrl.name(), Var::LegacyBaseUrl.name()];
        for file in files.map(|files| files.read).unwrap_or_default() {
            let set = file.assignments.iter().rev();
            let mut set = set.filter(|it| names.contains(&&*it.name) && !it.value.is_empty());
            if let Some(set) = set.next() {
                self.ui.warn(&format!(
                    "{}:{} sets {}, and is not read: env files are read in the current folder only; \
                     requests go to {}",
                    self.display(&file.path),
                    set.line,
                    set.name,
                    BaseUrl::DEFAULT
                ));
                return;
            }
        }
    }

    /// Returns the env files that were read, the one that wins first.
    pub fn env_files(&self) -> &[EnvFileSource] {
        &self.env_files
    }

    /// Returns why env files could not be read.
    pub fn env_file_trouble(&self) -> Option<&DotenvError> {
        self.trouble.as_ref()
    }

    /// Returns the name of a variable, and the env file that set it if one did.
    pub fn origin(&self, name: &str) -> String {
        let set = |it: &&EnvFileSource| it.variables.iter().any(|it| it.var.name() == name);
        self.env_files.iter().find(set).map_or_else(
            || name.to_owned(),
            |file| format!("{name} in {}", self.display(&file.path)),
        )
    }

    /// Returns whether a variable is set to anything.
    pub fn is_set(&self, var: Var) -> bool {
        self.env.get(var).is_some()
    }

    /// Makes sure that credentials go only where whoever set them wants them to go: an env file that
    /// decides where requests are sent must have set the credentials itself, word for word.
    pub fn may_send(&self, found: &credentials::Found) -> Result<(), ForeignBaseUrl> {
        let decides = [Var::BaseUrl, Var::LegacyBaseUrl]
            .into_iter()
            .find(|var| self.is_set(*var));
        let Some(variable) = decides else {
            return Ok(());
        };
        let sets = |it: &EnvFileSource| Some((it.path.clone(), it.setting(variable)?.line));
        let Some((path, line)) = self.env_files.iter().find_map(sets) else {
            return Ok(());
        };
        let files = self.env_files.iter();
        let file = files.filter(|it| it.path == path);
        let own: Vec<Setting> = file.flat_map(|it| it.variables.clone()).collect();
        let is_own = |var: &Var| own.iter().any(|it| it.var == *var);
        let from_here = !found.variables.is_empty() && found.variables.iter().all(is_own);
        let expanded = own.iter().find(|it| !it.literal);
        let what = match expanded {
            _ if !from_here => format!("the credentials come from {}", found.source),
            Some(expanded) => format!("the value of {} is put together with `$`", expanded.var),
            None => return Ok(()),
        };
        Err(ForeignBaseUrl {
            file: self.display(&path),
            line,
            variable,
            what,
        })
    }
}
