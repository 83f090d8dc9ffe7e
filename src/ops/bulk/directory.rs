//! Records into a directory: a file for each, and an index of what a file cannot hold.

use std::io;

use crate::{
    domain::Record,
    formats::{
        Summary, Writer,
        directory::{INDEX, Layout},
    },
    fsx::PartDirectory,
};

/// Writes records, which must come in the order of their keys, into a directory.
#[derive(Debug)]
pub struct DirectoryWriter<'a> {
    tree: &'a mut PartDirectory,
    layout: Layout,
    summary: Summary,
}

impl<'a> DirectoryWriter<'a> {
    /// Creates a writer.
    pub fn new(tree: &'a mut PartDirectory) -> Self {
        Self {
            tree,
            layout: Layout::default(),
            summary: Summary::default(),
        }
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
