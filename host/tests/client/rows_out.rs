//! Rows out: every value, projections, limits, offsets, following, bounded memory.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use futures::StreamExt;
use thalweg::client::{Bucket, End, Start};
use thalweg::client::{ScanBatch, ScanOptions};

use crate::rig::{ENGINES, append, connect, create, ids, rows, scan, serve, within};

/// Scanned rows as one batch.
fn joined(batches: &[ScanBatch]) -> RecordBatch {
    concat_batches(&batches[0].batch.schema(), batches.iter().map(|batch| &batch.batch)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_comes_back_whatever_the_compression() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        for codec in ["NONE", "LZ4_FRAME", "ZSTD"] {
            let properties = [("table.log.arrow.compression.type", codec)];
            let table = create(&client, &format!("values_{engine:?}_{codec}"), 1, &properties).await;
            // In pieces that do not begin at a byte of a bitmap.
            let all = rows(0..5000);
            append(&table, all.slice(0, 13)).await;
            append(&table, all.slice(13, 4987)).await;
            let batches = scan(&table, ScanOptions::default()).await;
            assert_eq!(joined(&batches), all, "{engine:?} {codec}");
            let offsets: Vec<u64> = batches.iter().flat_map(ScanBatch::offsets).collect();
            assert!(offsets.into_iter().eq(0..5000));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_come_in_the_order_asked() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("columns_{engine:?}"), 1, &[]).await;
        append(&table, rows(0..100)).await;
        for wanted in [&["price", "id"][..], &["id"], &["late", "name", "at"]] {
            let columns = Some(wanted.iter().map(|name| (*name).to_owned()).collect());
            let batches = scan(&table, ScanOptions { columns, ..ScanOptions::default() }).await;
            let all = rows(0..100);
            let positions: Vec<usize> = wanted.iter().map(|name| all.schema().index_of(name).unwrap()).collect();
            assert_eq!(joined(&batches), all.project(&positions).unwrap(), "{wanted:?}");
        }
        let columns = Some(vec!["nobody".to_owned()]);
        let error = within(table.scan(ScanOptions { columns, ..ScanOptions::default() })).await.map(drop).unwrap_err();
        assert!(error.to_string().contains("no column `nobody`") && error.to_string().contains("weight"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_offsets_bound_a_scan() {
    let served = serve().await;
    let client = connect(&served.address, ENGINES[0]).await;
    let table = create(&client, "bounds", 1, &[]).await;
    append(&table, rows(0..1000)).await;
    let limited = ScanOptions { limit: Some(17), ..ScanOptions::default() };
    assert_eq!(ids(&scan(&table, limited).await), (0..17).collect::<Vec<_>>());
    let none = ScanOptions { limit: Some(0), ..ScanOptions::default() };
    assert!(scan(&table, none).await.is_empty());
    let window = ScanOptions {
        buckets: vec![Bucket { partition: None, bucket: 0 }],
        start: Start::Offset(100),
        end: End::Offset(103),
        ..ScanOptions::default()
    };
    let batches = scan(&table, window).await;
    assert_eq!(ids(&batches), [100, 101, 102]);
    assert_eq!(batches.iter().flat_map(ScanBatch::offsets).collect::<Vec<_>>(), [100, 101, 102]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_follows_and_ends_when_it_is_dropped() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let table = create(&client, &format!("follow_{engine:?}"), 1, &[]).await;
        let mut stream = within(table.scan(ScanOptions { end: End::Never, ..ScanOptions::default() })).await.unwrap();
        for round in 0..5 {
            append(&table, rows(round * 10..(round + 1) * 10)).await;
            let batch = within(stream.next()).await.unwrap().unwrap();
            assert_eq!(ids(&[batch]), (round * 10..(round + 1) * 10).collect::<Vec<_>>());
        }
        drop(stream);
        // The session goes on.
        append(&table, rows(50..60)).await;
        assert_eq!(ids(&scan(&table, ScanOptions::default()).await).len(), 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_given_little() {
    let served = serve().await;
    for (engine, codec) in ENGINES.into_iter().flat_map(|engine| [(engine, "NONE"), (engine, "ZSTD")]) {
        let client = connect(&served.address, engine).await;
        let properties = [("table.log.arrow.compression.type", codec)];
        let table = create(&client, &format!("slow_{engine:?}_{codec}"), 1, &properties).await;
        for batch in 0..20 {
            append(&table, rows(batch * 10_000..(batch + 1) * 10_000)).await;
        }
        let options = ScanOptions { buffer: 1 << 20, ..ScanOptions::default() };
        let mut stream = within(table.scan(options)).await.unwrap();
        // However long it is left alone, and however much was read before.
        let mut read = 0;
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            let given = within(client.statistics()).await.unwrap().rows_scanned;
            let ahead = given - read;
            assert!(ahead <= 60_000, "{ahead} rows of more than 50 bytes are ahead with a buffer of 1 MiB");
            match within(stream.next()).await {
                Some(batch) => read += batch.unwrap().batch.num_rows() as u64,
                None => break,
            }
        }
        assert_eq!(read, 200_000);
    }
}
