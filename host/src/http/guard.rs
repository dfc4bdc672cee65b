//! Who may ask, and the headers of every answer.
//!
//! On this machine the danger is another page in the same browser: it can reach every loopback port, and by a name of its
//! own that resolves to 127.0.0.1 it can even read what comes back. So the Host must be one of ours and the Origin the same
//! as it. Beyond this machine anybody can ask: there a token is asked for with everything but the page's own files.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;
use super::token::Token;
use crate::panics;

/// What is asked of a request.
#[derive(Debug)]
pub(super) struct Guard {
    /// The hosts that the page is served as, with their ports; empty: any, as a token is asked for.
    hosts: Vec<String>,
    /// What must be shown.
    token: Option<Token>,
}

impl Guard {
    /// For a page that only this machine reaches, on a port; `listen` is the host that it listens on.
    pub(super) fn of_this_machine(listen: &str, port: u16) -> Self {
        let mut hosts = Vec::new();
        for host in [listen, "127.0.0.1", "localhost", "[::1]"] {
            hosts.push(format!("{}:{port}", host.to_ascii_lowercase()));
            if port == 80 {
                hosts.push(host.to_ascii_lowercase());
            }
        }
        Self { hosts, token: None }
    }

    /// For a page that others reach.
    pub(super) fn with_token(token: Token) -> Self {
        Self { hosts: Vec::new(), token: Some(token) }
    }

    /// The token, for the user.
    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_ref().map(Token::text)
    }

    /// The host that a request names, if the page is served as that.
    fn host(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let (host, others) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next());
        let plain = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
        let (Some(host), None) = (host.filter(plain), others) else {
            return Err(Refusal::bad("the request has not one Host"));
        };
        let host = host.to_ascii_lowercase();
        match self.hosts.first() {
            Some(own) if !self.hosts.contains(&host) => {
                let reason = format!("the page is not served as {host}; open it as http://{own}/");
                Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, reason))
            }
            _ => Ok(host),
        }
    }

    /// Whether a page of ours asks, or a program that is no page, with the token where one is needed.
    fn may_ask(&self, host: &str, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
        let forbidden = |reason: &str| Err(Refusal::new(StatusCode::FORBIDDEN, reason));
        let same = |origin: &HeaderValue| {
            let origin = origin.to_str().unwrap_or_default();
            let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        };
        if !headers.get_all(ORIGIN).iter().all(same) {
            return forbidden("a page of another origin asks; only the page that this server serves may");
        }
        let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
        if !matches!(site, None | Some(b"same-origin" | b"none")) {
            return forbidden("a page of another site asks; only the page that this server serves may");
        }
        let Some(token) = &self.token else { return Ok(()) };
        let shown = headers.get(AUTHORIZATION).and_then(|shown| shown.to_str().ok());
        let shown = shown.and_then(|shown| shown.strip_prefix("Bearer "));
        if shown.or_else(|| of_query(uri)).is_some_and(|shown| token.is(shown)) {
            return Ok(());
        }
        let reason = "the token is missing or wrong; open the page by the whole address that `thalweg serve` printed";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, reason))
    }
}

/// The token in an address: a browser's WebSocket cannot show it otherwise.
fn of_query(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

/// The layer around everything: the Host, a panic as an error, the headers of every answer.
pub(super) async fn around(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let host = match guard.host(request.headers()) {
        Ok(host) => host,
        Err(refusal) => return refusal.into_response(),
    };
    let path = request.uri().path().to_owned();
    let mut response = match panics::caught(next.run(request)).await {
        Ok(response) => response,
        Err(cause) => {
            tracing::error!(path, cause, "a request of the page broke down");
            let reason = "this request broke down; that is an error of thalweg, and the log says more";
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, reason).into_response()
        }
    };
    set_headers(response.headers_mut(), &host);
    response
}

/// The layer around what does something: Origin and token.
pub(super) async fn asked(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let checked = guard.host(request.headers());
    match checked.and_then(|host| guard.may_ask(&host, request.headers(), request.uri())) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn set_headers(headers: &mut HeaderMap, host: &str) {
    const FIXED: [(&str, &str); 5] = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ];
    for (name, value) in FIXED {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
         img-src 'self' data:; connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(HeaderName::from_static("content-security-policy"), policy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::from_bytes(name.as_bytes()).expect("a name"), HeaderValue::from_str(value).expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn on_this_machine_only_its_own_names_are_hosts() {
        let guard = Guard::of_this_machine("127.0.0.1", 9180);
        for host in ["127.0.0.1:9180", "LOCALHOST:9180", "[::1]:9180"] {
            assert!(guard.host(&headers(&[("host", host)])).is_ok(), "{host}");
        }
        for host in ["evil.example:9180", "127.0.0.1", "127.0.0.1:9181", "localhost.evil.example:9180", "a/b:9180", ""]
        {
            assert!(guard.host(&headers(&[("host", host)])).is_err(), "{host}");
        }
        assert!(guard.host(&HeaderMap::new()).is_err());
    }

    #[test]
    fn pages_of_other_origins_may_not_ask() {
        let guard = Guard::of_this_machine("127.0.0.1", 9180);
        let ask =
            |pairs: &[(&str, &str)]| guard.may_ask("127.0.0.1:9180", &headers(pairs), &Uri::from_static("/flows"));
        for fine in [&[][..], &[("origin", "http://127.0.0.1:9180")], &[("sec-fetch-site", "same-origin")]] {
            assert!(ask(fine).is_ok(), "{fine:?}");
        }
        let origins =
            ["null", "http://127.0.0.1:9181", "http://localhost:9180", "https://evil.example", "127.0.0.1:9180"];
        for origin in origins {
            assert!(ask(&[("origin", origin)]).is_err(), "{origin}");
        }
        assert!(ask(&[("sec-fetch-site", "cross-site")]).is_err());
        assert!(ask(&[("sec-fetch-site", "same-site")]).is_err());
    }

    #[test]
    fn beyond_this_machine_the_token_is_asked_for() {
        let guard = Guard::with_token(Token::random().expect("randomness"));
        let token = guard.token().expect("a token").to_owned();
        assert!(guard.host(&headers(&[("host", "box.example:9180")])).is_ok());
        let uri = |text: &str| text.parse::<Uri>().expect("an address");
        let shown = headers(&[("authorization", &format!("Bearer {token}"))]);
        assert!(guard.may_ask("box:9180", &shown, &uri("/flows")).is_ok());
        assert!(guard.may_ask("box:9180", &HeaderMap::new(), &uri(&format!("/gateway?to=a:1&token={token}"))).is_ok());
        for (pairs, address) in [
            (headers(&[]), "/flows"),
            (headers(&[("authorization", "Bearer x")]), "/flows"),
            (headers(&[("authorization", &token)]), "/flows"),
            (headers(&[]), "/gateway?token="),
        ] {
            assert!(guard.may_ask("box:9180", &pairs, &uri(address)).is_err());
        }
    }
}
