//! The files that `kvctl scaffold` writes, where they are meant for: in the TypeScript compiler, in the
//! Workers runtime, and in a Pages project made as `docs/scaffold.md` says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use fs_err as fs;
use serde_json::{Value, json};

use crate::{
    dev::Dev,
    env_cases::{EnvCase, env_cases},
    harness::Test,
    tools::{
        Home, MINIFLARE, NODE_22, SDK_PYTHON, Server, TYPESCRIPT, WRANGLER_4_86, WRANGLER_4_155,
        WRANGLER_4_164, Wrangler, installed, ok, text,
    },
    wait::Finish as _,
};

pub(crate) const TESTS: &[Test] = &[
    Test::new(
        "the_helpers_do_what_they_say_in_the_workers_runtime",
        &[TYPESCRIPT, MINIFLARE],
        the_helpers_do_what_they_say_in_the_workers_runtime,
    ),
    Test::new(
        "the_helpers_do_what_they_say_in_newer_runtimes",
        &[WRANGLER_4_155, WRANGLER_4_164, NODE_22],
        the_helpers_do_what_they_say_in_newer_runtimes,
    )
    .by_hand("runs the same tests in the runtimes of two more wranglers"),
    Test::new(
        "generated_files_type_check_in_fresh_and_in_other_projects",
        &[TYPESCRIPT, MINIFLARE],
        generated_files_type_check_in_fresh_and_in_other_projects,
    )
    .slow("compiles ten projects"),
    Test::new(
        "bindings_are_added_where_a_project_uses_them",
        &[TYPESCRIPT],
        bindings_are_added_where_a_project_uses_them,
    ),
    Test::new(
        "wrangler_types_and_scaffold_share_one_env",
        &[WRANGLER_4_86, TYPESCRIPT],
        wrangler_types_and_scaffold_share_one_env,
    ),
    Test::new(
        "a_pages_function_as_documented_works",
        &[WRANGLER_4_86],
        a_pages_function_as_documented_works,
    ),
    Test::new(
        "the_example_costs_what_is_documented",
        &[WRANGLER_4_86],
        the_example_costs_what_is_documented,
    ),
    Test::new(
        "the_recording_is_what_the_program_prints",
        &[SDK_PYTHON],
        the_recording_is_what_the_program_prints,
    ),
    Test::new(
        "a_worker_with_the_same_helpers_works",
        &[WRANGLER_4_86],
        a_worker_with_the_same_helpers_works,
    )
    .slow("starts another wrangler for the helpers that Pages has"),
];

/// The text of the block of code in `docs/scaffold.md` that begins with `first`.
fn documented(info: &str, first: &str) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scaffold.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, rest) = page
        .split_once(&format!("```{info}\n{first}"))
        .unwrap_or_else(|| panic!("the page has no block that begins with {first}"));
    format!("{first}{}", rest.split_once("```").unwrap().0)
}

/// The commands in `docs/recipes.md` that contain `text`, for another client or session.
fn recipe(home: &Home, text: &str, instead: (&str, &str)) -> Output {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recipes.md");
    let page = fs::read_to_string(page).unwrap();
    let mut blocks = page.split("```sh\n").skip(1);
    let commands = blocks.find_map(|rest| {
        let (commands, _) = rest.split_once("```").unwrap();
        commands.contains(text).then_some(commands)
    });
    let commands = commands.unwrap_or_else(|| panic!("no recipe has {text}"));
    assert!(commands.contains(instead.0), "{commands}");
    let commands = commands.replace(instead.0, instead.1);
    let kvctl = home.kvctl(&[]);
    let script = format!(
        "kvctl() {{ '{}' \"$@\"; }}\n{commands}",
        kvctl.get_program().display()
    );
    let mut bash = home.program("bash");
    let output = bash
        .args(["-euo", "pipefail", "-c", &script])
        .env("KVCTL_LOCAL", "1")
        .finish();
    assert!(output.status.success(), "{script}{output:?}");
    output
}

