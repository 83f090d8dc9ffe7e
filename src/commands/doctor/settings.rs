//! Which setting has which value, and who decided it.

use super::report::{DoctorReport, Setting};
use crate::{
    api::{BaseUrl, Scheme},
    config::{Document, Error, MANIFEST_NAME},
    context::{ChosenBaseUrl, Context, FoundCredentials, NamedRegion, replaced_authorities},
    domain::{Classify as _, Section, ShowPath as _, with_causes},
    env::{self, Var},
    ops::{account::Origin, health::service::NamedAccount},
};

/// What the rest of the examination needs; absent where it is broken.
pub(super) struct Settings {
    pub(super) document: Option<Document>,
    pub(super) credentials: Option<FoundCredentials>,
    pub(super) base: Option<BaseUrl>,
    pub(super) account: NamedAccount,
}

pub(super) fn collect(context: &Context, report: &mut DoctorReport) -> Settings {
    let cwd = context.globals.cwd.as_ref().map(|_| "--cwd");
    let directory = context.files.directory().shown().into_owned();
    report.set("directory", Some(directory), cwd.map(str::to_owned));
    let file = wrangler_file(context, report);
    let document = file.as_ref().ok().cloned();
    manifest(context, document.as_ref(), report);
    env_files(context, report);
    let section = environment(context, document.as_ref(), report);
    let credentials = credentials(context, report);
    let account = account(context, document.as_ref(), section.clone(), report);
    let base = base_url(context, file.as_ref(), section, report);
    headers(context, report);
    if let Some(base) = &base {
        proxy(base, report);
    }
    authorities(context, report);
    let store = context.files.local_directory(document.as_ref());
    let by = context
        .globals
        .persist_to
        .as_ref()
        .map(|_| "--persist-to".to_owned());
    report.set("local store", Some(context.files.display(&store)), by);
    Settings {
        document,
        credentials,
        base,
        account,
    }
}

fn wrangler_file(context: &Context, report: &mut DoctorReport) -> Result<Document, Error> {
    let by = if context.globals.config.is_some() {
        "--config"
    } else {
        "found as wrangler does"
    };
    let file = context.files.document();
    match &file {
        Ok(document) => {
            let path = context.files.display(document.path());
            report.set("wrangler file", Some(path), Some(by.to_owned()));
        }
        Err(Error::NotFound { .. }) => {
            report.set("wrangler file", None, None);
            report
                .note("no wrangler file; select namespaces with `--namespace` or `--namespace-id`");
        }
        Err(error) => {
            report.set(
                "wrangler file",
                Some("unusable".to_owned()),
                Some(by.to_owned()),
            );
            report.fault(with_causes(error), error.hint());
        }
    }
    file
}

fn manifest(context: &Context, document: Option<&Document>, report: &mut DoctorReport) {
    let value = match context.files.manifest_beside(document) {
        Ok(manifest) => manifest.map(|_| "read".to_owned()),
        Err(error) => {
            report.fault(with_causes(&error), error.hint());
            Some("unusable".to_owned())
        }
    };
    report.set(MANIFEST_NAME, value, None);
}

fn env_files(context: &Context, report: &mut DoctorReport) {
    for file in context.variables.env_files() {
        let names: Vec<&str> = file.variables.iter().map(|it| it.var.name()).collect();
        let decides = if names.is_empty() {
            "sets nothing that kvctl uses".to_owned()
        } else {
            format!("sets {}", names.join(", "))
        };
        let decides = match context.globals.env_file.len() {
            0 => decides,
            _ => format!("--env-file; {decides}"),
        };
        report.set(
            "env file",
            Some(context.files.display(&file.path)),
            Some(decides),
        );
    }
    if let Some(trouble) = context.variables.error() {
        report.set("env file", Some("unusable".to_owned()), None);
        report.fault(with_causes(trouble), None);
    }
}

/// Finds the selected section, and whether the file has it.
fn environment(
    context: &Context,
    document: Option<&Document>,
    report: &mut DoctorReport,
) -> Section {
    let section = match context.section() {
        Ok(section) => section,
        Err(error) => {
            report.fault(with_causes(&error), error.hint());
            Section::TOP
        }
    };
    let by = if context.globals.environment.is_some() {
        Some("--env".to_owned())
    } else {
        let is_set = context.variables.get(Var::Environment).is_some();
        is_set.then(|| context.variables.origin(Var::Environment))
    };
    let name = section.label();
    let name = name.unwrap_or_else(|| "top level".to_owned());
    report.set("environment", Some(name), by);
    if let Some(Err(error)) = document.map(|it| it.scope(&section)) {
        report.fault(with_causes(&error), error.hint());
    }
    section
}

fn credentials(context: &Context, report: &mut DoctorReport) -> Option<FoundCredentials> {
    match context.credentials() {
        Ok(found) => {
            let kind = kind(found.credentials.scheme());
            report.set(
                "credentials",
                Some(kind.to_owned()),
                Some(found.source.clone()),
            );
            if let Some(profile) = &found.profile {
                let by = profile.chosen_by.as_deref().unwrap_or("default");
                let name = profile.name.to_string();
                report.set("profile", Some(name), Some(by.to_owned()));
            }
            for note in &found.notes {
                report.note(note);
            }
            Some(found)
        }
        Err(error) => {
            report.set("credentials", None, None);
            // The local store needs no credentials.
            if !context.is_local() {
                report.fault(with_causes(&error), error.hint());
            }
            None
        }
    }
}

