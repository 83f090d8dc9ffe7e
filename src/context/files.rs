//! The files that a command works on: the wrangler file, `kvctl.toml`, the local store, and those that
//! options name, which may be pipes (`--token-file <(pass show token)`).

use std::{
    collections::BTreeMap,
    io,
    path::{Component, Path, PathBuf},
    sync::{Arc, Once},
};

use super::{
    Context, Variables,
    credentials::{TOKEN_FILE_MAX_BYTES, TokenFile},
    display, resolved,
};
use crate::{
    cli::Globals,
    config::{self, DeployedAs, Document, Manifest, Redirect, Scope, Selected, WranglerFile},
    domain::{Binding, EnvName, Section, ShowPath as _},
    env::Var,
    fsx::{self, FileKind},
    ops::target::local_name,
    ui::{Ui, Verbosity},
};

/// Maximum size of a file with certificate authorities, in bytes.
pub(super) const AUTHORITIES_MAX_BYTES: u64 = 16 << 20;

/// What came through each pipe, or why it could not be read. A pipe can be read only once.
type Pipes = BTreeMap<PathBuf, Result<Vec<u8>, String>>;

/// The files that a command works on.
#[derive(Debug, Clone)]
pub struct Files {
    ui: Ui,
    cwd: PathBuf,
    /// The wrangler file that `--config` names.
    config: Option<PathBuf>,
    /// The local store that `--persist-to` names.
    persist_to: Option<PathBuf>,
    pipes: Pipes,
    /// The environment that a variable selects.
    selected: Option<Selected>,
    /// What decides the name of the Worker in place of the wrangler file, if a variable does.
    deployed_as: Option<DeployedAs>,
    is_local: bool,
    /// Whether the note that the local store is outside the project was printed.
    noted_outside: Arc<Once>,
    /// Whether the note that another Worker is deployed was printed.
    noted_name: Arc<Once>,
}

impl Files {
    pub(super) fn new(globals: &Globals, variables: &Variables, cwd: PathBuf, ui: Ui) -> Self {
        Self {
            ui,
            cwd,
            config: globals.config.clone(),
            persist_to: globals.persist_to.clone(),
            pipes: Pipes::default(),
            selected: selected(globals, variables),
            deployed_as: deployed_as(globals, variables),
            is_local: Context::asks_for_local(globals, &variables.env),
            noted_outside: Arc::new(Once::new()),
            noted_name: Arc::new(Once::new()),
        }
    }

    /// Returns the directory the command works in.
    pub fn directory(&self) -> &Path {
        &self.cwd
    }

