//! Tests of one column against another. Both are first brought to one form, a column at a time.

use thalweg_condition::{Name, Operator};
use thalweg_module::{
    Batch, Bitmap, Bits, DataType, Date, Decimal, Error, Input, Plan, Time, Timestamp, TimestampLtz, Unit, Value,
};

use crate::condition::{Fits, Test, present_rows};

/// What columns have in common that compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Boolean,
    Number,
    Date,
    Time,
    Timestamp,
    TimestampLtz,
    Text,
    Bytes,
}

/// How a column's values are held. Whole numbers count in a power of ten: so many digits behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Narrow(u8),
    Wide(u8),
    Float,
    Bytes,
}

/// The values of a column in one form, and which are no nulls.
type Loaded<'a, N> = (Vec<N>, Option<Bits<'a>>);
type Load<N> = Box<dyn for<'a> Fn(&'a Batch) -> Result<Loaded<'a, N>, Error>>;

/// A column by its name and type.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) name: &'a str,
    pub(crate) data_type: &'a DataType,
}

impl<'a> Side<'a> {
    pub(crate) fn new(name: &'a Name, data_type: &'a DataType) -> Self {
        Self { name: &name.text, data_type }
    }
}

/// Compares two columns; `None` if their types do not.
pub(crate) fn compared(
    plan: &mut Plan,
    left: Side<'_>,
    operator: Operator,
    right: Side<'_>,
) -> Result<Option<Test>, Error> {
    let (Some((class, first)), Some((other, second))) = (form(left.data_type), form(right.data_type)) else {
        return Ok(None);
    };
    if class != other {
        return Ok(None);
    }
    // `a > b` is `b < a`.
    let is_turned = matches!(operator, Operator::Greater | Operator::GreaterOrEqual);
    let (left, right) = if is_turned { (right, left) } else { (left, right) };
    let operator = if is_turned { operator.mirrored() } else { operator };
    Ok(Some(match (first, second) {
        (Form::Bytes, _) | (_, Form::Bytes) => bytes(plan.read(left.name)?, operator, plan.read(right.name)?),
        (Form::Float, _) | (_, Form::Float) => test(floats(plan, left)?, operator, floats(plan, right)?),
        (Form::Narrow(first), Form::Narrow(second)) if first == second => {
            test(narrow(plan, left)?, operator, narrow(plan, right)?)
        }
        (Form::Narrow(first) | Form::Wide(first), Form::Narrow(second) | Form::Wide(second)) => {
            let scale = first.max(second);
            test(wide(plan, left, scale)?, operator, wide(plan, right, scale)?)
        }
    }))
}

fn form(data_type: &DataType) -> Option<(Class, Form)> {
    let moments = |precision| Form::Narrow(Unit::of_precision(precision).digits());
    Some(match *data_type {
        DataType::Boolean => (Class::Boolean, Form::Narrow(0)),
        DataType::Tinyint | DataType::Smallint | DataType::Int | DataType::Bigint => (Class::Number, Form::Narrow(0)),
        DataType::Decimal((_, scale)) => (Class::Number, Form::Wide(scale)),
        DataType::Float | DataType::Double => (Class::Number, Form::Float),
        DataType::Date => (Class::Date, Form::Narrow(0)),
        DataType::Time(precision) => (Class::Time, moments(precision)),
        DataType::Timestamp(precision) => (Class::Timestamp, moments(precision)),
        DataType::TimestampLtz(precision) => (Class::TimestampLtz, moments(precision)),
        DataType::Text | DataType::FixedText(_) => (Class::Text, Form::Bytes),
        DataType::Bytes | DataType::FixedBytes(_) => (Class::Bytes, Form::Bytes),
        _ => return None,
    })
}

fn load<T: Value, N>(input: Input<T>, number: impl for<'a> Fn(T::Item<'a>) -> N + 'static) -> Load<N> {
    Box::new(move |batch| {
        let column = batch.column(input)?;
        Ok(((0..batch.rows()).map(|row| number(column.value(row))).collect(), column.validity()))
    })
}

