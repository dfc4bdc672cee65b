//! Settings, actions, work and events: `wit/client/engine.wit` and `wit/client/codec.wit`.

/// Conversions of all of `thalweg:client/engine` that a host lets an engine have or gets of it, but commands and what
/// work gave; `engine` and `codec` are the modules of these interfaces. Needs `catalog_from_and_into_wit`.
#[macro_export]
macro_rules! engine_from_and_into_wit {
    ($engine:ident, $codec:ident) => {
        $crate::settings_from_and_into_wit!($engine);

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
            Found { ticket, result: convert },
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
            changes: check,
            metadata,
            body: convert,
        });
        $crate::wit_record!($engine::Found { counts, rows, metadata, body });
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

/// The settings of `thalweg:client/engine`.
#[doc(hidden)]
#[macro_export]
macro_rules! settings_from_and_into_wit {
    ($engine:ident) => {
        $crate::wit_record!($engine::Settings { connection: convert, write: convert, scan: convert, lookup: convert });
        $crate::wit_record!($engine::ConnectionSettings {
            bootstrap,
            connect_timeout: convert,
            request_timeout: convert,
            backoff: convert,
            backoff_limit: convert,
            frame_limit,
            metadata_age: convert,
            command_timeout: convert,
        });
        $crate::wit_record!($engine::WriteSettings {
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
        $crate::wit_variant!($engine::Acks { All, Leader, None });
        $crate::wit_variant!($engine::Assignment { Sticky, RoundRobin });
        $crate::wit_record!($engine::ScanSettings {
            fetch_bytes,
            bucket_bytes,
            min_bytes,
            max_wait: convert,
            batch_limit,
            partition_interval: convert,
        });
        $crate::wit_record!($engine::LookupSettings { request_keys, in_flight, misplaced });
    };
}
