//! The edit of generated files.

use proptest::prelude::*;

use super::*;

/// Members as people write them.
fn member() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("DB: D1Database"),
        Just("readonly SECRET: string"),
        Just("\"quoted\": number"),
        Just("SESSIONS: KVNamespace"),
        Just("'RATE_LIMIT': KVNamespace<'a' | 'b'>"),
        Just("fn(a: string, b?: { c: 1 }): void"),
        Just("nested: { a: string; b: { c: number } }"),
        Just("list: Array<[string, () => void]>"),
        Just("new (x: string): Date"),
        Just("optional?: boolean"),
        Just("template: `a${string}`"),
        Just("emoji: '🦀' | \"}\""),
    ]
    .prop_map(str::to_owned)
}

/// Comments, also with text that looks like code.
fn comment() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        3 => Just(""),
        1 => Just(" // trailing { CONFIG_CACHE: KVNamespace; }"),
        1 => Just(" /* block } */"),
    ]
}

/// Comments between the last member and the closing brace.
fn ending() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        2 => Just(""),
        1 => Just("\n//#endregion"),
        1 => Just("\n\n  /* #endregion\n } */\n  // RATE_LIMIT: KVNamespace"),
    ]
}

#[derive(Debug, Clone)]
struct File {
    text: String,
}

fn file() -> impl Strategy<Value = File> {
    let members = proptest::collection::vec((member(), comment()), 0..6);
    let separator = prop_oneof![Just(";"), Just(","), Just("")];
    let indent = prop_oneof![Just("  "), Just("\t"), Just("    "), Just("")];
    let heads = prop_oneof![
        Just("export interface Env {"),
        Just("interface Env extends Base<{ a: 1 }> {"),
        Just("declare interface Env\n{"),
        Just("export type Env = {"),
        Just("/** Doc { */ export interface Env { // here"),
    ];
    let before = prop_oneof![
        Just(""),
        Just("// Licence\n\n"),
        Just("import type { Base } from './base';\n"),
        Just("const s = `interface Env { ${1} }`;\n/* interface Env {} */\n"),
    ];
    let after = prop_oneof![Just(""), Just("\n"), Just("\nexport const x = '}';\n")];
    let shape = (any::<bool>(), any::<bool>(), any::<bool>(), ending());
    (members, separator, indent, heads, before, after, shape).prop_map(
        |(members, separator, indent, head, before, after, (crlf, bom, hug, ending))| {
            // Two members of one name would be refused.
            let mut seen = std::collections::HashSet::new();
            let mut body = String::new();
            let count = members.len();
            for (i, (member, comment)) in members.into_iter().enumerate() {
                if seen.insert(member.clone()) {
                    let last = i + 1 == count;
                    let separator = if last && hug { "" } else { separator };
                    body = format!("{body}\n{indent}{member}{separator}{comment}");
                }
            }
            let line_comment = body.lines().last().is_some_and(|line| line.contains("//"));
            let end = if hug && !line_comment && !body.is_empty() {
                " }"
            } else {
                "\n}"
            };
            let ending = if end == " }" { "" } else { ending };
            let mut text = format!("{before}{head}{body}{ending}{end}{after}");
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            if bom {
                text = format!("\u{feff}{text}");
            }
            File { text }
        },
    )
}

/// Whether `new` is `old` with something inserted.
fn is_insertion(old: &str, new: &str) -> bool {
    let mut new = new.bytes();
    old.bytes().all(|byte| new.any(|other| other == byte))
}

proptest! {
    #[test]
    fn no_byte_is_lost_and_a_second_run_changes_nothing(
        File { text } in file(),
        naming in prop_oneof![Just(Naming::Global), Just(Naming::Import)],
        optional in any::<[bool; 3]>(),
    ) {
        let mut fields = THREE.map(field);
        for (field, is_optional) in fields.iter_mut().zip(optional) {
            field.is_optional = is_optional;
        }
        let lacks = |text: &str| -> Vec<String> {
            let (_, missing) = lacking(text, Dialect::TypeScript, "Env", &fields);
            missing.iter().map(|field| field.name.to_owned()).collect()
        };
        let added = lacks(&text);
        if added.is_empty() {
            return Ok(());
        }
        let (target, missing) = lacking(&text, Dialect::TypeScript, "Env", &fields);
        let edited = match add_fields(&text, Dialect::TypeScript, target, &missing, naming) {
            Ok(edited) => edited,
            // The one thing that such a file can be refused for.
            Err(problem) => {
                prop_assert_eq!(problem.kind, Kind::Script, "{}", text);
                return Ok(());
            }
        };
        prop_assert!(is_insertion(&text, &edited.text), "{}\n{}", text, edited.text);
        prop_assert!(lacks(&edited.text).is_empty());
        // What was inserted is whole lines or fields, with the file's own line ends.
        let has_bare = |s: &str| s.replace("\r\n", "").contains('\n');
        if text.contains("\r\n") {
            prop_assert!(!has_bare(&edited.text));
        }
        for field in fields {
            let is_added = added.iter().any(|name| name == field.name);
            prop_assert!(!is_added || edited.text.contains(&field.to_string()), "{}", edited.text);
        }
        // Each field is there once, for every reader of the file.
        let facts = Facts::read(&edited.text, Dialect::TypeScript).unwrap();
        let env = facts.at_top("Env").unwrap();
        for name in THREE {
            let members = env.list().unwrap().members.iter();
            let fits = members.filter(|m| m.declared.name == name && m.fit != Fit::Other);
            prop_assert_eq!(fits.count(), 1, "{}", edited.text);
        }
        // A region that ends with the declaration has the fields in it.
        if let Some(end) = edited.text.find("#endregion") {
            let last = edited.text.rfind(": KVNamespace").unwrap_or_default();
            let is_comment = edited.text[end..].contains("// RATE_LIMIT: KVNamespace");
            prop_assert!(last < end || is_comment || env.list().unwrap().members.len() == added.len(), "{}", edited.text);
        }
    }
}
