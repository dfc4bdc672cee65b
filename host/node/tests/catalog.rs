//! Databases and tables as a client sees them, with the codes and texts of a real server.

mod support;

use support::{Client, Refusal, create, descriptor, options, path, start};
use tempfile::TempDir;
use thalweg_node::Node;
use thalweg_wire::message::*;
use thalweg_wire::table::{Schema, TableDescriptor};

fn database(name: &str, ignore: bool) -> CreateDatabaseRequest {
    CreateDatabaseRequest { database_name: name.to_owned(), ignore_if_exists: ignore, database_json: None }
}

fn drop_database(name: &str, ignore: bool, cascade: bool) -> DropDatabaseRequest {
    DropDatabaseRequest { database_name: name.to_owned(), ignore_if_not_exists: ignore, cascade }
}

fn refusal(code: i32, text: &str) -> Result<(), Refusal> {
    Err(Refusal(code, text.to_owned()))
}

#[tokio::test]
async fn databases_come_and_go() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let json = br#"{"version":1,"comment":"hello","custom_properties":{"a":"b"}}"#;
    let request = CreateDatabaseRequest { database_json: Some(json[..].into()), ..database("db", false) };
    client.call(request).await.unwrap();
    let again = client.call(database("db", false)).await.map(drop);
    assert_eq!(again, refusal(6, "Database db already exists."));
    client.call(database("db", true)).await.unwrap();
    assert_eq!(client.call(database("a.b", false)).await.unwrap_err().0, 16);

    let listed = client.call(ListDatabasesRequest { include_summary: Some(true) }).await.unwrap();
    assert_eq!(listed.database_name, ["db", "fluss"]);
    assert_eq!(listed.database_summary.len(), 2);
    let info = client.call(GetDatabaseInfoRequest { database_name: "db".to_owned() }).await.unwrap();
    assert!(String::from_utf8_lossy(&info.database_json).contains("hello"));
    let missing = client.call(GetDatabaseInfoRequest { database_name: "no".to_owned() }).await.map(drop);
    assert_eq!(missing, refusal(4, "Database 'no' does not exist."));

    client.call(create("db.t", &descriptor(1))).await.unwrap();
    let full = client.call(drop_database("db", false, false)).await.map(drop);
    assert_eq!(full, refusal(5, "Database db is not empty."));
    client.call(drop_database("db", false, true)).await.unwrap();
    let gone = client.call(drop_database("db", false, false)).await.map(drop);
    assert_eq!(gone, refusal(4, "Database db does not exist."));
    client.call(drop_database("db", true, false)).await.unwrap();
    let exists = client.call(DatabaseExistsRequest { database_name: "db".to_owned() }).await.unwrap();
    assert!(!exists.exists);
    assert!(client.call(drop_database("fluss", false, true)).await.is_err());
}

#[tokio::test]
async fn tables_come_and_go() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let id = client.table("t", 3).await;
    let again = client.call(create("t", &descriptor(1))).await.map(drop);
    assert_eq!(again, refusal(8, "Table fluss.t already exists."));
    let ignore = CreateTableRequest { ignore_if_exists: true, ..create("t", &descriptor(1)) };
    client.call(ignore).await.unwrap();
    let nowhere = client.call(create("nowhere.t", &descriptor(1))).await.map(drop);
    assert_eq!(nowhere, refusal(4, "Database nowhere does not exist."));

    let info = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap();
    assert_eq!((info.table_id, info.schema_id), (id, 1));
    let kept = TableDescriptor::from_json(&info.table_json).unwrap();
    assert_eq!(kept.bucket_count, Some(3));
    assert_eq!(kept.properties.get("table.replication.factor").map(String::as_str), Some("1"));
    assert!(String::from_utf8_lossy(&info.table_json).contains("\"bucket_key\":[]"));

    let metadata = MetadataRequest { table_path: vec![path("t")], ..Default::default() };
    let metadata = client.call(metadata).await.unwrap();
    assert_eq!(metadata.tablet_servers.len(), 1);
    assert_eq!(metadata.coordinator_server.unwrap().port, i32::from(node.address().port()));
    let buckets = &metadata.table_metadata[0].bucket_metadata;
    assert_eq!(
        buckets.iter().map(|bucket| (bucket.bucket_id, bucket.leader_id)).collect::<Vec<_>>(),
        [(0, Some(0)), (1, Some(0)), (2, Some(0))]
    );

    let schema = GetTableSchemaRequest { table_path: path("t"), schema_id: None };
    let schema = client.call(schema).await.unwrap();
    assert_eq!(Schema::from_json(&schema.schema_json).unwrap(), kept.schema);
    let other = client.call(GetTableSchemaRequest { table_path: path("t"), schema_id: Some(77) }).await.map(drop);
    assert_eq!(other, refusal(9, "Schema for table fluss.t with schema id 77 does not exist."));
    let partitions = ListPartitionInfosRequest { table_path: path("t"), ..Default::default() };
    let partitions = client.call(partitions).await.map(drop);
    assert_eq!(partitions, refusal(37, "Table 'fluss.t' is not a partitioned table."));
    let tables = client.call(ListTablesRequest { database_name: "fluss".to_owned() }).await.unwrap();
    assert_eq!(tables.table_name, ["t"]);

    let drop_table = DropTableRequest { table_path: path("t"), ignore_if_not_exists: false };
    client.call(drop_table.clone()).await.unwrap();
    let gone = client.call(drop_table).await.map(drop);
    assert_eq!(gone, refusal(7, "Table fluss.t does not exist."));
    let gone = client.call(GetTableInfoRequest { table_path: path("t") }).await.map(drop);
    assert_eq!(gone, refusal(7, "Table 'fluss.t' does not exist."));
    let gone = client.call(MetadataRequest { table_path: vec![path("t")], ..Default::default() }).await;
    let text = "org.apache.fluss.exception.FlussRuntimeException: Failed to get tables '[fluss.t]'.";
    assert_eq!(gone.map(drop), refusal(-1, text));
    assert!(client.table("t", 1).await > id, "a table created anew has a new number");
}

