//! The offsets of all buckets of a table, for `Request::ListOffsets`.

use crate::{
    cluster::Cluster,
    offsets::{Kind, Offsets},
    order::{Orders, Stale},
};
use thalweg_contract::{Answer, Bucket, BucketOffsets, Error, TableHandle, TableInfo};
use thalweg_wire::tree;

/// How far it is.
#[derive(Debug)]
pub(super) enum Listing {
    /// It is to be asked which partitions the table has.
    Due(TableHandle),
    /// It is being asked which partitions the table has.
    Partitions(TableHandle),
    /// Where these buckets begin and end is being asked for.
    Offsets(TableHandle, Vec<Bucket>, Offsets),
}

impl Listing {
    /// Begins with an open table.
    pub(super) fn new(handle: TableHandle, cluster: &Cluster) -> Result<Self, Error> {
        let info = &cluster.table(handle)?.info;
        Ok(match info.descriptor.partition_keys.is_empty() {
            true => Self::of(handle, info, [None]),
            false => Self::Due(handle),
        })
    }

    /// Asks which partitions there are, and goes on once they are listed.
    pub(super) fn advance(&mut self, cluster: &Cluster, orders: &mut Orders) -> Result<(), Error> {
        match *self {
            Self::Due(handle) => {
                orders.refresh(Stale::Partitions(handle));
                *self = Self::Partitions(handle);
            }
            Self::Partitions(handle) if !cluster.is_listing(handle) => {
                let info = &cluster.table(handle)?.info;
                if let Some(listed) = cluster.partitions(handle) {
                    *self = Self::of(handle, info, listed.iter().map(|(_, id)| Some(*id)));
                }
            }
            Self::Partitions(handle) | Self::Offsets(handle, ..) => {
                cluster.table(handle)?;
            }
        }
        Ok(())
    }

    /// Asks where every bucket of these partitions begins and ends, and of a keyed table how many rows it has.
    fn of(handle: TableHandle, info: &TableInfo, partitions: impl IntoIterator<Item = Option<i64>>) -> Self {
        let count = info.descriptor.bucket_count.unwrap_or(1);
        let buckets: Vec<Bucket> = partitions
            .into_iter()
            .flat_map(|partition| (0..count).map(move |bucket| Bucket { partition, bucket }))
            .collect();
        let keyed = !info.descriptor.schema.primary_key.is_empty();
        let kinds = [Some(Kind::Earliest), Some(Kind::Latest), keyed.then_some(Kind::Rows)];
        let wants = buckets.iter().flat_map(|&bucket| kinds.into_iter().flatten().map(move |kind| (bucket, kind)));
        let offsets = Offsets::new(handle, format!("{}.{}", info.path.database, info.path.table), wants);
        Self::Offsets(handle, buckets, offsets)
    }

    /// The answer, once everything is known. Partitions that were dropped meanwhile are left out.
    pub(super) fn answer(&self, cluster: &Cluster) -> Option<Answer> {
        let Self::Offsets(handle, buckets, offsets) = self else { return None };
        if !offsets.is_done() {
            return None;
        }
        let keyed = cluster.table(*handle).is_ok_and(|table| !table.info.descriptor.schema.primary_key.is_empty());
        let gone = tree::set(offsets.gone().map(|(bucket, _)| bucket));
        let list = buckets.iter().filter(|bucket| !gone.contains(bucket)).filter_map(|&bucket| {
            let earliest = offsets.offset(bucket, Kind::Earliest)?;
            let latest = offsets.offset(bucket, Kind::Latest)?;
            let rows = if keyed { offsets.offset(bucket, Kind::Rows) } else { Some(latest.saturating_sub(earliest)) };
            Some(BucketOffsets { bucket, earliest, latest, rows })
        });
        Some(Answer::Offsets(list.collect()))
    }

    /// Why it takes so long, if anything failed.
    pub(super) fn trouble(&self) -> Option<&Error> {
        match self {
            Self::Due(_) | Self::Partitions(_) => None,
            Self::Offsets(_, _, offsets) => offsets.trouble(),
        }
    }
}
