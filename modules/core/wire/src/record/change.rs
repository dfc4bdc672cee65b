//! What happened to a row of a log: its change (`fluss.md` 2.5).

use std::fmt;

/// What happened to a row; its number is its byte on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ChangeType {
    /// +A: a row of a log table was added.
    Append = 0,
    /// +I: a row was added whose key was not there before.
    Insert = 1,
    /// -U: the row as it was before an update.
    UpdateBefore = 2,
    /// +U: the row as it is after an update.
    UpdateAfter = 3,
    /// -D: the row that was deleted.
    Delete = 4,
}

/// A byte that no change has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it has a row with the unknown change {0}")]
pub struct UnknownChange(pub u8);

impl ChangeType {
    /// The sign that Fluss and Flink give it, as `+U`.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Append => "+A",
            Self::Insert => "+I",
            Self::UpdateBefore => "-U",
            Self::UpdateAfter => "+U",
            Self::Delete => "-D",
        }
    }

    /// The changes that these bytes are; their memory is used again.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Vec<Self>, UnknownChange> {
        bytes.into_iter().map(Self::try_from).collect()
    }

    /// The bytes of these changes; their memory is used again.
    pub fn into_bytes(changes: Vec<Self>) -> Vec<u8> {
        changes.into_iter().map(u8::from).collect()
    }
}

impl TryFrom<u8> for ChangeType {
    type Error = UnknownChange;

    fn try_from(byte: u8) -> Result<Self, UnknownChange> {
        Ok(match byte {
            0 => Self::Append,
            1 => Self::Insert,
            2 => Self::UpdateBefore,
            3 => Self::UpdateAfter,
            4 => Self::Delete,
            other => return Err(UnknownChange(other)),
        })
    }
}

impl From<ChangeType> for u8 {
    fn from(change: ChangeType) -> u8 {
        change as u8
    }
}

impl fmt::Display for ChangeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_changes_or_an_error() {
        let changes = ChangeType::from_bytes(vec![0, 1, 2, 3, 4]).expect("all are known");
        assert_eq!(changes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["+A", "+I", "-U", "+U", "-D"]);
        assert_eq!(ChangeType::into_bytes(changes), [0, 1, 2, 3, 4]);
        for byte in 5..=u8::MAX {
            assert_eq!(ChangeType::from_bytes(vec![1, byte]), Err(UnknownChange(byte)));
        }
    }

    #[test]
    fn their_memory_is_used_again() {
        let bytes = vec![3; 1000];
        let at = bytes.as_ptr() as usize;
        let changes = ChangeType::from_bytes(bytes).expect("they are known");
        assert_eq!(changes.as_ptr() as usize, at);
        let bytes = ChangeType::into_bytes(changes);
        assert_eq!(bytes.as_ptr() as usize, at);
    }
}
