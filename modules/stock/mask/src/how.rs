//! The ways to hide a value.

use sha2::{Digest, Sha256};
use thalweg_module::{Builder, Error, Unfit, config};

use crate::Config;

/// How values are hidden.
#[config]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// By their SHA-256.
    Hash,
    /// By a fixed text.
    Redact,
    /// By all but their last characters.
    KeepLast,
}

/// A way to hide a value, with all that it needs.
pub(crate) enum Way {
    /// The hash of the salt, which goes on with the value.
    Hash(Sha256),
    Redact(String),
    KeepLast {
        keep: usize,
        with: char,
        scratch: String,
    },
}

impl Config {
    /// What the configuration asks for.
    pub(crate) fn way(&self) -> Result<Way, Error> {
        let given = [
            ("salt", self.salt.is_some(), How::Hash, "hash"),
            ("text", self.text.is_some(), How::Redact, "redact"),
            ("keep", self.keep.is_some(), How::KeepLast, "keep-last"),
            ("with", self.with.is_some(), How::KeepLast, "keep-last"),
        ];
        for (key, is_given, how, name) in given {
            if is_given && self.how != how {
                return Err(Error::config(key, format!("only where `how` is `{name}`")));
            }
        }
        Ok(match self.how {
            How::Hash => Way::Hash(Sha256::new_with_prefix(self.salt.as_deref().unwrap_or_default())),
            How::Redact => Way::Redact(self.text.clone().unwrap_or_else(|| "***".to_owned())),
            How::KeepLast => {
                let mut chars = self.with.as_deref().unwrap_or("*").chars();
                let (Some(with), None) = (chars.next(), chars.next()) else {
                    return Err(Error::config("with", "one character"));
                };
                Way::KeepLast { keep: self.keep.unwrap_or(4), with, scratch: String::new() }
            }
        })
    }
}

impl Way {
    /// How many characters come out, if that is the same for every value.
    pub(crate) fn length(&self) -> Option<usize> {
        match self {
            Self::Hash(_) => Some(64),
            Self::Redact(text) => Some(text.chars().count()),
            Self::KeepLast { .. } => None,
        }
    }

    /// Adds a value to a column, hidden.
    pub(crate) fn mask(&mut self, value: &str, builder: &mut Builder<str>) -> Result<(), Unfit> {
        match self {
            Self::Hash(salted) => {
                let mut digits = [0; 64];
                builder.push(hexadecimal(&salted.clone().chain_update(value).finalize().into(), &mut digits))
            }
            Self::Redact(text) => builder.push(text),
            Self::KeepLast { keep, with, scratch } => {
                let start = match keep.checked_sub(1) {
                    Some(last) => value.char_indices().nth_back(last).map_or(0, |(at, _)| at),
                    None => value.len(),
                };
                scratch.clear();
                scratch.extend(value[..start].chars().map(|_| *with));
                scratch.push_str(&value[start..]);
                builder.push(scratch)
            }
        }
    }
}

fn hexadecimal<'a>(bytes: &[u8; 32], digits: &'a mut [u8; 64]) -> &'a str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
    str::from_utf8(digits).unwrap_or_default()
}
