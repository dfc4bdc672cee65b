//! A host that answers at once, with a model of servers in memory, and counts what the calls of the engine cost.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use thalweg_contract::{
    Action, Codec, Command, Event, Frame, Input, Operation, Piece, Settings, TableHandle, Ticket, WholeFrames, Work,
    WorkOutput,
};
use thalweg_engine::Engine;
use thalweg_wire::{
    column::{Batch, Column, Values},
    table::{Schema, TableDescriptor, TablePath},
};

use crate::{
    memory,
    server::{Answer, Cluster, address},
};

/// What calls of the engine cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    pub(crate) allocations: i64,
}

/// A server that answers.
pub(crate) const NEAR: i32 = 0;
/// A server that does as `Host::far` says.
pub(crate) const FAR: i32 = 1;

/// What the server `FAR` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Far {
    Answers,
    /// Takes requests and never answers.
    Silent,
    /// Cannot be connected to.
    Away,
}

pub(crate) struct Host {
    engine: Engine,
    pub(crate) cluster: Cluster,
    pub(crate) far: Far,
    pub(crate) now: u64,
    pub(crate) wake: Option<u64>,
    pub(crate) inputs: Vec<Input>,
    /// What the engine told since this was emptied last.
    pub(crate) events: Vec<Event>,
    /// What the calls cost since this was emptied last.
    pub(crate) cost: Cost,
    links: HashMap<u32, i32>,
    /// Fetches that wait for rows: connection, server, request.
    waiting: Vec<(u32, i32, Bytes)>,
    buffers: HashMap<u64, Bytes>,
    next_buffer: u64,
}

