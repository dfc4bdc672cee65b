//! Which servers the page may reach: the node itself, and those that its user named.

use std::collections::BTreeSet;

/// Servers by their `host:port`.
#[derive(Debug, Clone)]
pub(super) struct Servers {
    /// Where the node listens, from within this machine.
    node: String,
    /// What else the node is called: what it listens on, and what it tells clients.
    own: BTreeSet<String>,
    /// Other servers that may be reached.
    allowed: BTreeSet<String>,
}

impl Servers {
    /// `node` is connected to for every name in `own`. Fails on what is no `host:port`.
    pub(super) fn new(node: &str, own: &[String], allowed: &[String]) -> Result<Self, String> {
        let read = |text: &String| address(text).ok_or_else(|| format!("{text:?} is no HOST:PORT"));
        let own = own.iter().map(read).collect::<Result<_, _>>()?;
        let allowed = allowed.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { node: node.to_owned(), own, allowed })
    }

    /// Where the node listens.
    pub(super) fn node(&self) -> &str {
        &self.node
    }

    /// Where to connect to for a server that the page asks for; `None` asked for: the node. The error says why not.
    pub(super) fn find(&self, asked: Option<&str>) -> Result<String, String> {
        let Some(asked) = asked else { return Ok(self.node.clone()) };
        let Some(address) = address(asked) else { return Err(format!("{asked:?} is no HOST:PORT")) };
        if address == self.node || self.own.contains(&address) {
            return Ok(self.node.clone());
        }
        if self.allowed.contains(&address) {
            return Ok(address);
        }
        Err(format!(
            "the gateway does not lead to {address}; serve the page with --http-allow {address} to let it lead there"
        ))
    }
}

/// `host:port`, so that two that mean the same are the same; `None` for anything else.
fn address(text: &str) -> Option<String> {
    const LONGEST: usize = 260;
    let (host, port) = text.rsplit_once(':')?;
    let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let six = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let known = match six {
        Some(six) => six.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(plain),
    };
    (known && text.len() <= LONGEST).then(|| format!("{}:{port}", host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_node_and_named_servers_are_found() {
        let own = ["127.0.0.1:9123".to_owned(), "Box.Local:9123".to_owned()];
        let allowed = ["fluss-1:9124".to_owned(), "[::1]:9125".to_owned()];
        let servers = Servers::new("127.0.0.1:9123", &own, &allowed).expect("servers");
        for (asked, found) in [
            (None, "127.0.0.1:9123"),
            (Some("127.0.0.1:9123"), "127.0.0.1:9123"),
            (Some("BOX.local:9123"), "127.0.0.1:9123"),
            (Some("FLUSS-1:9124"), "fluss-1:9124"),
            (Some("[::1]:9125"), "[::1]:9125"),
        ] {
            assert_eq!(servers.find(asked).as_deref(), Ok(found));
        }
        for asked in
            ["127.0.0.1:22", "fluss-1:9123", "fluss-2:9124", "", ":1", "a:", "a:0", "a:70000", "a b:1", "x@y:1"]
        {
            assert!(servers.find(Some(asked)).is_err(), "{asked}");
        }
        let error = servers.find(Some("10.0.0.1:9123")).expect_err("it is not named");
        assert!(error.contains("--http-allow 10.0.0.1:9123"), "{error}");
    }
}
