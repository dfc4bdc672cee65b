//! The file of profiles: found, read and checked.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::ProfileError;
use super::profile::Profile;
use crate::module::toml_problem;

/// The name of the file in its folder.
const NAME: &str = "profiles.toml";
/// The most bytes that it may have.
const LONGEST: u64 = 1 << 20;
/// The most letters of a profile's name.
const LONGEST_NAME: usize = 64;

/// Where the user's profiles are: in the folder that `THALWEG_CONFIG` names, or else in the user's configuration folder.
///
/// # Errors
/// `NoFolder` when there is neither.
pub fn path() -> Result<PathBuf, ProfileError> {
    match std::env::var_os("THALWEG_CONFIG").filter(|folder| !folder.is_empty()) {
        Some(folder) => Ok(PathBuf::from(folder).join(NAME)),
        None => directories::ProjectDirs::from("dev", "thalweg", "thalweg")
            .map(|folders| folders.config_dir().join(NAME))
            .ok_or(ProfileError::NoFolder),
    }
}

/// The profiles of a file.
#[derive(Debug, Clone)]
pub struct Profiles {
    path: PathBuf,
    default: Option<String>,
    profiles: BTreeMap<String, Profile>,
}

/// The file, as TOML has it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    default: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

impl Profiles {
    /// Reads a file; one that is not there has no profiles.
    ///
    /// # Errors
    /// `File` when it cannot be read, `OpenToOthers` when others may write it, `Invalid` for the first thing in it that
    /// is wrong.
    pub fn read(path: &Path) -> Result<Self, ProfileError> {
        Self::parse(path, &text(path)?)
    }

    /// Reads the text of a file that lies at `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ProfileError> {
        let invalid = |problem: String| ProfileError::Invalid { path: path.to_owned(), problem };
        let Text { default, mut profiles } =
            toml::from_str(text).map_err(|error| invalid(toml_problem(text, &error)))?;
        for (name, profile) in &mut profiles {
            check_name(name).map_err(|error| invalid(error.to_string()))?;
            profile.check().map_err(|problem| invalid(format!("profile {name}: {problem}")))?;
            profile.lie_in(path.parent().unwrap_or(Path::new("")));
        }
        if let Some(name) = default.as_ref().filter(|name| !profiles.contains_key(*name)) {
            return Err(invalid(format!("default names the profile {name:?}, which is not there")));
        }
        Ok(Self { path: path.to_owned(), default, profiles })
    }

    /// The profile in use where none is named.
    pub fn default_name(&self) -> Option<&str> {
        self.default.as_deref()
    }

    /// All profiles, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Profile)> {
        self.profiles.iter().map(|(name, profile)| (name.as_str(), profile))
    }

    /// The profile of this name. Fails with `Unknown`.
    pub fn get(&self, name: &str) -> Result<&Profile, ProfileError> {
        self.profiles.get(name).ok_or_else(|| ProfileError::Unknown {
            name: name.to_owned(),
            path: self.path.clone(),
            known: self.profiles.keys().cloned().collect(),
        })
    }

    /// Whether there is a profile of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.profiles.contains_key(name)
    }
}

/// Fails on a name that no profile can have.
pub(super) fn check_name(name: &str) -> Result<(), ProfileError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(fine) {
        true => Ok(()),
        false => Err(ProfileError::Name { name: name.chars().take(2 * LONGEST_NAME).collect() }),
    }
}

/// The text of a file; none where there is no file.
pub(super) fn text(path: &Path) -> Result<String, ProfileError> {
    let failed = |source| ProfileError::File { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(failed(error)),
    };
    if others_may_write(&file.metadata().map_err(failed)?) {
        return Err(ProfileError::OpenToOthers { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    let invalid = |problem: String| ProfileError::Invalid { path: path.to_owned(), problem };
    if bytes.len() as u64 > LONGEST {
        return Err(invalid(format!("it is longer than {} KiB", LONGEST >> 10)));
    }
    String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8".to_owned()))
}

#[cfg(unix)]
fn others_may_write(about: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.is_file() && about.permissions().mode() & 0o022 != 0
}

#[cfg(not(unix))]
fn others_may_write(_: &Metadata) -> bool {
    false
}
