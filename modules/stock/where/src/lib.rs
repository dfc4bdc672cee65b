//! The stock module `where`: keeps the rows that fit a condition.
//!
//! | parameter | |
//! |---|---|
//! | `if` | the condition, in the words of SQL |
//!
//! ```sh
//! thalweg append flights flights.json --module where --set "if=delay > 30 and origin in ('SEA', 'PDX')"
//! ```
//!
//! A condition is made of tests, joined by `not`, `and` and `or`, which bind in this order, and grouped by parentheses (at
//! most 64 within each other):
//!
//! | test | |
//! |---|---|
//! | `delay > 30`, `30 < delay` | `=`, `!=`, `<>`, `<`, `<=`, `>`, `>=`; a column with a literal, either way round |
//! | `departure < arrival` | a column with a column |
//! | `delay between 10 and 20` | both ends belong to it; also `not between` |
//! | `origin in ('SEA', 'PDX')` | literals; also `not in` |
//! | `name like 'S%'` | on STRING and CHAR: `%` is any text, `_` any character; also `not like` |
//! | `name like '10!%' escape '!'` | the escape character takes the meaning from the character behind it |
//! | `delay is null` | on columns of any type, nested ones too; also `is not null` |
//! | `cancelled` | a BOOLEAN column alone |
//!
//! A column is a word, or any text between backticks or double quotes (doubled inside). A literal has the type of its column:
//!
//! | column | literal |
//! |---|---|
//! | TINYINT, SMALLINT, INT, BIGINT, DECIMAL | `30`, `-1.5`, `1e3`, compared exactly |
//! | FLOAT, DOUBLE | the same, taken as the nearest float; NaN fits no comparison |
//! | STRING, CHAR | `'SEA'`, quotes doubled inside; texts compare by code points |
//! | BYTES, BINARY | `x'00ff'` |
//! | BOOLEAN | `true`, `false` |
//! | DATE | `'2001-01-31'` |
//! | TIME | `'10:00'`, `'10:00:00.5'` |
//! | TIMESTAMP | `'2001-01-31 10:00:00'`, or a date for midnight |
//! | TIMESTAMP_LTZ | as TIMESTAMP, in UTC, or with an offset: `'2001-01-31T10:00:00+02:00'` |
//!
//! `date`, `time` and `timestamp` may stand before the quotes. Two columns compare if both hold numbers, both texts, and so on;
//! where one holds floats, the other's numbers are taken as the nearest ones.
//!
//! **Nulls.** As in SQL a test of a null is neither true nor false, and neither is its `not`: only `is null` keeps the row.
//! **Errors.** A condition that cannot be read, a column that is not there and a literal of the wrong type are refused when the
//! chain is loaded, with the character in the condition. No row is refused.

mod columns;
mod compile;
mod condition;
mod like;
mod literal;
mod range;
mod values;

use thalweg_module::{Answer, Batch, Context, Description, Error, Module, Plan, config};

use condition::Condition;

/// The configuration of [`Where`].
#[config]
pub struct Config {
    /// What a row must fit to be kept, in the words of SQL: comparisons, `in`, `like`, `between` and `is null`, joined by
    /// `and`, `or` and `not`. For example `delay > 30 and origin in ('SEA', 'PDX')`.
    #[serde(rename = "if")]
    condition: String,
}

/// Keeps the rows that fit a condition.
pub struct Where {
    condition: Condition,
}

impl Module for Where {
    fn describe() -> Description {
        Description::new("keeps the rows that fit a condition").with_parameters::<Config>()
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        let config: Config = context.config()?;
        let expression =
            thalweg_condition::parse(&config.condition).map_err(|error| Error::config("if", error.to_string()))?;
        let mut plan = Plan::new(context.input());
        let condition = compile::compile(&expression, context.input(), &mut plan)?;
        Ok((Self { condition }, plan))
    }

    fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
        Ok(Answer::kept(self.condition.fits(&batch)?.into()))
    }
}

thalweg_module::export!(Where);

#[cfg(test)]
mod tests;
