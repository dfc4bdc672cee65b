//! Who drives a shell: a network without chance, and buffers and work as far as the options leave them to it.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use thalweg_bindings::Portable;
use thalweg_contract::{
    Action, Buffers, Event, Frame, HostOptions, Input, Piece, Range, Scanned, Settings, TableHandle, TablePath, Work,
    WorkOutput, Workplace,
};
use thalweg_shell::Shell;

use crate::server::{Answer, Cluster, address};

/// How frames are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    /// Whole.
    Frames,
    /// Only so many bytes of each; the rest is read.
    Heads(usize),
    /// As bytes, in pieces of at most so many.
    Bytes(usize),
}

#[derive(Debug)]
enum Happening {
    Connected(u32),
    Arrives(u32, Bytes),
    Answered(u32, Bytes),
    Broken(u32),
}

/// The frames that the host holds.
#[derive(Debug, Default)]
pub(crate) struct Kept(pub(crate) HashMap<u64, Bytes>);

impl Buffers for Kept {
    fn read(&mut self, buffer: u64, offset: u32, length: u32) -> Bytes {
        self.0[&buffer].slice(offset as usize..(offset + length) as usize)
    }
}

/// One run.
pub(crate) struct Host {
    pub(crate) shell: Shell,
    pub(crate) options: HostOptions,
    feed: Feed,
    pub(crate) now: u64,
    pub(crate) cluster: Cluster,
    pub(crate) kept: Kept,
    pub(crate) events: Vec<Event>,
    /// The requests, without their lengths.
    pub(crate) sent: Vec<Bytes>,
    /// Connections, and the server at the other end.
    pub(crate) links: BTreeMap<u32, i32>,
    /// Connections that the shell closed.
    pub(crate) closed: Vec<u32>,
    /// The connection ends over the request with this number, counted from 1.
    pub(crate) breaks_at: Option<usize>,
    happenings: BTreeMap<(u64, u64), Happening>,
    inputs: Vec<Input>,
    wake: Option<u64>,
    count: u64,
    buffers: u64,
}

impl Host {
    pub(crate) fn new(options: HostOptions, feed: Feed, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(vec![address(0)]);
        change(&mut settings);
        Self {
            shell: Shell::open(0, settings, options, 7).expect("the settings are fine"),
            options,
            feed,
            now: 0,
            cluster: Cluster::new(3),
            kept: Kept::default(),
            events: Vec::new(),
            sent: Vec::new(),
            links: BTreeMap::new(),
            closed: Vec::new(),
            breaks_at: None,
            happenings: BTreeMap::new(),
            inputs: Vec::new(),
            wake: None,
            count: 0,
            buffers: 1_000_000,
        }
    }

    /// Hands over what came, until the shell wants nothing more now.
    pub(crate) fn step(&mut self) {
        loop {
            let inputs = std::mem::take(&mut self.inputs);
            let actions = self.shell.step(self.now, inputs, &mut self.kept);
            for action in actions {
                self.act(action);
            }
            if self.inputs.is_empty() {
                return;
            }
        }
    }

