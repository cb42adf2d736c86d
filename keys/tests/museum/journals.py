"""journals.py: broken headers, runs of entries, receipts, checkpoints and documents on the shelf, in sync/tests/museum."""
import os

from agency import *  # noqa: F403 - the made-up agency is the vocabulary here

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "..", "..", "sync", "tests", "museum")
LAST = 2**39 - 1  # the highest number in a journal


def pen_at(contents=0):
    return Pen(LAPTOP).story(contents)


def headers():
    def attack(name, refused, bad, good, **other):
        """Two entries (or bodies) of one device: the broken one and what it should have been."""
        specimen(FOLDER, "header-" + name, "header", refused, {"key": LAPTOP.public, **bad, **other},
                 {**good, **{k: "" for k in other}})

    def rule(name, broken, kind, change, elements=None, **repair):
        """A header that breaks one rule and is signed all the same; `repair` sets what differs in the honest one."""
        pen = pen_at(1)
        h = pen.header(kind, **change)
        body = cbor(elements(list(h.values())) if elements else list(h.values()))
        attack(name, f'Malformed("header: {broken}")', pen.sign(body), pen.sign(cbor(list(pen.header(kind, **repair).values()))))

    rule("version-0", "version", "sealed", {"v": 0})
    rule("number-0", "number", "sealed", {"seq": 0, "key": 0})
    rule("number-above-the-last", "number", "sealed", {"seq": LAST + 1}, seq=LAST)
    rule("slip-number-0", "slip number", "sealed", {"key": 0})
    rule("slip-number-above-its-own", "slip number", "sealed", {"key": 4})
    rule("kind-unknown", "kind", "sealed", {"kind": 3})
    rule("envelope-over-1-mib", "envelope size", "sealed", {"size": 2**20 + 1}, size=2**20)
    rule("content-with-a-target", "target", "sealed", {"target": Pen(LAPTOP).target(1, "reseal")})
    rule("stand-in-without-target", "target", "reseal", {"target": []})
    rule("target-of-6-elements", "target", "reseal", {"target": Pen(LAPTOP).target(1, "reseal")[:6]})
    rule("target-with-an-unknown-change", "target", "reseal", {"target": Pen(LAPTOP).target(1, "reseal")[:5] + [3, b""]})
    rule("target-that-replaces-31-bytes", "target", "reseal", {"target": Pen(LAPTOP).target(1, "reseal", bytes(31))},
         target=Pen(LAPTOP).target(1, "reseal", bytes(32)))
    rule("target-at-number-0", "number of the target", "reseal", {"target": Pen(LAPTOP).target(0, "reseal")})
    rule("target-above-the-last-number", "number of the target", "reseal", {"target": Pen(LAPTOP).target(LAST + 1, "reseal")},
         target=Pen(LAPTOP).target(LAST, "reseal"))
    rule("target-at-the-last-number-of-all", "number of the target", "rewrap", {"target": Pen(LAPTOP).target(2**64 - 1, "rewrap")})
    audience, hash_of = "audience of a slip or rewrap only", "roster hash of a slip or rewrap only"
    for kind in ("sealed", "reseal", "erasure"):
        rule(f"{kind}-with-readers", audience, kind, {"audience": READERS})
        rule(f"{kind}-with-a-roster-hash", hash_of, kind, {"roster": [2, made_up("museum roster", 32)]})
    for kind in ("slip", "rewrap"):
        rule(f"{kind}-without-readers", audience, kind, {"audience": []})
        rule(f"{kind}-without-roster-hash", hash_of, kind, {"roster": [2]})
        rule(f"{kind}-under-another-key", "a slip is its own key", kind, {"key": 1})
        rule(f"{kind}-over-128-kib", "slip size", kind, {"size": 2**17 + 1}, size=2**17)
    rule("readers-unsorted", "readers not sorted", "slip", {"audience": READERS[::-1]}, audience=READERS)
    rule("reader-repeated", "readers not sorted", "slip", {"audience": [READERS[0], READERS[0]]})
    crowd = sorted([AGENCY, made_up(f"museum crowd {n}", 32), made_up(f"museum crowd key {n}", 32)] for n in range(65))
    rule("65-readers", "readers", "slip", {"audience": crowd}, audience=crowd[:64])
    rule("reader-of-2-elements", "readers", "slip", {"audience": [READERS[0][:2]]})
    rule("roster-of-3-elements", "roster", "slip", {"roster": [2, made_up("museum roster", 32), 0]})
    rule("roster-of-no-elements", "roster", "sealed", {"roster": []})
    part = [made_up("museum part", 32), 5]
    rule("65-parts", "parts", "sealed", {"parts": [part] * 65}, parts=[part] * 64)
    # 2 GiB of plaintext, the nonce, and a tag for each chunk of 64 KiB.
    most = 2**31 + 16 + 16 * 2**15
    rule("part-over-2-gib", "part size", "sealed", {"parts": [[part[0], most + 1]]}, parts=[[part[0], most]])
    for kind in ("slip", "rewrap", "reseal", "erasure"):
        rule(f"{kind}-with-parts", "parts of content only", kind, {"parts": [part]})
    rule("erasure-with-bytes", "erasure", "erasure", {"size": 1})
    rule("erasure-of-another-digest", "erasure", "erasure", {"digest": sha256(b"x")})
    rule("erasure-under-a-slip", "erasure", "erasure", {"key": 1})
    for kind in ("sealed", "reseal"):
        rule(f"{kind}-under-its-own-number", "content stands after its slip", kind, {"key": 3})
    first = Pen(LAPTOP)
    attack("content-before-any-slip", 'Malformed("header: content stands after its slip")', Pen(LAPTOP).write("sealed"),
           first.write("slip"))
    for at, element, name in ((1, "agency", "agency"), (2, "device", "device"), (3, "journal", "journal"), (5, "prev", "previous link"),
                              (7, "case", "case"), (11, "commitment", "commitment"), (12, "digest", "digest")):
        rule(f"{element}-cut-by-a-byte", name, "sealed", {}, lambda e, at=at: e[:at] + [e[at][:-1]] + e[at + 1:])
    spellings(attack)
    later(attack)
    proofs(attack)


