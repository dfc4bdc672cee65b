//! The module as a chain sees it: whatever runs it.

use thalweg_wire::column::Batch;

use crate::error::Cause;
use crate::given::Reply;

/// A module that was opened, run by a host in a sandbox. Batches may go through it at once, if the host allows it.
pub trait Module {
    /// Makes one call, and hands the module's reply to `check`. If the call or the check fails, the instance that was called
    /// is not called again.
    ///
    /// # Errors
    /// Why the call failed, or what `check` says of the reply.
    fn apply<T>(&self, batch: &Batch<'_>, check: impl FnOnce(Reply) -> Result<T, Cause>) -> Result<T, Cause>;

    /// Whether a call may be made now.
    ///
    /// # Errors
    /// Why the module is left alone, as a `Breaker` says.
    fn admit(&self) -> Result<(), Cause> {
        Ok(())
    }

    /// Takes note of how the rows of a call ended; one that was cut into smaller calls ended with the last of them.
    fn record(&self, failure: Option<&Cause>) {
        let _ = failure;
    }

    /// Makes the calls of one batch. A host that runs batches side by side keeps the others out here, if the plan wants one
    /// instance that sees every batch.
    fn in_turn<T>(&self, calls: impl FnOnce() -> T) -> T {
        calls()
    }
}
