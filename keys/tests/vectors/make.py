"""make.py: writes the vectors of `keys` (beside this file) and of `sync` (sync/tests/vectors). Run by hand; its output is checked in.

    pip install cryptography zstandard kyber-py
    python3 keys/tests/vectors/make.py
"""
import os

from spec import (HERE, HybridIdentity, Identity, Place, SigningKey, cbor, device_of, header, hedged_nonce, hybrid_stanza, made_up, padding, padme, payload, sha256,
                  stanza, statement, tagged, with_slot, write, zstd)

SYNC = os.path.join(HERE, "..", "..", "..", "sync", "tests", "vectors")
AGENCY = made_up("agency", 32)


def places():
    out = []
    for n, (seq, key) in enumerate([(1, 1), (2, 1), (300, 256), (2**32, 70_000), (2**63 - 1, 2**63 - 1)]):
        place = Place(f"place {n}", seq, key)
        file_key = made_up(f"file key {n}", 16)
        out.append({**place.fields(), "slot": place.slot().hex(), "file_key": file_key.hex(),
                    "key_id": place.key_id(file_key).hex()})
    write("places.json", out)


def nonces():
    out = []
    for n in range(3):
        key, random, link = (made_up(f"nonce {n} {part}", 32) for part in ("key", "random", "link"))
        plain = made_up(f"nonce {n} plain", 100 * n)
        out.append({"nonce_key": key.hex(), "random": random.hex(), "link": link.hex(), "plaintext": plain.hex(),
                    "nonce": hedged_nonce(key, random, link, plain).hex()})
    write("nonces.json", out)


def paddings():
    sizes = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 100, 255, 256, 257, 500, 1000, 1024, 1025, 4095, 4097, 65_535, 65_537,
             1_000_000, 4_194_304, 4_194_305, 2**31 - 1, 2**32 + 1, 2**40 + 12_345]
    write("padme.json", [[size, padme(size)] for size in sizes])


def payloads():
    """Plaintexts are byte i = i mod 251; what they seal to is given by its hash, it would be large."""
    out = []
    for size in [0, 1, 16, 1000, 65_535, 65_536, 65_537, 131_072, 200_000]:
        key, nonce = made_up(f"payload key {size}", 16), made_up(f"payload nonce {size}", 16)
        sealed = payload(key, nonce, bytes(i % 251 for i in range(size)))
        out.append({"size": size, "file_key": key.hex(), "nonce": nonce.hex(), "sealed_size": len(sealed),
                    "sealed_sha256": sha256(sealed).hex()})
    write("payloads.json", out)


def parts():
    """Attachments: an age payload of the bytes as they are. Commitment over them, digest over the envelope."""
    out = []
    for size in [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000]:
        key, nonce_key, random, link = (made_up(f"part {size} {what}", n) for what, n in
                                        [("key", 16), ("nonce key", 32), ("random", 32), ("link", 32)])
        plain = bytes(i % 251 for i in range(size))
        nonce = hedged_nonce(nonce_key, random, link, plain)
        sealed = payload(key, nonce, plain)
        out.append({"size": size, "file_key": key.hex(), "nonce_key": nonce_key.hex(), "random": random.hex(), "link": link.hex(),
                    "nonce": nonce.hex(), "commitment": sha256(plain).hex(), "digest": sha256(sealed).hex(),
                    "sealed_size": len(sealed)})
    write("parts.json", out)


def envelopes():
    texts = {
        "empty": "",
        "note": '"kind":"note","text":"Met at the shelter; asked for an interpreter."',
        "urdu": '"kind":"note","text":"پناہ گاہ میں ملاقات ہوئی، ترجمان مانگا گیا۔"',
        "long": '"kind":"note","text":"' + "word " * 3000 + '"',
        "noise": '"kind":"note","text":"' + made_up("noise", 700).hex() + '"',
    }
    out = []
    for n, (name, members) in enumerate(texts.items()):
        place, key = Place(name, 10 + n, 9), made_up("envelope key " + name, 16)
        text = with_slot(place, members)
        frame = zstd(text)
        plain = frame + padding(frame, name)
        assert len(plain) == padme(len(frame) + 24)
        sealed = payload(key, made_up("envelope nonce " + name, 16), plain)
        out.append({"name": name, **place.fields(), "file_key": key.hex(), "json": text.decode(),
                    "plaintext": plain.hex(), "commitment": sha256(plain).hex(),
                    "envelope": sealed.hex(), "digest": sha256(sealed).hex()})
    write("envelopes.json", out)


