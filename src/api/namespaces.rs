//! The namespaces of an account, and the handle of one.

use reqwest::Method;
use serde_json::json;

use super::{
    Client,
    answer::Answer,
    endpoint::{Body, Endpoint},
    error::Error,
    pages::inconsistent,
};
use crate::{
    domain::{AccountId, Jurisdiction, NAMESPACE_PAGE_MAX, NamespaceId, Title, url_segment},
    wire::{NamespaceInfo, ResultInfo},
};

fn collection(account: &AccountId) -> String {
    format!("accounts/{account}/storage/kv/namespaces")
}

/// One namespace. Its methods send the requests about it, its keys and their values.
#[derive(Debug, Clone, Copy)]
pub struct Namespace<'a> {
    /// The client that sends.
    pub client: &'a Client,
    /// The account.
    pub account: &'a AccountId,
    /// The id of the namespace.
    pub id: &'a NamespaceId,
}

impl Namespace<'_> {
    /// Returns the path of the namespace.
    fn path(self) -> String {
        let id = url_segment(self.id.as_str());
        format!("{}/{id}", collection(self.account))
    }

    /// Returns the path of something in the namespace.
    pub(super) fn path_of(self, what: &str) -> String {
        format!("{}/{what}", self.path())
    }

    /// Gets its title and other properties.
    pub async fn info(self) -> Result<NamespaceInfo, Error> {
        self.client.send(&GetNamespace(self)).await
    }

    /// Changes the title. The id and the keys stay.
    pub async fn rename(self, title: &Title) -> Result<(), Error> {
        let namespace = self;
        self.client
            .send(&RenameNamespace { namespace, title })
            .await
    }

    /// Deletes the namespace and all its keys permanently.
    pub async fn delete(self) -> Result<(), Error> {
        self.client.send(&DeleteNamespace(self)).await
    }
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
        let collect = self.collect(NAMESPACE_PAGE_MAX, page, |item: &NamespaceInfo| {
            item.id.clone()
        });
        let namespaces = collect.await?;
        // Only the local store has namespaces that are called by any text.
        let is_odd = |item: &NamespaceInfo| !item.id.is_of_service();
        if !self.is_on_this_machine() && namespaces.iter().any(is_odd) {
            return Err(inconsistent(&page(1), "the id of a namespace is not one"));
        }
        Ok(namespaces)
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
        let created: NamespaceInfo = answer.result()?;
        created
            .id
            .is_of_service()
            .then_some(created)
            .ok_or_else(|| answer.inconsistent("its id is not one"))
    }
}

struct GetNamespace<'a>(Namespace<'a>);

impl Endpoint for GetNamespace<'_> {
    type Output = NamespaceInfo;
    const METHOD: Method = Method::GET;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        self.0.path()
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        let found: NamespaceInfo = answer.result()?;
        let same = found.id.as_str().eq_ignore_ascii_case(self.0.id.as_str());
        // What is done next, such as deleting it, is done to the namespace of the answer.
        same.then_some(found)
            .ok_or_else(|| answer.inconsistent("it is about another namespace"))
    }
}

struct RenameNamespace<'a> {
    namespace: Namespace<'a>,
    title: &'a Title,
}

impl Endpoint for RenameNamespace<'_> {
    /// Older versions of the API returned nothing, so nothing is expected.
    type Output = ();
    const METHOD: Method = Method::PUT;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        self.namespace.path()
    }

    fn body(&self) -> Body {
        Body::json(&json!({ "title": self.title }))
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.confirmed()
    }
}

struct DeleteNamespace<'a>(Namespace<'a>);

impl Endpoint for DeleteNamespace<'_> {
    type Output = ();
    const METHOD: Method = Method::DELETE;
    const QUOTABLE: bool = true;

    fn path(&self) -> String {
        self.0.path()
    }

    fn decode(&self, answer: &Answer) -> Result<Self::Output, Error> {
        answer.confirmed()
    }
}
