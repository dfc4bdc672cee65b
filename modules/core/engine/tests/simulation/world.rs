//! The host of an engine, with a network and a clock that follow from a seed: the same seed, the same run.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use thalweg_contract::{
    Action, Codec, Event, Piece, Range, Scanned, Settings, TableHandle, TableInfo, Ticket, Work, WorkOutput,
};
use thalweg_engine::Engine;
use thalweg_wire::{
    column::{Batch, Column, Values},
    message::ApiKey,
    table::{ColumnType, DataType, Schema, TableDescriptor, TablePath},
};

use crate::server::{Answer, Cluster, address};

/// What goes wrong, per 1000.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Frames after which the connection breaks; half of them arrive.
    pub(crate) cut: u64,
    /// Requests that are never answered, and so run into their deadline.
    pub(crate) silence: u64,
    /// Connections that are refused.
    pub(crate) refusal: u64,
    /// Whether connections are neither made nor refused.
    pub(crate) unreachable: bool,
    /// The connection ends over each request of this call.
    pub(crate) ends: Option<ApiKey>,
    /// Every answer is this instead.
    pub(crate) garbage: Option<&'static [u8]>,
}

#[derive(Debug)]
enum Happening {
    Connected(u32),
    Refused(u32),
    Arrives(u32, Bytes),
    Answered(u32, Bytes),
    Broken(u32),
    Worked(u64, Work),
}

/// One run.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: u64,
    pub(crate) cluster: Cluster,
    pub(crate) faults: Faults,
    /// Servers that nobody can reach.
    pub(crate) down: HashSet<i32>,
    /// Servers that take connections and requests and never answer.
    pub(crate) silent: HashSet<i32>,
    /// What the user was told and has not looked at.
    pub(crate) events: Vec<Event>,
    pub(crate) buffers: HashMap<u64, Bytes>,
    pub(crate) links: HashMap<u32, i32>,
    pub(crate) closed: bool,
    /// Call, length and time of every request.
    pub(crate) sent: Vec<(i16, usize, u64)>,
    /// When the last request on each connection arrives.
    arrivals: HashMap<u32, u64>,
    happenings: BTreeMap<(u64, u64), Happening>,
    count: u64,
    wake: Option<u64>,
    next_buffer: u64,
    chance: u64,
}

