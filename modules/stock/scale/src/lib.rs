//! The stock module `scale`: multiplies a numeric column by a factor and keeps its type.
//!
//! | parameter | |
//! |---|---|
//! | `column` | the column to multiply: TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE or DECIMAL |
//! | `factor` | what to multiply by: a number, or a text with one |
//!
//! ```sh
//! thalweg append flights flights.json --module scale --set column=distance --set factor=1.609344
//! ```
//!
//! Integers and decimals are multiplied exactly and rounded half to even; floats are multiplied as floats are.
//!
//! **Nulls** stay null. **Errors.** A row whose result does not fit the column's type is refused. A column that holds no numbers, and
//! for integers and decimals a factor of more than 38 digits and digits behind its point together, are refused when the chain
//! is loaded.

mod factor;

pub use factor::Factor;

use factor::Exact;
use thalweg_module::{
    Answer, Batch, Bitmap, Context, DataType, Decimal, Description, Error, Input, Module, Numeric, Output, Plan,
    Refusals, Selection, Value, Written, config,
};

/// The configuration of [`Scale`].
#[config]
pub struct Config {
    /// The column to multiply: of an integer type, FLOAT, DOUBLE or DECIMAL.
    column: String,
    /// What to multiply by: a number, or a text with one.
    factor: Factor,
}

/// Multiplies a numeric column by a factor and keeps its type.
pub struct Scale {
    column: Numbers,
    factor: Factor,
    exact: Option<Exact>,
}

/// The column, by its type.
enum Numbers {
    Tinyint(Pair<i8>),
    Smallint(Pair<i16>),
    Int(Pair<i32>),
    Bigint(Pair<i64>),
    Float(Pair<f32>),
    Double(Pair<f64>),
    Decimal(Pair<Decimal>),
}

/// The column as it comes and as it goes.
struct Pair<T>(Input<T>, Output<T>);

impl Numbers {
    fn plan(plan: &mut Plan, context: &Context, name: &str) -> Result<Self, Error> {
        let (_, field) = context.input().column(name)?;
        Ok(match field.data_type {
            DataType::Tinyint => Self::Tinyint(pair(plan, name)?),
            DataType::Smallint => Self::Smallint(pair(plan, name)?),
            DataType::Int => Self::Int(pair(plan, name)?),
            DataType::Bigint => Self::Bigint(pair(plan, name)?),
            DataType::Float => Self::Float(pair(plan, name)?),
            DataType::Double => Self::Double(pair(plan, name)?),
            DataType::Decimal(_) => Self::Decimal(pair(plan, name)?),
            ref other => return Err(Error::input(format!("column `{name}` is {other}, but a number is expected"))),
        })
    }

    fn is_exact(&self) -> bool {
        !matches!(self, Self::Float(_) | Self::Double(_))
    }
}

fn pair<T: Value>(plan: &mut Plan, name: &str) -> Result<Pair<T>, Error> {
    let input: Input<T> = plan.read(name)?;
    Ok(Pair(input, plan.write(name, input.is_nullable())?))
}

impl Module for Scale {
    fn describe() -> Description {
        Description::new("multiplies a numeric column by a factor and keeps its type").with_parameters::<Config>()
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        let config: Config = context.config()?;
        let mut plan = Plan::new(context.input());
        let column = Numbers::plan(&mut plan, context, &config.column)?;
        let exact = if column.is_exact() { Some(config.factor.exact()?) } else { None };
        Ok((Self { column, factor: config.factor, exact }, plan))
    }

    fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
        let factor = self.factor.approximate();
        match (&self.column, &self.exact) {
            (Numbers::Float(pair), _) => floats(batch, pair, |value| (f64::from(value) * factor) as f32),
            (Numbers::Double(pair), _) => floats(batch, pair, |value| value * factor),
            (Numbers::Tinyint(pair), Some(exact)) => integers(batch, pair, exact, "TINYINT"),
            (Numbers::Smallint(pair), Some(exact)) => integers(batch, pair, exact, "SMALLINT"),
            (Numbers::Int(pair), Some(exact)) => integers(batch, pair, exact, "INT"),
            (Numbers::Bigint(pair), Some(exact)) => integers(batch, pair, exact, "BIGINT"),
            (Numbers::Decimal(pair), Some(exact)) => decimals(&batch, pair, exact),
            (_, None) => Err(Error::other("an exact column has no exact factor")),
        }
    }
}

/// Multiplies floats in place. A null's place may hold anything, also afterwards.
fn floats<T: Numeric>(mut batch: Batch, pair: &Pair<T>, multiply: impl Fn(T) -> T) -> Result<Answer, Error> {
    let (mut values, validity) = batch.take(pair.0)?;
    values.iter_mut().for_each(|value| *value = multiply(*value));
    Ok(Answer::replaced(Selection::All, [pair.1.column(values, validity)]))
}

/// Multiplies integers in place.
fn integers<T>(mut batch: Batch, pair: &Pair<T>, factor: &Exact, data_type: &str) -> Result<Answer, Error>
where
    T: Numeric + Into<i64> + TryFrom<i64>,
{
    let (mut values, validity) = batch.take(pair.0)?;
    let mut refusals = Refusals::default();
    for (row, value) in values.iter_mut().enumerate() {
        match factor.times((*value).into()).and_then(|result| T::try_from(result).ok()) {
            Some(result) => *value = result,
            None if validity.as_ref().is_none_or(|validity: &Bitmap| validity.at(row)) => {
                refusals.push(row, format_args!("the result does not fit {data_type}"));
            }
            None => {}
        }
    }
    Ok(answer(pair.1.column(values, validity), refusals))
}

fn decimals(batch: &Batch, pair: &Pair<Decimal>, factor: &Exact) -> Result<Answer, Error> {
    let column = batch.column(pair.0)?;
    let mut builder = pair.1.builder(batch.rows());
    let mut refusals = Refusals::default();
    for (row, value) in column.iter().enumerate() {
        let Some(value) = value else {
            builder.push_null();
            continue;
        };
        match factor.times_decimal(value) {
            Some(result) => builder.push(result).unwrap_or_else(|unfit| refusals.push(row, unfit)),
            None => {
                builder.skip();
                refusals.push(row, "the result does not fit a decimal of 38 digits");
            }
        }
    }
    Ok(answer(builder.finish(), refusals))
}

fn answer(written: Written, refusals: Refusals) -> Answer {
    Answer::replaced(Selection::All, [written]).refusing(refusals)
}

thalweg_module::export!(Scale);

#[cfg(test)]
mod tests;
