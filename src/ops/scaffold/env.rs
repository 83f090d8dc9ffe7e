//! Plans the edit of the type of the bindings.

use std::path::{Path, PathBuf};

use super::{
    Error,
    destination::{Destination, Unclear, Wanted, generating},
    notes::Note,
    project::{ProjectFile, Surroundings},
    resolve::Spot,
    runtime_types::RuntimeTypes,
    survey::{GeneratedFile, Survey},
};
use crate::domain::{Hint, Suggestion};
use crate::scaffold::types::{
    self, Declaring, Dialect, Field, Fit, Kind, Naming, Place, Problem, Target, Used,
};

/// The name of the type, and of the file that `wrangler types` writes, unless told.
const ENV: &str = "Env";
const GENERATED: &str = "worker-configuration.d.ts";

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
    let planner = Planner {
        root,
        around,
        fields,
    };
    file.text()?;
    if around.survey.interfaces().next().is_some() {
        return planner.beside_generated(file);
    }
    let types = file.path.clone();
    let wanted = Wanted {
        types: &types,
        is_named: around.is_named,
        next: around
            .next
            .as_ref()
            .map(|(path, line)| (path.as_path(), *line)),
        fields,
    };
    let destination = around.survey.destination(&wanted);
    match destination.map_err(|unclear| planner.error(unclear))? {
        Destination::Declared(spot) => planner.declared(file, spot),
        Destination::File => planner.in_file(file),
    }
}

struct Planner<'a> {
    root: &'a Path,
    around: &'a Surroundings,
    fields: &'a [Field<'a>],
}

