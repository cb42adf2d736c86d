"""travel.py: broken bodies of the wire, messages and signed requests (sync/WIRE.md), and rows of a field journal (STATEMENTS.md), in
sync/tests/museum."""
import os
import sys

from agency import *  # noqa: F403 - the ways in which a spelling can be broken

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "..", "..", "sync", "tests", "museum")
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "sync", "tests", "vectors"))
import rows as row_vectors  # noqa: E402
import wire  # noqa: E402
from wire import FALSE, NULL, base, content_digest, frame, frames_of, parameters, push_body, values_of  # noqa: E402

LAST = 2**39 - 1
UNREADABLE = 'Malformed("item")'


def short_story():
    """Slip, content, another case's slip with the same readers, content under the first."""
    own, x, y = wire.Journal(wire.LAPTOP, "museum"), made_up("museum wire x", 16), made_up("museum wire y", 16)
    first = own.slip(x, wire.READERS[:2])
    own.sealed(x, first)
    own.slip(y, wire.READERS[:2])
    own.sealed(x, first)
    return wire.Run(own, 1, own.entries)


STORY = short_story()
GOOD = push_body([STORY])


def body_attack(name, refused, body, repaired=GOOD, verb="push"):
    specimen(FOLDER, "body-" + name, "body", refused, {"verb": verb, "body": body, "key": wire.LAPTOP.public}, {"body": repaired})


def manifest(runs=None, agency=wire.AGENCY, version=1):
    return cbor([version, agency, [STORY.head(agency)] if runs is None else runs])


def items():
    """The contents of the item frames of the good body, as arrays of elements."""
    memory = wire.Memory()
    return [memory.item(entry) for entry in STORY.items]


def of(contents, head=None, first=None):
    return (frame(manifest(None if head is None else [head])) if first is None else first) + b"".join(map(frame, contents))


def frames():
    rest = GOOD[len(frame(manifest())):]
    word = 'Malformed("frame")'
    said = manifest()
    body_attack("empty", 'Malformed("no manifest")', b"")
    body_attack("manifest-cut", 'Malformed("no manifest")', GOOD[:50])
    body_attack("head-of-a-frame-cut", 'Malformed("no manifest")', GOOD[:1])
    body_attack("longer-head-of-a-frame", word, long_head(2, len(said), 2) + said + rest)
    body_attack("head-of-a-frame-in-eight-bytes", word, long_head(2, len(said), 8) + said + rest)
    body_attack("frame-of-unknown-length", word, b"\x5f" + cbor(said) + b"\xff" + rest)
    body_attack("frame-that-is-a-text", word, long_head(3, len(said), 1) + said + rest)
    body_attack("manifest-without-a-frame", word, said + rest)
    body_attack("manifest-over-32-mib", 'TooBig("frame")', long_head(2, (32 << 20) + 1) + said + rest)
    body_attack("item-over-its-limit", 'TooBig("frame")', frame(said) + long_head(2, (1 << 20) + (17 << 10) + 1))
    body_attack("manifest-of-version-2", "Version { found: 2, known: 1 }", frame(manifest(version=2)) + rest)
    body_attack("manifest-of-version-0", "Version { found: 0, known: 1 }", frame(manifest(version=0)) + rest)
    body_attack("manifest-that-begins-with-no-version", 'Malformed("message")', frame(cbor([wire.AGENCY, 1, []])) + rest)
    word = 'Malformed("manifest of a push")'
    head = STORY.head(wire.AGENCY)
    for name, bad in {
        "manifest-with-an-element-more": cbor([1, wire.AGENCY, [head], 0]),
        "manifest-of-an-agency-cut-by-a-byte": manifest(agency=wire.AGENCY[:31], runs=[head]),
        "manifest-with-bytes-after-the-end": said + b"\0",
        "manifest-with-a-longer-number": said.replace(b"\x83\x01", b"\x83\x18\x01", 1),
        "run-of-5-elements": manifest([head[:5]]),
        "run-at-number-0": manifest([head[:3] + [0] + head[4:]]),
        "run-above-the-last-number": manifest([head[:3] + [LAST] + head[4:]]),
        "run-at-the-last-number-of-all": manifest([head[:3] + [2**64 - 1] + head[4:]]),
        "run-of-100-001-items": manifest([head[:5] + [100_001]]),
        "runs-of-100-001-items-together": manifest([head[:5] + [100_000], head[:5] + [1]]),
        "run-of-an-agency-cut-by-a-byte": manifest([[wire.PEER[:31]] + head[1:]]),
        "runs-of-unknown-length": cbor([1, wire.AGENCY, Raw(b"\x9f" + cbor(head) + b"\xff")]),
        "more-runs-than-there-are": cbor([1, wire.AGENCY, claimed(4, 16_384)]),
        "more-runs-than-allowed": cbor([1, wire.AGENCY, claimed(4, 16_385)]),
    }.items():
        body_attack(name, word, frame(bad) + rest)
    sizes = [len(frame(content)) for content in items()]
    body_attack("cut-between-items", "Cut after 2 items", GOOD[:len(frame(said)) + sum(sizes[:2])])
    body_attack("cut-in-an-item", "Cut after 3 items", GOOD[:-1])
    body_attack("cut-behind-its-manifest", "Cut after 0 items", frame(said))
    body_attack("with-half-a-frame-more", "Cut after 4 items", GOOD + b"\x58")
    body_attack("with-an-item-more", 'Malformed("more items than the manifest says")', GOOD + frame(items()[3]))
    body_attack("with-zeros-behind-it", 'Malformed("frame")', GOOD + bytes(4))


