//! What a module says, checked and nowhere believed: plans, schemas, answers. An error says how it breaks the contract.
//!
//! ```text
//! schema  schemas rebuilt from their fields
//! plan    what a module does with columns
//! answer  what became of the rows of a call
//! values  values that a layout can hold and a type cannot
//! ```

mod answer;
mod plan;
mod schema;
mod values;

pub(crate) use self::answer::{Answer, Outcome, Refusals, Selection};
pub use self::plan::{ColumnSource, Output, Plan};
pub(crate) use self::schema::same_type;
