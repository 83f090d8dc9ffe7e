//! The edit of `Env`, case by case.

mod properties;
mod reading;

use super::*;

const THREE: [&str; 3] = ["CONFIG_CACHE", "SESSIONS", "RATE_LIMIT"];

fn with(text: &str, bindings: &[&str], naming: Naming) -> Result<String, String> {
    let edited = edit(text, Dialect::TypeScript, bindings, naming);
    edited
        .map(|edited| edited.text)
        .map_err(|problem| said(&problem))
}

/// Adds those of the fields that `Env` lacks.
fn edit(
    text: &str,
    dialect: Dialect,
    bindings: &[&str],
    naming: Naming,
) -> Result<Edited, Problem> {
    let fields = bindings.iter().map(|name| field(name)).collect::<Vec<_>>();
    let (target, missing) = lacking(text, dialect, "Env", &fields);
    if missing.is_empty() {
        let text = text.to_owned();
        let imported = false;
        return Ok(Edited { text, imported });
    }
    add_fields(text, dialect, target, &missing, naming)
}

/// Returns where fields of a type go, and those that it lacks.
fn lacking<'f>(
    text: &str,
    dialect: Dialect,
    name: &'f str,
    fields: &[Field<'f>],
) -> (Target<'f>, Vec<Field<'f>>) {
    let facts = Facts::read(text, dialect).unwrap_or_default();
    let Some(declared) = facts.at_top(name) else {
        return (Target::New(name), fields.to_vec());
    };
    let fits = |field: &&Field<'_>| {
        let member = declared.member(field.name);
        !member.is_some_and(|member| member.fit != Fit::Other)
    };
    let missing = fields.iter().filter(fits).copied().collect();
    let list = declared.list().unwrap();
    (Target::List(list.at.unwrap()), missing)
}

/// A field that has to be there; with a `?` behind its name, only in some environments.
fn field(name: &str) -> Field<'_> {
    Field {
        name: name.trim_end_matches('?'),
        is_optional: name.ends_with('?'),
    }
}

fn said(problem: &Problem) -> String {
    let line = problem
        .line
        .map_or_else(String::new, |line| format!("{line}: "));
    format!("{line}{problem}")
}

