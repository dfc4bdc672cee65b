//! `Scan`: rows out, one batch after the other or as an Arrow stream.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Int32Array, Int64Array, RecordBatch, RecordBatchReader, StringArray, TimestampMillisecondArray,
};
use arrow_schema::{ArrowError, DataType, Field, Schema as ArrowSchema, SchemaRef, TimeUnit};
use futures::{FutureExt, StreamExt};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCapsule, PyDict, PyString};
use thalweg::client::{
    Bucket, ChangeType, CurrentOptions, CurrentStream, End, Error, Offsets, ScanBatch, ScanOptions, ScanStream, Start,
    Table,
};
use thalweg::module::ChainSpec;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::modules;
use crate::batch::{Batch, Schema};
use crate::call::{self, Call};
use crate::capsule::stream_capsule;
use crate::error::Failure;
use crate::runtime;

/// What a scan reads.
#[derive(Default)]
pub(super) struct Wanted {
    columns: Option<Vec<String>>,
    start: Option<Start>,
    end: Option<End>,
    follow: bool,
    changelog: bool,
    limit: Option<u64>,
    filter: Option<String>,
    buckets: Vec<u32>,
    partitions: Vec<String>,
    chain: Option<ChainSpec>,
    metadata: bool,
    buffer: Option<u64>,
}

/// A place in time or in a log, as the keyword `start` or `end` says it.
enum Place {
    Offset(u64),
    Timestamp(i64),
    Word(String),
}

fn place(value: &Bound<'_, PyAny>, name: &str) -> Result<Place, Failure> {
    if let Ok(word) = value.cast::<PyString>() {
        return Ok(Place::Word(word.to_cow()?.into_owned()));
    }
    if let Ok(timestamp) = value.getattr("timestamp") {
        if value.getattr("tzinfo")?.is_none() {
            return Err(Failure::Invalid(format!("{name} needs a datetime with a tzinfo, as datetime.timezone.utc")));
        }
        let seconds: f64 = timestamp.call0()?.extract()?;
        return Ok(Place::Timestamp((seconds * 1000.0).round() as i64));
    }
    Ok(Place::Offset(value.extract()?))
}

/// Reads the keywords of a scan.
pub(super) fn wanted(options: &Bound<'_, PyDict>) -> Result<Wanted, Failure> {
    let mut wanted = Wanted::default();
    for (name, value) in options.iter() {
        let name: String = name.extract()?;
        if value.is_none() {
            continue;
        }
        match name.as_str() {
            "columns" => wanted.columns = Some(value.extract()?),
            "start" => wanted.start = Some(start(&value)?),
            "end" => wanted.end = Some(end(&value)?),
            "follow" => wanted.follow = value.extract()?,
            "changelog" => wanted.changelog = value.extract()?,
            "limit" => wanted.limit = Some(value.extract()?),
            "where" => wanted.filter = Some(value.extract()?),
            "buckets" => wanted.buckets = value.extract()?,
            "partitions" => wanted.partitions = value.extract()?,
            "through" => wanted.chain = modules::chain(&value, None)?,
            "metadata" => wanted.metadata = value.extract()?,
            "buffer" => wanted.buffer = Some(value.extract()?),
            other => return Err(Failure::Invalid(format!("a scan has no option {other}"))),
        }
    }
    if wanted.follow && wanted.end.is_some() {
        return Err(Failure::Invalid("a scan that follows has no end; leave `end` or `follow` out".into()));
    }
    Ok(wanted)
}

fn start(value: &Bound<'_, PyAny>) -> Result<Start, Failure> {
    Ok(match place(value, "start")? {
        Place::Offset(offset) => Start::Offset(offset),
        Place::Timestamp(time) => Start::Timestamp(time),
        Place::Word(word) if word == "earliest" => Start::Earliest,
        Place::Word(word) if word == "latest" => Start::Latest,
        Place::Word(word) => {
            let text = format!("start {word:?} must be \"earliest\", \"latest\", an offset or a datetime");
            return Err(Failure::Invalid(text));
        }
    })
}

