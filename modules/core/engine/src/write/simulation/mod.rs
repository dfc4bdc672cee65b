//! The write stage against a model of servers and network, in virtual time, with everything that can go wrong.
//!
//! Every run follows from its seed; a failing one is named, and runs alone with
//! `THALWEG_SEED=<seed> cargo test -p thalweg-engine write::simulation`.

mod catalogue;
mod network;
mod user;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use self::{network::Request, user::Tally};
use super::{
    Change, Output, Reply, Write,
    model::{Host, Log, keyed, outputs, shaped, table},
};
use crate::chance::Chance;
use thalweg_contract::{Assignment, Bucket, Event, Fate, Instant, Settings, Ticket, Work};

/// How long faults go on, in virtual microseconds.
const TROUBLE: Instant = 20_000_000;
/// When every run must be over.
const END: Instant = 400_000_000;

#[derive(Debug)]
enum Happening {
    Append,
    Flush,
    Encoded(u64, Work),
    Arrives(Request),
    Answered(u64, Reply),
    TimedOut(u64),
    Breaks(i32),
    LeaderMoves,
    Forgets,
    Closes,
    WriterGiven,
    Refreshed,
    Sought(Arc<str>),
    Created(u64, Arc<str>),
    Drops,
    Wakes,
}

/// What is wanted of a run.
#[derive(Debug)]
struct Plan {
    buckets: u32,
    hashed: bool,
    /// Whether rows have a key, so that they are upserted, updated and deleted.
    keyed: bool,
    /// How many partitions rows are spread over; 0: the table has none.
    partitions: u32,
    /// Of 1000 requests, how many meet each kind of fault.
    fault: u64,
    appends: u32,
    /// Whether batches carry sequences; without, a retry may double rows.
    idempotent: bool,
    /// When the stage is closed, if before everything is done.
    closes: Option<Instant>,
}

