//! The functions of the aggregation merge engine: how one column of two rows becomes one value.

use std::cmp::Ordering;

use arrow_buffer::i256;
use thalweg_wire::record::{LayoutField, RecordError, RowFormat, Scalar};
use thalweg_wire::table::{Column, DataType, Schema};

use crate::failure::Failure;

/// How the values of a column are combined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Function {
    /// The sum; what passes an integer's range begins again at its other end, what passes a decimal's digits is refused.
    Sum,
    /// The product, likewise.
    Product,
    /// The greater.
    Max,
    /// The smaller.
    Min,
    /// The new one, also when it is null.
    Last,
    /// The new one unless it is null.
    LastNonNull,
    /// The old one unless it is null.
    First,
    /// Both texts with this between them.
    List(String),
    /// Whether both are true.
    And,
    /// Whether one of them is true.
    Or,
}

/// What becomes of the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Combined {
    /// The old one stays.
    Old,
    /// The new one stays.
    New,
    /// One was made.
    Made,
}

/// The function of each column; those of the key stay as they are.
pub(super) fn of_columns(schema: &Schema) -> Result<Vec<Function>, Failure> {
    let function = |(position, column): (usize, &Column)| match &column.aggregation {
        _ if schema.primary_key.contains(&position) => Ok(Function::Last),
        None => Ok(Function::LastNonNull),
        Some((name, parameters)) => of_column(column, name, parameters).map_err(|reason| {
            let text = format!("Invalid aggregation function for column '{}': {reason}", column.name);
            Failure::invalid_config(text)
        }),
    };
    schema.columns.iter().enumerate().map(function).collect()
}

/// The function of a column, checked as Fluss's `AggFunctionType` does.
fn of_column(column: &Column, name: &str, parameters: &[(String, String)]) -> Result<Function, String> {
    const DELIMITER: &str = "delimiter";
    let name = name.trim().replace('-', "_").to_lowercase();
    let mut function = match name.as_str() {
        "sum" => Function::Sum,
        "product" => Function::Product,
        "max" => Function::Max,
        "min" => Function::Min,
        "last_value" => Function::Last,
        "last_value_ignore_nulls" => Function::LastNonNull,
        "first_value" | "first_value_ignore_nulls" => Function::First,
        "listagg" | "string_agg" => Function::List(",".to_owned()),
        "bool_and" => Function::And,
        "bool_or" => Function::Or,
        "rbm32" | "rbm64" => return Err(format!("this node does not serve {name}; Apache Fluss does.")),
        _ => return Err(format!("there is no function {name}.")),
    };
    if !function.takes(&column.column_type.data_type) {
        return Err(format!("Data type for {name} column cannot be '{}'.", column.column_type));
    }
    for (key, value) in parameters {
        match &mut function {
            Function::List(delimiter) if key == DELIMITER && !value.is_empty() => delimiter.clone_from(value),
            Function::List(_) if key == DELIMITER => {
                return Err(format!("Parameter '{key}' for aggregation function '{name}' must be a non-empty string"));
            }
            _ => {
                let known = if matches!(function, Function::List(_)) { "[delimiter]" } else { "none" };
                return Err(format!(
                    "Parameter '{key}' is not supported for aggregation function '{name}'. Supported parameters: {known}"
                ));
            }
        }
    }
    Ok(function)
}

impl Function {
    /// Whether it takes values of a type (Java: `AggFunctionType`).
    fn takes(&self, data_type: &DataType) -> bool {
        let numeric = matches!(
            data_type,
            DataType::TinyInt
                | DataType::SmallInt
                | DataType::Int
                | DataType::BigInt
                | DataType::Float
                | DataType::Double
                | DataType::Decimal { .. }
        );
        match self {
            Self::Sum | Self::Product => numeric,
            Self::Max | Self::Min => {
                numeric
                    || matches!(
                        data_type,
                        DataType::Char(_)
                            | DataType::String
                            | DataType::Date
                            | DataType::Time(_)
                            | DataType::Timestamp(_)
                            | DataType::TimestampLtz(_)
                    )
            }
            // The check of Fluss lets CHAR pass too, and its function then fails on every write.
            Self::List(_) => *data_type == DataType::String,
            Self::And | Self::Or => *data_type == DataType::Boolean,
            Self::Last | Self::LastNonNull | Self::First => true,
        }
    }

