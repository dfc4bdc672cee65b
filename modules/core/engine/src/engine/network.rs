//! What happened: on the network, with work, with what the user reads.

use bytes::Bytes;

use super::{Engine, Owner, State};
use crate::order::Orders;
use thalweg_contract::{Action, BufferId, Buffers, Frame, Input, WorkId, WorkOutput};

impl Engine {
    /// Takes one thing that happened.
    pub(super) fn happened(&mut self, input: Input, buffers: &mut dyn Buffers) {
        match input {
            Input::Connected(connection) => self.connections.connected(self.now, connection, &mut self.out),
            Input::Disconnected { connection, reason } => {
                self.connections.disconnected(self.now, connection, &reason, &mut self.chance, &mut self.out);
            }
            Input::Received(frame) => self.received(frame, buffers),
            Input::Bytes { connection, .. } => {
                let reason = "the host hands over bytes that are not cut into frames";
                self.connections.refuse(self.now, connection, reason, &mut self.chance, &mut self.out);
            }
            Input::Done { work, output } => self.done(work, output),
            Input::Consumed(buffer) => self.consumed(buffer),
            Input::Demand { ticket, bytes } => self.scans.demand(ticket, bytes),
        }
    }

    /// One whole frame came in. It stays with the host until [`Action::Release`].
    fn received(&mut self, frame: Frame, buffers: &mut dyn Buffers) {
        let Frame { connection, buffer, .. } = frame;
        if self.state == State::Closed {
            self.out.actions.push(Action::Release(buffer));
            return;
        }
        self.scans.hold(buffer);
        self.frames.push(buffer);
        let length = frame.length as usize;
        let skimmed = frame.head.len() < length && self.connections.skims(connection, &frame.head);
        let bytes = if skimmed { Ok(frame.head) } else { whole(frame, buffers) };
        match bytes {
            Ok(bytes) => {
                let frame = (buffer, bytes, length);
                self.connections.received(self.now, connection, frame, &mut self.chance, &mut self.out);
            }
            Err(reason) => {
                self.connections.refuse(self.now, connection, &reason, &mut self.chance, &mut self.out);
            }
        }
    }

    /// Nobody reads in this buffer any more, or one less.
    pub(super) fn consumed(&mut self, buffer: BufferId) {
        let mut orders = Orders::default();
        self.scans.consumed(buffer, &mut orders);
        self.carry_out_steps(orders.steps, Owner::Scan);
    }

    fn done(&mut self, work: WorkId, output: WorkOutput) {
        match self.works.remove(&work) {
            Some(Owner::Write(key)) => self.write.encoded(self.now, key, output),
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
}

/// The bytes of a frame: its head, and what the host has beyond it.
fn whole(frame: Frame, buffers: &mut dyn Buffers) -> Result<Bytes, String> {
    let Frame { buffer, length, head, .. } = frame;
    let (wanted, there) = (length as usize, head.len());
    if there == wanted {
        return Ok(head);
    }
    let rest = wanted.checked_sub(there).filter(|rest| *rest > 0);
    let rest = rest.ok_or_else(|| format!("a frame of {wanted} bytes has a head of {there}"))?;
    let more = buffers.read(buffer, there as u32, rest as u32);
    if more.len() != rest {
        return Err(format!("the host gives {} bytes of a frame where {rest} are left", more.len()));
    }
    Ok(Bytes::from([&head[..], &more[..]].concat()))
}
