//! What happened, as the engine is to have it.

use bytes::{Bytes, BytesMut};
use thalweg_contract::{Action, Buffers, ConnectionId, Frame, Input, Workplace};

use crate::shell::Shell;

impl Shell {
    /// Takes one of the inputs: what the host is to do goes to `left`, what the engine is to have to `inputs`.
    pub(crate) fn take(
        &mut self,
        input: Input,
        buffers: &mut impl Buffers,
        left: &mut Vec<Action>,
        inputs: &mut Vec<Input>,
    ) {
        let inside = self.options.work == Workplace::Inside;
        match input {
            Input::Bytes { connection, bytes } if inside => self.cut(connection, &bytes, left, inputs),
            Input::Bytes { connection, .. } => {
                let reason = "the host gave bytes in place of frames, which it may only if work is done inside";
                left.extend(self.break_off(connection, reason.to_owned(), inputs));
            }
            Input::Received(frame) if inside => {
                left.push(Action::Release(frame.buffer));
                match whole(&frame, self.frame_limit, buffers) {
                    Ok(bytes) => inputs.push(self.received(frame.connection, bytes)),
                    Err(reason) => left.extend(self.break_off(frame.connection, reason, inputs)),
                }
            }
            Input::Disconnected { connection, reason } => {
                self.cutters.remove(&connection);
                inputs.push(Input::Disconnected { connection, reason });
            }
            // The host holds nothing and was asked for no work: its numbers mean nothing inside.
            Input::Consumed(_) | Input::Done { .. } if inside => {}
            other => inputs.push(other),
        }
    }

    /// Cuts frames from bytes. A connection that was closed gives none any more.
    fn cut(&mut self, connection: ConnectionId, bytes: &Bytes, left: &mut Vec<Action>, inputs: &mut Vec<Input>) {
        let Some(cutter) = self.cutters.get_mut(&connection) else { return };
        let mut frames = Vec::new();
        let cut = cutter.take(bytes, self.frame_limit, &mut frames);
        for frame in frames {
            let input = self.received(connection, frame);
            inputs.push(input);
        }
        if let Err(reason) = cut {
            left.extend(self.break_off(connection, reason, inputs));
        }
    }

    /// A whole frame, which is held inside.
    fn received(&mut self, connection: ConnectionId, frame: Bytes) -> Input {
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let buffer = self.held.frame(frame.clone());
        Input::Received(Frame { connection, buffer, length, head: frame })
    }
}

/// All of a frame that the host holds. What the host does not have is left out: the frame is damaged then.
fn whole(frame: &Frame, limit: usize, buffers: &mut impl Buffers) -> Result<Bytes, String> {
    let length = frame.length as usize;
    if length > limit {
        return Err(format!("the host gave a frame of {length} bytes, longer than the limit of {limit} bytes"));
    }
    let head = frame.head.slice(..length.min(frame.head.len()));
    if head.len() == length {
        return Ok(head);
    }
    // The difference is less than `length`, a u32.
    let (from, missing) = (head.len() as u32, (length - head.len()) as u32);
    let rest = buffers.read(frame.buffer, from, missing);
    if head.is_empty() {
        return Ok(rest);
    }
    let mut whole = BytesMut::with_capacity(head.len() + rest.len());
    whole.extend_from_slice(&head);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}