/// The documented Pages project, provisioned and scaffolded by its command.
fn example(config: &str) -> Home {
    let home = Home::new();
    home.write("wrangler.toml", config);
    home.write("out/index.html", "<!doctype html>\n");
    home.write(
        "functions/api/me.ts",
        documented("ts file=functions/api/me.ts", "// functions/api/me.ts\n"),
    );
    home.install_packages();
    let command = documented("sh", "kvctl provision ");
    let args: Vec<&str> = command.split_whitespace().skip(1).collect();
    ok(&mut home.kvctl(&args));
    home
}

fn pages_config() -> String {
    documented("toml file=wrangler.toml", "name = \"pages-example\"\n")
}

fn the_helpers_do_what_they_say_in_the_workers_runtime() {
    let home = Home::new();
    run_helpers(&home, &mut home.node("helpers/run.mjs"));
}

fn the_helpers_do_what_they_say_in_newer_runtimes() {
    for folder in ["node22", "latest"] {
        let home = Home::new();
        let mut tests = home.node("helpers/run.mjs");
        tests
            .env("PATH", installed().join(NODE_22).parent().unwrap())
            .env("SDK_ROOT", installed().join(folder));
        run_helpers(&home, &mut tests);
    }
}

/// Scaffolds the project, and runs the tests on its helpers.
fn run_helpers(home: &Home, tests: &mut Command) {
    ok(&mut home.kvctl(&["scaffold"]));
    let helpers = home.app().join("src/lib/kv");
    let output = tests.env("SCAFFOLD", helpers).finish();
    let said = String::from_utf8_lossy(&output.stdout);
    let count = |what: &str| -> usize {
        let mut lines = said
            .lines()
            .filter_map(|line| line.strip_prefix(&format!("# {what} ")));
        lines.next().map_or(0, |count| count.parse().unwrap())
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert_eq!((count("pass"), count("fail")), (150, 0), "{said}");
}

/// Compilers' options, one set a line; each has the strictest of the ones that it is about.
const CONFIGURATIONS: [&str; 4] = [
    // A Worker whose types are the package's.
    r#"{ "target": "es2022", "module": "esnext", "moduleResolution": "bundler", "lib": ["es2022"],
         "types": ["@cloudflare/workers-types"] }"#,
    // Everything that can be demanded.
    r#"{ "target": "es2022", "module": "esnext", "moduleResolution": "bundler", "lib": ["es2022"],
         "types": ["@cloudflare/workers-types"], "noPropertyAccessFromIndexSignature": true,
         "noUnusedLocals": true, "noUnusedParameters": true, "noImplicitReturns": true,
         "noImplicitOverride": true, "noFallthroughCasesInSwitch": true, "verbatimModuleSyntax": true,
         "erasableSyntaxOnly": true, "isolatedModules": true, "declaration": true }"#,
    // A framework's project, with a browser's types and none of the Workers'.
    r#"{ "target": "es2017", "module": "esnext", "moduleResolution": "bundler",
         "lib": ["dom", "dom.iterable", "esnext"], "types": [] }"#,
    // Node's own resolution, and an old library.
    r#"{ "target": "es2022", "module": "nodenext", "lib": ["es2020"],
         "types": ["@cloudflare/workers-types"] }"#,
];

const STRICT: [&str; 4] = [
    "strict",
    "exactOptionalPropertyTypes",
    "noUncheckedIndexedAccess",
    "noEmit",
];

