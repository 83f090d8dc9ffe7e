//! The file that `wrangler deploy` takes in place of the user's: a build tool writes it, and
//! `.wrangler/deploy/config.json`, which says where it is.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{Document, Error, Format, node::NodeKind};
use crate::{
    domain::{EnvName, Section, ShowPath as _},
    fsx,
};

/// Where a build tool says which file is deployed, below the folder of the wrangler file.
const REDIRECT: &str = ".wrangler/deploy/config.json";

/// The most that it may hold, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// What is deployed in place of the wrangler file.
#[derive(Debug)]
pub struct Redirect {
    /// The file that is deployed.
    pub document: Document,
    /// The section of the wrangler file that it was built from.
    pub section: Section,
}

/// Why it is not known what is deployed.
#[derive(Debug, thiserror::Error)]
pub enum RedirectError {
    /// The redirect is not a file, so that wrangler passes it over.
    #[error("it is {}, not a file", .0.what())]
    Kind(fsx::FileKind),
    /// The redirect cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The redirect is not valid.
    #[error("{}", .0.parts().1)]
    Syntax(#[source] Box<Error>),
    /// The redirect does not say where.
    #[error("it has no `configPath`, which must be the path of a file")]
    NoPath,
    /// The redirect is of another project than the wrangler file.
    #[error("it is not beside the wrangler file, so `wrangler deploy` refuses to run")]
    Elsewhere,
    /// The redirect leads nowhere.
    #[error("`configPath` leads to {}, which does not exist", .0.shown())]
    Missing(PathBuf),
    /// The redirect leads out of the project.
    #[error("`configPath` leads out of the project, to {}; it was not compared", .0.shown())]
    Outside(PathBuf),
    /// What is deployed cannot be read.
    #[error("what `configPath` leads to cannot be used: {0}")]
    Document(#[source] Box<Error>),
    /// What is deployed has environments.
    #[error("{} has environments, which `wrangler deploy` refuses in a generated file", .0.shown())]
    Environments(PathBuf),
    /// The section that it was built for is not a name.
    #[error("`targetEnvironment` in {} is not the name of an environment", .0.shown())]
    Target(PathBuf),
}

impl Redirect {
    /// Looks from `start` upwards, as wrangler does. Returns the redirect with what it leads to.
    ///
    /// `user` is the wrangler file.
    pub fn find(start: &Path, user: &Path) -> Option<(PathBuf, Result<Self, RedirectError>)> {
        let mut places = start.ancestors().map(|directory| directory.join(REDIRECT));
        let beside = user.parent()?.join(REDIRECT);
        let Some(path) = places.find(|path| path.is_file()) else {
            let kind = fsx::kind_of(&beside)?;
            return Some((beside, Err(RedirectError::Kind(kind))));
        };
        let redirect = if path == beside {
            Self::read(&path, user)
        } else {
            Err(RedirectError::Elsewhere)
        };
        Some((path, redirect))
    }

    fn read(path: &Path, user: &Path) -> Result<Self, RedirectError> {
        let syntax = |error| RedirectError::Syntax(Box::new(error));
        let text = fsx::read_text(path, MAX_BYTES).map_err(RedirectError::Read)?;
        let root = Format::Jsonc.parse(path, &text).map_err(syntax)?;
        let target = root.get("configPath").and_then(|node| node.as_str());
        let target = target.filter(|target| !target.is_empty());
        let target = target.ok_or(RedirectError::NoPath)?;
        let named = path.parent().unwrap_or(path).join(target);
        let real =
            fsx::real_path(&named).map_err(|_absent| RedirectError::Missing(lexical(&named)))?;
        let project = user.parent().and_then(|it| fsx::real_path(it).ok());
        if !project.is_some_and(|project| real.starts_with(project)) {
            return Err(RedirectError::Outside(real));
        }
        let document = Document::read(&lexical(&named));
        let document = document.map_err(|error| RedirectError::Document(Box::new(error)))?;
        if !document.project().environments.is_empty() {
            return Err(RedirectError::Environments(document.path().to_owned()));
        }
        let name = match document.content().root.get("targetEnvironment") {
            None => None,
            Some(node) if matches!(node.kind, NodeKind::Null) => None,
            Some(node) => Some(node.as_str().and_then(|name| name.parse::<EnvName>().ok())),
        };
        let section = match name {
            None => Section::TOP,
            Some(Some(name)) => name.into(),
            Some(None) => return Err(RedirectError::Target(document.path().to_owned())),
        };
        Ok(Self { document, section })
    }
}

/// Removes `..` from a path whose meaning is known, for people to read.
fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Project(tempfile::TempDir);

    impl Project {
        fn new(redirect: &str) -> Self {
            let home = tempfile::tempdir().unwrap();
            let it = Self(home);
            it.write("wrangler.toml", "name = 'w'");
            it.write("dist/wrangler.json", "{\"name\": \"w\"}");
            it.write(REDIRECT, redirect);
            it
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.0.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::File::create(&path).unwrap();
            fsx::overwrite_own(&path, text.as_bytes()).unwrap();
        }

        fn find(&self) -> Result<Redirect, String> {
            let start = self.0.path();
            let found = Redirect::find(start, &start.join("wrangler.toml"));
            let home = fsx::real_path(start).unwrap().shown().into_owned();
            found.unwrap().1.map_err(|error| {
                let said = error.to_string().replace(&home, "");
                let said = said.replace(&start.shown().into_owned(), "");
                said.replace('\\', "/")
            })
        }
    }

    const GOOD: &str =
        "{\"configPath\": \"../../dist/wrangler.json\", /* c */ \"auxiliaryWorkers\": [],}";

    #[test]
    fn a_redirect_names_the_file_and_the_file_its_section() {
        let project = Project::new(GOOD);
        assert_eq!(project.find().unwrap().section, Section::TOP);
        let built = "{\"name\": \"w-live\", \"targetEnvironment\": \"live\"}";
        project.write("dist/wrangler.json", built);
        let found = project.find().unwrap();
        assert_eq!(found.section, "live".parse::<EnvName>().unwrap().into());
        assert!(found.document.path().ends_with("dist/wrangler.json"));
        project.write("dist/wrangler.json", "{\"targetEnvironment\": null}");
        assert_eq!(project.find().unwrap().section, Section::TOP);
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        for (redirect, said) in [
            ("{", "unterminated"),
            ("", "the file has no value"),
            ("[]", "it has no `configPath`"),
            ("{\"configPath\": \"\"}", "it has no `configPath`"),
            ("{\"configPath\": 5}", "it has no `configPath`"),
            (
                "{\"configPath\": \"../../gone.json\"}",
                "`configPath` leads to /gone.json, which does not",
            ),
            (
                "{\"configPath\": \"../../..\"}",
                "`configPath` leads out of the project",
            ),
            (
                "{\"configPath\": \"../../dist\"}",
                "what `configPath` leads to cannot be used",
            ),
        ] {
            let error = Project::new(redirect).find().unwrap_err();
            assert!(error.contains(said), "{redirect}: {error}");
        }
        let outside = tempfile::NamedTempFile::new().unwrap();
        let outside = fsx::real_path(outside.path()).unwrap();
        let redirect = serde_json::json!({ "configPath": outside }).to_string();
        let error = Project::new(&redirect).find().unwrap_err();
        let shown = outside.shown().into_owned().replace('\\', "/");
        let said = format!("`configPath` leads out of the project, to {shown}");
        assert!(error.contains(&said), "{error}");
        let huge = format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20));
        let error = Project::new(&huge).find().unwrap_err();
        assert_eq!(error, "it cannot be read: it has more than 1 MiB");
    }

    #[test]
    fn what_it_leads_to_may_be_anything() {
        for (built, said) in [
            ("{", "cannot be used"),
            ("{\"kv_namespaces\": 5}", "cannot be used"),
            (
                "{\"env\": {\"a\": {}}}",
                "/dist/wrangler.json has environments",
            ),
            (
                "{\"targetEnvironment\": 5}",
                "`targetEnvironment` in /dist/wrangler.json is not",
            ),
            (
                "{\"targetEnvironment\": \"\"}",
                "`targetEnvironment` in /dist/wrangler.json is not",
            ),
        ] {
            let project = Project::new(GOOD);
            project.write("dist/wrangler.json", built);
            let error = project.find().unwrap_err();
            assert!(error.contains(said), "{built}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn pipes_directories_and_links_out_of_the_project_are_not_read() {
        let mkfifo = |path: &Path| {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.unwrap().success());
        };
        let project = Project::new(GOOD);
        let redirect = project.0.path().join(REDIRECT);
        fs_err::remove_file(&redirect).unwrap();
        mkfifo(&redirect);
        assert_eq!(project.find().unwrap_err(), "it is a pipe, not a file");
        fs_err::remove_file(&redirect).unwrap();
        fs_err::create_dir(&redirect).unwrap();
        assert_eq!(project.find().unwrap_err(), "it is a directory, not a file");

        let project = Project::new(GOOD);
        let built = project.0.path().join("dist/wrangler.json");
        fs_err::remove_file(&built).unwrap();
        mkfifo(&built);
        let error = project.find().unwrap_err();
        assert!(error.contains("cannot be used"), "{error}");
        fs_err::remove_file(&built).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &built).unwrap();
        let error = project.find().unwrap_err();
        assert!(
            error.contains("leads out of the project, to /dev/zero"),
            "{error}"
        );
    }

    #[test]
    fn a_redirect_counts_only_beside_the_file() {
        let project = Project::new(GOOD);
        project.write("sub/wrangler.toml", "name = 'w'");
        let start = project.0.path().join("sub");
        let (_, found) = Redirect::find(&start, &start.join("wrangler.toml")).unwrap();
        assert!(matches!(found, Err(RedirectError::Elsewhere)), "{found:?}");
        let root = tempfile::tempdir().unwrap();
        assert!(Redirect::find(root.path(), &root.path().join("wrangler.toml")).is_none());
    }
}
