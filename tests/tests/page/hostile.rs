//! Requests as strangers make them: wrong hosts and origins, no token, garbage, bytes that are no module.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::http::{ask, get, raw};
use crate::node::Served;

pub(crate) const CASES: &[(&str, crate::Case)] = &[
    ("page_is_served_with_its_types_and_headers", is_served),
    ("page_answers_only_its_own_hosts_and_origins", answers_its_own),
    ("page_beyond_this_machine_asks_for_the_token", asks_for_the_token),
    ("page_takes_no_garbage", takes_no_garbage),
    ("page_does_not_wait_for_ever_for_a_head", does_not_wait),
    ("modules_are_listed_and_made_into_javascript", makes_modules),
    ("bytes_that_are_no_module_are_refused", refuses_no_modules),
    ("page_stands_aside_without_http", stands_aside),
];

fn is_served() -> Result<()> {
    let served = Served::start(&[])?;
    for (path, content_type) in
        [("/", "text/html"), ("/style.css", "text/css"), ("/app.js", "text/javascript"), ("/icon.svg", "image/svg+xml")]
    {
        let answer = get(&served.page, path)?;
        ensure!(answer.status == 200, "{path}: {}", answer.status);
        for wanted in [
            &format!("content-type: {content_type}"),
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'",
            "cache-control: no-cache",
        ] {
            ensure!(answer.head.contains(wanted), "{path}: no {wanted}: {}", answer.head);
        }
        let tag = answer.head.lines().find_map(|line| line.strip_prefix("etag: ")).context("no tag")?.to_owned();
        let again = ask(&served.page, "GET", path, &[&format!("If-None-Match: {tag}")], b"")?;
        ensure!(again.status == 304 && again.body.is_empty(), "{path}: {}", again.status);
    }
    let page = String::from_utf8(get(&served.page, "/")?.body)?;
    // Everything that the page loads is there, and nothing comes from elsewhere.
    ensure!(!page.contains("http://") && !page.contains("https://"), "the page names other servers");
    for part in page.split(['"', '\'']).filter(|part| part.starts_with('/') && part.contains('.')) {
        ensure!(get(&served.page, part)?.status == 200, "{part} is missing");
    }
    for path in ["/none", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/page/", "//", "/app.js/"] {
        ensure!(get(&served.page, path)?.status == 404, "{path}");
    }
    ensure!(ask(&served.page, "POST", "/app.js", &[], b"")?.status == 405);
    served.stop()
}

fn answers_its_own() -> Result<()> {
    let served = Served::start(&[])?;
    let port = served.page.rsplit_once(':').context("a port")?.1;
    for host in [served.page.clone(), format!("localhost:{port}"), format!("LOCALHOST:{port}")] {
        ensure!(ask(&served.page, "GET", "/about", &[&format!("Host: {host}")], b"")?.status == 200, "{host}");
    }
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", "x<script>", ""] {
        for path in ["/", "/about", "/modules", "/thalweg/generated/engine.js"] {
            let status = ask(&served.page, "GET", path, &[&format!("Host: {host}")], b"")?.status;
            ensure!(status == 421 || status == 400, "{host} {path}: {status}");
        }
    }
    let two = ask(&served.page, "GET", "/about", &[&format!("Host: {}", served.page), "Host: evil.example"], b"")?;
    ensure!(two.status == 400, "two hosts: {}", two.status);
    for origin in ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1"] {
        for (method, path) in [("GET", "/about"), ("POST", "/flows"), ("POST", "/transpile"), ("GET", "/flows/events")]
        {
            let answer = ask(&served.page, method, path, &[&format!("Origin: {origin}")], b"")?;
            ensure!(answer.status == 403 && answer.error()?.contains("another origin"), "{origin} {path}");
            ensure!(!answer.head.contains("access-control-allow"), "{origin} {path} is let in");
        }
    }
    Ok(())
}

