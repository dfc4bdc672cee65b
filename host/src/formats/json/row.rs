//! The columns of a row, which an object has as its members.

use std::collections::HashMap;

use arrow_array::ArrayRef;
use arrow_schema::Fields;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::column::{Column, Misplaced};
use crate::formats::Rounding;
use crate::formats::scalar::Shown;

/// Columns that are built side by side.
pub(super) struct Row {
    columns: Vec<Column>,
    places: HashMap<String, usize>,
    rows: usize,
    /// What is wrong with the members of the last object.
    problem: Option<(String, String)>,
}

impl Row {
    pub(super) fn new(fields: &Fields) -> Result<Self, String> {
        let columns = fields.iter().map(Column::new).collect::<Result<Vec<_>, _>>()?;
        let places = fields.iter().enumerate().map(|(place, field)| (field.name().clone(), place)).collect();
        Ok(Self { columns, places, rows: 0, problem: None })
    }

    /// Its rows so far.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Cuts to so many rows.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.columns.iter_mut().for_each(|column| column.truncate(rows));
        (self.rows, self.problem) = (rows, None);
    }

    /// Adds a row of nothing, in a null.
    pub(super) fn push_nothing(&mut self) -> Result<(), String> {
        self.rows += 1;
        self.columns.iter_mut().try_for_each(Column::push_nothing)
    }

    /// Adds the members of an object as a row.
    pub(super) fn read<'de, A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        let mut next = 0;
        let mut found = 0;
        while let Some(place) = object.next_key_seed(Name { row: self, next })? {
            let Some(column) = self.columns.get_mut(place) else { break };
            object.next_value_seed(column)?;
            next = place + 1;
            found += 1;
        }
        self.rows += 1;
        if found < self.columns.len() {
            self.fill()?;
        }
        Ok(())
    }

    /// Gives the columns that the object did not have a null.
    fn fill<E: Error>(&mut self) -> Result<(), E> {
        for column in self.columns.iter_mut().filter(|column| column.len() < self.rows) {
            if let Err(reason) = column.push_null() {
                let error = E::custom(&reason);
                self.problem = Some((column.field.name().clone(), reason));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Which value of the last object does not fit and why, if that is why it was refused; names stand behind `before`.
    pub(super) fn misfit(&mut self, before: &str) -> Option<Misplaced> {
        let misfit = |path: String, reason: String| Misplaced { at: 0, path: format!("{before}{path}"), reason };
        if let Some((name, reason)) = self.problem.take() {
            return Some(misfit(name, reason));
        }
        self.columns.iter_mut().find_map(|column| {
            let (path, reason) = column.misfit()?;
            Some(misfit(format!("{}{path}", column.field.name()), reason))
        })
    }

    /// The columns as arrays, or the first row that does not fit; there are no rows then.
    pub(super) fn finish(&mut self, rounding: Rounding, before: &str) -> Result<Vec<ArrayRef>, Misplaced> {
        let mut first: Option<Misplaced> = None;
        let mut arrays = Vec::with_capacity(self.columns.len());
        for column in &mut self.columns {
            match column.finish(rounding) {
                Ok(array) => arrays.push(array),
                Err(misfit) if first.as_ref().is_none_or(|first| misfit.at < first.at) => {
                    let at = misfit.at;
                    first = Some(misfit.within(at, &format!("{before}{}", column.field.name())));
                }
                Err(_) => {}
            }
        }
        self.rows = 0;
        first.map_or(Ok(arrays), Err)
    }
}

/// The name of a member: which column it is.
struct Name<'a> {
    row: &'a mut Row,
    /// The column behind the one before, which it mostly is.
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<usize, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a column's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        let is_next = self.row.columns.get(self.next).is_some_and(|column| column.field.name() == name);
        let place = if is_next { Some(self.next) } else { self.row.places.get(name).copied() };
        let problem = match place.and_then(|place| self.row.columns.get(place)) {
            Some(column) if column.len() == self.row.rows => return Ok(place.unwrap_or(self.next)),
            Some(_) => "it stands there twice".to_owned(),
            None => {
                let names: Vec<_> = self.row.columns.iter().map(|column| column.field.name().as_str()).collect();
                format!("there is none of this name; there are {}", Shown(&names.join(", ")))
            }
        };
        let error = E::custom(&problem);
        self.row.problem = Some((Shown(name).to_string(), problem));
        Err(error)
    }
}
