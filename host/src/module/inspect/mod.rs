//! What can be told of a component and of a module, before any row runs.
//!
//! ```text
//! component  what a component can reach and what it was made with, from its bytes
//! describe   what a module says of itself
//! plan       what it does with the columns of rows in one place
//! ```

mod component;
mod describe;
mod plan;

pub use self::component::{Import, Inspection, inspect};
pub use self::describe::{Description, Parameter, describe};
pub use self::plan::{OutputColumn, PlanReport, plan};
