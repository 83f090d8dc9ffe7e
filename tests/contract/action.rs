//! `action.yml` is an action that GitHub takes, and says what the program knows.

use std::collections::BTreeSet;

use clap::CommandFactory as _;
use fs_err as fs;
use yaml_rust2::{Yaml, YamlLoader};

fn text() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/action.yml")).unwrap()
}

fn keys(yaml: &Yaml) -> BTreeSet<String> {
    let keys = yaml.as_hash().unwrap().keys();
    keys.map(|key| key.as_str().unwrap().to_owned()).collect()
}

/// What follows each `start` in the text, as far as it is a name.
fn named<'t>(text: &'t str, start: &'t str) -> BTreeSet<&'t str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let rests = text.split(start).skip(1);
    rests
        .map(|rest| &rest[..rest.find(|c| !word(c)).unwrap_or(rest.len())])
        .collect()
}

#[test]
fn it_is_a_composite_action_whose_names_fit_together() {
    let text = text();
    let action = &YamlLoader::load_from_str(&text).unwrap()[0];
    assert_eq!(action["runs"]["using"].as_str(), Some("composite"));
    for name in ["name", "description"] {
        assert!(action[name].as_str().is_some(), "{name}");
    }
    let inputs = keys(&action["inputs"]);
    let taken = named(&text, "inputs.").into_iter().map(str::to_owned);
    assert_eq!(taken.collect::<BTreeSet<_>>(), inputs);

    let steps = action["runs"]["steps"].as_vec().unwrap();
    let ids: BTreeSet<&str> = steps
        .iter()
        .filter_map(|step| step["id"].as_str())
        .collect();
    assert!(named(&text, "steps.").is_subset(&ids), "{ids:?}");
    for step in steps {
        let (run, uses) = (step["run"].as_str(), step["uses"].as_str());
        assert!(run.is_some() != uses.is_some(), "{step:?}");
        if let Some(script) = run {
            assert!(step["shell"].as_str().is_some(), "{step:?}");
            // In the text of a script an input could end a command and begin another.
            assert!(!script.contains("${{"), "{script}");
        }
    }
}

#[test]
fn its_flags_and_the_recipes_exist() {
    let text = text();
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify.md")).unwrap();
    let command = kvctl::cli::Cli::command();
    let checks = ["verify", "provision", "scaffold"];
    let commands = checks.map(|check| command.find_subcommand(check).unwrap());
    let flags: BTreeSet<&str> = commands
        .into_iter()
        .chain([&command])
        .flat_map(|command| command.get_arguments().filter_map(clap::Arg::get_long))
        .collect();
    for flag in named(&text, "arguments+=(--") {
        assert!(flags.contains(flag), "{flag}");
    }
    let recipes: Vec<&str> = page.split("```yaml\n").skip(1).collect();
    assert_eq!(recipes.len(), 2);
    for recipe in recipes {
        let recipe = recipe.split("```").next().unwrap();
        YamlLoader::load_from_str(recipe).unwrap();
    }
    let action = &YamlLoader::load_from_str(&text).unwrap()[0];
    for name in keys(&action["inputs"]).union(&keys(&action["outputs"])) {
        assert!(
            page.contains(name.as_str()),
            "the page does not name `{name}`"
        );
    }
}