fn end(value: &Bound<'_, PyAny>) -> Result<End, Failure> {
    Ok(match place(value, "end")? {
        Place::Offset(offset) => End::Offset(offset),
        Place::Timestamp(time) => End::Timestamp(time),
        Place::Word(word) if word == "latest" => End::Latest,
        Place::Word(word) => {
            return Err(Failure::Invalid(format!("end {word:?} must be \"latest\", an offset or a datetime")));
        }
    })
}

/// Begins a scan: of the log of a log table, of the current rows of a keyed one, or of its changes.
pub(super) async fn open(table: &Table, wanted: Wanted) -> Result<Scan, Failure> {
    let (buckets, partitions) = places(table, wanted.buckets, wanted.partitions).await?;
    if table.is_keyed() && !wanted.changelog {
        if wanted.start.is_some() || wanted.end.is_some() {
            return Err(Failure::Invalid(format!(
                "table {} has a primary key, so a scan gives its current rows, which have no offsets; `start` and `end` need \
                 changelog=True",
                table.name()
            )));
        }
        let mut options = CurrentOptions {
            columns: wanted.columns,
            buckets,
            partitions,
            limit: wanted.limit,
            filter: wanted.filter,
            chain: wanted.chain,
            follow: wanted.follow,
            ..CurrentOptions::default()
        };
        options.buffer = wanted.buffer.unwrap_or(options.buffer);
        let rows = table.scan_current(options).await?;
        let schema = rows.schema();
        return Ok(Scan::new(Rows::Current(Box::new(rows)), schema, wanted.metadata));
    }
    let mut options = ScanOptions {
        columns: wanted.columns,
        buckets,
        partitions,
        start: wanted.start.unwrap_or(Start::Earliest),
        end: if wanted.follow { End::Never } else { wanted.end.unwrap_or(End::Latest) },
        limit: wanted.limit,
        filter: wanted.filter,
        chain: wanted.chain,
        ..ScanOptions::default()
    };
    options.buffer = wanted.buffer.unwrap_or(options.buffer);
    let rows = table.scan(options).await?;
    let schema = rows.schema();
    Ok(Scan::new(Rows::Log(Box::new(rows)), schema, wanted.metadata))
}

/// The buckets and the partitions that are asked for; only one of them is ever named.
async fn places(
    table: &Table,
    buckets: Vec<u32>,
    partitions: Vec<String>,
) -> Result<(Vec<Bucket>, Vec<String>), Failure> {
    if buckets.is_empty() || !table.is_partitioned() {
        let own = buckets.into_iter().map(|bucket| Bucket { partition: None, bucket });
        return Ok((own.collect(), partitions));
    }
    let known = table.partitions().await?;
    if let Some(missing) = partitions.iter().find(|name| known.iter().all(|known| known.name != **name)) {
        return Err(Failure::Invalid(format!("table {} has no partition `{missing}`", table.name())));
    }
    let chosen = known.iter().filter(|known| partitions.is_empty() || partitions.contains(&known.name));
    let of = |id: i64| buckets.iter().map(move |bucket| Bucket { partition: Some(id), bucket: *bucket });
    let named: Vec<Bucket> = chosen.flat_map(|known| of(known.partition_id)).collect();
    match named.is_empty() {
        true => Err(Failure::Invalid(format!("table {} has no partitions yet", table.name()))),
        false => Ok((named, Vec::new())),
    }
}

/// Rows of a log, or current ones.
pub(super) enum Rows {
    Log(Box<ScanStream>),
    Current(Box<CurrentStream>),
}

/// The state of a scan. What was read is held until it is given out, so that a call that is given up loses nothing.
struct Reading {
    /// `None` once there are no more.
    rows: Option<Rows>,
    read: Option<Result<ScanBatch, Error>>,
}