    pub(crate) fn give(&mut self, input: Input) {
        self.inputs.push(input);
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Connect { connection, address: wanted } => {
                let server = (0..100).find(|server| address(*server) == wanted).expect("a server of the model");
                self.links.insert(connection, server);
                self.later(300, Happening::Connected(connection));
            }
            Action::Send { connection, pieces } => {
                let bytes: Vec<u8> = pieces.iter().flat_map(|piece| self.piece(piece)).collect();
                let request = Bytes::from(bytes).slice(4..);
                self.sent.push(request.clone());
                let breaks = self.breaks_at == Some(self.sent.len());
                self.later(200, Happening::Arrives(connection, request));
                if breaks {
                    self.later(300, Happening::Broken(connection));
                }
            }
            Action::Close { connection } => {
                self.links.remove(&connection);
                self.closed.push(connection);
            }
            Action::WakeAt(at) => self.wake = Some(at),
            Action::Work { id, work } => {
                assert_eq!(self.options.work, Workplace::Outside, "no work leaves");
                let output = self.work(work);
                self.inputs.push(Input::Done { work: id, output });
            }
            Action::Release(buffer) => {
                assert!(self.kept.0.remove(&buffer).is_some(), "buffer {buffer} is released, which is not held");
            }
            Action::Event(event) => self.events.push(event),
        }
    }

    pub(crate) fn piece(&self, piece: &Piece) -> Vec<u8> {
        match piece {
            Piece::Inline(bytes) => bytes.clone(),
            Piece::Held(range) => {
                assert_eq!(self.options.work, Workplace::Outside, "every payload comes inline");
                self.part(range).to_vec()
            }
        }
    }

    /// The user is done with rows.
    pub(crate) fn consume(&mut self, scanned: &Scanned) {
        if let Piece::Held(range) = &scanned.body {
            self.give(Input::Consumed(range.buffer));
        }
    }

    fn part(&self, range: &Range) -> Bytes {
        self.kept.0[&range.buffer].slice(range.offset as usize..(range.offset + range.length) as usize)
    }

    fn keep(&mut self, bytes: impl Into<Bytes>) -> u64 {
        self.buffers += 1;
        self.kept.0.insert(self.buffers, bytes.into());
        self.buffers
    }

    fn work(&mut self, work: Work) -> WorkOutput {
        match work {
            Work::Encode { codec, level, buffers } => {
                let encoded = thalweg_codec::encode::<Portable>(codec, level, &buffers).expect("it can be compressed");
                let (lengths, checksum) = (encoded.lengths, encoded.checksum);
                WorkOutput::Encoded { buffer: self.keep(encoded.body), lengths, checksum }
            }
            Work::Keep(bytes) => {
                let (lengths, checksum) = (vec![bytes.len() as u32], thalweg_codec::checksum(&bytes));
                WorkOutput::Encoded { buffer: self.keep(bytes), lengths, checksum }
            }
            Work::Decode { checked, codec, buffers } => {
                let checksum = checked.map_or(0, |range| thalweg_codec::checksum(&self.part(&range)));
                let parts: Vec<(Bytes, u32)> =
                    buffers.iter().map(|(range, length)| (self.part(range), *length)).collect();
                match thalweg_codec::decode::<Portable>(codec, &parts) {
                    _ if parts.is_empty() => WorkOutput::Decoded { buffer: None, checksum },
                    Ok(body) => WorkOutput::Decoded { buffer: Some(self.keep(body)), checksum },
                    Err(error) => WorkOutput::Failed(error.to_string()),
                }
            }
        }
    }

    fn later(&mut self, wait: u64, happening: Happening) {
        self.count += 1;
        self.happenings.insert((self.now + wait, self.count), happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Connected(connection) if self.links.contains_key(&connection) => {
                self.give(Input::Connected(connection));
            }
            Happening::Arrives(connection, request) => {
                let Some(&server) = self.links.get(&connection) else { return };
                match self.cluster.answer(server, request) {
                    Answer::Frame(frame) => self.later(300, Happening::Answered(connection, frame)),
                    Answer::Wait(more, frame) => self.later(300 + more, Happening::Answered(connection, frame)),
                }
            }
            Happening::Answered(connection, frame) if self.links.contains_key(&connection) => {
                self.answer(connection, frame);
            }
            Happening::Broken(connection) if self.links.remove(&connection).is_some() => {
                self.give(Input::Disconnected { connection, reason: "connection reset".into() });
            }
            _ => {}
        }
    }

    /// Hands a frame over.
    pub(crate) fn answer(&mut self, connection: u32, frame: Bytes) {
        let head = match self.feed {
            Feed::Frames => frame.clone(),
            Feed::Heads(length) => frame.slice(..length.min(frame.len())),
            Feed::Bytes(most) => {
                let whole = Bytes::from([&(frame.len() as u32).to_be_bytes()[..], &frame].concat());
                let mut at = 0;
                while at < whole.len() {
                    self.count += 1;
                    let length = (1 + self.count.wrapping_mul(7919) as usize % most).min(whole.len() - at);
                    self.give(Input::Bytes { connection, bytes: whole.slice(at..at + length) });
                    at += length;
                }
                return;
            }
        };
        let length = frame.len() as u32;
        let buffer = self.keep(frame);
        self.give(Input::Received(Frame { connection, buffer, length, head }));
    }

    /// The next thing happens; false if nothing will.
    pub(crate) fn go_on(&mut self) -> bool {
        self.step();
        let next = self.happenings.keys().next().copied();
        let wake = self.wake.filter(|wake| next.is_none_or(|(at, _)| *wake <= at));
        match (wake, next) {
            (Some(wake), _) => {
                self.now = self.now.max(wake);
                self.wake = None;
            }
            (None, Some((at, _))) => {
                self.now = self.now.max(at);
                let (_, happening) = self.happenings.pop_first().expect("there is one");
                self.happen(happening);
            }
            (None, None) => return false,
        }
        self.step();
        true
    }

    /// Goes on until an event is there, and gives it.
    pub(crate) fn event<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let end = self.now + 3_600_000_000;
        loop {
            for at in 0..self.events.len() {
                if let Some(found) = pick(&self.events[at]) {
                    self.events.remove(at);
                    return found;
                }
            }
            assert!(self.now < end && self.go_on(), "it never comes; there are {:?}", self.events);
        }
    }

    pub(crate) fn open_table(&mut self, name: &str) -> TableHandle {
        let ticket = self.shell.open_table(self.now, TablePath { database: "db".into(), table: name.into() });
        self.event(|event| match event {
            Event::Opened { ticket: of, result } if *of == ticket => Some(result.clone().expect("it is there").0),
            _ => None,
        })
    }

    /// Closes the shell and checks that nothing is left.
    pub(crate) fn finish(mut self) {
        self.shell.close(self.now, self.now + 1_000_000);
        self.event(|event| (*event == Event::Closed).then_some(()));
        for event in std::mem::take(&mut self.events) {
            if let Event::Rows { scanned, .. } = event {
                self.consume(&scanned);
            }
        }
        while let Some((_, happening)) = self.happenings.pop_first() {
            self.happen(happening);
        }
        self.step();
        assert!(self.kept.0.is_empty(), "the host holds {:?}", self.kept.0.keys());
        let left = self.shell.footprint();
        assert_eq!((left.buffers, left.bytes, left.connections, left.reading), (0, 0, 0, 0));
    }
}
