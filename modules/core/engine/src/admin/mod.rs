//! The admin stage: catalogue requests, tried until they are answered or late.
//!
//! ```text
//! listing  the offsets of all buckets of a table
//! question requests as messages
//! reply    answers from messages
//! ```

mod listing;
mod question;
mod reply;

use std::collections::BTreeMap;

use self::listing::Listing;
use crate::{
    backoff::{Backoff, micros},
    call::{Body, Failure, Key, fatal, passing},
    chance::Chance,
    cluster::Cluster,
    offsets::Wrong,
    order::Orders,
};
use thalweg_contract::{Answer, ConnectionSettings, Error, ErrorCode, Event, Instant, Request, TableHandle, Ticket};

/// How far a request is.
#[derive(Debug)]
enum Stage {
    /// To be sent, once back-off allows.
    Due,
    /// Under way.
    Asked,
    /// `ListOffsets`: its table is being opened, under the request's own ticket.
    Opening,
    /// `ListOffsets`: partitions and offsets are being asked for.
    Offsets(Listing),
}

/// A request that has no answer yet.
#[derive(Debug)]
struct Open {
    request: Request,
    deadline: Instant,
    stage: Stage,
    backoff: Backoff,
    trouble: Option<Error>,
}

/// The admin stage.
#[derive(Debug)]
pub(crate) struct Admin {
    settings: ConnectionSettings,
    open: BTreeMap<Ticket, Open>,
    calls: BTreeMap<u64, Ticket>,
    keys: u64,
}

impl Admin {
    /// No request yet.
    pub(crate) fn new(settings: &ConnectionSettings) -> Self {
        Self { settings: settings.clone(), open: BTreeMap::new(), calls: BTreeMap::new(), keys: 0 }
    }

    /// Takes a request.
    pub(crate) fn ask(&mut self, now: Instant, ticket: Ticket, request: Request, cluster: &mut Cluster) {
        let deadline = now.saturating_add(micros(self.settings.command_timeout));
        let stage = match &request {
            Request::ListOffsets { path } => {
                cluster.open(now, path.clone(), ticket);
                Stage::Opening
            }
            _ => Stage::Due,
        };
        let open = Open { request, deadline, stage, backoff: Backoff::default(), trouble: None };
        self.open.insert(ticket, open);
    }

