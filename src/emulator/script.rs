//! Faults from a file. Imports nothing of this crate but its siblings.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::{
    answer::{Answer, Refusal},
    fault::{Action, Fault, Keys},
};

/// Why a fault file is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// It is not TOML, or has unknown keys or wrong values.
    #[error("{0}")]
    Malformed(String),
    /// A fault is contradictory or incomplete.
    #[error("fault {number}: {what}")]
    Fault {
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default)]
    fault: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    skip: usize,
    times: Option<usize>,
    #[serde(default)]
    forever: bool,
    #[serde(default)]
    after: bool,
    status: Option<u16>,
    body: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    code: Option<u32>,
    message: Option<String>,
    cut: Option<Cut>,
    delay_ms: Option<u64>,
    unsuccessful: Option<Vec<String>>,
    every: Option<usize>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Cut {
    Before,
    After,
    Body,
}

/// Reads the faults in `text`, TOML: tables `[[fault]]`, in order of precedence.
pub fn faults(text: &str) -> Result<Vec<Fault>, ScriptError> {
    let script: Script = toml_edit::de::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let what = error.message().replace('\n', "; ");
        ScriptError::Malformed(format!("line {line}, column {column}: {what}"))
    })?;
    let faults = script.fault.into_iter().enumerate();
    faults
        .map(|(place, entry)| {
            entry.fault().map_err(|what| ScriptError::Fault {
                number: place + 1,
                what,
            })
        })
        .collect()
}

impl Entry {
    fn fault(self) -> Result<Fault, &'static str> {
        if self.forever && self.times.is_some() {
            return Err("`times` and `forever` are mutually exclusive");
        }
        let times = if self.forever {
            None
        } else {
            Some(self.times.unwrap_or(1))
        };
        let fault = Fault::new(
            &self.method.to_ascii_uppercase(),
            &self.path,
            self.action()?,
        );
        let fault = fault.after(self.skip);
        Ok(match times {
            Some(times) => fault.times(times),
            None => fault.forever(),
        })
    }

    fn action(&self) -> Result<Action, &'static str> {
        let answers = self.status.is_some() || self.code.is_some();
        let keys = self.unsuccessful.is_some() || self.every.is_some();
        let given = [answers, self.cut.is_some(), self.delay_ms.is_some(), keys];
        if given.into_iter().filter(|given| *given).count() != 1 {
            return Err(
                "set exactly one of `status` or `code`, `cut`, `delay_ms`, `unsuccessful` or `every`",
            );
        }
        if !answers && (self.body.is_some() || self.headers.is_some() || self.message.is_some()) {
            return Err("`body`, `headers` and `message` require `status` or `code`");
        }
        if self.after && !answers && self.delay_ms.is_none() {
            return Err("`after` requires `status`, `code` or `delay_ms`");
        }
        if let Some(cut) = self.cut {
            return Ok(match cut {
                Cut::Before => Action::CutBefore,
                Cut::After => Action::CutAfter,
                Cut::Body => Action::CutBody,
            });
        }
        if let Some(delay) = self.delay_ms.map(Duration::from_millis) {
            let action = if self.after {
                Action::DelayAfter
            } else {
                Action::Delay
            };
            return Ok(action(delay));
        }
        match (&self.unsuccessful, self.every) {
            (Some(_), Some(_)) => Err("`unsuccessful` and `every` are mutually exclusive"),
            (Some(names), None) => Ok(Action::Unsuccessful(Keys::Named(names.clone()))),
            (None, Some(nth)) => Ok(Action::Unsuccessful(Keys::Every(nth))),
            (None, None) => {
                let action = if self.after {
                    Action::AnswerAfter
                } else {
                    Action::Answer
                };
                Ok(action(self.answer()?))
            }
        }
    }

    fn answer(&self) -> Result<Answer, &'static str> {
        let status = self.status.unwrap_or(400);
        if !(200..=599).contains(&status) {
            return Err("`status` must be 200 to 599");
        }
        let answer = match (self.code, &self.body) {
            (Some(_), Some(_)) => return Err("`code` and `body` are mutually exclusive"),
            (None, _) if self.message.is_some() => return Err("`message` requires `code`"),
            (Some(code), None) => {
                let message = self.message.as_deref().unwrap_or("injected fault");
                Answer::from(Refusal::new(status, code, message))
            }
            (None, body) => Answer::new(status, body.clone().unwrap_or_default()),
        };
        let headers = self.headers.iter().flatten();
        Ok(headers.fold(answer, |answer, (name, value)| answer.header(name, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_stages_every_kind_of_failure() {
        let faults = faults(
            r#"
            [[fault]]
            method = "put"
            path = "/bulk"
            skip = 1
            times = 2
            status = 429
            body = "slow"
            headers = { Retry-After = "2" }

            [[fault]]
            forever = true
            after = true
            status = 429
            code = 10048
            message = "spent"

            [[fault]]
            cut = "body"
            [[fault]]
            delay_ms = 5
            after = true
            [[fault]]
            unsuccessful = ["a", "b"]
            [[fault]]
            every = 3
            "#,
        );
        insta::assert_debug_snapshot!(faults.unwrap());
    }

    #[test]
    fn what_a_script_may_not_say() {
        for (text, expected) in [
            ("[[fault]]\n", "fault 1: set exactly one of"),
            (
                "[[fault]]\ncut = \"body\"\nevery = 1\n",
                "fault 1: set exactly one of",
            ),
            ("[[fault]]\ncut = \"later\"\n", "line 2, column 7"),
            ("[[fault]]\nstauts = 500\n", "line 2, column 1"),
            ("[[fault]]\nstatus = 99\n", "must be 200 to 599"),
            (
                "[[fault]]\nstatus = 500\ntimes = 1\nforever = true\n",
                "mutually exclusive",
            ),
            (
                "[[fault]]\ncut = \"body\"\nafter = true\n",
                "`after` requires",
            ),
            ("[[fault]]\ndelay_ms = 1\nbody = \"\"\n", "require `status`"),
            (
                "[[fault]]\nstatus = 500\nmessage = \"m\"\n",
                "`message` requires",
            ),
            ("[[fault]]\ncode = 1\nbody = \"m\"\n", "mutually exclusive"),
            ("fault = 1\n", "line 1"),
            ("[[fault]\n", "line 1"),
        ] {
            let error = faults(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(faults("").unwrap().is_empty());
    }
}
