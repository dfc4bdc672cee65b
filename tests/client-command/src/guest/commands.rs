//! What is asked, carried out by the client.

use thalweg_bindings::{
    catalog::{
        Answer as CatalogAnswer, Bucket, End, Error, ErrorCode, Fate, PartitionInfo, Property, Request as Ask,
        RowSelection, ScanSpec, Start, TablePath,
    },
    types::Batch,
};

use super::{
    State,
    bindings::thalweg::client::chain,
    client::{self, Outcome, Rows},
    measure,
};
use crate::request::{Answer, Module, Operation, Policy, Request, RowsHead};

type Done = Result<(Answer, Vec<Batch>), Error>;

pub(super) async fn carry_out(state: &mut State, request: Request, rows: Option<Batch>) -> Done {
    let given = || rows.clone().ok_or_else(|| invalid("a frame of rows was expected"));
    match request {
        Request::Connect { server, fetch_bytes, bucket_bytes, batch_rows, create_partitions } => {
            let mut settings = client::default_settings(&[server]);
            settings.scan.fetch_bytes = fetch_bytes.unwrap_or(settings.scan.fetch_bytes);
            settings.scan.bucket_bytes = bucket_bytes.unwrap_or(settings.scan.bucket_bytes);
            settings.write.batch_rows = batch_rows.unwrap_or(settings.write.batch_rows);
            settings.write.create_partitions = create_partitions;
            state.tables.clear();
            state.session = Some(client::Session::connect(settings).await?);
            Ok(Default::default())
        }
        Request::Write { table, operation, columns, modules } => {
            let table = state.table(&table, modules).await?;
            let outcome = match operation {
                Operation::Append => table.append(given()?).await?,
                Operation::Upsert => table.upsert(columns, given()?).await?,
                Operation::Delete => table.delete(given()?).await?,
            };
            Ok((written(&outcome), Vec::new()))
        }
        Request::Scan { table, columns, start, end, buckets, partitions, modules } => {
            let table = state.table(&table, Vec::new()).await?;
            let spec = ScanSpec {
                columns,
                buckets: buckets.into_iter().map(|bucket| Bucket { partition: None, bucket }).collect(),
                partitions,
                start: start.map_or(Start::Earliest, Start::Offset),
                end: end.map_or(End::Latest, End::Offset),
            };
            let reader = table.scan(spec, modules.into_iter().map(module).collect()).await?;
            let mut all = Vec::new();
            while let Some(rows) = reader.next().await? {
                all.push(rows);
            }
            Ok(scanned(all, true))
        }
        Request::Current { table, buckets, partitions } => {
            let buckets = buckets_of(state, &path(&table), buckets, partitions).await?;
            let table = state.table(&table, Vec::new()).await?;
            let mut all = Vec::new();
            for bucket in buckets {
                let (_, reader) = table.scan_current(bucket).await?;
                while let Some(rows) = reader.next().await? {
                    all.push(rows);
                }
            }
            Ok(scanned(all, false))
        }
        Request::LimitScan { table, bucket, limit } => {
            let table = state.table(&table, Vec::new()).await?;
            let is_keyed = !table.info().descriptor.schema.primary_key.is_empty();
            let rows = table.limit_scan(Bucket { partition: None, bucket }, limit).await?;
            Ok(scanned(rows, !is_keyed))
        }
        Request::Lookup { table, insert } => {
            let found = state.table(&table, Vec::new()).await?.lookup(given()?, insert).await?;
            Ok((Answer { counts: found.counts, ..Answer::default() }, vec![found.batch]))
        }
        Request::PrefixLookup { table } => {
            let found = state.table(&table, Vec::new()).await?.prefix_lookup(given()?).await?;
            Ok((Answer { counts: found.counts, ..Answer::default() }, vec![found.batch]))
        }
        Request::CreatePartition { table, spec } => {
            state.session()?.ask(Ask::CreatePartition((path(&table), properties(spec), false))).await?;
            Ok(Default::default())
        }
        Request::DropPartition { table, spec } => {
            state.session()?.ask(Ask::DropPartition((path(&table), properties(spec), false))).await?;
            Ok(Default::default())
        }
        Request::Partitions { table } => {
            let found = partitions(state, &path(&table)).await?;
            let names = found.into_iter().map(|partition| partition.name).collect();
            Ok((Answer { names, ..Answer::default() }, Vec::new()))
        }
        Request::Close => {
            state.session()?.close(10_000_000).await?;
            Ok(Default::default())
        }
        other => Ok((measure::carry_out(state, other, rows).await?, Vec::new())),
    }
}

impl State {
    pub(super) fn session(&self) -> Result<&client::Session, Error> {
        self.session.as_ref().ok_or_else(|| invalid("`connect` first"))
    }

    /// A table with modules, opened once.
    pub(super) async fn table(&mut self, name: &str, modules: Vec<Module>) -> Result<&client::Table, Error> {
        let key = format!("{name} {modules:?}");
        if !self.tables.contains_key(&key) {
            let table = self.session()?.open(path(name), modules.into_iter().map(module).collect()).await?;
            self.tables.insert(key.clone(), table);
        }
        self.tables.get(&key).ok_or_else(|| invalid("the table was just opened"))
    }
}

