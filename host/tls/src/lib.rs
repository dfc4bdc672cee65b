//! TLS for the client and for the node: certificates and keys from PEM files, TLS 1.3 and 1.2, and errors that say what
//! to do. What passes over a connection is not its business.
//!
//! ```text
//! options  what a client trusts and shows, and what a server shows
//! error    why certificates or keys cannot be used
//! pem      certificates and keys out of PEM files
//! reason   why a handshake failed, as sentences
//! client   TLS on a connection that was made
//! server   TLS on a connection that was taken; certificates that change are read anew
//! ```

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod client;
mod error;
mod options;
mod pem;
mod reason;
mod server;

use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

pub use client::Connector;
pub use error::TlsError;
pub use options::{Identity, ServerTls, Tls};
pub use reason::Failed;
pub use server::Acceptor;
pub use tokio_rustls::{client::TlsStream as ClientStream, server::TlsStream as ServerStream};

/// The ciphers, as ring has them.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
