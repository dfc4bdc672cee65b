//! What the client and the node meet: nodes of a test's own, proxies that speak TLS, and raw connections.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use thalweg::client::{Client, ClientOptions, Identity, Tls};
use thalweg_node::{Durability, Node, NodeOptions, ServerTls};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion, crypto::ring::default_provider,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// How long anything in a test may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A node that shows this certificate, or speaks no TLS.
pub(crate) async fn node(data: &Path, tls: Option<ServerTls>) -> Result<Node> {
    Ok(Node::start(options(data, tls)).await?)
}

/// How such a node is started.
pub(crate) fn options(data: &Path, tls: Option<ServerTls>) -> NodeOptions {
    // Certificates lie beside it.
    let mut options = NodeOptions::new(data.join("data"));
    (options.listen, options.durability, options.tls) = ("127.0.0.1:0".to_owned(), Durability::Memory, tls);
    options
}

/// A client that trusts an authority.
pub(crate) fn trusting(ca: &Path) -> Tls {
    Tls { ca: Some(ca.to_owned()), ..Tls::default() }
}

/// How a client of a test connects.
pub(crate) fn client_options(address: &str, tls: Option<Tls>) -> ClientOptions {
    let mut options = ClientOptions::new(vec![address.to_owned()]);
    options.settings.connection.connect_timeout = Duration::from_secs(5);
    options.tls = tls;
    options
}

pub(crate) async fn connect(address: &str, tls: Option<Tls>) -> Result<Client> {
    Ok(Client::connect(client_options(address, tls)).await?)
}

/// A proxy that speaks TLS with clients and none with the server behind it.
pub(crate) struct Proxy {
    listener: TcpListener,
    tls: TlsAcceptor,
}

impl Proxy {
    /// Bound first, so that the server behind it can advertise it.
    pub(crate) async fn bind(
        address: &str,
        identity: &Identity,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<Self> {
        let chain = CertificateDer::pem_file_iter(&identity.certificate)?.collect::<Result<Vec<_>, _>>()?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_protocol_versions(versions)?.with_no_client_auth();
        let config = config.with_single_cert(chain, PrivateKeyDer::from_pem_file(&identity.key)?)?;
        Ok(Self { listener: TcpListener::bind(address).await?, tls: TlsAcceptor::from(Arc::new(config)) })
    }

    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Passes every connection on to this address.
    pub(crate) fn start(self, target: SocketAddr) {
        tokio::spawn(async move {
            while let Ok((client, _)) = self.listener.accept().await {
                let tls = self.tls.clone();
                tokio::spawn(async move {
                    let mut client = tls.accept(client).await?;
                    let mut server = TcpStream::connect(target).await?;
                    server.set_nodelay(true)?;
                    tokio::io::copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
    }
}

/// A raw connection with TLS of these versions, trusting this authority.
pub(crate) async fn raw(
    address: SocketAddr,
    ca: &Path,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut authorities = RootCertStore::empty();
    authorities.add(CertificateDer::from_pem_file(ca)?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_protocol_versions(versions)?;
    let config = config.with_root_certificates(authorities).with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    Ok(TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?)
}

/// Asks for the versions of the node's calls, and reads a whole answer.
pub(crate) async fn is_served(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<()> {
    // Length, call, version, number; an empty message.
    let request = [0, 0, 0, 8, 0x03, 0xe8, 0, 0, 0, 0, 0, 7];
    let answer = async {
        stream.write_all(&request).await?;
        let length = stream.read_u32().await?;
        ensure!(length < 1 << 20, "an answer of {length} bytes");
        let mut answer = vec![0; length as usize];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    };
    let answer: Vec<u8> = tokio::time::timeout(PATIENCE, answer).await.context("no answer in time")??;
    ensure!(answer.windows(4).any(|bytes| bytes == [0, 0, 0, 7]), "an answer to another request: {answer:?}");
    Ok(())
}
