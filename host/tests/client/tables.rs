//! Tables as they were created, whichever engine made them.

use std::sync::Arc;

use arrow_array::{Int32Array, RecordBatch, StringArray, cast::AsArray, types::Int32Type};
use thalweg::client::{End, ScanOptions};
use thalweg::table::{Schema, TableDescriptor};

use crate::rig::{ENGINES, append, connect, create, ids, path, rows, scan, serve, within};

#[tokio::test]
async fn a_table_has_the_columns_it_was_created_with() {
    let served = serve().await;
    let schema = Schema::parse_sql(
        "id BIGINT NOT NULL COMMENT 'the key', place ROW<x INT, tags ARRAY<STRING>, y ROW<z DATE>>, \
         names MAP<STRING, INT> COMMENT 'of ''people''', last STRING",
    );
    let descriptor = TableDescriptor { comment: Some("all".into()), ..TableDescriptor::new(schema.expect("columns")) };
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let name = path(&format!("created_{engine:?}"));
        within(client.create_table(&name, descriptor.clone(), false)).await.expect("a table");
        let opened = within(client.table(&name)).await.expect("the table");
        let shown = within(client.show_table(&name)).await.expect("the table");
        assert_eq!(opened.info(), &shown, "{engine:?}");
        // Comments, and every number of a column or a nested field.
        assert_eq!(shown.descriptor.schema, descriptor.schema, "{engine:?}");
        assert_eq!(shown.descriptor.comment, descriptor.comment, "{engine:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_gets_a_column_goes_on_in_open_sessions() {
    let served = serve().await;
    for engine in ENGINES {
        let client = connect(&served.address, engine).await;
        let name = format!("wider_{engine:?}");
        for codec in ["NONE", "ZSTD"] {
            let name = format!("{name}_{codec}");
            let table = create(&client, &name, 1, &[("table.log.arrow.compression.type", codec)]).await;
            let following = ScanOptions { end: End::Never, limit: Some(30), ..ScanOptions::default() };
            let following = tokio::spawn({
                let table = table.clone();
                async move { ids(&scan(&table, following).await) }
            });
            append(&table, rows(0..10)).await;
            let columns = Schema::parse_sql("note STRING COMMENT 'new', score INT").expect("columns");
            within(client.add_columns(&path(&name), columns)).await.expect("new columns");
            append(&table, rows(10..20)).await;
            let wider = within(client.table(&path(&name))).await.expect("the table");
            assert_eq!(wider.schema().fields().len(), table.schema().fields().len() + 2, "{engine:?}");
            let mut columns = rows(20..30).columns().to_vec();
            columns.push(Arc::new(StringArray::from_iter_values((20..30).map(|id| format!("note {id}")))));
            columns.push(Arc::new(Int32Array::from_iter_values(20..30)));
            append(&wider, RecordBatch::try_new(wider.schema(), columns).expect("rows")).await;

            let all = scan(&table, ScanOptions::default()).await;
            assert_eq!(ids(&all), (0..30).collect::<Vec<_>>(), "{engine:?} {codec}");
            assert!(all.iter().all(|scanned| scanned.batch.schema() == table.schema()));
            assert_eq!(within(following).await.expect("a scan"), (0..30).collect::<Vec<_>>(), "{engine:?} {codec}");
            // Also where the server leaves columns out, as far as it can.
            for columns in [None, Some(vec!["score".to_owned(), "id".to_owned()])] {
                let all = scan(&wider, ScanOptions { columns, ..ScanOptions::default() }).await;
                let scores = all.iter().flat_map(|scanned| {
                    let score = scanned.batch.column_by_name("score").expect("it").as_primitive::<Int32Type>();
                    score.iter().collect::<Vec<_>>()
                });
                let expected = (0..30).map(|id| Some(id).filter(|id| *id >= 20));
                assert_eq!(scores.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{engine:?} {codec}");
            }
        }
        let (again, column) = (path(&format!("{name}_NONE")), Schema::parse_sql("note INT").expect("a column"));
        let twice = within(client.add_columns(&again, column));
        assert!(twice.await.expect_err("it is there").to_string().contains("already exists"));
    }
}
