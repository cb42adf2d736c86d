"""Reads a push and its answer as they went over the wire, and checks them: an independent reader, written from sync/WIRE.md
(and, for statements, keys/STATEMENTS.md) and from nothing else. Standard library only.

    decode.py REQUEST ANSWER KEYS            prints what they say, as JSON; exit 1 and one line when something does not hold
    decode.py --flip STEP REQUEST ANSWER KEYS  turns over a bit of every STEP-th byte in turn: each must be refused

KEYS is JSON, the roster's part of it: {"agency": hex, "devices": {device: public key}, "hub": {"id": hex, "key": public key}}.
"""
import hashlib
import json
import sys


class Refused(Exception):
    pass


def need(holds, what):
    if not holds:
        raise Refused(what)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tagged(tag, *parts):
    return sha(b"amanat/v1/" + tag.encode() + b"\0", *parts)


# -- Ed25519, verification only (RFC 8032 section 5.1)
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    sum_ = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            sum_ = add(sum_, point)
        point, scalar = add(point, point), scalar >> 1
    return sum_


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    need(y < P, "a point that is not spelt canonically")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    need((x * x - square) % P == 0 and (x or not sign), "no point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


BASE = point(bytes([0x58]) + bytes([0x66]) * 31)
CHECKED = {}


def verify(key, message, signature):
    name = (key, message, signature)
    if name not in CHECKED:
        CHECKED[name] = holds(key, message, signature)
    need(CHECKED[name], "a signature does not hold")


def holds(key, message, signature):
    try:
        a, r = point(key), point(signature[:32])
    except Refused:
        return False
    s = int.from_bytes(signature[32:], "little")
    small = same(times(8, a), (0, 1, 1, 0)) or same(times(8, r), (0, 1, 1, 0))
    if s >= L or small:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return same(times(s, BASE), add(r, times(k, a)))


# -- deterministic CBOR: numbers, byte strings, arrays, true, false, null
class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        need(self.at + n <= len(self.data), "it ends too early")
        self.at += n
        return self.data[self.at - n : self.at]

    def head(self):
        first = self.take(1)[0]
        kind, short = first >> 5, first & 31
        if short < 24:
            return kind, short
        need(short <= 27, "a length that is not said")
        wide = 1 << (short - 24)
        number = int.from_bytes(self.take(wide), "big")
        need(number >= (24 if wide == 1 else 1 << (4 * wide)), "a number that is not spelt in the shortest way")
        return kind, number

    def item(self):
        simple = {b"\xf4": False, b"\xf5": True, b"\xf6": None}
        if self.data[self.at : self.at + 1] in simple:
            self.at += 1
            return simple[self.data[self.at - 1 : self.at]]
        kind, number = self.head()
        if kind == 0:
            return number
        if kind == 2:
            return self.take(number)
        need(kind == 4 and number <= 100_000, "a kind of item that has no place here")
        return [self.item() for _ in range(number)]


def read(data):
    reader = Reader(data)
    item = reader.item()
    need(reader.at == len(data), "bytes after the end")
    return item


def head(kind, n):
    if n < 24:
        return bytes([kind << 5 | n])
    for short, wide in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << (8 * wide):
            return bytes([kind << 5 | short]) + n.to_bytes(wide, "big")
    raise Refused("a number too large")


def spell(item):
    if isinstance(item, int):
        return head(0, item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    return head(4, len(item)) + b"".join(map(spell, item))


def is_(item, *shape):
    """Whether an array has these elements: a number of bytes, or the type."""
    fits = isinstance(item, list) and len(item) == len(shape)
    for part, kind in zip(item if fits else [], shape):
        fits &= isinstance(part, bytes) and len(part) == kind if isinstance(kind, int) else isinstance(part, kind)
    need(fits, "an array of another shape")
    return item


# -- a push: WIRE.md, "A streaming body", "Items"
def frames(data):
    reader = Reader(data)
    while reader.at < len(data):
        kind, size = reader.head()
        need(kind == 2, "a frame is a byte string")
        yield reader.take(size)


def push(data, agency):
    parts = frames(data)
    manifest = read(next(parts, b""))
    need(isinstance(manifest, list) and len(manifest) in (3, 7), "the manifest of a push that brings, or that asks besides")
    version, theirs, runs = is_(manifest[:3], int, 32, list)
    need((version, theirs) == (1, agency), "the manifest of another version or agency")
    asks = len(manifest) == 7
    if asks:
        heads, again, _items, _bytes = is_(manifest[3:], list, list, int, int)
        places = [tuple(is_(line, 32, 16, int)[:2]) for line in heads]
        need(places == sorted(set(places)), "what is held is sorted, and none twice")
        for line in again:
            is_(line, 32, 16, int, int)
    return bodies(runs, parts, agency), asks


def page(parts, agency, hub):
    """The frames of an answer to a pull, where there are any: the runs that they bring, and checkpoints at most in their manifest."""
    first = next(parts, None)
    if first is None:
        return []
    version, theirs, _more, runs, statements, _heads = is_(read(first), int, 32, bool, list, list, bytes)
    need((version, theirs) == (1, agency), "the manifest of another version or agency")
    for bytes_ in statements:
        statement(bytes_, agency, hub["key"])
    return bodies(runs, parts, agency)


def bodies(runs, parts, agency):
    """What the frames behind a manifest bring of its runs."""
    known = {"audiences": [], "hashes": {}}
    out = []
    for run in runs:
        owner, device, journal, first, before, count = is_(run, bytes, 32, 16, int, 32, int)
        need(owner in (b"", agency) and first >= 1, "a run of another agency")
        need(first > 1 or before == tagged("journal", agency, device, journal), "not the beginning of this journal")
        entries, link, memory = [], before, {"roster": None, "cases": {}}
        while len(entries) < count:
            item = read(next(parts, b""))
            place = {"device": device, "journal": journal, "seq": first + len(entries), "prev": link}
            entry = entry_of(item, place, agency, memory, known)
            link = tagged("link", link, sha(entry["header"]))
            entry["link"] = link
            entries.append(entry)
        out.append({"device": device, "journal": journal, "first": first, "entries": entries})
    need(next(parts, None) is None, "more items than the manifest announces")
    return out


def entry_of(item, place, agency, memory, known):
    need(isinstance(item, list) and len(item) > 2 and isinstance(item[0], int) and item[0] >= 2, "not an entry in short form")
    left = iter(item[1:])

    def then(*kinds):
        part = next(left, None)
        for kind in kinds:
            if isinstance(kind, int) and isinstance(part, bytes) and len(part) == kind:
                return part
            if not isinstance(kind, int) and isinstance(part, kind):
                return part
        raise Refused("an element of an item")

    kind, flags = (item[0] - 2) % 3, (item[0] - 2) // 3
    need(flags < 16, "a flag that is not known")
    key = place["seq"] - then(int)
    need(1 <= key <= place["seq"], "the number of a slip")
    case = then(16) if flags & 1 else memory["cases"].get(key)
    roster = then(list) if flags & 2 else None
    target = is_(then(list), 32, 32, 16, int, 32, int, bytes) if kind == 2 else []
    wraps = kind == 1 or (kind == 2 and target[5] == 0)
    audience = then(list, int) if wraps else []
    spelt_out = isinstance(audience, list)
    if not spelt_out:
        need(audience < len(known["audiences"]), "an audience that was not spelt out")
        audience = known["audiences"][audience]
    for reader in audience:
        is_(reader, 32, 32, 32)
    need(audience == sorted(audience) and bool(audience) == wraps, "the audience")
    if roster is None:
        need(memory["roster"] is not None, "the roster of nothing")
        roster = [memory["roster"]]
        if wraps:
            roster.append(known["hashes"].get(roster[0]))
    need(len(roster) == (2 if wraps else 1) and None not in roster, "the roster")
    commitment = then(32)
    parts = then(list) if flags & 8 else []
    signature = then(64)
    if flags & 4:
        digest, size, envelope = then(32), then(int), None
    else:
        envelope = then(bytes)
        digest, size = sha(envelope), len(envelope)
    need(next(left, None) is None, "elements too many")
    # What could be left out must be, and what could not is there.
    knows_case = kind == 0 and memory["cases"].get(key) == case
    knows_roster = memory["roster"] == roster[0] and (not wraps or known["hashes"].get(roster[0]) == roster[1])
    need(case is not None and knows_case != bool(flags & 1), "the case")
    need(knows_roster != bool(flags & 2), "the roster is said twice or not at all")
    need(not wraps or spelt_out != (audience in known["audiences"]), "the audience is said twice")
    memory["roster"], memory["cases"][key] = roster[0], case
    if wraps:
        known["hashes"].setdefault(roster[0], roster[1])
        if audience not in known["audiences"]:
            known["audiences"].append(audience)
    header = spell([1, agency, place["device"], place["journal"], place["seq"], place["prev"], kind, case, key, audience, roster,
                    commitment, digest, size, parts, target])
    return {"header": header, "signature": signature, "envelope": envelope, "seq": place["seq"], "kind": kind}


# -- the answer: WIRE.md "Messages"; statements: keys/STATEMENTS.md
def statement(data, agency, key):
    version, purpose, payload, signatures = is_(read(data), int, int, bytes, list)
    need(version == 1 and len(signatures) == 1, "a statement with one signature")
    name, signature = is_(signatures[0], 32, 64)
    need(name == tagged("signing-key", key), "signed in the name of another key")
    word = {4: b"receipt", 5: b"checkpoint"}.get(purpose)
    need(word is not None, "a statement that has no place in an answer")
    verify(key, b"amanat/v1/" + word + b"\0" + agency + payload, signature)
    return purpose, payload


def answer(data, runs, agency, hub):
    version, answers, refused, statements = is_(read(data), int, list, list, list)
    need(version == 1 and refused == [] and len(answers) == len(runs), "not one answer for each run, or refusals")
    receipts, checkpoints = [], []
    for bytes_ in statements:
        purpose, payload = statement(bytes_, agency, hub["key"])
        if purpose == 4:
            receipts.append(is_(read(payload), int, 32, 32, 32, int, int, 32, int, 32, 16, int, 32, int, int))
        else:
            checkpoints.append((is_(read(payload), int, 32, 32, int, int, 32, 32, int), sha(payload)))
    need(len(checkpoints) == 1 and len(receipts) == len(runs), "one checkpoint, and a receipt for each run")
    checkpoint, _ = checkpoints[0]
    for run, told in zip(runs, answers):
        code, number, link = is_(told, int, int, 32)
        last = run["entries"][-1]
        need(code == 0 and (number, link) == (last["seq"], last["link"]), "the answer is not where our chain leads")
        mine = [r for r in receipts if (r[8], r[9]) == (run["device"], run["journal"])]
        need(len(mine) == 1, "a receipt for each run")
        receipt = mine[0]
        need((receipt[10], receipt[11]) == (last["seq"], last["link"]), "the receipt is not where our chain leads")
        need((receipt[0], receipt[1], receipt[2]) == (1, agency, hub["id"]), "a receipt for another agency or hub")
        need(receipt[3] == tagged("signing-key", hub["key"]), "a receipt in the name of another key")
        need(receipt[4:7] == [checkpoint[3], checkpoint[4], checkpoint[5]], "a receipt beside its checkpoint")
        need(receipt[12] <= receipt[10], "complete beyond its own number")
    need((checkpoint[0], checkpoint[1], checkpoint[2]) == (1, agency, hub["id"]), "a checkpoint for another agency or hub")
    return receipts, checkpoint


def check(request, reply, keys):
    agency = bytes.fromhex(keys["agency"])
    devices = {bytes.fromhex(name): bytes.fromhex(key) for name, key in keys["devices"].items()}
    hub = {name: bytes.fromhex(value) for name, value in keys["hub"].items()}
    runs, asks = push(request, agency)
    new = []
    if asks:
        # The reply in a frame, and behind it those of a page.
        parts = frames(reply)
        reply = next(parts, b"")
        new = page(parts, agency, hub)
    receipts, checkpoint = answer(reply, runs, agency, hub)
    for run in runs + new:
        need(run["device"] in devices, "a device that the roster does not list")
        for entry in run["entries"]:
            verify(devices[run["device"]], b"amanat/v1/entry\0" + agency + entry["header"], entry["signature"])
    return runs, new, receipts, checkpoint


def main(words):
    step = int(words.pop(1)) if words[0] == "--flip" else None
    request, reply = (open(path, "rb").read() for path in words[-3:-1])
    keys = json.load(open(words[-1]))
    runs, new, receipts, checkpoint = check(request, reply, keys)
    if step is None:
        said = lambda runs: [{"device": run["device"].hex(), "journal": run["journal"].hex(),
                 "entries": [{"seq": e["seq"], "kind": e["kind"], "header": e["header"].hex(), "link": e["link"].hex(),
                              "bytes": None if e["envelope"] is None else len(e["envelope"])} for e in run["entries"]]}
                for run in runs]
        print(json.dumps({"runs": said(runs), "page": said(new), "received": [[r[9].hex(), r[10], r[11].hex()] for r in receipts],
                          "checkpoint": checkpoint[4]}))
        return
    flips = 0
    for name, data in (("request", request), ("answer", reply)):
        for at in range(0, len(data), step):
            other = bytearray(data)
            other[at] ^= 1 << (at // step) % 8
            try:
                check(bytes(other) if name == "request" else request, bytes(other) if name == "answer" else reply, keys)
            except Refused:
                flips += 1
            else:
                raise Refused(f"byte {at} of the {name} turned over, and nobody noticed")
    print(json.dumps({"refused": flips}))


try:
    main(sys.argv[1:])
except Refused as why:
    sys.exit(f"refused: {why}")
