//! The file of profiles changed: one process at a time, what people wrote into it kept, and written whole in the place of
//! the old one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::error::ProfileError;
use super::file::{Profiles, check_name, text};
use super::profile::Profile;

/// Adds a profile to a file, which is made if it is not there. Its files are named from the folder of that file, or from
/// the root.
///
/// # Errors
/// `Exists`, `Name`, `Value`, and all that reading and writing the file can fail with: then it stays as it was.
pub fn add(path: &Path, name: &str, profile: &Profile) -> Result<(), ProfileError> {
    check_name(name)?;
    profile.check().map_err(ProfileError::Value)?;
    change(path, |profiles, document| {
        if profiles.has(name) {
            return Err(ProfileError::Exists { name: name.to_owned() });
        }
        table(document, path)?.insert(name, Item::Table(entry(profile)?));
        Ok(())
    })
}

/// Removes a profile; gives whether it was in use, which then none is.
///
/// # Errors
/// `Unknown`, and all that reading and writing the file can fail with.
pub fn remove(path: &Path, name: &str) -> Result<bool, ProfileError> {
    change(path, |profiles, document| {
        profiles.get(name)?;
        table(document, path)?.remove(name);
        let used = profiles.default_name() == Some(name);
        if used {
            document.remove("default");
        }
        Ok(used)
    })
}

/// Gives a profile another name; it stays in use if it was.
///
/// # Errors
/// `Unknown`, `Exists`, `Name`, and all that reading and writing the file can fail with.
pub fn rename(path: &Path, name: &str, to: &str) -> Result<(), ProfileError> {
    check_name(to)?;
    change(path, |profiles, document| {
        profiles.get(name)?;
        if profiles.has(to) {
            return Err(ProfileError::Exists { name: to.to_owned() });
        }
        let table = table(document, path)?;
        if let Some(profile) = table.remove(name) {
            table.insert(to, profile);
        }
        if profiles.default_name() == Some(name) {
            document["default"] = value(to);
        }
        Ok(())
    })
}

/// Puts a profile in use where none is named; `None`: none is.
///
/// # Errors
/// `Unknown`, and all that reading and writing the file can fail with.
pub fn set_default(path: &Path, name: Option<&str>) -> Result<(), ProfileError> {
    change(path, |profiles, document| {
        match name {
            Some(name) => {
                profiles.get(name)?;
                document["default"] = value(name);
            }
            None => {
                document.remove("default");
            }
        }
        Ok(())
    })
}

/// Changes the file while no other process does.
fn change<T>(
    path: &Path,
    edit: impl FnOnce(&Profiles, &mut DocumentMut) -> Result<T, ProfileError>,
) -> Result<T, ProfileError> {
    let failed = |source| ProfileError::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder).map_err(failed)?;
    }
    let _lock = lock(path).map_err(failed)?;
    let before = text(path)?;
    let profiles = Profiles::parse(path, &before)?;
    let invalid = |problem: String| ProfileError::Invalid { path: path.to_owned(), problem };
    let mut document: DocumentMut = before.parse().map_err(|error: toml_edit::TomlError| invalid(error.to_string()))?;
    let done = edit(&profiles, &mut document)?;
    let after = document.to_string();
    Profiles::parse(path, &after)?;
    write(path, &after).map_err(failed)?;
    Ok(done)
}

/// The table of profiles, whatever form the file has it in.
fn table<'a>(document: &'a mut DocumentMut, path: &Path) -> Result<&'a mut dyn toml_edit::TableLike, ProfileError> {
    let profiles = document.entry("profiles").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let problem = "profiles must be a table".to_owned();
    profiles.as_table_like_mut().ok_or_else(|| ProfileError::Invalid { path: path.to_owned(), problem })
}

/// A profile as the file has it: what is not the default.
fn entry(profile: &Profile) -> Result<Table, ProfileError> {
    let mut table = Table::new();
    table["servers"] = value(profile.servers.iter().map(String::as_str).collect::<Array>());
    let mut put = |key: &str, text: Option<&str>| {
        if let Some(text) = text {
            table[key] = value(text);
        }
    };
    put("user", profile.user.as_deref());
    put("password-file", file("password-file", &profile.password_file)?);
    put("tls-ca", file("tls-ca", &profile.tls_ca)?);
    put("tls-cert", file("tls-cert", &profile.tls_cert)?);
    put("tls-key", file("tls-key", &profile.tls_key)?);
    put("tls-server-name", profile.tls_server_name.as_deref());
    put("timeout", profile.timeout.as_deref());
    for (key, set) in [("insecure-login", profile.insecure_login), ("tls", profile.tls)] {
        if set {
            table[key] = value(true);
        }
    }
    Ok(table)
}

/// A file's name as text, which TOML must have.
fn file<'a>(key: &str, path: &'a Option<PathBuf>) -> Result<Option<&'a str>, ProfileError> {
    let text = |path: &'a PathBuf| {
        path.to_str().ok_or_else(|| ProfileError::Value(format!("{key}: the name {path:?} is not UTF-8")))
    };
    path.as_ref().map(text).transpose()
}

/// Waits until this process alone changes the file. The lock ends with what is returned.
fn lock(path: &Path) -> io::Result<File> {
    let lock = own_file(File::options().create(true).truncate(false).write(true), &path.with_extension("lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// Writes the file in the place of the one that may be there: whoever reads it finds the old one or the new one, whole.
fn write(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = own_file(File::options().create(true).truncate(true).write(true), &beside)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let moved = written.and_then(|()| fs::rename(&beside, &path));
    if moved.is_err() {
        let _ = fs::remove_file(&beside);
    }
    moved
}

#[cfg(unix)]
fn own_file(options: &mut fs::OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600).open(path)
}

#[cfg(not(unix))]
fn own_file(options: &mut fs::OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

#[cfg(unix)]
fn make_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
