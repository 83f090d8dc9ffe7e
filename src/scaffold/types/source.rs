//! A TypeScript file and its syntax tree.

use std::cell::OnceCell;

use tree_sitter::{Node, Parser, Tree};

use super::{Dialect, Kind, Problem};

/// Types of the runtime that a file can name only if all of them are global, or it imports them.
const RUNTIME_TYPES: [&str; 8] = [
    NAMESPACE,
    "D1Database",
    "R2Bucket",
    "DurableObjectNamespace",
    "Fetcher",
    "ExecutionContext",
    "AnalyticsEngineDataset",
    "Hyperdrive",
];

/// How much of a text is shown.
const LINE_MAX: usize = 60;

/// The type of a namespace.
pub(super) const NAMESPACE: &str = "KVNamespace";
/// The package that has it.
const PACKAGE: &str = "@cloudflare/workers-types";

/// Whether a member can be a namespace's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It is a namespace.
    Required,
    /// It is a namespace, or undefined.
    Optional,
    /// It is something else.
    Other,
}

/// A name that a file imports, or re-exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// What it is called here, or by those that import this file.
    pub local: String,
    /// What it is called there; `default` and `*` are no names.
    pub name: String,
    /// The module; nothing for `export { NAME as LOCAL }`.
    pub module: Option<String>,
    /// Whether it is only re-exported.
    pub is_export: bool,
    /// The line.
    pub line: usize,
}

impl Import {
    /// Whether this is what the runtime calls `env`.
    pub fn is_env_of_the_runtime(&self) -> bool {
        self.name == "env" && self.module.as_deref() == Some("cloudflare:workers")
    }

    pub(super) fn is_of_the_package(&self) -> bool {
        let of_package = |module: &str| {
            let rest = module.strip_prefix(PACKAGE);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.module.as_deref().is_some_and(of_package)
    }
}

/// A file and its syntax tree.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    tree: Tree,
    imports: OnceCell<Vec<Import>>,
    pub(super) namespace_names: OnceCell<Vec<String>>,
}

impl<'a> Source<'a> {
    /// Parses a file; an error if there is anything that the parser does not understand.
    pub(super) fn parse(text: &'a str, dialect: Dialect) -> Result<Self, Problem> {
        let source = Self::parse_leniently(text, dialect)?;
        match first_error(source.root()) {
            Some(wrong) => Err(source.problem(wrong, Kind::Unparsable)),
            None => Ok(source),
        }
    }

    /// Parses a file that may have parts which the parser does not understand.
    pub(super) fn parse_leniently(text: &'a str, dialect: Dialect) -> Result<Self, Problem> {
        let tree = tree_of(text, dialect)?;
        let of_tree = |tree| Self {
            text,
            tree,
            imports: OnceCell::new(),
            namespace_names: OnceCell::new(),
        };
        if !tree.root_node().has_error() {
            return Ok(of_tree(tree));
        }
        // The grammar does not know `import("m").T<A>`. What stands for it has the same length.
        let masked = without_import_types(text);
        let masked = masked.map(|masked| tree_of(&masked, dialect)).transpose()?;
        let clean = masked.filter(|tree| !tree.root_node().has_error());
        Ok(of_tree(clean.unwrap_or(tree)))
    }

    pub(super) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    pub(super) fn of(&self, node: Node<'_>) -> &'a str {
        &self.text[node.byte_range()]
    }

    /// Returns a node's text on one line, cut where it gets long.
    pub(super) fn one_line(&self, node: Node<'_>) -> String {
        let mut text = String::new();
        for word in self.of(node).split_whitespace() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.extend(word.chars().take(LINE_MAX + 1));
            if let Some((at, _)) = text.char_indices().nth(LINE_MAX) {
                text.truncate(at);
                text.push('…');
                break;
            }
        }
        text
    }

    pub(super) fn problem(&self, node: Node<'_>, kind: Kind) -> Problem {
        debug_assert!(node.end_byte() <= self.text.len());
        Problem::on(line(node), kind)
    }

