//! Certificates and keys out of PEM files.

use std::{fs::File, io::Read, path::Path};

use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};
use tokio_rustls::rustls::{
    Error, InconsistentKeys, RootCertStore, crypto::CryptoProvider, server::ParsedCertificate, sign::CertifiedKey,
};

use crate::{Identity, TlsError};

/// The longest file that is read, in bytes. The authorities of an operating system take a tenth of it.
const LONGEST: u64 = 4 << 20;

const CERTIFICATE: &str = "certificate";
const KEY: &str = "private key";

/// The certificates of the authorities in a file.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut authorities = RootCertStore::empty();
    for certificate in certificates(path)? {
        authorities.add(certificate).map_err(|error| unfit(path, &error))?;
    }
    Ok(authorities)
}

/// The certificates of the authorities that the operating system trusts.
pub(crate) fn system_authorities() -> Result<RootCertStore, TlsError> {
    let mut authorities = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    // There may be some that are of no use to anybody.
    let (added, _) = authorities.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = found.errors.first().map_or_else(|| "none was found".to_owned(), ToString::to_string);
        return Err(TlsError::NoAuthorities { why });
    }
    Ok(authorities)
}

/// A certificate with its key, both read and found to belong together.
pub(crate) fn identity(identity: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let Identity { certificate, key } = identity;
    let chain = certificates(certificate)?;
    if let Some(own) = chain.first() {
        ParsedCertificate::try_from(own).map_err(|error| unfit(certificate, &error))?;
    }
    let bad_key = |error: Error| TlsError::Key { path: key.clone(), why: shortly(&error) };
    let signing = provider.key_provider.load_private_key(private_key(key)?).map_err(bad_key)?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        // A key that does not tell its public half is taken at its word.
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(Error::InconsistentKeys(_)) => {
            Err(TlsError::Mismatch { certificate: certificate.clone(), key: key.clone() })
        }
        Err(error) => Err(unfit(certificate, &error)),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path, CERTIFICATE)?;
    let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match found.map_err(|error| damaged(path, &error))? {
        found if found.is_empty() => Err(lacking(path, CERTIFICATE, &text)),
        found => Ok(found),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = read(path, KEY)?;
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => Err(lacking(path, KEY, &text)),
        Err(error) => Err(damaged(path, &error)),
    }
}

fn read(path: &Path, due: &'static str) -> Result<Vec<u8>, TlsError> {
    let unreadable = |cause| TlsError::Unreadable { path: path.to_owned(), cause };
    let mut text = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LONGEST + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        return Err(TlsError::TooLong { path: path.to_owned(), limit: LONGEST });
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(TlsError::Empty { path: path.to_owned(), due });
    }
    Ok(text)
}

/// What a file has instead of what is due.
fn lacking(path: &Path, due: &'static str, text: &[u8]) -> TlsError {
    let has = |words: &[u8]| text.windows(words.len()).any(|at| at == words);
    let (found, remedy) = if has(b"BEGIN ENCRYPTED PRIVATE KEY") || has(b"Proc-Type: 4,ENCRYPTED") {
        ("its key is encrypted", "decrypt it with `openssl pkey -in FILE -out NEW-FILE`")
    } else if has(b"PRIVATE KEY-----") {
        ("it has a private key", "were the files of certificate and key exchanged?")
    } else if has(b"BEGIN CERTIFICATE-----") {
        ("it has a certificate", "were the files of certificate and key exchanged?")
    } else if text.first() == Some(&0x30) {
        ("it seems to be DER", "convert it with `openssl x509` or `openssl pkey`, both with `-inform der`")
    } else {
        ("it is something else", "PEM has lines such as -----BEGIN CERTIFICATE----- and -----BEGIN PRIVATE KEY-----")
    };
    TlsError::Lacking { path: path.to_owned(), due, found, remedy }
}

fn damaged(path: &Path, error: &pem::Error) -> TlsError {
    TlsError::Damaged { path: path.to_owned(), why: error.to_string() }
}

fn unfit(path: &Path, error: &Error) -> TlsError {
    TlsError::Certificate { path: path.to_owned(), why: shortly(error) }
}

/// What the library says of a certificate or a key, without its own head.
fn shortly(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => error.to_string(),
        Error::General(text) => text.clone(),
        other => other.to_string(),
    }
}