def spellings(attack):
    pen = pen_at(1)
    elements = list(pen.header("sealed").values())
    good = pen.sign(cbor(elements))
    for what, why, body in wrong_spellings(elements, 1, 4):
        name = {"bytes after the end": "bytes after the end", "not the canonical spelling": "not deterministic",
                "wrong number of elements": "elements", "end of input bytes": "target" if body else "elements"}.get(why)
        name = name or ("elements" if "array" in why else "agency" if "bytes (definite" in why else "number")
        if what != "another-version":  # a later version is kept as it is
            attack(what, f'Malformed("header: {name}")', pen.sign(body), good)
    attack("over-16-kib", 'TooBig("header")', good, good, zeros="16384")


def later(attack):
    """A version that is not understood keeps its first six elements, digest and size where they are."""
    pen = pen_at(1)
    h = [2] + list(pen.header("sealed").values())[1:]
    good = pen.sign(cbor(h + ["more", [1, [2, 3]]]))

    def broken(name, why, elements):
        attack("later-" + name, f'Malformed("header: {why}")', pen.sign(elements if isinstance(elements, bytes) else cbor(elements)),
               good)

    broken("of-13-elements", "elements", h[:13])
    broken("of-65-elements", "elements", h + [0] * 49)
    broken("at-number-0", "number", h[:4] + [0] + h[5:])
    broken("above-the-last-number", "number", h[:4] + [LAST + 1] + h[5:])
    broken("digest-moved", "digest", h[:12] + [0] + h[12:])
    broken("size-moved", "envelope size", h[:13] + [b""] + h[14:])
    broken("cut-short", "an element of a later version", cbor(h + ["more"])[:-1])
    broken("bytes-after-the-end", "bytes after the end", cbor(h) + b"\0")


