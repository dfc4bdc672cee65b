//! Passwords hashed and compared.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};

/// What a new hash costs: 19 MiB, two passes, one lane, as OWASP says. About 20 ms.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// The most that a hash in a file may cost: memory in KiB, passes, lanes.
const MOST: [(&str, u32); 3] = [("m", 64 << 10), ("t", 10), ("p", 4)];
/// The bytes of a salt.
const SALT: usize = 16;

/// Why there is no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HashError(String);

/// The hash of a password, in a form that says how it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hash(PasswordHash);

impl Hash {
    /// Hashes a password with a salt of its own.
    pub(crate) fn new(password: &str) -> Result<Self, HashError> {
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(|error| HashError(format!("there is no randomness: {error}")))?;
        let params = Params::new(MEMORY, PASSES, LANES, None).map_err(|error| HashError(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = argon2.hash_password_with_salt(password.as_bytes(), &salt);
        Ok(Self(hash.map_err(|error| HashError(error.to_string()))?))
    }

    /// Reads a hash, `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`. The error says what is wrong, without it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let hash =
            PasswordHash::new(text).map_err(|_| "has no hash of the form $argon2id$v=19$m=..,t=..,p=..$..$..")?;
        if !hash.algorithm.as_str().starts_with("argon2") {
            return Err(format!("has a hash of the kind {}, and argon2id is wanted", hash.algorithm.as_str()));
        }
        if hash.salt.is_none() || hash.hash.is_none() {
            return Err("has a hash that is not whole".to_owned());
        }
        for (name, most) in MOST {
            if hash.params.get_decimal(name).is_some_and(|value| value > most) {
                return Err(format!("has a hash that costs more than this node gives for one: {name} is above {most}"));
            }
        }
        Params::try_from(&hash).map_err(|_| "has a hash with parameters that argon2 does not have")?;
        Ok(Self(hash))
    }

    /// Whether it is the hash of this password. Takes as long for one that is not.
    pub(crate) fn is_of(&self, password: &[u8]) -> bool {
        Argon2::default().verify_password(password, &self.0).is_ok()
    }

    /// A hash of no password, which costs as much to compare with.
    pub(crate) fn like(&self) -> Self {
        let mut other = self.0.clone();
        if let (Ok(params), Some(salt)) = (Params::try_from(&self.0), &self.0.salt) {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let mut password = [0; SALT];
            if getrandom::fill(&mut password).is_ok()
                && let Ok(hash) = argon2.hash_password_with_salt(&password, salt)
            {
                other = hash;
            }
        }
        Self(other)
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}
