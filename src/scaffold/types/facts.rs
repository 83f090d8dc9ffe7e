//! What one file says about the type of the bindings: which types it declares, and which one it uses
//! as the Worker's.

use super::source::{Fit, Import};

/// What a file says about the type of the bindings.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The types that it declares, where other files can see them.
    pub declarations: Vec<Declared>,
    /// Where it gives the bindings a type.
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
    /// Its name; if it has none, its text.
    pub name: String,
    /// Its line.
    pub line: usize,
    /// Where it stands.
    pub place: Place,
    /// Whether it is a class or an enum.
    pub is_value: bool,
    /// What it consists of.
    pub of: Type,
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
    /// Nowhere by itself: it is written out where it is used.
    Unnamed,
}

/// A place that gives the bindings a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The type.
    pub declared: Declared,
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
    /// A framework hands it out as a member of a member of the type that is given here: their names.
    Within(&'static [&'static str]),
}

impl Facts {
    /// Returns the declaration of a name at the top level, or of `T.NAME` in a namespace there.
    pub fn at_top(&self, name: &str) -> Option<&Declared> {
        let mut declarations = self.declarations.iter();
        let is_top = |place| matches!(place, Place::Top | Place::Namespace);
        declarations.find(|declared| is_top(declared.place) && declared.name == name)
    }
}

impl Declared {
    /// A type that is written out where it is used.
    pub fn unnamed(name: String, line: usize, of: Type) -> Self {
        Self {
            name,
            line,
            place: Place::Unnamed,
            is_value: false,
            of,
        }
    }

    /// Whether this is what Hono calls `Env`: the bindings are those of its member `Bindings`.
    pub fn is_hono(&self) -> bool {
        self.member("Bindings").is_some()
    }

    /// Returns a member that the declaration itself has.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.of.member(name)
    }

    /// Returns the list of the declaration itself that fields can be added to.
    pub fn list(&self) -> Option<&Object> {
        self.of.objects().find(|object| object.at.is_some())
    }
}

/// What a type consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// A list of members.
    Object(Object),
    /// Another type, by its name: also `T.NAME` and `import("MODULE").NAME`.
    Name(String),
    /// The type of a member of another type: `T['NAME']`.
    Member(String, String),
    /// All of these: an intersection, or an interface and what it extends.
    All(Vec<Self>),
    /// One of these.
    Either(Vec<Self>),
    /// The members of a type that have one of these names, or have none of them: `Pick`, `Omit`.
    Keys {
        /// The type.
        of: Box<Self>,
        /// The names.
        names: Vec<String>,
        /// Whether those are the members that it has.
        are_kept: bool,
    },
    /// Something whose members its text does not tell; the text and its line.
    Opaque(String, usize),
}

/// A list of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Where its opening brace is, if members can be added there.
    pub at: Option<usize>,
    /// Its members.
    pub members: Vec<Member>,
    /// The line of an index signature that a namespace may not fit.
    pub index: Option<usize>,
}

/// A member of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, line and type.
    pub declared: Declared,
    /// Its text.
    pub text: String,
    /// Whether it is a namespace.
    pub fit: Fit,
}

impl Type {
    /// Returns the lists of members that the type itself has.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        let parts = match self {
            Self::All(parts) => parts.as_slice(),
            other => std::slice::from_ref(other),
        };
        parts.iter().filter_map(|part| match part {
            Self::Object(object) => Some(object),
            _ => None,
        })
    }

    /// Returns a member that the type itself has.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.objects().find_map(|object| object.member(name))
    }
}

impl Object {
    /// Returns a member.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|m| m.declared.name == name)
    }
}
