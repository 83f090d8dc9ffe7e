//! Runs tests as `cargo test` does, and decides when they are run which of them can be.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

use crate::tools::{is_ci, is_installed};

/// A test, and what it needs.
pub(crate) struct Test {
    name: &'static str,
    /// Paths below `target/interop`.
    needs: &'static [&'static str],
    /// Why it is left to those who ask for all tests.
    slow: Option<&'static str>,
    /// Why it is run only with `--ignored`.
    by_hand: Option<&'static str>,
    work: fn(),
}

impl Test {
    pub(crate) const fn new(
        name: &'static str,
        needs: &'static [&'static str],
        work: fn(),
    ) -> Self {
        Self {
            name,
            needs,
            slow: None,
            by_hand: None,
            work,
        }
    }

    pub(crate) const fn slow(self, why: &'static str) -> Self {
        let slow = Some(why);
        Self { slow, ..self }
    }

    pub(crate) const fn by_hand(self, why: &'static str) -> Self {
        let by_hand = Some(why);
        Self { by_hand, ..self }
    }

    fn trial(&'static self, module: &str, all: bool, by_hand: bool) -> Trial {
        let name = format!("{module}::{}", self.name);
        let trial = Trial::ignorable_test(name, move || {
            if let Some(why) = self.by_hand.filter(|_| !by_hand) {
                return Ok(Completion::ignored_with(format!("by hand: {why}")));
            }
            if let Some(why) = self.slow.filter(|_| !all) {
                return Ok(Completion::ignored_with(format!("slow: {why}")));
            }
            let missing = self.needs.iter().find(|path| !is_installed(path));
            if let Some(path) = missing {
                let why = format!("target/interop/{path} is missing; run tests/interop/install.sh");
                return if is_ci() {
                    Err(why.into())
                } else {
                    Ok(Completion::ignored_with(why))
                };
            }
            (self.work)();
            Ok(Completion::Completed)
        });
        trial.with_ignored_flag(self.by_hand.is_some())
    }
}

/// Runs the tests of all modules that the arguments of the process ask for.
pub(crate) fn run(modules: &[(&str, &'static [Test])]) -> ExitCode {
    let arguments = Arguments::from_args();
    let all = arguments.include_ignored || arguments.ignored;
    let trials = modules.iter().flat_map(|(module, tests)| {
        tests
            .iter()
            .map(|test| test.trial(module, all, arguments.ignored))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
