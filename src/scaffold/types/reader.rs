//! Walks the tree of a file, for what it declares and uses.

use tree_sitter::Node;

use super::{
    Declared, Facts, Form, Import, Member, Place, Usage, Use, Used,
    find::{global_block, inline, inner},
    source::{Source, children, is_comment, line},
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
pub const USE_MARKS: [&str; 12] = [
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
];

/// Names that the type of a member or parameter `env` has if it is the type of the bindings.
const USUAL_NAMES: [&str; 4] = ["Bindings", "CloudflareBindings", "CloudflareEnv", "Env"];

/// Reads one file.
pub(super) struct Reader<'s, 'a> {
    facts: Facts,
    source: &'s Source<'a>,
}

impl<'s, 'a> Reader<'s, 'a> {
    /// Reads on from what is known.
    pub(super) fn new(source: &'s Source<'a>, facts: Facts) -> Self {
        Self { facts, source }
    }

    /// Adds what the statements of the file declare and use.
    pub(super) fn read(mut self, statements: &[Node<'_>]) -> Facts {
        for statement in statements {
            self.declarations(*statement, Place::Top);
        }
        self.uses();
        self.facts
    }

    /// Lists the types that a statement declares.
    fn declarations(&mut self, statement: Node<'_>, place: Place) {
        if let Some(block) = global_block(self.source, statement) {
            return self.block(block, Place::Global);
        }
        let declaration = inner(statement);
        let Some(name) = self.source.name(declaration) else {
            return;
        };
        if place == Place::Platform {
            if name == "Platform" {
                self.platform(declaration);
            }
            return;
        }
        match declaration.kind() {
            "internal_module" | "module" => {
                let Some(block) = declaration.child_by_field_name("body") else {
                    return;
                };
                match name {
                    "Cloudflare" => self.block(block, Place::Cloudflare),
                    "App" => self.block(block, Place::Platform),
                    // Only what is nested in it counts: its own names are its own.
                    _ => {
                        for child in children(block) {
                            if inner(child).kind() == "internal_module" {
                                self.declarations(child, place);
                            }
                        }
                    }
                }
            }
            "interface_declaration"
            | "type_alias_declaration"
            | "class_declaration"
            | "abstract_class_declaration"
            | "enum_declaration" => {
                let declared = self.declared(declaration, name, place);
                self.facts.declarations.push(declared);
            }
            _ => {}
        }
    }

    fn block(&mut self, block: Node<'_>, place: Place) {
        for statement in children(block) {
            self.declarations(statement, place);
        }
    }

    /// Lists the type of `env` in `SvelteKit`'s `App.Platform`, if it is written out there.
    fn platform(&mut self, declaration: Node<'_>) {
        let body = declaration.child_by_field_name("body");
        let members = body.map(children).unwrap_or_default();
        let env = members
            .into_iter()
            .find(|member| self.source.name(*member) == Some("env"));
        let Some(env) = env else {
            return;
        };
        let body = Source::annotation(env);
        if let Some(body) = body.filter(|body| body.kind() == "object_type") {
            let declared = Declared {
                name: "env".to_owned(),
                line: line(env),
                place: Place::Platform,
                form: Form::Fields,
                members: self.members(body),
                has_index: has_index(body),
                bases: Vec::new(),
            };
            self.use_declared(declared, Usage::Generic);
        }
    }

    fn use_declared(&mut self, declared: Declared, usage: Usage) {
        self.facts.uses.push(Use {
            line: declared.line,
            used: Used::Declared(self.facts.declarations.len()),
            usage,
        });
        self.facts.declarations.push(declared);
    }

    fn declared(&self, node: Node<'_>, name: &str, place: Place) -> Declared {
        let mut declared = Declared {
            name: name.to_owned(),
            line: line(node),
            place,
            form: Form::Value,
            members: Vec::new(),
            has_index: false,
            bases: Vec::new(),
        };
        let value = match node.kind() {
            "interface_declaration" => node.child_by_field_name("body"),
            "type_alias_declaration" => node.child_by_field_name("value"),
            _ => None,
        };
        let Some(value) = value else {
            return declared;
        };
        declared.form = Form::Type;
        match value.kind() {
            "interface_body" | "object_type" => {
                declared.form = Form::Fields;
                declared.members = self.members(value);
                declared.has_index = has_index(value);
            }
            "type_identifier" | "nested_type_identifier" => {
                declared.form = Form::Alias(self.source.of(value).to_owned());
            }
            "intersection_type" => declared.bases = self.bases(value),
            _ => {}
        }
        let clauses = children(node).into_iter();
        let mut extends = clauses.filter(|child| child.kind() == "extends_type_clause");
        if let Some(extends) = extends.next() {
            declared.bases = self.bases(extends);
        }
        declared
    }

    fn members(&self, body: Node<'_>) -> Vec<Member> {
        let named = children(body).into_iter().filter_map(|node| {
            Some(Member {
                name: self.source.name(node)?.to_owned(),
                line: line(node),
                text: self.source.one_line(node),
                fit: self.source.fit(node),
            })
        });
        named.collect()
    }

    fn bases(&self, list: Node<'_>) -> Vec<String> {
        let mut bases = Vec::new();
        let mut nodes = children(list);
        while let Some(node) = nodes.pop() {
            match node.kind() {
                // `A & B & C` is `(A & B) & C`.
                "intersection_type" => nodes.extend(children(node)),
                "type_identifier" | "nested_type_identifier" => {
                    bases.push(self.source.of(node).to_owned());
                }
                "generic_type" => bases.extend(self.source.name(node).map(str::to_owned)),
                _ => {}
            }
        }
        bases
    }

    /// Lists where the file names the type of the bindings.
    fn uses(&mut self) {
        let imports = self.facts.imports.iter();
        let env = imports.filter(|import| {
            import.name == "env" && import.module.as_deref() == Some("cloudflare:workers")
        });
        let uses = env.map(|import| Use {
            line: import.line,
            used: Used::Name("Cloudflare.Env".to_owned()),
            usage: Usage::Generic,
        });
        self.facts.uses.extend(uses.collect::<Vec<_>>());
        for (number, declaration) in inline(self.source).into_iter().enumerate() {
            let declared = Declared {
                name: "Bindings".to_owned(),
                line: line(declaration.whole),
                place: Place::Inline(number),
                form: Form::Fields,
                members: self.members(declaration.body),
                has_index: has_index(declaration.body),
                bases: Vec::new(),
            };
            self.use_declared(declared, Usage::Hono);
        }
        let mut nodes = vec![self.source.root()];
        while let Some(node) = nodes.pop() {
            if let Some((named, usage)) = self.used_by(node) {
                self.facts.uses.push(Use {
                    line: line(node),
                    used: Used::Name(self.source.of(named).to_owned()),
                    usage,
                });
            }
            nodes.extend(children(node).into_iter().rev());
        }
    }

    /// Returns the type of the bindings that a node names.
    fn used_by<'t>(&self, node: Node<'t>) -> Option<(Node<'t>, Usage)> {
        let is_name = |node: &Node<'_>| node.kind() == "type_identifier";
        let generic = match node.kind() {
            "property_signature" | "required_parameter" | "optional_parameter" => {
                let pattern = node.child_by_field_name("pattern");
                let name = pattern.map(|pattern| self.source.of(pattern));
                let named = Source::annotation(node).filter(is_name)?;
                return match name.or_else(|| self.source.name(node))? {
                    "Bindings" => Some((named, Usage::Hono)),
                    "env" if USUAL_NAMES.contains(&self.source.of(named)) => {
                        Some((named, Usage::Name))
                    }
                    _ => None,
                };
            }
            "generic_type" => node.child_by_field_name("name")?,
            "extends_clause" => node.child_by_field_name("value")?,
            "call_expression" => node.child_by_field_name("function")?,
            _ => return None,
        };
        // `await f<T>()` is `(await f)<T>()`.
        let name = self.source.of(generic).rsplit(['.', ' ']).next()?;
        let mut parts = children(node).into_iter();
        let arguments = parts.find(|child| child.kind() == "type_arguments")?;
        let mut arguments = children(arguments).into_iter();
        let first = arguments.find(|node| !is_comment(*node)).filter(is_name)?;
        let is_known = GENERICS.contains(&name)
            && (name != "Runtime" || self.is_of_astro(self.source.of(generic)));
        is_known.then_some((first, Usage::Generic))
    }

    /// Whether a type named `Runtime` is the one of Astro's adapter: others have such a type, too.
    fn is_of_astro(&self, name: &str) -> bool {
        let mut imports = self.facts.imports.iter();
        let of_astro = |import: &Import| {
            let module = import.module.as_deref().unwrap_or_default();
            import.local == name && module.starts_with("@astrojs/")
        };
        name.contains("@astrojs/") || imports.any(of_astro)
    }
}

fn has_index(body: Node<'_>) -> bool {
    let mut members = children(body).into_iter();
    members.any(|member| member.kind() == "index_signature")
}
