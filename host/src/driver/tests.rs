//! The loop, with an engine that follows a script and a server of a few lines.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use bytes::Bytes;
use thalweg_contract::{
    Action, Bucket, BufferId, Codec, ConnectionId, Counters, Error, ErrorCode, Event, Fate, Instant, Piece, Range,
    Request, RowSelection, ScanSpec, Settings, TableHandle, Ticket, Work, WorkId, WorkOutput,
};
use thalweg_wire::{column::Batch, table::TablePath};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::{mpsc, oneshot},
};

use super::{
    Change, Command, Driver, EngineInstance, Reach, RowCounts, Write,
    instance::Trap,
    task::{Clock, Ended},
};
use crate::columns::flatten;

/// What the driver told the engine.
#[derive(Debug, Clone, PartialEq)]
enum Call {
    Append(usize),
    Upsert(usize),
    Delete(usize),
    LimitScan(u32),
    ScanCurrent,
    Lookup(usize, bool),
    PrefixLookup(usize),
    Flush,
    Ask,
    Close,
    Connected(ConnectionId),
    Disconnected(String),
    Received(BufferId, Bytes),
    Done(WorkOutput),
    Tick,
    Consumed(BufferId),
}

/// What the script says to a call.
type Reply = Result<(Result<Ticket, Error>, Vec<Action>), Trap>;

/// An engine that follows a script.
struct Scripted<F> {
    script: F,
    actions: Vec<Action>,
    buffered: Arc<AtomicU64>,
}

impl<F: FnMut(Call) -> Reply> Scripted<F> {
    fn call(&mut self, call: Call) -> Result<Result<Ticket, Error>, Trap> {
        let (ticket, actions) = (self.script)(call)?;
        self.actions.extend(actions);
        Ok(ticket)
    }
}

impl<F: FnMut(Call) -> Reply + Send> EngineInstance for Scripted<F> {
    fn open_table(&mut self, _: Instant, _: TablePath) -> Result<Ticket, Trap> {
        Ok(0)
    }
    fn append(&mut self, _: Instant, _: TableHandle, rows: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::Append(rows.rows))
    }
    fn upsert(
        &mut self,
        _: Instant,
        _: TableHandle,
        _: Option<&[u32]>,
        rows: &Batch<'_>,
    ) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::Upsert(rows.rows))
    }
    fn delete(&mut self, _: Instant, _: TableHandle, keys: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::Delete(keys.rows))
    }
    fn flush(&mut self, _: Instant) -> Result<Ticket, Trap> {
        Ok(self.call(Call::Flush)?.unwrap())
    }
    fn scan(&mut self, _: Instant, _: TableHandle, _: ScanSpec) -> Result<Result<Ticket, Error>, Trap> {
        Ok(Ok(0))
    }
    fn limit_scan(&mut self, _: Instant, _: TableHandle, _: Bucket, limit: u32) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::LimitScan(limit))
    }
    fn scan_current(&mut self, _: Instant, _: TableHandle, _: Bucket) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::ScanCurrent)
    }
    fn lookup(
        &mut self,
        _: Instant,
        _: TableHandle,
        keys: &Batch<'_>,
        insert: bool,
    ) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::Lookup(keys.rows, insert))
    }
    fn prefix_lookup(&mut self, _: Instant, _: TableHandle, keys: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::PrefixLookup(keys.rows))
    }
    fn demand(&mut self, _: Instant, _: Ticket, _: u64) -> Result<(), Trap> {
        Ok(())
    }
    fn consumed(&mut self, buffer: BufferId) -> Result<(), Trap> {
        self.call(Call::Consumed(buffer)).map(drop)
    }
    fn ask(&mut self, _: Instant, _: Request) -> Result<Ticket, Trap> {
        Ok(self.call(Call::Ask)?.unwrap())
    }
    fn cancel(&mut self, _: Instant, _: Ticket) -> Result<(), Trap> {
        Ok(())
    }
    fn close(&mut self, _: Instant, _: Instant) -> Result<(), Trap> {
        self.call(Call::Close).map(drop)
    }
    fn connected(&mut self, _: Instant, connection: ConnectionId) -> Result<(), Trap> {
        self.call(Call::Connected(connection)).map(drop)
    }
    fn disconnected(&mut self, _: Instant, _: ConnectionId, reason: &str) -> Result<(), Trap> {
        self.call(Call::Disconnected(reason.to_owned())).map(drop)
    }
    fn received(&mut self, _: Instant, _: ConnectionId, buffer: BufferId, frame: Bytes) -> Result<(), Trap> {
        self.call(Call::Received(buffer, frame)).map(drop)
    }
    fn done(&mut self, _: Instant, _: WorkId, output: WorkOutput) -> Result<(), Trap> {
        self.call(Call::Done(output)).map(drop)
    }
    fn tick(&mut self, _: Instant) -> Result<(), Trap> {
        self.call(Call::Tick).map(drop)
    }
    fn poll(&mut self) -> Result<Vec<Action>, Trap> {
        Ok(std::mem::take(&mut self.actions))
    }
    fn statistics(&mut self) -> Result<Counters, Trap> {
        Ok(Counters { buffered: self.buffered.load(Ordering::Relaxed), ..Counters::default() })
    }
}

