//! Settings, actions, work and events: `wit/client/settings.wit`, `wit/client/engine.wit` and `wit/client/codec.wit`.

/// Conversions of all of `thalweg:client/engine` that a host lets an engine have or gets of it, but commands and inputs;
/// `engine` and `codec` are the modules of these interfaces. Needs `catalog_from_and_into_wit`.
#[macro_export]
macro_rules! engine_from_and_into_wit {
    ($engine:ident, $codec:ident) => {
        $crate::wit_record!($engine::HostOptions { work: convert, rows: convert });
        $crate::wit_variant!($engine::Workplace { Outside, Inside });
        $crate::wit_variant!($engine::RowForm { Message, Columns });

        $crate::wit_variant!(try $engine::Action {
            Connect { connection, address },
            Send { connection, pieces: convert },
            Close { connection },
            WakeAt(at),
            Work { id, work: convert },
            Release(buffer),
            Event(event: check),
        });
        $crate::wit_record!($engine::Range { buffer, offset, length });
        $crate::wit_variant!($engine::Piece { Inline(bytes), Held(range: convert) });

        $crate::wit_variant!($codec::Codec { None, Lz4Frame, Zstd });
        $crate::wit_variant!($engine::Work {
            Encode in $codec::EncodeInput { codec: convert, level, buffers },
            Decode in $engine::DecodeWork { checked: convert, codec: convert, buffers: convert },
            Keep(bytes),
        });

        $crate::wit_variant!(try $engine::Event {
            Opened { ticket, result: check },
            Settled { ticket, fates: convert },
            Flushed { ticket },
            Writable,
            Rows { ticket, scanned: check },
            Snapshot { ticket, offset },
            Found { tickets, result: convert },
            Ended { ticket, result: convert },
            Answered { ticket, result: check },
            Closed,
        });
        $crate::wit_record!(try $engine::Scanned {
            bucket: convert,
            schema_id,
            offset,
            timestamp,
            first,
            rows,
            cost,
            changes: check,
            layout: convert,
            body: convert,
        });
        $crate::wit_record!($engine::Found { counts, rows, layout: convert, body });
        $crate::wit_variant!($engine::Layout { Message(metadata), Columns(columns: convert) });
        $crate::wit_record!($engine::ColumnParts {
            rows,
            validity: convert,
            offsets: convert,
            values: convert,
        });
        $crate::wit_record!($engine::Part { offset, length });
        $crate::wit_record!($engine::Counters {
            rows_taken,
            rows_acknowledged,
            rows_failed,
            rows_scanned,
            bytes_sent,
            batches_sent,
            batches_retried,
            buffered,
        });
    };
}

/// Conversions of `thalweg:client/settings`; `settings` is its module.
#[macro_export]
macro_rules! settings_from_and_into_wit {
    ($settings:ident) => {
        $crate::wit_record!($settings::Settings {
            connection: convert,
            write: convert,
            scan: convert,
            lookup: convert
        });
        $crate::wit_record!($settings::ConnectionSettings {
            bootstrap,
            connect_timeout: convert,
            request_timeout: convert,
            backoff: convert,
            backoff_limit: convert,
            frame_limit,
            metadata_age: convert,
            command_timeout: convert,
        } else login: None);
        $crate::wit_record!($settings::WriteSettings {
            buffer_limit,
            batch_bytes,
            batch_rows,
            linger: convert,
            request_bytes,
            in_flight,
            idempotent,
            acks: convert,
            delivery_timeout: convert,
            assignment: convert,
            create_partitions,
        });
        $crate::wit_variant!($settings::Acks { All, Leader, None });
        $crate::wit_variant!($settings::Assignment { Sticky, RoundRobin });
        $crate::wit_record!($settings::ScanSettings {
            fetch_bytes,
            bucket_bytes,
            min_bytes,
            max_wait: convert,
            batch_limit,
            partition_interval: convert,
        });
        $crate::wit_record!($settings::LookupSettings { request_keys, in_flight, misplaced });
    };
}

/// Conversions of what an engine is given beside rows, for components, which own it; a host lends it instead.
#[macro_export]
macro_rules! inputs_from_wit {
    ($engine:ident) => {
        $crate::wit_variant!($engine::Operation { Append, Upsert(columns), Delete, Lookup(insert), PrefixLookup });
        $crate::wit_record!($engine::Frame { connection, buffer, length, head: convert });
        $crate::wit_variant!($engine::Input {
            Connected(connection),
            Disconnected { connection, reason },
            Received(frame: convert),
            Bytes { connection, bytes: convert },
            Done { work, output: convert },
            Consumed(buffer),
            Demand { ticket, bytes },
        });
        $crate::wit_variant!($engine::WorkOutput {
            Encoded { buffer, lengths, checksum },
            Decoded { buffer, checksum },
            Failed(reason),
        });
    };
}
