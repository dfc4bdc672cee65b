//! Connections that come to nothing: each says why, in a sentence with its remedy, and at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use thalweg::client::{Error, Identity, Tls};
use thalweg_node::ServerTls;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::certificates::{Authority, FUTURE, NOW, PAST};
use crate::peers::{self, client_options, trusting};

/// A handshake that fails: name, what the node shows, what the client does, what it says.
struct Case {
    name: &'static str,
    node: Option<ServerTls>,
    client: Option<Tls>,
    says: &'static str,
}

fn cases(folder: &Path) -> Result<Vec<Case>> {
    let (ours, others) = (Authority::new(folder, "ours")?, Authority::new(folder, "others")?);
    let shows = |identity: Identity| Some(ServerTls { identity, client_ca: None });
    let good = ours.server("good", &["localhost", "127.0.0.1"], NOW)?;
    let asks = Some(ServerTls { identity: good.clone(), client_ca: Some(ours.file.clone()) });
    let trust = || trusting(&ours.file);
    let with = |identity: Identity| Some(Tls { identity: Some(identity), ..trust() });
    let case = |name, node, client, says| Case { name, node, client, says };
    Ok(vec![
        case("unknown authority", shows(good.clone()), Some(trusting(&others.file)), "not trusted; if it should be"),
        case("system authorities", shows(good.clone()), Some(Tls::default()), "--tls-ca FILE"),
        case("expired", shows(ours.server("past", &["127.0.0.1"], PAST)?), Some(trust()), "has expired on 2020-01-01"),
        case(
            "not valid yet",
            shows(ours.server("future", &["127.0.0.1"], FUTURE)?),
            Some(trust()),
            "is not valid before 2900-01-01",
        ),
        case(
            "another name",
            shows(ours.server("elsewhere", &["elsewhere.example"], NOW)?),
            Some(trust()),
            "is not for 127.0.0.1 but for elsewhere.example; connect by a name",
        ),
        case(
            "another name than was said",
            shows(good.clone()),
            Some(Tls { server_name: Some("elsewhere.example".to_owned()), ..trust() }),
            "is not for elsewhere.example but for localhost, 127.0.0.1",
        ),
        case("for clients", shows(ours.client("purpose")?), Some(trust()), "is not for servers"),
        case("no certificate of the client", asks.clone(), Some(trust()), "--tls-cert FILE and --tls-key FILE"),
        case(
            "another's certificate",
            asks.clone(),
            with(others.client("stranger")?),
            "refuses the client's certificate",
        ),
        case("a server's certificate", asks, with(good.clone()), "refuses the client's certificate"),
        case("no TLS on a TLS port", shows(good), None, "the server speaks TLS; connect with --tls"),
    ])
}

pub(crate) async fn each_says_why() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for case in cases(folder.path())? {
        let data = tempfile::tempdir()?;
        let node = peers::node(data.path(), case.node).await?;
        fails(node.address(), case.client, case.says, true).await.context(case.name)?;
        node.shutdown().await?;
    }
    Ok(())
}

/// Connecting fails at once and says this; `hopeless`: and that no other try can help.
async fn fails(address: SocketAddr, tls: Option<Tls>, says: &str, hopeless: bool) -> Result<()> {
    let begun = Instant::now();
    let error = match peers::connect(&address.to_string(), tls).await {
        Ok(_) => bail!("it connects"),
        Err(error) => error.downcast::<Error>()?,
    };
    ensure!(begun.elapsed() < Duration::from_secs(4), "it took {:?}", begun.elapsed());
    ensure!(error.to_string().contains(says), "it says {error}");
    ensure!(error.is_retriable() != hopeless, "whether it can be tried again: {error:?}");
    Ok(())
}

/// A server that does this to each connection once it has read a little.
async fn server(answer: &'static [u8], stays: bool) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer).await;
                while stays && stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    Ok(address)
}

