//! The edit of `Env`, case by case and over generated files.

use proptest::prelude::*;

use super::*;

const THREE: [&str; 3] = ["CONFIG_CACHE", "SESSIONS", "RATE_LIMIT"];

fn add(text: &str) -> Result<String, String> {
    with(text, &THREE, Naming::Global)
}

fn with(text: &str, bindings: &[&str], naming: Naming) -> Result<String, String> {
    match add_bindings(text, Dialect::TypeScript, bindings, naming) {
        Ok(edited) => Ok(edited.text),
        Err(problem) => {
            let line = problem
                .line
                .map_or_else(String::new, |line| format!("{line}: "));
            Err(format!("{line}{problem}"))
        }
    }
}

/// JSX is not TypeScript, and a cast in angle brackets is not TSX, so each needs its grammar.
#[test]
fn jsx_needs_the_grammar_of_tsx_and_casts_that_of_typescript() {
    let env = "export interface Env {\n  DB: D1Database;\n}\n";
    let jsx = format!("{env}export const Page = () => <h1 class=\"a\">{{'Hi'}}</h1>;\n");
    let cast = format!("{env}const port = <number>config.port;\n");
    let edited = |text: &str, extension: &str| {
        let dialect = Dialect::of_extension(extension).unwrap();
        let edited = add_bindings(text, dialect, &["A"], Naming::Global);
        edited.map(|edited| edited.text).map_err(|e| e.kind)
    };
    let with_field = |text: &str| text.replacen(";\n}", ";\n  A: KVNamespace;\n}", 1);
    assert_eq!(edited(&jsx, "tsx"), Ok(with_field(&jsx)));
    assert_eq!(edited(&jsx, "ts"), Err(Kind::Unparsable));
    assert_eq!(edited(&cast, "ts"), Ok(with_field(&cast)));
    assert_eq!(edited(&cast, "tsx"), Err(Kind::Unparsable));
}

#[test]
fn fields_are_written_as_the_others_are() {
    let cases = [
        // Separators, indentation and line ends are those of the last member.
        (
            "export interface Env {\n  DB: D1Database; // c\n}\n",
            "export interface Env {\n  DB: D1Database; // c\n  A: KVNamespace;\n  B: KVNamespace;\n}\n",
        ),
        (
            "interface Env {\n\tDB: D1Database,\n\treadonly S: string\n\t// end\n}",
            "interface Env {\n\tDB: D1Database,\n\treadonly S: string,\n\t// end\n\tA: KVNamespace,\n\tB: KVNamespace,\n}",
        ),
        (
            "export interface Env {\r\n    DB: D1Database\r\n}\r\n",
            "export interface Env {\r\n    DB: D1Database\r\n    A: KVNamespace\r\n    B: KVNamespace\r\n}\r\n",
        ),
        (
            "\u{feff}export type Env = {\n  DB: D1Database;\n};\n",
            "\u{feff}export type Env = {\n  DB: D1Database;\n  A: KVNamespace;\n  B: KVNamespace;\n};\n",
        ),
        // On one line it stays.
        (
            "export interface Env { DB: D1Database }\n",
            "export interface Env { DB: D1Database; A: KVNamespace; B: KVNamespace; }\n",
        ),
        (
            "export interface Env { DB: D1Database, }\n",
            "export interface Env { DB: D1Database, A: KVNamespace, B: KVNamespace, }\n",
        ),
        (
            "export interface Env { /* none */ }\n",
            "export interface Env { /* none */ A: KVNamespace; B: KVNamespace; }\n",
        ),
        // Nothing between the braces.
        (
            "  export interface Env {}\n",
            "  export interface Env {\n    A: KVNamespace;\n    B: KVNamespace;\n  }\n",
        ),
        (
            "export interface Env {\n}\n",
            "export interface Env {\n  A: KVNamespace;\n  B: KVNamespace;\n}\n",
        ),
        (
            "export interface Env {\n\t// soon\n}\n",
            "export interface Env {\n\t// soon\n\tA: KVNamespace;\n\tB: KVNamespace;\n}\n",
        ),
        // The brace is on a member's line.
        (
            "interface Env {\n  fn(): void;\n  A2: string }\n",
            "interface Env {\n  fn(): void;\n  A2: string; \n  A: KVNamespace;\n  B: KVNamespace;\n}\n",
        ),
        // Some are there: quoted, computed, readonly, with an argument.
        (
            "interface Env {\n  readonly 'A': KVNamespace<string>\n  ['B']: KVNamespace\n}\n",
            "interface Env {\n  readonly 'A': KVNamespace<string>\n  ['B']: KVNamespace\n}\n",
        ),
        (
            "export interface Env extends Base, Other<{ x: 1 }> {\n  B: CF.KVNamespace;\n}\n",
            "export interface Env extends Base, Other<{ x: 1 }> {\n  B: CF.KVNamespace;\n  A: KVNamespace;\n}\n",
        ),
    ];
    for (before, after) in cases {
        let got = with(before, &["A", "B"], Naming::Global).unwrap();
        assert_eq!(got, after, "{before}");
    }
}