/// The buckets asked for: of all partitions, or of those named.
async fn buckets_of(
    state: &State,
    path: &TablePath,
    buckets: Vec<u32>,
    names: Vec<String>,
) -> Result<Vec<Bucket>, Error> {
    let CatalogAnswer::Table(info) = state.session()?.ask(Ask::ShowTable(path.clone())).await? else {
        return Err(invalid("another answer than a table"));
    };
    let of_partitions: Vec<Option<i64>> = match info.descriptor.partition_keys.is_empty() {
        true => vec![None],
        false => partitions(state, path)
            .await?
            .into_iter()
            .filter(|partition| names.is_empty() || names.contains(&partition.name))
            .map(|partition| Some(partition.partition_id))
            .collect(),
    };
    let count = info.descriptor.bucket_count.unwrap_or(1);
    let wanted = |bucket: &u32| buckets.is_empty() || buckets.contains(bucket);
    let of = |partition| (0..count).filter(wanted).map(move |bucket| Bucket { partition, bucket }).collect::<Vec<_>>();
    Ok(of_partitions.into_iter().flat_map(of).collect())
}

async fn partitions(state: &State, path: &TablePath) -> Result<Vec<PartitionInfo>, Error> {
    match state.session()?.ask(Ask::ListPartitions(path.clone())).await? {
        CatalogAnswer::Partitions(partitions) => Ok(partitions),
        _ => Err(invalid("another answer than partitions")),
    }
}

fn path(name: &str) -> TablePath {
    let (database, table) = name.split_once('.').unwrap_or(("fluss", name));
    TablePath { database: database.to_owned(), table: table.to_owned() }
}

fn properties(spec: Vec<(String, String)>) -> Vec<Property> {
    spec.into_iter().map(|(key, value)| Property { key, value }).collect()
}

pub(super) fn module(module: Module) -> client::Module {
    let policy = |policy| match policy {
        Policy::Fail => chain::Policy::Fail,
        Policy::Drop => chain::Policy::Drop,
        Policy::Pass => chain::Policy::Pass,
        Policy::DeadLetter(table) => chain::Policy::DeadLetter(table),
    };
    let Module { name, config, on_error, on_failure } = module;
    let (on_error, on_failure) = (policy(on_error), policy(on_failure));
    client::Module { stage: chain::Stage { name, on_error, on_failure, answer_bytes: None, answer_rows: None }, config }
}

pub(super) fn written(outcome: &Outcome) -> Answer {
    let mut answer = Answer::default();
    for (rows, fate) in &outcome.fates {
        let (first, count) = match rows {
            RowSelection::Span((first, count)) => (*first, u64::from(*count)),
            RowSelection::Rows(rows) => (rows.first().copied().unwrap_or(0), rows.len() as u64),
        };
        match fate {
            Fate::Acknowledged(_) => answer.acknowledged += count,
            Fate::Failed(failure) => {
                let because = format!("row {first}: {}", text(&failure.error));
                let (failed, because) = answer.failed.take().map_or((count, because), |(n, text)| (n + count, text));
                answer.failed = Some((failed, because));
            }
        }
    }
    answer.filtered = outcome.tallies.iter().map(|tally| tally.filtered).collect();
    answer.dropped = outcome.tallies.iter().map(|tally| tally.dropped).sum();
    answer.dead_lettered = outcome.tallies.iter().map(|tally| tally.dead_lettered).sum();
    answer
}

fn scanned(all: Vec<Rows>, with_offsets: bool) -> (Answer, Vec<Batch>) {
    let mut answer = Answer::default();
    let mut batches = Vec::new();
    for Rows { bucket, offset, origins, changes, batch, .. } in all {
        let offsets = match (with_offsets, origins) {
            (false, _) => Vec::new(),
            (true, Some(origins)) => origins.iter().map(|origin| offset + u64::from(*origin)).collect(),
            (true, None) => (offset..).take(batch.rows as usize).collect(),
        };
        answer.rows.push(RowsHead { bucket: (bucket.partition, bucket.bucket), offsets, changes });
        batches.push(batch);
    }
    (answer, batches)
}

/// A failure in words.
pub(super) fn text(error: &Error) -> String {
    match &error.code {
        ErrorCode::Invalid(text)
        | ErrorCode::Unsupported(text)
        | ErrorCode::Unavailable(text)
        | ErrorCode::TimedOut(text)
        | ErrorCode::Corrupt(text)
        | ErrorCode::Other(text) => text.clone(),
        ErrorCode::Full(bytes) => format!("the write buffer is full: {bytes} bytes must become free"),
        ErrorCode::Closed => "the client is closed".to_owned(),
        ErrorCode::Cancelled => "cancelled".to_owned(),
        ErrorCode::Server(server) => {
            format!("the server refused with {} ({}): {}", server.name, server.code, server.message)
        }
    }
}

pub(super) fn invalid(text: &str) -> Error {
    Error { code: ErrorCode::Invalid(text.to_owned()), retriable: false }
}