def proofs(attack):
    pen = pen_at(1)
    body = cbor(list(pen.header("sealed").values()))
    good, wrong = pen.sign(body), "Trust(Forged(Signature))"
    attack("signature-of-another-purpose", wrong, pen.sign(body, "receipt"), good)
    attack("signature-over-another-agency", wrong, pen.sign(body, over=OTHER_AGENCY), good)
    attack("signature-of-another-device", wrong, {"bytes": body, "signature": TABLET.sign("entry", AGENCY, body)}, good)
    attack("signature-of-another-header", wrong, {"bytes": body, "signature": pen.sign(body + b"x")["signature"]}, good)
    attack("signature-with-s-above-the-group-order", wrong, {"bytes": body, "signature": above_the_group_order(good["signature"])},
           good)
    attack("in-another-agencys-name", wrong, {**good, "bytes": cbor(list(pen.header("sealed", agency=OTHER_AGENCY).values()))}, good)
    envelope = 'Malformed("envelope is not the one in the header")'
    attack("with-another-envelope", envelope, good, good, envelope=b"SEALED")
    attack("with-a-longer-envelope", envelope, good, good, envelope=b"sealed!")
    attack("with-an-empty-envelope", envelope, good, good, envelope=b"", withheld="no")


def run(pen, entries, first=1, before=None, device=None):
    root = tagged("journal", pen.agency, pen.device, pen.journal)
    return {"agency": pen.agency, "device": device or pen.device, "journal": pen.journal, "first": first,
            "before": root if before is None else before, "entries": entries}


def honest(pen, first=1):
    """What a pen wrote from `first` on."""
    link = tagged("journal", pen.agency, pen.device, pen.journal)
    for entry in pen.written[:first - 1]:
        link = tagged("link", link, sha256(entry["bytes"]))
    return run(pen, pen.written[first - 1:], first, link)


def runs():
    def attack(name, refused, bad, good=None, before=(), held=HELD):
        specimen(FOLDER, "journal-" + name, "journal", refused, {"held": [held], "before": list(before), "offered": bad},
                 {"offered": good or honest(pen_at(3))})

    story = pen_at(3)
    place = 'Malformed("entry is not at its place in the run")'

    def with_third(**other):
        """Slip, content, a broken third entry, and one more that goes on from it."""
        pen = pen_at(1)
        pen.write(other.pop("kind", "sealed"), **other)
        pen.write("sealed", roster=[9])
        return honest(pen)

    attack("wrong-previous-link", place, with_third(prev=made_up("museum other link", 32)))
    attack("previous-link-of-the-one-before-it", place, with_third(prev=honest(story, 2)["before"]))
    attack("number-left-out", place, with_third(seq=4))
    attack("number-twice", place, with_third(seq=2))
    attack("entry-of-another-device", place, with_third(device=device_of(TABLET)))
    attack("entry-of-another-journal", place, with_third(journal=made_up("museum other journal", 16)))
    attack("entry-of-another-agency", place, with_third(agency=OTHER_AGENCY))
    attack("entry-left-out", place, run(story, story.written[:1] + story.written[2:]))
    attack("entries-swapped", place, run(story, [story.written[n] for n in (0, 2, 1, 3)]))
    attack("entry-repeated", place, run(story, story.written[:2] + story.written[1:]))
    attack("hash-of-an-elision-changed", place,
           run(story, [story.written[0], {"elided": made_up("museum elision", 32)}] + story.written[2:]),
           run(story, [story.written[0], {"elided": sha256(story.written[1]["bytes"])}] + story.written[2:]))
    attack("elision-left-out", place, run(story, [story.written[0], story.written[2]]),
           run(story, [story.written[0], {"elided": sha256(story.written[1]["bytes"])}, story.written[2]]))
    attack("begins-beyond-the-head", "Gap", honest(story, 3), before=[run(story, story.written[:1])])
    rooted = Pen(LAPTOP)
    rooted.link = made_up("museum other root", 32)
    attack("of-another-root", "Fork at 0", run(rooted.story(1), rooted.written, before=made_up("museum other root", 32)))
    attack("of-another-journals-root", "Fork at 0", moved_root())
    parted = pen_at(1)
    parted.write("sealed", commitment=made_up("museum second writer", 32))
    parted.write("sealed")
    attack("second-writer", "Fork at 3", honest(parted), before=[run(story, story.written[:3])])
    attack("second-writer-behind-the-fork", "Fork at 3", honest(story, 4), honest(parted, 4),
           before=[run(parted, parted.written[:3])])
    falls = pen_at(1)
    falls.write("sealed", roster=[1])
    attack("roster-version-falls", "RosterFell at 3", honest(falls))
    between = pen_at(1)
    between.write("sealed", roster=[1])
    between.write("sealed")
    attack("roster-version-falls-between", "RosterFell at 3", honest(between))
    attack("slip-under-an-older-roster", "RosterFell at 3", last("slip", roster=[1, made_up("museum roster", 32)]), last("slip"))
    attack("content-under-another-cases-slip", "OtherCase at 3", last("sealed", case=made_up("museum other case", 16)))
    attack("content-under-content", "OtherCase at 3", last("sealed", key=2))
    attack("reseal-under-another-cases-slip", "OtherCase at 3", last("reseal", case=made_up("museum other case", 16)), last("reseal"))
    forged = honest(pen_at(2))
    forged["entries"][1] = {**forged["entries"][1], "signature": TABLET.sign("entry", AGENCY, forged["entries"][1]["bytes"])}
    attack("signature-of-another-device", "BadSignature at 2", forged)
    retold = honest(pen_at(2))
    retold["entries"][2] = {**retold["entries"][2], "signature": LAPTOP.sign("bundle", AGENCY, retold["entries"][2]["bytes"])}
    attack("signature-of-another-purpose", "BadSignature at 3", retold)
    attack("of-another-agency", "UnknownDevice at 1", honest(Pen(LAPTOP, agency=OTHER_AGENCY).story(0)))
    attack("of-an-unknown-device", "UnknownDevice at 1", honest(Pen(STRANGER).story(0)))
    attack("beyond-the-span-of-its-key", "UnknownDevice at 4", honest(pen_at(3)), honest(pen_at(2)), held=span_to_3(SECOND))
    beyond = Pen(LOST).story(4)
    attack("beyond-the-last-trusted-place", "Revoked at 5", honest(beyond), honest(TRUSTED))
    attack("of-a-lost-device-never-listed", "Revoked at 1", honest(Pen(LOST, made_up("museum later journal", 16)).story(0)),
           honest(TRUSTED))
    other = Pen(LOST).story(2)
    other.write("sealed", commitment=made_up("museum other history", 32))
    attack("another-history-of-a-lost-device", "Denied", honest(other), honest(TRUSTED))


