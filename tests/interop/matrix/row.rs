//! The dimensions of the matrix, and its rows.

use std::fmt;

use super::{
    expected::show_together,
    pairs::{Indices, pairwise},
};
use crate::tools::Wrangler;

macro_rules! dimensions {
    ($($(#[$doc:meta])* $field:ident: $name:ident { $($(#[$what:meta])* $value:ident = $text:literal,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(super) enum $name { $($(#[$what])* $value,)+ }

            impl $name {
                pub(super) const ALL: &'static [Self] = &[$(Self::$value,)+];

                fn text(self) -> &'static str {
                    match self { $(Self::$value => $text,)+ }
                }
            }
        )+

        /// One situation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) struct Row { $($(#[$doc])* pub(super) $field: $name,)+ }

        impl Row {
            /// The first value of each dimension.
            pub(super) const FIRST: Self = Self { $($field: $name::ALL[0],)+ };

            const DIMENSIONS: &[Dimension] = &[$(Dimension::$name,)+];

            /// Rows in which any two values of different dimensions meet, if they show together.
            pub(super) fn pairs() -> Vec<Self> {
                let sizes = [$($name::ALL.len(),)+];
                let row = |indices: &Indices| {
                    let mut index = indices.iter();
                    let mut next = || *index.next().unwrap();
                    Self { $($field: $name::ALL[next()],)+ }
                };
                let counts = |indices: &Indices, one: usize, other: usize| {
                    show_together(&row(indices), Self::DIMENSIONS[one], Self::DIMENSIONS[other])
                };
                pairwise(&sizes, counts).iter().map(row).collect()
            }
        }

        /// The names of the dimensions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Dimension { $($name,)+ }

        /// The values that differ from the first ones.
        impl fmt::Display for Row {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = Vec::new();
                $(if self.$field != Self::FIRST.$field { shown.push(self.$field.text()); })+
                if shown.is_empty() { f.write_str("plain") } else { f.write_str(&shown.join("; ")) }
            }
        }
    };
}

dimensions! {
    /// What the entry of the binding declares.
    entry: Entry {
        Id = "id",
        NoKey = "no id",
        Empty = "id = \"\"",
        Placeholder = "id = \"<id>\"",
        LocalId = "local id",
        Upper = "upper-case id",
        PreviewOnly = "preview_id only",
        Both = "id and preview_id",
        RemoteTrue = "remote = true",
    }
    /// Where variables for credentials stand.
    env_files: EnvFiles {
        None = "no env file",
        DotEnv = "token in .env, empty in the process",
        Named = "token in .env.staging",
        Flag = "token in --env-file, another in .env",
        Process = "token in the process, another in .env",
    }
    /// How the section is selected, if there is one.
    select: Select {
        Flag = "--env",
        Process = "CLOUDFLARE_ENV",
        DotEnv = "CLOUDFLARE_ENV in ./.env",
        BesideConfig = "CLOUDFLARE_ENV in .env beside the config",
    }
    /// Where the commands are run.
    cwd: Cwd {
        Beside = "beside the config",
        Below = "in a folder below",
        Elsewhere = "elsewhere with -c",
        Flag = "elsewhere with --cwd",
    }
    /// Which login is chosen, besides the default one.
    profile: Profile {
        None = "default login",
        Flag = "--profile",
        Variable = "CLOUDFLARE_AUTH_PROFILE",
        Directory = "profile of the directory",
    }
    /// Who names the account.
    account: Account {
        Login = "account of the login",
        Variable = "CLOUDFLARE_ACCOUNT_ID",
        File = "account_id",
        Placeholder = "placeholder account_id, CLOUDFLARE_ACCOUNT_ID",
        Conflict = "account_id, another CLOUDFLARE_ACCOUNT_ID",
    }
    /// What is done.
    verb: Verb {
        Get = "get",
        Put = "put",
        List = "list",
        Delete = "delete",
    }
    /// The sections of the file.
    section: Section {
        Top = "top level only",
        Env = "environment",
        EnvWithName = "environment with a name",
    }
    /// How the namespace is named on the command line.
    flags: Flags {
        None = "--binding",
        Preview = "--preview",
        Id = "--namespace-id",
    }
    /// What is deployed.
    deployed: Deployed {
        With = "deployed",
        Without = "deployed without the binding",
        No = "not deployed",
    }
    /// Where the data are.
    place: Place {
        Remote = "remote",
        Local = "local",
    }
    /// What the project is.
    kind: Kind {
        Worker = "Worker",
        Pages = "Pages",
    }
    /// The syntax of the file.
    file: File {
        Toml = "TOML",
        Jsonc = "JSONC",
    }
}