#[derive(Debug)]
struct World {
    chance: Chance,
    plan: Plan,
    write: Write,
    host: Host,
    now: Instant,
    happenings: BTreeMap<(Instant, u64), Happening>,
    count: u64,
    logs: BTreeMap<Bucket, Log>,
    /// The partitions that there are, and the number of each.
    partitions: BTreeMap<Arc<str>, i64>,
    /// The name of every partition that ever was, by its number less one.
    created: Vec<Arc<str>>,
    leaders: Vec<i32>,
    /// The connection to each server, and when the last request on it arrives.
    connections: HashMap<i32, (u64, Instant)>,
    outstanding: HashMap<u64, i32>,
    writers: i64,
    tickets: Ticket,
    appended: u32,
    next_row: i64,
    /// The rows of each append that was taken, and their fates.
    taken: BTreeMap<Ticket, Vec<(i64, Option<Fate>, u64)>>,
    /// What each append did to its rows, by the id of the first.
    changes: BTreeMap<i64, Change>,
    flushes: BTreeMap<Ticket, Ticket>,
    woken: Instant,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let plan = Plan {
            buckets: 1 + chance.below(5) as u32,
            hashed: chance.below(2) == 0,
            keyed: chance.below(2) == 0,
            partitions: [0, 0, 1, 3][chance.below(4) as usize],
            fault: [0, 10, 60, 150][chance.below(4) as usize],
            appends: 20 + chance.below(100) as u32,
            idempotent: chance.below(8) != 0,
            closes: (chance.below(4) == 0).then(|| chance.below(TROUBLE)),
        };
        let mut settings = Settings::new(vec![]);
        settings.write.batch_bytes = 512 + chance.below(2000) as u32;
        settings.write.batch_rows = 8 + chance.below(100) as u32;
        settings.write.request_bytes = 1000 + chance.below(8000) as u32;
        settings.write.buffer_limit = 64 << 10;
        settings.write.in_flight = 1 + chance.below(5) as u32;
        settings.write.delivery_timeout = Duration::from_millis(200 + chance.below(20_000));
        settings.write.assignment = if chance.below(2) == 0 { Assignment::Sticky } else { Assignment::RoundRobin };
        let write = Write::new(&settings, chance.next());
        let mut world = Self {
            logs: BTreeMap::new(),
            partitions: BTreeMap::new(),
            created: Vec::new(),
            leaders: (0..plan.buckets).map(|_| chance.below(2) as i32).collect(),
            chance,
            plan,
            write,
            host: Host::default(),
            now: 0,
            happenings: BTreeMap::new(),
            count: 0,
            connections: HashMap::new(),
            outstanding: HashMap::new(),
            writers: 0,
            tickets: 0,
            appended: 0,
            next_row: 0,
            taken: BTreeMap::new(),
            changes: BTreeMap::new(),
            flushes: BTreeMap::new(),
            woken: 0,
        };
        let known = world.known_leaders();
        let (buckets, partitioned) = (world.plan.buckets, world.plan.partitions > 0);
        let table = match (world.plan.keyed, partitioned) {
            (true, _) => keyed(0, buckets, partitioned, known),
            (false, true) => shaped(0, buckets, true, known),
            (false, false) => table(0, buckets, world.plan.hashed, known),
        };
        world.write.open(0, &table);
        world.after(0, Happening::Append);
        world.after(3_000_000, Happening::Breaks(0));
        world.after(4_000_000, Happening::LeaderMoves);
        world.after(5_000_000, Happening::Forgets);
        world.after(6_000_000, Happening::Drops);
        if let Some(at) = world.plan.closes {
            world.after(at, Happening::Closes);
        }
        world
    }

    fn after(&mut self, delay: u64, happening: Happening) {
        self.count += 1;
        self.happenings.insert((self.now + delay, self.count), happening);
    }

    /// Whether a fault of so many in 1000, at the plan's strength, happens now.
    fn strikes(&mut self, share: u64) -> bool {
        self.now < TROUBLE && self.chance.below(100_000) < self.plan.fault * share
    }

    fn run(&mut self) {
        while let Some(((now, _), happening)) = self.happenings.pop_first() {
            assert!(now < END, "the run does not end");
            self.now = now;
            let ticked = matches!(happening, Happening::Wakes);
            self.happen(happening);
            for output in outputs(&mut self.write) {
                self.carry_out(output);
            }
            assert!(self.write.counters().buffered <= 65 << 10, "more is held than the budget");
            if let Some(wake) = self.write.next_wake() {
                assert!(wake > self.now || !ticked, "woken at once");
                if wake != self.woken {
                    self.woken = wake;
                    self.after(wake.saturating_sub(self.now), Happening::Wakes);
                }
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Append => self.append(),
            Happening::Flush => {
                self.tickets += 1;
                let last = self.taken.last_key_value().map_or(0, |(ticket, _)| *ticket);
                self.flushes.insert(self.tickets, last);
                self.write.flush(self.now, self.tickets);
            }
            Happening::Encoded(key, work) => {
                let output = self.host.work(&work);
                self.write.encoded(self.now, key, output);
            }
            Happening::Arrives(request) => self.arrives(&request),
            Happening::Answered(key, reply) => {
                if self.outstanding.remove(&key).is_some() {
                    self.write.replied(self.now, key, reply);
                }
            }
            Happening::TimedOut(key) => self.lose(key, true),
            Happening::Breaks(leader) => self.breaks(leader),
            Happening::LeaderMoves => self.leader_moves(),
            Happening::Forgets => {
                if self.strikes(100) {
                    self.logs.values_mut().for_each(Log::forget_writers);
                }
                self.again(3_000_000, Happening::Forgets);
            }
            Happening::Closes => {
                let deadline = self.now + self.chance.below(10_000_000);
                self.write.close(self.now, deadline);
            }
            Happening::WriterGiven => self.writer_given(),
            Happening::Refreshed => {
                let known = self.known_leaders();
                self.write.set_leaders(self.now, 0, &known);
            }
            Happening::Sought(name) => self.sought(&name),
            Happening::Created(key, name) => self.created(key, name),
            Happening::Drops => self.drops(),
            Happening::Wakes => self.write.tick(self.now),
        }
    }

    fn again(&mut self, within: u64, happening: Happening) {
        if self.now < TROUBLE {
            let delay = 1 + self.chance.below(within);
            self.after(delay, happening);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Work { key, work } => {
                let delay = self.chance.below(2_000);
                self.after(delay, Happening::Encoded(key, work));
            }
            Output::Produce(produce) => self.send(&produce),
            Output::InitWriter { .. } => self.after(700, Happening::WriterGiven),
            Output::Refresh { .. } => self.after(900, Happening::Refreshed),
            Output::Seek { partition, .. } => self.after(900, Happening::Sought(partition)),
            Output::CreatePartition { key, partition, .. } => self.after(1_500, Happening::Created(key, partition)),
            Output::Release(buffer) => self.host.release(buffer),
            Output::Event(Event::Settled { ticket, fates }) => self.settled(ticket, fates),
            Output::Event(Event::Flushed { ticket }) => {
                let last = self.flushes.remove(&ticket).expect("a flush");
                let mut before = self.taken.range(..=last).flat_map(|(_, rows)| rows);
                assert!(before.all(|(_, fate, _)| fate.is_some()), "flushed before every row had a fate");
            }
            Output::Event(Event::Writable) => self.after(0, Happening::Append),
            Output::Event(other) => panic!("unexpected {other:?}"),
        }
    }
}

/// How many seeds are run: `THALWEG_SEEDS`, or few enough for every day.
fn chosen_count() -> u64 {
    std::env::var("THALWEG_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(120)
}

#[test]
fn every_row_has_one_true_fate() {
    let chosen = std::env::var("THALWEG_SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    let seeds = chosen.map_or(0..chosen_count(), |seed| seed..seed + 1);
    let mut all = Tally::default();
    for seed in seeds {
        let run = || {
            let mut world = World::new(seed);
            world.run();
            world.check()
        };
        match std::panic::catch_unwind(run) {
            Ok(tally) => all.add(&tally),
            Err(cause) => {
                eprintln!("failed with THALWEG_SEED={seed}");
                std::panic::resume_unwind(cause);
            }
        }
    }
    eprintln!("{all:?}");
    assert!(chosen.is_some() || all.is_complete(), "the model does not reach everything: {all:?}");
}
