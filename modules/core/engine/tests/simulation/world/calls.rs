//! How the engine is called: commands of its user, and what happened, told in steps.

use bytes::Bytes;
use thalweg_contract::{Buffers, Command, Error, Frame, Operation, Ticket};
use thalweg_wire::column::Batch;

use super::*;

/// How the host hands over frames.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Handing {
    /// How much of a frame is its head; `None`: now this much, now that.
    pub(crate) head: Option<usize>,
    /// How many bytes the frames had that came in.
    pub(crate) carried: u64,
    /// How many bytes of them the engine was given.
    pub(crate) given: u64,
    /// Of how many reads one gets too few bytes; 0: none.
    pub(crate) short: u64,
    pub(crate) reads: u64,
}

/// The frames that the host holds.
struct Held<'a>(&'a HashMap<u64, Bytes>, &'a mut Handing);

impl Buffers for Held<'_> {
    fn read(&mut self, buffer: u64, offset: u32, length: u32) -> Bytes {
        let Self(frames, handing) = self;
        let frame = frames.get(&buffer).expect("the buffer was not released");
        handing.given += u64::from(length);
        handing.reads += 1;
        let lacking = u32::from(handing.short > 0 && handing.reads % handing.short == 0);
        frame.slice(offset as usize..(offset + length - lacking) as usize)
    }
}

impl World {
    /// One step of the engine, with all that happened.
    pub(super) fn turn(&mut self) -> Vec<Action> {
        self.engine.step(self.now, self.inputs.drain(..), &mut Held(&self.buffers, &mut self.handing))
    }

    /// Gives the engine one command.
    pub(crate) fn submit(&mut self, table: u32, operation: Operation, rows: Batch<'_>) -> Result<Ticket, Error> {
        self.engine.submit(self.now, &[Command { table, operation, rows }]).remove(0)
    }

    pub(crate) fn lookup(&mut self, table: u32, keys: &Batch<'_>, insert: bool) -> Result<Ticket, Error> {
        self.submit(table, Operation::Lookup(insert), keys.clone())
    }

    pub(crate) fn prefix_lookup(&mut self, table: u32, prefixes: &Batch<'_>) -> Result<Ticket, Error> {
        self.submit(table, Operation::PrefixLookup, prefixes.clone())
    }

    /// Looks each of the keys up on its own; the ticket is that of the first.
    pub(crate) fn look_up_each(&mut self, table: u32, keys: &Batch<'_>, insert: bool) -> Result<Ticket, Error> {
        let command = Command { table, operation: Operation::Lookup(insert), rows: keys.clone() };
        self.engine.look_up_each(self.now, &command)
    }

    pub(crate) fn demand(&mut self, ticket: Ticket, bytes: u64) {
        self.inputs.push(Input::Demand { ticket, bytes });
    }

    pub(crate) fn consumed(&mut self, buffer: u64) {
        self.inputs.push(Input::Consumed(buffer));
    }

    pub(crate) fn disconnected(&mut self, connection: u32, reason: &str) {
        self.inputs.push(Input::Disconnected { connection, reason: reason.to_owned() });
    }

    /// A frame comes in. The engine gets more or less of it at once.
    pub(crate) fn receive(&mut self, connection: u32, frame: Bytes) {
        let buffer = self.keep(frame.clone());
        let head = self.handing.head.unwrap_or([usize::MAX, 0, 32, 2000][buffer as usize % 4]);
        let head = frame.slice(..frame.len().min(head));
        self.handing.carried += frame.len() as u64;
        self.handing.given += head.len() as u64;
        self.inputs.push(Input::Received(Frame { connection, buffer, length: frame.len() as u32, head }));
    }
}
