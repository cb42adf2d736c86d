"""spoken.py: broken statements that are no rosters: the envelope of every statement, unit keys, join requests, freshness, words on a rotation."""
import os

from agency import *  # noqa: F403 - the made-up agency is the vocabulary here

HERE = os.path.dirname(os.path.abspath(__file__))
FRESH = cbor([1, AGENCY, 2, sha256(spelt(SECOND)), 7, 1_790_100_000])


def statements():
    """Around a word on freshness that one known key signed."""
    signature = LAPTOP.sign("freshness", AGENCY, FRESH)
    good = [1, 8, FRESH, [[LAPTOP.id, signature]]]

    def attack(name, refused, spelling, key=LAPTOP.public, repaired=None, **other):
        specimen(HERE, "statement-" + name, "statement", refused,
                 {"agency": AGENCY, "key": key, "purpose": "freshness",
                  "offered": spelling if isinstance(spelling, bytes) else cbor(spelling), **other},
                 {"agency": AGENCY, "key": LAPTOP.public, "purpose": "freshness",
                  "offered": cbor(good if repaired is None else repaired),
                  **{name: 0 for name in other}})

    for number in (0, 19, 255):
        attack(f"unknown-purpose-{number}", "Malformed(Statement: unknown purpose)", [1, number] + good[2:])
    attack("purpose-of-256", "Malformed(Statement: 256 overflows target type, when converting u16 to u8)", [1, 256] + good[2:])
    attack("of-another-purpose", "Forged(OtherPurpose)", [1, 5] + good[2:])
    attack("signature-of-another-purpose", "Forged(Signature)", good[:3] + [[[LAPTOP.id, LAPTOP.sign("checkpoint", AGENCY, FRESH)]]])
    attack("signature-over-another-agency", "Forged(Signature)",
           good[:3] + [[[LAPTOP.id, LAPTOP.sign("freshness", OTHER_AGENCY, FRESH)]]])
    attack("signature-over-no-agency", "Forged(Signature)", good[:3] + [[[LAPTOP.id, LAPTOP.sign("freshness", NONE, FRESH)]]])
    attack("signature-without-its-prefix", "Forged(Signature)", good[:3] + [[[LAPTOP.id, LAPTOP.key.sign(FRESH)]]])
    attack("signature-of-another-text", "Forged(Signature)", good[:3] + [[[LAPTOP.id, LAPTOP.sign("freshness", AGENCY, FRESH + b"x")]]])
    attack("signature-of-another-key", "Forged(Signature)", good[:3] + [[[LAPTOP.id, TABLET.sign("freshness", AGENCY, FRESH)]]])
    attack("under-another-key-id", "Forged(Signature)", good[:3] + [[[TABLET.id, signature]]])
    attack("without-signatures", "Forged(Signature)", good[:3] + [[]])
    attack("s-above-the-group-order", "Forged(Signature)", good[:3] + [[[LAPTOP.id, above_the_group_order(signature)]]])
    attack("signature-cut-to-63-bytes", "Malformed(Statement: byte string of the wrong length)",
           good[:3] + [[[LAPTOP.id, signature[:63]]]])
    attack("key-id-of-31-bytes", "Malformed(Statement: byte string of the wrong length)", good[:3] + [[[LAPTOP.id[:31], signature]]])
    # The neutral element as key, R the same, s = 0: holds for every text where the key is not checked.
    for name, key in (("small-order-key", WEAK_POINT), ("key-not-canonical", not_canonical_point()),
                      ("key-off-the-curve", NOT_A_POINT)):
        attack(name, "Forged(WeakKey)", good[:3] + [[[tagged("signing-key", key), WEAK_POINT + bytes(32)]]], key)
    order = "Malformed(Statement: signatures unsorted or repeated)"
    two = by_id([[s.id, s.sign("freshness", AGENCY, FRESH)] for s in (LAPTOP, TABLET)])
    attack("signatures-unsorted", order, good[:3] + [two[::-1]], repaired=good[:3] + [two])
    attack("repeated-key-id", order, good[:3] + [[two[0], two[0], two[1]]], repaired=good[:3] + [two])
    attack("two-signatures-of-one-key", order, good[:3] + [[[LAPTOP.id, bytes(64)], [LAPTOP.id, signature]]])
    crowd = by_id([[LAPTOP.id, signature]] + [[made_up(f"museum crowd {n}", 32), made_up(f"museum noise {n}", 64)] for n in range(64)])
    fewer = [row for row in crowd if row[0] != crowd[-1][0] or row[0] == LAPTOP.id][:64]
    assert len(crowd) == 65 and [LAPTOP.id, signature] in fewer
    attack("65-signatures", "Malformed(Statement: list too long or of unknown length)", good[:3] + [crowd], repaired=good[:3] + [fewer])
    attack("signatures-of-unknown-length", "Malformed(Statement: list too long or of unknown length)",
           good[:3] + [Raw(b"\x9f" + cbor(good[3])[1:] + b"\xff")])
    attack("more-signatures-than-there-are", "Malformed(Statement: end of input bytes)",
           good[:3] + [Raw(b"\x98\x40" + cbor(good[3])[1:])])
    attack("payload-longer-than-there-is", "Malformed(Statement: end of input bytes)", b"\x84\x01\x08" + long_head(2, 16 << 20) + FRESH)
    # Too large to keep: `zeros` stand where the payload is cut.
    most = 16 << 20
    empty = b"\x84\x01\x08" + long_head(2, most + 1)
    attack("payload-over-16-mib", "Malformed(Statement: byte string too long)", empty, zeros=most + 1, tail=cbor([]))
    attack("payload-malformed", "Malformed(Freshness: wrong number of elements)",
           signed(cbor([1, AGENCY]), [LAPTOP], purpose="freshness"))
    for what, refused, spelling in broken_spelling(good, 2, 1, "Statement"):
        # A purpose is one byte.
        attack(what, refused.replace("expected u64", "expected u8"), spelling)


