//! Everything a command needs, put together from the command line and the surroundings.
//!
//! The composition root: owns no rule, only the order in which things are found. Imports `env`,
//! `cli` (the global options), `config`, `credentials`, `api`, `emulator`, `ops::account`, `ui`.

mod authorities;
mod local;
mod named;
mod narrator;
mod service;
mod session;
mod sources;

use std::{
    path::{Component, Path, PathBuf},
    sync::Once,
};

pub use service::{Orphan, ServeError, Served, Service, ServiceError, StoreCheck};
pub use session::{Attempt, Backend, Session};
pub use sources::{EnvFileSource, ForeignBaseUrl, Setting};

use named::Pipes;

use crate::{
    cli::Globals,
    config::{self, Document, EnvFiles, Manifest, Scope, WranglerFile, read_env_files},
    domain::{Classification, Classify, EnvName, EnvNameError, ErrorClass},
    env::{self, Env, Var},
    error::{ClassExt as _, Result, ResultExt as _},
    ui::{Options, Terminals, Ui, Verbosity},
};

/// A flag or variable that is wrong in itself.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// `--cwd` is no directory.
    #[error("`--cwd {}` is not a directory", .0.display())]
    Cwd(PathBuf),
    /// The base URL cannot be used.
    #[error("{variable} cannot be used: {why}")]
    BaseUrl {
        /// The variable.
        variable: Var,
        /// Why not.
        why: crate::api::BaseUrlError,
    },
    /// A file of certificate authorities cannot be used.
    #[error("{by}: the certificate authorities in {} cannot be read", path.display())]
    Authorities {
        /// The flag or variable that names it.
        by: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file of certificate authorities has none.
    #[error("{by}: {} has no certificate in PEM", path.display())]
    NoAuthorities {
        /// The flag or variable that names it.
        by: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A file of certificate authorities has one that is none.
    #[error("{by}: {} has a certificate that cannot be decoded", path.display())]
    BadAuthority {
        /// The flag or variable that names it.
        by: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A variable should name a file, and is empty.
    #[error("{0} is set, and empty: no certificate would be trusted")]
    Empty(&'static str),
    /// A variable should name a proxy, and does not. Its value may hold a password.
    #[error("{0} is set, and is not the address of a proxy that kvctl can use")]
    Proxy(&'static str),
}

impl Classify for SettingError {
    fn classify(&self) -> Classification {
        match self {
            Self::BaseUrl { .. } => ErrorClass::Usage.hint(format!(
                "the default is {}; leave the variable unset to use it",
                crate::api::BaseUrl::DEFAULT
            )),
            Self::Proxy(variable) => ErrorClass::Usage.hint(format!(
                "set {variable} to http://HOST:PORT or https://HOST:PORT, or leave it unset to connect \
                 directly"
            )),
            Self::NoAuthorities { .. } => ErrorClass::Usage
                .hint("a certificate in PEM begins with -----BEGIN CERTIFICATE-----"),
            Self::Empty(variable) => ErrorClass::Usage.hint(format!(
                "unset {variable} to trust the system's authorities, or name a PEM file"
            )),
            Self::Cwd(_) | Self::Authorities { .. } | Self::BadAuthority { .. } => {
                ErrorClass::Usage.into()
            }
        }
    }
}

/// Everything a command needs.
#[derive(Debug)]
pub struct Context {
    /// The voice of the program.
    pub ui: Ui,
    /// The global options.
    pub globals: Globals,
    env: Env,
    cwd: PathBuf,
    env_files: Vec<EnvFileSource>,
    /// Why env files could not be read.
    trouble: Option<config::DotenvError>,
    /// What came through pipes that options name.
    pipes: Pipes,
    /// Whether it was said that the local store is outside the project.
    noted_outside: Once,
}

impl Context {
    /// Reads the surroundings. Touches no network, and of the file system only env files.
    pub fn new(globals: Globals) -> Result<Self> {
        let mut context = Self::despite_trouble(globals)?;
        match context.trouble.take() {
            Some(trouble) => Err(trouble.into()),
            None => Ok(context),
        }
    }

    /// The same, but env files that cannot be read are left out, for commands that look into that.
    pub fn despite_trouble(globals: Globals) -> Result<Self> {
        let mut env = Env::read();
        let ui = Self::voice(&globals, &env);
        let cwd = Self::cwd(&globals)?;
        let (files, trouble) = match read_env_files(&cwd, globals.environment.as_deref()) {
            Ok(files) => (files, None),
            Err(trouble) => (EnvFiles::default(), Some(trouble)),
        };
        for (path, owner) in files.foreign {
            let path = path.display();
            ui.note(&format!(
                "{path} was not read: it belongs to another user (uid {owner})"
            ));
        }
        let mut env_files = Vec::new();
        for file in files.read {
            ui.detail(
                Verbosity::Everything,
                &format!("read {}", file.path.display()),
            );
            env_files.push(EnvFileSource::add(file, &mut env));
        }
        Ok(Self {
            ui,
            globals,
            env,
            cwd,
            env_files,
            trouble,
            pipes: Pipes::default(),
            noted_outside: Once::new(),
        })
    }

    /// Creates the voice that `globals` and the environment ask for.
    pub fn voice(globals: &Globals, env: &Env) -> Ui {
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
        // What is above `app/../other` is not `app`, whatever its letters say.
        let climbs = path.components().any(|part| part == Component::ParentDir);
        Ok(if climbs {
            fs_err::canonicalize(path).class(ErrorClass::Failed)?
        } else {
            path
        })
    }

    /// Returns the command that starts the user's editor.
    pub fn editor(&self) -> &str {
        let set = self.env.get(Var::Visual).or(self.env.get(Var::Editor));
        set.unwrap_or(if cfg!(windows) { "notepad" } else { "vi" })
    }

    /// Returns the directory for what is remembered between runs, if the user has one.
    pub fn state_directory(&self) -> Option<PathBuf> {
        // A relative path there is to be ignored, says the XDG specification.
        let set = self.env.get(Var::StateHome).map(PathBuf::from);
        let usual = || Some(Path::new(self.env.get(Var::Home)?).join(".local/state"));
        let base = set.filter(|path| path.is_absolute()).or_else(usual)?;
        Some(base.join("kvctl"))
    }

    /// Returns a variable of the environment.
    pub fn variable(&self, var: Var) -> Option<&str> {
        self.env.get(var)
    }

    /// Returns the directory the command works in.
    pub fn directory(&self) -> &Path {
        &self.cwd
    }

    /// Returns `path` as meant from the directory the command works in.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }

    /// Returns how to write `path` for somebody who is in that directory.
    pub fn display(&self, path: &Path) -> String {
        path.strip_prefix(&self.cwd)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// Whether the local store is meant.
    pub fn is_local(&self) -> bool {
        self.globals.local || self.env.flag(Var::Local)
    }

    /// Reads the wrangler file.
    pub fn document(&self) -> Result<Document, config::Error> {
        self.document_from(&self.cwd)
    }

    fn document_from(&self, directory: &Path) -> Result<Document, config::Error> {
        let explicit = self.globals.config.as_ref().map(|file| self.resolve(file));
        let found = config::discover(directory, explicit.as_deref())?;
        let WranglerFile {
            path,
            passed_over,
            foreign_owner,
        } = found;
        if let Some(owner) = foreign_owner {
            self.ui.note(&format!(
                "{} belongs to another user (uid {owner})",
                path.display()
            ));
        }
        if let Some(nearer) = passed_over {
            self.ui.warn(&format!(
                "using {}, as wrangler does, and not the nearer {}",
                self.display(&path),
                self.display(&nearer)
            ));
        }
        self.ui.detail(
            Verbosity::Everything,
            &format!("wrangler file: {}", path.display()),
        );
        Document::read(&path)
    }

    /// Reads the wrangler file, if there is one.
    pub fn document_if_any(&self) -> Result<Option<Document>, config::Error> {
        self.document_in(&self.cwd)
    }

    /// Reads the wrangler file of the project in `directory`, if there is one.
    pub fn document_in(&self, directory: &Path) -> Result<Option<Document>, config::Error> {
        match self.document_from(directory) {
            Err(config::Error::NotFound { .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Reads `kvctl.toml` beside the wrangler file, if there is one.
    pub fn manifest(&self, document: &Document) -> Result<Option<Manifest>, config::ManifestError> {
        self.manifest_beside(Some(document))
    }

    /// Reads `kvctl.toml` beside the wrangler file, or where there is none, in the directory the
    /// command works in.
    pub fn manifest_beside(
        &self,
        document: Option<&Document>,
    ) -> Result<Option<Manifest>, config::ManifestError> {
        let beside = document.and_then(|document| document.path().parent());
        Manifest::read(beside.unwrap_or(&self.cwd))
    }

    /// Returns the environment section meant: the flag, else the variable; empty is the top level.
    pub fn environment(&self) -> Result<Option<EnvName>, EnvNameError> {
        let name = match &self.globals.environment {
            Some(name) => Some(name.as_str()),
            None => self.env.get(Var::Environment),
        };
        name.filter(|name| !name.is_empty())
            .map(str::parse)
            .transpose()
    }

    /// Returns the sections meant: all of them, or the one that the environment names.
    pub fn scopes<'d>(&self, document: &'d Document, all: bool) -> Result<Vec<&'d Scope>> {
        if all {
            return Ok(document.project().scopes().collect());
        }
        Ok(vec![document.scope(self.environment()?.as_ref())?])
    }
}
