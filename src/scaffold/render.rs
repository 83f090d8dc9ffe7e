//! Rendering the templates with the project's defaults.
//!
//! A template is a valid TypeScript file; its defaults are constants on lines of their own, whose
//! values are replaced.

use std::{
    fmt::Write as _,
    path::{Component, Path},
};

use super::Settings;
use crate::{
    config::{CacheOptions, EndpointRule, FailMode, Part, RateLimitOptions, SessionOptions},
    domain::ShowPath as _,
};

const CACHE: &str = include_str!("templates/cache.ts");
const SESSIONS: &str = include_str!("templates/sessions.ts");
const RATE_LIMIT: &str = include_str!("templates/rate-limit.ts");

/// Types that need no import.
const BUILT_IN: [&str; 6] = ["string", "number", "boolean", "object", "unknown", "never"];

/// Returns the text of a helper file, without its head; empty for the types, which have no template.
pub fn render(part: Part, settings: &Settings) -> String {
    match part {
        Part::Cache => cache(settings, &settings.cache),
        Part::Sessions => sessions(&settings.sessions),
        Part::RateLimit => rate_limit(&settings.rate_limit),
        Part::Types => String::new(),
    }
}

fn cache(settings: &Settings, options: &CacheOptions) -> String {
    let mut text = Template::new(CACHE);
    text.replace("env.CONFIG_CACHE", &format!("env.{}", options.binding));
    text.set("BINDING", &string(options.binding.as_str()));
    text.prefix(options.prefix.as_deref());
    text.set("TTL_SECONDS", &options.ttl().to_string());
    text.set("MAX_TTL_SECONDS", &options.max_ttl.to_string());
    text.set("NEGATIVE_TTL_SECONDS", &options.negative_ttl.to_string());
    if let Some(value) = &options.value_type {
        text.replace("Json<T> = unknown>", &format!("Json<T> = {value}>"));
    }
    let Some(ValueImport { name, module, .. }) = value_import(settings) else {
        return text.0;
    };
    let module = string(&module);
    format!("import type {{ {name} }} from {module};\n\n{}", text.0)
}

/// Where the cache imports the type of its values from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueImport {
    /// The type.
    pub name: String,
    /// The module, as the helper names it.
    pub module: String,
    /// The same as the settings name it.
    pub from: String,
}

/// Returns what the cache imports, if the type of its values is the project's own.
pub fn value_import(settings: &Settings) -> Option<ValueImport> {
    let options = &settings.cache;
    let name = options.value_type.clone()?;
    if BUILT_IN.contains(&name.as_str()) {
        return None;
    }
    let types = || settings.types.shown().into_owned();
    let from = options.value_from.clone().unwrap_or_else(types);
    let module = specifier(&settings.out_dir, &from);
    Some(ValueImport { name, module, from })
}

fn sessions(options: &SessionOptions) -> String {
    let mut text = Template::new(SESSIONS);
    text.replace("env.SESSIONS", &format!("env.{}", options.binding));
    text.set("BINDING", &string(options.binding.as_str()));
    text.prefix(options.prefix.as_deref());
    text.set("TTL_SECONDS", &options.ttl.to_string());
    text.set("MAX_TTL_SECONDS", &options.max_ttl.to_string());
    text.set("IDLE_TIMEOUT_SECONDS", &options.idle_timeout.to_string());
    text.0
}

fn rate_limit(options: &RateLimitOptions) -> String {
    let mut text = Template::new(RATE_LIMIT);
    text.replace("env.RATE_LIMIT", &format!("env.{}", options.binding));
    text.set("BINDING", &string(options.binding.as_str()));
    text.prefix(options.prefix.as_deref());
    let mode = match options.fail_mode {
        FailMode::Open => "'open'",
        FailMode::Closed => "'closed'",
    };
    text.set("FAIL_MODE", mode);
    let default = EndpointRule {
        max_attempts: Some(options.max_attempts),
        window: Some(options.window),
        block: Some(options.block),
    };
    text.set("DEFAULT_RULE", &rule(&default));
    if !options.endpoints.is_empty() {
        let line =
            |(name, own): (&String, &EndpointRule)| format!("  {}: {},\n", string(name), rule(own));
        let lines: String = options.endpoints.iter().map(line).collect();
        text.set("RULES", &format!("{{\n{lines}}}"));
    }
    // With rules, other endpoints than theirs do not compile.
    if let Some(first) = options.endpoints.keys().next()
        && !options.endpoints.contains_key("login")
    {
        let endpoint = format!("endpoint: {}", string(first));
        text.replace("endpoint: 'login'", &endpoint);
    }
    text.0
}

