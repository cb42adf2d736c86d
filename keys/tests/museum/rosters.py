"""rosters.py: broken rosters. Each is offered to a device that holds version 2 (or pins its first), and has one fault."""
import os

from agency import *  # noqa: F403 - the made-up agency is the vocabulary here

HERE = os.path.dirname(os.path.abspath(__file__))
TABLET_ID, LOST_ID = device_of(TABLET), device_of(LOST)
HYBRID = HybridIdentity("museum hybrid").public


def offered(name, refused, statement, repaired=None, held=None):
    held = [HELD] if held is None else held
    specimen(HERE, "roster-" + name, "roster", refused, {"held": held, "offered": statement},
             {"offered": signed(spelt(THIRD)) if repaired is None else repaired})


def malformed(name, why, change, elements=None, repaired=None):
    """Version 3 with one fault in what it says, signed by those who may."""
    r = changed(THIRD, change)
    payload = cbor(elements(fields(r))) if elements else spelt(r)
    fixed = None if repaired is None else signed(spelt(changed(THIRD, repaired)))
    offered(name, f"Malformed(Roster: {why})", signed(payload), fixed)


def signatures():
    third = spelt(THIRD)
    too_few = "Forged(TooFewSignatures {{ have: {}, need: {} }})".format
    offered("threshold-not-met", too_few(1, 2), signed(third, ROOTS[:1]))
    offered("signed-by-nobody", too_few(0, 2), signed(third, []))
    offered("signed-by-a-device-of-an-admin", too_few(1, 2), signed(third, [ROOTS[0], LAPTOP]))
    mine = ROOTS[0].sign("roster", AGENCY, third)
    offered("one-admin-signs-twice", "Malformed(Statement: signatures unsorted or repeated)",
            cbor([1, 2, third, [[ROOTS[0].id, mine], [ROOTS[0].id, mine]]]))
    offered("one-admin-under-two-key-ids", too_few(1, 2),
            cbor([1, 2, third, by_id([[ROOTS[0].id, mine], [ROOTS[1].id, mine]])]))
    theirs = ROOTS[1].sign("roster", AGENCY, third)
    offered("signatures-under-each-others-key-ids", too_few(0, 2),
            cbor([1, 2, third, by_id([[ROOTS[0].id, theirs], [ROOTS[1].id, mine]])]))
    high = above_the_group_order(ROOTS[1].sign("roster", AGENCY, third))
    offered("signature-with-s-above-the-group-order", too_few(1, 2),
            cbor([1, 2, third, by_id([[ROOTS[0].id, mine], [ROOTS[1].id, high]])]))
    as_freshness = by_id([r.id, r.sign("freshness", AGENCY, third)] for r in ROOTS[:2])
    offered("signatures-of-another-purpose", too_few(0, 2), cbor([1, 2, third, as_freshness]))
    offered("statement-of-another-purpose", "Forged(OtherPurpose)", signed(third, purpose="freshness"))
    offered("signed-over-another-agency", too_few(0, 2), signed(third, over=OTHER_AGENCY))
    offered("signed-over-zeros", too_few(0, 2), signed(third, over=NONE))
    other = spelt(changed(THIRD, setting(name="Another name")))
    offered("signatures-of-another-text", too_few(0, 2),
            cbor([1, 2, other, by_id([r.id, r.sign("roster", AGENCY, third)] for r in ROOTS[:2])]))
    strangers = [SigningKey(f"museum usurper {n}") for n in range(3)]
    usurped = spelt(changed(THIRD, setting(admins=by_id([m, s.public] for m, s in zip(MEMBERS, strangers)))))
    offered("new-admins-alone", too_few(0, 2), signed(usurped, strangers[:2]), signed(usurped, strangers[:2] + ROOTS[:2]))
    offered("without-its-own-quorum", too_few(0, 2), signed(usurped), signed(usurped, strangers[:2] + ROOTS[:2]))
    raised = spelt(changed(THIRD, setting(threshold=3)))
    offered("raised-threshold-not-met", too_few(2, 3), signed(raised), signed(raised, ROOTS[:3]))


