//! What the README and the pages in `docs` say of codes, variables and commands is what the program
//! knows, their links lead somewhere, and what CONTRIBUTING.md says of files is in the tree.

use std::path::Path;

use clap::CommandFactory as _;
use fs_err as fs;
use kvctl::{
    cli::Cli,
    config::{CacheOptions, Manifest, Part, RateLimitOptions, SessionOptions},
    env,
    error::Exit,
    ops::verify::Check,
};
use yaml_rust2::YamlLoader;

use crate::pages::{self, Page, ROOT, pages};

/// The text of all of them.
fn text() -> String {
    pages().into_iter().map(|page| page.text).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(ROOT);
    for Page { name, text } in pages() {
        let folder = root.join(&name).parent().unwrap().to_owned();
        for rest in text.split("](").skip(1) {
            let (link, _) = rest.split_once(')').unwrap();
            if link.starts_with("https://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let path = match file {
                "" => root.join(&name),
                _ => folder.join(file),
            };
            assert!(path.exists(), "{name} links to {link}");
            if !heading.is_empty() {
                let target = fs::read_to_string(path).unwrap();
                let mut all = target.lines().filter(|line| line.starts_with('#'));
                assert!(all.any(|it| anchor(it) == heading), "{name}: {link}");
            }
        }
    }
}

/// How a link names a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.replace(' ', "-");
    kept.chars()
        .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
        .collect()
}

#[test]
fn blocks_of_yaml_and_toml_are_that() {
    for page in pages() {
        for part in page.parts() {
            let pages::Part::Block(block) = part else {
                continue;
            };
            let read = match block.language.as_str() {
                "yaml" => YamlLoader::load_from_str(&block.text).is_ok(),
                "toml" => block.text.parse::<toml_edit::DocumentMut>().is_ok(),
                _ => true,
            };
            assert!(read, "{}:{}: not {}", page.name, block.line, block.language);
        }
    }
}

#[test]
fn every_page_is_linked_from_the_readme() {
    let pages = pages();
    for Page { name, .. } in &pages[1..] {
        let link = format!("]({name})");
        assert!(
            pages[0].text.contains(&link),
            "the README does not link {name}"
        );
    }
}

#[test]
fn every_exit_code_is_listed() {
    let text = text();
    let (_, table) = text
        .split_once("| code | meaning |\n| --- | --- |\n")
        .unwrap();
    let listed: Vec<&str> = table
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    let known: Vec<String> = Exit::ALL
        .iter()
        .map(|(exit, meaning)| format!("| {} | {meaning} |", *exit as u8))
        .collect();
    assert_eq!(listed, known);
}

#[test]
fn every_variable_is_listed() {
    let text = text();
    let own = env::Var::ALL.iter().map(|var| var.name());
    for name in own.chain(env::READ_BY_LIBRARIES.iter().copied()) {
        assert!(text.contains(&format!("`{name}`")), "no page names {name}");
    }
}

#[test]
fn every_check_is_explained_here_and_in_the_help() {
    let text = text();
    let command = Cli::command();
    let verify = command.find_subcommand("verify").unwrap();
    let help = verify.get_after_long_help().unwrap().to_string();
    for check in Check::ALL {
        let row = format!("| `{check}` |");
        assert!(text.contains(&row), "no page explains `{check}`");
        let line = format!("\n  {check} ");
        assert!(help.contains(&line), "the help does not explain `{check}`");
    }
}

#[test]
fn every_command_is_shown() {
    let text = text();
    for command in Cli::command().get_subcommands() {
        let below: Vec<_> = command
            .get_subcommands()
            .map(|c| format!(" {}", c.get_name()))
            .collect();
        let below = if below.is_empty() {
            vec![String::new()]
        } else {
            below
        };
        for name in below {
            let call = format!("kvctl {}{name}", command.get_name());
            assert!(text.contains(&call), "no page shows `{call}`");
        }
    }
}

#[test]
fn every_flag_it_shows_exists() {
    let text = text();
    let mut flags = Vec::new();
    collect_flags(&Cli::command(), &mut flags);
    let word = |c: char| c.is_ascii_lowercase() || c == '-';
    for (_, rest) in text.match_indices("--").map(|(at, _)| text.split_at(at)) {
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let flag = rest[..end].trim_matches('-');
        // Those of cargo, npm, wrangler, pip, gh, docker, `packaging` and benches/compare, and the rules
        // of tables.
        let foreign = "quiet path locked remote help save-dev git root text new-name binding release package bench \
                       tls rounds kvctl markdown rm ignore-missing repo require-hashes requirement version build-arg \
                       require";
        assert!(
            flag.is_empty()
                || foreign.split(' ').any(|it| it == flag)
                || flags.iter().any(|known| known == flag),
            "a page shows `--{flag}`"
        );
    }
}

fn collect_flags(command: &clap::Command, flags: &mut Vec<String>) {
    flags.extend(
        command
            .get_arguments()
            .filter_map(|a| a.get_long())
            .map(str::to_owned),
    );
    command
        .get_subcommands()
        .for_each(|below| collect_flags(below, flags));
}

#[test]
fn every_option_of_scaffold_that_it_shows_exists() {
    let text = text();
    let (_, rest) = text
        .split_once("```toml file=kvctl.toml\n[scaffold]\n")
        .unwrap();
    let (table, _) = rest.split_once("```").unwrap();
    let table = format!("[scaffold]\n{table}");
    let manifest = Manifest::parse(Path::new("kvctl.toml"), &table).unwrap();
    let scaffold = manifest.scaffold.unwrap();
    assert_eq!(scaffold.only.as_deref(), Some(&Part::ALL[..]));
    // The values are the usual ones, but for what the text names.
    let usual = CacheOptions {
        prefix: Some("profile:".to_owned()),
        ttl: Some(CacheOptions::default().ttl()),
        value_type: Some("Profile".to_owned()),
        value_from: Some("src/lib/profile.ts".to_owned()),
        ..CacheOptions::default()
    };
    assert_eq!(scaffold.cache, usual);
    let usual = SessionOptions {
        prefix: Some("session:".to_owned()),
        ..SessionOptions::default()
    };
    assert_eq!(scaffold.sessions, usual);
    let usual = RateLimitOptions {
        prefix: Some("auth_attempt:".to_owned()),
        endpoints: scaffold.rate_limit.endpoints.clone(),
        ..RateLimitOptions::default()
    };
    assert_eq!(scaffold.rate_limit, usual);
    assert_eq!(scaffold.rate_limit.endpoints.len(), 2);
}

#[test]
fn every_path_that_contributing_names_exists() {
    let root = Path::new(ROOT);
    let text = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let prose: String = text.split("```").step_by(2).collect();
    let quoted = prose.split('`').skip(1).step_by(2);
    let roots = [
        "src/",
        "tests/",
        ".ci/",
        ".config/",
        ".cargo/",
        ".github/",
        "packaging/",
    ];
    let is_path = |name: &&str| roots.iter().any(|root| name.starts_with(root));
    let named: Vec<&str> = quoted.filter(is_path).collect();
    assert!(named.len() > 15, "{named:?}");
    let absent: Vec<&&str> = named
        .iter()
        .filter(|name| !root.join(name).exists())
        .collect();
    assert!(absent.is_empty(), "CONTRIBUTING.md names {absent:?}");
}
