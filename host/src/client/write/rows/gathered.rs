//! Rows that are taken and not sent yet: added by whoever writes them, taken out by the task that sends them.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::concat::concat_batches;
use serde::Serialize;
use tokio::{sync::Notify, time::Instant};

use super::{
    columns::{Columns, Unfit},
    direct, json,
    values::RowValues,
};
use crate::client::Error;
use crate::formats::{JsonRows, Rounding};

/// How many full batches wait for the task before writers do.
const WAITING: usize = 2;

/// What writers and the task share.
#[derive(Debug)]
pub(super) struct Gathering {
    state: Mutex<State>,
    schema: SchemaRef,
    limit: usize,
    /// Wakes the task: a batch is full, or has its first row.
    pub(super) something: Notify,
    /// Wakes writers: a full batch was taken out.
    pub(super) room: Notify,
}

#[derive(Debug)]
struct State {
    open: Gathered,
    /// When its first row came.
    since: Option<Instant>,
    full: VecDeque<Gathered>,
}

/// Rows that are sent together.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The number of the first.
    first: u64,
    rows: usize,
    columns: Columns,
    /// The rows in their order.
    parts: Vec<Part>,
}

/// Rows that follow each other.
#[derive(Debug)]
enum Part {
    /// So many of the columns.
    Columns(usize),
    /// Rows as JSON.
    Json(Vec<String>),
}