#[test]
fn a_file_without_env_gets_one() {
    let env = "export interface Env {\n  A: KVNamespace;\n}\n";
    let cases = [
        (String::new(), env.to_owned()),
        ("\u{feff}".to_owned(), format!("\u{feff}{env}")),
        (
            "export type B = 1".to_owned(),
            format!("export type B = 1\n\n{env}"),
        ),
        (
            "export type B = 1\r\n".to_owned(),
            format!("export type B = 1\r\n\r\n{}", env.replace('\n', "\r\n")),
        ),
        // Its other names are global, and must stay so.
        (
            "declare const VERSION: string;\n".to_owned(),
            format!(
                "declare const VERSION: string;\n\n{}",
                &env["export ".len()..]
            ),
        ),
    ];
    for (before, after) in cases {
        assert_eq!(with(&before, &["A"], Naming::Global).unwrap(), after);
    }
}

#[test]
fn what_only_looks_like_env_is_left_alone() {
    let text = "const s = \"export interface Env { A: string }\"; const t = `interface Env { ${s} }`;\n\
         const r = /interface Env \\{/;\n// export interface Env { A: string }\n\
         declare global { interface Window { a: 1 } }\nnamespace Other { export interface Env { I: string } }\n\
         export interface EnvExtra { A: string }\ndeclare module 'x' { interface Env { M: string } }\n";
    let own = "interface Env {\n  nested: { A: string };\n}\n";
    let got = with(&format!("{text}{own}"), &["A"], Naming::Global).unwrap();
    let expected = "interface Env {\n  nested: { A: string };\n  A: KVNamespace;\n}\n";
    assert_eq!(got, format!("{text}{expected}"));
}

#[test]
fn the_name_is_imported_where_it_has_no_meaning() {
    const IMPORT: &str = "import type { KVNamespace } from '@cloudflare/workers-types';\n";
    let field = "export interface Env {\n  A: KVNamespace;\n}\n";
    let empty = "export interface Env {}\n";
    let cases = [
        (String::new(), format!("{IMPORT}\n{field}")),
        (empty.to_owned(), format!("{IMPORT}\n{field}")),
        (
            format!("// Bindings.\n{empty}"),
            format!("{IMPORT}\n// Bindings.\n{field}"),
        ),
        (
            format!("// Licence\n\n{empty}"),
            format!("// Licence\n\n{IMPORT}\n{field}").replacen("\n\n", "\n\n", 1),
        ),
        (
            format!("import a from 'a';\nimport {{ b }} from 'b'; // b\n\n{empty}"),
            format!("import a from 'a';\nimport {{ b }} from 'b'; // b\n{IMPORT}\n{field}"),
        ),
        // Here it has one.
        (format!("{IMPORT}{empty}"), format!("{IMPORT}{field}")),
        (
            "export interface Env {\n  DB: D1Database;\n}\n".to_owned(),
            "export interface Env {\n  DB: D1Database;\n  A: KVNamespace;\n}\n".to_owned(),
        ),
    ];
    for (before, after) in cases {
        assert_eq!(with(&before, &["A"], Naming::Import).unwrap(), after);
    }
    // What is imported under its name says nothing about what is not.
    let d1 = "import type { D1Database } from '@cloudflare/workers-types';\n\
              export interface Env {\n  DB: D1Database;\n}\n";
    assert!(with(d1, &["A"], Naming::Import).unwrap().contains(IMPORT));
}

