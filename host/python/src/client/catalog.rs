//! What the catalogue tells, as objects of `thalweg._types`.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict as _, PyDict, PyString, PyTuple};
use thalweg::client::{Bucket, BucketOffsets, DatabaseInfo, PartitionInfo, TableInfo};

use crate::batch::Schema;

/// An instance of a class of `thalweg._types`.
pub(super) fn made<'py>(
    py: Python<'py>,
    class: &str,
    arguments: impl for<'a> pyo3::call::PyCallArgs<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import(intern!(py, "thalweg._types")).map(Bound::unbind))?;
    module.bind(py).getattr(PyString::new(py, class))?.call1(arguments)
}

/// A bucket of a table or of a partition.
pub(super) fn bucket(py: Python<'_>, bucket: Bucket) -> PyResult<Bound<'_, PyAny>> {
    made(py, "Bucket", (bucket.bucket, bucket.partition))
}

pub(super) fn database(py: Python<'_>, info: DatabaseInfo) -> PyResult<Bound<'_, PyAny>> {
    let properties = info.custom_properties.into_py_dict(py)?;
    made(py, "DatabaseInfo", (info.name, info.comment, properties, info.created, info.modified))
}

pub(super) fn table(py: Python<'_>, info: TableInfo) -> PyResult<Bound<'_, PyAny>> {
    let TableInfo { path, table_id, schema_id, descriptor, created, modified } = info;
    let schema = arrow_schema::Schema::from(&descriptor.schema);
    let names = |list: Vec<String>| PyTuple::new(py, list);
    let key = names(descriptor.schema.primary_key_names().map(str::to_owned).collect())?;
    let properties: Bound<'_, PyDict> =
        descriptor.properties.into_iter().chain(descriptor.custom_properties).into_py_dict(py)?;
    let named = [
        ("database", path.database.into_pyobject(py)?.into_any()),
        ("name", path.table.into_pyobject(py)?.into_any()),
        ("table_id", table_id.into_pyobject(py)?.into_any()),
        ("schema_id", schema_id.into_pyobject(py)?.into_any()),
        ("schema", Schema { schema: schema.into() }.into_pyobject(py)?.into_any()),
        ("primary_key", key.into_any()),
        ("partition_by", names(descriptor.partition_keys)?.into_any()),
        ("bucket_key", names(descriptor.bucket_keys)?.into_any()),
        ("buckets", descriptor.bucket_count.into_pyobject(py)?.into_any()),
        ("properties", properties.into_any()),
        ("comment", descriptor.comment.into_pyobject(py)?.into_any()),
        ("created", created.into_pyobject(py)?.into_any()),
        ("modified", modified.into_pyobject(py)?.into_any()),
    ];
    made(py, "TableInfo", PyTuple::new(py, named.into_iter().map(|(_, value)| value))?)
}

pub(super) fn offsets(py: Python<'_>, offsets: BucketOffsets) -> PyResult<Bound<'_, PyAny>> {
    made(py, "BucketOffsets", (bucket(py, offsets.bucket)?, offsets.earliest, offsets.latest, offsets.rows))
}

pub(super) fn partition(py: Python<'_>, info: PartitionInfo) -> PyResult<Bound<'_, PyAny>> {
    made(py, "PartitionInfo", (info.name, info.partition_id, info.spec.into_py_dict(py)?))
}
