//! What an instance may take, and whether it asked for more.

use wasmtime::ResourceLimiter;

/// Table elements that an instance may have in all its tables; each takes a pointer.
const TABLE_ELEMENTS: usize = 100_000;

/// Bounds the memories and tables of a store. A growth past the bound is refused as WebAssembly has it, and remembered:
/// most modules trap soon after.
#[derive(Debug)]
pub struct Limiter {
    limit: usize,
    memory: usize,
    elements: usize,
    refused: bool,
}

impl Limiter {
    /// Memories of `limit` bytes in all.
    pub fn new(limit: usize) -> Limiter {
        Limiter { limit, memory: 0, elements: 0, refused: false }
    }

    /// What the memories have now, in bytes.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Forgets that more was asked for, before the next call.
    pub fn forget(&mut self) {
        self.refused = false;
    }

    /// Whether more memory was asked for than is allowed, since `forget`.
    pub fn refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let after = self.memory.saturating_add(desired.saturating_sub(current));
        if after > self.limit {
            self.refused = true;
            return Ok(false);
        }
        self.memory = after;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let after = self.elements.saturating_add(desired.saturating_sub(current));
        if after > TABLE_ELEMENTS {
            return Ok(false);
        }
        self.elements = after;
        Ok(true)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        8
    }
}
