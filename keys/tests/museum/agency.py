"""agency.py: the made-up agency whose rosters and statements the museum breaks, and the ways in which a spelling can be broken.

Written from the specification (FORMATS section 5, STATEMENTS.md); `rosters.py`, `spoken.py` and `journals.py` share it.
"""
import copy
import functools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors"))
from spec import (PURPOSES, HybridIdentity, Identity, Raw, SigningKey, cbor, device_of, header, made_up, payload, sha256, spoken,  # noqa: E402
                  stanza, statement, tagged, write)

NONE = bytes(32)
EVERY = bytes(16)  # a span over every journal
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
FIELD = 2**255 - 19

ROOTS = [SigningKey(f"museum root {n}") for n in range(4)]
MEMBERS = [made_up(f"museum member {n}", 16) for n in range(5)]
LAPTOP, TABLET, DESK, LOST, STRANGER = (SigningKey("museum " + name) for name in ("laptop", "tablet", "desk", "lost", "stranger"))
HUB, OTHER_HUB = SigningKey("museum hub"), SigningKey("museum other hub")
HQ, STATION = made_up("museum unit HQ", 32), made_up("museum unit station", 32)
HQ_KEY, HQ_OLD, STATION_KEY = Identity("museum HQ 2"), Identity("museum HQ 1"), Identity("museum station 1")
OWN = {key: Identity("museum own " + name) for key, name in ((LAPTOP, "laptop"), (TABLET, "tablet"), (DESK, "desk"), (LOST, "lost"))}
JOURNAL = made_up("museum journal", 16)
OFFICER, SUPERVISOR, READER, ADMIN, CUSTODIAN = 0, 2, 4, 7, 8


def by_id(rows):
    return sorted(rows, key=lambda row: row[0])


def device(key, member, spans=None, state=0, cuts=()):
    spans = [[key.public, EVERY, 1, 0]] if spans is None else spans
    return [device_of(key), member, spans, 0, OWN[key].public, state, list(cuts)]


def hub(key=HUB, first=0, last=0):
    return [device_of(key), "HQ hub", "https://127.0.0.1:8443", key.public, Identity("museum transport").public, bytes.fromhex("302a300506032b6570032100") + SigningKey("museum tls").public, first, last]


def roster(version, previous, agency):
    """Two of three admins, one of them supervisor at HQ with a lost second device; a reader there, an officer at a station, one hub."""
    return {
        "v": 1, "agency": agency, "name": "FIA Anti Human Trafficking", "version": version, "previous": previous,
        "issued": 1_790_000_000 + version, "expires": 1_820_000_000, "threshold": 2,
        "admins": by_id([m, r.public] for m, r in zip(MEMBERS, ROOTS[:3])),
        "units": by_id([[HQ, 0, "HQ", HQ_KEY.public, 2, [HQ_OLD.public]], [STATION, 1, "تھانہ", STATION_KEY.public, 1, []]]),
        "members": by_id([[MEMBERS[0], "A. Khan", [[SUPERVISOR, HQ], [ADMIN, HQ]]], [MEMBERS[1], "B. Shah", [[ADMIN, HQ]]],
                          [MEMBERS[2], "C. Malik", [[ADMIN, HQ]]], [MEMBERS[3], "سارہ بی بی", [[OFFICER, STATION]]],
                          [MEMBERS[4], "D. Rind", [[READER, HQ]]]]),
        "devices": by_id([device(LAPTOP, MEMBERS[0]), device(DESK, MEMBERS[4]), device(TABLET, MEMBERS[3]),
                          device(LOST, MEMBERS[0])]),
        "hubs": [hub()], "peers": [], "recovery": Identity("museum recovery").public, "kind": 0, "minimum": 1,
        "policies": [["readers", "supervisors"], ["write-only", "no"]],
    }


def fields(r):
    """The array of 18, in its order."""
    return list(r.values())


def spelt(r):
    return cbor(fields(r))


FIRST = roster(1, NONE, NONE)
AGENCY = sha256(spelt(FIRST))
OTHER_AGENCY = made_up("museum other agency", 32)


def changed(r, change):
    r = copy.deepcopy(r)
    change(r)
    return r


def setting(**values):
    """A change that sets elements by name."""
    return lambda r: r.update(copy.deepcopy(values))


