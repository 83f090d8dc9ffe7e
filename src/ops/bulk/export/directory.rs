//! Records into a directory: a file for each, and an index of what a file cannot hold.

use std::{io, path::Path, pin::pin};

use futures_util::TryStreamExt as _;

use super::{Error, Export, Exported, WriteError, part::NOTHING_KEPT, write_all};
use crate::{
    domain::{Prefixes, Record},
    formats::{
        Summary, Writer,
        directory::{INDEX, Layout},
    },
    fsx::{self, PartDirectory},
    ops::bulk::run::with_progress,
};

/// The maximum number of attempts at a directory.
const ATTEMPTS: usize = 3;

impl Export<'_> {
    /// Writes a directory. Its keys must come in order, so it is begun again where some come late.
    pub(super) async fn to_directory(&self, target: &Path) -> Result<Exported, Error> {
        let reporter = self.journals.reporter;
        for _ in 0..ATTEMPTS {
            let mut tree = begin(target)?;
            let reader = self.reader();
            let retry = self.retry();
            let work = async |count: &dyn Fn(usize)| {
                let writer = Box::new(DirectoryWriter::new(&mut tree, self.prefixes)?);
                let summary = write_all(reader.records(self.prefixes), writer, count).await?;
                let mut late = pin!(reader.late(self.prefixes, &retry));
                Ok((summary, late.try_next().await?.is_none()))
            };
            let (written, _) = with_progress(reporter, 0, "exported", NOTHING_KEPT, work).await;
            let (summary, none_late) = written.map_err(incomplete)?;
            if none_late {
                tree.commit()?;
                return Ok(Exported::new(summary, &reader));
            }
            reporter.status("some keys became readable only now; exporting again");
        }
        Err(incomplete(WriteError::Unsettled))
    }
}

fn incomplete(source: WriteError) -> Error {
    let what = NOTHING_KEPT.to_owned();
    Error::Incomplete { what, source }
}

fn begin(target: &Path) -> Result<PartDirectory, Error> {
    PartDirectory::begin(target).map_err(|e| match e {
        fsx::Error::NotEmpty { .. } => Error::NotEmpty(e),
        fsx::Error::Exists { .. } => Error::Leftover(e),
        e => e.into(),
    })
}

/// Writes records, which must come in the order of their keys, into a directory.
struct DirectoryWriter<'a> {
    tree: &'a mut PartDirectory,
    layout: Layout,
    summary: Summary,
}

impl<'a> DirectoryWriter<'a> {
    fn new(tree: &'a mut PartDirectory, prefixes: &Prefixes) -> Result<Self, WriteError> {
        let (layout, index) = Layout::new(prefixes);
        if let Some(begun) = index {
            tree.append(INDEX, &begun).map_err(WriteError::Write)?;
        }
        Ok(Self {
            tree,
            layout,
            summary: Summary::default(),
        })
    }
}

impl Writer for DirectoryWriter<'_> {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let placed = self.layout.place(record);
        self.tree.write(&placed.path, &record.value)?;
        if let Some(lines) = placed.index {
            self.tree.append(INDEX, &lines)?;
        }
        self.summary.records += 1;
        self.summary.bytes += record.value.len() as u64;
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<Summary> {
        Ok(self.summary)
    }
}
