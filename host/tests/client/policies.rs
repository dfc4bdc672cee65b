//! What becomes of rows that modules refuse or fail on, on the way into a table.

use std::path::Path;
use std::time::Duration;

use arrow_array::{
    RecordBatch,
    cast::AsArray,
    types::{Int32Type, Int64Type, TimestampMillisecondType},
};
use thalweg::table::{Schema, TableDescriptor};
use thalweg::{
    client::{Client, ScanOptions, Table},
    module::{ChainSpec, ExceptionKind, ModuleSpec, Policy},
};

use crate::rig::{ENGINES, append, connect, create, ids, options, path, rows, scan, serve, within};
use crate::wasm::{THOUSANDFOLD, TRAPS_ON_ONE, module_file};

/// `count` times a hundred million, which an INT holds up to 21; nulls pass.
pub(crate) fn scaled(policy: Policy) -> ChainSpec {
    let mut module = ModuleSpec::new("scale", Path::new(""));
    for setting in ["column=count", "factor=100000000"] {
        module.set(setting).expect("a setting");
    }
    module.on_error = policy;
    ChainSpec { modules: vec![module], ..ChainSpec::default() }
}

/// Whether `scaled` refuses the row with this id.
fn is_refused(id: i64) -> bool {
    id > 21 && id % 7 != 3
}

