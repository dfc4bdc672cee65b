//! Profiles: named ways to connect to clusters, in a file of the user's.
//!
//! The file is `profiles.toml` in the user's configuration folder (on Linux `~/.config/thalweg`), or in the folder that the
//! environment variable `THALWEG_CONFIG` names:
//!
//! ```toml
//! default = "production"                 # the profile in use where none is named; may be left out
//!
//! [profiles.production]
//! servers = ["a.example.com:9123", "b.example.com:9123"]   # at least one
//! user = "alice"                         # who logs in; default: nobody
//! password-file = "production.password"  # a file whose one line is the password; default: it is asked for
//! insecure-login = false                 # whether the password may go to other machines in clear text; default false
//! tls = true                             # whether connections are encrypted; each tls-* below does that too; default false
//! tls-ca = "ca.pem"                      # the authorities that are trusted; default: those of the system
//! tls-cert = "alice.pem"                 # the client's certificate; default: none
//! tls-key = "alice.key"                  # and its private key
//! tls-server-name = "fluss.example.com"  # the name that certificates must be for; default: the host of each address
//! timeout = "30s"                        # how long a server may take to answer; default: that of each kind of call
//! ```
//!
//! Files are named from the folder of `profiles.toml`. A password is in a file of its own and never in this one. A key that
//! is not named here is an error, and so is a file that others than its owner may write: they could have passwords sent
//! to themselves.
//!
//! ```no_run
//! use thalweg::client::Client;
//! use thalweg::profiles::Profiles;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let profiles = Profiles::read(&thalweg::profiles::path()?)?;
//! let (near, far) = (profiles.get("laptop")?.options()?, profiles.get("production")?.options()?);
//! let (near, far) = (Client::connect(near).await?, Client::connect(far).await?);
//! # Ok(()) }
//! ```
//!
//! ```text
//! profile   one profile, and how it connects
//! file      the file: found, read, checked
//! change    the file changed: under a lock, comments kept, written whole
//! password  a password from a file
//! error     what can be wrong
//! ```

mod change;
mod error;
mod file;
mod password;
mod profile;

pub use change::{add, remove, rename, set_default};
pub use error::ProfileError;
pub use file::{Profiles, path};
pub(crate) use password::{is_open_to_all, read as read_password};
pub use profile::Profile;

#[cfg(test)]
mod tests;
