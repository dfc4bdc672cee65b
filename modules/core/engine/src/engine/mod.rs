//! The owner of all stages.
//!
//! ```text
//! commands what the user's program calls
//! network  what happened: connections, frames, work, what the user reads
//! produce  requests of the write stage, and their answers
//! route    turns: answers to stages, calls to connections, news to whom it concerns
//! settings which settings make sense
//! ```

mod commands;
mod network;
mod produce;
mod route;
mod settings;

use std::collections::{BTreeSet, HashMap};

use crate::{
    admin::Admin,
    call::{Call, fatal},
    chance::Chance,
    cluster::Cluster,
    connection::{Connections, Outbox},
    lookup::Lookups,
    scan::Scans,
    write::Write,
};
use thalweg_contract::{
    Action, BufferId, Buffers, Counters, Error, ErrorCode, Input, Instant, Settings, TableHandle, Ticket, WorkId,
};

/// The client core without I/O: a state machine that a host drives.
///
/// The host gives it commands of its user (`submit`, `scan`, `ask`, ..), and by [`step`](Engine::step) what the network
/// did, finished work and time. After commands it calls `step` too, with what else came or nothing, and carries the actions
/// out in their order. It calls `step` no later than the last [`Action::WakeAt`] says. Nothing blocks and nothing reads a
/// clock: the same calls give the same actions. `wit/client/engine.wit` says the same for components.
///
/// What each call and each input may bring about, to be had with the next `step`:
///
/// | call or input | actions |
/// |---|---|
/// | `open` | `Connect` to a server to begin with |
/// | `open_table`, `ask`, `scan`, `submit`, `Demand` | `Connect`, `Send`, `Work`, events of its ticket (also at once) |
/// | `flush` | `Work`, `Send`, `Flushed` |
/// | `Consumed` | `Release` |
/// | `cancel` | nothing for the ticket from then on; `Release` of what was held for it, `Send` to end a snapshot |
/// | `close` | `Ended`, `Answered` and `Opened` of what is open, then `Settled`, at last `Close` of every connection and `Closed` |
/// | `Connected`, `Received`, `Done`, time | anything |
/// | `Disconnected` | anything but a `Close` of that connection |
///
/// Calls for an unknown ticket, connection or work item do nothing: an answer may cross a `cancel` or a `Close`. Time
/// never falls: a smaller `now` than before counts as that. Frames are whole ([`Input::Received`]): who hands over
/// [`Input::Bytes`] has its connection closed.
#[derive(Debug)]
pub struct Engine {
    chance: Chance,
    now: Instant,
    tickets: Ticket,
    cluster: Cluster,
    connections: Connections,
    admin: Admin,
    scans: Scans,
    lookups: Lookups,
    write: Write,
    out: Outbox,
    /// Calls to a server that is not known yet, and until when.
    parked: Vec<(Instant, Call)>,
    request_timeout: u64,
    /// Whose each piece of work is.
    works: HashMap<WorkId, Owner>,
    next_work: WorkId,
    /// Frames that came in since the last turn.
    frames: Vec<BufferId>,
    /// Tickets of `open_table` without an answer.
    opening: BTreeSet<Ticket>,
    /// Tables that the write stage knows.
    introduced: BTreeSet<TableHandle>,
    wake: Option<Instant>,
    state: State,
}

/// Whose a piece of work is, and its number there.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Scan(u64),
    Write(u64),
}

/// How far the engine's life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// `close` was called; rows may be on their way.
    Closing,
    Closed,
}

impl Engine {
    /// Starts an engine. `seed` is its only source of chance (jitter, choice of a server). Fails with
    /// [`ErrorCode::Invalid`] on a setting out of its range.
    pub fn open(now: Instant, settings: Settings, seed: u64) -> Result<Self, Error> {
        settings::check(&settings)?;
        let mut chance = Chance::new(seed);
        let write = Write::new(&settings, chance.next());
        Ok(Self {
            cluster: Cluster::new(now, &settings.connection),
            connections: Connections::new(&settings.connection),
            admin: Admin::new(&settings.connection),
            scans: Scans::new(&settings),
            lookups: Lookups::new(&settings),
            write,
            chance,
            now,
            tickets: 0,
            out: Outbox::default(),
            parked: Vec::new(),
            request_timeout: crate::backoff::micros(settings.connection.request_timeout),
            works: HashMap::new(),
            next_work: 1,
            frames: Vec::new(),
            opening: BTreeSet::new(),
            introduced: BTreeSet::new(),
            wake: None,
            state: State::Open,
        })
    }

    /// Takes what happened, in its order, and gives what is to be done, in its order: all that these inputs, the commands
    /// before and the time that passed bring about. `buffers` is asked for what heads of frames do not reach.
    pub fn step(
        &mut self,
        now: Instant,
        inputs: impl IntoIterator<Item = Input>,
        buffers: &mut dyn Buffers,
    ) -> Vec<Action> {
        let now = self.advance(now);
        if self.wake.is_some_and(|wake| wake <= now) {
            self.wake = None;
        }
        for input in inputs {
            self.happened(input, buffers);
        }
        if self.state != State::Closed {
            self.turn(buffers);
        }
        std::mem::take(&mut self.out.actions)
    }

    /// Counters.
    pub fn statistics(&self) -> Counters {
        Counters { rows_scanned: self.scans.rows(), ..self.write.counters() }
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        self.tickets
    }

    /// Something happened at this time.
    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.state == State::Open { Ok(()) } else { Err(fatal(ErrorCode::Closed)) }
    }
}
