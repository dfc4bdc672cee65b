//! What comes in: types of the WIT into those of the engine.

use std::time::Duration;

use thalweg_contract::{
    Acks, Assignment, Bucket, ConnectionSettings, End, Error, LookupSettings, Request, ScanSettings, ScanSpec,
    Settings, Start, WorkOutput, WriteSettings,
};
use thalweg_wire::{
    column::{Batch, Column, Values},
    table::TablePath,
};

use crate::{
    bindings::{catalog, types, wit},
    table,
};

/// Rows, borrowed from what the caller handed over.
pub(crate) fn batch(batch: &types::Batch) -> Batch<'_> {
    let columns = batch
        .columns
        .iter()
        .map(|column| Column { validity: column.validity.as_deref(), values: values(&column.values) });
    Batch { rows: batch.rows as usize, columns: columns.collect() }
}

fn values(values: &types::Values) -> Values<'_> {
    match values {
        types::Values::Bits(bits) => Values::Bits(bits),
        types::Values::Int8(numbers) => Values::Int8(numbers),
        types::Values::Int16(numbers) => Values::Int16(numbers),
        types::Values::Int32(numbers) => Values::Int32(numbers),
        types::Values::Int64(numbers) => Values::Int64(numbers),
        types::Values::Float32(numbers) => Values::Float32(numbers),
        types::Values::Float64(numbers) => Values::Float64(numbers),
        types::Values::Fixed(bytes) => Values::Fixed(bytes),
        types::Values::Spans(spans) => Values::Spans { offsets: &spans.offsets, bytes: &spans.bytes },
        types::Values::Offsets(offsets) => Values::Offsets(offsets),
        types::Values::None => Values::None,
    }
}

pub(crate) fn path(path: catalog::TablePath) -> TablePath {
    TablePath { database: path.database, table: path.table }
}

fn pairs(properties: Vec<catalog::Property>) -> Vec<(String, String)> {
    properties.into_iter().map(|property| (property.key, property.value)).collect()
}

pub(crate) fn settings(settings: wit::Settings) -> Settings {
    let (connection, write, scan, lookup) = (settings.connection, settings.write, settings.scan, settings.lookup);
    Settings {
        connection: ConnectionSettings {
            bootstrap: connection.bootstrap,
            connect_timeout: Duration::from_micros(connection.connect_timeout),
            request_timeout: Duration::from_micros(connection.request_timeout),
            backoff: Duration::from_micros(connection.backoff),
            backoff_limit: Duration::from_micros(connection.backoff_limit),
            frame_limit: connection.frame_limit,
            metadata_age: Duration::from_micros(connection.metadata_age),
            command_timeout: Duration::from_micros(connection.command_timeout),
        },
        write: WriteSettings {
            buffer_limit: write.buffer_limit,
            batch_bytes: write.batch_bytes,
            batch_rows: write.batch_rows,
            linger: Duration::from_micros(write.linger),
            request_bytes: write.request_bytes,
            in_flight: write.in_flight,
            idempotent: write.idempotent,
            acks: match write.acks {
                wit::Acks::All => Acks::All,
                wit::Acks::Leader => Acks::Leader,
                wit::Acks::None => Acks::None,
            },
            delivery_timeout: Duration::from_micros(write.delivery_timeout),
            assignment: match write.assignment {
                wit::Assignment::Sticky => Assignment::Sticky,
                wit::Assignment::RoundRobin => Assignment::RoundRobin,
            },
            create_partitions: write.create_partitions,
        },
        scan: ScanSettings {
            fetch_bytes: scan.fetch_bytes,
            bucket_bytes: scan.bucket_bytes,
            min_bytes: scan.min_bytes,
            max_wait: Duration::from_micros(scan.max_wait),
            batch_limit: scan.batch_limit,
            partition_interval: Duration::from_micros(scan.partition_interval),
        },
        lookup: LookupSettings {
            request_keys: lookup.request_keys,
            in_flight: lookup.in_flight,
            misplaced: lookup.misplaced,
        },
    }
}

pub(crate) fn bucket(bucket: catalog::Bucket) -> Bucket {
    Bucket { partition: bucket.partition, bucket: bucket.bucket }
}

pub(crate) fn scan_spec(spec: catalog::ScanSpec) -> ScanSpec {
    ScanSpec {
        columns: spec.columns,
        buckets: spec.buckets.into_iter().map(bucket).collect(),
        partitions: spec.partitions,
        start: match spec.start {
            catalog::Start::Earliest => Start::Earliest,
            catalog::Start::Latest => Start::Latest,
            catalog::Start::Offset(offset) => Start::Offset(offset),
            catalog::Start::Timestamp(time) => Start::Timestamp(time),
            catalog::Start::Offsets(offsets) => {
                Start::Offsets(offsets.into_iter().map(|(place, offset)| (bucket(place), offset)).collect())
            }
        },
        end: match spec.end {
            catalog::End::Never => End::Never,
            catalog::End::Latest => End::Latest,
            catalog::End::Offset(offset) => End::Offset(offset),
            catalog::End::Timestamp(time) => End::Timestamp(time),
        },
    }
}

/// A catalogue request; fails on a table description that is none.
pub(crate) fn request(request: catalog::Request) -> Result<Request, Error> {
    Ok(match request {
        catalog::Request::CreateDatabase((name, comment, properties, if_not_exists)) => {
            Request::CreateDatabase { name, comment, properties: pairs(properties), if_not_exists }
        }
        catalog::Request::DropDatabase((name, if_exists, cascade)) => {
            Request::DropDatabase { name, if_exists, cascade }
        }
        catalog::Request::ListDatabases => Request::ListDatabases,
        catalog::Request::ShowDatabase(name) => Request::ShowDatabase { name },
        catalog::Request::CreateTable((table_path, descriptor, if_not_exists)) => Request::CreateTable {
            path: path(table_path),
            descriptor: Box::new(table::lower(descriptor)?),
            if_not_exists,
        },
        catalog::Request::DropTable((table_path, if_exists)) => {
            Request::DropTable { path: path(table_path), if_exists }
        }
        catalog::Request::ListTables(database) => Request::ListTables { database },
        catalog::Request::ShowTable(table_path) => Request::ShowTable { path: path(table_path) },
        catalog::Request::AlterTable((table_path, set, remove)) => {
            Request::AlterTable { path: path(table_path), set: pairs(set), remove }
        }
        catalog::Request::ListOffsets(table_path) => Request::ListOffsets { path: path(table_path) },
        catalog::Request::ListPartitions(table_path) => Request::ListPartitions { path: path(table_path) },
        catalog::Request::CreatePartition((table_path, spec, if_not_exists)) => {
            Request::CreatePartition { path: path(table_path), spec: pairs(spec), if_not_exists }
        }
        catalog::Request::DropPartition((table_path, spec, if_exists)) => {
            Request::DropPartition { path: path(table_path), spec: pairs(spec), if_exists }
        }
    })
}

pub(crate) fn work_output(output: wit::WorkOutput) -> WorkOutput {
    match output {
        wit::WorkOutput::Encoded((buffer, lengths, checksum)) => WorkOutput::Encoded { buffer, lengths, checksum },
        wit::WorkOutput::Decoded((buffer, checksum)) => WorkOutput::Decoded { buffer, checksum },
        wit::WorkOutput::Failed(reason) => WorkOutput::Failed(reason),
    }
}
