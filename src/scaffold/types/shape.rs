//! Reads what a type consists of, as far as its text tells.

use tree_sitter::Node;

use super::{
    facts::{Declared, Member, Object, Type},
    source::{Fit, NAMESPACE, Source, children, inner, is_comment, line, tokens},
};

/// How deep types are read.
const DEPTH_MAX: usize = 8;

/// Types with the members of their argument.
const WRAPPERS: [&str; 3] = ["Partial", "Readonly", "Required"];

/// Types of the language whose members follow from their arguments.
const BUILT_IN: [&str; 5] = ["Awaited", "Omit", "Pick", "Record", "ReturnType"];

impl Source<'_> {
    /// Reads a type.
    pub(super) fn type_of(&self, node: Node<'_>) -> Type {
        self.read(node, DEPTH_MAX)
    }

    /// Reads what a declaration declares; nothing, if it declares no type.
    pub(super) fn declared_type(&self, node: Node<'_>) -> Option<Type> {
        let (body, bases) = match node.kind() {
            "type_alias_declaration" => {
                return Some(self.type_of(node.child_by_field_name("value")?));
            }
            "interface_declaration" => (node.child_by_field_name("body")?, "extends_type_clause"),
            "class_declaration" | "abstract_class_declaration" => {
                (node.child_by_field_name("body")?, "class_heritage")
            }
            "enum_declaration" => return Some(self.opaque(node)),
            _ => return None,
        };
        let mut parts = vec![self.list(body, DEPTH_MAX)];
        let clauses = children(node).into_iter();
        for clause in clauses.filter(|child| child.kind() == bases) {
            for base in children(clause) {
                match base.kind() {
                    "implements_clause" | "comment" => {}
                    "extends_clause" => {
                        let value = base.child_by_field_name("value");
                        parts.extend(value.map(|value| self.type_of(value)));
                    }
                    _ => parts.push(self.type_of(base)),
                }
            }
        }
        Some(one_or(parts, Type::All))
    }

    fn opaque(&self, node: Node<'_>) -> Type {
        Type::Opaque(self.one_line(node), line(node))
    }

    fn read(&self, node: Node<'_>, left: usize) -> Type {
        let Some(left) = left.checked_sub(1) else {
            return self.opaque(node);
        };
        match node.kind() {
            "parenthesized_type" => match first(node) {
                Some(inner) => self.read(inner, left),
                None => self.opaque(node),
            },
            "object_type" | "interface_body" => self.list(node, left),
            "intersection_type" | "union_type" => {
                let parts = operands(node).into_iter();
                let parts = parts.map(|part| self.read(part, left)).collect();
                match node.kind() {
                    "union_type" => Type::Either(parts),
                    _ => Type::All(parts),
                }
            }
            "generic_type" => self.generic(node, left),
            "lookup_type" => self.lookup(node),
            "type_query" if self.is_env_of_the_runtime(node) => {
                Type::Name("Cloudflare.Env".to_owned())
            }
            _ if is_name(&node) => Type::Name(self.of(node).to_owned()),
            _ => self.opaque(node),
        }
    }

    /// Reads the list of members between braces, also those of a class.
    fn list(&self, body: Node<'_>, left: usize) -> Type {
        let mut object = Object {
            at: (body.kind() != "class_body").then_some(body.start_byte()),
            members: Vec::new(),
            index: None,
        };
        for child in children(body) {
            if child.kind() == "index_signature" {
                if children(child)
                    .iter()
                    .any(|part| part.kind() == "mapped_type_clause")
                {
                    return self.opaque(body);
                }
                let takes_all = |node| matches!(self.of(node), "any" | "unknown");
                if !Self::annotation(child).is_some_and(takes_all) {
                    object.index = Some(line(child));
                }
            } else if let Some(name) = self.name(child).filter(|_| is_public(child)) {
                object.members.push(self.member(child, name, left));
            }
        }
        Type::Object(object)
    }

    fn member(&self, node: Node<'_>, name: &str, left: usize) -> Member {
        let of = match Self::annotation(node) {
            Some(annotation) => self.read(annotation, left),
            None => self.opaque(node),
        };
        Member {
            declared: Declared::unnamed(name.to_owned(), line(node), of),
            text: self.one_line(node),
            fit: self.fit(node),
        }
    }

    fn generic(&self, node: Node<'_>, left: usize) -> Type {
        let name = node.child_by_field_name("name").map(|name| self.of(name));
        let arguments = node.child_by_field_name("type_arguments");
        let mut arguments = arguments.map(children).unwrap_or_default();
        arguments.retain(|argument| !is_comment(*argument));
        match (name, arguments.as_slice()) {
            (Some(name), [of]) if WRAPPERS.contains(&name) => self.read(*of, left),
            (Some(name @ ("Omit" | "Pick")), [of, keys]) => match self.literals(*keys) {
                Some(names) => Type::Keys {
                    of: Box::new(self.read(*of, left)),
                    names,
                    are_kept: name == "Pick",
                },
                None => self.opaque(node),
            },
            (Some(name), _) if !BUILT_IN.contains(&name) => Type::Name(name.to_owned()),
            _ => self.opaque(node),
        }
    }

    /// Reads `T['NAME']`.
    fn lookup(&self, node: Node<'_>) -> Type {
        match children(node).as_slice() {
            [of, key] if is_name(of) => match self.literals(*key).as_deref() {
                Some([key]) => Type::Member(self.of(*of).to_owned(), key.clone()),
                _ => self.opaque(node),
            },
            _ => self.opaque(node),
        }
    }

    /// Returns the texts that `'A' | 'B'` may be.
    fn literals(&self, node: Node<'_>) -> Option<Vec<String>> {
        let literal = |node: Node<'_>| {
            let text = self.of(node);
            let is_text = node.kind() == "literal_type" && text.starts_with(['"', '\'']);
            is_text.then(|| text.trim_matches(['"', '\'']).to_owned())
        };
        operands(node).into_iter().map(literal).collect()
    }

    /// Whether `typeof NAME` is about the bindings that are imported from the runtime.
    fn is_env_of_the_runtime(&self, node: Node<'_>) -> bool {
        let name = first(node).map(|name| self.of(name));
        let imports = self.imports().iter();
        let mut env = imports.filter(|import| import.is_env_of_the_runtime());
        env.any(|import| name == Some(import.local.as_str()))
    }

    /// Says whether a member is a namespace: `NAME: KVNamespace`, quoted, readonly, optional, with a
    /// type argument, or a getter.
    pub(super) fn fit(&self, member: Node<'_>) -> Fit {
        let tokens = tokens(member);
        let has = |kind| tokens.iter().any(|token| token.kind() == kind);
        let is_method = member.kind().starts_with("method_") && !has("get");
        let Some(annotation) = Self::annotation(member).filter(|_| !is_method) else {
            return Fit::Other;
        };
        let (mut is_optional, mut namespaces) = (has("?"), 0);
        for part in operands(annotation) {
            match self.of(part) {
                "undefined" => is_optional = true,
                _ if self.is_namespace(part) => namespaces += 1,
                _ => return Fit::Other,
            }
        }
        match (namespaces, is_optional) {
            (1, true) => Fit::Optional,
            (1, false) => Fit::Required,
            _ => Fit::Other,
        }
    }

    /// Whether a type is that of a namespace, also by a name that the file gives it.
    fn is_namespace(&self, node: Node<'_>) -> bool {
        let base = match node.kind() {
            "generic_type" => self.name(node).unwrap_or_default(),
            _ => self.of(node),
        };
        base == NAMESPACE
            || base.ends_with(".KVNamespace")
            || self.namespace_names().iter().any(|name| name == base)
    }

    /// Returns the names of the file for `KVNamespace`: it imports it so, or has an alias of it.
    fn namespace_names(&self) -> &[String] {
        self.namespace_names.get_or_init(|| {
            let imports = self.imports().iter();
            let imports = imports.filter(|i| i.name == NAMESPACE && i.is_of_the_package());
            let aliases = children(self.root()).into_iter().filter_map(|statement| {
                let alias = inner(statement);
                let value = alias.child_by_field_name("value")?;
                let base = self.of(value.child_by_field_name("name").unwrap_or(value));
                let is_one = base == NAMESPACE || base.ends_with(".KVNamespace");
                let is_type = is_one && alias.kind() == "type_alias_declaration";
                self.name(alias).filter(|_| is_type).map(str::to_owned)
            });
            imports
                .map(|import| import.local.clone())
                .chain(aliases)
                .collect()
        })
    }
}

