//! Why what a project should have cannot be determined.

use crate::{
    config::WorkerNameError,
    domain::{
        Binding, Classification, Classify, EnvName, ErrorClass, Hint, Section, Suggestion, Title,
        TitleError,
    },
};

/// Why the desired bindings cannot be determined.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A binding was requested twice.
    #[error("binding `{0}` is given twice")]
    Twice(Binding),
    /// One title for the bindings of several environments.
    #[error(
        "`{binding}={title}` names one namespace, but several environments are selected, which would \
         share it"
    )]
    SharedTitle {
        /// The binding.
        binding: Binding,
        /// The title.
        title: Title,
    },
    /// A new binding could not be used in code.
    #[error("`{binding}` cannot be the name of a new binding")]
    NotAnIdentifier {
        /// The binding.
        binding: Binding,
        /// Whether the command line names it, and not a file.
        requested: bool,
    },
    /// The name of a new binding is in use by another kind of binding.
    #[error("`{binding}` is already used in `{kind}` (line {line})")]
    Taken {
        /// The binding.
        binding: Binding,
        /// What uses the name.
        kind: String,
        /// Where.
        line: usize,
    },
    /// The name of a binding in the file is still to be written.
    #[error("`{binding}` (line {line}) is a placeholder for the name of a binding")]
    Placeholder {
        /// The binding.
        binding: Binding,
        /// The section.
        section: Section,
        /// Where.
        line: usize,
    },
    /// The title in `kvctl.toml` is still to be written. Taken as it is, the projects of one template
    /// would meet in one namespace.
    #[error("the title `{title}` of binding `{binding}` in kvctl.toml is a placeholder")]
    PlaceholderTitle {
        /// The binding.
        binding: Binding,
        /// The title.
        title: Title,
    },
    /// A new binding that is nearly the name of another.
    #[error("`{binding}` differs only in case from the binding `{other}` (line {line})")]
    OtherCase {
        /// The binding.
        binding: Binding,
        /// The section.
        section: Section,
        /// The one that the file has.
        other: Binding,
        /// Where.
        line: usize,
    },
    /// A new binding that has the name of an environment, which was meant.
    #[error("`{binding}` is the name of an environment, and the file has no binding of that name")]
    Environment {
        /// The binding.
        binding: Binding,
        /// The environment.
        environment: EnvName,
        /// The section that is selected, if one alone.
        section: Option<Section>,
    },
    /// A new binding that is nearly the name of another.
    #[error("there is no binding `{binding}`, and it is nearly the name of the binding `{other}`")]
    NearName {
        /// The binding.
        binding: Binding,
        /// The one that there is.
        other: Binding,
        /// The section that is selected, if one alone.
        section: Option<Section>,
    },
    /// The scope has no bindings, and only other scopes do.
    #[error("the file has KV bindings only in {elsewhere}, and {} is selected", selected(.section))]
    OnlyElsewhere {
        /// The section that is selected.
        section: Section,
        /// Those that have some.
        elsewhere: String,
    },
    /// A title that would be too long.
    #[error("could not derive the title of binding `{binding}`")]
    Title {
        /// The binding.
        binding: Binding,
        /// Why.
        source: TitleError,
    },
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Twice(_) => ErrorClass::Usage.hint("give each binding once"),
            Self::SharedTitle { .. } => ErrorClass::Usage
                .hint("select one environment with `--env NAME`, or omit the title"),
            Self::NotAnIdentifier { requested, .. } => identifier_rule(*requested),
            Self::Taken { .. } => ErrorClass::Config
                .hint("choose another name; wrangler refuses two bindings with the same name"),
            Self::Placeholder {
                binding, section, ..
            } => {
                let rename = Suggestion::new("rename-binding").arg(binding).arg("NAME");
                let hint = Hint::from("write the name that the Worker uses: ");
                ErrorClass::Config.hint(hint.and(rename.as_example().in_section(section)))
            }
            Self::PlaceholderTitle { .. } => {
                ErrorClass::Config.hint("write the title of the namespace, or remove the line")
            }
            Self::OtherCase {
                binding,
                section,
                other,
                ..
            } => ErrorClass::Refused.hint(or_titled(
                Hint::run(Suggestion::provision(other, section))
                    .text(", or give it a title of its own: "),
                binding,
                section,
            )),
            Self::Environment {
                binding,
                environment,
                section,
            } => ErrorClass::Refused.hint(if_new(
                Suggestion::new("provision").in_section(&environment.clone().into()),
                binding,
                section.as_ref(),
            )),
            Self::NearName {
                binding,
                other,
                section,
            } => ErrorClass::Refused.hint(if_new(
                match section {
                    Some(section) => Suggestion::provision(other, section),
                    None => Suggestion::new("provision").arg(other).flag("--all-envs"),
                },
                binding,
                section.as_ref(),
            )),
            Self::OnlyElsewhere { section, .. } if section.is_top() => ErrorClass::Refused.hint(
                "pass `--env NAME` or `--all-envs`, or name the bindings that the top level needs",
            ),
            Self::OnlyElsewhere { .. } => ErrorClass::Refused
                .hint("name the bindings that it needs, or select another section"),
            Self::Title { .. } => ErrorClass::Usage.hint("choose a shorter one with BINDING=TITLE"),
        }
    }
}

fn identifier_rule(requested: bool) -> Classification {
    let rule = "use ASCII letters, digits, `_` and `$`, and do not start with a digit";
    if requested {
        ErrorClass::Usage.hint(rule)
    } else {
        ErrorClass::Config.hint(format!(
            "correct the name at the top level of the wrangler file, or in kvctl.toml: {rule}"
        ))
    }
}

/// Suggests the command that was meant, and what to do if `binding` is a new one.
fn if_new(meant: Suggestion, binding: &Binding, section: Option<&Section>) -> Hint {
    let hint = Hint::run(meant);
    match section {
        Some(section) => {
            let hint = hint.text(", or give a new binding a title: ");
            or_titled(hint, binding, section)
        }
        None => hint.text(", or add a new binding to the file first"),
    }
}

fn or_titled(hint: Hint, binding: &Binding, section: &Section) -> Hint {
    let titled = Suggestion::provision(format!("{binding}=TITLE"), section);
    hint.and(titled.as_example())
}

fn selected(section: &Section) -> String {
    if section.is_top() {
        "no environment".to_owned()
    } else {
        section.to_string()
    }
}

/// The file has no name of a Worker to derive a title from. Derived from the binding alone, the
/// projects of one template would meet in one namespace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no title can be derived for binding `{binding}`: {why}")]
pub struct Nameless {
    /// The section.
    pub section: Section,
    /// The binding.
    pub binding: Binding,
    /// What is wrong with the name.
    pub why: WorkerNameError,
    /// The title where projects do not meet.
    pub fallback: Title,
}

impl Classify for Nameless {
    fn classify(&self) -> Classification {
        let wanted = format!("{}=TITLE", self.binding);
        ErrorClass::Config.hint(
            Hint::from(format!("{}; or pass a title: ", self.why.remedy()))
                .and(Suggestion::provision(wanted, &self.section).as_example()),
        )
    }
}
