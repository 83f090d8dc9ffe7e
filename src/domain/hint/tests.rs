//! How hints are rendered for an invocation.

use super::*;
use crate::domain::{EnvName, shell_quoted};

fn given() -> Invocation {
    let own = |options: &[&str]| options.iter().map(|it| (*it).to_owned()).collect();
    Invocation {
        section: own(&["--env", "dev"]),
        ambient_environment: true,
        files: own(&["--config", "a b.toml"]),
        access: own(&["--profile", "work"]),
        local: true,
        store: own(&["--persist-to", "s"]),
    }
}

#[test]
fn a_command_is_written_as_a_shell_takes_it() {
    let run = |arguments: &[&str]| {
        let command = Suggestion::new("provision").args(arguments);
        Hint::run(command).render(&Invocation::default())
    };
    assert_eq!(run(&[]), "run `kvctl provision`");
    let expected = if cfg!(windows) {
        "run `kvctl provision \"A=it's one\" \"\"`"
    } else {
        r"run `kvctl provision 'A=it'\''s one' ''`"
    };
    assert_eq!(run(&["A=it's one", ""]), expected);
}

#[test]
fn what_could_be_taken_for_an_option_stands_behind_all_options() {
    let delete = Suggestion::new("key delete")
        .args(["a", "-x"])
        .flag("--must-exist");
    assert_eq!(
        delete.clone().sectionless().render(&Invocation::default()),
        "kvctl key delete --must-exist -- a -x"
    );
    assert!(
        delete
            .render(&given())
            .ends_with("--persist-to s --local -- a -x")
    );
    let typed = ["-b", "KV", "--", "--remote"];
    let typed = Suggestion::new("key get").typed(typed).sectionless();
    let local = Invocation {
        local: true,
        ..Invocation::default()
    };
    assert_eq!(
        typed.render(&local),
        "kvctl key get -b KV --local -- --remote"
    );
    let input = Suggestion::new("import").arg("-").option("-n", "-t");
    assert_eq!(input.render(&Invocation::default()), "kvctl import - -n=-t");
}

#[test]
fn a_command_acts_where_this_run_did() {
    let hint = Hint::run(Suggestion::new("key list")).text(" to see the keys");
    assert_eq!(
        hint.render(&given()),
        format!(
            "run `kvctl key list --env dev --config {} --profile work --persist-to s --local` \
             to see the keys",
            shell_quoted("a b.toml")
        )
    );
    let local = Suggestion::new("key list").flag("--local").sectionless();
    let invocation = Invocation {
        local: true,
        ..Invocation::default()
    };
    assert_eq!(local.render(&invocation), "kvctl key list --local");
}

#[test]
fn hints_that_differ_in_their_subjects_are_one() {
    let hint = |binding: &str, id: &str, mode: &str| {
        let command = Suggestion::provision(binding, &Section::TOP).option("--preview", mode);
        Hint::run(command.replacing(id)).text(" to write one")
    };
    let both = hint("A", "1", "same").merged(&hint("B", "2", "same"));
    assert_eq!(
        both.unwrap().to_string(),
        "run `kvctl provision A B --preview same --replace-id 1 --replace-id 2` to write one"
    );
    let two = hint("A", "1", "same").merged(&hint("B", "1", "separate"));
    assert_eq!(
        two.unwrap().to_string(),
        "run `kvctl provision A --preview same --replace-id 1` and `kvctl provision B --preview separate \
         --replace-id 1` to write one"
    );
    let rename = Hint::run(Suggestion::new("namespace rename")).text(" to write one");
    assert_eq!(hint("A", "1", "same").merged(&rename), None);
    assert_eq!(Hint::from("a").merged(&"a".into()), Some("a".into()));
    assert_eq!(Hint::from("a").merged(&"b".into()), None);
}

#[test]
fn an_option_is_written_as_a_shell_takes_it() {
    let shown = |name: &str| {
        Hint::from("pass ")
            .option("--env", name)
            .text("?")
            .to_string()
    };
    assert_eq!(shown("staging"), "pass `--env staging`?");
    assert_eq!(shown("-e"), "pass `--env=-e`?");
    assert_eq!(
        shown("x y"),
        "pass `--env 'x y'`?".replace('\'', if cfg!(windows) { "\"" } else { "'" })
    );
}

#[test]
fn a_hint_for_several_sections_has_a_command_for_each_or_one_for_all() {
    let staging = Section::from("staging".parse::<EnvName>().unwrap());
    let hint = |section: &Section, binding: &str, id: &str| {
        let command = Suggestion::provision(binding, section).replacing_missing(id);
        Hint::run(command).text(" to replace it")
    };
    let all = [
        (&Section::TOP, "A", "1"),
        (&staging, "A", "2"),
        (&staging, "B", "3"),
    ]
    .map(|(section, binding, id)| hint(section, binding, id));
    let [one, two, three] = all;
    let all = one.merged(&two).unwrap().merged(&three).unwrap();
    assert_eq!(
        all.to_string(),
        "run `kvctl provision A --replace-id 1` and `kvctl provision A B --replace-id 2 \
         --replace-id 3 --env staging` to replace it"
    );
    let one = all.map_commands(Suggestion::in_all_sections);
    let fourth = hint(&staging, "C", "4").map_commands(Suggestion::in_all_sections);
    assert_eq!(
        one.merged(&fourth).unwrap().to_string(),
        "run `kvctl provision A B C --replace-missing --all-envs` to replace it"
    );
}

#[test]
fn what_is_to_be_completed_is_shown_and_not_run() {
    let title = Suggestion::provision("A=TITLE", &Section::TOP).as_example();
    let hint = Hint::run(Suggestion::provision("B", &Section::TOP)).text(", or ");
    let hint = hint.and(title);
    let none = Invocation::default();
    let shown = "run `kvctl provision B`, or `kvctl provision A=TITLE`";
    assert_eq!(hint.to_string(), shown);
    assert_eq!(hint.commands(&none), ["kvctl provision B"]);
    let later = hint.as_example();
    assert_eq!(later.to_string(), shown);
    assert!(later.commands(&none).is_empty());
}

#[test]
fn what_works_on_files_alone_gets_no_account() {
    let scaffold = Suggestion::new("scaffold").sectionless();
    assert_eq!(
        scaffold.render(&given()),
        format!(
            "kvctl scaffold --config {} --persist-to s",
            shell_quoted("a b.toml")
        )
    );
}

#[test]
fn a_section_that_is_named_wins() {
    let invocation = Invocation {
        ambient_environment: true,
        ..Invocation::default()
    };
    let at = |section: &Section| Suggestion::provision("A", section).render(&invocation);
    let staging = Section::from("staging".parse::<EnvName>().unwrap());
    assert_eq!(at(&staging), "kvctl provision A --env staging");
    let odd = Section::from("-e".parse::<EnvName>().unwrap());
    assert_eq!(at(&odd), "kvctl provision A --env=-e");
    let top = format!("kvctl provision A --env {}", shell_quoted(""));
    assert_eq!(at(&Section::TOP), top);
    assert_eq!(at(&Section::TOP.previews()), format!("{top} --in-previews"));
    let none = Invocation::default();
    assert_eq!(
        Suggestion::provision("A", &Section::TOP).render(&none),
        "kvctl provision A"
    );
}
