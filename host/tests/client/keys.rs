//! Tables with a primary key: rows put, changed in part, looked up, deleted, and followed without a gap.

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, cast::AsArray, types::Int64Type};
use futures::{StreamExt, TryStreamExt};
use thalweg::client::{
    ChangeType, Client, CurrentOptions, Fate, Offsets, Outcome, ScanBatch, ScanOptions, Table, Writer,
};
use thalweg::table::{Schema, TableDescriptor};

use crate::rig::{ENGINES, connect, path, serve, within};

const COLUMNS: &str = "id BIGINT NOT NULL, region STRING NOT NULL, note STRING";

async fn create(client: &Client, name: &str, change: impl FnOnce(&mut TableDescriptor)) -> Table {
    let schema = Schema::parse_sql(COLUMNS).expect("columns").with_primary_key(&["id", "region"]);
    let mut descriptor = TableDescriptor::new(schema.expect("a key"));
    descriptor.bucket_count = Some(3);
    change(&mut descriptor);
    within(client.create_table(&path(name), descriptor, false)).await.expect("a table");
    within(client.table(&path(name))).await.expect("the table")
}

fn batch(rows: &[(i64, &str, Option<&str>)]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
    let regions: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.1)));
    let notes: ArrayRef = Arc::new(StringArray::from_iter(rows.iter().map(|row| row.2)));
    RecordBatch::try_from_iter([("id", ids), ("region", regions), ("note", notes)]).expect("a batch")
}

fn keys(rows: &[(i64, &str)]) -> RecordBatch {
    let rows: Vec<_> = rows.iter().map(|(id, region)| (*id, *region, None)).collect();
    batch(&rows).project(&[0, 1]).expect("key columns")
}

async fn write(writer: &Writer, rows: RecordBatch) -> Outcome {
    let count = rows.num_rows() as u64;
    let outcome = within(async { writer.write(rows).await.expect("taken").await }).await;
    assert_eq!(outcome.acknowledged(), count, "{:?}", outcome.first_failure());
    outcome
}

/// `id/region/note` of each row.
fn texts(batch: &RecordBatch) -> Vec<String> {
    let ids = batch.column_by_name("id").expect("ids").as_primitive::<Int64Type>();
    let regions = batch.column_by_name("region").expect("regions").as_string::<i32>();
    let notes = batch.column_by_name("note").expect("notes").as_string::<i32>();
    let row = |((id, region), note): ((&i64, Option<&str>), Option<&str>)| {
        format!("{id}/{}/{}", region.unwrap_or("null"), note.unwrap_or("null"))
    };
    ids.values().iter().zip(regions).zip(notes).map(row).collect()
}

async fn current(table: &Table, options: CurrentOptions) -> Vec<String> {
    let stream = within(table.scan_current(options)).await.expect("a scan");
    let batches: Vec<ScanBatch> = within(stream.try_collect()).await.expect("rows");
    assert!(batches.iter().all(|batch| batch.offsets == Offsets::Unknown && batch.timestamp.is_none()));
    let mut rows: Vec<String> = batches.iter().flat_map(|batch| texts(&batch.batch)).collect();
    rows.sort_unstable();
    rows
}