/// Writes the fields of a rule that are given.
fn rule(rule: &EndpointRule) -> String {
    let fields = [
        ("maxAttempts", rule.max_attempts),
        ("windowSeconds", rule.window),
        ("blockSeconds", rule.block),
    ];
    let given: Vec<String> = fields
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}: {}", value?)))
        .collect();
    if given.is_empty() {
        return "{}".to_owned();
    }
    format!("{{ {} }}", given.join(", "))
}

/// A template whose defaults are being replaced.
struct Template(String);

impl Template {
    fn new(text: &str) -> Self {
        // A checkout may have changed the line ends; what is generated must not depend on that.
        Self(text.replace("\r\n", "\n"))
    }

    fn replace(&mut self, old: &str, new: &str) {
        debug_assert_eq!(self.0.matches(old).count(), 1, "{old}");
        self.0 = self.0.replacen(old, new, 1);
    }

    /// Sets the prefix, if there is one other than the template's.
    fn prefix(&mut self, prefix: Option<&str>) {
        if let Some(prefix) = prefix {
            self.set("PREFIX", &string(prefix));
        }
    }

    /// Gives the constant `name` another value.
    fn set(&mut self, name: &str, value: &str) {
        let start = self.0.find(&format!("\nconst {name}"));
        let value_at = start.and_then(|start| {
            let equals = start + self.0[start..].find(" = ")? + " = ".len();
            Some(equals..equals + self.0[equals..].find(";\n")?)
        });
        debug_assert!(value_at.is_some(), "no constant {name}");
        if let Some(range) = value_at {
            self.0.replace_range(range, value);
        }
    }
}

