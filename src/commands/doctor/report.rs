//! What was found, for people and as JSON.

use std::{io, path::PathBuf};

use serde::Serialize;

use super::versions::Versions;
use crate::{
    ops::{account::Choice, identity::Permission},
    ui::{ADDED, FAINT, Page, REMOVED, Report, STRONG, printable, quantity},
    wire::Account,
};

/// The version of the JSON document's form.
const SCHEMA: u32 = 1;

/// The result of `kvctl doctor`. Holds no secret.
#[derive(Debug, Serialize)]
pub(super) struct DoctorReport {
    schema: u32,
    versions: Versions,
    pub(super) settings: Vec<Setting>,
    pub(super) identity: Option<Who>,
    /// Whether the service refused to say it.
    #[serde(skip)]
    pub(super) identity_unknown: bool,
    pub(super) accounts: Vec<Account>,
    pub(super) permissions: Vec<Right>,
    pub(super) network: Option<Network>,
    pub(super) local: Option<Local>,
    findings: Vec<Finding>,
}

/// A setting, its value, and who decided it.
#[derive(Debug, Serialize)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) value: Option<String>,
    pub(super) source: Option<String>,
}

/// What the service says of the token.
#[derive(Debug, Serialize)]
pub(super) struct Who {
    /// `user` or `account`.
    pub(super) owner: &'static str,
    /// `active`, `disabled` or `expired`.
    pub(super) status: String,
    /// RFC 3339; absent if never.
    pub(super) expires_on: Option<String>,
}

/// A permission.
#[derive(Debug, Serialize)]
pub(super) struct Right {
    pub(super) name: &'static str,
    pub(super) state: State,
    pub(super) needed_for: &'static str,
}

/// Whether a permission is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Granted,
    Missing,
    Unknown,
}

impl State {
    pub(super) fn of(permission: &Permission) -> Self {
        match permission {
            Permission::Granted => Self::Granted,
            Permission::Missing(_) => Self::Missing,
            Permission::Unknown(_) => Self::Unknown,
        }
    }
}

/// The way to the service.
#[derive(Debug, Serialize)]
pub(super) struct Network {
    /// How many requests were answered.
    pub(super) answers: usize,
    /// The fastest of them.
    pub(super) round_trip_ms: u64,
    /// How far this machine's clock is ahead of the service's.
    pub(super) clock_ahead_seconds: Option<i64>,
}

/// The local store.
#[derive(Debug, Serialize)]
pub(super) struct Local {
    pub(super) directory: PathBuf,
    pub(super) exists: bool,
    pub(super) namespaces: Vec<Held>,
}

/// A namespace of the local store.
#[derive(Debug, Serialize)]
pub(super) struct Held {
    pub(super) id: String,
    pub(super) title: Option<String>,
    pub(super) keys: u64,
    pub(super) bytes: u64,
}

/// Something that somebody should know.
#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    what: String,
    hint: Option<String>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// Commands will fail because of it.
    Broken,
    /// Commands may fail or be wrong because of it.
    Warning,
    /// Good to know.
    Note,
}

impl DoctorReport {
    pub(super) fn new(versions: Versions) -> Self {
        Self {
            schema: SCHEMA,
            versions,
            settings: Vec::new(),
            identity: None,
            identity_unknown: false,
            accounts: Vec::new(),
            permissions: Vec::new(),
            network: None,
            local: None,
            findings: Vec::new(),
        }
    }

    /// Adds something that is broken.
    pub(super) fn broken_by(&mut self, what: String, hint: Option<String>) {
        self.find(Level::Broken, what, hint);
    }

    /// Adds a warning.
    pub(super) fn warn(&mut self, what: String, hint: Option<String>) {
        self.find(Level::Warning, what, hint);
    }

    /// Adds a note.
    pub(super) fn note(&mut self, what: &str) {
        self.find(Level::Note, what.to_owned(), None);
    }

    fn find(&mut self, level: Level, what: String, hint: Option<String>) {
        // What breaks one thing may break another; once is enough.
        if !self.findings.iter().any(|it| it.what == what) {
            self.findings.push(Finding { level, what, hint });
        }
    }

    /// Adds the account that nobody named.
    pub(super) fn account_found(&mut self, choice: &Choice) {
        self.settings.push(Setting {
            name: "account",
            value: Some(choice.id.to_string()),
            source: Some(choice.origin.to_string()),
        });
    }

