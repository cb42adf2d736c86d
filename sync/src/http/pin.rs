//! TLS with a pinned key: the connection stands when the hub has proven one of the keys that the roster lists for it, else not
//! a byte of a request leaves. The one exception is a connection of its own on which nothing but rosters is asked for.
//!
//! Two things are composed here and none is invented. *Whose key is it?* The certificate's SubjectPublicKeyInfo is compared with
//! the pinned ones; names, dates, issuers and chains are not looked at, because the roster, which admins signed, already says
//! who the hub is. *Do they hold it?* The signature over the handshake is checked by the functions that rustls offers verifiers
//! for this (`rustls::crypto::verify_tls12_signature`, `verify_tls13_signature`), with the algorithms of its provider.
//!
//! The hub's name is not told in the clear (no SNI): whoever watches sees an address, as they must.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use amanat_keys::tls_key::TlsKeys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

/// Plain HTTP/1.1 inside, said by name: bytes meant for this hub cannot be passed off as another protocol's.
const ALPN: &[u8] = b"http/1.1";

/// What answered could not prove a pinned key. The only error of this file that is not the network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it does not hold a key that the roster lists for the hub")]
pub(crate) struct Unproven;

/// Accepts exactly the certificates of these keys; `None` accepts any key that is proven.
#[derive(Debug)]
struct Pinned {
    keys: Option<TlsKeys>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificate = ParsedCertificate::try_from(shown)?;
        let shown = certificate.subject_public_key_info();
        if self.keys.as_ref().is_none_or(|keys| keys.contains(&shown)) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, shown, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, shown, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Puts TLS around the connections of one agent. It holds the sessions, so that a broken connection is resumed with less.
#[derive(Debug)]
pub(crate) struct PinnedTls(Arc<ClientConfig>);

impl PinnedTls {
    /// For the hub that these keys stand for.
    ///
    /// # Errors
    /// Never with the provider compiled in; said by rustls otherwise.
    pub(crate) fn new(keys: TlsKeys) -> Result<Self, rustls::Error> {
        Self::accepting(Some(keys))
    }

    /// For whoever answers. What comes over such a connection must prove itself, and nothing that is ours goes over it.
    ///
    /// # Errors
    /// As [`PinnedTls::new`].
    pub(crate) fn with_anybody() -> Result<Self, rustls::Error> {
        Self::accepting(None)
    }

    fn accepting(keys: Option<TlsKeys>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let pinned = Pinned { keys, algorithms: provider.signature_verification_algorithms };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pinned))
            .with_no_client_auth();
        config.enable_sni = false;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

impl<In: Transport> Connector<In> for PinnedTls {
    type Out = PinnedTransport;

    fn connect(&self, details: &ConnectionDetails<'_>, beneath: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(beneath) = beneath else { return Ok(None) };
        // One agent calls one hub, so that its sessions need no name to be told apart.
        let one_hub = ServerName::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let mut tls = ClientConnection::new(Arc::clone(&self.0), one_hub).map_err(|fault| no_tls(&fault))?;
        let mut socket = TransportAdapter::new(beneath.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(details.timeout);
        // To the end, before anything is asked: the proof comes first.
        while tls.is_handshaking() {
            tls.complete_io(&mut socket).map_err(judged)?;
        }
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(PinnedTransport { buffers, stream: StreamOwned::new(tls, socket) }))
    }
}

/// A fault of the handshake: the key's, TLS's or the network's.
fn judged(fault: std::io::Error) -> ureq::Error {
    let tls = fault.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(_)) => ureq::Error::Other(Box::new(Unproven)),
        Some(other) => no_tls(other),
        None => ureq::Error::from(fault),
    }
}

fn no_tls(fault: &rustls::Error) -> ureq::Error {
    ureq::Error::Other(format!("what answers does not speak TLS as a hub does: {fault}").into())
}

/// A connection whose other end has proven its key.
pub(crate) struct PinnedTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for PinnedTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        Ok(self.stream.write_all(output)?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl std::fmt::Debug for PinnedTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PinnedTransport({:?})", self.stream.conn.protocol_version())
    }
}
