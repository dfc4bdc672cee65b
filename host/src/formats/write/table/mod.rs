//! Rows as a table for people, page by page. In a terminal texts are cut to the width there; where columns would become
//! too narrow to say anything, each row is a block with a line for each column.
//!
//! ```text
//! layout  the widths of the columns, or blocks
//! ```

mod layout;

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, SchemaRef};

use crate::formats::RowsOut;
use crate::text::{cut, escaped, padded, width};

use layout::{Layout, is_uncut};

/// The rows of a page: so many are held, and behind so many the head is repeated.
const PAGE: usize = 1000;
/// A table that is written.
pub(super) struct Table<W> {
    out: W,
    names: Vec<String>,
    /// Whether a column stands to the right.
    numeric: Vec<bool>,
    /// Whether its cells are never cut: half a number is another number.
    uncut: Vec<bool>,
    /// The width of the terminal; `None`: nothing is cut.
    room: Option<usize>,
    waiting: Vec<RecordBatch>,
    rows: usize,
    layout: Option<Layout>,
    /// Rows that were printed, and those behind the last head.
    printed: usize,
    behind_head: usize,
}

/// The cells of one column.
type Cells = Vec<String>;

impl<W: Write> Table<W> {
    pub(super) fn new(out: W, schema: &SchemaRef, room: Option<usize>) -> Self {
        let fields = || schema.fields().iter();
        Self {
            out,
            names: fields().map(|field| escaped(field.name()).into_owned()).collect(),
            numeric: fields().map(|field| field.data_type().is_numeric()).collect(),
            uncut: fields().map(|field| is_uncut(field.data_type())).collect(),
            room,
            waiting: Vec::new(),
            rows: 0,
            layout: None,
            printed: 0,
            behind_head: 0,
        }
    }

    /// The texts of the rows that wait, column by column.
    fn cells(&self) -> Result<Vec<Cells>, ArrowError> {
        let options = FormatOptions::default().with_display_error(true);
        let mut cells: Vec<Cells> = self.names.iter().map(|_| Vec::with_capacity(self.rows)).collect();
        for batch in &self.waiting {
            for (column, cells) in batch.columns().iter().zip(&mut cells) {
                let column = ArrayFormatter::try_new(column, &options)?;
                let texts = (0..batch.num_rows()).map(|row| column.value(row).try_to_string());
                for text in texts {
                    cells.push(escaped(&text?).into_owned());
                }
            }
        }
        Ok(cells)
    }

    fn print(&mut self) -> Result<(), ArrowError> {
        let cells = self.cells()?;
        let rows = self.rows;
        self.waiting.clear();
        self.rows = 0;
        let is_new = self.lay_out(&cells);
        match &self.layout {
            Some(Layout::Grid { widths, .. }) => {
                if is_new || self.behind_head >= PAGE {
                    rule(&mut self.out, widths)?;
                    line(&mut self.out, widths, &self.numeric, self.names.iter())?;
                    rule(&mut self.out, widths)?;
                    self.behind_head = 0;
                }
                for row in 0..rows {
                    line(&mut self.out, widths, &self.numeric, cells.iter().filter_map(|cells| cells.get(row)))?;
                }
            }
            _ => self.blocks(&cells, rows)?,
        }
        self.printed += rows;
        self.behind_head += rows;
        Ok(())
    }

    /// Lays the columns out so that these cells have room; whether that is another way than before.
    fn lay_out(&mut self, cells: &[Cells]) -> bool {
        let widest = |cells: &Cells| cells.iter().map(|cell| width(cell)).max().unwrap_or(0);
        let wanted = self.names.iter().zip(cells).map(|(name, cells)| width(name).max(widest(cells)));
        let (layout, is_new) = Layout::after(self.layout.take(), wanted, &self.uncut, self.room);
        self.layout = Some(layout);
        is_new
    }

    fn blocks(&mut self, cells: &[Cells], rows: usize) -> std::io::Result<()> {
        let room = self.room.unwrap_or(usize::MAX);
        let names = self.names.iter().map(|name| width(name)).max().unwrap_or(0).min(room / 2);
        for row in 0..rows {
            let head = format!("-[ row {} ]", self.printed + row + 1);
            writeln!(self.out, "{head:-<rule$}", rule = room.min(names + 30))?;
            for (name, cells) in self.names.iter().zip(cells) {
                let name = padded(&cut(name, names), names, false);
                let cell = cells.get(row).map_or("", String::as_str);
                writeln!(self.out, "{}", format!("{name} | {}", cut(cell, room.saturating_sub(names + 3))).trim_end())?;
            }
        }
        Ok(())
    }
}

fn rule(out: &mut impl Write, widths: &[usize]) -> std::io::Result<()> {
    let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    writeln!(out, "+{}+", dashes.join("+"))
}

fn line<'a>(
    out: &mut impl Write,
    widths: &[usize],
    numeric: &[bool],
    cells: impl Iterator<Item = &'a String>,
) -> std::io::Result<()> {
    for ((cell, width), numeric) in cells.zip(widths).zip(numeric) {
        write!(out, "| {} ", padded(&cut(cell, *width), *width, *numeric))?;
    }
    writeln!(out, "|")
}

impl<W: Write + Send> RowsOut for Table<W> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let mut first = 0;
        while first < batch.num_rows() {
            let count = (PAGE - self.rows).min(batch.num_rows() - first);
            self.waiting.push(batch.slice(first, count));
            self.rows += count;
            first += count;
            if self.rows == PAGE {
                self.print()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ArrowError> {
        if !self.waiting.is_empty() {
            self.print()?;
        }
        Ok(self.out.flush()?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArrowError> {
        if !self.waiting.is_empty() || self.layout.is_none() {
            self.print()?;
        }
        match &self.layout {
            Some(Layout::Grid { widths, .. }) => rule(&mut self.out, widths)?,
            _ if self.printed == 0 => writeln!(self.out, "(no rows)")?,
            _ => {}
        }
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests;
