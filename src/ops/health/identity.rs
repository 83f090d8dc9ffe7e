//! What the service tells about the credentials. Only reads.
//!
//! Owns which endpoint verifies which kind of token, and what can be found out about permissions
//! without writing.

use jiff::Timestamp;

use crate::{
    api::{Client, Error, GetUsage, ListNamespaces, Scheme, VerifyToken},
    domain::AccountId,
    ops::usage::Window,
    wire::TokenStatus,
};

/// The owner of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A user.
    User,
    /// An account.
    Account,
}

impl Owner {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Account => "account",
        }
    }
}

/// What is known of credentials.
#[derive(Debug)]
pub enum Identity {
    /// The service knows the token.
    Known(Owner, TokenStatus),
    /// No endpoint knows the token.
    Refused(Error),
    /// No endpoint verifies credentials of this kind.
    Unverifiable,
}

/// Asks what a token is. One that an account owns is known to that account only, so `accounts` are
/// asked in turn where the user's endpoint does not know it.
pub async fn identify(
    client: &Client,
    scheme: Scheme,
    accounts: &[AccountId],
) -> Result<Identity, Error> {
    let (user, account) = match scheme {
        Scheme::UserToken => (true, false),
        Scheme::AccountToken => (false, true),
        Scheme::Unmarked | Scheme::Misplaced => (true, true),
        Scheme::OAuth | Scheme::GlobalKey | Scheme::Anonymous => return Ok(Identity::Unverifiable),
    };
    let asked = accounts.iter().filter(|_| account).map(Some);
    let mut refusal = None;
    for account in user.then_some(None).into_iter().chain(asked) {
        match client.send(&VerifyToken { account }).await {
            Ok(status) => {
                let owner = account.map_or(Owner::User, |_| Owner::Account);
                return Ok(Identity::Known(owner, status));
            }
            // The first refusal is of the endpoint that fits most tokens.
            Err(error) if error.is_denial() => {
                refusal.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(refusal.map_or(Identity::Unverifiable, Identity::Refused))
}

/// Whether something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It is.
    Granted,
    /// It is not.
    Denied,
    /// It could not be found out.
    Unknown,
}

impl Access {
    pub(super) fn of(outcome: &Result<(), Error>) -> Self {
        match outcome {
            Ok(()) => Self::Granted,
            Err(error) if error.is_denial() => Self::Denied,
            Err(_) => Self::Unknown,
        }
    }
}

/// Finds out whether the namespaces of `account` may be read.
pub(super) async fn may_read(client: &Client, account: &AccountId) -> Result<(), Error> {
    let list = ListNamespaces { account, page: 1 };
    client.send(&list).await.map(drop)
}

/// Finds out whether the analytics of `account` may be read.
pub(super) async fn may_read_analytics(
    client: &Client,
    account: &AccountId,
    now: Timestamp,
) -> Result<(), Error> {
    let Window { from, to, .. } = Window::new(now, 1);
    client.send(&GetUsage { account, from, to }).await.map(drop)
}
