//! `kvctl man`: the man pages.

use std::{fmt::Write as _, path::PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use super::{Cli, examples, help};

/// Arguments of `kvctl man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Directory to write the man pages to; created if missing
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// The variables that users set.
const VARIABLES: &[(&str, &str)] = &[
    ("CLOUDFLARE_API_TOKEN", "API token"),
    (
        "CLOUDFLARE_API_KEY, CLOUDFLARE_EMAIL",
        "global API key, and the email that belongs to it",
    ),
    ("CLOUDFLARE_ACCOUNT_ID", "account id"),
    ("CLOUDFLARE_ENV", "environment of the wrangler file"),
    (
        "CLOUDFLARE_AUTH_PROFILE",
        "which of wrangler's logins to use",
    ),
    ("CLOUDFLARE_API_BASE_URL", "URL of the API"),
    (
        "CLOUDFLARE_COMPLIANCE_REGION",
        "public or fedramp_high: which of Cloudflare's networks the account is on",
    ),
    (
        "CLOUDFLARE_API_HEADERS",
        "further headers of every API request, a JSON object",
    ),
    (
        "WRANGLER_CI_OVERRIDE_NAME",
        "name of the Worker that Workers Builds deploys",
    ),
    (
        "KVCTL_LOCAL",
        "use the local store, unless \\-\\-remote is given",
    ),
    ("KVCTL_LOG", "quiet, debug (as \\-v) or trace (as \\-vv)"),
    (
        "NODE_EXTRA_CA_CERTS",
        "file of additional certificate authorities",
    ),
    ("VISUAL, EDITOR", "editor of kvctl key edit"),
    ("HOME, XDG_CONFIG_HOME", "where wrangler keeps its logins"),
    (
        "HOME, XDG_STATE_HOME",
        "where interrupted runs are recorded: kvctl/journals, in ~/.local/state by default",
    ),
    (
        "USERPROFILE, APPDATA, LOCALAPPDATA",
        "in place of the HOME of both on Windows",
    ),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "proxies"),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "certificate authorities in place of the system's",
    ),
    ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM", "color"),
    (
        "GITHUB_ACTIONS, GITHUB_WORKSPACE, GITHUB_STEP_SUMMARY, GITHUB_OUTPUT",
        "set by GitHub Actions; kvctl verify reports to the workflow",
    ),
];

/// Returns the man page of each command: its file name and roff text. `exits` are the exit codes
/// with their meanings.
pub fn manual(exits: &[(u8, &str)]) -> Vec<(String, Vec<u8>)> {
    let mut root = Cli::command();
    root.build();
    let mut pages = Vec::new();
    describe(&root, None, exits, &mut pages);
    pages
}

