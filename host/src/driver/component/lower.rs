//! What goes into the engine component: the client's types as those of its interface, borrowed where they are large.

use std::{collections::BTreeMap, time::Duration};

use thalweg_contract::{Acks, Assignment, Bucket, End, Request, ScanSpec, Settings, Start};
use thalweg_wire::{
    column::{Batch, Column, Values},
    table::{ColumnType, DataType, Schema, TableDescriptor, TablePath},
};

use super::bindings::{
    exports::thalweg::client::engine as wit,
    thalweg::{client::catalog, module::types},
};

/// `settings`.
pub(super) fn settings(settings: &Settings) -> wit::Settings {
    let (connection, write, scan, lookup) = (&settings.connection, &settings.write, &settings.scan, &settings.lookup);
    wit::Settings {
        connection: wit::ConnectionSettings {
            bootstrap: connection.bootstrap.clone(),
            connect_timeout: micros(connection.connect_timeout),
            request_timeout: micros(connection.request_timeout),
            backoff: micros(connection.backoff),
            backoff_limit: micros(connection.backoff_limit),
            frame_limit: connection.frame_limit,
            metadata_age: micros(connection.metadata_age),
            command_timeout: micros(connection.command_timeout),
        },
        write: wit::WriteSettings {
            buffer_limit: write.buffer_limit,
            batch_bytes: write.batch_bytes,
            batch_rows: write.batch_rows,
            linger: micros(write.linger),
            request_bytes: write.request_bytes,
            in_flight: write.in_flight,
            idempotent: write.idempotent,
            acks: match write.acks {
                Acks::All => wit::Acks::All,
                Acks::Leader => wit::Acks::Leader,
                Acks::None => wit::Acks::None,
            },
            delivery_timeout: micros(write.delivery_timeout),
            assignment: match write.assignment {
                Assignment::Sticky => wit::Assignment::Sticky,
                Assignment::RoundRobin => wit::Assignment::RoundRobin,
            },
            create_partitions: write.create_partitions,
        },
        scan: wit::ScanSettings {
            fetch_bytes: scan.fetch_bytes,
            bucket_bytes: scan.bucket_bytes,
            min_bytes: scan.min_bytes,
            max_wait: micros(scan.max_wait),
            batch_limit: scan.batch_limit,
            partition_interval: micros(scan.partition_interval),
        },
        lookup: wit::LookupSettings {
            request_keys: lookup.request_keys,
            in_flight: lookup.in_flight,
            misplaced: lookup.misplaced,
        },
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The columns of a batch, to be borrowed by a `batch`.
pub(super) fn columns<'a>(batch: &Batch<'a>) -> Vec<types::Column<'a>> {
    batch.columns.iter().map(column).collect()
}

fn column<'a>(column: &Column<'a>) -> types::Column<'a> {
    let values = match column.values {
        Values::Bits(values) => types::Values::Bits(values),
        Values::Int8(values) => types::Values::Int8(values),
        Values::Int16(values) => types::Values::Int16(values),
        Values::Int32(values) => types::Values::Int32(values),
        Values::Int64(values) => types::Values::Int64(values),
        Values::Float32(values) => types::Values::Float32(values),
        Values::Float64(values) => types::Values::Float64(values),
        Values::Fixed(values) => types::Values::Fixed(values),
        Values::Spans { offsets, bytes } => types::Values::Spans(types::Spans { offsets, bytes }),
        Values::Offsets(offsets) => types::Values::Offsets(offsets),
        Values::None => types::Values::None,
    };
    types::Column { validity: column.validity, values }
}

/// `bucket`.
pub(super) fn bucket(bucket: &Bucket) -> catalog::Bucket {
    catalog::Bucket { partition: bucket.partition, bucket: bucket.bucket }
}

/// Calls `with` with the `scan-spec`, whose parts live as long as the call.
pub(super) fn scan_spec<T>(spec: &ScanSpec, with: impl FnOnce(catalog::ScanSpec<'_>) -> T) -> T {
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
        end: match spec.end {
            End::Never => catalog::End::Never,
            End::Latest => catalog::End::Latest,
            End::Offset(offset) => catalog::End::Offset(offset),
            End::Timestamp(time) => catalog::End::Timestamp(time),
        },
    })
}

/// `table-path`.
pub(super) fn path(path: &TablePath) -> catalog::TablePath {
    catalog::TablePath { database: path.database.clone(), table: path.table.clone() }
}

