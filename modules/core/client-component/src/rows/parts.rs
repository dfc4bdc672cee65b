//! Columns out of the body that the engine gives, some rows of them. The engine has checked that every part lies in the
//! body and is as long as its field needs; what is missing all the same is an error here.

use thalweg_chain::column::{OwnedColumn, OwnedValues};
use thalweg_contract::{ColumnParts, Part};
use thalweg_wire::table::{ColumnType, DataType};

use super::Rows;

/// Some rows, of columns of these types. Fails where a part is not there.
pub(crate) fn read<'a>(
    types: impl IntoIterator<Item = &'a ColumnType>,
    parts: &[ColumnParts],
    body: &[u8],
    first: usize,
    rows: usize,
) -> Result<Rows, &'static str> {
    let mut reader = Reader { parts: parts.iter(), body, columns: Vec::with_capacity(parts.len()) };
    for column_type in types {
        reader.field(&column_type.data_type, first, rows).ok_or("the rows that a server gave lack a part")?;
    }
    Ok(Rows { rows, columns: reader.columns })
}

struct Reader<'a> {
    parts: std::slice::Iter<'a, ColumnParts>,
    body: &'a [u8],
    columns: Vec<OwnedColumn>,
}

impl<'a> Reader<'a> {
    /// Reads the values `first..first + count` of the next field, and of its children what belongs to them.
    fn field(&mut self, data_type: &DataType, first: usize, count: usize) -> Option<()> {
        let parts = *self.parts.next()?;
        let validity = parts
            .validity
            .map(|part| Some(bits(self.part(part)?, first, count)))
            .map_or(Some(None), |v| v.map(Some))?;
        let place = self.columns.len();
        self.columns.push(OwnedColumn { validity, values: OwnedValues::None });
        let values = match data_type {
            DataType::Array(element) => {
                let (offsets, begin) = self.offsets(parts, first, count)?;
                self.field(&element.data_type, begin, last(&offsets))?;
                OwnedValues::Offsets(offsets)
            }
            DataType::Map(key, value) => {
                let (offsets, begin) = self.offsets(parts, first, count)?;
                self.field(&key.data_type, begin, last(&offsets))?;
                self.field(&value.data_type, begin, last(&offsets))?;
                OwnedValues::Offsets(offsets)
            }
            DataType::Row(fields) => {
                for field in fields {
                    self.field(&field.column_type.data_type, first, count)?;
                }
                OwnedValues::None
            }
            DataType::Char(_) | DataType::String | DataType::Bytes => {
                let (offsets, begin) = self.offsets(parts, first, count)?;
                let bytes = match parts.values {
                    Some(part) => self.part(part)?.get(begin..begin.checked_add(last(&offsets))?)?.to_vec(),
                    None => Vec::new(),
                };
                OwnedValues::Spans(offsets, bytes)
            }
            scalar => self.scalar(scalar, parts.values, first, count)?,
        };
        self.columns.get_mut(place)?.values = values;
        Some(())
    }

    fn scalar(&self, data_type: &DataType, part: Option<Part>, first: usize, count: usize) -> Option<OwnedValues> {
        let bytes = part.map_or(Some(&[][..]), |part| self.part(part))?;
        Some(match data_type {
            DataType::Boolean => OwnedValues::Bits(bits(bytes, first, count)),
            DataType::TinyInt => OwnedValues::Int8(numbers(bytes, first, count, i8::from_le_bytes)?),
            DataType::SmallInt => OwnedValues::Int16(numbers(bytes, first, count, i16::from_le_bytes)?),
            DataType::Int | DataType::Date | DataType::Time(0..=3) => {
                OwnedValues::Int32(numbers(bytes, first, count, i32::from_le_bytes)?)
            }
            DataType::Float => OwnedValues::Float32(numbers(bytes, first, count, f32::from_le_bytes)?),
            DataType::Double => OwnedValues::Float64(numbers(bytes, first, count, f64::from_le_bytes)?),
            DataType::Decimal { .. } => OwnedValues::Fixed(fixed(bytes, first, count, 16)?.to_vec()),
            DataType::Binary(width) => {
                OwnedValues::Fixed(fixed(bytes, first, count, usize::try_from(*width).ok()?)?.to_vec())
            }
            _ => OwnedValues::Int64(numbers(bytes, first, count, i64::from_le_bytes)?),
        })
    }

    /// Offsets from 0 on, and where the first of them pointed.
    fn offsets(&self, parts: ColumnParts, first: usize, count: usize) -> Option<(Vec<i32>, usize)> {
        let bytes = parts.offsets.map_or(Some(&[][..]), |part| self.part(part))?;
        if count == 0 {
            return Some((vec![0], 0));
        }
        let mut offsets = numbers(bytes, first, count.checked_add(1)?, i32::from_le_bytes)?;
        let begin = *offsets.first()?;
        for offset in &mut offsets {
            *offset = offset.checked_sub(begin)?;
        }
        Some((offsets, usize::try_from(begin).ok()?))
    }

