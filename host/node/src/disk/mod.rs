//! The data folder, and access to its files.

pub(crate) mod folder;
