//! The elements of an array as a BinaryArray.

use super::Writer;
use crate::record::place::{put, set_bit};
use crate::record::row::fault::{Failed, Fault};
use crate::record::row::plan::{Node, What};
use crate::record::row::slot::Slot;

/// How many bytes the count and the null bits of an array take.
pub(crate) fn header(count: usize) -> usize {
    4 + count.div_ceil(32) * 4
}

impl Writer<'_, '_> {
    /// The elements `from..to` of a column.
    pub(crate) fn array(&mut self, element: &Node, from: usize, to: usize) -> Result<(), Failed> {
        let full = || Fault::Full.unfit(&element.name, from);
        let count = to - from;
        if count > 0 && !self.is_there(element, to - 1) {
            return Err(Fault::Misfit.unfit(&element.name, to - 1));
        }
        let (header, width) = (header(count), element.slot());
        let fixed = width.checked_mul(count).and_then(|slots| slots.checked_add(header + 7)).ok_or_else(full)? / 8 * 8;
        i32::try_from(fixed).map_err(|_| full())?;
        let begin = self.out.len();
        self.out.resize(begin + fixed, 0);
        put(self.out, begin, (count as i32).to_le_bytes());
        for (position, row) in (from..to).enumerate() {
            let Some(values) = self.values(element, row)? else {
                set_bit(self.out, begin + 4, position);
                continue;
            };
            let slot = Slot { begin, at: begin + header + position * width };
            let put = match element.what {
                What::Scalar(kind) => kind.take(values, row).and_then(|value| slot.put(kind, value, self.out)),
                _ => {
                    let start = self.out.len();
                    self.nested(element, values, row)?;
                    slot.close(start, self.out)
                }
            };
            put.map_err(|fault| fault.unfit(&element.name, row))?;
        }
        Ok(())
    }
}
