//! `lookup`: rows by their keys, from the command line, a file or standard input.

use anyhow::anyhow;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use clap::Args;
use futures::stream::FuturesOrdered;
use futures::{StreamExt, future::OptionFuture};

use super::input;
use super::keys::read_keys;
use super::output::{Out, unwritten};
use crate::cli::terminal::{Common, Failure, Outcome, say};
use crate::client::{Error, FoundRows, Table};
use crate::formats::{Format, Input, Place, ReadOptions, Rows};
use crate::table::TablePath;

/// Keys of a file that are looked up together.
const BATCH_KEYS: usize = 1024;
/// How many lookups of a file's keys are under way.
const UNDER_WAY: usize = 8;

/// `thalweg lookup`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg lookup airports SEA\n  thalweg lookup orders 17,eu 18,us\n  \
    thalweg lookup orders id=17,region=eu\n  thalweg lookup orders --prefix 17\n  \
    thalweg lookup orders --keys wanted.csv --output found.parquet")]
pub(in crate::cli) struct Lookup {
    /// The table, as NAME or DATABASE.NAME
    table: TablePath,
    /// A key: its values in key order, or NAME=VALUE for each; values with commas stand in double quotes
    #[arg(value_name = "KEY", required_unless_present = "keys")]
    key: Vec<String>,
    /// Also the keys of this file, of which only the key columns are read; - is standard input, as JSON lines
    #[arg(long, value_name = "FILE|-")]
    keys: Option<String>,
    /// Find all rows whose keys begin with these values: the partition columns, then the bucket columns
    #[arg(long)]
    prefix: bool,
    /// Insert a row for each key that the table does not have
    #[arg(long, conflicts_with = "prefix")]
    insert: bool,
    /// Also look where fluss-rs and pyfluss 1.0.0 misplace keys whose bytes are not all below 0x80
    #[arg(long)]
    misplaced: bool,
    /// Only these columns, in this order
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    #[command(flatten)]
    out: Out,
}

impl Lookup {
    pub(in crate::cli) async fn run(self, common: &Common) -> Outcome {
        let input = match &self.keys {
            Some(file) => {
                let input = Input::new(file);
                let format = input.format(None)?;
                Some((input, format))
            }
            None => None,
        };
        let misplaced = self.misplaced;
        let client = common.connect_with(|settings| settings.lookup.misplaced = misplaced).await?;
        let table = client.table(&self.table).await?;
        let columns = table.lookup_schema(self.prefix)?;
        let given = read_keys(&self.key, &columns).map_err(|problem| anyhow!("table {}: {problem}", table.name()))?;
        let mut counts = Counts::default();
        let schema = table.schema();
        let positions = self.columns.as_ref().map(|names| table.positions(names)).transpose()?;
        let mut out = self.out.open(match &positions {
            Some(positions) => schema.project(positions)?.into(),
            None => schema,
        })?;
        let mut write = |found: FoundRows| -> anyhow::Result<()> {
            counts.keys += found.keys();
            counts.found += found.found();
            match &positions {
                _ if found.rows.num_rows() == 0 => {}
                Some(positions) => out.write(&found.rows.project(positions)?).map_err(unwritten)?,
                None => out.write(&found.rows).map_err(unwritten)?,
            }
            Ok(())
        };
        if given.num_rows() > 0 {
            write(self.find(&table, given).await?)?;
        }
        if let Some((input, format)) = input {
            self.find_all(&table, &columns, input, format, write).await?;
        }
        out.finish().map_err(unwritten)?;
        counts.tell(&table, common.quiet)
    }

    async fn find(&self, table: &Table, keys: RecordBatch) -> Result<FoundRows, Error> {
        match (self.prefix, self.insert) {
            (true, _) => table.prefix_lookup(keys).await,
            (_, true) => table.lookup_or_insert(keys).await,
            _ => table.lookup(keys).await,
        }
    }

    /// Looks up the keys of a file, several batches at once, and writes what they find in their order.
    async fn find_all(
        &self,
        table: &Table,
        columns: &SchemaRef,
        input: Input,
        format: Format,
        mut write: impl FnMut(FoundRows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let schema = table.input_schema(columns);
        let options = ReadOptions { batch_rows: BATCH_KEYS, ..ReadOptions::default() };
        let mut rows = input::start(vec![(input, format)], schema, options);
        let mut pending = FuturesOrdered::new();
        loop {
            let next = OptionFuture::from((pending.len() < UNDER_WAY).then(|| rows.recv()));
            match next.await.flatten().transpose()? {
                Some(Rows { batch, place }) => pending.push_back(async move { (place, self.find(table, batch).await) }),
                None => match pending.next().await {
                    Some((place, found)) => write(found.map_err(|error| placed(&place, error))?)?,
                    None => return Ok(()),
                },
            }
        }
    }
}

/// An error with the line or row that it is about.
fn placed(place: &Place, error: Error) -> anyhow::Error {
    let place = match error.row() {
        Some(row) => place.of(row),
        None => format!("{} and on", place.of(0)),
    };
    anyhow!("{place}: {}", error.reason())
}

/// How many keys were looked up, and how many have rows.
#[derive(Debug, Default)]
struct Counts {
    keys: usize,
    found: usize,
}

impl Counts {
    fn tell(&self, table: &Table, quiet: bool) -> Outcome {
        let Self { keys, found } = *self;
        match (keys, found) {
            (1, 0) => Err(anyhow!("table {} has no row with this key", table.name()).into()),
            (_, 0) => Err(Failure::Failed(anyhow!("table {} has a row with none of these {keys} keys", table.name()))),
            _ if found < keys && !quiet => {
                say(&format!("{} of {keys} keys were not found", keys - found));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
