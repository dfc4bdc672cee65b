//! What runs the programs of tests that are not in Rust.
//!
//! ```text
//! javascript  Node, Deno, Bun and workerd, with the package `thalweg`
//! python      Python in environments of the tests' own
//! ```

pub mod javascript;
pub mod python;