def elements(content):
    """An item's elements, each as it is spelt."""
    out, at = [], 1
    for _ in range(content[0] & 31):
        end = skip(content, at)
        out.append(Raw(content[at:end]))
        at = end
    return out


def skip(data, at):
    kind, short = data[at] >> 5, data[at] & 31
    wide = {24: 1, 25: 2, 26: 4, 27: 8}.get(short, 0)
    number = int.from_bytes(data[at + 1:at + 1 + wide], "big") if wide else short
    at += 1 + wide
    if kind in (2, 3):
        return at + number
    for _ in range(number if kind == 4 else 0):
        at = skip(data, at)
    return at


def shapes():
    good = items()

    def instead(n, bad):
        return of(good[:n] + [bad] + good[n + 1:])

    def attack(name, refused, n, bad):
        body_attack(name, refused, instead(n, bad))

    second = elements(good[1])  # shape, back, commitment, signature, envelope
    slip = elements(good[2])  # shape, back, case, audience, commitment, signature, envelope
    assert (len(second), len(slip), good[1][1], good[2][1]) == (5, 7, 2, 6)
    attack("item-of-no-elements", UNREADABLE, 1, b"\x80")
    attack("item-that-is-no-array", UNREADABLE, 1, b"\x01")
    attack("item-of-an-unknown-shape", UNREADABLE, 1, cbor([50] + second[1:]))
    attack("item-with-a-byte-more", UNREADABLE, 1, good[1] + b"\0")
    attack("item-with-an-element-more", UNREADABLE, 1, cbor(second + [0]))
    attack("item-with-an-element-fewer", UNREADABLE, 1, cbor(second[:4]))
    attack("item-with-a-longer-number", UNREADABLE, 1, cbor([Raw(b"\x18\x02")] + second[1:]))
    attack("item-of-unknown-length", UNREADABLE, 1, b"\x9f" + good[1][1:] + b"\xff")
    attack("item-with-null-for-its-envelope", UNREADABLE, 1, cbor(second[:4] + [Raw(NULL)]))
    attack("item-with-an-envelope-over-1-mib", UNREADABLE, 1, cbor(second[:4] + [claimed(2, (1 << 20) + 1)]))
    attack("item-with-a-signature-of-63-bytes", UNREADABLE, 1, cbor(second[:3] + [made_up("museum 63", 63)] + second[4:]))
    attack("attachments-said-and-none-there", UNREADABLE, 1, cbor([2 + 3 * 8] + second[1:3] + [[]] + second[3:]))
    known = 'Malformed("{} is not known here")'.format
    attack("case-left-out-and-not-known", known("case"), 1, cbor(second[:1] + [0] + second[2:]))
    attack("case-left-out-of-a-slip", known("case"), 2, cbor([3] + slip[1:2] + slip[3:]))
    attack("audience-that-was-never-spelt-out", known("audience"), 2, cbor(slip[:3] + [1] + slip[4:]))
    first = elements(good[0])  # shape, back, case, roster, audience, commitment, signature, envelope
    assert len(first) == 8
    attack("roster-left-out-of-the-first-item", known("roster"), 0, cbor([3 + 3 * 1] + first[1:3] + first[4:]))
    attack("slip-number-below-the-beginning", 'Malformed("slip number")', 1, cbor(second[:1] + [3] + second[2:]))
    again = 'Malformed("entry is not shortened as it should be")'
    x = made_up("museum wire x", 16)
    attack("case-said-again", again, 1, cbor([2 + 3 * 1] + second[1:2] + [x] + second[2:]))
    attack("roster-said-again", again, 1, cbor([2 + 3 * 2] + second[1:2] + [[4]] + second[2:]))
    attack("audience-spelt-out-again", again, 2, cbor(slip[:3] + [wire.READERS[:2]] + slip[4:]))
    whole = STORY.items[1]
    attack("whole-where-it-could-be-shortened", again, 1, cbor([1, whole.bytes, whole.signature, whole.envelope]))
    third = STORY.items[3]
    attack("whole-at-another-place", 'Malformed("entry is not at its place in the run")', 1,
           cbor([1, third.bytes, third.signature, third.envelope]))
    attack("whole-with-another-envelope", 'Malformed("envelope is not the one in the header")', 1,
           cbor([1, whole.bytes, whole.signature, b"another"]))
    hashes = [entry.hash for entry in STORY.items]
    attack("elisions-of-none", UNREADABLE, 1, cbor([0, b""]))
    attack("elision-cut-by-a-byte", UNREADABLE, 1, cbor([0, hashes[1][:31]]))
    attack("elisions-with-a-byte-more", UNREADABLE, 1, cbor([0, hashes[1] + b"\0"]))
    attack("elisions-of-1025", UNREADABLE, 1, cbor([0, made_up("museum elisions", 1025 * 32)]))
    attack("elisions-more-than-announced", 'Malformed("more items than the manifest says")', 1, cbor([0, b"".join(hashes[1:] + hashes[:1])]))


