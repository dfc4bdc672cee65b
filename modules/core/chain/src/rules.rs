//! What a chain goes by, whatever runs its modules.

use arrow_schema::SchemaRef;
use thalweg_wire::table::Schema;

use crate::stage::Stage;

/// The stages of a chain, and the columns at its ends.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) stages: Vec<Stage>,
    pub(crate) input: SchemaRef,
    pub(crate) output: Schema,
    pub(crate) arrow_output: SchemaRef,
    /// Of what the last module gives, the columns that go out, in their order.
    pub(crate) columns: Vec<usize>,
}
