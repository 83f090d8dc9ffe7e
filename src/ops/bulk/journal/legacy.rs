//! Journals that an older kvctl left beside the file that it imported.
//!
//! Their first line is `kvctl import 1 WHERE NAMESPACE RECORDS SHA256`; `WHERE` is a sentence for
//! people, and is ignored.

use std::path::{Path, PathBuf};

use super::{Done, Error, Journal, Opened, Position, ResumePolicy, go_on};
use crate::{fsx, ops::bulk::journal::run_id::RunId};

const BEGINNING: &str = "kvctl import 1 ";

/// Returns where the journal of a run that read `file` was.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".kvctl-journal");
    name.into()
}

/// Opens the journal that an older kvctl left beside `file`, if the run that it is about has to do
/// with what is asked now. Other files are left alone.
pub fn open_beside<P: Position>(
    file: &Path,
    run: &RunId,
    start: ResumePolicy,
) -> Result<Option<Opened<P>>, Error> {
    let Some(content) = &run.content else {
        return Ok(None);
    };
    let Some(mut file) = fsx::AppendFile::open_existing(&beside(file))? else {
        return Ok(None);
    };
    let path = file.path().to_owned();
    let read = |source| Error::Read {
        path: path.clone(),
        source,
    };
    let begun = file.beginning(BEGINNING.len() as u64).map_err(read)?;
    if begun != BEGINNING.as_bytes() {
        return Err(Error::Foreign(path));
    }
    let bytes = file.bytes().map_err(read)?;
    let text = String::from_utf8_lossy(&bytes);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let mut words = first.rsplit(' ');
    let mut word = || words.next().unwrap_or_default();
    let (sum, records, of) = (word(), word(), word());
    if sum.len() != content.sha256.len() || records.parse::<u64>().is_err() {
        return Err(Error::Foreign(path));
    }
    let done = Done::parse(rest);
    if of != run.to.namespace.as_str() || done.is_empty() {
        return Ok(None);
    }
    let same = sum == content.sha256 && records == content.records.to_string();
    match start {
        ResumePolicy::Restart => {
            file.remove()?;
            Ok(None)
        }
        _ if !same => Err(Error::Other(path)),
        ResumePolicy::Refuse => Err(Error::Unfinished(path)),
        ResumePolicy::Resume => {
            go_on(&mut file, &text).map_err(read)?;
            Ok(Some((Journal::new(file, false), done)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::AccountId,
        ops::bulk::journal::run_id::{Content, Input, NamespaceRef, Operation, Store},
    };

    const KV: &str = "0000000000000000000000000000000a";
    const OTHER: &str = "0000000000000000000000000000000b";

    fn open(
        file: &Path,
        namespace: &str,
        records: u64,
        start: ResumePolicy,
    ) -> Result<Option<u64>, Error> {
        let run = RunId {
            operation: Operation::Import,
            from: None,
            to: NamespaceRef {
                store: Store::Account(AccountId::local()),
                namespace: namespace.parse().unwrap(),
            },
            input: Input::file(file),
            content: Some(Content {
                records,
                sha256: "ab".repeat(32),
                given: None,
            }),
        };
        let opened = open_beside::<u64>(file, &run, start)?;
        Ok(opened.map(|(_, done)| done.len()))
    }

    #[test]
    fn an_older_journal_is_known_by_its_parts() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("in.ndjson");
        let sum = "ab".repeat(32);
        let text = format!("kvctl import 1 in any, words {KV} 3 {sum}\n[0,1,2]\n[2,");
        fsx::create(&beside(&file), text.as_bytes()).unwrap();
        assert!(matches!(
            open(&file, KV, 3, ResumePolicy::Refuse),
            Err(Error::Unfinished(_))
        ));
        assert!(matches!(
            open(&file, KV, 4, ResumePolicy::Resume),
            Err(Error::Other(_))
        ));
        assert_eq!(open(&file, OTHER, 3, ResumePolicy::Refuse).unwrap(), None);
        assert_eq!(open(&file, KV, 3, ResumePolicy::Resume).unwrap(), Some(2));
        assert_eq!(open(&file, KV, 3, ResumePolicy::Restart).unwrap(), None);
        assert!(!beside(&file).exists());
        assert_eq!(open(&file, KV, 3, ResumePolicy::Resume).unwrap(), None);
    }

    #[test]
    fn what_only_looks_like_one_is_left_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("in.ndjson");
        for text in [
            "precious",
            "",
            "kvctl import 1 \n[0,1,2]\n",
            "kvctl import 1 a b c d\n",
        ] {
            fsx::overwrite(&beside(&file), text.as_bytes()).unwrap();
            for start in [
                ResumePolicy::Refuse,
                ResumePolicy::Resume,
                ResumePolicy::Restart,
            ] {
                let opened = open(&file, KV, 3, start);
                assert!(matches!(opened, Err(Error::Foreign(_))), "{text}");
                assert_eq!(fs_err::read_to_string(beside(&file)).unwrap(), text);
            }
        }
    }
}
