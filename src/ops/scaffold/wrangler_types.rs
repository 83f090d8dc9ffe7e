//! The commands of wrangler that generate the type of the bindings.

use std::path::Path;

use crate::domain::ShowPath as _;
use crate::scaffold::types::Generated;

/// Names that are the type of the bindings wherever they are used.
pub(super) const USUAL_NAMES: [&str; 4] = [
    "Env",
    "CloudflareEnv",
    "CloudflareBindings",
    "Cloudflare.Env",
];

/// The file that `wrangler types` writes, unless told.
const GENERATED: &str = "worker-configuration.d.ts";

/// Returns the command that generates a type.
pub(super) fn generating(name: &str) -> String {
    match name {
        "Env" | "Cloudflare.Env" => "npx wrangler types".to_owned(),
        "CloudflareEnv" => {
            "npx wrangler types --env-interface CloudflareEnv cloudflare-env.d.ts".to_owned()
        }
        name => format!("npx wrangler types --env-interface {name}"),
    }
}

/// Returns the command that generates the file at a path again.
pub(super) fn regenerating(path: &Path, content: &Generated) -> String {
    if let Some(command) = &content.command {
        return format!("npx {command}");
    }
    let interface = content.interface().map_or("Env", |d| d.name.as_str());
    if path == Path::new(GENERATED) {
        return generating(interface);
    }
    let command = "npx wrangler types";
    match interface {
        "Env" => format!("{command} {}", path.shown()),
        name => format!("{command} --env-interface {name} {}", path.shown()),
    }
}
