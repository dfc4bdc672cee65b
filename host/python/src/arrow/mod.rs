//! Arrow's C data interface, in and out, and the batches and schemas that speak it (the PyCapsule interface).
//!
//! ```text
//! import   columns, batches and streams that others give
//! export   capsules of ours that others take
//! batch    `Batch`: rows, with what a scan knows of them
//! schema   `Schema`: columns and their types
//! ```

mod batch;
mod export;
mod import;
mod schema;

pub(crate) use batch::Batch;
pub(crate) use export::{array_capsules, stream_capsule};
pub(crate) use import::{Batches, column, stream_of};
pub(crate) use schema::Schema;