fn generated_files_type_check_in_fresh_and_in_other_projects() {
    let fresh = example(&pages_config());
    let mut configs = Vec::new();
    for (number, options) in CONFIGURATIONS.iter().enumerate() {
        let mut options: Value = serde_json::from_str(options).unwrap();
        for name in STRICT {
            options[name] = json!(true);
        }
        let name = format!("tsconfig.{number}.json");
        let config = json!({ "compilerOptions": options, "include": ["src", "functions"] });
        fresh.write(&name, config.to_string());
        configs.push(fresh.app().join(name));
    }
    // The calls of those who used a cache, sessions and a limiter before.
    fresh.write("src/use.ts", USE);
    fresh.write("src/cache-types.ts", include_str!("helpers/cache-types.ts"));
    fresh.write("src/header.ts", cache_header(&fresh));
    fresh.write("kvctl.toml", RULES);
    let only = ["scaffold", "--only", "rate-limit", "--out-dir", "src/ruled"];
    ok(&mut fresh.kvctl(&only));
    fresh.write("src/rules.ts", USE_RULES);
    fresh.write("src/headers.ts", sign_in_headers(&fresh));
    let others: Vec<Home> = projects().iter().map(|case| other(case)).collect();
    configs.extend(others.iter().map(|home| home.app().join("tsconfig.json")));
    assert_eq!(configs.len(), 11);
    ok(fresh.node("helpers/typecheck.mjs").args(&configs));

    // And once by the compiler's own command.
    let config = fresh.app().join("tsconfig.1.json");
    let flags = ["--noEmit", "--strict", "--project"];
    ok(fresh.tsc().args(flags).arg(config));
    // A check that cannot fail would say nothing.
    fresh.write("src/wrong.ts", "export const x: string = 1;\n");
    let mut again = fresh.node("helpers/typecheck.mjs");
    let output = again.arg(&configs[0]).finish();
    assert!(String::from_utf8_lossy(&output.stdout).contains("TS2322"));
}

/// The code in the cache's header, with what it leaves to the project.
fn cache_header(home: &Home) -> String {
    let text = fs::read_to_string(home.app().join("src/lib/kv/cache.ts")).unwrap();
    let (comment, _) = text.split_once("*/").unwrap();
    let lines = comment.lines().filter_map(|l| l.strip_prefix(" *   "));
    let code: Vec<&str> = lines.filter(|line| !line.starts_with('|')).collect();
    assert!(code.len() > 3, "{comment}");
    format!("{HEADER}{}\n  return profile;\n}}\n", code.join("\n"))
}

const HEADER: &str = "
import { ConfigCache } from './lib/kv/cache.js';
import type { Env } from './lib/types.js';

interface Profile { title: string }

declare const ctx: { waitUntil(work: Promise<unknown>): void };
declare function loadProfile(name: string): Promise<Profile | null>;
declare function saveProfile(name: string, profile: Profile): Promise<void>;

