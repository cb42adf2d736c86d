//! Others on the road: a TLS server that notes whom it met, and a TLS client that takes any certificate.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, HandshakeKind, NamedGroup, ServerConfig, ServerConnection,
    SignatureScheme, StreamOwned, SupportedProtocolVersion,
};

/// What one connection brought.
#[derive(Debug, Default)]
pub(crate) struct Met {
    /// How the handshake went, if it came to its end.
    pub(crate) handshake: Option<HandshakeKind>,
    /// The key exchange that was agreed.
    pub(crate) group: Option<NamedGroup>,
    /// The name that the client told in the clear.
    pub(crate) told: Option<String>,
    /// What was said inside.
    pub(crate) inside: Vec<u8>,
}

/// Where a stranger listens, and whom it met.
pub(crate) struct Stranger {
    pub(crate) address: SocketAddr,
    pub(crate) met: Receiver<Met>,
}

impl Stranger {
    /// Shows the certificate of one file and signs with the key of another, whether they belong together or not; answers every
    /// request with 503.
    #[expect(clippy::disallowed_methods, reason = "a stranger lives on a thread of its own")]
    pub(crate) fn at(certificate: &Path, key: &Path, versions: &[&'static SupportedProtocolVersion]) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
        let key = provider.key_provider.load_private_key(PrivateKeyDer::from_pem_file(key).unwrap()).unwrap();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key))));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (meets, met) = channel();
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                if meets.send(meet(&config, socket)).is_err() {
                    return;
                }
            }
        });
        Self { address, met }
    }

    /// The next connection; a client that never comes is a failure.
    pub(crate) fn next(&self) -> Met {
        self.met.recv_timeout(Duration::from_secs(20)).unwrap()
    }
}

fn meet(config: &Arc<ServerConfig>, mut socket: TcpStream) -> Met {
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut tls = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut met = Met::default();
    while tls.is_handshaking() {
        if !matches!(tls.complete_io(&mut socket), Ok(moved) if moved != (0, 0)) {
            break;
        }
    }
    met.told = tls.server_name().map(str::to_owned);
    if !tls.is_handshaking() {
        met.handshake = tls.handshake_kind();
        met.group = tls.negotiated_key_exchange_group().map(|group| group.name());
    }
    let mut stream = StreamOwned::new(tls, socket);
    let mut part = [0; 4096];
    // A client that has left is a client that has said nothing more.
    while !met.inside.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(count @ 1..) => met.inside.extend_from_slice(&part[..count]),
            _ => return met,
        }
    }
    let _left = stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.conn.send_close_notify();
    let _left = stream.flush();
    met
}

/// A client that takes any certificate and notes its key.
#[derive(Debug, Default)]
struct Anybody(Mutex<Option<Vec<u8>>>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let key = rustls::server::ParsedCertificate::try_from(shown)?.subject_public_key_info().to_vec();
        *self.0.lock().unwrap() = Some(key);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// A connection whose handshake is over, and the key that was shown.
pub(crate) fn shaken(
    address: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> (StreamOwned<ClientConnection, TcpStream>, Vec<u8>) {
    let anybody = Arc::new(Anybody::default());
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&anybody) as _)
        .with_no_client_auth();
    let mut tls = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut socket).unwrap();
    }
    let key = anybody.0.lock().unwrap().clone().unwrap();
    (StreamOwned::new(tls, socket), key)
}
