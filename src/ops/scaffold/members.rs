//! Finds the members of a type: its own, and those of the types that it is made of.

use super::{
    resolve::{Resolved, Spot},
    survey::Survey,
    wrangler_types::{USUAL_NAMES, generating},
};
use crate::scaffold::types::{Field, Fit, Kind, Member, Place, Problem, Type};

/// How many types are looked through for a member.
const TYPES_MAX: usize = 256;

/// A problem, and the file that has it.
pub(super) type Unclear<'s> = (&'s std::path::Path, Problem);

/// What a type says of a name.
#[derive(Debug)]
pub(super) enum Found<'s> {
    /// It has no such member.
    Absent,
    /// It has the member, from this declaration.
    Member(Spot<'s>, &'s Member),
    /// It may have it: a part of it cannot be seen, or takes any name.
    Hidden(Unclear<'s>),
}

impl Survey {
    /// Finds a member of a declaration, its own before others.
    pub(super) fn member<'s>(&'s self, spot: Spot<'s>, name: &str) -> Found<'s> {
        self.search(spot, name, &mut Vec::new())
    }

    /// Whether a declaration has a member, whatever its type.
    pub(super) fn has(&self, spot: Spot<'_>, name: &str) -> bool {
        matches!(self.member(spot, name), Found::Member(..))
    }

    fn search<'s>(&'s self, spot: Spot<'s>, name: &str, seen: &mut Vec<Spot<'s>>) -> Found<'s> {
        if seen.contains(&spot) {
            return Found::Absent;
        }
        if seen.len() > TYPES_MAX {
            let kind = Kind::Hidden(spot.declared.name.clone());
            let problem = Problem::on(spot.declared.line, kind);
            return Found::Hidden((spot.file.path.as_path(), problem));
        }
        seen.push(spot);
        let mut found = self.in_type(spot, &spot.declared.of, name, seen);
        for other in self.merged(spot) {
            found = found.or(self.search(other, name, seen));
        }
        found
    }

    /// Looks for a member in a part of a declaration.
    fn in_type<'s>(
        &'s self,
        spot: Spot<'s>,
        of: &'s Type,
        name: &str,
        seen: &mut Vec<Spot<'s>>,
    ) -> Found<'s> {
        let hidden = |line: usize, kind: Kind| {
            let problem = Problem::on(line, kind).of(&spot.declared.name);
            Found::Hidden((spot.file.path.as_path(), problem))
        };
        match of {
            Type::Object(object) => match (object.member(name), object.index) {
                (Some(member), _) => Found::Member(spot, member),
                (None, Some(line)) => hidden(line, Kind::Index),
                (None, None) => Found::Absent,
            },
            Type::Name(base) => match self.resolve(spot.file, base) {
                Resolved::Here(base) => self.search(base, name, seen),
                Resolved::Nowhere if USUAL_NAMES.contains(&base.as_str()) => {
                    let problem = Kind::Undeclared(generating(base));
                    let problem = Problem::on(spot.declared.line, problem).of(base);
                    Found::Hidden((spot.file.path.as_path(), problem))
                }
                _ => hidden(spot.declared.line, Kind::Hidden(base.clone())),
            },
            Type::Member(base, key) => {
                hidden(spot.declared.line, Kind::Hidden(format!("{base}['{key}']")))
            }
            Type::All(parts) => {
                let mut found = Found::Absent;
                for part in parts {
                    found = found.or(self.in_type(spot, part, name, seen));
                }
                found
            }
            Type::Either(parts) => {
                let parts = parts.iter();
                let found = parts.map(|part| self.in_type(spot, part, name, &mut seen.clone()));
                found.reduce(Found::and).unwrap_or(Found::Absent)
            }
            Type::Keys {
                of,
                names,
                are_kept,
            } => {
                if names.iter().any(|key| key == name) == *are_kept {
                    self.in_type(spot, of, name, seen)
                } else {
                    Found::Absent
                }
            }
            Type::Opaque(text, line) => hidden(*line, Kind::Hidden(text.clone())),
        }
    }

    /// Lists the declarations that one gets members from, at any distance.
    pub(super) fn bases<'s>(&'s self, spot: Spot<'s>) -> Vec<Spot<'s>> {
        let mut bases: Vec<Spot<'s>> = Vec::new();
        let mut left = vec![spot];
        while let Some(spot) = left.pop() {
            for name in names(&spot.declared.of) {
                if let Resolved::Here(base) = self.resolve(spot.file, name)
                    && !bases.contains(&base)
                {
                    bases.push(base);
                    left.push(base);
                }
            }
        }
        bases
    }

    /// Returns the declaration whose list of members gets the fields of a type: its own, or that of the
    /// one type, or the one with a usual name, that it is made of. What has no name leaves its own for
    /// last.
    pub(super) fn list<'s>(&'s self, spot: Spot<'s>, fields: &[Field<'_>]) -> Option<Spot<'s>> {
        let own = Some(spot).filter(|spot| spot.declared.list().is_some());
        if spot.declared.place != Place::Unnamed && own.is_some() {
            return own;
        }
        let mut found = Vec::new();
        for name in added_to(&spot.declared.of, fields) {
            match self.resolve(spot.file, name) {
                Resolved::Here(base) if base != spot => found.push(base),
                _ => {}
            }
        }
        if found.len() > 1 {
            found.retain(|base| USUAL_NAMES.contains(&base.declared.name.as_str()));
        }
        match found.as_slice() {
            [base] => self.list(*base, fields),
            _ => own,
        }
    }

    /// Finds a declaration that has all members of `target`, and one with this name of another type.
    pub(super) fn narrowed<'s>(&'s self, target: Spot<'s>, name: &str) -> Option<Unclear<'s>> {
        let files = self.files_with(&[target.declared.name.as_str(), name]);
        for file in files {
            for declared in &file.facts().declarations {
                let spot = Spot { file, declared };
                if names(&declared.of).is_empty() {
                    continue;
                }
                if let Found::Member(owner, member) = self.member(spot, name)
                    && member.fit == Fit::Other
                    && self.bases(spot).contains(&target)
                {
                    let kind = Kind::Narrowed {
                        by: declared.name.clone(),
                        found: member.text.clone(),
                    };
                    let problem = Problem::on(member.declared.line, kind);
                    let path = owner.file.path.as_path();
                    return Some((path, problem.of(&target.declared.name)));
                }
            }
        }
        None
    }
}

