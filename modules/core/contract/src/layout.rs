//! Where the columns of rows lie in their body.

/// What says where the columns of rows lie in their body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// The metadata of an Arrow IPC record batch message (a flatbuffer without prefix), checked: every buffer lies in the
    /// body, is as long as its field needs, and is not compressed.
    Message(Vec<u8>),
    /// The fields of the columns, each followed by its children, checked alike.
    Columns(Vec<ColumnParts>),
}

impl Layout {
    /// The metadata of the Arrow message, where that is what it is.
    pub fn message(&self) -> Option<&[u8]> {
        match self {
            Self::Message(metadata) => Some(metadata),
            Self::Columns(_) => None,
        }
    }
}

/// A part of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Where it begins.
    pub offset: u32,
    /// Its length in bytes.
    pub length: u32,
}

/// Where one field's values lie, in Arrow's layout, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnParts {
    /// How many values there are: the rows of the message for a column, for a child those of all rows.
    pub rows: u32,
    /// One bit a value, set for a value, clear for null; `None`: no nulls.
    pub validity: Option<Part>,
    /// 32-bit offsets, one more than values: of texts and bytes, of arrays and dictionaries. May be empty for no rows.
    pub offsets: Option<Part>,
    /// The values; of texts and bytes all bytes, of booleans bits. `None` where the children hold them.
    pub values: Option<Part>,
}
