//! Rows, outcomes and chains from and into WIT.

use thalweg_chain::{
    AnswerLimits, Exception, ExceptionKind, Policies, Policy, Tally,
    column::{OwnedColumn, OwnedValues},
};
use thalweg_contract::{Error, wit::IntoWit};

use crate::{
    ExceptionOf, FoundRows, ModuleSpec, Outcome, Rows, ScanRows,
    bindings::{chain, client, types},
    chain::invalid,
    rows::of_arrays,
};

pub(super) fn module(module: client::Module) -> ModuleSpec {
    let chain::Stage { name, on_error, on_failure, answer_bytes, answer_rows } = module.stage;
    let usual = ModuleSpec::new(&name, &module.config);
    let size = |given: Option<u32>, usual: usize| given.map_or(usual, |given| given as usize);
    ModuleSpec {
        policies: Policies { on_error: policy(on_error), on_failure: policy(on_failure) },
        limits: AnswerLimits {
            bytes: size(answer_bytes, usual.limits.bytes),
            rows: size(answer_rows, usual.limits.rows),
        },
        ..usual
    }
}

fn policy(policy: chain::Policy) -> Policy {
    match policy {
        chain::Policy::Fail => Policy::Fail,
        chain::Policy::Drop => Policy::Drop,
        chain::Policy::Pass => Policy::Pass,
        chain::Policy::DeadLetter(table) => Policy::DeadLetter(table),
    }
}

pub(super) fn outcome(outcome: Outcome) -> Result<client::Outcome, Error> {
    let Outcome { fates, origins, tallies, exceptions } = outcome;
    Ok(client::Outcome {
        fates: fates.into_wit(),
        origins,
        tallies: tallies.into_iter().map(tally).collect(),
        exceptions: exceptions.into_iter().map(exception).collect::<Result<_, _>>()?,
    })
}

pub(super) fn found(found: FoundRows) -> client::Found {
    client::Found { counts: found.counts, batch: batch(found.rows) }
}

pub(super) fn rows(given: ScanRows) -> Result<client::Rows, Error> {
    let ScanRows { bucket, offset, timestamp, origins, changes, tallies, exceptions, rows } = given;
    Ok(client::Rows {
        bucket: bucket.into_wit(),
        offset,
        timestamp,
        origins,
        changes: changes.map(IntoWit::into_wit),
        tallies: tallies.into_iter().map(tally).collect(),
        exceptions: exceptions.into_iter().map(exception).collect::<Result<_, _>>()?,
        batch: batch(rows),
    })
}

fn tally(tally: Tally) -> chain::Tally {
    let Tally { filtered, dropped, dead_lettered } = tally;
    chain::Tally { filtered, dropped, dead_lettered }
}

fn exception(of: ExceptionOf) -> Result<chain::Exception, Error> {
    let Exception { kind, policy, rows, causes, messages, dead_letters, .. } = of.exception;
    let letters = dead_letters.map(|letters| of_arrays(&letters).map(batch).map_err(invalid)).transpose()?;
    Ok(chain::Exception {
        stage: of.stage,
        kind: match kind {
            ExceptionKind::Refused => chain::ExceptionKind::Refused,
            ExceptionKind::Failed => chain::ExceptionKind::Failed,
        },
        policy: match policy {
            Policy::Fail => chain::Policy::Fail,
            Policy::Drop => chain::Policy::Drop,
            Policy::Pass => chain::Policy::Pass,
            Policy::DeadLetter(table) => chain::Policy::DeadLetter(table),
        },
        rows,
        causes,
        messages,
        dead_letters: letters,
    })
}

pub(super) fn batch(rows: Rows) -> types::Batch {
    let columns = rows.columns.into_iter().map(column).collect();
    types::Batch { rows: u32::try_from(rows.rows).unwrap_or(u32::MAX), columns }
}

fn column(column: OwnedColumn) -> types::Column {
    let values = match column.values {
        OwnedValues::Bits(bits) => types::Values::Bits(bits),
        OwnedValues::Int8(values) => types::Values::Int8(values),
        OwnedValues::Int16(values) => types::Values::Int16(values),
        OwnedValues::Int32(values) => types::Values::Int32(values),
        OwnedValues::Int64(values) => types::Values::Int64(values),
        OwnedValues::Float32(values) => types::Values::Float32(values),
        OwnedValues::Float64(values) => types::Values::Float64(values),
        OwnedValues::Fixed(bytes) => types::Values::Fixed(bytes),
        OwnedValues::Spans(offsets, bytes) => types::Values::Spans(types::Spans { offsets, bytes }),
        OwnedValues::Offsets(offsets) => types::Values::Offsets(offsets),
        OwnedValues::None => types::Values::None,
    };
    types::Column { validity: column.validity, values }
}