fn describe(
    command: &Command,
    above: Option<&str>,
    exits: &[(u8, &str)],
    pages: &mut Vec<(String, Vec<u8>)>,
) {
    // The page of kvctl has the global options.
    let own = command.clone().mut_args(|arg| {
        let hidden = arg.is_hide_set() || (above.is_some() && arg.is_global_set());
        arg.hide(hidden)
    });
    let source = concat!("kvctl ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(own).source(source).manual("kvctl manual");
    let name = man.get_filename();
    let name = name.trim_end_matches(".1");
    let mut text = Vec::new();
    // Writing to a vector cannot fail.
    man.render_title(&mut text).ok();
    man.render_name_section(&mut text).ok();
    man.render_synopsis_section(&mut text).ok();
    man.render_description_section(&mut text).ok();
    man.render_options_section(&mut text).ok();
    if above.is_some() {
        text.extend(b".PP\nThe global options are described in kvctl(1).\n");
    }
    let below: Vec<&Command> = command
        .get_subcommands()
        .filter(|it| !it.is_hide_set() && it.get_name() != "help")
        .collect();
    if !below.is_empty() {
        man.render_subcommands_section(&mut text).ok();
    }
    let path = name.strip_prefix("kvctl").unwrap_or_default();
    let path = path.trim_start_matches('-');
    text.extend(notes(command).bytes());
    text.extend(examples_section(path).bytes());
    text.extend(
        table(
            "EXIT STATUS",
            exits.iter().map(|(code, meaning)| (code, *meaning)),
        )
        .bytes(),
    );
    let variables = VARIABLES.iter().map(|(name, meaning)| (name, *meaning));
    text.extend(table("ENVIRONMENT", variables).bytes());
    let children = below.iter().map(|it| format!("{name}-{}", it.get_name()));
    let related: Vec<String> = above
        .map(str::to_owned)
        .into_iter()
        .chain(children)
        .collect();
    text.extend(see_also(&related).bytes());
    pages.push((format!("{name}.1"), ascii(&text).into_bytes()));
    for below in below {
        describe(below, Some(name), exits, pages);
    }
}

/// Returns what the help says below the options.
fn notes(command: &Command) -> String {
    let text = command.get_after_long_help().or(command.get_after_help());
    let Some(text) = text.filter(|_| command.get_name() != "kvctl") else {
        return String::new();
    };
    let mut section = ".SH NOTES\n".to_owned();
    let mut is_verbatim = false;
    for line in help::reflowed(text).lines() {
        let verbatim = line.starts_with(' ') || (is_verbatim && line.is_empty());
        if verbatim != is_verbatim {
            section += if verbatim { ".PP\n.nf\n" } else { ".fi\n" };
            is_verbatim = verbatim;
        }
        if line.is_empty() && !verbatim {
            section += ".PP\n";
        } else {
            section += &escaped(line);
            section.push('\n');
            if !verbatim {
                section += ".br\n";
            }
        }
    }
    if is_verbatim {
        section += ".fi\n";
    }
    section
        .replace(".br\n.PP\n", ".PP\n")
        .replace(".PP\n.PP\n", ".PP\n")
}

/// Returns the examples of the command at `path`, such as `key-get`.
fn examples_section(path: &str) -> String {
    let known = examples::EXAMPLES.iter();
    let mut known = known.filter(|(name, _)| name.replace(' ', "-") == path);
    let lines = known.next().map_or(&[][..], |(_, lines)| *lines);
    let lines: String = lines.iter().map(|line| escaped(line) + "\n").collect();
    format!(".SH EXAMPLES\n.nf\n.RS 4\n{lines}.RE\n.fi\n")
}

fn table<'a, N: ToString>(title: &str, rows: impl Iterator<Item = (N, &'a str)>) -> String {
    let mut section = format!(".SH \"{title}\"\n");
    for (name, meaning) in rows {
        write!(section, ".TP\n\\fB{}\\fR\n{meaning}\n", name.to_string()).ok();
    }
    section
}

fn see_also(related: &[String]) -> String {
    let pages = related.iter().map(|page| format!("{}(1)", escaped(page)));
    let pages: Vec<String> = pages.collect();
    format!(".SH \"SEE ALSO\"\n{}\n", pages.join(", "))
}

/// Returns a page that any roff reads, whatever encoding it expects.
fn ascii(text: &[u8]) -> String {
    let mut page = String::with_capacity(text.len());
    for c in String::from_utf8_lossy(text).chars() {
        if c.is_ascii() {
            page.push(c);
        } else {
            write!(page, "\\[u{:04X}]", u32::from(c)).ok();
        }
    }
    page
}

/// Returns a line as roff shows it unchanged.
fn escaped(line: &str) -> String {
    let text = line.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) {
        format!("\\&{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_unchanged() {
        assert_eq!(escaped(".a -b \\"), "\\&.a \\-b \\e");
        assert_eq!(escaped("'"), "\\&'");
    }

    #[test]
    fn every_variable_that_users_set_is_there() {
        let names: Vec<&str> = VARIABLES.iter().flat_map(|it| it.0.split(", ")).collect();
        let own = crate::env::Var::ALL.iter().map(|var| var.name());
        let all = own.chain(crate::env::READ_BY_LIBRARIES.iter().copied());
        // Old names are for those who have them already, and scripts set the last.
        let is_old = |name: &str| name.starts_with("CF_") || name == "KVCTL_COMPLETE";
        for name in all.filter(|name| !is_old(name)) {
            assert!(names.contains(&name), "{name}");
        }
    }

    #[test]
    fn pages_are_the_same_each_time_and_have_all_sections() {
        let pages = manual(&[(0, "success")]);
        assert_eq!(pages, manual(&[(0, "success")]));
        assert!(pages.iter().any(|(name, _)| name == "kvctl-key-get.1"));
        for (name, text) in pages {
            let text = String::from_utf8(text).unwrap();
            for section in [
                "NAME",
                "SYNOPSIS",
                "EXAMPLES",
                "\"EXIT STATUS\"",
                "ENVIRONMENT",
                "\"SEE ALSO\"",
            ] {
                let title = format!(".SH {section}\n");
                let quoted = format!(".SH \"{section}\"\n");
                assert!(
                    text.contains(&title) || text.contains(&quoted),
                    "{name}: {section}"
                );
            }
        }
    }
}