def last(kind, **other):
    """Slip and content, then one more entry."""
    pen = pen_at(1)
    pen.write(kind, **other)
    return honest(pen)


def moved_root():
    """A run that was written in one journal, told under the name of another: its entries say so, its first link gives it away."""
    pen = Pen(LAPTOP)
    pen.link = tagged("journal", AGENCY, pen.device, made_up("museum other journal", 16))
    before = pen.link
    pen.story(1)
    return run(pen, pen.written, before=before)


def span_to_3(r):
    """A roster in which the laptop's key ends at number 3."""
    def ends(r):
        row_of(r["devices"], device_of(LAPTOP))[2] = [[LAPTOP.public, EVERY, 1, 3]]
    return signed(spelt(changed(r, ends)))


def receipts():
    pen = pen_at(3)
    head, third = pen.link, honest(pen, 4)["before"]
    good = {"v": 1, "agency": AGENCY, "hub": device_of(HUB), "key": HUB.id, "epoch": 1, "checkpoint": 7,
            "previous": made_up("museum checkpoint 6", 32),
            "roster": 2, "device": pen.device, "journal": JOURNAL, "seq": 4, "link": head, "complete": 4, "time": 1_790_000_123_456}
    expected = {"hub": device_of(HUB), "device": pen.device, "journal": JOURNAL, "head": 4, "link": head,
                "links": {"3": third, "4": head}}

    def attack(name, refused, change=None, signer=HUB, over=AGENCY, purpose="receipt", statement=None, elements=None, held=HELD,
               **other):
        body = elements if elements is not None else cbor(list({**good, **(change or {})}.values()))
        repaired = {k: expected[k] for k in other}
        specimen(FOLDER, "receipt-" + name, "receipt", refused,
                 {"held": [held], **expected, **other, "offered": statement or signed(body, [signer], over, purpose)},
                 {"held": [HELD], **repaired, "offered": signed(cbor(list(good.values())), [HUB], purpose="receipt")})

    wrong, body = "Trust(Forged(Signature))", cbor(list(good.values()))
    attack("by-another-hubs-key", wrong, signer=OTHER_HUB)
    attack("by-a-device", wrong, signer=LAPTOP)
    attack("by-nobody", wrong, statement=cbor([1, 4, body, []]))
    attack("signed-over-another-agency", wrong, over=OTHER_AGENCY)
    attack("signature-of-a-checkpoint", wrong, statement=alone("receipt", body, HUB.id, HUB.sign("checkpoint", AGENCY, body)))
    attack("statement-of-another-purpose", "Trust(Forged(OtherPurpose))", purpose="checkpoint")
    attack("of-a-hub-that-is-not-listed", 'Trust(Misuse(Unknown { what: "hub" }))',
           {"hub": device_of(OTHER_HUB), "key": OTHER_HUB.id}, OTHER_HUB,
           hub=device_of(OTHER_HUB))
    attack("in-another-hubs-name", "Peer(\"a receipt in another hub's name\")", {"hub": device_of(OTHER_HUB)})
    attack("in-another-keys-name", "Peer(\"a receipt in another key's name\")", {"key": OTHER_HUB.id})
    attack("for-another-agency", 'Peer("a receipt for another agency")', {"agency": OTHER_AGENCY})
    none = "Trust(Forged(NoKeyForPlace))"
    within = signed(spelt(changed(SECOND, setting(hubs=[hub(HUB, 5, 9)]))))
    attack("before-the-first-checkpoint-of-its-key", none, {"checkpoint": 4}, held=within)
    attack("after-the-last-checkpoint-of-its-key", none, {"checkpoint": 10}, held=within)
    journal = 'Peer("receipt: journal")'
    attack("of-another-device", journal, {"device": device_of(TABLET)})
    attack("of-another-journal", journal, {"journal": made_up("museum other journal", 16)})
    attack("above-what-was-written", 'Peer("receipt: beyond what was written")', {"seq": 5, "complete": 5})
    attack("of-the-last-number-of-all", 'Peer("receipt: beyond what was written")', {"seq": 2**64 - 1})
    attack("complete-above-its-number", 'Peer("receipt: complete beyond its own number")', {"seq": 3, "link": third, "complete": 4})
    history = 'Peer("receipt: another history")'
    attack("link-that-differs", history, {"link": made_up("museum other link", 32)})
    attack("link-that-differs-below-the-head", history, {"seq": 3, "complete": 3, "link": made_up("museum other link", 32)})
    attack("link-of-the-place-before", history, {"link": third})
    for what, refused, payload in broken_spelling(list(good.values()), 1, 4, "Receipt"):
        attack(what, f"Trust({refused})", elements=payload)


