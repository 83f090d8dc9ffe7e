//! Billable operations per namespace and day. Imports
//! `domain`, `wire` and `fsx`.
//!
//! Reads, writes and deletions count by the key, also in bulk, and lists by the request. A day is
//! one of UTC, as the emulator's clock has it; those beyond the service's retention are forgotten.
//! Beside a store on disk they are kept in `kvctl/operations.ndjson`: what was counted is added at
//! most once a second and at the end, so that counting costs next to nothing. A process that is
//! killed loses the last second of its counts, and no pair.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use fs_err as fs;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    domain::AccountId,
    fsx::{self, AppendFile},
    wire::analytics::RETENTION_DAYS,
};

/// How often counts are saved.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);

/// The size of the file at which its lines are summed up.
const COMPACT_BYTES: usize = 256 * 1024;

/// What is done with a key, or with many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    Read,
    Write,
    Delete,
    List,
}

impl Action {
    /// Returns its name in the analytics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::List => "list",
        }
    }
}

/// The key of a count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Tally {
    /// The day, such as `2026-01-31`.
    pub(super) date: String,
    /// The account that the namespace is listed under.
    pub(super) account: AccountId,
    /// The namespace, any text.
    pub(super) namespace: String,
    /// What was done.
    pub(super) action: Action,
}

/// How often each was done.
pub(super) type Tallies = BTreeMap<Tally, u64>;

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    tally: Tally,
    count: u64,
}

/// Counts, in memory or beside a store.
pub(super) struct Counters {
    unsaved: Mutex<Unsaved>,
    /// Wrangler's state directory.
    root: Option<PathBuf>,
}

/// Counts that are not saved yet.
#[derive(Default)]
struct Unsaved {
    tallies: Tallies,
    /// Since when something has waited to be written.
    since: Option<Instant>,
}

impl Counters {
    /// Counts that are kept below `root`, or nowhere.
    pub(super) fn new(root: Option<&Path>) -> Self {
        Self {
            unsaved: Mutex::default(),
            root: root.map(Path::to_owned),
        }
    }

    /// Counts `keys` keys, or lists.
    pub(super) fn count(&self, tally: Tally, keys: usize) {
        let mut unsaved = self.unsaved();
        *unsaved.tallies.entry(tally).or_default() += keys as u64;
        if self.root.is_some()
            && unsaved.since.get_or_insert_with(Instant::now).elapsed() > SAVE_INTERVAL
        {
            self.save(&mut unsaved);
        }
    }

    /// Returns all counts since the day `oldest`.
    pub(super) fn read(&self, oldest: &str) -> Tallies {
        let unsaved = self.unsaved();
        let mut tallies = self.root.as_deref().map(load).unwrap_or_default();
        add(&mut tallies, &unsaved.tallies);
        tallies.retain(|tally, _| tally.date.as_str() >= oldest);
        tallies
    }

    fn unsaved(&self) -> MutexGuard<'_, Unsaved> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes unsaved counts to the file. Errors are ignored, and those counts are lost.
    fn save(&self, unsaved: &mut Unsaved) {
        unsaved.since = None;
        let tallies = std::mem::take(&mut unsaved.tallies);
        // Without a store nothing is created.
        if let Some(root) = self.root.as_deref().filter(|root| root.is_dir())
            && !tallies.is_empty()
        {
            append(root, &tallies).ok();
        }
    }
}

impl Drop for Counters {
    fn drop(&mut self) {
        if self.root.is_some() {
            let mut unsaved = std::mem::take(&mut *self.unsaved());
            self.save(&mut unsaved);
        }
    }
}

/// Returns the day of a UNIX second.
pub(super) fn day(now: i64) -> Date {
    let time = Timestamp::from_second(now).unwrap_or_default();
    time.to_zoned(TimeZone::UTC).date()
}

/// Returns the oldest day that is kept at `now`.
pub(super) fn oldest(now: i64) -> Date {
    let back = jiff::Span::new().days(i64::from(RETENTION_DAYS) - 1);
    day(now).saturating_sub(back)
}

fn add(to: &mut Tallies, more: &Tallies) {
    for (tally, count) in more {
        *to.entry(tally.clone()).or_default() += count;
    }
}

fn directory(root: &Path) -> PathBuf {
    root.join("kvctl")
}

fn file(root: &Path) -> PathBuf {
    directory(root).join("operations.ndjson")
}

fn lock(root: &Path) -> Result<fsx::Lock, fsx::Error> {
    fsx::lock(&directory(root).join("operations.lock"))
}

/// Reads the file; half a line, or one of another make, counts as nothing.
fn load(root: &Path) -> Tallies {
    if !matches!(is_own(&file(root)), Ok(true)) {
        return Tallies::new();
    }
    // Without the lock it is read as it is: adding up its lines replaces it as a whole.
    // Half a year of the busiest days is less.
    parse(&fsx::read_file(&file(root), 64 << 20).unwrap_or_default())
}

