//! Schemas, settings, and all of the catalogue, from and into the words of the contract.

use crate::{catalog, settings, types};

thalweg_contract::types_from_and_into_wit!(types);
thalweg_contract::catalog_from_and_into_wit!(catalog, types);
thalweg_contract::settings_from_and_into_wit!(settings);

// Scans and requests; a host lends them instead. A request to add columns is none of these: it has a function of its own.
thalweg_contract::wit_record!(catalog::ScanSpec {
    columns,
    buckets: convert,
    partitions,
    start: convert,
    end: convert,
});
thalweg_contract::wit_variant!(catalog::Start {
    Earliest,
    Latest,
    Offset(offset),
    Timestamp(time),
    Offsets(offsets: convert),
});
thalweg_contract::wit_variant!(from catalog::Request {
    CreateDatabase { name, comment, properties: convert, if_not_exists },
    DropDatabase { name, if_exists, cascade },
    ListDatabases,
    ShowDatabase { name },
    CreateTable { path: convert, descriptor: check, if_not_exists },
    DropTable { path: convert, if_exists },
    ListTables { database },
    ShowTable { path: convert },
    AlterTable { path: convert, set: convert, remove },
    ListOffsets { path: convert },
    ListPartitions { path: convert },
    CreatePartition { path: convert, spec: convert, if_not_exists },
    DropPartition { path: convert, spec: convert, if_exists },
});

#[cfg(test)]
mod tests {
    use thalweg_contract::{
        Error, ErrorCode, TableDescriptor,
        flat::{self, DataType},
        wit::{FromWit, IntoWit, TryFromWit},
    };
    use thalweg_wire::table::{ColumnType, Field, Schema};

    use super::*;

    fn nullable(data_type: DataType) -> ColumnType {
        ColumnType { data_type, nullable: true }
    }

    #[test]
    fn a_nested_schema_comes_back() {
        let key = ColumnType { data_type: DataType::String, nullable: false };
        let inner =
            DataType::Map(Box::new(key), Box::new(nullable(DataType::Array(Box::new(nullable(DataType::Int))))));
        let field = |name: &str, data_type| Field {
            id: None,
            name: name.into(),
            column_type: nullable(data_type),
            description: None,
        };
        let row = DataType::Row(vec![field("m", inner), field("d", DataType::Decimal { precision: 20, scale: 3 })]);
        let id = ColumnType { data_type: DataType::BigInt, nullable: false };
        let columns = [("id".to_owned(), id, Some("the key".to_owned())), ("row".to_owned(), nullable(row), None)];
        let mut schema = Schema::new(columns).and_then(|schema| schema.with_primary_key(&["id"])).expect("a schema");
        let delimiter = ("delimiter".to_owned(), ";".to_owned());
        schema.columns[1].aggregation = Some(("listagg".to_owned(), vec![delimiter]));
        let there: catalog::TableDescriptor = TableDescriptor::new(schema.clone()).into_wit();
        assert_eq!(there.column_comments, [Some("the key".to_owned()), None]);
        let back = TableDescriptor::try_from_wit(there.clone()).expect("it is a tree");
        assert_eq!(back.schema, schema);
        let flat = &there.schema;
        assert_eq!((flat.fields.len(), &flat.columns[..], &flat.primary_key[..]), (7, &[0, 1][..], &[0][..]));
        let few = catalog::TableDescriptor { column_comments: vec![None], ..there.clone() };
        assert!(TableDescriptor::try_from_wit(few).is_err());
        let few = catalog::TableDescriptor { aggregations: Vec::new(), ..there };
        assert!(TableDescriptor::try_from_wit(few).is_err());
    }

    #[test]
    fn fields_that_make_no_tree_are_refused() {
        let field = |data_type| types::Field { name: "a".into(), data_type, nullable: true };
        let endless = (1..100).map(|child| field(types::DataType::Array(child)));
        for fields in [
            vec![field(types::DataType::Array(0))],
            vec![field(types::DataType::Array(7))],
            vec![field(types::DataType::Row(vec![1])), field(types::DataType::Row(vec![0]))],
            vec![field(types::DataType::Other("VECTOR".into()))],
            vec![field(types::DataType::Int), field(types::DataType::Int)],
            endless.chain([field(types::DataType::Int)]).collect(),
            Vec::new(),
        ] {
            let schema = types::Schema { fields, columns: vec![0], primary_key: Vec::new() };
            let refused = flat::Schema::from_wit(schema).into_tree().expect_err("it is no tree");
            assert!(matches!(refused.into(), Error { code: ErrorCode::Invalid(_), .. }));
        }
    }
}
