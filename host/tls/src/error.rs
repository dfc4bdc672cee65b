//! Why certificates or keys cannot be used.

use std::{
    io::{self, ErrorKind},
    path::PathBuf,
};

/// Why certificates or keys cannot be used. Each is one sentence with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read ({}); check the path and the permissions", path.display(), plainly(cause))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file is longer than any file of certificates.
    #[error("{} has more than {limit} bytes, which no file of certificates or keys has; name another file", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The longest that is read, in bytes.
        limit: u64,
    },
    /// A file is empty.
    #[error("{} is empty; it must have a {due} in PEM", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What it must have.
        due: &'static str,
    },
    /// A file has something else than what is due.
    #[error("{} has no {due} in PEM ({found}); {remedy}", path.display())]
    Lacking {
        /// The file.
        path: PathBuf,
        /// What it must have.
        due: &'static str,
        /// What it has.
        found: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A file begins as PEM and goes on otherwise.
    #[error("{} is damaged ({why}); get it anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate is none that can be used.
    #[error("the certificate in {} cannot be used ({why}); it must be an X.509 certificate of version 3", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A key is none that can be used.
    #[error("the key in {} cannot be used ({why}); take an RSA key of 2048 to 8192 bits, ECDSA P-256 or P-384, or Ed25519", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A certificate and a key that do not belong together.
    #[error("the key in {} is not that of the certificate in {}; name the two that belong together", key.display(), certificate.display())]
    Mismatch {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
    /// The operating system trusts nobody.
    #[error("the operating system has no certificates of authorities ({why}); name those to trust with --tls-ca FILE")]
    NoAuthorities {
        /// What was looked for.
        why: String,
    },
    /// A server's name is none.
    #[error("{name:?} is no name of a server; give a host name, as in a certificate, or an IP address")]
    ServerName {
        /// As given.
        name: String,
    },
    /// The TLS library refuses, where no other case fits.
    #[error("TLS cannot be set up: {0}")]
    Other(String),
}

/// What the system says, in fewer words where that is enough.
fn plainly(cause: &io::Error) -> String {
    match cause.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => cause.to_string(),
    }
}