/// Returns `text` as a string in single quotes.
fn string(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            // Line separators too: not every reader takes them inside a string.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                // Writing to a string cannot fail.
                write!(out, "\\u{{{:x}}}", u32::from(c)).ok();
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Returns how a file in `folder` imports the module `from`: a TypeScript file of the project, by
/// its path in the project, or a specifier, as it is.
fn specifier(folder: &Path, from: &str) -> String {
    let Some(module) = module_path(from) else {
        return from.to_owned();
    };
    let plain = |path: &Path| -> Vec<String> {
        let mut plain = Vec::new();
        for part in path.components() {
            match part {
                Component::Normal(name) => plain.push(name.to_string_lossy().into_owned()),
                // Above the project there may be others.
                Component::ParentDir if plain.last().is_none_or(|last| last == "..") => {
                    plain.push("..".to_owned());
                }
                Component::ParentDir => {
                    plain.pop();
                }
                _ => {}
            }
        }
        plain
    };
    let (folder, module) = (plain(folder), plain(Path::new(module)));
    let shared = folder
        .iter()
        .zip(&module)
        .take_while(|(a, b)| a == b)
        .count();
    let up = "../".repeat(folder.len() - shared);
    let up = if up.is_empty() { "./" } else { &up };
    format!("{up}{}", module[shared..].join("/"))
}

/// Returns the path without its ending, if `from` is a TypeScript file.
fn module_path(from: &str) -> Option<&str> {
    let endings = [".d.ts", ".ts", ".tsx"];
    endings.iter().find_map(|ending| from.strip_suffix(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Manifest, scaffold::Overrides};

    fn settings(text: &str) -> Settings {
        let manifest = Manifest::parse(Path::new("kvctl.toml"), text).unwrap();
        Settings::new(Some(&manifest), Overrides::default())
    }

    #[test]
    fn without_options_a_template_is_generated_as_it_is() {
        let settings = settings("");
        assert_eq!(render(Part::Cache, &settings), CACHE);
        assert_eq!(render(Part::Sessions, &settings), SESSIONS);
        assert_eq!(render(Part::RateLimit, &settings), RATE_LIMIT);
    }

    #[test]
    fn options_become_constants() {
        let settings = settings(
            "[scaffold.cache]\nbinding = \"CACHE\"\nprefix = \"it's:\"\nttl = \"2h\"\n\
             max_ttl = \"48h\"\nnegative_ttl = 0\nvalue_type = \"Profile\"\n\
             [scaffold.sessions]\nidle_timeout = \"30m\"\n\
             [scaffold.rate_limit]\nfail_mode = \"closed\"\nblock = 0\n\
             [scaffold.rate_limit.endpoints.login]\nmax_attempts = 3\nblock = \"1h\"\n\
             [scaffold.rate_limit.endpoints.\"api.v2\"]\n",
        );
        let told = |line: &&str| {
            let starts = [
                "const PREFIX",
                "const FAIL",
                "const RULES",
                "const DEFAULT",
                "  '",
            ];
            line.contains("_SECONDS = ")
                || line.starts_with("import")
                || starts.iter().any(|start| line.starts_with(start))
        };
        let constants = |part| {
            let text = render(part, &settings);
            text.lines().filter(told).collect::<Vec<_>>().join("\n")
        };
        let parts = [Part::Cache, Part::Sessions, Part::RateLimit];
        insta::assert_snapshot!(parts.map(constants).join("\n\n"));
        let cache = render(Part::Cache, &settings);
        assert!(cache.contains("new ConfigCache<Profile>(env.CACHE, {"));
        assert!(cache.contains("export class ConfigCache<T extends Json<T> = Profile> {"));
        assert!(cache.contains("\nconst BINDING = 'CACHE';\n"));
        assert!(render(Part::Sessions, &settings).contains("\nconst BINDING = 'SESSIONS';\n"));
    }

    #[test]
    fn the_example_has_an_endpoint_with_a_rule() {
        let shown = |endpoints: &str| {
            let rules = |name| format!("[scaffold.rate_limit.endpoints.{name}]\nblock = 0\n");
            let text: String = endpoints.split(' ').map(rules).collect();
            let text = render(Part::RateLimit, &settings(&text));
            let (_, rest) = text.split_once("{ endpoint: ").unwrap();
            rest.split_once(',').unwrap().0.to_owned()
        };
        assert_eq!(shown("admin"), "'admin'");
        assert_eq!(shown("admin login"), "'login'");
    }

    #[test]
    fn a_shorter_maximum_shortens_the_default_lifetime() {
        let settings = settings("[scaffold.cache]\nmax_ttl = \"1h\"\n");
        assert!(render(Part::Cache, &settings).contains("\nconst TTL_SECONDS = 3600;\n"));
    }

    #[test]
    fn a_string_holds_what_it_holds() {
        assert_eq!(string("profile:"), "'profile:'");
        assert_eq!(
            string("a'b\\c\n\u{0}\u{2028}é"),
            "'a\\'b\\\\c\\n\\u{0}\\u{2028}é'"
        );
    }

    #[test]
    fn a_file_of_the_project_is_imported_relatively() {
        let from = |folder: &str, from| specifier(Path::new(folder), from);
        assert_eq!(from("src/lib/kv", "src/lib/types.ts"), "../types");
        assert_eq!(from("./src/kv", "src/kv/x.d.ts"), "./x");
        assert_eq!(from("kv", "types.ts"), "../types");
        assert_eq!(from("src/kv", "src/../types.ts"), "../../types");
        assert_eq!(from("src/kv", "../shared/x.ts"), "../../../shared/x");
        assert_eq!(from("src/kv", "@/lib/types"), "@/lib/types");
        assert_eq!(from("src/kv", "../types.js"), "../types.js");
    }
}