export async function use(env: Env, name: string, changed: Profile): Promise<unknown> {
";

/// The code in the headers of the sessions and the limiter, with what it leaves to the project.
fn sign_in_headers(home: &Home) -> String {
    let mut code = HEADERS.to_owned();
    for name in ["sessions", "rate-limit"] {
        let path = home.app().join(format!("src/lib/kv/{name}.ts"));
        let text = fs::read_to_string(path).unwrap();
        let (header, _) = text.split_once("\n */").unwrap();
        for paragraph in header.split("\n *\n") {
            let lines: Option<Vec<&str>> = paragraph
                .lines()
                .map(|line| line.strip_prefix(" *   "))
                .collect();
            if let Some(lines) = lines.filter(|lines| !lines[0].starts_with(['[', '|'])) {
                let lines = lines.join("\n");
                code.extend([
                    "examples.push(async () => {\n",
                    &lines,
                    "\nreturn null;\n});\n",
                ]);
            }
        }
    }
    assert_eq!(code.matches("examples.push").count(), 5, "{code}");
    code
}

const HEADERS: &str = "
import { RateLimiter, clientKey } from './lib/kv/rate-limit.js';
import { SessionManager, clearCookie, sameOrigin, sessionCookie, sessionToken } from './lib/kv/sessions.js';
import type { Env } from './lib/types.js';

interface Limit { limit(options: { key: string }): Promise<{ success: boolean }> }

export declare const env: Env & { LOGIN_LIMIT: Limit };
export declare const request: Request;
export declare const sessions: SessionManager<{ admin: boolean }>;
export declare const username: string;
export declare const password: string;
export declare function isRight(username: string, password: string): Promise<boolean>;

export const examples: (() => Promise<Response | null>)[] = [];
";

const USE: &str = "
import { ConfigCache } from './lib/kv/cache.js';
import { RateLimiter, clientKey, type RateLimitKv, type RateLimiterOptions } from './lib/kv/rate-limit.js';
import { SessionManager, clearCookie, sameOrigin, sessionCookie, sessionToken } from './lib/kv/sessions.js';
import type { CreateSessionOptions, SessionData } from './lib/kv/sessions.js';
import type { Env } from './lib/types.js';

interface Profile { title: string }

export async function use(env: Env): Promise<unknown> {
  const cache = new ConfigCache<Profile>(env.CONFIG_CACHE);
  const hit: Profile | null = await cache.get('bob');
  await cache.set('bob', { title: 'x' });
  await cache.set('bob', { title: 'x' }, 7200);
  const gone: Promise<void> = cache.invalidate('bob');
  await gone;
  await cache.invalidateAll();
  const sessions = new SessionManager(env.SESSIONS);
  const token: string = await sessions.create('bob');
  const other: string = await sessions.create('bob', 3600);
  const session: SessionData | null = await sessions.verify(token);
  await sessions.destroy(other);
  const rights: CreateSessionOptions = { admin: session?.admin === true };
  const rotated: string | null = await sessions.rotate(await sessions.create('bob', rights), { admin: false });
  const limiter: RateLimiter = new RateLimiter(env.RATE_LIMIT);
  const attempt: { allowed: boolean; attempts: number; resetAt?: Date } = await limiter.checkAndIncrement('ip');
  await limiter.checkAndIncrement('ip', 10);
  await limiter.reset('ip');
  await limiter.reset('ip', { endpoint: 'any' });
  const options: RateLimiterOptions = { rules: { login: { maxAttempts: 3 } } };
  await new RateLimiter(env.RATE_LIMIT, options).check('ip', { endpoint: 'any' });
  const double: RateLimitKv = { get: async () => null, put: async () => {}, delete: async () => {} };
  await new RateLimiter(double).check('ip');
  return [hit, session, attempt, rotated];
}

export async function signIn(env: Env, request: Request): Promise<Response> {
  if (!sameOrigin(request)) return new Response(null, { status: 403 });
  const limiter = new RateLimiter(env.RATE_LIMIT, { rules: { login: { maxAttempts: 3 } } });
  const attempt = await limiter.begin(clientKey(request), { endpoint: 'login', account: 'bob' });
  const until: Date = attempt.resetAt;
  // @ts-expect-error: there is no rule of this name.
  await limiter.begin('ip', { endpoint: 'logni' });
  // @ts-expect-error: nor here.
  await limiter.reset('ip', { endpoint: 'logni' });
  await limiter.check('ip', { endpoint: 'default' });
  const sessions = new SessionManager<{ role: string }>(env.SESSIONS, { waitUntil: (promise) => void promise });
  const { token, expiresAt } = await sessions.create('bob', { data: { role: 'editor' }, ttlSeconds: 600 });
  const role: string | undefined = (await sessions.verify(sessionToken(request)))?.data.role;
  // @ts-expect-error: sessions have data of a type here.
  await sessions.create('bob');
  // @ts-expect-error: of this type.
  await sessions.create('bob', { data: { role: 1 } });
  // @ts-expect-error: rotating too.
  await sessions.rotate(token, { admin: true });
  const next = await sessions.rotate(token, { data: { role: 'owner' } });
  for (const missing of [null, undefined]) await sessions.verify(missing);
  for (const { id } of await sessions.list('bob')) await sessions.destroyById('bob', id);
  const cookie = next === null ? clearCookie() : sessionCookie(next.token, expiresAt);
  return new Response(String([until, role]), { headers: { 'Set-Cookie': cookie } });
}
";

/// For rules that kvctl.toml gives names.
const USE_RULES: &str = "
import { RateLimiter } from './ruled/rate-limit.js';
import type { Env } from './lib/types.js';

export async function use(env: Env): Promise<void> {
  const limiter = new RateLimiter(env.RATE_LIMIT, { rules: { signup: {} } });
  for (const endpoint of ['login', 'api.v2', 'signup', 'default'] as const) await limiter.begin('ip', { endpoint });
  // @ts-expect-error: there is no rule of this name.
  await limiter.begin('ip', { endpoint: 'logni' });
}
";
const RULES: &str =
    "[scaffold.rate_limit.endpoints]\nlogin = { max_attempts = 3 }\n\"api.v2\" = {}\n";

/// The projects of `fixtures/scaffold` that can be scaffolded.
fn projects() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scaffold");
    let entries = fs::read_dir(root).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| !case.to_string_lossy().contains("refused-"));
    cases.sort();
    cases
}

