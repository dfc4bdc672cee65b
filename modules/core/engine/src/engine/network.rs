//! What the host reports.

use bytes::Bytes;

use super::{Engine, Owner, State};
use crate::order::Orders;
use thalweg_contract::{Action, BufferId, ConnectionId, Instant, WorkId, WorkOutput};

impl Engine {
    /// A connection was made.
    pub fn connected(&mut self, now: Instant, connection: ConnectionId) {
        let now = self.advance(now);
        self.connections.connected(now, connection, &mut self.out);
    }

    /// A connection could not be made, or ended: why.
    pub fn disconnected(&mut self, now: Instant, connection: ConnectionId, reason: &str) {
        let now = self.advance(now);
        self.connections.disconnected(now, connection, reason, &mut self.chance, &mut self.out);
    }

    /// One whole frame came in, without its 4-byte length prefix. The bytes stay with the host as `buffer` until
    /// [`Action::Release`]; the engine reads `frame` in place and keeps none of it longer than to the next `poll`.
    pub fn received(&mut self, now: Instant, connection: ConnectionId, buffer: BufferId, frame: Bytes) {
        let now = self.advance(now);
        if self.state == State::Closed {
            self.out.actions.push(Action::Release(buffer));
            return;
        }
        self.scans.hold(buffer);
        self.frames.push(buffer);
        self.connections.received(now, connection, (buffer, frame), &mut self.chance, &mut self.out);
    }

    /// Work is done.
    pub fn done(&mut self, now: Instant, work: WorkId, output: WorkOutput) {
        let now = self.advance(now);
        match self.works.remove(&work) {
            Some(Owner::Write(key)) => self.write.encoded(now, key, output),
            Some(Owner::Scan(key)) => {
                let mut orders = Orders::default();
                self.scans.done(key, output, &mut orders);
                self.carry_out_steps(orders.steps, Owner::Scan);
            }
            None => {
                let buffer = match output {
                    WorkOutput::Encoded { buffer, .. } => Some(buffer),
                    WorkOutput::Decoded { buffer, .. } => buffer,
                    WorkOutput::Failed(_) => None,
                };
                self.out.actions.extend(buffer.map(Action::Release));
            }
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Instant) {
        let now = self.advance(now);
        if self.wake.is_some_and(|wake| wake <= now) {
            self.wake = None;
        }
    }
}
