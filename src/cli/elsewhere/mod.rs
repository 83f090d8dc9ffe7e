//! What is typed for habit: the commands of wrangler, and of other tools, where kvctl has another name
//! for them. They are answered, not run: wrangler's commands work on the local store by default.

mod answer;
mod line;
mod nouns;
#[cfg(test)]
mod tests;
mod words;

use line::Line;

use crate::domain::{Classification, Classify, ErrorClass, Hint};

/// A command that kvctl has under another name.
#[derive(Debug, thiserror::Error)]
#[error("kvctl has no command `{typed}`")]
pub struct Elsewhere {
    typed: String,
    hint: Hint,
}

impl Classify for Elsewhere {
    fn classify(&self) -> Classification {
        ErrorClass::Usage.hint(self.hint.clone())
    }
}

/// Finds what was meant by `arguments`, which begin behind the program's name.
pub fn meant(arguments: &[String], local_by_variable: bool) -> Option<Elsewhere> {
    let mut line = Line::read(arguments, local_by_variable)?;
    nouns::joined(&mut line.words);
    let (hint, rest) = answer::answer(&line)?;
    let typed = &line.words[..line.words.len() - rest];
    Some(Elsewhere {
        typed: typed.join(" "),
        hint,
    })
}
