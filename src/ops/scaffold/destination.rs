//! Decides which type gets the bindings: the one that the code uses for them.

use std::path::Path;

use super::{
    members::{Found, Unclear},
    resolve::{DEPTH_MAX, Resolved, Spot},
    survey::{SourceFile, Survey},
    wrangler_types::{USUAL_NAMES, generating},
};
use crate::scaffold::types::{Field, Kind, Place, Problem, Type, Usage, Use};

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
#[derive(Debug, Default, PartialEq)]
pub(super) struct Destination<'s> {
    /// The type that gets them; nothing, if nothing is used or declared yet.
    pub(super) spot: Option<Spot<'s>>,
    /// An `Env` in the wanted file that nothing uses.
    pub(super) unused: Option<Spot<'s>>,
}

/// A type that the code gives the bindings.
#[derive(Debug, Clone)]
struct Proof<'s> {
    /// The file that does.
    by: &'s SourceFile,
    usage: Usage,
    /// The type, or why it is not known.
    of: Result<Spot<'s>, Problem>,
}

impl<'s> Proof<'s> {
    fn spot(&self) -> Option<Spot<'s>> {
        self.of.as_ref().ok().copied()
    }
}

fn spots<'s>(proofs: &[&Proof<'s>]) -> Vec<Spot<'s>> {
    let mut spots = Vec::new();
    for spot in proofs.iter().filter_map(|proof| proof.spot()) {
        push(&mut spots, spot);
    }
    spots
}

/// What Hono calls `Env`: the bindings are those of a member.
fn hono(spot: Spot<'_>) -> Unclear<'_> {
    let kind = Kind::Hidden("Bindings".to_owned());
    (&spot.file.path, Problem::on(spot.declared.line, kind))
}

fn push<'s>(spots: &mut Vec<Spot<'s>>, spot: Spot<'s>) {
    if !spots.contains(&spot) {
        spots.push(spot);
    }
}

