//! Where a file declares `Env`.

use tree_sitter::Node;

use super::{
    Kind, Problem,
    source::{Source, children, is_comment, line},
};

/// Where `Env` is.
pub(super) enum Env<'t> {
    /// Nowhere in this file.
    Absent,
    /// Here, with a list of fields.
    Here(Declaration<'t>),
}

/// A declaration with a list of fields.
pub(super) struct Declaration<'t> {
    /// All of it, from the keyword on.
    pub(super) whole: Node<'t>,
    /// The braces and what is between them.
    pub(super) body: Node<'t>,
}

impl<'t> Declaration<'t> {
    pub(super) fn members(&self) -> Vec<Node<'t>> {
        let mut members = children(self.body);
        members.retain(|node| !is_comment(*node));
        members
    }

    pub(super) fn field(&self, source: &Source<'_>, name: &str) -> Option<Node<'t>> {
        let mut members = self.members().into_iter();
        members.find(|member| source.name(*member) == Some(name))
    }
}

/// Finds the one declaration of `Env`, provided that fields can be added to it.
pub(super) fn env<'t>(source: &'t Source<'_>) -> Result<Env<'t>, Problem> {
    let mut found: Option<Declaration<'t>> = None;
    for statement in children(source.root()) {
        if let Some(other) = in_global(source, statement) {
            return Err(source.problem(other, Kind::Global));
        }
        if let Some(other) = from_elsewhere(source, statement) {
            return Err(source.problem(other, Kind::Imported));
        }
        let Some(declaration) = declared_by(source, statement)? else {
            continue;
        };
        if let Some(first) = &found {
            return Err(source.problem(declaration.whole, Kind::Twice(line(first.whole))));
        }
        found = Some(declaration);
    }
    let Some(declaration) = found else {
        return Ok(Env::Absent);
    };
    if extends_generated(source, declaration.whole) {
        return Err(source.problem(declaration.whole, Kind::Generated));
    }
    let index = |member: &Node<'_>| member.kind() == "index_signature";
    match declaration.members().into_iter().find(index) {
        Some(index) => Err(source.problem(index, Kind::Index)),
        None => Ok(Env::Here(declaration)),
    }
}

/// Returns the declaration inside `export …` or `declare …`, or the statement itself.
fn inner(statement: Node<'_>) -> Node<'_> {
    let declared = match statement.kind() {
        "export_statement" => statement
            .child_by_field_name("declaration")
            .or_else(|| statement.child_by_field_name("value")),
        "ambient_declaration" => children(statement).into_iter().find(|n| !is_comment(*n)),
        _ => None,
    };
    declared.map_or(statement, inner)
}

fn declared_by<'t>(
    source: &Source<'_>,
    statement: Node<'t>,
) -> Result<Option<Declaration<'t>>, Problem> {
    let whole = inner(statement);
    let (is_env, is_namespace) = match source.name(whole) {
        Some(name) => (name == "Env", name == "KVNamespace"),
        None => (false, false),
    };
    let declares = matches!(
        whole.kind(),
        "interface_declaration"
            | "type_alias_declaration"
            | "class_declaration"
            | "abstract_class_declaration"
            | "enum_declaration"
    );
    if declares && is_namespace {
        return Err(source.problem(whole, Kind::OwnNamespace));
    }
    if !declares || !is_env {
        return Ok(None);
    }
    let shape = |what| Err(source.problem(whole, Kind::Shape(what)));
    let body = match whole.kind() {
        "interface_declaration" => whole.child_by_field_name("body"),
        "type_alias_declaration" => whole.child_by_field_name("value"),
        "enum_declaration" => return shape("an enum"),
        _ => return shape("a class"),
    };
    match body {
        Some(body) if matches!(body.kind(), "interface_body" | "object_type") => {
            Ok(Some(Declaration { whole, body }))
        }
        Some(body) if source.of(body).contains("Cloudflare.Env") => {
            Err(source.problem(whole, Kind::Generated))
        }
        Some(_) | None => shape("another kind of type"),
    }
}

fn extends_generated(source: &Source<'_>, declaration: Node<'_>) -> bool {
    children(declaration).into_iter().any(|node| {
        node.kind() == "extends_type_clause" && source.of(node).contains("Cloudflare.Env")
    })
}

/// Returns the `Env` of a `declare global` block.
fn in_global<'t>(source: &Source<'_>, statement: Node<'t>) -> Option<Node<'t>> {
    if statement.kind() != "ambient_declaration" {
        return None;
    }
    let is_global = tokens_before_block(source, statement).ends_with("global");
    let block = children(statement)
        .into_iter()
        .find(|node| node.kind() == "statement_block")?;
    if !is_global {
        return None;
    }
    let declarations = children(block).into_iter().map(inner);
    let mut named = declarations.filter(|node| source.name(*node) == Some("Env"));
    named.find(|node| {
        matches!(
            node.kind(),
            "interface_declaration" | "type_alias_declaration"
        )
    })
}

fn tokens_before_block<'a>(source: &Source<'a>, statement: Node<'_>) -> &'a str {
    let text = source.of(statement);
    text.split('{').next().unwrap_or_default().trim_end()
}

/// Returns what makes `Env` a name of another module's, or another name's: `import { Env } from`,
/// `import Env from`, `export { X as Env }`.
fn from_elsewhere<'t>(source: &Source<'_>, statement: Node<'t>) -> Option<Node<'t>> {
    if !matches!(statement.kind(), "import_statement" | "export_statement") {
        return None;
    }
    if statement.child_by_field_name("declaration").is_some() {
        return None;
    }
    let has_source = statement.child_by_field_name("source").is_some();
    let mut nodes = vec![statement];
    while let Some(node) = nodes.pop() {
        let alias = node.child_by_field_name("alias");
        let bound = match node.kind() {
            "import_specifier" | "export_specifier" => {
                alias.or_else(|| node.child_by_field_name("name"))
            }
            "import_clause" | "namespace_import" | "namespace_export" => children(node)
                .into_iter()
                .find(|child| child.kind() == "identifier"),
            _ => None,
        };
        // `export { Env }` alone exports what is declared here.
        let counts = has_source || alias.is_some();
        if counts && bound.is_some_and(|bound| source.of(bound) == "Env") {
            return Some(node);
        }
        nodes.extend(children(node));
    }
    None
}
