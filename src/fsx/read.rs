//! Reading files that the user names, up to a size limit.

use std::{
    fmt,
    fs::{File, FileType, OpenOptions},
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
};

use super::rename;
use crate::domain::{Classification, Classify, ErrorClass, ShowPath as _, quantity};

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// What can be read only once: a pipe with or without a name.
    Pipe,
    /// A device or a socket.
    Device,
}

impl FileKind {
    /// Says what it is.
    pub fn what(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Directory => "a directory",
            Self::Pipe => "a pipe",
            Self::Device => "a device",
        }
    }

    fn of(kind: FileType) -> Self {
        match () {
            () if kind.is_file() => Self::File,
            () if kind.is_dir() => Self::Directory,
            () if is_pipe(kind) => Self::Pipe,
            () => Self::Device,
        }
    }

    /// Returns what is open. Windows tells less of a device than that it is one.
    fn of_open(file: &File) -> io::Result<Self> {
        #[cfg(windows)]
        match winapi_util::file::typ(file) {
            Ok(kind) if kind.is_char() => return Ok(Self::Device),
            Ok(kind) if kind.is_pipe() => return Ok(Self::Pipe),
            _ => {}
        }
        Ok(Self::of(file.metadata()?.file_type()))
    }
}

#[cfg(unix)]
fn is_pipe(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(windows)]
fn is_pipe(_: FileType) -> bool {
    false
}

/// Returns what a path leads to by its name alone: to open a pipe is to be its reader, and devices
/// cannot be looked at.
#[cfg(windows)]
pub(super) fn kind_of_name(path: &Path) -> Option<FileKind> {
    let text = path
        .to_string_lossy()
        .replace('/', "\\")
        .to_ascii_lowercase();
    if text.starts_with(r"\\.\pipe\") || text.starts_with(r"\\?\pipe\") {
        return Some(FileKind::Pipe);
    }
    let name = path.file_name()?.to_string_lossy();
    let is_device = crate::domain::is_device_name(&name) || text.starts_with(r"\\.\");
    (is_device && std::fs::metadata(path).is_err()).then_some(FileKind::Device)
}

#[cfg(unix)]
pub(super) fn kind_of_name(_: &Path) -> Option<FileKind> {
    None
}

/// Returns what `path` leads to, through any links; nothing if that is nothing, or cannot be told.
pub fn kind_of(path: &Path) -> Option<FileKind> {
    if let Some(kind) = kind_of_name(path) {
        return Some(kind);
    }
    let found = std::fs::metadata(path).ok()?;
    Some(FileKind::of(found.file_type()))
}

/// Copies the pipe at `path` to its end into `sink`. Waits for the writer.
pub fn copy_pipe(path: &Path, mut sink: impl Write) -> io::Result<u64> {
    let copied = io::copy(&mut File::open(path)?, &mut sink)?;
    sink.flush()?;
    Ok(copied)
}

/// Reads the file at `path`, which has at most `limit` bytes. Never waits: pipes and devices are
/// refused.
pub fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    rename::read(|| read_up_to(open_file(path)?, limit))
}

/// Reads the text of the file at `path`, as [`read_file`] does.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    read_file(path, limit).and_then(text)
}

/// Reads the file at `path`, as [`read_file`] does; `None` if nothing is there. A link that leads
/// nowhere is not nothing: whoever made it means the file to be read.
pub fn read_file_if_any(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    match read_file(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => match broken_link(path) {
            Some(target) => {
                let message = format!("it is a link to {}, which does not exist", target.shown());
                Err(io::Error::other(message))
            }
            None => Ok(None),
        },
        Err(e) => Err(e),
    }
}

/// Reads the text of the file at `path`, as [`read_file_if_any`] does.
pub fn read_text_if_any(path: &Path, limit: u64) -> io::Result<Option<String>> {
    read_file_if_any(path, limit)?.map(text).transpose()
}

/// Returns where the link at `path` leads, if nothing is there.
pub fn broken_link(path: &Path) -> Option<PathBuf> {
    let target = fs_err::read_link(path).ok()?;
    let metadata = std::fs::metadata(path);
    metadata
        .is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
        .then_some(target)
}

/// Opens the file at `path` for reading. Never waits: pipes and devices are refused.
pub fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
        options.custom_flags(flags.bits().cast_signed());
    }
    if let Some(kind) = kind_of_name(path) {
        return Err(is_not_a_file(kind));
    }
    // Windows opens no directory that way, and does not say why.
    if cfg!(windows) && path.is_dir() {
        return Err(is_not_a_file(FileKind::Directory));
    }
    let file = options.open(path)?;
    match FileKind::of_open(&file)? {
        FileKind::File => Ok(file),
        other => Err(is_not_a_file(other)),
    }
}

/// Reads the file or pipe at `path`, at most `limit` bytes. Waits for the writer of a pipe, so it must
/// run on a thread of its own.
pub fn read_file_or_pipe(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if kind_of(path) != Some(FileKind::Pipe) {
        return read_file(path, limit);
    }
    let file = File::open(path)?;
    match FileKind::of_open(&file)? {
        FileKind::File | FileKind::Pipe => read_up_to(file, limit),
        other => Err(is_not_a_file(other)),
    }
}

