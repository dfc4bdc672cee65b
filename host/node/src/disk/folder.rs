//! The data folder: its lock, its format version, and where in it things lie.
//!
//! ```text
//! node.lock                        held while a node runs
//! format                           the version of all this, a number
//! catalog.json                     databases, tables, counters
//! tables/TABLE-ID/BUCKET/          one log: {base offset}.log, .index, and a checkpoint
//! keys/                            the rows of primary-key tables, by key
//! tables/TABLE-ID/pPARTITION-ID/BUCKET/   one log of a partition
//! ```

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::file::write_whole;
use crate::error::NodeError;
use crate::ids::{BucketId, PhysicalTable};

/// The format version that this code writes. Format 1 is the same without partitions and keys.
const FORMAT: u32 = 2;

/// What the names of partitions' folders begin with.
const PARTITION: &str = "p";

/// A locked data folder; dropping it gives the lock back.
#[derive(Debug)]
pub(crate) struct DataFolder {
    root: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder where it is missing, locks it and checks its format.
    pub(crate) fn open(root: &Path) -> Result<Self, NodeError> {
        fs::create_dir_all(root).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => NodeError::NotAFolder {
                folder: root.to_path_buf(),
                why: "a file of that name is in the way".to_owned(),
            },
            _ => NodeError::storage(root, source),
        })?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join("node.lock"))
            .map_err(|source| NodeError::storage(root, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(NodeError::InUse { folder: root.to_path_buf() }),
            Err(TryLockError::Error(source)) => return Err(NodeError::storage(root, source)),
        }
        let folder = Self { root: root.to_path_buf(), _lock: lock };
        folder.check_format()?;
        let tables = folder.tables();
        fs::create_dir_all(&tables).map_err(|source| NodeError::storage(&tables, source))?;
        Ok(folder)
    }

    fn check_format(&self) -> Result<(), NodeError> {
        let path = self.root.join("format");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.begin(&path),
            Err(source) => return Err(NodeError::storage(&path, source)),
        };
        let found: u32 = text
            .trim()
            .parse()
            .map_err(|_| NodeError::Damaged { path: path.clone(), why: "it holds no version number".to_owned() })?;
        if found > FORMAT {
            return Err(NodeError::NewerFormat { folder: self.root.clone(), found, known: FORMAT });
        }
        if found < FORMAT {
            // What this code writes from now on, an older version would not know.
            write_format(&path)?;
        }
        Ok(())
    }

    /// Begins a new data folder; one that holds other things is refused, so that nothing foreign is ever cleaned up.
    fn begin(&self, format: &Path) -> Result<(), NodeError> {
        let entries = fs::read_dir(&self.root).map_err(|source| NodeError::storage(&self.root, source))?;
        for entry in entries {
            let name = entry.map_err(|source| NodeError::storage(&self.root, source))?.file_name();
            let name = name.to_string_lossy();
            if name != "node.lock" && name != "format.tmp" && !name.starts_with('.') && name != "lost+found" {
                return Err(NodeError::NotAFolder { folder: self.root.clone(), why: format!("it holds '{name}'") });
            }
        }
        write_format(format)
    }

    /// The catalogue's file.
    pub(crate) fn catalog(&self) -> PathBuf {
        self.root.join("catalog.json")
    }

    /// The folder of all tables.
    pub(crate) fn tables(&self) -> PathBuf {
        self.root.join("tables")
    }

    /// The folder of the rows of primary-key tables.
    pub(crate) fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Deletes what tables and partitions that are no more have left behind.
    pub(crate) fn clean(&self, live: &HashSet<PhysicalTable>) -> Result<(), NodeError> {
        let tables: HashSet<i64> = live.iter().map(|table| table.table).collect();
        for (table, path) in numbered(&self.tables(), "")? {
            if !tables.contains(&table) {
                fs::remove_dir_all(&path).map_err(|source| NodeError::storage(&path, source))?;
                continue;
            }
            for (partition, path) in numbered(&path, PARTITION)? {
                if !live.contains(&PhysicalTable { table, partition: Some(partition) }) {
                    fs::remove_dir_all(&path).map_err(|source| NodeError::storage(&path, source))?;
                }
            }
        }
        Ok(())
    }
}

/// The folder of a table or partition in that of all tables.
pub(crate) fn table_folder(tables: &Path, id: PhysicalTable) -> PathBuf {
    let table = tables.join(id.table.to_string());
    id.partition.map_or(table.clone(), |partition| table.join(format!("{PARTITION}{partition}")))
}

/// The folder of a bucket in that of all tables.
pub(crate) fn bucket_folder(tables: &Path, id: BucketId) -> PathBuf {
    table_folder(tables, id.physical()).join(id.bucket.to_string())
}

/// What is in a folder and has `prefix` and a number as its name.
fn numbered(folder: &Path, prefix: &str) -> Result<Vec<(i64, PathBuf)>, NodeError> {
    let failed = |source| NodeError::storage(folder, source);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(prefix));
        if let Some(number) = name.and_then(|name| name.parse().ok()) {
            found.push((number, path));
        }
    }
    Ok(found)
}

fn write_format(path: &Path) -> Result<(), NodeError> {
    write_whole(path, format!("{FORMAT}\n").as_bytes(), true).map_err(|source| NodeError::storage(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_node_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap();
        let error = DataFolder::open(folder.path()).unwrap_err();
        assert!(matches!(error, NodeError::InUse { .. }), "{error}");
        drop(first);
        DataFolder::open(folder.path()).unwrap();
    }

    #[test]
    fn a_newer_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("format"), "3\n").unwrap();
        let error = DataFolder::open(folder.path()).unwrap_err();
        assert!(matches!(error, NodeError::NewerFormat { found: 3, known: 2, .. }), "{error}");
    }

    #[test]
    fn an_older_format_is_raised() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("format"), "1\n").unwrap();
        DataFolder::open(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("format")).unwrap(), "2\n");
    }

    #[test]
    fn a_folder_with_other_things_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("letter.txt"), "dear").unwrap();
        let error = DataFolder::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains("letter.txt"), "{error}");
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        fs::write(&path, "").unwrap();
        let error = DataFolder::open(&path).unwrap_err();
        assert!(matches!(error, NodeError::NotAFolder { .. }), "{error}");
    }

    #[test]
    fn leftovers_of_dropped_tables_and_partitions_go() {
        let root = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(root.path()).unwrap();
        for path in ["3/0", "4/0", "5/p8/0", "5/p9/0"] {
            fs::create_dir_all(folder.tables().join(path)).unwrap();
        }
        let live = [(4, None), (5, Some(9))].map(|(table, partition)| PhysicalTable { table, partition });
        folder.clean(&HashSet::from(live)).unwrap();
        let left = |path: &str| folder.tables().join(path).exists();
        assert_eq!(["3", "4/0", "5/p8", "5/p9/0"].map(left), [false, true, false, true]);
    }
}
