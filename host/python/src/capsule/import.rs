//! Columns, batches and streams that others give through the PyCapsule interface.

use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StructArray, make_array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::error::Failure;

const ARRAY: &CStr = c"arrow_array";
const SCHEMA: &CStr = c"arrow_schema";
const STREAM: &CStr = c"arrow_array_stream";

/// A stream of arrays that somebody else makes. Each call may run the maker's code, and wait for it.
pub(crate) struct Batches {
    stream: FFI_ArrowArrayStream,
    field: Field,
}

/// The array and its field that an object with `__arrow_c_array__` or `__arrow_c_stream__` gives, the chunks of a stream put
/// together; `None` for an object that has neither.
pub(crate) fn column(object: &Bound<'_, PyAny>) -> Result<Option<(ArrayRef, Field)>, Failure> {
    let py = object.py();
    if object.hasattr(intern!(py, "__arrow_c_array__"))? {
        return array(object).map(Some);
    }
    let Some(mut stream) = open(object)? else { return Ok(None) };
    let mut chunks = Vec::new();
    while let Some(chunk) = py.detach(|| stream.next_array()).transpose()? {
        chunks.push(chunk);
    }
    let chunks: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
    let whole = match chunks.is_empty() {
        true => arrow_array::new_empty_array(stream.field.data_type()),
        false => arrow_select::concat::concat(&chunks)?,
    };
    Ok(Some((whole, stream.field)))
}

/// The batches that an object with `__arrow_c_array__` or `__arrow_c_stream__` gives: one at once, or a stream of them;
/// `None` for an object that has neither.
pub(crate) fn stream_of(object: &Bound<'_, PyAny>) -> Result<Option<Result<RecordBatch, Batches>>, Failure> {
    if object.hasattr(intern!(object.py(), "__arrow_c_array__"))? {
        let (array, field) = array(object)?;
        return Ok(Some(Ok(batch(array, &field)?)));
    }
    let Some(stream) = open(object)? else { return Ok(None) };
    columns(&stream.field)?;
    Ok(Some(Err(stream)))
}

fn array(object: &Bound<'_, PyAny>) -> Result<(ArrayRef, Field), Failure> {
    let capsules = object.call_method0(intern!(object.py(), "__arrow_c_array__"))?;
    let capsules = capsules.cast::<PyTuple>().map_err(PyErr::from)?;
    let (schema, array) = (capsules.get_item(0)?, capsules.get_item(1)?);
    let schema = pointer::<FFI_ArrowSchema>(&schema, SCHEMA)?;
    let array = pointer::<FFI_ArrowArray>(&array, ARRAY)?;
    #[expect(unsafe_code, reason = "the C data interface is made of pointers")]
    // SAFETY: the names of the capsules say that they hold a schema and an array, which they own; the array is moved out of
    // its capsule, as the interface demands of a consumer, and the schema is only read while its capsule lives.
    let (field, array) = unsafe { (Field::try_from(&*schema)?, FFI_ArrowArray::from_raw(array)) };
    Ok((take(array, &field)?, field))
}

fn open(object: &Bound<'_, PyAny>) -> Result<Option<Batches>, Failure> {
    let py = object.py();
    if !object.hasattr(intern!(py, "__arrow_c_stream__"))? {
        return Ok(None);
    }
    let capsule = object.call_method0(intern!(py, "__arrow_c_stream__"))?;
    let stream = pointer::<FFI_ArrowArrayStream>(&capsule, STREAM)?;
    #[expect(unsafe_code, reason = "the C stream interface is made of pointers")]
    // SAFETY: the name of the capsule says that it holds a stream, which is moved out of it, as the interface demands.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream) };
    if stream.release().is_none() {
        return Err(Failure::Invalid("the Arrow stream was read already; take another of its maker".into()));
    }
    Ok(Some(Batches::new(stream)?))
}

fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &CStr) -> Result<*mut T, Failure> {
    let capsule = capsule.cast::<PyCapsule>().map_err(PyErr::from)?;
    Ok(capsule.pointer_checked(Some(name))?.cast::<T>().as_ptr())
}

