//! Why a wrangler file could not be found, read or edited, and what to do about it.

use std::{fmt, io, path::PathBuf};

use super::{Position, problem::Problem};
use crate::domain::{
    Binding, Classification, Classify, EnvName, ErrorClass, Hint, Section, ShowPath as _,
    Suggestion, nearest,
};

/// A position in a file, written `path:line:column`, which terminals turn into a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// Where in the file.
    pub position: Position,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.shown(), self.position)
    }
}

/// Why a wrangler file could not be found, read or edited.
///
/// No message quotes a line of the file: the lines of `[vars]` may hold secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No directory from the start up to the root has a wrangler file.
    #[error(
        "no wrangler.json, wrangler.jsonc or wrangler.toml in {}",
        list(.searched.iter().map(|path| path.shown().into_owned()))
    )]
    NotFound {
        /// The directories, nearest first.
        searched: Vec<PathBuf>,
    },
    /// No wrangler file was found, but one in TypeScript.
    #[error("{}: kvctl cannot read configuration in TypeScript, and there is no wrangler file", .path.shown())]
    TypeScript {
        /// The file.
        path: PathBuf,
    },
    /// No wrangler file was found, but something else that is called so.
    #[error("{}: {what}, not a file", .path.shown())]
    Occupied {
        /// What is called so.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// What the user named is a directory, a device, or a link that leads nowhere.
    #[error("{}: not a file", .path.shown())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// The file that the user named is not there.
    #[error("{}: no such file", .path.shown())]
    Missing {
        /// What was named.
        path: PathBuf,
    },
    /// The file could not be read.
    #[error("{}: the file cannot be read", .path.shown())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is not UTF-8.
    #[error("{at}: the file is not UTF-8 text")]
    Encoding {
        /// The first byte that is not.
        at: Location,
    },
    /// The file is not valid TOML or JSON.
    #[error("{at}: {message}")]
    Syntax {
        /// Where the parser stopped.
        at: Location,
        /// What the parser said, in one line.
        message: String,
    },
    /// The file is valid, but does not say what wrangler takes.
    #[error("{at}: {problem}")]
    Shape {
        /// Where.
        at: Location,
        /// What is wrong there.
        problem: Problem,
    },
    /// The file does not have this environment.
    #[error(
        "{}: no environment `{wanted}`{}; {}",
        .path.shown(), selected(.selected_by.as_ref()), environments(.known)
    )]
    UnknownEnvironment {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        wanted: EnvName,
        /// What the file has.
        known: Vec<EnvName>,
        /// The variable that asked for it, and the env file that sets it; the command line, if none.
        selected_by: Option<String>,
    },
    /// There are no `previews`, neither of the top level nor of the environment.
    #[error("{}: the file has no `previews`", .path.shown())]
    NoPreviews {
        /// The file.
        path: PathBuf,
    },
    /// An edit names a binding that the scope does not have.
    #[error(
        "{}: no binding `{wanted}` in {}; {}",
        .path.shown(), .section, bindings(.known)
    )]
    UnknownBinding {
        /// The file.
        path: PathBuf,
        /// The section.
        section: Section,
        /// What was asked for.
        wanted: Binding,
        /// What the scope has.
        known: Vec<Binding>,
    },
    /// An edit would give a scope the same binding twice.
    #[error("{at}: `{binding}` is bound here already; a binding must be unique in its section")]
    AlreadyBound {
        /// The entry that has the name.
        at: Location,
        /// The name.
        binding: Binding,
    },
    /// An edit would remove the name of an entry, or set an invalid one.
    #[error("{at}: an entry needs a binding; the name can be changed, not removed")]
    BindingNeeded {
        /// The entry.
        at: Location,
    },
    /// The edited text did not say what it should, so it was thrown away.
    #[error("{}: the edit would change more than intended; the file was not changed", .path.shown())]
    EditNotClean {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// Returns where it is, if that is known, and what it is without that.
    pub fn parts(&self) -> (Option<&Location>, String) {
        match self {
            Self::Encoding { at } => (Some(at), "the file is not UTF-8 text".to_owned()),
            Self::Syntax { at, message } => (Some(at), message.clone()),
            Self::Shape { at, problem } => (Some(at), problem.to_string()),
            _ => (None, self.to_string()),
        }
    }
}