def lineage():
    def third(**values):
        return signed(spelt(changed(THIRD, setting(**values))))

    offered("version-left-out", "Expired(Gap { offered: 4, adopted: 2 })", third(version=4))
    offered("version-of-the-last-number", f"Expired(Gap {{ offered: {2**64 - 1}, adopted: 2 }})", third(version=2**64 - 1))
    offered("version-fallen-back", "Expired(Rollback { offered: 1, adopted: 2 })", HELD_FIRST, held=[HELD_FIRST, HELD])
    rival = spelt(changed(SECOND, setting(name="Another name")))
    offered("rival-of-the-version-held", "Forged(Fork)", signed(rival), held=[HELD_FIRST, HELD])
    offered("rival-when-only-the-newest-is-held", "Forged(Fork)", signed(rival))
    offered("rival-that-one-admin-signed", "Expired(Rollback { offered: 2, adopted: 2 })", signed(rival, ROOTS[:1]),
            held=[HELD_FIRST, HELD])
    lost = spelt(changed(SECOND, setting(name="Another name", previous=made_up("museum other first", 32))))
    offered("rival-of-another-lineage", "Expired(Rollback { offered: 2, adopted: 2 })", signed(lost), held=[HELD_FIRST, HELD])
    offered("wrong-previous-hash", "Forged(OtherLineage)", third(previous=made_up("museum other second", 32)))
    offered("previous-hash-of-the-one-before-it", "Forged(OtherLineage)", third(previous=AGENCY))
    offered("of-another-agency", "Forged(OtherAgency)", third(agency=OTHER_AGENCY))
    offered("minimum-version-that-falls", 'Misuse(Limit { what: "a minimum version that falls" })', third(minimum=0))
    offered("minimum-version-not-made-here", "Expired(TooOld { least: 3 })", third(minimum=3))
    hybrid = changed(SECOND, all_hybrid)
    falls = changed(THIRD, setting(previous=sha256(spelt(hybrid))))
    stays = changed(changed(THIRD, all_hybrid), setting(previous=sha256(spelt(hybrid))))
    offered("kind-that-falls", 'Misuse(Limit { what: "a recipient kind that falls" })', signed(spelt(falls)), signed(spelt(stays)),
            held=[signed(spelt(hybrid))])


def all_hybrid(r):
    """Every current recipient of the hybrid kind: as few as may be, each is 1 216 bytes."""
    station = row_of(r["units"], STATION)
    station[3:5] = [b"", 0]
    row_of(r["units"], HQ)[3] = HYBRID
    for n, row in enumerate(r["devices"]):
        row[5] = max(row[5], 1)
    r.update(kind=1, hubs=[], recovery=b"")


def pins():
    first = spelt(FIRST)
    good = {"offered": HELD_FIRST, "hash": sha256(first)}

    def pin(name, refused, statement, payload=first, **other):
        specimen(HERE, "pin-" + name, "pin", refused, {"offered": statement, "hash": sha256(payload), **other},
                 {**good, **{k: "" for k in other}})

    def first_with(**values):
        return spelt(changed(FIRST, setting(**values)))

    pin("another-hash", "Forged(OtherWords)", HELD_FIRST, first_with(name="Another name"))
    pin("below-its-own-threshold", "Forged(TooFewSignatures { have: 1, need: 2 })", signed(first, ROOTS[:1], NONE))
    pin("signed-over-its-own-hash", "Forged(TooFewSignatures { have: 0, need: 2 })", signed(first, over=AGENCY))
    pin("statement-of-another-purpose", "Forged(OtherPurpose)", signed(first, over=NONE, purpose="freshness"))
    for name, why, values in (
            ("first-that-names-an-agency", "agency must be zeros in version 1 and only there", {"agency": OTHER_AGENCY}),
            ("first-that-names-one-before", "previous hash must be zeros in version 1 and only there", {"previous": AGENCY})):
        payload = first_with(**values)
        pin(name, f"Malformed(Roster: {why})", signed(payload, over=NONE), payload)
    payload = first_with(minimum=3)
    pin("minimum-version-not-made-here", "Expired(TooOld { least: 3 })", signed(payload, over=NONE), payload)
    words = spoken("roster-words", AGENCY, (1).to_bytes(8, "big"), sha256(first))
    for name, heard in (("words-of-another-hash", spoken("roster-words", AGENCY, (1).to_bytes(8, "big"), sha256(b"another"))),
                        ("words-of-another-version", spoken("roster-words", AGENCY, (2).to_bytes(8, "big"), sha256(first)))):
        specimen(HERE, "pin-" + name, "pin", "Forged(OtherWords)", {"offered": HELD_FIRST, "hash": sha256(first), "words": heard},
                 {"words": words})