#[test]
fn what_cannot_be_edited_is_refused_with_its_line() {
    let cases = [
        "\nexport interface Env { DB: ",
        "export interface Env { A: string }\n\nexport interface Env { B: string }\n",
        "\nexport type { Env } from './env';\n",
        "import type { Env } from './env';\nexport type X = Env;\n",
        "import Env from './env';\n",
        "import * as Env from './env';\n",
        "interface MyEnv {}\nexport type { MyEnv as Env };\n",
        "\nexport interface Env extends Cloudflare.Env {\n  x: string;\n}\n",
        "export type Env = Cloudflare.Env & { A: string };\n",
        "export type Env = A & { A: string };\n",
        "export interface Env {\n  [k: string]: string;\n}\n",
        "export {};\ndeclare global {\n  interface Env { A: string }\n}\n",
        "export class Env { A = 1 }\n",
        "export enum Env { A }\n",
        "export interface Env {\n  CONFIG_CACHE: string;\n}\n",
        "export interface Env {\n  SESSIONS?: KVNamespace;\n}\n",
        "export interface Env {\n  ['RATE_LIMIT']:\n    KVNamespace | undefined;\n}\n",
        "export interface Env {\n  SESSIONS(): void;\n}\n",
        "interface KVNamespace {}\nexport interface Env {}\n",
    ];
    let said: Vec<String> = cases.iter().map(|text| add(text).unwrap_err()).collect();
    insta::assert_snapshot!(said.join("\n"));
    let script = with("interface Env {}\n", &["A"], Naming::Import).unwrap_err();
    assert!(script.contains("no `import` or `export`"), "{script}");
}

#[test]
fn an_alias_of_what_wrangler_generates_is_appended() {
    let dialect = Dialect::TypeScript;
    let with_alias = add_alias("export type A = 1;\n", dialect).unwrap();
    assert_eq!(
        with_alias,
        "export type A = 1;\n\nexport type Env = Cloudflare.Env;\n"
    );
    let said = |text| declared(text, dialect).unwrap();
    assert_eq!(said(&with_alias), Declared::Generated);
    assert_eq!(said("export interface Env {}"), Declared::Fields);
    assert_eq!(said("export type Env = A & B;"), Declared::Fields);
    assert_eq!(said("import { Env } from 'x';"), Declared::Elsewhere);
    assert_eq!(said(""), Declared::Nothing);
    let generated =
        "interface __BaseEnv_Env { A: KVNamespace; B?: KVNamespace; \"c\": KVNamespace; }";
    let has = |name| is_generated_for(generated, name);
    assert!(has("A") && has("B") && has("c"));
    assert!(!has("D") && !has("Env"));
}

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
    let shape = (any::<bool>(), any::<bool>(), any::<bool>());
    (members, separator, indent, heads, before, after, shape).prop_map(
        |(members, separator, indent, head, before, after, (crlf, bom, hug))| {
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
            let mut text = format!("{before}{head}{body}{end}{after}");
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
    ) {
        let edited = match add_bindings(&text, Dialect::TypeScript, &THREE, naming) {
            Ok(edited) => edited,
            // The one thing that such a file can be refused for.
            Err(problem) => {
                prop_assert_eq!(problem.kind, Kind::Script, "{}", text);
                return Ok(());
            }
        };
        prop_assert!(is_insertion(&text, &edited.text), "{}\n{}", text, edited.text);
        let again = add_bindings(&edited.text, Dialect::TypeScript, &THREE, naming).unwrap();
        prop_assert_eq!(&again.text, &edited.text);
        prop_assert!(again.added.is_empty());
        // What was inserted is whole lines or fields, with the file's own line ends.
        let has_bare = |s: &str| s.replace("\r\n", "").contains('\n');
        if text.contains("\r\n") {
            prop_assert!(!has_bare(&edited.text));
        }
        for binding in THREE {
            let pattern = format!("{binding}: KVNamespace");
            let quoted = format!("'{binding}': KVNamespace");
            prop_assert!(edited.text.contains(&pattern) || edited.text.contains(&quoted));
        }
    }
}