def rebuilt():
    """What is well spelt and rebuilds to another header than the one that was signed."""
    forged, good, head = "Trust(Forged(Signature))", items(), STORY.head(wire.AGENCY)

    def under(name, **changed):
        names = ["agency", "device", "journal", "first", "before", "count"]
        body_attack(name, forged, of(good, [changed.get(n, v) for n, v in zip(names, head)]))

    under("in-another-devices-name", device=device_of(wire.TABLET))
    under("in-another-journals-name", journal=made_up("museum other wire journal", 16))
    under("in-another-agencys-name", agency=wire.PEER)
    under("begun-at-another-link", before=made_up("museum other link", 32))
    under("begun-a-number-later", first=2)
    second = elements(good[1])
    other = made_up("museum wire y", 16)
    for name, bad in {
        "content-under-another-case": cbor([2 + 3 * 1] + second[1:2] + [other] + second[2:]),
        "content-with-another-envelope": cbor(second[:4] + [b"another envelope"]),
        "content-without-its-envelope-and-of-another-size": cbor([2 + 3 * 4] + second[1:4] + [sha256(STORY.items[1].envelope), 61]),
        "content-with-the-signature-of-its-slip": cbor(second[:3] + [STORY.items[0].signature] + second[4:]),
    }.items():
        body_attack(name, forged, of(good[:1] + [bad] + good[2:]))
    last = elements(good[3])
    body_attack("content-under-another-roster", forged, of(good[:3] + [cbor([2 + 3 * 2] + last[1:2] + [[5]] + last[2:])]))
    body_attack("content-under-an-older-slip", 'Malformed("case is not known here")', of(good[:3] + [cbor(last[:1] + [2] + last[2:])]))
    body_attack("entries-swapped", 'Malformed("slip number")', of([good[0], good[3], good[2], good[1]]))
    body_attack("entry-twice", 'Malformed("case is not known here")', of(good[:2] + [good[1], good[3]]))


