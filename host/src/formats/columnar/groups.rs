//! Parquet in: row groups, read page by page.

use std::fs::File;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Fields, Schema, SchemaRef, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::basic::Type;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::PageReader;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{FileMetaData, ParquetMetaData, ParquetStatisticsPolicy, RowGroupMetaData};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type as SchemaType;

use super::deltas::CheckedPages;
use super::footer::check_footer;
use super::int96::{self, Times, with_unit};
use super::pages::check_pages;
use super::{Batches, UNBACKED_ROWS};

/// Rows that are read at once where only their times are looked at.
const LOOK_ROWS: usize = 65_536;

/// A Parquet file whose footer was read.
pub(super) struct ParquetFile {
    file: Checked,
    /// The columns; times of 96 bits in nanoseconds.
    schema: SchemaRef,
}

impl ParquetFile {
    /// Reads the footer.
    pub(super) fn open(file: File) -> Result<Self, String> {
        let size = file.metadata().map_err(|error| error.to_string())?.len();
        check_footer(&file)?;
        // Statistics are not wanted, and wrong in files that are found.
        let options = ArrowReaderOptions::new()
            .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
        let read = ArrowReaderMetadata::load(&file, options).map_err(|error| parquet_reason(&error))?;
        let file = Checked { file: Arc::new(file), size, metadata: counted(read.metadata())? };
        Ok(Self { file, schema: Arc::clone(read.schema()) })
    }

    /// How many rows it has, as its footer says.
    pub(super) fn row_count(&self) -> u64 {
        self.file.metadata.file_metadata().num_rows().try_into().unwrap_or(0)
    }

    /// The rows, so many in a batch at most.
    pub(super) fn rows(self, batch_rows: usize) -> Result<Batches, String> {
        let all = ProjectionMask::all();
        if !self.has_int96() {
            let batches = self.read(&all, self.schema.fields(), batch_rows)?;
            return Ok(Box::new(batches.map(|batch| batch.map_err(|error| parquet_reason(&error)))));
        }
        let batches = self.read(&all, &self.in_unit(TimeUnit::Microsecond), batch_rows)?;
        let mut times = self.times(batch_rows)?;
        Ok(Box::new(batches.map(move |batch| times.put(batch.map_err(|error| parquet_reason(&error))?))))
    }

    /// The columns; times of 96 bits in the unit that holds all of them.
    pub(super) fn exact_schema(self) -> Result<Schema, String> {
        if !self.has_int96() {
            return Ok(self.schema.as_ref().clone());
        }
        let mut unit = TimeUnit::Microsecond;
        let mut times = self.times(LOOK_ROWS)?;
        while let Some(columns) = times.next_columns()? {
            if columns.iter().any(|column| int96::is_in_nanoseconds(column.data_type())) {
                unit = TimeUnit::Nanosecond;
            }
        }
        Ok(Schema::new_with_metadata(self.in_unit(unit), self.schema.metadata().clone()))
    }

    fn has_int96(&self) -> bool {
        self.leaves().any(|leaf| leaf == Type::INT96)
    }

    /// The types of the leaves, depth first.
    fn leaves(&self) -> impl Iterator<Item = Type> {
        self.file.metadata.file_metadata().schema_descr().columns().iter().map(|leaf| leaf.physical_type())
    }

    fn in_unit(&self, unit: TimeUnit) -> Fields {
        let leaves: Vec<bool> = self.leaves().map(|leaf| leaf == Type::INT96).collect();
        with_unit(self.schema.fields(), &mut leaves.into_iter(), unit)
    }

    /// The columns that have times of 96 bits, in all units at once.
    fn times(&self, batch_rows: usize) -> Result<Times, String> {
        let schema = self.file.metadata.file_metadata().schema_descr();
        let leaves = self.leaves().enumerate().filter(|(_, leaf)| *leaf == Type::INT96);
        let mut roots: Vec<usize> = leaves.map(|(at, _)| schema.get_column_root_idx(at)).collect();
        roots.dedup();
        let mask = ProjectionMask::roots(schema, roots.iter().copied());
        let read = |unit| self.read(&mask, &self.in_unit(unit), batch_rows);
        let units = [TimeUnit::Microsecond, TimeUnit::Nanosecond, TimeUnit::Second];
        let [micros, nanos, seconds] = units.map(read);
        Ok(Times::new(roots, [micros?, nanos?, seconds?]))
    }

