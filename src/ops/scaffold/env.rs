//! Plans the edit of the type of the bindings.

use std::path::{Path, PathBuf};

use super::{
    Error,
    destination::{Destination, Wanted},
    members::{Found, Unclear},
    notes::Note,
    project::{ProjectFile, Surroundings},
    resolve::{DEPTH_MAX, Resolved, Spot},
    runtime_types::RuntimeTypes,
    survey::{Origin, SourceFile, Survey},
    wrangler_types::regenerating,
};
use crate::{
    domain::{Hint, Suggestion},
    scaffold::types::{self, Dialect, Field, Fit, Kind, Naming, Problem, Target},
};

/// The name of the type, unless told.
const ENV: &str = "Env";

/// The planned edit of the type of the bindings.
#[derive(Debug)]
pub(super) struct EnvPlan {
    /// The file.
    pub(super) path: PathBuf,
    /// The type.
    pub(super) name: String,
    /// What the file holds, if there is one.
    pub(super) before: Option<Vec<u8>>,
    /// Its new content, if that is another.
    pub(super) after: Option<String>,
    /// The file that declares the type.
    pub(super) declared_in: PathBuf,
    /// The bindings that the type lacks.
    pub(super) missing: Vec<String>,
    /// What adds them.
    pub(super) remedy: Hint,
    /// What the user should know.
    pub(super) notes: Vec<Note>,
}

/// Plans the edit of the type that has the `fields`: in `file`, or where the project has it.
pub(super) fn env_plan(
    root: &Path,
    file: ProjectFile,
    around: &Surroundings,
    fields: &[Field<'_>],
) -> Result<EnvPlan, Error> {
    file.text()?;
    let types = file.path.clone();
    let next = around.next.as_ref();
    let wanted = Wanted {
        types: &types,
        is_named: around.is_named,
        next: next.map(|(path, line)| (path.as_path(), *line)),
        fields,
    };
    let planner = Planner {
        root,
        around,
        wanted,
    };
    let destination = around.survey.destination(&wanted);
    let Destination { spot, unused } = destination.map_err(|unclear| planner.error(unclear))?;
    let mut plan = if let Some(spot) = spot {
        planner.declared(file, spot)?
    } else {
        let mut plan = planner.edited(file, None, fields)?;
        plan.notes.extend(planner.new_env(&types));
        plan
    };
    let is_unused = |unused: &Spot<'_>| !around.survey.others_have(&unused.declared.name);
    if let Some(unused) = unused.filter(is_unused) {
        let path = &unused.file.path;
        plan.notes
            .retain(|note| !matches!(note, Note::OtherEnv { path: other, .. } if other == path));
        plan.notes.push(Note::Unused {
            path: path.clone(),
            name: unused.declared.name.clone(),
            used: plan.name.clone(),
            declared_in: plan.declared_in.clone(),
        });
    }
    Ok(plan)
}

struct Planner<'a> {
    root: &'a Path,
    around: &'a Surroundings,
    wanted: Wanted<'a>,
}

