//! A TypeScript file and its syntax tree.

use tree_sitter::{Node, Parser, Tree};

use super::{Kind, Problem};

/// Which grammar a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `.ts`, `.mts`, `.cts`.
    TypeScript,
    /// `.tsx`.
    Tsx,
}

impl Dialect {
    /// Returns the grammar of files with this ending; `None` if they are not TypeScript.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "ts" | "mts" | "cts" => Some(Self::TypeScript),
            "tsx" => Some(Self::Tsx),
            _ => None,
        }
    }
}

/// Types of the runtime that a file can name only if all of them are global, or it imports them.
const RUNTIME_TYPES: [&str; 8] = [
    "KVNamespace",
    "D1Database",
    "R2Bucket",
    "DurableObjectNamespace",
    "Fetcher",
    "ExecutionContext",
    "AnalyticsEngineDataset",
    "Hyperdrive",
];

/// A file that parses.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    tree: Tree,
}

impl<'a> Source<'a> {
    pub(super) fn parse(text: &'a str, dialect: Dialect) -> Result<Self, Problem> {
        let language = match dialect {
            Dialect::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
            Dialect::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
        };
        let mut parser = Parser::new();
        let tree = match parser.set_language(&language.into()) {
            Ok(()) => parser.parse(text, None),
            Err(_incompatible) => None,
        };
        let tree = tree.ok_or_else(|| Problem::somewhere(Kind::NotClean))?;
        if let Some(wrong) = first_error(tree.root_node()) {
            return Err(Problem {
                line: Some(line(wrong)),
                kind: Kind::Unparsable,
            });
        }
        Ok(Self { text, tree })
    }

    pub(super) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    pub(super) fn of(&self, node: Node<'_>) -> &'a str {
        &self.text[node.byte_range()]
    }

    /// Returns a node's text on one line, cut where it gets long.
    pub(super) fn one_line(&self, node: Node<'_>) -> String {
        let words: Vec<&str> = self.of(node).split_whitespace().collect();
        let text = words.join(" ");
        match text.char_indices().nth(60) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    }

    pub(super) fn problem(&self, node: Node<'_>, kind: Kind) -> Problem {
        debug_assert!(node.end_byte() <= self.text.len());
        Problem {
            line: Some(line(node)),
            kind,
        }
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

    /// Whether a member says `NAME: KVNamespace`, quoted, readonly or with a type argument.
    pub(super) fn is_namespace_field(&self, member: Node<'_>) -> bool {
        let optional = tokens(member).iter().any(|token| token.kind() == "?");
        let annotation = member.child_by_field_name("type");
        let kind = annotation.and_then(|a| children(a).into_iter().find(|n| !is_comment(*n)));
        let base = kind.map(|kind| match kind.kind() {
            "generic_type" => self.name(kind).unwrap_or_default(),
            _ => self.of(kind),
        });
        let is_namespace = |base: &str| base == "KVNamespace" || base.ends_with(".KVNamespace");
        member.kind() == "property_signature" && !optional && base.is_some_and(is_namespace)
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

    /// Whether `KVNamespace` has a meaning in this file: it is imported, or other types of the
    /// runtime are used that are not.
    pub(super) fn names_namespaces(&self) -> bool {
        let mut imported = Vec::new();
        let mut used = Vec::new();
        let mut nodes = vec![(self.root(), false)];
        while let Some((node, in_import)) = nodes.pop() {
            let in_import = in_import || node.kind() == "import_statement";
            match node.kind() {
                "import_specifier" => {
                    let bound = node.child_by_field_name("alias");
                    let bound = bound.or_else(|| node.child_by_field_name("name"));
                    imported.extend(bound.map(|bound| self.of(bound)));
                }
                "type_identifier" if !in_import => used.push(self.of(node)),
                _ => {}
            }
            nodes.extend(children(node).into_iter().map(|child| (child, in_import)));
        }
        let is_global = |name: &&'static str| used.contains(name) && !imported.contains(name);
        imported.contains(&"KVNamespace") || RUNTIME_TYPES.iter().any(is_global)
    }
}

/// Returns the named children.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

fn tokens(node: Node<'_>) -> Vec<Node<'_>> {
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
