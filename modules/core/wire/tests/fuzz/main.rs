//! Every decoder of the crate under inputs that go wrong: no panic, no hang, no more memory than the input warrants, and
//! what decodes encodes and decodes to the same. `machine` says how it runs, and how to run it for longer.

mod batches;
mod columns;
#[expect(dead_code, reason = "some of it is for the other tests")]
#[path = "../common/mod.rs"]
mod common;
mod machine;
mod messages;
mod proto;
mod rows;
mod samples;
mod tables;
