//! The hub's certificate: made when the hub is, read from its home or from where the settings say, read again when told.
//!
//! Devices look at nothing of it but its key, which the roster pins (`keys/STATEMENTS.md`). So a certificate that the hub made for
//! itself is as good as one of an authority, and a date in it decides nothing. TLS is rustls with AWS-LC: 1.3 and 1.2, hybrid
//! key exchange first.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ParsedCertificate, ServerSessionMemoryCache};
use rustls::version::{TLS12, TLS13};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use crate::limits::{CERTIFICATE_FILE, TLS_SESSIONS};

/// Plain HTTP/1.1 inside, said by name, as devices ask for it.
const ALPN: &[u8] = b"http/1.1";

/// Where a certificate and its key lie, both in PEM; one file may hold both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate, and after it those of a chain, if there is one.
    pub certificate: PathBuf,
    /// Its key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// What is wrong with a certificate, for a person.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// The disk refused.
    #[error("{0} cannot be read")]
    Disk(PathBuf, #[source] std::io::Error),
    /// There is none in the file.
    #[error("{0} holds no certificate in PEM")]
    NoCertificate(PathBuf),
    /// There is none in the file.
    #[error("{0} holds no private key in PEM")]
    NoKey(PathBuf),
    /// Certificate and key do not go together, or are of a kind that is not served.
    #[error("the certificate in {0} and its key cannot be used together")]
    Unusable(PathBuf, #[source] rustls::Error),
    /// A certificate could not be made.
    #[error("a certificate could not be made")]
    Making(#[from] rcgen::Error),
    /// The roster names other keys, and every device would be refused.
    #[error(
        "the roster does not list the key of {0}, so that every device would refuse this hub; the certificate before it stays. \
         Let an admin approve what amanat-hub request writes, first"
    )]
    NotListed(PathBuf),
}

/// A certificate and a key of its own, in PEM. It names nobody: whoever watches a handshake of TLS 1.2 can read it.
pub(crate) fn made() -> Result<Zeroizing<String>, TlsFault> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "hub");
    let certificate = params.self_signed(&key)?;
    Ok(Zeroizing::new(certificate.pem() + &*Zeroizing::new(key.serialize_pem())))
}

/// The SubjectPublicKeyInfo of the first certificate in a file.
pub(crate) fn key_of(path: &Path) -> Result<Vec<u8>, TlsFault> {
    let bytes = read(path)?;
    let certificate =
        chain(path, &bytes)?.into_iter().next().ok_or_else(|| TlsFault::NoCertificate(path.to_owned()))?;
    spki(path, &certificate)
}

/// What the hub shows to whoever connects.
#[derive(Debug)]
struct Shown {
    config: Arc<ServerConfig>,
    key: Vec<u8>,
}

impl Shown {
    fn read(files: &Files) -> Result<Self, TlsFault> {
        let unusable = |fault| TlsFault::Unusable(files.certificate.clone(), fault);
        let chain = chain(&files.certificate, &read(&files.certificate)?)?;
        let first = chain.first().ok_or_else(|| TlsFault::NoCertificate(files.certificate.clone()))?;
        let key = spki(&files.certificate, first)?;
        let private =
            PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|_source| TlsFault::NoKey(files.key.clone()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(unusable)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // Sessions lie in memory and go with the certificate: what was begun under an old key is not gone on with under a new one.
        config.session_storage = ServerSessionMemoryCache::new(TLS_SESSIONS);
        config.send_tls13_tickets = 1;
        Ok(Self { config: Arc::new(config), key })
    }
}

/// The hub's TLS, as it stands: connections that begin get the certificate of that moment.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    shown: RwLock<Arc<Shown>>,
}

impl Tls {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// [`TlsFault`], naming the file.
    pub fn read(files: Files) -> Result<Self, TlsFault> {
        let shown = RwLock::new(Arc::new(Shown::read(&files)?));
        Ok(Self { files, shown })
    }

