//! Lists that are written while they arrive, page by page.

use std::{
    io::{self, Write},
    pin::pin,
};

use futures_util::{Stream, StreamExt as _};
use serde::{
    Serialize,
    ser::{SerializeSeq as _, Serializer as _},
};

use super::{
    Format, OutputError, Ui, column::Column, json::Json, page::line, printable, table::Table,
};

/// One item of such a list.
pub trait Item: Serialize {
    /// The heads of the table's columns.
    const HEAD: [Column; 3];

    /// Returns its name, the only thing that is written when stdout is not a terminal.
    fn name(&self) -> &str;

    /// Returns its row in the table: first the name, printable.
    fn cells(&self) -> [String; 3];
}

/// What ends each name in a list of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminator {
    /// A line break: names that hold one are refused.
    Line,
    /// A NUL byte.
    Null,
}

/// A name that spans several lines.
#[derive(Debug, thiserror::Error)]
#[error("the name `{}` contains a line break, so it cannot be printed as a line", printable(.0))]
pub struct LineBreakError(String);

/// Stdout, byte for byte, for writers that need one.
pub struct Data<'a>(&'a Ui);

impl Write for Data<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.with(|streams| streams.data().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.with(|streams| streams.data().flush())
    }
}

impl Ui {
    /// Returns a writer to stdout that changes no byte.
    pub fn writer(&self) -> Data<'_> {
        Data(self)
    }

    /// Writes the items of `pages` as they arrive, without keeping them. Stops at the first error, also
    /// if stdout was closed. Returns the number of items.
    pub async fn list<T, E>(
        &self,
        pages: impl Stream<Item = Result<Vec<T>, E>>,
        terminator: Option<Terminator>,
    ) -> Result<usize, E>
    where
        T: Item,
        E: From<OutputError> + From<LineBreakError>,
    {
        let mut pages = pin!(pages);
        let tabular = self.options.terminals.stdout && terminator.is_none();
        match self.options.format {
            Format::Json => self.list_array(pages).await,
            Format::Ndjson => {
                let mut count = 0;
                while let Some(page) = pages.next().await {
                    let on_terminal = self.options.terminals.stdout;
                    let write =
                        |out: &mut dyn Write, item: &T| write_document(out, item, on_terminal);
                    count += self.write_page(&page?, write)?;
                }
                Ok(count)
            }
            Format::Human if tabular => {
                let mut table = Table::new(T::HEAD, self.options.terminals.stdout_width);
                let mut count = 0;
                while let Some(page) = pages.next().await {
                    let rows: Vec<_> = page?.iter().map(Item::cells).collect();
                    // A list without items has no head either.
                    if !rows.is_empty() {
                        self.write_lines(&table.lines(&rows))?;
                    }
                    count += rows.len();
                }
                Ok(count)
            }
            Format::Human => {
                let terminator = terminator.unwrap_or(Terminator::Line);
                let mut count = 0;
                while let Some(page) = pages.next().await {
                    let page = page?;
                    check(&page, terminator)?;
                    count +=
                        self.write_page(&page, |out, item| write_name(out, item, terminator))?;
                }
                Ok(count)
            }
        }
    }

    async fn list_array<T: Item, E: From<OutputError>>(
        &self,
        mut pages: impl Stream<Item = Result<Vec<T>, E>> + Unpin,
    ) -> Result<usize, E> {
        let mut data = Data(self);
        let json = Json::new(&mut data, self.options.terminals.stdout);
        let mut writer = serde_json::Serializer::pretty(json);
        let mut array = writer.serialize_seq(None).map_err(OutputError::from)?;
        let mut count = 0;
        while let Some(page) = pages.next().await {
            for item in page? {
                array.serialize_element(&item).map_err(OutputError::from)?;
                count += 1;
            }
            Data(self).flush().map_err(OutputError::from)?;
        }
        array.end().map_err(OutputError::from)?;
        self.data(b"\n")?;
        Ok(count)
    }

    fn write_lines(&self, lines: &[String]) -> Result<(), OutputError> {
        let written: io::Result<()> = self.with(|streams| {
            let out = &mut streams.out;
            lines
                .iter()
                .try_for_each(|text| writeln!(out, "{}", line(text)))?;
            out.flush()
        });
        written.map_err(OutputError::from)
    }

    fn write_page<T>(
        &self,
        page: &[T],
        write: impl Fn(&mut dyn Write, &T) -> io::Result<()>,
    ) -> Result<usize, OutputError> {
        let written: io::Result<()> = self.with(|streams| {
            let out = streams.data();
            page.iter().try_for_each(|item| write(out, item))?;
            out.flush()
        });
        written?;
        Ok(page.len())
    }
}

/// Refuses a page with a name that spans several lines, before any of it is written.
fn check<T: Item>(page: &[T], terminator: Terminator) -> Result<(), LineBreakError> {
    if terminator == Terminator::Null {
        return Ok(());
    }
    match page.iter().find(|item| item.name().contains(['\n', '\r'])) {
        Some(item) => Err(LineBreakError(item.name().to_owned())),
        None => Ok(()),
    }
}

fn write_name<T: Item>(out: &mut dyn Write, item: &T, terminator: Terminator) -> io::Result<()> {
    out.write_all(item.name().as_bytes())?;
    out.write_all(match terminator {
        Terminator::Line => b"\n",
        Terminator::Null => b"\0",
    })
}

fn write_document<T: Serialize>(
    out: &mut dyn Write,
    item: &T,
    on_terminal: bool,
) -> io::Result<()> {
    serde_json::to_writer(Json::new(out, on_terminal), item)?;
    writeln!(out)
}
