//! What is said between host and module: the words of `thalweg_chain::given` into those of the bindings, and back.

use thalweg_chain::given::{
    self, Answer, Context, FlatSchema, Operation, Outcome, Plan, Production, Refusal, Refusals, Reply, Selection,
    Source,
};
use thalweg_contract::wit::FromWit;

use crate::columns::{OwnedColumn, OwnedValues};
use crate::wit::module::exports::thalweg::module::transform;
use crate::wit::types::{self, ColumnResult, SpansResult, ValuesResult};

/// Hands `call` a context in WIT's words.
pub(super) fn with_context<T>(context: &Context<'_>, call: impl FnOnce(transform::Context<'_>) -> T) -> T {
    let table = context.table.to_string();
    let flat = FlatSchema::new(context.input);
    let fields = types::lend_fields(&flat);
    let input = types::lend_schema(&flat, &fields);
    let operation = match context.operation {
        Operation::Append => transform::Operation::Append,
        Operation::Upsert => transform::Operation::Upsert,
        Operation::Delete => transform::Operation::Delete,
        Operation::Scan => transform::Operation::Scan,
        Operation::Changelog => transform::Operation::Changelog,
    };
    call(transform::Context { table: &table, operation, input, config: context.config })
}

/// The plan that a module gave.
pub(super) fn plan_from_wit(plan: transform::Plan) -> Plan {
    let source = |source| match source {
        transform::Source::Input(at) => Source::Input(at),
        transform::Source::Written => Source::Written,
    };
    let output = plan
        .output
        .map(|(schema, sources)| (given::Schema::from_wit(schema), sources.into_iter().map(source).collect()));
    Plan { reads: plan.reads, output, one_instance: matches!(plan.instances, transform::Instances::One) }
}

fn columns_from_wit(columns: Vec<ColumnResult>) -> Vec<OwnedColumn> {
    let column = |column: ColumnResult| {
        let values = match column.values {
            ValuesResult::Bits(bits) => OwnedValues::Bits(bits),
            ValuesResult::Int8(values) => OwnedValues::Int8(values),
            ValuesResult::Int16(values) => OwnedValues::Int16(values),
            ValuesResult::Int32(values) => OwnedValues::Int32(values),
            ValuesResult::Int64(values) => OwnedValues::Int64(values),
            ValuesResult::Float32(values) => OwnedValues::Float32(values),
            ValuesResult::Float64(values) => OwnedValues::Float64(values),
            ValuesResult::Fixed(bytes) => OwnedValues::Fixed(bytes),
            ValuesResult::Spans(SpansResult { offsets, bytes }) => OwnedValues::Spans(offsets, bytes),
            ValuesResult::Offsets(offsets) => OwnedValues::Offsets(offsets),
            ValuesResult::None => OwnedValues::None,
        };
        OwnedColumn { validity: column.validity, values }
    };
    columns.into_iter().map(column).collect()
}

/// What a module replied to a call.
pub(super) fn reply_from_wit(reply: Result<transform::Answer, transform::ErrorCode>) -> Reply {
    let transform::Answer { outcome, refused } = reply.map_err(refusal_from_wit)?;
    let outcome = match outcome {
        transform::Outcome::Kept(selection) => Outcome::Kept(selection_from_wit(selection)),
        transform::Outcome::Replaced((selection, written)) => {
            Outcome::Replaced(selection_from_wit(selection), columns_from_wit(written))
        }
        transform::Outcome::Produced(transform::Production { rows, origins, written }) => {
            Outcome::Produced(Production { rows, origins, written: columns_from_wit(written) })
        }
    };
    let refusals = |transform::Refusals { rows, causes, messages }| Refusals { rows, causes, messages };
    Ok(Answer { outcome, refused: refused.map(refusals) })
}

fn selection_from_wit(selection: transform::Selection) -> Selection {
    match selection {
        transform::Selection::All => Selection::All,
        transform::Selection::Nothing => Selection::Nothing,
        transform::Selection::Rows(bits) => Selection::Rows(bits),
    }
}

/// Why a module refuses to be opened, or a call.
pub(super) fn refusal_from_wit(code: transform::ErrorCode) -> Refusal {
    match code {
        transform::ErrorCode::InvalidConfig((key, expected)) => Refusal::InvalidConfig { key, expected },
        transform::ErrorCode::UnsuitableInput(reason) => Refusal::UnsuitableInput(reason),
        transform::ErrorCode::Other(reason) => Refusal::Other(reason),
    }
}
