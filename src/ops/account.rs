//! Selects the account. Never guessed, never remembered.

use std::{fmt, path::PathBuf};

use crate::{
    api::{self, Client},
    config::{Located, Location, Position},
    domain::{AccountId, AccountIdError, Classification, Classify, ErrorClass, ShowPath as _},
    wire::Account,
};

/// Where an account may be named, in the order in which they are asked.
#[derive(Debug, Default)]
pub struct AccountSources<'a> {
    /// `--account-id`.
    pub flag: Option<AccountId>,
    /// The wrangler file's `account_id` for each selected section, if it has one.
    pub file: Vec<Option<&'a Located<String>>>,
    /// The wrangler file, for messages.
    pub path: PathBuf,
    /// The variable that is set, with the env file that sets it, and its value.
    pub variable: Option<(String, &'a str)>,
}

/// The selected account and where it was selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenAccount {
    /// The account.
    pub id: AccountId,
    /// Where it was selected.
    pub origin: Origin,
    /// What the user should know about the choice.
    pub notes: Vec<String>,
}

/// Where an account was selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `--account-id`.
    Flag,
    /// The wrangler file.
    File {
        /// The file.
        path: PathBuf,
        /// The position in the file.
        position: Position,
    },
    /// A variable.
    Variable(String),
    /// Nowhere: it is the only account the credentials can access.
    Only,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("--account-id"),
            Self::File { path, position } => write!(f, "{}:{position}", path.shown()),
            Self::Variable(name) => f.write_str(name),
            Self::Only => f.write_str("the only account that the credentials can access"),
        }
    }
}

/// Why no account could be selected.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// File and environment name different accounts.
    #[error("{}:{position}: the file names account {file}, but {variable} is {environment}", path.shown())]
    Disagree {
        /// The file.
        path: PathBuf,
        /// The account in the file.
        file: AccountId,
        /// The position in the file.
        position: Position,
        /// The variable.
        variable: String,
        /// The account in the variable.
        environment: AccountId,
    },
    /// Sections of the file that belong to different accounts.
    #[error("the selected sections belong to different accounts: {}", .0.join(", "))]
    Sections(Vec<String>),
    /// The file's `account_id` is invalid.
    #[error("{}:{position}: `account_id` is invalid", path.shown())]
    File {
        /// The file.
        path: PathBuf,
        /// Where.
        position: Position,
        /// Why.
        source: AccountIdError,
    },
    /// The variable's value is invalid.
    #[error("{variable} is invalid")]
    Variable {
        /// The variable.
        variable: String,
        /// Why.
        source: AccountIdError,
    },
    /// The credentials see more than one account.
    #[error("the credentials can access {} accounts, and none was selected: {}", .0.len(), listed(.0))]
    Several(Vec<Account>),
    /// The credentials see no account.
    #[error("the credentials can access no account, and none was selected")]
    Nothing,
    /// The accounts could not be listed.
    #[error("could not determine the account")]
    Api(#[from] api::Error),
}

impl Error {
    /// Returns where it is, if that is in a file, and what it is without that.
    pub fn parts(&self) -> (Option<Location>, String) {
        let (path, position, what) = match self {
            Self::Disagree {
                path,
                file,
                position,
                variable,
                environment,
            } => {
                let what =
                    format!("the file names account {file}, but {variable} is {environment}");
                (path, position, what)
            }
            Self::File {
                path,
                position,
                source,
            } => (path, position, format!("`account_id` is invalid: {source}")),
            Self::Variable { variable, source } => {
                return (None, format!("{variable} is invalid: {source}"));
            }
            _ => return (None, self.to_string()),
        };
        let place = Location {
            path: path.clone(),
            position: *position,
        };
        (Some(place), what)
    }
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        let name_one = "select the account with `--account-id ID`, CLOUDFLARE_ACCOUNT_ID or \
                        `account_id` in the wrangler file";
        match self {
            Self::Disagree { .. } => {
                ErrorClass::Refused.hint("make them agree, or choose one with `--account-id ID`")
            }
            Self::Sections(_) => ErrorClass::Refused.hint("select one section with `--env NAME`"),
            Self::Several(_) => ErrorClass::Refused.hint(name_one),
            Self::Nothing => ErrorClass::Denied.hint(name_one),
            Self::File { .. } => ErrorClass::Config.hint(name_one),
            Self::Variable { .. } => ErrorClass::Usage.hint(name_one),
            Self::Api(e) => e.classify(),
        }
    }
}