fn other(case: &Path) -> Home {
    let home = Home::new();
    let from = format!("{}/.", case.join("before").display());
    ok(Command::new("cp").args(["-R", &from]).arg(home.app()));
    home.install_packages();
    ok(&mut home.kvctl(&["scaffold"]));
    home
}

/// How the compiler sees a project of `fixtures/env`.
struct Compiled {
    home: Home,
    name: String,
    config: PathBuf,
}

impl Compiled {
    fn new(case: &EnvCase) -> Self {
        let home = Home::new();
        for (path, text) in &case.files {
            home.write(path, text);
        }
        let mut packages = case.files.iter().filter(|(path, _)| path == "package.json");
        if packages.any(|(_, text)| text.contains("\"@cloudflare/workers-types\"")) {
            home.install_packages();
        }
        let stubs = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/interop/helpers/stubs.d.ts"
        );
        let options = json!({
            "extends": "./tsconfig.json",
            "compilerOptions": {
                "target": "es2022", "module": "esnext", "moduleResolution": "bundler", "jsx": "preserve",
                "strict": true, "exactOptionalPropertyTypes": true, "noEmit": true, "skipLibCheck": true,
            },
            "include": [".", stubs],
        });
        home.write("tsconfig.check.json", options.to_string());
        let config = home.app().join("tsconfig.check.json");
        Self {
            home,
            name: case.name.clone(),
            config,
        }
    }
}

/// Compiles the projects, and returns what is wrong in each.
fn compile(projects: &[Compiled]) -> BTreeMap<String, String> {
    let configs = projects.iter().map(|project| &project.config);
    let mut check = projects[0].home.node("helpers/typecheck.mjs");
    let output = check.args(configs).finish();
    let said = String::from_utf8(output.stdout).unwrap();
    let mut errors = BTreeMap::new();
    for project in projects {
        let head = format!("{}: ", project.config.display());
        let (_, rest) = said.split_once(&head).unwrap_or_else(|| panic!("{said}"));
        let own: Vec<&str> = rest
            .lines()
            .skip(1)
            .take_while(|line| !line.contains(".check.json: "))
            .collect();
        errors.insert(project.name.clone(), own.join("\n").trim().to_owned());
    }
    errors
}

fn bindings_are_added_where_a_project_uses_them() {
    let cases = env_cases();
    let projects: Vec<Compiled> = cases.iter().map(Compiled::new).collect();
    let before = compile(&projects);
    let mut outcomes = BTreeMap::new();
    for project in &projects {
        let output = project
            .home
            .kvctl(&["scaffold", "--only", "types"])
            .finish();
        let said = String::from_utf8(output.stdout).unwrap();
        // What is generated is complete only once it is generated again.
        let is_left = said.contains("npx wrangler types") || said.contains("no field was added");
        let is_complete = output.status.success() && !is_left;
        outcomes.insert(project.name.clone(), is_complete);
    }
    // Nothing breaks, whether bindings were added or not.
    for (name, errors) in compile(&projects) {
        assert!(
            errors.is_empty() || errors == before[&name],
            "{name}: {errors}"
        );
    }
    for (project, case) in projects.iter().zip(&cases) {
        for (path, text) in &case.uses {
            project.home.write(path, text);
        }
    }
    let errors = compile(&projects);
    for case in cases.iter().filter(|case| !case.uses.is_empty()) {
        let (name, errors) = (&case.name, &errors[&case.name]);
        assert_eq!(errors.is_empty(), outcomes[name], "{name}: {errors}");
    }
}