impl Host {
    pub(crate) fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(vec![address(NEAR)]);
        settings.write.buffer_limit = 1 << 30;
        // Nothing becomes late while the clock hardly moves.
        settings.connection.metadata_age = Duration::from_secs(1_000_000);
        change(&mut settings);
        Self {
            engine: Engine::open(0, settings, 7).expect("the settings are fine"),
            cluster: Cluster::new(2),
            far: Far::Answers,
            now: 0,
            wake: None,
            inputs: Vec::new(),
            events: Vec::new(),
            cost: Cost::default(),
            links: HashMap::new(),
            waiting: Vec::new(),
            buffers: HashMap::new(),
            next_buffer: 0,
        }
    }

    /// Calls the engine, and counts what that costs.
    #[expect(clippy::disallowed_methods, reason = "what is measured is time")]
    pub(crate) fn call<T>(&mut self, call: impl FnOnce(&mut Engine, u64) -> T) -> T {
        let (calls, start) = (memory::calls(), std::time::Instant::now());
        let given = call(&mut self.engine, self.now);
        self.cost.time += start.elapsed();
        self.cost.allocations += memory::calls() - calls;
        given
    }

    /// One step with what came in, and what the engine wants done.
    pub(crate) fn step(&mut self) {
        self.now += 1;
        let inputs = std::mem::take(&mut self.inputs);
        let actions = self.call(|engine, now| engine.step(now, inputs, &mut WholeFrames));
        actions.into_iter().for_each(|action| self.act(action));
    }

    /// Steps until nothing comes in any more.
    pub(crate) fn settle(&mut self) {
        self.step();
        while !self.inputs.is_empty() {
            self.step();
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Connect { connection, address: wanted } => {
                let server = if wanted == address(FAR) { FAR } else { NEAR };
                self.links.insert(connection, server);
                self.inputs.push(match self.far {
                    Far::Away if server == FAR => Input::Disconnected { connection, reason: "refused".into() },
                    _ => Input::Connected(connection),
                });
            }
            Action::Send { connection, pieces } => {
                let bytes: Vec<u8> = pieces.iter().flat_map(|piece| self.bytes(piece)).collect();
                if let Some(&server) = self.links.get(&connection) {
                    self.ask(connection, server, Bytes::from(bytes).slice(4..));
                }
            }
            Action::Close { connection } => drop(self.links.remove(&connection)),
            Action::Work { id, work } => {
                let output = self.work(work);
                self.inputs.push(Input::Done { work: id, output });
            }
            Action::Release(buffer) => drop(self.buffers.remove(&buffer)),
            Action::Event(event) => self.events.push(event),
            Action::WakeAt(at) => self.wake = Some(at),
        }
    }

    fn ask(&mut self, connection: u32, server: i32, request: Bytes) {
        // The handshake comes through in any case.
        let handshake = request.starts_with(&thalweg_wire::message::ApiKey::ApiVersions.code().to_be_bytes());
        if server == FAR && self.far == Far::Silent && !handshake {
            return;
        }
        match self.cluster.answer(server, request.clone()) {
            Answer::Frame(frame) => self.receive(connection, frame),
            Answer::Wait(..) => self.waiting.push((connection, server, request)),
        }
    }

    /// Rows came: fetches that waited for some are answered.
    pub(crate) fn answer_waiting(&mut self) {
        for (connection, server, request) in std::mem::take(&mut self.waiting) {
            self.ask(connection, server, request);
        }
    }

    fn receive(&mut self, connection: u32, frame: Bytes) {
        let buffer = self.keep(frame.clone());
        let length = frame.len() as u32;
        self.inputs.push(Input::Received(Frame { connection, buffer, length, head: frame }));
    }

    fn keep(&mut self, bytes: impl Into<Bytes>) -> u64 {
        self.next_buffer += 1;
        self.buffers.insert(self.next_buffer, bytes.into());
        self.next_buffer
    }

    fn bytes(&self, piece: &Piece) -> Vec<u8> {
        match piece {
            Piece::Inline(bytes) => bytes.clone(),
            Piece::Held(range) => {
                self.buffers[&range.buffer][range.offset as usize..][..range.length as usize].to_vec()
            }
        }
    }

    fn work(&mut self, work: Work) -> WorkOutput {
        let (body, lengths) = match work {
            Work::Encode { codec: Codec::None, buffers, .. } => {
                let mut body = Vec::new();
                for buffer in &buffers {
                    body.extend_from_slice(buffer);
                    body.resize(body.len().next_multiple_of(8), 0);
                }
                (body, buffers.iter().map(|buffer| buffer.len() as u32).collect())
            }
            Work::Keep(bytes) => {
                let length = bytes.len() as u32;
                (bytes, vec![length])
            }
            Work::Decode { checked, buffers, .. } if buffers.is_empty() => {
                let checked = checked.map(|range| self.bytes(&Piece::Held(range)));
                return WorkOutput::Decoded { buffer: None, checksum: crc32c::crc32c(&checked.unwrap_or_default()) };
            }
            other => panic!("nothing is compressed here: {other:?}"),
        };
        let checksum = crc32c::crc32c(&body);
        WorkOutput::Encoded { buffer: self.keep(body), lengths, checksum }
    }

    /// Makes a table of `id BIGINT NOT NULL` with these buckets, all led by one server, and opens it. `shape` may change
    /// it first.
    pub(crate) fn table(
        &mut self,
        name: &str,
        buckets: u32,
        leader: i32,
        shape: impl FnOnce(&mut TableDescriptor),
    ) -> TableHandle {
        let mut descriptor = TableDescriptor::new(Schema::parse_sql("id BIGINT NOT NULL").expect("a column"));
        descriptor.bucket_count = Some(buckets);
        descriptor.properties = [("table.log.arrow.compression.type".to_owned(), "NONE".to_owned())].into();
        shape(&mut descriptor);
        self.cluster.create(name, descriptor);
        self.cluster.table(name).buckets.iter_mut().for_each(|bucket| bucket.leader = Some(leader));
        self.open(name)
    }

    pub(crate) fn open(&mut self, name: &str) -> TableHandle {
        let path = TablePath { database: "db".into(), table: name.into() };
        self.call(|engine, now| engine.open_table(now, path));
        self.settle();
        let opened = self.events.drain(..).find_map(|event| match event {
            Event::Opened { result, .. } => Some(result.expect("it is there").0),
            _ => None,
        });
        opened.expect("an answer")
    }

    /// Hands rows or keys with these ids to the engine.
    pub(crate) fn submit(&mut self, table: TableHandle, operation: Operation, ids: &[i64]) -> Ticket {
        self.submit_columns(table, operation, ids.len(), vec![Values::Int64(ids)])
    }

    pub(crate) fn submit_columns(
        &mut self,
        table: TableHandle,
        operation: Operation,
        rows: usize,
        columns: Vec<Values<'_>>,
    ) -> Ticket {
        let columns = columns.into_iter().map(|values| Column { validity: None, values }).collect();
        let command = Command { table, operation, rows: Batch { rows, columns } };
        let given = self.call(|engine, now| engine.submit(now, &[command])).remove(0);
        given.expect("it is taken")
    }

    /// How many bytes the engine holds, at its end.
    pub(crate) fn held(self) -> i64 {
        let Self { engine, inputs, events, buffers, .. } = self;
        drop((inputs, events, buffers));
        let before = memory::held();
        drop(engine);
        before - memory::held()
    }
}
