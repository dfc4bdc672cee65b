//! The stock module `mask`: hides the values of text columns.
//!
//! | parameter | |
//! |---|---|
//! | `columns` | which columns: STRING or CHAR |
//! | `how` | `hash`, `redact` or `keep-last` |
//! | `salt` | for `hash`: a secret that goes before each value; empty if not given |
//! | `text` | for `redact`: what stands in place of each value; `***` if not given |
//! | `keep` | for `keep-last`: how many characters at the end stay; 4 if not given |
//! | `with` | for `keep-last`: the character in place of the others; `*` if not given |
//!
//! ```sh
//! thalweg append payments payments.json --module mask --set 'columns=["card"]' --set how=keep-last
//! ```
//!
//! - `hash` gives the SHA-256 of the salt's bytes followed by the value's (UTF-8), in 64 lower-case hexadecimal digits. Equal values
//!   stay equal, so that rows can still be joined and counted. Without a secret salt, values that can be guessed can be found again.
//! - `redact` gives the same text for every value.
//! - `keep-last` gives as many characters as the value has; one that has no more than `keep` stays as it is.
//!
//! Types stay: in a CHAR(n) a hash needs at least 64 characters and a redaction its text's, which is checked when the chain is
//! loaded. **Nulls** stay null. **Errors.** Columns that hold no texts, and parameters of another way than `how` says, are refused when
//! the chain is loaded. No row is refused.

mod how;

use thalweg_module::{
    Answer, Batch, Context, DataType, Description, Error, Input, Module, Output, Plan, Selection, config,
};

pub use how::How;

use how::Way;

/// The configuration of [`Mask`].
#[config]
pub struct Config {
    /// The columns to mask: STRING or CHAR.
    columns: Vec<String>,
    /// `hash` (SHA-256 in hexadecimal digits), `redact` (a fixed text) or `keep-last` (all but the last characters hidden).
    how: How,
    /// For `hash`: a secret that goes before each value.
    salt: Option<String>,
    /// For `redact`: what stands in place of each value; `***` if not given.
    text: Option<String>,
    /// For `keep-last`: how many characters stay; 4 if not given.
    keep: Option<usize>,
    /// For `keep-last`: the character in place of the others; `*` if not given.
    with: Option<String>,
}

/// Hides the values of text columns.
pub struct Mask {
    columns: Vec<(Input<str>, Output<str>)>,
    way: Way,
}

impl Module for Mask {
    fn describe() -> Description {
        Description::new("hides the values of text columns: by a hash, a fixed text, or all but their ends")
            .with_parameters::<Config>()
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        let config: Config = context.config()?;
        let way = config.way()?;
        if config.columns.is_empty() {
            return Err(Error::config("columns", "at least one column"));
        }
        let mut plan = Plan::new(context.input());
        let mut columns = Vec::with_capacity(config.columns.len());
        for name in &config.columns {
            let input: Input<str> = plan.read(name)?;
            if let DataType::FixedText(width) = context.input().column(name)?.1.data_type
                && let Some(length) = way.length().filter(|length| *length > width as usize)
            {
                let message =
                    format!("column `{name}` is CHAR({width}), but what would stand there has {length} characters");
                return Err(Error::input(message));
            }
            columns.push((input, plan.write(name, input.is_nullable())?));
        }
        Ok((Self { columns, way }, plan))
    }

    fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
        let mut written = Vec::with_capacity(self.columns.len());
        for (input, output) in &self.columns {
            let column = batch.column(*input)?;
            let mut builder = output.builder(batch.rows());
            for value in column.iter() {
                match value {
                    Some(value) => {
                        self.way.mask(value, &mut builder).map_err(|unfit| Error::other(unfit.to_string()))?
                    }
                    None => builder.push_null(),
                }
            }
            written.push(builder.finish());
        }
        Ok(Answer::replaced(Selection::All, written))
    }
}

thalweg_module::export!(Mask);

#[cfg(test)]
mod tests;
