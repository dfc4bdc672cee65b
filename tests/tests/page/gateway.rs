//! The gateway: bytes both ways, to whom it leads and to whom not, and partners that are slow, silent, many or gone.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::SinkExt;
use thalweg_wire::frame::{Response, decode_response, encode_request};
use thalweg_wire::message::{ApiKey, ApiVersionsRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::node::Served;
use crate::socket::{self, PATIENCE, Socket};

pub(crate) const CASES: &[(&str, crate::Case)] = &[
    ("gateway_carries_the_protocol_of_the_node", carries_the_protocol),
    ("gateway_leads_only_to_the_node_and_to_named_servers", leads_only_to_named_servers),
    ("gateway_is_for_its_own_page", is_for_its_own_page),
    ("gateway_holds_back_a_server_whose_page_is_slow", holds_back_the_server),
    ("gateway_holds_back_a_page_whose_server_is_slow", holds_back_the_page),
    ("gateway_refuses_messages_that_are_too_long_or_text", refuses_wrong_messages),
    ("gateway_bounds_how_many_it_serves", bounds_connections),
    ("gateway_ends_when_one_side_does", ends_with_either_side),
    ("gateway_survives_the_end_of_the_node", survives_the_end_of_the_node),
];

fn run<T>(case: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(case)
}

/// Opens the gateway, to the node or a server.
async fn open(served: &Served, to: Option<SocketAddr>) -> Result<Socket> {
    let path = to.map_or("/gateway".to_owned(), |to| format!("/gateway?to={to}"));
    let opened = socket::open(&served.page, &path, &[]).await?;
    opened.map_err(|status| anyhow::anyhow!("the gateway answered {status}"))
}

/// A server of the test's own, named to the gateway, and the node whose gateway it is.
async fn with_server() -> Result<(TcpListener, SocketAddr, Served)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let served = Served::start(&["--http-allow", &address.to_string()])?;
    Ok((listener, address, served))
}

async fn accept(listener: &TcpListener) -> Result<TcpStream> {
    Ok(timeout(PATIENCE, listener.accept()).await.context("nobody connects")??.0)
}

/// Asks which calls the server knows, and reads the answer.
async fn greet(socket: &mut Socket, id: i32) -> Result<()> {
    let name = || "test".to_owned();
    let body = ApiVersionsRequest { client_software_name: name(), client_software_version: name() };
    let request = encode_request(ApiKey::ApiVersions as i16, 0, id, &body)?;
    // Cut anywhere, empty messages among them.
    let (one, two) = request.split_at(5);
    for part in [one, &[], two] {
        socket.send(Message::binary(part.to_vec())).await?;
    }
    let mut answer = socket.bytes(4).await?;
    let length = u32::from_be_bytes(answer[..4].try_into()?) as usize;
    if answer.len() < 4 + length {
        answer.extend(socket.bytes(4 + length - answer.len()).await?);
    }
    match decode_response(answer.split_off(4).into())? {
        Response::Success { request_id, body } => ensure!(request_id == id && !body.is_empty(), "another answer"),
        other => anyhow::bail!("{other:?}"),
    }
    Ok(())
}

fn carries_the_protocol() -> Result<()> {
    let served = Served::start(&[])?;
    run(async {
        let mut one = open(&served, None).await?;
        let mut two = open(&served, Some(served.node.parse()?)).await?;
        for id in 0..20 {
            greet(&mut one, id).await?;
            greet(&mut two, -id).await?;
        }
        one.0.close(None).await?;
        greet(&mut two, 77).await
    })?;
    served.stop()
}

fn leads_only_to_named_servers() -> Result<()> {
    run(async {
        let (listener, address, served) = with_server().await?;
        let mut socket = open(&served, Some(address)).await?;
        let mut server = accept(&listener).await?;
        server.write_all(b"from the server").await?;
        ensure!(socket.bytes(15).await? == b"from the server");
        let other = TcpListener::bind("127.0.0.1:0").await?;
        let other = other.local_addr()?.to_string();
        for to in [other.as_str(), "example.com:80", "127.0.0.1:0", "127.0.0.1", "", "[::1]:22", "a%20b:1"] {
            let status = socket::open(&served.page, &format!("/gateway?to={to}"), &[]).await?.err();
            ensure!(status == Some(403), "{to}: {status:?}");
        }
        // Named, and nobody is there.
        drop(listener);
        drop(server);
        let mut socket = open(&served, Some(address)).await?;
        let (code, reason) = socket.closed().await?;
        ensure!(code == 1011 && reason.contains("cannot be reached"), "{code} {reason}");
        Ok(())
    })
}

fn is_for_its_own_page() -> Result<()> {
    let served = Served::start(&[])?;
    run(async {
        let own = format!("http://{}", served.page);
        ensure!(socket::open(&served.page, "/gateway", &[("origin", &own)]).await?.is_ok(), "its own page is refused");
        for headers in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:1"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let status = socket::open(&served.page, "/gateway", &[headers]).await?.err();
            ensure!(status == Some(403), "{headers:?}: {status:?}");
        }
        // A name that an attacker has resolve to this machine.
        let status = socket::open(&served.page, "/gateway", &[("host", "evil.example:9180")]).await?.err();
        ensure!(status == Some(421), "{status:?}");
        Ok(())
    })
}