def slips():
    out = []
    kinds = [(count, Identity, stanza, "reader", "slip") for count in (1, 2, 5, 64)]
    for count, identity, wrap, who, what in kinds + [(3, HybridIdentity, hybrid_stanza, "hybrid reader", "hybrid slip")]:
        readers = [identity(f"{who} {n}") for n in range(count)]
        place, key = Place(f"{what} of {count}", 3, 3), made_up(f"{what} key {count}", 16)
        text = header(key, [wrap(r, key, f"{what} {count} {n}") for n, r in enumerate(readers)])
        out.append({**place.fields(), "file_key": key.hex(), "key_id": place.key_id(key).hex(), "slip": text.decode(),
                    "readers": [{"identity": r.text, "recipient": r.recipient, "key_id": r.id.hex()} for r in readers[:5]],
                    "audience": count})
    write("slips.json", out)


def spki_of(signer):
    """SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 section 4): a sequence of the algorithm and the bit string."""
    return bytes.fromhex("302a300506032b6570032100") + signer.public


def roster_payload(agency, version, previous, devices, hubs):
    roots, unit = [SigningKey("root 1"), SigningKey("root 2")], made_up("unit HQ", 32)
    members = [made_up("member 1", 16), made_up("member 2", 16)]
    admins = sorted([m, r.public] for m, r in zip(members, roots))
    return cbor([
        1, agency, "FIA Anti Human Trafficking", version, previous, 1_790_000_000 + version, 1_820_000_000, 2 if version > 1 else 1,
        admins,
        [[unit, 0, "HQ", Identity("unit HQ 1").public, 1, [Identity("unit HQ 0").public]]],
        sorted([[members[0], "A. Khan", [[2, unit], [7, unit], [8, unit]]], [members[1], "سارہ بی بی", [[0, unit]]]]),
        sorted([[device_of(s), m, [[s.public, bytes(16), 1, 0]], 0, Identity(f"device {n}").public, 0, []]
                for n, (s, m) in enumerate(zip(devices, members))]),
        hubs, [], Identity("recovery").public, 0, 1, [["readers", "supervisors"], ["write-only", "no"]],
    ])


def statements():
    roots = [SigningKey("root 1"), SigningKey("root 2")]
    devices = [SigningKey("device 1"), SigningKey("device 2")]
    hub = SigningKey("hub receipt")
    none = bytes(32)
    tls_keys = [spki_of(SigningKey("hub TLS")), spki_of(SigningKey("hub TLS, next"))]
    first = roster_payload(none, 1, none, devices[:1], [])
    agency = sha256(first)
    hubs = [[device_of(hub), "HQ hub", "https://127.0.0.1:8443", hub.public, Identity("hub transport").public, b"".join(tls_keys), 0, 0]]
    second = roster_payload(agency, 2, sha256(first), devices, hubs)
    join = cbor([1, agency, 0, "Laptop 7", devices[1].public, 0, Identity("device 1").public, b"", "", made_up("join", 32)])
    hub_join = cbor([1, agency, 1, "HQ hub", hub.public, 0, Identity("hub transport").public, b"".join(tls_keys), hubs[0][2],
                     made_up("hub join", 32)])
    file_key = made_up("unit wrap", 16)
    wrap = header(file_key, [stanza(Identity("device 1"), file_key, "unit wrap")]) + payload(
        file_key, made_up("unit wrap nonce", 16), Identity("unit HQ 1").text.encode())
    unit_keys = cbor([1, agency, made_up("unit HQ", 32), 1, Identity("unit HQ 1").public, [[device_of(devices[1]), wrap]]])
    heads = sorted([[device_of(d), made_up(f"journal of {n}", 16), 40 + n, made_up(f"link of {n}", 32)] for n, d in enumerate(devices)])
    checkpoint = cbor([1, agency, device_of(hub), 1, 7, made_up("checkpoint 6", 32), sha256(cbor(heads)), 1_790_000_123_456])
    device, journal, seq, link = heads[0]
    receipt = cbor([1, agency, device_of(hub), hub.id, 1, 7, made_up("checkpoint 6", 32), 2, device, journal, seq, link, seq,
                    1_790_000_123_456])
    out = {
        "agency": agency.hex(),
        "signers": {name: key.secret.hex() for name, key in
                    {"root 1": roots[0], "root 2": roots[1], "device 1": devices[0], "device 2": devices[1], "hub": hub}.items()},
        "device_ids": [device_of(d).hex() for d in devices],
        "identities": {name: Identity(name).text for name in ("unit HQ 0", "unit HQ 1", "device 0", "device 1", "recovery")},
        "roster 1": statement("roster", none, first, roots).hex(),
        "roster 2": statement("roster", agency, second, roots).hex(),
        "roster 2, one signer": statement("roster", agency, second, roots[:1]).hex(),
        "roster 2 hash": sha256(second).hex(),
        "join request": statement("join-request", agency, join, devices[1:]).hex(),
        "hub's join request": statement("join-request", agency, hub_join, [hub]).hex(),
        "TLS keys": [key.hex() for key in tls_keys],
        "unit keys": statement("unit-keys", agency, unit_keys, devices[:1]).hex(),
        "heads": cbor(heads).hex(),
        "checkpoint": statement("checkpoint", agency, checkpoint, [hub]).hex(),
        "receipt": statement("receipt", agency, receipt, [hub]).hex(),
    }
    write("statements.json", out)


