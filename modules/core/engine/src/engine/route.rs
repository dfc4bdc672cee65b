//! Turns: answers to stages, calls to connections, news to whom it concerns, until nothing moves any more.

use thalweg_wire::message::InitWriterRequest;

use super::{
    Engine, Owner, State,
    produce::{create_partition, created, produce, produced, writer},
};
use crate::{
    call::{Answered, Call, Failure, Key, Target, passing},
    cluster::{News, Partition, wire_path},
    order::{Orders, Stale, Step},
    write::{Output, Table},
};
use thalweg_contract::{Action, Buffers, Error, ErrorCode, Event, TableHandle, Ticket};

/// The most rounds of one turn. Each round answers what the one before asked, so that a few do; the limit keeps a mistake
/// here from hanging the host.
const ROUNDS: usize = 1000;

impl Engine {
    /// Does whatever can be done now.
    pub(super) fn turn(&mut self, buffers: &mut dyn Buffers) {
        self.connections.tick(self.now, &mut self.chance, &mut self.out);
        let moved = (0..ROUNDS).all(|_| self.round(buffers));
        for frame in std::mem::take(&mut self.frames) {
            self.consumed(frame);
        }
        if self.state == State::Closing && self.write.is_closed() {
            self.connections.close(&mut self.out);
            self.write.abandon();
            self.drive_write();
            self.state = State::Closed;
            self.parked.clear();
            self.event(Event::Closed);
            return;
        }
        let wakes = [
            moved.then_some(self.now),
            self.connections.next_wake(),
            self.cluster.next_wake(),
            self.admin.next_wake(self.now),
            self.scans.next_wake(self.now),
            self.lookups.next_wake(),
            self.write.next_wake(),
            self.parked.iter().map(|(deadline, _)| *deadline).min(),
        ];
        let wake = wakes.into_iter().flatten().min();
        if let Some(at) = wake.filter(|_| wake != self.wake) {
            self.wake = wake;
            self.out.actions.push(Action::WakeAt(at));
        }
    }

    /// One round; false if nothing moved.
    fn round(&mut self, buffers: &mut dyn Buffers) -> bool {
        let mut orders = Orders::default();
        let mut moved = false;
        while let Some(answer) = self.out.answers.pop_front() {
            moved = true;
            self.dispatch(answer, buffers, &mut orders);
        }
        self.cluster.tick(self.now, &mut orders.calls);
        for news in self.cluster.take_news() {
            moved = true;
            self.tell(news, &mut orders);
        }
        moved |= self.doubt_silent();
        self.admin.tick(self.now, &self.cluster, &mut self.chance, &mut orders);
        self.scans.tick(self.now, &self.cluster, &mut self.chance, &mut orders);
        self.lookups.tick(self.now, &self.cluster, &mut self.chance, &mut orders);
        moved |= !(orders.calls.is_empty() && orders.steps.is_empty() && orders.stale.is_empty());
        self.carry_out_steps(orders.steps, Owner::Scan);
        for stale in orders.stale {
            match stale {
                Stale::Table(handle) => self.cluster.refresh(self.now, handle),
                Stale::Partition(handle, id) => self.cluster.refresh_partition(self.now, handle, id),
                Stale::Name(handle, name) => self.cluster.want_partition(self.now, handle, &name),
                Stale::Partitions(handle) => self.cluster.list_partitions(self.now, handle),
                Stale::Schema(handle, id) => self.cluster.want_schema(self.now, handle, id),
            }
        }
        for path in orders.changed {
            self.cluster.changed(self.now, &path);
        }
        for call in orders.calls {
            self.send(call);
        }
        moved |= self.drive_write();
        moved | self.unpark()
    }

