//! What the engine wants, carried out as far as that goes inside.

use thalweg_contract::{
    Action, BufferId, ConnectionId, Error, ErrorCode, Event, Found, Input, Layout, Piece, RowForm, Scanned, Ticket,
    Workplace,
};

use crate::{
    columns::{aligned, is_aligned, parts},
    frames::Cutter,
    shell::Shell,
};

impl Shell {
    /// Carries actions out: what is left for the host goes to `left`, what came of the rest to `inputs`.
    pub(crate) fn carry_out(&mut self, actions: Vec<Action>, left: &mut Vec<Action>, inputs: &mut Vec<Input>) {
        for action in &actions {
            match action {
                Action::Connect { connection, .. } => drop(self.cutters.insert(*connection, Cutter::default())),
                Action::Close { connection } => drop(self.cutters.remove(connection)),
                _ => {}
            }
        }
        let options = self.options;
        if (options.work, options.rows) == (Workplace::Outside, RowForm::Message) {
            left.extend(actions);
            return;
        }
        for action in actions {
            let action = match options.work {
                Workplace::Outside => Some(action),
                Workplace::Inside => self.act(action, inputs),
            };
            match action {
                Some(Action::Event(event)) => left.extend(self.tell(event, inputs).map(Action::Event)),
                other => left.extend(other),
            }
        }
    }

    /// Does what needs no host, and gives what does.
    fn act(&mut self, action: Action, inputs: &mut Vec<Input>) -> Option<Action> {
        match action {
            Action::Work { id, work } => {
                let output = self.held.work(work);
                inputs.push(Input::Done { work: id, output });
                None
            }
            Action::Release(buffer) => {
                self.held.release(buffer);
                None
            }
            Action::Send { connection, pieces } => {
                let pieces: Option<Vec<Piece>> = pieces.into_iter().map(|piece| self.held.inline(piece)).collect();
                match pieces {
                    Some(pieces) => Some(Action::Send { connection, pieces }),
                    None => self.break_off(connection, "what was to be sent is not held any more".to_owned(), inputs),
                }
            }
            other => Some(other),
        }
    }

    /// Ends a connection that cannot go on: the engine learns why, and the host closes it.
    pub(crate) fn break_off(
        &mut self,
        connection: ConnectionId,
        reason: String,
        inputs: &mut Vec<Input>,
    ) -> Option<Action> {
        self.cutters.remove(&connection)?;
        inputs.push(Input::Disconnected { connection, reason });
        Some(Action::Close { connection })
    }

    /// An event as the host is to have it.
    fn tell(&mut self, event: Event, inputs: &mut Vec<Input>) -> Option<Event> {
        match event {
            Event::Rows { ticket, scanned } => self.rows(ticket, scanned, inputs),
            Event::Found { tickets, result } => {
                let result = result.and_then(|found| self.found(&tickets, found));
                tickets.iter().for_each(|ticket| self.tables.ended(*ticket));
                Some(Event::Found { tickets, result })
            }
            Event::Ended { ticket, .. } => {
                if self.ended.contains(&ticket) {
                    return None;
                }
                self.tables.ended(ticket);
                Some(event)
            }
            Event::Opened { result: Ok((handle, ref info)), .. } if self.options.rows == RowForm::Columns => {
                self.tables.opened(handle, info);
                Some(event)
            }
            other => Some(other),
        }
    }

    /// Rows of a scan; where they cannot be given the scan ends.
    fn rows(&mut self, ticket: Ticket, mut scanned: Scanned, inputs: &mut Vec<Input>) -> Option<Event> {
        // A scan that was given up, or whose rows could not be given, gives nothing more.
        let over = self.options.rows == RowForm::Columns && self.tables.layout(ticket).is_none();
        if over || self.ended.contains(&ticket) {
            inputs.extend(held(&scanned).map(Input::Consumed));
            return None;
        }
        match self.put_inside(ticket, &mut scanned, inputs) {
            Ok(()) => Some(Event::Rows { ticket, scanned }),
            Err(reason) => {
                self.ended.push(ticket);
                self.tables.ended(ticket);
                inputs.extend(held(&scanned).map(Input::Consumed));
                let bucket = scanned.bucket.bucket;
                let text = format!("the batch at offset {} of bucket {bucket} is corrupt: {reason}", scanned.offset);
                let error = Error { code: ErrorCode::Corrupt(text), retriable: false };
                Some(Event::Ended { ticket, result: Err(error) })
            }
        }
    }

    /// Gives rows their columns and their body, as the options want them.
    fn put_inside(&mut self, ticket: Ticket, scanned: &mut Scanned, inputs: &mut Vec<Input>) -> Result<(), String> {
        let inside = self.options.work == Workplace::Inside;
        if let (true, Piece::Held(range)) = (inside, &scanned.body) {
            inputs.push(Input::Consumed(range.buffer));
            let body = self.held.take(range);
            let lost = body.is_none();
            scanned.body = Piece::Inline(body.unwrap_or_default());
            if lost {
                return Err("its bytes are not held any more".to_owned());
            }
        }
        self.lay_out(ticket, &mut scanned.layout)?;
        if let (true, Layout::Columns(columns), Piece::Inline(body)) = (inside, &mut scanned.layout, &mut scanned.body)
            && !is_aligned(columns)
        {
            *body = aligned(columns, body, self.batch_limit).ok_or("its columns lie in each other")?;
        }
        Ok(())
    }

    fn found(&self, tickets: &[Ticket], mut found: Found) -> Result<Found, Error> {
        // They are all of one table.
        if let Some(ticket) = tickets.first() {
            self.lay_out(*ticket, &mut found.layout)
                .map_err(|reason| Error { code: ErrorCode::Corrupt(reason), retriable: false })?;
        }
        Ok(found)
    }

    /// Makes the parts of columns of the metadata of a message, where these are wanted.
    fn lay_out(&self, ticket: Ticket, layout: &mut Layout) -> Result<(), String> {
        let (RowForm::Columns, Layout::Message(metadata)) = (self.options.rows, &*layout) else { return Ok(()) };
        let columns = self.tables.layout(ticket).ok_or("it is not known which columns its rows have")?;
        *layout = Layout::Columns(parts(metadata, &columns).map_err(|error| error.to_string())?);
        Ok(())
    }
}

/// The buffer that rows lie in, if it is held.
fn held(scanned: &Scanned) -> Option<BufferId> {
    match &scanned.body {
        Piece::Held(range) => Some(range.buffer),
        Piece::Inline(_) => None,
    }
}
