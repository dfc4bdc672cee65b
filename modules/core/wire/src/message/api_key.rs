//! The public API keys, and which messages belong to each.

use std::ops::RangeInclusive;

use super::*;

/// A request and what belongs to it.
pub trait Request: Shaped {
    /// Its key.
    const API: ApiKey;
    /// Its answer.
    type Response: Shaped;
}

macro_rules! api_keys {
    ($($key:ident = $code:literal, $name:literal, $max_version:literal $(, $request:ident => $response:ident)?;)*) => {
        /// A public API key (`fluss.md` 2.3).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(i16)]
        pub enum ApiKey {
            $(#[doc = concat!("`", $name, "`.")] $key = $code,)*
        }

        impl ApiKey {
            /// All of them, by code.
            pub const ALL: &[ApiKey] = &[$(ApiKey::$key),*];

            /// The key with this code; `None` for private and unknown ones.
            pub fn from_code(code: i16) -> Option<ApiKey> {
                match code {
                    $($code => Some(ApiKey::$key),)*
                    _ => None,
                }
            }

            /// Its name, as `PRODUCE_LOG`.
            pub fn name(self) -> &'static str {
                match self {
                    $(ApiKey::$key => $name,)*
                }
            }

            /// The highest version that this crate speaks; the lowest is always 0.
            pub fn max_version(self) -> i16 {
                match self {
                    $(ApiKey::$key => $max_version,)*
                }
            }
        }

        $($(
            impl Request for $request {
                const API: ApiKey = ApiKey::$key;
                type Response = $response;
            }
        )?)*
    };
}

api_keys! {
    ApiVersions = 1000, "API_VERSIONS", 0, ApiVersionsRequest => ApiVersionsResponse;
    CreateDatabase = 1001, "CREATE_DATABASE", 0, CreateDatabaseRequest => CreateDatabaseResponse;
    DropDatabase = 1002, "DROP_DATABASE", 0, DropDatabaseRequest => DropDatabaseResponse;
    ListDatabases = 1003, "LIST_DATABASES", 0, ListDatabasesRequest => ListDatabasesResponse;
    DatabaseExists = 1004, "DATABASE_EXISTS", 0, DatabaseExistsRequest => DatabaseExistsResponse;
    CreateTable = 1005, "CREATE_TABLE", 0, CreateTableRequest => CreateTableResponse;
    DropTable = 1006, "DROP_TABLE", 0, DropTableRequest => DropTableResponse;
    GetTableInfo = 1007, "GET_TABLE_INFO", 0, GetTableInfoRequest => GetTableInfoResponse;
    ListTables = 1008, "LIST_TABLES", 0, ListTablesRequest => ListTablesResponse;
    ListPartitionInfos = 1009, "LIST_PARTITION_INFOS", 0, ListPartitionInfosRequest => ListPartitionInfosResponse;
    TableExists = 1010, "TABLE_EXISTS", 0, TableExistsRequest => TableExistsResponse;
    GetTableSchema = 1011, "GET_TABLE_SCHEMA", 0, GetTableSchemaRequest => GetTableSchemaResponse;
    Metadata = 1012, "GET_METADATA", 0, MetadataRequest => MetadataResponse;
    ProduceLog = 1014, "PRODUCE_LOG", 0, ProduceLogRequest => ProduceLogResponse;
    FetchLog = 1015, "FETCH_LOG", 0, FetchLogRequest => FetchLogResponse;
    PutKv = 1016, "PUT_KV", 2, PutKvRequest => PutKvResponse;
    Lookup = 1017, "LOOKUP", 1, LookupRequest => LookupResponse;
    ListOffsets = 1021, "LIST_OFFSETS", 0, ListOffsetsRequest => ListOffsetsResponse;
    GetLatestKvSnapshots = 1023, "GET_LATEST_KV_SNAPSHOTS", 0,
        GetLatestKvSnapshotsRequest => GetLatestKvSnapshotsResponse;
    GetKvSnapshotMetadata = 1024, "GET_KV_SNAPSHOT_METADATA", 0,
        GetKvSnapshotMetadataRequest => GetKvSnapshotMetadataResponse;
    GetFileSystemSecurityToken = 1025, "GET_FILESYSTEM_SECURITY_TOKEN", 0,
        GetFileSystemSecurityTokenRequest => GetFileSystemSecurityTokenResponse;
    InitWriter = 1026, "INIT_WRITER", 0, InitWriterRequest => InitWriterResponse;
    GetLakeSnapshot = 1032, "GET_LAKE_SNAPSHOT", 0, GetLakeSnapshotRequest => GetLakeSnapshotResponse;
    LimitScan = 1033, "LIMIT_SCAN", 0, LimitScanRequest => LimitScanResponse;
    PrefixLookup = 1034, "PREFIX_LOOKUP", 1, PrefixLookupRequest => PrefixLookupResponse;
    GetDatabaseInfo = 1035, "GET_DATABASE_INFO", 0, GetDatabaseInfoRequest => GetDatabaseInfoResponse;
    CreatePartition = 1036, "CREATE_PARTITION", 0, CreatePartitionRequest => CreatePartitionResponse;
    DropPartition = 1037, "DROP_PARTITION", 0, DropPartitionRequest => DropPartitionResponse;
    Authenticate = 1038, "AUTHENTICATE", 0, AuthenticateRequest => AuthenticateResponse;
    CreateAcls = 1039, "CREATE_ACLS", 0;
    ListAcls = 1040, "LIST_ACLS", 0;
    DropAcls = 1041, "DROP_ACLS", 0;
    AlterTable = 1044, "ALTER_TABLE", 0, AlterTableRequest => AlterTableResponse;
    DescribeClusterConfigs = 1045, "DESCRIBE_CLUSTER_CONFIGS", 0, DescribeClusterConfigsRequest => DescribeClusterConfigsResponse;
    AlterClusterConfigs = 1046, "ALTER_CLUSTER_CONFIGS", 0, AlterClusterConfigsRequest => AlterClusterConfigsResponse;
    AddServerTag = 1047, "ADD_SERVER_TAG", 0;
    RemoveServerTag = 1048, "REMOVE_SERVER_TAG", 0;
    Rebalance = 1049, "REBALANCE", 0, RebalanceRequest => RebalanceResponse;
    ListRebalanceProgress = 1050, "LIST_REBALANCE_PROGRESS", 0, ListRebalanceProgressRequest => ListRebalanceProgressResponse;
    CancelRebalance = 1051, "CANCEL_REBALANCE", 0, CancelRebalanceRequest => CancelRebalanceResponse;
    RegisterProducerOffsets = 1053, "REGISTER_PRODUCER_OFFSETS", 0;
    GetProducerOffsets = 1054, "GET_PRODUCER_OFFSETS", 0;
    DeleteProducerOffsets = 1055, "DELETE_PRODUCER_OFFSETS", 0;
    AcquireKvSnapshotLease = 1056, "ACQUIRE_KV_SNAPSHOT_LEASE", 0,
        AcquireKvSnapshotLeaseRequest => AcquireKvSnapshotLeaseResponse;
    ReleaseKvSnapshotLease = 1057, "RELEASE_KV_SNAPSHOT_LEASE", 0,
        ReleaseKvSnapshotLeaseRequest => ReleaseKvSnapshotLeaseResponse;
    DropKvSnapshotLease = 1058, "DROP_KV_SNAPSHOT_LEASE", 0, DropKvSnapshotLeaseRequest => DropKvSnapshotLeaseResponse;
    GetTableStats = 1059, "GET_TABLE_STATS", 0, GetTableStatsRequest => GetTableStatsResponse;
    AlterDatabase = 1060, "ALTER_DATABASE", 0, AlterDatabaseRequest => AlterDatabaseResponse;
    ScanKv = 1061, "SCAN_KV", 0, ScanKvRequest => ScanKvResponse;
    GetClusterHealth = 1062, "GET_CLUSTER_HEALTH", 0, GetClusterHealthRequest => GetClusterHealthResponse;
    ListRemoteLogManifests = 1063, "LIST_REMOTE_LOG_MANIFESTS", 0, ListRemoteLogManifestsRequest => ListRemoteLogManifestsResponse;
    ListKvSnapshots = 1064, "LIST_KV_SNAPSHOTS", 0, ListKvSnapshotsRequest => ListKvSnapshotsResponse;
}