def ages():
    """A newest roster past its time is no refusal: amber, then red, and it goes on keeping."""
    expires = SECOND["expires"]
    for name, shown, now in (("expired-today", "Expired", expires),
                             ("expired-thirty-days-less-a-second", "Expired", expires + 30 * 86_400 - 1),
                             ("expired-thirty-days", "LongExpired", expires + 30 * 86_400), ("expired-for-ever", "LongExpired", 2**64 - 1)):
        specimen(HERE, "roster-" + name, "roster age", shown, {"held": [HELD], "offered": signed(spelt(THIRD)), "now": str(now)},
                 {"now": str(expires - 1)})


def order():
    def swapped(name):
        def change(r):
            assert len(r[name]) > 1, name
            r[name].reverse()
        return change

    def twice(name):
        return lambda r: r[name].insert(0, r[name][0])

    def two(name, rows):
        """`name` with these rows, in order: what the swapped copy is repaired to."""
        return setting(**{name: by_id(rows)})

    lists = {
        "admins": None, "units": None, "members": None, "devices": None,
        "hubs": two("hubs", [hub(), hub(OTHER_HUB)[:4] + [Identity("museum other transport").public] + hub()[5:]]),
        "peers": two("peers", [[OTHER_AGENCY, OTHER_AGENCY], [made_up("museum peer", 32), made_up("museum peer", 32)]]),
        "policies": None,
    }
    for name, fill in lists.items():
        def both(change, fill=fill):
            return lambda r: ((fill(r) if fill else None), change(r))
        malformed(f"{name}-unsorted", f"{name} unsorted or repeated", both(swapped(name)), repaired=fill)
        malformed(f"{name}-repeated", f"{name} unsorted or repeated", both(twice(name)), repaired=fill)
    malformed("two-keys-for-one-admin", "admins unsorted or repeated",
              lambda r: r["admins"].insert(1, [r["admins"][0][0], ROOTS[3].public]))
    roles = lambda r: row_of(r["members"], MEMBERS[0])[2]  # noqa: E731
    malformed("roles-unsorted", "roles unsorted or repeated", lambda r: roles(r).reverse())
    malformed("role-repeated", "roles unsorted or repeated", lambda r: roles(r).insert(0, roles(r)[0]))
    lost = lambda r: row_of(r["devices"], LOST_ID)  # noqa: E731
    cuts = by_id([[made_up(f"museum cut journal {n}", 16), 5, made_up("museum cut", 32)] for n in range(2)])
    malformed("cut-offs-unsorted", "cut-offs unsorted or repeated", put("devices", LOST_ID, 6, to=cuts[::-1]),
              repaired=put("devices", LOST_ID, 6, to=cuts))
    malformed("two-cut-offs-for-one-journal", "cut-offs unsorted or repeated",
              lambda r: lost(r)[6].append([JOURNAL, 9, made_up("museum later cut", 32)]))


