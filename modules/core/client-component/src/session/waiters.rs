//! Who waits for what the engine tells.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    rc::Rc,
};

use futures::channel::oneshot::Sender;
use thalweg_contract::{Answer, Error, Event, Fate, Found, RowSelection, Scanned, TableHandle, TableInfo, Ticket};

use super::bell::Bell;

/// Rows and their fates.
pub(crate) type Fates = Vec<(RowSelection, Fate)>;

/// What waits for the answer to a command.
pub(super) enum Waiter {
    Opened(Sender<Result<(TableHandle, Box<TableInfo>), Error>>),
    Written { left: u64, fates: Fates, done: Sender<Fates> },
    Flushed(Sender<()>),
    Found(Sender<Result<Found, Error>>),
    Answered(Sender<Result<Answer, Error>>),
    Scan(Rc<Scan>),
}

/// What came of a scan and is not read yet.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) rows: RefCell<VecDeque<Scanned>>,
    pub(crate) snapshot: Cell<Option<u64>>,
    pub(crate) ended: RefCell<Option<Result<(), Error>>>,
    pub(crate) bell: Bell,
}

/// Who waits, by the ticket.
#[derive(Default)]
pub(super) struct Waiters {
    waiting: HashMap<Ticket, Waiter>,
    /// For `close`.
    pub(super) closed: Vec<Sender<()>>,
}

impl Waiters {
    pub(super) fn add(&mut self, ticket: Ticket, waiter: Waiter) {
        self.waiting.insert(ticket, waiter);
    }

    pub(super) fn remove(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
    }

    /// Nobody waits any more; whoever did is told that the session is closed.
    pub(super) fn clear(&mut self) {
        self.closed.clear();
        for (_, waiter) in self.waiting.drain() {
            if let Waiter::Scan(scan) = waiter {
                *scan.ended.borrow_mut() = Some(Err(super::closed()));
                scan.bell.ring();
            }
        }
    }

    /// Hands an event to whoever waits for it. Where nobody waits any more, nothing is done.
    pub(super) fn tell(&mut self, event: Event) {
        match event {
            Event::Opened { ticket, result } => {
                if let Some(Waiter::Opened(sender)) = self.waiting.remove(&ticket) {
                    let _ = sender.send(result);
                }
            }
            Event::Settled { ticket, fates } => self.settled(ticket, fates),
            Event::Flushed { ticket } => {
                if let Some(Waiter::Flushed(sender)) = self.waiting.remove(&ticket) {
                    let _ = sender.send(());
                }
            }
            // Of one lookup: rows come as columns here.
            Event::Found { tickets, result } => {
                let waiter = tickets.first().and_then(|ticket| self.waiting.remove(ticket));
                if let Some(Waiter::Found(sender)) = waiter {
                    let _ = sender.send(result);
                }
            }
            Event::Answered { ticket, result } => {
                if let Some(Waiter::Answered(sender)) = self.waiting.remove(&ticket) {
                    let _ = sender.send(result);
                }
            }
            Event::Rows { ticket, scanned } => self.scan(ticket, |scan| scan.rows.borrow_mut().push_back(scanned)),
            Event::Snapshot { ticket, offset } => self.scan(ticket, |scan| scan.snapshot.set(Some(offset))),
            Event::Ended { ticket, result } => {
                self.scan(ticket, |scan| *scan.ended.borrow_mut() = Some(result));
                self.waiting.remove(&ticket);
            }
            Event::Closed => {
                for sender in self.closed.drain(..) {
                    let _ = sender.send(());
                }
            }
            Event::Writable => {}
        }
    }

    fn settled(&mut self, ticket: Ticket, new: Fates) {
        let Some(Waiter::Written { left, fates, .. }) = self.waiting.get_mut(&ticket) else { return };
        *left = left.saturating_sub(new.iter().map(|(rows, _)| count(rows)).sum());
        fates.extend(new);
        if *left == 0
            && let Some(Waiter::Written { fates, done, .. }) = self.waiting.remove(&ticket)
        {
            let _ = done.send(fates);
        }
    }

    fn scan(&self, ticket: Ticket, change: impl FnOnce(&Scan)) {
        if let Some(Waiter::Scan(scan)) = self.waiting.get(&ticket) {
            change(scan);
            scan.bell.ring();
        }
    }
}

fn count(rows: &RowSelection) -> u64 {
    match rows {
        RowSelection::Span { count, .. } => u64::from(*count),
        RowSelection::Rows(rows) => rows.len() as u64,
    }
}