    /// Combines the bytes that a column has in two rows; a value that is made is added to `out`.
    pub(super) fn combine(
        &self,
        field: &LayoutField,
        format: RowFormat,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<Combined, RecordError> {
        let (Some(old), Some(new)) = (old, new) else {
            return Ok(match (self, old, new) {
                (Self::Last, _, _) | (_, None, _) => Combined::New,
                _ => Combined::Old,
            });
        };
        let Some(data_type) = &field.data_type else { return Ok(Combined::New) };
        let read = |bytes| Scalar::read(&field.name, data_type, format, bytes);
        let made = match self {
            Self::Last | Self::LastNonNull => return Ok(Combined::New),
            Self::First => return Ok(Combined::Old),
            // On a tie Java keeps the old one for the greater and the new one for the smaller.
            Self::Max => return Ok(if below(read(old)?, read(new)?) { Combined::New } else { Combined::Old }),
            Self::Min => return Ok(if below(read(old)?, read(new)?) { Combined::Old } else { Combined::New }),
            Self::Sum => arithmetic(data_type, read(old)?, read(new)?, true),
            Self::Product => arithmetic(data_type, read(old)?, read(new)?, false),
            Self::And | Self::Or => match (read(old)?, read(new)?) {
                (Scalar::Boolean(old), Scalar::Boolean(new)) => {
                    Some(Scalar::Boolean(if *self == Self::And { old && new } else { old || new }))
                }
                _ => None,
            },
            Self::List(delimiter) => {
                if let (Scalar::Bytes(old), Scalar::Bytes(new)) = (read(old)?, read(new)?) {
                    let joined = [old, delimiter.as_bytes(), new].concat();
                    Scalar::Bytes(&joined).write(&field.name, data_type, format, out)?;
                }
                return Ok(Combined::Made);
            }
        };
        // Fluss refuses a sum of too many digits up to 18 of them, and has null for longer ones: a value that is lost.
        let too_long = || RecordError::Misfit {
            column: field.name.clone(),
            reason: "what its aggregation function gives does not fit its type".to_owned(),
        };
        made.ok_or_else(too_long)?.write(&field.name, data_type, format, out).map(|()| Combined::Made)
    }
}

/// Whether the first is less than the second, in Java's order: NaN is the greatest, and -0 is below 0.
fn below(first: Scalar<'_>, second: Scalar<'_>) -> bool {
    let order = match (first, second) {
        (Scalar::TinyInt(first), Scalar::TinyInt(second)) => first.cmp(&second),
        (Scalar::SmallInt(first), Scalar::SmallInt(second)) => first.cmp(&second),
        (Scalar::Int(first), Scalar::Int(second)) => first.cmp(&second),
        (Scalar::BigInt(first), Scalar::BigInt(second)) => first.cmp(&second),
        (Scalar::Float(first), Scalar::Float(second)) => java_order(f64::from(first), f64::from(second)),
        (Scalar::Double(first), Scalar::Double(second)) => java_order(first, second),
        (Scalar::Bytes(first), Scalar::Bytes(second)) => first.cmp(second),
        (Scalar::Decimal(first), Scalar::Decimal(second)) => first.cmp(&second),
        (Scalar::Timestamp { millis, nanos }, Scalar::Timestamp { millis: other_millis, nanos: other_nanos }) => {
            (millis, nanos).cmp(&(other_millis, other_nanos))
        }
        _ => Ordering::Equal,
    };
    order == Ordering::Less
}

fn java_order(first: f64, second: f64) -> Ordering {
    match (first.is_nan(), second.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => first.total_cmp(&second),
    }
}

/// The sum or the product; `None` if there is none of the type.
fn arithmetic(data_type: &DataType, old: Scalar<'_>, new: Scalar<'_>, sum: bool) -> Option<Scalar<'static>> {
    macro_rules! wrapping {
        ($kind:path, $old:expr, $new:expr) => {
            Some($kind(if sum { $old.wrapping_add($new) } else { $old.wrapping_mul($new) }))
        };
    }
    match (old, new) {
        (Scalar::TinyInt(old), Scalar::TinyInt(new)) => wrapping!(Scalar::TinyInt, old, new),
        (Scalar::SmallInt(old), Scalar::SmallInt(new)) => wrapping!(Scalar::SmallInt, old, new),
        (Scalar::Int(old), Scalar::Int(new)) => wrapping!(Scalar::Int, old, new),
        (Scalar::BigInt(old), Scalar::BigInt(new)) => wrapping!(Scalar::BigInt, old, new),
        (Scalar::Float(old), Scalar::Float(new)) => Some(Scalar::Float(if sum { old + new } else { old * new })),
        (Scalar::Double(old), Scalar::Double(new)) => Some(Scalar::Double(if sum { old + new } else { old * new })),
        (Scalar::Decimal(old), Scalar::Decimal(new)) => {
            let DataType::Decimal { scale, .. } = data_type else { return None };
            Some(Scalar::Decimal(if sum { old.checked_add(new)? } else { decimal_product(old, new, *scale)? }))
        }
        _ => None,
    }
}

/// The product of two decimals with this scale, rounded half away from zero.
fn decimal_product(first: i128, second: i128, scale: u8) -> Option<i128> {
    let product = i256::from_i128(first).checked_mul(i256::from_i128(second))?;
    let unit = i256::from_i128(10i128.checked_pow(u32::from(scale))?);
    let (whole, rest) = (product.checked_div(unit)?, product.checked_rem(unit)?);
    let half = rest.wrapping_abs().checked_mul(i256::from_i128(2))? >= unit;
    let away = match (half && rest != i256::ZERO, rest < i256::ZERO) {
        (false, _) => i256::ZERO,
        (true, true) => i256::MINUS_ONE,
        (true, false) => i256::ONE,
    };
    whole.checked_add(away)?.to_i128()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_decimals_are_rounded_half_away_from_zero() {
        let cases = [((150, 101), 2, 152), ((-150, 101), 2, -152), ((125, 50), 2, 63), ((-125, 50), 2, -63)];
        for ((first, second), scale, expected) in cases {
            assert_eq!(decimal_product(first, second, scale), Some(expected));
        }
        let most = 10i128.pow(38) - 1;
        assert_eq!(decimal_product(most, most, 0), None);
        assert_eq!(decimal_product(most, 10i128.pow(37), 37), Some(most));
    }

    #[test]
    fn floats_are_ordered_as_in_java() {
        let rising = [f64::NEG_INFINITY, -1.0, -0.0, 0.0, 1.0, f64::INFINITY, f64::NAN];
        for pair in rising.windows(2) {
            assert_eq!(java_order(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(java_order(-f64::NAN, f64::NAN), Ordering::Equal);
    }
}
