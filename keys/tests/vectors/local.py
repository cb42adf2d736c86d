"""local.py: what a device keeps for itself: `identity.age`, local rows, the heads file. Run by hand; its output is checked in.

Written from `keys/STATEMENTS.md`, *What a device keeps*, and from nothing of the program.

    pip install cryptography zstandard
    python3 keys/tests/vectors/local.py
"""
import hashlib
import unicodedata

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from spec import (Identity, Place, SigningKey, b64, cbor, device_of, header, made_up, payload, sha256, tagged, u64, write)


# -- XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): HChaCha20 gives a key, the rest of the nonce goes to ChaCha20-Poly1305

def quarter(state, a, b, c, d):
    def turn(value, by):
        return (value << by | value >> 32 - by) & 0xFFFFFFFF

    for first, second, third, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        state[first] = state[first] + state[second] & 0xFFFFFFFF
        state[third] = turn(state[third] ^ state[first], by)


def hchacha20(key, nonce):
    state = [int.from_bytes((b"expand 32-byte k" + key + nonce)[i:i + 4], "little") for i in range(0, 64, 4)]
    for _ in range(10):
        for column in range(4):
            quarter(state, column, 4 + column, 8 + column, 12 + column)
        for at in range(4):
            quarter(state, at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4)
    return b"".join(word.to_bytes(4, "little") for word in state[:4] + state[12:])


# Section 2.2.1 of that draft.
assert hchacha20(bytes(range(32)), bytes.fromhex("000000090000004a0000000031415927")).hex() == (
    "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc")


def xchacha(key, nonce, plain, associated):
    return ChaCha20Poly1305(hchacha20(key, nonce[:16])).encrypt(bytes(4) + nonce[16:], plain, associated)


# -- local rows

def associated(table, row_key=b"", case=b"", key_id=b""):
    return b"amanat/v1/row" + b"".join(len(part).to_bytes(4, "big") + part for part in (table.encode(), row_key, case, key_id))


def sealed_row(vault_key, label, plain, table, row_key=b"", case=b"", key_id=b""):
    nonce = made_up("row nonce " + label, 24)
    return nonce + xchacha(vault_key, nonce, plain, associated(table, row_key, case, key_id))


def place(device, journal, number):
    return device + journal + u64(number)


# -- identity.age

def spelt(typed):
    """As scrypt gets it: NFKC, then the letters that NFKC leaves apart."""
    text = unicodedata.normalize("NFKC", typed)
    return text.translate({0x064A: 0x06CC, 0x0649: 0x06CC, 0x0643: 0x06A9, 0x0647: 0x06C1})


def scrypt_stanza(typed, file_key, label, log_n, said=None, salt_size=16):
    """C2SP age, scrypt recipient stanza; `said` is the work factor that it claims."""
    salt = made_up("scrypt salt " + label, salt_size)
    key = hashlib.scrypt(spelt(typed).encode(), salt=b"age-encryption.org/v1/scrypt" + salt, n=1 << log_n, r=8, p=1, dklen=32,
                         maxmem=1 << 30)
    body = ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)
    return b"-> scrypt " + b64(salt) + b" " + (said or str(log_n)).encode() + b"\n" + b64(body) + b"\n"


def locked(plain, typed, label, log_n=10, **stanza):
    file_key = made_up("locked " + label, 16)
    return (header(file_key, [scrypt_stanza(typed, file_key, label, log_n, **stanza)])
            + payload(file_key, made_up("locked nonce " + label, 16), plain))


SIGNER = SigningKey("vault")
DEVICE = device_of(SIGNER)
VAULT_KEY, NONCE_KEY = made_up("vault key", 32), made_up("vault nonce key", 32)


