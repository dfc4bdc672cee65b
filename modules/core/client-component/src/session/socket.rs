//! One connection to a server: made, read and written until either side ends it.

use std::{cell::RefCell, collections::VecDeque, net::SocketAddr, rc::Rc};

use futures::future::{Either, select};
use thalweg_contract::{ConnectionId, Input};
use wasip3::{
    sockets::{
        ip_name_lookup,
        types::{
            ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket,
        },
    },
    wit_bindgen::{StreamReader, StreamResult, StreamWriter},
    wit_stream,
};

use super::{Shared, bell::Bell};

/// How many bytes are asked for at once.
const READ: usize = 256 << 10;

/// What the engine hands to a connection.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// What is to be sent, each as one write.
    outbox: RefCell<VecDeque<Vec<u8>>>,
    filled: Bell,
    ended: Bell,
}

impl Link {
    /// Sends bytes as one write.
    pub(super) fn send(&self, bytes: Vec<u8>) {
        self.outbox.borrow_mut().push_back(bytes);
        self.filled.ring();
    }

    /// Ends the connection.
    pub(super) fn end(&self) {
        self.ended.ring();
    }
}

/// Makes a connection and carries it until the engine or the server ends it; what happens to it is told to the session.
pub(super) async fn run(shared: Rc<Shared>, connection: ConnectionId, address: String, link: Rc<Link>) {
    let carried = Box::pin(carry(&shared, connection, &address, &link));
    // What the engine ended itself it is not told of.
    if let Either::Left((reason, _)) = select(carried, Box::pin(link.ended.heard())).await {
        shared.links.borrow_mut().remove(&connection);
        shared.happened(Input::Disconnected { connection, reason });
    }
}

/// Gives why the connection ended.
async fn carry(shared: &Shared, connection: ConnectionId, address: &str, link: &Link) -> String {
    let socket = match connect(address).await {
        Ok(socket) => socket,
        Err(reason) => return reason,
    };
    let (incoming, _received) = socket.receive();
    let (outgoing, data) = wit_stream::new();
    let sent = socket.send(data);
    shared.happened(Input::Connected(connection));
    let reading = Box::pin(read(shared, connection, incoming));
    let writing = Box::pin(async {
        write(link, outgoing).await;
        match sent.await {
            Err(error) => format!("nothing can be sent any more: {}", described(&error)),
            Ok(()) => "the server takes nothing any more".to_owned(),
        }
    });
    match select(reading, writing).await {
        Either::Left((reason, _)) | Either::Right((reason, _)) => reason,
    }
}

async fn read(shared: &Shared, connection: ConnectionId, mut incoming: StreamReader<u8>) -> String {
    let mut buffer = Vec::with_capacity(READ);
    loop {
        let (result, mut bytes) = incoming.read(buffer).await;
        if !bytes.is_empty() {
            // What is short is copied, so that the buffer can be filled again.
            let whole = bytes.len() > READ / 2;
            let given = if whole { std::mem::replace(&mut bytes, Vec::with_capacity(READ)) } else { bytes.clone() };
            shared.happened(Input::Bytes { connection, bytes: given.into() });
            bytes.clear();
        }
        if !matches!(result, StreamResult::Complete(_)) {
            return "the server ended the connection".to_owned();
        }
        buffer = bytes;
    }
}

/// Writes until the other side takes no more.
async fn write(link: &Link, mut outgoing: StreamWriter<u8>) {
    loop {
        let next = link.outbox.borrow_mut().pop_front();
        match next {
            Some(bytes) => {
                if !outgoing.write_all(bytes).await.is_empty() {
                    return;
                }
            }
            None => link.filled.heard().await,
        }
    }
}

async fn connect(address: &str) -> Result<TcpSocket, String> {
    let mut reason = "its name has no address".to_owned();
    for address in resolve(address).await? {
        let family = match address {
            IpSocketAddress::Ipv4(_) => IpAddressFamily::Ipv4,
            IpSocketAddress::Ipv6(_) => IpAddressFamily::Ipv6,
        };
        let socket = TcpSocket::create(family).map_err(|error| format!("no socket: {}", described(&error)))?;
        match socket.connect(address).await {
            Ok(()) => return Ok(socket),
            Err(error) => reason = described(&error),
        }
    }
    Err(reason)
}

/// The addresses of a `host:port`.
async fn resolve(address: &str) -> Result<Vec<IpSocketAddress>, String> {
    if let Ok(address) = address.parse::<SocketAddr>() {
        return Ok(vec![of_std(address)]);
    }
    let no_address = || format!("{address:?} is no host:port");
    let (host, port) = address.rsplit_once(':').ok_or_else(no_address)?;
    let port = port.parse::<u16>().map_err(|_| no_address())?;
    let found = ip_name_lookup::resolve_addresses(host.to_owned()).await;
    let found = found.map_err(|error| format!("its name is not resolved: {error}"))?;
    let with_port = |address| match address {
        IpAddress::Ipv4(address) => IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address }),
        IpAddress::Ipv6(address) => {
            IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info: 0, address, scope_id: 0 })
        }
    };
    Ok(found.into_iter().map(with_port).collect())
}

fn of_std(address: SocketAddr) -> IpSocketAddress {
    match address {
        SocketAddr::V4(v4) => {
            let [a, b, c, d] = v4.ip().octets();
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port: v4.port(), address: (a, b, c, d) })
        }
        SocketAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h] = v6.ip().segments();
            IpSocketAddress::Ipv6(Ipv6SocketAddress {
                port: v6.port(),
                flow_info: v6.flowinfo(),
                address: (a, b, c, d, e, f, g, h),
                scope_id: v6.scope_id(),
            })
        }
    }
}

/// A failure of a socket in words.
fn described(error: &ErrorCode) -> String {
    let text = match error {
        ErrorCode::AccessDenied => "the host allows no such connection",
        ErrorCode::NotSupported => "the host has no such sockets",
        ErrorCode::ConnectionRefused => "connection refused",
        ErrorCode::ConnectionReset => "connection reset",
        ErrorCode::ConnectionBroken | ErrorCode::ConnectionAborted => "connection broken",
        ErrorCode::RemoteUnreachable => "no way leads there",
        ErrorCode::Timeout => "no answer in time",
        other => return format!("{other}"),
    };
    text.to_owned()
}