def pulls():
    word, run = 'Malformed("manifest of a pull")', STORY.head(wire.AGENCY)
    good = wire.pull_body([STORY], False, [b"word"], b"heads")

    def told(*elements):
        return frame(cbor([1, wire.AGENCY, *elements])) + frames_of([STORY])

    def attack(name, bad):
        body_attack("pull-" + name, word, bad, good, "pull")

    attack("with-1-for-more", told(1, [run], [], b""))
    attack("with-null-for-more", told(Raw(NULL), [run], [], b""))
    attack("without-heads", told(Raw(FALSE), [run], []))
    attack("with-statements-that-are-texts", told(Raw(FALSE), [run], ["word"], b""))
    attack("with-a-statement-over-4-mib", told(Raw(FALSE), [run], [claimed(2, (4 << 20) + 1)], b""))
    attack("with-the-manifest-of-a-push", GOOD)


def messages():
    device, journal, link = device_of(wire.LAPTOP), wire.made_up("wire journal laptop", 16), made_up("museum link", 32)
    a, b = sorted([device_of(wire.LAPTOP), device_of(wire.TABLET)])
    part = [device, journal, 3, made_up("museum part", 32)]
    kinds = {
        "push-reply": ([1, [[0, 4, link]], [[0, 3, 1]], [b"word"]], "answer to a push"),
        "pull-request": ([1, wire.AGENCY, [[a, journal, 5], [b, journal, 5]], [[a, journal, 1, 2]], 100, 1 << 20], "request to pull"),
        "documents-request": ([1, wire.AGENCY, [[2, bytes(32), 3]], [b"word"]], "request for documents"),
        "documents-reply": ([1, [b"word"], Raw(FALSE)], "answer with documents"),
        "rosters-request": ([1, wire.AGENCY, 7, link], "question for rosters"),
        "parts-request": ([1, wire.AGENCY, 0, [part]], "request about attachments"),
        "parts-reply": ([1, [[1, 5], [2, 0]], b"piece", [b"word"]], "answer about attachments"),
        "team-request": ([1, wire.AGENCY], "question for the team"),
        "team-reply": ([1, 5, 6, [[a, 0], [b, 3, 7, 2, 0, 9]]], "answer with the team"),
    }

    def attack(kind, name, bad, refused=None, **other):
        good, word = kinds[kind]
        specimen(FOLDER, f"message-{kind}-{name}", "message", refused or f'Malformed("{word}")',
                 {"message": kind, "bytes": bad if isinstance(bad, bytes) else cbor(bad), **other},
                 {"bytes": cbor(good), **{name: "" for name in other}})

    for kind, (good, _) in kinds.items():
        attack(kind, "of-version-2", [2] + good[1:], "Version { found: 2, known: 1 }")
        attack(kind, "with-an-element-more", good + [0])
        attack(kind, "with-bytes-after-the-end", cbor(good) + b"\0")
        attack(kind, "cut-by-a-byte", cbor(good)[:-1])
        attack(kind, "with-a-longer-number", cbor([Raw(b"\x18\x01")] + good[1:]))

    def instead(kind, name, at, value, refused=None):
        good = kinds[kind][0]
        attack(kind, name, good[:at] + [value] + good[at + 1:], refused)

    instead("push-reply", "with-an-unknown-answer", 1, [[5, 4, link]])
    instead("push-reply", "with-an-answer-of-2-elements", 1, [[0, 4]])
    instead("push-reply", "with-a-link-of-31-bytes", 1, [[0, 4, link[:31]]])
    instead("push-reply", "with-4097-refused", 2, claimed(4, 4_097))
    instead("pull-request", "with-heads-unsorted", 2, [[b, journal, 5], [a, journal, 5]])
    instead("pull-request", "with-a-head-twice", 2, [[a, journal, 5], [a, journal, 6]])
    instead("pull-request", "with-1025-stretches", 3, claimed(4, 1_025))
    instead("pull-request", "with-200-001-heads", 2, claimed(4, 200_001))
    instead("pull-request", "of-an-agency-cut-by-a-byte", 1, wire.AGENCY[:31])
    instead("documents-request", "with-65-537-documents", 2, claimed(4, 65_537))
    instead("documents-request", "with-a-subject-of-31-bytes", 2, [[2, bytes(31), 3]])
    instead("documents-reply", "with-0-for-more", 2, 0)
    instead("rosters-request", "with-a-version-below-zero", 2, Raw(b"\x26"))
    attack("rosters-request", "of-129-bytes", kinds["rosters-request"][0], 'TooBig("question for rosters")', zeros="58")
    instead("parts-request", "of-an-unknown-call", 2, 3)
    instead("parts-request", "about-number-0", 3, [part[:2] + [0] + part[3:]])
    instead("parts-request", "above-the-last-number", 3, [part[:2] + [LAST + 1] + part[3:]])
    instead("parts-request", "about-257", 3, [part] * 257)
    attack("parts-request", "with-a-piece-over-1-mib", [1, wire.AGENCY, 1, part, 0, claimed(2, (1 << 20) + 1)])
    instead("parts-reply", "with-an-unknown-state", 1, [[6, 0]])
    instead("parts-reply", "that-holds-from-a-byte-on", 1, [[2, 1]])
    instead("parts-reply", "that-wants-what-no-attachment-has", 1, [[1, 2**31 + 16 + 16 * 2**15 + 1]])
    instead("team-reply", "with-a-line-of-3-elements", 3, [[a, 0, 1]])
    instead("team-reply", "with-lines-unsorted", 3, [[b, 0], [a, 0]])
    instead("team-reply", "with-a-device-twice", 3, [[a, 0], [a, 1]])


