//! How a request says who sends it: one fixed profile of RFC 9421 (HTTP Message Signatures) with Ed25519.
//!
//! The profile (FORMATS section 7) leaves nothing to choose: always the same eight components in the same order, always
//! `keyid`, `alg`, `nonce` and `tag` as parameters, never a time. A clock that is wrong therefore locks nobody out, and a
//! signature that covers less is refused by name. The nonce comes from the hub's previous answer. What is parsed here is
//! rebuilt and compared, so two readings of one header cannot differ.

use amanat_keys::fingerprint::{DeviceId, Digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The components every request covers, in the order in which they stand in the signature base.
pub const COVERED: [&str; 8] =
    ["@method", "@authority", "@path", "@query", "content-digest", "amanat-agency", "amanat-hub", "amanat-checkpoint"];

/// Names this use of signatures apart from any other (RFC 9421 section 2.3, `tag`).
pub const TAG: &str = "amanat-v1";

/// Header field in which the hub hands out nonces: base64 of 16 bytes each, separated by commas.
pub const NONCE_FIELD: &str = "amanat-nonce";

/// Header field that stands for `amanat-agency`, `amanat-hub`, `signature-input` and `signature` where the hub has taken a request before: what
/// it knows by itself is left out. What is signed is the same.
pub const SHORT_FIELD: &str = "amanat-signed";

/// The dictionary key under which the signature and its input stand.
const LABEL: &str = "amanat";

/// Sixteen bytes from the hub, for one device, good once.
pub type Nonce = [u8; 16];

/// What of a request is signed, as text exactly as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Upper-case method, `POST`.
    pub method: String,
    /// Host and, unless it is the scheme's own, port, in lower case (RFC 9421 section 2.2.3).
    pub authority: String,
    /// Absolute path, `/v1/push`.
    pub path: String,
    /// The query with its leading question mark; `?` alone when there is none (RFC 9421 section 2.2.7).
    pub query: String,
    /// `sha-256=:…:` over the body (RFC 9530), from [`content_digest`].
    pub content_digest: String,
    /// The agency's id in hex.
    pub agency: String,
    /// Key id, in hex, of the hub's receipt key: a request for one hub is worthless at another.
    pub hub: String,
    /// Hash, in hex, of the newest checkpoint the device holds; 64 zeros when it holds none.
    pub checkpoint: String,
}

impl Parts {
    fn components(&self) -> [(&'static str, &str); 8] {
        let [method, authority, path, query, digest, agency, hub, checkpoint] = COVERED;
        [
            (method, self.method.as_str()),
            (authority, &self.authority),
            (path, &self.path),
            (query, &self.query),
            (digest, &self.content_digest),
            (agency, &self.agency),
            (hub, &self.hub),
            (checkpoint, &self.checkpoint),
        ]
    }

    /// The signature base (RFC 9421 section 2.5) for this request by `device` with `nonce`.
    #[must_use]
    pub fn base(&self, device: &DeviceId, nonce: &Nonce) -> String {
        base(&self.components(), &parameters(device, nonce))
    }
}

/// Who says they sign, over which nonce, and the signature: read from a request, and not yet checked against any key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The device named by `keyid`.
    pub device: DeviceId,
    /// The nonce it used.
    pub nonce: Nonce,
    /// Ed25519 signature over [`Parts::base`].
    pub signature: [u8; 64],
}

/// Why a request's signature was refused for what it says, whatever key it was made with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// A component that the profile demands is not covered.
    #[error("the signature does not cover {0}")]
    NotCovered(&'static str),
    /// Anything else that departs from the profile.
    #[error("the signature fields do not follow the profile: {0}")]
    Malformed(&'static str),
    /// A nonce that this device was never given, or has used before: a request that somebody recorded and plays again.
    #[error("the nonce is spent, or was never given to this device")]
    Spent,
}

/// The two header fields that carry a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// Value of `signature-input`.
    pub input: String,
    /// Value of `signature`.
    pub signature: String,
}

/// Writes the header fields for a finished signature.
#[must_use]
pub fn fields(device: &DeviceId, nonce: &Nonce, signature: &[u8; 64]) -> Fields {
    Fields {
        input: format!("{LABEL}={}", parameters(device, nonce)),
        signature: format!("{LABEL}=:{}:", STANDARD.encode(signature)),
    }
}

