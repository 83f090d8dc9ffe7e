//! The report of `kvctl doctor`, as text and JSON.

use std::{io, path::Path};

use serde::Serialize;

use crate::{
    domain::{Hint, Invocation, Permission, ShowPath as _, quantity},
    ops::{
        health::{
            self, Access, Diagnosis, Severity,
            local::{StoredNamespace, Wrangler},
            service::{PermissionState, ServiceHealth},
        },
        latency::NetworkStats,
    },
    ui::{ADDED, FAINT, Page, REMOVED, Report, STRONG, printable},
    wire::Account,
};

/// The result of `kvctl doctor`. Holds no secret.
#[derive(Debug, Serialize)]
pub(super) struct DoctorReport {
    versions: Versions,
    pub(super) settings: Vec<Setting>,
    identity: Option<Token>,
    /// Whether the service refused to say it.
    #[serde(skip)]
    is_unverified: bool,
    accounts: Vec<Account>,
    permissions: Vec<PermissionRow>,
    network: Option<Network>,
    pub(super) local: Option<LocalStore>,
    findings: Vec<Finding>,
    #[serde(skip)]
    invocation: Invocation,
}

/// A setting, its value, and who decided it.
#[derive(Debug, Serialize)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) value: Option<String>,
    pub(super) source: Option<String>,
}

/// Which programs there are.
#[derive(Debug, Serialize)]
struct Versions {
    kvctl: &'static str,
    /// The system that kvctl was built for.
    platform: String,
    /// The wrangler of the project, if it has one.
    wrangler: Option<WranglerRow>,
}

#[derive(Debug, Serialize)]
struct WranglerRow {
    version: String,
    path: String,
}

/// The token as the service reports it.
#[derive(Debug, Serialize)]
struct Token {
    /// `user` or `account`.
    owner: &'static str,
    /// `active`, `disabled` or `expired`.
    status: String,
    /// RFC 3339; absent if never.
    expires_on: Option<String>,
}

/// A permission.
#[derive(Debug, Serialize)]
struct PermissionRow {
    /// The name in the API.
    name: &'static str,
    /// The name in the dashboard, as people are told.
    label: &'static str,
    /// `granted`, `missing` or `unknown`.
    state: &'static str,
    needed_for: &'static str,
}

impl From<PermissionState> for PermissionRow {
    fn from(PermissionState { permission, access }: PermissionState) -> Self {
        Self {
            name: permission.name(),
            label: permission.label(),
            state: match access {
                Access::Granted => "granted",
                Access::Denied => "missing",
                Access::Unknown => "unknown",
            },
            needed_for: match (permission, access) {
                (Permission::KvRead, _) => "everything",
                (Permission::KvWrite, Access::Unknown) => "writing; known only after a write",
                (Permission::KvWrite, _) => "writing",
                (Permission::AnalyticsRead, _) => "`usage` only",
                (
                    Permission::WorkersScriptsRead
                    | Permission::WorkersScriptsWrite
                    | Permission::PagesRead
                    | Permission::PagesWrite,
                    _,
                ) => "bindings without an id in the file",
            },
        }
    }
}

/// Latency and clock.
#[derive(Debug, Serialize)]
struct Network {
    /// How many requests were answered.
    answers: usize,
    /// The fastest of them.
    round_trip_ms: u64,
    /// How far this machine's clock is ahead of the service's.
    clock_ahead_seconds: Option<i64>,
}

/// The local store.
#[derive(Debug, Serialize)]
pub(super) struct LocalStore {
    directory: String,
    exists: bool,
    namespaces: Vec<NamespaceRow>,
}

#[derive(Debug, Serialize)]
struct NamespaceRow {
    id: String,
    title: Option<String>,
    keys: u64,
    bytes: u64,
}

impl LocalStore {
    pub(super) fn new(directory: &Path, namespaces: Vec<StoredNamespace>) -> Self {
        let row = |namespace: StoredNamespace| NamespaceRow {
            id: namespace.id,
            title: namespace.title,
            keys: namespace.keys,
            bytes: namespace.bytes,
        };
        Self {
            exists: directory.is_dir(),
            directory: directory.shown().into_owned(),
            namespaces: namespaces.into_iter().map(row).collect(),
        }
    }
}

/// A finding.
#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    what: String,
    hint: Option<String>,
}

/// The level of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// Commands will fail because of it.
    Broken,
    /// Commands may fail or be wrong because of it.
    Warning,
    /// Information.
    Note,
}

impl DoctorReport {
    pub(super) fn new(
        platform: String,
        wrangler: Option<Wrangler>,
        invocation: Invocation,
    ) -> Self {
        let wrangler = wrangler.map(|Wrangler { version, path }| WranglerRow {
            version,
            path: path.shown().into_owned(),
        });
        Self {
            versions: Versions {
                kvctl: env!("CARGO_PKG_VERSION"),
                platform,
                wrangler,
            },
            settings: Vec::new(),
            identity: None,
            is_unverified: false,
            accounts: Vec::new(),
            permissions: Vec::new(),
            network: None,
            local: None,
            findings: Vec::new(),
            invocation,
        }
    }

    /// Adds something that is broken.
    pub(super) fn fault(&mut self, what: String, hint: Option<Hint>) {
        self.find(Level::Broken, what, hint);
    }

    /// Adds a warning.
    pub(super) fn warn(&mut self, what: String, hint: Option<Hint>) {
        self.find(Level::Warning, what, hint);
    }

