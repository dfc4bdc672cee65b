//! The task of a session: what happened goes to the engine, and its actions are carried out.

use std::{
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
};

use futures::future::{Either, pending, select};
use thalweg_contract::{Action, Event, Piece, WholeFrames};

use super::{
    Shared,
    socket::{self, Link},
};

/// A wait for a time: that time, and the wait.
type Timer = (u64, Pin<Box<dyn Future<Output = ()>>>);

/// Runs until the session ends. Connections are tasks beside it.
pub(super) async fn run(shared: Rc<Shared>) {
    let mut timer: Option<Timer> = None;
    while !shared.over.get() {
        step(&shared);
        for (connection, address, link) in shared.wanted.take() {
            wit_bindgen::spawn_local(socket::run(Rc::clone(&shared), connection, address, link));
        }
        // A timer that is due too early costs a turn; one that is set anew costs more.
        if let Some(at) = shared.wake_at.get()
            && timer.as_ref().is_none_or(|(set, _)| at < *set)
        {
            let clock = shared.clock;
            timer = Some((at, Box::pin(async move { clock.wait_until(at).await })));
        }
        let is_due = matches!(select(pin!(shared.bell.heard()), pin!(due(&mut timer))).await, Either::Right(_));
        if is_due {
            timer = None;
            // The engine says a time once: one that has come is forgotten, one that was waited for too early is kept.
            shared.wake_at.set(shared.wake_at.get().filter(|at| *at > shared.clock.now()));
        }
    }
    for (_, link) in shared.links.borrow_mut().drain() {
        link.end();
    }
}

/// Waits until the timer is due; for ever without one.
async fn due(timer: &mut Option<Timer>) {
    match timer {
        Some((_, wait)) => wait.as_mut().await,
        None => pending().await,
    }
}

/// One turn of the engine.
fn step(shared: &Shared) {
    let inputs = shared.inputs.take();
    let actions = shared.engine.borrow_mut().step(shared.clock.now(), inputs, &mut WholeFrames);
    for action in actions {
        carry_out(shared, action);
    }
}

fn carry_out(shared: &Shared, action: Action) {
    match action {
        Action::Connect { connection, address } => {
            let link = Rc::<Link>::default();
            shared.links.borrow_mut().insert(connection, Rc::clone(&link));
            shared.wanted.borrow_mut().push((connection, address, link));
        }
        Action::Send { connection, pieces } => {
            if let Some(link) = shared.links.borrow().get(&connection) {
                link.send(joined(pieces));
            }
        }
        Action::Close { connection } => {
            if let Some(link) = shared.links.borrow_mut().remove(&connection) {
                link.end();
            }
        }
        Action::WakeAt(at) => shared.wake_at.set(Some(at)),
        Action::Event(Event::Writable) => shared.writable.ring(),
        Action::Event(event) => shared.waiters.borrow_mut().tell(event),
        // The engine does its work itself, and names nothing that it does not have.
        Action::Work { .. } | Action::Release(_) => {}
    }
}

/// The bytes of pieces, all of which come inline from an engine that does its work itself.
fn joined(pieces: Vec<Piece>) -> Vec<u8> {
    let mut inline = pieces.into_iter().filter_map(|piece| match piece {
        Piece::Inline(bytes) => Some(bytes),
        Piece::Held(_) => None,
    });
    let mut joined = inline.next().unwrap_or_default();
    inline.for_each(|bytes| joined.extend_from_slice(&bytes));
    joined
}
