//! Servers that want a login, or act as if they did.

use std::collections::HashSet;

use bytes::Bytes;
use thalweg_wire::{
    frame,
    message::{self, ApiKey, AuthenticateRequest, AuthenticateResponse},
};

/// How servers answer a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As real ones do.
    Sound,
    /// With a challenge, which takes nothing back.
    Challenging,
    /// With one challenge after another, and no end.
    Insatiable,
    /// They have no login.
    Plain,
    /// So many times they cannot say now.
    Busy(u32),
    /// So many microseconds later than others.
    Late(u64),
    /// Twice.
    Twice,
    /// As if another request had been made.
    Astray,
    /// With what is no answer.
    Garbage,
    /// They end the connection.
    Closing,
    /// Never.
    Silent,
}

/// Who is let in.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) manner: Manner,
    /// What opens it.
    pub(crate) token: Vec<u8>,
    /// The servers that have it; empty: all.
    pub(crate) servers: Vec<i32>,
    /// The logins that came, by server.
    pub(crate) logins: Vec<i32>,
    open: HashSet<u32>,
}

/// What happens in the place of an answer: a frame after so long, or the end of the connection.
type Happens = Vec<Option<(u64, Bytes)>>;

impl Gate {
    /// Servers that let in `user` with `password`.
    pub(crate) fn new(manner: Manner, user: &str, password: &str) -> Self {
        let token = format!("\0{user}\0{password}").into_bytes();
        Self { manner, token, servers: Vec::new(), logins: Vec::new(), open: HashSet::new() }
    }

    /// What happens to a request that does not come through.
    pub(super) fn stops(&mut self, connection: u32, server: i32, request: &Bytes) -> Option<Happens> {
        let (header, body) = frame::decode_request(request.clone()).expect("the engine sends whole frames");
        let api = ApiKey::from_code(header.api_key).expect("a known API");
        let refused = |text: &str| {
            let frame = frame::encode_error_response(header.request_id, 46, text).expect("it is short");
            Some(vec![Some((0, Bytes::from(frame).slice(4..)))])
        };
        let guarded = self.servers.is_empty() || self.servers.contains(&server);
        if api != ApiKey::Authenticate {
            let stopped = guarded && api != ApiKey::ApiVersions && self.manner != Manner::Plain;
            return if stopped && !self.open.contains(&connection) { refused("Log in first.") } else { None };
        }
        self.logins.push(server);
        let request: AuthenticateRequest = message::decode(body).expect("well formed");
        if self.manner == Manner::Plain {
            return refused("Authenticate protocol not match: protocol of server is 'PLAINTEXT'");
        }
        assert_eq!(request.protocol, "PLAIN");
        if guarded && request.token[..] != self.token[..] {
            // It says more than it should.
            return refused(&format!("wrong: {}", String::from_utf8_lossy(&request.token)));
        }
        Some(self.answer(connection, header.request_id))
    }

    fn answer(&mut self, connection: u32, id: i32) -> Happens {
        let answer = |id: i32, challenge: Option<&'static [u8]>| {
            let response = AuthenticateResponse { challenge: challenge.map(Bytes::from_static) };
            Bytes::from(frame::encode_response(id, &response).expect("it is short")).slice(4..)
        };
        match &mut self.manner {
            Manner::Busy(times) if *times > 0 => {
                *times -= 1;
                let frame = frame::encode_error_response(id, 51, "Later.").expect("it is short");
                return vec![Some((0, Bytes::from(frame).slice(4..)))];
            }
            Manner::Insatiable => return vec![Some((0, answer(id, Some(b"more"))))],
            Manner::Garbage => return vec![Some((0, Bytes::from_static(b"\x07garbage")))],
            Manner::Closing => return vec![None],
            Manner::Silent => return Vec::new(),
            _ => {}
        }
        self.open.insert(connection);
        match self.manner {
            Manner::Challenging => vec![Some((0, answer(id, Some(b""))))],
            Manner::Late(more) => vec![Some((more, answer(id, None)))],
            Manner::Twice => vec![Some((0, answer(id, None))), Some((1, answer(id, None)))],
            Manner::Astray => vec![Some((0, answer(id + 7, None)))],
            _ => vec![Some((0, answer(id, None)))],
        }
    }
}
