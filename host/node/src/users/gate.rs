//! Logins checked against the file of users as it is now.
//!
//! To compare with a hash takes memory and some 20 ms on purpose, so that it is done on other threads and by a few at a time:
//! a flood of logins keeps others who log in waiting, and nobody else. A client opens several connections with one login, so
//! that those that were right are remembered, by a keyed hash of them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};
use thalweg_wire::message::ServerErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use super::error::UsersError;
use super::file::{self, PASSWORD};
use super::hash::Hash;
use super::line::NAME;
use crate::failure::Failure;
use crate::runtime::sync::lock;

/// Logins compared at once: what each takes of the memory is the hash's affair, 19 MiB as a rule.
const AT_ONCE: usize = 2;
/// How often the file is looked at, at most.
const LOOK: Duration = Duration::from_secs(1);
/// Logins that are remembered.
const REMEMBERED: usize = 1024;

/// Whether the file has changed: when it was written, its length, its number on the disk.
type Stamp = Option<(SystemTime, u64, u64)>;

/// Who may log in.
#[derive(Debug)]
pub(crate) struct Gate {
    path: PathBuf,
    users: Mutex<Users>,
    /// When the file was looked at.
    looked: Mutex<Instant>,
    /// Turns for comparing.
    turns: Arc<Semaphore>,
    /// Places for connections without a login.
    guests: Arc<Semaphore>,
    key: [u8; 32],
}

/// The users as they were read last.
#[derive(Debug)]
struct Users {
    stamp: Stamp,
    hashes: Arc<HashMap<String, Hash>>,
    /// What a user that is not there is compared with.
    nobody: Arc<Hash>,
    /// Logins that were right.
    right: HashSet<[u8; 32]>,
}

impl Gate {
    /// Reads the file. Blocks.
    pub(crate) fn open(path: &Path, guests: usize) -> Result<Self, UsersError> {
        let stamp = stamp(path);
        let hashes = file::read(path)?;
        let nobody = hashes.values().next().ok_or(UsersError::Nobody)?.like();
        if file::is_open_to_all(path) {
            let path = path.display();
            tracing::warn!(%path, "every user of this machine can read the hashes of passwords: take that right away");
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(std::io::Error::other)?;
        let (hashes, nobody) = (Arc::new(hashes), Arc::new(nobody));
        Ok(Self {
            path: path.to_path_buf(),
            users: Mutex::new(Users { stamp, hashes, nobody, right: HashSet::new() }),
            looked: Mutex::new(Instant::now()),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            guests: Arc::new(Semaphore::new(guests)),
            key,
        })
    }

    /// A place for a connection that has no login yet; `None`: there are too many.
    pub(crate) fn guest(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.guests).try_acquire_owned().ok()
    }

    /// Checks a login, until `end` at the latest.
    pub(crate) async fn log_in(
        self: &Arc<Self>,
        protocol: &str,
        token: &[u8],
        end: tokio::time::Instant,
    ) -> Result<(), Failure> {
        let (user, password) = plain(protocol, token)?;
        self.look().await;
        let mark = self.mark(user, password);
        if lock(&self.users).right.contains(&mark) {
            return Ok(());
        }
        let busy = || Failure::new(ServerErrorCode::RETRIABLE_AUTHENTICATE, "The node is busy with other logins.");
        let Ok(turn) = timeout_at(end, Arc::clone(&self.turns).acquire_owned()).await else { return Err(busy()) };
        let (hashes, hash) = {
            let users = lock(&self.users);
            let known = users.hashes.get(user).cloned();
            (Arc::clone(&users.hashes), known.ok_or_else(|| Arc::clone(&users.nobody)))
        };
        let password = password.to_vec();
        let compared = tokio::task::spawn_blocking(move || {
            let right = match hash {
                Ok(hash) => hash.is_of(&password),
                // One that nobody has; it takes as long.
                Err(nobody) => {
                    std::hint::black_box(nobody.is_of(&password));
                    false
                }
            };
            drop(turn);
            right
        });
        if !compared.await.map_err(|_| Failure::broken())? {
            return Err(refused("Authentication failed: Invalid username or password"));
        }
        let mut users = lock(&self.users);
        // Not what was right before the file changed.
        if Arc::ptr_eq(&users.hashes, &hashes) {
            if users.right.len() >= REMEMBERED {
                users.right.clear();
            }
            users.right.insert(mark);
        }
        Ok(())
    }

    /// A login as it is remembered.
    fn mark(&self, user: &str, password: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update((user.len() as u64).to_be_bytes());
        hash.update(user.as_bytes());
        hash.update(password);
        hash.finalize().into()
    }

    /// Looks whether the file has changed, if that was not done a moment ago.
    async fn look(self: &Arc<Self>) {
        {
            let mut looked = lock(&self.looked);
            if looked.elapsed() < LOOK {
                return;
            }
            *looked = Instant::now();
        }
        let gate = Arc::clone(self);
        if let Err(error) = tokio::task::spawn_blocking(move || gate.reload()).await {
            tracing::error!(%error, "looking at the file of users broke down");
        }
    }

    /// Reads the file again if it has changed. One that cannot be read changes nothing.
    fn reload(&self) {
        let stamp = stamp(&self.path);
        if lock(&self.users).stamp == stamp {
            return;
        }
        let path = self.path.display();
        let read = file::read(&self.path);
        let mut users = lock(&self.users);
        users.stamp = stamp;
        match read {
            Ok(hashes) => {
                if let Some(hash) = hashes.values().next() {
                    users.nobody = Arc::new(hash.like());
                }
                tracing::info!(%path, users = hashes.len(), "the file of users has changed");
                users.hashes = Arc::new(hashes);
                users.right.clear();
            }
            Err(error) => {
                tracing::warn!(%path, %error, "the file of users has changed and cannot be used: the users stay as they were");
            }
        }
    }
}

/// User and password of a login.
fn plain<'a>(protocol: &str, token: &'a [u8]) -> Result<(&'a str, &'a [u8]), Failure> {
    if !protocol.eq_ignore_ascii_case("PLAIN") {
        let protocol: String = protocol.chars().take(40).collect();
        return Err(refused(&format!("SASL server enables [PLAIN] while protocol of client is '{protocol}'")));
    }
    let parts: Vec<&[u8]> = token.split(|byte| *byte == 0).take(4).collect();
    let [as_whom, user, password] = parts[..] else {
        let text = format!("Invalid SASL/PLAIN response: expected 3 tokens, got {}", parts.len());
        return Err(refused(&text));
    };
    if !as_whom.is_empty() && as_whom != user {
        let text = "Authentication failed: Client requested an authorization id that is different from username";
        return Err(refused(text));
    }
    match std::str::from_utf8(user) {
        Ok(name) if (1..=NAME).contains(&user.len()) && (1..=PASSWORD).contains(&password.len()) => {
            Ok((name, password))
        }
        _ => Err(refused("Authentication failed: Invalid username or password")),
    }
}

fn refused(text: &str) -> Failure {
    Failure::new(ServerErrorCode::AUTHENTICATE, text)
}

fn stamp(path: &Path) -> Stamp {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len(), number(&about)))
}

#[cfg(unix)]
fn number(about: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(about)
}

#[cfg(not(unix))]
fn number(_: &std::fs::Metadata) -> u64 {
    0
}
