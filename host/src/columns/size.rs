//! How many bytes rows come to as flat columns, without flattening them.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;

/// What the columns of a batch hold once they are flattened, in bytes: `flatten(batch)?.bytes()`.
pub fn flattened_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(bytes).sum()
}

fn bytes(array: &ArrayRef) -> usize {
    let rows = array.len();
    let bitmap = rows.div_ceil(8);
    let validity = if array.null_count() > 0 { bitmap } else { 0 };
    validity
        + match array.data_type() {
            DataType::Boolean => bitmap,
            DataType::FixedSizeBinary(width) => rows * usize::try_from(*width).unwrap_or(0),
            DataType::Utf8 => {
                let offsets = array.as_string::<i32>().offsets();
                offset_bytes(offsets) + range(offsets).1
            }
            DataType::Binary => {
                let offsets = array.as_binary::<i32>().offsets();
                offset_bytes(offsets) + range(offsets).1
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let (begin, length) = range(list.offsets());
                offset_bytes(list.offsets()) + bytes(&list.values().slice(begin, length))
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let (begin, length) = range(map.offsets());
                let of = |values: &ArrayRef| bytes(&values.slice(begin, length));
                offset_bytes(map.offsets()) + of(map.keys()) + of(map.values())
            }
            DataType::Struct(_) => array.as_struct().columns().iter().map(bytes).sum(),
            // What has no width no table has either, and `flatten` refuses.
            other => rows * other.primitive_width().unwrap_or(0),
        }
}

/// Where the values of these offsets begin, and how many there are.
fn range(offsets: &OffsetBuffer<i32>) -> (usize, usize) {
    let (first, last) = (offsets.first(), offsets.last());
    // Arrow keeps offsets rising from 0 or more.
    (first as usize, (last - first) as usize)
}

fn offset_bytes(offsets: &OffsetBuffer<i32>) -> usize {
    size_of_val::<[i32]>(offsets)
}
