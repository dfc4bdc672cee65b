//! `scan`: rows of a table to standard output or a file.

use anyhow::anyhow;
use arrow_cast::parse::string_to_datetime;
use arrow_schema::SchemaRef;
use clap::Args;
use futures::StreamExt;

use super::chain::{Modules, Order};
use super::output::{Out, unwritten, with_metadata, with_metadata_fields};
use crate::cli::terminal::{Bar, Common, Failure, Interrupts, Outcome, grouped, key_value};
use crate::client::{
    Bucket, ChainTally, Client, CurrentOptions, CurrentStream, End, Error, ScanBatch, ScanOptions, ScanStream, Start,
    Table,
};
use crate::table::{TablePath, partition_name, resolve_partition};
use crate::text;

/// `thalweg scan`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg scan flights --columns origin,delay --limit 10\n  \
    thalweg scan flights --start 2026-01-01T00:00:00Z --follow\n  \
    thalweg scan flights --where \"delay > 30 and origin in ('SEA', 'PDX')\" --output late.parquet\n  \
    thalweg scan airports --changelog --with-metadata\n  \
    thalweg scan orders --partition day=2026-01-31/region=eu\n\n\
    A table with a primary key gives its current rows, and with --follow then the changes; --changelog gives the changes\n\
    alone. --start and --end are about a log: of a table without primary key, or with --changelog.")]
pub(in crate::cli) struct Scan {
    /// The table, as NAME or DATABASE.NAME
    table: TablePath,
    /// Where each bucket begins [default: earliest]
    #[arg(long, value_name = "earliest|latest|OFFSET|TIMESTAMP", value_parser = start)]
    start: Option<Start>,
    /// Where each bucket ends [default: latest]
    #[arg(long, value_name = "latest|OFFSET|TIMESTAMP", value_parser = end, conflicts_with = "follow")]
    end: Option<End>,
    /// Wait for more rows at the end
    #[arg(long)]
    follow: bool,
    /// Of a table with a primary key, the changes instead of the current rows
    #[arg(long)]
    changelog: bool,
    /// At most so many rows, after any module
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Only these columns, in this order, after any module
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// Only rows that fit, in the words of SQL, before any module; `thalweg module list` has them under `where`
    #[arg(long = "where", value_name = "CONDITION")]
    filter: Option<String>,
    /// Only this bucket (of each partition)
    #[arg(long, value_name = "N")]
    bucket: Option<u32>,
    /// Only this partition: its values joined with $, or KEY=VALUE/KEY=VALUE; may be given many times
    #[arg(long, value_name = "NAME")]
    partition: Vec<String>,
    /// Put bucket, offset, timestamp and change type before the columns
    #[arg(long)]
    with_metadata: bool,
    #[command(flatten)]
    modules: Modules,
    #[command(flatten)]
    out: Out,
}

/// Rows of a scan, and their columns.
type Opened = (SchemaRef, Rows);

/// Rows of a log, or current ones.
enum Rows {
    Log(Box<ScanStream>),
    Current(Box<CurrentStream>),
}

impl Rows {
    async fn next(&mut self) -> Option<Result<ScanBatch, Error>> {
        match self {
            Self::Log(rows) => rows.next().await,
            Self::Current(rows) => rows.next().await,
        }
    }

    fn tally(&self) -> ChainTally {
        match self {
            Self::Log(rows) => rows.tally(),
            Self::Current(rows) => rows.tally(),
        }
    }
}

/// Says what modules did to the rows that were read.
fn say(table: &str, tally: &ChainTally) {
    let filtered = tally.filtered.iter().map(|(module, rows)| format!("{} filtered by {module}", grouped(*rows)));
    let dropped = (tally.dropped > 0).then(|| format!("{} dropped", grouped(tally.dropped)));
    eprintln!("{table}: {}", filtered.chain(dropped).collect::<Vec<_>>().join(", "));
    tally.lines().iter().for_each(|line| eprintln!("  {}", text::message(line)));
}

impl Scan {
    pub(in crate::cli) async fn run(self, common: &Common, order: Order) -> Outcome {
        let client = common.connect().await?;
        let table = client.table(&self.table).await?;
        let (columns, mut stream) = self.start(&table, &order).await?;
        let schema = if self.with_metadata { with_metadata_fields(&columns) } else { columns };
        let mut out = self.out.open(schema.clone())?;
        let bar = self.bar(common, &client).await;
        let mut interrupts = Interrupts::listen()?;
        let mut interrupted = false;
        loop {
            let next = tokio::select! {
                next = stream.next() => next,
                () = interrupts.next() => { interrupted = true; None }
            };
            let Some(scanned) = next else { break };
            let scanned = scanned?;
            bar.add(scanned.batch.num_rows() as u64);
            match self.with_metadata {
                true => out.write(&with_metadata(&scanned, &schema)?).map_err(unwritten)?,
                false => out.write(&scanned.batch).map_err(unwritten)?,
            }
            if self.follow {
                out.flush().map_err(unwritten)?;
            }
        }
        out.finish().map_err(unwritten)?;
        bar.finish();
        if !common.quiet && (self.filter.is_some() || !self.modules.is_empty()) {
            say(&table.name(), &stream.tally());
        }
        if interrupted { Err(Failure::Interrupted) } else { Ok(()) }
    }

    /// The progress of rows that do not go to a terminal, out of as many as the table has where all are read.
    async fn bar(&self, common: &Common, client: &Client) -> Bar {
        let bar = Bar::new(common.quiet || self.out.is_terminal());
        if !bar.is_hidden() {
            bar.counting(if self.reads_all() { rows(client, &self.table).await } else { None });
        }
        bar
    }

