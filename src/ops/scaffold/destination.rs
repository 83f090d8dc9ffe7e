//! Decides which declaration gets the bindings.

use std::path::Path;

use super::{
    resolve::{Resolved, Spot},
    survey::{SourceFile, Survey},
};
use crate::scaffold::types::{Field, Form, Kind, Place, Problem, Usage, Use, Used};

/// Names that are the type of the bindings wherever they are used.
const USUAL_NAMES: [&str; 4] = [
    "Env",
    "CloudflareEnv",
    "CloudflareBindings",
    "Cloudflare.Env",
];

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The file that has, or gets, the type unless another declaration is the one.
    pub(super) types: &'a Path,
    /// Whether the user named that file.
    pub(super) is_named: bool,
    /// The file and line that name a package which expects the type to be `CloudflareEnv`.
    pub(super) next: Option<(&'a Path, usize)>,
    /// The bindings.
    pub(super) fields: &'a [Field<'a>],
}

/// Where the bindings go.
#[derive(Debug, PartialEq)]
pub(super) enum Destination<'s> {
    /// Into a declaration.
    Declared(Spot<'s>),
    /// Into the file that is wanted, which has no declaration that anything uses.
    File,
}

/// Why it is not known where they go: a problem, and the file that has it.
pub(super) type Unclear<'a> = (&'a Path, Problem);

/// What the project uses as the type of the bindings.
#[derive(Debug, Default)]
pub(super) struct Proofs<'s> {
    /// What Hono's handlers get.
    hono: Vec<Spot<'s>>,
    /// All of them.
    all: Vec<Spot<'s>>,
    /// Whether some are what `wrangler types` generates.
    has_generated: bool,
    /// Names that lead nowhere, or out of the project.
    unresolved: Vec<Unresolved<'s>>,
}

/// A type that is used and not found.
#[derive(Debug)]
struct Unresolved<'s> {
    file: &'s SourceFile,
    used: &'s Use,
    name: &'s str,
    /// Whether nothing declares it; else it is imported.
    is_nowhere: bool,
}

