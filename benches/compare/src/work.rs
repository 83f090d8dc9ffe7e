//! The pieces of work, and how each program is told to do them.

use clap::ValueEnum;

use crate::programs::Program;

/// Keys in a large namespace.
pub(crate) const KEYS: usize = 100_000;

/// Keys in a smaller one.
pub(crate) const FEWER_KEYS: usize = 10_000;

/// Keys that are written into the local store.
pub(crate) const LOCAL_KEYS: usize = 1_000;

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Version,
    LocalPut,
    LocalGet,
    LocalBulkPut,
    KeyGet,
    KeyPut,
    #[value(name = "list-10k")]
    List10k,
    #[value(name = "list-100k")]
    List100k,
    BulkPut,
    #[value(name = "bulk-get-100")]
    BulkGet100,
    BulkGet,
    BulkDelete,
    Export,
    Import,
    ProvisionFresh,
    ProvisionAgain,
    Verify,
}

/// What a run works on.
pub(crate) struct Objects<'a> {
    /// Namespaces with the key `k`, with 10,000 keys and with 100,000.
    pub(crate) one: &'a str,
    pub(crate) some: &'a str,
    pub(crate) many: &'a str,
    /// A namespace of this run, remote or local, and what its titles and values have of their own.
    pub(crate) scratch: String,
    pub(crate) stamp: String,
}