    /// Reads both again. Connections that stand keep what they have; a key that is not listed changes nothing.
    ///
    /// # Errors
    /// [`TlsFault`]; what was shown before is shown on.
    pub fn renew(&self, listed: impl Fn(&[u8]) -> bool) -> Result<(), TlsFault> {
        let next = Shown::read(&self.files)?;
        if !listed(&next.key) {
            return Err(TlsFault::NotListed(self.files.certificate.clone()));
        }
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(())
    }

    /// The SubjectPublicKeyInfo that is shown now.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        self.now().key.clone()
    }

    /// What shakes hands with the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.now().config))
    }

    fn now(&self) -> Arc<Shown> {
        Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn spki(path: &Path, certificate: &CertificateDer<'_>) -> Result<Vec<u8>, TlsFault> {
    let read = ParsedCertificate::try_from(certificate).map_err(|fault| TlsFault::Unusable(path.to_owned(), fault))?;
    Ok(read.subject_public_key_info().to_vec())
}

fn chain(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_source| TlsFault::NoCertificate(path.to_owned()))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsFault> {
    let failed = |source| TlsFault::Disk(path.to_owned(), source);
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path).map_err(failed)?.take(CERTIFICATE_FILE).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(folder: &Path, name: &str) -> Files {
        let path = folder.join(name);
        std::fs::write(&path, made().unwrap().as_bytes()).unwrap();
        Files { certificate: path.clone(), key: path }
    }

    #[test]
    fn what_is_made_is_read_and_two_are_never_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (kept(folder.path(), "one.pem"), kept(folder.path(), "two.pem"));
        let tls = Tls::read(one.clone()).unwrap();
        assert_eq!(tls.key(), key_of(&one.certificate).unwrap());
        assert_ne!(tls.key(), Tls::read(two).unwrap().key());
        amanat_keys::tls_key::TlsKeys::new(vec![tls.key()]).unwrap();
    }

    #[test]
    fn a_certificate_is_renewed_only_by_a_listed_and_usable_one() {
        let folder = tempfile::tempdir().unwrap();
        let (held, other) = (kept(folder.path(), "tls.pem"), kept(folder.path(), "next.pem"));
        let tls = Tls::read(held.clone()).unwrap();
        let (before, next) = (tls.key(), key_of(&other.certificate).unwrap());
        std::fs::rename(&other.certificate, &held.certificate).unwrap();
        assert!(matches!(tls.renew(|key| key == before), Err(TlsFault::NotListed(_))));
        assert_eq!(tls.key(), before);
        tls.renew(|key| key == next).unwrap();
        assert_eq!(tls.key(), next);
        std::fs::write(&held.certificate, "no certificate").unwrap();
        assert!(matches!(tls.renew(|_| true), Err(TlsFault::NoCertificate(_))));
        assert_eq!(tls.key(), next);
    }

    #[test]
    fn files_that_are_none_or_do_not_belong_together_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (kept(folder.path(), "one.pem"), kept(folder.path(), "two.pem"));
        let mixed = Files { certificate: one.certificate.clone(), key: two.key };
        assert!(matches!(Tls::read(mixed), Err(TlsFault::Unusable(..))));
        let pem = std::fs::read_to_string(&one.certificate).unwrap();
        let (certificate, _key) = pem.split_at(pem.find("-----BEGIN PRIVATE").unwrap());
        let alone = folder.path().join("alone.pem");
        std::fs::write(&alone, certificate).unwrap();
        let keyless = Files { certificate: alone.clone(), key: alone };
        assert!(matches!(Tls::read(keyless), Err(TlsFault::NoKey(_))));
        let missing = folder.path().join("missing.pem");
        let missing = Files { certificate: missing.clone(), key: missing };
        assert!(matches!(Tls::read(missing), Err(TlsFault::Disk(..))));
    }
}