    /// Returns the name that a declaration or a member has, without quotes.
    pub(super) fn name(&self, node: Node<'_>) -> Option<&'a str> {
        let name = node.child_by_field_name("name")?;
        let name = match name.kind() {
            // `['NAME']` is NAME, too.
            "computed_property_name" => children(name).into_iter().find(|n| !is_comment(*n))?,
            _ => name,
        };
        Some(self.of(name).trim_matches(['"', '\'', '`']))
    }

    /// Returns the type that a member or a parameter is declared with.
    pub(super) fn annotation(node: Node<'_>) -> Option<Node<'_>> {
        let annotation = node.child_by_field_name("type");
        let annotation = annotation.or_else(|| node.child_by_field_name("return_type"))?;
        children(annotation).into_iter().find(|n| !is_comment(*n))
    }

    /// Whether the file has statements and none of them is an import or an export.
    pub(super) fn is_script(&self) -> bool {
        let statements = children(self.root());
        let mut statements = statements
            .iter()
            .filter(|node| !is_comment(**node))
            .peekable();
        let is_module =
            |node: &&Node<'_>| matches!(node.kind(), "import_statement" | "export_statement");
        statements.peek().is_some() && !statements.any(|node| is_module(&node))
    }

    /// Returns the names that the file imports or re-exports.
    pub(super) fn imports(&self) -> &[Import] {
        self.imports.get_or_init(|| self.read_imports())
    }

    fn read_imports(&self) -> Vec<Import> {
        let mut imports = Vec::new();
        for statement in children(self.root()) {
            let is_export = statement.kind() == "export_statement";
            if statement.kind() != "import_statement" && !is_export {
                continue;
            }
            let declaration = statement.child_by_field_name("declaration");
            let value = statement.child_by_field_name("value");
            if let Some(declared) = declaration.or(value) {
                // `export default NAME`, or of a declaration with a name.
                let mut tokens = tokens(statement).into_iter();
                let is_default = tokens.any(|token| token.kind() == "default");
                let name = match declared.kind() {
                    "identifier" => Some(self.of(declared)),
                    _ => self.name(declared),
                };
                imports.extend(name.filter(|_| is_default).map(|name| Import {
                    local: "default".to_owned(),
                    name: name.to_owned(),
                    module: None,
                    is_export,
                    line: line(statement),
                }));
                continue;
            }
            let module = statement.child_by_field_name("source");
            let module = module.map(|node| self.of(node).trim_matches(['"', '\'']).to_owned());
            let mut nodes = vec![statement];
            while let Some(node) = nodes.pop() {
                if let Some((local, name)) = self.imported_by(node) {
                    imports.push(Import {
                        local: local.to_owned(),
                        name: name.to_owned(),
                        module: module.clone(),
                        is_export,
                        line: line(node),
                    });
                }
                nodes.extend(children(node));
            }
        }
        imports
    }

    /// Returns the local name and the other module's name that a part of an import stands for.
    fn imported_by(&self, node: Node<'_>) -> Option<(&'a str, &'a str)> {
        let identifier = || {
            let mut children = children(node).into_iter();
            children.find(|child| child.kind() == "identifier")
        };
        match node.kind() {
            "import_specifier" | "export_specifier" => {
                let name = node.child_by_field_name("name")?;
                let local = node.child_by_field_name("alias").unwrap_or(name);
                Some((self.of(local), self.of(name)))
            }
            "import_clause" => Some((self.of(identifier()?), "default")),
            "namespace_import" | "namespace_export" => Some((self.of(identifier()?), "*")),
            _ => None,
        }
    }

    /// Whether `KVNamespace` has a meaning in this file: it is imported, or other types of the runtime
    /// are used that are neither imported nor declared here. An error if it means something else.
    pub(super) fn names_namespaces(&self) -> Result<bool, Problem> {
        let imports = self.imports();
        if let Some(own) = self.declaration_of(NAMESPACE) {
            let value = own.child_by_field_name("value");
            // As Astro's documentation has it.
            return match value.map(|value| self.of(value)) {
                Some(value) if value.starts_with("import(") && value.contains(PACKAGE) => Ok(true),
                _ => Err(self.problem(own, Kind::OwnNamespace)),
            };
        }
        let is_bound = |import: &&Import| !import.is_export && import.local == NAMESPACE;
        if let Some(import) = imports.iter().find(is_bound) {
            let module = import.module.clone().unwrap_or_default();
            if import.is_of_the_package() && import.name == NAMESPACE {
                return Ok(true);
            }
            return Err(Problem::on(import.line, Kind::OtherNamespace(module)));
        }
        let mut bound: Vec<&str> = imports.iter().map(|i| i.local.as_str()).collect();
        let mut used = Vec::new();
        let mut nodes = vec![self.root()];
        while let Some(node) = nodes.pop() {
            match node.kind() {
                "import_statement" | "import_alias" => {
                    // `import A = B.C`
                    bound.extend(children(node).first().map(|name| self.of(*name)));
                    continue;
                }
                // `A.B` is not the `B` of the runtime.
                "nested_type_identifier" => continue,
                "type_identifier" => used.push(self.of(node)),
                "type_parameter" | "class" => bound.extend(self.name(node)),
                kind if kind.ends_with("_declaration") => bound.extend(self.name(node)),
                _ => {}
            }
            nodes.extend(children(node));
        }
        let is_global = |name: &&'static str| used.contains(name) && !bound.contains(name);
        Ok(RUNTIME_TYPES.iter().any(is_global))
    }

    /// Finds the declaration of a type at the top level.
    fn declaration_of(&self, name: &str) -> Option<Node<'_>> {
        let mut declarations = children(self.root()).into_iter().map(inner);
        declarations
            .find(|node| node.kind().ends_with("_declaration") && self.name(*node) == Some(name))
    }

    /// Whether the file makes the package's types global, by `/// <reference types="…" />`.
    pub(super) fn refers_to_the_package(&self) -> bool {
        let comments = children(self.root()).into_iter();
        let mut comments = comments.take_while(|node| is_comment(*node));
        comments.any(|node| {
            let text = self.of(node);
            text.starts_with("///") && text.contains("<reference types=") && text.contains(PACKAGE)
        })
    }
}

fn tree_of(text: &str, dialect: Dialect) -> Result<Tree, Problem> {
    let language = match dialect {
        Dialect::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        Dialect::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
    };
    let mut parser = Parser::new();
    let tree = match parser.set_language(&language.into()) {
        Ok(()) => parser.parse(text, None),
        Err(_incompatible) => None,
    };
    tree.ok_or_else(|| Problem::somewhere(Kind::NotClean))
}

/// Replaces every `import("MODULE")` before a `.` by a name of the same length; nothing if there is
/// none.
fn without_import_types(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("import(") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let end = import_type_end(from);
        match end {
            Some(end) => {
                out.push_str("import");
                out.extend(std::iter::repeat_n('_', end - "import".len()));
            }
            None => out.push_str("import("),
        }
        rest = &from[end.unwrap_or("import(".len())..];
    }
    out.push_str(rest);
    (out != text).then_some(out)
}

/// Returns how long the `import("MODULE")` is that `text` begins with, provided that a `.` follows.
fn import_type_end(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("import(")?;
    let quote = inner.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (module, rest) = inner[1..].split_once(quote)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@/._:~-".contains(c);
    let follows = rest.starts_with(").") && module.chars().all(is_plain);
    follows.then(|| "import(".len() + module.len() + 3)
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

/// Returns the named children.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

pub(super) fn tokens(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}

pub(super) fn is_comment(node: Node<'_>) -> bool {
    matches!(node.kind(), "comment" | "hash_bang_line")
}

pub(super) fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

fn first_error(node: Node<'_>) -> Option<Node<'_>> {
    if node.is_error() || node.is_missing() {
        return Some(node);
    }
    if !node.has_error() {
        return None;
    }
    tokens(node)
        .into_iter()
        .find_map(first_error)
        .or(Some(node))
}