def unit_keys():
    def wrapped(to, text, key="museum wrap"):
        file_key = made_up(key, 16)
        return header(file_key, [stanza(to, file_key, key)]) + payload(file_key, made_up(key + " nonce", 16), text)

    text = HQ_KEY.text.encode()
    wraps = by_id([[device_of(LAPTOP), wrapped(OWN[LAPTOP], text, "museum wrap 1")],
                   [device_of(DESK), wrapped(OWN[DESK], text, "museum wrap 2")]])
    good = [1, AGENCY, HQ, 2, HQ_KEY.public, wraps]

    def attack(name, refused, elements, signers=(LAPTOP,), over=AGENCY, purpose="unit-keys", held=HELD, statement=None, repaired=good):
        body = elements if isinstance(elements, bytes) else cbor(elements)
        opener = {"device": device_of(DESK), "seed": DESK.secret, "identity": OWN[DESK].text}
        specimen(HERE, "unit-keys-" + name, "unit keys", refused,
                 {"held": [held], "offered": statement or signed(body, signers, over, purpose), **opener},
                 {"held": [HELD], "offered": signed(cbor(repaired), [LAPTOP], purpose="unit-keys")})

    def replaced(at, value):
        return good[:at] + [value] + good[at + 1:]

    none = "Forged(NoAuthority)"
    attack("signed-by-a-stranger", none, good, (STRANGER,))
    attack("signed-by-nobody", none, good, ())
    attack("signed-by-an-admins-root-key", none, good, (ROOTS[0],))
    attack("signed-by-an-officer", none, good, (TABLET,))
    attack("signed-by-a-lost-device", none, good, (LOST,))
    station = replaced(2, STATION)[:3] + [1, STATION_KEY.public, wraps]
    attack("of-another-unit-by-its-reader", none, station)
    attack("of-an-unknown-unit", none, replaced(2, made_up("museum no unit", 32)))
    attack("signature-of-another-key", "Forged(Signature)", good,
           statement=alone("unit-keys", cbor(good), LAPTOP.id, TABLET.sign("unit-keys", AGENCY, cbor(good))))
    attack("signature-of-another-purpose", "Forged(Signature)", good,
           statement=alone("unit-keys", cbor(good), LAPTOP.id, LAPTOP.sign("freshness", AGENCY, cbor(good))))
    attack("statement-of-another-purpose", "Forged(OtherPurpose)", good, purpose="freshness")
    attack("signed-over-another-agency", "Forged(Signature)", good, over=OTHER_AGENCY)
    attack("of-another-agency", "Forged(OtherAgency)", replaced(1, OTHER_AGENCY))
    other = "Forged(OtherKey)"
    attack("recipient-of-the-signers-own", other, replaced(4, Identity("museum planted").public))
    attack("recipient-of-another-unit", other, replaced(4, STATION_KEY.public))
    attack("current-recipient-in-another-epoch", other, replaced(3, 3))
    old = by_id([[device_of(DESK), wrapped(OWN[DESK], HQ_OLD.text.encode())]])
    retired = [1, AGENCY, HQ, 1, HQ_OLD.public, old]
    attack("retired-recipient-above-the-current-epoch", other, retired[:3] + [3] + retired[4:], repaired=retired)
    attack("retired-recipient-in-the-current-epoch", other, retired[:3] + [2] + retired[4:], repaired=retired)
    attack("retired-recipient-in-epoch-0", other, retired[:3] + [0] + retired[4:], repaired=retired)

    def to_desk(file):
        return replaced(5, by_id([[device_of(DESK), file]]))

    attack("without-a-wrap-for-this-device", "NotForUs(NoKey)", replaced(5, [row for row in wraps if row[0] != device_of(DESK)]))
    attack("without-wraps", "NotForUs(NoKey)", replaced(5, []))
    attack("wrap-for-another-device", "NotForUs(NoKey)", to_desk(wrapped(OWN[LAPTOP], text)))
    attack("wrap-cut", "NotForUs(NoKey)", to_desk(wrapped(OWN[DESK], text)[:-1]))
    attack("wrap-that-is-no-age-file", "NotForUs(NoKey)", to_desk(b"AGE-SECRET-KEY-1"))
    attack("wrap-empty", "NotForUs(NoKey)", to_desk(b""))
    attack("wrap-of-another-identity", other, to_desk(wrapped(OWN[DESK], Identity("museum planted").text.encode())))
    attack("wrap-of-text-that-is-no-identity", "Malformed(age identity: )", to_desk(wrapped(OWN[DESK], b"read me")))
    attack("wrap-with-a-newline", "Malformed(age identity: )", to_desk(wrapped(OWN[DESK], text + b"\n")))
    attack("wrap-not-utf-8", "Malformed(wrapped unit identity: )", to_desk(wrapped(OWN[DESK], b"\xc3\x28")))
    shape = "Malformed(UnitKeys: {})".format
    attack("wraps-unsorted", shape("wraps unsorted or repeated"), replaced(5, wraps[::-1]))
    attack("two-wraps-for-one-device", shape("wraps unsorted or repeated"), replaced(5, [wraps[0]] + wraps))
    attack("wrap-of-4097-bytes", shape("byte string too long"), to_desk(wrapped(OWN[DESK], text).ljust(4097, b"x")))
    attack("without-recipient", shape("no recipient"), replaced(4, b""))
    attack("small-order-recipient", shape("recipient"), replaced(4, bytes(32)))
    attack("more-wraps-than-allowed", shape("list too long or of unknown length"), replaced(5, claimed(4, 4097)))
    attack("unit-of-16-bytes", shape("byte string of the wrong length"), replaced(2, HQ[:16]))
    for what, refused, spelling in broken_spelling(good, 1, 3, "UnitKeys"):
        attack(what, refused, spelling)


