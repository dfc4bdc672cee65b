//! Modules that are imported: `thalweg:client-async/modules`.

use thalweg_chain::{
    column::{OwnedColumn, OwnedValues},
    given::{
        Answer, Context, FlatSchema, Operation, Outcome, Plan, Production, Refusal, Refusals, Schema, Selection, Source,
    },
};
use thalweg_contract::wit::{FromWit, IntoWit};
use thalweg_wire::column::Batch;

use super::words;
use crate::{
    bindings::{modules, transform, types},
    modules::{CallError, Instance, Modules, OpenError},
    rows::Rows,
};

/// Modules that are imported.
pub(super) struct Imported;

impl Modules for Imported {
    fn open(&self, name: &str, context: &Context<'_>) -> Result<(Box<dyn Instance>, Plan), OpenError> {
        let context = transform::Context {
            table: context.table.to_string(),
            operation: operation(context.operation),
            input: FlatSchema::new(context.input).into_wit(),
            config: context.config.to_owned(),
        };
        match modules::Instance::open(name, &context) {
            Ok((instance, given)) => Ok((Box::new(instance), plan(given))),
            Err(modules::OpenError::Unknown(text)) => Err(OpenError::Unknown(text)),
            Err(modules::OpenError::Refused(code)) => Err(OpenError::Refused(refusal(code))),
            Err(modules::OpenError::Failed(text)) => Err(OpenError::Failed(text)),
        }
    }
}

impl Instance for modules::Instance {
    fn apply(&mut self, input: &Batch<'_>) -> Result<Answer, CallError> {
        let columns = input.columns.iter().map(OwnedColumn::from).collect();
        let input = words::batch(Rows { rows: input.rows, columns });
        match modules::Instance::apply(self, &input) {
            Ok(given) => Ok(answer(given)),
            Err(modules::CallError::Refused(code)) => Err(CallError::Refused(refusal(code))),
            Err(modules::CallError::Failed(text)) => Err(CallError::Failed(text)),
        }
    }
}

fn operation(operation: Operation) -> transform::Operation {
    match operation {
        Operation::Append => transform::Operation::Append,
        Operation::Upsert => transform::Operation::Upsert,
        Operation::Delete => transform::Operation::Delete,
        Operation::Scan => transform::Operation::Scan,
        Operation::Changelog => transform::Operation::Changelog,
    }
}

fn plan(plan: transform::Plan) -> Plan {
    let source = |source| match source {
        transform::Source::Input(at) => Source::Input(at),
        transform::Source::Written => Source::Written,
    };
    let output =
        plan.output.map(|(schema, sources)| (Schema::from_wit(schema), sources.into_iter().map(source).collect()));
    Plan { reads: plan.reads, output, one_instance: matches!(plan.instances, transform::Instances::One) }
}

fn answer(answer: transform::Answer) -> Answer {
    let outcome = match answer.outcome {
        transform::Outcome::Kept(kept) => Outcome::Kept(selection(kept)),
        transform::Outcome::Replaced((kept, written)) => Outcome::Replaced(selection(kept), columns(written)),
        transform::Outcome::Produced(transform::Production { rows, origins, written }) => {
            Outcome::Produced(Production { rows, origins, written: columns(written) })
        }
    };
    let refusals = |transform::Refusals { rows, causes, messages }| Refusals { rows, causes, messages };
    Answer { outcome, refused: answer.refused.map(refusals) }
}

fn selection(selection: transform::Selection) -> Selection {
    match selection {
        transform::Selection::All => Selection::All,
        transform::Selection::Nothing => Selection::Nothing,
        transform::Selection::Rows(bits) => Selection::Rows(bits),
    }
}

fn refusal(code: transform::ErrorCode) -> Refusal {
    match code {
        transform::ErrorCode::InvalidConfig((key, expected)) => Refusal::InvalidConfig { key, expected },
        transform::ErrorCode::UnsuitableInput(reason) => Refusal::UnsuitableInput(reason),
        transform::ErrorCode::Other(reason) => Refusal::Other(reason),
    }
}

fn columns(columns: Vec<types::Column>) -> Vec<OwnedColumn> {
    let column = |column: types::Column| {
        let values = match column.values {
            types::Values::Bits(bits) => OwnedValues::Bits(bits),
            types::Values::Int8(values) => OwnedValues::Int8(values),
            types::Values::Int16(values) => OwnedValues::Int16(values),
            types::Values::Int32(values) => OwnedValues::Int32(values),
            types::Values::Int64(values) => OwnedValues::Int64(values),
            types::Values::Float32(values) => OwnedValues::Float32(values),
            types::Values::Float64(values) => OwnedValues::Float64(values),
            types::Values::Fixed(bytes) => OwnedValues::Fixed(bytes),
            types::Values::Spans(spans) => OwnedValues::Spans(spans.offsets, spans.bytes),
            types::Values::Offsets(offsets) => OwnedValues::Offsets(offsets),
            types::Values::None => OwnedValues::None,
        };
        OwnedColumn { validity: column.validity, values }
    };
    columns.into_iter().map(column).collect()
}
