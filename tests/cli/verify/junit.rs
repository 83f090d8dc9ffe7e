//! What the schema `junit-10` of Jenkins allows of the elements that are written.

use std::collections::BTreeMap;

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

/// An element: what it is called, the attributes that it needs, those that it may have, and its
/// children. Text may stand where no children may.
type Rule = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

const COUNTS: &[&str] = &["name", "tests", "failures", "errors"];

const RULES: &[Rule] = &[
    ("testsuites", &[], COUNTS, &["testsuite"]),
    (
        "testsuite",
        COUNTS,
        &["name", "tests", "failures", "errors", "skipped"],
        &["testcase"],
    ),
    (
        "testcase",
        &["name"],
        &["name", "classname"],
        &["skipped", "failure", "error", "system-out"],
    ),
    ("skipped", &[], &["message", "type"], &[]),
    ("failure", &[], &["message", "type"], &[]),
    ("error", &[], &["message", "type"], &[]),
    ("system-out", &[], &[], &[]),
];

fn rule(name: &str) -> &'static Rule {
    let rule = RULES.iter().find(|rule| rule.0 == name);
    rule.unwrap_or_else(|| panic!("no element is called `{name}`"))
}

/// Checks that every element is where it may be, with the attributes it may have, and that the suites
/// count what is in them.
pub(super) fn check(xml: &str) {
    let mut reader = Reader::from_str(xml);
    let mut above: Vec<String> = Vec::new();
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                let attributes = attributes(element, &above);
                for key in ["tests", "failures", "errors", "skipped"] {
                    let count = attributes.get(key).filter(|_| name == "testsuite");
                    let count = count.map_or(0, |count| count.parse().unwrap());
                    *said.entry(key.to_owned()).or_default() += count;
                }
                *counted.entry(name.clone()).or_default() += 1;
                if matches!(event, Event::Start(_)) {
                    above.push(name);
                }
            }
            Event::End(_) => {
                above.pop();
            }
            Event::Text(text) if !text.trim().is_empty() => {
                assert!(
                    rule(above.last().unwrap()).3.is_empty(),
                    "text in {above:?}"
                );
            }
            Event::Eof => break,
            _ => {}
        }
    }
    for (count, element) in [
        ("tests", "testcase"),
        ("failures", "failure"),
        ("errors", "error"),
        ("skipped", "skipped"),
    ] {
        let found = counted.get(element).copied().unwrap_or_default();
        assert_eq!(said[count], found, "{count}");
    }
}

/// Checks an element, and returns its attributes.
fn attributes(element: &BytesStart<'_>, above: &[String]) -> BTreeMap<String, String> {
    let name = element.name().as_ref().to_owned();
    let (_, needed, allowed, _) = rule(&name);
    match above.last() {
        Some(parent) => assert!(rule(parent).3.contains(&name.as_str()), "{above:?} {name}"),
        None => assert_eq!(name, "testsuites"),
    }
    let attributes: BTreeMap<String, String> = element
        .attributes()
        .map(|attribute| {
            let attribute = attribute.unwrap();
            (
                attribute.key.as_ref().to_owned(),
                attribute.value.into_owned(),
            )
        })
        .collect();
    for key in *needed {
        assert!(attributes.contains_key(*key), "{name} without {key}");
    }
    for key in attributes.keys() {
        assert!(allowed.contains(&key.as_str()), "{name} with {key}");
    }
    attributes
}
