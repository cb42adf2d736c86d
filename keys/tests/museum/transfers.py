"""transfers.py: a case for another agency and the reply to it, from sync/TRANSFER.md and STATEMENTS.md: whole in sync/tests/vectors/transfer.json,
and broken in every way that the other side could break them, in sync/tests/museum."""
import json
import os

from agency import *  # noqa: F403 - the made-up agency is the vocabulary here
from spec import Place, padding, padme, with_slot, zstd  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SYNC = os.path.join(HERE, "..", "..", "..", "sync", "tests")
FOLDER, VECTORS = os.path.join(SYNC, "museum"), os.path.join(SYNC, "vectors")
YES, NO = Raw(b"\xf5"), Raw(b"\xf4")

# The agency that is asked: two admins, a supervisor and an officer of one circle, which reads with a key of its own.
CIRCLE, CIRCLE_KEY = made_up("museum unit circle", 32), Identity("museum circle 1")
CHIEF, CLERK = SigningKey("museum chief"), SigningKey("museum clerk")
OWN.update({CHIEF: Identity("museum own chief"), CLERK: Identity("museum own clerk")})
THEIR_ROOTS = [SigningKey(f"museum root of the other agency {n}") for n in range(2)]
THEIR_MEMBERS = [made_up(f"museum member of the other agency {n}", 16) for n in range(4)]


def their_roster(version, previous, agency):
    return {
        **roster(version, previous, agency), "name": "Punjab Police",
        "admins": by_id([m, r.public] for m, r in zip(THEIR_MEMBERS, THEIR_ROOTS)),
        "units": by_id([[HQ, 0, "HQ", Identity("museum their HQ").public, 1, []], [CIRCLE, 1, "Circle", CIRCLE_KEY.public, 1, []]]),
        "members": by_id([[THEIR_MEMBERS[0], "E. Gul", [[ADMIN, HQ]]], [THEIR_MEMBERS[1], "F. Raza", [[ADMIN, HQ]]],
                          [THEIR_MEMBERS[2], "G. Bibi", [[SUPERVISOR, CIRCLE]]], [THEIR_MEMBERS[3], "H. Jan", [[OFFICER, CIRCLE]]]]),
        "devices": by_id([device(CHIEF, THEIR_MEMBERS[2]), device(CLERK, THEIR_MEMBERS[3])]),
        "hubs": [], "recovery": Identity("museum their recovery").public,
    }


THEIRS = their_roster(1, NONE, NONE)
THEIR_AGENCY, THEIR_HELD = sha256(spelt(THEIRS)), signed(spelt(THEIRS), THEIR_ROOTS, NONE)
CASE = made_up("museum transferred case", 16)
TEXTS = ['"kind":"note","text":"Met at the shelter."', '"kind":"note","text":"پناہ گاہ میں ملاقات ہوئی۔"', '"kind":"note","text":"Brought home."']


def content(pen, label, members, case=CASE, **other):
    """An entry as it goes along: header, signature, the bytes that the header commits to."""
    place = Place(label, pen.seq, 1, agency=pen.agency, device=pen.device, journal=pen.journal, case=case)
    frame = zstd(with_slot(other.pop("place", place), members))
    plain = frame + padding(frame, label)
    sealed = payload(made_up("museum transferred key", 16), made_up("nonce " + label, 16), plain)
    entry = pen.write("sealed", **{"case": case, "commitment": sha256(plain), "digest": sha256(sealed), "size": len(sealed), **other})
    return [entry["bytes"], entry["signature"], plain]


def told():
    """What two people wrote of the case, each in a journal of their own."""
    tablet, desk = Pen(TABLET, made_up("museum tablet journal", 16)), Pen(DESK, made_up("museum desk journal", 16))
    for pen in (tablet, desk):
        pen.write("slip", case=CASE)
    return [content(tablet, "first", TEXTS[0]), content(desk, "second", TEXTS[1]), content(tablet, "third", TEXTS[2])]


ENTRIES = told()


def offer(entries=None, **other):
    entries = ENTRIES if entries is None else entries
    o = {"v": 1, "from": AGENCY, "device": device_of(LAPTOP), "unit": HQ, "to": THEIR_AGENCY, "roster": sha256(spelt(THEIRS)),
         "to unit": CIRCLE, "nonce": made_up("museum offer", 16), "case": CASE, "reason": "XBORDER", "note": "The kiln is theirs.",
         "time": 1_790_000_500, "left behind": 1, "entries": [[sha256(e[0]), YES if n == 1 else NO] for n, e in enumerate(entries)]}
    return list({**o, **other}.values())