def requests():
    device, nonce, body = device_of(wire.LAPTOP), made_up("museum nonce", 16), cbor([1, wire.AGENCY, [], [], 1000, 2**20])
    values = values_of("/v1/pull", query="?roster=5&waiting=12&aside=0&clock=1795000000000", body=body)
    said = parameters(device, nonce)

    def signature(text, signer=wire.LAPTOP):
        return f"amanat=:{wire.base64_of(signer.key.sign(text.encode()))}:"

    honest = signature(base(values, said))
    good = {"values": values, "signature_input": "amanat=" + said, "signature": honest, "body": body, "key": wire.LAPTOP.public}

    def attack(name, refused, **changed):
        specimen(FOLDER, "request-" + name, "request", refused, {**good, **changed}, {n: good[n] for n in changed})

    for name in wire.COVERED:
        word = name.strip("@")
        covered = [n for n in wire.COVERED if n != name]
        shorter = parameters(device, nonce, covered)
        attack(f"that-does-not-cover-its-{word}", f'NotCovered("{name}")', signature_input="amanat=" + shorter,
               signature=signature(base(values, shorter, covered)))
    elsewhere = {"@method": "PUT", "@authority": "127.0.0.1:7071", "@path": "/v1/push", "@query": "?", "content-digest": content_digest(b""),
                 "amanat-agency": wire.PEER.hex(), "amanat-hub": wire.TABLET.id.hex(), "amanat-checkpoint": made_up("c", 32).hex()}
    for name, value in elsewhere.items():
        attack(f"whose-{name.strip('@')}-was-changed-on-its-way", "Signature", values={**values, name: value})
    attack("relayed-to-another-hub", "Signature", values={**values, "amanat-hub": wire.TABLET.id.hex(), "@authority": "hub.example.pk"})
    attack("whose-body-was-changed-on-its-way", "OtherBody", body=body + b"\0")
    attack("whose-body-was-left-out", "OtherBody", body=b"")

    def profile(name, refused, text, **other):
        """Signed as it says, so that only the profile stands against it."""
        attack(name, refused, signature_input=text, signature=signature(base(values, text.removeprefix("amanat="))), **other)

    order = 'Malformed("components or parameters are not in the agreed order")'
    missing, listed = 'Malformed("a parameter is missing")', wire.COVERED
    attack("under-a-nonce-that-it-did-not-sign", "Signature", signature_input="amanat=" + parameters(device, made_up("museum other nonce", 16)))
    attack("in-another-devices-name", "Signature", signature_input="amanat=" + parameters(device_of(wire.TABLET), nonce))
    attack("signed-by-another-device", "Signature", signature=signature(base(values, said), wire.TABLET))
    attack("with-a-newline-at-the-end-of-what-is-signed", "Signature", signature=signature(base(values, said) + "\n"))
    attack("signed-over-its-parameters-alone", "Signature", signature=signature(f'"@signature-params": {said}'))
    attack("signed-as-an-entry", "Signature",
           signature=f"amanat=:{wire.base64_of(wire.LAPTOP.sign('entry', wire.AGENCY, base(values, said).encode()))}:")
    raw = wire.LAPTOP.key.sign(base(values, said).encode())
    attack("with-s-above-the-group-order", "Signature", signature=f"amanat=:{wire.base64_of(above_the_group_order(raw))}:")
    profile("without-its-algorithm", order, "amanat=" + said.replace(';alg="ed25519"', ""))
    profile("of-another-algorithm", order, "amanat=" + parameters(device, nonce, alg='"hmac-sha256"'))
    profile("without-its-tag", order, "amanat=" + said.replace(';tag="amanat-v1"', ""))
    profile("of-another-tag", order, "amanat=" + parameters(device, nonce, tag='"amanat-v2"'))
    profile("that-says-when-it-was-made", order, "amanat=" + parameters(device, nonce, more=";created=1790000000"))
    profile("that-says-when-it-expires", order, "amanat=" + parameters(device, nonce, more=";expires=1790000000"))
    profile("without-a-nonce", missing, "amanat=" + said.replace(f';nonce="{wire.base64_of(nonce)}"', ""))
    profile("without-a-device", missing, "amanat=" + said.replace(f';keyid="{device.hex()}"', ""))
    profile("with-two-nonces", order, "amanat=" + parameters(device, nonce, more=f';nonce="{wire.base64_of(bytes(16))}"'))
    profile("with-a-nonce-of-15-bytes", 'Malformed("nonce is not 16 bytes")', "amanat=" + parameters(device, nonce[:15]))
    profile("with-a-nonce-of-17-bytes", 'Malformed("nonce is not 16 bytes")', "amanat=" + parameters(device, nonce + b"x"))
    unpadded = wire.base64_of(nonce).rstrip("=")
    profile("with-a-nonce-without-padding", 'Malformed("nonce is not 16 bytes")', "amanat=" + said.replace(wire.base64_of(nonce), unpadded))
    profile("with-a-device-of-31-bytes", 'Malformed("keyid is no device id")', "amanat=" + parameters(device[:31], nonce))
    profile("with-a-device-in-capitals", order, "amanat=" + said.replace(device.hex(), device.hex().upper()))
    reordered = parameters(device, nonce, listed[1:] + listed[:1])
    attack("with-components-in-another-order", order, signature_input="amanat=" + reordered,
           signature=signature(base(values, reordered, listed[1:] + listed[:1])))
    twice = parameters(device, nonce, listed + ["@path"])
    attack("with-a-component-twice", order, signature_input="amanat=" + twice, signature=signature(base(values, twice, listed + ["@path"])))
    more = parameters(device, nonce, listed + ["date"])
    attack("that-covers-more", order, signature_input="amanat=" + more,
           signature=signature(base({**values, "date": "Tue, 20 Apr 2021 02:07:55 GMT"}, more, listed + ["date"])))
    profile("with-a-space-more", order, "amanat=" + said.replace('" "', '"  "', 1))
    profile("with-its-parameters-in-another-order", order, "amanat=" + said.replace(';alg="ed25519"', "") + ';alg="ed25519"')
    profile("with-a-parameter-on-a-component", order, "amanat=" + said.replace('"@path"', '"@path";req "@path"'))
    label = 'Malformed("no signature input labelled amanat")'
    attack("under-another-label", label, signature_input="sig1=" + said)
    attack("of-two-signatures", order, signature_input=f"amanat={said}, other={said}")
    attack("without-signature-input", label, signature_input="")
    attack("with-a-list-that-does-not-end", 'Malformed("the list of components has no end")', signature_input="amanat=" + said.replace(")", ""))
    unsigned = 'Malformed("no signature labelled amanat")'
    attack("with-its-signature-under-another-label", unsigned, signature=honest.replace("amanat=", "sig1="))
    attack("without-colons-round-its-signature", unsigned, signature=honest.replace(":", ""))
    attack("with-a-signature-that-is-not-base64", unsigned, signature=honest.replace(honest[20], "*"))
    attack("without-signature", unsigned, signature="")
    attack("with-a-signature-of-63-bytes", 'Malformed("signature is not 64 bytes")',
           signature=f"amanat=:{wire.base64_of(raw[:63])}:")
    replayed(good, values, device, nonce, signature)


