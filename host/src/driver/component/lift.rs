//! What comes out of the engine component, as the client's types. What its interface cannot mean is a trap.

use thalweg_contract::{
    Action, ChangeType, Codec, Counters, Error, ErrorCode, Event, Fate, Found, Piece, Range, RowSelection, Scanned,
    Work,
};

use super::{
    super::instance::Trap,
    answer,
    bindings::{exports::thalweg::client::engine as wit, thalweg::client::catalog},
};

/// One action.
pub(super) fn action(action: wit::Action) -> Result<Action, Trap> {
    Ok(match action {
        wit::Action::Connect((connection, address)) => Action::Connect { connection, address },
        wit::Action::Send((connection, pieces)) => {
            Action::Send { connection, pieces: pieces.into_iter().map(piece).collect() }
        }
        wit::Action::Close(connection) => Action::Close { connection },
        wit::Action::WakeAt(instant) => Action::WakeAt(instant),
        wit::Action::Work((id, work)) => Action::Work { id, work: self::work(work) },
        wit::Action::Release(buffer) => Action::Release(buffer),
        wit::Action::Event(event) => Action::Event(self::event(event)?),
    })
}

fn piece(piece: wit::Piece) -> Piece {
    match piece {
        wit::Piece::Inline(bytes) => Piece::Inline(bytes),
        wit::Piece::Held(held) => Piece::Held(range(held)),
    }
}

fn range(range: wit::Range) -> Range {
    Range { buffer: range.buffer, offset: range.offset, length: range.length }
}

fn work(work: wit::Work) -> Work {
    match work {
        wit::Work::Encode(input) => {
            Work::Encode { codec: codec(input.codec), level: input.level, buffers: input.buffers }
        }
        wit::Work::Decode(input) => Work::Decode {
            checked: input.checked.map(range),
            codec: codec(input.codec),
            buffers: input.buffers.into_iter().map(|(held, length)| (range(held), length)).collect(),
        },
        wit::Work::Keep(bytes) => Work::Keep(bytes),
    }
}

fn codec(codec: wit::Codec) -> Codec {
    match codec {
        wit::Codec::None => Codec::None,
        wit::Codec::Lz4Frame => Codec::Lz4Frame,
        wit::Codec::Zstd => Codec::Zstd,
    }
}

fn event(event: wit::Event) -> Result<Event, Trap> {
    Ok(match event {
        wit::Event::Opened((ticket, result)) => Event::Opened {
            ticket,
            result: match result {
                Ok((table, info)) => Ok((table, Box::new(answer::table_info(info)?))),
                Err(error) => Err(self::error(error)),
            },
        },
        wit::Event::Settled((ticket, fates)) => Event::Settled {
            ticket,
            fates: fates.into_iter().map(|(rows, fate)| (selection(rows), self::fate(fate))).collect(),
        },
        wit::Event::Flushed(ticket) => Event::Flushed { ticket },
        wit::Event::Writable => Event::Writable,
        wit::Event::Rows((ticket, rows)) => Event::Rows { ticket, scanned: scanned(rows)? },
        wit::Event::Snapshot((ticket, offset)) => Event::Snapshot { ticket, offset },
        wit::Event::Found((ticket, result)) => Event::Found { ticket, result: result.map(found).map_err(error) },
        wit::Event::Ended((ticket, result)) => Event::Ended { ticket, result: result.map_err(error) },
        wit::Event::Answered((ticket, result)) => Event::Answered {
            ticket,
            result: match result {
                Ok(given) => Ok(answer::answer(given)?),
                Err(error) => Err(self::error(error)),
            },
        },
        wit::Event::Closed => Event::Closed,
    })
}

fn selection(rows: catalog::RowSelection) -> RowSelection {
    match rows {
        catalog::RowSelection::Span((first, count)) => RowSelection::Span { first, count },
        catalog::RowSelection::Rows(rows) => RowSelection::Rows(rows),
    }
}

fn fate(fate: catalog::Fate) -> Fate {
    match fate {
        catalog::Fate::Acknowledged(at) => {
            Fate::Acknowledged { bucket: answer::bucket(at.bucket), first: at.first, end: at.end }
        }
        catalog::Fate::Failed(failure) => {
            Fate::Failed { error: error(failure.error), may_have_been_written: failure.may_have_been_written }
        }
    }
}

fn scanned(rows: wit::Scanned) -> Result<Scanned, Trap> {
    let changes = rows.changes.map(ChangeType::from_bytes).transpose();
    Ok(Scanned {
        bucket: answer::bucket(rows.bucket),
        schema_id: rows.schema_id,
        offset: rows.offset,
        timestamp: rows.timestamp,
        first: rows.first,
        rows: rows.rows,
        changes: changes.map_err(|unknown| Trap(format!("the engine gives rows of which {unknown}")))?,
        metadata: rows.metadata,
        body: piece(rows.body),
    })
}

fn found(found: wit::Found) -> Found {
    Found { counts: found.counts, rows: found.rows, metadata: found.metadata, body: found.body }
}

/// An error of the engine's.
pub(super) fn error(error: catalog::Error) -> Error {
    use catalog::ErrorCode as In;
    let code = match error.code {
        In::Invalid(text) => ErrorCode::Invalid(text),
        In::Unsupported(text) => ErrorCode::Unsupported(text),
        In::Full(needed) => ErrorCode::Full { needed },
        In::Closed => ErrorCode::Closed,
        In::Cancelled => ErrorCode::Cancelled,
        In::Unavailable(text) => ErrorCode::Unavailable(text),
        In::TimedOut(text) => ErrorCode::TimedOut(text),
        In::Server(server) => ErrorCode::Server { code: server.code, name: server.name, message: server.message },
        In::Corrupt(text) => ErrorCode::Corrupt(text),
        In::Other(text) => ErrorCode::Other(text),
    };
    Error { code, retriable: error.retriable }
}

/// The counters.
pub(super) fn counters(counters: wit::Counters) -> Counters {
    Counters {
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
