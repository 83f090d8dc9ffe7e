//! A row as files and command lines.

use std::process::Command;

use fs_err as fs;
use serde_json::{Value, json};

use super::{
    expected,
    namespaces::{BINDING, Ids, Login, Namespace, Part},
    row::{
        Account, Cwd, Entry, EnvFiles, File, Flags, Kind, Place, Profile, Row, Section, Select,
        Verb,
    },
    store::{NEW_KEY, OLD_KEY},
};
use crate::tools::{Home, Wrangler};

/// Answers with the name of the namespace that it is bound to.
const WORKER: &str = r#"
export default {
  async fetch(request, env) {
    return new Response(await env.MY_KV.get("at"));
  },
};
"#;

/// A project in a home of its own.
pub(super) struct Project<'r> {
    pub(super) home: Home,
    row: &'r Row,
    ids: &'r Ids,
}

/// Which program does what the row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    Wrangler(Wrangler),
    Kvctl,
}

impl<'r> Project<'r> {
    /// Writes the files of the row.
    pub(super) fn new(row: &'r Row, ids: &'r Ids) -> Self {
        let home = Home::new();
        let project = Self { home, row, ids };
        let home = &project.home;
        home.write("worker.js", WORKER);
        home.write("public/_worker.js", WORKER);
        home.write(project.config_name(), project.config());
        home.write("src/lib/index.js", "");
        home.write("../elsewhere/README", "");
        project.write_env_files();
        project.write_logins();
        project
    }