def join_requests():
    new, recipient = SigningKey("museum new laptop"), Identity("museum new laptop").public
    swapper, theirs = SigningKey("museum swapper"), Identity("museum swapper").public
    random = made_up("museum join", 32)
    good = [1, AGENCY, 0, "Laptop 7", new.public, 0, recipient, Identity("museum offered unit").public, "", random]
    hub_wants = [1, AGENCY, 1, "Hub 2", new.public, 0, recipient, b"", "https://127.0.0.1:8443", random]

    def attack(name, refused, elements, signer=new, over=AGENCY, purpose="join-request", read_aloud=None, statement=None,
               repaired=good, agency=AGENCY):
        body = elements if isinstance(elements, bytes) else cbor(elements)
        words = spoken("join-words", body) if read_aloud is None else read_aloud
        specimen(HERE, "join-request-" + name, "join request", refused,
                 {"agency": agency, "words": words, "offered": statement or signed(body, [signer], over, purpose)},
                 {"agency": AGENCY, "words": spoken("join-words", cbor(repaired)),
                  "offered": signed(cbor(repaired), [new], purpose="join-request")})

    def replaced(at, value, of=good):
        return of[:at] + [value] + of[at + 1:]

    mine = spoken("join-words", cbor(good))
    swapped = [1, AGENCY, 0, "Laptop 7", swapper.public, 0, theirs, b"", "", random]
    words = "Forged(OtherWords)"
    attack("swapped", words, swapped, swapper, read_aloud=mine)
    attack("with-another-random", words, replaced(9, made_up("museum other join", 32)), read_aloud=mine)
    attack("with-another-name", words, replaced(3, "Laptop 8"), read_aloud=mine)
    attack("with-another-unit-offered", words, replaced(7, theirs), read_aloud=mine)
    attack("words-of-a-roster", words, good, read_aloud=spoken("roster-words", AGENCY, bytes(8), sha256(cbor(good))))
    signature = "Forged(Signature)"
    attack("recipient-swapped-under-the-signature", signature, replaced(6, theirs),
           statement=alone("join-request", cbor(replaced(6, theirs)), new.id, new.sign("join-request", AGENCY, cbor(good))))
    attack("key-of-another-device", signature, replaced(4, new.public), swapper)
    attack("signed-by-nobody", signature, good, statement=cbor([1, 7, cbor(good), []]))
    attack("signed-over-another-agency", signature, good, over=OTHER_AGENCY)
    attack("signature-of-another-purpose", signature, good,
           statement=alone("join-request", cbor(good), new.id, new.sign("roster", AGENCY, cbor(good))))
    attack("statement-of-another-purpose", "Forged(OtherPurpose)", good, purpose="freshness")
    elsewhere = replaced(1, OTHER_AGENCY)
    attack("to-another-agency", "Forged(OtherAgency)", elsewhere, over=OTHER_AGENCY)
    shape = "Malformed(JoinRequest: {})".format
    attack("small-order-key", shape("a key is not a canonical point, or a weak one"), replaced(4, WEAK_POINT),
           statement=alone("join-request", cbor(replaced(4, WEAK_POINT)), tagged("signing-key", WEAK_POINT), WEAK_POINT + bytes(32)))
    attack("small-order-recipient", shape("recipient"), replaced(6, bytes(32)))
    attack("without-recipient", shape("no recipient"), replaced(6, b""))
    attack("recipient-of-another-kind-than-it-says", shape("recipient of another kind than it says"), replaced(5, 1))
    attack("recipient-kind-unknown", shape("unknown recipient kind"), replaced(5, 2))
    attack("of-an-unknown-kind", shape("neither device, hub, root key nor next keys"), replaced(2, 5))
    ends = sorted(made_up(f"museum journal that ended {n}", 16) + (7 + n).to_bytes(8, "big") + made_up(f"museum end {n}", 32) for n in range(3))
    begins = made_up("museum journal that begins", 16)
    mine_now = device_of(LAPTOP) + begins
    next_wants = [1, AGENCY, 3, "Laptop 7", new.public, 0, recipient, mine_now + b"".join(ends), "", random]

    def next_keys(name, why, offered):
        attack("next-keys-" + name, shape(why), replaced(7, offered, next_wants), repaired=next_wants)

    wrong = "ends of journals unsorted, repeated, empty or of the journal that begins"
    next_keys("of-no-device", "next keys of no device", b"")
    next_keys("without-a-journal", "next keys of no device", mine_now[:-1])
    next_keys("with-half-an-end", "half an end of a journal", mine_now + ends[0][:-1])
    next_keys("with-ends-unsorted", wrong, mine_now + ends[1] + ends[0])
    next_keys("with-an-end-twice", wrong, mine_now + ends[0] + ends[0])
    next_keys("with-an-end-at-0", wrong, mine_now + ends[0][:16] + bytes(8) + ends[0][24:])
    next_keys("that-end-what-they-begin", wrong, mine_now + begins + ends[0][16:])
    next_keys("for-every-journal", wrong, device_of(LAPTOP) + EVERY)
    next_keys("with-1001-ends", "byte string too long", mine_now + b"".join(ends[:1]) * 1001)
    end = device_of(HUB) + (1).to_bytes(8, "big") + (41).to_bytes(8, "big")
    next_hub_wants = [1, AGENCY, 4, "HQ hub", new.public, 0, recipient, end, "", random]

    def next_hub_key(name, why, at, to):
        attack("next-hub-key-" + name, shape(why), replaced(at, to, next_hub_wants), repaired=next_hub_wants)

    next_hub_key("of-no-hub", "the next key of no hub", 7, b"")
    next_hub_key("with-half-an-end", "the next key of no hub", 7, end[:-1])
    next_hub_key("with-more-than-an-end", "byte string too long", 7, end + b"\0")
    next_hub_key("of-epoch-0", "the next key of no hub", 7, device_of(HUB) + bytes(8) + end[40:])
    next_hub_key("of-no-agency", "the next key of a hub of no agency", 1, bytes(32))
    next_hub_key("with-a-url", "a hub has a URL; a device has none", 8, "https://127.0.0.1:8443")
    attack("next-keys-with-a-url", shape("a hub has a URL; a device has none"), replaced(8, "https://127.0.0.1:8443", next_wants),
           repaired=next_wants)
    root_wants = [1, AGENCY, 2, "Admin", new.public, 0, recipient, b"", "", random]
    attack("root-key-that-offers-a-unit", shape("a root key offers nothing"), replaced(7, theirs, root_wants), repaired=root_wants)
    hubs = "a hub has a URL; a device has none"
    attack("device-with-a-url", shape(hubs), replaced(8, "https://127.0.0.1:8443"))
    attack("root-key-with-a-url", shape(hubs), replaced(8, "https://127.0.0.1:8443", root_wants), repaired=root_wants)
    attack("hub-without-url", shape(hubs), replaced(8, "", hub_wants), repaired=hub_wants)
    attack("hub-that-offers-a-unit", shape("TLS key"), replaced(7, theirs, hub_wants), repaired=hub_wants)
    shown = bytes.fromhex("302a300506032b6570032100") + SigningKey("museum tls").public
    with_tls = replaced(7, shown, hub_wants)
    attack("hub-with-a-tls-key-twice", shape("TLS key"), replaced(7, shown + shown, hub_wants), repaired=with_tls)
    attack("hub-with-a-tls-key-cut-short", shape("TLS key"), replaced(7, shown[:-1], hub_wants), repaired=with_tls)
    attack("hub-with-bytes-after-its-tls-key", shape("TLS key"), replaced(7, shown + b"\x00", hub_wants), repaired=with_tls)
    attack("hub-with-a-tls-key-in-a-longer-spelling", shape("TLS key"), replaced(7, b"\x30\x81" + shown[1:], hub_wants), repaired=with_tls)
    attack("name-of-257-bytes", shape("text too long"), replaced(3, "n" * 257), repaired=replaced(3, "n" * 256))
    attack("url-of-1025-bytes", shape("text too long"), replaced(8, "u" * 1025, hub_wants), repaired=replaced(8, "u" * 1024, hub_wants))
    attack("random-of-31-bytes", shape("byte string of the wrong length"), replaced(9, random[:31]))
    for what, refused, spelling in broken_spelling(good, 1, 2, "JoinRequest"):
        attack(what, refused.replace("expected u64", "expected u8"), spelling)