/// How every line of the file begins.
const LINE_START: &[u8] = b"{\"date\":";

/// Whether the file at `path` is one that was written here, or is yet to be made. A repository may
/// hold anything under its name, also a link to a file of the user's.
fn is_own(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => return Ok(false),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    }
    let mut head = Vec::new();
    let most = LINE_START.len() as u64;
    fs::File::open(path)?.take(most).read_to_end(&mut head)?;
    Ok(LINE_START.starts_with(&head))
}

fn parse(bytes: &[u8]) -> Tallies {
    let lines = bytes.split(|byte| *byte == b'\n');
    let mut tallies = Tallies::new();
    for line in lines {
        if let Ok(Line { tally, count }) = serde_json::from_slice(line) {
            *tallies.entry(tally).or_default() += count;
        }
    }
    tallies
}

fn lines(tallies: Tallies) -> String {
    let lines = tallies.into_iter().filter_map(|(tally, count)| {
        let line = serde_json::to_string(&Line { tally, count });
        Some(line.ok()? + "\n")
    });
    lines.collect()
}

/// Adds counts to the file, and adds up its lines if it has become long.
fn append(root: &Path, tallies: &Tallies) -> io::Result<()> {
    fs::create_dir_all(directory(root))?;
    let _lock = lock(root).map_err(io::Error::other)?;
    let path = file(root);
    if !is_own(&path)? {
        return Ok(());
    }
    let mut appending = AppendFile::open_own(&path).map_err(io::Error::other)?;
    appending.line(lines(tallies.clone()).trim_end())?;
    let bytes = appending.bytes()?;
    if bytes.len() > COMPACT_BYTES {
        let mut all = parse(&bytes);
        let newest = all.keys().map(|tally| &tally.date).max().cloned();
        let newest: Option<Date> = newest.and_then(|date| date.parse().ok());
        if let Some(newest) = newest {
            let back = jiff::Span::new().days(i64::from(RETENTION_DAYS) - 1);
            let oldest = newest.saturating_sub(back).to_string();
            all.retain(|tally, _| tally.date >= oldest);
        }
        // Windows replaces no file that is open.
        drop(appending);
        fsx::overwrite_own(&path, lines(all).as_bytes()).map_err(io::Error::other)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(date: &str, action: Action) -> Tally {
        Tally {
            date: date.to_owned(),
            account: AccountId::local(),
            namespace: "SESSIONS".to_owned(),
            action,
        }
    }

    #[test]
    fn counts_outlive_their_process_and_add_up() {
        let root = tempfile::tempdir().unwrap();
        for _ in 0..3 {
            let counters = Counters::new(Some(root.path()));
            counters.count(tally("2026-01-31", Action::Write), 1000);
            counters.count(tally("2026-01-30", Action::List), 1);
        }
        let counters = Counters::new(Some(root.path()));
        counters.count(tally("2026-01-31", Action::Write), 1);
        let write = tally("2026-01-31", Action::Write);
        let list = tally("2026-01-30", Action::List);
        let all = Tallies::from([(write.clone(), 3001), (list, 3)]);
        assert_eq!(counters.read("2026-01-01"), all);
        assert_eq!(counters.read("2026-01-31"), Tallies::from([(write, 3001)]));
    }

    #[test]
    fn a_long_file_is_added_up_and_forgets_old_days() {
        let root = tempfile::tempdir().unwrap();
        let old = Tallies::from([(tally("2025-12-31", Action::Read), 5)]);
        append(root.path(), &old).unwrap();
        let some = Tallies::from([(tally("2026-01-31", Action::Read), 1)]);
        let line = lines(some.clone());
        let many = COMPACT_BYTES / line.len();
        let mut appending = AppendFile::open(&file(root.path())).unwrap();
        appending.line(line.repeat(many).trim_end()).unwrap();
        appending.line("{\"half").unwrap();
        drop(appending);
        append(root.path(), &some).unwrap();
        let bytes = fs::read(file(root.path())).unwrap();
        assert!(bytes.len() < 1000, "{} bytes", bytes.len());
        let sum = Tallies::from([(tally("2026-01-31", Action::Read), many as u64 + 1)]);
        assert_eq!(load(root.path()), sum);
    }

    #[test]
    fn without_a_store_looking_leaves_no_trace() {
        let root = tempfile::tempdir().unwrap();
        let state = root.path().join("state");
        drop({
            let counters = Counters::new(Some(&state));
            counters.count(tally("2026-01-31", Action::Read), 1);
            counters
        });
        assert!(!state.exists());
    }

    #[test]
    fn a_day_is_one_of_utc_and_a_month_is_remembered() {
        assert_eq!(day(1_800_000_000).to_string(), "2027-01-15");
        assert_eq!(oldest(1_800_000_000).to_string(), "2026-12-16");
    }
}
