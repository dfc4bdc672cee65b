//! Logins to a node with users: who is let in, what others may do, and what neither they nor the file of users can harm.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::{Client, PATIENCE, Refusal, create, descriptor, options, start};
use tempfile::TempDir;
use thalweg_node::{Limits, Node, NodeOptions, users};
use thalweg_wire::message::{
    ApiKey, ApiVersionsRequest, AuthenticateRequest, AuthenticateResponse, ListDatabasesRequest, MetadataRequest,
};
use tokio::io::AsyncReadExt;

const WRONG: &str = "Authentication failed: Invalid username or password";

/// A node with the user alice, and where its file of users is.
async fn node(folder: &Path, limits: Limits) -> Node {
    let file = folder.join("users");
    users::add(&file, "alice", "s3cret").unwrap();
    Node::start(with_users(folder, limits)).await.unwrap()
}

fn with_users(folder: &Path, limits: Limits) -> NodeOptions {
    NodeOptions { users: Some(folder.join("users")), limits, ..options(&folder.join("data")) }
}

fn login(user: &str, password: &str) -> AuthenticateRequest {
    AuthenticateRequest { protocol: "PLAIN".into(), token: format!("\0{user}\0{password}").into_bytes().into() }
}

async fn try_in(node: &Node, user: &str, password: &str) -> Result<AuthenticateResponse, Refusal> {
    Client::connect(node.address()).await.call(login(user, password)).await
}

/// Whether the connection is ended by the node.
async fn ends(client: &mut Client) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, client.stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn before_a_login_there_is_only_the_login() {
    let folder = TempDir::new().unwrap();
    let node = node(folder.path(), Limits::default()).await;
    let mut client = Client::connect(node.address()).await;
    for _ in 0..20 {
        let Refusal(code, text) = client.call(MetadataRequest::default()).await.unwrap_err();
        assert!(code == 46 && text.starts_with("The connection has not completed authentication yet."), "{text}");
        let Refusal(code, _) = client.call(create("t", &descriptor(1))).await.unwrap_err();
        assert_eq!(code, 46);
    }
    client.send_raw(9999, b"what").await;
    assert!(matches!(client.receive().await, Some(thalweg_wire::frame::Response::Error { code: 46, .. })));
    let hello = ApiVersionsRequest { client_software_name: "t".into(), client_software_version: "1".into() };
    let versions = client.call(hello).await.unwrap();
    assert!(versions.api_versions.iter().any(|api| api.api_key == i32::from(ApiKey::Authenticate.code())));
    // As a real server: a challenge without bytes, and none to who answers it.
    let answer = client.call(login("alice", "s3cret")).await.unwrap();
    assert_eq!(answer.challenge, Some(Bytes::new()));
    let again = client.call(AuthenticateRequest { protocol: "PLAIN".into(), token: Bytes::new() }).await.unwrap();
    assert_eq!(again.challenge, None);
    assert!(client.call(MetadataRequest::default()).await.is_ok());
    client.table("t", 1).await;
    node.shutdown().await.unwrap();
}

#[tokio::test]
async fn logins_that_are_none_are_refused_as_a_real_server_does() {
    let folder = TempDir::new().unwrap();
    let node = node(folder.path(), Limits::default()).await;
    let request = |protocol: &str, token: &[u8]| AuthenticateRequest {
        protocol: protocol.into(),
        token: Bytes::copy_from_slice(token),
    };
    let long = ["\0alice\0", &"x".repeat(4097)].concat();
    let name = ["\0", &"x".repeat(257), "\0s3cret"].concat();
    let cases = [
        (request("PLAIN", b"\0alice\0wrong"), WRONG),
        (request("PLAIN", b"\0mallory\0s3cret"), WRONG),
        (request("PLAIN", b"\0alice\0"), WRONG),
        (request("PLAIN", b"\0\0s3cret"), WRONG),
        (request("PLAIN", b"\0\xff\0s3cret"), WRONG),
        (request("PLAIN", long.as_bytes()), WRONG),
        (request("PLAIN", name.as_bytes()), WRONG),
        (request("PLAIN", b"bob\0alice\0s3cret"), "an authorization id that is different from username"),
        (request("PLAIN", b""), "expected 3 tokens, got 1"),
        (request("PLAIN", b"alice\0s3cret"), "expected 3 tokens, got 2"),
        (request("PLAIN", b"\0alice\0s3cret\0"), "expected 3 tokens, got 4"),
        (request("GSSAPI", b"\0alice\0s3cret"), "enables [PLAIN] while protocol of client is 'GSSAPI'"),
        (request("", b"\0alice\0s3cret"), "enables [PLAIN]"),
    ];
    for (request, expected) in cases {
        let mut client = Client::connect(node.address()).await;
        let shown = format!("{request:?}");
        let Refusal(code, text) = client.call(request).await.unwrap_err();
        assert!(code == 46 && text.contains(expected), "{shown}: {code} {text}");
        assert!(client.call(MetadataRequest::default()).await.is_err());
        assert!(client.call(login("alice", "s3cret")).await.is_ok(), "it may try again");
    }
    for request in [request("PLAIN", b"alice\0alice\0s3cret"), request("plain", b"\0alice\0s3cret")] {
        assert!(Client::connect(node.address()).await.call(request).await.is_ok());
    }
}

