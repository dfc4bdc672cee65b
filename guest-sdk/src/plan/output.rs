//! The plan as it crosses the boundary: the schema that comes out, and where each of its columns comes from.

use super::{Origin, Plan};
use crate::bindings::exports::thalweg::module::transform::{self, Source};
use crate::{DataType, Field, Schema};

impl Plan {
    /// The form that crosses the boundary, and for each written column its place among them.
    pub(crate) fn finish(self) -> (transform::Plan, Vec<usize>) {
        let (output, ranks) = if self.is_changed { self.output() } else { (None, Vec::new()) };
        let reads = self.reads.iter().map(|&column| column as u32).collect();
        (transform::Plan { reads, output, instances: self.instances }, ranks)
    }

    fn output(&self) -> (Option<(Schema, Vec<Source>)>, Vec<usize>) {
        let (mut fields, mut columns, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        let mut ranks = vec![0; self.written];
        let mut rank = 0;
        for column in &self.columns {
            let new = fields.len() as u32;
            columns.push(new);
            match &column.origin {
                Origin::Written(ordinal, written) => {
                    fields.extend(written.iter().map(|field| field.moved(0, new)));
                    sources.push(Source::Written);
                    ranks[*ordinal] = rank;
                    rank += 1;
                }
                Origin::Input(from) => {
                    let span = self.input.span(*from);
                    let old = span.start as u32;
                    let moved = self.input.fields.get(span).unwrap_or_default();
                    fields.extend(moved.iter().map(|field| field.moved(old, new)));
                    sources.push(Source::Input(*from as u32));
                }
            }
            if let Some(field) = fields.get_mut(new as usize) {
                field.name.clone_from(&column.name);
            }
        }
        let primary_key = self.primary_key(&columns).unwrap_or_default();
        (Some((Schema { fields, columns, primary_key }, sources)), ranks)
    }

    /// The key in the output, whose columns begin at these fields; `None` if a column of it is left out.
    fn primary_key(&self, begins: &[u32]) -> Option<Vec<u32>> {
        let place = |&key: &u32| {
            let column = self.input.columns.iter().position(|&begin| begin == key)?;
            let at = self.columns.iter().position(|it| it.input == Some(column))?;
            begins.get(at).copied()
        };
        self.input.primary_key.iter().map(place).collect()
    }
}

impl Field {
    /// The same field, whose column begins at `new` instead of `old`.
    pub(crate) fn moved(&self, old: u32, new: u32) -> Self {
        let at = |index: u32| index - old + new;
        let data_type = match &self.data_type {
            DataType::Array(element) => DataType::Array(at(*element)),
            DataType::Dictionary((key, value)) => DataType::Dictionary((at(*key), at(*value))),
            DataType::Row(children) => DataType::Row(children.iter().map(|&child| at(child)).collect()),
            flat => flat.clone(),
        };
        Self { data_type, ..self.clone() }
    }
}
