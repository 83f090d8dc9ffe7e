//! What one file says about the type of the bindings: which types it declares, and which one it uses
//! as the Worker's.

use tree_sitter::Node;

use super::{
    Dialect, Fit, Import, Problem,
    find::is_star,
    reader::Reader,
    source::{Source, children},
};

/// What a file says about the type of the bindings.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The types that it declares, where other files can see them.
    pub declarations: Vec<Declared>,
    /// Where it names the type of the bindings.
    pub uses: Vec<Use>,
    /// The names that it imports or re-exports.
    pub imports: Vec<Import>,
    /// The modules of `export * from`.
    pub stars: Vec<String>,
    /// Whether its names are global.
    pub is_script: bool,
    /// Whether it makes the types of the runtime global.
    pub refers_to_the_package: bool,
}

/// A type that a file declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its line.
    pub line: usize,
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub form: Form,
    /// Its members.
    pub members: Vec<Member>,
    /// Whether it takes any name.
    pub has_index: bool,
    /// The types that it extends, or is an intersection of.
    pub bases: Vec<String>,
}

/// Where a declaration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the top level.
    Top,
    /// In `declare global`.
    Global,
    /// In `namespace Cloudflare`.
    Cloudflare,
    /// In another namespace, by whose name it is called.
    Namespace,
    /// It is the type of `env` in `App.Platform`.
    Platform,
    /// It has no name, and is the so-manieth list of fields that the file gives the bindings as their
    /// type.
    Inline(usize),
    /// It has no name, and is no list of fields.
    Unnamed,
}

/// What a declaration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A list of fields.
    Fields,
    /// Another name of a type.
    Alias(String),
    /// Another type.
    Type,
    /// A class or an enum.
    Value,
}

/// A member of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its line.
    pub line: usize,
    /// Its text.
    pub text: String,
    /// Whether it is a namespace.
    pub fit: Fit,
}

/// A place that names the type of the bindings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The line.
    pub line: usize,
    /// The type.
    pub used: Used,
    /// How it is used.
    pub usage: Usage,
}

/// What makes a type that of the bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Hono gives it to handlers.
    Hono,
    /// A type or function of the runtime or a framework takes it.
    Generic,
    /// Something named `env` has a type with a usual name.
    Name,
}

/// What a use names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Used {
    /// A type, by its name.
    Name(String),
    /// A declaration of this file without a name: its number in the list.
    Declared(usize),
}

impl Facts {
    /// Reads a file. Parts that the parser does not understand say nothing.
    pub fn read(text: &str, dialect: Dialect) -> Result<Self, Problem> {
        let source = Source::parse_leniently(text, dialect)?;
        let statements = children(source.root());
        let stars = statements.iter().filter(|statement| is_star(**statement));
        let module = |star: &Node<'_>| {
            let module = star.child_by_field_name("source")?;
            Some(source.of(module).trim_matches(['"', '\'']).to_owned())
        };
        let facts = Self {
            imports: source.imports(),
            stars: stars.filter_map(module).collect(),
            is_script: source.is_script(),
            refers_to_the_package: source.refers_to_the_package(),
            ..Self::default()
        };
        Ok(Reader::new(&source, facts).read(&statements))
    }

    /// Returns the declaration of a name at the top level, or of `T.NAME` in a namespace there.
    pub fn at_top(&self, name: &str) -> Option<&Declared> {
        let mut declarations = self.declarations.iter();
        let is_top = |place| matches!(place, Place::Top | Place::Namespace);
        declarations.find(|declared| is_top(declared.place) && declared.name == name)
    }
}

impl Declared {
    /// Whether this is what Hono calls `Env`: the bindings are those of its member `Bindings`.
    pub fn is_hono(&self) -> bool {
        self.members.iter().any(|member| member.name == "Bindings")
    }

    /// Returns a member.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}
