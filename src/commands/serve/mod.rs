//! `kvctl serve`.

mod check;
mod service;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

use service::Service;

use crate::{
    cli::serve::ServeArgs,
    commands::shared::namespace::note_unlisted,
    context::Context,
    domain::{AccountId, Assigned, ErrorClass, ShowPath as _, shell_assignment},
    emulator::Entry as Served,
    error::{ClassExt as _, Result},
    fsx,
    ui::{Format, OutputError, Verbosity, Versioned},
};

/// What a client may send where any token is accepted.
const ANY_TOKEN: &str = "local";

/// The address of the service.
#[derive(Debug, Serialize)]
struct Started {
    base_url: String,
    account_id: AccountId,
    /// A token that it accepts; absent if that is in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_token: Option<String>,
    /// `None`: in memory.
    directory: Option<String>,
    /// The file with the token that it accepts.
    #[serde(skip)]
    token_file: Option<PathBuf>,
}

impl Started {
    /// Returns what a shell needs for kvctl and wrangler to use it; outside Windows an env file may have it, too.
    fn variables(&self) -> String {
        let Self {
            base_url,
            account_id,
            ..
        } = self;
        let file = self.token_file.as_ref().map(|file| file.shown());
        let token = match &file {
            Some(file) => Assigned::File(file),
            None => Assigned::Text(self.api_token.as_deref().unwrap_or(ANY_TOKEN)),
        };
        let account_id = account_id.to_string();
        let lines = [
            ("CLOUDFLARE_API_BASE_URL", Assigned::Text(base_url)),
            ("CLOUDFLARE_ACCOUNT_ID", Assigned::Text(&account_id)),
            ("CLOUDFLARE_API_TOKEN", token),
        ]
        .map(|(name, value)| shell_assignment(name, value) + "\n");
        lines.concat()
    }
}

pub(super) async fn run(context: &Context, args: ServeArgs) -> Result<()> {
    if args.check {
        return check::run(context, args.fix);
    }
    let service = service::open(context, &args).await?;
    let file = args.log.as_deref().map(|log| context.files.resolve(log));
    watch(context, &service, file.as_deref())?;
    if !args.listen.is_loopback() {
        let others = "other machines can reach this server, and connections are not encrypted";
        context.ui.warn(others);
    }
    note_unlisted(&context.ui, service.unlisted()?);
    let place = match &service.directory {
        Some(directory) => directory.shown().into_owned(),
        None => "memory".to_owned(),
    };
    // Asked for before anybody knows that there is something to stop.
    let ui = context.ui.clone();
    let stopped = tokio::spawn(async move { ui.wait_for_stop().await });
    tokio::task::yield_now().await;
    announce(context, &args, &service)?;
    context
        .ui
        .status(&format!("serving {place}; press Ctrl-C to stop"));
    let stop = async {
        stopped.await.ok();
    };
    service.run(stop).await?;
    context.ui.status("stopped");
    Ok(())
}

/// Prints the address of the service.
fn announce(context: &Context, args: &ServeArgs, service: &Service) -> Result<()> {
    let token_file = context.globals.token_file.as_ref();
    let token_file = token_file.filter(|_| args.token.is_none());
    let token_file = token_file.map(|file| context.files.resolve(file));
    let started = Started {
        base_url: service.base_url(),
        account_id: service.account.clone(),
        api_token: match (&args.token, &token_file) {
            (Some(token), _) => Some(token.trim().to_owned()),
            (None, Some(_)) => None,
            (None, None) => Some(ANY_TOKEN.to_owned()),
        },
        directory: service.directory.as_ref().map(|it| it.shown().into_owned()),
        token_file,
    };
    let text = if context.ui.options().format == Format::Human {
        started.variables()
    } else {
        let json = serde_json::to_string(&Versioned::new(&started)).class(ErrorClass::Failed)?;
        format!("{json}\n")
    };
    match context.ui.data(text.as_bytes()) {
        // stdout is closed, but the caller may know the address.
        Err(OutputError::Closed) => Ok(()),
        told => Ok(told?),
    }
}

/// Logs every request to stderr under `-v`, and to the log file.
fn watch(context: &Context, service: &Service, file: Option<&Path>) -> Result<(), fsx::Error> {
    let log = file.map(fsx::AppendFile::open).transpose()?.map(Mutex::new);
    let (ui, clock) = (context.ui.clone(), context.clock);
    let watched = ui.options().verbosity >= Verbosity::Requests;
    if log.is_none() && !watched {
        return Ok(());
    }
    service.watch(Box::new(move |served| {
        let line = Line::of(served, clock());
        ui.detail(Verbosity::Requests, &line.to_string());
        if let (Some(log), Ok(json)) = (&log, serde_json::to_string(&line)) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = log.line(&json) {
                ui.warn(&format!("could not write to the log: {error}"));
            }
        }
    }));
    Ok(())
}

/// A line of the log. Contains no credentials and no values.
#[derive(Debug, Serialize)]
struct Line<'a> {
    /// When it was done with.
    time: String,
    method: &'a str,
    path: &'a str,
    /// `None`: it was given no answer.
    status: Option<u16>,
    milliseconds: f64,
    received_bytes: usize,
    sent_bytes: usize,
}

impl<'a> Line<'a> {
    fn of(served: &'a Served, end_time: Timestamp) -> Self {
        let end = served.end.unwrap_or(served.start);
        let micros = end.duration_since(served.start).as_micros();
        Self {
            time: end_time.to_string(),
            method: &served.method,
            path: &served.path,
            status: served.status,
            milliseconds: f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1000.0,
            received_bytes: served.received,
            sent_bytes: served.sent,
        }
    }
}

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, path, .. } = self;
        write!(f, "{method} {path} ")?;
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => write!(f, "cut")?,
        }
        write!(f, " {:.1} ms", self.milliseconds)
    }
}
