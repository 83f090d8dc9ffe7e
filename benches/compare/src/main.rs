//! kvctl beside wrangler, the official SDK and a client that does nothing but send the same requests.
//!
//! `cargo run --release --package compare`, and `--help` behind `--` for more. Needs Unix. docs/benchmarks.md has the
//! method and the figures.
#![expect(
    clippy::disallowed_methods,
    reason = "what is written here is for one run, and the environment goes to the programs"
)]

mod floor;
mod launch;
mod machine;
mod programs;
mod service;
mod session;
mod table;
mod work;

#[path = "../../../tests/cli/tls_end.rs"]
mod tls_end;

use std::{fmt::Write as _, path::PathBuf, process::ExitCode, time::Duration};

use fs_err as fs;

use clap::{Parser, ValueEnum as _};
use programs::{Program, Programs};
use session::Session;
use table::Row;
use work::Kind;

/// Compare kvctl with wrangler, the official SDK and a bare client
#[derive(Debug, Parser)]
struct Options {
    /// What to run [default: all]
    #[arg(value_enum)]
    work: Vec<Kind>,
    /// Programs to run [default: all that are there]
    #[arg(long, value_enum, value_delimiter = ',')]
    programs: Vec<Program>,
    /// kvctl's program [default: built by `cargo build --release`]
    #[arg(long, value_name = "PATH")]
    kvctl: Option<PathBuf>,
    /// wrangler's program [default: the one that tests/interop/install.sh installs]
    #[arg(long, value_name = "PATH")]
    wrangler: Option<PathBuf>,
    /// Rounds
    #[arg(long, default_value_t = 5, value_name = "N")]
    rounds: usize,
    /// Milliseconds that each request takes at least
    #[arg(long, value_delimiter = ',', default_values_t = [0, 50], value_name = "MS")]
    latency: Vec<u64>,
    /// Only over HTTPS, or only in clear
    #[arg(long)]
    tls: Option<bool>,
    /// Markdown file to renew: the tables go below its line `<!-- tables -->`
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// Below this line of a page stand the tables.
const MARK: &str = "<!-- tables -->\n";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some(launch::COMMAND) => return launch::launch(args),
        Some(floor::COMMAND) => {
            floor::run(args);
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let options = Options::parse();
    let page = options.markdown.as_ref().map(|path| {
        let page =
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let above = page
            .split_once(MARK)
            .map(|(above, _)| format!("{above}{MARK}"));
        (
            path,
            above.unwrap_or_else(|| panic!("{} has no line {MARK}", path.display())),
        )
    });
    let programs = Programs::find(&options);
    let mut report = machine::header(&programs, options.rounds);
    print!("{report}");
    let mut rows = Vec::new();
    for (title, tls, latency, kinds) in sections(&options) {
        let session = Session::start(&programs, tls, Duration::from_millis(latency));
        let from = rows.len();
        for kind in kinds {
            eprintln!("{title}: {}", kind.title());
            rows.extend(session.measure(kind, options.rounds));
        }
        let mut section = String::new();
        write!(section, "\n### {title}\n\n{}", table::table(&rows[from..])).unwrap();
        print!("{section}");
        report += &section;
    }
    if let Some((path, above)) = page {
        fs::write(path, format!("{above}\n{report}")).unwrap();
    }
    // What wrangler or the SDK cannot do is a result.
    let ours = |row: &&Row| {
        [Program::Kvctl, Program::Floor]
            .iter()
            .any(|program| program.name() == row.program)
    };
    ExitCode::from(u8::from(
        rows.iter().filter(ours).any(|row| row.outcome.is_err()),
    ))
}

/// What is measured together: a title, the service, and the work.
fn sections(options: &Options) -> Vec<(String, bool, u64, Vec<Kind>)> {
    let asked = |kind: &Kind| options.work.is_empty() || options.work.contains(kind);
    let asked = Kind::value_variants().iter().copied().filter(asked);
    let (local, remote): (Vec<_>, Vec<_>) = asked.partition(|kind| kind.is_local());
    let mut sections = vec![("Without a service".to_owned(), false, 0, local)];
    for tls in [false, true] {
        if options.tls.is_some_and(|only| only != tls) {
            continue;
        }
        for &latency in &options.latency {
            let way = if tls { "HTTPS" } else { "HTTP" };
            sections.push((
                format!("{way}, {latency} ms a request"),
                tls,
                latency,
                remote.clone(),
            ));
        }
    }
    sections.retain(|(_, _, _, kinds)| !kinds.is_empty());
    sections
}
