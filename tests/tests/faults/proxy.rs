//! A TCP proxy that is a bad network: it cuts connections at any byte, delays what passes, and falls silent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, tcp};

/// How long a silent connection stays open.
const SILENCE: Duration = Duration::from_secs(3);

/// The proxy: bound first, so that the node behind it can advertise it.
pub(crate) struct Proxy {
    listener: TcpListener,
    state: Arc<State>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct State {
    chance: AtomicU64,
    /// Whether the network is a good one now, as it is at first.
    pub(crate) good: AtomicBool,
    /// Connections that were cut or fell silent.
    pub(crate) broken: AtomicU32,
}

impl Proxy {
    /// A proxy on a free port. The seed decides what goes wrong.
    pub(crate) async fn bind(seed: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (good, broken) = (AtomicBool::new(true), AtomicU32::new(0));
        Ok(Self { listener, state: Arc::new(State { chance: AtomicU64::new(seed), good, broken }) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Passes every connection on to this address.
    pub(crate) fn start(self, target: SocketAddr) -> Arc<State> {
        let state = Arc::clone(&self.state);
        tokio::spawn(async move {
            while let Ok((client, _)) = self.listener.accept().await {
                let state = Arc::clone(&self.state);
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(target).await else { return };
                    state.pass(client, server).await;
                });
            }
        });
        state
    }
}

impl State {
    /// A number below this bound (splitmix64).
    fn below(&self, bound: u64) -> u64 {
        let mut x = self.chance.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % bound.max(1)
    }

    /// So many bytes pass in one direction before it breaks: from a few to 128 KiB, each magnitude as likely.
    fn budget(&self) -> u64 {
        let size = 32 << self.below(12);
        size + self.below(size)
    }

    /// Passes both directions until one has used up its budget; then cuts both, or one time in eight goes silent first.
    async fn pass(&self, client: TcpStream, server: TcpStream) {
        let delay = Duration::from_millis(if self.below(8) == 0 { self.below(30) } else { 0 });
        let silent = self.below(8) == 0;
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let broke = tokio::select! {
            broke = self.forward(from_client, to_server, delay) => broke,
            broke = self.forward(from_server, to_client, delay) => broke,
        };
        if let Some(_halves) = broke {
            self.broken.fetch_add(1, Ordering::Relaxed);
            if silent {
                tokio::time::sleep(SILENCE).await;
            }
        }
    }

    /// Passes bytes on; `Some` when the budget is used up, `None` when either end closed.
    async fn forward(
        &self,
        mut from: tcp::OwnedReadHalf,
        mut to: tcp::OwnedWriteHalf,
        delay: Duration,
    ) -> Option<(tcp::OwnedReadHalf, tcp::OwnedWriteHalf)> {
        let mut left = self.budget();
        let mut buffer = vec![0; 16 << 10];
        loop {
            let read = from.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
            let good = self.good.load(Ordering::Relaxed);
            let passes = if good { read } else { read.min(usize::try_from(left).unwrap_or(usize::MAX)) };
            tokio::time::sleep(delay).await;
            to.write_all(buffer.get(..passes)?).await.ok()?;
            left -= (passes as u64).min(left);
            if passes < read {
                return Some((from, to));
            }
        }
    }
}
