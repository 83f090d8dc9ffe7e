//! Arguments that clap rejects, for programs that asked for JSON, and where it is known what was meant.

use super::{slips, switches};
use crate::{
    domain::{Classification, Classify, ErrorClass, Hint},
    ui::{self, Format},
};

/// Arguments that are not valid, as clap says it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Rejected {
    message: String,
    hint: Option<Hint>,
    is_understood: bool,
}

impl Rejected {
    /// Of what clap says of `arguments`, which begin behind the program's name.
    pub fn new(error: &clap::Error, arguments: &[String]) -> Self {
        let text = ui::shortened(error.render().to_string(), error);
        let what = text.split("\n\n").next().unwrap_or_default();
        let words: Vec<&str> = what.split_whitespace().collect();
        let message = words.join(" ");
        let tips = text.lines().filter_map(|line| line.strip_prefix("  tip: "));
        let tips: Vec<&str> = tips.collect();
        let meant = slips::meant(arguments).filter(|_| error.use_stderr());
        let is_unknown = error.kind() == clap::error::ErrorKind::UnknownArgument;
        let dashed = meant.is_none() && is_unknown;
        if let Some(hint) = dashed.then(|| slips::dashed_value(arguments)).flatten() {
            return Self {
                message: "`key put` does not have the option that the value looks like".to_owned(),
                is_understood: true,
                hint: Some(hint),
            };
        }
        Self {
            message: message.trim_start_matches("error: ").to_owned(),
            is_understood: meant.is_some(),
            hint: meant.or_else(|| (!tips.is_empty()).then(|| tips.join("; ").into())),
        }
    }

    /// Whether it is known what was meant.
    pub fn is_understood(&self) -> bool {
        self.is_understood
    }
}

impl Classify for Rejected {
    fn classify(&self) -> Classification {
        Classification {
            hint: self.hint.clone(),
            ..ErrorClass::Usage.into()
        }
    }
}

/// Returns the output format that `arguments` ask for, though they cannot be parsed.
pub fn format_asked_for(arguments: &[String]) -> Format {
    let plain = switches::without_values(arguments.iter().map(Into::into));
    let options = plain.iter().take_while(|it| *it != "--");
    let mut formats = options.filter_map(|it| match it.to_str() {
        Some("--json") => Some(Format::Json),
        Some("--ndjson") => Some(Format::Ndjson),
        _ => None,
    });
    formats.next().unwrap_or(Format::Human)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn what_clap_says_is_a_message_and_a_hint() {
        let cases = [
            (
                "key tuch",
                "unrecognized subcommand 'tuch'",
                Some("a similar subcommand exists: 'touch'"),
            ),
            (
                "key get",
                "the following required arguments were not provided: <KEY>",
                None,
            ),
            (
                "key list --color some",
                "invalid value 'some' for '--color <WHEN>' [possible values: auto, always, never]",
                None,
            ),
            (
                "key list user:",
                "unexpected argument 'user:' found",
                Some("run `kvctl key list --prefix user:`"),
            ),
        ];
        for (line, message, hint) in cases {
            let error = Cli::try_parse_from(["kvctl"].into_iter().chain(line.split(' ')));
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let rejected = Rejected::new(&error.unwrap_err(), &arguments);
            assert_eq!(rejected.to_string(), message);
            let said = rejected.classify().hint.map(|hint| hint.to_string());
            assert_eq!(said.as_deref(), hint, "{line}");
        }
    }

    #[test]
    fn a_long_argument_is_cut_and_its_command_is_not() {
        let key = "k".repeat(600);
        let rejected = |line: &[&str]| {
            let error = Cli::try_parse_from([&["kvctl"], line].concat()).unwrap_err();
            let arguments: Vec<String> = line.iter().map(|it| (*it).to_owned()).collect();
            Rejected::new(&error, &arguments)
        };
        let said = rejected(&["key", "get", &key, "--json"]).to_string();
        assert!(said.len() < 300 && said.contains("600 bytes"), "{said}");
        let listed = rejected(&["key", "list", &key, "--json"]);
        let said = listed.to_string();
        assert!(said.len() < 300 && said.contains("k…k"), "{said}");
        let hint = listed.classify().hint.unwrap().to_string();
        assert_eq!(hint, format!("run `kvctl key list --prefix {key} --json`"));
    }

    #[test]
    fn json_is_asked_for_by_an_option() {
        let asked = |line: &str| {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            format_asked_for(&arguments)
        };
        assert_eq!(asked("key list --json --bad"), Format::Json);
        assert_eq!(asked("--ndjson key"), Format::Ndjson);
        assert_eq!(asked("key get -- --json"), Format::Human);
        assert_eq!(asked("--json=true key --bad"), Format::Json);
        assert_eq!(asked("--json=false key --bad"), Format::Human);
    }
}
