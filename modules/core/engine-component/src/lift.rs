//! What goes out: types of the engine into those of the WIT.

use std::time::Duration;

use thalweg_contract::{
    Acks, Action, Answer, Assignment, Bucket, ChangeType, Codec, Counters, DatabaseInfo, Error, ErrorCode, Event, Fate,
    Found, Piece, Range, RowSelection, Scanned, Settings, TableInfo, Work,
};

use crate::{
    bindings::{catalog, wit, wit_codec},
    table,
};

pub(crate) fn error(error: Error) -> catalog::Error {
    let code = match error.code {
        ErrorCode::Invalid(text) => catalog::ErrorCode::Invalid(text),
        ErrorCode::Unsupported(text) => catalog::ErrorCode::Unsupported(text),
        ErrorCode::Full { needed } => catalog::ErrorCode::Full(needed),
        ErrorCode::Closed => catalog::ErrorCode::Closed,
        ErrorCode::Cancelled => catalog::ErrorCode::Cancelled,
        ErrorCode::Unavailable(text) => catalog::ErrorCode::Unavailable(text),
        ErrorCode::TimedOut(text) => catalog::ErrorCode::TimedOut(text),
        ErrorCode::Server { code, name, message } => {
            catalog::ErrorCode::Server(catalog::ServerError { code, name, message })
        }
        ErrorCode::Corrupt(text) => catalog::ErrorCode::Corrupt(text),
        ErrorCode::Other(text) => catalog::ErrorCode::Other(text),
        other => catalog::ErrorCode::Other(other.to_string()),
    };
    catalog::Error { code, retriable: error.retriable }
}