impl ApiKey {
    /// The versions that a client of this crate speaks: every one up to the highest. All are the same to the byte; they
    /// say what the client understands (`fluss.md` 2.3): from 1 on keys of the second format, from 2 on PutKv answers
    /// that ask to slow down.
    pub fn spoken(self) -> RangeInclusive<i16> {
        0..=self.max_version()
    }

    /// The version to speak with a server that has the versions `least` to `most`: the highest that both have; `None` if
    /// they share none.
    pub fn agreed(self, least: i32, most: i32) -> Option<i16> {
        let spoken = self.spoken();
        let version = i16::try_from(most.min(i32::from(*spoken.end()))).ok()?;
        (spoken.contains(&version) && i32::from(version) >= least).then_some(version)
    }

    /// Its number on the wire.
    pub fn code(self) -> i16 {
        self as i16
    }
}

impl std::fmt::Display for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_rise() {
        assert!(ApiKey::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
        for &key in ApiKey::ALL {
            assert_eq!(ApiKey::from_code(key.code()), Some(key), "{key}");
        }
    }

    #[test]
    fn private_and_unknown_codes_are_no_keys() {
        for code in [0, -1, 999, 1013, 1018, 1022, 1031, 1042, 1052, 1065, i16::MAX, i16::MIN] {
            assert_eq!(ApiKey::from_code(code), None, "{code}");
        }
    }

    #[test]
    fn the_highest_version_that_both_have_is_spoken() {
        let cases = [((0, 0), Some(0)), ((0, 1), Some(1)), ((0, 9), Some(2)), ((2, 3), Some(2)), ((3, 9), None)];
        for ((least, most), expected) in cases {
            assert_eq!(ApiKey::PutKv.agreed(least, most), expected, "{least} to {most}");
        }
        for (least, most) in [(1, 0), (i32::MIN, -1), (1, i32::MAX), (i32::MAX, i32::MIN)] {
            assert_eq!(ApiKey::FetchLog.agreed(least, most), None, "{least} to {most}");
        }
    }

    #[test]
    fn only_keyed_requests_have_versions_above_zero() {
        let above: Vec<_> =
            ApiKey::ALL.iter().filter(|key| key.max_version() > 0).map(|key| (key.name(), key.max_version())).collect();
        assert_eq!(above, [("PUT_KV", 2), ("LOOKUP", 1), ("PREFIX_LOOKUP", 1)]);
    }
}