fn listed(accounts: &[Account]) -> String {
    let one = |a: &Account| format!("{} ({})", a.id, a.name);
    accounts.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl AccountSources<'_> {
    /// Returns the account that is named, if one is, for all sections alike.
    pub fn named(&self) -> Result<Option<ChosenAccount>, Error> {
        if let Some(flag) = &self.flag {
            return Ok(Some(ChosenAccount {
                id: flag.clone(),
                origin: Origin::Flag,
                notes: Vec::new(),
            }));
        }
        let variable = self.variable()?;
        let mut named: Vec<Option<ChosenAccount>> = Vec::new();
        for located in &self.file {
            let choice = self.of_section(*located, variable.as_ref())?;
            let id = |choice: &Option<ChosenAccount>| choice.as_ref().map(|it| it.id.clone());
            if !named.iter().any(|known| id(known) == id(&choice)) {
                named.push(choice);
            }
        }
        match named.len() {
            0 => Ok(variable),
            1 => Ok(named.swap_remove(0)),
            _ => {
                let text = |choice: &Option<ChosenAccount>| {
                    choice
                        .as_ref()
                        .map_or_else(|| "none named".to_owned(), |it| it.id.to_string())
                };
                Err(Error::Sections(named.iter().map(text).collect()))
            }
        }
    }

    /// Returns the account of the variable. A placeholder counts as unset if the file names one.
    fn variable(&self) -> Result<Option<ChosenAccount>, Error> {
        let Some((variable, text)) = &self.variable else {
            return Ok(None);
        };
        let variable = variable.clone();
        match text.parse() {
            Ok(id) => Ok(Some(ChosenAccount {
                id,
                origin: Origin::Variable(variable),
                notes: Vec::new(),
            })),
            Err(_) if AccountId::is_placeholder(text) && self.file_names_one() => Ok(None),
            Err(source) => Err(Error::Variable { variable, source }),
        }
    }

    fn file_names_one(&self) -> bool {
        let mut set = self.file.iter().flatten();
        set.any(|it| it.value.parse::<AccountId>().is_ok())
    }

    /// Returns the account of one section: the file's, which must not contradict the variable, else
    /// the variable's. A placeholder in one of them counts as unset if the other names an account.
    fn of_section(
        &self,
        located: Option<&Located<String>>,
        variable: Option<&ChosenAccount>,
    ) -> Result<Option<ChosenAccount>, Error> {
        let Some(located) = located.filter(|located| !located.value.trim().is_empty()) else {
            return Ok(variable.cloned());
        };
        let (path, position) = (self.path.clone(), located.position);
        let id: AccountId = match (located.value.parse(), variable) {
            (Ok(id), _) => id,
            (Err(_), Some(variable)) if AccountId::is_placeholder(&located.value) => {
                let note = format!(
                    "{}:{position}: `account_id` is a placeholder; using {}",
                    path.shown(),
                    variable.origin
                );
                return Ok(Some(ChosenAccount {
                    notes: vec![note],
                    ..variable.clone()
                }));
            }
            (Err(source), _) => {
                return Err(Error::File {
                    path,
                    position,
                    source,
                });
            }
        };
        let notes = match (variable, &self.variable) {
            (Some(environment), Some((variable, _))) if environment.id != id => {
                return Err(Error::Disagree {
                    path,
                    file: id,
                    position,
                    variable: variable.clone(),
                    environment: environment.id.clone(),
                });
            }
            (None, Some((variable, _))) => vec![format!(
                "{variable} is a placeholder; using `account_id` at {}:{position}",
                path.shown()
            )],
            _ => Vec::new(),
        };
        Ok(Some(ChosenAccount {
            id,
            origin: Origin::File { path, position },
            notes,
        }))
    }

    /// Returns the account that is named, else the only account that the credentials can access.
    pub async fn resolve(&self, client: &Client) -> Result<ChosenAccount, Error> {
        if let Some(choice) = self.named()? {
            return Ok(choice);
        }
        only(client.accounts().await?)
    }
}