/// JSX is not TypeScript, and a cast in angle brackets is not TSX, so each needs its grammar.
#[test]
fn jsx_needs_the_grammar_of_tsx_and_casts_that_of_typescript() {
    let env = "export interface Env {\n  DB: D1Database;\n}\n";
    let jsx = format!("{env}export const Page = () => <h1 class=\"a\">{{'Hi'}}</h1>;\n");
    let cast = format!("{env}const port = <number>config.port;\n");
    let edited = |text: &str, extension: &str| {
        let dialect = Dialect::of_extension(extension).unwrap();
        let edited = edit(text, dialect, &["A"], Naming::Global);
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
            "interface Env {\n\tDB: D1Database,\n\treadonly S: string,\n\tA: KVNamespace,\n\tB: KVNamespace,\n\t// end\n}",
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
fn fields_stay_between_the_braces_where_members_are_on_the_lines_of_these() {
    let cases = [
        // The brace is on a member's line.
        (
            "interface Env {\n  fn(): void;\n  A2: string }\n",
            "interface Env {\n  fn(): void;\n  A2: string;\n  A: KVNamespace;\n  B: KVNamespace; }\n",
        ),
        (
            "interface Env {\n  A2: string; /* b\n  c */ }\n",
            "interface Env {\n  A2: string; /* b\n  c */\n  A: KVNamespace;\n  B: KVNamespace; }\n",
        ),
        // A member is on the line of the opening brace.
        (
            "export interface Env { A2: string // x\n}\n",
            "export interface Env { A2: string // x\n  A: KVNamespace\n  B: KVNamespace\n}\n",
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
        // A comment on the line of something does not head the file.
        (
            format!("/* Env */ {empty}\n"),
            format!("{IMPORT}\n/* Env */ {field}\n"),
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
        "interface KVNamespace {}\nexport interface Env {}\n",
        "import type { KVNamespace } from './mocks';\nexport interface Env {}\n",
    ];
    let refused = |text: &&str| with(text, &THREE, Naming::Global).unwrap_err();
    let said: Vec<String> = cases.iter().map(refused).collect();
    insta::assert_snapshot!(said.join("\n"));
    let script = with("interface Env {}\n", &["A"], Naming::Import).unwrap_err();
    assert!(script.contains("no `import` or `export`"), "{script}");
}

/// A comment behind the last member belongs to it only on its line, or further in.
#[test]
fn comments_at_the_end_stay_there() {
    let cases = [
        "  DB: D1Database; // orders\n|  //#endregion\n",
        "  DB: D1Database // orders,\n                // and customers\n|  // #endregion\n",
        "  //#region kv\n  DB: D1Database; /* of\n  orders */\n|  /* #endregion */\n\n  // The end.\n",
        "  DB: D1Database;\n|\n  // OLD: KVNamespace;\n",
        "  //#region kv\n|  //#endregion\n",
        "  // none yet\n|",
    ];
    for case in cases {
        for line_end in ["\n", "\r\n"] {
            let case = format!("export interface Env {{\n{case}}}\n").replace('\n', line_end);
            let (before, after) = case.split_once('|').unwrap();
            // Written without a separator where the others are.
            let separator = if before.contains(';') || !before.contains("DB") {
                ";"
            } else {
                ""
            };
            let field = format!("  A: KVNamespace{separator}{line_end}");
            let got = with(&format!("{before}{after}"), &["A"], Naming::Global);
            assert_eq!(got, Ok(format!("{before}{field}{after}")));
        }
    }
}

#[test]
fn a_binding_of_some_environments_is_optional() {
    let before = "export interface Env {\n  A?: KVNamespace;\n}\n";
    let after =
        "export interface Env {\n  A?: KVNamespace;\n  B?: KVNamespace;\n  C: KVNamespace;\n}\n";
    assert_eq!(
        with(before, &["A?", "B?", "C"], Naming::Global).unwrap(),
        after
    );
    // What is there may be stricter, or less strict.
    for there in [
        "A: KVNamespace",
        "A?: KVNamespace",
        "A: KVNamespace | undefined",
        "readonly A?: undefined | KVNamespace<'x'>",
        "A: import('@cloudflare/workers-types').KVNamespace",
        "A?: import(\"@cloudflare/workers-types\").KVNamespace<string>",
    ] {
        let text = format!("export interface Env {{\n  {there};\n}}\n");
        for wanted in ["A", "A?"] {
            assert_eq!(with(&text, &[wanted], Naming::Global), Ok(text.clone()));
        }
    }
    let alias = "import type { KVNamespace as KV } from '@cloudflare/workers-types';\n\
                 export interface Env { A: KV }\n";
    assert_eq!(with(alias, &["A"], Naming::Import), Ok(alias.to_owned()));
}

/// `CF.D1Database` says nothing of a global `KVNamespace`, nor does a type that the file declares.
#[test]
fn only_types_of_the_runtime_prove_that_they_are_global() {
    const IMPORT: &str = "import type { KVNamespace } from '@cloudflare/workers-types';\n";
    let imports = |text: &str| with(text, &["A"], Naming::Import).unwrap().contains(IMPORT);
    let env = |types: &str| format!("export interface Env {{ DB: {types} }}\n");
    assert!(!imports(&env("D1Database")));
    assert!(!imports(&env("Array<D1Database>")));
    for text in [
        format!(
            "import type * as CF from '@cloudflare/workers-types';\n{}",
            env("CF.D1Database")
        ),
        format!("type Fetcher = typeof fetch;\n{}", env("Fetcher")),
        format!("interface Hyperdrive {{}}\n{}", env("Hyperdrive")),
        format!("import D1Database from './d1';\n{}", env("D1Database")),
        format!("import D1Database = CF.D1;\n{}", env("D1Database")),
        "export interface Env<Fetcher> { API: Fetcher }\n".to_owned(),
        env("import('@cloudflare/workers-types').D1Database"),
    ] {
        assert!(imports(&text), "{text}");
    }
}

#[test]
fn a_list_of_fields_without_a_name_is_edited_where_it_stands() {
    let text = "const a = new Hono<{ Bindings: { DB: D1Database } }>();\n\
                const b = new Hono<{ Bindings: {} }>();\n";
    let dialect = Dialect::TypeScript;
    let facts = Facts::read(text, dialect).unwrap();
    let edited = |number: usize| {
        let declared = &facts.uses[number].declared;
        assert_eq!(declared.name, "Bindings");
        let target = Target::List(declared.list().unwrap().at.unwrap());
        add_fields(text, dialect, target, &[field("A")], Naming::Global)
            .unwrap()
            .text
    };
    assert_eq!(
        edited(0),
        text.replace("DB: D1Database }", "DB: D1Database; A: KVNamespace; }")
    );
    assert_eq!(edited(1), text.replace("{} }", "{\n  A: KVNamespace;\n} }"));
}

#[test]
fn an_alias_of_what_wrangler_generates_is_appended() {
    let dialect = Dialect::TypeScript;
    let with_alias = add_alias("export type A = 1;\n", dialect, "Cloudflare.Env").unwrap();
    assert_eq!(
        with_alias,
        "export type A = 1;\n\nexport type Env = Cloudflare.Env;\n"
    );
    // The names of a file without imports and exports stay global.
    let script = add_alias("declare const A: 1;\n", dialect, "CloudflareEnv").unwrap();
    assert!(
        script.ends_with("\n\ntype Env = CloudflareEnv;\n"),
        "{script}"
    );
}