def checkpoints():
    lines = sorted([[device_of(d), made_up(f"museum journal of {n}", 16), 40 + n, made_up(f"museum link of {n}", 32)]
                    for n, d in enumerate((LAPTOP, TABLET, DESK))])
    seen = {"v": 1, "agency": AGENCY, "hub": device_of(HUB), "epoch": 2, "number": 7, "previous": made_up("museum checkpoint 6", 32),
            "heads": sha256(b"older heads"), "time": 1_790_000_123_456}
    good = {**seen, "number": 8, "previous": sha256(cbor(list(seen.values()))), "heads": sha256(cbor(lines)), "time": 1_790_000_223_456}

    def spell(of):
        return cbor(list(of.values()))

    word = signed(spell(good), [HUB], purpose="checkpoint")

    def attack(name, refused, change=None, signer=HUB, over=AGENCY, purpose="checkpoint", statement=None, elements=None, asked=HUB,
               heads=None, held=HELD):
        listed = cbor(lines) if heads is None else heads
        heads_hash = {"heads": sha256(listed)} if heads is not None else {}
        body = elements if elements is not None else spell({**good, **heads_hash, **(change or {})})
        specimen(FOLDER, "checkpoint-" + name, "checkpoint", refused,
                 {"held": [held], "hub": device_of(asked), "seen": signed(spell(seen), [HUB], purpose="checkpoint"), "heads": listed,
                  "offered": statement or signed(body, [signer], over, purpose)},
                 {"hub": device_of(HUB), "heads": cbor(lines), "offered": word, "held": [HELD]})

    wrong = "Trust(Forged(Signature))"
    attack("by-another-hubs-key", wrong, signer=OTHER_HUB)
    attack("by-a-device", wrong, signer=LAPTOP)
    attack("signed-over-another-agency", wrong, over=OTHER_AGENCY)
    attack("signature-of-a-receipt", wrong,
           statement=alone("checkpoint", spell(good), HUB.id, HUB.sign("receipt", AGENCY, spell(good))))
    attack("statement-of-another-purpose", "Trust(Forged(OtherPurpose))", purpose="receipt")
    attack("of-a-hub-that-is-not-listed", 'Trust(Misuse(Unknown { what: "hub" }))', {"hub": device_of(OTHER_HUB)}, OTHER_HUB,
           asked=OTHER_HUB)
    attack("in-another-hubs-name", "Peer(\"a checkpoint in another hub's name\")", {"hub": device_of(OTHER_HUB)})
    attack("for-another-agency", 'Peer("a checkpoint for another agency")', {"agency": OTHER_AGENCY})
    attack("after-the-last-checkpoint-of-its-key", "Trust(Forged(NoKeyForPlace))",
           held=signed(spelt(changed(SECOND, setting(hubs=[hub(HUB, 1, 7)])))))
    attack("number-falls", "Backward", {"number": 6})
    attack("number-falls-to-0", "Backward", {"number": 0})
    attack("epoch-falls", "Backward", {"epoch": 1, "number": 900})
    attack("epoch-raised-without-statement", "NewEpoch", {"epoch": 3, "number": 1, "previous": NONE})
    attack("previous-hash-wrong", "Fork", {"previous": made_up("museum other checkpoint 7", 32)})
    attack("previous-hash-of-the-one-before-it", "Fork", {"previous": seen["previous"]})
    attack("two-of-one-number", "Fork", {"number": 7, "previous": seen["previous"]})
    attack("two-of-one-number-at-another-time", "Fork", {**seen, "time": seen["time"] + 1})
    attack("heads-that-differ", 'Peer("the list of heads is not the checkpoint\'s")', {"heads": sha256(cbor(lines[:2]))})
    shape = 'Malformed("list of heads")'
    attack("heads-unsorted", shape, heads=cbor(lines[::-1]))
    attack("head-repeated", shape, heads=cbor([lines[0]] + lines))
    attack("heads-with-bytes-after-the-end", shape, heads=cbor(lines) + b"\0")
    attack("heads-of-unknown-length", shape, heads=b"\x9f" + cbor(lines)[1:] + b"\xff")
    attack("heads-cut-short", shape, heads=cbor(lines)[:-1])
    attack("head-with-a-longer-number", shape,
           heads=cbor([[lines[0][0], lines[0][1], Raw(long_head(0, lines[0][2], 8)), lines[0][3]]] + lines[1:]))
    attack("head-of-3-elements", shape, heads=cbor([line[:3] for line in lines]))
    attack("more-heads-than-allowed", shape, heads=long_head(4, 200_001))
    for what, refused, payload in broken_spelling(list(good.values()), 1, 4, "Checkpoint"):
        attack(what, f"Trust({refused})", elements=payload)


