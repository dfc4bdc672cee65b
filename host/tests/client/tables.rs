//! Tables as they were created, whichever engine made them.

use thalweg::table::{Schema, TableDescriptor};

use crate::rig::{ENGINES, connect, path, serve, within};

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