def freshness():
    good = [1, AGENCY, 2, sha256(spelt(SECOND)), 7, 1_790_100_000]

    def attack(name, refused, elements, signers=(LAPTOP,), over=AGENCY, purpose="freshness", statement=None):
        body = elements if isinstance(elements, bytes) else cbor(elements)
        specimen(HERE, "freshness-" + name, "freshness", refused,
                 {"held": [HELD], "offered": statement or signed(body, signers, over, purpose)},
                 {"offered": signed(cbor(good), [LAPTOP], purpose="freshness")})

    none = "Forged(NoAuthority)"
    attack("by-a-reader-without-the-role", none, good, (DESK,))
    attack("by-an-officer", none, good, (TABLET,))
    attack("by-a-lost-device-of-an-admin", none, good, (LOST,))
    attack("by-a-stranger", none, good, (STRANGER,))
    attack("by-the-hub", none, good, (HUB,))
    attack("by-a-root-key", none, good, (ROOTS[0],))
    attack("by-nobody", none, good, ())
    attack("of-another-agency", "Forged(OtherAgency)", [1, OTHER_AGENCY] + good[2:])
    attack("signed-over-another-agency", "Forged(Signature)", good, over=OTHER_AGENCY)
    attack("signature-of-another-key", "Forged(Signature)", good,
           statement=alone("freshness", cbor(good), LAPTOP.id, DESK.sign("freshness", AGENCY, cbor(good))))
    attack("signature-of-another-purpose", "Forged(Signature)", good,
           statement=alone("freshness", cbor(good), LAPTOP.id, LAPTOP.sign("unit-keys", AGENCY, cbor(good))))
    attack("statement-of-another-purpose", "Forged(OtherPurpose)", good, purpose="unit-keys")
    attack("of-another-roster-of-our-version", "Forged(Fork)", good[:3] + [made_up("museum other second", 32)] + good[4:])
    attack("hash-of-31-bytes", "Malformed(Freshness: byte string of the wrong length)", good[:3] + [good[3][:31]] + good[4:])
    for what, refused, spelling in broken_spelling(good, 1, 2, "Freshness"):
        attack(what, refused, spelling)