/// Reads the header fields back.
///
/// # Errors
/// [`SignatureFault::NotCovered`] when one of [`COVERED`] is missing, else [`SignatureFault::Malformed`] for every
/// departure from the one spelling that [`fields`] writes.
pub fn parse(input: &str, signature: &str) -> Result<Claim, SignatureFault> {
    let malformed = SignatureFault::Malformed;
    let value = input.strip_prefix("amanat=").ok_or(malformed("no signature input labelled amanat"))?;
    let (list, rest) = value
        .strip_prefix('(')
        .and_then(|v| v.split_once(')'))
        .ok_or(malformed("the list of components has no end"))?;
    for name in COVERED {
        if !list.split(' ').any(|item| item.strip_prefix('"').and_then(|i| i.strip_suffix('"')) == Some(name)) {
            return Err(SignatureFault::NotCovered(name));
        }
    }
    let device: DeviceId = quoted(rest, "keyid")?.parse().map_err(|_source| malformed("keyid is no device id"))?;
    let nonce = decode_nonce(quoted(rest, "nonce")?).ok_or(malformed("nonce is not 16 bytes"))?;
    let bytes = signature
        .strip_prefix("amanat=:")
        .and_then(|v| v.strip_suffix(':'))
        .and_then(|v| STANDARD.decode(v).ok())
        .ok_or(malformed("no signature labelled amanat"))?;
    let signature = <[u8; 64]>::try_from(bytes.as_slice()).map_err(|_source| malformed("signature is not 64 bytes"))?;
    if parameters(&device, &nonce) != value {
        return Err(malformed("components or parameters are not in the agreed order"));
    }
    Ok(Claim { device, nonce, signature })
}

/// Writes [`SHORT_FIELD`] for a finished signature: base64 of device, nonce and signature.
#[must_use]
pub fn short(device: &DeviceId, nonce: &Nonce, signature: &[u8; 64]) -> String {
    STANDARD.encode([device.as_bytes().as_slice(), nonce, signature].concat())
}

/// Reads [`SHORT_FIELD`] back.
///
/// # Errors
/// [`SignatureFault::Malformed`] for everything but the one spelling that [`short`] writes.
pub fn parse_short(field: &str) -> Result<Claim, SignatureFault> {
    let read = |bytes: Vec<u8>| {
        let (device, rest) = bytes.split_first_chunk::<32>()?;
        let (nonce, signature) = rest.split_first_chunk::<16>()?;
        let signature = signature.try_into().ok()?;
        Some(Claim { device: DeviceId::from_bytes(*device), nonce: *nonce, signature })
    };
    STANDARD.decode(field).ok().and_then(read).ok_or(SignatureFault::Malformed("no short signature"))
}

/// The `content-digest` field (RFC 9530) of a body.
#[must_use]
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Digest::of(body).as_bytes()))
}

/// Spells nonces for [`NONCE_FIELD`].
#[must_use]
pub fn encode_nonces(nonces: &[Nonce]) -> String {
    nonces.iter().map(|n| STANDARD.encode(n)).collect::<Vec<_>>().join(", ")
}

/// Reads nonces from [`NONCE_FIELD`]; what is not a nonce is passed over.
#[must_use]
pub fn decode_nonces(field: &str) -> Vec<Nonce> {
    field.split(',').filter_map(|item| decode_nonce(item.trim())).collect()
}

fn decode_nonce(text: &str) -> Option<Nonce> {
    STANDARD.decode(text).ok().and_then(|bytes| Nonce::try_from(bytes.as_slice()).ok())
}