impl Gathering {
    pub(super) fn new(schema: SchemaRef, limit: usize) -> Self {
        let open = Gathered::new(&schema, 0, limit);
        let state = Mutex::new(State { open, since: None, full: VecDeque::new() });
        Self { state, schema, limit, something: Notify::new(), room: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a row; false if there is no room for it now. Fails on one that cannot be put as JSON.
    pub(super) fn add(&self, row: &impl Serialize) -> Result<bool, Error> {
        self.add_by(|open| Ok(open.add(row)?))
    }

    /// As `add`, for a row that `fill` gives the values of. Fails as that does, and then has no row more.
    pub(super) fn add_values(&self, fill: &impl Fn(&mut RowValues<'_>) -> Result<(), Error>) -> Result<bool, Error> {
        self.add_by(|open| open.add_values(fill))
    }

    fn add_by(&self, add: impl FnOnce(&mut Gathered) -> Result<(), Error>) -> Result<bool, Error> {
        let mut state = self.state();
        if state.full.len() >= WAITING {
            return Ok(false);
        }
        add(&mut state.open)?;
        let rows = state.open.rows;
        if rows == 1 {
            state.since = Some(Instant::now());
        }
        if rows >= self.limit {
            self.close(&mut state);
        }
        drop(state);
        if rows == 1 || rows >= self.limit {
            self.something.notify_one();
        }
        Ok(true)
    }

    /// No row is added any more to those that are open.
    fn close(&self, state: &mut State) {
        let next = state.open.first + state.open.rows as u64;
        let full = std::mem::replace(&mut state.open, Gathered::new(&self.schema, next, self.limit));
        state.full.push_back(full);
        state.since = None;
    }

    /// The next rows to be sent: a full batch, or, with `all`, or if their first row came at `before` or earlier, those that
    /// there are.
    pub(super) fn take(&self, before: Option<Instant>, all: bool) -> Option<Gathered> {
        let mut state = self.state();
        let is_due = state.since.is_some_and(|since| all || before.is_some_and(|before| since <= before));
        if state.full.is_empty() && is_due {
            self.close(&mut state);
        }
        let taken = state.full.pop_front();
        drop(state);
        if taken.is_some() {
            self.room.notify_waiters();
        }
        taken
    }

    /// When the first row came of those that fill no batch yet.
    pub(super) fn since(&self) -> Option<Instant> {
        self.state().since
    }
}

impl Gathered {
    fn new(schema: &SchemaRef, first: u64, limit: usize) -> Self {
        Self { first, rows: 0, columns: Columns::new(schema, limit.min(8192)), parts: Vec::new() }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The number of the first.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    fn add_values(&mut self, fill: impl FnOnce(&mut RowValues<'_>) -> Result<(), Error>) -> Result<(), Error> {
        let mut values = RowValues::new(&mut self.columns);
        let filled = fill(&mut values).and_then(|()| values.end());
        filled.inspect_err(|_| self.columns.take_back())?;
        self.count_in_columns();
        Ok(())
    }

    /// Counts a row that was added to the columns.
    fn count_in_columns(&mut self) {
        match self.parts.last_mut() {
            Some(Part::Columns(rows)) => *rows += 1,
            _ => self.parts.push(Part::Columns(1)),
        }
        self.rows += 1;
    }

    fn add(&mut self, row: &impl Serialize) -> Result<(), ArrowError> {
        match direct::add(&mut self.columns, row) {
            Ok(()) => self.count_in_columns(),
            Err(Unfit) => {
                let row = json::json(row).map_err(|error| ArrowError::JsonError(error.to_string()))?;
                match self.parts.last_mut() {
                    Some(Part::Json(rows)) => rows.push(row),
                    _ => self.parts.push(Part::Json(vec![row])),
                }
                self.rows += 1;
            }
        }
        Ok(())
    }

    /// The rows that fit as a batch, and their numbers; `failed` is told which do not and why.
    pub(super) fn finish(
        self,
        table: &mut JsonRows,
        mut failed: impl FnMut(u64, &str),
    ) -> Result<(RecordBatch, Vec<u64>), String> {
        let (schema, direct) = (self.columns.schema(), self.columns.finish().map_err(|error| error.to_string())?);
        if direct.num_rows() == self.rows {
            return Ok((direct, (self.first..).take(self.rows).collect()));
        }
        let (mut batches, mut numbers) = (Vec::with_capacity(self.parts.len()), Vec::with_capacity(self.rows));
        let (mut at, mut number) = (0, self.first);
        for part in self.parts {
            match part {
                Part::Columns(rows) => {
                    batches.push(direct.slice(at, rows));
                    numbers.extend((number..).take(rows));
                    at += rows;
                    number += rows as u64;
                }
                Part::Json(rows) => {
                    let next = number + rows.len() as u64;
                    let (batch, fitting) = decode(table, rows, number, &mut failed);
                    batches.extend(batch);
                    numbers.extend(fitting);
                    number = next;
                }
            }
        }
        let batch = match &batches[..] {
            [batch] => batch.clone(),
            batches => concat_batches(&schema, batches).map_err(|error| error.to_string())?,
        };
        Ok((batch, numbers))
    }
}

/// The rows that fit as a batch, if there are any, and their numbers; the first is `first`. The others fail.
fn decode(
    table: &mut JsonRows,
    rows: Vec<String>,
    first: u64,
    failed: &mut impl FnMut(u64, &str),
) -> (Option<RecordBatch>, Vec<u64>) {
    let (mut fitting, mut problems) = (Vec::with_capacity(rows.len()), Vec::new());
    for (row, number) in rows.into_iter().zip(first..) {
        match table.push(&row) {
            Ok(()) => fitting.push((row, number)),
            Err(problem) => problems.push((number, problem)),
        }
    }
    let mut batch = finish(table);
    if batch.is_err() {
        // A value does not fit; each row is tried alone, and those that fit are put together again.
        fitting.retain(|(row, number)| match table.push(row).and_then(|()| finish(table)) {
            Ok(_) => true,
            Err(problem) => {
                problems.push((*number, problem));
                false
            }
        });
        batch = fitting.iter().try_for_each(|(row, _)| table.push(row)).and_then(|()| finish(table));
    }
    let mut numbers: Vec<u64> = fitting.into_iter().map(|(_, number)| number).collect();
    if let Err(problem) = &batch {
        problems.extend(numbers.drain(..).map(|number| (number, problem.clone())));
    }
    problems.sort_by_key(|(number, _)| *number);
    problems.iter().for_each(|(number, problem)| failed(*number, problem));
    (batch.ok().filter(|batch| batch.num_rows() > 0), numbers)
}

fn finish(table: &mut JsonRows) -> Result<RecordBatch, String> {
    table.finish(Rounding::Refuse).map_err(|(_, problem)| problem)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use arrow_schema::{DataType, Field, Schema, TimeUnit};
    use serde_json::json;

    use super::*;

    #[derive(serde::Serialize, Clone, Copy)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Small,
    }

    /// A row with a value of each type that goes straight into columns.
    #[derive(serde::Serialize)]
    struct Row {
        flag: bool,
        tiny: i8,
        small: u8,
        int: Option<i32>,
        big: u64,
        float: f32,
        double: f64,
        text: &'static str,
        kind: Kind,
        day: i32,
        moment: Option<i64>,
    }

    fn schema() -> SchemaRef {
        let column = |name: &str, data_type| Field::new(name, data_type, !["flag", "text"].contains(&name));
        Arc::new(Schema::new(vec![
            column("flag", DataType::Boolean),
            column("tiny", DataType::Int8),
            column("small", DataType::Int16),
            column("int", DataType::Int32),
            column("big", DataType::Int64),
            column("float", DataType::Float32),
            column("double", DataType::Float64),
            column("text", DataType::Utf8),
            column("kind", DataType::Utf8),
            column("day", DataType::Date32),
            column("moment", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            column("price", DataType::Decimal128(10, 2)),
        ]))
    }

    fn row(number: i32) -> Row {
        Row {
            flag: number % 2 == 0,
            tiny: number as i8 - 64,
            small: number as u8,
            int: (number % 3 > 0).then_some(-number),
            big: number as u64 * 1_000_000_007,
            float: number as f32 / 3.0,
            double: -f64::from(number) / 7.0,
            text: ["", "plain", "\"quoted\" \n ünlaut"][number as usize % 3],
            kind: Kind::Small,
            day: number - 50,
            moment: (number % 5 > 0).then_some(i64::from(number) * 86_399_999_999),
        }
    }

    /// The batch of what is gathered, the numbers of its rows, and those that failed.
    fn finish(gathering: &Gathering) -> (RecordBatch, Vec<u64>, Vec<u64>) {
        let mut failed = Vec::new();
        let gathered = gathering.take(None, true).expect("rows");
        let mut table = JsonRows::new(schema()).expect("types of JSON");
        let (batch, numbers) = gathered.finish(&mut table, |number, _| failed.push(number)).expect("a batch");
        (batch, numbers, failed)
    }

    #[test]
    fn rows_are_what_their_json_is() {
        let gathering = Gathering::new(schema(), 1000);
        let mut table = JsonRows::new(schema()).expect("types of JSON");
        for number in 0..100 {
            assert!(gathering.add(&row(number)).expect("it is taken"));
            table.push(&json::json(row(number)).expect("JSON")).expect("it fits");
        }
        assert!(matches!(gathering.state().open.parts[..], [Part::Columns(100)]), "none goes by JSON");
        let (batch, numbers, failed) = finish(&gathering);
        assert_eq!(batch, table.finish(Rounding::Refuse).expect("they fit"));
        assert_eq!((numbers, failed), ((0..100).collect(), vec![]));
    }

    #[test]
    fn what_is_not_as_its_column_has_it_goes_by_json_and_keeps_its_place() {
        let gathering = Gathering::new(schema(), 1000);
        let named = |pairs: &[(&'static str, i64)]| pairs.iter().copied().collect::<BTreeMap<_, _>>();
        let rows = [
            json!({"flag": true, "text": "a", "big": 1}),
            // As a text, as a date, as a decimal.
            json!({"flag": true, "text": "b", "int": "2", "day": "1970-01-03", "price": "1.50"}),
            json!({"flag": false, "big": 3}),
            json!({"text": "d", "flag": true, "big": 4}),
            json!({"flag": true, "text": "e", "tiny": 1000}),
            json!({"flag": true, "text": "f", "nobody": 1}),
            json!({"flag": true, "text": null}),
        ];
        rows.iter().for_each(|row| assert!(gathering.add(row).expect("it is taken")));
        assert!(gathering.add(&named(&[("big", 7)])).expect("it is taken"), "what it lacks is said later");
        assert!(gathering.add(&[1, 2]).expect("it is taken"), "that it is no row too");
        let (batch, numbers, failed) = finish(&gathering);
        assert_eq!((numbers, failed), (vec![0, 1, 3], vec![2, 4, 5, 6, 7, 8]));
        let lines = crate::formats::json_lines(&batch).expect("JSON");
        assert!(lines[0].contains(r#""text":"a""#) && lines[2].contains(r#""text":"d""#), "{lines:?}");
        assert!(lines[1].contains(r#""int":2"#) && lines[1].contains(r#""day":"1970-01-03""#), "{lines:?}");
    }

    #[test]
    fn values_by_position_are_a_row_or_an_error() {
        let gathering = Gathering::new(schema(), 1000);
        let whole = |values: &mut RowValues<'_>| {
            values.text(7, "seven")?;
            values.bool(0, true)?;
            values.integer(4, 4)?;
            values.null(3)
        };
        assert!(gathering.add_values(&whole).expect("it fits"));
        type Give = fn(&mut RowValues<'_>) -> Result<(), Error>;
        let unfit: [(Give, &str); 5] = [
            (|values| values.text(0, "true"), "column flag"),
            (|values| values.integer(1, 128), "column tiny"),
            (|values| values.bool(0, true).and_then(|()| values.bool(0, true)), "flag has a value already"),
            (|values| values.null(12), "no column 12; the table has 12"),
            (|values| values.bool(0, true), "NOT NULL"),
        ];
        for (fill, reason) in unfit {
            let error = gathering.add_values(&fill).expect_err("it does not fit").to_string();
            assert!(error.contains(reason), "{error}");
        }
        assert!(gathering.add(&row(1)).expect("it is taken"));
        let (batch, numbers, failed) = finish(&gathering);
        assert_eq!((numbers, failed), (vec![0, 1], vec![]));
        let lines = crate::formats::json_lines(&batch).expect("JSON");
        let mut first: serde_json::Map<_, _> = serde_json::from_str(&lines[0]).expect("JSON");
        first.retain(|_, value| !value.is_null());
        assert_eq!(json!(first), json!({"flag": true, "big": 4, "text": "seven"}));
    }

    #[test]
    fn batches_are_cut_by_number_and_wait_for_the_task() {
        let gathering = Gathering::new(schema(), 10);
        let taken = (0..100).take_while(|number| gathering.add(&row(*number)).expect("a row")).count();
        assert_eq!(taken, 10 * WAITING);
        let numbers = |gathering: &Gathering| finish(gathering).1;
        assert_eq!(numbers(&gathering), (0..10).collect::<Vec<_>>());
        assert!(gathering.add(&row(20)).expect("a row"), "there is room again");
        assert!(gathering.since().is_some());
        assert_eq!(numbers(&gathering), (10..20).collect::<Vec<_>>());
        assert!(gathering.take(None, false).is_none(), "it is neither full nor due");
        assert_eq!(gathering.take(Some(Instant::now()), false).map(|gathered| gathered.first()), Some(20));
        assert!(gathering.take(None, true).is_none() && gathering.since().is_none());
    }
}