    /// Adds a note.
    pub(super) fn note(&mut self, what: &str) {
        self.find(Level::Note, what.to_owned(), None);
    }

    fn find(&mut self, level: Level, what: String, hint: Option<Hint>) {
        let hint = hint.map(|hint| hint.render(&self.invocation));
        // What breaks one thing may break another; once is enough.
        if !self.findings.iter().any(|it| it.what == what) {
            self.findings.push(Finding { level, what, hint });
        }
    }

    /// Adds what the service said.
    pub(super) fn service(&mut self, health: ServiceHealth, network: Option<NetworkStats>) {
        if let Some(choice) = health.chosen {
            self.settings.push(Setting {
                name: "account",
                value: Some(choice.id.to_string()),
                source: Some(choice.origin.to_string()),
            });
        }
        self.identity = health.token.map(|(owner, token)| Token {
            owner: owner.as_str(),
            status: token.status,
            expires_on: token.expires_on,
        });
        self.is_unverified = health.is_unverified;
        self.accounts = health.accounts;
        self.permissions = health.permissions.into_iter().map(Into::into).collect();
        let ahead = network.and_then(|stats| stats.clock_ahead_seconds);
        let clock = ahead.map(health::clock);
        for diagnosis in health.diagnoses.into_iter().chain(clock) {
            self.diagnosis(diagnosis);
        }
        self.network = network.map(|stats| Network {
            answers: stats.responses,
            round_trip_ms: u64::try_from(stats.round_trip.as_millis()).unwrap_or(u64::MAX),
            clock_ahead_seconds: stats.clock_ahead_seconds,
        });
    }

    /// Says that the authorities built in do not know the service's certificate.
    pub(super) fn only_system_trusts(&mut self) {
        let authorities = self.settings.iter_mut().find(|it| it.name == "authorities");
        if let Some(setting) = authorities.filter(|it| it.source.is_none()) {
            setting.value = Some("system".to_owned());
        }
    }

    fn diagnosis(&mut self, diagnosis: Diagnosis) {
        let level = match diagnosis.severity {
            Severity::Good => return,
            Severity::Note => Level::Note,
            Severity::Warning => Level::Warning,
            Severity::Fault => Level::Broken,
        };
        self.find(level, diagnosis.message, diagnosis.hint);
    }

    /// Returns how many things are broken.
    pub(super) fn faults(&self) -> usize {
        self.count(Level::Broken)
    }

    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|it| it.level == level).count()
    }

    fn write_service(&self, out: &mut Page<'_>) -> io::Result<()> {
        if let Some(token) = &self.identity {
            let expires = token.expires_on.as_ref();
            let expires =
                expires.map_or_else(String::new, |at| format!(", expires {}", printable(at)));
            let (owner, status) = (token.owner, printable(&token.status));
            section(out, "identity")?;
            writeln!(out, "  token of the {owner}, {status}{expires}")?;
        }
        if self.is_unverified {
            section(out, "identity")?;
            writeln!(out, "  unknown")?;
        }
        if !self.accounts.is_empty() {
            section(out, "accounts")?;
            for account in &self.accounts {
                writeln!(out, "  {}  {}", account.id, printable(&account.name))?;
            }
        }
        if !self.permissions.is_empty() {
            section(out, "permissions")?;
            for row in &self.permissions {
                let PermissionRow {
                    label,
                    state,
                    needed_for,
                    ..
                } = row;
                writeln!(
                    out,
                    "  {label:<27}{state}  {FAINT}for {needed_for}{FAINT:#}"
                )?;
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
            let answers = quantity(network.answers, "response");
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
            return writeln!(out, "  does not exist yet");
        }
        let name = |row: &NamespaceRow| {
            let name = row.title.as_ref().unwrap_or(&row.id);
            printable(name).into_owned()
        };
        let lengths = local.namespaces.iter().map(|row| name(row).chars().count());
        let width = lengths.max().unwrap_or_default();
        for row in &local.namespaces {
            let name = name(row);
            let keys = quantity(row.keys, "key");
            let bytes = quantity(row.bytes, "byte");
            writeln!(out, "  {name:<width$}  {keys}, {bytes}")?;
        }
        if local.namespaces.is_empty() {
            writeln!(out, "  no namespaces")?;
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
        let (broken, warnings) = (self.faults(), self.count(Level::Warning));
        let style = if broken == 0 { ADDED } else { REMOVED };
        let warnings = quantity(warnings, "warning");
        writeln!(out)?;
        match broken {
            0 => writeln!(out, "{style}No problems found{style:#}, {warnings}."),
            1 => writeln!(out, "{style}1 problem found{style:#}, {warnings}."),
            many => writeln!(out, "{style}{many} problems found{style:#}, {warnings}."),
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
            let (version, path) = (printable(&wrangler.version), &wrangler.path);
            writeln!(out, "wrangler {version}, {path}")?;
        }
        section(out, "settings")?;
        let names = self.settings.iter().map(|it| it.name.len());
        let width = names.map(|it| it + 2).fold(18, usize::max);
        for Setting {
            name,
            value,
            source,
        } in &self.settings
        {
            let value = printable(value.as_deref().unwrap_or("none")).into_owned();
            let source = source.as_ref();
            let source = source.map_or_else(String::new, |by| format!("  {FAINT}{by}{FAINT:#}"));
            writeln!(out, "  {name:<width$}{value}{source}")?;
        }
        self.write_service(out)?;
        self.local(out)?;
        self.findings(out)
    }
}
