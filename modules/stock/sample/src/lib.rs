//! The stock module `sample`: keeps a share of the rows, by a hash of their key.
//!
//! | parameter | |
//! |---|---|
//! | `column` or `columns` | whose values are the key: one column, or a list |
//! | `share` or `one-in` | how much to keep: a share from 0 to 1, or one key in so many |
//! | `seed` | another seed takes another sample; 0 if not given |
//!
//! ```sh
//! thalweg append flights flights.json --module sample --set column=tail_number --set one-in=100
//! ```
//!
//! **What is kept** follows from the key alone: the same key has the same fate in every row, batch, run and version, so that a
//! sample by customer holds all rows of the customers in it. A smaller share is a part of a larger one with the same seed.
//! How many rows that is follows from the data: about the share of the keys.
//!
//! **The hash** is [XXH64](https://xxhash.com), for ever. It begins as the seed, and each column in its turn makes of it the XXH64
//! of the value's bytes with the hash so far as the seed:
//!
//! | column | bytes |
//! |---|---|
//! | TINYINT, SMALLINT, INT, BIGINT; DATE as days since 1970-01-01; BOOLEAN as 0 or 1 | 8, little-endian two's complement |
//! | FLOAT, DOUBLE | 8, little-endian, as a double; -0 as 0, every NaN as the one whose bytes are `00..00 f8 7f` |
//! | TIME, TIMESTAMP, TIMESTAMP_LTZ | 16, little-endian two's complement, in nanoseconds |
//! | DECIMAL | 16, little-endian two's complement, the number without its point |
//! | STRING, CHAR, BYTES, BINARY | the value's (UTF-8) |
//!
//! A row is kept if its hash is less than the share of 2^64.
//!
//! **Nulls.** A null is a key like any other: the hash so far is turned bit by bit, and hashed with no bytes. All rows that
//! are null in the only column have one fate. **Errors.** Nested columns are refused when the chain is loaded. No row is refused.

mod hash;

use thalweg_module::{Answer, Batch, Bitmap, Context, Description, Error, Module, Plan, Selection, config};

use hash::Step;

/// The configuration of [`Sample`].
#[config]
pub struct Config {
    /// The column whose value decides: the same value always has the same fate. Or give `columns`.
    column: Option<String>,
    /// The columns whose values decide, together.
    columns: Option<Vec<String>>,
    /// The share of the keys to keep, from 0 to 1. Or give `one-in`.
    share: Option<f64>,
    /// Keeps one key in so many.
    #[serde(rename = "one-in")]
    one_in: Option<u64>,
    /// Another seed takes another sample.
    #[default = 0]
    seed: u64,
}

/// Keeps a share of the rows, by a hash of their key.
pub struct Sample {
    steps: Vec<Step>,
    seed: u64,
    /// Hashes below this are kept; `None`: all.
    limit: Option<u64>,
}

impl Config {
    fn key(&self) -> Result<&[String], Error> {
        match (&self.column, &self.columns) {
            (Some(column), None) => Ok(std::slice::from_ref(column)),
            (None, Some(columns)) if !columns.is_empty() => Ok(columns),
            (None, Some(_)) => Err(Error::config("columns", "at least one column")),
            (None, None) => Err(Error::config("column", "the column whose values decide, or `columns` with several")),
            (Some(_), Some(_)) => Err(Error::config("columns", "only one of `column` and `columns`")),
        }
    }

    /// The least hash that is not kept; `None` if there is none.
    fn limit(&self) -> Result<Option<u64>, Error> {
        const ALL: f64 = 18_446_744_073_709_551_616.0;
        match (self.share, self.one_in) {
            (Some(share), None) if (0.0..1.0).contains(&share) => Ok(Some((share * ALL) as u64)),
            (Some(1.0), None) | (None, Some(1)) => Ok(None),
            (Some(share), None) => Err(Error::config("share", format!("a number from 0 to 1, not {share}"))),
            (None, Some(0)) => Err(Error::config("one-in", "a whole number from 1 on")),
            (None, Some(count)) => Ok(Some(((1_u128 << 64) / u128::from(count)) as u64)),
            (None, None) => Err(Error::config("share", "the share to keep, from 0 to 1, or `one-in` with a number")),
            (Some(_), Some(_)) => Err(Error::config("one-in", "only one of `share` and `one-in`")),
        }
    }
}

impl Module for Sample {
    fn describe() -> Description {
        Description::new("keeps a share of the rows, by a hash of their key").with_parameters::<Config>()
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        let config: Config = context.config()?;
        let limit = config.limit()?;
        let mut plan = Plan::new(context.input());
        let steps =
            config.key()?.iter().map(|name| hash::step(&mut plan, context.input(), name)).collect::<Result<_, _>>()?;
        Ok((Self { steps, seed: config.seed, limit }, plan))
    }

    fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
        let Some(limit) = self.limit else { return Ok(Answer::kept(Selection::All)) };
        let mut hashes = vec![self.seed; batch.rows()];
        for step in &self.steps {
            step(&batch, &mut hashes)?;
        }
        Ok(Answer::kept(Bitmap::from_values(&hashes, |hash| hash < limit).into()))
    }
}

thalweg_module::export!(Sample);

#[cfg(test)]
mod tests;
