//! What the service tells about whoever asks. Only reads.
//!
//! Owns which endpoint verifies which kind of token, and what can be found out about permissions
//! without writing. Imports `domain`, `wire` and `api`.

use jiff::Timestamp;

use crate::{
    api::{Client, Error, GetUsage, ListNamespaces, Scheme, VerifyToken},
    domain::AccountId,
    ops::usage::Window,
    wire::TokenStatus,
};

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A user's.
    User,
    /// An account's.
    Account,
}

/// What is known of credentials.
#[derive(Debug)]
pub enum Identity {
    /// The service knows the token.
    Known(Owner, TokenStatus),
    /// The service says that it is no token.
    Refused(Error),
    /// There is nothing to ask: no endpoint verifies credentials of this kind.
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

/// A permission of a token.
#[derive(Debug)]
pub enum Permission {
    /// It is there.
    Granted,
    /// It is not.
    Missing(Error),
    /// It could not be found out.
    Unknown(Error),
}

impl Permission {
    fn of<T>(outcome: Result<T, Error>) -> Self {
        match outcome {
            Ok(_) => Self::Granted,
            Err(error) if error.is_denial() => Self::Missing(error),
            Err(error) => Self::Unknown(error),
        }
    }
}

/// Finds out whether the namespaces of `account` may be read.
pub async fn may_read(client: &Client, account: &AccountId) -> Permission {
    Permission::of(client.send(&ListNamespaces { account, page: 1 }).await)
}

/// Finds out whether the analytics of `account` may be read.
pub async fn may_analyse(client: &Client, account: &AccountId, now: Timestamp) -> Permission {
    let Window { from, to, .. } = Window::new(now, 1);
    Permission::of(client.send(&GetUsage { account, from, to }).await)
}
