//! What a client trusts and shows, and what a server shows.

use std::path::PathBuf;

/// How a client encrypts its connections. The default trusts the authorities that the operating system trusts, shows no
/// certificate, and expects of each server a certificate for the host that it is connected to by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file with the certificates of the authorities that are trusted, and no others. Default: those of the
    /// operating system.
    pub ca: Option<PathBuf>,
    /// The client's own certificate, for servers that ask for one. Default: none.
    pub identity: Option<Identity>,
    /// The name that certificates of servers must be for, whatever the address: of all servers that the client connects
    /// to. Default: the host of each address, which may be a name or an IP address.
    pub server_name: Option<String>,
}

/// A certificate and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A PEM file with the certificate, and behind it those that lead to its authority.
    pub certificate: PathBuf,
    /// A PEM file with the private key of the certificate (PKCS #8, PKCS #1 or SEC 1), not encrypted.
    pub key: PathBuf,
}

/// How a server encrypts its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTls {
    /// The server's certificate.
    pub identity: Identity,
    /// A PEM file with the certificates of authorities. With it every client must show a certificate of one of them.
    /// Default: clients show none.
    pub client_ca: Option<PathBuf>,
}

impl ServerTls {
    /// All files that it names.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.identity.certificate, &self.identity.key].into_iter().chain(&self.client_ca)
    }
}
