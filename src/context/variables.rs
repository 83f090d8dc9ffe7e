//! The environment and the env files: what each setting is, where it came from, and whether settings
//! may be used together.

use std::path::{Path, PathBuf};

use super::{SettingError, credentials::FoundCredentials, display};
#[cfg(test)]
use crate::config;
use crate::{
    api::{BaseUrl, ExtraHeaders},
    cli::Globals,
    config::{DotenvError, EnvFile, EnvFiles, read_env_files, read_named_env_files},
    domain::{Classification, Classify, ErrorClass, ShowPath as _},
    env::{self, Env, Var},
    ui::{Ui, Verbosity},
};

/// The environment, completed by env files.
#[derive(Debug)]
pub struct Variables {
    pub(super) env: Env,
    cwd: PathBuf,
    env_files: Vec<EnvFileSource>,
    /// Why env files could not be read.
    error: Option<DotenvError>,
}

/// An env file that was read, and what it decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFileSource {
    /// The file.
    pub path: PathBuf,
    /// The variables that it set because they were not set before.
    pub variables: Vec<Setting>,
}

/// A variable that an env file set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The variable.
    pub var: Var,
    /// The line that set it.
    pub line: usize,
    /// Whether the value is in the file literally.
    pub literal: bool,
}

/// An env file sets the API's address, but the credentials are not from that file, or the environment
/// has headers to send. Otherwise a project by someone else could send the user's secrets anywhere.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {variable} sets the API's address, but {what}; nothing was sent")]
pub struct ForeignBaseUrl {
    /// The env file.
    file: String,
    line: usize,
    variable: Var,
    what: String,
    /// Whether the environment has headers to send.
    has_headers: bool,
}

impl Classify for ForeignBaseUrl {
    fn classify(&self) -> Classification {
        let Self { file, variable, .. } = self;
        ErrorClass::Refused.hint(if self.has_headers {
            format!(
                "to send requests there, export {variable}, or unset {}; otherwise delete the line",
                Var::ApiHeaders
            )
        } else {
            format!(
                "to send requests there, export {variable}, or set {} in {file} and nowhere else; \
                 otherwise delete the line",
                Var::ApiToken
            )
        })
    }
}

