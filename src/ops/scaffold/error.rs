//! Why nothing is scaffolded.

use std::path::PathBuf;

use crate::{
    config::Position,
    domain::{Binding, Classification, Classify, ErrorClass, Hint, ShowPath as _, Suggestion},
    fsx,
    scaffold::types::Problem,
};

/// Why nothing is scaffolded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path that leads out of the project.
    #[error("`{}` leads out of the project, {}", path.shown(), root.shown())]
    Outside {
        /// The path.
        path: PathBuf,
        /// The project.
        root: PathBuf,
    },
    /// A link that leads out of the project, or nowhere.
    #[error("`{}` is a link that leads {}", path.shown(), leads_to(target.as_ref()))]
    Link {
        /// The link, or what is below it.
        path: PathBuf,
        /// Where it leads; `None`: nowhere.
        target: Option<PathBuf>,
    },
    /// The way to a file leads through a file, or it is a directory.
    #[error("`{}` is not {expected}", path.shown())]
    FileType {
        /// The path of the wrong type.
        path: PathBuf,
        /// What it would have to be.
        expected: &'static str,
    },
    /// `Env` can only be in a TypeScript file.
    #[error("`{}` is not a TypeScript file", .0.shown())]
    NotTypeScript(PathBuf),
    /// The file that has, or gets, `Env` is not UTF-8 text.
    #[error("{}:{line}: the file is not UTF-8 text", path.shown())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// Where that shows.
        line: usize,
    },
    /// `Env` cannot be edited.
    #[error("{}{}: {problem}", path.shown(), colon_line(problem.line))]
    Types {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: Box<Problem>,
        /// The fields that it should have.
        fields: Vec<String>,
        /// What else is scaffolded.
        others: Vec<&'static str>,
    },
    /// A binding that cannot be a field of `Env`.
    #[error("{}:{position}: binding `{binding}` cannot be a field of `Env`: `env.{binding}` is not valid TypeScript", path.shown())]
    Binding {
        /// The file that has it.
        path: PathBuf,
        /// Where.
        position: Position,
        /// The binding.
        binding: Binding,
    },
    /// The system.
    #[error(transparent)]
    File(#[from] fsx::Error),
}

fn leads_to(target: Option<&PathBuf>) -> String {
    target.map_or_else(
        || "nowhere".to_owned(),
        |target| format!("out of the project, to {}", target.shown()),
    )
}

fn colon_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(":{line}"))
}

impl Classify for Error {
    fn classify(&self) -> Classification {
        match self {
            Self::Outside { .. } => ErrorClass::Usage.hint(
                "name a path inside of it with `--out-dir` or `--types`, or another project with DIR",
            ),
            Self::Link { .. } | Self::FileType { .. } => {
                ErrorClass::Refused.hint("name another path with `--out-dir` or `--types`")
            }
            Self::NotTypeScript(_) => {
                ErrorClass::Usage.hint("name a .ts, .tsx, .mts or .cts file with `--types`")
            }
            Self::Encoding { .. } => ErrorClass::Refused.hint("save the file as UTF-8"),
            Self::Types {
                problem,
                fields,
                others,
                ..
            } => ErrorClass::Refused.hint(types_remedy(problem, fields, others)),
            Self::Binding { binding, .. } => {
                let rename = Suggestion::new("rename-binding").arg(binding).arg("NEW");
                ErrorClass::Config.hint(
                    Hint::from("rename it with ")
                        .and(rename)
                        .text(": letters, digits, `_` and `$`"),
                )
            }
            Self::File(e) => e.classify(),
        }
    }
}

fn types_remedy(problem: &Problem, fields: &[String], others: &[&str]) -> Hint {
    let fields: Vec<String> = fields.iter().map(|field| format!("{field};")).collect();
    let (what, name, fields) = (problem.kind.remedy(), &problem.name, fields.join(" "));
    let hint = Hint::from(format!("{what}; `{name}` needs `{fields}`"));
    if others.is_empty() {
        return hint;
    }
    let only = Suggestion::new("scaffold").option("--only", others.join(","));
    let quoted: Vec<String> = others.iter().map(|part| format!("\"{part}\"")).collect();
    hint.text("; to look after the type yourself, run ")
        .and(only.sectionless())
        .text(format!(
            ", or write `only = [{}]` below `[scaffold]` in kvctl.toml",
            quoted.join(", ")
        ))
}
