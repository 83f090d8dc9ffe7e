//! The sections of a wrangler file.

use std::fmt;

use super::{EnvName, shell_quoted};

/// A section of a wrangler file that has bindings of its own: the top level, an environment, or the
/// `previews` of either. Bindings are not inherited between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Section {
    environment: Option<EnvName>,
    previews: bool,
}

impl Section {
    /// The top level.
    pub const TOP: Self = Self {
        environment: None,
        previews: false,
    };

    /// Returns its `previews`.
    #[must_use]
    pub fn previews(self) -> Self {
        Self {
            previews: true,
            ..self
        }
    }

    /// Returns the section that it belongs to: for `previews` the top level or the environment, else
    /// itself.
    #[must_use]
    pub fn deployed(&self) -> Self {
        Self {
            previews: false,
            ..self.clone()
        }
    }

    /// Returns its environment; `None` is the top level.
    pub fn environment(&self) -> Option<&EnvName> {
        self.environment.as_ref()
    }

    /// Whether it is what `wrangler preview` uses.
    pub fn is_previews(&self) -> bool {
        self.previews
    }

    /// Whether it is the top level itself.
    pub fn is_top(&self) -> bool {
        *self == Self::TOP
    }

    /// Returns the options that select it.
    pub fn arguments(&self) -> Vec<String> {
        let environment = self.environment.iter();
        let environment = environment.flat_map(|name| ["--env".to_owned(), name.to_string()]);
        let previews = self.previews.then(|| "--in-previews".to_owned());
        environment.chain(previews).collect()
    }

    /// Returns the command that provisions `wanted` in it: a binding, or `BINDING=TITLE`.
    pub fn provision_command(&self, wanted: &str) -> String {
        let mut command = format!("kvctl provision {}", shell_quoted(wanted));
        for argument in self.arguments() {
            command.push(' ');
            command.push_str(&shell_quoted(&argument));
        }
        command
    }

    /// Returns how it is called after a verb: `at the top level`, `in environment`.
    pub fn place(&self) -> String {
        if self.is_top() {
            format!("at {self}")
        } else {
            format!("in {self}")
        }
    }

    /// Returns a short label, such as `staging`; `None` for the top level.
    pub fn label(&self) -> Option<String> {
        match (&self.environment, self.previews) {
            (None, false) => None,
            (Some(name), false) => Some(name.to_string()),
            (None, true) => Some("previews".to_owned()),
            (Some(name), true) => Some(format!("{name}.previews")),
        }
    }
}

impl From<Option<EnvName>> for Section {
    fn from(environment: Option<EnvName>) -> Self {
        Self {
            environment,
            previews: false,
        }
    }
}

impl From<EnvName> for Section {
    fn from(environment: EnvName) -> Self {
        Some(environment).into()
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.environment, self.previews) {
            (None, false) => f.write_str("the top level"),
            (Some(name), false) => write!(f, "environment `{name}`"),
            (None, true) => f.write_str("`previews`"),
            (Some(name), true) => write!(f, "`previews` of environment `{name}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_says_what_it_is_and_how_to_select_it() {
        let staging = Section::from("staging".parse::<EnvName>().unwrap());
        let cases = [
            (Section::TOP, "at the top level", ""),
            (staging.clone(), "in environment `staging`", "--env staging"),
            (Section::TOP.previews(), "in `previews`", "--in-previews"),
            (
                staging.clone().previews(),
                "in `previews` of environment `staging`",
                "--env staging --in-previews",
            ),
        ];
        for (section, place, arguments) in cases {
            assert_eq!(section.place(), place);
            assert_eq!(section.arguments().join(" "), arguments);
        }
        assert_eq!(staging.clone().previews().deployed(), staging);
    }
}
