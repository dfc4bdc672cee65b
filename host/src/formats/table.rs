//! Rows as a table for people, page by page. In a terminal texts are cut to the width there; where columns would become
//! too narrow to say anything, each row is a block with a line for each column.

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, SchemaRef};

use super::RowsOut;
use crate::text::{cut, escaped, padded, width};

/// The rows of a page: so many are held, and behind so many the head is repeated.
const PAGE: usize = 1000;
/// The narrowest that a column is cut to.
const NARROWEST: usize = 8;

/// A table that is written.
pub(super) struct Table<W> {
    out: W,
    names: Vec<String>,
    /// Whether a column stands to the right.
    numeric: Vec<bool>,
    /// Whether its cells are never cut: half a number is another one.
    whole: Vec<bool>,
    /// The width of the terminal; `None`: nothing is cut.
    room: Option<usize>,
    waiting: Vec<RecordBatch>,
    rows: usize,
    form: Option<Form>,
    /// Rows that were printed, and those behind the last head.
    printed: usize,
    behind_head: usize,
}

/// How rows are laid out.
enum Form {
    /// Lines under a head; the widths that the cells so far need, and those that they get.
    Grid { needed: Vec<usize>, widths: Vec<usize> },
    /// A line for each column.
    Blocks,
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
            whole: fields().map(|field| is_whole(field.data_type())).collect(),
            room,
            waiting: Vec::new(),
            rows: 0,
            form: None,
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
        match &self.form {
            Some(Form::Grid { widths, .. }) => {
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
        let (needed, before) = match self.form.take() {
            Some(Form::Blocks) => {
                self.form = Some(Form::Blocks);
                return false;
            }
            Some(Form::Grid { needed, widths }) => {
                (needed.into_iter().zip(wanted).map(|(one, other)| one.max(other)).collect(), Some(widths))
            }
            None => (wanted.collect::<Vec<_>>(), None),
        };
        let cap = self.room.map_or(usize::MAX, |room| widest_cap(&needed, &self.whole, room));
        if before.is_none() && cap < NARROWEST {
            self.form = Some(Form::Blocks);
            return true;
        }
        // What was begun as a grid stays one.
        let cap = cap.max(NARROWEST);
        let fitted =
            needed.iter().zip(&self.whole).map(|(width, whole)| if *whole { *width } else { (*width).min(cap) });
        let widths: Vec<usize> = fitted.collect();
        let is_new = before.is_none_or(|before| before != widths);
        self.form = Some(Form::Grid { needed, widths });
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

/// Whether cells of a type are of use only as a whole.
fn is_whole(data_type: &DataType) -> bool {
    data_type.is_numeric() || data_type.is_temporal() || *data_type == DataType::Boolean
}

/// The width that cells are cut to, those apart that stay whole, so that lines have room: the largest that does. None does
/// where it is 0.
fn widest_cap(needed: &[usize], whole: &[bool], room: usize) -> usize {
    let of = |kept: bool| needed.iter().zip(whole).filter(move |(_, whole)| **whole == kept).map(|(width, _)| *width);
    let taken = 3 * needed.len() + 1 + of(true).sum::<usize>();
    let Some(mut left) = room.checked_sub(taken) else { return 0 };
    let mut sorted: Vec<usize> = of(false).collect();
    sorted.sort_unstable();
    for (at, width) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - at);
        if *width > share {
            return share;
        }
        left -= width;
    }
    usize::MAX
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
        if !self.waiting.is_empty() || self.form.is_none() {
            self.print()?;
        }
        match &self.form {
            Some(Form::Grid { widths, .. }) => rule(&mut self.out, widths)?,
            _ if self.printed == 0 => writeln!(self.out, "(no rows)")?,
            _ => {}
        }
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use arrow_array::{Int32Array, StringArray};
    use arrow_schema::{Field, Schema};

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("a buffer").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn batch(first: i32, notes: &[&str]) -> RecordBatch {
        let schema =
            Schema::new(vec![Field::new("id", DataType::Int32, false), Field::new("note", DataType::Utf8, true)]);
        let ids = Int32Array::from_iter_values((first..).take(notes.len()));
        let notes = StringArray::from_iter(notes.iter().map(|note| (*note != "null").then_some(*note)));
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), Arc::new(notes)]).expect("a batch")
    }

    /// What is printed of batches, each flushed.
    fn printed(room: Option<usize>, batches: &[RecordBatch]) -> String {
        let out = Shared::default();
        let schema = batch(0, &[]).schema();
        let mut table = Box::new(Table::new(out.clone(), &schema, room));
        for batch in batches {
            table.write(batch).expect("written");
            table.flush().expect("written");
        }
        table.finish().expect("written");
        let bytes = out.0.lock().expect("a buffer").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn cells_line_up_by_their_width_and_cannot_steer_the_terminal() {
        let notes = ["plain", "中文字", "👩\u{200d}🚀", "a\x1b[2J\nb", "null"];
        let expected = "\
+----+---------------+
| id | note          |
+----+---------------+
|  1 | plain         |
|  2 | 中文字        |
|  3 | 👩\u{200d}🚀            |
|  4 | a\\u{1b}[2J\\nb |
|  5 |               |
+----+---------------+
";
        assert_eq!(printed(None, &[batch(1, &notes)]), expected);
    }

    #[test]
    fn cells_are_cut_to_the_terminal() {
        let long = "x".repeat(100);
        let wide = "中".repeat(50);
        let text = printed(Some(30), &[batch(1, &["short", &long, &wide])]);
        let expected = "\
+----+-----------------------+
| id | note                  |
+----+-----------------------+
|  1 | short                 |
|  2 | xxxxxxxxxxxxxxxxxxxx… |
|  3 | 中中中中中中中中中中… |
+----+-----------------------+
";
        assert_eq!(text, expected);
        assert!(printed(None, &[batch(1, &[&long])]).contains(&long));
        // Room for all of it.
        assert!(printed(Some(109), &[batch(1, &[&long])]).contains(&long));
    }

    #[test]
    fn rows_are_blocks_where_columns_would_be_too_narrow() {
        let long = "x".repeat(100);
        let text = printed(Some(16), &[batch(1, &["short", &long]), batch(3, &["next"])]);
        let expected = "\
-[ row 1 ]------
id   | 1
note | short
-[ row 2 ]------
id   | 2
note | xxxxxxxx…
-[ row 3 ]------
id   | 3
note | next
";
        assert_eq!(text, expected);
    }

    #[test]
    fn pages_stand_under_one_head_until_cells_need_more() {
        let text = printed(None, &[batch(1, &["one"]), batch(2, &["two"]), batch(3, &["longer"])]);
        let expected = "\
+----+------+
| id | note |
+----+------+
|  1 | one  |
|  2 | two  |
+----+--------+
| id | note   |
+----+--------+
|  3 | longer |
+----+--------+
";
        assert_eq!(text, expected);
        let many = printed(None, &[batch(1, &["x"; 2500])]);
        assert_eq!((many.matches("| note |").count(), many.matches("| x    |").count()), (3, 2500));
        assert_eq!(printed(None, &[]), "+----+------+\n| id | note |\n+----+------+\n+----+------+\n");
        assert_eq!(printed(Some(5), &[]), "(no rows)\n");
    }

    #[test]
    fn the_widest_columns_give_way() {
        let cases = [
            (&[3, 4][..], &[false, false][..], 14, usize::MAX),
            (&[3, 40], &[false, false], 14, 4),
            (&[40, 3, 40], &[false; 3], 51, 19),
            (&[1, 1, 1], &[false; 3], 5, 0),
            (&[20, 40, 40], &[true, false, false], 80, 25),
            (&[20, 40], &[true, true], 67, usize::MAX),
            (&[20, 40], &[true, true], 66, 0),
            (&[], &[], 5, usize::MAX),
        ];
        for (needed, whole, room, cap) in cases {
            assert_eq!(widest_cap(needed, whole, room), cap, "{needed:?} in {room}");
        }
    }
}
