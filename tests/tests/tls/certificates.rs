//! Certificates of a test's own.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use thalweg::client::Identity;

/// Years from and to which a certificate is valid.
pub(crate) type Years = (i32, i32);
/// As long as anybody tests.
pub(crate) const NOW: Years = (2000, 2900);
pub(crate) const PAST: Years = (2000, 2020);
pub(crate) const FUTURE: Years = (2900, 3000);

/// Who signs certificates; its own lies in a file.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
    /// Its certificate.
    pub(crate) file: PathBuf,
}

impl Authority {
    /// A new one, whose files lie in this folder.
    pub(crate) fn new(folder: &Path, name: &str) -> Result<Self> {
        let (mut params, key) = (CertificateParams::default(), KeyPair::generate()?);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, params.self_signed(&key)?.pem())?;
        Ok(Self { issuer: Issuer::new(params, key), folder: folder.to_owned(), file })
    }

    /// A certificate for servers of these names.
    pub(crate) fn server(&self, file: &str, names: &[&str], years: Years) -> Result<Identity> {
        self.issue(file, names, years, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A certificate for a client.
    pub(crate) fn client(&self, file: &str) -> Result<Identity> {
        self.issue(file, &["client"], NOW, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(&self, file: &str, names: &[&str], years: Years, purpose: ExtendedKeyUsagePurpose) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?;
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        params.extended_key_usages = vec![purpose];
        let path = |end: &str| self.folder.join(format!("{file}.{end}"));
        let identity = Identity { certificate: path("pem"), key: path("key") };
        std::fs::write(&identity.certificate, params.signed_by(&key, &self.issuer)?.pem())?;
        std::fs::write(&identity.key, key.serialize_pem())?;
        Ok(identity)
    }
}