#[tokio::test]
async fn a_node_without_users_has_no_login() {
    let folder = TempDir::new().unwrap();
    let node = start(folder.path()).await;
    let mut client = Client::connect(node.address()).await;
    let Refusal(code, text) = client.call(login("alice", "s3cret")).await.unwrap_err();
    let expected =
        "Authenticate protocol not match: protocol of server is 'PLAINTEXT' while protocol of client is 'PLAIN'";
    assert_eq!((code, text.as_str()), (46, expected));
    assert!(client.call(MetadataRequest::default()).await.is_ok());
}

#[tokio::test]
async fn tries_and_requests_are_small_and_few() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { login: PATIENCE * 2, ..Limits::default() };
    let node = node(folder.path(), limits).await;
    let mut guesser = Client::connect(node.address()).await;
    for _ in 0..3 {
        assert_eq!(guesser.call(login("alice", "guess")).await.unwrap_err(), Refusal(46, WRONG.to_owned()));
    }
    assert!(ends(&mut guesser).await, "it may try three times");
    let mut long = Client::connect(node.address()).await;
    long.send_raw(ApiKey::Authenticate.code(), &[0; (64 << 10) + 1]).await;
    assert!(long.receive().await.is_some() && ends(&mut long).await);
    assert!(try_in(&node, "alice", "s3cret").await.is_ok());
}

