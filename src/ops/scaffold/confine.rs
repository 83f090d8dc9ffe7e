//! Keeps paths inside the project.

use std::path::{Component, Path, PathBuf};

use super::Error;
use crate::fsx;

/// Returns where `path`, which is relative to the project at `root`, is, provided that it is inside
/// the project, links included, and that a file can be there.
pub(super) fn inside(root: &Path, path: &Path) -> Result<PathBuf, Error> {
    let outside = || Error::Outside {
        path: path.to_owned(),
        root: root.to_owned(),
    };
    let real_root = fsx::real_path(root).map_err(|source| read_error(root, source))?;
    let relative = if path.is_absolute() {
        let inside = path.strip_prefix(root);
        let inside = inside.or_else(|_| path.strip_prefix(&real_root));
        inside.map_err(|_elsewhere| outside())?
    } else {
        path
    };
    let mut target = root.to_owned();
    let mut depth = 0_usize;
    for component in relative.components() {
        match component {
            Component::Normal(name) => {
                target.push(name);
                depth += 1;
            }
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => {
                target.pop();
                depth -= 1;
            }
            Component::ParentDir | Component::Prefix(_) | Component::RootDir => {
                return Err(outside());
            }
        }
    }
    if depth == 0 {
        return Err(Error::FileType {
            path: target,
            expected: "a file",
        });
    }
    check_links(&target, &real_root)?;
    Ok(target)
}

/// Follows what exists of the way to `target`.
fn check_links(target: &Path, real_root: &Path) -> Result<(), Error> {
    let exists = |path: &&Path| std::fs::symlink_metadata(path).is_ok();
    let Some(nearest) = target.ancestors().find(exists) else {
        return Ok(());
    };
    let path = target.to_owned();
    let Ok(real) = fsx::real_path(nearest) else {
        return Err(Error::Link { path, target: None });
    };
    if !real.starts_with(real_root) {
        return Err(Error::Link {
            path,
            target: Some(real),
        });
    }
    let (fits, expected) = if nearest == target {
        (real.is_file(), "a file")
    } else {
        (real.is_dir(), "a directory")
    };
    if fits {
        return Ok(());
    }
    Err(Error::FileType {
        path: nearest.to_owned(),
        expected,
    })
}

pub(super) fn read_error(path: &Path, source: std::io::Error) -> Error {
    let path = path.to_owned();
    fsx::Error::Read { path, source }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_the_project() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("app");
        fs_err::create_dir_all(root.join("src")).unwrap();
        fs_err::File::create(root.join("src/file")).unwrap();
        let at = |path: &str| inside(&root, Path::new(path));
        assert_eq!(at("src/lib/a.ts").unwrap(), root.join("src/lib/a.ts"));
        assert_eq!(at("./src/../src/file").unwrap(), root.join("src/file"));
        assert_eq!(
            at(root.join("x.ts").to_str().unwrap()).unwrap(),
            root.join("x.ts")
        );
        for path in ["../x.ts", "src/../../x.ts", "/etc/x.ts"] {
            assert!(matches!(at(path), Err(Error::Outside { .. })), "{path}");
        }
        for path in ["src", "src/file/x.ts", ".", ""] {
            assert!(matches!(at(path), Err(Error::FileType { .. })), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_may_not_lead_out_of_it() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("app");
        fs_err::create_dir_all(root.join("src")).unwrap();
        fs_err::create_dir_all(home.path().join("other")).unwrap();
        symlink("../../other", root.join("src/lib")).unwrap();
        symlink("src", root.join("inside")).unwrap();
        symlink("gone", root.join("dangling.ts")).unwrap();
        let at = |path: &str| inside(&root, Path::new(path));
        assert!(at("inside/x.ts").is_ok());
        for (path, leads) in [("src/lib/kv/x.ts", true), ("dangling.ts", false)] {
            match at(path) {
                Err(Error::Link { target, .. }) => assert_eq!(target.is_some(), leads),
                other => panic!("{other:?}"),
            }
        }
    }
}