impl Planner<'_> {
    fn survey(&self) -> &Survey {
        &self.around.survey
    }

    fn error(&self, (path, problem): Unclear<'_>) -> Error {
        Error::Types {
            path: path.to_owned(),
            problem: Box::new(problem),
            fields: self.fields.iter().map(ToString::to_string).collect(),
        }
    }

    /// Plans to add what a declaration lacks.
    fn declared(&self, file: ProjectFile, spot: Spot<'_>) -> Result<EnvPlan, Error> {
        let (path, name) = (spot.file.path.clone(), spot.declared.name.clone());
        let is_file = file.path == path;
        let before = if is_file {
            file.before
        } else {
            Some(spot.file.before.clone())
        };
        let file = ProjectFile {
            path,
            before,
            ..file
        };
        types::check_syntax(file.text()?, Dialect::of_path(&file.path))
            .map_err(|problem| self.error((&file.path, problem)))?;
        let mut notes = Vec::new();
        let missing = self.missing(spot, &mut notes)?;
        if missing.is_empty() {
            return Ok(EnvPlan::unchanged(file, name, notes));
        }
        let nested = match spot.declared.place {
            Place::Top | Place::Inline(_) => None,
            Place::Global => Some(Kind::Global),
            Place::Cloudflare => Some(Kind::Nested("`namespace Cloudflare`")),
            Place::Platform => Some(Kind::Nested("`App.Platform`")),
            Place::Namespace => Some(Kind::Nested("a namespace")),
            Place::Unnamed => Some(Kind::Shape("another kind of type")),
        };
        if let Some(kind) = nested {
            let problem = Problem::on(spot.declared.line, kind).of(&name);
            return Err(self.error((&file.path, problem)));
        }
        let inline = match spot.declared.place {
            Place::Inline(number) => Some(number),
            _ => None,
        };
        let target = Target {
            inline,
            harmless: self.survey().modules_without(spot.file, &name),
            name,
        };
        let mut plan = self.edited(file, Some(spot), &target, &missing)?;
        plan.notes.extend(notes);
        Ok(plan)
    }

    /// Plans to add the bindings to the file that is wanted.
    fn in_file(&self, file: ProjectFile) -> Result<EnvPlan, Error> {
        let mut target = Target::named(ENV);
        if let Some(source) = self.survey().file(&file.path) {
            target.harmless = self.survey().modules_without(source, ENV);
        }
        self.edited(file, None, &target, self.fields)
    }

    /// Lists the fields that neither a declaration nor one that it extends has. Those that are there
    /// must be namespaces.
    fn missing<'f>(
        &'f self,
        spot: Spot<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Field<'f>>, Error> {
        let name = &spot.declared.name;
        let (mut missing, mut strict, mut loose) = (Vec::new(), Vec::new(), Vec::new());
        for field in self.fields {
            let Some((place, member)) = self.survey().member(spot, field.name) else {
                missing.push(*field);
                continue;
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
                Fit::Other if place == spot => Kind::OtherType {
                    binding: field.name.to_owned(),
                    found,
                },
                Fit::Other => Kind::Inherited {
                    base: place.declared.name.clone(),
                    found,
                },
            };
            let problem = Problem::on(member.line, kind).of(name);
            return Err(self.error((&place.file.path, problem)));
        }
        let takes_any = |base: &Spot<'_>| base.declared.has_index && !missing.is_empty();
        if let Some(base) = self.survey().bases(spot).into_iter().find(takes_any) {
            let problem = Problem::on(base.declared.line, Kind::Index).of(&base.declared.name);
            return Err(self.error((&base.file.path, problem)));
        }
        let about = |names: Vec<String>, note: fn(Vec<String>, String) -> Note| {
            (!names.is_empty()).then(|| note(names, name.clone()))
        };
        notes.extend(about(strict, Note::Required));
        notes.extend(about(loose, Note::Optional));
        Ok(missing)
    }

    fn edited(
        &self,
        file: ProjectFile,
        spot: Option<Spot<'_>>,
        target: &Target,
        fields: &[Field<'_>],
    ) -> Result<EnvPlan, Error> {
        let mut notes = Vec::new();
        let before = file.text()?;
        let is_global = self.around.runtime_types == RuntimeTypes::Global;
        let naming = if is_global {
            Naming::Global
        } else {
            Naming::Import
        };
        let edited =
            types::add_bindings(before, Dialect::of_path(&file.path), target, fields, naming)
                .map_err(|problem| self.error((&file.path, problem)))?;
        if edited.imported && self.around.runtime_types == RuntimeTypes::Unknown {
            notes.push(Note::NoRuntimeTypes);
        }
        let is_changed = edited.text != before;
        if is_changed {
            let others = self.survey().others(&file.path, spot).into_iter();
            notes.extend(others.map(|other| Note::OtherEnv {
                path: other.file.path.clone(),
                name: other.declared.name.clone(),
            }));
            if self.survey().is_cut {
                notes.push(Note::SearchCut);
            }
        }
        Ok(EnvPlan {
            after: is_changed.then_some(edited.text),
            missing: edited.added,
            ..EnvPlan::unchanged(file, target.name.clone(), notes)
        })
    }

    /// Plans for a project whose fields `wrangler types` generates: `file` takes the type from there.
    fn beside_generated(&self, file: ProjectFile) -> Result<EnvPlan, Error> {
        let generated = self.generated(&file)?;
        let interface = generated.content.interface.clone().unwrap_or_default();
        // The name by which every file can use the type.
        let name = match interface.as_str() {
            ENV if generated.content.is_in_namespace => "Cloudflare.Env",
            name => name,
        };
        let mut notes = Vec::new();
        if let Some(spot) = self.survey().written_by_hand(&file.path) {
            return Ok(self.kept(file, spot, name));
        }
        let has = |field: &Field<'_>| {
            let mut files = self.survey().interfaces();
            files.any(|file| {
                file.content.interface == generated.content.interface
                    && file.content.has(field.name)
            })
        };
        let missing = self.fields.iter().filter(|field| !has(field));
        let missing: Vec<String> = missing.map(|field| field.name.to_owned()).collect();
        let command = self.command(generated);
        if !missing.is_empty() {
            notes.push(Note::Regenerate {
                path: generated.path.clone(),
                missing: missing.clone(),
                command: command.clone(),
            });
        }
        let after = self.with_alias(&file, name)?;
        let is_nowhere = file.before.is_none() && after.is_none();
        Ok(EnvPlan {
            path: if is_nowhere {
                &generated.path
            } else {
                &file.path
            }
            .clone(),
            after,
            declared_in: generated.path.clone(),
            missing,
            remedy: format!("run `{command}`, which generates `{interface}` here").into(),
            ..EnvPlan::unchanged(file, interface, notes)
        })
    }

    /// Returns the text of `file` with a name for the type that is generated, if it has none and can
    /// have one.
    fn with_alias(&self, file: &ProjectFile, generated: &str) -> Result<Option<String>, Error> {
        let source = self.survey().file(&file.path);
        let is_script = source.is_some_and(|source| source.facts().is_script);
        // In a file whose names are global, `Env` would be declared twice.
        if generated == ENV || generated == "Cloudflare.Env" && is_script {
            return Ok(None);
        }
        if self
            .survey()
            .generated
            .iter()
            .any(|other| other.path == file.path)
        {
            return Ok(None);
        }
        let (before, dialect) = (file.text()?, Dialect::of_path(&file.path));
        let error = |problem| self.error((&file.path, problem));
        if types::declared(before, dialect).map_err(error)? != Declaring::Nothing {
            return Ok(None);
        }
        types::add_alias(before, dialect, generated)
            .map(Some)
            .map_err(error)
    }

    /// Returns the file of the type that is generated, if it is clear which one that is.
    fn generated(&self, file: &ProjectFile) -> Result<&GeneratedFile, Error> {
        let all: Vec<&GeneratedFile> = self.survey().interfaces().collect();
        let name = |file: &GeneratedFile| file.content.interface.clone().unwrap_or_default();
        let is_used = |file: &&&GeneratedFile| {
            let mut uses = self
                .survey()
                .files_with_uses()
                .flat_map(|file| &file.facts().uses);
            uses.any(|used| used.used == Used::Name(name(file)))
        };
        let is_one = |files: &[&GeneratedFile]| {
            let first = files.first().map(|file| name(file));
            first.is_some() && files.iter().all(|file| Some(name(file)) == first)
        };
        let used: Vec<&GeneratedFile> = all.iter().filter(is_used).copied().collect();
        let candidates = [all.as_slice(), used.as_slice()];
        if let Some(one) = candidates.into_iter().find(|files| is_one(files)) {
            return Ok(one[0]);
        }
        let mut places = all
            .iter()
            .map(|f| (f.path.clone(), f.content.line, name(f)));
        let first = places.next();
        let (path, line, name) = first.unwrap_or_else(|| (file.path.clone(), 1, ENV.to_owned()));
        let problem = Problem::on(line, Kind::Candidates(places.collect())).of(&name);
        Err(self.error((&path, problem)))
    }

    /// Leaves a type alone that is written by hand beside `generated`.
    fn kept(&self, file: ProjectFile, spot: Spot<'_>, generated: &str) -> EnvPlan {
        let is_there = |field: &&Field<'_>| {
            let found = self.survey().member(spot, field.name);
            found.is_some_and(|(_, member)| member.fit != Fit::Other)
        };
        let missing = self.fields.iter().filter(|field| !is_there(field));
        let missing: Vec<String> = missing.map(|field| field.name.to_owned()).collect();
        let name = spot.declared.name.clone();
        let note = Note::OwnEnv {
            path: spot.file.path.clone(),
            name: name.clone(),
            generated: generated.to_owned(),
            missing: missing.clone(),
        };
        let file = ProjectFile {
            path: spot.file.path.clone(),
            before: Some(spot.file.before.clone()),
            ..file
        };
        EnvPlan {
            missing,
            remedy: format!(
                "add it by hand, or use `{generated}`, which `wrangler types` generates"
            )
            .into(),
            ..EnvPlan::unchanged(file, name, vec![note])
        }
    }

    /// Returns the command that generates a file again.
    fn command(&self, file: &GeneratedFile) -> String {
        if let Some(command) = &file.content.command {
            return format!("npx {command}");
        }
        let interface = file.content.interface.as_deref().unwrap_or(ENV);
        let path = file.path.strip_prefix(self.root).unwrap_or(&file.path);
        if path == Path::new(GENERATED) {
            return generating(interface);
        }
        let command = "npx wrangler types";
        match interface {
            ENV => format!("{command} {}", path.display()),
            name => format!("{command} --env-interface {name} {}", path.display()),
        }
    }
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
