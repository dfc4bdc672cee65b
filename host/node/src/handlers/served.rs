//! Which calls the node answers, as it tells clients and as `dispatch` hands them on.

use thalweg_wire::message::ApiKey;

/// The calls that are answered with more than an error.
pub(crate) const SERVED: &[ApiKey] = &[
    ApiKey::ApiVersions,
    ApiKey::CreateDatabase,
    ApiKey::DropDatabase,
    ApiKey::ListDatabases,
    ApiKey::DatabaseExists,
    ApiKey::CreateTable,
    ApiKey::DropTable,
    ApiKey::GetTableInfo,
    ApiKey::ListTables,
    ApiKey::ListPartitionInfos,
    ApiKey::TableExists,
    ApiKey::GetTableSchema,
    ApiKey::Metadata,
    ApiKey::ProduceLog,
    ApiKey::FetchLog,
    ApiKey::PutKv,
    ApiKey::Lookup,
    ApiKey::ListOffsets,
    ApiKey::GetFileSystemSecurityToken,
    ApiKey::InitWriter,
    ApiKey::LimitScan,
    ApiKey::PrefixLookup,
    ApiKey::GetDatabaseInfo,
    ApiKey::Authenticate,
    ApiKey::CreatePartition,
    ApiKey::DropPartition,
    ApiKey::AlterTable,
    ApiKey::GetTableStats,
    ApiKey::ScanKv,
];