impl World {
    pub(crate) fn new(seed: u64, servers: i32, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(vec![address(0)]);
        change(&mut settings);
        let engine = Engine::open(0, settings, seed).expect("the settings are fine");
        Self {
            engine,
            now: 0,
            cluster: Cluster::new(servers),
            faults: Faults::default(),
            down: HashSet::new(),
            silent: HashSet::new(),
            events: Vec::new(),
            buffers: HashMap::new(),
            links: HashMap::new(),
            closed: false,
            sent: Vec::new(),
            arrivals: HashMap::new(),
            happenings: BTreeMap::new(),
            count: 0,
            wake: None,
            next_buffer: 1,
            chance: seed,
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % bound.max(1)
    }

    fn later(&mut self, wait: u64, happening: Happening) {
        self.count += 1;
        self.happenings.insert((self.now + wait, self.count), happening);
    }

    /// Carries out what the engine wants.
    pub(crate) fn carry_out(&mut self) {
        loop {
            let actions = self.engine.poll();
            if actions.is_empty() {
                return;
            }
            for action in actions {
                self.act(action);
            }
        }
    }

    fn act(&mut self, action: Action) {
        assert!(!self.closed, "nothing comes after Closed: {action:?}");
        match action {
            Action::Connect { connection, address: wanted } => {
                let server = (0..100).find(|server| address(*server) == wanted).expect("a server of the model");
                let refused = self.down.contains(&server) || self.below(1000) < self.faults.refusal;
                self.links.insert(connection, server);
                if self.faults.unreachable {
                    return;
                }
                let wait = 100 + self.below(900);
                self.later(
                    wait,
                    if refused { Happening::Refused(connection) } else { Happening::Connected(connection) },
                );
            }
            Action::Send { connection, pieces } => {
                let bytes: Vec<u8> = pieces.iter().flat_map(|piece| self.piece(piece)).collect();
                let length = u32::from_be_bytes(bytes[..4].try_into().expect("a prefix")) as usize;
                assert_eq!(length, bytes.len() - 4, "one whole frame a send");
                let api = i16::from_be_bytes(bytes[4..6].try_into().expect("a header"));
                self.sent.push((api, length, self.now));
                // What is sent on one connection arrives in that order.
                let arrives = self.now + 100 + self.below(400);
                let last = self.arrivals.entry(connection).or_default();
                *last = arrives.max(*last);
                let wait = *last - self.now;
                if self.below(1000) < self.faults.cut {
                    if self.below(2) == 0 {
                        self.later(wait, Happening::Arrives(connection, Bytes::from(bytes).slice(4..)));
                    }
                    self.later(wait + 1, Happening::Broken(connection));
                } else {
                    self.later(wait, Happening::Arrives(connection, Bytes::from(bytes).slice(4..)));
                }
            }
            Action::Close { connection } => drop(self.links.remove(&connection)),
            Action::WakeAt(at) => self.wake = Some(at),
            Action::Work { id, work } => {
                let wait = self.below(2000);
                self.later(wait, Happening::Worked(id, work));
            }
            Action::Release(buffer) => {
                assert!(self.buffers.remove(&buffer).is_some(), "buffer {buffer} is released twice");
            }
            Action::Event(event) => {
                self.closed |= event == Event::Closed;
                self.events.push(event);
            }
        }
    }

    fn piece(&self, piece: &Piece) -> Vec<u8> {
        match piece {
            Piece::Inline(bytes) => bytes.clone(),
            Piece::Held(range) => self.bytes(range).to_vec(),
        }
    }

    /// The user is done with rows that it was given.
    pub(crate) fn consume(&mut self, scanned: &Scanned) {
        if let Piece::Held(body) = &scanned.body {
            self.engine.consumed(body.buffer);
        }
    }

    /// The same for all that nobody looked at.
    pub(crate) fn consume_all(&mut self) {
        for event in &self.events {
            if let Event::Rows { scanned: Scanned { body: Piece::Held(body), .. }, .. } = event {
                self.engine.consumed(body.buffer);
            }
        }
    }

    pub(crate) fn bytes(&self, range: &Range) -> Bytes {
        let buffer = self.buffers.get(&range.buffer).expect("the buffer was not released");
        buffer.slice(range.offset as usize..(range.offset + range.length) as usize)
    }

    pub(crate) fn keep(&mut self, bytes: impl Into<Bytes>) -> u64 {
        self.next_buffer += 1;
        self.buffers.insert(self.next_buffer, bytes.into());
        self.next_buffer
    }

    /// The next thing happens; false if nothing will.
    pub(crate) fn step(&mut self) -> bool {
        self.carry_out();
        let next = self.happenings.keys().next().copied();
        let wake = self.wake.filter(|wake| next.is_none_or(|(at, _)| *wake <= at));
        if let Some(wake) = wake {
            self.now = self.now.max(wake);
            self.wake = None;
            self.engine.tick(self.now);
        } else if let Some((at, _)) = next {
            self.now = self.now.max(at);
            let (_, happening) = self.happenings.pop_first().expect("there is one");
            self.happen(happening);
        } else {
            return false;
        }
        self.carry_out();
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Connected(connection) if self.links.contains_key(&connection) => {
                self.engine.connected(self.now, connection);
            }
            Happening::Refused(connection) if self.links.remove(&connection).is_some() => {
                self.engine.disconnected(self.now, connection, "connection refused");
            }
            Happening::Broken(connection) if self.links.remove(&connection).is_some() => {
                self.engine.disconnected(self.now, connection, "connection reset");
            }
            Happening::Arrives(connection, request) => {
                let Some(&server) = self.links.get(&connection) else { return };
                if self.faults.ends.is_some_and(|api| request.starts_with(&api.code().to_be_bytes())) {
                    return self.later(1, Happening::Broken(connection));
                }
                let silent = self.silent.contains(&server) || self.below(1000) < self.faults.silence;
                let wait = 100 + self.below(400);
                match self.cluster.answer(server, request) {
                    _ if silent || self.down.contains(&server) => {}
                    _ if self.faults.garbage.is_some() => {
                        let garbage = self.faults.garbage.expect("it is there");
                        self.later(wait, Happening::Answered(connection, Bytes::from_static(garbage)));
                    }
                    Answer::Frame(frame) => self.later(wait, Happening::Answered(connection, frame)),
                    Answer::Wait(more, frame) => self.later(wait + more, Happening::Answered(connection, frame)),
                }
            }
            Happening::Answered(connection, frame) if self.links.contains_key(&connection) => {
                let buffer = self.keep(frame.clone());
                self.engine.received(self.now, connection, buffer, frame);
            }
            Happening::Worked(id, work) => {
                let output = self.work(&work);
                self.engine.done(self.now, id, output);
            }
            _ => {}
        }
    }