    fn part(&self, part: Part) -> Option<&'a [u8]> {
        let begin = part.offset as usize;
        self.body.get(begin..begin.checked_add(part.length as usize)?)
    }
}

fn last(offsets: &[i32]) -> usize {
    offsets.last().map_or(0, |last| usize::try_from(*last).unwrap_or(0))
}

fn fixed(bytes: &[u8], first: usize, count: usize, width: usize) -> Option<&[u8]> {
    let begin = first.checked_mul(width)?;
    if count == 0 {
        return Some(&[]);
    }
    bytes.get(begin..begin.checked_add(count.checked_mul(width)?)?)
}

fn numbers<const WIDTH: usize, T>(
    bytes: &[u8],
    first: usize,
    count: usize,
    read: fn([u8; WIDTH]) -> T,
) -> Option<Vec<T>> {
    let (chunks, _) = fixed(bytes, first, count, WIDTH)?.as_chunks::<WIDTH>();
    Some(chunks.iter().map(|chunk| read(*chunk)).collect())
}

/// Some bits of a bitmap. Bits that it does not have are clear.
fn bits(bytes: &[u8], first: usize, count: usize) -> Vec<u8> {
    let length = count.div_ceil(8);
    let (begin, shift) = (first / 8, first % 8);
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    if shift == 0 {
        return (begin..begin + length).map(byte).collect();
    }
    (begin..begin + length).map(|at| byte(at) >> shift | byte(at + 1) << (8 - shift)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body, and where its parts lie.
    #[derive(Default)]
    struct Body(Vec<u8>);

    impl Body {
        fn part(&mut self, bytes: impl IntoIterator<Item = u8>) -> Option<Part> {
            let offset = self.0.len() as u32;
            self.0.extend(bytes);
            let length = self.0.len() as u32 - offset;
            self.0.resize(self.0.len().next_multiple_of(8), 0);
            Some(Part { offset, length })
        }

        fn numbers(&mut self, numbers: &[i32]) -> Option<Part> {
            self.part(numbers.iter().flat_map(|number| number.to_le_bytes()))
        }
    }

    fn nullable(data_type: DataType) -> ColumnType {
        ColumnType { data_type, nullable: true }
    }

    /// Four rows: an INT with a null, a STRING, and an ARRAY<INT>.
    fn rows() -> (Vec<ColumnType>, Vec<ColumnParts>, Vec<u8>) {
        let mut body = Body::default();
        let none = ColumnParts { rows: 4, validity: None, offsets: None, values: None };
        let parts = vec![
            ColumnParts { validity: body.part([0b1011]), values: body.numbers(&[1, 2, 0, 4]), ..none },
            ColumnParts { offsets: body.numbers(&[0, 1, 3, 3, 6]), values: body.part(*b"abbddd"), ..none },
            ColumnParts { offsets: body.numbers(&[0, 2, 3, 3, 5]), ..none },
            ColumnParts { rows: 5, values: body.numbers(&[10, 11, 20, 40, 41]), ..none },
        ];
        let array = DataType::Array(Box::new(nullable(DataType::Int)));
        (vec![nullable(DataType::Int), nullable(DataType::String), nullable(array)], parts, body.0)
    }

    #[test]
    fn some_rows_are_cut_out_of_all_columns() {
        let (types, parts, body) = rows();
        let read = read(&types, &parts, &body, 1, 3).expect("it is whole");
        let column = |validity: Option<Vec<u8>>, values| OwnedColumn { validity, values };
        let expected = [
            column(Some(vec![0b101]), OwnedValues::Int32(vec![2, 0, 4])),
            column(None, OwnedValues::Spans(vec![0, 2, 2, 5], b"bbddd".to_vec())),
            column(None, OwnedValues::Offsets(vec![0, 1, 1, 3])),
            column(None, OwnedValues::Int32(vec![20, 40, 41])),
        ];
        assert_eq!((read.rows, &read.columns[..]), (3, &expected[..]));
    }

    #[test]
    fn parts_that_are_not_there_are_an_error() {
        let (types, parts, body) = rows();
        assert!(read(&types, &parts, &body, 0, 4).is_ok());
        assert!(read(&types, &parts, &body, 2, 4).is_err());
        assert!(read(&types, &parts, &body[..body.len() - 8], 0, 4).is_err());
        assert!(read(&types, &parts[..3], &body, 0, 4).is_err());
    }
}