impl Planner<'_> {
    fn survey(&self) -> &Survey {
        &self.around.survey
    }

    fn error(&self, (path, problem): Unclear<'_>) -> Error {
        Error::Types {
            path: path.to_owned(),
            problem: Box::new(problem),
            fields: self.wanted.fields.iter().map(ToString::to_string).collect(),
            others: self.around.other_parts.clone(),
        }
    }

    fn refused<T>(&self, spot: Spot<'_>, kind: Kind) -> Result<T, Error> {
        let problem = Problem::on(spot.declared.line, kind).of(&spot.declared.name);
        Err(self.error((&spot.file.path, problem)))
    }

    /// Plans to add what a type lacks.
    fn declared(&self, file: ProjectFile, spot: Spot<'_>) -> Result<EnvPlan, Error> {
        if spot.file.generated().is_none() {
            check_syntax(spot.file).map_err(|problem| self.error((&spot.file.path, problem)))?;
        }
        let mut notes = Vec::new();
        let missing = self.missing(spot, &mut notes)?;
        let mut bases = std::iter::once(spot).chain(self.survey().bases(spot));
        if let Some(source) = bases.find(|base| base.file.generated().is_some()) {
            return self.generated(file, spot, source.file, &missing);
        }
        let (path, name) = (spot.file.path.clone(), spot.declared.name.clone());
        if missing.is_empty() {
            let before = Some(spot.file.before.clone());
            let file = ProjectFile {
                path,
                before,
                ..file
            };
            return Ok(EnvPlan::unchanged(file, name, notes));
        }
        let Some(list) = self.survey().list(spot, &missing) else {
            return self.refused(spot, Kind::Shape);
        };
        if matches!(list.file.origin, Origin::Outside) {
            return self.refused(list, Kind::Outside);
        }
        for field in &missing {
            if let Some(unclear) = self.survey().narrowed(list, field.name) {
                return Err(self.error(unclear));
            }
        }
        let file = ProjectFile {
            path: list.file.path.clone(),
            before: Some(list.file.before.clone()),
            ..file
        };
        let mut plan = self.edited(file, Some(list), &missing)?;
        plan.notes.extend(notes);
        Ok(plan)
    }

    /// Says of a new `Env` that the Worker does not use it yet.
    fn new_env(&self, path: &Path) -> Option<Note> {
        let main = self.survey().main.clone()?;
        (!self.survey().is_expected(path)).then(|| Note::New {
            path: path.to_owned(),
            main,
            others: self.around.other_parts.clone(),
        })
    }

    /// Lists the fields that a type lacks. Those that are there must be namespaces.
    fn missing<'f>(
        &'f self,
        spot: Spot<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Field<'f>>, Error> {
        let name = &spot.declared.name;
        let (mut missing, mut strict, mut loose) = (Vec::new(), Vec::new(), Vec::new());
        for field in self.wanted.fields {
            let (owner, member) = match self.survey().member(spot, field.name) {
                Found::Absent => {
                    missing.push(*field);
                    continue;
                }
                Found::Hidden((path, problem)) => {
                    return Err(self.error((path, problem)));
                }
                Found::Member(owner, member) => (owner, member),
            };
            let found = member.text.clone();
            let kind = match member.fit {
                Fit::Required if field.is_optional => {
                    strict.push(field.name.to_owned());
                    continue;
                }
                Fit::Optional if !field.is_optional => {
                    loose.push(field.name.to_owned());
                    continue;
                }
                Fit::Required | Fit::Optional => continue,
                Fit::Other if owner == spot => Kind::OtherType {
                    binding: field.name.to_owned(),
                    found,
                },
                Fit::Other => Kind::Inherited {
                    base: owner.declared.name.clone(),
                    found,
                },
            };
            let problem = Problem::on(member.declared.line, kind).of(name);
            return Err(self.error((&owner.file.path, problem)));
        }
        let about = |names: Vec<String>, note: fn(Vec<String>, String) -> Note| {
            (!names.is_empty()).then(|| note(names, name.clone()))
        };
        notes.extend(about(strict, Note::Required));
        notes.extend(about(loose, Note::Optional));
        Ok(missing)
    }

    /// Plans to add fields to a list of members, or to a new `Env` in a file.
    fn edited(
        &self,
        file: ProjectFile,
        list: Option<Spot<'_>>,
        fields: &[Field<'_>],
    ) -> Result<EnvPlan, Error> {
        let naming = match self.around.runtime_types {
            RuntimeTypes::Global => Naming::Global,
            RuntimeTypes::Package | RuntimeTypes::Unknown => Naming::Import,
        };
        let name = list.map_or(ENV, |spot| spot.declared.name.as_str());
        let at = list.and_then(|spot| spot.declared.list()?.at);
        let target = at.map_or(Target::New(ENV), Target::List);
        let dialect = Dialect::of_path(&file.path);
        let edited = types::add_fields(file.text()?, dialect, target, fields, naming)
            .map_err(|problem| self.error((&file.path, problem.of(name))))?;
        let mut notes = Vec::new();
        if edited.imported && self.around.runtime_types == RuntimeTypes::Unknown {
            notes.push(Note::NoRuntimeTypes);
        }
        let others = self.survey().others(&self.wanted, list).into_iter();
        notes.extend(others.map(|other| Note::OtherEnv {
            path: other.file.path.clone(),
            name: other.declared.name.clone(),
        }));
        Ok(EnvPlan {
            after: Some(edited.text),
            missing: fields.iter().map(|field| field.name.to_owned()).collect(),
            ..EnvPlan::unchanged(file, name.to_owned(), notes)
        })
    }

    /// Plans for a type whose fields `wrangler types` generates: `file` takes it from there.
    fn generated(
        &self,
        file: ProjectFile,
        spot: Spot<'_>,
        source: &SourceFile,
        missing: &[Field<'_>],
    ) -> Result<EnvPlan, Error> {
        let Some(content) = source.generated() else {
            return Ok(EnvPlan::unchanged(file, ENV.to_owned(), Vec::new()));
        };
        let interface = content.interface().map_or(ENV, |d| d.name.as_str());
        // The name by which every file can use the type.
        let name = match interface {
            ENV if content.is_in_namespace => "Cloudflare.Env",
            name => name,
        };
        let missing: Vec<String> = missing.iter().map(|field| field.name.to_owned()).collect();
        let path = source.path.strip_prefix(self.root).unwrap_or(&source.path);
        let command = regenerating(path, content);
        let notes = (!missing.is_empty()).then(|| Note::Regenerate {
            path: source.path.clone(),
            missing: missing.clone(),
            command: command.clone(),
            is_certain: content.is_of_all_sections(),
        });
        let is_own = spot.file.generated().is_some();
        let after = if is_own {
            self.with_alias(&file, name)?
        } else {
            None
        };
        Ok(EnvPlan {
            path: match &after {
                Some(_) => file.path.clone(),
                None => spot.file.path.clone(),
            },
            after,
            declared_in: source.path.clone(),
            missing,
            remedy: format!("run `{command}`, which generates `{interface}` here").into(),
            ..EnvPlan::unchanged(file, interface.to_owned(), notes.into_iter().collect())
        })
    }

    /// Returns the text of `file` with a name for the type that is generated, if it has none and can
    /// have one.
    fn with_alias(&self, file: &ProjectFile, generated: &str) -> Result<Option<String>, Error> {
        let source = self.survey().file(&file.path);
        let is_script = source.is_some_and(|source| source.facts().is_script);
        let is_taken = source.is_some_and(|source| {
            let local = self.survey().exported(source, ENV, DEPTH_MAX);
            source.generated().is_some() || local != Resolved::Nowhere || source.imports(ENV)
        });
        // In a file whose names are global, `Env` would be declared twice.
        if is_taken || generated == ENV || generated == "Cloudflare.Env" && is_script {
            return Ok(None);
        }
        types::add_alias(file.text()?, Dialect::of_path(&file.path), generated)
            .map(Some)
            .map_err(|problem| self.error((&file.path, problem)))
    }
}

/// Fails if there is anything in a file that the parser does not understand: what it says is not all.
fn check_syntax(file: &SourceFile) -> Result<(), Problem> {
    let text = str::from_utf8(&file.before).unwrap_or_default();
    types::check_syntax(text, Dialect::of_path(&file.path))
}

impl EnvPlan {
    fn unchanged(file: ProjectFile, name: String, notes: Vec<Note>) -> Self {
        Self {
            declared_in: file.path.clone(),
            path: file.path,
            name,
            before: file.before,
            after: None,
            missing: Vec::new(),
            remedy: Hint::run(Suggestion::new("scaffold").sectionless()).text(" to add it"),
            notes,
        }
    }
}
