//! The local store, served by this process to itself.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{net::TcpListener, sync::oneshot};

use super::{Backend, Session};
use crate::{
    api::Credentials,
    config::Document,
    context::Context,
    domain::{AccountId, ErrorClass, NamespaceId},
    emulator::{self, Emulator},
    error::{ClassExt as _, Result, ResultExt as _},
};

impl Context {
    /// Starts the local store's server in this process and points the ordinary client at it.
    pub(super) async fn connect_locally(&self, document: Option<&Document>) -> Result<Session> {
        let directory = self.files.local_directory(document);
        self.files.note_outside(&directory);
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .class(ErrorClass::Failed)
            .context("could not open a loopback port for the local store")?;
        let base = format!(
            "http://{}/client/v4",
            listener.local_addr().class(ErrorClass::Failed)?
        );
        let token = one_time_token()?;
        let now = self.clock;
        let clock = Arc::new(move || now().as_second());
        let found = match document {
            Some(_) => None,
            // A broken file names none.
            None => self.files.document_if_any().ok().flatten(),
        };
        let store = Emulator::new(emulator::Config {
            state: Some(directory.clone()),
            names: local_names(document.or(found.as_ref())),
            ..emulator::Config::local(token.expose_secret(), clock)
        });
        // Check here: a server that does not answer would look like a network error.
        store.check().context("could not use the local store")?;
        let own = store.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let stopped = async move {
                stopped.await.ok();
            };
            // Should the server fail, the client's request fails and says so.
            emulator::serve(listener, store, stopped).await.ok();
        });
        let client = self.client(base.parse()?, Credentials::Token(token))?;
        Ok(Session {
            client: client.of_local_store(),
            account: AccountId::local(),
            place: Backend::Local(directory),
            server: Some(stop),
            store: Some(own),
        })
    }
}

/// Returns what the file calls the namespaces of the local store, in all sections.
pub fn local_names(document: Option<&Document>) -> Vec<NamespaceId> {
    let documents = document.into_iter();
    let texts = documents.flat_map(|document| document.project().local_names());
    let mut names: Vec<_> = texts
        .filter_map(|text| NamespaceId::verbatim(text).ok())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Creates a random token, which is kept only in this process's memory.
fn one_time_token() -> Result<SecretString> {
    let mut random = [0; 32];
    let filled = getrandom::fill(&mut random).class(ErrorClass::Failed);
    filled.context("could not make a token for the local store")?;
    Ok(URL_SAFE_NO_PAD.encode(random).into())
}
