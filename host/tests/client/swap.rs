//! Many batches in the modules at once: their order, chains that take over, and calls that are given up.

use std::path::Path;

use arrow_array::{Int64Array, RecordBatch, cast::AsArray, types::Int64Type};
use futures::{FutureExt, future::join_all};
use thalweg::{
    client::{ScanOptions, Table},
    module::{ChainSpec, ModuleSpec},
};

use crate::rig::{ENGINES, connect, create, ids, rows, scan, serve, within};
use crate::wasm::{SLOW_ON_ONE, module_file};

fn only(condition: &str) -> ChainSpec {
    let mut module = ModuleSpec::new("where", Path::new(""));
    module.set(&format!("if={condition}")).expect("a setting");
    ChainSpec { modules: vec![module], ..ChainSpec::default() }
}

/// The ids in the order of their offsets.
async fn in_order(table: &Table) -> Vec<i64> {
    let batches = scan(table, ScanOptions::default()).await;
    batches.iter().flat_map(|batch| batch.batch["id"].as_primitive::<Int64Type>().values().to_vec()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_are_in_the_modules_at_once_are_sent_in_the_order_of_their_calls() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("order_{engine:?}"), 1, &[]).await;
        let chained = within(table.clone().with_chain(&only("id >= 0"))).await.unwrap();
        // Long batches and short ones, so that later ones are through the modules before earlier ones.
        let bounds: Vec<i64> = (0..=60)
            .scan(0, |at, number| {
                let first = *at;
                *at += if number % 3 == 0 { 3000 } else { 5 };
                Some(first)
            })
            .collect();
        let calls = bounds.windows(2).map(|pair| chained.append(rows(pair[0]..pair[1])));
        let pending = within(join_all(calls)).await;
        for pending in pending {
            let outcome = within(pending.unwrap()).await;
            assert_eq!(outcome.acknowledged(), outcome.rows);
        }
        assert!(in_order(&table).await.into_iter().eq(0..bounds[60]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_writes_nothing_and_holds_nobody_up() {
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    let table = create(&client, "given_up", 1, &[]).await;
    let (_folder, file) = module_file(SLOW_ON_ONE);
    let slow = ChainSpec { modules: vec![ModuleSpec::new(&file, Path::new(""))], ..ChainSpec::default() };
    let chained = within(table.clone().with_chain(&slow)).await.unwrap();
    for first in (0..500).step_by(100) {
        // One row keeps the module busy for a while; the call is dropped while it does.
        let mut gone = Box::pin(chained.append(rows(100_000..100_001)));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        let outcome = within(within(chained.append(rows(first..first + 100))).await.unwrap()).await;
        assert_eq!(outcome.acknowledged(), 100);
    }
    assert!(in_order(&table).await.into_iter().eq(0..500));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_takes_over_between_batches_while_rows_flow() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("swap_{engine:?}"), 1, &[]).await;
        let chained = within(table.clone().with_chain(&only("count >= 0"))).await.unwrap();
        let writer = chained.appender();
        let write = async |batch: i64| {
            let outcome = writer.write(rows(batch * 700..(batch + 1) * 700)).await.unwrap().await;
            assert_eq!(outcome.acknowledged(), outcome.produced, "{:?}", outcome.first_failure());
            outcome.produced
        };
        let mut written = 0;
        for number in 0..8 {
            let (condition, expected) =
                if number % 2 == 0 { ("count >= 0 and id < 0", 0) } else { ("count >= 0", 600) };
            let swap = async {
                // A wrong one changes nothing.
                let error = chained.swap_chain(&only("nobody = 1")).await.unwrap_err().to_string();
                assert!(error.contains("nobody"), "{error}");
                chained.swap_chain(&only(condition)).await.unwrap();
            };
            let ((), one, two) = within(futures::future::join3(swap, write(number * 3), write(number * 3 + 1))).await;
            // Each batch went through one of the two chains as a whole; behind the swap, through the new one.
            assert!([one, two].iter().all(|produced| [0, 600].contains(produced)), "{one} and {two} rows");
            let next = within(write(number * 3 + 2)).await;
            assert_eq!(next, expected);
            written += one + two + next;
        }
        assert_eq!(ids(&scan(&table, ScanOptions::default()).await).len() as u64, written);
        let error = within(table.swap_chain(&only("id > 1"))).await.unwrap_err().to_string();
        assert!(error.contains("has no modules to swap"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_keyed_tables_go_where_their_new_keys_belong() {
    use thalweg::table::{Schema, TableDescriptor};
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let path = crate::rig::path(&format!("moved_{engine:?}"));
        let schema = Schema::parse_sql("id BIGINT NOT NULL, note BIGINT").unwrap().with_primary_key(&["id"]).unwrap();
        let descriptor = TableDescriptor { bucket_count: Some(5), ..TableDescriptor::new(schema) };
        within(client.create_table(&path, descriptor, false)).await.unwrap();
        let table = within(client.table(&path)).await.unwrap();
        let mut tenfold = ModuleSpec::new("scale", Path::new(""));
        ["column=id", "factor=10"].iter().for_each(|setting| tenfold.set(setting).unwrap());
        let tenfold = ChainSpec { modules: vec![tenfold], ..ChainSpec::default() };
        let batch = |ids: &[i64]| {
            let column = |values: Vec<i64>| std::sync::Arc::new(Int64Array::from(values)) as arrow_array::ArrayRef;
            RecordBatch::try_from_iter([("id", column(ids.to_vec())), ("note", column(ids.to_vec()))]).unwrap()
        };
        let all: Vec<i64> = (0..100).collect();
        let chained = within(table.clone().with_chain(&tenfold)).await.unwrap();
        assert_eq!(within(within(chained.upsert(batch(&all))).await.unwrap()).await.acknowledged(), 100);
        let new: Vec<i64> = all.iter().map(|id| id * 10).collect();
        let keys = |ids: &[i64]| batch(ids).project(&[0]).unwrap();
        assert_eq!(within(table.lookup(keys(&new))).await.unwrap().found(), 100);

        // Keys to delete and some columns to change go through modules too.
        let deleter = within(table.deleter().unwrap().with_chain(&tenfold)).await.unwrap();
        assert_eq!(within(within(deleter.write(keys(&all[..40]))).await.unwrap()).await.acknowledged(), 40);
        let updater = within(table.updater(&["id", "note"]).unwrap().with_chain(&tenfold)).await.unwrap();
        assert_eq!(within(within(updater.write(batch(&all[99..]))).await.unwrap()).await.acknowledged(), 1);
        let found = within(table.lookup(keys(&new))).await.unwrap();
        assert_eq!(found.found(), 60);
        assert_eq!(found.of(99).unwrap()["note"].as_primitive::<Int64Type>().value(0), 99);
    }
}
