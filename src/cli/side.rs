//! The sides of `kvctl copy` and `kvctl diff`: a file, or a namespace named in one word.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::domain::{Binding, BindingError, EnvName, EnvNameError, ShowPath as _};

/// Returns the sides of a copy or a comparison: an option names its side, and words the rest, in order.
pub fn sides(
    options: [Option<SideArg>; 2],
    words: [Option<SideArg>; 2],
) -> Result<[SideArg; 2], SidesError> {
    let [from, to] = options;
    let [first, second] = words;
    match (from, to, first, second) {
        (None, None, Some(from), Some(to))
        | (Some(from), None, Some(to), None)
        | (None, Some(to), Some(from), None)
        | (Some(from), Some(to), None, None) => Ok([from, to]),
        (Some(_), Some(_), Some(_), _) | (Some(_), _, _, Some(_)) | (_, Some(_), _, Some(_)) => {
            Err(SidesError::TooMany)
        }
        _ => Err(SidesError::TooFew),
    }
}

/// Why a command line does not name two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SidesError {
    /// Fewer than two.
    #[error("only one of two is named")]
    TooFew,
    /// More than two.
    #[error("more than two are named")]
    TooMany,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SideArg {
    /// A file of records.
    File(PathBuf),
    /// A namespace.
    Namespace {
        /// Whether it is the local store's.
        local: bool,
        /// Which one.
        which: NamespaceArg,
    },
}

/// One namespace, named in one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamespaceArg {
    /// By a binding of the wrangler file.
    Binding(Binding, Option<EnvName>),
    /// By its title.
    Title(String),
    /// By its id.
    Id(String),
}

/// Why a string is not a [`SideArg`].
#[derive(Debug, thiserror::Error)]
pub enum SideArgError {
    /// Nothing after `id:`.
    #[error("expected a namespace id after `id:`")]
    Id,
    /// The binding.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// The environment.
    #[error(transparent)]
    Environment(#[from] EnvNameError),
    /// Nothing after `local:`.
    #[error("expected binding:NAME, title:TITLE or id:ID after `local:`")]
    Local,
    /// Nothing after `title:`.
    #[error("expected a namespace title after `title:`")]
    Title,
    /// No characters.
    #[error("expected a file, binding:NAME, title:TITLE or id:ID")]
    Empty,
}

/// As the command line takes it.
impl fmt::Display for SideArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (local, which) = match self {
            Self::File(path) => return path.shown().fmt(f),
            Self::Namespace { local, which } => (local, which),
        };
        if *local {
            f.write_str("local:")?;
        }
        match which {
            NamespaceArg::Binding(binding, None) => write!(f, "binding:{binding}"),
            NamespaceArg::Binding(binding, Some(name)) => write!(f, "binding:{binding}@{name}"),
            NamespaceArg::Title(title) => write!(f, "title:{title}"),
            NamespaceArg::Id(id) => write!(f, "id:{id}"),
        }
    }
}

impl FromStr for SideArg {
    type Err = SideArgError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (local, rest) = match s.strip_prefix("local:") {
            Some(rest) => (true, rest),
            None => (false, s),
        };
        let which = match rest.split_once(':') {
            Some(("id", "")) => return Err(SideArgError::Id),
            Some(("id", id)) => NamespaceArg::Id(id.to_owned()),
            Some(("title", "")) => return Err(SideArgError::Title),
            Some(("title", title)) => NamespaceArg::Title(title.to_owned()),
            Some(("binding", text)) => match text.split_once('@') {
                Some((binding, environment)) => {
                    NamespaceArg::Binding(binding.parse()?, Some(environment.parse()?))
                }
                None => NamespaceArg::Binding(text.parse()?, None),
            },
            _ if local => return Err(SideArgError::Local),
            _ if s.is_empty() => return Err(SideArgError::Empty),
            _ => return Ok(Self::File(s.into())),
        };
        Ok(Self::Namespace { local, which })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_words_or_options() {
        let side = |text: &str| (text != "-").then(|| text.parse::<SideArg>().unwrap());
        for (from, to, first, second, expected) in [
            ("-", "-", "a", "b", Ok(["a", "b"])),
            ("a", "b", "-", "-", Ok(["a", "b"])),
            ("a", "-", "b", "-", Ok(["a", "b"])),
            ("-", "b", "a", "-", Ok(["a", "b"])),
            ("a", "-", "-", "-", Err(SidesError::TooFew)),
            ("-", "b", "-", "-", Err(SidesError::TooFew)),
            ("a", "-", "b", "c", Err(SidesError::TooMany)),
            ("-", "a", "b", "c", Err(SidesError::TooMany)),
            ("a", "b", "c", "-", Err(SidesError::TooMany)),
        ] {
            let found = sides([side(from), side(to)], [side(first), side(second)]);
            let expected = expected.map(|both| both.map(|it| SideArg::File(it.into())));
            assert_eq!(found, expected, "{from} {to} {first} {second}");
        }
    }

    #[test]
    fn a_side_is_a_file_or_a_namespace() {
        let parse = |text: &str| text.parse::<SideArg>();
        assert_eq!(parse("a.ndjson").unwrap(), SideArg::File("a.ndjson".into()));
        let binding = |environment: Option<&str>| {
            let environment = environment.map(|e| e.parse().unwrap());
            NamespaceArg::Binding("KV".parse().unwrap(), environment)
        };
        let namespace = |local, which| SideArg::Namespace { local, which };
        assert_eq!(
            parse("binding:KV").unwrap(),
            namespace(false, binding(None))
        );
        assert_eq!(
            parse("local:binding:KV@s").unwrap(),
            namespace(true, binding(Some("s")))
        );
        assert_eq!(
            parse("title:a:b").unwrap(),
            namespace(false, NamespaceArg::Title("a:b".into()))
        );
        for text in [
            "a.ndjson",
            "local:binding:KV@s",
            "title:a:b",
            "id:x",
            "binding:KV",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        for wrong in [
            "id:",
            "local:a.ndjson",
            "binding:",
            "binding:A@",
            "title:",
            "",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