/// A driver under test.
struct Rig {
    commands: mpsc::UnboundedSender<Command>,
    calls: mpsc::UnboundedReceiver<Call>,
    buffered: Arc<AtomicU64>,
    ended: Arc<OnceLock<Ended>>,
    reach: Arc<Reach>,
}

impl Rig {
    /// Starts a driver with `settings`; `script` says what the engine does at each call.
    fn start(settings: Settings, mut script: impl FnMut(&Call) -> Reply + Send + 'static) -> Self {
        let (seen, calls) = mpsc::unbounded_channel();
        let buffered = Arc::new(AtomicU64::new(1));
        let script = move |call: Call| {
            let reply = script(&call);
            let _ = seen.send(call);
            reply
        };
        let engine = Scripted { script, actions: Vec::new(), buffered: Arc::clone(&buffered) };
        let (ended, reach) = (Arc::new(OnceLock::new()), Arc::new(Reach::default()));
        let driver = Driver::new(Box::new(engine), Clock::begin(), &settings, Arc::clone(&reach), Arc::clone(&ended));
        let (commands, receiver) = mpsc::unbounded_channel();
        tokio::spawn(driver.run(receiver));
        Self { commands, calls, buffered, ended, reach }
    }

    fn ask(&self) -> oneshot::Receiver<Result<thalweg_contract::Answer, Error>> {
        let (reply, answer) = oneshot::channel();
        let _ = self.commands.send(Command::Ask { request: Request::ListDatabases, reply });
        answer
    }

    fn append(&self, rows: usize) -> oneshot::Receiver<super::command::Accepted> {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1; rows]));
        let rows = flatten(&RecordBatch::try_from_iter([("a", column)]).unwrap()).unwrap();
        let (accepted, told) = oneshot::channel();
        let _ = self.commands.send(Command::Write(Write { table: 1, change: Change::Append, rows, accepted }));
        told
    }

    async fn call(&mut self) -> Call {
        within(self.calls.recv()).await.expect("the driver is still there")
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("it answers in time")
}

fn settings() -> Settings {
    Settings::new(vec!["unused:1".to_owned()])
}

fn nothing() -> Reply {
    Ok((Ok(1), vec![]))
}

fn acknowledged(ticket: Ticket, rows: u32) -> Action {
    let bucket = Bucket { partition: None, bucket: 0 };
    let fate = Fate::Acknowledged { bucket, first: Some(0), end: u64::from(rows) };
    Action::Event(Event::Settled { ticket, fates: vec![(RowSelection::Span { first: 0, count: rows }, fate)] })
}

#[tokio::test]
async fn frames_go_out_in_pieces_and_come_back_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        // One frame of 5 bytes that comes in two parts.
        socket.write_all(b"\0\0\0\x05he").await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        socket.write_all(b"llo").await.unwrap();
        let mut got = vec![0; (3 << 20) + 7];
        socket.read_exact(&mut got).await.unwrap();
        got
    });
    let mut rig = Rig::start(settings(), move |call| {
        Ok((
            Ok(1),
            match call {
                Call::Ask => vec![Action::Connect { connection: 4, address: address.clone() }],
                Call::Received(buffer, _) => vec![
                    Action::Send {
                        connection: 4,
                        pieces: vec![
                            Piece::Inline(b"say".to_vec()),
                            Piece::Held(Range { buffer: *buffer, offset: 1, length: 4 }),
                        ],
                    },
                    Action::Release(*buffer),
                    // Too long to be written at once: it follows the first in order.
                    Action::Send { connection: 4, pieces: vec![Piece::Inline(vec![7; 1 << 20]); 3] },
                ],
                _ => vec![],
            },
        ))
    });
    let _answer = rig.ask();
    assert_eq!(rig.call().await, Call::Ask);
    assert_eq!(rig.call().await, Call::Connected(4));
    assert!(matches!(rig.call().await, Call::Received(_, frame) if frame == "hello"));
    let got = within(server).await.unwrap();
    assert_eq!(got[..7], *b"sayello");
    assert!(got[7..].iter().all(|byte| *byte == 7));
    assert!(matches!(rig.call().await, Call::Disconnected(reason) if reason.contains("closed the connection")));
}

