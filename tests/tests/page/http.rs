//! Plain HTTP/1.1 for the tests: a request as it is written here, and the answer read to its end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// An answer.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its head, in lower case.
    pub(crate) head: String,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| String::from_utf8_lossy(&self.body).into_owned())
    }

    /// The error that the body says.
    pub(crate) fn error(&self) -> Result<String> {
        Ok(self.json()?["error"].as_str().context("no error")?.to_owned())
    }
}

/// Sends a request with these header lines beside `Host` and `Content-Length`.
pub(crate) fn ask(page: &str, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Result<Answer> {
    let own_host = headers.iter().any(|header| header.to_ascii_lowercase().starts_with("host:"));
    let host = if own_host { String::new() } else { format!("Host: {page}\r\n") };
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\n{host}{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    raw(page, &[head.as_bytes(), body].concat())
}

/// `ask` for a path.
pub(crate) fn get(page: &str, path: &str) -> Result<Answer> {
    ask(page, "GET", path, &[], b"")
}

/// Sends bytes, and reads an answer until the connection is closed.
pub(crate) fn raw(page: &str, request: &[u8]) -> Result<Answer> {
    let mut stream = TcpStream::connect(page)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_write_timeout(Some(Duration::from_secs(60)))?;
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer)
        && answer.is_empty()
    {
        return Err(error.into());
    }
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").context("an answer without head")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
    let body = answer[end + 4..].to_vec();
    let body = if head.contains("transfer-encoding: chunked") { unchunked(&body) } else { body };
    Ok(Answer { status, head, body })
}

/// The body of an answer in chunks, as far as it came.
fn unchunked(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|bytes| bytes == b"\r\n") {
        let length = std::str::from_utf8(&chunks[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(length) = length.filter(|length| *length > 0 && end + 2 + length <= chunks.len()) else { break };
        body.extend_from_slice(&chunks[end + 2..end + 2 + length]);
        chunks = chunks.get(end + 2 + length + 2..).unwrap_or_default();
    }
    body
}
