//! Where a file gives the bindings a type.

use tree_sitter::Node;

use super::{
    Import, Usage,
    source::{Source, children, is_comment},
};

/// Generic types and functions whose first argument is the type of the bindings.
const GENERICS: [&str; 10] = [
    "DurableObject",
    "EventContext",
    "ExportedHandler",
    "PagesFunction",
    "PagesPluginFunction",
    "PlatformProxy",
    "Runtime",
    "WorkerEntrypoint",
    "WorkflowEntrypoint",
    "getPlatformProxy",
];

/// Texts of which every file that uses the type of the bindings has one.
pub const USE_MARKS: [&str; 13] = [
    "Bindings",
    "DurableObject",
    "Env",
    "EventContext",
    "ExportedHandler",
    "PagesFunction",
    "PagesPluginFunction",
    "Platform",
    "Runtime<",
    "WorkflowEntrypoint",
    "WorkerEntrypoint",
    "cloudflare:workers",
    "env:",
];

/// Names that the type of a member or parameter `env` has if it is the type of the bindings.
const USUAL_NAMES: [&str; 4] = ["Bindings", "CloudflareBindings", "CloudflareEnv", "Env"];

/// Functions that the runtime calls with the bindings, besides `onRequest…`.
const HANDLERS: [&str; 5] = ["email", "fetch", "queue", "scheduled", "tail"];

/// Types with the members of their argument.
const WRAPPERS: [&str; 3] = ["Partial", "Readonly", "Required"];

/// A place that gives the bindings a type.
pub(super) struct Site<'t> {
    /// All of it.
    pub(super) whole: Node<'t>,
    /// The type.
    pub(super) given: Node<'t>,
    pub(super) usage: Usage,
}

/// Lists the places that give the bindings a type, in their order.
pub(super) fn sites<'t>(source: &'t Source<'_>) -> Vec<Site<'t>> {
    let mut found = Vec::new();
    let mut nodes = vec![source.root()];
    while let Some(whole) = nodes.pop() {
        found.extend(given_by(source, whole).map(|(given, usage)| Site {
            whole,
            given,
            usage,
        }));
        nodes.extend(children(whole).into_iter().rev());
    }
    found
}

/// Whether a type is only a name, also `T.NAME` and `import("MODULE").NAME`.
pub(super) fn is_name(node: &Node<'_>) -> bool {
    // In an annotation, the grammar takes the last one for an expression.
    matches!(
        node.kind(),
        "type_identifier" | "nested_type_identifier" | "member_expression"
    )
}

/// Returns what `(T)`, `Readonly<T>` and the like have the members of.
pub(super) fn unwrapped<'t>(source: &Source<'_>, mut node: Node<'t>) -> Node<'t> {
    loop {
        let is_wrapper = |name: &str| WRAPPERS.contains(&name);
        let inner = match node.kind() {
            "parenthesized_type" => first(node),
            "generic_type" if source.name(node).is_some_and(is_wrapper) => argument(node),
            _ => None,
        };
        match inner {
            Some(inner) => node = inner,
            None => return node,
        }
    }
}

fn first(node: Node<'_>) -> Option<Node<'_>> {
    children(node).into_iter().find(|node| !is_comment(*node))
}

fn argument(node: Node<'_>) -> Option<Node<'_>> {
    let mut parts = children(node).into_iter();
    first(parts.find(|child| child.kind() == "type_arguments")?)
}

/// Returns the type of the bindings that a node gives.
fn given_by<'t>(source: &Source<'_>, node: Node<'t>) -> Option<(Node<'t>, Usage)> {
    let (given, usage) = match node.kind() {
        "property_signature" | "required_parameter" | "optional_parameter" => {
            let pattern = node.child_by_field_name("pattern");
            let name = pattern.map(|pattern| source.of(pattern));
            let given = Source::annotation(node)?;
            let usage = match name.or_else(|| source.name(node))? {
                "Bindings" => Usage::Hono,
                "env" | "_env" if is_of_handler(source, node) => Usage::Generic,
                "env" if USUAL_NAMES.contains(&source.of(given)) => Usage::Name,
                _ => return None,
            };
            (given, usage)
        }
        kind => {
            let field = match kind {
                "generic_type" => "name",
                "extends_clause" => "value",
                "call_expression" => "function",
                _ => return None,
            };
            let generic = source.of(node.child_by_field_name(field)?);
            // `await f<T>()` is `(await f)<T>()`.
            let name = generic.rsplit(['.', ' ']).next()?;
            let is_known =
                GENERICS.contains(&name) && (name != "Runtime" || is_of_astro(source, generic));
            (argument(node).filter(|_| is_known)?, Usage::Generic)
        }
    };
    let given = unwrapped(source, given);
    let is_type = match given.kind() {
        // `DurableObject<{}>` says that there are none.
        "object_type" => usage == Usage::Hono || first(given).is_some(),
        "intersection_type" | "generic_type" => true,
        _ => is_name(&given),
    };
    is_type.then_some((given, usage))
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

/// Whether a type named `Runtime` is the one of Astro's adapter: others have such a type, too.
fn is_of_astro(source: &Source<'_>, name: &str) -> bool {
    let of_astro = |import: &Import| {
        let module = import.module.as_deref().unwrap_or_default();
        import.local == name && module.starts_with("@astrojs/")
    };
    name.contains("@astrojs/") || source.imports().iter().any(of_astro)
}
