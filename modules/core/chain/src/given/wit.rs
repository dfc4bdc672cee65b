//! What modules say, from the words of `wit/module/transform.wit`: written once for every side that has types made of it.

/// Conversions from the types of `thalweg:module/transform`, in the module `transform`; `types` has the forms of
/// `thalweg:module/types` that own what they hold: of columns, values and spans, by these names.
#[macro_export]
macro_rules! transform_from_wit {
    ($transform:ident, $types:ident :: { $column:ident, $values:ident, $spans:ident }) => {
        impl ::thalweg_contract::wit::FromWit<$types::$column> for $crate::column::OwnedColumn {
            fn from_wit(wit: $types::$column) -> Self {
                use $crate::column::OwnedValues as Owned;
                let values = match wit.values {
                    $types::$values::Bits(bits) => Owned::Bits(bits),
                    $types::$values::Int8(values) => Owned::Int8(values),
                    $types::$values::Int16(values) => Owned::Int16(values),
                    $types::$values::Int32(values) => Owned::Int32(values),
                    $types::$values::Int64(values) => Owned::Int64(values),
                    $types::$values::Float32(values) => Owned::Float32(values),
                    $types::$values::Float64(values) => Owned::Float64(values),
                    $types::$values::Fixed(bytes) => Owned::Fixed(bytes),
                    $types::$values::Spans($types::$spans { offsets, bytes }) => Owned::Spans(offsets, bytes),
                    $types::$values::Offsets(offsets) => Owned::Offsets(offsets),
                    $types::$values::None => Owned::None,
                };
                Self { validity: wit.validity, values }
            }
        }

        impl ::thalweg_contract::wit::FromWit<$transform::Plan> for $crate::given::Plan {
            fn from_wit(wit: $transform::Plan) -> Self {
                let source = |source| match source {
                    $transform::Source::Input(at) => $crate::given::Source::Input(at),
                    $transform::Source::Written => $crate::given::Source::Written,
                };
                let output = wit.output.map(|(schema, sources)| {
                    (::thalweg_contract::wit::FromWit::from_wit(schema), sources.into_iter().map(source).collect())
                });
                Self { reads: wit.reads, output, one_instance: matches!(wit.instances, $transform::Instances::One) }
            }
        }

        impl ::thalweg_contract::wit::FromWit<$transform::Answer> for $crate::given::Answer {
            fn from_wit(wit: $transform::Answer) -> Self {
                use ::thalweg_contract::wit::FromWit;
                use $crate::given::{Outcome, Production, Refusals};
                let columns = |columns: Vec<$types::$column>| columns.into_iter().map(FromWit::from_wit).collect();
                let outcome = match wit.outcome {
                    $transform::Outcome::Kept(selection) => Outcome::Kept(FromWit::from_wit(selection)),
                    $transform::Outcome::Replaced((selection, written)) => {
                        Outcome::Replaced(FromWit::from_wit(selection), columns(written))
                    }
                    $transform::Outcome::Produced($transform::Production { rows, origins, written }) => {
                        Outcome::Produced(Production { rows, origins, written: columns(written) })
                    }
                };
                let refusals = |$transform::Refusals { rows, causes, messages }| Refusals { rows, causes, messages };
                Self { outcome, refused: wit.refused.map(refusals) }
            }
        }

        impl ::thalweg_contract::wit::FromWit<$transform::Selection> for $crate::given::Selection {
            fn from_wit(wit: $transform::Selection) -> Self {
                match wit {
                    $transform::Selection::All => Self::All,
                    $transform::Selection::Nothing => Self::Nothing,
                    $transform::Selection::Rows(bits) => Self::Rows(bits),
                }
            }
        }

        impl ::thalweg_contract::wit::FromWit<$transform::ErrorCode> for $crate::given::Refusal {
            fn from_wit(wit: $transform::ErrorCode) -> Self {
                match wit {
                    $transform::ErrorCode::InvalidConfig((key, expected)) => Self::InvalidConfig { key, expected },
                    $transform::ErrorCode::UnsuitableInput(reason) => Self::UnsuitableInput(reason),
                    $transform::ErrorCode::Other(reason) => Self::Other(reason),
                }
            }
        }

        impl ::thalweg_contract::wit::FromWit<$transform::Operation> for $crate::given::Operation {
            fn from_wit(wit: $transform::Operation) -> Self {
                match wit {
                    $transform::Operation::Append => Self::Append,
                    $transform::Operation::Upsert => Self::Upsert,
                    $transform::Operation::Delete => Self::Delete,
                    $transform::Operation::Scan => Self::Scan,
                    $transform::Operation::Changelog => Self::Changelog,
                }
            }
        }

        impl ::thalweg_contract::wit::IntoWit<$transform::Operation> for $crate::given::Operation {
            fn into_wit(self) -> $transform::Operation {
                match self {
                    Self::Append => $transform::Operation::Append,
                    Self::Upsert => $transform::Operation::Upsert,
                    Self::Delete => $transform::Operation::Delete,
                    Self::Scan => $transform::Operation::Scan,
                    Self::Changelog => $transform::Operation::Changelog,
                }
            }
        }
    };
}