    /// Asks whether servers that are silent still belong to the cluster, and leaves those that do not: what was under way
    /// there goes to whoever leads now, long before its deadline. False if there was none to leave or to ask about.
    fn doubt_silent(&mut self) -> bool {
        let mut moved = false;
        for (address, doubt) in self.connections.silent(self.now) {
            if self.cluster.lacks(&address) {
                self.connections.leave(self.now, &address, &mut self.chance, &mut self.out);
                moved = true;
            } else if doubt {
                self.cluster.refresh_servers(self.now);
                moved = true;
            }
        }
        moved
    }

    /// Hands an answer to the stage that asked.
    fn dispatch(&mut self, answer: Answered, buffers: &mut dyn Buffers, orders: &mut Orders) {
        let (now, address) = (self.now, answer.address.clone());
        let malformed = match answer.key {
            Key::Cluster(key) => self.cluster.answered(now, key, answer, &mut self.chance, &mut orders.calls),
            Key::Admin(key) => self.admin.answered(now, key, answer.result, &mut self.chance, orders),
            Key::Scan(key) => self.scans.answered(now, key, (answer.result, buffers), &mut self.chance, orders),
            Key::Lookup(key) => self.lookups.answered(now, key, answer.result, &mut self.chance, orders),
            Key::Produce(key) => {
                let (reply, malformed) = produced(&address, answer.result, self.write.is_keyed(key));
                self.write.replied(now, key, reply);
                malformed
            }
            Key::Partition(key) => {
                self.write.partition_created(now, key, created(answer.result));
                Ok(())
            }
            Key::Writer => {
                let (writer, malformed) = writer(answer.result);
                self.write.writer_given(now, writer);
                malformed
            }
            Key::Handshake => Ok(()),
        };
        if let Err(reason) = malformed {
            self.connections.distrust(now, &address, &reason, &mut self.chance, &mut self.out);
        }
    }

    /// Passes on what was learned of the cluster.
    fn tell(&mut self, news: News, orders: &mut Orders) {
        match news {
            News::Opened(ticket, result) => {
                if let Ok(handle) = result {
                    self.introduce(handle);
                }
                if self.admin.awaits(ticket) {
                    self.admin.opened(ticket, result, &self.cluster, orders);
                } else if self.opening.remove(&ticket) {
                    self.opened(ticket, result, orders);
                }
            }
            News::ShutOut(error) => self.shut_out(&error, orders),
            News::Leaders(handle) => {
                if let Ok(table) = self.cluster.table(handle) {
                    self.write.set_leaders(self.now, handle, &table.leaders);
                }
            }
            News::Partition(handle, name) => {
                self.lookups.partition_told(handle, &name, &self.cluster);
                match self.cluster.partition(handle, &name) {
                    Partition::Known { id, leaders, .. } => {
                        self.write.set_partition(self.now, handle, &name, id, leaders);
                    }
                    Partition::Missing(error) => self.write.partition_missing(self.now, handle, &name, &error),
                    Partition::Asked => {}
                }
            }
            News::PartitionId(..) | News::Partitions(_) | News::Schema(..) => {}
            News::Gone(handle, error) => {
                self.write.gone(self.now, handle, &error);
                self.scans.gone(handle, &error, orders);
                self.lookups.gone(handle, &error, orders);
            }
        }
    }

    /// Fails what waits for a cluster that does not let this client in.
    fn shut_out(&mut self, error: &Error, orders: &mut Orders) {
        self.write.shut_out(self.now, error);
        for handle in self.cluster.handles() {
            self.scans.gone(handle, error, orders);
            self.lookups.gone(handle, error, orders);
        }
        for (_, call) in std::mem::take(&mut self.parked) {
            self.lose(call, error.clone());
        }
    }

    fn opened(&self, ticket: Ticket, result: Result<TableHandle, Error>, orders: &mut Orders) {
        let result = result.and_then(|handle| {
            let info = self.cluster.table(handle)?.info.as_ref().clone();
            Ok((handle, Box::new(info)))
        });
        orders.event(Event::Opened { ticket, result });
    }