    /// Returns `path` relative to the directory the command works in.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        resolved(&self.cwd, path)
    }

    /// Returns `path` as seen from that directory.
    pub fn display(&self, path: &Path) -> String {
        display(&self.cwd, path)
    }

    /// Reads the wrangler file.
    pub fn document(&self) -> Result<Document, config::Error> {
        self.document_from(&self.cwd)
    }

    /// Checks that the wrangler file that `--config` names is there, for commands that need none.
    pub(crate) fn check_named_config(&self) -> Result<(), config::Error> {
        match self.config {
            Some(_) => self.discover(&self.cwd).map(drop),
            None => Ok(()),
        }
    }

    /// Returns the folder that decides which login is used, as for wrangler: that of the file that
    /// `--config` names, else the one the command works in. Links are not resolved.
    pub(super) fn login_directory(&self) -> PathBuf {
        let Some(config) = &self.config else {
            return self.cwd.clone();
        };
        let mut directory = PathBuf::new();
        for part in self.resolve(config).components() {
            match part {
                Component::ParentDir => {
                    directory.pop();
                }
                other => directory.push(other),
            }
        }
        directory.pop();
        directory
    }

    /// Whether `--config` names the wrangler file.
    pub fn is_config_named(&self) -> bool {
        self.config.is_some()
    }

    /// Finds the wrangler file of the project in `directory`.
    pub(super) fn discover(&self, directory: &Path) -> Result<WranglerFile, config::Error> {
        let explicit = self.config.as_ref().map(|file| self.resolve(file));
        config::discover(directory, explicit.as_deref())
    }

    fn document_from(&self, directory: &Path) -> Result<Document, config::Error> {
        let found = self.discover(directory)?;
        let WranglerFile {
            path,
            passed_over,
            foreign_owner,
        } = found;
        if let Some(owner) = foreign_owner {
            self.ui.note(&format!(
                "{} belongs to another user (uid {owner})",
                path.shown()
            ));
        }
        if let Some(ignored) = passed_over {
            let what = if ignored.parent() == path.parent() {
                "beside it"
            } else {
                "which is nearer"
            };
            self.ui.warn(&format!(
                "using {}, as wrangler does, and not {}, {what}",
                self.display(&path),
                self.display(&ignored)
            ));
        }
        self.ui.detail(
            Verbosity::Everything,
            &format!("wrangler file: {}", path.shown()),
        );
        let mut document = Document::read(&path)?.selecting(self.selected.clone());
        self.name_what_is_deployed(&mut document);
        Ok(document)
    }

    /// Takes the Worker's name from where `wrangler deploy` takes it, if that is not the wrangler file.
    fn name_what_is_deployed(&self, document: &mut Document) {
        if self.is_local {
            self.note_other_local_names(document);
            return;
        }
        let decided = self
            .deployed_as
            .clone()
            .or_else(|| self.built_name(document));
        let Some(decided) = decided else { return };
        let DeployedAs { section, name, by } = decided.clone();
        if document.deploy_as(decided) {
            self.noted_name.call_once(|| {
                self.ui.note(&format!(
                    "`wrangler deploy` deploys {section} as the Worker `{name}`, because of {by}: that \
                     Worker is asked, and not the one that {} names",
                    self.display(document.path())
                ));
            });
        }
    }

    /// Says where `wrangler dev` opens other local namespaces, because it takes the file that a build
    /// tool made.
    fn note_other_local_names(&self, document: &Document) {
        let Some(Redirect {
            document: built,
            section,
        }) = self.built_file(document)
        else {
            return;
        };
        let name = |scope: &Scope, binding: &Binding| {
            let entry = scope.entries.iter().find(|it| it.binding == *binding)?;
            Some(local_name(entry).ok()?.0)
        };
        let own = document.project().scope(&section);
        let mut others = built.project().top.entries.iter().filter_map(|entry| {
            let binding = &entry.binding;
            let (own, other) = (name(own?, binding)?, name(&built.project().top, binding)?);
            (own != other).then(|| format!("`{other}` for `{binding}`, and not `{own}`"))
        });
        if let Some(other) = others.next() {
            self.noted_name.call_once(|| {
                self.ui.note(&format!(
                    "`wrangler dev` takes {}, which names the local namespace {other}; build the project \
                     again if it is out of date",
                    self.display(built.path())
                ));
            });
        }
    }

    /// Returns what a build tool made for wrangler to take in place of the file.
    fn built_file(&self, document: &Document) -> Option<Redirect> {
        if self.is_config_named() {
            return None;
        }
        Redirect::find(&self.cwd, document.path())?.1.ok()
    }

    /// Returns the name in the file that a build tool made for `wrangler deploy`.
    fn built_name(&self, document: &Document) -> Option<DeployedAs> {
        let Redirect { document, section } = self.built_file(document)?;
        let name = document.project().deployed_name(&Section::TOP).ok()?;
        let by = self.display(document.path());
        Some(DeployedAs { section, name, by })
    }

    /// Reads the wrangler file, if there is one.
    pub fn document_if_any(&self) -> Result<Option<Document>, config::Error> {
        self.document_in(&self.cwd)
    }

    /// Reads the wrangler file of the project in `directory`, if there is one.
    pub fn document_in(&self, directory: &Path) -> Result<Option<Document>, config::Error> {
        match self.document_from(directory) {
            Err(config::Error::NotFound { .. } | config::Error::TypeScript { .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Returns the configuration in TypeScript that the project in `directory` has in place of a wrangler
    /// file.
    pub fn typescript_in(&self, directory: &Path) -> Option<PathBuf> {
        match self.discover(directory) {
            Err(config::Error::TypeScript { path }) => Some(path),
            _ => None,
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

    /// Returns wrangler's own place: `.wrangler/state` beside the wrangler file, unless told.
    pub fn local_directory(&self, document: Option<&Document>) -> PathBuf {
        if let Some(directory) = &self.persist_to {
            return self.resolve(directory);
        }
        let beside = document
            .and_then(|d| d.path().parent())
            .map(Path::to_path_buf);
        let beside = beside.or_else(|| {
            let found = self.discover(&self.cwd);
            found.ok()?.path.parent().map(Path::to_path_buf)
        });
        beside
            .unwrap_or_else(|| self.directory().to_owned())
            .join(".wrangler")
            .join("state")
    }

    /// Says once where the store really is, if a link leads out of the project: a repository may
    /// carry such a link. wrangler follows it too, so it is used. A path given with `--persist-to`
    /// is deliberate.
    pub(crate) fn note_outside(&self, directory: &Path) {
        if self.persist_to.is_some() {
            return;
        }
        let Some((link, real)) = outside(directory) else {
            return;
        };
        self.noted_outside.call_once(|| {
            self.ui.note(&format!(
                "`{}` is a link out of the project; the local store is in {}",
                self.display(&link),
                real.shown()
            ));
        });
    }

    /// Reads the pipes among `named`, files with the maximum size of each, on threads of their own, so
    /// that Ctrl-C is heard meanwhile.
    pub(super) async fn read_pipes(&mut self, named: Vec<(PathBuf, u64)>) {
        for (path, limit) in named {
            if fsx::kind_of(&path) != Some(FileKind::Pipe) || self.pipes.contains_key(&path) {
                continue;
            }
            let pipe = path.clone();
            let read = move || fsx::read_file_or_pipe(&pipe, limit);
            let read = match tokio::task::spawn_blocking(read).await {
                Ok(read) => read.map_err(|e| e.to_string()),
                Err(e) => Err(e.to_string()),
            };
            self.pipes.insert(path, read);
        }
    }

    /// Reads a file that an option names, or gives what came through it, if it is a pipe.
    pub(super) fn read_named(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        match self.pipes.get(path) {
            Some(Ok(bytes)) => Ok(bytes.clone()),
            Some(Err(said)) => Err(io::Error::other(said.clone())),
            None => fsx::read_file(path, limit),
        }
    }

    pub(crate) fn token_file(&self, path: &Path) -> TokenFile {
        let path = self.resolve(path);
        let bytes = self.read_named(&path, TOKEN_FILE_MAX_BYTES);
        TokenFile { path, bytes }
    }
}

/// Returns the environment that a variable selects, if the command line does not decide.
fn selected(globals: &Globals, variables: &Variables) -> Option<Selected> {
    if globals.environment.is_some() {
        return None;
    }
    let environment = variables.get(Var::Environment)?.parse().ok()?;
    let by = variables.origin(Var::Environment);
    Some(Selected { environment, by })
}

/// Returns the Worker that Workers Builds deploys from the selected section.
fn deployed_as(globals: &Globals, variables: &Variables) -> Option<DeployedAs> {
    let name = variables.get(Var::CiOverrideName)?.to_owned();
    let environment = match &globals.environment {
        Some(environment) => Some(environment.as_str()),
        None => variables.get(Var::Environment),
    };
    let environment = environment.filter(|name| !name.is_empty());
    let environment: Option<EnvName> = environment.map(str::parse).transpose().ok()?;
    let by = variables.origin(Var::CiOverrideName);
    Some(DeployedAs {
        section: environment.into(),
        name,
        by,
    })
}

/// Returns the link that leads `state`, the `.wrangler/state` of a project, out of the project, and
/// where to.
fn outside(state: &Path) -> Option<(PathBuf, PathBuf)> {
    let wrangler = state.parent()?;
    let project = fsx::real_path(wrangler.parent()?).ok()?;
    [wrangler, state].into_iter().find_map(|path| {
        let real = fsx::real_path(path).ok()?;
        (!real.starts_with(&project)).then(|| (path.to_owned(), real))
    })
}
