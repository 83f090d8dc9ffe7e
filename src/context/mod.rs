//! Everything a command needs, built from the command line, the environment and the files.
//!
//! | part | gives |
//! | --- | --- |
//! | [`Variables`] | the environment and env files, and where each setting came from |
//! | [`Files`] | the wrangler file, `kvctl.toml`, the local store, files that options name |
//! | `credentials` | which credentials are used |
//! | `region` | which host is asked |
//! | `invocation` | the options that a command to run next needs as well |
//! | `peek` | titles and keys of the local store, and logins, without a word or a trace |
//! | `connection` | a client that is ready to send, and its account |
//!
//! The composition root: owns no rule, only the order in which things are found.

mod connection;
mod credentials;
mod error;
mod files;
mod invocation;
mod peek;
mod region;
mod variables;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use jiff::Timestamp;

pub use connection::{Attempt, Backend, Session, account_in, local_names, replaced_authorities};
pub use credentials::{CredentialsError, FoundCredentials, Profile, token_in, usable};
pub use error::SettingError;
pub use files::Files;
pub use region::{ChosenBaseUrl, NamedRegion, RegionError, UnknownRegion};
pub use variables::{EnvFileSource, ForeignBaseUrl, Setting, Variables};

use crate::{
    cli::Globals,
    config::{Document, Scope},
    domain::{AccountId, ErrorClass, Section, ShowPath as _},
    env::{self, Env, Var},
    error::{ClassExt as _, Result, ResultExt as _},
    ui::{Options, Terminals, Ui},
};

/// Everything a command needs.
#[derive(Debug)]
pub struct Context {
    /// The standard streams.
    pub ui: Ui,
    /// The global options.
    pub globals: Globals,
    /// The environment and env files.
    pub variables: Variables,
    /// The files to work on.
    pub files: Files,
    /// The clock.
    pub clock: Clock,
    /// The account that the user chose from a list, which is asked for once.
    chosen_account: OnceLock<AccountId>,
}

/// What tells the time.
pub type Clock = fn() -> Timestamp;

impl Context {
    /// Reads the environment and env files. Sends nothing.
    pub fn new(globals: Globals) -> Result<Self> {
        let mut context = Self::lenient(globals)?;
        match context.variables.take_error() {
            Some(error) => Err(error.into()),
            None => Ok(context),
        }
    }

    /// The same, but leaves out env files that cannot be read, for commands that diagnose them.
    pub fn lenient(globals: Globals) -> Result<Self> {
        let env = Env::read();
        let ui = Self::build_ui(&globals, &env);
        Self::with(globals, env, ui)
    }

    fn with(globals: Globals, env: Env, ui: Ui) -> Result<Self> {
        let cwd = Self::cwd(&globals)?;
        let variables = Variables::read(env, &cwd, &globals, &ui);
        let files = Files::new(&globals, &variables, cwd, ui.clone());
        Ok(Self {
            ui,
            globals,
            variables,
            files,
            clock: env::now,
            chosen_account: OnceLock::new(),
        })
    }

    /// Returns the same context with another account or token, where they are given. Reads the pipe
    /// that the token may come through.
    pub async fn acting_as(&self, account: Option<AccountId>, token_file: Option<PathBuf>) -> Self {
        let mut globals = self.globals.clone();
        globals.account_id = account.or(globals.account_id);
        globals.token_file = token_file.or(globals.token_file);
        let mut context = Self {
            ui: self.ui.clone(),
            globals,
            variables: self.variables.again(),
            files: self.files.clone(),
            clock: self.clock,
            chosen_account: OnceLock::new(),
        };
        context.read_pipes().await;
        context
    }

    /// Creates the [`Ui`] that `globals` and the environment ask for.
    pub fn build_ui(globals: &Globals, env: &Env) -> Ui {
        globals.color.apply();
        Ui::standard(Options {
            format: globals.format(),
            verbosity: globals.verbosity(env.get(Var::Log)),
            yes: globals.yes,
            terminals: Terminals::of_process(),
        })
    }