def references():
    malformed("threshold-0", "threshold out of reach", setting(threshold=0))
    malformed("threshold-above-admins", "threshold out of reach", setting(threshold=4))
    malformed("threshold-of-the-last-number", "threshold out of reach", setting(threshold=2**64 - 1))
    malformed("admins-none", "threshold out of reach", setting(admins=[]))
    malformed("version-0", "version 0", setting(version=0))
    malformed("agency-of-zeros", "agency must be zeros in version 1 and only there", setting(agency=NONE))
    malformed("previous-hash-of-zeros", "previous hash must be zeros in version 1 and only there", setting(previous=NONE))
    malformed("expires-when-issued", "expires before it is issued", setting(expires=THIRD["issued"]))
    stranger = made_up("museum nobody", 16)
    malformed("admin-who-is-no-member", "admin who is no member",
              lambda r: r.update(admins=by_id(r["admins"] + [[stranger, ROOTS[3].public]])))
    malformed("device-of-nobody", "device of nobody", put("devices", 0, 1, to=stranger))
    malformed("role-in-an-unknown-unit", "role in an unknown unit",
              lambda r: r["members"][0][2].append([8, made_up("museum no unit", 32)]))
    malformed("unit-key-without-epoch", "epoch without key, or key without epoch", put("units", 0, 4, to=0))
    malformed("epoch-without-unit-key", "epoch without key, or key without epoch", put("units", 0, 3, to=b""))


def spans():
    def of_tablet(*rows):
        def change(r):
            row_of(r["devices"], TABLET_ID)[2] = sorted(rows)
        return change

    own, later = TABLET.public, SigningKey("museum tablet later").public
    malformed("device-without-a-span-of-its-naming-key", "device without the key that names it", of_tablet([later, EVERY, 1, 0]))
    malformed("device-without-spans", "device without the key that names it", of_tablet())
    apart = of_tablet([own, JOURNAL, 1, 9], [later, JOURNAL, 10, 0])
    malformed("overlapping-spans", "spans overlap", of_tablet([own, JOURNAL, 1, 10], [later, JOURNAL, 10, 0]), repaired=apart)
    malformed("open-span-below-another", "spans overlap", of_tablet([own, JOURNAL, 1, 0], [later, JOURNAL, 10, 0]), repaired=apart)
    malformed("overlapping-spans-of-every-journal", "spans overlap", of_tablet([own, EVERY, 1, 0], [later, EVERY, 1, 0]))
    malformed("span-inside-another", "spans overlap", of_tablet([own, JOURNAL, 1, 20], [later, JOURNAL, 5, 6]), repaired=apart)
    malformed("span-from-0", "span of nothing", of_tablet([own, EVERY, 0, 0]))
    malformed("span-that-ends-before-it-begins", "span of nothing", of_tablet([own, EVERY, 9, 8]))

    def reversed_spans(r):
        of_tablet([own, JOURNAL, 1, 9], [own, JOURNAL, 10, 0])(r)
        row_of(r["devices"], TABLET_ID)[2].reverse()

    malformed("spans-unsorted", "spans unsorted or repeated", reversed_spans,
              repaired=of_tablet([own, JOURNAL, 1, 9], [own, JOURNAL, 10, 0]))
    malformed("span-repeated", "spans unsorted or repeated", of_tablet([own, EVERY, 1, 0], [own, EVERY, 1, 0]))