impl Found<'_> {
    /// What a type says that has the members of two others: a member counts most.
    fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Absent, _) | (Self::Hidden(_), Self::Member(..)) => other,
            _ => self,
        }
    }

    /// What a type says that is one of two others: both must have the member.
    fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Member(..), _) | (Self::Absent, Self::Hidden(_)) => other,
            _ => self,
        }
    }
}

/// Lists the names of the types that a type gets members from.
fn names(of: &Type) -> Vec<&str> {
    match of {
        Type::Name(name) => vec![name],
        Type::All(parts) | Type::Either(parts) => parts.iter().flat_map(names).collect(),
        Type::Keys { of, .. } => names(of),
        Type::Object(_) | Type::Member(..) | Type::Opaque(..) => Vec::new(),
    }
}

/// Lists the names of the types whose new members a type gets.
fn added_to<'t>(of: &'t Type, fields: &[Field<'_>]) -> Vec<&'t str> {
    let leaves_out = |names: &[String]| fields.iter().any(|f| names.iter().any(|n| n == f.name));
    match of {
        Type::Name(name) => vec![name],
        Type::All(parts) => parts
            .iter()
            .flat_map(|part| added_to(part, fields))
            .collect(),
        Type::Keys {
            of,
            names,
            are_kept: false,
        } if !leaves_out(names) => added_to(of, fields),
        _ => Vec::new(),
    }
}