    fn read(
        &self,
        mask: &ProjectionMask,
        fields: &Fields,
        batch_rows: usize,
    ) -> Result<ParquetRecordBatchReader, String> {
        let schema = self.file.metadata.file_metadata().schema_descr();
        let file: Arc<dyn FileReader> = Arc::new(self.file.clone());
        let levels = parquet_to_arrow_field_levels(schema, mask.clone(), Some(fields));
        let reader = levels
            .and_then(|levels| ParquetRecordBatchReader::try_new_with_row_groups(&levels, &file, batch_rows, None));
        reader.map_err(|error| parquet_reason(&error))
    }
}

/// A file whose column chunks are checked before they are read.
#[derive(Clone)]
struct Checked {
    file: Arc<File>,
    size: u64,
    metadata: Arc<ParquetMetaData>,
}

/// One of its row groups.
struct Group<'a> {
    of: &'a Checked,
    metadata: &'a RowGroupMetaData,
}

impl FileReader for Checked {
    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }

    fn num_row_groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    fn get_row_group(&self, at: usize) -> ParquetResult<Box<dyn RowGroupReader + '_>> {
        let count = self.metadata.num_row_groups();
        let metadata = self.metadata.row_groups().get(at).ok_or(ParquetError::IndexOutOfBound(at, count))?;
        Ok(Box::new(Group { of: self, metadata }))
    }

    fn get_row_iter(&self, _: Option<SchemaType>) -> ParquetResult<RowIter<'_>> {
        Err(ParquetError::NYI("rows are read in batches".into()))
    }
}

impl RowGroupReader for Group<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.metadata
    }

    fn num_columns(&self) -> usize {
        self.metadata.num_columns()
    }

    fn get_column_page_reader(&self, at: usize) -> ParquetResult<Box<dyn PageReader>> {
        let missing = || ParquetError::General("it is damaged: a row group has less columns than the file".into());
        let chunk = self.metadata.columns().get(at).ok_or_else(missing)?;
        check_pages(&self.of.file, self.of.size, chunk).map_err(ParquetError::General)?;
        let rows = usize::try_from(self.metadata.num_rows())?;
        let pages = SerializedPageReader::new(Arc::clone(&self.of.file), chunk, rows, None)?;
        Ok(Box::new(CheckedPages::new(pages, chunk.column_descr())))
    }

    fn get_column_bloom_filter(&self, _: usize) -> Option<&Sbbf> {
        None
    }

    fn get_row_iter(&self, _: Option<SchemaType>) -> ParquetResult<RowIter<'_>> {
        Err(ParquetError::NYI("rows are read in batches".into()))
    }
}

/// The metadata with as many rows as the row groups have: what the footer says of all of them together is missing in files
/// that are found.
fn counted(metadata: &Arc<ParquetMetaData>) -> Result<Arc<ParquetMetaData>, String> {
    let mut rows = 0_i64;
    for group in metadata.row_groups() {
        let sum = rows.checked_add(group.num_rows()).filter(|sum| *sum >= rows);
        rows = sum.ok_or("it is damaged: a row group has a wrong number of rows")?;
    }
    let file = metadata.file_metadata();
    if file.schema_descr().num_columns() == 0 && rows.unsigned_abs() > UNBACKED_ROWS {
        return Err(format!("it has no columns, and {rows} rows"));
    }
    if file.num_rows() == rows {
        return Ok(Arc::clone(metadata));
    }
    let file = FileMetaData::new(
        file.version(),
        rows,
        file.created_by().map(str::to_owned),
        file.key_value_metadata().cloned(),
        file.schema_descr_ptr(),
        file.column_orders().cloned(),
    );
    Ok(Arc::new(ParquetMetaData::new(file, metadata.row_groups().to_vec())))
}

/// A message of the library without the names of the kinds of errors that it went through.
pub(super) fn parquet_reason(error: &dyn std::fmt::Display) -> String {
    const KINDS: [&str; 5] = ["Parquet argument error: ", "Parquet error: ", "Arrow: ", "External: ", "EOF: "];
    let text = error.to_string();
    let mut rest = text.as_str();
    while let Some(next) = KINDS.iter().find_map(|kind| rest.strip_prefix(kind)) {
        rest = next;
    }
    rest.to_owned()
}

impl Times {
    /// Puts the times into a batch that was read beside them.
    fn put(&mut self, batch: RecordBatch) -> Result<RecordBatch, String> {
        let columns = self.next_columns()?.ok_or("it is damaged: its columns have different numbers of rows")?;
        self.replace(&batch, columns)
    }
}
