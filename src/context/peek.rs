//! What the files, the local store and wrangler's logins hold, for completions: without a word, a
//! trace, or a request.

use std::io;

use super::{Context, credentials::login_store};
use crate::{
    cli::Globals,
    config::Document,
    domain::{NamespaceId, ProfileName},
    emulator::peek,
    env::Env,
    error::Result,
    ui::{Format, Options, Terminals, Ui, Verbosity},
};

impl Context {
    /// Reads the environment and env files as [`Self::lenient`] does, and says nothing, now or later.
    pub fn silent(globals: Globals) -> Result<Self> {
        let options = Options {
            format: Format::Human,
            verbosity: Verbosity::Quiet,
            yes: false,
            terminals: Terminals::default(),
        };
        let ui = Ui::new(Box::new(io::sink()), Box::new(io::sink()), options);
        Self::with(globals, Env::read(), ui)
    }

    /// Returns the namespaces of the local store that have a title.
    pub fn local_titles(&self, document: Option<&Document>) -> Vec<(NamespaceId, String)> {
        let root = self.files.local_directory(document);
        peek::titles(&root).unwrap_or_default()
    }

    /// Returns the first `limit` keys with `prefix` of a namespace of the local store.
    pub fn local_keys(
        &self,
        document: Option<&Document>,
        namespace: &NamespaceId,
        prefix: &str,
        limit: usize,
    ) -> Vec<String> {
        let root = self.files.local_directory(document);
        let now = self.now().as_second();
        peek::keys(&root, namespace, prefix, limit, now).unwrap_or_default()
    }

    /// Returns the names of wrangler's logins.
    pub fn logins(&self) -> Vec<ProfileName> {
        login_store(&self.variables).map_or_else(Vec::new, |store| store.names())
    }
}