pub(crate) async fn servers_without_tls() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ours = trusting(&Authority::new(folder.path(), "ours")?.file);
    let node = peers::node(folder.path(), None).await?;
    fails(node.address(), Some(ours.clone()), "does not speak TLS on this port", true).await?;
    fails(server(b"HTTP/1.1 400 Bad Request\r\n\r\n", true).await?, Some(ours.clone()), "does not speak TLS", true)
        .await?;
    fails(server(b"", false).await?, Some(ours.clone()), "may speak no TLS", false).await?;
    fails(server(b"", false).await?, None, "if it speaks TLS, connect with --tls", false).await?;
    // One that stays silent is given the time to connect, and no more.
    let mut options = client_options(&server(b"", true).await?.to_string(), Some(ours));
    options.settings.connection.connect_timeout = Duration::from_millis(500);
    let begun = Instant::now();
    let Err(error) = thalweg::client::Client::connect(options).await else { bail!("it connects") };
    ensure!(begun.elapsed() < Duration::from_secs(3), "it took {:?}", begun.elapsed());
    ensure!(error.to_string().contains("no TLS handshake"), "it says {error}");
    node.shutdown().await?;
    Ok(())
}

/// Files that cannot be used: by client and node alike, before anything is connected to or listened on.
pub(crate) async fn files_that_are_none() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ours = Authority::new(folder.path(), "ours")?;
    let (good, other) = (ours.server("good", &["localhost"], NOW)?, ours.server("other", &["localhost"], NOW)?);
    let write = |name: &str, text: &str| -> Result<PathBuf> {
        let path = folder.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    };
    let cut = std::fs::read_to_string(&good.certificate)?;
    let cut = cut.get(..cut.len() / 2).context("a certificate")?;
    let missing = folder.path().join("missing.pem");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let of = |certificate: &Path, key: &Path| Identity { certificate: certificate.into(), key: key.into() };
    let cases = [
        ("missing", of(&missing, &good.key), "there is no such file"),
        ("a folder", of(folder.path(), &good.key), "it is a folder"),
        ("empty", of(&write("empty.pem", " \n")?, &good.key), "is empty; it must have a certificate in PEM"),
        ("text", of(&write("text.pem", "hello")?, &good.key), "PEM has lines such as"),
        ("DER", of(&write("der.pem", "0\u{7}..")?, &good.key), "it seems to be DER"),
        ("cut", of(&write("cut.pem", cut)?, &good.key), "is damaged"),
        ("exchanged", of(&good.key, &good.certificate), "were the files of certificate and key exchanged"),
        ("encrypted", of(&good.certificate, &write("encrypted.key", encrypted)?), "openssl pkey -in FILE"),
        ("another's key", of(&good.certificate, &other.key), "is not that of the certificate in"),
        ("no key", of(&good.certificate, &good.certificate), "has no private key in PEM (it has a certificate)"),
    ];
    for (name, identity, says) in cases {
        let named = [&identity.certificate, &identity.key].map(|path| path.display().to_string());
        let tls = Tls { identity: Some(identity.clone()), ..trusting(&ours.file) };
        let client = peers::connect("127.0.0.1:9", Some(tls)).await.err().context("a client")?.to_string();
        let served = Some(ServerTls { identity, client_ca: None });
        let node = peers::node(folder.path(), served).await.err().context("a node")?.to_string();
        ensure!(client == node, "{name}: the client says {client}, the node {node}");
        ensure!(client.contains(says), "{name}: it says {client}");
        ensure!(named.iter().any(|file| client.contains(file.as_str())), "{name}: it names no file: {client}");
    }
    let tls = Tls { server_name: Some("a b".to_owned()), ..trusting(&ours.file) };
    let error = peers::connect("127.0.0.1:9", Some(tls)).await.err().context("a client")?.to_string();
    ensure!(error.contains("\"a b\" is no name of a server"), "it says {error}");
    Ok(())
}