    /// Whether every row of the table comes out, as far as the options say.
    fn reads_all(&self) -> bool {
        let chosen = self.filter.is_some() || !self.modules.is_empty();
        let bounded = self.start.is_some() || self.end.is_some() || self.limit.is_some() || self.bucket.is_some();
        !(bounded || self.follow || self.changelog || !self.partition.is_empty() || chosen)
    }

    async fn start(&self, table: &Table, order: &Order) -> anyhow::Result<Opened> {
        let (buckets, partitions) = self.places(table).await?;
        let chain = self.modules.chain(order)?;
        if table.is_keyed() && !self.changelog {
            if self.start.is_some() || self.end.is_some() {
                return Err(anyhow!(
                    "table {} has a primary key, so a scan gives its current rows, which have no offsets; --start and \
                     --end need --changelog",
                    table.name()
                ));
            }
            let options = CurrentOptions {
                columns: self.columns.clone(),
                buckets,
                partitions,
                limit: self.limit,
                filter: self.filter.clone(),
                chain,
                follow: self.follow,
                ..CurrentOptions::default()
            };
            let stream = table.scan_current(options).await?;
            return Ok((stream.schema(), Rows::Current(Box::new(stream))));
        }
        let options = ScanOptions {
            columns: self.columns.clone(),
            buckets,
            partitions,
            start: self.start.clone().unwrap_or(Start::Earliest),
            end: if self.follow { End::Never } else { self.end.unwrap_or(End::Latest) },
            limit: self.limit,
            filter: self.filter.clone(),
            chain,
            ..ScanOptions::default()
        };
        let stream = table.scan(options).await?;
        Ok((stream.schema(), Rows::Log(Box::new(stream))))
    }

    /// The buckets and the partitions that are asked for; only one of them is ever named.
    async fn places(&self, table: &Table) -> anyhow::Result<(Vec<Bucket>, Vec<String>)> {
        let keys = &table.info().descriptor.partition_keys;
        if keys.is_empty() && !self.partition.is_empty() {
            return Err(anyhow!("table {} has no partitions; leave --partition out", table.name()));
        }
        let names = self.partition.iter().map(|text| name_of(text, keys)).collect::<anyhow::Result<Vec<_>>>()?;
        let Some(bucket) = self.bucket else { return Ok((Vec::new(), names)) };
        if keys.is_empty() {
            return Ok((vec![Bucket { partition: None, bucket }], Vec::new()));
        }
        let known = table.partitions().await?;
        let chosen = known.iter().filter(|known| names.is_empty() || names.contains(&known.name));
        let buckets: Vec<_> = chosen.map(|known| Bucket { partition: Some(known.partition_id), bucket }).collect();
        match buckets.is_empty() {
            true => Err(anyhow!("table {} has no such partition; `thalweg partition list` shows them", table.name())),
            false => Ok((buckets, Vec::new())),
        }
    }
}

/// How many rows a table has, where the server says.
async fn rows(client: &Client, table: &TablePath) -> Option<u64> {
    client.list_offsets(table).await.ok()?.iter().map(|bucket| bucket.rows).sum()
}

/// The name of a partition, which is as it stands or made of `KEY=VALUE/KEY=VALUE`.
fn name_of(text: &str, keys: &[String]) -> anyhow::Result<String> {
    if !text.contains('=') {
        return Ok(text.to_owned());
    }
    let pairs = text.split('/').map(key_value).collect::<Result<Vec<_>, _>>();
    let pairs = pairs.map_err(|problem| anyhow!("--partition {text:?} {problem}"))?;
    let values = resolve_partition(keys, &pairs).map_err(|problem| anyhow!("--partition {text:?}: {problem}"))?;
    Ok(partition_name(values))
}

fn start(text: &str) -> Result<Start, String> {
    match text {
        "earliest" => Ok(Start::Earliest),
        "latest" => Ok(Start::Latest),
        _ => match text.parse() {
            Ok(offset) => Ok(Start::Offset(offset)),
            Err(_) => timestamp(text).map(Start::Timestamp),
        },
    }
}

fn end(text: &str) -> Result<End, String> {
    match text {
        "latest" => Ok(End::Latest),
        _ => match text.parse() {
            Ok(offset) => Ok(End::Offset(offset)),
            Err(_) => timestamp(text).map(End::Timestamp),
        },
    }
}

/// A point in time; without a zone it is UTC.
fn timestamp(text: &str) -> Result<i64, String> {
    string_to_datetime(&chrono::Utc, text)
        .map(|time| time.timestamp_millis())
        .map_err(|_| "must be earliest, latest, an offset, or a time as 2026-01-31T12:00:00Z".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert_eq!(start("earliest"), Ok(Start::Earliest));
        assert_eq!(start("17"), Ok(Start::Offset(17)));
        assert_eq!(start("1970-01-01T00:00:01Z"), Ok(Start::Timestamp(1000)));
        assert_eq!(end("1970-01-02"), Ok(End::Timestamp(86_400_000)));
        assert!(start("soonish").is_err() && end("earliest").is_err());
    }

    #[test]
    fn partitions_are_names_or_pairs() {
        let keys = ["day".to_owned(), "region".to_owned()];
        let cases = [("2026$eu", Some("2026$eu")), ("region=eu/day=2026", Some("2026$eu")), ("day=2026", None)];
        for (text, name) in cases {
            assert_eq!(name_of(text, &keys).ok().as_deref(), name, "{text}");
        }
    }
}