impl Row {
    pub(super) fn is_local(&self) -> bool {
        self.place == Place::Local
    }

    pub(super) fn writes(&self) -> bool {
        matches!(self.verb, Verb::Put | Verb::Delete)
    }

    /// Whether the file has an environment.
    pub(super) fn has_environment(&self) -> bool {
        self.section != Section::Top
    }

    /// The environment of the file: Pages knows two only.
    pub(super) fn environment(&self) -> &'static str {
        match self.kind {
            Kind::Worker => "staging",
            Kind::Pages => "preview",
        }
    }

    /// Whether `--env` is given.
    pub(super) fn has_env_flag(&self) -> bool {
        self.has_environment() && self.select == Select::Flag
    }

    /// Whether commands run in the config's folder, at least after `--cwd`.
    pub(super) fn is_beside_config(&self) -> bool {
        matches!(self.cwd, Cwd::Beside | Cwd::Flag)
    }
}

/// Whether a version of wrangler knows all that the row asks of it.
pub(super) fn can(version: Wrangler, row: &Row) -> bool {
    let has_id = ![Entry::NoKey, Entry::PreviewOnly].contains(&row.entry);
    match version {
        Wrangler::V4_164 => true,
        Wrangler::V4_155 => row.profile != Profile::Variable,
        Wrangler::V4_86 => row.profile == Profile::None && has_id,
    }
}

/// All entries, and all that is done with them.
pub(super) fn entries() -> Vec<Row> {
    let rows = vary(vec![Row::FIRST], Entry::ALL, |row, value| row.entry = value);
    let rows = vary(rows, Flags::ALL, |row, value| row.flags = value);
    let rows = vary(rows, Deployed::ALL, |row, value| row.deployed = value);
    let rows = vary(rows, Place::ALL, |row, value| row.place = value);
    vary(rows, &[Verb::Get, Verb::Put], |row, value| row.verb = value)
}

/// All ways to select a section, of files that declare an id and of such that do not.
pub(super) fn sections() -> Vec<Row> {
    let entries = [Entry::Id, Entry::NoKey];
    let rows = vary(vec![Row::FIRST], &entries, |row, value| row.entry = value);
    let rows = vary(rows, Kind::ALL, |row, value| row.kind = value);
    let rows = vary(rows, Section::ALL, |row, value| row.section = value);
    let rows = vary(rows, Select::ALL, |row, value| row.select = value);
    vary(rows, Cwd::ALL, |row, value| row.cwd = value)
}

/// All ways to choose a login and an account.
pub(super) fn logins() -> Vec<Row> {
    let first = Row {
        section: Section::Env,
        ..Row::FIRST
    };
    let rows = vary(vec![first], EnvFiles::ALL, |row, value| {
        row.env_files = value;
    });
    let rows = vary(rows, Profile::ALL, |row, value| row.profile = value);
    let rows = vary(rows, Account::ALL, |row, value| row.account = value);
    vary(rows, Cwd::ALL, |row, value| row.cwd = value)
}

/// Returns each row with each of the values.
fn vary<T: Copy>(rows: Vec<Row>, values: &[T], set: fn(&mut Row, T)) -> Vec<Row> {
    let with = |mut row: Row, value: T| {
        set(&mut row, value);
        row
    };
    let each = |row: Row| values.iter().map(move |value| with(row, *value));
    rows.into_iter().flat_map(each).collect()
}
