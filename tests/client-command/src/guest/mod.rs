//! The command itself: one request after the other, until standard input ends.
//!
//! ```text
//! commands  what is asked, carried out
//! measure   how fast the client is, and how it treats slow readers
//! ```

mod commands;
mod measure;

use std::collections::HashMap;

use wasip3::{
    cli::{stdin, stdout},
    wit_bindgen::{StreamReader, StreamResult, StreamWriter},
    wit_stream,
};

use crate::{
    frames,
    request::{Answer, Request},
};
use bindings::thalweg::client_async::client;
use thalweg_bindings::types::Batch;

mod bindings {
    #![allow(missing_docs, unsafe_code, clippy::all, clippy::allow_attributes_without_reason, reason = "generated")]

    wit_bindgen::generate!({
        path: ["../../wit/module", "../../wit/client", "../../wit/client-async"],
        inline: "
            package thalweg:tests;
            world command { import thalweg:client-async/client@0.2.2; }
        ",
        world: "thalweg:tests/command",
        with: {
            "thalweg:module/types@1.0.0": thalweg_bindings::types,
            "thalweg:client/catalog@0.2.2": thalweg_bindings::catalog,
            "thalweg:client/settings@0.2.2": thalweg_bindings::settings,
        },
        generate_all,
    });
}

struct Command;

wasip3::cli::command::export!(Command);

/// The session and its tables, by name and modules.
#[derive(Default)]
struct State {
    session: Option<client::Session>,
    tables: HashMap<String, client::Table>,
}

impl wasip3::exports::cli::run::Guest for Command {
    async fn run() -> Result<(), ()> {
        let (input, _read) = stdin::read_via_stream();
        let (mut output, data) = wit_stream::new();
        let _written = stdout::write_via_stream(data);
        let mut input = Input { stream: input, bytes: Vec::new(), ended: false };
        let mut state = State::default();
        while let Some(line) = input.frame().await {
            let request: Request = serde_json::from_slice(&line).map_err(|error| eprintln!("{error}"))?;
            let has_rows = matches!(
                request,
                Request::Write { .. }
                    | Request::Lookup { .. }
                    | Request::PrefixLookup { .. }
                    | Request::BenchRows { .. }
            );
            let rows = if has_rows { input.frame().await.and_then(|bytes| frames::decode(&bytes)) } else { None };
            let (answer, batches) = match commands::carry_out(&mut state, request, rows).await {
                Ok(answer) => answer,
                Err(error) => failed(error),
            };
            send(&mut output, &answer, &batches).await;
        }
        Ok(())
    }
}

fn failed(error: thalweg_bindings::catalog::Error) -> (Answer, Vec<Batch>) {
    let answer = Answer { error: Some(commands::text(&error)), retriable: error.retriable, ..Answer::default() };
    (answer, Vec::new())
}

async fn send(output: &mut StreamWriter<u8>, answer: &Answer, batches: &[Batch]) {
    let mut bytes = Vec::new();
    let mut frame = |part: &[u8]| {
        bytes.extend((part.len() as u32).to_le_bytes());
        bytes.extend(part);
    };
    frame(&serde_json::to_vec(answer).unwrap_or_default());
    batches.iter().for_each(|batch| frame(&frames::encode(batch)));
    output.write_all(bytes).await;
}

struct Input {
    stream: StreamReader<u8>,
    bytes: Vec<u8>,
    ended: bool,
}

impl Input {
    /// The next frame; `None` at the end.
    async fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some((length, rest)) = self.bytes.split_first_chunk::<4>() {
                let length = u32::from_le_bytes(*length) as usize;
                if rest.len() >= length {
                    let frame = rest[..length].to_vec();
                    self.bytes.drain(..4 + length);
                    return Some(frame);
                }
            }
            if self.ended {
                return None;
            }
            let (result, read) = self.stream.read(Vec::with_capacity(64 << 10)).await;
            self.bytes.extend(read);
            self.ended = !matches!(result, StreamResult::Complete(_));
        }
    }
}