    /// Makes a table known to the write stage.
    fn introduce(&mut self, handle: TableHandle) {
        let Ok(table) = self.cluster.table(handle) else { return };
        if self.introduced.insert(handle) {
            let table = Table { handle, info: table.info.clone(), leaders: table.leaders.clone() };
            self.write.open(self.now, &table);
        }
    }

    /// Does what the write stage wants; false if it wants nothing.
    fn drive_write(&mut self) -> bool {
        if self.write.next_wake().is_some_and(|wake| wake <= self.now) {
            self.write.tick(self.now);
        }
        let mut moved = false;
        while let Some(output) = self.write.poll() {
            moved = true;
            match output {
                Output::Work { key, work } => self.carry_out_steps(vec![Step::Work(key, work)], Owner::Write),
                Output::Produce(request) => self.send(produce(request)),
                Output::InitWriter { tables } => {
                    let table_path = tables.iter().map(wire_path).collect();
                    self.send(Call::new(Key::Writer, Target::Tablet, InitWriterRequest { table_path }));
                }
                Output::Refresh { table } => self.cluster.refresh(self.now, table),
                Output::Seek { table, partition } => self.cluster.want_partition(self.now, table, &partition),
                Output::CreatePartition { key, table, partition } => self.create_partition(key, table, &partition),
                Output::Release(buffer) => self.out.actions.push(Action::Release(buffer)),
                Output::Event(event) => self.event(event),
            }
        }
        moved
    }

    fn create_partition(&mut self, key: u64, handle: TableHandle, name: &str) {
        let call = self.cluster.table(handle).and_then(|table| create_partition(key, &table.info, name));
        match call {
            Ok(call) => self.send(call),
            Err(error) => self.write.partition_created(self.now, key, Err(Failure::Lost { error, sent: false })),
        }
    }

    /// Sends a call, or parks it until its server is known.
    pub(super) fn send(&mut self, call: Call) {
        match self.cluster.address(call.to, &self.connections) {
            Some(address) => self.connections.send(self.now, address, call, &mut self.out),
            None => match call.to {
                Target::Server(id) => {
                    let text = format!("tablet server {id} is not part of the cluster any more");
                    self.lose(call, passing(ErrorCode::Unavailable(text)));
                    self.cluster.refresh_servers(self.now);
                }
                _ => {
                    self.parked.push((self.now.saturating_add(self.request_timeout), call));
                    self.cluster.refresh_servers(self.now);
                }
            },
        }
    }

    /// Sends the calls whose server is known by now, and fails those that waited too long; false if there was none.
    fn unpark(&mut self) -> bool {
        let mut moved = false;
        for (deadline, call) in std::mem::take(&mut self.parked) {
            if self.cluster.address(call.to, &self.connections).is_some() {
                moved = true;
                self.send(call);
            } else if deadline <= self.now {
                moved = true;
                let error = self.cluster.trouble().cloned().unwrap_or_else(|| {
                    passing(ErrorCode::TimedOut("no server said where the coordinator is in time".into()))
                });
                self.lose(call, error);
            } else {
                self.parked.push((deadline, call));
            }
        }
        moved
    }

    fn lose(&mut self, call: Call, error: Error) {
        let result = Err(Failure::Lost { error, sent: false });
        self.out.answers.push_back(Answered { key: call.key, result, address: String::new() });
    }

    /// Numbers work for the host, and passes releases and events on.
    pub(super) fn carry_out_steps(&mut self, steps: Vec<Step>, owner: fn(u64) -> Owner) {
        for step in steps {
            let action = match step {
                Step::Work(key, work) => {
                    let id = self.next_work;
                    self.next_work += 1;
                    self.works.insert(id, owner(key));
                    Action::Work { id, work }
                }
                Step::Release(buffer) => Action::Release(buffer),
                Step::Event(event) => Action::Event(event),
            };
            self.out.actions.push(action);
        }
    }
}
