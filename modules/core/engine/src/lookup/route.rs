//! Which server has a key, and when to try again what failed.

use super::{Lookups, open::Run};
use crate::{
    call::passing,
    chance::Chance,
    cluster::{Cluster, Partition},
    order::{Orders, Stale},
};
use thalweg_contract::{Bucket, Error, ErrorCode, Instant, ServerErrorCode, TableHandle};

/// How many times longer the longest wait is for what was sent and never answered: it may be the request itself that ends
/// connections, and each try costs its bytes.
const PATIENCE: u32 = 8;

/// Where keys are.
enum Place {
    /// At this server.
    Server(i32),
    /// At none, as far as known.
    Nobody,
    /// In a partition that is not known.
    Unknown,
}

impl Lookups {
    /// The cluster says something of the partition of this name.
    pub(crate) fn partition_told(&mut self, handle: TableHandle, name: &str, cluster: &Cluster) {
        let which = (handle, name.to_owned());
        let Some(runs) = self.waiting_for_partition.remove(&which) else { return };
        match cluster.partition(handle, name) {
            Partition::Known { .. } => self.due.extend(runs),
            // Its keys have no rows.
            Partition::Missing(error) if is_absence(&error) => runs.iter().for_each(|run| self.absent(run)),
            // It goes on being asked for.
            Partition::Missing(_) | Partition::Asked => {
                self.waiting_for_partition.insert(which, runs);
            }
        }
    }

    /// Queues what is due at the servers that have it.
    pub(super) fn route(&mut self, now: Instant, cluster: &Cluster, chance: &mut Chance, orders: &mut Orders) {
        for mut run in std::mem::take(&mut self.due) {
            let Some(open) = self.open.get(&run.ticket) else { continue };
            let (handle, kind) = (open.handle, open.kind());
            let name = open.keys.name(run.partition);
            match find(&mut run, handle, name, cluster) {
                Place::Server(server) => self.servers.queue(server, handle, kind, run),
                Place::Nobody => {
                    let text = format!("{} has no leader", self.describe(&run));
                    self.again(now, run, passing(ErrorCode::Unavailable(text)), false, chance, orders);
                }
                Place::Unknown => {
                    let name = name.unwrap_or_default().to_owned();
                    orders.refresh(Stale::Name(handle, name.clone()));
                    self.waiting_for_partition.entry((handle, name)).or_default().push(run);
                }
            }
        }
    }

    /// These keys could not be looked up; they are tried again after a while, of whoever has them then.
    /// `lost`: they were sent and not answered.
    pub(super) fn again(
        &mut self,
        now: Instant,
        run: Run,
        error: Error,
        lost: bool,
        chance: &mut Chance,
        orders: &mut Orders,
    ) {
        let settings = &self.settings.connection;
        let limit = if lost { settings.backoff_limit.saturating_mul(PATIENCE) } else { settings.backoff_limit };
        let Some(open) = self.open.get_mut(&run.ticket) else { return };
        // One wait for all that failed at once.
        let at = match open.backoff.not_before() {
            at if at > now => at,
            _ => open.backoff.failed(now, settings.backoff, limit, chance),
        };
        open.trouble = Some(error);
        orders.refresh(Stale::leader(open.handle, Bucket { partition: run.partition_id, bucket: run.bucket }));
        self.keys += 1;
        self.later.insert((at, self.keys), run);
    }

    /// The bucket of keys as errors have it.
    pub(super) fn describe(&self, run: &Run) -> String {
        let open = self.open.get(&run.ticket);
        let table = open.and_then(|open| self.plans.get(&open.handle)).map_or("", |plan| &plan.name);
        match open.and_then(|open| open.keys.name(run.partition)) {
            Some(partition) => format!("bucket {} of partition {partition} of {table}", run.bucket),
            None => format!("bucket {} of {table}", run.bucket),
        }
    }
}

/// Where the keys of a run are; takes down the number of their partition.
fn find(run: &mut Run, handle: TableHandle, partition: Option<&str>, cluster: &Cluster) -> Place {
    let leader = |leaders: &[Option<i32>]| leaders.get(run.bucket as usize).copied().flatten();
    let found = match partition {
        None => cluster.table(handle).ok().and_then(|table| leader(&table.leaders)),
        Some(name) => match cluster.partition(handle, name) {
            Partition::Known { id, leaders, .. } => {
                let found = leader(leaders);
                run.partition_id = Some(id);
                found
            }
            // One that was missing may be there by now.
            Partition::Missing(_) | Partition::Asked => return Place::Unknown,
        },
    };
    found.map_or(Place::Nobody, Place::Server)
}

/// Whether the server says that there is no such partition.
fn is_absence(error: &Error) -> bool {
    error.server_code() == Some(ServerErrorCode::PARTITION_NOT_EXISTS)
}