async fn letters(client: &Client, name: &str) -> RecordBatch {
    let table = within(client.table(&path(name))).await.expect("a table of dead letters");
    let batches = scan(&table, ScanOptions::default()).await;
    arrow_select::concat::concat_batches(&table.schema(), batches.iter().map(|batch| &batch.batch)).expect("one batch")
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_a_module_refuses_become_dead_letters() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let (name, dead) = (format!("dead_{engine:?}"), format!("dead_{engine:?}_letters"));
        let table = create(&client, &name, 1, &[]).await;
        let chained = within(table.clone().with_chain(&scaled(Policy::DeadLetter(dead.clone())))).await.unwrap();
        for first in [0, 100] {
            let outcome = within(within(chained.append(rows(first..first + 100))).await.unwrap()).await;
            let refused: Vec<u32> =
                (first..first + 100).filter(|id| is_refused(*id)).map(|id| (id - first) as u32).collect();
            assert_eq!(outcome.dead_lettered(), refused.len() as u64, "{:?}", outcome.first_failure());
            assert_eq!((outcome.dropped, outcome.failed(), outcome.unknown()), (0, 0, 0));
            assert_eq!(outcome.acknowledged(), 100 - refused.len() as u64);
            let [exception] = &outcome.exceptions[..] else { panic!("one exception: {:?}", outcome.exceptions) };
            assert_eq!((exception.module.as_str(), exception.kind), ("scale", ExceptionKind::Refused));
            assert_eq!(exception.rows, refused);
        }
        let kept: Vec<i64> = (0..200).filter(|id| !is_refused(*id)).collect();
        assert_eq!(ids(&scan(&table, ScanOptions::default()).await), kept);

        let letters = letters(&client, &dead).await;
        let refused: Vec<i64> = (0..200).filter(|id| is_refused(*id)).collect();
        let numbers = |column: &str| letters[column].as_primitive::<Int64Type>().values().to_vec();
        assert!(numbers("batch").into_iter().eq(refused.iter().map(|id| id / 100)));
        assert!(numbers("position").into_iter().eq(refused.iter().map(|id| id % 100)));
        for (column, text) in [
            ("source", format!("fluss.{name}").as_str()),
            ("operation", "append"),
            ("module", "scale"),
            ("kind", "refused"),
            ("error", "the result does not fit INT"),
        ] {
            assert!(letters[column].as_string::<i32>().iter().all(|value| value == Some(text)), "{column}");
        }
        assert!(letters["time"].as_primitive::<TimestampMillisecondType>().values().iter().all(|time| *time > 0));
        for (original, id) in letters["original"].as_string::<i32>().iter().zip(refused) {
            let row: serde_json::Value = serde_json::from_str(original.expect("a row")).expect("JSON");
            assert_eq!((&row["id"], &row["count"]), (&id.into(), &id.into()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_dropped_or_pass_and_are_named() {
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    for (policy, dropped) in [(Policy::Drop, 67), (Policy::Pass, 0)] {
        let table = create(&client, policy.name(), 1, &[]).await;
        let chained = within(table.clone().with_chain(&scaled(policy.clone()))).await.unwrap();
        let outcome = within(within(chained.append(rows(0..100))).await.unwrap()).await;
        assert_eq!((outcome.dropped, outcome.acknowledged(), outcome.dead_lettered()), (dropped, 100 - dropped, 0));
        assert_eq!((outcome.exceptions[0].rows.len(), &outcome.exceptions[0].policy), (67, &policy));
        let checked = within(chained.check(rows(0..100))).await.unwrap();
        assert_eq!((checked.dropped, checked.produced), (dropped, 100 - dropped));
        if policy == Policy::Pass {
            let batches = scan(&table, ScanOptions::default()).await;
            let counts = batches[0].batch["count"].as_primitive::<Int32Type>().iter().collect::<Vec<_>>();
            assert_eq!((counts[1], counts[22], counts[24]), (Some(100_000_000), Some(22), None));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_costs_its_own_rows() {
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    let table = create(&client, "failing", 1, &[]).await;
    let (_folder, file) = module_file(TRAPS_ON_ONE);
    let mut module = ModuleSpec::new(&file, Path::new(""));
    module.on_failure = Policy::DeadLetter("failing_letters".into());
    let chained =
        within(table.clone().with_chain(&ChainSpec { modules: vec![module], ..ChainSpec::default() })).await.unwrap();
    // One row makes the module trap, two pass.
    for (rows, lost) in [(rows(0..1), 1), (rows(1..3), 0), (rows(3..4), 1)] {
        let count = rows.num_rows() as u64;
        let outcome = within(within(chained.append(rows)).await.unwrap()).await;
        assert_eq!((outcome.dead_lettered(), outcome.acknowledged()), (lost, count - lost));
        assert!(outcome.exceptions.iter().all(|exception| exception.kind == ExceptionKind::Failed));
    }
    let letters = letters(&client, "failing_letters").await;
    let errors: Vec<_> = letters["error"].as_string::<i32>().iter().flatten().collect();
    assert!(errors.len() == 2 && errors.iter().all(|error| error.contains("it trapped")), "{errors:?}");
    assert_eq!(ids(&scan(&table, ScanOptions::default()).await), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_of_one_are_cut_into_batches_and_none_is_skipped() {
    let served = serve().await;
    for engine in ENGINES {
        let mut options = options(&served.address, engine);
        options.settings.write.batch_rows = 3000;
        let client = within(Client::connect(options)).await.unwrap();
        let table = create(&client, &format!("fan_{engine:?}"), 1, &[]).await;
        let (_folder, file) = module_file(THOUSANDFOLD);
        let chain = ChainSpec { modules: vec![ModuleSpec::new(&file, Path::new(""))], ..ChainSpec::default() };
        let chained = within(table.clone().with_chain(&chain)).await.unwrap();
        let outcome = within(within(chained.append(rows(0..20))).await.unwrap()).await;
        assert_eq!((outcome.rows, outcome.produced, outcome.acknowledged()), (20, 20_000, 20_000));
        assert!(outcome.fates.len() > 5, "it is cut: {:?}", outcome.fates);
        assert!((0..20_000).all(|row| outcome.origin(row) == row / 1000));
        let ids = ids(&scan(&table, ScanOptions::default()).await);
        assert!(ids.into_iter().eq((0..20_000).map(|row| row / 1000)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_cannot_be_written_makes_its_row_failed() {
    let served = serve().await;
    for engine in ENGINES {
        let mut options = options(&served.address, engine);
        options.settings.write.delivery_timeout = Duration::from_millis(800);
        let client = within(Client::connect(options)).await.unwrap();
        let dead = format!("gone_{engine:?}_letters");
        let table = create(&client, &format!("gone_{engine:?}"), 1, &[]).await;
        let chained = within(table.clone().with_chain(&scaled(Policy::DeadLetter(dead.clone())))).await.unwrap();
        within(client.drop_table(&path(&dead), false)).await.unwrap();
        let outcome = within(within(chained.append(rows(0..30))).await.unwrap()).await;
        let refused = (0..30).filter(|id| is_refused(*id)).count() as u64;
        assert_eq!((outcome.acknowledged(), outcome.dead_lettered()), (30 - refused, 0));
        assert_eq!(outcome.failed() + outcome.unknown(), refused);
        let (row, error) = outcome.first_failure().expect("a failure");
        assert!(row == 22 && error.to_string().contains(&format!("not written to table {dead}")), "row {row}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_take_dead_letters_is_refused_when_the_chain_is_loaded() {
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    let table = create(&client, "strict", 1, &[]).await;
    let keyed = Schema::parse_sql("time BIGINT NOT NULL").unwrap().with_primary_key(&["time"]).unwrap();
    within(client.create_table(&path("keyed"), TableDescriptor::new(keyed), false)).await.unwrap();
    let other = Schema::parse_sql("time TIMESTAMP_LTZ(3), source INT").unwrap();
    within(client.create_table(&path("other"), TableDescriptor::new(other), false)).await.unwrap();
    let cases = [
        ("strict", "the rows that they come from are on their way to it"),
        ("keyed", "it has a primary key"),
        ("other", "its column `source` is INT, not STRING"),
        ("no such", "no valid table name"),
        ("nowhere.letters", "DATABASE_NOT_EXIST"),
    ];
    for (dead, expected) in cases {
        let error = within(table.clone().with_chain(&scaled(Policy::DeadLetter(dead.into())))).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{dead}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_drops_and_passes_and_writes_nothing() {
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    let table: Table = create(&client, "read", 1, &[]).await;
    append(&table, rows(0..100)).await;
    let with = |policy| ScanOptions { chain: Some(scaled(policy)), ..ScanOptions::default() };
    let batches = scan(&table, with(Policy::Drop)).await;
    let kept: Vec<u64> = (0..100).filter(|id| !is_refused(*id as i64)).collect();
    assert!(batches.iter().flat_map(|batch| batch.offsets()).eq(kept));
    assert_eq!(ids(&scan(&table, with(Policy::Pass)).await), (0..100).collect::<Vec<_>>());
    let error = within(table.scan(with(Policy::DeadLetter("t".into())))).await.err().expect("it may not").to_string();
    assert!(error.contains("module scale has the policy dead-letter, and a scan writes nothing"), "{error}");
}
