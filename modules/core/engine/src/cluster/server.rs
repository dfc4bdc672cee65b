//! Servers and the choice of one.

use std::collections::BTreeMap;

use thalweg_wire::{
    message::{PbBucketMetadata, PbServerNode},
    tree,
};

use crate::{call::Target, connection::Connections};

/// The servers of a cluster: `host:port` of each.
#[derive(Debug)]
pub(super) struct Servers {
    bootstrap: Vec<String>,
    coordinator: Option<String>,
    tablets: BTreeMap<i32, String>,
}

impl Servers {
    /// Only the addresses to begin with.
    pub(super) fn new(bootstrap: &[String]) -> Self {
        Self { bootstrap: bootstrap.to_vec(), coordinator: None, tablets: BTreeMap::new() }
    }

    /// What a metadata answer says. An answer without a server changes nothing: a cluster that is starting gives such.
    pub(super) fn learn(&mut self, coordinator: Option<&PbServerNode>, tablets: &[PbServerNode]) {
        if let Some(coordinator) = coordinator.and_then(address) {
            self.coordinator = Some(coordinator);
        }
        if !tablets.is_empty() {
            self.tablets = tree::map(tablets.iter().filter_map(|node| Some((node.node_id, address(node)?))));
        }
    }

    /// Whether everything that a client needs is known.
    pub(super) fn are_known(&self) -> bool {
        self.coordinator.is_some() && !self.tablets.is_empty()
    }

    /// Whether a tablet server is known.
    pub(super) fn has(&self, id: i32) -> bool {
        self.tablets.contains_key(&id)
    }

    /// Takes down who leads each bucket; `None` where nobody does, or a server that is not known.
    pub(super) fn lead(&self, buckets: &[PbBucketMetadata], leaders: &mut [Option<i32>]) {
        leaders.fill(None);
        for bucket in buckets {
            let place = usize::try_from(bucket.bucket_id).ok().and_then(|at| leaders.get_mut(at));
            if let Some(place) = place {
                *place = bucket.leader_id.filter(|leader| self.has(*leader));
            }
        }
    }

    /// Whether the cluster has a server at this address, as far as known.
    pub(super) fn has_address(&self, address: &str) -> bool {
        self.coordinator.iter().chain(self.tablets.values()).any(|known| known == address)
    }

    /// Where a call goes.
    pub(super) fn address<'a>(&'a self, target: Target, connections: &Connections) -> Option<&'a str> {
        let tablets = self.tablets.values().map(String::as_str);
        match target {
            Target::Coordinator => self.coordinator.as_deref(),
            Target::Catalogue => match self.coordinator.as_deref() {
                Some(coordinator) if !connections.is_troubled(coordinator) => Some(coordinator),
                _ => self.address(Target::Any, connections),
            },
            Target::Server(id) => self.tablets.get(&id).map(String::as_str),
            Target::Tablet => connections.best(tablets),
            Target::Any => {
                let others = self.coordinator.iter().chain(&self.bootstrap).map(String::as_str);
                connections.best(tablets.chain(others))
            }
        }
    }
}

/// `host:port` of a server; `None` where it says none.
pub(crate) fn address(node: &PbServerNode) -> Option<String> {
    let port = u16::try_from(node.port).ok().filter(|port| *port > 0)?;
    let host = &node.host;
    if host.is_empty() {
        return None;
    }
    Some(if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    })
}