fn narrow(plan: &mut Plan, side: Side<'_>) -> Result<Load<i64>, Error> {
    let name = side.name;
    Ok(match side.data_type {
        DataType::Boolean => load::<bool, _>(plan.read(name)?, i64::from),
        DataType::Tinyint => load::<i8, _>(plan.read(name)?, i64::from),
        DataType::Smallint => load::<i16, _>(plan.read(name)?, i64::from),
        DataType::Int => load::<i32, _>(plan.read(name)?, i64::from),
        DataType::Date => load::<Date, _>(plan.read(name)?, |date| i64::from(date.days())),
        DataType::Time(_) => load::<Time, _>(plan.read(name)?, Time::value),
        DataType::Timestamp(_) => load::<Timestamp, _>(plan.read(name)?, Timestamp::value),
        DataType::TimestampLtz(_) => load::<TimestampLtz, _>(plan.read(name)?, TimestampLtz::value),
        _ => load::<i64, _>(plan.read(name)?, |value| value),
    })
}

/// Whole numbers with so many digits behind the point. What is out of range of 128 bits then, and so past every value that
/// a column of that scale has, stands at the end of the range.
fn wide(plan: &mut Plan, side: Side<'_>, scale: u8) -> Result<Load<i128>, Error> {
    let own = match form(side.data_type) {
        Some((_, Form::Narrow(own) | Form::Wide(own))) => own,
        _ => scale,
    };
    let power = 10_i128.saturating_pow(u32::from(scale.saturating_sub(own)));
    if let DataType::Decimal(_) = side.data_type {
        return Ok(load::<Decimal, _>(plan.read(side.name)?, move |value| value.unscaled().saturating_mul(power)));
    }
    let narrow = narrow(plan, side)?;
    Ok(Box::new(move |batch| {
        let (values, validity) = narrow(batch)?;
        Ok((values.into_iter().map(|value| i128::from(value).saturating_mul(power)).collect(), validity))
    }))
}

/// The nearest floats.
fn floats(plan: &mut Plan, side: Side<'_>) -> Result<Load<f64>, Error> {
    Ok(match *side.data_type {
        DataType::Float => load::<f32, _>(plan.read(side.name)?, f64::from),
        DataType::Double => load::<f64, _>(plan.read(side.name)?, |value| value),
        DataType::Decimal((_, scale)) => {
            let power = 10_f64.powi(i32::from(scale));
            load::<Decimal, _>(plan.read(side.name)?, move |value| value.unscaled() as f64 / power)
        }
        _ => {
            let narrow = narrow(plan, side)?;
            Box::new(move |batch| {
                let (values, validity) = narrow(batch)?;
                Ok((values.into_iter().map(|value| value as f64).collect(), validity))
            })
        }
    })
}

fn test<N: PartialOrd + 'static>(left: Load<N>, operator: Operator, right: Load<N>) -> Test {
    Box::new(move |batch| {
        let ((left, first), (right, second)) = (left(batch)?, right(batch)?);
        let rows = left.len().min(right.len());
        let bits = match operator {
            Operator::Equal => Bitmap::from_fn(rows, |row| left[row] == right[row]),
            Operator::Less => Bitmap::from_fn(rows, |row| left[row] < right[row]),
            _ => Bitmap::from_fn(rows, |row| left[row] <= right[row]),
        };
        Ok(Fits { bits, present: [first, second] })
    })
}

fn bytes(left: Input<[u8]>, operator: Operator, right: Input<[u8]>) -> Test {
    Box::new(move |batch| {
        let (left, right) = (batch.column(left)?, batch.column(right)?);
        let present = [left.validity(), right.validity()];
        let fits = |row| operator.fits(left.value(row).cmp(right.value(row)));
        Ok(Fits { bits: present_rows(batch.rows(), present, fits), present })
    })
}
