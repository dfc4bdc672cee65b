//! The token that is asked for when the page is served beyond this machine.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// How many random bytes a token has.
const BYTES: usize = 24;

/// A secret of this process. It does not show in `Debug`.
pub(super) struct Token {
    text: String,
    digest: [u8; 32],
}

impl Token {
    /// A new one, from the operating system's randomness.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        let mut text = String::with_capacity(2 * BYTES);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        let digest = Sha256::digest(&text).into();
        Ok(Self { text, digest })
    }

    /// As it is told to the user, once.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is it. Digests are compared, so that the time tells nothing of the token.
    pub(super) fn is(&self, offered: &str) -> bool {
        let offered: [u8; 32] = Sha256::digest(offered).into();
        offered == self.digest
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_the_token() {
        let (one, two) = (Token::random().expect("randomness"), Token::random().expect("randomness"));
        assert_ne!(one.text(), two.text());
        assert_eq!(one.text().len(), 2 * BYTES);
        assert!(one.is(one.text()));
        for wrong in ["", two.text(), &one.text()[1..], &format!("{} ", one.text())] {
            assert!(!one.is(wrong), "{wrong}");
        }
        assert_eq!(format!("{one:?}"), "Token");
    }
}
