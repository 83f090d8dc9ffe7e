//! The table, as Markdown.

use std::fmt::Write as _;

use crate::launch::Run;

/// What one program took for one piece of work.
pub(crate) struct Row {
    pub(crate) work: &'static str,
    pub(crate) program: &'static str,
    /// The medians, or why there are none.
    pub(crate) outcome: Result<Run, String>,
}

/// Writes the rows; those of one piece of work are compared with kvctl's.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| work | program | wall, ms | × kvctl | processor, ms | peak memory, MB | requests |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut kvctl = None;
    let mut above = "";
    for Row {
        work,
        program,
        outcome,
    } in rows
    {
        if *work != above {
            kvctl = outcome
                .as_ref()
                .ok()
                .filter(|_| *program == "kvctl")
                .map(|run| run.wall);
        }
        let shown = if *work == above { "" } else { work };
        above = work;
        write!(text, "| {shown} | {program} | ").unwrap();
        match outcome {
            Ok(run) => {
                let ratio = kvctl.map_or(String::new(), |kvctl| {
                    format!("{:.2}", run.wall.as_secs_f64() / kvctl.as_secs_f64())
                });
                let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
                #[expect(clippy::cast_precision_loss, reason = "megabytes")]
                let peak = run.peak_bytes as f64 / 1e6;
                writeln!(
                    text,
                    "{:.1} | {ratio} | {:.1} | {peak:.1} | {} |",
                    ms(run.wall),
                    ms(run.processor),
                    run.requests
                )
            }
            Err(reason) => writeln!(text, "failed: {reason} | | | | |"),
        }
        .unwrap();
    }
    text
}