def headers():
    """A journal of five: slip, sealed with an attachment, rewrap, reseal, erasure (FORMATS section 2)."""
    signer = SigningKey("journal")
    device, journal, case = device_of(signer), made_up("journal", 16), made_up("case", 16)
    readers = sorted([AGENCY, made_up(f"reader unit {n}", 32), Identity(f"reader {n}").id] for n in range(3))
    roster_hash, key_id, commitment = made_up("roster", 32), made_up("key id", 32), made_up("commitment", 32)
    link = tagged("journal", AGENCY, device, journal)
    rows, out = [], []

    def entry(kind, key, audience, roster, commitment, digest, size, parts=(), target=()):
        nonlocal link
        seq = len(out) + 1
        body = cbor([1, AGENCY, device, journal, seq, link, kind, case, key, audience, roster, commitment, digest, size,
                     list(parts), list(target)])
        before, link = link, tagged("link", link, sha256(body))
        rows.append(sha256(body))
        out.append({"seq": seq, "prev": before.hex(), "kind": kind, "key": key, "audience": [[f.hex() for f in r] for r in audience],
                    "roster": roster[0], "roster_hash": roster[1].hex() if len(roster) > 1 else "",
                    "commitment": commitment.hex(), "digest": digest.hex(), "size": size,
                    "parts": [[d.hex(), s] for d, s in parts],
                    "target": [f.hex() if isinstance(f, bytes) else f for f in target],
                    "bytes": body.hex(), "hash": sha256(body).hex(), "link": link.hex(),
                    "signature": signer.sign("entry", AGENCY, body).hex()})

    def target(seq, what, replaces=b""):
        return [AGENCY, device, journal, seq, rows[seq - 1], what, replaces]

    entry(1, 1, readers[:2], [4, roster_hash], key_id, made_up("slip", 32), 410)
    entry(0, 1, [], [4], commitment, made_up("envelope", 32), 700, [[made_up("part", 32), 90_000]])
    entry(2, 3, readers, [5, roster_hash], key_id, made_up("rewrap", 32), 620, (), target(1, 0))
    entry(2, 1, [], [5], commitment, made_up("reseal", 32), 700, (), target(2, 1))
    entry(2, 5, [], [5], commitment, sha256(b""), 0, (), target(2, 2, rows[3]))
    os.makedirs(SYNC, exist_ok=True)
    write("headers.json", {"agency": AGENCY.hex(), "device": device.hex(), "journal": journal.hex(), "case": case.hex(),
                           "signing_key": signer.public.hex(), "link0": tagged("journal", AGENCY, device, journal).hex(),
                           "entries": out}, SYNC)


if __name__ == "__main__":
    for section in (places, nonces, paddings, payloads, parts, envelopes, slips, statements, headers):
        section()
