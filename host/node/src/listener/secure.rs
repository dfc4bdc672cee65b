//! TLS, before a connection is served: a handshake has a deadline, and few are under way at once.

use std::sync::Arc;
use std::time::Duration;

use thalweg_tls::{Acceptor, ServerStream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::options::Limits;
use crate::runtime::lifecycle::Lifecycle;

/// How long a peer whose handshake failed is still listened to, so that it hears why.
const LINGER: Duration = Duration::from_secs(1);
/// The most that it may say meanwhile, in bytes.
const LAST_WORDS: u64 = 64 << 10;

/// How connections become secure. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Secure {
    tls: Arc<Acceptor>,
    /// Those that may be under way.
    places: Arc<Semaphore>,
    deadline: Duration,
}

impl Secure {
    pub(super) fn new(tls: Arc<Acceptor>, limits: &Limits) -> Self {
        Self { tls, places: Arc::new(Semaphore::new(limits.handshakes)), deadline: limits.handshake }
    }

    /// Does the handshake; the error says in a few words why it came to nothing. A peer waits for its turn within its
    /// deadline.
    pub(super) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        lifecycle: &Lifecycle,
    ) -> Result<ServerStream<S>, String> {
        let handshake = async {
            let _place = self.places.acquire().await;
            match self.tls.accept(stream).await {
                Ok(stream) => Ok(stream),
                Err((reason, stream)) => {
                    let _ = timeout(LINGER, hear_out(stream)).await;
                    Err(reason)
                }
            }
        };
        tokio::select! {
            done = timeout(self.deadline, handshake) => {
                done.unwrap_or_else(|_| Err(format!("its handshake was not over within {:?}", self.deadline)))
            }
            () = lifecycle.over() => Err("the node ends".to_owned()),
        }
    }
}

/// Says no more, and reads a little on: a socket that is closed over what it has not read may take the alert with it.
async fn hear_out(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = stream.shutdown().await;
    let _ = copy(&mut stream.take(LAST_WORDS), &mut sink()).await;
}
