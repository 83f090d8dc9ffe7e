//! The table, as Markdown.

use crate::measure::Run;

/// The medians of one program at one piece of work.
pub(crate) struct Row {
    pub(crate) job: String,
    pub(crate) program: &'static str,
    pub(crate) medians: Run,
    /// How many times as long as kvctl.
    pub(crate) ratio: f64,
}

pub(crate) fn print(rows: &[Row]) {
    println!("| work | program | wall, ms | × kvctl | processor, ms | requests |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    for row in rows {
        let Run {
            wall,
            processor,
            requests,
        } = row.medians;
        println!(
            "| {} | {} | {:.1} | {:.2} | {:.1} | {requests} |",
            row.job,
            row.program,
            wall.as_secs_f64() * 1000.0,
            row.ratio,
            processor.as_secs_f64() * 1000.0,
        );
    }
}
