//! What is said between host and module: the words of `thalweg_chain::given` into those of the bindings, and back.

use thalweg_chain::given::{Context, FlatSchema};
use thalweg_contract::wit::IntoWit;

use crate::wit::module::exports::thalweg::module::transform;
use crate::wit::types;

thalweg_chain::transform_from_wit!(transform, types::{ColumnResult, ValuesResult, SpansResult});

/// Hands `call` a context in WIT's words.
pub(super) fn with_context<T>(context: &Context<'_>, call: impl FnOnce(transform::Context<'_>) -> T) -> T {
    let table = context.table.to_string();
    let flat = FlatSchema::new(context.input);
    let fields = types::lend_fields(&flat);
    let input = types::lend_schema(&flat, &fields);
    let operation = context.operation.into_wit();
    call(transform::Context { table: &table, operation, input, config: context.config })
}
