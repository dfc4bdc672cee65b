//! The stock module `parse-json`: takes JSON objects in a text column apart into typed columns.
//!
//! | parameter | |
//! |---|---|
//! | `column` | the column with the JSON: STRING or CHAR |
//! | `fields` | the columns to make, each with its SQL type: `{"id": "BIGINT", "price": "DECIMAL(10, 2)"}` |
//! | `paths` | for columns that are not members of the same name: `{"price": "offer.price"}`, or `$.offer.price` |
//! | `keep` | whether the column with the JSON goes on too; if not given, it does not |
//!
//! ```sh
//! thalweg scan events --module parse-json --set column=payload \
//!         --set 'fields={"id": "BIGINT NOT NULL", "price": "DECIMAL(10, 2)"}' --set 'paths={"price": "offer.price"}'
//! ```
//!
//! A column takes the place of one of its name, and otherwise stands behind the others, by name. Every type may be written, nested
//! ones too, in the forms that `thalweg append` reads from JSON (they are listed at [`thalweg_module::json`]): whole numbers and
//! decimals exactly, bytes as hexadecimal digits, dates and times as texts or counts. Members that no column asks for are passed over;
//! of two with one name the first counts.
//!
//! **Nulls.** A member that is `null` or missing, at any step of its path, gives a null, and so does every member where the text
//! itself is null. **Errors.** A row is refused if its text is no JSON object, if a value is not of its column's type, which the
//! message names, and if a column that is `NOT NULL` has no value.

mod members;

use std::collections::BTreeMap;

use thalweg_module::{
    Answer, AnyBuilder, AnyOutput, Batch, ColumnType, Context, Description, Error, Input, Module, Plan, Refusals,
    Selection, config,
};

use members::Members;

/// The configuration of [`ParseJson`].
#[config]
pub struct Config {
    /// The column with the JSON objects: STRING or CHAR.
    column: String,
    /// The columns to make, each with its SQL type, as `{"id": "BIGINT", "price": "DECIMAL(10, 2)"}`.
    fields: BTreeMap<String, String>,
    /// Where a column's value stands if not at the top under its name, as `{"price": "offer.price"}`.
    #[serde(default)]
    paths: BTreeMap<String, String>,
    /// Whether the column with the JSON goes on too.
    #[default = false]
    keep: bool,
}

/// Takes JSON objects in a text column apart into typed columns.
pub struct ParseJson {
    column: Input<str>,
    fields: Vec<Field>,
    members: Members,
}

/// A column that is made.
struct Field {
    name: String,
    output: AnyOutput,
}

impl Config {
    /// The columns to make and where their values stand.
    fn plan(&self, plan: &mut Plan) -> Result<(Vec<Field>, Members), Error> {
        if self.fields.is_empty() {
            return Err(Error::config("fields", "at least one column"));
        }
        if let Some(name) = self.paths.keys().find(|name| !self.fields.contains_key(*name)) {
            return Err(Error::config(format!("paths.{name}"), "only for columns that stand in `fields`"));
        }
        let (mut fields, mut members) = (Vec::with_capacity(self.fields.len()), Members::default());
        for (at, (name, sql)) in self.fields.iter().enumerate() {
            let wrong = |error: Error| Error::config(format!("fields.{name}"), error.to_string());
            let column_type: ColumnType = sql.parse().map_err(wrong)?;
            fields.push(Field { name: name.clone(), output: plan.write_any(name, column_type)? });
            match self.paths.get(name) {
                Some(path) => {
                    let steps = members::steps(path).map_err(|text| Error::config(format!("paths.{name}"), text))?;
                    members.add(&steps, at);
                }
                None => members.add(&[name], at),
            }
        }
        Ok((fields, members))
    }
}

impl Module for ParseJson {
    fn describe() -> Description {
        Description::new("takes JSON objects in a text column apart into typed columns").with_parameters::<Config>()
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        let config: Config = context.config()?;
        let mut plan = Plan::new(context.input());
        let column = plan.read(&config.column)?;
        let (fields, members) = config.plan(&mut plan)?;
        if !config.keep && !config.fields.contains_key(&config.column) {
            plan.drop(&config.column)?;
        }
        Ok((Self { column, fields, members }, plan))
    }

    fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
        let texts = batch.column(self.column)?;
        let builders = self.fields.iter().map(|field| field.output.builder()).collect();
        let mut rows = Rows { fields: &self.fields, builders, filled: vec![false; self.fields.len()], problem: None };
        let mut refusals = Refusals::default();
        for (row, text) in texts.iter().enumerate() {
            if let Some(text) = text {
                self.members
                    .read(text, &mut |field, json| rows.push(field, json))
                    .unwrap_or_else(|error| rows.fail(error));
            }
            if let Some(problem) = rows.finish() {
                refusals.push(row, problem);
            }
        }
        let written = rows.builders.into_iter().map(AnyBuilder::finish);
        Ok(Answer::replaced(Selection::All, written).refusing(refusals))
    }
}

/// The columns as far as they are built.
struct Rows<'a> {
    fields: &'a [Field],
    builders: Vec<AnyBuilder>,
    /// Which columns have the value of this row.
    filled: Vec<bool>,
    /// What is wrong with this row.
    problem: Option<String>,
}

impl Rows<'_> {
    /// Gives a column its value, if it has none yet.
    fn push(&mut self, field: usize, json: &str) {
        if std::mem::replace(&mut self.filled[field], true) {
            return;
        }
        if let Err(error) = self.builders[field].push_json(json) {
            let name = &self.fields[field].name;
            self.problem.get_or_insert_with(|| format!("field `{name}`: {error}"));
        }
    }

    fn fail(&mut self, error: impl ToString) {
        self.problem.get_or_insert_with(|| error.to_string());
    }

    /// Ends a row: columns without a value get a null. Gives what is wrong with it.
    fn finish(&mut self) -> Option<String> {
        for ((field, builder), filled) in self.fields.iter().zip(&mut self.builders).zip(&mut self.filled) {
            if std::mem::take(filled) {
                continue;
            }
            if field.output.column_type().is_nullable() {
                builder.push_null();
                continue;
            }
            builder.skip();
            self.problem.get_or_insert_with(|| format!("field `{}`: it is NOT NULL, and null or missing", field.name));
        }
        self.problem.take()
    }
}

thalweg_module::export!(ParseJson);

#[cfg(test)]
mod tests;
