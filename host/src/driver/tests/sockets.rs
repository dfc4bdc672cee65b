//! Frames, and connections that fail.

use std::time::Duration;

use thalweg_contract::{Action, Piece, Range};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{Call, Rig, nothing, settings, within};

#[tokio::test]
async fn frames_go_out_in_pieces_and_come_back_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        // One frame of 5 bytes that comes in two parts.
        socket.write_all(b"\0\0\0\x05he").await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        socket.write_all(b"llo").await.unwrap();
        let mut got = vec![0; (3 << 20) + 7];
        socket.read_exact(&mut got).await.unwrap();
        got
    });
    let mut rig = Rig::start(settings(), move |call| {
        Ok((
            Ok(1),
            match call {
                Call::Ask => vec![Action::Connect { connection: 4, address: address.clone() }],
                Call::Received(buffer, _) => vec![
                    Action::Send {
                        connection: 4,
                        pieces: vec![
                            Piece::Inline(b"say".to_vec()),
                            Piece::Held(Range { buffer: *buffer, offset: 1, length: 4 }),
                        ],
                    },
                    Action::Release(*buffer),
                    // Too long to be written at once: it follows the first in order.
                    Action::Send { connection: 4, pieces: vec![Piece::Inline(vec![7; 1 << 20]); 3] },
                ],
                _ => vec![],
            },
        ))
    });
    let _answer = rig.ask();
    assert_eq!(rig.call().await, Call::Ask);
    assert_eq!(rig.call().await, Call::Connected(4));
    assert!(matches!(rig.call().await, Call::Received(_, frame) if frame == "hello"));
    let got = within(server).await.unwrap();
    assert_eq!(got[..7], *b"sayello");
    assert!(got[7..].iter().all(|byte| *byte == 7));
    assert!(matches!(rig.call().await, Call::Disconnected(reason) if reason.contains("closed the connection")));
}

#[tokio::test]
async fn a_frame_past_the_limit_ends_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.write_all(&0x7fff_ffffu32.to_be_bytes()).await;
        let _ = socket.read(&mut [0]).await;
    });
    let mut settings = settings();
    settings.connection.frame_limit = 1000;
    let target = address.clone();
    let mut rig = Rig::start(settings, move |call| match call {
        Call::Ask => Ok((Ok(1), vec![Action::Connect { connection: 1, address: target.clone() }])),
        _ => nothing(),
    });
    let _answer = rig.ask();
    let (_, connected) = (rig.call().await, rig.call().await);
    assert_eq!(connected, Call::Connected(1));
    assert!(matches!(rig.call().await, Call::Disconnected(reason) if reason.contains("1000 bytes")));
    assert!(rig.reach.describe(&[address]).contains("1000 bytes"));
}

#[tokio::test]
async fn a_refused_connection_is_reported_with_its_reason() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let target = unused.clone();
    let mut rig = Rig::start(settings(), move |call| match call {
        Call::Ask => Ok((Ok(1), vec![Action::Connect { connection: 1, address: target.clone() }])),
        _ => nothing(),
    });
    let _answer = rig.ask();
    rig.call().await;
    assert!(matches!(rig.call().await, Call::Disconnected(reason) if reason.contains("refused")));
    within(rig.reach.all_failed(std::slice::from_ref(&unused))).await;
    assert!(rig.reach.describe(std::slice::from_ref(&unused)).starts_with(&format!("{unused}: ")));
}
