//! The partition of a row: its name, from the values of its partition columns; text: how each type is written.

mod encoder;
mod text;

pub use encoder::PartitionEncoder;
