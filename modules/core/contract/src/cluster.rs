//! Requests about the cluster as a whole, and what their answers have.

/// A question about the cluster, or a change of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterRequest {
    /// The servers that the cluster says it has.
    Servers,
    /// The settings of its servers.
    Configs,
    /// Changes settings that can be changed while servers run.
    AlterConfigs {
        /// Settings and their new values.
        set: Vec<(String, String)>,
        /// Settings that are to have the value again that servers began with.
        reset: Vec<String>,
    },
    /// How its replicas are. Servers before Fluss 1.0 do not tell.
    Health,
    /// Changes a database. Servers before Fluss 1.0 do not.
    AlterDatabase {
        /// Its name.
        name: String,
        /// Properties of the user's and their new values.
        set: Vec<(String, String)>,
        /// Properties that it is to have no more.
        reset: Vec<String>,
        /// A text for people, if it is to be changed; empty: none.
        comment: Option<String>,
        /// Whether nothing happens if it does not exist.
        if_exists: bool,
    },
}

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It has the catalogue.
    Coordinator,
    /// It has buckets.
    Tablet,
}

/// A server of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// What it does. One process may do both, and is told twice then.
    pub role: Role,
    /// Its number among those of its role.
    pub id: i32,
    /// `host:port`, as clients are told.
    pub address: String,
    /// The rack that it stands in, where that is told.
    pub rack: Option<String>,
}

/// A setting of servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: Option<String>,
    /// Where that is from: `INITIAL_SERVER_CONFIG` or `DYNAMIC_SERVER_CONFIG`.
    pub source: String,
}

/// How a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Every replica is in sync.
    Green,
    /// Every bucket has a leader, and some replicas are behind.
    Yellow,
    /// Some buckets have no leader.
    Red,
    /// The cluster does not know.
    Unknown,
}

/// How the replicas of a cluster are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// In a word.
    pub status: Status,
    /// How many replicas there are.
    pub replicas: u32,
    /// How many of them are in sync.
    pub in_sync: u32,
    /// How many buckets there are, each of which should have a leader.
    pub leaders: u32,
    /// How many have one that serves.
    pub active_leaders: u32,
}
