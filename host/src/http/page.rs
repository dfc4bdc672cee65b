//! The files of the page, as the binary carries them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::answer::Refusal;

/// A file of the page.
struct File {
    path: &'static str,
    bytes: &'static [u8],
}

macro_rules! files {
    ($($path:literal => $source:literal,)*) => {
        &[$(File { path: $path, bytes: include_bytes!($source) }),*]
    };
}

static FILES: &[File] = files! {
    "/" => "page/index.html",
    "/style.css" => "page/style.css",
    "/icon.svg" => "page/icon.svg",
    "/api.js" => "page/api.js",
    "/app.js" => "page/app.js",
    "/bench.js" => "page/bench.js",
    "/cells.js" => "page/cells.js",
    "/command.js" => "page/command.js",
    "/diagram.js" => "page/diagram.js",
    "/dom.js" => "page/dom.js",
    "/fates.js" => "page/fates.js",
    "/flows.js" => "page/flows.js",
    "/form.js" => "page/form.js",
    "/grid.js" => "page/grid.js",
    "/lookup.js" => "page/lookup.js",
    "/plot.js" => "page/plot.js",
    "/runner.js" => "page/runner.js",
    "/sandbox.js" => "page/sandbox.js",
    "/session.js" => "page/session.js",
    "/worker.js" => "page/worker.js",
};

/// A file of the driver in JavaScript.
pub(super) struct Source {
    path: &'static str,
    text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/driver.rs"));

/// Where the driver lies.
const DRIVER_FOLDER: &str = "/thalweg/src/";

/// The fallback of every path: a file of the page or of the driver, or none.
pub(super) async fn file(request: Request) -> Response {
    match all().get(request.uri().path()) {
        Some((bytes, tag)) => serve(request.uri().path(), Body::from(*bytes), tag, request.headers()),
        None => Refusal::new(StatusCode::NOT_FOUND, "there is nothing at this path").into_response(),
    }
}

/// All files by their paths, with their tags; made when first asked for.
fn all() -> &'static HashMap<String, (&'static [u8], String)> {
    static ALL: OnceLock<HashMap<String, (&'static [u8], String)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let page = FILES.iter().map(|file| (file.path.to_owned(), file.bytes));
        let driver = DRIVER.iter().map(|file| (format!("{DRIVER_FOLDER}{}", file.path), file.text.as_bytes()));
        page.chain(driver).map(|(path, bytes)| (path, (bytes, tag(bytes)))).collect()
    })
}

/// A tag that changes with the bytes.
pub(super) fn tag(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let mut tag = String::from("\"");
    for byte in digest.iter().take(12) {
        let _ = write!(tag, "{byte:02x}");
    }
    tag + "\""
}

/// A file with its type and its tag, or, if the browser has it, only that it is the same.
pub(super) fn serve(path: &str, body: Body, tag: &str, asked: &HeaderMap) -> Response {
    let known = asked.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = Response::new(if known { Body::empty() } else { body });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    // Kept, but asked about each time: another version of the binary has other files.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(ETAG, tag);
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, suffix)| suffix) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        Some(_) => "application/octet-stream",
        None => "text/html; charset=utf-8",
    }
}
