//! The endpoints that say who is asking and on whose behalf.

use reqwest::Method;

use super::{Client, answer::Answer, endpoint::Endpoint, error::Error};
use crate::{
    domain::{AccountId, ErrorClass},
    wire::{Account, Membership, ResultInfo, TokenStatus},
};

/// The most items that a page of accounts or memberships holds.
const PAGE: usize = 50;

fn paged(page: usize) -> Vec<(&'static str, String)> {
    vec![("page", page.to_string()), ("per_page", PAGE.to_string())]
}

/// Lists one page of the accounts that the credentials can see.
#[derive(Debug)]
pub struct ListAccounts {
    /// The page, from 1.
    pub page: usize,
}

impl Endpoint for ListAccounts {
    type Output = (Vec<Account>, ResultInfo);
    const METHOD: Method = Method::GET;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        "accounts".to_owned()
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        paged(self.page)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.page()
    }
}

/// Lists one page of the user's memberships. Account-owned tokens are refused here.
#[derive(Debug)]
pub struct ListMemberships {
    /// The page, from 1.
    pub page: usize,
}

impl Endpoint for ListMemberships {
    type Output = (Vec<Membership>, ResultInfo);
    const METHOD: Method = Method::GET;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        "memberships".to_owned()
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        paged(self.page)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.page()
    }
}

/// Asks whether the token is valid.
///
/// A token that an account owns is unknown to the user endpoint; ask the account's for it.
#[derive(Debug)]
pub struct VerifyToken<'a> {
    /// The account whose token it is; `None` for a user's token.
    pub account: Option<&'a AccountId>,
}

impl Endpoint for VerifyToken<'_> {
    type Output = TokenStatus;
    const METHOD: Method = Method::GET;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        match self.account {
            None => "user/tokens/verify".to_owned(),
            Some(account) => format!("accounts/{account}/tokens/verify"),
        }
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.result()
    }
}

impl Client {
    /// Lists every account that the credentials can see.
    ///
    /// A token that may not list accounts may still list its user's memberships, so fall back to
    /// these.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        let identity = |account: &Account| account.id.clone();
        let mut accounts = match self
            .collect(PAGE, |page| ListAccounts { page }, identity)
            .await
        {
            Err(e) if e.class() == ErrorClass::Denied => Vec::new(),
            other => other?,
        };
        if accounts.is_empty() {
            let identity = |membership: &Membership| membership.account.id.clone();
            let all = self
                .collect(PAGE, |page| ListMemberships { page }, identity)
                .await?;
            let accepted = all.into_iter().filter(|m| m.status == "accepted");
            accounts.extend(accepted.map(|m| m.account));
        }
        Ok(accounts)
    }
}