def replayed(good, values, device, nonce, signature):
    """Requests that nothing is wrong with but their nonce, which is good once and for one device."""
    later, theirs = made_up("museum later nonce", 16), made_up("museum nonce of another device", 16)
    again = {name: good[name] for name in ("signature_input", "signature")}
    fresh = parameters(device, later)
    honest = {"signature_input": "amanat=" + fresh, "signature": signature(base(values, fresh))}

    def attack(name, given, before, offered, repair):
        specimen(FOLDER, "request-" + name, "request", "Spent", {**good, "given": given, "before": before, **offered}, repair)

    attack("played-again", [nonce, later], [again], again, honest)
    attack("played-again-behind-a-later-one", [nonce, later], [again, honest], again, {"before": [honest]})
    attack("under-a-nonce-that-nobody-gave", [nonce], [again], honest, {"given": [nonce, later]})
    stolen = parameters(device, theirs)
    attack("under-the-nonce-of-another-device", [nonce], [],
           {"signature_input": "amanat=" + stolen, "signature": signature(base(values, stolen))}, again)


def journal_rows():
    own, r = row_vectors.journal(), row_vectors
    rows = [entry.shown() for entry in own.entries]
    second = own.entries[1]
    good = r.row(own, 2, r.packed(second))

    def attack(name, refused, body, mark=b"", at=2, repaired=None):
        specimen(FOLDER, "row-" + name, "row", refused,
                 {"vault_key": r.VAULT_KEY, "agency": wire.AGENCY, "device": own.device, "journal": own.journal, "rows": rows, "at": at,
                  "body": body, "mark": mark}, {"body": repaired or good, "mark": b""})

    closed, none = 'StorageDamaged("a row does not open")', 'StorageDamaged("a row is no entry")'
    attack("of-the-entry-before-it", closed, r.row(own, 1, r.packed(own.entries[0])))
    attack("of-the-entry-behind-it", closed, r.row(own, 3, r.packed(own.entries[2])))
    attack("of-another-devices-journal", closed, r.row(own, 2, r.packed(second), device=device_of(wire.TABLET)))
    attack("of-another-journal", closed, r.row(own, 2, r.packed(second), journal=made_up("museum other rows", 16)))
    attack("of-another-vault", closed, r.row(own, 2, r.packed(second), vault_key=made_up("museum other rows key", 32)))
    for table in ("quarantine", "document", "case-key", "draft"):
        attack(f"from-the-table-{table}", closed, r.row(own, 2, r.packed(second), table))
    attack("cut-by-a-byte", closed, good[:-1])
    attack("with-a-byte-more", closed, good + b"\0")
    attack("changed-in-a-byte", closed, good[:60] + bytes([good[60] ^ 1]) + good[61:])
    attack("empty", closed, b"")
    attack("in-the-clear", closed, r.packed(second))
    for name, plain in {
        "around-nothing": b"",
        "that-is-neither-whole-nor-bare": b"\x02" + r.packed(second)[1:],
        "bare-with-an-envelope": b"\0" + r.packed(second)[1:],
        "cut-in-its-signature": r.packed(second)[:40],
        "cut-in-its-header": r.packed(second)[:100],
        "with-a-header-longer-than-it": r.packed(second)[:65] + b"\xff\xff\xff\xff" + r.packed(second)[69:],
        "with-a-header-cut-by-a-byte": b"\0" + second.signature + (len(second.bytes) - 1).to_bytes(4, "big") + second.bytes[:-1],
        "around-a-statement": b"\0" + second.signature + len(HELD).to_bytes(4, "big") + HELD,
    }.items():
        attack("sealed-" + name, none, r.row(own, 2, plain))
    attack("under-the-mark-of-another-vault", "WrongVault", good,
           r.sealed_row(made_up("museum other rows key", 32), "museum mark", b"amanat journal", "vault"))
    attack("under-another-mark", "WrongVault", good, r.sealed_row(r.VAULT_KEY, "museum mark 2", b"amanat ledger", "vault"))


def write_travel():
    """After `write_journals`, which empties the folder."""
    for section in (frames, shapes, rebuilt, pulls, messages, requests, journal_rows):
        section()
