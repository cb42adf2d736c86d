"""make.py: writes the museum of broken inputs, one small file for each attack, named after it, here and in sync/tests/museum.

Envelopes, payloads and slips are broken here; rosters in `rosters.py`, other statements in `spoken.py`, what a device keeps in
`kept.py`, headers, receipts and checkpoints in `journals.py`, bodies, messages, requests and rows in `travel.py`, what goes to another agency in `transfers.py`. Each file says what must refuse it (the variant, as Rust prints it; for what is malformed, the rule)
and how the repaired copy differs, which must be accepted. Run by hand; a second run writes the same bytes:

    pip install cryptography zstandard kyber-py
    python3 keys/tests/museum/make.py && git diff --exit-code keys/tests/museum sync/tests/museum
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors"))
import zstandard  # noqa: E402
from agency import write_shelf  # noqa: E402
from journals import write_journals  # noqa: E402
from kept import write_kept  # noqa: E402
from rosters import write_rosters  # noqa: E402
from spec import (HybridIdentity, Identity, Place, b64, header, hybrid_parts, hybrid_stanza, made_up, padding, padme, payload, payload_chunk, sha256, skippable, stanza,  # noqa: E402
                  with_slot, write, x25519_stanza, zstd)
from spoken import write_spoken  # noqa: E402
from transfers import write_transfers  # noqa: E402
from travel import write_travel  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PLACE, KEY = Place("museum", 8, 5), made_up("museum key", 16)
TEXT = with_slot(PLACE, '"kind":"note","text":"' + "the same words again and again, " * 12 + '"')
FRAME = zstd(TEXT)


def envelope(plain, label="museum"):
    return payload(KEY, made_up("museum nonce " + label, 16), plain)


def fields(plain, sealed=None, **other):
    sealed = envelope(plain) if sealed is None else sealed
    return {"place": PLACE.fields(), "file_key": KEY.hex(), "envelope": sealed.hex(), "commitment": sha256(plain).hex(),
            "digest": sha256(sealed).hex(), **other}


GOOD = FRAME + padding(FRAME, "museum")


def envelope_attack(name, refused, plain=None, repaired=GOOD, **other):
    attack = fields(GOOD if plain is None else plain, **other)
    write(name + ".json", {"attack": name, "kind": "envelope", "refused": refused, **attack, "repaired": fields(repaired)}, HERE)


def framed(frame):
    return frame + padding(frame, "museum")


def hand_frame(content, blocks, descriptor, after):
    """A zstd frame by hand (RFC 8878 section 3.1.1): descriptor, what follows it, blocks, checksum of `content` as zstd gives it."""
    return b"\x28\xb5\x2f\xfd" + bytes([descriptor]) + after + b"".join(blocks) + zstd(content)[-4:]


def block(kind, size, data, last):
    return (size << 3 | kind << 1 | last).to_bytes(3, "little") + data


def raw(content, last=True):
    return block(0, len(content), content, last)


def frames():
    size4 = len(TEXT).to_bytes(4, "little")
    checksum, single, window, four = 0x04, 0x20, b"\x58", 0x80  # window descriptor 0x58: 2 MiB
    good = framed(hand_frame(TEXT, [raw(TEXT)], four | checksum, window + size4))
    envelope_attack("not-compressed", "Plaintext(Frame(NotAFrame))", TEXT)
    envelope_attack("frame-cut", "Plaintext(Frame(Cut))",
                    framed(hand_frame(TEXT, [block(0, len(TEXT) + 5000, TEXT, True)], four | checksum, window + size4)), good)
    envelope_attack("frame-cut-in-its-checksum", "Plaintext(Frame(Cut))", FRAME[:-2])
    envelope_attack("frame-without-checksum", "Plaintext(Frame(NoChecksum))", framed(zstd(TEXT, write_checksum=False)))
    envelope_attack("frame-without-content-size", "Plaintext(Frame(NoContentSize))", framed(zstd(TEXT, write_content_size=False)))
    envelope_attack("window-too-large", "Plaintext(Frame(WindowTooLarge))",
                    framed(hand_frame(TEXT, [raw(TEXT)], four | checksum, b"\x69" + size4)),  # 9 MiB
                    framed(hand_frame(TEXT, [raw(TEXT)], four | checksum, b"\x68" + size4)))  # 8 MiB
    envelope_attack("content-size-too-large", "Plaintext(Frame(ContentTooLarge))",
                    framed(hand_frame(TEXT, [raw(TEXT)], four | checksum, window + (4 * 1024 * 1024 + 1).to_bytes(4, "little"))), good)
    envelope_attack("content-size-of-2-to-the-63", "Plaintext(Frame(ContentTooLarge))",
                    framed(hand_frame(TEXT, [raw(TEXT)], 0xC0 | single | checksum, (2**63).to_bytes(8, "little"))), good)
    envelope_attack("content-size-lies", "Zstd(Decompress)",
                    framed(hand_frame(TEXT, [raw(TEXT)], four | checksum, window + (len(TEXT) + 1).to_bytes(4, "little"))), good)
    bomb = [block(1, 128 * 1024, b" ", n == 499) for n in range(500)]
    envelope_attack("zip-bomb", "Zstd(Decompress)", framed(hand_frame(TEXT, bomb, four | checksum, window + size4)), good)
    wide = bytes([0x80 | checksum | single]) + (4 * 1024 * 1024 + 1024).to_bytes(4, "little")
    envelope_attack("zip-bomb-that-says-so", "Plaintext(Frame(ContentTooLarge))",
                    framed(b"\x28\xb5\x2f\xfd" + wide + b"".join(bomb[:32] + bomb[-1:]) + bytes(4)), good)
    envelope_attack("reserved-block", "Plaintext(Frame(Reserved))",
                    framed(hand_frame(TEXT, [block(3, 1, b"x", True)], four | checksum, window + size4)), good)
    envelope_attack("reserved-bit", "Plaintext(Frame(Reserved))",
                    framed(hand_frame(TEXT, [raw(TEXT)], four | checksum | 0x08, window + size4)), good)
    envelope_attack("wrong-content-checksum", "Zstd(Decompress)", framed(FRAME[:-1] + bytes([FRAME[-1] ^ 1])))
    envelope_attack("dictionary-unknown", "Plaintext(Frame(UnknownDictionary(99999)))",
                    framed(hand_frame(TEXT, [raw(TEXT)], four | checksum | 3, window + (99_999).to_bytes(4, "little") + size4)), good)


def paddings():
    envelope_attack("padding-missing", "Plaintext(PaddingMissing)", FRAME)
    envelope_attack("padding-of-another-magic", "Plaintext(PaddingMissing)",
                    FRAME + skippable(made_up("x", 16) + bytes(padme(len(FRAME) + 24) - len(FRAME) - 24), 0x184D2A51))
    envelope_attack("padding-cut", "Plaintext(PaddingCut)", GOOD[:-1])
    envelope_attack("padding-too-short", "Plaintext(PaddingTooShort)", FRAME + skippable(bytes(15)))
    envelope_attack("padding-one-less-than-padme", "Plaintext(WrongSize)", FRAME + padding(FRAME, "museum", len(GOOD) - 1))
    envelope_attack("padding-to-the-next-padme", "Plaintext(WrongSize)", FRAME + padding(FRAME, "museum", padme(len(GOOD) + 1)))
    assert GOOD[-1] == 0 and len(GOOD) > len(FRAME) + 24
    envelope_attack("padding-not-zero", "Plaintext(NotZero)", GOOD[:-1] + b"\x01")
    envelope_attack("two-frames", "Plaintext(SecondFrame)", framed(FRAME + zstd(TEXT)))
    envelope_attack("extra-skippable-frame", "Plaintext(ExtraFrame)", GOOD + skippable(b"hidden"))
    envelope_attack("extra-frame-after-the-padding", "Plaintext(ExtraFrame)", GOOD + zstd(b"{}"))
    envelope_attack("padding-before-the-frame", "Plaintext(Frame(NotAFrame))", padding(FRAME, "museum") + FRAME)


def contents():
    def of(text):
        return framed(zstd(text))

    members = '"kind":"note"'
    good = of(with_slot(PLACE, members))
    others = {"agency": made_up("other", 32), "device": made_up("other", 32), "journal": made_up("other", 16),
              "case": made_up("other", 16)}
    for name, value in others.items():
        envelope_attack(f"slot-of-another-{name}", "WrongSlot", of(with_slot(Place("museum", 8, 5, **{name: value}), members)), good)
    envelope_attack("slot-of-another-number", "WrongSlot", of(with_slot(Place("museum", 9, 5), members)), good)
    envelope_attack("slot-of-another-slip", "WrongSlot", of(with_slot(Place("museum", 8, 4), members)), good)
    envelope_attack("slot-missing", "WrongSlot", of(b'{"kind":"note"}'), good)
    text = with_slot(PLACE, members)
    envelope_attack("slot-not-first", "WrongSlot", of(b'{"kind":"note",' + text[1:-len(members) - 2] + b"}"), good)
    envelope_attack("slot-with-a-space", "WrongSlot", of(text.replace(b'{"slot":', b'{"slot": ')), good)
    envelope_attack("slot-longer", "WrongSlot", of(text.replace(b'==",', b'==x",')), good)
    envelope_attack("another-commitment", "WrongCommitment", commitment=sha256(b"another").hex())
    envelope_attack("another-digest", "WrongDigest", digest=sha256(b"another").hex())
    garbage = made_up("garbage", len(GOOD) + 32)
    envelope_attack("garbage-reseal", "Payload(Chunk(0))", sealed=garbage)
    envelope_attack("empty-envelope", "Payload(Truncated)", sealed=b"")
    envelope_attack("nonce-alone", "Payload(Truncated)", sealed=garbage[:16])
    envelope_attack("sealed-under-another-key", "Payload(Chunk(0))", sealed=payload(made_up("other key", 16), garbage[:16], GOOD))


# -- payloads: too large for a small file, so each is cut together from one whose plaintext is byte i = i mod 251

def payload_attack(name, refused, pieces, size=150_000):
    """`pieces` are byte ranges of the good payload, or bytes as hex."""
    nonce = made_up("museum payload nonce", 16)
    good = payload(KEY, nonce, bytes(i % 251 for i in range(size)))
    write(name + ".json", {"attack": name, "kind": "payload", "refused": refused, "file_key": KEY.hex(), "nonce": nonce.hex(),
                           "size": size, "sealed_sha256": sha256(good).hex(), "pieces": pieces, "repaired": {"pieces": [[0, len(good)]]}}, HERE)


def payloads():
    nonce, chunk = made_up("museum payload nonce", 16), 65_536 + 16
    starts = [16, 16 + chunk, 16 + 2 * chunk]
    end = starts[2] + 150_000 - 2 * 65_536 + 16
    payload_attack("stream-cut-between-chunks", "Truncated", [[0, starts[2]]])
    payload_attack("stream-cut-in-the-last-chunk", "Chunk(2)", [[0, end - 1]])
    payload_attack("stream-cut-in-a-chunk", "Chunk(1)", [[0, starts[2] - 1]])
    payload_attack("stream-cut-in-a-tag", "Truncated", [[0, starts[2] + 15]])
    payload_attack("chunks-swapped", "Chunk(0)", [[0, 16], [starts[1], starts[2]], [starts[0], starts[1]], [starts[2], end]])
    payload_attack("chunk-repeated", "Chunk(1)", [[0, starts[1]], [starts[0], end]])
    payload_attack("chunk-left-out", "Chunk(1)", [[0, starts[1]], [starts[2], end]])
    first = bytes(i % 251 for i in range(65_536))
    empty = payload_chunk(KEY, nonce, 1, True, b"").hex()
    # A payload of exactly one chunk: its one chunk is the last; here another follows, or an empty one is made the last.
    last_first = payload_chunk(KEY, nonce, 0, True, first)
    assert payload(KEY, nonce, first) == nonce + last_first
    payload_attack("bytes-after-the-last-chunk", "Trailing", [[0, 16 + chunk], empty], 65_536)
    payload_attack("last-chunk-empty", "EmptyLastChunk", [[0, starts[1]], empty])


# -- slips

READERS = [Identity("museum HQ"), Identity("museum station")]


def good_slip(key=KEY, readers=READERS):
    return header(key, [stanza(r, key, f"museum {n}") for n, r in enumerate(readers)])


def slip_attack(name, refused, slip, repaired=None, audience=2, place=PLACE, key=KEY, reader=READERS[0], opener=READERS[0],
                **other):
    def of(text, audience, place, key, reader):
        return {"slip": text.decode("latin-1"), "audience": audience, "place": place.fields(), "key_id": PLACE.key_id(key).hex(),
                "identity": reader.text}

    write(name + ".json", {"attack": name, "kind": "slip", "refused": refused, **of(slip, audience, place, key, reader), **other,
                           "repaired": {**of(repaired or good_slip(), 2, PLACE, KEY, opener), **{name: 0 for name in other}}}, HERE)


def hybrids():
    """Slips of the other kind: refused for the same reasons, and beside a stanza of the first."""
    readers = [HybridIdentity("museum reader"), HybridIdentity("museum second")]
    mine = [hybrid_stanza(r, KEY, f"hybrid {n}") for n, r in enumerate(readers)]
    good, classic = header(KEY, mine), stanza(READERS[1], KEY, "museum 1")
    gives, body = hybrid_parts(readers[1].public, KEY, "hybrid 1")

    def attack(name, refused, second, **other):
        slip_attack("hybrid-" + name, refused, header(KEY, [mine[0], second]), reader=readers[0], repaired=good, opener=readers[0], **other)

    def told(gives, body, after=b""):
        return b"-> mlkem768x25519 " + b64(gives) + after + b"\n" + b64(body) + b"\n"

    slip_attack("hybrid-stanza", "MixedKinds", header(KEY, [stanza(READERS[0], KEY, "museum 0"), mine[1]]))
    attack("before-x25519", "MixedKinds", classic)
    attack("before-grease", "ForeignStanza", b"-> x-grease v)I .Q\n" + b64(made_up("grease", 20)) + b"\n")
    for name, share in {"low-order": bytes(32), "order-one": b"\x01" + bytes(31), "not-canonical": (2**255 - 19 + 9).to_bytes(32, "little")}.items():
        attack("share-" + name, "WeakShare", told(gives[:1088] + share, body))
    attack("cut", "NotAHeader", told(gives[:-1], body))
    attack("long", "NotAHeader", told(gives + b"\0", body))
    attack("with-another-argument", "NotAHeader", told(gives, body, b" 1"))
    attack("body-of-31-bytes", "NotAHeader", told(gives, body[:31]))
    attack("one-fewer-than-readers", "Audience { found: 2, audience: 3 }", mine[1], audience=3)
    slip_attack("hybrid-stanza-left-out", "WrongMac", good.replace(mine[1], b""), audience=1, reader=readers[0], repaired=good, opener=readers[0])
    slip_attack("hybrid-not-for-this-reader", "NotForUs", good, reader=HybridIdentity("museum stranger"), repaired=good, opener=readers[0])
    slip_attack("hybrid-for-an-older-key", "NotForUs", good, reader=READERS[0], repaired=good, opener=readers[0])


def slips():
    good, mine = good_slip(), [stanza(r, KEY, f"museum {n}") for n, r in enumerate(READERS)]
    for what, value in {"agency": made_up("other", 32), "device": made_up("other", 32), "journal": made_up("other", 16),
                        "case": made_up("other", 16)}.items():
        slip_attack(f"slip-under-another-{what}", "KeyIdMismatch", good, place=Place("museum", 8, 5, **{what: value}))
    slip_attack("slip-at-another-number", "KeyIdMismatch", good, place=Place("museum", 8, 6))
    other = made_up("another case key", 16)
    slip_attack("strangers-slip-for-this-case", "KeyIdMismatch", good_slip(other))
    slip_attack("rewrap-with-another-key", "KeyIdMismatch", good_slip(other, READERS[::-1]))
    many = [stanza(Identity(f"crowd {n}"), KEY, f"crowd {n}") for n in range(65)]
    slip_attack("sixty-five-stanzas", "TooManyStanzas", header(KEY, many), audience=65)
    third = stanza(Identity("museum third"), KEY, "third")
    slip_attack("one-stanza-more-than-readers", "Audience { found: 3, audience: 2 }", header(KEY, mine + [third]))
    slip_attack("one-stanza-fewer-than-readers", "Audience { found: 1, audience: 2 }", header(KEY, mine[:1]))
    slip_attack("no-stanza", "Audience { found: 0, audience: 2 }", header(KEY, []))
    foreign = {
        "scrypt-stanza": b"-> scrypt " + b64(made_up("salt", 16)) + b" 18\n" + b64(made_up("wrapped", 32)) + b"\n",
        "grease-stanza": b"-> x-grease v)I .Q\n" + b64(made_up("grease", 20)) + b"\n",
        "plugin-stanza": b"-> yubikey AAAA\n" + b64(made_up("plugin", 32)) + b"\n",
    }
    hybrids()
    for name, bad in foreign.items():
        slip_attack(name, "ForeignStanza", header(KEY, [mine[0], bad]))
    public, zero = READERS[1].public, bytes(32)
    for name, share in {"share-of-low-order": zero, "share-of-order-one": b"\x01" + bytes(31),
                        "share-not-canonical": (2**255 - 19 + 9).to_bytes(32, "little")}.items():
        slip_attack(name, "WeakShare", header(KEY, [mine[0], x25519_stanza(share, public, zero, KEY)]))
    mac = good.rindex(b"--- ") + 4
    flipped = b"A" if good[mac:mac + 1] != b"A" else b"B"
    slip_attack("mac-changed", "WrongMac", good[:mac] + flipped + good[mac + 1:])
    slip_attack("mac-of-another-key", "WrongMac", header(other, mine))
    slip_attack("stanza-left-out", "WrongMac", good.replace(mine[1], b""), audience=1)
    slip_attack("stanzas-swapped", "WrongMac", good.replace(mine[0] + mine[1], mine[1] + mine[0]))
    slip_attack("garbage-stanza-for-hq", "NotForUs", header(KEY, [x25519_stanza(READERS[0].public, READERS[0].public, zero, KEY), mine[1]]))
    slip_attack("not-for-this-reader", "NotForUs", good, reader=Identity("museum stranger"))
    for name, bad in {
        "bytes-after-the-mac": good + b"x",
        "payload-after-the-slip": good + made_up("payload", 40),
        "line-feed-missing": good[:-1],
        "carriage-returns": good.replace(b"\n", b"\r\n"),
        "another-version": good.replace(b"/v1\n", b"/v2\n"),
        "mac-with-padding": good[:-1] + b"=\n",
        "mac-cut": good[:-2] + b"\n",
        "mac-missing": good[:mac - 1] + b"\n",
        "empty-slip": b"",
        "version-alone": b"age-encryption.org/v1\n",
        "stanza-with-two-arguments": header(KEY, [mine[0], mine[1].replace(b"\n", b" AAAA\n", 1)]),
        "stanza-without-share": header(KEY, [mine[0], b"-> X25519\n" + mine[1].split(b"\n", 1)[1]]),
        "share-too-short": header(KEY, [mine[0], b"-> X25519 AAAA\n" + mine[1].split(b"\n", 1)[1]]),
        "wrapped-key-too-long": header(KEY, [mine[0], x25519_stanza(mine_share(mine[1]), public, zero, KEY + b"x")]),
        "share-base64-not-canonical": header(KEY, [mine[0], not_canonical(mine[1])]),
    }.items():
        slip_attack("slip-" + name, "NotAHeader", bad)
    large = header(KEY, [mine[0], b"-> X25519 " + b"A" * 100 + b"\n" + b64(made_up("large", 32)) + b"\n"])
    assert len(large) < 128 * 1024
    slip_attack("slip-larger-than-128-kib", "TooLarge", good, repeat=128 * 1024)


def mine_share(text):
    import base64
    return base64.b64decode(text.split(b"\n")[0].split(b" ")[2] + b"=")


def not_canonical(text):
    """The last character of 43 carries four bits; its two lowest must be zero."""
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    end = len(b"-> X25519 ") + 42
    return text[:end] + bytes([letters[letters.index(text[end]) | 1]]) + text[end + 1:]


def published(text):
    """Specimens that need a published dictionary are written once there is one."""
    folder = os.path.join(HERE, "..", "..", "dictionaries")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in [n for n in names if n.endswith(".zdict")]:
        with open(os.path.join(folder, name), "rb") as file:
            ours = zstandard.ZstdCompressionDict(file.read())
        good = framed(zstd(text, ours))
        body = bytearray(ours.as_bytes())
        # A dictionary of somebody else's under our id: the same entropy tables, other content.
        content = made_up("another dictionary", 2048).hex().encode()
        evil = zstandard.ZstdCompressionDict(bytes(body[:-4096]) + content)
        assert evil.dict_id() == ours.dict_id()
        evil_text = with_slot(PLACE, '"kind":"note","text":"' + content[1000:1400].decode() + '"')
        envelope_attack("dictionary-of-another-maker", "Zstd(Decompress)", framed(zstd(evil_text, evil)), good)
        envelope_attack("dictionary-not-named", "Zstd(Decompress)", framed(zstd(text, ours, write_dict_id=False)), good)


if __name__ == "__main__":
    for name in os.listdir(HERE):
        if name.endswith(".json"):
            os.remove(os.path.join(HERE, name))
    frames()
    paddings()
    contents()
    payloads()
    slips()
    published(TEXT)
    write_shelf(HERE)
    write_rosters()
    write_spoken()
    write_kept()
    write_journals()
    write_travel()
    write_transfers()
