//! The stock module `where`: keeps the rows that fit a condition.
//!
//! `{"if": "delay > 30 and origin = 'SEA'"}`. A condition compares columns with literals, joined by `and` and `or` (`and`
//! binds tighter) and grouped by parentheses:
//!
//! - comparisons are `=`, `!=`, `<>`, `<`, `<=`, `>`, `>=`, `is null` and `is not null`; a null fits none but `is null`;
//! - a column is a word, or any text between backticks or double quotes (doubled inside);
//! - numbers (`30`, `-1.5`, `1e3`) are compared exactly with integers and decimals; for FLOAT and DOUBLE a literal is taken
//!   as the nearest float, and NaN fits only `!=`;
//! - texts, dates (`'2001-01-31'`), times (`'10:00'`, `'10:00:00.5'`) and timestamps (`'2001-01-31 10:00:00'`, or a date for
//!   midnight; TIMESTAMP_LTZ is in UTC) stand in single quotes (doubled inside); texts compare by code points;
//! - bytes are `x'00ff'`, booleans `true` and `false`.

mod civil;
mod compile;
mod condition;
mod lex;
mod parse;
mod range;

use thalweg_module::{Answer, Batch, Context, Description, Error, Module, Plan, config};

use condition::Condition;

/// The configuration of [`Where`].
#[config]
pub struct Config {
    /// What a row must fit to be kept, such as `delay > 30 and origin = 'SEA'`.
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
        let expression = parse::parse(&config.condition).map_err(|error| Error::config("if", error.to_string()))?;
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