/// Writes until nothing is taken for a while; gives how much was.
async fn fill(server: &mut TcpStream) -> Result<usize> {
    const MOST: usize = 256 << 20;
    let chunk = vec![7; 1 << 20];
    let mut written = 0;
    while written < MOST {
        match timeout(Duration::from_secs(1), server.write(&chunk)).await {
            Ok(count) => written += count?,
            Err(_) => return Ok(written),
        }
    }
    anyhow::bail!("{MOST} bytes were taken that nobody reads")
}

fn holds_back_the_server() -> Result<()> {
    run(async {
        let (listener, address, served) = with_server().await?;
        let mut socket = open(&served, Some(address)).await?;
        let mut server = accept(&listener).await?;
        let written = fill(&mut server).await?;
        // What the kernel and the gateway hold arrives all the same, whole.
        ensure!(socket.bytes(written).await?.iter().all(|byte| *byte == 7), "other bytes came");
        Ok(())
    })
}

fn holds_back_the_page() -> Result<()> {
    const MESSAGE: usize = 1 << 20;
    run(async {
        let (listener, address, served) = with_server().await?;
        let mut socket = open(&served, Some(address)).await?;
        let mut server = accept(&listener).await?;
        let mut sent = 0;
        loop {
            match timeout(Duration::from_secs(1), socket.0.send(Message::binary(vec![9; MESSAGE]))).await {
                Ok(result) => result?,
                Err(_) => break,
            }
            sent += 1;
            ensure!(sent < 256, "{sent} MiB were taken that nobody reads");
        }
        let mut read = 0;
        let mut buffer = vec![0; MESSAGE];
        while read < sent * MESSAGE {
            let count = timeout(PATIENCE, server.read(&mut buffer)).await??;
            ensure!(count > 0 && buffer[..count].iter().all(|byte| *byte == 9), "other bytes came");
            read += count;
        }
        Ok(())
    })
}

fn refuses_wrong_messages() -> Result<()> {
    let served = Served::start(&[])?;
    run(async {
        let mut socket = open(&served, None).await?;
        socket.send(Message::text("select")).await?;
        let (code, reason) = socket.closed().await?;
        ensure!(code == 1003, "{code} {reason}");
        let mut socket = open(&served, None).await?;
        // It need not be taken whole for that.
        let _ = socket.0.send(Message::binary(vec![0; 17 << 20])).await;
        let (code, reason) = socket.closed().await?;
        ensure!(code == 1002 || code == 1009 || code == 0, "{code} {reason}");
        // No Fluss at all: the node ends the connection, and says so.
        let mut socket = open(&served, None).await?;
        socket.send(Message::binary(&b"GET / HTTP/1.1\r\n\r\n"[..])).await?;
        let (code, reason) = socket.closed().await?;
        ensure!(code == 1000 || code == 1011, "{code} {reason}");
        greet(&mut open(&served, None).await?, 5).await
    })
}

fn bounds_connections() -> Result<()> {
    let served = Served::start(&[])?;
    run(async {
        let mut sockets = Vec::new();
        let refused = loop {
            match socket::open(&served.page, "/gateway", &[]).await? {
                Ok(socket) => sockets.push(socket),
                Err(status) => break status,
            }
            ensure!(sockets.len() <= 200, "no bound in sight");
        };
        ensure!(refused == 503 && sockets.len() == 64, "{refused} after {}", sockets.len());
        greet(&mut sockets[63], 1).await?;
        // The page itself is still served, and a place that is left is free for others.
        ensure!(crate::http::get(&served.page, "/")?.status == 200, "the page is not served");
        sockets.truncate(32);
        for _ in 0..50 {
            if let Ok(mut socket) = socket::open(&served.page, "/gateway", &[]).await? {
                return greet(&mut socket, 2).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("places do not become free")
    })?;
    served.stop()
}

fn ends_with_either_side() -> Result<()> {
    run(async {
        let (listener, address, served) = with_server().await?;
        // The server says something and ends: all of it arrives, then the end.
        let mut socket = open(&served, Some(address)).await?;
        let mut server = accept(&listener).await?;
        server.write_all(&vec![3; 300_000]).await?;
        drop(server);
        ensure!(socket.bytes(300_000).await?.len() == 300_000);
        ensure!(socket.closed().await?.0 == 1000, "no end");
        // The page goes away without a word: the server sees an end.
        let socket = open(&served, Some(address)).await?;
        let mut server = accept(&listener).await?;
        drop(socket);
        let read = timeout(PATIENCE, server.read(&mut [0; 16])).await.context("the server is not told")?;
        ensure!(read.unwrap_or(0) == 0, "bytes came out of nowhere");
        // The node stops: the page is told.
        let mut socket = open(&served, Some(address)).await?;
        let _server = accept(&listener).await?;
        let stopped = tokio::task::spawn_blocking(move || served.stop());
        ensure!(socket.closed().await?.0 == 1001, "the page is not told");
        stopped.await?
    })
}

fn survives_the_end_of_the_node() -> Result<()> {
    let mut served = Served::start(&[])?;
    run(async {
        let mut socket = open(&served, None).await?;
        greet(&mut socket, 1).await?;
        served.kill()?;
        ensure!(socket.next().await?.is_none(), "something came from a dead node");
        Ok(())
    })
}
