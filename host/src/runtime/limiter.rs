//! What an instance may take, and whether it asked for more.

use wasmtime::ResourceLimiter;

/// Table elements that an instance may have in all its tables; each takes a pointer.
const TABLE_ELEMENTS: usize = 100_000;

/// Bounds the memories and tables of a store. A growth past the bound is refused as WebAssembly has it, and remembered:
/// most modules trap soon after. A growth that is allowed here and that the system has no memory for stays counted: what
/// wasmtime tells of it would let a module talk the count down.
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
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let after = self.memory.saturating_add(desired.saturating_sub(current));
        if after > self.limit {
            self.refused = true;
            return Ok(false);
        }
        self.memory = after;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn grows(limiter: &mut Limiter, current: usize, desired: usize) -> bool {
        limiter.memory_growing(current, desired, Some(2000)).expect("no trap")
    }

    #[test]
    fn memories_share_one_limit_and_a_refusal_is_remembered() {
        let mut limiter = Limiter::new(1000);
        assert!(!grows(&mut limiter, 0, 2001), "its own type does not allow it");
        assert!(grows(&mut limiter, 0, 600) && grows(&mut limiter, 0, 400));
        assert!(!limiter.refused());
        assert!(!grows(&mut limiter, 600, 601));
        assert!(limiter.refused());
        assert_eq!(limiter.memory(), 1000);
        limiter.forget();
        assert!(!limiter.refused());
        assert!(!limiter.memory_growing(0, usize::MAX, None).expect("no trap"));
    }

    #[test]
    fn tables_share_one_limit() {
        let mut limiter = Limiter::new(0);
        let mut grows = |current, desired| limiter.table_growing(current, desired, None).expect("no trap");
        assert!(grows(0, TABLE_ELEMENTS - 1) && grows(0, 1));
        assert!(!grows(1, 2));
    }
}