fn wrangler_types_and_scaffold_share_one_env() {
    let home = Home::new();
    let config = pages_config().replace("pages_build_output_dir = \"./out\"\n", "");
    home.write("wrangler.toml", config);
    home.install_packages();
    ok(&mut home.kvctl(&["provision", "--local"]));
    let types = ["types", "--include-runtime=false"];
    ok(&mut home.wrangler(Wrangler::V4_86, &types));
    ok(&mut home.kvctl(&["scaffold"]));
    let written = fs::read_to_string(home.app().join("src/lib/types.ts")).unwrap();
    assert_eq!(written, "export type Env = Cloudflare.Env;\n");
    home.write("src/use.ts", USE);
    home.write(
        "tsconfig.json",
        json!({ "compilerOptions": {
            "strict": true, "noEmit": true, "target": "es2022", "module": "esnext",
            "moduleResolution": "bundler", "lib": ["es2022"], "types": ["@cloudflare/workers-types"],
        } })
        .to_string(),
    );
    let config = home.app().join("tsconfig.json");
    ok(home.node("helpers/typecheck.mjs").arg(config));
}

/// And holds under attack, by a script that counts what it costs.
fn a_pages_function_as_documented_works() {
    let home = example(&pages_config());
    home.write(
        "functions/_middleware.ts",
        include_str!("attack/_middleware.ts"),
    );
    let dev = Dev::launch(&home, Wrangler::V4_86, &["pages", "dev", "./out"]);
    work(&home, &dev);
    let mut attack = home.node("attack/attack.mjs");
    ok(attack.env("URL", dev.url()));
}

fn the_example_costs_what_is_documented() {
    let home = example(&pages_config());
    let log = home.app().join("serve.log");
    let flags = ["--memory", "--lenient", "--log", log.to_str().unwrap()];
    let server = Server::start(&home, &flags);
    let mut budget = home.node("attack/budget.mjs");
    ok(server.known_to(&mut budget).env("LOG", &log));
}

fn the_recording_is_what_the_program_prints() {
    let home = Home::new();
    let file = home.app().join("recording.svg");
    let kvctl = home.kvctl(&[]);
    let mut record = home.python("../../docs/record");
    ok(record.arg(kvctl.get_program()).arg(&file));
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recording.svg");
    let is_same = fs::read(&file).unwrap() == fs::read(kept).unwrap();
    assert!(
        is_same,
        "run docs/record to record docs/recording.svg again"
    );
}

const WORKER: &str = "
import { onRequestDelete, onRequestGet, onRequestPost } from './functions/api/me';
import type { Env } from './src/lib/types';

const methods: Record<string, typeof onRequestGet> = { GET: onRequestGet, POST: onRequestPost, DELETE: onRequestDelete };

export default {
  fetch: (request: Request, env: Env, ctx: { waitUntil(work: Promise<unknown>): void }) =>
    methods[request.method]!({ request, env, waitUntil: (work) => ctx.waitUntil(work) }),
};
";

fn a_worker_with_the_same_helpers_works() {
    let pages = "pages_build_output_dir = \"./out\"";
    let home = example(&pages_config().replace(pages, "main = \"worker.ts\""));
    home.write("worker.ts", WORKER);
    let dev = Dev::launch(&home, Wrangler::V4_86, &["dev"]);
    work(&home, &dev);
}