    fn config_name(&self) -> &'static str {
        match self.row.file {
            File::Toml => "wrangler.toml",
            File::Jsonc => "wrangler.jsonc",
        }
    }

    fn config(&self) -> String {
        let mut config = json!({"name": "shop", "compatibility_date": "2026-01-01"});
        match self.row.kind {
            Kind::Worker => config["main"] = json!("worker.js"),
            Kind::Pages => config["pages_build_output_dir"] = json!("public"),
        }
        match self.row.account {
            Account::Login | Account::Variable => {}
            Account::File | Account::Conflict => {
                config["account_id"] = json!(expected::login(self.row).account());
            }
            Account::Placeholder => config["account_id"] = json!("<your account id>"),
        }
        config["kv_namespaces"] = json!([self.entry(Part::Top)]);
        if self.row.has_environment() {
            let mut section = json!({"kv_namespaces": [self.entry(Part::Env)]});
            if self.row.section == Section::EnvWithName {
                section["name"] = json!("shop-live");
            }
            config["env"] = json!({self.row.environment(): section});
        }
        match self.row.file {
            File::Toml => toml_edit::ser::to_string_pretty(&config).unwrap(),
            File::Jsonc => format!("// A comment.\n{config:#}\n"),
        }
    }

    fn entry(&self, part: Part) -> Value {
        let text = |namespace: Namespace| json!(self.ids.text(&namespace));
        let id = match self.row.entry {
            Entry::Id | Entry::Both | Entry::RemoteTrue => Some(text(Namespace::Id(part))),
            Entry::Upper => Some(text(Namespace::Upper(part))),
            Entry::Placeholder => Some(text(Namespace::Placeholder)),
            Entry::LocalId => Some(text(Namespace::LocalId(part))),
            Entry::Empty => Some(json!("")),
            Entry::NoKey | Entry::PreviewOnly => None,
        };
        let mut entry = json!({"binding": BINDING});
        if let Some(id) = id {
            entry["id"] = id;
        }
        if matches!(self.row.entry, Entry::Both | Entry::PreviewOnly) {
            entry["preview_id"] = text(Namespace::Preview(part));
        }
        if self.row.entry == Entry::RemoteTrue {
            entry["remote"] = json!(true);
        }
        entry
    }

    /// The folder that the commands run in, or change to.
    fn folder(&self) -> &'static str {
        match self.row.cwd {
            Cwd::Beside | Cwd::Flag => ".",
            Cwd::Below => "src/lib",
            Cwd::Elsewhere => "../elsewhere",
        }
    }

    fn write_env_files(&self) {
        let Row {
            env_files, select, ..
        } = *self.row;
        let token = |login: Login| format!("CLOUDFLARE_API_TOKEN={}\n", login.token());
        let environment = format!("CLOUDFLARE_ENV={}\n", self.row.environment());
        let mut here = match env_files {
            EnvFiles::None | EnvFiles::Named => String::new(),
            EnvFiles::DotEnv => token(Login::EnvFile),
            EnvFiles::Flag | EnvFiles::Process => token(Login::Other),
        };
        if self.row.has_environment() && select == Select::DotEnv {
            here.push_str(&environment);
        }
        let folder = self.folder();
        self.home.write(&format!("{folder}/.env"), here);
        if env_files == EnvFiles::Named {
            let name = format!("{folder}/.env.{}", self.row.environment());
            self.home.write(&name, token(Login::EnvFile));
        }
        if env_files == EnvFiles::Flag {
            self.home.write("given.env", token(Login::EnvFile));
        }
        if self.row.has_environment() && select == Select::BesideConfig {
            let path = self.home.app().join(".env");
            let before = fs::read_to_string(path).unwrap_or_default();
            self.home.write(".env", before + &environment);
        }
    }

    fn write_logins(&self) {
        let login = |login: Login| {
            format!(
                "oauth_token = \"{}\"\nexpiration_time = \"2999-01-01T00:00:00.000Z\"\n\
                 refresh_token = \"unused\"\nscopes = [\"account:read\", \"workers_kv:write\"]\n",
                login.token()
            )
        };
        let store = "../config/.wrangler";
        self.home.write(
            &format!("{store}/config/default.toml"),
            login(Login::Default),
        );
        self.home
            .write(&format!("{store}/config/work.toml"), login(Login::Work));
        if self.row.profile == Profile::Directory {
            let bindings = json!({self.home.app().to_str().unwrap(): "work"});
            self.home.write(
                &format!("{store}/profiles/directory-bindings.json"),
                bindings.to_string(),
            );
        }
    }

    /// The command of a program.
    pub(super) fn command(&self, program: Program) -> Command {
        let arguments = self.arguments(program);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = match program {
            Program::Wrangler(version) => self.home.wrangler(version, &arguments),
            Program::Kvctl => self.home.kvctl(&arguments),
        };
        self.surround(&mut command);
        command
    }

    /// Sets the environment and the current folder.
    pub(super) fn surround(&self, command: &mut Command) {
        let row = self.row;
        match row.cwd {
            Cwd::Flag => command.current_dir(self.home.app().join("../elsewhere")),
            _ => command.current_dir(self.home.app().join(self.folder())),
        };
        match row.env_files {
            EnvFiles::DotEnv => command.env("CLOUDFLARE_API_TOKEN", ""),
            EnvFiles::Process => command.env("CLOUDFLARE_API_TOKEN", Login::Process.token()),
            EnvFiles::None | EnvFiles::Named | EnvFiles::Flag => command,
        };
        if row.has_environment() && row.select == Select::Process {
            command.env("CLOUDFLARE_ENV", row.environment());
        }
        if row.profile == Profile::Variable {
            command.env("CLOUDFLARE_AUTH_PROFILE", "work");
        }
        match row.account {
            Account::Login | Account::File => {}
            Account::Variable | Account::Placeholder => {
                command.env("CLOUDFLARE_ACCOUNT_ID", expected::login(row).account());
            }
            Account::Conflict => {
                command.env("CLOUDFLARE_ACCOUNT_ID", Login::Other.account());
            }
        }
    }

    fn arguments(&self, program: Program) -> Vec<String> {
        let mut given: Vec<String> = Vec::new();
        let mut push = |parts: &[&str]| given.extend(parts.iter().copied().map(str::to_owned));
        if let Program::Wrangler(_) = program {
            push(&["kv"]);
        }
        push(match self.row.verb {
            Verb::Get => &["key", "get", OLD_KEY],
            Verb::Put => &["key", "put", NEW_KEY, "a value"],
            Verb::List => &["key", "list"],
            Verb::Delete => &["key", "delete", OLD_KEY],
        });
        match self.row.flags {
            Flags::None => push(&["--binding", BINDING]),
            Flags::Preview => push(&["--binding", BINDING, "--preview"]),
            Flags::Id => push(&["--namespace-id", &self.ids.text(&Namespace::Flag)]),
        }
        match (self.row.place, program) {
            (Place::Local, _) => push(&["--local"]),
            (Place::Remote, Program::Wrangler(_)) => push(&["--remote"]),
            (Place::Remote, Program::Kvctl) => {}
        }
        given.extend(self.place_arguments());
        given
    }

    /// The arguments that say where to look: the same for all programs.
    pub(super) fn place_arguments(&self) -> Vec<String> {
        let mut given: Vec<String> = Vec::new();
        let mut push = |flag: &str, value: &str| given.extend([flag.to_owned(), value.to_owned()]);
        if self.row.has_env_flag() {
            push("--env", self.row.environment());
        }
        match self.row.cwd {
            Cwd::Beside | Cwd::Below => {}
            Cwd::Elsewhere => push("-c", &format!("../app/{}", self.config_name())),
            Cwd::Flag => push("--cwd", "../app"),
        }
        if self.row.profile == Profile::Flag {
            push("--profile", "work");
        }
        if self.row.env_files == EnvFiles::Flag {
            let path = self.home.app().join("given.env");
            push("--env-file", path.to_str().unwrap());
        }
        given
    }
}
