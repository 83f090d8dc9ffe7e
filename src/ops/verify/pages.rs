//! The check `pages`: a Pages project without `pages_build_output_dir` deploys without its
//! wrangler file, and so without its bindings.

use super::{Check, Finding, facts::Facts};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let check = Check::Pages;
    let document = match facts.document() {
        Ok(document) => document,
        Err(blocked) => return vec![blocked.finding(check)],
    };
    let project = document.project();
    if project.has_pages_output {
        return vec![Finding::pass(check, "`pages_build_output_dir` is set")];
    }
    let beside = document.path().parent();
    let signs = ["functions", "_worker.js"];
    let sign = signs
        .into_iter()
        .find(|sign| beside.is_some_and(|directory| directory.join(sign).exists()));
    let finding = match sign {
        Some(sign) if !project.has_main => Finding::warn(
            check,
            format!(
                "`{sign}` makes this a Pages project, and without `pages_build_output_dir` \
                 `wrangler pages deploy` ignores the file: the bindings are undefined in production"
            ),
        )
        .at(facts.place(crate::config::Position { line: 1, column: 1 }))
        .hint("set `pages_build_output_dir` to the directory that is deployed, such as \"./dist\""),
        _ => Finding::skip(check, "this is no Pages project"),
    };
    vec![finding]
}
