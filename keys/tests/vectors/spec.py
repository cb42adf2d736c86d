"""The formats of version 1 once more, in Python, written from the specification and never from the Rust code.

What `make.py` beside this file and `../museum/make.py` share. Needs Python 3.9, `cryptography`, `zstandard` and `kyber-py`. Everything that
should be random comes from `made_up`, so that a second run writes the same files.
"""
import base64
import hashlib
import hmac
import json
import os

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from kyber_py.ml_kem import ML_KEM_768

HERE = os.path.dirname(os.path.abspath(__file__))


def made_up(label, size):
    """`size` bytes that look random and are the same in every run."""
    out, counter = b"", 0
    while len(out) < size:
        out += hashlib.sha256(f"amanat vectors {label} {counter}".encode()).digest()
        counter += 1
    return out[:size]


def sha256(data):
    return hashlib.sha256(data).digest()


def tagged(tag, *parts):
    """H("amanat/v1/" tag 0 parts)"""
    return sha256(b"amanat/v1/" + tag.encode() + b"\0" + b"".join(parts))


def u64(number):
    return number.to_bytes(8, "big")


def hkdf(key, salt, info, size=32):
    extracted = hmac.new(salt or bytes(32), key, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()[:size]


# -- CBOR (RFC 8949 section 4.2.1): unsigned numbers, byte strings, texts, definite arrays

class Raw:
    """Bytes that stand in an array as they are: what no honest writer spells."""

    def __init__(self, spelt):
        self.spelt = spelt


def cbor(value):
    if isinstance(value, Raw):
        return value.spelt
    if isinstance(value, bool) or value is None:
        raise ValueError("not in these formats")
    if isinstance(value, int):
        return cbor_head(0, value)
    if isinstance(value, bytes):
        return cbor_head(2, len(value)) + value
    if isinstance(value, str):
        return cbor_head(3, len(value.encode())) + value.encode()
    return cbor_head(4, len(value)) + b"".join(cbor(item) for item in value)


def cbor_head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise ValueError("too large")


# -- keys

class SigningKey:
    def __init__(self, label):
        self.secret = made_up("signing " + label, 32)
        self.key = Ed25519PrivateKey.from_private_bytes(self.secret)
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = tagged("signing-key", self.public)

    def sign(self, purpose, agency, data):
        return self.key.sign(b"amanat/v1/" + purpose.encode() + b"\0" + agency + data)


PURPOSES = {"entry": 1, "roster": 2, "unit-keys": 3, "receipt": 4, "checkpoint": 5, "codebook": 6, "join-request": 7, "freshness": 8,
            "epoch": 9, "bundle": 10, "erasure": 11, "request-binding": 12, "rotation-certificate": 13, "transfer": 16, "transfer-reply": 17, "transfer-withdrawal": 18}


def statement(purpose, agency, body, signers):
    """[1, purpose, payload, [[key id, signature]…] by key id]"""
    return cbor([1, PURPOSES[purpose], body, sorted([s.id, s.sign(purpose, agency, body)] for s in signers)])


def device_of(signer):
    return tagged("device", signer.public)


def spoken(tag, *parts):
    """The first 88 bits of a tagged hash as eight words of the list."""
    with open(os.path.join(HERE, "..", "..", "src", "words.txt"), encoding="utf-8") as file:
        words = file.read().split()
    bits = "".join(f"{byte:08b}" for byte in tagged(tag, *parts)[:11])
    return " ".join(words[int(bits[i:i + 11], 2)] for i in range(0, 88, 11))


class Identity:
    def __init__(self, label):
        self.secret = made_up("identity " + label, 32)
        self.key = X25519PrivateKey.from_private_bytes(self.secret)
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = tagged("recipient", b"\0" + self.public)
        self.text = bech32("age-secret-key-", self.secret).upper()
        self.recipient = bech32("age", self.public)


def bech32(prefix, data):
    """BIP 173, without its limit on length, as the age specification has it."""
    letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    five = [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]

    def polymod(values):
        check = 1
        for value in values:
            top = check >> 25
            check = (check & 0x1FFFFFF) << 5 ^ value
            for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
                check ^= generator if top >> i & 1 else 0
        return check

    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = polymod(expanded + five + [0] * 6) ^ 1
    return prefix + "1" + "".join(letters[v] for v in five + [check >> 5 * (5 - i) & 31 for i in range(6)])


# -- places (FORMATS section 3)

class Place:
    def __init__(self, label, seq, key, **other):
        self.agency = other.get("agency", made_up("agency", 32))
        self.device = other.get("device", made_up("device " + label, 32))
        self.journal = other.get("journal", made_up("journal " + label, 16))
        self.case = other.get("case", made_up("case " + label, 16))
        self.seq, self.key = seq, key

    def slot(self):
        return tagged("slot", self.agency, self.device, self.journal, u64(self.seq), self.case, u64(self.key))[:16]

    def key_id(self, file_key):
        salt = tagged("key-id", self.agency, self.device, self.journal, u64(self.key), self.case)
        return hkdf(file_key, salt, b"amanat/v1/key-id")

    def fields(self):
        return {"agency": self.agency.hex(), "device": self.device.hex(), "journal": self.journal.hex(),
                "seq": self.seq, "case": self.case.hex(), "key": self.key}


# -- age: header and payload (C2SP age.md)

def b64(data):
    return base64.b64encode(data).rstrip(b"=")


def stanza(identity_or_public, file_key, label):
    """One X25519 stanza; the ephemeral key comes from `label`."""
    public = getattr(identity_or_public, "public", identity_or_public)
    ephemeral = X25519PrivateKey.from_private_bytes(made_up("ephemeral " + label, 32))
    share = ephemeral.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    secret = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    return x25519_stanza(share, public, secret, file_key)


def x25519_stanza(share, public, secret, file_key):
    wrap = hkdf(secret, share + public, b"age-encryption.org/v1/X25519")
    return b"-> X25519 " + b64(share) + b"\n" + b64(ChaCha20Poly1305(wrap).encrypt(bytes(12), file_key, None)) + b"\n"


class HybridIdentity:
    """MLKEM768-X25519, as age.md takes it from hpke-pq: 32 bytes, of which SHAKE256 makes the seeds of both halves."""

    def __init__(self, label):
        self.secret = made_up("identity " + label, 32)
        expanded = hashlib.shake_256(self.secret).digest(96)
        encapsulates, _ = ML_KEM_768.key_derive(expanded[:64])
        self.key = X25519PrivateKey.from_private_bytes(expanded[64:])
        self.public = encapsulates + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = tagged("recipient", b"\1" + self.public)
        self.text = bech32("age-secret-key-pq-", self.secret).upper()
        self.recipient = bech32("age1pq", self.public)


def hpke_seal(shared, info, plain):
    """RFC 9180's SealBase with HKDF-SHA256 and ChaCha20-Poly1305, after the KEM of number 0x647a."""
    suite = b"HPKE" + bytes.fromhex("647a00010003")

    def extract(salt, label, key):
        return hmac.new(salt or bytes(32), b"HPKE-v1" + suite + label + key, hashlib.sha256).digest()

    def expand(secret, label, context, size):
        return hmac.new(secret, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context + b"\x01", hashlib.sha256).digest()[:size]

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    return ChaCha20Poly1305(expand(secret, b"key", context, 32)).encrypt(expand(secret, b"base_nonce", context, 12), plain, None)


def hybrid_parts(public, file_key, label, share=None):
    """What a hybrid stanza gives to its reader, and its body; with a share of one's own the curve's secret is zeros."""
    curve = public[1184:]
    ephemeral = X25519PrivateKey.from_private_bytes(made_up("ephemeral " + label, 32))
    secret = ephemeral.exchange(X25519PublicKey.from_public_bytes(curve)) if share is None else bytes(32)
    share = share or ephemeral.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    of_kem, ciphertext = ML_KEM_768._encaps_internal(public[:1184], made_up("encapsulated " + label, 32))
    shared = hashlib.sha3_256(of_kem + secret + share + curve + b"\\.//^\\").digest()
    return ciphertext + share, hpke_seal(shared, b"age-encryption.org/mlkem768x25519", file_key)


def hybrid_stanza(identity, file_key, label, share=None):
    gives, body = hybrid_parts(identity.public, file_key, label, share)
    return b"-> mlkem768x25519 " + b64(gives) + b"\n" + b64(body) + b"\n"


def header(file_key, stanzas):
    out = b"age-encryption.org/v1\n" + b"".join(stanzas) + b"---"
    mac = hmac.new(hkdf(file_key, b"", b"header"), out, hashlib.sha256).digest()
    return out + b" " + b64(mac) + b"\n"


def payload(file_key, nonce, plain):
    chunks = [plain[i:i + 65536] for i in range(0, len(plain), 65536)] or [b""]
    out = nonce
    for i, chunk in enumerate(chunks):
        out += payload_chunk(file_key, nonce, i, i == len(chunks) - 1, chunk)
    return out


def payload_chunk(file_key, nonce, counter, last, chunk):
    aead = ChaCha20Poly1305(hkdf(file_key, nonce, b"payload"))
    return aead.encrypt(counter.to_bytes(11, "big") + bytes([last]), chunk, None)


def hedged_nonce(nonce_key, random, link, plain):
    return hmac.new(nonce_key, random + link + sha256(plain), hashlib.sha256).digest()[:16]


# -- the plaintext of an envelope (FORMATS section 3)

def padme(size):
    """Nikitin et al. 2019, section 4, by its definition: the length as a float of exponent e with a mantissa of e's own bits."""
    if size < 2:
        return size
    exponent = size.bit_length() - 1
    free = exponent - exponent.bit_length()
    return -(-size >> free) << free


def skippable(body, magic=0x184D2A50):
    return magic.to_bytes(4, "little") + len(body).to_bytes(4, "little") + body


def padding(frame, label, total=None):
    total = padme(len(frame) + 8 + 16) if total is None else total
    return skippable(made_up("padding " + label, 16) + bytes(total - len(frame) - 8 - 16))


def zstd(text, dictionary=None, **flags):
    flags = {"write_checksum": True, "write_content_size": True, "write_dict_id": True, **flags}
    return zstandard.ZstdCompressor(level=3, dict_data=dictionary, **flags).compress(text)


def with_slot(place, members):
    """The JSON of an entry: its members as text, `slot` put first."""
    slot = base64.b64encode(place.slot()).decode()
    return ('{"slot":"' + slot + '"' + ("," + members if members else "") + "}").encode()


def write(name, value, folder=HERE):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, ensure_ascii=False)
        file.write("\n")
