//! Modules on both ways: outcomes, offsets and columns are those of the rows that went in.

use std::path::Path;

use thalweg::{
    client::{ScanBatch, ScanOptions},
    module::{ChainSpec, ModuleSpec},
};

use crate::rig::{ENGINES, append, connect, create, ids, rows, scan, serve, within};

/// A chain of the stock module `where`.
fn only(condition: &str) -> ChainSpec {
    let mut module = ModuleSpec::new("where", Path::new(""));
    module.set(&format!("if={condition}")).expect("a setting");
    ChainSpec { modules: vec![module], ..ChainSpec::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn filtered_rows_are_counted_and_the_others_known_by_where_they_stood() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("in_{engine:?}"), 1, &[]).await;
        let late = table.clone().with_chain(&only("id >= 60")).await.unwrap();
        assert_eq!(late.module_names(), ["where"]);
        let checked = within(late.check(rows(0..100))).await.unwrap();
        assert_eq!((checked.produced, checked.filtered), (40, vec![("where".to_owned(), 60)]));
        let outcome = within(within(late.append(rows(0..100))).await.unwrap()).await;
        assert_eq!((outcome.rows, outcome.produced, outcome.acknowledged()), (100, 40, 40));
        assert_eq!(outcome.filtered, [("where".to_owned(), 60)]);
        let stood: Vec<u32> = outcome.offsets().map(|(row, ..)| outcome.origin(row)).collect();
        assert!(stood.into_iter().eq(60..100));
        // Nothing goes on of a batch without a row that does.
        assert_eq!(within(within(late.append(rows(0..10))).await.unwrap()).await.produced, 0);
        assert_eq!(ids(&scan(&table, ScanOptions::default()).await), (60..100).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_limits_and_projects_what_its_modules_give() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("out_{engine:?}"), 1, &[]).await;
        for batch in 0..10 {
            append(&table, rows(batch * 100..(batch + 1) * 100)).await;
        }
        let options = ScanOptions {
            columns: Some(vec!["late".to_owned(), "id".to_owned()]),
            limit: Some(150),
            chain: Some(only("id >= 350 and count >= 0")),
            ..ScanOptions::default()
        };
        let batches = scan(&table, options).await;
        // `count` is null in every seventh row, and null never matches.
        let expected: Vec<i64> = (350..1000).filter(|id| id % 7 != 3).take(150).collect();
        assert_eq!(ids(&batches), expected);
        let offsets: Vec<u64> = batches.iter().flat_map(ScanBatch::offsets).collect();
        assert!(offsets.into_iter().eq(expected.into_iter().map(|id| id as u64)));
        let schema = batches[0].batch.schema();
        assert_eq!(schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), ["late", "id"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_does_not_fit_is_refused_before_a_row() {
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    let table = create(&client, "unfit_chain", 1, &[]).await;
    for (condition, named) in [("nobody > 1", "nobody"), ("id >", "where")] {
        let error = within(table.clone().with_chain(&only(condition))).await.unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