def documents():
    def attack(name, refused, offered, good, shelf=()):
        specimen(FOLDER, name, "document", refused, {"held": [HELD], "shelf": list(shelf), "offered": offered}, {"offered": good})

    def word(serial, time=1_790_100_000):
        return signed(cbor([1, AGENCY, 2, sha256(spelt(SECOND)), serial, time]), [LAPTOP], purpose="freshness")

    attack("freshness-serial-falls", "Older { held: 7 }", word(6, 1_790_200_000), word(8), [word(7)])
    attack("freshness-serial-twice", "Conflict", word(7, 1_790_200_000), word(8), [word(7)])

    def keys(epoch, recipient, wraps):
        rows = by_id([made_up(f"museum wrap device {n}", 32), b"age"] for n in range(wraps))
        return signed(cbor([1, AGENCY, HQ, epoch, recipient.public, rows]), [LAPTOP], purpose="unit-keys")

    attack("unit-keys-with-fewer-wraps", "Older { held: 2 }", keys(2, HQ_KEY, 1), keys(2, HQ_KEY, 3), [keys(2, HQ_KEY, 2)])
    codebooks(attack)
    lost = signed(spelt(changed(SECOND, setting(name="Another name"))))
    attack("roster-that-was-not-adopted", "Trust(Forged(OtherLineage))", lost, HELD)
    erasures(attack)
    epochs(attack)
    for purpose in ("entry", "receipt", "checkpoint", "bundle", "request-binding"):
        attack(f"document-that-is-a-statement-on-{purpose}", "Trust(Forged(OtherPurpose))",
               signed(cbor([1, AGENCY]), purpose=purpose), word(8))
    # A request for a hub's next key is a document; any other is not.
    attack("document-that-is-a-statement-on-join-request", "Trust(Malformed(JoinRequest: wrong number of elements))",
           signed(cbor([1, AGENCY]), purpose="join-request"), word(8))


