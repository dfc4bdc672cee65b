//! What a node with TLS takes: versions, handshakes that come to nothing, certificates that change.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use thalweg_node::{Node, ServerTls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::ProtocolVersion;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::certificates::{Authority, NOW};
use crate::peers::{self, PATIENCE, connect, is_served, raw, trusting};

fn served(ours: &Authority) -> Result<ServerTls> {
    Ok(ServerTls { identity: ours.server("node", &["localhost", "127.0.0.1"], NOW)?, client_ca: None })
}

/// Clients of either version.
pub(crate) async fn both_versions() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ours = Authority::new(folder.path(), "ours")?;
    let node = peers::node(folder.path(), Some(served(&ours)?)).await?;
    for (version, expected) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let mut stream = raw(node.address(), &ours.file, &[version]).await?;
        is_served(&mut stream).await?;
        let spoken = stream.get_ref().1.protocol_version();
        ensure!(spoken == Some(expected), "{spoken:?} is spoken instead of {expected:?}");
        // The end is told, not only there.
        stream.shutdown().await?;
        let rest = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await?;
        ensure!(rest.is_ok(), "it ends with {rest:?}");
    }
    node.shutdown().await?;
    Ok(())
}

/// Reads until the node closes; fails if it does not in time.
async fn closed(stream: &mut TcpStream) -> Result<(Vec<u8>, Duration)> {
    let (begun, mut said) = (Instant::now(), Vec::new());
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await.context("it stays open")?;
    Ok((said, begun.elapsed()))
}

/// Peers that come to no handshake harm nobody, and are let go in time.
pub(crate) async fn no_handshake() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ours = Authority::new(folder.path(), "ours")?;
    let mut options = peers::options(folder.path(), Some(served(&ours)?));
    options.limits.handshake = Duration::from_secs(2);
    options.limits.handshakes = 4;
    let node = Node::start(options).await?;
    let mut others = raw(node.address(), &ours.file, &[&TLS13]).await?;
    // A plain client is told in TLS, and at once; one that sends what nobody understands is let go.
    for said in [&[0, 0, 0, 8, 3, 232, 0, 0, 0, 0, 0, 7][..], &[0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]] {
        let mut plain = TcpStream::connect(node.address()).await?;
        plain.write_all(said).await?;
        let (alert, took) = closed(&mut plain).await?;
        ensure!(said[0] != 0 || alert.starts_with(&[0x15, 3]), "it says {alert:?}");
        ensure!(took < Duration::from_millis(1800), "it took {took:?}");
    }
    // As many as may be under way at once: they say nothing, a half, or a byte now and then.
    let mut half = Vec::new();
    for _ in 0..4 {
        half.push(TcpStream::connect(node.address()).await?);
    }
    let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
    half[1].write_all(&hello).await?;
    half[2].write_all(&hello[..3]).await?;
    is_served(&mut others).await?;
    let (mut slow, begun) = (half.swap_remove(3), Instant::now());
    let slowly = async {
        for byte in hello.iter().chain(std::iter::repeat(&0)) {
            if slow.write_all(&[*byte]).await.is_err() || begun.elapsed() > PATIENCE {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        begun.elapsed()
    };
    let ended = async {
        for stream in &mut half {
            let (_, took) = closed(stream).await?;
            ensure!(took < Duration::from_secs(4), "a half handshake stayed for {took:?}");
        }
        Ok(())
    };
    // Whoever comes meanwhile waits for its turn, which comes.
    let version = [&TLS13];
    let (slowly, ended, next) = tokio::join!(slowly, ended, raw(node.address(), &ours.file, &version));
    ended?;
    ensure!(slowly < Duration::from_secs(6), "a slow handshake stayed for {slowly:?}");
    // Its turn came when its own deadline did, so that it was let in or let go; by TLS 1.3 a client may learn of that later.
    drop(next);
    is_served(&mut raw(node.address(), &ours.file, &[&TLS13]).await?).await?;
    is_served(&mut others).await?;
    // A node that stops waits for none of them.
    let _half = TcpStream::connect(node.address()).await?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let begun = Instant::now();
    node.shutdown().await?;
    ensure!(begun.elapsed() < Duration::from_millis(1500), "it took {:?} to stop", begun.elapsed());
    Ok(())
}

/// Moves the files of a new certificate to where the node has its own.
fn replace(new: &thalweg_node::Identity, tls: &ServerTls) -> Result<()> {
    std::fs::rename(&new.certificate, &tls.identity.certificate)?;
    std::fs::rename(&new.key, &tls.identity.key)?;
    Ok(())
}

/// How a client that trusts one authority fares once the node has had time to look at its files.
async fn meets(node: &Node, ca: &Path) -> bool {
    tokio::time::sleep(Duration::from_millis(1100)).await;
    connect(&node.address().to_string(), Some(trusting(ca))).await.is_ok()
}

/// Certificates change while connections go on.
pub(crate) async fn reloaded() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (ours, next) = (Authority::new(folder.path(), "ours")?, Authority::new(folder.path(), "next")?);
    let mut tls = served(&ours)?;
    let clients = folder.path().join("clients.pem");
    std::fs::copy(&ours.file, &clients)?;
    let node = peers::node(folder.path(), Some(tls.clone())).await?;
    let mut before = raw(node.address(), &ours.file, &[&TLS13]).await?;
    is_served(&mut before).await?;
    replace(&next.server("next-node", &["127.0.0.1"], NOW)?, &tls)?;
    ensure!(meets(&node, &next.file).await, "the new certificate is not shown");
    ensure!(!meets(&node, &ours.file).await, "the certificate before is still shown");
    is_served(&mut before).await.context("a connection from before")?;
    // A pair that is broken changes nothing.
    let stranger = next.server("stranger", &["127.0.0.1"], NOW)?;
    std::fs::rename(&stranger.key, &tls.identity.key)?;
    ensure!(meets(&node, &next.file).await, "a broken pair is shown");
    std::fs::write(&tls.identity.certificate, "")?;
    ensure!(meets(&node, &next.file).await, "an empty file is shown");
    // And a whole one does again.
    replace(&ours.server("again", &["127.0.0.1"], NOW)?, &tls)?;
    ensure!(meets(&node, &ours.file).await, "the last certificate is not shown");
    is_served(&mut before).await.context("a connection from before")?;
    node.shutdown().await?;
    // The authority of the clients is read anew too.
    tls.client_ca = Some(clients.clone());
    let node = peers::node(folder.path(), Some(tls)).await?;
    let shows = |identity| Some(thalweg::client::Tls { identity: Some(identity), ..trusting(&ours.file) });
    let (old, new, address) = (ours.client("old")?, next.client("new")?, node.address().to_string());
    ensure!(connect(&address, shows(old.clone())).await.is_ok(), "a client of the first authority is refused");
    ensure!(connect(&address, shows(new.clone())).await.is_err(), "a client of the second authority is let in");
    std::fs::rename(&next.file, &clients)?;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    ensure!(connect(&address, shows(new)).await.is_ok(), "a client of the new authority is refused");
    ensure!(connect(&address, shows(old)).await.is_err(), "a client of the authority before is let in");
    node.shutdown().await?;
    Ok(())
}
