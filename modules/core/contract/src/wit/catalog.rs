//! Errors, tables, buckets, answers and fates: `wit/client/catalog.wit`.

/// Conversions of all of `thalweg:client/catalog` but its requests and scans; `catalog` is its module, `types` that of
/// `thalweg:module/types`. Needs `types_from_and_into_wit` beside it.
#[macro_export]
macro_rules! catalog_from_and_into_wit {
    ($catalog:ident, $types:ident) => {
        $crate::wit_record!($catalog::Error { code: convert, retriable });
        $crate::wit_variant!($catalog::ErrorCode {
            Invalid(text),
            Unsupported(text),
            Full { needed },
            Closed,
            Cancelled,
            Unavailable(text),
            TimedOut(text),
            Server in $catalog::ServerError { code, name, message },
            Corrupt(text),
            Other(text),
        } else Other);

        $crate::wit_record!($catalog::Bucket { partition, bucket });
        $crate::wit_variant!($catalog::End { Never, Latest, Offset(offset), Timestamp(time) });
        $crate::wit_record!($catalog::BucketOffsets { bucket: convert, earliest, latest, rows });
        $crate::wit_record!($catalog::PartitionInfo { partition_id, name, spec: convert });
        $crate::wit_record!($catalog::DatabaseInfo { name, comment, custom_properties: convert, created, modified });
        $crate::wit_record!(try $catalog::TableInfo {
            path: convert,
            table_id,
            schema_id,
            descriptor: check,
            created,
            modified,
        });
        $crate::wit_variant!(try $catalog::Answer {
            Done,
            Names(names),
            Database(info: convert),
            Table(info: check),
            Offsets(offsets: convert),
            Partitions(partitions: convert),
        } or Done);

        $crate::wit_variant!($catalog::RowSelection { Span { first, count }, Rows(rows) });
        $crate::wit_variant!($catalog::Fate {
            Acknowledged in $catalog::Acknowledgement { bucket: convert, first, end },
            Failed in $catalog::Failure { error: convert, may_have_been_written },
        });

        $crate::descriptor_from_and_into_wit!($catalog, $types);
    };
}

/// Tables to be created or shown: those types of `thalweg:client/catalog` whose Rust form is not the contract's own.
#[doc(hidden)]
#[macro_export]
macro_rules! descriptor_from_and_into_wit {
    ($catalog:ident, $types:ident) => {
        impl $crate::wit::FromWit<$catalog::Property> for (String, String) {
            fn from_wit(wit: $catalog::Property) -> Self {
                (wit.key, wit.value)
            }
        }

        impl $crate::wit::IntoWit<$catalog::Property> for (String, String) {
            fn into_wit(self) -> $catalog::Property {
                $catalog::Property { key: self.0, value: self.1 }
            }
        }

        impl $crate::wit::FromWit<$catalog::TablePath> for $crate::TablePath {
            fn from_wit(wit: $catalog::TablePath) -> Self {
                Self { database: wit.database, table: wit.table }
            }
        }

        impl $crate::wit::IntoWit<$catalog::TablePath> for $crate::TablePath {
            fn into_wit(self) -> $catalog::TablePath {
                $catalog::TablePath { database: self.database, table: self.table }
            }
        }

        impl $crate::wit::FromWit<$catalog::Aggregation> for (String, Vec<(String, String)>) {
            fn from_wit(wit: $catalog::Aggregation) -> Self {
                (wit.function, $crate::wit::FromWit::from_wit(wit.parameters))
            }
        }

        impl $crate::wit::IntoWit<$catalog::Aggregation> for (String, Vec<(String, String)>) {
            fn into_wit(self) -> $catalog::Aggregation {
                $catalog::Aggregation { function: self.0, parameters: $crate::wit::IntoWit::into_wit(self.1) }
            }
        }

        impl $crate::wit::TryFromWit<$catalog::TableDescriptor> for $crate::TableDescriptor {
            fn try_from_wit(wit: $catalog::TableDescriptor) -> ::std::result::Result<Self, $crate::wit::Malformed> {
                let schema: $crate::flat::Schema = $crate::wit::FromWit::from_wit(wit.schema);
                let aggregations = $crate::wit::FromWit::from_wit(wit.aggregations);
                Ok(Self {
                    schema: $crate::flat::with_columns(
                        schema.with_key_not_null().into_tree()?,
                        wit.column_comments,
                        aggregations,
                    )?,
                    comment: wit.comment,
                    partition_keys: wit.partition_keys,
                    bucket_keys: wit.bucket_keys,
                    bucket_count: wit.bucket_count,
                    properties: $crate::wit::FromWit::from_wit(wit.properties),
                    custom_properties: $crate::wit::FromWit::from_wit(wit.custom_properties),
                })
            }
        }

        impl $crate::wit::IntoWit<$catalog::TableDescriptor> for $crate::TableDescriptor {
            fn into_wit(self) -> $catalog::TableDescriptor {
                let schema = $crate::wit::IntoWit::into_wit($crate::flat::FlatSchema::new(&self.schema));
                let columns = self.schema.columns.into_iter().map(|column| (column.comment, column.aggregation));
                let (column_comments, aggregations): (_, Vec<_>) = columns.unzip();
                $catalog::TableDescriptor {
                    schema,
                    column_comments,
                    aggregations: $crate::wit::IntoWit::into_wit(aggregations),
                    comment: self.comment,
                    partition_keys: self.partition_keys,
                    bucket_keys: self.bucket_keys,
                    bucket_count: self.bucket_count,
                    properties: $crate::wit::IntoWit::into_wit(self.properties),
                    custom_properties: $crate::wit::IntoWit::into_wit(self.custom_properties),
                }
            }
        }
    };
}
