//! The bytes of an input as they come. Of an input that grows, `WouldBlock` means that there is nothing more for now.
//!
//! ```text
//! compressed  gzip and zstd, unpacked
//! growing     a file that is written to
//! pipe        a pipe that is written to
//! ```

mod compressed;
mod growing;
mod pipe;

use std::time::Duration;

pub(crate) use compressed::Compression;
pub(super) use compressed::unpacked;
pub(crate) use growing::Ending;
pub(super) use growing::Growing;
pub(super) use pipe::Piped;

/// How long nothing must come of an input that grows before that is said.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);
