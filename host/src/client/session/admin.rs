//! The typed questions to the catalogue.

use thalweg_contract::{
    Answer, BucketOffsets, ClusterRequest, Config, DatabaseInfo, ErrorCode, Health, PartitionInfo, PartitionSpec,
    Request, Server, TableInfo,
};
use thalweg_wire::table::{Schema, TableDescriptor, TablePath};

use super::Client;
use crate::client::{EngineKind, Error};

/// Each of these fails when the server refuses, or when none answers within `settings.connection.command_timeout`.
impl Client {
    /// Creates a database, with a text for people and properties of the user's.
    pub async fn create_database(
        &self,
        name: &str,
        comment: Option<String>,
        properties: Vec<(String, String)>,
        if_not_exists: bool,
    ) -> Result<(), Error> {
        self.change(Request::CreateDatabase { name: name.to_owned(), comment, properties, if_not_exists }).await
    }

    /// Drops a database; with `cascade`, its tables too.
    pub async fn drop_database(&self, name: &str, if_exists: bool, cascade: bool) -> Result<(), Error> {
        self.change(Request::DropDatabase { name: name.to_owned(), if_exists, cascade }).await
    }

    /// The names of all databases, sorted.
    pub async fn list_databases(&self) -> Result<Vec<String>, Error> {
        match self.ask(Request::ListDatabases).await? {
            Answer::Names(names) => Ok(names),
            other => Err(unexpected("names", &other)),
        }
    }

    /// One database.
    pub async fn show_database(&self, name: &str) -> Result<DatabaseInfo, Error> {
        match self.ask(Request::ShowDatabase { name: name.to_owned() }).await? {
            Answer::Database(info) => Ok(info),
            other => Err(unexpected("a database", &other)),
        }
    }

    /// Creates a table. One with an auto-increment column needs `EngineKind::Native`: the interface of the component has no
    /// place for it.
    pub async fn create_table(
        &self,
        path: &TablePath,
        descriptor: TableDescriptor,
        if_not_exists: bool,
    ) -> Result<(), Error> {
        if !descriptor.schema.auto_increment.is_empty() && self.shared.engine != EngineKind::Native {
            return Err(Error::invalid(format!(
                "table {path} has an auto-increment column, which the engine as a component cannot be told of: connect with \
                 `EngineKind::Native` to create it"
            )));
        }
        let descriptor = Box::new(descriptor);
        self.change(Request::CreateTable { path: path.clone(), descriptor, if_not_exists }).await
    }

    /// Drops a table.
    pub async fn drop_table(&self, path: &TablePath, if_exists: bool) -> Result<(), Error> {
        self.change(Request::DropTable { path: path.clone(), if_exists }).await
    }

    /// The names of the tables in a database, sorted.
    pub async fn list_tables(&self, database: &str) -> Result<Vec<String>, Error> {
        match self.ask(Request::ListTables { database: database.to_owned() }).await? {
            Answer::Names(names) => Ok(names),
            other => Err(unexpected("names", &other)),
        }
    }

    /// One table.
    pub async fn show_table(&self, path: &TablePath) -> Result<TableInfo, Error> {
        match self.ask(Request::ShowTable { path: path.clone() }).await? {
            Answer::Table(info) => Ok(*info),
            other => Err(unexpected("a table", &other)),
        }
    }

    /// Sets and removes properties of a table.
    pub async fn alter_table(
        &self,
        path: &TablePath,
        set: Vec<(String, String)>,
        remove: Vec<String>,
    ) -> Result<(), Error> {
        self.change(Request::AlterTable { path: path.clone(), set, remove }).await
    }

    /// Adds columns at the end of a table. Rows from before have null in them, so each must be nullable. Open tables, scans
    /// and writers go on as they are; one that is opened anew has the new columns.
    ///
    /// # Errors
    /// `Engine` when the server refuses: a name that is there already, or a column that is not nullable.
    pub async fn add_columns(&self, path: &TablePath, columns: Schema) -> Result<(), Error> {
        self.change(Request::AddColumns { path: path.clone(), columns: Box::new(columns) }).await
    }

