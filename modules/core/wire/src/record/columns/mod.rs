//! Rows as columns: the Arrow messages inside batches (`fluss.md` 2.6).
//!
//! ```text
//! layout    the columns of a table as the fields and buffers of a message
//! fit       whether given columns fit a layout
//! builder   columns put together from rows; gathered: one field of them
//! message   the metadata of a message, written
//! checked   a message read, and verified against its layout
//! plain     a message put together without compression
//! place     where the columns of such a message lie
//! adapt     a message of an older schema as one of a newer
//! ```

mod adapt;
mod builder;
pub(crate) mod checked;
mod fit;
pub(crate) mod gathered;
mod layout;
pub(crate) mod message;
mod place;
mod plain;

pub use adapt::{Adaptation, AdaptedMessage};
pub use builder::ColumnsBuilder;
pub use checked::{BufferSpan, CheckedMessage, PLAIN_ALIGNMENT};
pub use layout::{Layout, LayoutField, Shape};
pub use message::{ALIGNMENT, Compression, Node, encode_message};
pub use place::Places;
pub use plain::{PlainMessage, message_of};
