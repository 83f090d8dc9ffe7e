//! The sections of a wrangler file.

use std::fmt;

use serde::Serialize;

use super::{EnvName, option_words, shell_words};

/// A section of a wrangler file that has bindings of its own: the top level, an environment, or the
/// `previews` of either. Bindings are not inherited between them.
///
/// In JSON it is `environment`, `null` at the top level, and `previews`, where that is true.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Section {
    environment: Option<EnvName>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
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

    /// Returns the options that select it. To show them, use [`Self::options`].
    pub fn arguments(&self) -> Vec<String> {
        let environment = self.environment.iter();
        let environment = environment.flat_map(|name| option_words("--env", name.as_str()));
        let previews = self.previews.then(|| "--in-previews".to_owned());
        environment.chain(previews).collect()
    }

    /// Returns the options that select it as a shell takes them.
    pub fn options(&self) -> String {
        shell_words(self.arguments())
    }

    /// Returns how it is called after a verb: `at the top level`, `in environment`.
    pub fn place(&self) -> String {
        if self.is_top() {
            format!("at {self}")
        } else {
            format!("in {self}")
        }
    }

    /// Returns a short label, such as `staging`; `None` for the top level. No two sections have the
    /// same: an environment whose name could be taken for `previews` is called an environment.
    pub fn label(&self) -> Option<String> {
        match (&self.environment, self.previews) {
            (None, false) => None,
            (Some(name), false) => {
                let text = name.as_str();
                let is_odd = text == "previews" || text.ends_with(".previews");
                let is_odd = is_odd || text.starts_with("environment `");
                Some(if is_odd {
                    self.to_string()
                } else {
                    name.to_string()
                })
            }
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
    use proptest::prelude::*;

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

    #[test]
    fn a_name_is_quoted_where_it_is_shown_to_be_pasted() {
        let odd = Section::from("$(touch x)`".parse::<EnvName>().unwrap());
        assert_eq!(odd.options(), r"--env '$(touch x)`'");
    }

    #[test]
    fn json_tells_previews_from_an_environment_of_that_name() {
        let environment = |name: &str| Section::from(name.parse::<EnvName>().unwrap());
        let cases = [
            (Section::TOP, r#"{"environment":null}"#),
            (
                Section::TOP.previews(),
                r#"{"environment":null,"previews":true}"#,
            ),
            (environment("previews"), r#"{"environment":"previews"}"#),
            (
                environment("staging").previews(),
                r#"{"environment":"staging","previews":true}"#,
            ),
        ];
        for (section, json) in cases {
            assert_eq!(serde_json::to_string(&section).unwrap(), json);
        }
    }

    fn any_section() -> impl Strategy<Value = Section> {
        let name = "(environment `|a|[.]|previews|`){1,4}";
        (proptest::option::of(name), any::<bool>()).prop_map(|(name, previews)| Section {
            environment: name.map(|name| name.parse().unwrap()),
            previews,
        })
    }

    proptest! {
        #[test]
        fn no_two_sections_have_one_label(a in any_section(), b in any_section()) {
            prop_assert_eq!(a == b, a.label() == b.label());
        }
    }
}