def put(*path, to):
    """A change that sets one element; a row is named by its place or by its id."""
    def change(r):
        *steps, last = path
        for step in steps:
            r = row_of(r, step) if isinstance(step, bytes) else r[step]
        r[last] = copy.deepcopy(to)
    return change


def row_of(rows, first):
    return next(row for row in rows if row[0] == first)


def alone(purpose, body, key_id, signature):
    """A statement with one signature, whatever it is."""
    return cbor([1, PURPOSES[purpose], body, [[key_id, signature]]])


class Pen:
    """Writes a journal as its device would: every header named and linked (FORMATS section 2)."""

    def __init__(self, signer, journal=JOURNAL, agency=AGENCY):
        self.signer, self.agency, self.device, self.journal = signer, agency, device_of(signer), journal
        self.seq, self.link, self.written = 1, tagged("journal", agency, device_of(signer), journal), []

    def header(self, kind, /, **other):
        """Elements 1 to 16 by name; what is not said is what an honest writer says for this kind."""
        slip = kind == "slip"
        h = {"v": 1, "agency": self.agency, "device": self.device, "journal": self.journal, "seq": self.seq, "prev": self.link,
             "kind": {"sealed": 0, "slip": 1}.get(kind, 2), "case": made_up("museum case", 16),
             "key": 1 if kind in ("sealed", "reseal") else self.seq,
             "audience": READERS[:2] if slip else READERS if kind == "rewrap" else [],
             "roster": [2, made_up("museum roster", 32)] if slip or kind == "rewrap" else [2],
             "commitment": made_up("museum commitment", 32), "digest": sha256(b"" if kind == "erasure" else kind.encode()),
             "size": 0 if kind == "erasure" else len(kind), "parts": [],
             "target": [] if kind in ("sealed", "slip") else self.target(1, kind)}
        return {**h, **other}

    def target(self, seq, kind, replaces=b""):
        what = {"rewrap": 0, "reseal": 1, "erasure": 2}[kind]
        return [self.agency, self.device, self.journal, seq, made_up("museum target", 32), what, replaces]

    def sign(self, body, purpose="entry", over=None):
        return {"bytes": body, "signature": self.signer.sign(purpose, over or self.agency, body)}

    def write(self, kind, /, **other):
        """The next entry; the journal goes on from it, whatever it says."""
        entry = self.sign(cbor(list(self.header(kind, **other).values())))
        self.link = tagged("link", self.link, sha256(entry["bytes"]))
        self.seq += 1
        self.written.append(entry)
        return entry

    def story(self, contents):
        for kind in ["slip"] + ["sealed"] * contents:
            self.write(kind)
        return self


READERS = sorted([AGENCY, made_up(f"museum reader {n}", 32), Identity(f"museum reader {n}").id] for n in range(3))
TRUSTED = Pen(LOST).story(3)  # what the lost device wrote before it was lost


def revoked(r):
    row_of(r["devices"], device_of(LOST))[5:] = [2, [[JOURNAL, 4, TRUSTED.link]]]


SECOND = changed(roster(2, AGENCY, AGENCY), revoked)
THIRD = changed(roster(3, sha256(spelt(SECOND)), AGENCY), revoked)


def signed(payload, signers=ROOTS[:2], over=AGENCY, purpose="roster"):
    return statement(purpose, over, payload, signers)


HELD_FIRST, HELD = signed(spelt(FIRST), over=NONE), signed(spelt(SECOND))


@functools.cache
def shelf():
    """What most specimens hold or are repaired to: written once, in `agency.json`, and named with an @."""
    return {"roster 1": HELD_FIRST, "roster 2": HELD, "roster 3": signed(spelt(THIRD))}


def write_shelf(folder):
    write("agency.json", {"agency": AGENCY.hex(), **{name: held.hex() for name, held in shelf().items()}}, folder)


def hexed(value):
    if isinstance(value, bytes):
        return next(("@" + name for name, held in shelf().items() if held == value), value.hex())
    if isinstance(value, (list, tuple)):
        return [hexed(item) for item in value]
    return {name: hexed(item) for name, item in value.items()} if isinstance(value, dict) else value