impl Survey {
    /// Finds what the project uses as the type of the bindings.
    fn proofs(&self) -> Proofs<'_> {
        let mut proofs = Proofs::default();
        let has_hono = ["hono", "@hono"]
            .iter()
            .any(|package| self.importer(package).is_some());
        for file in self.files_with_uses() {
            for used in file
                .facts()
                .uses
                .iter()
                .filter(|u| has_hono || u.usage != Usage::Hono)
            {
                let spot = match &used.used {
                    Used::Declared(number) => {
                        let declared = &file.facts().declarations[*number];
                        Resolved::Here(Spot { file, declared })
                    }
                    Used::Name(name) => self.resolve(file, name),
                };
                match (spot, &used.used) {
                    (Resolved::Here(spot), _) => {
                        push(&mut proofs.all, spot);
                        if used.usage == Usage::Hono {
                            push(&mut proofs.hono, spot);
                        }
                    }
                    (Resolved::Generated, _) => proofs.has_generated = true,
                    (_, Used::Declared(_)) => {}
                    (other, Used::Name(name)) => {
                        proofs.unresolved.push(Unresolved {
                            file,
                            used,
                            name,
                            is_nowhere: other == Resolved::Nowhere,
                        });
                    }
                }
            }
        }
        proofs.all = self.reduced(proofs.all);
        proofs.hono = self.reduced(proofs.hono);
        proofs
    }

    /// Leaves out declarations that extend another one of the list: what that one has, they have too.
    fn reduced<'s>(&'s self, spots: Vec<Spot<'s>>) -> Vec<Spot<'s>> {
        let is_redundant = |spot: &Spot<'s>| {
            let bases = self.bases(*spot);
            bases
                .iter()
                .any(|base| base != spot && spots.contains(base))
        };
        let redundant: Vec<Spot<'s>> = spots.iter().copied().filter(is_redundant).collect();
        let mut left = spots;
        left.retain(|spot| !redundant.contains(spot));
        left
    }

    /// Lists the types with one of these names, or the types that these are other names of.
    fn by_name(&self, names: &[&str]) -> Vec<Spot<'_>> {
        let mut spots = Vec::new();
        for spot in names.iter().flat_map(|name| self.declarations(name)) {
            if matches!(
                spot.declared.place,
                Place::Platform | Place::Inline(_) | Place::Unnamed
            ) {
                continue;
            }
            let found = match &spot.declared.form {
                Form::Alias(name) => self.resolve(spot.file, name),
                Form::Fields | Form::Type => Resolved::Here(spot),
                Form::Value => continue,
            };
            if let Resolved::Here(spot) = found
                && !spot.declared.is_hono()
            {
                push(&mut spots, spot);
            }
        }
        self.reduced(spots)
    }

    /// Returns the `Env` of the wanted file, if it can have the fields.
    fn own(&self, types: &Path) -> Option<Spot<'_>> {
        let file = self.file(types)?;
        let declared = file.facts().at_top("Env")?;
        let is_list = declared.form == Form::Fields && !declared.is_hono();
        is_list.then_some(Spot { file, declared })
    }

    /// Decides where the bindings go.
    pub(super) fn destination<'s>(
        &'s self,
        wanted: &Wanted<'s>,
    ) -> Result<Destination<'s>, Unclear<'s>> {
        let proofs = self.proofs();
        let own = self.own(wanted.types);
        let chosen = if wanted.is_named {
            self.in_named_file(wanted, &proofs, own)?
        } else {
            self.anywhere(wanted, &proofs, own)?
        };
        if let Some(spot) = chosen {
            return Ok(Destination::Declared(self.extended(spot, wanted.fields)));
        }
        if let Some(unclear) = unresolved(wanted, &proofs) {
            return Err(unclear);
        }
        let Some(file) = self.file(wanted.types) else {
            return Ok(Destination::File);
        };
        match file
            .facts()
            .at_top("Env")
            .filter(|declared| declared.is_hono())
        {
            Some(declared) => Err((file.path.as_path(), Problem::on(declared.line, Kind::Hono))),
            None => Ok(Destination::File),
        }
    }

    /// Returns the declaration that an intersection without a name gets its members from, if it is
    /// clear that the fields belong there: the only one, or the one with a usual name.
    fn extended<'s>(&'s self, spot: Spot<'s>, fields: &[Field<'_>]) -> Spot<'s> {
        let declared = spot.declared;
        let has_some = fields
            .iter()
            .any(|field| declared.member(field.name).is_some());
        if declared.place != Place::Unnamed || has_some || self.has_all(spot, fields) {
            return spot;
        }
        let bases = declared.bases.iter();
        let found = bases.map(|name| self.resolve(spot.file, name));
        let mut found: Vec<Resolved<'s>> = found.collect();
        if found.len() > 1 {
            found.retain(|found| {
                let Resolved::Here(base) = found else {
                    return false;
                };
                USUAL_NAMES.contains(&base.declared.name.as_str())
            });
        }
        match found.as_slice() {
            [Resolved::Here(base)] => *base,
            _ => spot,
        }
    }

    /// Finds the declaration in the file that the user named.
    fn in_named_file<'s>(
        &'s self,
        wanted: &Wanted<'_>,
        proofs: &Proofs<'s>,
        own: Option<Spot<'s>>,
    ) -> Result<Option<Spot<'s>>, Unclear<'s>> {
        let Some(file) = self.file(wanted.types) else {
            return Ok(None);
        };
        let is_here = |spot: &&Spot<'s>| spot.file.path == file.path;
        let mut here: Vec<Spot<'s>> = proofs.all.iter().filter(is_here).copied().collect();
        if let Some(own) = own
            && (here.is_empty() || here.contains(&own))
        {
            return Ok(Some(own));
        }
        if here.is_empty() && file.facts().at_top("Env").is_some() {
            // Hono's `Env`, whose bindings may be declared in another file.
            for used in file
                .facts()
                .uses
                .iter()
                .filter(|used| used.usage == Usage::Hono)
            {
                if let Used::Name(name) = &used.used
                    && let Resolved::Here(spot) = self.resolve(file, name)
                {
                    push(&mut here, spot);
                }
            }
        } else if here.is_empty() {
            here = self.by_name(&USUAL_NAMES);
            here.retain(|spot| spot.file.path == file.path);
        }
        self.one(&here, wanted.fields)
    }

    /// Finds the declaration anywhere in the project.
    fn anywhere<'s>(
        &'s self,
        wanted: &Wanted<'_>,
        proofs: &Proofs<'s>,
        own: Option<Spot<'s>>,
    ) -> Result<Option<Spot<'s>>, Unclear<'s>> {
        // What a framework hands out by this type.
        let mut strong = self.by_name(&["CloudflareEnv"]);
        strong.extend(&proofs.hono);
        let mut spots = proofs.all.clone();
        for spot in &strong {
            push(&mut spots, *spot);
        }
        let spots = self.reduced(spots);
        let extends_own = |spot: &Spot<'s>| own.is_some_and(|own| self.bases(*spot).contains(&own));
        match own {
            Some(own) if strong.contains(&own) || strong.iter().all(extends_own) => {
                let beside = self.by_name(&["Env"]).into_iter().find(|spot| {
                    let is_nested = matches!(spot.declared.place, Place::Cloudflare);
                    is_nested && *spot != own && !self.bases(own).contains(spot)
                });
                match beside {
                    Some(other) => self.one(&[own, other], wanted.fields),
                    None => Ok(Some(own)),
                }
            }
            _ if !spots.is_empty() => self.one(&spots, wanted.fields),
            // Next.js hands out nothing by that name.
            _ if wanted.next.is_some() => Ok(None),
            _ => self.one(&self.by_name(&["Env"]), wanted.fields),
        }
    }

    /// Returns the one candidate, or the first of several that needs no change; else a problem.
    fn one<'s>(
        &self,
        spots: &[Spot<'s>],
        fields: &[Field<'_>],
    ) -> Result<Option<Spot<'s>>, Unclear<'s>> {
        let (first, others) = match spots {
            [] => return Ok(None),
            [spot] => return Ok(Some(*spot)),
            [first, others @ ..] => (first, others),
        };
        if let Some(complete) = spots.iter().find(|spot| self.has_all(**spot, fields)) {
            return Ok(Some(*complete));
        }
        let others = others.iter().map(|spot| {
            let declared = spot.declared;
            (spot.file.path.clone(), declared.line, declared.name.clone())
        });
        let problem = Problem::on(first.declared.line, Kind::Candidates(others.collect()));
        let problem = problem.of(&first.declared.name);
        Err((first.file.path.as_path(), problem))
    }

    /// Whether a declaration has all the fields, whatever their types.
    fn has_all(&self, spot: Spot<'_>, fields: &[Field<'_>]) -> bool {
        let mut fields = fields.iter();
        fields.all(|field| self.member(spot, field.name).is_some())
    }

    /// Finds the type that the project uses though `wrangler types` generates one.
    pub(super) fn written_by_hand(&self, types: &Path) -> Option<Spot<'_>> {
        let proofs = self.proofs();
        let used = proofs.all.into_iter().filter(|_| !proofs.has_generated);
        let mut spots = self.own(types).into_iter().chain(used);
        spots.find(|spot| spot.declared.form == Form::Fields && !self.extends_generated(*spot))
    }

    /// Whether a declaration has the fields of the generated type, too.
    fn extends_generated(&self, spot: Spot<'_>) -> bool {
        let mut all = std::iter::once(spot).chain(self.bases(spot));
        all.any(|spot| {
            let mut bases = spot.declared.bases.iter();
            bases.any(|base| self.resolve(spot.file, base) == Resolved::Generated)
        })
    }

    /// Finds types in other files than `path` that may be those of the bindings, and do not get them
    /// by extending `chosen`.
    pub(super) fn others(&self, path: &Path, chosen: Option<Spot<'_>>) -> Vec<Spot<'_>> {
        let mut spots = self.by_name(&["Env"]);
        for spot in self.proofs().all {
            push(&mut spots, spot);
        }
        spots.retain(|spot| {
            let gets_them = chosen.is_some_and(|chosen| self.bases(*spot).contains(&chosen));
            spot.file.path != path && !gets_them
        });
        spots
    }
}

