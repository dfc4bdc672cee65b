//! The stock module `explode`: makes a row of each element of an array, or of each entry of a map.
//!
//! | parameter | |
//! |---|---|
//! | `column` | the column to take apart: ARRAY or MAP |
//! | `as` | what the elements' column, or the column of a map's values, is named; if not given, as the one taken apart |
//! | `key` | for a map: what the column of its keys is named; `key` if not given |
//! | `position` | a column to add: the element's place, an INT from 0 on |
//! | `outer` | whether rows without an element stay, with nulls; if not given, they go |
//!
//! ```sh
//! thalweg scan flights --module explode --set column=tags --set as=tag --set position=place
//! ```
//!
//! The column itself does not go on; its elements stand in its place if they have its name, and otherwise behind the others. All
//! other columns are repeated for each element. Elements may be of any type; a nested one is not taken apart further.
//!
//! **Nulls.** An element that is null makes a row with a null. An array that is null or empty makes no row, or with `outer` one whose
//! element, key and position are null. **Errors.** A column of another type, and a name that another column has, are refused
//! when the chain is loaded. No row is refused.

use thalweg_module::{
    Answer, AnyColumn, AnyInput, AnyOutput, Batch, Bitmap, ColumnType, Context, Description, Error, Module, Output,
    Plan, config,
};

/// The configuration of [`Explode`].
#[config]
pub struct Config {
    /// The column to take apart: ARRAY or MAP.
    column: String,
    /// What the column of the elements, or of a map's values, is named; if not given, as the one taken apart.
    #[serde(rename = "as")]
    element: Option<String>,
    /// For a map: what the column of its keys is named; `key` if not given.
    key: Option<String>,
    /// Adds a column of this name with the place of each element, an INT from 0 on.
    position: Option<String>,
    /// Whether rows without an element stay, with nulls.
    #[default = false]
    outer: bool,
}

/// Makes a row of each element of an array, or of each entry of a map.
pub struct Explode {
    column: AnyInput,
    /// A map's keys.
    key: Option<AnyOutput>,
    element: AnyOutput,
    position: Option<Output<i32>>,
    is_outer: bool,
}

impl Config {
    /// Finds the column and names those that are made of it.
    fn plan(&self, context: &Context) -> Result<(Explode, Plan), Error> {
        let mut plan = Plan::new(context.input());
        let column = plan.read_any(&self.column)?;
        let column_type = column.column_type();
        let outer = |column_type: ColumnType| match self.outer {
            true => column_type.nullable(true),
            false => column_type,
        };
        let (key, element) = match (column_type.element(), column_type.entries()) {
            (Some(element), _) => (None, element),
            (_, Some((key, value))) => (Some(key), value),
            _ => {
                let name = &self.column;
                return Err(Error::input(format!("column `{name}` is {column_type}, but ARRAY or MAP is expected")));
            }
        };
        if self.key.is_some() && key.is_none() {
            return Err(Error::config("key", "only for a MAP"));
        }
        let name = self.element.as_deref().unwrap_or(&self.column);
        let key_name = key.is_some().then(|| self.key.as_deref().unwrap_or("key"));
        let names = [("as", Some(name)), ("key", key_name), ("position", self.position.as_deref())];
        for (at, (parameter, name)) in names.iter().enumerate() {
            let Some(name) = name else { continue };
            let is_taken = *name != self.column && plan.output_names().any(|known| known == *name);
            if is_taken || names[..at].iter().any(|(_, other)| *other == Some(name)) {
                return Err(Error::config(*parameter, format!("another name: there is a column `{name}`")));
            }
        }
        let key = key.zip(key_name).map(|(key, name)| plan.write_any(name, outer(key))).transpose()?;
        let element = plan.write_any(name, outer(element))?;
        let position = self.position.as_deref().map(|name| plan.write(name, self.outer)).transpose()?;
        if names.iter().all(|(_, name)| *name != Some(&self.column)) {
            plan.drop(&self.column)?;
        }
        Ok((Explode { column, key, element, position, is_outer: self.outer }, plan))
    }
}

impl Module for Explode {
    fn describe() -> Description {
        Description::new("makes a row of each element of an array, or of each entry of a map")
            .with_parameters::<Config>()
    }

    fn open(context: &Context) -> Result<(Self, Plan), Error> {
        let config: Config = context.config()?;
        config.plan(context)
    }

    fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
        let column = batch.any(&self.column)?;
        let (offsets, keys, elements) = match (column.elements(), column.entries()) {
            (Some((offsets, elements)), _) => (offsets, None, elements),
            (_, Some((offsets, keys, values))) => (offsets, Some(keys), values),
            _ => return Err(Error::other("the column is neither an array nor a map")),
        };
        let rows = Rows::of(column, offsets, elements.len(), self.is_outer);
        let mut written = vec![self.element.gather(elements, rows.elements.iter().copied())?];
        if let (Some(output), Some(keys)) = (&self.key, keys) {
            written.push(output.gather(keys, rows.elements.iter().copied())?);
        }
        if let Some(output) = self.position {
            let validity =
                self.is_outer.then(|| Bitmap::from_fn(rows.elements.len(), |row| rows.elements[row].is_some()));
            written.push(output.column(rows.positions, validity));
        }
        Ok(Answer::produced(rows.origins, written))
    }
}

/// The rows that come out.
struct Rows {
    /// The row of the input that each comes from.
    origins: Vec<u32>,
    /// The element of each.
    elements: Vec<Option<usize>>,
    /// The element's place in its array.
    positions: Vec<i32>,
}

impl Rows {
    fn of(column: AnyColumn<'_>, offsets: &[i32], elements: usize, is_outer: bool) -> Self {
        let room = if is_outer { elements + column.len() } else { elements };
        let (mut origins, mut places) = (Vec::with_capacity(room), Vec::with_capacity(room));
        let mut positions = Vec::with_capacity(room);
        for row in 0..column.len() {
            let origin = row as u32;
            let (start, end) = (offsets[row], offsets[row + 1]);
            if start < end && !column.is_null(row) {
                origins.extend((start..end).map(|_| origin));
                places.extend((start..end).map(|element| Some(element as usize)));
                positions.extend(0..end - start);
            } else if is_outer {
                origins.push(origin);
                places.push(None);
                positions.push(0);
            }
        }
        Self { origins, elements: places, positions }
    }
}

thalweg_module::export!(Explode);

#[cfg(test)]
mod tests;
