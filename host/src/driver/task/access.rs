//! The driver as its task shares it with those who call it and with the connections.
//!
//! Small things that find nobody at the engine are carried out by who brings them, up to the request that leaves or the
//! answer that is told: of a call that waits for its answer, only the connection and the caller have to wake. Whatever
//! comes while the engine is at work goes to the task, which takes all of it together.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

use super::{Driver, END, Ended, FRAMES_WAITING, Flow, TOGETHER};
use crate::{
    driver::{
        command::Command,
        connection::{Events, SocketEvent, Taker, Waiting},
        engine::Trap,
        work::Done,
    },
    panics::{caught, text},
};
use thalweg_contract::WorkId;

/// The most bytes of rows or of a frame that are not left to the task: with more, who brings them has better to do while
/// the engine is at them.
const SMALL: usize = 64 << 10;

/// A driver, and what wakes its task.
pub(crate) struct DriverAccess {
    /// `None`: it has ended.
    driver: Mutex<Option<Driver>>,
    /// Commands that the task has not taken yet. What comes meanwhile may not overtake them.
    commands: AtomicUsize,
    /// Somebody else than the task did something that it must know of.
    called: Notify,
}

/// What the task waits for.
enum Happened {
    Command(Command),
    Socket(SocketEvent, Option<Waiting>),
    Finished(WorkId, Done),
}

/// What comes to the task.
struct Incoming {
    commands: mpsc::UnboundedReceiver<Command>,
    sockets: mpsc::Receiver<(SocketEvent, Waiting)>,
    finished: mpsc::UnboundedReceiver<(WorkId, Done)>,
}

impl Taker for DriverAccess {
    fn take(&self, event: SocketEvent) -> Result<(), SocketEvent> {
        if !matches!(&event, SocketEvent::Frame(_, frame) if frame.len() <= SMALL) {
            return Err(event);
        }
        let Ok(mut place) = self.driver.try_lock() else { return Err(event) };
        match place.as_mut().filter(|driver| driver.over.is_none()) {
            Some(driver) => self.follow(driver, Happened::Socket(event, None)),
            None => return Err(event),
        }
        Ok(())
    }
}

impl DriverAccess {
    /// Starts the task of a driver on the tokio runtime of the caller. Commands go in at what this gives; when that is
    /// dropped, the task ends.
    pub(crate) fn start(driver: Driver) -> (Arc<Self>, mpsc::UnboundedSender<Command>) {
        let (sender, commands) = mpsc::unbounded_channel();
        let access = Self { driver: Mutex::new(Some(driver)), commands: AtomicUsize::new(0), called: Notify::new() };
        let access = Arc::new(access);
        tokio::spawn(Arc::clone(&access).run(commands));
        (access, sender)
    }

    fn driver(&self) -> MutexGuard<'_, Option<Driver>> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries a command out, or leaves it to the task by way of `commands`. False when the driver has ended.
    pub(crate) fn command(&self, command: Command, commands: &mpsc::UnboundedSender<Command>) -> bool {
        let Some(left) = self.carry_out(command) else { return true };
        self.commands.fetch_add(1, Ordering::AcqRel);
        commands.send(left).is_ok()
    }

    /// Carries a command out if it is small, none is before it, and the engine is idle; gives it back otherwise.
    fn carry_out(&self, command: Command) -> Option<Command> {
        let small = match &command {
            Command::Write(write) => write.rows.bytes() <= SMALL,
            Command::Lookup(_) => true,
            _ => false,
        };
        if !small || self.commands.load(Ordering::Acquire) > 0 {
            return Some(command);
        }
        let Ok(mut place) = self.driver.try_lock() else { return Some(command) };
        let Some(driver) = place.as_mut().filter(|driver| driver.may_take(&command)) else { return Some(command) };
        self.follow(driver, Happened::Command(command));
        None
    }

    /// Goes on from what happened, in the place of the task; wakes it where it has to end, or to look again sooner.
    fn follow(&self, driver: &mut Driver, happened: Happened) {
        let flow = catch_unwind(AssertUnwindSafe(|| {
            driver.happened(happened)?;
            driver.turn()
        }));
        driver.over = match flow {
            Ok(Ok(flow)) if flow.is_continue() => None,
            Ok(Ok(_)) => Some(Ok(())),
            Ok(Err(trap)) => Some(Err(trap)),
            Err(panic) => Some(Err(Trap(text(panic.as_ref())))),
        };
        let sooner = driver.due().is_some_and(|due| driver.armed.is_none_or(|armed| due < armed));
        if driver.over.is_some() || sooner {
            self.called.notify_one();
        }
    }

