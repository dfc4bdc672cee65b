//! The key that a row has: what is sent as a key must be the key of its row, since after a crash only the row tells.

use thalweg_wire::record::{KeyFormat, Layout, RecordError, RowFields, RowFormat, Scalar};
use thalweg_wire::table::{ColumnType, DataType};

use super::column_field;

/// Works out the keys of rows.
#[derive(Debug, Clone)]
pub(crate) struct KeyOfRow {
    layout: Layout,
    format: RowFormat,
    keys: Vec<usize>,
    key_format: KeyFormat,
    /// The key columns alone.
    key_layout: Layout,
    /// How long each key column is, where a key is the beginning of its row's values.
    leading: Option<Vec<Length>>,
}

/// How long a value in a CompactedRow is (`fluss.md` 2.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// So many bytes.
    Fixed(usize),
    /// So many numbers of variable length.
    Varints(usize),
    /// As many as the number before it says.
    Sized,
}

impl KeyOfRow {
    /// For rows with the columns of `layout`, whose key columns are those at `keys`.
    pub(crate) fn new(
        layout: &Layout,
        format: RowFormat,
        keys: &[usize],
        key_format: KeyFormat,
    ) -> Result<Self, RecordError> {
        let mut lengths = Vec::with_capacity(keys.len());
        for &key in keys {
            lengths.extend(column_field(layout, key)?.data_type.as_ref().and_then(length));
        }
        let first = keys.iter().copied().eq(0..keys.len()) && lengths.len() == keys.len();
        let leading = (first && format == RowFormat::Compacted).then_some(lengths);
        let types = keys.iter().filter_map(|&key| {
            let field = column_field(layout, key).ok()?;
            Some((field.name.clone(), ColumnType { data_type: field.data_type.clone()?, nullable: false }))
        });
        let types: Vec<(String, ColumnType)> = types.collect();
        let key_layout = Layout::new(types.iter().map(|(name, column_type)| (name.as_str(), column_type)));
        Ok(Self { layout: layout.clone(), format, keys: keys.to_vec(), key_format, key_layout, leading })
    }

    /// Whether `key` is the key of `row`. Keys in the format of a data lake are believed. Fails on a row that cannot be
    /// taken apart.
    pub(crate) fn fits(&self, key: &[u8], row: &[u8]) -> Result<bool, RecordError> {
        if self.key_format != KeyFormat::Compacted {
            return Ok(true);
        }
        if let Some(lengths) = &self.leading {
            return Ok(self.begins(lengths, key, row));
        }
        let mut found = Vec::with_capacity(key.len());
        self.write(row, &mut found)?;
        Ok(found == key)
    }

    /// Adds the key of a row to `out`. Fails on a null in it, and on a row that cannot be taken apart.
    pub(crate) fn write(&self, row: &[u8], out: &mut Vec<u8>) -> Result<(), RecordError> {
        let fields = RowFields::parse_as(&self.layout, self.format, row)?;
        for &position in &self.keys {
            let field = column_field(&self.layout, position)?;
            let Some(Some(bytes)) = fields.fields().get(position) else {
                return Err(RecordError::Null { column: field.name.clone(), row: 0 });
            };
            match (self.format, &field.data_type) {
                (RowFormat::Indexed, Some(data_type)) => Scalar::read(&field.name, data_type, self.format, bytes)?
                    .write(&field.name, data_type, RowFormat::Compacted, out)?,
                _ => out.extend_from_slice(bytes),
            }
        }
        Ok(())
    }

    /// Whether a row can be made of its key: it has all columns of the primary key, so not where there are partitions,
    /// and not in the format of a data lake.
    pub(crate) fn is_whole(&self, primary_key: &[usize]) -> bool {
        self.keys == primary_key && self.key_format == KeyFormat::Compacted
    }

    /// Adds to `out` the row that has nothing but this key. Fails on bytes that are no key.
    pub(crate) fn write_row(&self, key: &[u8], out: &mut Vec<u8>) -> Result<(), RecordError> {
        // A key is a row of its columns without the bits for nulls.
        let mut row = vec![0; self.keys.len().div_ceil(8)];
        row.extend_from_slice(key);
        let values = RowFields::parse(&self.key_layout, &row)?;
        let mut indexed = Vec::with_capacity(self.keys.len());
        if self.format == RowFormat::Indexed {
            for (field, value) in self.key_layout.fields().iter().zip(values.fields()) {
                let mut bytes = Vec::new();
                if let (Some(data_type), Some(value)) = (&field.data_type, value) {
                    Scalar::read(&field.name, data_type, RowFormat::Compacted, value)?.write(
                        &field.name,
                        data_type,
                        self.format,
                        &mut bytes,
                    )?;
                }
                indexed.push(bytes);
            }
        }
        let mut fields = vec![None; self.layout.tops().len()];
        for (at, position) in self.keys.iter().enumerate() {
            if let Some(field) = fields.get_mut(*position) {
                *field = match self.format {
                    RowFormat::Compacted => values.fields().get(at).copied().flatten(),
                    RowFormat::Indexed => indexed.get(at).map(Vec::as_slice),
                };
            }
        }
        RowFields::write_as(&self.layout, self.format, &fields, out);
        Ok(())
    }

    fn begins(&self, lengths: &[Length], key: &[u8], row: &[u8]) -> bool {
        let bits = self.layout.tops().len().div_ceil(8);
        let null = |at: usize| row.get(at / 8).is_none_or(|byte| byte >> (at % 8) & 1 != 0);
        let same = row.get(bits..).is_some_and(|values| values.starts_with(key));
        same && !(0..lengths.len()).any(null) && ends(lengths, key)
    }
}

/// Whether `key` has exactly the values of these lengths.
fn ends(lengths: &[Length], key: &[u8]) -> bool {
    let rest = lengths.iter().try_fold(key, |rest, length| match *length {
        Length::Fixed(bytes) => rest.get(bytes..),
        Length::Varints(count) => (0..count).try_fold(rest, |rest, _| varint(rest).map(|(_, rest)| rest)),
        Length::Sized => varint(rest).and_then(|(length, rest)| rest.get(usize::try_from(length).ok()?..)),
    });
    rest.is_some_and(<[u8]>::is_empty)
}

/// The number at the beginning of `bytes`, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

fn length(data_type: &DataType) -> Option<Length> {
    Some(match data_type {
        DataType::Boolean | DataType::TinyInt => Length::Fixed(1),
        DataType::SmallInt => Length::Fixed(2),
        DataType::Float => Length::Fixed(4),
        DataType::Double => Length::Fixed(8),
        DataType::Int | DataType::BigInt | DataType::Date | DataType::Time(_) => Length::Varints(1),
        DataType::Decimal { precision: ..=18, .. } => Length::Varints(1),
        DataType::Timestamp(..=3) | DataType::TimestampLtz(..=3) => Length::Varints(1),
        DataType::Timestamp(_) | DataType::TimestampLtz(_) => Length::Varints(2),
        DataType::Decimal { .. } => Length::Sized,
        DataType::Char(_) | DataType::String | DataType::Binary(_) | DataType::Bytes => Length::Sized,
        DataType::Array(_) | DataType::Map(..) | DataType::Row(_) => return None,
    })
}
