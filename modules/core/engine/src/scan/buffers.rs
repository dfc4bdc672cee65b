//! How many batches still lie in each buffer of the host.

use std::collections::HashMap;

use crate::order::{Orders, Step};
use thalweg_contract::BufferId;

/// Counts who needs a buffer; the last one to let go has it released.
#[derive(Debug, Default)]
pub(super) struct Buffers(HashMap<BufferId, u32>);

impl Buffers {
    /// Somebody needs this buffer.
    pub(super) fn hold(&mut self, buffer: BufferId) {
        *self.0.entry(buffer).or_default() += 1;
    }

    /// Somebody does not need it any more. An unknown buffer is nobody's.
    pub(super) fn drop(&mut self, buffer: BufferId, orders: &mut Orders) {
        if let Some(count) = self.0.get_mut(&buffer) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&buffer);
                orders.steps.push(Step::Release(buffer));
            }
        }
    }
}
