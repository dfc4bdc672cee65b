//! The rows of a batch on their way through a chain, and what the answers to calls make of them.
//!
//! ```text
//! flow    rows between stages: columns are filtered late, and only where somebody reads them
//! parts   the answers to the calls of a batch, put together
//! pass    the policy `pass`: rows that go on as they entered the module
//! budget  how much the answers to a batch may hold
//! ```

mod budget;
mod flow;
mod parts;
mod pass;

pub(crate) use self::budget::Budget;
pub(crate) use self::flow::Flow;
pub(crate) use self::parts::Parts;
pub(crate) use self::pass::Passage;

#[cfg(test)]
mod tests;
