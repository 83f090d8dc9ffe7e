//! Walks the tree of a file, for what it declares and uses.

use tree_sitter::Node;

use super::{
    Declared, Facts, Form, Member, Place, Usage, Use, Used,
    find::{global_block, inner, is_type},
    source::{Source, children, line},
    uses::{Site, is_name, sites, unwrapped},
};

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
                            let child = inner(child);
                            if child.kind() == "internal_module" {
                                self.declarations(child, place);
                            } else if let (Some(own), true) =
                                (self.source.name(child), is_type(&child))
                            {
                                let name = format!("{name}.{own}");
                                let declared = self.declared(child, &name, Place::Namespace);
                                self.facts.declarations.push(declared);
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
        let value = unwrapped(self.source, value);
        match value.kind() {
            "interface_body" | "object_type" => {
                declared.form = Form::Fields;
                declared.members = self.members(value);
                declared.has_index = has_index(value);
            }
            "type_identifier" | "nested_type_identifier" => {
                declared.form = Form::Alias(self.source.of(value).to_owned());
            }
            _ => declared.bases = self.bases(vec![value], &mut declared.members),
        }
        let clauses = children(node).into_iter();
        let mut extends = clauses.filter(|child| child.kind() == "extends_type_clause");
        if let Some(extends) = extends.next() {
            declared.bases = self.bases(children(extends), &mut declared.members);
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

    /// Lists the types that the types `nodes` consist of, and adds the members that they have themselves.
    fn bases(&self, mut nodes: Vec<Node<'_>>, members: &mut Vec<Member>) -> Vec<String> {
        let mut bases = Vec::new();
        while let Some(node) = nodes.pop() {
            let node = unwrapped(self.source, node);
            match node.kind() {
                // `A & B & C` is `(A & B) & C`.
                "intersection_type" => nodes.extend(children(node)),
                "object_type" => members.extend(self.members(node)),
                "generic_type" => bases.extend(self.source.name(node).map(str::to_owned)),
                _ if is_name(&node) => bases.push(self.source.of(node).to_owned()),
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
        let mut lists = 0;
        for site in sites(self.source) {
            if is_name(&site.given) {
                self.facts.uses.push(Use {
                    line: line(site.whole),
                    used: Used::Name(self.source.of(site.given).to_owned()),
                    usage: site.usage,
                });
                continue;
            }
            let is_list = site.given.kind() == "object_type";
            self.use_declared(self.unnamed(&site, is_list.then_some(lists)), site.usage);
            lists += usize::from(is_list);
        }
    }

    /// Returns a type without a name; `list` is its number if it is a list of fields.
    fn unnamed(&self, site: &Site<'_>, list: Option<usize>) -> Declared {
        let name = match (site.usage, list) {
            (Usage::Hono, Some(_)) => "Bindings".to_owned(),
            _ => self.source.one_line(site.given),
        };
        let mut members = Vec::new();
        Declared {
            name,
            line: line(site.whole),
            place: list.map_or(Place::Unnamed, Place::Inline),
            form: list.map_or(Form::Type, |_| Form::Fields),
            bases: self.bases(vec![site.given], &mut members),
            has_index: list.is_some() && has_index(site.given),
            members,
        }
    }
}

fn has_index(body: Node<'_>) -> bool {
    let mut members = children(body).into_iter();
    members.any(|member| member.kind() == "index_signature")
}
