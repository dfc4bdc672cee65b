//! The file of users: read whole, changed line by line, written anew in the place of the old one.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::error::UsersError;
use super::hash::Hash;
use super::line::{User, check_name, parse};

/// The most bytes that a file may have.
const BYTES: u64 = 4 << 20;
/// The most users.
const USERS: usize = 10_000;
/// The most bytes of a password, as clients have it.
pub(super) const PASSWORD: usize = 4096;

/// The users of a file, by name. Fails on the first line that is wrong.
pub(super) fn read(path: &Path) -> Result<HashMap<String, Hash>, UsersError> {
    let mut users = HashMap::new();
    for (at, line) in text(path)?.lines().enumerate() {
        let wrong = |why: String| UsersError::Line { line: at + 1, why };
        let Some(User { name, hash }) = parse(line).map_err(wrong)? else { continue };
        if users.insert(name, hash).is_some() {
            return Err(wrong("has a name that another line before it has".to_owned()));
        }
        if users.len() > USERS {
            return Err(UsersError::TooMany(USERS));
        }
    }
    Ok(users)
}

/// Adds a user to a file, which is made if it is not there; gives one that it has a new password, and then true.
///
/// # Errors
/// On a name or a password that none may have, on a file with a bad line, and when it cannot be read or written: then it
/// stays as it was.
pub fn add(path: &Path, name: &str, password: &str) -> Result<bool, UsersError> {
    check_name(name).map_err(UsersError::Name)?;
    let wrong = match password.len() {
        0 => Some("must not be empty".to_owned()),
        length if length > PASSWORD => Some(format!("must have at most {PASSWORD} bytes")),
        _ => password.contains('\0').then(|| "must not have a NUL character".to_owned()),
    };
    if let Some(why) = wrong {
        return Err(UsersError::Password(why));
    }
    let before = match text(path) {
        Err(UsersError::Missing) => String::new(),
        text => text?,
    };
    let user = User { name: name.to_owned(), hash: Hash::new(password)? };
    let (mut lines, mut found) = (Vec::new(), false);
    for (at, line) in before.lines().enumerate() {
        match parse(line).map_err(|why| UsersError::Line { line: at + 1, why })? {
            Some(known) if known.name == name => {
                found = true;
                lines.push(user.to_string());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    if !found {
        lines.push(user.to_string());
    }
    write(path, &lines)?;
    Ok(found)
}

/// Takes a user out of a file.
///
/// # Errors
/// When the file has no such user or a bad line, or cannot be read or written: then it stays as it was.
pub fn remove(path: &Path, name: &str) -> Result<(), UsersError> {
    let before = text(path)?;
    let (mut lines, mut found) = (Vec::new(), false);
    for (at, line) in before.lines().enumerate() {
        match parse(line).map_err(|why| UsersError::Line { line: at + 1, why })? {
            Some(known) if known.name == name => found = true,
            _ => lines.push(line.to_owned()),
        }
    }
    if !found {
        return Err(UsersError::Unknown(name.to_owned()));
    }
    write(path, &lines)
}

/// The names of the users of a file, sorted.
///
/// # Errors
/// On a bad line, and when the file cannot be read.
pub fn list(path: &Path) -> Result<Vec<String>, UsersError> {
    let mut names: Vec<String> = read(path)?.into_keys().collect();
    names.sort_unstable();
    Ok(names)
}

fn text(path: &Path) -> Result<String, UsersError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => UsersError::Missing,
        _ => UsersError::File(error),
    })?;
    let mut bytes = Vec::new();
    file.take(BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES {
        return Err(UsersError::TooLong(BYTES));
    }
    String::from_utf8(bytes).map_err(|_| UsersError::NotText)
}

/// Writes a file in the place of the one that may be there: whoever reads it finds the old one or the new one, whole.
fn write(path: &Path, lines: &[String]) -> Result<(), UsersError> {
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    // A link stays one.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let beside = beside(&path);
    let mut file = only_for_its_owner(&beside)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let moved = written.and_then(|()| std::fs::rename(&beside, &path));
    if moved.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    Ok(moved?)
}

/// Where the new file is written before it takes the place of the old one.
fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

#[cfg(unix)]
fn only_for_its_owner(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn only_for_its_owner(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}

/// Whether every user of the machine can read a file.
#[cfg(unix)]
pub(super) fn is_open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o004 != 0)
}

/// Whether every user of the machine can read a file: not known here.
#[cfg(not(unix))]
pub(super) fn is_open_to_all(_: &Path) -> bool {
    false
}