/// Returns what credentials are, in words.
fn kind(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::UserToken => "API token of a user (cfut_)",
        Scheme::AccountToken => "API token of an account (cfat_)",
        Scheme::OAuth => "OAuth token (cfoat_)",
        Scheme::Unmarked => "API token (format before 2026)",
        Scheme::Misplaced => "global API key instead of a token (cfk_)",
        Scheme::GlobalKey => "global API key and email",
        Scheme::Anonymous => "none",
    }
}

fn account(
    context: &Context,
    document: Option<&Document>,
    section: Section,
    report: &mut DoctorReport,
) -> NamedAccount {
    match context.named_account(document, section) {
        Ok(Some(choice)) => {
            let by = match &choice.origin {
                Origin::File { path, position } => {
                    format!("{}:{position}", context.files.display(path))
                }
                other => other.to_string(),
            };
            report.set("account", Some(choice.id.to_string()), Some(by));
            for note in &choice.notes {
                report.note(note);
            }
            NamedAccount::Named(choice)
        }
        Ok(None) => NamedAccount::Unnamed,
        Err(error) => {
            report.set("account", Some("undecided".to_owned()), None);
            report.fault(with_causes(&error), error.hint());
            NamedAccount::Wrong
        }
    }
}

fn base_url(
    context: &Context,
    file: Result<&Document, &Error>,
    section: Section,
    report: &mut DoctorReport,
) -> Option<BaseUrl> {
    let document = file.ok();
    if let Err(error) = context.check_region_is_known(file.err()) {
        report.set("API", Some("unknown".to_owned()), None);
        report.note(&error.to_string());
        return None;
    }
    match context.base_url(document, &[section]) {
        Ok(ChosenBaseUrl {
            url,
            variable,
            region,
        }) => {
            let by = match (variable, &region) {
                (Some(variable), _) => context.variables.origin(variable),
                (None, Some(_)) => "region".to_owned(),
                (None, None) => "default".to_owned(),
            };
            if let Some(NamedRegion { region, by }) = region {
                report.set("region", Some(region.to_string()), Some(by));
            }
            report.set("API", Some(url.to_string()), Some(by));
            let found = context.credentials().ok();
            let refused = found.and_then(|found| context.variables.may_send(&found).err());
            match refused {
                Some(error) => {
                    report.fault(with_causes(&error), error.hint());
                    None
                }
                None => Some(url),
            }
        }
        Err(error) => {
            report.set("API", Some("unusable".to_owned()), None);
            report.fault(error.to_string(), error.hint().cloned());
            None
        }
    }
}

/// Names the further headers, whose values may be secrets.
fn headers(context: &Context, report: &mut DoctorReport) {
    let by = Var::ApiHeaders.name();
    match context.variables.extra_headers() {
        Ok(headers) if headers.names().is_empty() => {}
        Ok(headers) => {
            let names = headers.names().join(", ");
            report.set("extra headers", Some(names), Some(by.to_owned()));
        }
        Err(error) => {
            report.set(
                "extra headers",
                Some("unusable".to_owned()),
                Some(by.to_owned()),
            );
            report.fault(with_causes(&error), error.hint());
        }
    }
}

/// Finds the proxy in effect. Its user and password are never shown.
fn proxy(base: &BaseUrl, report: &mut DoctorReport) {
    let url = base.to_string();
    if base.is_loopback() {
        let why = "not used for loopback addresses".to_owned();
        report.set("proxy", None, Some(why));
        return;
    }
    match (env::proxy_for(&url), env::proxy_variable(&url)) {
        (Some(proxy), _) => {
            let secret = if proxy.has_credentials {
                ", with a password"
            } else {
                ""
            };
            let by = proxy.variable.unwrap_or("the system");
            report.set(
                "proxy",
                Some(format!("{}{secret}", proxy.url)),
                Some(by.to_owned()),
            );
        }
        (None, Some(variable)) => {
            report.set("proxy", None, None);
            report.warn(
                format!("{variable} is set, but no proxy is used"),
                Some("NO_PROXY contains this host, or the variable is not a URL".into()),
            );
        }
        (None, None) => report.set("proxy", None, None),
    }
}

fn authorities(context: &Context, report: &mut DoctorReport) {
    let mut replaced = false;
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        if let Some(path) = env::of_library(variable) {
            replaced = true;
            report.set("authorities", Some(path), Some(variable.to_owned()));
        }
    }
    if !replaced {
        report.set("authorities", Some("built in and system".to_owned()), None);
    }
    if let Err(error) = replaced_authorities() {
        report.fault(with_causes(&error), error.hint());
    }
    for (path, by) in context.authority_files() {
        let shown = context.files.display(&path);
        report.set("extra authorities", Some(shown), Some(by.to_owned()));
    }
    if let Err(error) = context.authorities() {
        report.fault(with_causes(&error), error.hint());
    }
}

impl DoctorReport {
    fn set(&mut self, name: &'static str, value: Option<String>, source: Option<String>) {
        self.settings.push(Setting {
            name,
            value,
            source,
        });
    }
}
