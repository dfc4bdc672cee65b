//! Rows as columns in Arrow's layout, borrowed from whoever holds them: the Rust form of `thalweg:module/types`.

/// Rows as columns. `columns` is parallel to the schema's fields flattened depth first: a nested column is followed by
/// its children.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<'a> {
    /// How many rows there are, also if there is no column.
    pub rows: usize,
    /// One for each field, children included.
    pub columns: Vec<Column<'a>>,
}

/// The values of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column<'a> {
    /// One bit a row, least significant bit of the first byte first: set is a value, clear a null. `None`: no nulls.
    pub validity: Option<&'a [u8]>,
    /// The values.
    pub values: Values<'a>,
}

/// Values in Arrow's layout; which variant a type has is said in `wit/module/types.wit` at `data-type`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values<'a> {
    /// One bit a row, as in `Column::validity`.
    Bits(&'a [u8]),
    /// One a row.
    Int8(&'a [i8]),
    /// One a row.
    Int16(&'a [i16]),
    /// One a row.
    Int32(&'a [i32]),
    /// One a row.
    Int64(&'a [i64]),
    /// One a row.
    Float32(&'a [f32]),
    /// One a row.
    Float64(&'a [f64]),
    /// The same number of bytes for each row.
    Fixed(&'a [u8]),
    /// Value `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    Spans {
        /// One more than there are rows, beginning at 0, never falling.
        offsets: &'a [i32],
        /// The values, one after the other.
        bytes: &'a [u8],
    },
    /// Arrays and maps: where the children of row `i` begin and, at `i + 1`, end.
    Offsets(&'a [i32]),
    /// Rows: the children hold the values.
    None,
}
