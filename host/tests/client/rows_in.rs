//! Rows in: outcomes, large batches, back-pressure, many tables, rows one at a time, closing.

use std::time::Duration;

use serde_json::json;
use thalweg::client::{Client, RowWriterOptions, ScanOptions};
use thalweg::table::{Schema, TableDescriptor};

use crate::rig::{ENGINES, append, connect, create, ids, options, rows, scan, serve, within};

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_acknowledged_at_an_offset_of_its_own() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("offsets_{engine:?}"), 3, &[]).await;
        let mut seen = Vec::new();
        for batch in 0..5 {
            let outcome = append(&table, rows(batch * 100..(batch + 1) * 100)).await;
            seen.extend(outcome.offsets().map(|(_, bucket, offset)| (bucket, offset)));
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 500);
        let offsets = within(client.list_offsets(&table.info().path)).await.unwrap();
        assert_eq!(offsets.iter().map(|bucket| bucket.latest - bucket.earliest).sum::<u64>(), 500);
        let counts = within(client.close(Duration::from_secs(10))).await.unwrap();
        assert_eq!((counts.acknowledged, counts.failed, counts.unknown), (500, 0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_is_cut_and_its_outcome_joined() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("large_{engine:?}"), 3, &[]).await;
        let outcome = append(&table, rows(0..300_000)).await;
        let mut produced: Vec<u32> = outcome.offsets().map(|(row, ..)| row).collect();
        produced.sort_unstable();
        assert!(produced.into_iter().eq(0..300_000));
        assert_eq!(ids(&scan(&table, ScanOptions::default()).await), (0..300_000).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tiny_buffer_holds_rows_back_and_loses_none() {
    let served = serve().await;
    for engine in ENGINES {
        let mut options = options(&served.address, engine);
        options.settings.write.buffer_limit = 64 << 10;
        options.settings.write.batch_bytes = 8 << 10;
        let client = within(Client::connect(options)).await.unwrap();
        let table = create(&client, &format!("tiny_{engine:?}"), 2, &[]).await;
        let mut under_way = Vec::new();
        for batch in 0..40 {
            under_way.push(within(table.append(rows(batch * 500..(batch + 1) * 500))).await.unwrap());
        }
        for pending in under_way {
            assert_eq!(within(pending).await.acknowledged(), 500);
        }
        assert!(within(client.statistics()).await.unwrap().buffered <= 64 << 10);
        assert_eq!(ids(&scan(&table, ScanOptions::default()).await), (0..20_000).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_tables_take_rows_at_once() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let tables = (0..100).map(|number| {
            let client = client.clone();
            async move {
                let table = create(&client, &format!("many_{engine:?}_{number}"), 1, &[]).await;
                append(&table, rows(0..50)).await;
                assert_eq!(ids(&scan(&table, ScanOptions::default()).await).len(), 50);
            }
        });
        futures::future::join_all(tables).await;
        assert_eq!(within(client.list_tables("fluss")).await.unwrap().len() % 100, 0);
    }
}

#[tokio::test]
async fn one_thread_is_enough() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("single_{engine:?}"), 1, &[]).await;
        append(&table, rows(0..10_000)).await;
        assert_eq!(ids(&scan(&table, ScanOptions::default()).await).len(), 10_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_do_not_fit_are_refused_whole() {
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    let table = create(&client, "unfit", 1, &[]).await;
    let without_id = rows(0..5).project(&[1, 2]).unwrap();
    let error = within(table.append(without_id)).await.unwrap_err();
    assert!(error.to_string().contains("id") && !error.is_retriable(), "{error}");
    assert_eq!(within(client.statistics()).await.unwrap().rows_taken, 0);
    assert_eq!(within(table.append(rows(0..0)).await.unwrap()).await.rows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_writer_appends_in_time_and_leaves_out_what_does_not_fit() {
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    let table = create(&client, "by_row", 1, &[]).await;
    let writer = table.row_writer(RowWriterOptions { rows: 100, interval: Duration::from_millis(30) }).unwrap();
    for id in 0..250 {
        match id {
            7 => writer.write(json!({ "id": "seven" })).await.unwrap(),
            8 => writer.write(json!({ "id": 8, "nobody": 1 })).await.unwrap(),
            9 => writer.write(json!({ "name": "no id" })).await.unwrap(),
            id => writer.write(json!({ "id": id, "name": format!("n{id}"), "price": "1.50" })).await.unwrap(),
        }
    }
    // The rest goes out by itself.
    within(async {
        while ids(&scan(&table, ScanOptions::default()).await).len() < 247 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let written = within(writer.flush()).await.unwrap();
    assert_eq!((written.rows, written.acknowledged, written.failed, written.unknown), (250, 247, 3, 0));
    assert_eq!(written.failures.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [7, 8, 9]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_row_writer_are_taken_exactly_or_not_at_all() {
    #[derive(serde::Serialize)]
    struct Row {
        id: i32,
        x: f64,
        xs: Vec<f32>,
        price: &'static str,
        raw: &'static str,
    }
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    let columns = "id INT, x DOUBLE, xs ARRAY<FLOAT>, price DECIMAL(10, 2), raw BYTES";
    let descriptor = TableDescriptor::new(Schema::parse_sql(columns).unwrap());
    let path = "fluss.exact".parse().unwrap();
    within(client.create_table(&path, descriptor, false)).await.unwrap();
    let table = within(client.table(&path)).await.unwrap();
    let writer = table.row_writer(RowWriterOptions::default()).unwrap();
    let row = Row { id: 1, x: f64::NAN, xs: vec![f32::INFINITY, -0.0, f32::NEG_INFINITY], price: "1.05", raw: "00ff" };
    writer.write(&row).await.unwrap();
    writer.write(Row { price: "1.005", ..row }).await.unwrap();
    writer.write(json!({ "id": 1.5 })).await.unwrap();
    let written = within(writer.flush()).await.unwrap();
    assert_eq!((written.acknowledged, written.failed), (1, 2));
    assert!(written.failures[0].1.contains("column \"price\": \"1.005\""), "{:?}", written.failures);
    assert!(written.failures[1].1.contains("column \"id\": \"1.5\""), "{:?}", written.failures);
    let batch = &scan(&table, ScanOptions::default()).await[0];
    let expected = r#"{"id":1,"x":"NaN","xs":["Infinity",-0.0,"-Infinity"],"price":1.05,"raw":"00ff"}"#;
    assert_eq!(thalweg::formats::json_lines(&batch.batch).unwrap(), [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_client_says_so() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("closed_{engine:?}"), 1, &[]).await;
        let pending = within(table.append(rows(0..1000))).await.unwrap();
        let counts = within(client.close(Duration::from_secs(10))).await.unwrap();
        assert_eq!((counts.acknowledged, counts.unknown), (1000, 0));
        assert_eq!(within(pending).await.acknowledged(), 1000);
        for error in [
            within(table.append(rows(0..1))).await.map(drop).unwrap_err(),
            within(client.list_databases()).await.map(drop).unwrap_err(),
            within(table.scan(ScanOptions::default())).await.map(drop).unwrap_err(),
        ] {
            assert!(error.to_string().contains("closed"), "{error}");
        }
    }
}
