//! Which servers answered so far, and why others did not: what an error about a silent cluster is made of.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Mutex, MutexGuard, PoisonError},
};

use thalweg_tls::Failed;
use tokio::sync::Notify;

/// The last that is known of each address that was connected to.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    states: Mutex<BTreeMap<String, State>>,
    changed: Notify,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Connecting,
    /// It was reached, and the TLS handshake is not over.
    Reached,
    /// A connection stands, and nothing came over it.
    Silent,
    Answering,
    Failed(Failed),
}

impl Reach {
    pub(super) fn connecting(&self, address: &str) {
        self.set(address, State::Connecting);
    }

    pub(super) fn reached(&self, address: &str) {
        self.set(address, State::Reached);
    }

    pub(super) fn connected(&self, address: &str) {
        self.set(address, State::Silent);
    }

    pub(super) fn answered(&self, address: &str) {
        self.set(address, State::Answering);
    }

    pub(super) fn failed(&self, address: &str, failed: &Failed) {
        self.set(address, State::Failed(failed.clone()));
    }

    fn set(&self, address: &str, state: State) {
        let mut states = self.states();
        match states.get_mut(address) {
            // While it is tried again, the reason of the last failure is worth more than that it is tried.
            Some(State::Failed(_)) if matches!(state, State::Connecting | State::Reached) => {}
            // A connection that stands only until the server says why it should not.
            Some(State::Failed(Failed { hopeless: true, .. })) if state == State::Silent => {}
            Some(known) => *known = state,
            None => drop(states.insert(address.to_owned(), state)),
        }
        self.changed.notify_waiters();
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<String, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a connection to each of these addresses has failed.
    pub(crate) async fn all_failed(&self, addresses: &[String]) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let failed = {
                let states = self.states();
                addresses.iter().all(|address| matches!(states.get(address), Some(State::Failed(_))))
            };
            if failed {
                return;
            }
            changed.await;
        }
    }

    /// Whether a connection to one of these addresses failed so that trying again cannot help.
    pub(crate) fn is_hopeless(&self, addresses: &[String]) -> bool {
        let states = self.states();
        let hopeless = |state: &State| matches!(state, State::Failed(Failed { hopeless: true, .. }));
        addresses.iter().any(|address| states.get(address).is_some_and(hopeless))
    }

    /// What is known of these addresses, as half a sentence: `a:1: connection refused; b:2: no answer`.
    pub(crate) fn describe(&self, addresses: &[String]) -> String {
        let states = self.states();
        let mut text = String::new();
        for address in addresses {
            let state = match states.get(address) {
                None => "not tried",
                Some(State::Connecting) => "no connection yet",
                Some(State::Reached) => "connected, but no TLS handshake yet; does it speak TLS?",
                Some(State::Silent) => "connected, but it does not answer",
                Some(State::Answering) => "it answers",
                Some(State::Failed(failed)) => &failed.reason,
            };
            let separator = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{separator}{address}: {state}");
        }
        text
    }
}