fn asks_for_the_token() -> Result<()> {
    let served = Served::start_on("0.0.0.0:0", &[])?;
    let token = served.url.split_once("#token=").context("the address has no token")?.1.to_owned();
    ensure!(token.len() == 48 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    ensure!(get(&served.page, "/")?.status == 200, "the page itself needs no token");
    let with = |token: &str| ask(&served.page, "GET", "/about", &[&format!("Authorization: Bearer {token}")], b"");
    ensure!(with(&token)?.status == 200, "the token is not taken");
    ensure!(with(&"0".repeat(48))?.status == 401, "another token is taken");
    for (method, path) in [
        ("GET", "/about"),
        ("GET", "/flows"),
        ("GET", "/flows/events"),
        ("POST", "/flows"),
        ("DELETE", "/flows/1"),
        ("POST", "/transpile"),
        ("GET", "/gateway"),
        ("GET", "/gateway?token=x"),
    ] {
        ensure!(ask(&served.page, method, path, &[], b"")?.status == 401, "{path} is open");
    }
    Ok(())
}

fn takes_no_garbage() -> Result<()> {
    let served = Served::start(&[])?;
    let long = format!("GET /{} HTTP/1.1\r\nHost: {}\r\n\r\n", "a".repeat(1 << 20), served.page);
    let many: String = (0..500).map(|number| format!("X-{number}: 1\r\n")).collect();
    let many = format!("GET / HTTP/1.1\r\nHost: {}\r\n{many}\r\n", served.page);
    for request in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01".as_slice(),
        b"GET\r\n\r\n",
        b"\0\0\0\x10abcdef",
        long.as_bytes(),
        many.as_bytes(),
    ] {
        // Whatever the answer is, it is an error or the end.
        if let Ok(answer) = raw(&served.page, request) {
            ensure!((400..500).contains(&answer.status), "{}", answer.status);
        }
    }
    let body = vec![b'x'; 1 << 20];
    for (path, body, status) in [
        ("/flows", &b"{"[..], 400),
        ("/flows", b"[1]", 400),
        ("/flows", b"{\"source\":\"a/../b\",\"sink\":\"b\"}", 400),
        ("/flows", &body, 413),
        ("/transpile?stock=../../etc/passwd", b"", 404),
    ] {
        let answer = ask(&served.page, "POST", path, &[], body)?;
        ensure!(answer.status == status, "{path}: {}", answer.status);
        ensure!(!answer.error()?.is_empty());
    }
    ensure!(ask(&served.page, "DELETE", "/flows/999", &[], b"")?.status == 404);
    ensure!(ask(&served.page, "DELETE", "/flows/x", &[], b"")?.status == 400);
    ensure!(get(&served.page, "/about")?.status == 200);
    served.stop()
}

fn does_not_wait() -> Result<()> {
    let served = Served::start(&[])?;
    // More half-open requests than there are places: those who wait their turn are closed, the others time out.
    let mut held = Vec::new();
    for _ in 0..400 {
        let mut stream = TcpStream::connect(&served.page)?;
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: ");
        held.push(stream);
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while !get(&served.page, "/about").is_ok_and(|answer| answer.status == 200) {
        ensure!(Instant::now() < deadline, "half-open requests keep their places for ever");
        std::thread::sleep(Duration::from_millis(500));
    }
    drop(held);
    served.stop()
}

fn makes_modules() -> Result<()> {
    let served = Served::start(&[])?;
    let modules = get(&served.page, "/modules")?.json()?;
    let modules = modules.as_array().context("a list")?;
    let names: Vec<_> = modules.iter().filter_map(|module| module["name"].as_str()).collect();
    ensure!(names.contains(&"where") && names.contains(&"scale"), "{names:?}");
    for module in modules {
        ensure!(module["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{module}");
        ensure!(module["parameters"]["properties"].is_object(), "{module}");
    }
    let made = ask(&served.page, "POST", "/transpile?stock=where", &[], b"")?.json()?;
    let entry = made["entry"].as_str().context("an entry")?;
    let script = get(&served.page, entry)?;
    ensure!(script.status == 200 && script.head.contains("text/javascript"), "{}", script.head);
    let text = String::from_utf8(script.body)?;
    ensure!(text.contains("export") && text.contains("instantiate"), "{}", &text[..200.min(text.len())]);
    let folder = entry.rsplit_once('/').context("a folder")?.0;
    let core = get(&served.page, &format!("{folder}/module.core.wasm"))?;
    ensure!(core.status == 200 && core.head.contains("application/wasm") && core.body.starts_with(b"\0asm\x01"));
    ensure!(get(&served.page, "/thalweg/generated/engine.js")?.status == 200, "the engine is not there");
    ensure!(get(&served.page, "/made/0000/module.js")?.status == 404);
    served.stop()
}

fn refuses_no_modules() -> Result<()> {
    let served = Served::start(&[])?;
    let core = b"\0asm\x01\0\0\0".to_vec();
    let empty = b"\0asm\x0d\0\x01\0".to_vec();
    let mut torn = empty.clone();
    torn.extend([7, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3]);
    let mut noise = empty.clone();
    noise.extend((0..100_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8));
    for (bytes, what) in [
        (&b""[..], "nothing"),
        (b"<html>", "text"),
        (&core, "a core module"),
        (&empty, "a component without exports"),
        (&torn, "a torn component"),
        (&noise, "noise"),
    ] {
        let answer = ask(&served.page, "POST", "/transpile?name=x", &[], bytes)?;
        ensure!(answer.status == 422, "{what}: {}", answer.status);
        ensure!(answer.error()?.len() > 10, "{what}: {:?}", answer.error());
    }
    let answer = ask(&served.page, "POST", "/transpile", &[], &vec![0; (16 << 20) + 1])?;
    ensure!(answer.status == 413, "too long: {}", answer.status);
    ensure!(ask(&served.page, "POST", "/transpile?stock=where", &[], b"")?.status == 200, "it does not go on");
    served.stop()
}

fn stands_aside() -> Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let Err(error) = Served::start_on(&address, &[]) else { anyhow::bail!("a taken address was listened on") };
    ensure!(format!("{error:#}").contains("the node said \"\""), "{error:#}");
    let output = thalweg_tests::binary::command(["serve", "--http-allow", "a:1"]).output()?;
    ensure!(output.status.code() == Some(2), "{}", output.status);
    Ok(())
}
