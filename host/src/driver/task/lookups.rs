//! Lookups go into the engine: those of one key each in the same table together, in one call.

use std::mem;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use thalweg_contract::{Error, ErrorCode, TableHandle, Ticket};

use super::{
    super::{
        command::{Lookup, LookupBy},
        engine::Trap,
        tickets::Waiter,
    },
    Driver,
};
use crate::columns::{Flattened, flatten};

impl Driver {
    /// Gives the engine the lookups that wait; false if there are none.
    pub(super) fn submit_lookups(&mut self) -> Result<bool, Trap> {
        let mut lookups = mem::take(&mut self.lookups);
        if lookups.is_empty() {
            return Ok(false);
        }
        self.called = true;
        if !lookups.is_sorted_by_key(together) {
            lookups.sort_by_key(together);
        }
        let mut lookups = lookups.into_iter().peekable();
        while let Some(first) = lookups.next() {
            let (key, mut group) = (together(&first), vec![first]);
            while key.2
                && let Some(next) = lookups.next_if(|next| together(next) == key)
            {
                group.push(next);
            }
            self.look_up(group)?;
        }
        Ok(true)
    }

    /// Looks these up in one call; where the engine refuses that, or there is only one, each in its own.
    fn look_up(&mut self, group: Vec<Lookup>) -> Result<(), Trap> {
        if group.len() > 1
            && let Some(keys) = gathered(&group)
            && let Some(lookup) = group.first()
            && let Ok(ticket) = self.engine.look_up_each(self.clock.now(), &lookup.command(&keys))?
        {
            self.tickets.enter_each(ticket, group.into_iter().map(|lookup| lookup.reply));
            return Ok(());
        }
        for lookup in group {
            match self.look_up_alone(&lookup)? {
                Ok(ticket) => self.tickets.enter(ticket, Waiter::Lookup(lookup.keys.num_rows(), lookup.reply)),
                Err(error) => drop(lookup.reply.send(Err(error))),
            }
        }
        Ok(())
    }

    fn look_up_alone(&mut self, lookup: &Lookup) -> Result<Result<Ticket, Error>, Trap> {
        let keys = match flatten(&lookup.keys) {
            Ok(keys) => keys,
            Err(error) => return Ok(Err(Error { code: ErrorCode::Invalid(error.to_string()), retriable: false })),
        };
        let taken = self.engine.submit(self.clock.now(), &[lookup.command(&keys)])?.pop();
        taken.ok_or_else(|| Trap("the engine answers none of 1 commands".to_owned()))
    }
}

/// By what lookups go together: those of one key, in the same table, by the same columns.
fn together(lookup: &Lookup) -> (TableHandle, LookupBy, bool) {
    (lookup.table, lookup.by, lookup.keys.num_rows() == 1)
}

/// The keys of all of them; `None` where they cannot be put together.
fn gathered(group: &[Lookup]) -> Option<Flattened> {
    let schema = group.first()?.keys.schema();
    let keys: Vec<&RecordBatch> = group.iter().map(|lookup| &lookup.keys).collect();
    flatten(&concat_batches(&schema, keys).ok()?).ok()
}