def vault(signer=SIGNER, device=None, current="vault 2", retired=("vault 1", "vault 0"), units=None, heads=None):
    """The nine elements of what `identity.age` is around."""
    none = bytes(32)
    if units is None:
        units = sorted([[none, 0, Identity("vault candidate").text]]
                       + [[made_up(f"vault unit {n}", 32), epoch, Identity(f"vault unit {n} {epoch}").text]
                          for n, epoch in ((1, 1), (1, 2), (2, 1))])
    if heads is None:
        heads = sorted([made_up(f"vault journal {n}", 16), seq, made_up(f"vault link {n}", 32)]
                       for n, seq in enumerate((1, 24, 70_000, 2**39 - 1)))
    return [1, device or device_of(signer), signer.secret, Identity(current).text, [Identity(old).text for old in retired],
            VAULT_KEY, NONCE_KEY, units, heads]


def hexed(value):
    if isinstance(value, bytes):
        return value.hex()
    return [hexed(item) for item in value] if isinstance(value, (list, tuple)) else value


def vaults():
    """The last is of a device whose keys were rotated: its id is of the key that it was enrolled with."""
    out = []
    for label, elements, typed in (
        ("full", vault(), "correct horse battery staple"),
        ("new", vault(retired=(), units=[], heads=[]), "صحیح گھوڑا ۱۲۳ ي ك ه ى"),
        ("rotated", vault(signer=SigningKey("vault, later"), device=DEVICE, heads=[]), "ﬁve  naïve ﻻ officers Ⅸ"),
    ):
        out.append({"name": label, "passphrase": typed, "spelt": spelt(typed), "elements": hexed(elements),
                    "public": (SIGNER if label != "rotated" else SigningKey("vault, later")).public.hex(),
                    "recipient": Identity("vault 2").recipient, "plaintext": cbor(elements).hex(),
                    "file": locked(cbor(elements), typed, label).hex()})
    return out


def rows():
    """One of each table that has bytes of its own, sealed to its place."""
    device, journal, case = made_up("row device", 32), made_up("row journal", 16), made_up("row case", 16)
    spot = Place("row", 7, 7, device=device, journal=journal, case=case)
    key = made_up("row case key", 16)
    statement = made_up("row statement", 300)
    cases = [
        ("vault", b"", b"", b"", b"amanat journal"),
        ("journal", place(device, journal, 0), b"", b"", spot.agency + u64(1) + u64(0)),
        ("document", u64(2) + bytes(32) + u64(3) + sha256(statement) + b"\0", b"", b"", statement),
        ("hub", made_up("row hub", 32), b"", b"", u64(2) + u64(1) + u64(4096)),
        ("hub", made_up("row hub", 32) + u64(2) + place(device, journal, 0), b"", b"", statement),
        ("case-key", place(device, journal, 7), case, spot.key_id(key), key + b"\0"),
        ("draft", made_up("row draft", 16), b"", b"", '{"متن":"SAMPLE"}'.encode()),
        ("note", made_up("row entry", 16), case, b"", b"{}"),
        ("mark", b"trust", b"", b"", b""),
        ("heads", b"", b"", b"", cbor([1, []])),
    ]
    return [{"table": table, "row_key": row_key.hex(), "case": of.hex(), "key_id": key_id.hex(), "plaintext": plain.hex(),
             "associated": associated(table, row_key, of, key_id).hex(),
             "sealed": sealed_row(VAULT_KEY, f"{table} {n}", plain, table, row_key, of, key_id).hex()}
            for n, (table, row_key, of, key_id, plain) in enumerate(cases)]


def heads_files():
    out = []
    for count in (0, 1, 2, 30):
        heads = sorted([made_up(f"head {count} {n}", 16), 23 + n * n * 1000, made_up(f"head link {count} {n}", 32)]
                       for n in range(count))
        plain = cbor([1, heads])
        out.append({"heads": hexed(heads), "plaintext": plain.hex(),
                    "file": sealed_row(VAULT_KEY, f"heads {count}", plain, "heads").hex()})
    return out


if __name__ == "__main__":
    assert tagged("device", SIGNER.public) == DEVICE
    write("local.json", {"vault_key": VAULT_KEY.hex(), "nonce_key": NONCE_KEY.hex(), "vaults": vaults(), "rows": rows(),
                         "heads": heads_files()})