/// Returns the only account, if none was selected.
pub fn only(mut accounts: Vec<Account>) -> Result<ChosenAccount, Error> {
    match accounts.len() {
        0 => Err(Error::Nothing),
        1 => Ok(ChosenAccount {
            id: accounts.remove(0).id,
            origin: Origin::Only,
            notes: Vec::new(),
        }),
        _ => Err(Error::Several(accounts)),
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

    fn sources<'a>(
        file: Vec<Option<&'a Located<String>>>,
        variable: Option<&'a str>,
    ) -> AccountSources<'a> {
        AccountSources {
            flag: None,
            file,
            path: "wrangler.toml".into(),
            variable: variable.map(|value| ("CLOUDFLARE_ACCOUNT_ID".to_owned(), value)),
        }
    }

    /// The account that is named, and by whom.
    fn named(sources: &AccountSources<'_>) -> Option<(String, String)> {
        let choice = sources.named().unwrap()?;
        Some((choice.id.to_string(), choice.origin.to_string()))
    }

    #[test]
    fn file_and_variable_must_agree_and_the_flag_decides() {
        let located = file(A);
        let disagree = sources(vec![Some(&located)], Some(B));
        insta::assert_snapshot!(disagree.named().unwrap_err(), @"wrangler.toml:3:14: the file names account aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, but CLOUDFLARE_ACCOUNT_ID is bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
        let agree = sources(vec![Some(&located)], Some(A));
        assert_eq!(
            named(&agree),
            Some((A.to_owned(), "wrangler.toml:3:14".to_owned()))
        );
        let decided = AccountSources {
            flag: Some(B.parse().unwrap()),
            ..disagree
        };
        assert_eq!(
            named(&decided),
            Some((B.to_owned(), "--account-id".to_owned()))
        );
    }

    #[test]
    fn sections_must_belong_to_one_account() {
        let (a, b) = (file(A), file(B));
        let same = sources(vec![Some(&a), Some(&a)], None);
        assert_eq!(named(&same).unwrap().0, A);
        for other in [Some(&b), None] {
            let differ = sources(vec![Some(&a), other], None);
            assert!(matches!(differ.named(), Err(Error::Sections(_))));
        }
        // The variable applies where the file has no account.
        let filled = sources(vec![Some(&a), None], Some(A));
        assert_eq!(named(&filled).unwrap().0, A);
    }

    #[test]
    fn an_empty_account_id_in_the_file_is_none_and_a_placeholder_is_an_error() {
        let empty = file("");
        assert_eq!(named(&sources(vec![Some(&empty)], None)), None);
        let variable = sources(vec![Some(&empty)], Some(B));
        let expected = (B.to_owned(), "CLOUDFLARE_ACCOUNT_ID".to_owned());
        assert_eq!(named(&variable), Some(expected));
        let placeholder = file("YOUR_ACCOUNT_ID");
        let error = sources(vec![Some(&placeholder)], None).named().unwrap_err();
        insta::assert_snapshot!(error, @"wrangler.toml:3:14: `account_id` is invalid");
    }

    #[test]
    fn a_placeholder_is_unset_where_another_source_names_the_account() {
        let chosen = |in_file: &[&str], variable| {
            let located: Vec<_> = in_file.iter().map(|text| file(text)).collect();
            let located = located.iter().map(Some).collect();
            let choice = sources(located, Some(variable)).named();
            choice.map(|choice| choice.map(|it| (it.id.to_string(), it.notes.join("; "))))
        };
        let (id, note) = chosen(&["<YOUR_ACCOUNT_ID>"], B).unwrap().unwrap();
        assert_eq!(id, B);
        insta::assert_snapshot!(note, @"wrangler.toml:3:14: `account_id` is a placeholder; using CLOUDFLARE_ACCOUNT_ID");
        let (id, note) = chosen(&[A], "your-account-id").unwrap().unwrap();
        assert_eq!(id, A);
        insta::assert_snapshot!(note, @"CLOUDFLARE_ACCOUNT_ID is a placeholder; using `account_id` at wrangler.toml:3:14");
        // Placeholders alone name nothing.
        let alone = chosen(&["<ID>"], "<ID>");
        assert!(matches!(alone, Err(Error::Variable { .. })));
        let alone = chosen(&[A, "<ID>"], "<ID>");
        assert!(matches!(alone, Err(Error::File { .. })));
        // An id with a mistake is no placeholder: it may stand for another account.
        let mistyped = chosen(&[&A[1..]], B);
        assert!(matches!(mistyped, Err(Error::File { .. })));
        let mistyped = chosen(&["0a1b2c3d4e5f60718293a4b5c6d7e8fg"], B);
        assert!(matches!(mistyped, Err(Error::File { .. })));
    }
}
