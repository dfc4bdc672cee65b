//! The types of fields: `wit/module/types.wit`.

/// Conversions of schemas; `types` is the module of `thalweg:module/types`, with a `Schema`, `Field` and `DataType` that
/// own what they hold.
#[macro_export]
macro_rules! types_from_and_into_wit {
    ($types:ident) => {
        impl $crate::wit::FromWit<$types::Schema> for $crate::flat::Schema {
            fn from_wit(wit: $types::Schema) -> Self {
                Self {
                    fields: $crate::wit::FromWit::from_wit(wit.fields),
                    columns: wit.columns,
                    primary_key: wit.primary_key,
                }
            }
        }

        impl $crate::wit::FromWit<$types::Field> for $crate::flat::Field {
            fn from_wit(wit: $types::Field) -> Self {
                Self { name: wit.name, data_type: $crate::wit::FromWit::from_wit(wit.data_type), nullable: wit.nullable }
            }
        }

        impl $crate::wit::IntoWit<$types::Schema> for $crate::flat::FlatSchema<'_> {
            fn into_wit(self) -> $types::Schema {
                let field = |field: &$crate::flat::FlatField<'_>| $types::Field {
                    name: field.name.to_owned(),
                    data_type: $crate::data_type_wit!(into $types::DataType, &field.column_type.data_type, &*field.children),
                    nullable: field.column_type.nullable,
                };
                $types::Schema {
                    fields: self.fields.iter().map(field).collect(),
                    columns: self.columns,
                    primary_key: self.primary_key,
                }
            }
        }

        $crate::data_type_wit!(from $types);
    };
}

/// The types by their names in the WIT and in ours: `from types` implements `FromWit` for a `FieldType`;
/// `into types::Name, data_type, children` is the expression that makes that type of the WIT, owned or borrowed.
#[doc(hidden)]
#[macro_export]
macro_rules! data_type_wit {
    (from $($side:tt)*) => { $crate::data_type_wit! { @list from ($($side)*) } };
    (into $($side:tt)*) => { $crate::data_type_wit! { @list into ($($side)*) } };
    (@list $way:ident $side:tt) => {
        $crate::data_type_wit! { @$way $side
            Boolean = Boolean,
            Tinyint = TinyInt,
            Smallint = SmallInt,
            Int = Int,
            Bigint = BigInt,
            Float = Float,
            Double = Double,
            FixedText(length) = Char,
            Text = String,
            FixedBytes(length) = Binary,
            Bytes = Bytes,
            Date = Date,
            Time(precision) = Time,
            Timestamp(precision) = Timestamp,
            TimestampLtz(precision) = TimestampLtz
        }
    };
    (@from ($types:ident) $($theirs:ident $(($number:ident))? = $ours:ident),*) => {
        impl $crate::wit::FromWit<$types::DataType> for $crate::flat::FieldType {
            fn from_wit(wit: $types::DataType) -> Self {
                match wit {
                    $($types::DataType::$theirs $(($number))? => {
                        Self::Scalar($crate::flat::DataType::$ours $(($number))?)
                    })*
                    $types::DataType::Decimal((precision, scale)) => {
                        Self::Scalar($crate::flat::DataType::Decimal { precision, scale })
                    }
                    $types::DataType::Array(element) => Self::Array(element),
                    $types::DataType::Dictionary((key, value)) => Self::Map(key, value),
                    $types::DataType::Row(fields) => Self::Row(fields),
                    $types::DataType::Other(name) => Self::Other(name),
                }
            }
        }
    };
    (@into ($types:ident :: $name:ident, $data_type:expr, $children:expr)
        $($theirs:ident $(($number:ident))? = $ours:ident),*) => {
        match ($data_type, $children) {
            $(($crate::flat::DataType::$ours $(($number))?, _) => $types::$name::$theirs $((*$number))?,)*
            ($crate::flat::DataType::Decimal { precision, scale }, _) => $types::$name::Decimal((*precision, *scale)),
            ($crate::flat::DataType::Array(_), [element]) => $types::$name::Array(*element),
            ($crate::flat::DataType::Map(..), [key, value]) => $types::$name::Dictionary((*key, *value)),
            // `FlatSchema` gives an array one child and a map two.
            ($crate::flat::DataType::Row(_) | $crate::flat::DataType::Array(_) | $crate::flat::DataType::Map(..), children) => {
                $types::$name::Row(children.into())
            }
        }
    };
}