/// Calls `with` with the request, whose parts live as long as the call.
pub(super) fn request<T>(request: &Request, with: impl FnOnce(catalog::Request<'_>) -> T) -> T {
    use catalog::Request as Out;
    match request {
        Request::CreateDatabase { name, comment, properties, if_not_exists } => with_properties(properties, |list| {
            with(Out::CreateDatabase((name, comment.as_deref(), list, *if_not_exists)))
        }),
        Request::DropDatabase { name, if_exists, cascade } => with(Out::DropDatabase((name, *if_exists, *cascade))),
        Request::ListDatabases => with(Out::ListDatabases),
        Request::ShowDatabase { name } => with(Out::ShowDatabase(name)),
        Request::CreateTable { path: name, descriptor: table, if_not_exists } => {
            with(Out::CreateTable((&path(name), &descriptor(table), *if_not_exists)))
        }
        Request::DropTable { path: name, if_exists } => with(Out::DropTable((&path(name), *if_exists))),
        Request::ListTables { database } => with(Out::ListTables(database)),
        Request::ShowTable { path: name } => with(Out::ShowTable(&path(name))),
        Request::AlterTable { path: name, set, remove } => {
            let remove: Vec<&str> = remove.iter().map(String::as_str).collect();
            with_properties(set, |set| with(Out::AlterTable((&path(name), set, &remove))))
        }
        Request::ListOffsets { path: name } => with(Out::ListOffsets(&path(name))),
        Request::ListPartitions { path: name } => with(Out::ListPartitions(&path(name))),
        Request::CreatePartition { path: name, spec, if_not_exists } => {
            with_properties(spec, |spec| with(Out::CreatePartition((&path(name), spec, *if_not_exists))))
        }
        Request::DropPartition { path: name, spec, if_exists } => {
            with_properties(spec, |spec| with(Out::DropPartition((&path(name), spec, *if_exists))))
        }
    }
}

fn with_properties<T>(properties: &[(String, String)], with: impl FnOnce(&[&catalog::Property]) -> T) -> T {
    let owned: Vec<_> = properties.iter().map(property).collect();
    let borrowed: Vec<_> = owned.iter().collect();
    with(&borrowed)
}

fn property((key, value): &(String, String)) -> catalog::Property {
    catalog::Property { key: key.clone(), value: value.clone() }
}

fn descriptor(descriptor: &TableDescriptor) -> catalog::TableDescriptor {
    let properties = |map: &BTreeMap<String, String>| {
        map.iter().map(|(key, value)| catalog::Property { key: key.clone(), value: value.clone() }).collect()
    };
    catalog::TableDescriptor {
        schema: schema(&descriptor.schema),
        column_comments: descriptor.schema.columns.iter().map(|column| column.comment.clone()).collect(),
        aggregations: descriptor.schema.columns.iter().map(aggregation).collect(),
        comment: descriptor.comment.clone(),
        partition_keys: descriptor.partition_keys.clone(),
        bucket_keys: descriptor.bucket_keys.clone(),
        bucket_count: descriptor.bucket_count,
        properties: properties(&descriptor.properties),
        custom_properties: properties(&descriptor.custom_properties),
    }
}

fn aggregation(column: &thalweg_wire::table::Column) -> Option<catalog::Aggregation> {
    let (function, parameters) = column.aggregation.as_ref()?;
    Some(catalog::Aggregation { function: function.clone(), parameters: parameters.iter().map(property).collect() })
}

/// A schema with its fields flattened depth first.
pub(super) fn schema(schema: &Schema) -> types::Schema {
    let mut fields = Vec::with_capacity(schema.columns.len());
    let columns: Vec<u32> =
        schema.columns.iter().map(|column| flatten(&column.name, &column.column_type, &mut fields)).collect();
    let primary_key = schema.primary_key.iter().filter_map(|position| columns.get(*position).copied()).collect();
    types::Schema { fields, columns, primary_key }
}

/// Adds a field and then its children; gives its position.
fn flatten(name: &str, column_type: &ColumnType, fields: &mut Vec<types::Field>) -> u32 {
    let position = fields.len();
    fields.push(types::Field {
        name: name.to_owned(),
        data_type: types::DataType::Boolean,
        nullable: column_type.nullable,
    });
    let data_type = match &column_type.data_type {
        DataType::Array(element) => types::DataType::Array(flatten("element", element, fields)),
        DataType::Map(key, value) => {
            types::DataType::Dictionary((flatten("key", key, fields), flatten("value", value, fields)))
        }
        DataType::Row(children) => types::DataType::Row(
            children.iter().map(|child| flatten(&child.name, &child.column_type, fields)).collect(),
        ),
        simple => simple_type(simple),
    };
    fields[position].data_type = data_type;
    position as u32
}

fn simple_type(data_type: &DataType) -> types::DataType {
    use types::DataType as Out;
    match data_type {
        DataType::Boolean => Out::Boolean,
        DataType::TinyInt => Out::Tinyint,
        DataType::SmallInt => Out::Smallint,
        DataType::Int => Out::Int,
        DataType::BigInt => Out::Bigint,
        DataType::Float => Out::Float,
        DataType::Double => Out::Double,
        DataType::Decimal { precision, scale } => Out::Decimal((*precision, *scale)),
        DataType::Char(length) => Out::FixedText(*length),
        DataType::String => Out::Text,
        DataType::Binary(length) => Out::FixedBytes(*length),
        DataType::Bytes => Out::Bytes,
        DataType::Date => Out::Date,
        DataType::Time(precision) => Out::Time(*precision),
        DataType::Timestamp(precision) => Out::Timestamp(*precision),
        DataType::TimestampLtz(precision) => Out::TimestampLtz(*precision),
        DataType::Array(_) => Out::Other("ARRAY".to_owned()),
        DataType::Map(..) => Out::Other("MAP".to_owned()),
        DataType::Row(_) => Out::Other("ROW".to_owned()),
    }
}