def keys_once():
    key, recipient = "a signing key appears twice", "a recipient appears twice"

    def with_span_of(public):
        return put("devices", TABLET_ID, 2, to=sorted([[TABLET.public, EVERY, 1, 0], [public, JOURNAL, 1, 0]]))

    malformed("one-key-for-two-admins", key, put("admins", 1, 1, to=THIRD["admins"][0][1]))
    malformed("root-key-on-a-device", key, with_span_of(ROOTS[0].public))
    malformed("one-key-on-two-devices", key, with_span_of(LAPTOP.public))
    malformed("receipt-key-on-a-device", key, with_span_of(HUB.public))
    malformed("root-key-at-the-hub", key, put("hubs", 0, 3, to=ROOTS[0].public))
    retired = lambda *rows: lambda r: r["hubs"][0].append([list(row) for row in rows])  # noqa: E731
    was = SigningKey("museum hub before").public
    fine = retired([was, 1, 7])
    malformed("retired-key-in-use", key, retired([HUB.public, 1, 7]), repaired=fine)
    malformed("retired-key-of-a-device", key, retired([TABLET.public, 1, 7]), repaired=fine)
    malformed("retired-key-twice", key, retired([was, 1, 7], [was, 1, 9]), repaired=fine)
    malformed("retired-keys-out-of-order", "retired keys out of order", retired([was, 2, 7], [SigningKey("museum hub at first").public, 1, 9]),
              repaired=fine)
    malformed("no-retired-key-in-the-list", "a list of retired keys without one", retired(), repaired=fine)
    malformed("more-retired-keys-than-allowed", "list too long or of unknown length", lambda r: r["hubs"][0].append(claimed(4, 1001)),
              repaired=fine)
    malformed("one-recipient-for-two-units", recipient, put("units", STATION, 3, to=HQ_KEY.public))
    malformed("one-recipient-for-unit-and-device", recipient, put("units", STATION, 3, to=OWN[TABLET].public))
    malformed("one-recipient-for-two-devices", recipient, put("devices", 0, 4, to=THIRD["devices"][1][4]))
    malformed("retired-recipient-of-another-unit", recipient, lambda r: row_of(r["units"], STATION)[5].append(HQ_OLD.public))
    malformed("retired-recipient-in-use", recipient, lambda r: row_of(r["units"], HQ)[5].append(HQ_KEY.public))
    malformed("hub-reads-as-a-unit", recipient, put("hubs", 0, 4, to=STATION_KEY.public))
    malformed("recovery-reads-as-a-device", recipient, setting(recovery=OWN[LAPTOP].public))
    mixed = "recipients of mixed kinds"
    malformed("hybrid-unit-among-x25519", mixed, put("units", STATION, 3, to=HYBRID))
    malformed("hybrid-device-among-x25519", mixed, put("devices", TABLET_ID, slice(3, 5), to=[1, HYBRID]))
    malformed("hybrid-hub-among-x25519", mixed, put("hubs", 0, 4, to=HYBRID))
    malformed("hybrid-recovery-among-x25519", mixed, setting(recovery=HYBRID))
    malformed("kind-that-no-recipient-has", mixed, setting(kind=1))
    # The first number of the encapsulation key is the modulus: 0 in another spelling.
    malformed("hybrid-key-in-another-spelling", "recipient", setting(recovery=b"\x01\x0d" + HYBRID[2:]))