#[tokio::test]
async fn what_makes_no_table_is_refused() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let mut bad = async |change: fn(&mut TableDescriptor)| {
        let mut descriptor = descriptor(1);
        change(&mut descriptor);
        client.call(create("t", &descriptor)).await.unwrap_err()
    };
    assert_eq!(bad(|table| table.bucket_count = Some(1_000_000)).await.0, 49);
    assert_eq!(bad(|table| drop(table.properties.insert("table.no.such".into(), "1".into()))).await.0, 39);
    assert_eq!(bad(|table| drop(table.properties.insert("connector".into(), "1".into()))).await.0, 39);
    assert_eq!(bad(|table| table.bucket_keys = vec!["nope".into()]).await.0, 15);
    let outside = bad(|table| {
        table.schema = table.schema.clone().with_primary_key(&["id"]).unwrap();
        table.partition_keys = vec!["n".into()];
    });
    assert_eq!(outside.await.0, 15);
    let nothing = CreateTableRequest { table_json: "{".into(), ..create("t", &descriptor(1)) };
    assert_eq!(client.call(nothing).await.unwrap_err().0, 15);
    let name = create("fluss.__t", &descriptor(1));
    assert_eq!(client.call(name).await.unwrap_err().0, 15);
}

#[tokio::test]
async fn some_properties_can_be_altered() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.table("t", 1).await;
    let alter = |key: &str, value: Option<&str>| AlterTableRequest {
        table_path: path("t"),
        config_changes: vec![PbAlterConfig {
            config_key: key.to_owned(),
            config_value: value.map(str::to_owned),
            op_type: i32::from(value.is_none()),
        }],
        ..Default::default()
    };
    client.call(alter("table.log.ttl", Some("1 h"))).await.unwrap();
    client.call(alter("mine", Some("x"))).await.unwrap();
    let fixed = client.call(alter("table.log.format", Some("ARROW"))).await.map(drop);
    assert_eq!(fixed, refusal(56, "The option 'table.log.format' is not supported to alter yet."));
    assert_eq!(client.call(alter("table.log.ttl", Some("never"))).await.unwrap_err().0, 39);
    let columns = AlterTableRequest {
        drop_columns: vec![PbDropColumn { column_name: "n".to_owned() }],
        ..alter("mine", Some("y"))
    };
    assert_eq!(client.call(columns).await.unwrap_err().0, -1);
    let info = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap();
    let kept = TableDescriptor::from_json(&info.table_json).unwrap();
    assert_eq!(kept.properties.get("table.log.ttl").map(String::as_str), Some("1 h"));
    assert_eq!(kept.custom_properties.get("mine").map(String::as_str), Some("x"));
    client.call(alter("mine", None)).await.unwrap();
    let info = client.call(GetTableInfoRequest { table_path: path("t") }).await.unwrap();
    assert!(TableDescriptor::from_json(&info.table_json).unwrap().custom_properties.is_empty());
}

#[tokio::test]
async fn the_catalogue_outlives_the_node() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    client.call(database("db", false)).await.unwrap();
    let first = client.table("db.a", 2).await;
    client.table("db.b", 2).await;
    client.call(DropTableRequest { table_path: path("db.b"), ignore_if_not_exists: false }).await.unwrap();
    let writer = client.call(InitWriterRequest::default()).await.unwrap().writer_id;
    let before = client.call(GetTableInfoRequest { table_path: path("db.a") }).await.unwrap();
    node.shutdown().await.unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    assert_eq!(client.call(GetTableInfoRequest { table_path: path("db.a") }).await.unwrap(), before);
    assert_eq!(client.table("db.b", 1).await, first + 2, "the number of a dropped table is not used again");
    assert!(client.call(InitWriterRequest::default()).await.unwrap().writer_id > writer);
}

#[tokio::test]
async fn the_address_told_is_the_one_to_advertise() {
    let folder = TempDir::new().unwrap();
    let options =
        thalweg_node::NodeOptions { advertise: Some("node.example:7000".to_owned()), ..options(folder.path()) };
    let node = Node::start(options).await.unwrap();
    let mut client = Client::connect(node.address()).await;
    let server = client.call(MetadataRequest::default()).await.unwrap().coordinator_server.unwrap();
    assert_eq!((server.host.as_str(), server.port), ("node.example", 7000));
}
