//! The options of TLS, for commands that connect to a server.

use std::path::PathBuf;

use clap::Args;

use super::options::CONNECTION;
use crate::client::{Identity, Tls};

/// How connections are encrypted.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct TlsFlags {
    /// Encrypt connections with TLS; each of the options below does that too
    #[arg(long, global = true, help_heading = CONNECTION)]
    tls: bool,
    /// Trust the authorities whose certificates are in this PEM file, and no others [default: those that the system trusts]
    #[arg(long, global = true, value_name = "FILE", help_heading = CONNECTION)]
    tls_ca: Option<PathBuf>,
    /// Show this certificate (PEM) to servers that ask for one
    #[arg(long, global = true, value_name = "FILE", help_heading = CONNECTION)]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate (PEM)
    #[arg(long, global = true, value_name = "FILE", help_heading = CONNECTION)]
    tls_key: Option<PathBuf>,
    /// The name that certificates of servers must be for [default: the host of each address]
    #[arg(long, global = true, value_name = "NAME", help_heading = CONNECTION)]
    tls_server_name: Option<String>,
}

impl TlsFlags {
    /// Whether connections are to be encrypted, whatever else is said.
    pub(super) fn is_on(&self) -> bool {
        self.tls
    }

    /// What they say; `None`: nothing. Fails on a certificate without its key and the reverse.
    pub(super) fn options(&self) -> Result<Option<Tls>, String> {
        let Self { tls, tls_ca: ca, tls_cert, tls_key, tls_server_name: server_name } = self.clone();
        let identity = match (tls_cert, tls_key) {
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            (None, None) => None,
            (Some(_), None) => return Err("--tls-cert needs --tls-key FILE, the private key of the certificate".into()),
            (None, Some(_)) => return Err("--tls-key needs --tls-cert FILE, the certificate of the key".into()),
        };
        let options = Tls { ca, identity, server_name };
        Ok((tls || options != Tls::default()).then_some(options))
    }

    /// One of the options that was given; of those that `serve` has too, one only if `serve` is not meant.
    pub(super) fn given(&self, serve: bool) -> Option<&'static str> {
        let own = [(self.tls_cert.is_some(), "--tls-cert"), (self.tls_key.is_some(), "--tls-key")];
        let others = [
            (self.tls, "--tls"),
            (self.tls_ca.is_some(), "--tls-ca"),
            (self.tls_server_name.is_some(), "--tls-server-name"),
        ];
        let own = own.into_iter().filter(|_| !serve);
        others.into_iter().chain(own).find_map(|(given, name)| given.then_some(name))
    }
}
