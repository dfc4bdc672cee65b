//! How the engine is called: commands of its user, and what happened, told in steps.

use bytes::Bytes;
use thalweg_contract::{Buffers, Command, Error, Frame, Operation, Ticket};
use thalweg_wire::column::Batch;

use super::*;

/// The frames that the host holds.
struct Held<'a>(&'a HashMap<u64, Bytes>);

impl Buffers for Held<'_> {
    fn read(&mut self, buffer: u64, offset: u32, length: u32) -> Bytes {
        let frame = self.0.get(&buffer).expect("the buffer was not released");
        frame.slice(offset as usize..(offset + length) as usize)
    }
}

impl World {
    /// One step of the engine, with all that happened.
    pub(super) fn turn(&mut self) -> Vec<Action> {
        self.engine.step(self.now, self.inputs.drain(..), &mut Held(&self.buffers))
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
        let head = match buffer % 4 {
            0 => frame.clone(),
            1 => Bytes::new(),
            some => frame.slice(..frame.len().min(some as usize * 16)),
        };
        self.inputs.push(Input::Received(Frame { connection, buffer, length: frame.len() as u32, head }));
    }
}
