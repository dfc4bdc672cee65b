//! Why a node does not start or stop as it should.

use std::io;
use std::path::{Path, PathBuf};

use thalweg_tls::TlsError;

use crate::users::UsersError;

/// Why a node does not start or stop as it should. Each is one sentence with what to do.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// An address is not `HOST:PORT`.
    #[error("'{address}' is no address: give HOST:PORT, as 127.0.0.1:9123")]
    BadAddress {
        /// As given.
        address: String,
    },
    /// Something else listens there.
    #[error("{address} is taken: stop what listens there, or choose another address (port 0 picks a free port)")]
    AddressTaken {
        /// As given.
        address: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// As given.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// Another node holds the data folder.
    #[error("the data folder {} is in use by another node: stop that one, or give this one a folder of its own", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A newer version wrote the data folder.
    #[error(
        "the data folder {} has format {found}, and this version knows {known} at most: use the version that wrote it, or another folder",
        folder.display()
    )]
    NewerFormat {
        /// The folder.
        folder: PathBuf,
        /// Its format version.
        found: u32,
        /// The newest that this version knows.
        known: u32,
    },
    /// The folder holds something else than a node's data.
    #[error("{} is not the data folder of a node ({why}): give an empty folder or one that a node has made", folder.display())]
    NotAFolder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file of users cannot be used.
    #[error("the file of users {}: {cause}", path.display())]
    Users {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: UsersError,
    },
    /// The folder cannot be written.
    #[error("the data folder {} cannot be written: change its permissions, or give another one", folder.display())]
    NotWritable {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk is full.
    #[error("the disk of {} is full: free some space and start again", path.display())]
    DiskFull {
        /// What was to be written.
        path: PathBuf,
    },
    /// A file is damaged in a way that recovery does not mend.
    #[error("{} is damaged ({why}): restore it from a copy, or start with another data folder", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Storage {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The node failed while it ran, or while it started or stopped.
    #[error("the node has failed: {cause}; see its log and start it again, nothing that it acknowledged is lost")]
    Broken {
        /// What happened.
        cause: String,
    },
    /// The certificate, its key, or that of the clients' authority cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A thread could not be started.
    #[error("cannot start a thread: {source}")]
    Thread {
        /// What the system says.
        source: io::Error,
    },
}

impl NodeError {
    /// The error for a file operation on `path`, by what the system says.
    pub(crate) fn storage(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::NotWritable { folder: path },
            _ => Self::Storage { path, source },
        }
    }
}