def reply(of=None, **other):
    r = {"v": 1, "from": THEIR_AGENCY, "device": device_of(CHIEF), "offer": sha256(cbor(offer())) if of is None else of, "accepted": YES,
         "note": "", "time": 1_790_000_600}
    return list({**r, **other}.values())


def withdrawal(**other):
    w = {"v": 1, "from": AGENCY, "device": device_of(LAPTOP), "unit": HQ, "offer": sha256(cbor(offer())), "note": "Settled here.", "time": 1_790_000_550}
    return list({**w, **other}.values())


def said(purpose, body, signer, over=AGENCY):
    return statement(purpose, over, body, [signer])


def frame_of(data):
    return len(data).to_bytes(4, "big") + data


def frames(head, entries):
    """Each frame of what lies inside, the empty one last."""
    return [frame_of(head)] + [frame_of(part) for entry in entries for part in entry] + [frame_of(b"")]


def head(statement_, roster_):
    return cbor([1, statement_, roster_])


def padded(data):
    return data + bytes(padme(len(data)) - len(data))


def file_of(inside, reader=CIRCLE_KEY, label="transfer"):
    key = made_up("museum transfer key", 16)
    return header(key, [stanza(reader, key, label)]) + payload(key, made_up("museum transfer nonce", 16), inside)


def words(agency, version, payload_):
    return spoken("roster-words", agency, version.to_bytes(8, "big"), sha256(payload_))


OFFER = said("transfer", cbor(offer()), LAPTOP)
INSIDE = padded(b"".join(frames(head(OFFER, HELD), ENTRIES)))
REPLY = said("transfer-reply", cbor(reply()), CHIEF, THEIR_AGENCY)
REPLY_INSIDE = padded(b"".join(frames(head(REPLY, THEIR_HELD), [])))
BACK = said("transfer-withdrawal", cbor(withdrawal()), LAPTOP)
BACK_INSIDE = padded(b"".join(frames(head(BACK, HELD), [])))
OURS = words(AGENCY, 2, spelt(SECOND))


def attack(name, refused, inside=None, **other):
    """A file that is not taken; `@transfer` is the good one (`agency.json`)."""
    good = {"file": "@transfer", "identity": CIRCLE_KEY.text, "words": OURS}
    bad = {**good, **({} if inside is None else {"file": file_of(inside)}), **other}
    specimen(FOLDER, "transfer-" + name, "transfer", refused, bad, {key: value for key, value in good.items() if bad[key] != value})


def of(entries=None, brings=None, roster_=HELD, signer=LAPTOP, purpose="transfer", over=AGENCY, **other):
    """What lies inside when the offer says these things; `brings` are the entries that lie there."""
    entries = ENTRIES if entries is None else entries
    statement_ = said(purpose, cbor(offer(entries, **other)), signer, over)
    return padded(b"".join(frames(head(statement_, roster_), entries if brings is None else brings)))


def unproven(number, why):
    return f"Unproven({number}, {why})"


