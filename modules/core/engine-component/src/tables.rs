//! The exported words for tables: `wit/client/tables.wit`.

use thalweg_bindings::catalog;
use thalweg_contract::{
    Error,
    wit::{FromWit, IntoWit, Malformed, TryFromWit},
};
use thalweg_wire::table::{TableDescriptor, TableOptions};

use crate::{
    Component,
    bindings::tables::{self, Guest},
};

impl Guest for Component {
    fn describe(columns: String, options: tables::TableOptions) -> Result<catalog::TableDescriptor, catalog::Error> {
        let tables::TableOptions { primary_key, partition_by, bucket_by, buckets, comment, properties } = options;
        let properties = FromWit::from_wit(properties);
        let options = TableOptions { primary_key, partition_by, bucket_by, buckets, comment, properties };
        TableDescriptor::describe(&columns, options)
            .map(IntoWit::into_wit)
            .map_err(|error| Error::from(Malformed(error.to_string())).into_wit())
    }

    fn columns(descriptor: catalog::TableDescriptor) -> Result<String, catalog::Error> {
        let descriptor = TableDescriptor::try_from_wit(descriptor);
        descriptor.map(|table| table.columns_sql()).map_err(|malformed| Error::from(malformed).into_wit())
    }
}
