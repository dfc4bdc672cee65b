//! TLS on a connection that was made.

use std::{fmt, io, sync::Arc};

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig,
        client::{ResolvesClientCert, WebPkiServerVerifier},
        sign::{CertifiedKey, SingleCertAndKey},
        version::{TLS12, TLS13},
    },
};

use crate::{Failed, Tls, TlsError, pem, provider, reason};

/// Makes connections secure, as a client. Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    tls: TlsConnector,
    /// The name that every server must have.
    name: Option<ServerName<'static>>,
    /// Whether the client shows a certificate.
    shows: bool,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("name", &self.name).field("shows", &self.shows).finish_non_exhaustive()
    }
}

impl Connector {
    /// Reads and checks all files. Blocks while it reads.
    ///
    /// # Errors
    /// On a file that is missing or is not what it must be, a key that is not that of its certificate, and a name that is
    /// none.
    pub fn new(tls: &Tls) -> Result<Self, TlsError> {
        let provider = provider();
        let other = |error: &dyn fmt::Display| TlsError::Other(error.to_string());
        let name = tls.server_name.as_ref().map(|name| {
            ServerName::try_from(bare(name).to_owned()).map_err(|_| TlsError::ServerName { name: name.clone() })
        });
        let name = name.transpose()?;
        let authorities = match &tls.ca {
            Some(path) => pem::authorities(path)?,
            None => pem::system_authorities()?,
        };
        let identity = tls.identity.as_ref().map(|identity| pem::identity(identity, &provider)).transpose()?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider));
        let verifier = verifier.build().map_err(|error| other(&error))?;
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12]);
        let config = config.map_err(|error| other(&error))?.with_webpki_verifier(verifier);
        let shows = identity.is_some();
        let config = match identity {
            Some(identity) => config.with_client_cert_resolver(shown(identity)),
            None => config.with_no_client_auth(),
        };
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), name, shows })
    }

    /// Does the handshake with a server that is known by this host, a name or an IP address. It has no deadline of its
    /// own.
    ///
    /// # Errors
    /// When the server is not the one that it should be, or the handshake comes to no end.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<TlsStream<S>, Failed> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => ServerName::try_from(bare(host).to_owned()).map_err(|_| Failed::no_name(host))?,
        };
        let said = name.to_str().into_owned();
        self.tls.connect(name, stream).await.map_err(|error| reason::of_handshake(&error, &said, self.shows))
    }

    /// Why a connection ended that was secure; `None` where TLS is not the cause. A server that has no use for the client's
    /// certificate, or misses one, may say so only now.
    pub fn ended(&self, error: &io::Error) -> Option<Failed> {
        reason::of_end(error, self.shows)
    }
}

fn shown(identity: CertifiedKey) -> Arc<dyn ResolvesClientCert> {
    Arc::new(SingleCertAndKey::from(identity))
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
