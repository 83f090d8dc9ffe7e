//! How a failure is shown: as text, or as one JSON object in the last line of stderr.

use serde::Serialize;

use super::{Exit, Failure};
use crate::{
    domain::{AnswerId, ErrorClass, Invocation},
    ui::{Format, Ui},
};

/// A failure as programs get it. Every member is always there.
#[derive(Debug, Serialize)]
struct ErrorDocument<'a> {
    exit_code: u8,
    class: ErrorClass,
    /// What failed and why, in one line.
    message: String,
    hint: Option<String>,
    /// The commands that the hint names, quoted for a POSIX shell.
    commands: Vec<String>,
    #[serde(flatten)]
    answer: &'a AnswerId,
}

impl Failure {
    /// Shows it, with the commands of its hint as they are run after `invocation`; returns the exit
    /// code.
    pub fn show(&self, ui: &Ui, invocation: &Invocation) -> Exit {
        let exit = Exit::from(self.class());
        if self.class() == ErrorClass::OutputClosed {
            return exit;
        }
        let hint = self.hint().map(|hint| hint.render(invocation));
        if ui.options().format == Format::Human {
            ui.error(self.causes(), hint.as_deref());
            return exit;
        }
        let commands = self.hint().map(|hint| hint.commands(invocation));
        ui.error_document(&ErrorDocument {
            exit_code: exit as u8,
            class: self.class(),
            message: self.to_string(),
            hint,
            commands: commands.unwrap_or_default(),
            answer: self.answer(),
        });
        exit
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::{
        domain::{Classification, Classify, Hint, Suggestion},
        ui::{Options, Terminals, Verbosity},
    };

    #[derive(Debug, thiserror::Error)]
    #[error("no\u{9b}key")]
    struct Missing;

    impl Classify for Missing {
        fn classify(&self) -> Classification {
            Classification {
                answer: AnswerId {
                    api_codes: vec![10009],
                    cf_ray: Some("8f1".to_owned()),
                },
                ..ErrorClass::NotFound.hint(Hint::run(Suggestion::new("key list")))
            }
        }
    }

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn programs_get_one_object_in_one_line_without_control_characters() {
        let shown = Buffer::default();
        let options = Options {
            format: Format::Json,
            verbosity: Verbosity::Quiet,
            yes: false,
            terminals: Terminals::default(),
        };
        let ui = Ui::new(Box::new(std::io::sink()), Box::new(shown.clone()), options);
        let exit = Failure::from(Missing)
            .context("while\nreading")
            .show(&ui, &Invocation::default());
        assert_eq!(exit, Exit::NotFound);
        let text = String::from_utf8(shown.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches(char::is_control).count(), 1, "{text:?}");
        assert!(text.starts_with("{\"schema\":1,\"exit_code\":3,"), "{text}");
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "schema": 1,
            "exit_code": 3,
            "class": "not_found",
            "message": "while\nreading: no\u{9b}key",
            "hint": "run `kvctl key list`",
            "commands": ["kvctl key list"],
            "api_codes": [10009],
            "cf_ray": "8f1",
        });
        assert_eq!(document, expected);
    }
}