#[tokio::test]
async fn rows_are_put_changed_looked_up_and_deleted() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table =
            create(&client, &format!("keys_{engine:?}"), |descriptor| descriptor.bucket_keys = vec!["id".into()]).await;
        let rows = [(1, "eu", Some("a")), (1, "us", Some("b")), (2, "eu", None), (3, "eu", Some("c"))];
        let outcome = write(&table.upserter(), batch(&rows)).await;
        assert!(outcome.fates.iter().all(|(_, fate)| matches!(fate, Fate::Acknowledged { first: None, end: 1.., .. })));

        // A partial update, with columns in another order and one too many.
        let change = batch(&[(2, "eu", Some("d"))]).project(&[2, 1, 0]).expect("columns");
        write(&table.updater(&["note", "id", "region"]).expect("columns"), change).await;

        let found = within(table.lookup(keys(&[(3, "eu"), (9, "eu"), (2, "eu"), (3, "eu")]))).await.expect("found");
        assert_eq!((found.keys(), found.found()), (4, 3));
        assert_eq!(texts(&found.rows), ["3/eu/c", "2/eu/d", "3/eu/c"]);
        assert!(found.of(1).is_none() && found.of(2).is_some_and(|row| texts(&row) == ["2/eu/d"]));

        let prefixes = batch(&[(1, "", None), (7, "", None)]).project(&[0]).expect("ids");
        let found = within(table.prefix_lookup(prefixes)).await.expect("found");
        let mut rows = texts(&found.of(0).expect("rows"));
        rows.sort_unstable();
        assert_eq!((rows, found.of(1).is_none()), (vec!["1/eu/a".to_owned(), "1/us/b".to_owned()], true));

        // Of the rows given, only the key columns count.
        write(&table.deleter().expect("keyed"), batch(&[(1, "eu", Some("whatever"))])).await;
        assert_eq!(current(&table, CurrentOptions::default()).await, ["1/us/b", "2/eu/d", "3/eu/c"]);
        let few = CurrentOptions { limit: Some(2), ..CurrentOptions::default() };
        assert_eq!(current(&table, few).await.len(), 2);

        let offsets = within(client.list_offsets(&path(&format!("keys_{engine:?}")))).await.expect("offsets");
        assert_eq!(offsets.iter().map(|offsets| offsets.rows.expect("counted")).sum::<u64>(), 3);
    }
}

#[tokio::test]
async fn many_callers_look_up_at_once() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("callers_{engine:?}"), |_| {}).await;
        let rows: Vec<_> = (0..500).map(|id| (id, "eu", Some("note"))).collect();
        write(&table.upserter(), batch(&rows)).await;
        let table = &table;
        let one = |id: i64| async move {
            let found = table.lookup(keys(&[(id, "eu")])).await.expect("an answer");
            (id, found.of(0).map(|row| texts(&row)))
        };
        let found: BTreeMap<_, _> =
            within(futures::stream::iter(0..600).map(one).buffer_unordered(128).collect()).await;
        for (id, row) in found {
            assert_eq!(row, (id < 500).then(|| vec![format!("{id}/eu/note")]), "{engine:?}");
        }
    }
}

#[tokio::test]
async fn current_rows_and_the_changes_that_follow_have_no_gap_and_no_double() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("follow_{engine:?}"), |_| {}).await;
        let writer = table.upserter();
        let put = async |round: i64| {
            let note = round.to_string();
            let rows: Vec<_> = (0..20).map(|id| (id, "eu", Some(note.as_str()))).collect();
            write(&writer, batch(&rows)).await;
        };
        put(0).await;
        let options = CurrentOptions { follow: true, ..CurrentOptions::default() };
        let mut stream = within(table.scan_current(options)).await.expect("a scan");
        let rounds = 30;
        let writing = async {
            for round in 1..=rounds {
                put(round).await;
            }
        };
        let reading = async {
            // What each key was last; a change must lead on from it.
            let mut last: BTreeMap<i64, i64> = BTreeMap::new();
            while last.len() < 20 || last.values().any(|note| *note < rounds) {
                let scanned = stream.next().await.expect("more").expect("rows");
                let ids = scanned.batch.column(0).as_primitive::<Int64Type>();
                let notes = scanned.batch.column(2).as_string::<i32>();
                for row in 0..scanned.batch.num_rows() {
                    let (id, note) = (ids.value(row), notes.value(row).parse::<i64>().expect("a round"));
                    match scanned.changes.as_ref().map(|changes| changes[row]) {
                        None => assert_eq!(last.insert(id, note), None, "row {id} twice among the current rows"),
                        Some(ChangeType::UpdateBefore) => assert_eq!(last.get(&id), Some(&note), "-U of row {id}"),
                        Some(ChangeType::UpdateAfter) => {
                            assert_eq!(last.insert(id, note), Some(note - 1), "+U of row {id}")
                        }
                        other => panic!("change {other:?} of row {id}"),
                    }
                }
            }
        };
        within(async { tokio::join!(writing, reading) }).await;
    }
}