    /// Runs the driver until it is closed, the engine traps, or nobody is left who could command.
    async fn run(self: Arc<Self>, commands: mpsc::UnboundedReceiver<Command>) {
        let (events, sockets) = mpsc::channel(FRAMES_WAITING);
        let (done, finished) = mpsc::unbounded_channel();
        if let Some(driver) = &mut *self.driver() {
            driver.outside.listen(Events::new(events, Arc::<Self>::downgrade(&self)), done);
        }
        let mut incoming = Incoming { commands, sockets, finished };
        let leave = Leave(&self);
        let ended = match caught(self.drive(&mut incoming)).await {
            Ok(Ok(())) => Ended::Closed,
            Ok(Err(Trap(cause))) | Err(cause) => {
                tracing::error!(%cause, "the engine broke down");
                Ended::Trapped(cause)
            }
        };
        // Before the commands are dropped, so that whoever gave one finds why.
        if let Some(driver) = &*self.driver() {
            let _ = driver.ended.set(ended);
        }
        drop(leave);
        drop(incoming);
    }

    async fn drive(&self, incoming: &mut Incoming) -> Result<(), Trap> {
        let alarm = tokio::time::sleep_until(Instant::now());
        tokio::pin!(alarm);
        let mut happened = None;
        loop {
            let armed = {
                let mut place = self.driver();
                let Some(driver) = &mut *place else { return Ok(()) };
                if self.task_turn(driver, happened.take(), incoming)?.is_break() {
                    return Ok(());
                }
                driver.arm()
            };
            if let Some(at) = armed.filter(|at| alarm.deadline() != *at) {
                alarm.as_mut().reset(at);
            }
            happened = tokio::select! {
                command = incoming.commands.recv() => match command {
                    Some(command) => Some(Happened::Command(command)),
                    None => return Ok(()),
                },
                Some((event, waiting)) = incoming.sockets.recv() => Some(Happened::Socket(event, Some(waiting))),
                Some((id, done)) = incoming.finished.recv() => Some(Happened::Finished(id, done)),
                () = alarm.as_mut(), if armed.is_some() => None,
                () = self.called.notified() => None,
            };
        }
    }

    /// Takes what happened, with all that waits beside it, and goes on as far as that leads.
    fn task_turn(&self, driver: &mut Driver, happened: Option<Happened>, incoming: &mut Incoming) -> Flow {
        if let Some(over) = driver.over.take() {
            return over.map(|()| END);
        }
        let mut taken = usize::from(matches!(happened, Some(Happened::Command(_))));
        if let Some(happened) = happened {
            driver.happened(happened)?;
        }
        for _ in 0..TOGETHER {
            let Ok(command) = incoming.commands.try_recv() else { break };
            taken += 1;
            driver.happened(Happened::Command(command))?;
        }
        for _ in 0..FRAMES_WAITING {
            let Ok((event, waiting)) = incoming.sockets.try_recv() else { break };
            driver.happened(Happened::Socket(event, Some(waiting)))?;
        }
        for _ in 0..TOGETHER {
            let Ok((id, done)) = incoming.finished.try_recv() else { break };
            driver.finished(id, done);
        }
        self.commands.fetch_sub(taken, Ordering::AcqRel);
        driver.turn()
    }
}

/// Ends the driver with its task, however that ends.
struct Leave<'a>(&'a DriverAccess);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let driver = self.0.driver().take();
        // Not under the lock: those who wait are told.
        drop(driver);
    }
}

impl Driver {
    fn happened(&mut self, happened: Happened) -> Result<(), Trap> {
        match happened {
            Happened::Command(command) => self.command(command)?,
            // It waits until it was taken.
            Happened::Socket(event, _waiting) => self.socket(event),
            Happened::Finished(id, done) => self.finished(id, done),
        }
        Ok(())
    }

    /// Whether a command may be carried out by who gives it: nothing is under way that it should go together with, and
    /// nothing waits that it must stand behind.
    fn may_take(&self, command: &Command) -> bool {
        let alone = match command {
            Command::Lookup(_) => !self.tickets.has_lookups() && self.lookups.is_empty(),
            _ => self.queue.is_empty(),
        };
        alone && self.outside.listens() && self.over.is_none() && self.give_up.is_none()
    }

    /// When something is to be done without anything happening: the engine's wish or the end of a close.
    fn due(&self) -> Option<Instant> {
        let wake = self.outside.wake.and_then(|at| self.clock.at(at));
        [wake, self.give_up].into_iter().flatten().min()
    }

    /// When the task is to look again; `None`: there is no need. An alarm that is set stays, even if it is sooner than need
    /// be: a call wants a later one when it has its answer, and the next a sooner one again.
    fn arm(&mut self) -> Option<Instant> {
        let set = self.armed.filter(|at| *at > Instant::now());
        self.armed = [set, self.due()].into_iter().flatten().min();
        self.armed
    }
}
