//! The host of an engine, with a network and a clock that follow from a seed: the same seed, the same run.

mod buffers;
mod calls;
mod gate;
mod rows;

pub(crate) use calls::Handing;
pub(crate) use gate::{Gate, Manner};
pub(crate) use rows::{append, descriptor, ids, numbers, path};

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use thalweg_contract::{Action, Event, Input, Settings, TableHandle, TableInfo, Work};
use thalweg_engine::Engine;
use thalweg_wire::message::ApiKey;

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
    /// What happened since the last step of the engine.
    pub(crate) inputs: Vec<Input>,
    pub(crate) handing: Handing,
    pub(crate) cluster: Cluster,
    pub(crate) faults: Faults,
    /// Whether servers want a login; `None`: they have none.
    pub(crate) gate: Option<Gate>,
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
            inputs: Vec::new(),
            handing: Handing::default(),
            cluster: Cluster::new(servers),
            faults: Faults::default(),
            gate: None,
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

    /// Tells the engine what happened, and carries out what it wants.
    pub(crate) fn carry_out(&mut self) {
        for action in self.turn() {
            self.act(action);
        }
        let more = self.turn();
        assert!(more.iter().all(|action| matches!(action, Action::WakeAt(_))), "all comes at once, but: {more:?}");
        for wake in more {
            self.act(wake);
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

    /// The next thing happens; false if nothing will.
    pub(crate) fn step(&mut self) -> bool {
        self.carry_out();
        let next = self.happenings.keys().next().copied();
        let wake = self.wake.filter(|wake| next.is_none_or(|(at, _)| *wake <= at));
        if let Some(wake) = wake {
            self.now = self.now.max(wake);
            self.wake = None;
        } else if let Some((at, _)) = next {
            self.now = self.now.max(at);
            self.happen_next();
            // A host that is busy tells of several things at once.
            while self.count.is_multiple_of(3)
                && let Some((next, _)) = self.happenings.keys().next().copied()
                && next < at + 200
                && self.wake.is_none_or(|wake| wake > next)
            {
                self.now = self.now.max(next);
                self.happen_next();
            }
        } else {
            return false;
        }
        self.carry_out();
        true
    }

    fn happen_next(&mut self) {
        let (_, happening) = self.happenings.pop_first().expect("there is one");
        self.happen(happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Connected(connection) if self.links.contains_key(&connection) => {
                self.inputs.push(Input::Connected(connection));
            }
            Happening::Refused(connection) if self.links.remove(&connection).is_some() => {
                self.disconnected(connection, "connection refused");
            }
            Happening::Broken(connection) if self.links.remove(&connection).is_some() => {
                self.disconnected(connection, "connection reset");
            }
            Happening::Arrives(connection, request) => {
                let Some(&server) = self.links.get(&connection) else { return };
                if self.faults.ends.is_some_and(|api| request.starts_with(&api.code().to_be_bytes())) {
                    return self.later(1, Happening::Broken(connection));
                }
                if let Some(stopped) = self.gate.as_mut().and_then(|gate| gate.stops(connection, server, &request)) {
                    let wait = 100 + self.below(400);
                    for happens in stopped {
                        match happens {
                            Some((more, frame)) => self.later(wait + more, Happening::Answered(connection, frame)),
                            None => self.later(wait, Happening::Broken(connection)),
                        }
                    }
                    return;
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
                self.receive(connection, frame);
            }
            Happening::Worked(id, work) => {
                let output = self.work(&work);
                self.inputs.push(Input::Done { work: id, output });
            }
            _ => {}
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
        for action in self.turn() {
            match action {
                Action::Release(buffer) => assert!(self.buffers.remove(&buffer).is_some(), "released twice"),
                other => panic!("nothing but releases comes after Closed: {other:?}"),
            }
        }
    }
}