def files():
    whole = file_of(INSIDE)
    attack("for-another-reader", "Parcel(NotForUs)", identity=Identity("museum stranger").text)
    attack("for-the-agency-that-wrote-it", "Parcel(NotForUs)", identity=HQ_KEY.text)
    attack("cut-by-a-byte", "Cut", file=whole[:-1])
    attack("cut-in-half", "Cut", file=whole[:len(whole) // 2 + 200])
    attack("cut-behind-its-header", "Parcel(NotAParcel)", file=whole[:whole.index(b"\n--- ") + 40])
    attack("changed-in-its-last-byte", "Cut", file=whole[:-1] + bytes([whole[-1] ^ 1]))
    attack("with-a-byte-more", "Cut", file=whole + b"x")
    attack("in-the-clear", "Parcel(NotAParcel)", file=INSIDE)
    attack("empty", "Parcel(NotAParcel)", file=b"")


def inside_it():
    pieces = frames(head(OFFER, HELD), ENTRIES)
    names = ["its-head"] + [f"{what}-of-entry-{n}" for n in (1, 2, 3) for what in ("the-header", "the-signature", "the-content")]
    for n, name in enumerate(names, 1):
        attack("cut-behind-" + name, "Cut", b"".join(pieces[:n]))
        attack("cut-in-" + name, "Cut", b"".join(pieces[:n])[:-1])
    attack("of-nothing", "Cut", b"")
    attack("without-its-padding", 'Malformed("its padding")', b"".join(pieces))
    attack("with-padding-that-says-something", 'Malformed("its padding")', INSIDE[:-1] + b"\x01")
    attack("with-a-zero-more", 'Malformed("its padding")', INSIDE + b"\0")
    attack("with-padding-to-the-next-size", 'Malformed("its padding")', INSIDE + bytes(padme(len(INSIDE) + 1) - len(INSIDE)))
    attack("with-an-entry-behind-the-end", 'Malformed("its padding")', padded(b"".join(pieces + pieces[1:4])))

    def headed(name, spelt_, refused='Malformed("what it begins with")'):
        attack(name, refused, padded(b"".join([frame_of(spelt_)] + pieces[1:])))

    headed("of-another-version", cbor([2, OFFER, HELD]))
    headed("with-an-element-more", cbor([1, OFFER, HELD, b""]))
    headed("with-bytes-behind-its-head", head(OFFER, HELD) + b"\0")
    headed("with-a-longer-length-in-its-head", cbor([1, OFFER, Raw(long_head(2, len(HELD), 4) + HELD)]))
    attack("with-a-frame-of-4-gib", "TooBig", padded(b"\xff" * 4 + b"".join(pieces)))
    attack("with-a-header-over-16-kib", "TooBig", padded(pieces[0] + frame_of(bytes(16 * 1024 + 1)) + b"".join(pieces[2:])))
    attack("with-a-content-over-5-mib", "TooBig", padded(b"".join(pieces[:3]) + (5 * 2**20 + 1).to_bytes(4, "big") + b"".join(pieces[3:])))
    attack("with-a-signature-of-63-bytes", 'Malformed("a signature")', padded(b"".join(pieces[:2] + [frame_of(ENTRIES[0][1][:-1])] + pieces[3:])))


def entries():
    one, two, three = ENTRIES
    attack("entries-swapped", unproven(1, "Forged(OtherContent)"), of(brings=[two, one, three]))
    attack("entry-left-out", 'Malformed("it does not bring what it offers")', of(brings=[one, three]))
    attack("entry-added", 'Malformed("it does not bring what it offers")', of(entries=[one, two], brings=[one, two, three]))
    attack("entry-in-place-of-another", unproven(2, "Forged(OtherContent)"), of(brings=[one, one, three]))
    bent = one[2][:-1] + bytes([one[2][-1] ^ 1])
    attack("content-changed", unproven(1, "Forged(OtherContent)"), of(brings=[[one[0], one[1], bent], two, three]))
    attack("contents-swapped", unproven(1, "Forged(OtherContent)"), of(brings=[[one[0], one[1], two[2]], [two[0], two[1], one[2]], three]))
    attack("signature-changed", unproven(3, "Forged(Signature)"), of(brings=[one, two, [three[0], three[1][:-1] + bytes([three[1][-1] ^ 1]), three[2]]]))
    attack("signature-of-its-neighbour", unproven(3, "Forged(Signature)"), of(brings=[one, two, [three[0], one[1], three[2]]]))
    attack("header-changed", unproven(1, "Forged(OtherContent)"), of(brings=[[one[0][:-1] + b"\x81\x80", one[1], one[2]], two, three]))
    # The one who offers is dishonest: the offer names what lies there, and no author ever signed it.
    forger = Pen(TABLET, made_up("museum tablet journal", 16))
    forger.signer = LAPTOP
    forger.write("slip", case=CASE)
    forged = content(forger, "forged", '"kind":"note","text":"He did it."')
    attack("entry-of-the-senders-making", unproven(2, "Forged(Signature)"), of(entries=[one, forged, three]))
    stranger = Pen(STRANGER)
    stranger.write("slip", case=CASE)
    attack("entry-of-a-device-that-is-not-listed", unproven(2, "Forged(NoKeyForPlace)"), of(entries=[one, content(stranger, "stranger", TEXTS[1]), three]))
    lost = Pen(LOST).story(3)
    assert lost.link == TRUSTED.link
    late = content(lost, "late", TEXTS[1])
    attack("entry-of-a-lost-device-written-after-it-was-lost", unproven(2, "Forged(NoKeyForPlace)"), of(entries=[one, late, three]))
    other = Pen(TABLET, made_up("museum other journal", 16))
    other.write("slip", case=CASE)
    elsewhere = content(other, "elsewhere", TEXTS[1], made_up("museum another case", 16))
    attack("entry-of-another-case", unproven(2, "Forged(OtherSlot)"), of(entries=[one, elsewhere, three]))
    moved = content(other, "moved", TEXTS[1], place=Place("moved", 99, 1, agency=AGENCY, device=other.device, journal=other.journal, case=CASE))
    attack("entry-sealed-for-another-place", unproven(2, "Forged(OtherSlot)"), of(entries=[one, moved, three]))
    slip = other.write("slip", case=CASE)
    attack("slip-among-its-entries", unproven(2, "Forged(OtherSlot)"), of(entries=[one, [slip["bytes"], slip["signature"], two[2]], three]))
    plain = with_slot(Place("bare", other.seq, 1, agency=AGENCY, device=other.device, journal=other.journal, case=CASE), TEXTS[1])
    bare = other.write("sealed", case=CASE, commitment=sha256(plain))
    attack("content-that-is-no-frame", unproven(2, "Damaged(Frame)"), of(entries=[one, [bare["bytes"], bare["signature"], plain], three]))
    abroad = Pen(TABLET, JOURNAL, THEIR_AGENCY)
    abroad.write("slip", case=CASE)
    attack("entry-of-another-agency", unproven(2, "Forged(NoKeyForPlace)"), of(entries=[one, content(abroad, "abroad", TEXTS[1]), three]))


def trust():
    def trusted(name, why, inside=None, **other):
        attack(name, f"Trust({why})", inside, **other)

    forged = changed(SECOND, put("members", MEMBERS[3], 1, to="Somebody Else"))
    trusted("roster-forged-and-signed-by-its-forger", "Forged(TooFewSignatures { have: 0, need: 2 })",
            of(roster_=signed(spelt(forged), [SigningKey("museum forger 1"), SigningKey("museum forger 2")])))
    mine = changed(SECOND, setting(threshold=1, admins=[[MEMBERS[0], SigningKey("museum forger").public]]))
    trusted("roster-with-the-forgers-own-admins", "Forged(OtherWords)", of(roster_=signed(spelt(mine), [SigningKey("museum forger")])))
    trusted("roster-that-is-older-than-its-words", "Forged(OtherWords)", of(roster_=HELD_FIRST))
    trusted("roster-that-is-newer-than-its-words", "Forged(OtherWords)", of(roster_=signed(spelt(THIRD))))
    trusted("roster-of-the-agency-that-is-asked", "Forged(OtherWords)", of(roster_=THEIR_HELD))
    trusted("roster-that-is-an-offer", "Forged(OtherPurpose)", of(roster_=OFFER))
    trusted("words-of-another-roster", "Forged(OtherWords)", words=words(THEIR_AGENCY, 1, spelt(THEIRS)))
    trusted("signed-by-an-officer", "Forged(NoAuthority)", of(signer=TABLET, device=device_of(TABLET)))
    trusted("signed-by-another-than-it-says", "Forged(NoAuthority)", of(signer=TABLET))
    trusted("signed-by-a-lost-device", "Forged(NoAuthority)", of(signer=LOST, device=device_of(LOST)))
    trusted("signed-by-a-stranger", "Forged(NoAuthority)", of(signer=STRANGER, device=device_of(STRANGER)))
    body = cbor(offer())
    bent = LAPTOP.sign("transfer", AGENCY, body)
    trusted("offer-whose-signature-was-changed", "Forged(Signature)",
            padded(b"".join(frames(head(alone_(16, body, LAPTOP.id, bent[:-1] + bytes([bent[-1] ^ 1])), HELD), ENTRIES))))
    trusted("offer-that-was-changed", "Forged(Signature)",
            padded(b"".join(frames(head(alone_(16, cbor(offer(reason="OTHER")), LAPTOP.id, bent), HELD), ENTRIES))))
    trusted("offer-signed-for-another-agency", "Forged(Signature)", of(over=THEIR_AGENCY))
    trusted("offer-signed-as-a-reply", "Forged(Signature)",
            padded(b"".join(frames(head(alone_(16, body, LAPTOP.id, LAPTOP.sign("transfer-reply", AGENCY, body)), HELD), ENTRIES))))
    trusted("offer-that-is-a-reply", "Forged(OtherPurpose)", padded(b"".join(frames(head(REPLY, HELD), ENTRIES))))
    trusted("offer-in-another-agencys-name", "Forged(OtherAgency)", of(**{"from": THEIR_AGENCY, "to": AGENCY}))

    def spelling(name, rule, **other):
        trusted("offer-" + name, f"Malformed(Offer: {rule})", of(**other))

    spelling("to-its-own-agency", "an offer goes to another agency", to=AGENCY)
    spelling("of-nothing", "an offer brings entries, each once", entries=[])
    spelling("of-one-entry-twice", "an offer brings entries, each once", entries=[ENTRIES[0], ENTRIES[0]])
    spelling("of-version-2", "unknown version", v=2)
    spelling("with-a-note-of-4097-bytes", "text too long", note="x" * 4097)
    spelling("with-a-reason-of-65-bytes", "text too long", reason="x" * 65)


def alone_(number, body, key_id, signature):
    return cbor([1, number, body, [[key_id, signature]]])


def replies():
    def attack(name, refused, inside=None, **other):
        good = {"file": "@reply", "identity": HQ_KEY.text, "roster": sha256(spelt(THEIRS)), "unit": CIRCLE}
        bad = {**good, **({} if inside is None else {"file": file_of(inside, HQ_KEY, "reply")}), **other}
        specimen(FOLDER, "reply-" + name, "reply", refused, bad, {key: value for key, value in good.items() if bad[key] != value})

    def with_(signer=CHIEF, purpose="transfer-reply", over=THEIR_AGENCY, roster_=THEIR_HELD, brings=(), **other):
        return padded(b"".join(frames(head(said(purpose, cbor(reply(**other)), signer, over), roster_), brings)))

    def trusted(name, why, inside=None, **other):
        attack(name, f"Trust({why})", inside, **other)

    trusted("by-an-officer", "Forged(NoAuthority)", with_(CLERK, device=device_of(CLERK)))
    trusted("by-another-than-it-says", "Forged(NoAuthority)", with_(CLERK))
    trusted("by-a-stranger", "Forged(NoAuthority)", with_(STRANGER, device=device_of(STRANGER)))
    trusted("for-a-unit-that-was-not-asked", "Forged(NoAuthority)", unit=STATION)
    trusted("in-the-offering-agencys-name", "Forged(OtherAgency)", with_(LAPTOP, over=AGENCY, device=device_of(LAPTOP), **{"from": AGENCY}))
    trusted("under-another-roster", "Forged(OtherWords)", roster=sha256(b"another"))
    trusted("with-the-roster-of-the-agency-that-offers", "Forged(OtherWords)", with_(roster_=HELD))
    trusted("signed-as-an-offer", "Forged(Signature)", padded(b"".join(frames(head(alone_(17, cbor(reply()), CHIEF.id,
            CHIEF.sign("transfer", THEIR_AGENCY, cbor(reply()))), THEIR_HELD), []))))
    trusted("that-is-an-offer", "Forged(OtherPurpose)", padded(b"".join(frames(head(OFFER, THEIR_HELD), []))))
    bent = CHIEF.sign("transfer-reply", THEIR_AGENCY, cbor(reply(accepted=NO, note="No.")))
    trusted("turned-from-no-to-yes", "Forged(Signature)",
            padded(b"".join(frames(head(alone_(17, cbor(reply(note="No.")), CHIEF.id, bent), THEIR_HELD), []))))
    trusted("that-refuses-and-does-not-say-why", "Malformed(Reply: whoever refuses says why)", with_(accepted=NO, note=" "))
    trusted("with-a-number-for-yes", "Malformed(Reply: unexpected type u8, expected bool)", with_(accepted=1))
    trusted("of-version-2", "Malformed(Reply: unknown version)", with_(v=2))
    attack("that-brings-entries", 'Malformed("a word alone brings no entries")', with_(brings=ENTRIES))
    attack("cut-behind-its-head", "Cut", frame_of(head(REPLY, THEIR_HELD)))
    attack("for-another-reader", "Parcel(NotForUs)", identity=CIRCLE_KEY.text)


def withdrawals():
    def attack(name, why, inside=None, **other):
        good = {"file": "@withdrawal", "identity": CIRCLE_KEY.text, "words": OURS}
        bad = {**good, **({} if inside is None else {"file": file_of(inside)}), **other}
        specimen(FOLDER, "withdrawal-" + name, "withdrawal", why, bad, {key: value for key, value in good.items() if bad[key] != value})

    def with_(signer=LAPTOP, purpose="transfer-withdrawal", over=AGENCY, brings=(), **other):
        return padded(b"".join(frames(head(said(purpose, cbor(withdrawal(**other)), signer, over), HELD), brings)))

    attack("by-an-officer", "Trust(Forged(NoAuthority))", with_(TABLET, device=device_of(TABLET)))
    attack("by-another-than-it-says", "Trust(Forged(NoAuthority))", with_(TABLET))
    attack("by-a-lost-device", "Trust(Forged(NoAuthority))", with_(LOST, device=device_of(LOST)))
    attack("by-the-agency-that-is-asked", "Trust(Forged(OtherAgency))", with_(CHIEF, over=THEIR_AGENCY, device=device_of(CHIEF), **{"from": THEIR_AGENCY}))
    attack("signed-for-another-agency", "Trust(Forged(Signature))", with_(over=THEIR_AGENCY))
    attack("that-is-an-offer", "Trust(Forged(OtherPurpose))", INSIDE)
    attack("that-is-a-reply", "Trust(Forged(OtherPurpose))", padded(b"".join(frames(head(REPLY, HELD), []))))
    attack("of-another-version", "Trust(Malformed(Withdrawal: unknown version))", with_(v=2))
    attack("that-brings-entries", 'Malformed("a word alone brings no entries")', with_(brings=ENTRIES))
    attack("under-another-roster", "Trust(Forged(OtherWords))", words=words(THEIR_AGENCY, 1, spelt(THEIRS)))
    attack("for-another-reader", "Parcel(NotForUs)", identity=HQ_KEY.text)


def whole():
    """What is as it should be, for the vectors."""
    write("transfer.json", hexed_({
        "offer": {"agency": AGENCY, "device": device_of(LAPTOP), "unit": HQ, "to": THEIR_AGENCY, "roster": sha256(spelt(THEIRS)), "to_unit": CIRCLE,
                  "nonce": made_up("museum offer", 16), "case": CASE, "reason": "XBORDER", "note": "The kiln is theirs.", "time": 1_790_000_500,
                  "left_behind": 1, "id": sha256(cbor(offer())), "payload": cbor(offer())},
        "entries": [{"header": e[0], "signature": e[1], "content": e[2], "hash": sha256(e[0]), "names": n == 1, "says": TEXTS[n]}
                    for n, e in enumerate(ENTRIES)],
        "reply": {"agency": THEIR_AGENCY, "device": device_of(CHIEF), "unit": CIRCLE, "payload": cbor(reply()), "time": 1_790_000_600},
        "refusal": {"file": file_of(padded(b"".join(frames(head(said("transfer-reply", cbor(reply(accepted=NO, note="No border was crossed.")),
                    CHIEF, THEIR_AGENCY), THEIR_HELD), []))), HQ_KEY, "refusal"), "note": "No border was crossed."},
        "withdrawal": {"inside": BACK_INSIDE, "file": file_of(BACK_INSIDE), "payload": cbor(withdrawal()), "note": "Settled here.", "time": 1_790_000_550},
        "transfer": {"inside": INSIDE, "file": file_of(INSIDE), "identity": CIRCLE_KEY.text, "words": OURS, "statement": OFFER, "roster": HELD},
        "answer": {"inside": REPLY_INSIDE, "file": file_of(REPLY_INSIDE, HQ_KEY, "reply"), "identity": HQ_KEY.text, "statement": REPLY,
                   "roster": THEIR_HELD, "roster_hash": sha256(spelt(THEIRS)), "words": words(THEIR_AGENCY, 1, spelt(THEIRS))},
    }), VECTORS)


def hexed_(value):
    """Bytes as hexadecimal digits, all through."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [hexed_(item) for item in value]
    return {name: hexed_(item) for name, item in value.items()} if isinstance(value, dict) else value


def write_transfers():
    for section in (files, inside_it, entries, trust, replies, withdrawals, whole):
        section()
    with open(os.path.join(FOLDER, "agency.json"), encoding="utf-8") as file:
        shelf_ = json.load(file)
    write("agency.json", {**shelf_, "transfer": file_of(INSIDE).hex(), "reply": file_of(REPLY_INSIDE, HQ_KEY, "reply").hex(),
                          "withdrawal": file_of(BACK_INSIDE).hex()}, FOLDER)
