//! Partial updates: only some columns of a row are written or deleted.

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::record::{Layout, RecordError, RowFields, RowFormat};

use super::Merged;
use crate::failure::Failure;

/// The columns that are written; all others stay as they are.
#[derive(Debug, Clone)]
pub(crate) struct Partial {
    /// By position, whether it is written.
    target: Vec<bool>,
    /// By position, whether it is part of the primary key.
    key: Vec<bool>,
}

impl Partial {
    /// Checks the columns: each once, the primary key among them, and every other column nullable.
    pub(crate) fn new(layout: &Layout, primary_key: &[usize], target: &[i32]) -> Result<Self, Failure> {
        let invalid = |text: String| Err(Failure::new(ServerErrorCode::INVALID_TARGET_COLUMN, text));
        let count = layout.tops().len();
        let name = |position: usize| {
            let field = layout.tops().get(position).and_then(|top| layout.fields().get(*top));
            field.map_or("", |field| field.name.as_str())
        };
        let mut chosen = Self { target: vec![false; count], key: vec![false; count] };
        for &column in target {
            match usize::try_from(column).ok().and_then(|at| chosen.target.get_mut(at)) {
                Some(written) if !*written => *written = true,
                Some(_) => return invalid(format!("The target write columns name column {column} twice.")),
                None => return invalid(format!("There is no target write column {column}: the table has {count}.")),
            }
        }
        for &position in primary_key {
            if let Some(key) = chosen.key.get_mut(position) {
                *key = true;
            }
        }
        if primary_key.iter().any(|position| chosen.target.get(*position) != Some(&true)) {
            let names = |positions: &mut dyn Iterator<Item = usize>| positions.map(name).collect::<Vec<_>>().join(", ");
            return invalid(format!(
                "The target write columns [{}] must contain the primary key columns [{}].",
                names(&mut target.iter().filter_map(|at| usize::try_from(*at).ok())),
                names(&mut primary_key.iter().copied())
            ));
        }
        let fixed = layout.tops().iter().enumerate().find(|(position, top)| {
            chosen.key.get(*position) == Some(&false) && layout.fields().get(**top).is_some_and(|field| !field.nullable)
        });
        if let Some((position, _)) = fixed.filter(|_| !chosen.has_all()) {
            return invalid(format!(
                "Partial Update requires all columns except primary key to be nullable, but column {} is NOT NULL.",
                name(position)
            ));
        }
        Ok(chosen)
    }

    /// Whether every column is written.
    pub(crate) fn has_all(&self) -> bool {
        self.target.iter().all(|written| *written)
    }

    /// Whether the column at a position is written.
    pub(super) fn writes(&self, position: usize) -> bool {
        self.target.get(position) == Some(&true)
    }

    /// The old row with the columns of the new one; nothing changes where these are only the key.
    pub(super) fn merge(
        &self,
        layout: &Layout,
        format: RowFormat,
        old: Option<&[u8]>,
        new: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Merged, RecordError> {
        if old.is_some() && self.target == self.key {
            return Ok(Merged::Old);
        }
        let mut merged = RowFields::parse_as(layout, format, new)?;
        let old = old.map(|old| RowFields::parse_as(layout, format, old)).transpose()?;
        for (position, field) in merged.fields_mut().iter_mut().enumerate() {
            if !self.writes(position) {
                *field = old.as_ref().and_then(|old| old.fields().get(position).copied()).flatten();
            }
        }
        RowFields::write_as(layout, format, merged.fields(), out);
        Ok(Merged::Made)
    }

    /// The old row with the written columns null. False, and nothing is added, if the others are null already: then the
    /// whole row goes.
    pub(super) fn delete(
        &self,
        layout: &Layout,
        format: RowFormat,
        old: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, RecordError> {
        let mut fields = RowFields::parse_as(layout, format, old)?;
        let others = fields.fields().iter().enumerate().filter(|(position, _)| !self.writes(*position));
        if others.into_iter().all(|(_, field)| field.is_none()) {
            return Ok(false);
        }
        for (position, field) in fields.fields_mut().iter_mut().enumerate() {
            if self.writes(position) && self.key.get(position) == Some(&false) {
                *field = None;
            }
        }
        RowFields::write_as(layout, format, fields.fields(), out);
        Ok(true)
    }
}
