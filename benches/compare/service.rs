//! The service that all programs use: `kvctl serve`, and what speaks TLS before it.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::tls_end::{Authority, GOOD};

/// Any token is accepted.
pub(crate) const TOKEN: &str = "bench";

pub(crate) struct Service {
    child: Child,
    log: PathBuf,
    /// The URL that the programs get.
    pub(crate) base: String,
    pub(crate) account: String,
    /// The file with the authority that the programs have to trust.
    pub(crate) authority: PathBuf,
}

impl Service {
    pub(crate) fn start(kvctl: &Path, directory: &Path, tls: bool, latency: Duration) -> Self {
        let log = directory.join("log");
        let mut child = Command::new(kvctl)
            .args(["serve", "--memory", "--port", "0", "--json", "--latency"])
            .arg(format!("{}ms", latency.as_millis()))
            .arg("--log")
            .arg(&log)
            .env_clear()
            .env("HOME", directory)
            .current_dir(directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let started: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = started["base_url"].as_str().unwrap().to_owned();
        let authority = directory.join("authority.pem");
        let trusted = Authority::new();
        std::fs::write(&authority, trusted.pem()).unwrap();
        let base = if tls { trusted.serve(&GOOD, &url) } else { url };
        Self {
            child,
            log,
            account: started["account_id"].as_str().unwrap().to_owned(),
            base,
            authority,
        }
    }

    /// How many requests there have been.
    pub(crate) fn requests(&self) -> usize {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().count()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
