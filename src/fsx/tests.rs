//! What [`replace`] and its kin promise about links, modes, conflicts and leftovers.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, SystemTime},
};

use fs_err as fs;

use tempfile::TempDir;

use super::*;

/// A directory with one file of `bytes` in it.
fn directory_with(bytes: &[u8]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wrangler.toml");
    File::create(&path).unwrap().write_all(bytes).unwrap();
    (dir, path)
}

/// The names in a directory: more than expected means that a temporary file was left behind.
fn names(dir: &TempDir) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Sets the modification time far back, so that any write shows.
fn age(path: &Path) -> SystemTime {
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_modified(then).unwrap();
    then
}

fn modified(path: &Path) -> SystemTime {
    path.metadata().unwrap().modified().unwrap()
}

#[test]
fn replace_writes_what_it_is_given_and_leaves_nothing_else() {
    let (dir, path) = directory_with(b"old");
    replace(&path, b"old", b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(&dir), ["wrangler.toml"]);
}

#[test]
fn replace_does_nothing_when_there_is_nothing_to_change() {
    let (_dir, path) = directory_with(b"same");
    let then = age(&path);
    replace(&path, b"same", b"same").unwrap();
    assert_eq!(modified(&path), then);
}

#[test]
fn replace_succeeds_when_someone_else_wrote_the_same() {
    let (_dir, path) = directory_with(b"new");
    let then = age(&path);
    replace(&path, b"old", b"new").unwrap();
    assert_eq!(modified(&path), then);
}

#[test]
fn replace_refuses_a_file_that_changed() {
    let (dir, path) = directory_with(b"theirs");
    let then = age(&path);
    let error = replace(&path, b"old", b"new").unwrap_err();
    assert!(matches!(&error, Error::Changed { path: named } if *named == path));
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
    assert_eq!(modified(&path), then);
    assert_eq!(names(&dir), ["wrangler.toml"]);
}

#[test]
fn replace_needs_a_file() {
    let (dir, path) = directory_with(b"");
    let missing = dir.path().join("missing");
    assert!(matches!(
        replace(&missing, b"a", b"b"),
        Err(Error::Read { .. })
    ));
    assert!(matches!(
        check_replaceable(&missing),
        Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound
    ));
    assert!(matches!(
        check_replaceable(dir.path()),
        Err(Error::NotAFile { .. })
    ));
    check_replaceable(&path).unwrap();
    assert_eq!(names(&dir), ["wrangler.toml"]);
}

#[test]
fn a_read_only_file_stays_as_it_is() {
    let (dir, path) = directory_with(b"old");
    let mut permissions = path.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();

    assert!(matches!(
        check_replaceable(&path),
        Err(Error::ReadOnly { .. })
    ));
    assert!(matches!(
        replace(&path, b"old", b"new"),
        Err(Error::ReadOnly { .. })
    ));
    assert!(matches!(
        overwrite(&path, b"new"),
        Err(Error::ReadOnly { .. })
    ));
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(&dir), ["wrangler.toml"]);
}

#[test]
fn create_makes_a_file_once() {
    let (dir, path) = directory_with(b"old");
    assert!(matches!(create(&path, b"new"), Err(Error::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"old");

    let fresh = dir.path().join("fresh.json");
    create(&fresh, b"{}").unwrap();
    assert_eq!(fs::read(&fresh).unwrap(), b"{}");
    assert_eq!(names(&dir), ["fresh.json", "wrangler.toml"]);

    let nowhere = dir.path().join("no").join("where");
    assert!(matches!(create(&nowhere, b"{}"), Err(Error::Write { .. })));
}

#[test]
fn overwrite_does_not_ask_what_was_there() {
    let (dir, path) = directory_with(b"old");
    overwrite(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    let fresh = dir.path().join("state.json");
    overwrite(&fresh, b"{}").unwrap();
    assert_eq!(fs::read(&fresh).unwrap(), b"{}");
    assert_eq!(names(&dir), ["state.json", "wrangler.toml"]);
}

#[test]
fn a_lock_is_held_until_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let held = lock(&path).unwrap();
    let (got, when) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let _second = lock(&path).unwrap();
        got.send(()).unwrap();
    });
    assert!(when.recv_timeout(Duration::from_millis(50)).is_err());
    drop(held);
    when.recv_timeout(Duration::from_mins(1)).unwrap();
    waiting.join().unwrap();
}

#[cfg(unix)]
mod unix {
    use std::{
        fs::Permissions,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    };

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn links_are_followed_and_stay_links() {
        let (dir, real) = directory_with(b"0");
        fs::create_dir(dir.path().join("sub")).unwrap();
        let absolute = dir.path().join("absolute");
        let relative = dir.path().join("sub").join("relative");
        let chain = dir.path().join("chain");
        symlink(&real, &absolute).unwrap();
        symlink("../wrangler.toml", &relative).unwrap();
        symlink("sub/relative", &chain).unwrap();

        for (link, before, after) in [
            (&absolute, b"0", b"1"),
            (&relative, b"1", b"2"),
            (&chain, b"2", b"3"),
        ] {
            check_replaceable(link).unwrap();
            replace(link, before, after).unwrap();
            assert!(link.is_symlink());
            assert_eq!(fs::read(&real).unwrap(), after);
        }
        overwrite(&chain, b"4").unwrap();
        assert!(chain.is_symlink() && relative.is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"4");
        assert_eq!(names(&dir), ["absolute", "chain", "sub", "wrangler.toml"]);
        assert_eq!(fs::read_dir(dir.path().join("sub")).unwrap().count(), 1);
    }

    #[test]
    fn a_dangling_link_is_something() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink("nowhere", &link).unwrap();
        assert!(matches!(create(&link, b""), Err(Error::Exists { .. })));
        assert!(matches!(
            replace(&link, b"a", b"b"),
            Err(Error::Read { .. })
        ));
    }

    #[test]
    fn mode_and_owner_are_kept() {
        let (_dir, path) = directory_with(b"0");
        for (bits, before, after) in [
            (0o600, b"0", b"1"),
            (0o640, b"1", b"2"),
            (0o755, b"2", b"3"),
        ] {
            fs::set_permissions(&path, Permissions::from_mode(bits)).unwrap();
            let owner = path.metadata().unwrap().uid();
            replace(&path, before, after).unwrap();
            assert_eq!(mode(&path), bits);
            assert_eq!(path.metadata().unwrap().uid(), owner);
        }
        overwrite(&path, b"4").unwrap();
        assert_eq!(mode(&path), 0o755);
    }

    #[test]
    fn a_new_file_has_the_mode_of_any_new_file() {
        let (dir, ordinary) = directory_with(b"");
        let created = dir.path().join("created");
        create(&created, b"").unwrap();
        assert_eq!(mode(&created), mode(&ordinary));
    }
}

#[test]
fn an_unsynced_file_is_new_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("blob");
    create_unsynced(&path, b"1").unwrap();
    let again = create_unsynced(&path, b"2");
    assert!(matches!(again, Err(Error::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"1");
    let nowhere = create_unsynced(&dir.path().join("none/blob"), b"");
    assert!(matches!(nowhere, Err(Error::Write { .. })));
    assert_eq!(names(&dir), ["blob"]);
}
