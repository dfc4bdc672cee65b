//! Booleans, integers, floats and decimals.

use super::sealed::Sealed;
use super::{Shape, Unfit, Value, first};
use crate::bindings::thalweg::module::types::Values;
use crate::{Bitmap, Bits, DataType, Decimal};

/// A number whose columns are plain slices, and can be changed in place (see [`Batch::take`](crate::Batch::take)).
pub trait Numeric: Copy + for<'a> Value<Item<'a> = Self, Values<'a> = &'a [Self]> {
    #[doc(hidden)]
    fn unwrap(values: Values) -> Option<Vec<Self>>;
    #[doc(hidden)]
    fn wrap(values: Vec<Self>) -> Values;
}

macro_rules! number {
    ($($type:ty, $data_type:ident, $expected:literal, $case:ident;)*) => {$(
        impl Sealed for $type {}

        impl Value for $type {
            type Item<'a> = $type;
            type Values<'a> = &'a [$type];
            type Buffer = Vec<$type>;
            const EXPECTED: &'static str = $expected;
            const NATURAL: Option<DataType> = Some(DataType::$data_type);

            fn readable(data_type: &DataType) -> Option<Shape> {
                matches!(data_type, DataType::$data_type).then(Shape::default)
            }

            fn view(values: &Values, rows: usize, _: Shape) -> Option<&[$type]> {
                match values {
                    Values::$case(values) => first(values, rows),
                    _ => None,
                }
            }

            #[inline]
            fn at<'a>(values: Self::Values<'a>, row: usize) -> Self::Item<'a> {
                values[row]
            }

            fn buffer(rows: usize, _: Shape) -> Vec<$type> {
                Vec::with_capacity(rows)
            }

            #[inline]
            fn append(buffer: &mut Vec<$type>, item: Self::Item<'_>, _: Shape) -> Result<(), Unfit> {
                buffer.push(item);
                Ok(())
            }

            fn append_gap(buffer: &mut Vec<$type>, _: Shape) {
                buffer.push(<$type>::default());
            }

            fn finish(buffer: Vec<$type>, _: Shape) -> Values {
                Values::$case(buffer)
            }
        }

        impl Numeric for $type {
            fn unwrap(values: Values) -> Option<Vec<$type>> {
                match values {
                    Values::$case(values) => Some(values),
                    _ => None,
                }
            }

            fn wrap(values: Vec<$type>) -> Values {
                Values::$case(values)
            }
        }
    )*};
}

number! {
    i8, Tinyint, "TINYINT", Int8;
    i16, Smallint, "SMALLINT", Int16;
    i32, Int, "INT", Int32;
    i64, Bigint, "BIGINT", Int64;
    f32, Float, "FLOAT", Float32;
    f64, Double, "DOUBLE", Float64;
}

impl Sealed for bool {}

impl Value for bool {
    type Item<'a> = bool;
    type Values<'a> = Bits<'a>;
    type Buffer = Bitmap;
    const EXPECTED: &'static str = "BOOLEAN";
    const NATURAL: Option<DataType> = Some(DataType::Boolean);

    fn readable(data_type: &DataType) -> Option<Shape> {
        matches!(data_type, DataType::Boolean).then(Shape::default)
    }

    fn view(values: &Values, rows: usize, _: Shape) -> Option<Bits<'_>> {
        match values {
            Values::Bits(bytes) => Bits::new(bytes, rows),
            _ => None,
        }
    }

    #[inline]
    fn at<'a>(values: Self::Values<'a>, row: usize) -> Self::Item<'a> {
        values.at(row)
    }

    fn buffer(_: usize, _: Shape) -> Bitmap {
        Bitmap::default()
    }

    fn append(buffer: &mut Bitmap, item: Self::Item<'_>, _: Shape) -> Result<(), Unfit> {
        buffer.push(item);
        Ok(())
    }

    fn append_gap(buffer: &mut Bitmap, _: Shape) {
        buffer.push(false);
    }

    fn finish(buffer: Bitmap, _: Shape) -> Values {
        Values::Bits(buffer.into_bytes())
    }
}

/// The values of a DECIMAL column: 16 bytes a row, a little-endian two's complement.
#[derive(Debug, Clone, Copy)]
pub struct Decimals<'a> {
    values: &'a [[u8; 16]],
    scale: u8,
}

impl<'a> Decimals<'a> {
    /// The unscaled values in order.
    pub fn unscaled(self) -> impl ExactSizeIterator<Item = i128> + use<'a> {
        self.values.iter().map(|bytes| i128::from_le_bytes(*bytes))
    }

    /// Digits behind the point.
    pub fn scale(self) -> u8 {
        self.scale
    }
}

impl Sealed for Decimal {}

impl Value for Decimal {
    type Item<'a> = Decimal;
    type Values<'a> = Decimals<'a>;
    type Buffer = Vec<u8>;
    const EXPECTED: &'static str = "DECIMAL";
    const NATURAL: Option<DataType> = None;

    fn readable(data_type: &DataType) -> Option<Shape> {
        match *data_type {
            DataType::Decimal((precision, scale)) => Some(Shape { precision, scale, width: None }),
            _ => None,
        }
    }

    fn view(values: &Values, rows: usize, shape: Shape) -> Option<Decimals<'_>> {
        match values {
            Values::Fixed(bytes) => Some(Decimals { values: first(bytes.as_chunks().0, rows)?, scale: shape.scale }),
            _ => None,
        }
    }

    #[inline]
    fn at<'a>(values: Self::Values<'a>, row: usize) -> Self::Item<'a> {
        Decimal::new(i128::from_le_bytes(values.values[row]), values.scale)
    }

    fn buffer(rows: usize, _: Shape) -> Vec<u8> {
        Vec::with_capacity(rows * 16)
    }

    fn append(buffer: &mut Vec<u8>, item: Self::Item<'_>, shape: Shape) -> Result<(), Unfit> {
        let unfit = Unfit::Decimal { precision: shape.precision, scale: shape.scale };
        let fitted = item.rescaled(shape.scale).filter(|it| it.digits() <= u32::from(shape.precision)).ok_or(unfit)?;
        buffer.extend_from_slice(&fitted.unscaled().to_le_bytes());
        Ok(())
    }

    fn append_gap(buffer: &mut Vec<u8>, _: Shape) {
        buffer.extend_from_slice(&[0; 16]);
    }

    fn finish(buffer: Vec<u8>, _: Shape) -> Values {
        Values::Fixed(buffer)
    }
}
