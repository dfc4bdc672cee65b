//! The disk: the data folder, and access to its files.
//!
//! ```text
//! folder   the data folder: its lock, its format version, where things lie
//! file     reading and writing files
//! ```

pub(crate) mod file;
pub(crate) mod folder;