/// Rows of a table: an iterator of batches, and an Arrow stream.
#[pyclass(frozen, module = "thalweg._native")]
pub(crate) struct Scan {
    shared: Arc<Shared>,
}

struct Shared {
    reading: Arc<Mutex<Reading>>,
    closed: watch::Sender<bool>,
    schema: SchemaRef,
    /// Whether the metadata columns stand before the others.
    metadata: bool,
}

impl Scan {
    pub(super) fn new(rows: Rows, schema: SchemaRef, metadata: bool) -> Self {
        let reading = Arc::new(Mutex::new(Reading { rows: Some(rows), read: None }));
        let schema = if metadata { with_metadata_fields(&schema) } else { schema };
        Self { shared: Arc::new(Shared { reading, closed: watch::Sender::new(false), schema, metadata }) }
    }
}

impl Shared {
    /// Waits until a batch was read, or the end is reached.
    async fn read(&self) -> OwnedMutexGuard<Reading> {
        let mut reading = Arc::clone(&self.reading).lock_owned().await;
        let mut closed = self.closed.subscribe();
        let Reading { rows, read } = &mut *reading;
        if read.is_none()
            && let Some(stream) = rows
        {
            let next = async {
                match stream {
                    Rows::Log(rows) => rows.next().await,
                    Rows::Current(rows) => rows.next().await,
                }
            };
            *read = tokio::select! {
                biased;
                _ = closed.wait_for(|closed| *closed) => None,
                next = next => next,
            };
            if read.is_none() {
                *rows = None;
            }
        }
        reading
    }

    /// A batch as the reader wants it.
    fn given(&self, scanned: ScanBatch) -> Result<ScanBatch, ArrowError> {
        if !self.metadata {
            return Ok(scanned);
        }
        let batch = with_metadata(&scanned, &self.schema)?;
        Ok(ScanBatch { batch, ..scanned })
    }
}

#[pymethods]
impl Scan {
    /// The columns of every batch.
    #[getter]
    fn schema(&self) -> Schema {
        Schema { schema: Arc::clone(&self.shared.schema) }
    }

    /// The next batch, or `None`.
    fn next(&self) -> Call {
        let (shared, giving) = (Arc::clone(&self.shared), Arc::clone(&self.shared));
        Call::new(async move { Ok(shared.read().await) }, move |py, mut reading| {
            let Some(read) = reading.read.take() else { return Ok(py.None()) };
            let scanned = giving.given(read.map_err(Failure::from)?).map_err(Failure::from)?;
            Ok(Py::new(py, Batch::scanned(scanned))?.into_any())
        })
    }

    /// What the modules of the scan did so far.
    fn tally(&self) -> Call {
        let shared = Arc::clone(&self.shared);
        let work = async move {
            let reading = shared.reading.lock().await;
            Ok(match &reading.rows {
                Some(Rows::Log(rows)) => Some(rows.tally()),
                Some(Rows::Current(rows)) => Some(rows.tally()),
                None => None,
            })
        };
        Call::new(work, |py, tally| match tally {
            Some(tally) => Ok(modules::tally(py, tally)?.unbind()),
            None => Ok(py.None()),
        })
    }

    /// Ends the scan. Whoever waits for a batch gets none.
    fn close(&self) {
        self.shared.closed.send_replace(true);
        if let Ok(mut reading) = self.shared.reading.try_lock() {
            *reading = Reading { rows: None, read: None };
        }
    }

    /// The rows that were not read yet, as an Arrow stream.
    fn arrow_stream<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        stream_capsule(py, Box::new(Reader { shared: Arc::clone(&self.shared), main: main_thread(py)? }))
    }
}

/// A scan as Arrow's interface reads it.
struct Reader {
    shared: Arc<Shared>,
    /// The thread that signals are for.
    main: u64,
}

fn main_thread(py: Python<'_>) -> PyResult<u64> {
    static MAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    MAIN.import(py, "threading", "main_thread")?.call0()?.getattr("ident")?.extract()
}

