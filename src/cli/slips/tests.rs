//! Which slips get a suggestion.

use super::*;

fn answer(line: &str) -> Option<String> {
    let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let arguments = super::super::parse(
        std::iter::once("kvctl".into()).chain(arguments.iter().map(Into::into)),
    )
    .is_err()
    .then_some(arguments)?;
    meant(&arguments).map(|hint| hint.to_string())
}

#[test]
fn what_was_meant_is_a_command_that_is_taken() {
    for (line, command) in [
        ("key list user:", "key list --prefix user:"),
        ("key ls user:* -b KV", "key list --prefix user: -b KV"),
        ("key list SESSIONS --local", "key list -b SESSIONS --local"),
        ("--local key list SESSIONS", "key list --local -b SESSIONS"),
        ("key list X -n t", "key list --prefix X -n t"),
        ("key list --format json", "key list --json"),
        ("key list -o json -b KV", "key list --json -b KV"),
        ("key list --output=ndjson", "key list --ndjson"),
        ("key get --key a -b KV", "key get a -b KV"),
        ("key list --title t", "key list -n t"),
        ("key touch a 60", "key touch a --ttl 60"),
        ("key get a KV", "key get a -b KV"),
        ("key get KV a", "key get -b KV a"),
        ("import f.json KV", "import f.json -b KV"),
        ("bulk put --file f.json", "bulk put f.json"),
        ("export -o f.json -b KV", "export f.json -b KV"),
        ("namespace create --name x", "namespace create x"),
        ("provision --binding X --check", "provision X --check"),
        ("key put a - --expire 60", "key put a - --ttl 60"),
        ("key put a - --ex 2h", "key put a - --ttl 2h"),
        (
            "key put a - --expire 4102444800",
            "key put a - --expiration 4102444800",
        ),
        ("key list --match user:*", "key list --prefix user:"),
        ("key list --max-items 5", "key list --limit 5"),
        ("key touch a 7d --local", "key touch a --ttl 7d --local"),
    ] {
        let said = answer(line);
        assert_eq!(said, Some(format!("run `kvctl {command}`")), "{line}");
    }
    for (line, command) in [
        ("import f --overwrite -n t", "import f -n t"),
        ("key put a - --force", "key put a -"),
        ("copy A B --clobber", "copy binding:A binding:B"),
    ] {
        let said = answer(line).unwrap();
        let note = "; existing keys are overwritten anyway";
        assert_eq!(said, format!("run `kvctl {command}`{note}"), "{line}");
    }
    for (line, command) in [
        ("key put --value b --key=a", "key put a VALUE"),
        ("key put a -c f --value b", "key put a -c f VALUE"),
        ("key put a b --ex 60", "key put a VALUE --ttl 60"),
        ("key put a --ex 60 -- -b", "key put a --ttl 60 -- VALUE"),
    ] {
        let said = answer(line).unwrap();
        let note = "; VALUE stands for the value";
        assert_eq!(said, format!("run `kvctl {command}`{note}"), "{line}");
    }
    assert_eq!(
        answer("key get a --raw").unwrap(),
        "run `kvctl key get a`; values are printed byte for byte anyway"
    );
    assert_eq!(
        answer("key touch a -e b").unwrap(),
        "run `kvctl key touch a -e b --ttl 1h`; `1h` is an example"
    );
}

#[test]
fn a_value_that_begins_with_a_dash_is_not_shown() {
    let hint = |line: &str| {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        dashed_value(&arguments).map(|it| it.to_string())
    };
    for line in [
        "key put K -s3cr3t -b X",
        "key put K --s3cr3t -b X",
        "key put -s3cr3t K -b X",
    ] {
        let said = hint(line).unwrap();
        let command = "`kvctl key put K -b X -- VALUE`";
        assert_eq!(
            said,
            format!("put a value that begins with `-` last: {command}")
        );
    }
    for line in [
        "key put K V --tll 60",
        "key put K --fil f",
        "key put K --stdn",
        "key get -x",
    ] {
        assert_eq!(hint(line), None, "{line}");
    }
}

#[test]
fn what_cannot_be_known_has_no_answer() {
    for line in [
        "key get",
        "key list a b",
        "key list --format table",
        "key put --value",
        "key touch",
        "key touch a b c",
        "key get a --frobnicate",
        "frobnicate",
    ] {
        assert_eq!(answer(line), None, "{line}");
    }
}