impl Error {
    /// Returns the environment that an option selects and the file does not have, unless it is nearly the name
    /// of one that it has.
    pub fn absent_environment(&self) -> Option<&EnvName> {
        match self {
            Self::UnknownEnvironment {
                wanted,
                known,
                selected_by: None,
                ..
            } if nearest(wanted.as_str(), known.iter().map(EnvName::as_str)).is_none() => {
                Some(wanted)
            }
            _ => None,
        }
    }
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        let hint: Hint = match self {
            Self::NotFound { .. } => {
                let create = Suggestion::new("provision").arg("BINDING").flag("--init");
                Hint::from("run in the directory of the project, or name the file with `-c FILE`; ")
                    .command(create.sectionless().as_example())
                    .text(" creates a wrangler.toml here, and a namespace for that binding")
            }
            Self::TypeScript { .. } => {
                "name a wrangler file that has the KV bindings with `-c FILE`".into()
            }
            Self::Occupied { .. } => "rename it, or name the wrangler file with `-c FILE`".into(),
            Self::Missing { .. } | Self::NotAFile { .. } => {
                "check the path after `-c`; it is relative to the directory kvctl runs in".into()
            }
            Self::Encoding { .. } => "save the file as UTF-8".into(),
            Self::Shape { problem, .. } => problem.remedy().into(),
            Self::UnknownEnvironment {
                wanted,
                known,
                selected_by: Some(by),
                ..
            } => {
                let near = nearest(wanted.as_str(), known.iter().map(EnvName::as_str));
                let near = near.map_or_else(String::new, |it| format!("; did you mean `{it}`?"));
                format!(
                    "correct {by}, or select another section with `--env NAME`, the top level with \
                     `--env ''`{near}"
                )
                .into()
            }
            Self::UnknownEnvironment { wanted, known, .. } => {
                match nearest(wanted.as_str(), known.iter().map(EnvName::as_str)) {
                    Some(near) => Hint::from("did you mean ").option("--env", near).text("?"),
                    None if known.is_empty() => "leave out `--env`".into(),
                    None => "select one of them, or leave out `--env` for the top level".into(),
                }
            }
            Self::NoPreviews { .. } => {
                "add a `previews` table to the file, or leave out `--in-previews`".into()
            }
            Self::EditNotClean { .. } => {
                "make the change by hand, and please report this layout as a bug".into()
            }
            Self::Read { .. }
            | Self::Syntax { .. }
            | Self::UnknownBinding { .. }
            | Self::AlreadyBound { .. }
            | Self::BindingNeeded { .. } => return ErrorClass::Config.into(),
        };
        ErrorClass::Config.hint(hint)
    }
}

fn selected(by: Option<&String>) -> String {
    by.map_or_else(String::new, |by| format!(", which {by} selects"))
}

fn environments(known: &[EnvName]) -> String {
    if known.is_empty() {
        "the file has none".to_owned()
    } else {
        format!(
            "the file has {}",
            list(known.iter().map(|name| format!("`{name}`")))
        )
    }
}

fn bindings(known: &[Binding]) -> String {
    if known.is_empty() {
        "it has none".to_owned()
    } else {
        format!(
            "it has {}",
            list(known.iter().map(|name| format!("`{name}`")))
        )
    }
}

/// Joins as in a sentence: `a, b and c`.
fn list(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<_> = items.collect();
    match items.pop() {
        Some(last) if !items.is_empty() => format!("{} and {last}", items.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Document, Selected};

    #[test]
    fn an_unknown_environment_is_told_the_known_ones() {
        let error = |known: &[&str]| Error::UnknownEnvironment {
            path: "wrangler.toml".into(),
            wanted: "prod".parse().unwrap(),
            known: known.iter().map(|name| name.parse().unwrap()).collect(),
            selected_by: None,
        };
        assert_eq!(
            error(&["dev", "staging", "production"]).to_string(),
            "wrangler.toml: no environment `prod`; the file has `dev`, `staging` and `production`"
        );
        assert_eq!(
            error(&[]).to_string(),
            "wrangler.toml: no environment `prod`; the file has none"
        );
    }

    #[test]
    fn an_environment_that_a_variable_selects_is_corrected_there() {
        let text = "name = \"a\"\n[env.production]\n[env.staging]\n".to_owned();
        let document = Document::create("wrangler.toml".into(), text).unwrap();
        let wanted: EnvName = "prodction".parse().unwrap();
        let document = document.selecting(Some(Selected {
            environment: wanted.clone(),
            by: "CLOUDFLARE_ENV in .env:1".to_owned(),
        }));
        let error = document.scope(&wanted.into()).unwrap_err();
        insta::assert_snapshot!(error, @"wrangler.toml: no environment `prodction`, which CLOUDFLARE_ENV in .env:1 selects; the file has `production` and `staging`");
        insta::assert_snapshot!(error.hint().unwrap(), @"correct CLOUDFLARE_ENV in .env:1, or select another section with `--env NAME`, the top level with `--env ''`; did you mean `production`?");
        // Another one is not its business.
        let other = document.scope(&Section::from("x".parse::<EnvName>().unwrap()));
        assert!(!other.unwrap_err().to_string().contains("CLOUDFLARE_ENV"));
    }
}
