//! The local store of a row: every namespace that could be meant holds a key with its name.

use std::{path::Path, sync::Arc};

use kvctl::{
    domain::AccountId,
    emulator::{Config, Emulator, Running, spawn},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::json;

use super::{
    namespaces::{Ids, Login, Namespace},
    service::Http,
};

/// The store, served while a row is prepared and judged.
pub(super) struct Store {
    _running: Running,
    http: Http,
}

/// The key that all namespaces have.
pub(super) const OLD_KEY: &str = "at";
/// The key that rows write.
pub(super) const NEW_KEY: &str = "wrote";

/// How a key or value names the namespace that it is in.
pub(super) fn mark(namespace: &Namespace) -> String {
    format!("in[{namespace}]")
}

impl Store {
    pub(super) fn open(state: &Path) -> Self {
        let config = Config {
            state: Some(state.to_owned()),
            ..Config::local(&Login::Default.token(), Arc::new(now))
        };
        let running = spawn(Emulator::new(config)).unwrap();
        let http = Http::new(running.base_url());
        Self {
            _running: running,
            http,
        }
    }

    /// Fills all namespaces.
    pub(super) fn fill(&self, ids: &Ids) {
        for namespace in &Namespace::LOCAL {
            let mark = mark(namespace);
            let items = json!([
                {"key": OLD_KEY, "value": mark},
                {"key": mark, "value": ""},
            ]);
            let path = format!("{}/bulk", at(ids, namespace));
            let answer = self
                .http
                .send(Method::PUT, &path, Login::Default, Some(items));
            assert_eq!(answer["success"], true, "{answer}");
        }
    }

    /// Returns the namespaces that were written to: that got the new key, or lost the old one.
    pub(super) fn changed(&self, ids: &Ids) -> Vec<Namespace> {
        let is_changed = |namespace: &Namespace| {
            let path = format!("{}/keys", at(ids, namespace));
            let answer = self.http.send(Method::GET, &path, Login::Default, None);
            let keys = answer["result"].as_array().unwrap().iter();
            let mut names: Vec<_> = keys.filter_map(|key| key["name"].as_str()).collect();
            names.sort_unstable();
            let mark = mark(namespace);
            names != [OLD_KEY, mark.as_str()]
        };
        let mut changed = Namespace::LOCAL.to_vec();
        changed.retain(is_changed);
        changed
    }
}

fn at(ids: &Ids, namespace: &Namespace) -> String {
    let text = ids.text(namespace);
    let id = utf8_percent_encode(&text, NON_ALPHANUMERIC);
    format!(
        "/accounts/{}/storage/kv/namespaces/{id}",
        AccountId::local()
    )
}

/// The time in UNIX seconds.
pub(super) fn now() -> i64 {
    kvctl::env::now().as_second()
}
