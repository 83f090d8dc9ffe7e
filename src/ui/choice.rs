//! Lists to choose from by number.

use std::io::{self, Write as _};

use super::{
    Ui,
    page::{line, wrapped},
};

/// How often a number is asked for.
const ATTEMPTS: usize = 3;

/// Several things, one of which is to be chosen.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// What they are, and where: said before the list.
    pub what: &'a str,
    /// The things.
    pub among: &'a [String],
    /// The question, short: it comes last.
    pub ask: &'a str,
}

/// What was typed in answer to a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Typed {
    /// The position of what was chosen.
    Picked(usize),
    /// No number of the list.
    Other,
    /// Nothing, and there will be nothing.
    End,
}

impl Ui {
    /// Whether there is somebody to choose: on a terminal, and not under `--yes`.
    pub fn can_choose(&self) -> bool {
        self.options.terminals.interactive && !self.options.yes
    }

    /// Has the user choose one of several things by its number. Returns its position; nothing off a
    /// terminal, under `--yes`, which is no choice, at the end of the input, and after several answers
    /// that are none of the numbers.
    pub async fn choose(&self, choice: Choice<'_>) -> io::Result<Option<usize>> {
        let Choice { what, among, ask } = choice;
        if !self.can_choose() || among.is_empty() {
            return Ok(None);
        }
        // Even under `--quiet`: without it there is nothing to answer.
        self.tell(&format!("{what}:"))?;
        let width = among.len().to_string().len();
        for (number, one) in (1..).zip(among) {
            let text = line(&format!("  {number:>width$}  {one}"));
            self.with(|s| writeln!(s.err, "{text}"))?;
        }
        let range = match among.len() {
            1 => "1".to_owned(),
            count => format!("1-{count}"),
        };
        for _ in 0..ATTEMPTS {
            let answer = self.answer(&format!("{ask} [{range}] ")).await?;
            match typed(&answer, among.len()) {
                Typed::Picked(at) => return Ok(Some(at)),
                Typed::End => return Ok(None),
                Typed::Other => self.tell(&format!("enter a number of the list: {range}"))?,
            }
        }
        Ok(None)
    }

    /// Writes a message that belongs to a question, in lines that fit the terminal.
    fn tell(&self, text: &str) -> io::Result<()> {
        let mut lines = wrapped(text, self.options.terminals.stderr_width, 2).into_iter();
        self.with(|s| lines.try_for_each(|text| writeln!(s.err, "{}", line(&text))))
    }
}

/// Reads an answer to a list of `count` things that are numbered from 1.
fn typed(answer: &str, count: usize) -> Typed {
    if answer.is_empty() {
        return Typed::End;
    }
    let number = answer.trim().parse::<usize>().ok();
    let at = number.and_then(|number| number.checked_sub(1));
    at.filter(|at| *at < count)
        .map_or(Typed::Other, Typed::Picked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_of_the_list_is_a_choice() {
        assert_eq!(typed("1\n", 2), Typed::Picked(0));
        assert_eq!(typed(" 2 \n", 2), Typed::Picked(1));
        assert_eq!(typed("", 2), Typed::End);
        for answer in ["\n", "0\n", "3\n", "-1\n", "y\n", "1 2\n", "SESSIONS\n"] {
            assert_eq!(typed(answer, 2), Typed::Other, "{answer:?}");
        }
    }
}
