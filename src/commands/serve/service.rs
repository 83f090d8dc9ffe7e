//! The local store as a service for other programs.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::net::TcpListener;

use crate::{
    cli::serve::ServeArgs,
    context::{Context, account_in, local_names, token_in, usable},
    domain::{AccountId, Classification, Classify, ErrorClass, Hint, ShowPath as _, Suggestion},
    emulator::{
        self, Access, Config, Emulator, Error as ServeError, Fault, IdScheme, Namespaces,
        Permissions, Quota, ScriptError, StoreCheck, Token, TokenKind, Watcher, faults, serve,
    },
    env::Var,
    error::Result,
    fsx::{self, InputError},
    wire::Account,
};

/// A limit that is never reached, so that answers without a limit have rate limit headers too:
/// clients that read these find them and do not slow down.
const AMPLE: Quota = Quota {
    requests: 1_000_000_000,
    window: Duration::from_mins(5),
};

/// Why the service could not start.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServiceError {
    /// The address cannot be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The failures to stage cannot be read.
    #[error(transparent)]
    Faults(#[from] InputError),
    /// The failures to stage make no sense.
    #[error("invalid fault file {}", path.shown())]
    Script {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ScriptError,
    },
}

impl Classify for ServiceError {
    fn classify(&self) -> Classification {
        match self {
            Self::Listen { source, .. } => match source.kind() {
                io::ErrorKind::AddrInUse => ErrorClass::Failed.hint(
                    "another program listens there; give another `--port`, or `--port 0` for one \
                     that is free",
                ),
                io::ErrorKind::PermissionDenied => {
                    ErrorClass::Failed.hint("ports below 1024 are reserved; give another `--port`")
                }
                io::ErrorKind::AddrNotAvailable => ErrorClass::Usage.hint(
                    "`--listen` takes an address of this machine, such as 127.0.0.1 or 0.0.0.0",
                ),
                _ => ErrorClass::Failed.into(),
            },
            Self::Faults(e) => e.classify(),
            Self::Script { .. } => {
                let help = Suggestion::new("serve").flag("--help").sectionless();
                ErrorClass::Usage.hint(Hint::from(help).text(" shows the format"))
            }
        }
    }
}

/// A service that is ready to run: its port is open, but no request is served yet.
pub(super) struct Service {
    listener: TcpListener,
    emulator: Emulator,
    /// Where it listens.
    pub address: SocketAddr,
    /// The account that it serves.
    pub account: AccountId,
    /// Where it keeps what it is given; nowhere, if it forgets it at its end.
    pub directory: Option<PathBuf>,
}

impl Service {
    /// Returns the base URL of the API.
    pub(super) fn base_url(&self) -> String {
        format!("http://{}/client/v4", self.address)
    }

    /// Returns how many namespaces of the store cannot be listed.
    pub(super) fn unlisted(&self) -> Result<usize, ServeError> {
        self.emulator.unlisted()
    }

    /// Tells `watcher` of every request when it is done with.
    pub(super) fn watch(&self, watcher: Watcher) {
        self.emulator.watch(watcher);
    }

    /// Answers requests until `stop` resolves, then finishes those in flight.
    pub(super) async fn run(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        serve(self.listener, self.emulator, stop).await
    }
}

/// Looks for what is wrong with the local store, and returns where it is and what was found.
/// Changes nothing; with `fix` removes files of no use.
pub(super) fn check_local_store(
    context: &Context,
    fix: bool,
) -> Result<(PathBuf, StoreCheck), ServeError> {
    let directory = context.files.local_directory(None);
    let checkup = emulator::check_store(&directory, context.now().as_second(), fix)?;
    Ok((directory, checkup))
}

/// Opens the port, and prepares the service that the flags describe.
pub(super) async fn open(context: &Context, args: &ServeArgs) -> Result<Service> {
    let account = account_to_serve(context)?;
    let directory = (!args.memory).then(|| context.files.local_directory(None));
    if let Some(directory) = &directory {
        context.files.note_outside(directory);
    }
    let clock = context.clock;
    let emulator = Emulator::new(Config {
        accounts: vec![Account {
            id: account.clone(),
            name: "local".to_owned(),
        }],
        access: access(context, args, &account)?,
        ids: IdScheme::Local,
        namespaces: if args.lenient {
            Namespaces::Any
        } else {
            Namespaces::Known
        },
        names: if args.memory {
            Vec::new()
        } else {
            // A broken file names none.
            let document = context.files.document_if_any().ok().flatten();
            local_names(document.as_ref())
        },
        hosts: args.hosts.clone(),
        clock: Arc::new(move || clock().as_second()),
        state: directory.clone(),
        quota: Some(args.rate_limit.map_or(AMPLE, |limit| Quota {
            requests: limit.requests,
            window: limit.window,
        })),
    });
    if let Some(latency) = args.latency {
        emulator.latency(latency);
    }
    if let Some(lag) = args.lag {
        emulator.lag(lag);
    }
    for fault in injected_faults(context, args.faults.as_deref())? {
        emulator.fault(fault);
    }
    emulator.prepare()?;
    let address = SocketAddr::new(args.listen, args.port);
    let listen = |source| ServiceError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    Ok(Service {
        address: listener.local_addr().map_err(listen)?,
        listener,
        emulator,
        account,
        directory,
    })
}

/// The account that a client in this project would ask for, else the local one.
fn account_to_serve(context: &Context) -> Result<AccountId> {
    if let Some(flag) = &context.globals.account_id {
        return Ok(flag.clone());
    }
    // A broken file is reported when it is used.
    if let Some(document) = context.files.document_if_any().ok().flatten() {
        let named = account_in(document.project(), &context.section()?);
        if let Some(id) = named.and_then(|named| named.value.parse().ok()) {
            return Ok(id);
        }
    }
    let set = [Var::AccountId, Var::LegacyAccountId]
        .into_iter()
        .find_map(|var| context.variables.get(var));
    Ok(match set {
        Some(text) => text.parse()?,
        None => AccountId::local(),
    })
}

fn access(context: &Context, args: &ServeArgs, account: &AccountId) -> Result<Access> {
    let permissions = if args.permissions.is_empty() {
        Permissions::default()
    } else {
        Permissions::only(&args.permissions)
    };
    let text = match (&args.token, &context.globals.token_file) {
        (Some(token), _) => usable(token, "--token")?,
        (None, Some(file)) => token_in(context.files.token_file(file))?,
        (None, None) => return Ok(Access::AnyCredentials(permissions)),
    };
    Ok(Access::Tokens(vec![Token {
        text,
        kind: TokenKind::User,
        accounts: vec![account.clone()],
        permissions,
    }]))
}

fn injected_faults(context: &Context, file: Option<&Path>) -> Result<Vec<Fault>, ServiceError> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    let path = context.files.resolve(file);
    let text = fsx::read_text(&path, 1 << 20).map_err(|source| {
        InputError::new(format_args!("the faults in {}", path.shown()), source)
    })?;
    faults(&text).map_err(|source| ServiceError::Script { path, source })
}
