//! One line of a file of users: `NAME:HASH`, or a comment.

use super::hash::Hash;

/// The most bytes of a user's name.
pub(super) const NAME: usize = 256;

/// One user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) hash: Hash,
}

/// The user of a line; `None`: it is empty or a comment. The error says what is wrong, as in `line 3 has no name`.
pub(super) fn parse(line: &str) -> Result<Option<User>, String> {
    let line = line.trim_end();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (name, hash) = line.split_once(':').ok_or("has no colon between a name and a hash")?;
    check_name(name).map_err(|why| format!("has a name that {why}"))?;
    Ok(Some(User { name: name.to_owned(), hash: Hash::parse(hash)? }))
}

/// What is wrong with a name, as in `must not be empty`.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("must not be empty".to_owned());
    }
    if name.len() > NAME {
        return Err(format!("must have at most {NAME} bytes"));
    }
    if name.contains(':') || name.contains(char::is_control) {
        return Err("must not have a colon or a control character".to_owned());
    }
    if name.starts_with('#') || name.trim() != name {
        return Err("must not begin with # or a space, nor end with a space".to_owned());
    }
    Ok(())
}

impl std::fmt::Display for User {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.name, self.hash)
    }
}