pub(crate) fn properties(pairs: impl IntoIterator<Item = (String, String)>) -> Vec<catalog::Property> {
    pairs.into_iter().map(|(key, value)| catalog::Property { key, value }).collect()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

pub(crate) fn settings(settings: Settings) -> wit::Settings {
    let (connection, write, scan, lookup) = (settings.connection, settings.write, settings.scan, settings.lookup);
    wit::Settings {
        connection: wit::ConnectionSettings {
            bootstrap: connection.bootstrap,
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

pub(crate) fn counters(counters: Counters) -> wit::Counters {
    wit::Counters {
        rows_taken: counters.rows_taken,
        rows_acknowledged: counters.rows_acknowledged,
        rows_failed: counters.rows_failed,
        rows_scanned: counters.rows_scanned,
        bytes_sent: counters.bytes_sent,
        batches_sent: counters.batches_sent,
        batches_retried: counters.batches_retried,
        buffered: counters.buffered,
    }
}

pub(crate) fn action(action: Action) -> wit::Action {
    match action {
        Action::Connect { connection, address } => wit::Action::Connect((connection, address)),
        Action::Send { connection, pieces } => wit::Action::Send((connection, pieces.into_iter().map(piece).collect())),
        Action::Close { connection } => wit::Action::Close(connection),
        Action::WakeAt(at) => wit::Action::WakeAt(at),
        Action::Work { id, work: what } => wit::Action::Work((id, work(what))),
        Action::Release(buffer) => wit::Action::Release(buffer),
        Action::Event(what) => wit::Action::Event(event(what)),
    }
}

fn piece(piece: Piece) -> wit::Piece {
    match piece {
        Piece::Inline(bytes) => wit::Piece::Inline(bytes),
        Piece::Held(held) => wit::Piece::Held(range(held)),
    }
}

fn range(range: Range) -> wit::Range {
    wit::Range { buffer: range.buffer, offset: range.offset, length: range.length }
}

fn codec(codec: Codec) -> wit_codec::Codec {
    match codec {
        Codec::None => wit_codec::Codec::None,
        Codec::Lz4Frame => wit_codec::Codec::Lz4Frame,
        Codec::Zstd => wit_codec::Codec::Zstd,
    }
}

fn work(work: Work) -> wit::Work {
    match work {
        Work::Encode { codec: how, level, buffers } => {
            wit::Work::Encode(wit_codec::EncodeInput { codec: codec(how), level, buffers })
        }
        Work::Decode { checked, codec: how, buffers } => wit::Work::Decode(wit::DecodeWork {
            checked: checked.map(range),
            codec: codec(how),
            buffers: buffers.into_iter().map(|(part, plain)| (range(part), plain)).collect(),
        }),
        Work::Keep(bytes) => wit::Work::Keep(bytes),
    }
}

fn event(event: Event) -> wit::Event {
    match event {
        Event::Opened { ticket, result } => {
            let opened = result.map(|(handle, info)| (handle, table_info(*info)));
            wit::Event::Opened((ticket, opened.map_err(error)))
        }
        Event::Settled { ticket, fates } => {
            let fates = fates.into_iter().map(|(rows, what)| (selection(rows), fate(what)));
            wit::Event::Settled((ticket, fates.collect()))
        }
        Event::Flushed { ticket } => wit::Event::Flushed(ticket),
        Event::Writable => wit::Event::Writable,
        Event::Rows { ticket, scanned: rows } => wit::Event::Rows((ticket, scanned(rows))),
        Event::Snapshot { ticket, offset } => wit::Event::Snapshot((ticket, offset)),
        Event::Found { ticket, result } => wit::Event::Found((ticket, result.map(found).map_err(error))),
        Event::Ended { ticket, result } => wit::Event::Ended((ticket, result.map_err(error))),
        Event::Answered { ticket, result } => wit::Event::Answered((ticket, result.map(answer).map_err(error))),
        Event::Closed => wit::Event::Closed,
    }
}

fn bucket(bucket: Bucket) -> catalog::Bucket {
    catalog::Bucket { partition: bucket.partition, bucket: bucket.bucket }
}

fn selection(rows: RowSelection) -> catalog::RowSelection {
    match rows {
        RowSelection::Span { first, count } => catalog::RowSelection::Span((first, count)),
        RowSelection::Rows(rows) => catalog::RowSelection::Rows(rows),
    }
}

fn fate(fate: Fate) -> catalog::Fate {
    match fate {
        Fate::Acknowledged { bucket: place, first, end } => {
            catalog::Fate::Acknowledged(catalog::Acknowledgement { bucket: bucket(place), first, end })
        }
        Fate::Failed { error: cause, may_have_been_written } => {
            catalog::Fate::Failed(catalog::Failure { error: error(cause), may_have_been_written })
        }
    }
}

fn scanned(scanned: Scanned) -> wit::Scanned {
    wit::Scanned {
        bucket: bucket(scanned.bucket),
        schema_id: scanned.schema_id,
        offset: scanned.offset,
        timestamp: scanned.timestamp,
        first: scanned.first,
        rows: scanned.rows,
        changes: scanned.changes.map(ChangeType::into_bytes),
        metadata: scanned.metadata,
        body: piece(scanned.body),
    }
}

fn found(found: Found) -> wit::Found {
    wit::Found { counts: found.counts, rows: found.rows, metadata: found.metadata, body: found.body }
}

fn table_info(info: TableInfo) -> catalog::TableInfo {
    catalog::TableInfo {
        path: catalog::TablePath { database: info.path.database, table: info.path.table },
        table_id: info.table_id,
        schema_id: info.schema_id,
        descriptor: table::lift(info.descriptor),
        created: info.created,
        modified: info.modified,
    }
}

fn database(info: DatabaseInfo) -> catalog::DatabaseInfo {
    catalog::DatabaseInfo {
        name: info.name,
        comment: info.comment,
        custom_properties: properties(info.custom_properties),
        created: info.created,
        modified: info.modified,
    }
}

fn answer(answer: Answer) -> catalog::Answer {
    match answer {
        Answer::Done => catalog::Answer::Done,
        Answer::Names(names) => catalog::Answer::Names(names),
        Answer::Database(info) => catalog::Answer::Database(database(info)),
        Answer::Table(info) => catalog::Answer::Table(table_info(*info)),
        Answer::Offsets(offsets) => {
            let offsets = offsets.into_iter().map(|known| catalog::BucketOffsets {
                bucket: bucket(known.bucket),
                earliest: known.earliest,
                latest: known.latest,
                rows: known.rows,
            });
            catalog::Answer::Offsets(offsets.collect())
        }
        Answer::Partitions(partitions) => {
            let partitions = partitions.into_iter().map(|info| catalog::PartitionInfo {
                partition_id: info.partition_id,
                name: info.name,
                spec: properties(info.spec),
            });
            catalog::Answer::Partitions(partitions.collect())
        }
    }
}