#[tokio::test]
async fn a_batch_may_hold_rows_of_many_partitions() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let name = format!("parts_{engine:?}");
        let table = create(&client, &name, |descriptor| {
            descriptor.partition_keys = vec!["region".into()];
            descriptor.bucket_count = Some(2);
        });
        let table = table.await;
        within(client.create_partition(&path(&name), vec![("region".into(), "eu".into())], false))
            .await
            .expect("created");
        // Two of the three are made on the way.
        let rows = [(1, "eu", Some("a")), (2, "us", Some("b")), (3, "asia", Some("c")), (4, "eu", Some("d"))];
        write(&table.upserter(), batch(&rows)).await;
        let names: Vec<_> = within(table.partitions()).await.expect("partitions").into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["asia", "eu", "us"]);

        let all = ["1/eu/a", "2/us/b", "3/asia/c", "4/eu/d"];
        assert_eq!(current(&table, CurrentOptions::default()).await, all);
        let chosen = CurrentOptions { partitions: vec!["eu".into(), "asia".into()], ..CurrentOptions::default() };
        assert_eq!(current(&table, chosen).await, ["1/eu/a", "3/asia/c", "4/eu/d"]);
        let found = within(table.lookup(keys(&[(2, "us"), (2, "nowhere")]))).await.expect("found");
        assert_eq!((texts(&found.rows), found.found()), (vec!["2/us/b".to_owned()], 1));

        let unknown = CurrentOptions { partitions: vec!["mars".into()], ..CurrentOptions::default() };
        let error = within(table.scan_current(unknown)).await.err().expect("no such partition").to_string();
        assert!(error.contains("no partition `mars`") && error.contains("asia, eu, us"), "{error}");

        within(client.drop_partition(&path(&name), vec![("region".into(), "eu".into())], false))
            .await
            .expect("dropped");
        let options = ScanOptions { partitions: vec!["us".into()], ..ScanOptions::default() };
        let changes: Vec<_> =
            within(async { table.scan(options).await.expect("a scan").try_collect().await }).await.expect("rows");
        let changes: Vec<_> =
            changes.iter().map(|scanned: &ScanBatch| (texts(&scanned.batch), scanned.changes.clone())).collect();
        assert_eq!(changes, [(vec!["2/us/b".to_owned()], Some(vec![ChangeType::Insert]))]);
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name() {
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    let table = create(&client, "refused", |_| {}).await;
    let log = TableDescriptor::new(Schema::parse_sql(COLUMNS).expect("columns"));
    within(client.create_table(&path("log"), log, false)).await.expect("a table");
    let log = within(client.table(&path("log"))).await.expect("the table");
    let rows = || batch(&[(1, "eu", None)]);
    let ids = || rows().project(&[0]).expect("ids");
    let cases = [
        ("append to keys", within(table.append(rows())).await.err(), "fluss.refused"),
        ("upsert into a log", within(log.upsert(rows())).await.err(), "fluss.log"),
        ("delete from a log", within(log.delete(rows())).await.err(), "table fluss.log has no primary key"),
        ("look up in a log", within(log.lookup(rows())).await.err(), "table fluss.log has no primary key"),
        ("current rows of a log", within(log.scan_current(CurrentOptions::default())).await.err(), "fluss.log"),
        ("half a key", within(table.lookup(ids())).await.err(), "column \"region\" is missing"),
        ("delete by half a key", within(table.delete(ids())).await.err(), "column \"region\" is missing"),
        ("a prefix that is none", within(table.prefix_lookup(ids())).await.err(), "cannot be looked up by a prefix"),
        ("an update without key", table.updater(&["note", "id"]).err(), "column `region` is missing"),
        ("an update of nothing known", table.updater(&["id", "region", "x"]).err(), "no column `x`"),
        ("an update twice", table.updater(&["id", "region", "id"]).err(), "column `id` of table fluss.refused"),
    ];
    for (case, error, text) in cases {
        let error = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(text), "{case}: {error:?}");
    }
}
