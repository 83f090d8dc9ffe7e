//! The namespace endpoints: list, create, get, rename, delete.

use reqwest::Method;
use serde_json::json;

use super::{
    Client,
    answer::Answer,
    endpoint::{Body, Endpoint},
    error::Error,
};
use crate::{
    domain::{AccountId, Jurisdiction, NAMESPACE_PAGE_MAX, NamespaceId, Title},
    wire::{NamespaceInfo, ResultInfo},
};

fn collection(account: &AccountId) -> String {
    format!("accounts/{account}/storage/kv/namespaces")
}

fn member(account: &AccountId, id: &NamespaceId) -> String {
    format!("{}/{id}", collection(account))
}

/// Lists one page of the namespaces of an account, ordered by title.
#[derive(Debug)]
pub struct ListNamespaces<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The page, from 1.
    pub page: usize,
}

impl Endpoint for ListNamespaces<'_> {
    type Output = (Vec<NamespaceInfo>, ResultInfo);
    const METHOD: Method = Method::GET;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        collection(self.account)
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        vec![
            ("per_page", NAMESPACE_PAGE_MAX.to_string()),
            ("order", "title".to_owned()),
            ("direction", "asc".to_owned()),
            ("page", self.page.to_string()),
        ]
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.page()
    }
}

impl Client {
    /// Lists all namespaces of `account`: one request for each thousand.
    pub async fn namespaces(&self, account: &AccountId) -> Result<Vec<NamespaceInfo>, Error> {
        let page = |page| ListNamespaces { account, page };
        self.collect(NAMESPACE_PAGE_MAX, page, |item: &NamespaceInfo| {
            item.id.clone()
        })
        .await
    }
}

/// Creates a namespace. Not idempotent: sent twice, the second answer is "title taken".
#[derive(Debug)]
pub struct CreateNamespace<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The title.
    pub title: &'a Title,
    /// Where its data must stay.
    pub jurisdiction: Option<Jurisdiction>,
}

impl Endpoint for CreateNamespace<'_> {
    type Output = NamespaceInfo;
    const METHOD: Method = Method::POST;
    const QUOTABLE: bool = true;
    const IDEMPOTENT: bool = false;

    fn path(&self) -> String {
        collection(self.account)
    }

    fn body(&self) -> Body {
        let mut body = json!({ "title": self.title });
        if let Some(jurisdiction) = self.jurisdiction {
            body["jurisdiction"] = json!(jurisdiction);
        }
        Body::json(&body)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.result()
    }
}

/// Gets one namespace.
#[derive(Debug)]
pub struct GetNamespace<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub id: &'a NamespaceId,
}

impl Endpoint for GetNamespace<'_> {
    type Output = NamespaceInfo;
    const METHOD: Method = Method::GET;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        member(self.account, self.id)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        let found: NamespaceInfo = answer.result()?;
        let same = found.id.as_str().eq_ignore_ascii_case(self.id.as_str());
        // What is done next, such as deleting it, is done to the namespace of the answer.
        same.then_some(found)
            .ok_or_else(|| answer.inconsistent("it is about another namespace"))
    }
}

/// Gives a namespace another title. Its id and its keys stay.
#[derive(Debug)]
pub struct RenameNamespace<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub id: &'a NamespaceId,
    /// The new title.
    pub title: &'a Title,
}

impl Endpoint for RenameNamespace<'_> {
    /// The API of old returned nothing, so nothing is expected.
    type Output = ();
    const METHOD: Method = Method::PUT;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        member(self.account, self.id)
    }

    fn body(&self) -> Body {
        Body::json(&json!({ "title": self.title }))
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.confirmed()
    }
}

/// Deletes a namespace with all its keys, at once and for good.
#[derive(Debug)]
pub struct DeleteNamespace<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The namespace.
    pub id: &'a NamespaceId,
}

impl Endpoint for DeleteNamespace<'_> {
    type Output = ();
    const METHOD: Method = Method::DELETE;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        member(self.account, self.id)
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.confirmed()
    }
}