    fn work(&mut self, work: &Work) -> WorkOutput {
        match work {
            Work::Encode { codec, buffers, .. } => {
                let (mut body, mut lengths) = (Vec::new(), Vec::new());
                for buffer in buffers {
                    let encoded = compress(*codec, buffer);
                    lengths.push(encoded.len() as u32);
                    body.extend_from_slice(&encoded);
                    body.resize(body.len().next_multiple_of(8), 0);
                }
                let checksum = crc32c::crc32c(&body);
                WorkOutput::Encoded { buffer: self.keep(body), lengths, checksum }
            }
            Work::Keep(bytes) => {
                let (lengths, checksum) = (vec![bytes.len() as u32], crc32c::crc32c(bytes));
                WorkOutput::Encoded { buffer: self.keep(bytes.clone()), lengths, checksum }
            }
            Work::Decode { checked, codec, buffers } => {
                let checksum = checked.as_ref().map_or(0, |range| crc32c::crc32c(&self.bytes(range)));
                if buffers.is_empty() {
                    return WorkOutput::Decoded { buffer: None, checksum };
                }
                let mut body = Vec::new();
                for (range, length) in buffers {
                    let bytes = self.bytes(range);
                    let plain = match codec {
                        _ if bytes.is_empty() => vec![0; *length as usize],
                        Codec::None => bytes.to_vec(),
                        _ => decompress(&bytes),
                    };
                    assert_eq!(plain.len(), *length as usize);
                    body.extend_from_slice(&plain);
                    body.resize(body.len().next_multiple_of(64), 0);
                }
                WorkOutput::Decoded { buffer: Some(self.keep(body)), checksum }
            }
        }
    }

    /// Goes on until an event is there, and gives it; fails the test after a virtual hour.
    pub(crate) fn event<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let end = self.now + 3_600_000_000;
        loop {
            self.carry_out();
            for at in 0..self.events.len() {
                if let Some(found) = pick(&self.events[at]) {
                    self.events.remove(at);
                    return found;
                }
            }
            assert!(self.now < end && self.step(), "it never comes; there are {:?}", self.events);
        }
    }

    pub(crate) fn open_table(&mut self, name: &str) -> Result<(TableHandle, TableInfo), thalweg_contract::Error> {
        let ticket = self.engine.open_table(self.now, path(name));
        self.event(|event| match event {
            Event::Opened { ticket: of, result } if *of == ticket => {
                Some(result.clone().map(|(handle, info)| (handle, *info)))
            }
            _ => None,
        })
    }

    /// Goes on for this long.
    pub(crate) fn run(&mut self, time: u64) {
        let end = self.now + time;
        self.carry_out();
        while self.wake.into_iter().chain(self.happenings.keys().map(|(at, _)| *at)).min().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Closes the engine and checks that nothing is left.
    pub(crate) fn finish(mut self) {
        self.engine.close(self.now, self.now + 1_000_000);
        self.event(|event| (*event == Event::Closed).then_some(()));
        while let Some((_, happening)) = self.happenings.pop_first() {
            self.happen(happening);
            self.carry_out_closed();
        }
        assert!(self.buffers.is_empty(), "buffers are left: {:?}", self.buffers.keys());
        assert!(self.links.is_empty(), "connections are left");
    }

    fn carry_out_closed(&mut self) {
        for action in self.engine.poll() {
            match action {
                Action::Release(buffer) => assert!(self.buffers.remove(&buffer).is_some(), "released twice"),
                other => panic!("nothing but releases comes after Closed: {other:?}"),
            }
        }
    }
}

