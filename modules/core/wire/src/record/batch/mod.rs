//! Batches of logs (`fluss.md` 2.5).
//!
//! ```text
//! log      one batch read in place, its header checked
//! batches  the batches of an answer, one behind the other
//! head     headers: encoded by writers, stamped again, patched by the node
//! rows     batches of single rows, without Arrow
//! project  what a server makes of a batch of which only some columns are wanted
//! ```

mod batches;
pub(crate) mod head;
mod log;
mod project;
mod rows;

pub use batches::{CutBatch, LogBatches};
pub use head::{BatchContent, BatchHead, HEAD_LENGTH, NO_WRITER, RowsContent, stamp};
pub use log::LogBatch;
pub use project::project;
pub use rows::{LogRow, LogRowsBuilder};
