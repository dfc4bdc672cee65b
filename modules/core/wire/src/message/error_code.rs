//! The server's error codes.

/// An error code of the server's (`fluss.md` 2.14). Unknown codes are kept, so that a newer server's error still reaches
/// the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServerErrorCode(i32);

macro_rules! error_codes {
    ($($code:literal $name:ident)*) => {
        impl ServerErrorCode {
            $(#[doc = concat!("Code ", $code, ".")] pub const $name: ServerErrorCode = ServerErrorCode($code);)*

            /// Its name, as `TABLE_NOT_EXIST`; `UNKNOWN_ERROR_CODE` for one that the table of `fluss.md` 2.14 lacks.
            pub fn name(self) -> &'static str {
                match self.0 {
                    $($code => stringify!($name),)*
                    _ => "UNKNOWN_ERROR_CODE",
                }
            }
        }
    };
}

error_codes! {
    -1 UNKNOWN_SERVER_ERROR
    0 NONE
    1 NETWORK_EXCEPTION
    2 UNSUPPORTED_VERSION
    3 CORRUPT_MESSAGE
    4 DATABASE_NOT_EXIST
    5 DATABASE_NOT_EMPTY
    6 DATABASE_ALREADY_EXIST
    7 TABLE_NOT_EXIST
    8 TABLE_ALREADY_EXIST
    9 SCHEMA_NOT_EXIST
    10 LOG_STORAGE_EXCEPTION
    11 KV_STORAGE_EXCEPTION
    12 NOT_LEADER_OR_FOLLOWER
    13 RECORD_TOO_LARGE
    14 CORRUPT_RECORD
    15 INVALID_TABLE
    16 INVALID_DATABASE
    17 INVALID_REPLICATION_FACTOR
    18 INVALID_REQUIRED_ACKS
    19 LOG_OFFSET_OUT_OF_RANGE
    20 NON_PRIMARY_KEY_TABLE
    21 UNKNOWN_TABLE_OR_BUCKET
    22 INVALID_UPDATE_VERSION
    23 INVALID_COORDINATOR
    24 FENCED_LEADER_EPOCH
    25 REQUEST_TIME_OUT
    26 STORAGE_EXCEPTION
    27 OPERATION_NOT_ATTEMPTED
    28 NOT_ENOUGH_REPLICAS_AFTER_APPEND
    29 NOT_ENOUGH_REPLICAS
    30 SECURITY_TOKEN
    31 OUT_OF_ORDER_SEQUENCE
    32 DUPLICATE_SEQUENCE
    33 UNKNOWN_WRITER_ID
    34 INVALID_COLUMN_PROJECTION
    35 INVALID_TARGET_COLUMN
    36 PARTITION_NOT_EXISTS
    37 TABLE_NOT_PARTITIONED
    38 INVALID_TIMESTAMP
    39 INVALID_CONFIG
    40 LAKE_STORAGE_NOT_CONFIGURED
    41 KV_SNAPSHOT_NOT_EXIST
    42 PARTITION_ALREADY_EXISTS
    43 PARTITION_SPEC_INVALID
    44 LEADER_NOT_AVAILABLE
    45 PARTITION_MAX_NUM
    46 AUTHENTICATE
    47 SECURITY_DISABLED
    48 AUTHORIZATION
    49 BUCKET_MAX_NUM
    50 FENCED_TIERING_EPOCH
    51 RETRIABLE_AUTHENTICATE
    52 INVALID_SERVER_RACK_INFO
    53 LAKE_SNAPSHOT_NOT_EXIST
    54 LAKE_TABLE_ALREADY_EXIST
    55 INELIGIBLE_REPLICA
    56 INVALID_ALTER_TABLE
    57 DELETION_DISABLED
    58 SERVER_NOT_EXIST
    59 SEVER_TAG_ALREADY_EXIST
    60 SEVER_TAG_NOT_EXIST
    61 REBALANCE_FAILURE
    62 NO_REBALANCE_IN_PROGRESS
    63 INVALID_PRODUCER_ID
    64 CONFIG
    65 NOT_COORDINATOR_LEADER
    66 SCANNER_EXPIRED
    67 UNKNOWN_SCANNER_ID
    68 INVALID_SCAN_REQUEST
    69 TOO_MANY_SCANNERS
    70 DISK_WRITE_LOCKED
    71 INSUFFICIENT_KV_LEADER_REPLICA_CAPACITY
    72 STORAGE_BACKPRESSURE
    73 HISTORICAL_PARTITION_THROTTLED
}

