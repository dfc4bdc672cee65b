//! Tables that change or number their rows, filters on them, and requests about all of them.

mod admin;
mod auto_increment;
mod columns;
mod pruning;
#[path = "../support/mod.rs"]
mod support;