    fn cwd(globals: &Globals) -> Result<PathBuf> {
        let current = env::current_dir().class(ErrorClass::Failed).context(
            "the current directory cannot be found; change to one that exists, or give `--cwd DIR`",
        );
        let Some(other) = &globals.cwd else {
            return current;
        };
        let path = if other.is_absolute() {
            other.clone()
        } else {
            current?.join(other)
        };
        if !path.is_dir() {
            return Err(SettingError::Cwd(other.clone()).into());
        }
        // As `cd` does: what is above a link is what is above its target. On Windows it is what is
        // above the link, and a drive has a current directory of its own.
        let absolute = if cfg!(windows) {
            std::path::absolute(path)
        } else {
            fs_err::canonicalize(path)
        };
        absolute.class(ErrorClass::Failed)
    }

    /// Reads the pipes that options name, before anything that may wait.
    pub async fn read_pipes(&mut self) {
        let token = self.globals.token_file.as_ref();
        let token = token.map(|file| (self.files.resolve(file), credentials::TOKEN_FILE_MAX_BYTES));
        let authorities = self.authority_files().into_iter();
        let authorities = authorities.map(|(path, _)| (path, files::AUTHORITIES_MAX_BYTES));
        let named = token.into_iter().chain(authorities).collect();
        self.files.read_pipes(named).await;
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Whether the local store is used.
    pub fn is_local(&self) -> bool {
        Self::asks_for_local(&self.globals, &self.variables.env)
    }

    /// Checks that the store that `--persist-to` names is used: who names it does not mean the service.
    pub(crate) fn check_store(&self) -> Result<(), SettingError> {
        if self.globals.persist_to.is_none() || self.is_local() {
            return Ok(());
        }
        let remote = self.globals.remote;
        Err(SettingError::UnusedStore { remote })
    }

    /// Whether these settings select the local store.
    pub fn asks_for_local(globals: &Globals, env: &Env) -> bool {
        !globals.remote && (globals.local || env.flag(Var::Local))
    }

    /// Returns the selected section: the flag's environment, else the variable's; empty is the top
    /// level.
    pub fn section(&self) -> Result<Section, SettingError> {
        let (name, by) = match &self.globals.environment {
            Some(name) => (Some(name.as_str()), "--env".to_owned()),
            None => (
                self.variables.get(Var::Environment),
                self.variables.origin(Var::Environment),
            ),
        };
        let name = name.filter(|name| !name.is_empty()).map(str::parse);
        let name = name.transpose();
        let name = name.map_err(|source| SettingError::Environment { by, source })?;
        let section = Section::from(name);
        Ok(if self.globals.in_previews {
            section.previews()
        } else {
            section
        })
    }

    /// Returns the selected sections: all of them, or the one that the options name.
    pub fn scopes<'d>(&self, document: &'d Document, all: bool) -> Result<Vec<&'d Scope>> {
        if all {
            return Ok(document.project().scopes().collect());
        }
        Ok(vec![document.scope(&self.section()?)?])
    }
}

/// Returns `path` relative to `cwd`, without parts such as `./`. What `..` leads to is left to the system,
/// since that follows links; a `/` at the end says that it is a folder.
fn resolved(cwd: &Path, path: &Path) -> PathBuf {
    let mut clean: PathBuf = cwd.join(path).components().collect();
    let text = path.as_os_str().as_encoded_bytes();
    if text
        .last()
        .is_some_and(|last| std::path::is_separator(char::from(*last)))
    {
        clean.push("");
    }
    clean
}

/// Returns `path` as seen from `cwd`.
fn display(cwd: &Path, path: &Path) -> String {
    match path.strip_prefix(cwd) {
        Ok(same) if same.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => below.shown().into_owned(),
        Err(_) => path.shown().into_owned(),
    }
}
