//! Interrupts (Ctrl-C) of a command that has rows on their way: the first ends it in order, the second at once.

use tokio::sync::watch;

/// The interrupts since this was made; none is missed while nobody waits for one.
pub(in crate::cli) struct Interrupts(watch::Receiver<()>);

impl Interrupts {
    /// Begins to listen. From here on an interrupt no longer ends the process by itself.
    pub(in crate::cli) fn listen() -> std::io::Result<Self> {
        let (sender, receiver) = watch::channel(());
        let mut signals = Signals::new()?;
        tokio::spawn(async move { while signals.next().await && sender.send(()).is_ok() {} });
        Ok(Self(receiver))
    }

    /// Resolves at the next interrupt, at once if one came since the last call.
    pub(in crate::cli) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            // No signals can come any more.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?))
    }

    async fn next(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "as on unix")]
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