def specimen(folder, name, kind, refused, attack, repaired):
    """One file; `repaired` holds only what differs from the attack."""
    assert not os.path.exists(os.path.join(folder, name + ".json")), name
    write(name + ".json", {"attack": name, "kind": kind, "refused": refused, **hexed(attack), "repaired": hexed(repaired)}, folder)


def claimed(major, count, rest=b""):
    """A head that claims `count` elements or bytes, whatever follows."""
    return Raw(long_head(major, count) + rest)


def long_head(major, number, size=4):
    """A head whose number is spelt in `size` bytes, needed or not."""
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + number.to_bytes(size, "big")


def wrong_spellings(elements, place, number_at):
    """How one array of elements can be spelt wrongly, as (what, why, bytes); `number_at` holds a number, `place` a byte string."""
    good = cbor(elements)
    body = good[1:] if len(elements) < 24 else None

    def instead(at, spelling):
        return cbor([Raw(spelling) if n == at else element for n, element in enumerate(elements)])

    number, value = elements[number_at], elements[place]
    return [
        ("bytes-after-the-end", "bytes after the end", good + b"\0"),
        ("cut-short", "end of input bytes", good[:-1]),
        ("empty", "end of input bytes", b""),
        ("one-element-fewer", "wrong number of elements", cbor(elements[:-1])),
        ("one-element-more", "wrong number of elements", cbor(elements + [0])),
        ("indefinite-array", "wrong number of elements", b"\x9f" + body + b"\xff"),
        ("longer-array-head", "not the canonical spelling", long_head(4, len(elements), 1) + body),
        ("longer-number", "not the canonical spelling", instead(number_at, long_head(0, number, 8))),
        ("longer-bytes-head", "not the canonical spelling", instead(place, long_head(2, len(value), 2) + value)),
        ("bytes-in-pieces", "unexpected type indefinite bytes, expected bytes (definite length)",
         instead(place, b"\x5f" + cbor(value) + b"\xff")),
        ("tag", "unexpected type tag, expected u64", instead(number_at, b"\xc1" + cbor(number))),
        ("float", "unexpected type f64, expected u64", instead(number_at, b"\xfb\x40\x10" + bytes(6))),
        ("null", "unexpected type null, expected u64", instead(number_at, b"\xf6")),
        ("boolean", "unexpected type bool, expected u64", instead(number_at, b"\xf5")),
        ("negative-number", "unexpected type i8, expected u64", instead(number_at, b"\x20")),
        ("text-for-a-number", "unexpected type string, expected u64", instead(number_at, b"\x61\x31")),
        ("text-for-bytes", "unexpected type string, expected bytes (definite length)", instead(place, cbor("x" * len(value)))),
        ("map", "unexpected type map, expected array", b"\xa1" + cbor(1) + cbor(1)),
        ("another-version", "unknown version", cbor([2] + elements[1:])),
    ]


def broken_spelling(elements, place, number_at, name):
    return [(what, f"Malformed({name}: {why})", payload) for what, why, payload in wrong_spellings(elements, place, number_at)]


def above_the_group_order(signature):
    """The same signature with s + the group's order for s: a lax check takes both."""
    s = int.from_bytes(signature[32:], "little") + GROUP_ORDER
    return signature[:32] + s.to_bytes(32, "little")


def not_canonical_point():
    """A point of large order spelt with y + p: below 2^255, and one more spelling of the same key."""
    d = -121665 * pow(121666, -1, FIELD) % FIELD
    for y in range(2, 19):
        square = (y * y - 1) * pow(d * y * y + 1, -1, FIELD) % FIELD
        if pow(square, (FIELD - 1) // 2, FIELD) == 1:
            return (y + FIELD).to_bytes(32, "little")
    raise AssertionError("no such point")


WEAK_POINT = b"\x01" + bytes(31)  # the neutral element
NOT_A_POINT = next(candidate for candidate in (bytes([n]) + bytes(31) for n in range(2, 60))
                   if pow((candidate[0] ** 2 - 1) * pow(-121665 * pow(121666, -1, FIELD) * candidate[0] ** 2 + 1, -1, FIELD),
                          (FIELD - 1) // 2, FIELD) == FIELD - 1)

__all__ = [name for name in dir() if not name.startswith("__")]