/// Takes bytes for text, without a byte order mark.
fn text(bytes: Vec<u8>) -> io::Result<String> {
    let text = String::from_utf8(bytes)
        .map_err(|_invalid| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// Reads what is open, which has at most `limit` bytes.
pub fn read_up_to(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= limit {
        return Ok(bytes);
    }
    let most = match limit {
        mib if mib.is_multiple_of(1 << 20) => format!("{} MiB", mib >> 20),
        bytes => quantity(bytes, "byte"),
    };
    let message = format!("it has more than {most}");
    Err(io::Error::new(io::ErrorKind::FileTooLarge, message))
}

fn is_not_a_file(kind: FileKind) -> io::Error {
    if kind == FileKind::Directory {
        return io::ErrorKind::IsADirectory.into();
    }
    let message = format!("it is {}, not a file", kind.what());
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// An input that the command line names cannot be read: a file, a directory or a pipe that is not
/// there, or not what is expected, or not this user's to read.
#[derive(Debug, thiserror::Error)]
#[error("could not read {what}")]
pub struct InputError {
    what: String,
    source: io::Error,
}

impl InputError {
    /// Of `what`, such as "the value from `FILE`".
    pub fn new(what: impl fmt::Display, source: io::Error) -> Self {
        Self {
            what: what.to_string(),
            source,
        }
    }
}

impl Classify for InputError {
    fn classify(&self) -> Classification {
        ErrorClass::Usage.into()
    }
}

#[cfg(windows)]
#[cfg(test)]
mod windows_tests {
    use super::*;

    #[test]
    fn devices_pipes_and_directories_are_not_read() {
        let home = tempfile::tempdir().unwrap();
        let said = |path: &Path| read_file(path, 5).unwrap_err().to_string();
        for name in ["NUL", "nul", "CON", "CONIN$", "aux.txt", "com1"] {
            let path = home.path().join(name);
            assert_eq!(kind_of(&path), Some(FileKind::Device), "{name}");
            assert_eq!(said(&path), "it is a device, not a file", "{name}");
            for refused in [
                super::super::check_creatable(&path),
                super::super::create(&path, b""),
                super::super::overwrite(&path, b""),
                super::super::PartFile::begin(&path, true).map(drop),
            ] {
                assert!(matches!(refused, Err(super::super::Error::NotAFile { .. })));
            }
        }
        assert_eq!(said(Path::new("NUL")), "it is a device, not a file");
        assert_eq!(said(home.path()), "is a directory");
        assert_eq!(kind_of(Path::new(r"\\.\pipe\x")), Some(FileKind::Pipe));
        assert_eq!(said(Path::new("//./pipe/x")), "it is a pipe, not a file");
        assert_eq!(kind_of(&home.path().join("absent")), None);
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_are_read_and_only_up_to_a_limit() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        super::super::create(&at("file"), b"12345").unwrap();
        assert_eq!(read_file(&at("file"), 5).unwrap(), b"12345");
        let error = read_file(&at("file"), 4).unwrap_err();
        assert_eq!(error.to_string(), "it has more than 4 bytes");
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(at("fifo"))
            .status();
        assert!(made.unwrap().success());
        let said = |name| read_file(&at(name), 5).unwrap_err().to_string();
        assert_eq!(said("zero"), "it is a device, not a file");
        assert_eq!(said("fifo"), "it is a pipe, not a file");
        assert_eq!(said("."), "is a directory");
        let kind = |name| kind_of(&at(name));
        assert_eq!(kind("absent"), None);
        assert_eq!(kind("fifo"), Some(FileKind::Pipe));
        assert_eq!(kind("zero"), Some(FileKind::Device));
        assert!(read_file_or_pipe(&at("zero"), 5).is_err());
        assert!(read_file_or_pipe(&at("."), 5).is_err());
    }

    #[test]
    fn a_link_that_leads_nowhere_is_not_nothing() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        super::super::create(&at("file"), b"text").unwrap();
        for (link, target) in [("good", "file"), ("bad", "gone"), ("twice", "bad")] {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        let read = |name: &str| match read_text_if_any(&at(name), 5) {
            Ok(text) => format!("{text:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(read("absent"), "None");
        assert_eq!(read("file"), "Some(\"text\")");
        assert_eq!(read("good"), "Some(\"text\")");
        assert_eq!(read("bad"), "it is a link to gone, which does not exist");
        assert_eq!(read("twice"), "it is a link to bad, which does not exist");
        assert_eq!(read("."), "is a directory");
    }

    #[test]
    fn a_pipe_is_read_to_its_end_or_its_limit() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        for (limit, read) in [(5, true), (4, false)] {
            let writer = std::thread::spawn({
                let path = path.clone();
                move || {
                    let opened = OpenOptions::new().write(true).open(path);
                    opened.unwrap().write_all(b"12345").unwrap();
                }
            });
            assert_eq!(read_file_or_pipe(&path, limit).is_ok(), read);
            writer.join().unwrap();
        }
    }
}
