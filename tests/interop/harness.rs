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
    work: fn(),
}

impl Test {
    pub(crate) const fn new(
        name: &'static str,
        needs: &'static [&'static str],
        work: fn(),
    ) -> Self {
        let slow = None;
        Self {
            name,
            needs,
            slow,
            work,
        }
    }

    pub(crate) const fn slow(self, why: &'static str) -> Self {
        let slow = Some(why);
        Self { slow, ..self }
    }

    fn trial(&'static self, module: &str, all: bool) -> Trial {
        Trial::ignorable_test(format!("{module}::{}", self.name), move || {
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
        })
    }
}

/// Runs the tests of all modules that the arguments of the process ask for.
pub(crate) fn run(modules: &[(&str, &'static [Test])]) -> ExitCode {
    let arguments = Arguments::from_args();
    let all = arguments.include_ignored || arguments.ignored;
    let trials = modules
        .iter()
        .flat_map(|(module, tests)| tests.iter().map(|test| test.trial(module, all)));
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
