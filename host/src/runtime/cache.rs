//! Compiled code on disk, so that a component is compiled once on a machine and not once a run.
//!
//! wasmtime runs what it deserializes as machine code, so code may only come from this user's own processes. A file is
//! taken only from a folder and a file that belong to this user and that nobody else may write or read, and only if the
//! SHA-256 in its head is that of the rest (which finds torn and damaged files). Anything else is ignored, and compiled
//! anew. Nobody gains by forging a file: who can write with this user's rights can run code with them already. The
//! digest is also of the file's name, so that code cannot be passed off as that of another component.
//!
//! A file's name is a hash of the component, of wasmtime's version and every setting that code depends on, and of ours.

use std::fs::{self, File};
use std::hash::{Hash as _, Hasher};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::Sha;

/// What a file begins with; the digest and the code follow.
const MAGIC: &[u8; 8] = b"thalweg2";

/// The most code that a file may hold, in bytes.
const CODE_LIMIT: u64 = 512 << 20;

/// How many files are kept; the ones not used for longest go first.
const FILES: usize = 64;

/// Compiled code in a folder.
pub(super) struct CodeCache {
    folder: PathBuf,
    /// Of everything but the component that a file's name depends on.
    seed: Sha,
}

/// Feeds what is hashed to SHA-256: the standard hashers promise nothing from one build to the next.
struct Feed(Sha256);

impl Hasher for Feed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

impl CodeCache {
    /// The folder is made with the first file.
    pub(super) fn new(folder: PathBuf, engine: &Engine) -> CodeCache {
        let mut feed = Feed(Sha256::new());
        feed.write(env!("CARGO_PKG_VERSION").as_bytes());
        engine.precompile_compatibility_hash().hash(&mut feed);
        CodeCache { folder, seed: feed.0.finalize().into() }
    }

    /// The code of a component, if it is there and can be trusted.
    pub(super) fn load(&self, engine: &Engine, component: &Sha) -> Option<Component> {
        let key = self.key(component);
        let path = self.path(&key);
        let code = match self.read(&path, &key) {
            Ok(code) => code,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::debug!(path = %path.display(), %error, "compiled code not used");
                return None;
            }
        };
        #[expect(unsafe_code, reason = "wasmtime marks it so, for it runs what it is given")]
        // SAFETY: the bytes were written by `store` in a process of this user (see above), are whole, and are read once:
        // what was checked is what is used. wasmtime itself refuses code of another version or other settings.
        let component = unsafe { Component::deserialize(engine, &code) };
        component.inspect_err(|error| tracing::debug!(path = %path.display(), %error, "compiled code not used")).ok()
    }

    /// Keeps the code of a component. Not being able to is no failure.
    pub(super) fn store(&self, component: &Component, sha256: &Sha) {
        let written = component.serialize().map_err(io::Error::other).and_then(|code| self.write(sha256, &code));
        if let Err(error) = written {
            tracing::debug!(folder = %self.folder.display(), %error, "compiled code not kept");
        }
    }

    fn key(&self, component: &Sha) -> Sha {
        Sha256::new().chain_update(self.seed).chain_update(component).finalize().into()
    }

    fn path(&self, key: &Sha) -> PathBuf {
        let name: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name).with_extension("cwasm")
    }

    fn read(&self, path: &Path, key: &Sha) -> io::Result<Vec<u8>> {
        // Before it is opened: a pipe would wait for a writer, and a link is none of ours.
        if !fs::symlink_metadata(path)?.is_file() {
            return Err(io::Error::other("not a file of ours"));
        }
        let file = File::open(path)?;
        private(&fs::symlink_metadata(&self.folder)?)?;
        let metadata = file.metadata()?;
        private(&metadata)?;
        if !metadata.is_file() || metadata.len() > CODE_LIMIT {
            return Err(io::Error::other("not a file of ours"));
        }
        let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        (&file).take(CODE_LIMIT).read_to_end(&mut content)?;
        let digest_end = MAGIC.len() + size_of::<Sha>();
        match (content.get(..MAGIC.len()), content.get(MAGIC.len()..digest_end), content.get(digest_end..)) {
            (Some(magic), Some(digest), Some(code)) if magic == MAGIC && digest_of(key, code)[..] == *digest => {}
            _ => return Err(io::Error::other("the file is damaged")),
        }
        content.drain(..digest_end);
        // Marks it as used; a clock that cannot be set only ages the file.
        let _ = file.set_modified(SystemTime::now());
        Ok(content)
    }

    fn write(&self, component: &Sha, code: &[u8]) -> io::Result<()> {
        create_private(&self.folder)?;
        private(&fs::symlink_metadata(&self.folder)?)?;
        self.make_room()?;
        // `tempfile` makes files that only their owner may read and write, and `persist` renames: whoever opens the
        // name sees a whole file.
        let mut file = tempfile::Builder::new().prefix(".code-").tempfile_in(&self.folder)?;
        file.write_all(MAGIC)?;
        let key = self.key(component);
        file.write_all(&digest_of(&key, code))?;
        file.write_all(code)?;
        file.persist(self.path(&key)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes what was not used for longest. Another process may be at it as well.
    fn make_room(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.folder)?
            .filter_map(Result::ok)
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        if files.len() >= FILES {
            files.sort();
            for (_, path) in &files[..=files.len() - FILES] {
                match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

fn digest_of(key: &Sha, code: &[u8]) -> Sha {
    Sha256::new().chain_update(key).chain_update(code).finalize().into()
}

#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Whether only this user can have written it.
#[cfg(unix)]
fn private(metadata: &fs::Metadata) -> io::Result<()> {
    private_to(rustix::process::geteuid().as_raw(), metadata)
}

#[cfg(unix)]
fn private_to(user: u32, metadata: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    if metadata.uid() != user || metadata.mode() & 0o077 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may write or read it"));
    }
    Ok(())
}

/// Elsewhere the cache lies in the user's own profile, which the system keeps from others.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on unix")]
fn private(_: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