impl Kind {
    /// The name in the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Version => "`--version`",
            Self::LocalPut => "local put",
            Self::LocalGet => "local get",
            Self::LocalBulkPut => "local bulk put, 1,000",
            Self::KeyGet => "key get",
            Self::KeyPut => "key put",
            Self::List10k => "list, 10,000",
            Self::List100k => "list, 100,000",
            Self::BulkPut => "bulk put, 100,000",
            Self::BulkGet100 => "bulk get, 100",
            Self::BulkGet => "bulk get, 100,000",
            Self::BulkDelete => "bulk delete, 100,000",
            Self::Export => "export, 100,000",
            Self::Import => "import, 100,000",
            Self::ProvisionFresh => "provision, three new",
            Self::ProvisionAgain => "provision, nothing to do",
            Self::Verify => "verify",
        }
    }

    /// Whether it needs no service.
    pub(crate) fn is_local(self) -> bool {
        matches!(
            self,
            Self::Version | Self::LocalPut | Self::LocalGet | Self::LocalBulkPut
        )
    }

    /// The arguments that have a program do the work, if it can.
    pub(crate) fn arguments(self, program: Program, on: &Objects<'_>) -> Option<Vec<String>> {
        let line = match program {
            Program::Kvctl => self.kvctl(on),
            Program::Wrangler => self.wrangler(on)?,
            Program::Sdk => self.sdk(on)?,
            Program::Floor => self.floor(on)?,
        };
        Some(line.split(' ').map(str::to_owned).collect())
    }

    fn kvctl(self, on: &Objects<'_>) -> String {
        let Objects {
            one,
            some,
            many,
            scratch,
            stamp,
        } = on;
        match self {
            Self::Version => "--version".to_owned(),
            Self::LocalPut => format!("key put k {stamp} --local --namespace-id {scratch}"),
            Self::LocalGet => format!("key get k --local --namespace-id {scratch}"),
            Self::LocalBulkPut => format!("bulk put local.json --local --namespace-id {scratch}"),
            Self::KeyGet => format!("key get k --namespace-id {one}"),
            Self::KeyPut => format!("key put k {stamp} --namespace-id {scratch}"),
            Self::List10k => format!("key list --json --namespace-id {some}"),
            Self::List100k => format!("key list --json --namespace-id {many}"),
            Self::BulkPut => format!("bulk put bulk.json --namespace-id {scratch}"),
            Self::BulkGet100 => format!("bulk get 100.json --namespace-id {many}"),
            Self::BulkGet => format!("bulk get keys.json --namespace-id {many}"),
            Self::BulkDelete => format!("bulk delete keys.json --yes --namespace-id {scratch}"),
            Self::Export => format!("export out.ndjson --namespace-id {many}"),
            Self::Import => format!("import export.ndjson --namespace-id {scratch}"),
            Self::ProvisionFresh => format!("provision --yes --cwd fresh-{stamp}"),
            Self::ProvisionAgain => "provision --yes --cwd again".to_owned(),
            Self::Verify => "verify --cwd again".to_owned(),
        }
    }

    fn wrangler(self, on: &Objects<'_>) -> Option<String> {
        let Objects {
            one,
            some,
            many,
            scratch,
            stamp,
        } = on;
        Some(match self {
            Self::Version => "--version".to_owned(),
            Self::LocalPut => format!("kv key put k {stamp} --local --namespace-id {scratch}"),
            Self::LocalGet => format!("kv key get k --text --local --namespace-id {scratch}"),
            Self::LocalBulkPut => {
                format!("kv bulk put local.json --local --namespace-id {scratch}")
            }
            Self::KeyGet => format!("kv key get k --text --remote --namespace-id {one}"),
            Self::KeyPut => format!("kv key put k {stamp} --remote --namespace-id {scratch}"),
            Self::List10k => format!("kv key list --remote --namespace-id {some}"),
            Self::List100k => format!("kv key list --remote --namespace-id {many}"),
            Self::BulkPut => format!("kv bulk put bulk.json --remote --namespace-id {scratch}"),
            Self::BulkGet100 => format!("kv bulk get 100.json --remote --namespace-id {many}"),
            Self::BulkGet => format!("kv bulk get keys.json --remote --namespace-id {many}"),
            Self::BulkDelete => {
                format!("kv bulk delete keys.json --force --remote --namespace-id {scratch}")
            }
            // One command for each namespace: see `Programs::command`.
            Self::ProvisionFresh => titles(stamp)
                .map(|title| format!("kv namespace create {title}"))
                .join(" && "),
            Self::Export | Self::Import | Self::ProvisionAgain | Self::Verify => return None,
        })
    }

    fn sdk(self, on: &Objects<'_>) -> Option<String> {
        let Objects {
            one,
            some,
            many,
            scratch,
            stamp,
        } = on;
        Some(match self {
            Self::KeyGet => format!("get {one}"),
            Self::KeyPut => format!("put {scratch} {stamp}"),
            Self::List10k => format!("list {some}"),
            Self::List100k => format!("list {many}"),
            Self::BulkPut => format!("bulk-put {scratch} bulk.json"),
            Self::BulkGet100 => format!("bulk-get {many} 100.json"),
            Self::BulkGet => format!("bulk-get {many} keys.json"),
            Self::BulkDelete => format!("bulk-delete {scratch} keys.json"),
            Self::ProvisionFresh => format!("create - {}", titles(stamp).join(",")),
            _ => return None,
        })
    }

    /// Here the namespaces are parts of URLs.
    fn floor(self, on: &Objects<'_>) -> Option<String> {
        let Objects {
            one,
            some,
            many,
            scratch,
            stamp,
        } = on;
        Some(match self {
            Self::Version => "nothing".to_owned(),
            Self::KeyGet => format!("get {one}/values/k"),
            Self::KeyPut => format!("put {scratch}/values/k {stamp}"),
            Self::List10k => format!("list {some}/keys"),
            Self::List100k => format!("list {many}/keys"),
            Self::BulkPut | Self::Import => format!("bulk-put {scratch}/bulk bulk.json"),
            Self::BulkGet100 => format!("bulk-get {many}/bulk/get 100.ask"),
            Self::BulkGet => format!("bulk-get {many}/bulk/get ask.json"),
            Self::BulkDelete => format!("bulk-delete {scratch}/bulk/delete keys.json"),
            Self::Export => format!("export {many}"),
            _ => return None,
        })
    }
}

fn titles(stamp: &str) -> [String; 3] {
    ["CONFIG_CACHE", "SESSIONS", "RATE_LIMIT"].map(|name| format!("{name}_{stamp}"))
}
