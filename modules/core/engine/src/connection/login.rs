//! The login of a connection (SASL/PLAIN): what is sent, and what a refusal means.

use thalweg_wire::message::{AuthenticateRequest, ServerErrorCode};

use crate::call::Failure;
use thalweg_contract::{Error, Login};

/// The mechanism, as `Authenticate` names it.
const PLAIN: &str = "PLAIN";
/// The most of a server's own words that an error repeats, in characters.
const WORDS: usize = 500;

/// What is sent to log in.
pub(super) fn request(login: &Login) -> AuthenticateRequest {
    AuthenticateRequest { protocol: PLAIN.into(), token: login.token().into() }
}

/// Why a server did not take a login. Only what the server itself calls passing (51) is worth another try.
pub(super) fn refused(address: &str, login: &Login, failure: Failure) -> Error {
    let (code, words) = match failure {
        Failure::Lost { error, .. } => return error,
        Failure::Refused { code, message } => (ServerErrorCode::from_code(code), words(login, &message)),
    };
    if code == ServerErrorCode::RETRIABLE_AUTHENTICATE {
        let text = format!("{address} could not check the login of user `{}` now{words}", login.user());
        return Error { retriable: true, ..Error::of_server(code, text) };
    }
    if words.contains("protocol not match") {
        return useless(address, &words);
    }
    let text = format!(
        "{address} does not take the login of user `{}`: check the name of the user and the password{words}",
        login.user()
    );
    closed(text)
}

/// The server has no login.
pub(super) fn useless(address: &str, words: &str) -> Error {
    closed(format!(
        "{address} takes no login with a password: connect without user and password, or to an address where the server \
         does{words}"
    ))
}

/// The server wants a login, and there was none.
pub(super) fn wanted(address: &str) -> Error {
    closed(format!("{address} wants a login: connect with a user and a password (`--user`)"))
}

/// What the server says, unless the password is in it.
fn words(login: &Login, message: &str) -> String {
    if message.contains(login.password()) { String::new() } else { said(message) }
}

fn said(message: &str) -> String {
    let words: String = message.chars().filter(|character| !character.is_control()).take(WORDS).collect();
    if words.trim().is_empty() { String::new() } else { format!(" (it says: {})", words.trim()) }
}

/// This client is not let in, and another try does not help.
fn closed(text: String) -> Error {
    Error { retriable: false, ..Error::of_server(ServerErrorCode::AUTHENTICATE, text) }
}