def epochs(attack):
    def word(agency=AGENCY, hub=device_of(HUB), old=1, number=41, hash_=made_up("museum checkpoint", 32), new=2, signers=ROOTS[:1]):
        return signed(cbor([1, agency, hub, old, number, hash_, new, "disk lost"]), signers, purpose="epoch")

    nobody = "Trust(Forged(TooFewSignatures { have: 0, need: 1 }))"
    attack("epoch-by-a-device", nobody, word(signers=[LAPTOP]), word())
    attack("epoch-by-nobody", nobody, word(signers=[]), word())
    attack("epoch-of-another-agency", "Trust(Forged(OtherAgency))", word(agency=made_up("museum other agency", 32)), word())
    attack("epoch-of-a-hub-not-listed", "Trust(Forged(NoAuthority))", word(hub=made_up("museum other hub", 32)), word())
    attack("epoch-that-does-not-rise", "Trust(Malformed(HubEpoch: an epoch follows an earlier one))", word(new=1), word())
    attack("epoch-older-than-the-one-held", "Older { held: 3 }", word(new=2), word(new=4), [word(new=3)])


def erasures(attack):
    def doomed(n, seq=3):
        return [device_of(LAPTOP), made_up(f"museum journal {n}", 16), seq, made_up(f"museum doomed {n} {seq}", 32)]

    rows = sorted([doomed(n) for n in range(3)])

    def order(agency=AGENCY, reason=made_up("museum reason", 32), rows=rows):
        return [1, agency, made_up("museum case", 16), reason, rows]

    def by(elements, signers=ROOTS[:2], over=AGENCY, purpose="erasure"):
        return signed(elements if isinstance(elements, bytes) else cbor(elements), signers, over, purpose)

    good, too_few = by(order()), "Trust(Forged(TooFewSignatures {{ have: {}, need: 2 }}))".format
    attack("erasure-of-one-admin", too_few(1), by(order(), ROOTS[:1]), good)
    attack("erasure-of-an-admin-twice", "Trust(Malformed(Statement: signatures unsorted or repeated))",
           cbor([1, 11, cbor(order()), [[ROOTS[0].id, ROOTS[0].sign("erasure", AGENCY, cbor(order()))]] * 2]), good)
    attack("erasure-of-an-admin-and-a-device", too_few(1), by(order(), [ROOTS[0], LAPTOP]), good)
    attack("erasure-of-nobody", too_few(0), by(order(), []), good)
    attack("erasure-signed-over-another-agency", too_few(0), by(order(), over=OTHER_AGENCY), good)
    attack("erasure-for-another-agency", "Trust(Forged(OtherAgency))", by(order(OTHER_AGENCY)), good)
    text = by_id([r.id, r.sign("erasure", AGENCY, cbor(order()))] for r in ROOTS[:2])
    attack("erasure-signatures-of-another-order", too_few(0), cbor([1, 11, cbor(order(rows=rows[:2])), text]), good)
    codebook = by_id([r.id, r.sign("codebook", AGENCY, cbor(order()))] for r in ROOTS[:2])
    attack("erasure-signatures-of-a-codebook", too_few(0), cbor([1, 11, cbor(order()), codebook]), good)
    shape = "Trust(Malformed(Erasure: {}))".format
    attack("erasure-of-nothing", shape("an order names at least one entry, by its number"), by(order(rows=[])), good)
    attack("erasure-of-number-0", shape("an order names at least one entry, by its number"), by(order(rows=[doomed(0, 0)])), good)
    attack("erasure-unsorted", shape("entries of an order unsorted or repeated"), by(order(rows=rows[::-1])), good)
    attack("erasure-of-one-place-twice", shape("entries of an order unsorted or repeated"),
           by(order(rows=[rows[0], rows[0][:3] + [made_up("museum other header", 32)]])), good)
    attack("erasure-of-its-own-reason", shape("an order that erases its own reason"), by(order(reason=rows[1][3])), good)
    for what, refused, payload in broken_spelling(order(), 1, 0, "Erasure"):
        attack("erasure-" + what, "Trust({})".format(refused.replace("expected u64", "expected u8")), by(payload), good)