def rotation_words():
    """Around the certificate of a case that was sealed again; LAPTOP's member supervises headquarters."""
    laptop, tablet = device_of(LAPTOP), device_of(TABLET)
    case, link = tagged("resealed-case", AGENCY, made_up("museum case", 16)), made_up("museum rotation link", 32)
    hashes = sorted(made_up(f"museum left {n}", 32) for n in range(2))
    left = [[hashes[0], 0], [hashes[1], 2]]
    good = [1, AGENCY, laptop, 1, laptop, JOURNAL, 50, link, [3, case, 40, 11, left, [tablet]]]

    def attack(name, refused, elements, signers=(LAPTOP,), over=AGENCY, purpose="rotation-certificate", statement=None):
        body = elements if isinstance(elements, bytes) else cbor(elements)
        specimen(HERE, "rotation-word-" + name, "rotation word", refused,
                 {"held": [HELD], "offered": statement or signed(body, signers, over, purpose)},
                 {"offered": signed(cbor(good), [LAPTOP], purpose="rotation-certificate")})

    def saying(*said):
        return good[:8] + [list(said)]

    def malformed(why):
        return f"Malformed(RotationWord: {why})"

    def by(key, said=good[8], device=None):
        return [1, AGENCY, device_of(key), 1, device or device_of(key), JOURNAL, 50, link, said]

    none, resealed = "Forged(NoAuthority)", good[8]
    attack("resealed-by-an-officer", none, by(TABLET), (TABLET,))
    attack("resealed-by-a-reader-without-the-role", none, by(DESK), (DESK,))
    attack("resealed-by-a-lost-device", none, by(LOST), (LOST,))
    attack("resealed-by-a-stranger", none, by(STRANGER), (STRANGER,))
    attack("resealed-in-anothers-journal", none, by(LAPTOP, device=tablet))
    attack("resealed-by-nobody", none, good, ())
    attack("rewrapped-by-an-officer", none, by(TABLET, [1, STATION, 1, 4, 0, []]), (TABLET,))
    attack("rewrapped-for-another-unit", none, by(LAPTOP, [1, STATION, 1, 4, 0, []]))
    attack("opened-of-its-own", none, by(LAPTOP, [0, []]))
    attack("read-by-whom-headquarters-does-not-know", none, by(TABLET, [2, []], laptop)[:3] + [50] + by(TABLET, [2, []], laptop)[4:], (TABLET,))
    attack("let-go-of-its-own", none, by(TABLET, [4, []]), (TABLET,))
    attack("let-go-by-a-lost-device", none, by(LOST, [4, []], laptop), (LOST,))
    attack("let-go-of-what-lies-behind", malformed("an exception outside of the stretch"), by(TABLET, [4, [51]], laptop), (TABLET,))
    attack("of-another-agency", "Forged(OtherAgency)", [1, OTHER_AGENCY] + good[2:])
    attack("signed-over-another-agency", "Forged(Signature)", good, over=OTHER_AGENCY)
    attack("signature-of-another-key", "Forged(Signature)", good,
           statement=alone("rotation-certificate", cbor(good), LAPTOP.id, DESK.sign("rotation-certificate", AGENCY, cbor(good))))
    attack("statement-of-another-purpose", "Forged(OtherPurpose)", good, purpose="freshness")
    attack("left-for-another-reason", malformed("left for another reason"), saying(*resealed[:4], [[hashes[0], 3]], []))
    attack("left-unsorted", malformed("entries unsorted or repeated"), saying(*resealed[:4], left[::-1], []))
    attack("left-twice", malformed("entries unsorted or repeated"), saying(*resealed[:4], [left[0], left[0]], []))
    attack("stragglers-unsorted", malformed("devices unsorted or repeated"), saying(*resealed[:5], sorted([laptop, tablet], reverse=True)))
    attack("more-than-its-stretch", malformed("more reseals than the stretch has places"), saying(*resealed[:3], 12, left, []))
    attack("reseals-from-zero", malformed("more reseals than the stretch has places"), saying(3, case, 0, 11, left, []))
    attack("reseals-from-behind", malformed("more reseals than the stretch has places"), saying(3, case, 51, 1, left, []))
    attack("no-reseals", malformed("more reseals than the stretch has places"), saying(3, case, 40, 0, left, []))
    attack("case-of-31-bytes", malformed("byte string of the wrong length"), saying(3, case[:31], *resealed[2:]))
    attack("of-another-kind", malformed("a word on a rotation of another kind"), saying(4, *resealed[1:]))
    attack("40001-entries-left", malformed("list too long or of unknown length"), saying(*resealed[:4], claimed(4, 40_001), []))
    for what, refused, spelling in broken_spelling(good, 2, 3, "RotationWord"):
        attack(what, refused, spelling)


def write_spoken():
    for section in (statements, unit_keys, join_requests, freshness, rotation_words):
        section()