    /// The servers that the cluster says it has: the coordinator, then the tablet servers by number. Needs
    /// `EngineKind::Native`, as all that is about the cluster: the interface of the component has no words for it.
    pub async fn list_servers(&self) -> Result<Vec<Server>, Error> {
        match self.ask(Request::Cluster(ClusterRequest::Servers)).await? {
            Answer::Servers(servers) => Ok(servers),
            other => Err(unexpected("servers", &other)),
        }
    }

    /// The settings of the cluster's servers, by key. Needs `EngineKind::Native`.
    pub async fn list_configs(&self) -> Result<Vec<Config>, Error> {
        match self.ask(Request::Cluster(ClusterRequest::Configs)).await? {
            Answer::Configs(configs) => Ok(configs),
            other => Err(unexpected("settings", &other)),
        }
    }

    /// Changes settings of the cluster's servers while they run, where they can be. Needs `EngineKind::Native`.
    pub async fn alter_configs(&self, set: Vec<(String, String)>, reset: Vec<String>) -> Result<(), Error> {
        self.change(Request::Cluster(ClusterRequest::AlterConfigs { set, reset })).await
    }

    /// How the replicas of the cluster are; servers before Fluss 1.0 do not tell. Needs `EngineKind::Native`.
    pub async fn show_health(&self) -> Result<Health, Error> {
        match self.ask(Request::Cluster(ClusterRequest::Health)).await? {
            Answer::Health(health) => Ok(health),
            other => Err(unexpected("the health of the cluster", &other)),
        }
    }

    /// Changes properties and the comment of a database (`Some("")`: none); servers before Fluss 1.0 do not. Needs
    /// `EngineKind::Native`.
    pub async fn alter_database(
        &self,
        name: &str,
        set: Vec<(String, String)>,
        reset: Vec<String>,
        comment: Option<String>,
        if_exists: bool,
    ) -> Result<(), Error> {
        let name = name.to_owned();
        self.change(Request::Cluster(ClusterRequest::AlterDatabase { name, set, reset, comment, if_exists })).await
    }

    /// The earliest and the latest offset of each bucket.
    pub async fn list_offsets(&self, path: &TablePath) -> Result<Vec<BucketOffsets>, Error> {
        match self.ask(Request::ListOffsets { path: path.clone() }).await? {
            Answer::Offsets(offsets) => Ok(offsets),
            other => Err(unexpected("offsets", &other)),
        }
    }

    /// The partitions of a table, by name.
    pub async fn list_partitions(&self, path: &TablePath) -> Result<Vec<PartitionInfo>, Error> {
        match self.ask(Request::ListPartitions { path: path.clone() }).await? {
            Answer::Partitions(partitions) => Ok(partitions),
            other => Err(unexpected("partitions", &other)),
        }
    }

    /// Creates a partition: a value for each partition column.
    pub async fn create_partition(
        &self,
        path: &TablePath,
        spec: PartitionSpec,
        if_not_exists: bool,
    ) -> Result<(), Error> {
        self.change(Request::CreatePartition { path: path.clone(), spec, if_not_exists }).await
    }

    /// Drops a partition and its rows.
    pub async fn drop_partition(&self, path: &TablePath, spec: PartitionSpec, if_exists: bool) -> Result<(), Error> {
        self.change(Request::DropPartition { path: path.clone(), spec, if_exists }).await
    }

    async fn change(&self, request: Request) -> Result<(), Error> {
        self.ask(request).await.map(drop)
    }
}

/// The engine answered another question than was asked.
fn unexpected(due: &str, answer: &Answer) -> Error {
    let got = match answer {
        Answer::Done => "nothing",
        Answer::Names(_) => "names",
        Answer::Database(_) => "a database",
        Answer::Table(_) => "a table",
        Answer::Offsets(_) => "offsets",
        Answer::Partitions(_) => "partitions",
        Answer::Servers(_) => "servers",
        Answer::Configs(_) => "settings",
        Answer::Health(_) => "the health of the cluster",
    };
    let code = ErrorCode::Other(format!("the engine answered with {got} where {due} was due"));
    Error::Engine(thalweg_contract::Error { code, retriable: false })
}