#[tokio::test]
async fn a_frame_past_the_limit_ends_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.write_all(&0x7fff_ffffu32.to_be_bytes()).await;
        let _ = socket.read(&mut [0]).await;
    });
    let mut settings = settings();
    settings.connection.frame_limit = 1000;
    let target = address.clone();
    let mut rig = Rig::start(settings, move |call| match call {
        Call::Ask => Ok((Ok(1), vec![Action::Connect { connection: 1, address: target.clone() }])),
        _ => nothing(),
    });
    let _answer = rig.ask();
    let (_, connected) = (rig.call().await, rig.call().await);
    assert_eq!(connected, Call::Connected(1));
    assert!(matches!(rig.call().await, Call::Disconnected(reason) if reason.contains("1000 bytes")));
    assert!(rig.reach.describe(&[address]).contains("1000 bytes"));
}

#[tokio::test]
async fn a_refused_connection_is_reported_with_its_reason() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let target = unused.clone();
    let mut rig = Rig::start(settings(), move |call| match call {
        Call::Ask => Ok((Ok(1), vec![Action::Connect { connection: 1, address: target.clone() }])),
        _ => nothing(),
    });
    let _answer = rig.ask();
    rig.call().await;
    assert!(matches!(rig.call().await, Call::Disconnected(reason) if reason.contains("refused")));
    within(rig.reach.all_failed(std::slice::from_ref(&unused))).await;
    assert!(rig.reach.describe(std::slice::from_ref(&unused)).starts_with(&format!("{unused}: ")));
}

#[tokio::test]
async fn rows_wait_for_room_in_their_order() {
    let room = Arc::new(Mutex::new(false));
    let has_room = Arc::clone(&room);
    let mut tickets = 0;
    let mut rig = Rig::start(settings(), move |call| match call {
        Call::Append(_) if !*has_room.lock().unwrap() => {
            Ok((Err(Error { code: ErrorCode::Full { needed: 9 }, retriable: true }), vec![]))
        }
        Call::Append(rows) => {
            tickets += 1;
            Ok((Ok(tickets), vec![acknowledged(tickets, *rows as u32)]))
        }
        Call::Ask => Ok((Ok(99), vec![Action::Event(Event::Writable)])),
        _ => nothing(),
    });
    let (first, given_up, second) = (rig.append(3), rig.append(4), rig.append(5));
    assert_eq!(rig.call().await, Call::Append(3));
    drop(given_up);
    *room.lock().unwrap() = true;
    let _answer = rig.ask();
    // The engine was not asked again until it said that there is room.
    assert_eq!(rig.call().await, Call::Ask);
    for told in [first, second] {
        let settled = within(told).await.unwrap().unwrap();
        assert_eq!(within(settled).await.unwrap().len(), 1);
    }
    assert_eq!((rig.call().await, rig.call().await), (Call::Append(3), Call::Append(5)));
}

#[tokio::test]
async fn rows_larger_than_the_whole_buffer_are_refused() {
    let rig = Rig::start(settings(), |call| match call {
        Call::Append(_) => Ok((Err(Error { code: ErrorCode::Full { needed: 9 }, retriable: true }), vec![])),
        _ => nothing(),
    });
    rig.buffered.store(0, Ordering::Relaxed);
    let refused = within(rig.append(3)).await.unwrap().unwrap_err();
    assert!(!refused.is_retriable() && refused.to_string().contains("write fewer rows"), "{refused}");
}

#[tokio::test]
async fn a_trap_tells_every_waiter() {
    let mut tickets = 0;
    let rig = Rig::start(settings(), move |call| match call {
        Call::Append(13) => Err(Trap("unreachable executed".to_owned())),
        Call::Append(_) => {
            tickets += 1;
            Ok((Ok(tickets), vec![]))
        }
        _ => Ok((Ok(50), vec![])),
    });
    let answer = rig.ask();
    let settled = within(rig.append(2)).await.unwrap().unwrap();
    // The one that broke it was not taken.
    assert!(within(rig.append(13)).await.is_err());
    let fates = within(settled).await.unwrap();
    let [(RowSelection::Span { first: 0, count: 2 }, Fate::Failed { error, may_have_been_written: true })] = &fates[..]
    else {
        panic!("{fates:?}")
    };
    assert!(error.to_string().contains("unreachable executed"), "{error}");
    assert!(within(answer).await.is_err());
    assert_eq!(rig.ended.get(), Some(&Ended::Trapped("unreachable executed".to_owned())));
    assert!(within(rig.append(1)).await.is_err());
}