/// Sends a request through each helper, and looks at what they left behind.
fn work(home: &Home, dev: &Dev) {
    for binding in ["CONFIG_CACHE", "SESSIONS", "RATE_LIMIT"] {
        assert!(
            dev.banner.contains(&format!("env.{binding}")),
            "{}",
            dev.banner
        );
    }
    let sign_in = |password: &str| {
        dev.send("POST", "api/me", |request| {
            request.body(format!("name=ann&password={password}"))
        })
    };
    let (status, headers, said) = sign_in("correct horse");
    assert_eq!((status, said.as_str()), (200, "welcome"));
    let cookie = headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Max-Age=86"), "{cookie}");
    let token = cookie.split(';').next().unwrap().to_owned();
    let with_cookie = |method: &str, cookie: &str| {
        let (status, _, said) =
            dev.send(method, "api/me", |request| request.header("cookie", cookie));
        (status, said)
    };
    let profile = |cookie: &str| with_cookie("GET", cookie);
    let ann = "{\"name\":\"ann\",\"visits\":1,\"admin\":true}".to_owned();
    assert_eq!(profile(&token), (200, ann.clone()));
    assert_eq!(profile(&token), (200, ann));
    assert_eq!(profile("__Host-session=x").0, 401);
    for _ in 0..5 {
        assert_eq!(sign_in("guess").0, 401);
    }
    let (status, headers, _) = sign_in("correct horse");
    let seconds: u32 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!((status, (600..=900).contains(&seconds)), (429, true));

    assert_expires(home, "CONFIG_CACHE", "profile:ann", 77_760..=86_400);
    assert_expires(home, "SESSIONS", "session:", 86_400..=86_400);
    assert_expires(home, "RATE_LIMIT", "auth_attempt:login:", 900..=900);

    let key = only_key(home, "RATE_LIMIT");
    let client = ("203.0.113.7", "127.0.0.1");
    let said = recipe(home, "| grep", client);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let (listed, counter) = said.split_once('\n').unwrap();
    assert_eq!(listed, key);
    assert!(counter.starts_with("{\"n\":5,\"w\":"), "{counter}");
    // The Worker remembers.
    ok(&mut home.kvctl(&["key", "delete", "--local", "-b", "RATE_LIMIT", &key]));
    assert_eq!(sign_in("correct horse").0, 429);
    recipe(home, "now=", client);
    assert_eq!(only_key(home, "RATE_LIMIT"), key);
    assert_eq!(sign_in("correct horse").0, 200);

    let value = token.split_once('=').unwrap().1;
    let example = "AAAAAAAAAAAAAAAAAAAAAA.secret";
    let said = recipe(home, "--with-metadata", (example, value));
    assert!(String::from_utf8_lossy(&said.stdout).contains("\"username\":\"ann\""));
    let said = recipe(home, "user=", ("ann", "ann"));
    // That of the first sign-in, and that of the last.
    assert_eq!(String::from_utf8_lossy(&said.stdout).lines().count(), 2);

    assert_eq!(with_cookie("DELETE", &token), (200, "bye".to_owned()));
    assert_eq!(profile(&token).0, 401);
}

fn only_key(home: &Home, binding: &str) -> String {
    let keys = text(&mut home.kvctl(&["key", "list", "--local", "-b", binding]));
    assert_eq!(keys.lines().count(), 1, "{keys}");
    keys.trim_end().to_owned()
}

/// Whether `kvctl` lists the one key of a binding, with an expiry that far ahead. The requests may
/// have taken a while.
fn assert_expires(home: &Home, binding: &str, prefix: &str, ahead: std::ops::RangeInclusive<i64>) {
    let args = ["key", "list", "--local", "--json", "-b", binding];
    let listed: Vec<Value> = serde_json::from_str(&text(&mut home.kvctl(&args))).unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert!(
        listed[0]["name"].as_str().unwrap().starts_with(prefix),
        "{listed:?}"
    );
    let left = listed[0]["expiration"].as_i64().unwrap() - kvctl::env::now().as_second();
    let slack = 300;
    assert!(
        (ahead.start() - slack..=*ahead.end()).contains(&left),
        "{left}: {listed:?}"
    );
}