def codebooks(attack):
    files = [["forms/interview@1.toml", "id = \"interview\"\n"], ["lists/sectors.toml", "name = \"sectors\"\n"]]

    def book(version=4, name="agency", text="", agency=AGENCY):
        return [1, agency, name, version, [[n, t + text] for n, t in files]]

    def by(elements, signers=ROOTS[:2], over=AGENCY, purpose="codebook"):
        return signed(elements if isinstance(elements, bytes) else cbor(elements), signers, over, purpose)

    good, too_few = by(book()), "Trust(Forged(TooFewSignatures {{ have: {}, need: 2 }}))".format
    attack("codebook-of-one-admin", too_few(1), by(book(), ROOTS[:1]), good)
    attack("codebook-of-an-admin-and-a-device", too_few(1), by(book(), [ROOTS[0], LAPTOP]), good)
    attack("codebook-of-nobody", too_few(0), by(book(), []), good)
    attack("codebook-signed-over-another-agency", too_few(0), by(book(), over=OTHER_AGENCY), good)
    rosters = by_id([r.id, r.sign("roster", AGENCY, cbor(book()))] for r in ROOTS[:2])
    attack("codebook-signatures-of-a-roster", too_few(0), cbor([1, 6, cbor(book()), rosters]), good)
    attack("codebook-signatures-of-another-text", too_few(0),
           cbor([1, 6, cbor(book(text="x")), by_id([r.id, r.sign("codebook", AGENCY, cbor(book()))] for r in ROOTS[:2])]), good)
    attack("codebook-for-another-agency", "Trust(Forged(OtherAgency))", by(book(agency=OTHER_AGENCY)), good)
    attack("codebook-version-falls", "Older { held: 4 }", by(book(3)), by(book(5)), [good])
    attack("codebook-two-of-one-version", "Conflict", by(book(text="x")), by(book(5)), [good])
    attack("codebook-name-of-257-bytes", "Trust(Malformed(Codebook: text too long))", by(book(name="n" * 257)),
           by(book(name="n" * 256)))
    attack("codebook-longer-name-head", "Trust(Malformed(Codebook: not the canonical spelling))",
           by(book()[:2] + [Raw(long_head(3, 6, 1) + b"agency")] + book()[3:]), good)
    attack("codebook-files-cut", "Trust(Malformed(Codebook: end of input bytes))", by(cbor(book())[:-1]), good)
    for what, refused, payload in broken_spelling(book(), 1, 3, "Codebook"):
        attack("codebook-" + what, f"Trust({refused})", by(payload), good)


def write_journals():
    os.makedirs(FOLDER, exist_ok=True)
    for name in os.listdir(FOLDER):
        if name.endswith(".json"):
            os.remove(os.path.join(FOLDER, name))
    write_shelf(FOLDER)
    for section in (headers, runs, receipts, checkpoints, documents):
        section()