pub(crate) fn path(name: &str) -> TablePath {
    TablePath { database: "db".into(), table: name.into() }
}

/// A log table of an id and a text, compressed with LZ4 or not at all.
pub(crate) fn descriptor(buckets: u32, compression: &str) -> TableDescriptor {
    let column = |data_type| ColumnType { data_type, nullable: true };
    let columns = [("id", DataType::BigInt), ("text", DataType::String)];
    let columns = columns.into_iter().map(|(name, data_type)| (name.to_owned(), column(data_type), None));
    TableDescriptor {
        schema: Schema::new(columns).expect("two names"),
        comment: None,
        partition_keys: Vec::new(),
        bucket_keys: Vec::new(),
        bucket_count: Some(buckets),
        properties: [("table.log.arrow.compression.type".to_owned(), compression.to_owned())].into(),
        custom_properties: Default::default(),
    }
}

/// Appends rows with these ids.
pub(crate) fn append(world: &mut World, table: TableHandle, ids: &[i64]) -> Result<Ticket, thalweg_contract::Error> {
    let offsets: Vec<i32> = (0..=ids.len() as i32).map(|at| at * 4).collect();
    let text = b"text".repeat(ids.len());
    let columns = vec![
        Column { validity: None, values: Values::Int64(ids) },
        Column { validity: None, values: Values::Spans { offsets: &offsets, bytes: &text } },
    ];
    world.engine.append(world.now, table, &Batch { rows: ids.len(), columns })
}

/// The ids in rows that a scan gave; the id is the first column and never null.
pub(crate) fn ids(world: &World, scanned: &Scanned) -> Vec<i64> {
    numbers(world, scanned, 0).into_iter().map(|id| id.expect("an id is never null")).collect()
}

/// What a column of numbers has in rows that a scan gave, read from the message. Columns before it are numbers or texts.
pub(crate) fn numbers(world: &World, scanned: &Scanned, column: usize) -> Vec<Option<i64>> {
    let message = arrow_ipc::root_as_message(&scanned.metadata).expect("a flatbuffer");
    let batch = message.header_as_record_batch().expect("a record batch");
    assert!(batch.compression().is_none() && batch.length() >= i64::from(scanned.first + scanned.rows));
    let (nodes, buffers) = (batch.nodes().expect("nodes"), batch.buffers().expect("buffers"));
    let body = Bytes::from(world.piece(&scanned.body));
    let bytes = |at: usize| {
        let buffer = buffers.get(at);
        body.slice(buffer.offset() as usize..(buffer.offset() + buffer.length()) as usize)
    };
    // A text has a validity, offsets and bytes, a number a validity and values. Offsets are as long as no numbers are,
    // unless there is one row.
    assert!(column == 0 || batch.length() > 1);
    let mut first = 0;
    for _ in 0..column {
        let text = bytes(first + 1).len() == (batch.length() as usize + 1) * 4;
        first += if text { 3 } else { 2 };
    }
    let (validity, values) = (bytes(first), bytes(first + 1));
    let all_valid = nodes.get(column).null_count() == 0;
    let valid = |row: usize| all_valid || validity[row / 8] >> (row % 8) & 1 == 1;
    let number = |value: &[u8]| i64::from_le_bytes(value.try_into().expect("eight"));
    let rows = values.chunks_exact(8).enumerate().map(|(row, value)| valid(row).then(|| number(value)));
    rows.skip(scanned.first as usize).take(scanned.rows as usize).collect()
}

fn compress(codec: Codec, buffer: &[u8]) -> Vec<u8> {
    match codec {
        Codec::None => buffer.to_vec(),
        _ if buffer.is_empty() => Vec::new(),
        _ => {
            let mut out = (buffer.len() as i64).to_le_bytes().to_vec();
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            std::io::Write::write_all(&mut encoder, buffer).expect("into memory");
            out.extend(encoder.finish().expect("into memory"));
            out
        }
    }
}

fn decompress(buffer: &[u8]) -> Vec<u8> {
    let (prefix, rest) = buffer.split_at(8);
    if prefix == (-1i64).to_le_bytes() {
        return rest.to_vec();
    }
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut lz4_flex::frame::FrameDecoder::new(rest), &mut out).expect("lz4");
    out
}
