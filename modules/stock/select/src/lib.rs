//! The stock module `select`: keeps, drops and renames columns. No data moves.
//!
//! | parameter | |
//! |---|---|
//! | `keep` | the columns that go on, in this order |
//! | `drop` | the columns that do not; the others keep their order. One of `keep` and `drop` at most |
//! | `rename` | new names, by the old ones |
//!
//! ```sh
//! thalweg scan flights --module select --set 'drop=["note"]' --set 'rename={"dep": "delay"}'
//! ```
//!
//! `keep` and `drop` know columns by the names that they come with. Names may be exchanged: `{"a": "b", "b": "a"}`. Columns of
//! every type go on, with their **nulls**, as they are.
//!
//! **Errors.** When the chain is loaded: a column that is not there or named twice, two columns of one name, nothing left, and on
//! the way into a table with a primary key a column of it left out. No row is refused.

use std::collections::BTreeMap;

use thalweg_module::{Answer, Batch, Context, Description, Error, Module, Operation, Plan, Schema, Selection, config};

/// The configuration of [`Select`].
#[config]
pub struct Config {
    /// The columns that go on, in this order.
    keep: Option<Vec<String>>,
    /// The columns that do not go on. Give one of `keep` and `drop` at most.
    drop: Option<Vec<String>>,
    /// New names of columns, by their old ones: `{"old": "new"}`.
    #[serde(default)]
    rename: BTreeMap<String, String>,
}

/// Keeps, drops and renames columns.
pub struct Select;

impl Config {
    /// The columns that go on, with the names that they come with.
    fn columns<'a>(&'a self, input: &'a Schema) -> Result<Vec<&'a str>, Error> {
        let known = |key: &str, name: &str| input.column(name).map_err(|error| Error::config(key, error.to_string()));
        let columns = match (&self.keep, &self.drop) {
            (Some(_), Some(_)) => return Err(Error::config("drop", "only one of `keep` and `drop`")),
            (Some(keep), None) => {
                for (at, name) in keep.iter().enumerate() {
                    known("keep", name)?;
                    if keep[..at].contains(name) {
                        return Err(Error::config(
                            "keep",
                            format!("each column once, but `{name}` stands there twice"),
                        ));
                    }
                }
                keep.iter().map(String::as_str).collect()
            }
            (None, drop) => {
                let drop = drop.as_deref().unwrap_or_default();
                drop.iter().try_for_each(|name| known("drop", name).map(|_| ()))?;
                input.column_names().filter(|name| !drop.iter().any(|dropped| dropped == name)).collect::<Vec<_>>()
            }
        };
        let key = if self.keep.is_some() { "keep" } else { "drop" };
        if columns.is_empty() {
            return Err(Error::config(key, "at least one column must go on"));
        }
        Ok(columns)
    }

    /// The new name of a column.
    fn renamed<'a>(&'a self, name: &'a str) -> &'a str {
        self.rename.get(name).map_or(name, String::as_str)
    }

    /// Refuses new names for columns that do not go on, and names that two columns would have.
    fn check_names(&self, columns: &[&str]) -> Result<(), Error> {
        if let Some(old) = self.rename.keys().find(|old| !columns.contains(&old.as_str())) {
            let names: Vec<_> = columns.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("there is no column `{old}`; the columns that go on are {}", names.join(", "));
            return Err(Error::config(format!("rename.{old}"), message));
        }
        for (at, name) in columns.iter().enumerate() {
            let new = self.renamed(name);
            if let Some(other) = columns[..at].iter().find(|other| self.renamed(other) == new) {
                return Err(Error::config("rename", format!("columns `{other}` and `{name}` would both be `{new}`")));
            }
        }
        Ok(())
    }
}

/// Refuses to lose a part of the primary key of rows on their way into a table.
fn check_key(context: &Context, columns: &[&str]) -> Result<(), Error> {
    let input = context.input();
    if !matches!(context.operation(), Operation::Upsert | Operation::Delete) {
        return Ok(());
    }
    let key = input.primary_key.iter().filter_map(|&index| input.fields.get(index as usize));
    match key.map(|field| field.name.as_str()).find(|name| !columns.contains(name)) {
        Some(name) => Err(Error::input(format!(
            "column `{name}` is part of the primary key of {} and must go on",
            context.table()
        ))),
        None => Ok(()),
    }
}

impl Module for Select {
    fn describe() -> Description {
        Description::new("keeps, drops and renames columns").with_parameters::<Config>()
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        let config: Config = context.config()?;
        let columns = config.columns(context.input())?;
        config.check_names(&columns)?;
        check_key(context, &columns)?;
        let mut plan = Plan::new(context.input());
        plan.select(&columns)?;
        // By way of names that no column has, so that names can be exchanged.
        let renamed: Vec<_> = config.rename.keys().map(|old| (old, format!("\0{old}"))).collect();
        renamed.iter().try_for_each(|(old, between)| plan.rename(old, between))?;
        renamed.iter().try_for_each(|(old, between)| plan.rename(between, config.renamed(old)))?;
        Ok((Self, plan))
    }

    fn apply(&mut self, _: Batch) -> Result<Answer, Error> {
        Ok(Answer::kept(Selection::All))
    }
}

thalweg_module::export!(Select);

#[cfg(test)]
mod tests;