impl Reader {
    /// Waits for a batch. Whoever asks may hold the interpreter or not; only of the main thread can it be asked for, as
    /// that is nobody who another thread that holds it waits for. It is also the one that signals are for.
    fn wait(&self) -> Result<OwnedMutexGuard<Reading>, Failure> {
        let handle = runtime::handle()?;
        let read = || self.shared.read();
        let there = {
            let _context = handle.enter();
            read().now_or_never()
        };
        if let Some(reading) = there {
            return Ok(reading);
        }
        if self.main != this_thread() {
            return Ok(call::wait(&handle, read(), None, || Ok(()))?);
        }
        let look = || Python::attach(|py| py.check_signals());
        let wait = || call::wait(&handle, read(), None, look);
        Python::attach(|py| py.detach(wait)).map_err(Failure::from)
    }
}

/// The number that Python has for this thread.
fn this_thread() -> u64 {
    #[expect(unsafe_code, reason = "the interpreter's functions are foreign")]
    mod foreign {
        unsafe extern "C" {
            // Of the stable ABI; it asks nothing of the interpreter, so that any thread may call it.
            pub(super) safe fn PyThread_get_thread_ident() -> std::ffi::c_ulong;
        }
    }
    foreign::PyThread_get_thread_ident() as u64
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = match self.wait() {
            Ok(mut reading) => reading.read.take()?,
            Err(Failure::Python(error)) => {
                // Whoever reads the stream knows only errors of Arrow; the signal comes back once it has returned.
                Python::attach(|py| {
                    let again = py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"));
                    drop(again);
                    drop(error);
                });
                return Some(Err(ArrowError::ExternalError("the scan was interrupted".into())));
            }
            Err(failure) => return Some(Err(ArrowError::ExternalError(failure.text().into()))),
        };
        let given = read.map_err(|error| ArrowError::ExternalError(Box::new(error)));
        Some(given.and_then(|scanned| Ok(self.shared.given(scanned)?.batch)))
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.shared.schema)
    }
}

/// The columns behind the metadata columns, by the names that Fluss reserves for them.
fn with_metadata_fields(schema: &ArrowSchema) -> SchemaRef {
    let timestamp = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let mut fields = vec![
        Arc::new(Field::new("__partition", DataType::Int64, true)),
        Arc::new(Field::new("__bucket", DataType::Int32, false)),
        Arc::new(Field::new("__offset", DataType::Int64, true)),
        Arc::new(Field::new("__timestamp", timestamp, true)),
        Arc::new(Field::new("__change_type", DataType::Utf8, false)),
    ];
    fields.extend(schema.fields().iter().cloned());
    Arc::new(ArrowSchema::new(fields))
}

/// Rows behind their metadata. Current rows of a keyed table have no offset and no timestamp, and are inserted.
fn with_metadata(scanned: &ScanBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let rows = scanned.batch.num_rows();
    let current = scanned.offsets == Offsets::Unknown;
    let changes: Vec<&str> = match &scanned.changes {
        Some(changes) => changes.iter().map(|change| change.symbol()).collect(),
        None => vec![if current { ChangeType::Insert } else { ChangeType::Append }.symbol(); rows],
    };
    let offsets = match current {
        true => Int64Array::new_null(rows),
        false => Int64Array::from_iter_values(scanned.offsets().map(|offset| offset as i64)),
    };
    let bucket = i32::try_from(scanned.bucket.bucket).map_err(|error| ArrowError::ExternalError(error.into()))?;
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![scanned.bucket.partition; rows])),
        Arc::new(Int32Array::from(vec![bucket; rows])),
        Arc::new(offsets),
        Arc::new(TimestampMillisecondArray::from(vec![scanned.timestamp; rows]).with_timezone("UTC")),
        Arc::new(StringArray::from(changes)),
    ];
    columns.extend(scanned.batch.columns().iter().cloned());
    RecordBatch::try_new(Arc::clone(schema), columns)
}
