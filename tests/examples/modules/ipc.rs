//! The functions of tests/bench-modules by a component that takes and gives Arrow IPC streams: tests/arrow-ipc.

use std::cell::RefCell;

use anyhow::{Context, Result};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use arrow_select::filter::filter_record_batch;
use thalweg::runtime::Runtime;
use wasmtime::Store;
use wasmtime::component::{Linker, TypedFunc};

use crate::native::replaced;

type Apply = TypedFunc<(String, Vec<u8>), (Result<Vec<u8>, String>,)>;

/// The component, running.
pub(crate) struct Ipc {
    store: RefCell<Store<()>>,
    apply: Apply,
}

impl Ipc {
    /// Starts it on the engine that runs modules, so that both are compiled alike.
    pub(crate) fn start(runtime: &Runtime, component: &std::path::Path) -> Result<Ipc> {
        let component = runtime.component_file(component)?;
        let mut store = Store::new(runtime.engine(), ());
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = Linker::new(runtime.engine()).instantiate(&mut store, &component)?;
        let apply = instance.get_typed_func(&mut store, "apply")?;
        Ok(Ipc { store: RefCell::new(store), apply })
    }

    /// The whole batch in, the whole batch out.
    pub(crate) fn whole(&self, function: &str, batch: &RecordBatch) -> Result<RecordBatch> {
        self.call(function, batch)
    }

    /// Only the function's column in. A filter's comes back as booleans, a map's as it is to be.
    pub(crate) fn column(&self, function: &str, column: &str, batch: &RecordBatch) -> Result<RecordBatch> {
        let one = batch.project(&[batch.schema_ref().index_of(column)?])?;
        let made = self.call(function, &one)?;
        let made = made.columns().first().context("no column")?;
        match made.as_boolean_opt() {
            Some(kept) => Ok(filter_record_batch(batch, kept)?),
            None => replaced(batch, column, |_| Ok(made.clone())),
        }
    }

    fn call(&self, function: &str, batch: &RecordBatch) -> Result<RecordBatch> {
        let size = batch.get_array_memory_size();
        let mut writer = StreamWriter::try_new(Vec::with_capacity(size), batch.schema_ref())?;
        writer.write(batch)?;
        let stream = writer.into_inner()?;
        let mut store = self.store.borrow_mut();
        let (made,) = self.apply.call(&mut *store, (function.to_owned(), stream))?;
        let made = made.map_err(anyhow::Error::msg)?;
        StreamDecoder::new().decode(&mut Buffer::from_vec(made))?.context("no batch")
    }
}