impl Survey {
    /// Decides where the bindings go.
    pub(super) fn destination<'s>(
        &'s self,
        wanted: &Wanted<'s>,
    ) -> Result<Destination<'s>, Unclear<'s>> {
        let proofs = self.proofs(wanted);
        if wanted.is_named {
            let spot = match self.in_named_file(wanted, &proofs)? {
                Some(spot) => Some(spot),
                None => match self.used_elsewhere(wanted, &proofs) {
                    Some(unclear) => return Err(unclear),
                    None => self.one(&self.interfaces(), &[], wanted.fields)?,
                },
            };
            return Ok(Destination { spot, unused: None });
        }
        self.anywhere(wanted, &proofs)
    }

    /// Finds what the code gives the bindings as their type.
    fn proofs<'s>(&'s self, wanted: &Wanted<'_>) -> Vec<Proof<'s>> {
        let mut packages = ["hono", "@hono"].into_iter();
        let has_hono = packages.any(|package| self.importer(package).is_some());
        let mut proofs = Vec::new();
        for file in self.files_with_uses() {
            for used in &file.facts().uses {
                let usage = used.usage;
                if usage == Usage::Hono && !has_hono {
                    continue;
                }
                let Some(Spot { file, declared }) = self.given(file, used) else {
                    continue;
                };
                let name = match &declared.of {
                    Type::Name(name) if matches!(usage, Usage::Within(_)) => name.as_str(),
                    _ => declared.name.as_str(),
                };
                let unknown = |kind| Err(Problem::on(declared.line, kind).of(name));
                let of = match self.real(Spot { file, declared }) {
                    Resolved::Here(spot) => Ok(spot.interface()),
                    Resolved::Elsewhere(_) if file.imports_from(name, wanted.types) => continue,
                    Resolved::Elsewhere(kind) => unknown(kind),
                    Resolved::Nowhere if USUAL_NAMES.contains(&name) => {
                        unknown(Kind::Undeclared(generating(name)))
                    }
                    Resolved::Nowhere if matches!(usage, Usage::Name | Usage::Within(_)) => {
                        continue;
                    }
                    Resolved::Nowhere => unknown(Kind::Hidden(name.to_owned())),
                };
                proofs.push(Proof {
                    by: file,
                    usage,
                    of,
                });
            }
        }
        proofs
    }

    /// Returns the type that a place gives the bindings, or a type that it gives has them in a member.
    fn given<'s>(&'s self, file: &'s SourceFile, used: &'s Use) -> Option<Spot<'s>> {
        let declared = &used.declared;
        let Usage::Within(path) = used.usage else {
            return Some(Spot { file, declared });
        };
        let mut spot = Spot { file, declared };
        for name in path {
            let Found::Member(owner, member) = self.member(spot, name) else {
                return None;
            };
            let declared = &member.declared;
            spot = Spot { declared, ..owner };
        }
        // `env: string` is something else.
        let is_plain = matches!(&spot.declared.of, Type::Opaque(text, _) if !text.contains('<'));
        (!is_plain).then_some(spot)
    }

    /// Lists the types of the bindings that `wrangler types` generated, those of one name once.
    pub(super) fn interfaces(&self) -> Vec<Spot<'_>> {
        let mut spots: Vec<Spot<'_>> = Vec::new();
        for file in &self.files {
            if let Some(declared) = file.interface() {
                let mut known = spots.iter();
                if !known.any(|spot| spot.declared.name == declared.name) {
                    spots.push(Spot { file, declared });
                }
            }
        }
        spots
    }

    /// Leaves out types that are made of another one of the list: what that one has, they have too.
    fn reduced<'s>(&'s self, spots: &[Spot<'s>]) -> Vec<Spot<'s>> {
        let is_redundant = |spot: &&Spot<'s>| {
            let bases = self.bases(**spot);
            bases
                .iter()
                .any(|base| base != *spot && spots.contains(base))
        };
        let left: Vec<Spot<'s>> = spots.iter().filter(|s| !is_redundant(s)).copied().collect();
        // Two that are made of each other.
        if left.is_empty() {
            spots.to_vec()
        } else {
            left
        }
    }

    /// Lists the types with one of these names, or the types that these are other names of.
    fn by_name(&self, names: &[&str]) -> Vec<Spot<'_>> {
        let mut spots = Vec::new();
        for spot in names.iter().flat_map(|name| self.declarations(name)) {
            if let Resolved::Here(spot) = self.real(spot)
                && !spot.declared.is_hono()
                && !spot.declared.is_value
            {
                push(&mut spots, spot.interface());
            }
        }
        self.reduced(&spots)
    }

    /// Returns the `Env` of a file, if it is a list of members of its own, and not Hono's.
    fn own(&self, types: &Path) -> Option<Spot<'_>> {
        let file = self.file(types).filter(|file| file.generated().is_none())?;
        let declared = file.facts().at_top("Env")?;
        let is_list = declared.list().is_some() && !declared.is_hono();
        is_list.then_some(Spot { file, declared })
    }

    /// Whether a file takes the declaration from another one, or sees it without that.
    fn is_imported(&self, spot: Spot<'_>) -> bool {
        if spot.file.facts().is_script {
            return true;
        }
        let name = spot.declared.name.as_str();
        let mut files = self.files_with(&[name]);
        files.any(|file| {
            let mut imports = file.facts().imports.iter();
            imports.any(|import| match (&import.module, import.name.as_str()) {
                (Some(module), "*") => {
                    let module = self.module(file, module);
                    module.is_some_and(|module| std::ptr::eq(module, spot.file))
                }
                (Some(_), of) if of == name => {
                    self.resolve(file, &import.local) == Resolved::Here(spot)
                }
                _ => false,
            })
        })
    }

    /// Finds the type in the file that the user named.
    fn in_named_file<'s>(
        &'s self,
        wanted: &Wanted<'_>,
        proofs: &[Proof<'s>],
    ) -> Result<Option<Spot<'s>>, Unclear<'s>> {
        let Some(file) = self.file(wanted.types) else {
            return Ok(None);
        };
        let is_here = |spot: &Spot<'s>| spot.file.path == file.path;
        let all: Vec<&Proof<'s>> = proofs.iter().collect();
        let mut here = self.reduced(&spots(&all));
        here.retain(is_here);
        if let Some(own) = self.own(wanted.types)
            && (here.is_empty() || here.contains(&own))
        {
            return Ok(Some(own));
        }
        if here.is_empty() {
            here = self.by_name(&USUAL_NAMES);
            here.retain(is_here);
        }
        if !here.is_empty() {
            return self.one(&here, &[], wanted.fields);
        }
        // What the file uses, and what it calls `Env`, may be declared in another.
        let strong =
            |proof: &&Proof<'s>| std::ptr::eq(proof.by, file) && proof.usage != Usage::Name;
        let by_file: Vec<&Proof<'s>> = proofs.iter().filter(strong).collect();
        let declared = file.facts().at_top("Env");
        let elsewhere = spots(&by_file);
        if let Some(declared) = declared {
            return match (declared.is_hono(), elsewhere.is_empty()) {
                (true, true) => Err(hono(Spot { file, declared })),
                (true, false) => self.one(&elsewhere, &[], wanted.fields),
                (false, _) => Ok(Some(Spot { file, declared })),
            };
        }
        let kind = match self.exported(file, "Env", DEPTH_MAX) {
            Resolved::Here(spot) => Kind::DeclaredIn(spot.file.path.clone()),
            Resolved::Elsewhere(kind) => kind,
            Resolved::Nowhere => match (elsewhere.first(), by_file.first()) {
                (Some(spot), _) if spot.file.generated().is_some() => return Ok(Some(*spot)),
                (Some(spot), _) => Kind::DeclaredIn(spot.file.path.clone()),
                (None, Some(Proof { of: Err(why), .. })) => return Err((&file.path, why.clone())),
                (None, _) => return Ok(None),
            },
        };
        Err((&file.path, Problem::somewhere(kind)))
    }

    /// Returns what is wrong with a named file that does not exist, where the code uses a type of another
    /// file.
    fn used_elsewhere<'s>(
        &'s self,
        wanted: &Wanted<'s>,
        proofs: &[Proof<'s>],
    ) -> Option<Unclear<'s>> {
        if self.file(wanted.types).is_some() || self.is_expected(wanted.types) {
            return None;
        }
        let mut used = proofs.iter().filter_map(Proof::spot);
        let spot = used.find(|spot| spot.file.generated().is_none())?;
        let problem = Problem::somewhere(Kind::UsedIn(spot.file.path.clone()));
        Some((wanted.types, problem.of(&spot.declared.name)))
    }

    /// Finds the type anywhere in the project.
    fn anywhere<'s>(
        &'s self,
        wanted: &Wanted<'s>,
        proofs: &[Proof<'s>],
    ) -> Result<Destination<'s>, Unclear<'s>> {
        // What a framework hands out by this type.
        let hono: Vec<&Proof<'s>> = proofs.iter().filter(|p| p.usage == Usage::Hono).collect();
        let mut strong = self.by_name(&["CloudflareEnv"]);
        let mut used = spots(&proofs.iter().collect::<Vec<_>>());
        for spot in self.reduced(&spots(&hono)) {
            push(&mut strong, spot);
        }
        for spot in &strong {
            push(&mut used, *spot);
        }
        let counts = |proof: &&Proof<'s>| used.is_empty() || proof.usage != Usage::Name;
        let unclear: Vec<Unclear<'s>> = proofs
            .iter()
            .filter(counts)
            .filter_map(|proof| Some((proof.by.path.as_path(), proof.of.clone().err()?)))
            .collect();
        let own = self.own(wanted.types);
        let own = own.map(|own| (own, used.contains(&own) || self.is_imported(own)));
        let used = self.reduced(&used);
        let is_unused = used.is_empty() && unclear.is_empty() && wanted.next.is_none();
        if let Some((own, is_used)) = own {
            let is_of_own = |spot: &Spot<'s>| *spot == own || self.bases(*spot).contains(&own);
            let is_hono_clear = hono.iter().all(|proof| proof.of.is_ok());
            let is_last = is_unused && self.interfaces().is_empty() && !self.is_cut;
            if is_last || is_used && is_hono_clear && strong.iter().all(is_of_own) {
                return Ok(Destination {
                    spot: Some(own),
                    unused: None,
                });
            }
        }
        let unused = own.filter(|(_, is_used)| !is_used).map(|(own, _)| own);
        let spot = if !used.is_empty() || !unclear.is_empty() {
            self.one(&used, &unclear, wanted.fields)?
        } else if let Some((path, why)) = self.unread_of_the_worker() {
            let kind = Kind::UnreadWorker(why.to_owned());
            return Err((path, Problem::somewhere(kind)));
        } else if let Some((path, line)) = wanted.next {
            let name = "CloudflareEnv";
            let problem = Problem::on(line, Kind::Expected(generating(name)));
            return Err((path, problem.of(name)));
        } else if self.is_cut {
            return Err((wanted.types, Problem::somewhere(Kind::TooMany)));
        } else {
            let generated = self.interfaces();
            let named = if generated.is_empty() {
                self.by_name(&["Env"])
            } else {
                generated
            };
            match (
                self.one(&named, &[], wanted.fields)?,
                self.file(wanted.types),
            ) {
                (None, Some(file)) => self.in_free_file(file)?,
                (spot, _) => spot,
            }
        };
        Ok(Destination { spot, unused })
    }

    /// Checks that a file can have an `Env`: it must not have, or take, something of that name.
    fn in_free_file<'s>(&'s self, file: &'s SourceFile) -> Result<Option<Spot<'s>>, Unclear<'s>> {
        match self.exported(file, "Env", DEPTH_MAX) {
            Resolved::Here(spot) if spot.declared.is_hono() => Err(hono(spot)),
            Resolved::Here(spot) => Ok(Some(spot)),
            Resolved::Elsewhere(kind) => Err((&file.path, Problem::somewhere(kind))),
            Resolved::Nowhere => Ok(None),
        }
    }

    /// Returns the one candidate, or the first of several that needs no change; else a problem.
    fn one<'s>(
        &'s self,
        spots: &[Spot<'s>],
        unclear: &[Unclear<'s>],
        fields: &[Field<'_>],
    ) -> Result<Option<Spot<'s>>, Unclear<'s>> {
        let has_all = |spot: &&Spot<'s>| fields.iter().all(|f| self.has(**spot, f.name));
        match (spots, unclear) {
            ([], []) => return Ok(None),
            ([spot], []) => return Ok(Some(*spot)),
            ([], [first, ..]) => return Err(first.clone()),
            _ => {}
        }
        if let Some(complete) = spots.iter().find(has_all) {
            return Ok(Some(*complete));
        }
        let unclear = unclear.iter().map(|(path, problem)| {
            let line = problem.line.unwrap_or(1);
            (path.to_path_buf(), line, problem.name.clone())
        });
        let others = spots[1..].iter().map(|spot| {
            let declared = spot.declared;
            (spot.file.path.clone(), declared.line, declared.name.clone())
        });
        let first = spots[0];
        let kind = Kind::Candidates(others.chain(unclear).collect());
        let problem = Problem::on(first.declared.line, kind).of(&first.declared.name);
        Err((&first.file.path, problem))
    }

    /// Finds types in other files than `path` that may be those of the bindings, and do not get them
    /// by being made of `chosen`.
    pub(super) fn others(&self, wanted: &Wanted<'_>, chosen: Option<Spot<'_>>) -> Vec<Spot<'_>> {
        let mut found = self.by_name(&["Env"]);
        let proofs = self.proofs(wanted);
        for spot in spots(&proofs.iter().collect::<Vec<_>>()) {
            push(&mut found, spot);
        }
        let path = chosen.map_or(wanted.types, |chosen| chosen.file.path.as_path());
        found.retain(|spot| {
            let gets_them = chosen.is_some_and(|chosen| self.bases(*spot).contains(&chosen));
            let is_named = spot.declared.place != Place::Unnamed;
            is_named && spot.file.path != path && spot.file.generated().is_none() && !gets_them
        });
        found
    }
}