impl ServerErrorCode {
    /// The code with this number, known or not.
    pub fn from_code(code: i32) -> ServerErrorCode {
        ServerErrorCode(code)
    }

    /// Its number on the wire.
    pub fn code(self) -> i32 {
        self.0
    }

    /// Whether the same request may succeed later: Fluss's own retriable errors (`fluss.md` 2.14), and
    /// `RETRIABLE_AUTHENTICATE`, after which clients repeat the authentication step. Unknown codes are not retriable.
    pub fn is_retriable(self) -> bool {
        matches!(
            self,
            Self::NETWORK_EXCEPTION
                | Self::CORRUPT_MESSAGE
                | Self::SCHEMA_NOT_EXIST
                | Self::LOG_STORAGE_EXCEPTION
                | Self::KV_STORAGE_EXCEPTION
                | Self::NOT_LEADER_OR_FOLLOWER
                | Self::CORRUPT_RECORD
                | Self::UNKNOWN_TABLE_OR_BUCKET
                | Self::REQUEST_TIME_OUT
                | Self::STORAGE_EXCEPTION
                | Self::NOT_ENOUGH_REPLICAS_AFTER_APPEND
                | Self::NOT_ENOUGH_REPLICAS
                | Self::LEADER_NOT_AVAILABLE
                | Self::RETRIABLE_AUTHENTICATE
                | Self::DISK_WRITE_LOCKED
                | Self::STORAGE_BACKPRESSURE
                | Self::HISTORICAL_PARTITION_THROTTLED
        )
    }

    /// Whether what the client knows of the cluster is out of date, so that it must ask for metadata before it tries
    /// again.
    ///
    /// `NETWORK_EXCEPTION`, `NOT_LEADER_OR_FOLLOWER`, `UNKNOWN_TABLE_OR_BUCKET` and `LEADER_NOT_AVAILABLE` are what Fluss's
    /// own clients refresh on (`fluss.md` 1.6). The leader's epoch (`FENCED_LEADER_EPOCH`), and with it the leader, and
    /// the coordinator (`INVALID_COORDINATOR`, `NOT_COORDINATOR_LEADER`) are known from metadata too, and have moved.
    /// `TABLE_NOT_EXIST` and `PARTITION_NOT_EXISTS` are not here: they are answers about what was asked, and asking again
    /// gives the same.
    pub fn is_stale_metadata(self) -> bool {
        matches!(
            self,
            Self::NETWORK_EXCEPTION
                | Self::NOT_LEADER_OR_FOLLOWER
                | Self::UNKNOWN_TABLE_OR_BUCKET
                | Self::INVALID_COORDINATOR
                | Self::FENCED_LEADER_EPOCH
                | Self::LEADER_NOT_AVAILABLE
                | Self::NOT_COORDINATOR_LEADER
        )
    }
}

impl std::fmt::Display for ServerErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_no_gap_and_unknown_codes_are_kept() {
        for code in -1..=73 {
            assert_ne!(ServerErrorCode::from_code(code).name(), "UNKNOWN_ERROR_CODE", "{code}");
        }
        let unknown = ServerErrorCode::from_code(7777);
        assert_eq!((unknown.code(), unknown.is_retriable()), (7777, false));
        assert_eq!(unknown.to_string(), "UNKNOWN_ERROR_CODE (7777)");
    }

    #[test]
    fn names_and_numbers_agree() {
        let cases = [
            (ServerErrorCode::TABLE_NOT_EXIST, 7, "TABLE_NOT_EXIST"),
            (ServerErrorCode::UNKNOWN_SERVER_ERROR, -1, "UNKNOWN_SERVER_ERROR"),
            (ServerErrorCode::OUT_OF_ORDER_SEQUENCE, 31, "OUT_OF_ORDER_SEQUENCE"),
            (ServerErrorCode::HISTORICAL_PARTITION_THROTTLED, 73, "HISTORICAL_PARTITION_THROTTLED"),
        ];
        for (code, number, name) in cases {
            assert_eq!((code.code(), code.name()), (number, name));
        }
    }

    #[test]
    fn success_is_neither_retriable_nor_stale() {
        assert!(!ServerErrorCode::NONE.is_retriable() && !ServerErrorCode::NONE.is_stale_metadata());
        assert!(!ServerErrorCode::TABLE_NOT_EXIST.is_retriable());
        assert!(ServerErrorCode::NOT_LEADER_OR_FOLLOWER.is_retriable());
    }
}
