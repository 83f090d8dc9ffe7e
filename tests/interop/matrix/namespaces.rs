//! The namespaces that a row may touch, and their ids.

use std::fmt;

/// A section of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Top,
    Env,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Top => "top",
            Self::Env => "env",
        })
    }
}

/// A login, which sees one account only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Login {
    /// wrangler's default login.
    Default,
    /// wrangler's login of the profile `work`.
    Work,
    /// The token in the env file that counts.
    EnvFile,
    /// The token of the process.
    Process,
    /// The token in the env file that does not count.
    Other,
}

impl Login {
    pub(super) const ALL: [Self; 5] = [
        Self::Default,
        Self::Work,
        Self::EnvFile,
        Self::Process,
        Self::Other,
    ];

    pub(super) fn token(self) -> String {
        format!("{self:?}-token-0123456789").to_lowercase()
    }

    pub(super) fn account(self) -> String {
        format!("{:032x}", 0xacc0_0000_u32 + self as u32)
    }
}

/// A namespace, by the part that it has in a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Namespace {
    /// Of the `id` in the file.
    Id(Part),
    /// The same text in upper case.
    Upper(Part),
    /// Of the `preview_id`.
    Preview(Part),
    /// Of the id that `provision --local` writes.
    LocalId(Part),
    /// The text `<id>`.
    Placeholder,
    /// Named as the binding.
    Binding,
    /// What the deployed Worker or Pages project binds.
    Deployed(Part),
    /// What another Worker binds under the same name.
    Decoy,
    /// Of `--namespace-id`.
    Flag,
    /// Any other text.
    Unknown(String),
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(part) => write!(f, "{part}.id"),
            Self::Upper(part) => write!(f, "{part}.ID"),
            Self::Preview(part) => write!(f, "{part}.preview_id"),
            Self::LocalId(part) => write!(f, "{part}.local-id"),
            Self::Placeholder => f.write_str("<id>"),
            Self::Binding => f.write_str(BINDING),
            Self::Deployed(part) => write!(f, "{part}.deployed"),
            Self::Decoy => f.write_str("decoy"),
            Self::Flag => f.write_str("flag"),
            Self::Unknown(text) => write!(f, "unknown {text:?}"),
        }
    }
}

/// The binding of all rows.
pub(super) const BINDING: &str = "MY_KV";

impl Namespace {
    /// Those that every account has.
    pub(super) const REMOTE: [Self; 8] = [
        Self::Id(Part::Top),
        Self::Id(Part::Env),
        Self::Preview(Part::Top),
        Self::Preview(Part::Env),
        Self::Deployed(Part::Top),
        Self::Deployed(Part::Env),
        Self::Decoy,
        Self::Flag,
    ];

    /// Those that a local store may have.
    pub(super) const LOCAL: [Self; 11] = [
        Self::Id(Part::Top),
        Self::Id(Part::Env),
        Self::Upper(Part::Top),
        Self::Upper(Part::Env),
        Self::Preview(Part::Top),
        Self::Preview(Part::Env),
        Self::LocalId(Part::Top),
        Self::LocalId(Part::Env),
        Self::Placeholder,
        Self::Binding,
        Self::Flag,
    ];
}

/// The texts that the file has for the namespaces.
#[derive(Clone, Debug)]
pub(super) struct Ids(pub(super) Vec<(Namespace, String)>);

impl Ids {
    /// Of a local store, where any text will do.
    pub(super) fn local() -> Self {
        let ids = Namespace::REMOTE.into_iter().enumerate();
        Self(
            ids.map(|(n, name)| (name, format!("0f2ac74b498b48028cb68387c421e2{n:02x}")))
                .collect(),
        )
    }

    pub(super) fn text(&self, namespace: &Namespace) -> String {
        match namespace {
            Namespace::Upper(part) => self.text(&Namespace::Id(*part)).to_uppercase(),
            Namespace::LocalId(Part::Top) => "10ca110c2d3e4f60718293a4b5c6d7e8".to_owned(),
            Namespace::LocalId(Part::Env) => "10ca110c9f8e7d6c5b4a39281706f5e4".to_owned(),
            Namespace::Placeholder => "<id>".to_owned(),
            Namespace::Binding => BINDING.to_owned(),
            Namespace::Unknown(text) => text.clone(),
            known => {
                let mut ids = self.0.iter();
                ids.find(|(name, _)| name == known).unwrap().1.clone()
            }
        }
    }

    /// Which namespace a text names.
    pub(super) fn find(&self, text: &str) -> Namespace {
        let mut all = Namespace::LOCAL.into_iter().chain(Namespace::REMOTE);
        let found = all.find(|namespace| self.text(namespace) == text);
        found.unwrap_or_else(|| Namespace::Unknown(text.to_owned()))
    }
}
