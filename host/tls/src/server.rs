//! TLS on a connection that was taken; certificates that change are read anew.

use std::{
    fmt, fs, io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        server::WebPkiClientVerifier,
        sign::SingleCertAndKey,
        version::{TLS12, TLS13},
    },
    server::TlsStream,
};

use crate::{ServerTls, TlsError, pem, provider, reason};

/// How often files are looked at, at most.
const LOOK: Duration = Duration::from_secs(1);

/// Makes connections secure, as a server. It shows what its files say: when they change, connections that come from then
/// on meet the new certificate, and those that there are go on. Files that cannot be used change nothing.
pub struct Acceptor {
    tls: ServerTls,
    shown: Mutex<Shown>,
}

/// What clients are shown.
struct Shown {
    config: Arc<ServerConfig>,
    /// The files as they were when they were last read.
    files: Stamp,
    /// When they were last looked at.
    looked: Instant,
}

/// By what a change of files is noticed: when each was written, and its length. `None`: it cannot be looked at.
type Stamp = Vec<Option<(Option<SystemTime>, u64)>>;

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("tls", &self.tls).finish_non_exhaustive()
    }
}

impl Acceptor {
    /// Reads and checks all files. Blocks while it reads.
    ///
    /// # Errors
    /// On a file that is missing or is not what it must be, and a key that is not that of its certificate.
    pub fn new(tls: ServerTls) -> Result<Self, TlsError> {
        // The stamp first: what changes after it is read again.
        let files = stamp(&tls);
        let config = Arc::new(config(&tls)?);
        Ok(Self { tls, shown: Mutex::new(Shown { config, files, looked: Instant::now() }) })
    }

    /// Does the handshake with a client. It has no deadline of its own.
    ///
    /// # Errors
    /// Why it comes to no end, and the connection, over which an alert may be on its way.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        self: &Arc<Self>,
        stream: S,
    ) -> Result<TlsStream<S>, (String, S)> {
        let config = self.current().await;
        let accepted = TlsAcceptor::from(config).accept(stream).into_fallible().await;
        accepted.map_err(|(error, stream)| (reason::of_peer(&error), stream))
    }

    /// What clients are shown now. At most once a second the files are looked at, off the runtime.
    async fn current(self: &Arc<Self>) -> Arc<ServerConfig> {
        {
            let mut shown = self.shown();
            if shown.looked.elapsed() < LOOK {
                return Arc::clone(&shown.config);
            }
            shown.looked = Instant::now();
        }
        let this = Arc::clone(self);
        // A look that breaks down leaves what is shown as it is.
        let _ = tokio::task::spawn_blocking(move || this.look()).await;
        Arc::clone(&self.shown().config)
    }

    /// Reads the files again if they have changed.
    fn look(&self) {
        let files = stamp(&self.tls);
        if files == self.shown().files {
            return;
        }
        let read = config(&self.tls);
        let mut shown = self.shown();
        shown.files = files;
        match read {
            Ok(config) => {
                shown.config = Arc::new(config);
                tracing::info!(certificate = %self.tls.identity.certificate.display(), "the certificate was read anew");
            }
            Err(error) => tracing::warn!(%error, "the changed certificate cannot be used; the one before stays in use"),
        }
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(tls: &ServerTls) -> Stamp {
    let one = |metadata: io::Result<fs::Metadata>| metadata.ok().map(|file| (file.modified().ok(), file.len()));
    tls.files().map(|path| one(fs::metadata(path))).collect()
}

fn config(tls: &ServerTls) -> Result<ServerConfig, TlsError> {
    let provider = provider();
    let other = |error: &dyn fmt::Display| TlsError::Other(error.to_string());
    let identity = pem::identity(&tls.identity, &provider)?;
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&[&TLS13, &TLS12]);
    let config = config.map_err(|error| other(&error))?;
    let config = match &tls.client_ca {
        Some(path) => {
            let authorities = Arc::new(pem::authorities(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider).build();
            config.with_client_cert_verifier(verifier.map_err(|error| other(&error))?)
        }
        None => config.with_no_client_auth(),
    };
    Ok(config.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity))))
}
