"""kept.py: what a device keeps for itself, broken: `identity.age`, what it is around, and local rows (STATEMENTS, *What a device keeps*)."""
import os

from agency import *  # noqa: F403 - the ways in which a spelling can be broken
from local import (associated, device_of, locked, payload, place, scrypt_stanza, sealed_row, u64, vault, xchacha)
from spec import ChaCha20Poly1305, Place

HERE = os.path.dirname(os.path.abspath(__file__))
TYPED = "correct horse battery staple"
UNITS = by_id([[made_up("kept unit 1", 32), 1, Identity("kept unit 1").text], [made_up("kept unit 2", 32), 3, Identity("kept unit 2").text]])
HEADS = by_id([[made_up("kept journal 1", 16), 9, made_up("kept link 1", 32)], [made_up("kept journal 2", 16), 1, made_up("kept link 2", 32)]])
GOOD = vault(retired=("vault 1",), units=UNITS, heads=HEADS)


def vaults():
    good = locked(cbor(GOOD), TYPED, "kept")

    def attack(name, refused, file, typed=TYPED, practice="yes", repaired=good, **other):
        specimen(HERE, "vault-" + name, "vault", refused, {"file": file, "passphrase": typed, "practice": practice, **other},
                 {"file": repaired, "passphrase": TYPED, "practice": "yes", **{name: "" for name in other}})

    attack("under-another-passphrase", "Locked(WrongPassphrase)", good, "correct horse battery stapler")
    attack("under-a-passphrase-in-capitals", "Locked(WrongPassphrase)", good, TYPED.upper())
    key = made_up("locked kept", 16)
    body = payload(key, made_up("locked nonce kept", 16), cbor(GOOD))

    def under(*stanzas, mac=key):
        return header(mac, list(stanzas)) + body

    honest = scrypt_stanza(TYPED, key, "kept", 10)
    assert under(honest) == good
    # The work factor is judged before any work is done: a file from a stranger must not hold a laptop for an hour.
    for said in ("9", "21", "30", "63", "255", "0"):
        attack(f"that-claims-work-factor-{said}", f"Locked(WorkFactor {{ factor: {said} }})", under(scrypt_stanza(TYPED, key, "kept", 10, said)))
    attack("of-a-practice-home-in-a-real-one", "Locked(WorkFactor { factor: 10 })", good, practice="")
    attack("that-claims-a-work-factor-that-is-not-its-own", "Locked(WrongPassphrase)", under(scrypt_stanza(TYPED, key, "kept", 10, "11")))
    for name, said in (("work-factor-of-256", b" 256\n"), ("work-factor-below-zero", b" -1\n"), ("work-factor-in-words", b" ten\n"),
                       ("work-factor-left-out", b"\n")):
        attack(name, "Damaged(Frame)", under(honest.replace(b" 10\n", said)))
    attack("to-a-key-instead-of-a-passphrase", "Damaged(Frame)", under(stanza(Identity("vault 2"), key, "kept")))
    attack("with-a-key-beside-the-passphrase", "Damaged(Frame)", under(honest, stanza(Identity("vault 2"), key, "kept")))
    attack("with-two-passphrases", "Damaged(Frame)", under(honest, scrypt_stanza("another passphrase", key, "kept 2", 10)))
    attack("with-a-word-more-in-its-stanza", "Damaged(Frame)", under(honest.replace(b" 10\n", b" 10 x\n")))
    attack("of-another-age-version", "Damaged(Frame)", good.replace(b"/v1\n", b"/v2\n", 1))
    attack("with-the-mac-of-another-key", "Damaged(Frame)", under(honest, mac=made_up("kept other", 16)))
    attack("empty", "Damaged(Frame)", b"")
    attack("cut-in-its-header", "Damaged(Seal)", good[:90])
    attack("cut-behind-its-header", "Damaged(Seal)", good[:-len(body)])
    attack("cut-by-a-byte", "Damaged(Seal)", good[:-1])
    attack("changed-in-its-last-byte", "Damaged(Seal)", good[:-1] + bytes([good[-1] ^ 1]))
    attack("with-a-byte-more", "Damaged(Seal)", good + b"\0")
    attack("with-the-payload-of-another", "Damaged(Seal)", good[:-len(body)] + payload(made_up("kept other", 16), made_up("n", 16), cbor(GOOD)))
    attack("over-1-mib", "Damaged(TooLarge)", good, zeros=str((1 << 20) + 1 - len(good)))

    def inside(name, why, elements, right=None):
        body = elements if isinstance(elements, bytes) else cbor(elements)
        attack(name, f"Malformed(Vault: {why})", locked(body, TYPED, "kept " + name),
               repaired=good if right is None else locked(cbor(right), TYPED, "kept " + name))

    def instead(at, value):
        return GOOD[:at] + [value] + GOOD[at + 1:]

    for what, refused, spelling in broken_spelling(GOOD, 5, 0, "Vault"):
        inside("content-" + what, refused.removeprefix("Malformed(Vault: ").removesuffix(")").replace("expected u64", "expected u8"),
               spelling)
    inside("version-0", "unknown version", instead(0, 0))
    for at, name in ((1, "device"), (2, "seed"), (5, "vault-key"), (6, "nonce-key")):
        inside(f"{name}-of-31-bytes", "byte string of the wrong length", instead(at, GOOD[at][:31]))
        inside(f"{name}-of-33-bytes", "byte string of the wrong length", instead(at, GOOD[at] + b"\0"))
    other = "age identity"
    inside("identity-in-lower-case", "not the canonical spelling", instead(3, GOOD[3].lower()))
    inside("identity-with-a-newline", other, instead(3, GOOD[3] + "\n"))
    inside("identity-cut", other, instead(3, GOOD[3][:-1]))
    inside("identity-that-is-a-recipient", other, instead(3, Identity("vault 2").recipient))
    inside("retired-identity-of-a-plugin", other, instead(4, ["AGE-PLUGIN-YUBIKEY-1QQPSYQCYQ5RQWZQFZ"]))
    order = "lists unsorted or repeated"
    inside("units-unsorted", order, instead(7, UNITS[::-1]))
    inside("unit-repeated", order, instead(7, [UNITS[0], UNITS[0]]))
    inside("unit-without-epoch", "wrong number of elements", instead(7, [[UNITS[0][0], UNITS[0][2]]]))
    inside("heads-unsorted", order, instead(8, HEADS[::-1]))
    inside("head-repeated", order, instead(8, [HEADS[0], [HEADS[0][0], 10, HEADS[0][2]]]))
    inside("head-link-of-31-bytes", "byte string of the wrong length", instead(8, [HEADS[0][:2] + [HEADS[0][2][:31]]]))
    most = "list too long or of unknown length"
    inside("units-of-unknown-length", most, instead(7, Raw(b"\x9f" + cbor(UNITS)[1:] + b"\xff")))
    inside("more-heads-than-allowed", most, instead(8, claimed(4, 10_001)))
    inside("more-retired-identities-than-allowed", most, instead(4, claimed(4, 1_001)))
    inside("more-heads-than-there-are", "end of input bytes", instead(8, claimed(4, 10_000)))
    inside("root-key-instead", "wrong number of elements", cbor([1, "root", MEMBERS[0], ROOTS[0].secret]))


