//! Bytes that are inline or held by the host.

use super::BufferId;

/// A part of what is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Inline(Vec<u8>),
    /// Bytes that the host holds.
    Held(Range),
}

impl Piece {
    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Held(range) => u64::from(range.length),
        }
    }
}

/// A part of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    /// Which buffer.
    pub buffer: BufferId,
    /// Where it begins.
    pub offset: u32,
    /// Its length in bytes.
    pub length: u32,
}
