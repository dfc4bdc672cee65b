//! Why a handshake failed, as sentences.

use std::{
    io::{self, ErrorKind},
    time::{Duration, SystemTime},
};

use rustls_pki_types::UnixTime;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// Why a connection is not secure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// One sentence, with what to do.
    pub reason: String,
    /// Whether trying again cannot help, as long as nobody changes anything.
    pub hopeless: bool,
}

impl Failed {
    fn hopeless(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), hopeless: true }
    }

    fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), hopeless: false }
    }

    pub(crate) fn no_name(host: &str) -> Self {
        Self::hopeless(format!(
            "{host:?} is no name that a certificate can be for; give one with --tls-server-name NAME"
        ))
    }

    /// A server that answered a plain client in TLS.
    pub fn speaks_tls() -> Self {
        Self::hopeless("the server speaks TLS; connect with --tls")
    }
}

/// Why a client's handshake with a server of this name failed. `shows`: the client has a certificate.
pub(crate) fn of_handshake(error: &io::Error, name: &str, shows: bool) -> Failed {
    if let Some(failed) = of_library(error, name, shows) {
        return failed;
    }
    match error.kind() {
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::BrokenPipe
        | ErrorKind::ConnectionAborted => Failed::passing(
            "the server closed the connection during the TLS handshake; it may speak no TLS: try another port, or \
                 leave TLS out",
        ),
        _ => Failed::passing(format!("the TLS handshake failed: {error}")),
    }
}

/// Why a connection of a client ended after its handshake.
pub(crate) fn of_end(error: &io::Error, shows: bool) -> Option<Failed> {
    of_library(error, "the server", shows)
}

/// Why a handshake of a server failed, for its log.
pub(crate) fn of_peer(error: &io::Error) -> String {
    match library(error) {
        Some(Error::InvalidMessage(InvalidMessage::InvalidContentType)) => "it speaks no TLS".to_owned(),
        Some(Error::NoCertificatesPresented) => "it showed no certificate".to_owned(),
        Some(Error::AlertReceived(alert)) => format!("it refuses: {alert:?}"),
        Some(error) => error.to_string(),
        None if error.kind() == ErrorKind::UnexpectedEof => "it closed the connection".to_owned(),
        None => error.to_string(),
    }
}

fn library(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn of_library(error: &io::Error, name: &str, shows: bool) -> Option<Failed> {
    Some(match library(error)? {
        Error::InvalidCertificate(error) => Failed::hopeless(of_certificate(error, name)),
        Error::InvalidMessage(_) => {
            Failed::hopeless("the server does not speak TLS on this port; try another port, or leave TLS out")
        }
        Error::AlertReceived(alert) => of_alert(*alert, shows),
        error @ (Error::PeerIncompatible(_) | Error::PeerMisbehaved(_)) => {
            Failed::hopeless(format!("the server's TLS does not fit ({error}); it must speak TLS 1.3 or 1.2"))
        }
        error => Failed::hopeless(format!("the TLS handshake failed: {error}")),
    })
}

fn of_certificate(error: &CertificateError, name: &str) -> String {
    use CertificateError as E;
    match error {
        E::UnknownIssuer => format!(
            "the certificate of {name} is of an authority that is not trusted; if it should be, name that authority's \
             certificate with --tls-ca FILE"
        ),
        E::ExpiredContext { not_after, .. } => {
            format!("the certificate of {name} has expired on {}; the server needs a new one", date(*not_after))
        }
        E::Expired => format!("the certificate of {name} has expired; the server needs a new one"),
        E::NotValidYetContext { not_before, .. } => format!(
            "the certificate of {name} is not valid before {}; check the clock of this machine, or wait",
            date(*not_before)
        ),
        E::NotValidYet => {
            format!("the certificate of {name} is not valid yet; check the clock of this machine, or wait")
        }
        E::NotValidForNameContext { presented, .. } => format!(
            "the server's certificate is not for {name}{}; connect by a name that it is for, or say which with \
             --tls-server-name NAME",
            names(presented)
        ),
        E::NotValidForName => format!(
            "the server's certificate is not for {name}; connect by a name that it is for, or say which with \
             --tls-server-name NAME"
        ),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            format!("the certificate of {name} is not for servers; the server needs another one")
        }
        error => format!("the certificate of {name} cannot be trusted ({error}); the server needs another one"),
    }
}

/// The first few names that a certificate is for.
fn names(presented: &[String]) -> String {
    const SHOWN: usize = 5;
    // As `DnsName("localhost")`.
    let name = |text: &String| {
        let inner = text.split_once('(').map_or(text.as_str(), |(_, inner)| inner);
        inner.trim_end_matches(')').trim_matches('"').to_owned()
    };
    let names: Vec<_> = presented.iter().take(SHOWN).map(name).collect();
    match names.is_empty() {
        true => String::new(),
        false if presented.len() > SHOWN => format!(" but for {} and others", names.join(", ")),
        false => format!(" but for {}", names.join(", ")),
    }
}

fn of_alert(alert: AlertDescription, shows: bool) -> Failed {
    use AlertDescription as A;
    let wants = "the server wants a certificate of the client; name one with --tls-cert FILE and --tls-key FILE";
    match alert {
        A::CertificateRequired => Failed::hopeless(wants),
        A::BadCertificate
        | A::UnsupportedCertificate
        | A::CertificateRevoked
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::UnknownCA
        | A::AccessDenied
        | A::DecryptError => match shows {
            true => Failed::hopeless(format!(
                "the server refuses the client's certificate ({}); show one with --tls-cert that is valid and of an \
                 authority that the server trusts",
                words(alert)
            )),
            false => Failed::hopeless(wants),
        },
        A::ProtocolVersion | A::InsufficientSecurity => Failed::hopeless(format!(
            "client and server have no version of TLS in common ({}); the server must speak TLS 1.3 or 1.2",
            words(alert)
        )),
        A::HandshakeFailure => Failed::hopeless(
            "the server refuses the TLS handshake; it may want a certificate of the client (--tls-cert, --tls-key), or \
             have no cipher in common",
        ),
        A::UnrecognisedName => Failed::hopeless(
            "the server does not know the name that it is asked for; say another with --tls-server-name NAME",
        ),
        // The server is in trouble, which may pass.
        A::InternalError | A::CloseNotify | A::UserCanceled => {
            Failed::passing(format!("the server ended the TLS connection ({})", words(alert)))
        }
        _ => Failed::hopeless(format!("the server ended the TLS connection ({})", words(alert))),
    }
}

/// `UnknownCA` as `unknown ca`.
fn words(alert: AlertDescription) -> String {
    let mut words = String::new();
    let (mut lower, name) = (false, format!("{alert:?}"));
    for letter in name.chars() {
        if letter.is_uppercase() && lower {
            words.push(' ');
        }
        lower = letter.is_lowercase();
        words.extend(letter.to_lowercase());
    }
    words
}

fn date(time: UnixTime) -> String {
    match SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs())) {
        Some(time) => humantime::format_rfc3339_seconds(time).to_string(),
        None => "a time far off".to_owned(),
    }
}
