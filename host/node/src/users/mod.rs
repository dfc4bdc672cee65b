//! Who may log in: a file of users with hashes of their passwords, and the check of a login.
//!
//! ```text
//! hash   passwords hashed and compared (argon2)
//! line   one line of the file
//! file   the file: read, changed, written
//! error  what is wrong with it
//! gate   logins checked, a few at a time, against the file as it is now
//! ```

mod error;
mod file;
mod gate;
mod hash;
mod line;

pub use error::UsersError;
pub use file::{add, list, remove};
pub(crate) use gate::Gate;
