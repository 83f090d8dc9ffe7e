//! Projects in one file each: `fixtures/env/NAME.txt`.
//!
//! The first line says what the project is. Then come its files, each below `-- PATH --`; below
//! `-- use: PATH --` what its application does with a binding, which compiles once the bindings are
//! where they belong. `-- environments --` stands for a wrangler file with an environment.

use std::path::{Path, PathBuf};

/// A wrangler file with two namespaces.
const CONFIG: &str = "\
name = \"app\"
main = \"src/index.ts\"
compatibility_date = \"2026-01-15\"

[[kv_namespaces]]
binding = \"CONFIG_CACHE\"

[[kv_namespaces]]
binding = \"SESSIONS\"
";

/// An environment with one more.
const ENVIRONMENT: &str = "
[env.staging]

[[env.staging.kv_namespaces]]
binding = \"CONFIG_CACHE\"

[[env.staging.kv_namespaces]]
binding = \"SESSIONS\"

[[env.staging.kv_namespaces]]
binding = \"DRAFTS\"
";

/// The runtime's types are global.
const TSCONFIG: &str = "{ \"compilerOptions\": { \"types\": [\"@cloudflare/workers-types\"], \"lib\": [\"es2022\"] } }\n";

/// A project.
pub(crate) struct EnvCase {
    pub(crate) name: String,
    /// What it is.
    pub(crate) about: String,
    /// Its files, with their paths.
    pub(crate) files: Vec<(String, String)>,
    /// What its application does with a binding.
    pub(crate) uses: Vec<(String, String)>,
}

/// Reads all projects.
pub(crate) fn env_cases() -> Vec<EnvCase> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/env");
    let entries = fs_err::read_dir(root).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 30, "{} projects", paths.len());
    paths.iter().map(|path| EnvCase::read(path)).collect()
}

impl EnvCase {
    fn read(path: &Path) -> Self {
        let text = fs_err::read_to_string(path).unwrap();
        let mut case = Self {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            about: text.lines().next().unwrap_or_default().to_owned(),
            files: vec![("wrangler.toml".to_owned(), CONFIG.to_owned())],
            uses: Vec::new(),
        };
        for section in text.split("\n-- ").skip(1) {
            let (head, body) = section.split_once(" --").unwrap();
            let mut body = body.trim_start_matches('\n').to_owned();
            if !body.is_empty() && !body.ends_with('\n') {
                body.push('\n');
            }
            match head.strip_prefix("use: ") {
                Some(path) => case.uses.push((path.to_owned(), body)),
                None if head == "environments" => case.files[0].1.push_str(ENVIRONMENT),
                None => case.files.push((head.to_owned(), body)),
            }
        }
        if !case.files.iter().any(|(path, _)| path == "tsconfig.json") {
            case.files
                .push(("tsconfig.json".to_owned(), TSCONFIG.to_owned()));
        }
        case
    }
}