fn push<'s>(spots: &mut Vec<Spot<'s>>, spot: Spot<'s>) {
    if !spots.contains(&spot) {
        spots.push(spot);
    }
}

/// Returns the problem of a type that is used and not found.
fn unresolved<'s>(wanted: &Wanted<'s>, proofs: &Proofs<'s>) -> Option<Unclear<'s>> {
    for unresolved in &proofs.unresolved {
        let Unresolved {
            file,
            used,
            name,
            is_nowhere,
        } = unresolved;
        if file.imports_from(name, wanted.types) {
            return None;
        }
        let kind = if *is_nowhere && USUAL_NAMES.contains(name) {
            Kind::Undeclared(generating(name))
        } else if used.usage == Usage::Name {
            continue;
        } else if !is_nowhere {
            Kind::Imported
        } else if name.contains('.') {
            Kind::Nested("a namespace")
        } else {
            continue;
        };
        if !wanted.is_named || file.path == wanted.types {
            return Some((file.path.as_path(), Problem::on(used.line, kind).of(name)));
        }
    }
    let (path, line) = wanted.next.filter(|_| !wanted.is_named)?;
    let name = "CloudflareEnv";
    let problem = Problem::on(line, Kind::Expected(generating(name)));
    Some((path, problem.of(name)))
}

/// Returns the command that generates a type.
pub(super) fn generating(name: &str) -> String {
    match name {
        "Env" | "Cloudflare.Env" => "npx wrangler types".to_owned(),
        "CloudflareEnv" => {
            "npx wrangler types --env-interface CloudflareEnv cloudflare-env.d.ts".to_owned()
        }
        name => format!("npx wrangler types --env-interface {name}"),
    }
}