fn quoted<'a>(rest: &'a str, name: &'static str) -> Result<&'a str, SignatureFault> {
    rest.split(';')
        .find_map(|item| item.strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"'))
        .ok_or(SignatureFault::Malformed("a parameter is missing"))
}

fn parameters(device: &DeviceId, nonce: &Nonce) -> String {
    let names = COVERED.map(|name| format!("\"{name}\"")).join(" ");
    let nonce = STANDARD.encode(nonce);
    format!("({names});keyid=\"{device}\";alg=\"ed25519\";nonce=\"{nonce}\";tag=\"{TAG}\"")
}

/// RFC 9421 section 2.5: one line a component, then the parameters, no newline at the end.
fn base(components: &[(&str, &str)], parameters: &str) -> String {
    let mut text = String::new();
    for (name, value) in components {
        text.push_str(&format!("\"{name}\": {value}\n"));
    }
    text.push_str(&format!("\"@signature-params\": {parameters}"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer as _, SigningKey};

    /// Private key `test-key-ed25519` of RFC 9421 appendix B.1.4.
    const RFC_SEED: &str = "n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=";
    /// Public half of the same.
    const RFC_PUBLIC: &str = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";

    fn rfc_key() -> SigningKey {
        let seed: [u8; 32] = STANDARD.decode(RFC_SEED).unwrap().try_into().unwrap();
        SigningKey::from_bytes(&seed)
    }

    #[test]
    fn signs_the_ed25519_example_of_the_rfc() {
        let key = rfc_key();
        assert_eq!(STANDARD.encode(key.verifying_key().as_bytes()), RFC_PUBLIC);
        let components = [
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("@method", "POST"),
            ("@path", "/foo"),
            ("@authority", "example.com"),
            ("content-type", "application/json"),
            ("content-length", "18"),
        ];
        let parameters = "(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
                          ;created=1618884473;keyid=\"test-key-ed25519\"";
        let signature = key.sign(base(&components, parameters).as_bytes());
        assert_eq!(
            STANDARD.encode(signature.to_bytes()),
            "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
        );
    }

    fn parts() -> Parts {
        Parts {
            method: "POST".into(),
            authority: "127.0.0.1:7070".into(),
            path: "/v1/push".into(),
            query: "?".into(),
            content_digest: content_digest(b"body"),
            agency: "aa".repeat(32),
            hub: "bb".repeat(32),
            checkpoint: "00".repeat(32),
        }
    }

    #[test]
    fn every_component_stands_in_the_base_and_changes_it() {
        let device = DeviceId::from_bytes([7; 32]);
        let base = parts().base(&device, &[1; 16]);
        assert!(base.starts_with("\"@method\": POST\n"), "no Amanat signing string begins with a quotation mark");
        for change in [
            Parts { method: "GET".into(), ..parts() },
            Parts { authority: "other".into(), ..parts() },
            Parts { path: "/v1/pull".into(), ..parts() },
            Parts { query: "?x".into(), ..parts() },
            Parts { content_digest: content_digest(b"else"), ..parts() },
            Parts { agency: "ab".repeat(32), ..parts() },
            Parts { hub: "bc".repeat(32), ..parts() },
            Parts { checkpoint: "01".repeat(32), ..parts() },
        ] {
            assert_ne!(change.base(&device, &[1; 16]), base, "{change:?}");
        }
        assert_ne!(parts().base(&device, &[2; 16]), base);
        assert_ne!(parts().base(&DeviceId::from_bytes([8; 32]), &[1; 16]), base);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let device = DeviceId::from_bytes([7; 32]);
        let fields = fields(&device, &[3; 16], &[9; 64]);
        let claim = parse(&fields.input, &fields.signature).unwrap();
        assert_eq!(claim, Claim { device, nonce: [3; 16], signature: [9; 64] });
        assert_eq!(decode_nonces(&encode_nonces(&[[1; 16], [2; 16]])), vec![[1; 16], [2; 16]]);
        assert_eq!(decode_nonces("rubbish, AAAA"), Vec::<Nonce>::new());
    }

    #[test]
    fn a_short_signature_is_read_back_and_has_one_spelling() {
        let device = DeviceId::from_bytes([7; 32]);
        let field = short(&device, &[3; 16], &[9; 64]);
        assert_eq!(field.len(), 152);
        assert_eq!(parse_short(&field), Ok(Claim { device, nonce: [3; 16], signature: [9; 64] }));
        let departures = [
            &field[4..],
            &format!("AAAA{field}"),
            &format!(" {field}"),
            field.trim_end_matches('='),
            &field.replacen("Q==", "R==", 1),
            &field.replace('/', "_").replace('+', "-").replacen('B', "%", 1),
            "",
        ];
        for departure in departures {
            assert!(parse_short(departure).is_err(), "{departure}");
        }
    }

    #[test]
    fn each_missing_component_is_refused_by_name() {
        let fields = fields(&DeviceId::from_bytes([7; 32]), &[3; 16], &[9; 64]);
        for name in COVERED {
            let quoted = format!("\"{name}\"");
            let without = fields.input.replace(&format!("{quoted} "), "").replace(&format!(" {quoted}"), "");
            assert_ne!(without, fields.input);
            assert_eq!(parse(&without, &fields.signature), Err(SignatureFault::NotCovered(name)));
        }
    }

    #[test]
    fn departures_from_the_profile_are_refused() {
        let good = fields(&DeviceId::from_bytes([7; 32]), &[3; 16], &[9; 64]);
        let departures = [
            good.input.replace("alg=\"ed25519\";", ""),
            good.input.replace("ed25519", "hmac-sha256"),
            good.input.replace("amanat-v1", "other"),
            good.input.replace(";tag", ";created=1;tag"),
            format!("{};expires=5", good.input),
            good.input.replace("\"@method\" \"@authority\"", "\"@authority\" \"@method\""),
            good.input.replace("\"@query\"", "\"@query\" \"date\""),
            good.input.replace("amanat=", "sig1="),
            good.input.replace(')', ""),
            good.input.to_uppercase(),
            String::new(),
        ];
        for input in departures {
            assert!(parse(&input, &good.signature).is_err(), "{input}");
        }
        for signature in ["", "amanat=::", "amanat=:AAAA:", "sig1=:AAAA:", &good.signature[1..]] {
            assert!(parse(&good.input, signature).is_err(), "{signature}");
        }
    }
}