def rows():
    vault_key, journal, case = made_up("kept vault key", 32), made_up("kept row journal", 16), made_up("kept row case", 16)
    device, spot = device_of(LAPTOP), Place("kept", 7, 7)
    plain, row_key, key_id = made_up("kept case key", 16) + b"\0", place(device, journal, 7), spot.key_id(made_up("kept case key", 16))
    here = {"vault_key": vault_key, "table": "case-key", "row_key": row_key, "case": case, "key_id": key_id}
    good = sealed_row(vault_key, "kept", plain, "case-key", row_key, case, key_id)

    def attack(name, refused, sealed=good, repaired=None, **moved):
        specimen(HERE, "row-" + name, "local row", refused, {**here, **moved, "sealed": sealed},
                 {**here, "sealed": good if repaired is None else repaired})

    moved = "Damaged(Seal)"
    attack("on-another-shelf", moved, table="draft")
    attack("of-another-device", moved, row_key=place(device_of(TABLET), journal, 7))
    attack("of-another-journal", moved, row_key=place(device, made_up("kept other journal", 16), 7))
    attack("at-another-number", moved, row_key=place(device, journal, 8))
    attack("of-another-case", moved, case=made_up("kept other case", 16))
    attack("under-another-key-id", moved, key_id=made_up("kept other key id", 32))
    attack("without-its-case", moved, case=b"")
    attack("without-its-key-id", moved, key_id=b"")
    attack("of-another-vault", moved, vault_key=made_up("kept other vault key", 32))
    # Without lengths these two places would read the same.
    attack("with-a-byte-moved-from-the-table-to-its-key", moved, table="case-ke", row_key=b"y" + row_key)
    attack("with-a-byte-moved-from-the-case-to-the-key-id", moved, case=case[:-1], key_id=case[-1:] + key_id)
    attack("with-case-and-key-id-swapped", moved, case=key_id, key_id=case)

    def otherwise(told, nonce=None):
        nonce = made_up("kept otherwise", 24) if nonce is None else nonce
        return nonce + xchacha(vault_key, nonce, plain, told)

    bound = associated("case-key", row_key, case, key_id)
    attack("bound-without-lengths", moved, otherwise(b"amanat/v1/row" + b"case-key" + row_key + case + key_id))
    attack("bound-with-lengths-of-eight-bytes", moved,
           otherwise(b"amanat/v1/row" + b"".join(u64(len(p)) + p for p in (b"case-key", row_key, case, key_id))))
    attack("bound-without-its-name", moved, otherwise(bound.removeprefix(b"amanat/v1/row")))
    attack("bound-to-version-2", moved, otherwise(bound.replace(b"/v1/", b"/v2/")))
    attack("bound-to-nothing", moved, otherwise(b""))
    attack("sealed-with-a-short-nonce", moved,
           made_up("kept short", 24) + ChaCha20Poly1305(vault_key).encrypt(made_up("kept short", 24)[:12], plain, bound))
    attack("nonce-changed", moved, bytes([good[0] ^ 1]) + good[1:])
    attack("nonce-of-another-row", moved, made_up("row nonce other", 24) + good[24:])
    attack("changed-in-its-first-byte", moved, good[:24] + bytes([good[24] ^ 1]) + good[25:])
    attack("changed-in-its-tag", moved, good[:-1] + bytes([good[-1] ^ 1]))
    attack("cut-by-a-byte", moved, good[:-1])
    attack("with-a-byte-more", moved, good + b"\0")
    attack("without-its-tag", moved, good[:-16])
    attack("nonce-alone", "Damaged(Truncated)", good[:24])
    attack("cut-in-its-nonce", "Damaged(Truncated)", good[:23])
    attack("empty", "Damaged(Truncated)", b"")


def write_kept():
    vaults()
    rows()