    /// Forgets a request; what was sent is not called back.
    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        self.open.remove(&ticket);
    }

    /// Fails every request because the engine closes.
    pub(crate) fn close(&mut self, orders: &mut Orders) {
        for ticket in std::mem::take(&mut self.open).into_keys() {
            orders.event(Event::Answered { ticket, result: Err(fatal(ErrorCode::Closed)) });
        }
    }

    /// Whether a table that was opened under this ticket is wanted here.
    pub(crate) fn awaits(&self, ticket: Ticket) -> bool {
        self.open.get(&ticket).is_some_and(|open| matches!(open.stage, Stage::Opening))
    }

    /// A table was opened, or could not be.
    pub(crate) fn opened(
        &mut self,
        ticket: Ticket,
        result: Result<TableHandle, Error>,
        cluster: &Cluster,
        orders: &mut Orders,
    ) {
        let Some(open) = self.open.get_mut(&ticket) else { return };
        let started = result.and_then(|handle| Ok(Stage::Offsets(Listing::new(handle, cluster)?)));
        match started {
            Ok(stage) => open.stage = stage,
            Err(error) => self.answer(ticket, Err(error), orders),
        }
    }

    /// Time has passed: sends what is due, and gives up what is late.
    pub(crate) fn tick(&mut self, now: Instant, cluster: &Cluster, chance: &mut Chance, orders: &mut Orders) {
        let mut over = Vec::new();
        for (ticket, open) in &mut self.open {
            if open.deadline <= now {
                over.push((*ticket, Err(late(open, cluster))));
                continue;
            }
            match &mut open.stage {
                Stage::Due if open.backoff.not_before() <= now => {
                    self.keys += 1;
                    match question::call(Key::Admin(self.keys), &open.request) {
                        Ok(call) => {
                            self.calls.insert(self.keys, *ticket);
                            orders.calls.push(call);
                            open.stage = Stage::Asked;
                        }
                        Err(error) => over.push((*ticket, Err(error))),
                    }
                }
                Stage::Offsets(listing) => {
                    if let Err(error) = listing.advance(cluster, orders) {
                        over.push((*ticket, Err(error)));
                    } else if let Some(answer) = listing.answer(cluster) {
                        over.push((*ticket, Ok(answer)));
                    } else if let Listing::Offsets(_, _, offsets) = listing {
                        let before = self.keys;
                        let context = (&self.settings, &mut *chance);
                        offsets.tick(now, cluster, &mut self.keys, Key::Admin, context, orders);
                        self.calls.extend((before + 1..=self.keys).map(|key| (key, *ticket)));
                    }
                }
                Stage::Due | Stage::Asked | Stage::Opening => {}
            }
        }
        for (ticket, result) in over {
            self.answer(ticket, result, orders);
        }
    }

    /// When `tick` is to be called at the latest.
    pub(crate) fn next_wake(&self, now: Instant) -> Option<Instant> {
        let wakes = self.open.values().flat_map(|open| {
            let again = match &open.stage {
                Stage::Due => Some(open.backoff.not_before()),
                Stage::Offsets(Listing::Offsets(_, _, offsets)) => offsets.next_wake(now),
                Stage::Asked | Stage::Opening | Stage::Offsets(_) => None,
            };
            again.into_iter().chain([open.deadline])
        });
        wakes.min()
    }

    /// A request ended; fails if the answer makes no sense.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        key: u64,
        result: Result<Body, Failure>,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), String> {
        let Some(ticket) = self.calls.remove(&key) else { return Ok(()) };
        let Some(open) = self.open.get_mut(&ticket) else { return Ok(()) };
        if let Stage::Offsets(Listing::Offsets(_, _, offsets)) = &mut open.stage {
            return match offsets.answered(now, key, result, (&self.settings, chance), orders) {
                Ok(()) => Ok(()),
                Err(Wrong::Malformed(reason)) => Err(reason),
                Err(Wrong::Refused(error)) => {
                    self.answer(ticket, Err(error), orders);
                    Ok(())
                }
            };
        }
        let (result, malformed) = match result {
            Ok(body) => match reply::answer(&open.request, body.bytes) {
                Ok(answer) => (Ok(answer), Ok(())),
                Err(reason) => (Err(passing(ErrorCode::Corrupt(reason.clone()))), Err(reason)),
            },
            Err(failure) => (Err(failure.into_error()), Ok(())),
        };
        match result {
            Err(error) if error.retriable => {
                open.backoff.failed(now, self.settings.backoff, self.settings.backoff_limit, chance);
                open.trouble = Some(error);
                open.stage = Stage::Due;
            }
            result => {
                if result.is_ok() {
                    orders.changed.extend(question::changed(&open.request).cloned());
                }
                self.answer(ticket, result, orders);
            }
        }
        malformed
    }

    fn answer(&mut self, ticket: Ticket, result: Result<Answer, Error>, orders: &mut Orders) {
        if self.open.remove(&ticket).is_some() {
            orders.event(Event::Answered { ticket, result });
        }
    }
}

/// Why a request has no answer at its deadline.
fn late(open: &Open, cluster: &Cluster) -> Error {
    let offsets = match &open.stage {
        Stage::Offsets(listing) => listing.trouble(),
        _ => None,
    };
    let known = open.trouble.as_ref().or(offsets).or(cluster.trouble()).cloned();
    known.unwrap_or_else(|| {
        let text = format!("no answer to `{}` within the command timeout", question::name(&open.request));
        passing(ErrorCode::TimedOut(text))
    })
}
