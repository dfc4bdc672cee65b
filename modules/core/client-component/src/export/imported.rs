//! Modules that are imported: `thalweg:client-async/modules`.

use thalweg_bindings::batch_into_wit;
use thalweg_chain::given::{Answer, Context, FlatSchema, Plan, Refusal};
use thalweg_contract::wit::{FromWit, IntoWit};
use thalweg_wire::column::Batch;

use crate::{
    bindings::{modules, transform},
    modules::{CallError, Instance, Modules, OpenError},
};

/// Modules that are imported.
pub(super) struct Imported;

impl Modules for Imported {
    fn open(&self, name: &str, context: &Context<'_>) -> Result<(Box<dyn Instance>, Plan), OpenError> {
        let context = transform::Context {
            table: context.table.to_string(),
            operation: context.operation.into_wit(),
            input: FlatSchema::new(context.input).into_wit(),
            config: context.config.to_owned(),
        };
        match modules::Instance::open(name, &context) {
            Ok((instance, plan)) => Ok((Box::new(instance), Plan::from_wit(plan))),
            Err(modules::OpenError::Unknown(text)) => Err(OpenError::Unknown(text)),
            Err(modules::OpenError::Refused(code)) => Err(OpenError::Refused(Refusal::from_wit(code))),
            Err(modules::OpenError::Failed(text)) => Err(OpenError::Failed(text)),
        }
    }
}

impl Instance for modules::Instance {
    fn apply(&mut self, input: &Batch<'_>) -> Result<Answer, CallError> {
        match modules::Instance::apply(self, &batch_into_wit(input)) {
            Ok(answer) => Ok(Answer::from_wit(answer)),
            Err(modules::CallError::Refused(code)) => Err(CallError::Refused(Refusal::from_wit(code))),
            Err(modules::CallError::Failed(text)) => Err(CallError::Failed(text)),
        }
    }
}