    /// Returns how many things are broken.
    pub(super) fn broken(&self) -> usize {
        self.count(Level::Broken)
    }

    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|it| it.level == level).count()
    }

    fn service(&self, out: &mut Page<'_>) -> io::Result<()> {
        if let Some(who) = &self.identity {
            let expires = who.expires_on.as_ref();
            let expires =
                expires.map_or_else(String::new, |at| format!(", expires {}", printable(at)));
            let (owner, status) = (who.owner, printable(&who.status));
            section(out, "identity")?;
            writeln!(out, "  token of the {owner}, {status}{expires}")?;
        }
        if self.identity_unknown {
            section(out, "identity")?;
            writeln!(out, "  could not be found out")?;
        }
        if !self.accounts.is_empty() {
            section(out, "accounts")?;
            for account in &self.accounts {
                writeln!(out, "  {}  {}", account.id, printable(&account.name))?;
            }
        }
        if !self.permissions.is_empty() {
            section(out, "permissions")?;
            for Right {
                name,
                state,
                needed_for,
            } in &self.permissions
            {
                let state = match state {
                    State::Granted => "granted",
                    State::Missing => "missing",
                    State::Unknown => "unknown",
                };
                writeln!(out, "  {name:<26}{state}  {FAINT}for {needed_for}{FAINT:#}")?;
            }
        }
        if let Some(network) = &self.network {
            section(out, "network")?;
            let clock = match network.clock_ahead_seconds {
                None => "clock unknown".to_owned(),
                Some(0) => "clocks agree".to_owned(),
                Some(seconds) if seconds > 0 => format!("clock {seconds} s ahead"),
                Some(seconds) => format!("clock {} s behind", seconds.unsigned_abs()),
            };
            let answers = quantity(network.answers, "answer");
            let fastest = network.round_trip_ms;
            writeln!(out, "  {answers}, the fastest in {fastest} ms, {clock}")?;
        }
        Ok(())
    }

    fn local(&self, out: &mut Page<'_>) -> io::Result<()> {
        let Some(local) = &self.local else {
            return Ok(());
        };
        section(out, "local store")?;
        if !local.exists {
            return writeln!(out, "  there is none yet");
        }
        let name = |held: &Held| {
            let name = held.title.as_ref().unwrap_or(&held.id);
            printable(name).into_owned()
        };
        let lengths = local
            .namespaces
            .iter()
            .map(|held| name(held).chars().count());
        let width = lengths.max().unwrap_or_default();
        for held in &local.namespaces {
            let name = name(held);
            let keys = quantity(held.keys, "key");
            writeln!(out, "  {name:<width$}  {keys}, {} bytes", held.bytes)?;
        }
        if local.namespaces.is_empty() {
            writeln!(out, "  it has no namespaces")?;
        }
        Ok(())
    }

    fn findings(&self, out: &mut Page<'_>) -> io::Result<()> {
        if !self.findings.is_empty() {
            writeln!(out)?;
        }
        for Finding { level, what, hint } in &self.findings {
            let (style, label) = match level {
                Level::Broken => (REMOVED, "broken: "),
                Level::Warning => (STRONG, "warning: "),
                Level::Note => (FAINT, "note: "),
            };
            writeln!(out, "{style}{label}{style:#}{}", printable(what))?;
            if let Some(hint) = hint {
                writeln!(out, "  hint: {hint}")?;
            }
        }
        let (broken, warnings) = (self.broken(), self.count(Level::Warning));
        let style = if broken == 0 { ADDED } else { REMOVED };
        let warnings = quantity(warnings, "warning");
        writeln!(out)?;
        match broken {
            0 => writeln!(out, "{style}Nothing is broken{style:#}, {warnings}."),
            1 => writeln!(out, "{style}1 thing is broken{style:#}, {warnings}."),
            many => writeln!(out, "{style}{many} things are broken{style:#}, {warnings}."),
        }
    }
}

fn section(out: &mut Page<'_>, name: &str) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "{STRONG}{name}{STRONG:#}")
}

impl Report for DoctorReport {
    fn human(&self, out: &mut Page<'_>, _: bool) -> io::Result<()> {
        let Versions {
            kvctl,
            platform,
            wrangler,
        } = &self.versions;
        writeln!(out, "kvctl {kvctl}, {platform}")?;
        if let Some(wrangler) = wrangler {
            let (version, path) = (printable(&wrangler.version), wrangler.path.display());
            writeln!(out, "wrangler {version}, {path}")?;
        }
        section(out, "settings")?;
        for Setting {
            name,
            value,
            source,
        } in &self.settings
        {
            let value = printable(value.as_deref().unwrap_or("none")).into_owned();
            let source = source.as_ref();
            let source = source.map_or_else(String::new, |by| format!("  {FAINT}{by}{FAINT:#}"));
            writeln!(out, "  {name:<18}{value}{source}")?;
        }
        self.service(out)?;
        self.local(out)?;
        self.findings(out)
    }
}