#[tokio::test]
async fn a_panic_of_the_driver_tells_everybody_who_waits() {
    let mut tickets = 0;
    let rig = Rig::start(settings(), move |call| match call {
        Call::Append(13) => panic!("out of order"),
        Call::Append(_) => {
            tickets += 1;
            Ok((Ok(tickets), vec![]))
        }
        _ => Ok((Ok(50), vec![])),
    });
    let answer = rig.ask();
    let settled = within(rig.append(2)).await.unwrap().unwrap();
    assert!(within(rig.append(13)).await.is_err());
    let fates = within(settled).await.unwrap();
    let [(_, Fate::Failed { error, may_have_been_written: true })] = &fates[..] else { panic!("{fates:?}") };
    assert!(error.to_string().contains("it panicked: out of order"), "{error}");
    assert!(within(answer).await.is_err());
    // Whoever comes later finds why.
    assert!(within(rig.append(1)).await.is_err());
    assert_eq!(rig.ended.get(), Some(&Ended::Trapped("it panicked: out of order".to_owned())));
}

#[tokio::test]
async fn an_engine_that_names_bytes_it_does_not_have_is_stopped() {
    let rig = Rig::start(settings(), |call| match call {
        Call::Ask => {
            let checked = Some(Range { buffer: 77, offset: u32::MAX, length: u32::MAX });
            let work = Work::Decode { checked, codec: Codec::None, buffers: vec![] };
            Ok((Ok(1), vec![Action::Work { id: 1, work }]))
        }
        _ => nothing(),
    });
    assert!(within(rig.ask()).await.is_err());
    assert!(matches!(rig.ended.get(), Some(Ended::Trapped(cause)) if cause.contains("buffer 77")));
}

#[tokio::test]
async fn work_is_done_small_and_large_and_its_output_is_held() {
    let mut rig = Rig::start(settings(), |call| match call {
        Call::Ask => {
            let encode = |bytes: usize| Work::Encode { codec: Codec::Zstd, level: 3, buffers: vec![vec![5; bytes]] };
            let works = [encode(100), encode(1 << 20)].into_iter().zip(1..);
            Ok((Ok(1), works.map(|(work, id)| Action::Work { id, work }).collect()))
        }
        Call::Done(WorkOutput::Encoded { buffer, lengths, .. }) => {
            let encoded = Range { buffer: *buffer, offset: 0, length: lengths[0] };
            let work = Work::Decode { checked: Some(encoded), codec: Codec::Zstd, buffers: vec![(encoded, 100)] };
            let small = (lengths[0] < 40).then_some(Action::Work { id: 9, work });
            Ok((Ok(1), small.into_iter().collect()))
        }
        _ => nothing(),
    });
    let _answer = rig.ask();
    rig.call().await;
    let mut done = [rig.call().await, rig.call().await, rig.call().await];
    done.sort_by_key(|call| !matches!(call, Call::Done(WorkOutput::Decoded { .. })));
    assert!(matches!(done[0], Call::Done(WorkOutput::Decoded { buffer: Some(_), checksum: 1.. })), "{done:?}");
    assert!(done[1..].iter().all(|call| matches!(call, Call::Done(WorkOutput::Encoded { .. }))), "{done:?}");
}

#[tokio::test]
async fn the_engine_is_woken_when_it_wants_to_be() {
    let mut rig = Rig::start(settings(), |call| match call {
        Call::Ask => Ok((Ok(1), vec![Action::WakeAt(40_000), Action::WakeAt(20_000)])),
        _ => nothing(),
    });
    let _answer = rig.ask();
    assert_eq!((rig.call().await, rig.call().await), (Call::Ask, Call::Tick));
    // Once, for the last wish replaces the one before.
    let more = tokio::time::timeout(Duration::from_millis(60), rig.calls.recv()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn a_close_ends_after_its_deadline_whatever_the_engine_does() {
    let rig = Rig::start(settings(), |call| match call {
        Call::Append(_) => Ok((Ok(3), vec![])),
        _ => nothing(),
    });
    let settled = within(rig.append(6)).await.unwrap().unwrap();
    let (reply, counts) = oneshot::channel();
    let _ = rig.commands.send(Command::Close { within: Duration::from_millis(20), reply });
    let counts = within(counts).await.unwrap();
    assert_eq!(counts, RowCounts { acknowledged: 0, failed: 0, unknown: 6 });
    assert!(matches!(within(settled).await.unwrap()[0].1, Fate::Failed { may_have_been_written: true, .. }));
    assert_eq!(rig.ended.get(), Some(&Ended::Closed));
}

#[tokio::test]
async fn a_driver_that_nobody_can_command_ends() {
    let Rig { commands, mut calls, .. } = Rig::start(settings(), |_| nothing());
    drop(commands);
    assert_eq!(within(calls.recv()).await, None);
}
