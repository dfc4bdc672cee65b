//! Requests, scans, rows and what happened: lent to the engine for a call, not copied.

use thalweg_contract::{
    Bucket, Command, Input, Operation, Request, ScanSpec, Start, TableDescriptor, TablePath, WorkOutput, wit::IntoWit,
};

use super::{catalog, engine, types};

/// Calls `with` with the scan, whose parts live as long as the call.
pub(crate) fn scan_spec<T>(spec: &ScanSpec, with: impl FnOnce(catalog::ScanSpec<'_>) -> T) -> T {
    let bucket = |bucket: &Bucket| -> catalog::Bucket { (*bucket).into_wit() };
    let buckets: Vec<_> = spec.buckets.iter().map(bucket).collect();
    let partitions: Vec<&str> = spec.partitions.iter().map(String::as_str).collect();
    let offsets: Vec<_> = match &spec.start {
        Start::Offsets(offsets) => offsets.iter().map(|(place, offset)| (bucket(place), *offset)).collect(),
        _ => Vec::new(),
    };
    with(catalog::ScanSpec {
        columns: spec.columns.as_deref(),
        buckets: &buckets,
        partitions: &partitions,
        start: match spec.start {
            Start::Earliest => catalog::Start::Earliest,
            Start::Latest => catalog::Start::Latest,
            Start::Offset(offset) => catalog::Start::Offset(offset),
            Start::Timestamp(time) => catalog::Start::Timestamp(time),
            Start::Offsets(_) => catalog::Start::Offsets(&offsets),
        },
        end: spec.end.into_wit(),
    })
}

/// What a request asks: most go in at `ask`.
pub(crate) enum Asked<'a> {
    /// At `ask`.
    Request(catalog::Request<'a>),
    /// At `add-columns`.
    Columns(&'a catalog::TablePath, &'a catalog::TableDescriptor),
    /// Nowhere: the interface has no words for it.
    Nowhere,
}

/// Calls `with` with the request, whose parts live as long as the call.
pub(crate) fn request<T>(request: &Request, with: impl FnOnce(Asked<'_>) -> T) -> T {
    use catalog::Request as Out;
    match request {
        Request::CreateDatabase { name, comment, properties, if_not_exists } => with_properties(properties, |list| {
            with(Asked::Request(Out::CreateDatabase((name, comment.as_deref(), list, *if_not_exists))))
        }),
        Request::DropDatabase { name, if_exists, cascade } => {
            with(Asked::Request(Out::DropDatabase((name, *if_exists, *cascade))))
        }
        Request::ListDatabases => with(Asked::Request(Out::ListDatabases)),
        Request::ShowDatabase { name } => with(Asked::Request(Out::ShowDatabase(name))),
        Request::CreateTable { path: name, descriptor, if_not_exists } => {
            with(Asked::Request(Out::CreateTable((&path(name), &descriptor.clone().into_wit(), *if_not_exists))))
        }
        Request::DropTable { path: name, if_exists } => with(Asked::Request(Out::DropTable((&path(name), *if_exists)))),
        Request::ListTables { database } => with(Asked::Request(Out::ListTables(database))),
        Request::ShowTable { path: name } => with(Asked::Request(Out::ShowTable(&path(name)))),
        Request::AlterTable { path: name, set, remove } => {
            let remove: Vec<&str> = remove.iter().map(String::as_str).collect();
            with_properties(set, |set| with(Asked::Request(Out::AlterTable((&path(name), set, &remove)))))
        }
        Request::AddColumns { path: name, columns } => {
            let columns = TableDescriptor::new((**columns).clone()).into_wit();
            with(Asked::Columns(&path(name), &columns))
        }
        Request::Cluster(_) => with(Asked::Nowhere),
        Request::ListOffsets { path: name } => with(Asked::Request(Out::ListOffsets(&path(name)))),
        Request::ListPartitions { path: name } => with(Asked::Request(Out::ListPartitions(&path(name)))),
        Request::CreatePartition { path: name, spec, if_not_exists } => with_properties(spec, |spec| {
            with(Asked::Request(Out::CreatePartition((&path(name), spec, *if_not_exists))))
        }),
        Request::DropPartition { path: name, spec, if_exists } => {
            with_properties(spec, |spec| with(Asked::Request(Out::DropPartition((&path(name), spec, *if_exists)))))
        }
    }
}

fn path(path: &TablePath) -> catalog::TablePath {
    path.clone().into_wit()
}

fn with_properties<T>(properties: &[(String, String)], with: impl FnOnce(&[&catalog::Property]) -> T) -> T {
    let owned: Vec<catalog::Property> = properties.iter().cloned().map(IntoWit::into_wit).collect();
    let borrowed: Vec<_> = owned.iter().collect();
    with(&borrowed)
}

/// A command; `columns` are those of its rows.
pub(crate) fn command<'a>(command: &'a Command<'_>, columns: &'a Vec<types::ColumnParam<'a>>) -> engine::Command<'a> {
    let operation = match &command.operation {
        Operation::Append => engine::Operation::Append,
        Operation::Upsert(columns) => engine::Operation::Upsert(columns.as_deref()),
        Operation::Delete => engine::Operation::Delete,
        Operation::Lookup(insert) => engine::Operation::Lookup(*insert),
        Operation::PrefixLookup => engine::Operation::PrefixLookup,
    };
    let rows = types::Batch { rows: command.rows.rows as u32, columns };
    engine::Command { table: command.table, operation, rows }
}

/// What happened; of a frame no more than `head` bytes.
pub(crate) fn input(input: &Input, head: usize) -> engine::Input<'_> {
    match input {
        Input::Connected(connection) => engine::Input::Connected(*connection),
        Input::Disconnected { connection, reason } => engine::Input::Disconnected((*connection, reason)),
        Input::Received(frame) => engine::Input::Received(engine::Frame {
            connection: frame.connection,
            buffer: frame.buffer,
            length: frame.length,
            head: frame.head.get(..head).unwrap_or(&frame.head),
        }),
        Input::Bytes { connection, bytes } => engine::Input::Bytes((*connection, bytes)),
        Input::Done { work, output } => engine::Input::Done((*work, work_output(output))),
        Input::Consumed(buffer) => engine::Input::Consumed(*buffer),
        Input::Demand { ticket, bytes } => engine::Input::Demand((*ticket, *bytes)),
    }
}

/// What work gave.
fn work_output(output: &WorkOutput) -> engine::WorkOutput<'_> {
    match output {
        WorkOutput::Encoded { buffer, lengths, checksum } => engine::WorkOutput::Encoded((*buffer, lengths, *checksum)),
        WorkOutput::Decoded { buffer, checksum } => engine::WorkOutput::Decoded((*buffer, *checksum)),
        WorkOutput::Failed(why) => engine::WorkOutput::Failed(why),
    }
}
