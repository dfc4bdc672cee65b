//! Single properties of a table, asked for by those who need no others.

use super::read::{
    delete_behavior, kv_format, kv_format_version, lake_format, log_compression, log_format, merge_engine,
};
use super::values::Values;
use super::{
    AutoPartition, DeleteBehavior, KvFormat, LakeFormat, LogCompression, LogFormat, MergeEngine, PropertyError,
};
use crate::table::TableDescriptor;

impl TableDescriptor {
    /// How the log is stored.
    ///
    /// # Errors
    /// If the property is none of the three.
    pub fn log_format(&self) -> Result<LogFormat, PropertyError> {
        log_format(Values(&self.properties))
    }

    /// How Arrow buffers are compressed. Like Fluss, this reads the level only for zstd.
    ///
    /// # Errors
    /// If the codec is none of the three or the level is not 1 to 22.
    pub fn log_compression(&self) -> Result<LogCompression, PropertyError> {
        log_compression(Values(&self.properties))
    }

    /// The lake, if one is named.
    ///
    /// # Errors
    /// If the property is none of the three.
    pub fn lake_format(&self) -> Result<Option<LakeFormat>, PropertyError> {
        lake_format(Values(&self.properties))
    }

    /// How the rows of keys are stored.
    ///
    /// # Errors
    /// If the property is neither of the two.
    pub fn kv_format(&self) -> Result<KvFormat, PropertyError> {
        kv_format(Values(&self.properties))
    }

    /// How keys are written: 1, which tables without the property have, or 2.
    ///
    /// # Errors
    /// If the property is neither of the two.
    pub fn kv_format_version(&self) -> Result<u8, PropertyError> {
        kv_format_version(Values(&self.properties))
    }

    /// What becomes of rows with the same key; `None`: the last one stays.
    ///
    /// # Errors
    /// If the property is none of the three.
    pub fn merge_engine(&self) -> Result<Option<MergeEngine>, PropertyError> {
        merge_engine(Values(&self.properties))
    }

    /// What becomes of deletions, if the table says.
    ///
    /// # Errors
    /// If the property is none of the three.
    pub fn delete_behavior(&self) -> Result<Option<DeleteBehavior>, PropertyError> {
        delete_behavior(Values(&self.properties))
    }

    /// How partitions follow the time.
    ///
    /// # Errors
    /// If one of the properties has a value that it cannot have.
    pub fn auto_partition(&self) -> Result<AutoPartition, PropertyError> {
        AutoPartition::parse(Values(&self.properties))
    }
}
