//! Where a file declares the type of the bindings.

use tree_sitter::Node;

use super::{
    Kind, Problem, Target,
    source::{NAMESPACE, Source, children, is_comment, line},
    uses::sites,
};

/// Where the type is.
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

/// Finds the one declaration of the type, provided that fields can be added to it.
pub(super) fn env<'t>(source: &'t Source<'_>, target: &Target) -> Result<Env<'t>, Problem> {
    let found = match target.inline {
        Some(number) => inline(source).nth(number),
        None => named(source, target)?,
    };
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

/// Returns the lists of fields that stand right where the type of the bindings is given, in their order.
fn inline<'t>(source: &'t Source<'_>) -> impl Iterator<Item = Declaration<'t>> {
    let lists = sites(source).into_iter();
    let lists = lists.filter(|site| site.given.kind() == "object_type");
    lists.map(|site| Declaration {
        whole: site.whole,
        body: site.given,
    })
}

fn named<'t>(source: &'t Source<'_>, target: &Target) -> Result<Option<Declaration<'t>>, Problem> {
    let mut found: Option<Declaration<'t>> = None;
    let mut nested = None;
    for statement in children(source.root()) {
        if let Some(other) = in_global(source, statement, &target.name) {
            return Err(source.problem(other, Kind::Global));
        }
        if let Some((other, kind)) = from_elsewhere(source, statement, target) {
            return Err(source.problem(other, kind));
        }
        nested = nested.or_else(|| in_cloudflare(source, statement, target));
        let Some(declaration) = declared_by(source, statement, &target.name)? else {
            continue;
        };
        if let Some(first) = &found {
            return Err(source.problem(declaration.whole, Kind::Twice(line(first.whole))));
        }
        found = Some(declaration);
    }
    match nested {
        Some(nested) if found.is_none() => {
            Err(source.problem(nested, Kind::Nested("`namespace Cloudflare`")))
        }
        _ => Ok(found),
    }
}

/// Returns the declaration inside `export …` or `declare …`, or the statement itself.
pub(super) fn inner(statement: Node<'_>) -> Node<'_> {
    let declared = match statement.kind() {
        "export_statement" => statement
            .child_by_field_name("declaration")
            .or_else(|| statement.child_by_field_name("value")),
        "ambient_declaration" | "expression_statement" => {
            children(statement).into_iter().find(|n| !is_comment(*n))
        }
        _ => None,
    };
    declared.map_or(statement, inner)
}

fn declared_by<'t>(
    source: &Source<'_>,
    statement: Node<'t>,
    wanted: &str,
) -> Result<Option<Declaration<'t>>, Problem> {
    let whole = inner(statement);
    let (is_wanted, is_namespace) = match source.name(whole) {
        Some(name) => (name == wanted, name == NAMESPACE),
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
    if !declares || !is_wanted {
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

/// Returns the type's declaration in a `declare global` block.
fn in_global<'t>(source: &Source<'_>, statement: Node<'t>, name: &str) -> Option<Node<'t>> {
    let block = global_block(source, statement)?;
    let declarations = children(block).into_iter().map(inner);
    let mut named = declarations.filter(|node| source.name(*node) == Some(name));
    named.find(is_type)
}

/// Returns the block of `declare global`.
pub(super) fn global_block<'t>(source: &Source<'_>, statement: Node<'t>) -> Option<Node<'t>> {
    if statement.kind() != "ambient_declaration" {
        return None;
    }
    let mut children = children(statement).into_iter();
    let block = children.find(|node| node.kind() == "statement_block")?;
    let text = source.of(statement);
    let head = text.split('{').next().unwrap_or_default().trim_end();
    head.ends_with("global").then_some(block)
}

/// Returns `Env` of `namespace Cloudflare`, also of one in another block.
fn in_cloudflare<'t>(
    source: &Source<'_>,
    statement: Node<'t>,
    target: &Target,
) -> Option<Node<'t>> {
    let mut nodes = vec![statement];
    while let Some(node) = nodes.pop().filter(|_| target.name == "Env") {
        let block = match node.kind() {
            "internal_module" | "module" => node.child_by_field_name("body"),
            _ => global_block(source, node),
        };
        let Some(block) = block else {
            let nested = inner(node);
            nodes.extend((nested != node).then_some(nested));
            continue;
        };
        let is_cloudflare = source.name(node) == Some("Cloudflare");
        for child in children(block) {
            let declared = inner(child);
            if is_cloudflare && source.name(declared) == Some("Env") && is_type(&declared) {
                return Some(declared);
            }
            nodes.push(child);
        }
    }
    None
}

pub(super) fn is_type(node: &Node<'_>) -> bool {
    matches!(
        node.kind(),
        "interface_declaration" | "type_alias_declaration"
    )
}

/// Returns what makes the type a name of another module's, or another name's: `import { Env } from`,
/// `import Env from`, `export { X as Env }`, or may do so: `export * from`.
fn from_elsewhere<'t>(
    source: &Source<'_>,
    statement: Node<'t>,
    target: &Target,
) -> Option<(Node<'t>, Kind)> {
    if !matches!(statement.kind(), "import_statement" | "export_statement") {
        return None;
    }
    if statement.child_by_field_name("declaration").is_some() {
        return None;
    }
    let module = statement.child_by_field_name("source");
    if let Some(module) = module.filter(|_| is_star(statement)) {
        let module = source.of(module).trim_matches(['"', '\'']);
        let is_harmless = target.harmless.iter().any(|known| known == module);
        return (!is_harmless).then(|| (statement, Kind::Star(module.to_owned())));
    }
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
        let counts = module.is_some() || alias.is_some();
        if counts && bound.is_some_and(|bound| source.of(bound) == target.name) {
            return Some((node, Kind::Imported));
        }
        nodes.extend(children(node));
    }
    None
}

/// Whether a statement is `export * from`, without a name.
pub(super) fn is_star(statement: Node<'_>) -> bool {
    let children = children(statement);
    let is_clause = |node: &Node<'_>| matches!(node.kind(), "export_clause" | "namespace_export");
    statement.kind() == "export_statement"
        && statement.child_by_field_name("source").is_some()
        && !children.iter().any(is_clause)
}