/// An array of this field that was moved out of its place.
fn take(array: FFI_ArrowArray, field: &Field) -> Result<ArrayRef, ArrowError> {
    if array.is_released() {
        return Err(ArrowError::CDataInterface("the array was taken already".into()));
    }
    #[expect(unsafe_code, reason = "the C data interface is made of pointers")]
    // SAFETY: the maker says that the array has this type; it is of this process, and trusted as the interface demands.
    let data = unsafe { from_ffi_and_data_type(array, field.data_type().clone()) }?;
    Ok(make_array(data))
}

/// The columns that a struct's field has as a schema.
fn columns(field: &Field) -> Result<SchemaRef, Failure> {
    match field.data_type() {
        DataType::Struct(fields) => Ok(Arc::new(Schema::new(fields.clone()))),
        other => Err(Failure::Invalid(format!(
            "rows are columns with names, and this is one column of the Arrow type {other}; give a table, a data frame or a \
             record batch"
        ))),
    }
}

fn batch(array: ArrayRef, field: &Field) -> Result<RecordBatch, Failure> {
    let schema = columns(field)?;
    let rows = array.as_any().downcast_ref::<StructArray>();
    let rows = rows.ok_or_else(|| Failure::Invalid("rows are columns with names".into()))?;
    if let Some(row) = (0..rows.len()).find(|row| rows.is_null(*row)) {
        return Err(Failure::Row { row: row as u64, cause: "the whole row is null, which no table holds".into() });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(schema, rows.columns().to_vec(), &options)?)
}

impl Batches {
    fn new(mut stream: FFI_ArrowArrayStream) -> Result<Self, Failure> {
        let mut schema = FFI_ArrowSchema::empty();
        let get_schema = stream.get_schema();
        let get = get_schema.ok_or_else(|| Failure::Invalid("the Arrow stream has no schema".into()))?;
        #[expect(unsafe_code, reason = "the C stream interface is made of functions by pointer")]
        // SAFETY: the function is the stream's own, and the stream was not released; what it writes is owned by `schema`.
        let status = unsafe { get(&raw mut stream, &raw mut schema) };
        if status != 0 {
            return Err(failed(&mut stream, status));
        }
        Ok(Self { field: Field::try_from(&schema)?, stream })
    }

    /// The columns of every batch.
    pub(crate) fn schema(&self) -> Result<SchemaRef, Failure> {
        columns(&self.field)
    }

    /// The next batch; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Result<RecordBatch, Failure>> {
        Some(self.next_array()?.and_then(|array| batch(array, &self.field)))
    }

    fn next_array(&mut self) -> Option<Result<ArrayRef, Failure>> {
        let Some(get) = self.stream.get_next() else {
            return Some(Err(Failure::Invalid("the Arrow stream has no function to read it".into())));
        };
        let mut array = FFI_ArrowArray::empty();
        #[expect(unsafe_code, reason = "the C stream interface is made of functions by pointer")]
        // SAFETY: as in `new`; what it writes is owned by `array`.
        let status = unsafe { get(&raw mut self.stream, &raw mut array) };
        if status != 0 {
            return Some(Err(failed(&mut self.stream, status)));
        }
        (!array.is_released()).then(|| take(array, &self.field).map_err(Failure::from))
    }
}

/// Why a function of a stream failed.
fn failed(stream: &mut FFI_ArrowArrayStream, status: i32) -> Failure {
    let text = stream.get_last_error().and_then(|get| {
        #[expect(unsafe_code, reason = "the C stream interface is made of functions by pointer")]
        // SAFETY: the last function of the stream failed; its text is there until the next is called, and is copied.
        let text = unsafe {
            let text = get(stream);
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        };
        text
    });
    let text = text.unwrap_or_else(|| format!("it says no more than {status}"));
    Failure::Invalid(format!("the maker of the Arrow stream failed: {text}"))
}