def values():
    tablet = lambda r: row_of(r["devices"], TABLET_ID)  # noqa: E731
    point = "a key is not a canonical point, or a weak one"
    malformed("small-order-root-key", point, put("admins", 0, 1, to=WEAK_POINT))
    malformed("root-key-not-canonical", point, put("admins", 0, 1, to=not_canonical_point()))
    malformed("root-key-off-the-curve", point, put("admins", 0, 1, to=NOT_A_POINT))
    malformed("small-order-device-key", point, put("devices", TABLET_ID, 2, 0, 0, to=WEAK_POINT))
    malformed("small-order-receipt-key", point, put("hubs", 0, 3, to=WEAK_POINT))
    malformed("small-order-recipient", "recipient", put("units", 0, 3, to=bytes(32)))
    malformed("recipient-not-canonical", "recipient", put("units", 0, 3, to=(FIELD + 9).to_bytes(32, "little")))
    malformed("recipient-with-the-top-bit", "recipient",
              put("devices", TABLET_ID, 4, to=OWN[TABLET].public[:31] + bytes([OWN[TABLET].public[31] | 0x80])))
    malformed("recipient-of-31-bytes", "recipient", put("devices", TABLET_ID, 4, to=OWN[TABLET].public[:31]))
    malformed("recipient-longer-than-a-hybrid", "byte string too long", setting(recovery=HYBRID + b"\0"))
    malformed("recipient-of-another-kind-than-it-says", "recipient of another kind than it says", put("devices", TABLET_ID, 3, to=1))
    malformed("device-without-recipient", "device without recipient", put("devices", TABLET_ID, 4, to=b""))
    malformed("hub-without-recipient", "hub without recipient", put("hubs", 0, 4, to=b""))
    malformed("retired-recipient-empty", "empty retired recipient", lambda r: row_of(r["units"], HQ)[5].append(b""))
    malformed("unit-kind-unknown", "unknown unit kind", put("units", 0, 1, to=4))
    malformed("role-unknown", "unknown role", lambda r: r["members"][0][2].append([9, HQ]))
    malformed("device-state-unknown", "unknown device state", put("devices", TABLET_ID, 5, to=3))
    malformed("recipient-kind-unknown", "unknown recipient kind", setting(kind=2))
    long = "text too long"
    malformed("name-of-257-bytes", long, setting(name="n" * 257), repaired=setting(name="n" * 256))
    malformed("unit-name-of-257-bytes", long, put("units", 0, 2, to="ن" * 128 + "n"),
              repaired=put("units", 0, 2, to="ن" * 128))
    malformed("member-name-of-257-bytes", long, put("members", 0, 1, to="n" * 257))
    malformed("url-of-1025-bytes", long, put("hubs", 0, 2, to="u" * 1025), repaired=put("hubs", 0, 2, to="u" * 1024))
    malformed("tls-key-of-1025-bytes", "byte string too long", put("hubs", 0, 5, to=b"\x30\x82\x03\xfd" + bytes(1021)),
              repaired=put("hubs", 0, 5, to=b"\x30\x82\x03\xfc" + bytes(1020)))
    malformed("tls-key-that-is-none", "TLS key", put("hubs", 0, 5, to=b"\x04\x01\x00"))
    malformed("tls-key-twice", "TLS key", put("hubs", 0, 5, to=b"\x30\x01\x00" * 2))
    malformed("policy-of-257-bytes", long, put("policies", 0, 1, to="p" * 257))
    malformed("name-not-utf-8", "invalid utf-8 sequence of 1 bytes from index 0", setting(name=Raw(b"\x62\xc3\x28")))
    malformed("agency-of-31-bytes", "byte string of the wrong length", setting(agency=AGENCY[:31]))
    malformed("previous-hash-of-33-bytes", "byte string of the wrong length", setting(previous=AGENCY + b"\0"))
    too_many = "list too long or of unknown length"
    for name, most in (("admins", 1000), ("units", 20_000), ("members", 20_000), ("devices", 20_000), ("hubs", 1000), ("peers", 1000),
                       ("policies", 1000)):
        malformed(f"more-{name}-than-allowed", too_many, setting(**{name: claimed(4, most + 1)}))
    malformed("more-spans-than-allowed", too_many, put("devices", TABLET_ID, 2, to=claimed(4, 1001)))
    malformed("more-devices-than-there-are", "wrong number of elements",
              setting(devices=claimed(4, 19_999, cbor(THIRD["devices"])[1:])))
    malformed("units-of-unknown-length", too_many, lambda r: r.update(units=Raw(b"\x9f" + cbor(r["units"])[1:] + b"\xff")))
    malformed("name-in-pieces", "unexpected type indefinite string, expected text (definite length)",
              setting(name=Raw(b"\x7f\x63FIA\xff")))
    malformed("unit-row-of-5", "wrong number of elements", lambda r: r["units"][0].pop())
    malformed("device-row-of-8", "wrong number of elements", lambda r: tablet(r).append(0))
    for what, refused, payload in broken_spelling(fields(THIRD), 1, 3, "Roster"):
        offered(what, refused, signed(payload))


def write_rosters():
    for section in (signatures, lineage, pins, ages, order, references, spans, keys_once, values):
        section()
