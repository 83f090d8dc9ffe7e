//! Wrong credentials, permissions and accounts.

use kvctl::{
    emulator::{Action, Config, Fault, Grant},
    wire::Account,
};

use super::{Case, envelope, project, project_with, snapshot, with_fault, with_file, with_grant};
use crate::sandbox::ACCOUNT;

#[test]
fn credentials_and_permissions() {
    let other = "ffffffffffffffffffffffffffffff00";
    let elsewhere = project_with(|config| {
        let mut accounts = config.accounts.clone();
        accounts.push(Account {
            id: other.parse().unwrap(),
            name: "Shop".to_owned(),
        });
        Config { accounts, ..config }
    });
    let disagreeing = with_file(|text| format!("account_id = \"{ACCOUNT}\"\n{text}"));
    let disabled = envelope("{\"id\":\"id\",\"status\":\"disabled\"}");
    snapshot(
        "credentials",
        &[
            Case::new("no token", "credentials", project())
                .variable("CLOUDFLARE_API_TOKEN", "")
                .code(4),
            Case::new("wrong token", "credentials", project())
                .variable("CLOUDFLARE_API_TOKEN", "wrong")
                .code(4),
            Case::new(
                "disabled token",
                "credentials",
                with_fault(Fault::new("GET", "/verify", Action::Answer(disabled))),
            )
            .code(4),
            Case::new("token without KV", "permission", with_grant(Grant::None)).code(4),
            Case::new(
                "token that may only read",
                "permission",
                with_grant(Grant::Read),
            )
            .code(4),
            Case::new("wrong account", "account", elsewhere)
                .variable("CLOUDFLARE_ACCOUNT_ID", other)
                .code(4),
            Case::new("no such account", "account", project())
                .variable("CLOUDFLARE_ACCOUNT_ID", "ffffffffffffffffffffffffffffff11")
                .code(4),
            Case::new("accounts that disagree", "account", disagreeing)
                .variable("CLOUDFLARE_ACCOUNT_ID", other),
        ],
    );
}