impl EnvFileSource {
    /// Adds to `env` what `file` sets and nothing set before.
    fn add(file: EnvFile, env: &mut Env) -> Self {
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

impl Variables {
    /// Reads the env files that `globals` name, else those of `cwd`. If one cannot be read, all are
    /// left out.
    pub(super) fn read(mut env: Env, cwd: &Path, globals: &Globals, ui: &Ui) -> Self {
        let named = globals
            .env_file
            .iter()
            .map(|file| super::resolved(cwd, file));
        let read = if globals.env_file.is_empty() {
            read_env_files(cwd, globals.environment.as_deref(), &env::of_library)
        } else {
            read_named_env_files(named.collect(), &env::of_library)
        };
        let (files, error) = match read {
            Ok(files) => (files, None),
            Err(error) => (EnvFiles::default(), Some(error)),
        };
        for (path, owner) in files.foreign {
            let path = path.shown();
            ui.note(&format!(
                "{path} was not read: it belongs to another user (uid {owner})"
            ));
        }
        let mut env_files = Vec::new();
        for file in files.read {
            let read = format!("read {}", file.path.shown());
            ui.detail(Verbosity::Everything, &read);
            env_files.push(EnvFileSource::add(file, &mut env));
        }
        Self {
            env,
            cwd: cwd.to_owned(),
            env_files,
            error,
        }
    }

    /// Returns the same variables, for another context of the same run.
    pub(super) fn again(&self) -> Self {
        Self {
            env: self.env.clone(),
            cwd: self.cwd.clone(),
            env_files: self.env_files.clone(),
            error: None,
        }
    }

    /// The environment, and env files with their texts, of which the first wins.
    #[cfg(test)]
    pub(super) fn of(mut env: Env, files: &[(&str, &str)]) -> Self {
        let assignment = |(before, line): (usize, &str)| {
            let (name, value) = line.split_once('=').unwrap();
            config::Assignment {
                name: name.to_owned(),
                value: value.to_owned(),
                line: before + 1,
                literal: true,
            }
        };
        let files = files.iter().map(|(path, text)| EnvFile {
            path: path.into(),
            assignments: text.lines().enumerate().map(assignment).collect(),
        });
        let env_files = files.map(|file| EnvFileSource::add(file, &mut env));
        Self {
            env_files: env_files.collect(),
            env,
            cwd: PathBuf::new(),
            error: None,
        }
    }

    /// Returns the value of a variable.
    pub fn get(&self, var: Var) -> Option<&str> {
        self.env.get(var)
    }

    /// Returns the first of `vars` that is set, and its value.
    pub(super) fn first(&self, vars: [Var; 2]) -> Option<(Var, &str)> {
        vars.into_iter()
            .find_map(|var| Some((var, self.env.get(var)?)))
    }

    /// Returns the env files that were read, the one that wins first.
    pub fn env_files(&self) -> &[EnvFileSource] {
        &self.env_files
    }

    /// Returns why env files could not be read.
    pub fn error(&self) -> Option<&DotenvError> {
        self.error.as_ref()
    }

    pub(super) fn take_error(&mut self) -> Option<DotenvError> {
        self.error.take()
    }

    /// Returns the command that starts the user's editor.
    pub fn editor(&self) -> &str {
        let set = self.env.get(Var::Visual).or(self.env.get(Var::Editor));
        set.unwrap_or(if cfg!(windows) { "notepad" } else { "vi" })
    }

    /// Returns the directory for state that outlives a run, if the user has one.
    pub fn state_directory(&self) -> Option<PathBuf> {
        // The XDG specification ignores relative paths here.
        let set = self.env.get(Var::StateHome).map(PathBuf::from);
        let home = || self.env.get(Var::Home).map(Path::new);
        let usual = || {
            if cfg!(windows) {
                let set = self.env.get(Var::LocalAppData).map(PathBuf::from);
                return set.or_else(|| Some(home()?.join("AppData").join("Local")));
            }
            Some(home()?.join(".local/state"))
        };
        let base = set.filter(|path| path.is_absolute()).or_else(usual)?;
        Some(base.join("kvctl"))
    }

    /// Returns the URL of the API that a variable sets, and the variable.
    pub(super) fn base_url(&self) -> Result<Option<(BaseUrl, Var)>, SettingError> {
        let Some((variable, text)) = self.first([Var::BaseUrl, Var::LegacyBaseUrl]) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(base) => Ok(Some((base, variable))),
            Err(why) => Err(SettingError::BaseUrl {
                by: self.origin(variable),
                why,
            }),
        }
    }

    /// Returns the further headers that the environment sets.
    pub fn extra_headers(&self) -> Result<ExtraHeaders, SettingError> {
        let text = self.env.get(Var::ApiHeaders).unwrap_or("{}");
        text.parse().map_err(SettingError::Headers)
    }

    /// Returns the name of a variable, and the env file and the line that set it if one did.
    pub fn origin(&self, var: Var) -> String {
        match self.place(var) {
            Some((path, line)) => format!("{var} in {}:{line}", display(&self.cwd, path)),
            None => var.to_string(),
        }
    }

    /// Returns the env file and the line that set a variable, if one did.
    pub(super) fn place(&self, var: Var) -> Option<(&Path, usize)> {
        let set = |it: &EnvFileSource| Some(it.setting(var)?.line);
        let mut files = self.env_files.iter();
        files.find_map(|it| Some((it.path.as_path(), set(it)?)))
    }

    /// Ensures that credentials are sent only where their owner intends: an env file that sets the
    /// base URL must also set the credentials itself, literally.
    pub fn may_send(&self, found: &FoundCredentials) -> Result<(), ForeignBaseUrl> {
        let Some((variable, _)) = self.first([Var::BaseUrl, Var::LegacyBaseUrl]) else {
            return Ok(());
        };
        let Some((path, line)) = self.place(variable) else {
            return Ok(());
        };
        let files = self.env_files.iter();
        let file = files.filter(|it| it.path == path);
        let own: Vec<Setting> = file.flat_map(|it| it.variables.clone()).collect();
        let is_own = |var: &Var| own.iter().any(|it| it.var == *var);
        let from_here = !found.variables.is_empty() && found.variables.iter().all(is_own);
        let expanded = own.iter().find(|it| !it.literal);
        let has_headers = self.env.get(Var::ApiHeaders).is_some();
        let what = match expanded {
            _ if has_headers => format!("{} is set in the environment", Var::ApiHeaders),
            _ if !from_here => format!("the credentials come from {}", found.source),
            Some(expanded) => format!("the value of {} contains `$`", expanded.var),
            None => return Ok(()),
        };
        Err(ForeignBaseUrl {
            file: display(&self.cwd, path),
            line,
            variable,
            what,
            has_headers,
        })
    }
}