#[tokio::test]
async fn time_and_places_are_few() {
    let folder = TempDir::new().unwrap();
    let limits = Limits { guests: 4, login: Duration::from_secs(2), ..Limits::default() };
    let node = node(folder.path(), limits).await;
    let mut known = Client::connect(node.address()).await;
    known.call(login("alice", "s3cret")).await.unwrap();
    let began = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(Client::connect(node.address()).await);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut crowded = Client::connect(node.address()).await;
    assert!(ends(&mut crowded).await && began.elapsed() < Duration::from_millis(1500), "there is no place for it");
    assert!(known.call(MetadataRequest::default()).await.is_ok(), "others notice nothing");
    for guest in &mut silent {
        assert!(ends(guest).await);
    }
    assert!(began.elapsed() >= Duration::from_millis(1900), "{:?}", began.elapsed());
    // Their places are free again, and who is in stays.
    assert!(try_in(&node, "alice", "s3cret").await.is_ok());
    assert!(known.call(MetadataRequest::default()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_logins_does_not_stop_the_node() {
    let folder = TempDir::new().unwrap();
    let node = node(folder.path(), Limits::default()).await;
    let address = node.address();
    let mut known = Client::connect(address).await;
    known.call(login("alice", "s3cret")).await.unwrap();
    let flood = (0..60).map(|number| {
        tokio::spawn(async move {
            let mut client = Client::connect(address).await;
            let mut refused = 0;
            for _ in 0..3 {
                refused += usize::from(client.call(login("alice", &format!("guess{number}"))).await.is_err());
            }
            refused
        })
    });
    let flood: Vec<_> = flood.collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut slowest = Duration::ZERO;
    while !flood.iter().all(tokio::task::JoinHandle::is_finished) {
        let asked = Instant::now();
        assert!(known.call(ListDatabasesRequest::default()).await.is_ok());
        slowest = slowest.max(asked.elapsed());
        // Who was right before has not to wait either.
        let asked = Instant::now();
        assert!(try_in(&node, "alice", "s3cret").await.is_ok());
        slowest = slowest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for client in flood {
        assert_eq!(client.await.unwrap(), 3);
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let folder = TempDir::new().unwrap();
    let node = node(folder.path(), Limits::default()).await;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..24 {
        let user = ["alice", "mallory"][round % 2];
        let mut client = Client::connect(node.address()).await;
        let asked = Instant::now();
        assert!(client.call(login(user, "wrong")).await.is_err());
        times[round % 2].push(asked.elapsed());
    }
    let [known, unknown] = times.map(|times| times.into_iter().min().unwrap().as_secs_f64());
    // Without the hash it would take a hundredth.
    assert!((0.4..2.5).contains(&(known / unknown)), "{known} s and {unknown} s");
}

#[tokio::test]
async fn the_file_of_users_is_read_again_when_it_changes() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("users");
    let node = node(folder.path(), Limits::default()).await;
    let mut known = Client::connect(node.address()).await;
    known.call(login("alice", "s3cret")).await.unwrap();
    let soon = |user: &'static str, password: &'static str, wanted: bool| {
        let node = &node;
        async move {
            support::until("the file is read", async || {
                let found = try_in(node, user, password).await.is_ok();
                tokio::time::sleep(Duration::from_millis(100)).await;
                (found == wanted).then_some(())
            })
            .await;
        }
    };
    assert!(try_in(&node, "bob", "other").await.is_err());
    users::add(&file, "bob", "other").unwrap();
    soon("bob", "other", true).await;
    // A new password: the old one, which was remembered, is of no use any more.
    users::add(&file, "alice", "n3w").unwrap();
    soon("alice", "n3w", true).await;
    assert!(try_in(&node, "alice", "s3cret").await.is_err());
    // What cannot be read changes nothing.
    let sound = std::fs::read(&file).unwrap();
    std::fs::write(&file, [&sound[..], b"carol\n"].concat()).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(try_in(&node, "carol", "x").await.is_err() && try_in(&node, "alice", "n3w").await.is_ok());
    std::fs::remove_file(&file).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(try_in(&node, "bob", "other").await.is_ok() && try_in(&node, "alice", "n3w").await.is_ok());
    std::fs::write(&file, &sound).unwrap();
    users::remove(&file, "bob").unwrap();
    soon("bob", "other", false).await;
    assert!(known.call(MetadataRequest::default()).await.is_ok(), "a connection that is in stays in");
}

#[tokio::test]
async fn a_file_with_a_bad_line_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("users");
    users::add(&file, "alice", "s3cret").unwrap();
    let line = std::fs::read_to_string(&file).unwrap();
    let hash = line.trim_end().split_once(':').unwrap().1;
    let starts = async |text: &[u8]| {
        std::fs::write(&file, text).unwrap();
        let started = Node::start(with_users(folder.path(), Limits::default())).await;
        match started {
            Ok(node) => node.shutdown().await.map(|()| String::new()).unwrap(),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(starts(format!("# Users\n\n{line}bob:{hash}  \r\n").as_bytes()).await, "");
    let cases = [
        (format!("{line}bob\n"), "line 2 has no colon"),
        (format!("#\n\n{line}:{hash}\n"), "line 4 has a name that must not be empty"),
        (format!("{line}{line}"), "line 2 has a name that another line before it has"),
        ("alice:s3cret\n".to_owned(), "line 1 has no hash of the form $argon2id$"),
        (format!("alice:{}\n", &hash[..hash.len() - 50]), "line 1 has a hash that is not whole"),
        (
            "alice:$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E\n"
                .to_owned(),
            "of the kind scrypt",
        ),
        (format!("alice:{}\n", hash.replace("m=19456", "m=4000000")), "costs more"),
        (format!("alice:{}\n", hash.replace("t=2", "t=4000000")), "costs more"),
        (format!("al\u{7}ice:{hash}\n"), "control character"),
        (format!("{}:{hash}\n", "x".repeat(257)), "at most 256 bytes"),
        ("# nobody\n".to_owned(), "it has no user"),
        ("x".repeat((4 << 20) + 1), "more than 4194304 bytes"),
    ];
    for (text, expected) in cases {
        let error = starts(text.as_bytes()).await;
        assert!(error.contains(expected) && error.contains("users"), "{error}");
        assert!(!error.contains("s3cret") && !error.contains("m=19456,t"), "{error}");
    }
    assert!(starts(b"alice:\xff\n").await.contains("not UTF-8"));
    std::fs::remove_file(&file).unwrap();
    let error = Node::start(with_users(folder.path(), Limits::default())).await.unwrap_err().to_string();
    assert!(error.contains("there is no such file; make it with `thalweg users add FILE NAME`"), "{error}");
}

#[test]
fn users_are_added_listed_and_removed() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("users");
    assert!(!users::add(&file, "bob", "b").unwrap());
    std::fs::write(&file, ["# ours\n", &std::fs::read_to_string(&file).unwrap()].concat()).unwrap();
    assert!(!users::add(&file, "alice", "a").unwrap());
    assert!(users::add(&file, "bob", "c").unwrap());
    assert_eq!(users::list(&file).unwrap(), ["alice", "bob"]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# ours\nbob:$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    users::remove(&file, "bob").unwrap();
    assert_eq!(users::list(&file).unwrap(), ["alice"]);
    assert!(users::remove(&file, "bob").unwrap_err().to_string().contains("no user \"bob\""));
    for (name, password) in [("", "x"), ("a:b", "x"), ("#a", "x"), (" a", "x"), ("a\n", "x"), ("a", ""), ("a", "x\0")] {
        assert!(users::add(&file, name, password).is_err(), "{name:?} {password:?}");
    }
    std::fs::write(&file, "alice\n").unwrap();
    assert!(users::add(&file, "bob", "b").unwrap_err().to_string().contains("line 1"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "alice\n", "it stays as it was");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["users"], "nothing is left beside it");
}
