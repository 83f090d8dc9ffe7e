//! Which account is meant. Never guessed, never remembered.

use crate::{
    api::{self, Client},
    config::{Located, Position},
    domain::{AccountId, AccountIdError},
    wire::Account,
};

/// Where an account may be named, in the order in which they are asked.
#[derive(Debug, Default)]
pub struct Sources<'a> {
    /// `--account-id`.
    pub flag: Option<AccountId>,
    /// The wrangler file's `account_id`, for the environment at hand.
    pub file: Option<&'a Located<String>>,
    /// The variable that is set, and its value.
    pub variable: Option<(&'static str, &'a str)>,
}

/// Why no account could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// File and environment name different accounts.
    #[error(
        "the wrangler file names account {file} (line {}), but {variable} is {environment}",
        position.line
    )]
    Disagree {
        /// What the file says.
        file: AccountId,
        /// Where it says so.
        position: Position,
        /// The variable.
        variable: &'static str,
        /// What it says.
        environment: AccountId,
    },
    /// What the file says is not an account id.
    #[error("`account_id` in the wrangler file (line {}, column {}): {source}", position.line, position.column)]
    File {
        /// Where.
        position: Position,
        /// Why.
        source: AccountIdError,
    },
    /// What the variable says is not an account id.
    #[error("{variable}: {source}")]
    Variable {
        /// The variable.
        variable: &'static str,
        /// Why.
        source: AccountIdError,
    },
    /// The credentials see more than one account.
    #[error("the credentials reach {} accounts, and none is named: {}", .0.len(), listed(.0))]
    Several(Vec<Account>),
    /// The credentials see no account.
    #[error("the credentials reach no account, and none is named")]
    Nothing,
    /// The accounts could not be listed.
    #[error("could not find out which account to use")]
    Api(#[from] api::Error),
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let name_one = "name the account with `--account-id ID`, CLOUDFLARE_ACCOUNT_ID or \
                        `account_id` in the wrangler file";
        match self {
            Self::Disagree { .. } => {
                Some("make them agree, or give `--account-id ID` to decide".to_owned())
            }
            Self::Several(_) | Self::Nothing | Self::File { .. } | Self::Variable { .. } => {
                Some(name_one.to_owned())
            }
            Self::Api(_) => None,
        }
    }
}

fn listed(accounts: &[Account]) -> String {
    let one = |a: &Account| format!("{} ({})", a.id, a.name);
    accounts.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl Sources<'_> {
    /// Returns the account that is named, if one is.
    pub fn named(&self) -> Result<Option<AccountId>, Error> {
        if let Some(flag) = &self.flag {
            return Ok(Some(flag.clone()));
        }
        let filled = self.file.filter(|located| !located.value.trim().is_empty());
        let file = filled.map(|located| {
            let id = located.value.parse();
            id.map(|id: AccountId| (id, located.position))
                .map_err(|source| Error::File {
                    position: located.position,
                    source,
                })
        });
        let variable = self.variable.map(|(variable, text)| {
            let id = text.parse();
            id.map(|id: AccountId| (id, variable))
                .map_err(|source| Error::Variable { variable, source })
        });
        match (file.transpose()?, variable.transpose()?) {
            (Some((file, position)), Some((environment, variable))) if file != environment => {
                Err(Error::Disagree {
                    file,
                    position,
                    variable,
                    environment,
                })
            }
            (Some((id, _)), _) | (None, Some((id, _))) => Ok(Some(id)),
            (None, None) => Ok(None),
        }
    }

    /// Returns the account that is named, else the only one that the credentials reach.
    pub async fn resolve(&self, client: &Client) -> Result<AccountId, Error> {
        if let Some(id) = self.named()? {
            return Ok(id);
        }
        let mut accounts = client.accounts().await?;
        match accounts.len() {
            0 => Err(Error::Nothing),
            1 => Ok(accounts.remove(0).id),
            _ => Err(Error::Several(accounts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn file(text: &str) -> Located<String> {
        Located {
            value: text.to_owned(),
            position: Position {
                line: 3,
                column: 14,
            },
        }
    }

    #[test]
    fn file_and_variable_must_agree_and_the_flag_decides() {
        let located = file(A);
        let mut sources = Sources {
            flag: None,
            file: Some(&located),
            variable: Some(("CLOUDFLARE_ACCOUNT_ID", B)),
        };
        assert!(matches!(sources.named(), Err(Error::Disagree { .. })));
        sources.variable = Some(("CLOUDFLARE_ACCOUNT_ID", A));
        assert_eq!(sources.named().unwrap(), Some(A.parse().unwrap()));
        sources.variable = Some(("CLOUDFLARE_ACCOUNT_ID", B));
        sources.flag = Some(B.parse().unwrap());
        assert_eq!(sources.named().unwrap(), Some(B.parse().unwrap()));
    }

    #[test]
    fn an_empty_account_id_in_the_file_is_none_and_a_placeholder_is_an_error() {
        let empty = file("");
        let sources = Sources {
            file: Some(&empty),
            ..Sources::default()
        };
        assert_eq!(sources.named().unwrap(), None);
        let placeholder = file("YOUR_ACCOUNT_ID");
        let sources = Sources {
            file: Some(&placeholder),
            ..Sources::default()
        };
        insta::assert_snapshot!(sources.named().unwrap_err(), @"`account_id` in the wrangler file (line 3, column 14): `YOUR_ACCOUNT_ID` is not an account id; an account id is 32 hexadecimal digits");
    }
}
