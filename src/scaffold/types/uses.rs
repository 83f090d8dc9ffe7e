//! Where a file gives the bindings a type.

use tree_sitter::Node;

use super::{
    Import,
    facts::Usage,
    shape::{first, is_name},
    source::{Source, children},
};

/// Generic types and functions whose first argument is the type of the bindings.
const GENERICS: [&str; 9] = [
    "DurableObject",
    "EventContext",
    "PagesFunction",
    "PagesPluginFunction",
    "PlatformProxy",
    "Runtime",
    "WorkerEntrypoint",
    "WorkflowEntrypoint",
    "getPlatformProxy",
];

/// Texts of which every file that uses the type of the bindings has one.
pub const USE_MARKS: [&str; 17] = [
    ".env as ",
    "Bindings",
    "DurableObject",
    "Env",
    "EventContext",
    "ExecutionContext",
    "ExportedHandler",
    "Locals",
    "PagesFunction",
    "PagesPluginFunction",
    "Platform",
    "Runtime<",
    "WorkflowEntrypoint",
    "WorkerEntrypoint",
    "cloudflare:",
    "cloudflare?:",
    "env:",
];

/// Names that the type of a member or parameter `env` has if it is the type of the bindings.
const USUAL_NAMES: [&str; 4] = ["Bindings", "CloudflareBindings", "CloudflareEnv", "Env"];

/// Functions that the runtime calls with the bindings, besides `onRequest…`.
const HANDLERS: [&str; 5] = ["email", "fetch", "queue", "scheduled", "tail"];

/// A place that gives the bindings a type.
pub(super) struct Site<'t> {
    /// All of it.
    pub(super) whole: Node<'t>,
    /// The type.
    pub(super) given: Node<'t>,
    /// The name of the member that has the type.
    pub(super) name: Option<&'t str>,
    pub(super) usage: Usage,
}

/// Lists the places that give the bindings a type, in their order.
pub(super) fn sites<'t>(source: &'t Source<'_>) -> Vec<Site<'t>> {
    let mut found = Vec::new();
    let mut nodes = vec![source.root()];
    while let Some(whole) = nodes.pop() {
        let site = member_site(source, whole).or_else(|| generic_site(source, whole));
        let site = site.and_then(|site| that_tells(source, site));
        found.extend(site.or_else(|| context_site(source, whole)));
        nodes.extend(children(whole).into_iter().rev());
    }
    found
}

/// Returns what a member or parameter says whose name, or function, tells that it has the bindings.
fn member_site<'t>(source: &'t Source<'_>, whole: Node<'t>) -> Option<Site<'t>> {
    let kinds = [
        "property_signature",
        "required_parameter",
        "optional_parameter",
    ];
    if !kinds.contains(&whole.kind()) {
        return None;
    }
    let pattern = whole.child_by_field_name("pattern");
    let name = pattern.map(|pattern| source.of(pattern));
    let name = name.or_else(|| source.name(whole))?;
    let given = Source::annotation(whole)?;
    let text = source.of(given);
    let usage = match name {
        "Bindings" => Usage::Hono,
        "env" | "_env" if is_of_handler(source, whole) || is_of_platform(source, whole) => {
            Usage::Generic
        }
        "env" if USUAL_NAMES.contains(&text) => Usage::Name,
        "env" if given.kind() == "lookup_type" && text.contains("Bindings") => Usage::Name,
        _ => return None,
    };
    Some(Site {
        whole,
        given,
        name: Some(name),
        usage,
    })
}

/// Returns a type that has the bindings in a member of its own: that of a member `cloudflare`, and what
/// Astro and `SvelteKit` call `App.Locals` and `App.Platform`.
fn context_site<'t>(source: &'t Source<'_>, whole: Node<'t>) -> Option<Site<'t>> {
    let (given, path): (_, &[&str]) = match (whole.kind(), source.name(whole)?) {
        ("property_signature", "cloudflare") => (Source::annotation(whole)?, &["env"]),
        ("interface_declaration" | "type_alias_declaration", name @ ("Locals" | "Platform")) => {
            let mut around = std::iter::successors(whole.parent(), Node::parent);
            if around.find_map(|node| source.name(node)) != Some("App") {
                return None;
            }
            match name {
                "Locals" => (whole, &["runtime", "env"]),
                _ => (whole, &["env"]),
            }
        }
        _ => return None,
    };
    Some(Site {
        whole,
        given,
        name: None,
        usage: Usage::Within(path),
    })
}