/// Whether a type is only a name, also `T.NAME` and `import("MODULE").NAME`.
pub(super) fn is_name(node: &Node<'_>) -> bool {
    // In an annotation, the grammar takes the last one for an expression.
    matches!(
        node.kind(),
        "identifier" | "type_identifier" | "nested_type_identifier" | "member_expression"
    )
}

/// Returns the first child that is no comment.
pub(super) fn first(node: Node<'_>) -> Option<Node<'_>> {
    children(node).into_iter().find(|node| !is_comment(*node))
}

/// Lists `A`, `B` and `C` of `A & B & C`, which is `(A & B) & C`, or of a union.
fn operands(node: Node<'_>) -> Vec<Node<'_>> {
    let is_operator = |node: Node<'_>| matches!(node.kind(), "union_type" | "intersection_type");
    let (mut found, mut left) = (Vec::new(), vec![node]);
    while let Some(part) = left.pop() {
        if is_operator(part) && part.kind() == node.kind() {
            left.extend(children(part));
        } else if !is_comment(part) {
            found.push(part);
        }
    }
    found.reverse();
    found
}

fn one_or(mut parts: Vec<Type>, several: fn(Vec<Type>) -> Type) -> Type {
    match parts.len() {
        1 => parts.remove(0),
        _ => several(parts),
    }
}

/// Whether others see a member: not `private`, `protected` or `static` ones of a class.
fn is_public(member: Node<'_>) -> bool {
    let mut tokens = member.walk();
    let mut tokens = member.children(&mut tokens);
    !tokens.any(|token| {
        token.kind() == "static"
            || token.kind() == "accessibility_modifier" && token.byte_range().len() > "public".len()
    })
}
