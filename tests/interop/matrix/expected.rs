//! Which namespace a row means, by the rules: written from what is promised, not from what any
//! program does.

use super::{
    namespaces::{Login, Namespace, Part},
    row::{Account, Deployed, Dimension, Entry, EnvFiles, Flags, Kind, Profile, Row, Select},
};

/// What `kvctl` has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It uses this namespace, remotely in the account of the login.
    Uses(Namespace),
    /// It stops with one of these exit codes.
    Stops(Vec<i32>),
}

/// The login that counts: credentials of the environment first, and those of the process before
/// those of files.
pub(super) fn login(row: &Row) -> Login {
    match row.env_files {
        EnvFiles::Process => Login::Process,
        EnvFiles::DotEnv | EnvFiles::Flag => Login::EnvFile,
        EnvFiles::Named if row.has_env_flag() => Login::EnvFile,
        EnvFiles::None | EnvFiles::Named => match row.profile {
            Profile::None => Login::Default,
            Profile::Flag | Profile::Variable | Profile::Directory => Login::Work,
        },
    }
}

/// The section that counts.
pub(super) fn part(row: &Row) -> Part {
    let reads_env_files = row.env_files != EnvFiles::Flag;
    let is_selected = match row.select {
        Select::Flag | Select::Process => true,
        Select::DotEnv => reads_env_files,
        Select::BesideConfig => reads_env_files && row.is_beside_config(),
    };
    if row.has_environment() && is_selected {
        Part::Env
    } else {
        Part::Top
    }
}

const CONFIG: i32 = 5;
const REFUSED: i32 = 9;

pub(super) fn of(row: &Row) -> Expected {
    let found = if row.is_local() {
        Ok(local(row))
    } else {
        remote(row)
    };
    let conflict = !row.is_local() && row.account == Account::Conflict;
    match found {
        Ok(Some(namespace)) if !conflict => Expected::Uses(namespace),
        Ok(Some(_)) | Err(Refused) => Expected::Stops(vec![REFUSED]),
        Ok(None) if conflict => Expected::Stops(vec![REFUSED, CONFIG]),
        Ok(None) => Expected::Stops(vec![CONFIG]),
    }
}

/// What cannot be meant as it stands.
struct Refused;

fn preview(row: &Row) -> Option<Namespace> {
    matches!(row.entry, Entry::Both | Entry::PreviewOnly).then(|| Namespace::Preview(part(row)))
}

fn remote(row: &Row) -> Result<Option<Namespace>, Refused> {
    let part = part(row);
    match row.flags {
        Flags::Id => return Ok(Some(Namespace::Flag)),
        Flags::Preview => return Ok(preview(row)),
        Flags::None => {}
    }
    match row.entry {
        Entry::Id | Entry::Both | Entry::RemoteTrue | Entry::Upper => Ok(Some(Namespace::Id(part))),
        // A service on this machine may know it: `kvctl serve` gives such ids.
        Entry::LocalId => Ok(Some(Namespace::LocalId(part))),
        Entry::PreviewOnly => Err(Refused),
        Entry::NoKey | Entry::Empty | Entry::Placeholder => {
            Ok((row.deployed == Deployed::With).then_some(Namespace::Deployed(part)))
        }
    }
}

/// `wrangler dev` opens `preview_id`, else `id`, else the binding, as it stands.
fn local(row: &Row) -> Option<Namespace> {
    let part = part(row);
    match row.flags {
        Flags::Id => return Some(Namespace::Flag),
        Flags::Preview => return preview(row),
        Flags::None => {}
    }
    Some(match row.entry {
        Entry::Id | Entry::RemoteTrue => Namespace::Id(part),
        Entry::Upper => Namespace::Upper(part),
        Entry::Placeholder => Namespace::Placeholder,
        Entry::LocalId => Namespace::LocalId(part),
        Entry::NoKey | Entry::Empty => Namespace::Binding,
        Entry::PreviewOnly | Entry::Both => Namespace::Preview(part),
    })
}

/// Whether the entry leaves it to the deployed Worker or Pages project.
pub(super) fn asks_deployed(row: &Row) -> bool {
    let is_open = matches!(row.entry, Entry::NoKey | Entry::Empty | Entry::Placeholder);
    !row.is_local() && row.flags == Flags::None && is_open
}

/// Whether it is a Pages project without a Worker that could be asked.
pub(super) fn is_pages(row: &Row) -> bool {
    row.kind == Kind::Pages
}

/// Whether what kvctl has to do can depend on the row's values of both dimensions.
pub(super) fn show_together(row: &Row, one: Dimension, other: Dimension) -> bool {
    use Dimension as D;
    let both = [one, other];
    let has_token = ![Login::Default, Login::Work].contains(&login(row));
    let is_hidden = |dimension: &Dimension| match dimension {
        D::EnvFiles | D::Account => row.is_local(),
        // That a token wins is worth a row, but nothing else shows beside it.
        D::Profile => row.is_local() || has_token && !both.contains(&D::EnvFiles),
        D::Entry => row.flags == Flags::Id,
        D::Deployed => !asks_deployed(row),
        D::Select => !row.has_environment(),
        _ => false,
    };
    let is_about_login = |d: &Dimension| [D::EnvFiles, D::Profile, D::Account].contains(d);
    // For the login it matters whether more requests than one are sent, not why.
    let is_alike = both.contains(&D::Entry)
        && both.iter().any(is_about_login)
        && ![Entry::Id, Entry::NoKey].contains(&row.entry);
    if is_alike || both.iter().any(is_hidden) {
        return false;
    }
    match of(row) {
        Expected::Uses(_) => true,
        // Only the cause of an error shows.
        Expected::Stops(_) if row.account == Account::Conflict && !row.is_local() => {
            both.contains(&D::Account)
        }
        Expected::Stops(_) => [D::Entry, D::Flags, D::Deployed]
            .iter()
            .any(|d| both.contains(d)),
    }
}