/// Returns what a type or function says whose argument is the type of the bindings.
fn generic_site<'t>(source: &'t Source<'_>, whole: Node<'t>) -> Option<Site<'t>> {
    let field = match whole.kind() {
        "generic_type" => "name",
        "extends_clause" => "value",
        "call_expression" => "function",
        "as_expression" | "tuple_type" => "",
        _ => return None,
    };
    let given = if field.is_empty() {
        match children(whole).as_slice() {
            // What itty-router's handlers get.
            [first, second] if source.of(*second) == "ExecutionContext" => *first,
            [value, to] if is_env(source.of(*value)) => *to,
            _ => return None,
        }
    } else {
        let generic = source.of(whole.child_by_field_name(field)?);
        // `await f<T>()` is `(await f)<T>()`.
        let name = generic.rsplit(['.', ' ']).next()?;
        let is_known = GENERICS.contains(&name) || name.starts_with("ExportedHandler");
        if !is_known || name == "Runtime" && !is_of_astro(source, generic) {
            return None;
        }
        let given = argument(whole)?;
        // `DurableObject<{}>` says that there are none.
        let says_none = field == "value" && given.named_child_count() == 0;
        Some(given).filter(|given| given.kind() != "object_type" || !says_none)?
    };
    Some(Site {
        whole,
        given,
        name: None,
        usage: Usage::Generic,
    })
}

fn argument(node: Node<'_>) -> Option<Node<'_>> {
    let mut parts = children(node).into_iter();
    first(parts.find(|child| child.kind() == "type_arguments")?)
}

/// Leaves out what says nothing of the members. A type parameter stands for what it extends.
fn that_tells<'t>(source: &'t Source<'_>, mut site: Site<'t>) -> Option<Site<'t>> {
    if let Some(parameter) = parameter(source, site.given) {
        site.given = first(parameter.child_by_field_name("constraint")?)?;
    }
    let tells = |node: &Node<'_>| {
        let kinds = [
            "object_type",
            "intersection_type",
            "generic_type",
            "lookup_type",
            "type_query",
            "parenthesized_type",
        ];
        kinds.contains(&node.kind()) || is_name(node)
    };
    let is_union = site.given.kind() == "union_type";
    let parts = children(site.given);
    (tells(&site.given) || is_union && parts.iter().any(tells)).then_some(site)
}

/// Finds the declaration of a type parameter.
fn parameter<'t>(source: &Source<'_>, node: Node<'t>) -> Option<Node<'t>> {
    if node.kind() != "type_identifier" {
        return None;
    }
    let name = source.of(node);
    let mut around = std::iter::successors(node.parent(), Node::parent);
    around.find_map(|node| {
        let parameters = node.child_by_field_name("type_parameters")?;
        let mut parameters = children(parameters).into_iter();
        parameters.find(|parameter| source.name(*parameter) == Some(name))
    })
}

/// Whether a parameter, or a part of its type, is one of a function that the runtime calls: not of a
/// class, whose methods get no bindings.
fn is_of_handler(source: &Source<'_>, node: Node<'_>) -> bool {
    let mut around = std::iter::successors(node.parent(), Node::parent).take(5);
    let parameters = around.find(|node| node.kind() == "formal_parameters");
    let function = parameters.and_then(|parameters| parameters.parent());
    let Some((function, holder)) = function.and_then(|node| Some((node, node.parent()?))) else {
        return false;
    };
    let key = holder.child_by_field_name("key");
    let name = source
        .name(function)
        .or_else(|| source.name(holder))
        .or_else(|| key.map(|key| source.of(key)));
    let is_method = function.kind() == "method_signature" || holder.kind() == "class_body";
    name.is_some_and(|name| {
        !is_method && (HANDLERS.contains(&name) || name.starts_with("onRequest"))
    })
}

/// Whether an expression is what a framework calls `env`, which is not that of the process.
fn is_env(text: &str) -> bool {
    let of = text.strip_suffix(".env");
    of.is_some_and(|of| !of.ends_with("process") && !of.ends_with("import.meta"))
}

/// Whether a member is that of `SvelteKit`'s `App.Platform`, or of a member `cloudflare`.
fn is_of_platform(source: &Source<'_>, node: Node<'_>) -> bool {
    let around = std::iter::successors(node.parent(), Node::parent).take(6);
    let names: Vec<&str> = around.filter_map(|node| source.name(node)).collect();
    names.first() == Some(&"cloudflare") || names.starts_with(&["Platform", "App"])
}

/// Whether a type named `Runtime` is the one of Astro's adapter: others have such a type, too.
fn is_of_astro(source: &Source<'_>, name: &str) -> bool {
    let of_astro = |import: &Import| {
        let module = import.module.as_deref().unwrap_or_default();
        import.local == name && module.starts_with("@astrojs/")
    };
    name.contains("@astrojs/") || source.imports().iter().any(of_astro)
}
