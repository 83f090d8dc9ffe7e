//! Walks the tree of a file, for what it declares and uses.

use tree_sitter::Node;

use super::{
    Dialect, Problem,
    facts::{Declared, Facts, Place, Type, Usage, Use},
    source::{Source, children, inner, line},
    uses::{Site, sites},
};

impl Facts {
    /// Reads a file. Parts that the parser does not understand say nothing.
    pub fn read(text: &str, dialect: Dialect) -> Result<Self, Problem> {
        let source = Source::parse_leniently(text, dialect)?;
        Ok(Reader::new(&source).read())
    }
}

/// Reads one file.
struct Reader<'s, 'a> {
    source: &'s Source<'a>,
    declarations: Vec<Declared>,
}

impl<'s, 'a> Reader<'s, 'a> {
    fn new(source: &'s Source<'a>) -> Self {
        Self {
            source,
            declarations: Vec::new(),
        }
    }

    /// Says what the file says.
    fn read(mut self) -> Facts {
        let source = self.source;
        let statements = children(source.root());
        for statement in &statements {
            self.statement(*statement, Place::Top);
        }
        let stars = statements.iter().filter(|statement| is_star(**statement));
        let module = |star: &Node<'_>| {
            let module = star.child_by_field_name("source")?;
            Some(source.of(module).trim_matches(['"', '\'']).to_owned())
        };
        let imported = source.imports().iter();
        let imported = imported.filter(|import| import.is_env_of_the_runtime());
        let imported = imported.map(|import| Use {
            declared: Declared::unnamed(
                "Cloudflare.Env".to_owned(),
                import.line,
                Type::Name("Cloudflare.Env".to_owned()),
            ),
            usage: Usage::Generic,
        });
        let given = sites(source).into_iter().map(|site| self.used(&site));
        Facts {
            uses: imported.chain(given).collect(),
            stars: stars.filter_map(module).collect(),
            is_script: source.is_script(),
            refers_to_the_package: source.refers_to_the_package(),
            imports: source.imports().to_vec(),
            declarations: self.declarations,
        }
    }

    /// Lists the types that a statement declares.
    fn statement(&mut self, statement: Node<'_>, place: Place) {
        if let Some(block) = global_block(self.source, statement) {
            return self.block(block, Place::Global);
        }
        let declaration = inner(statement);
        let Some(name) = self.source.name(declaration) else {
            return;
        };
        let body = declaration.child_by_field_name("body");
        match (declaration.kind(), body) {
            ("internal_module" | "module", Some(block)) => {
                if name == "Cloudflare" {
                    return self.block(block, Place::Cloudflare);
                }
                // Only what is nested in it counts: its own names are its own.
                for child in children(block) {
                    let child = inner(child);
                    if child.kind() == "internal_module" {
                        self.statement(child, place);
                    } else if let Some(own) = self.source.name(child) {
                        self.declare(child, &format!("{name}.{own}"), Place::Namespace);
                    }
                }
            }
            _ => self.declare(declaration, name, place),
        }
    }

    fn block(&mut self, block: Node<'_>, place: Place) {
        for statement in children(block) {
            self.statement(statement, place);
        }
    }

    fn declare(&mut self, node: Node<'_>, name: &str, place: Place) {
        if let Some(of) = self.source.declared_type(node) {
            self.declarations.push(Declared {
                name: name.to_owned(),
                line: line(node),
                place,
                is_value: !matches!(
                    node.kind(),
                    "interface_declaration" | "type_alias_declaration"
                ),
                of,
            });
        }
    }

    fn used(&self, site: &Site<'_>) -> Use {
        let declared = self.source.declared_type(site.given);
        let of = declared.unwrap_or_else(|| self.source.type_of(site.given));
        let name = match (&of, site.name) {
            (Type::Object(_), Some(name)) => name.to_owned(),
            _ => self.source.one_line(site.given),
        };
        Use {
            declared: Declared::unnamed(name, line(site.whole), of),
            usage: site.usage,
        }
    }
}

/// Returns the block of `declare global`.
fn global_block<'t>(source: &Source<'_>, statement: Node<'t>) -> Option<Node<'t>> {
    if statement.kind() != "ambient_declaration" {
        return None;
    }
    let mut children = children(statement).into_iter();
    let block = children.find(|node| node.kind() == "statement_block")?;
    let text = source.of(statement);
    let head = text.split('{').next().unwrap_or_default().trim_end();
    head.ends_with("global").then_some(block)
}

/// Whether a statement is `export * from`, without a name.
fn is_star(statement: Node<'_>) -> bool {
    let children = children(statement);
    let is_clause = |node: &Node<'_>| matches!(node.kind(), "export_clause" | "namespace_export");
    statement.kind() == "export_statement"
        && statement.child_by_field_name("source").is_some()
        && !children.iter().any(is_clause)
}
