//! The loop, with an engine that follows a script and a server of a few lines.
//!
//! ```text
//! scripted  the engine
//! sockets   frames, and connections that fail
//! waiters   who waits for rows and answers, however it ends
//! work      work, held bytes, the alarm
//! lookups   the keys of many callers in one call
//! imports   what the engine component may reach
//! ```

mod imports;
mod inline;
mod lookups;
mod scripted;
mod sockets;
mod waiters;
mod work;

use std::{
    sync::{Arc, OnceLock, atomic::AtomicU64},
    time::Duration,
};

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use thalweg_contract::{Action, Bucket, Error, Event, Fate, Request, RowSelection, Settings, Ticket};
use tokio::sync::{mpsc, oneshot};

use self::scripted::{Call, Reply, Scripted};
use super::{
    Change, Command, Driver, DriverAccess, Reach, SocketSettings, Write,
    task::{Clock, Ended},
};
use crate::columns::flatten;

/// A driver under test.
struct Rig {
    driver: Arc<DriverAccess>,
    commands: mpsc::UnboundedSender<Command>,
    calls: mpsc::UnboundedReceiver<Call>,
    buffered: Arc<AtomicU64>,
    ended: Arc<OnceLock<Ended>>,
    reach: Arc<Reach>,
}

impl Rig {
    /// Starts a driver with `settings`; `script` says what the engine does at each call.
    fn start(settings: Settings, mut script: impl FnMut(&Call) -> Reply + Send + 'static) -> Self {
        let (seen, calls) = mpsc::unbounded_channel();
        let buffered = Arc::new(AtomicU64::new(1));
        let script = move |call: Call| {
            let reply = script(&call);
            let _ = seen.send(call);
            reply
        };
        let engine = Scripted { script, actions: Vec::new(), buffered: Arc::clone(&buffered), called: true };
        let (ended, reach) = (Arc::new(OnceLock::new()), Arc::new(Reach::default()));
        let sockets = SocketSettings::new(&settings, None, false);
        let driver = Driver::new(Box::new(engine), Clock::begin(), sockets, Arc::clone(&reach), Arc::clone(&ended));
        let (driver, commands) = DriverAccess::start(driver);
        Self { driver, commands, calls, buffered, ended, reach }
    }

    fn give(&self, command: Command) {
        self.driver.command(command, &self.commands);
    }

    fn ask(&self) -> oneshot::Receiver<Result<thalweg_contract::Answer, Error>> {
        let (reply, answer) = oneshot::channel();
        self.give(Command::Ask { request: Request::ListDatabases, reply });
        answer
    }

    fn append(&self, rows: usize) -> oneshot::Receiver<super::command::Accepted> {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1; rows]));
        let rows = flatten(&RecordBatch::try_from_iter([("a", column)]).unwrap()).unwrap();
        let (accepted, told) = oneshot::channel();
        self.give(Command::Write(Write { table: 1, change: Change::Append, rows, accepted }));
        told
    }

    async fn call(&mut self) -> Call {
        within(self.calls.recv()).await.expect("the driver is still there")
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("it answers in time")
}

fn settings() -> Settings {
    Settings::new(vec!["unused:1".to_owned()])
}

fn nothing() -> Reply {
    Ok((Ok(1), vec![]))
}

fn acknowledged(ticket: Ticket, rows: u32) -> Action {
    let bucket = Bucket { partition: None, bucket: 0 };
    let fate = Fate::Acknowledged { bucket, first: Some(0), end: u64::from(rows) };
    Action::Event(Event::Settled { ticket, fates: vec![(RowSelection::Span { first: 0, count: rows }, fate)] })
}
