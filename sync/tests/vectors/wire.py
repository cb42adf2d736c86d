"""wire.py: bodies of the wire, messages, signed requests, a bundle and a join pack. Run by hand; its output is checked in.

Written from `sync/WIRE.md`, `sync/BUNDLE.md` and `keys/STATEMENTS.md`, and from nothing of the program.

    pip install cryptography zstandard
    python3 sync/tests/vectors/wire.py
"""
import base64
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "keys", "tests", "vectors"))
from spec import (Identity, Raw, SigningKey, cbor, cbor_head, device_of, header, made_up, padme, payload, sha256, stanza,  # noqa: E402
                  statement, tagged, write)

AGENCY, PEER = made_up("wire agency", 32), made_up("wire peer agency", 32)
LAPTOP, TABLET, HUB = SigningKey("wire laptop"), SigningKey("wire tablet"), SigningKey("wire hub")
READERS = sorted([AGENCY, made_up(f"wire unit {n}", 32), Identity(f"wire unit {n}").id] for n in range(3))
NULL = b"\xf6"


def hexed(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: hexed(item) for name, item in value.items()}
    return [hexed(item) for item in value] if isinstance(value, (list, tuple)) else value


# -- entries

class Entry:
    def __init__(self, elements, signer, agency, envelope):
        self.elements, self.bytes, self.envelope = elements, cbor(elements), envelope
        self.signature = signer.sign("entry", agency, self.bytes)
        self.hash = sha256(self.bytes)

    def shown(self):
        return {"bytes": self.bytes, "signature": self.signature, "envelope": self.envelope}


class Elided:
    def __init__(self, entry):
        self.hash = entry.hash


class Journal:
    """What one device writes, in order; each method gives the number of what it wrote."""

    def __init__(self, signer, label, agency=AGENCY):
        self.signer, self.agency, self.device, self.journal = signer, agency, device_of(signer), made_up("wire journal " + label, 16)
        self.links, self.entries = [tagged("journal", agency, self.device, self.journal)], []

    def put(self, kind, case, key, envelope, audience=(), roster=(4,), parts=(), target=(), commitment=None, version=1, more=()):
        seq, label = len(self.entries) + 1, f"{self.journal.hex()} {len(self.entries)}"
        elements = [version, self.agency, self.device, self.journal, seq, self.links[-1], kind, case, key or seq, list(audience),
                    list(roster), commitment or made_up("commitment " + label, 32), sha256(envelope), len(envelope), list(parts),
                    list(target), *more]
        entry = Entry(elements, self.signer, self.agency, envelope)
        self.entries.append(entry)
        self.links.append(tagged("link", self.links[-1], entry.hash))
        return seq

    def slip(self, case, readers, version=4):
        return self.put(1, case, 0, b"a slip of " + case[:4], readers, [version, made_up(f"wire roster {version}", 32)])

    def sealed(self, case, slip, size=60, version=4, parts=()):
        return self.put(0, case, slip, made_up(f"envelope {slip} {len(self.entries)}", size), (), [version], parts)

    def stand_in(self, seq, what, key=0, version=5, readers=(), replaces=b""):
        """`what`: 0 rewrap, 1 reseal, 2 erasure."""
        old = self.entries[seq - 1]
        target = [self.agency, self.device, self.journal, seq, old.hash, what, replaces]
        roster = [version] + ([made_up(f"wire roster {version}", 32)] if what == 0 else [])
        envelope = b"" if what == 2 else made_up(f"stand-in {seq}", 80)
        return self.put(2, old.elements[7], key, envelope, readers, roster, (), target, old.elements[11])


class Run:
    def __init__(self, journal, first, items):
        self.journal, self.first, self.items = journal, first, items

    def head(self, agency):
        j = self.journal
        return [b"" if j.agency == agency else j.agency, j.device, j.journal, self.first, j.links[self.first - 1], len(self.items)]

    def shown(self):
        """Hashes of consecutive entries that are left out stand in one string."""
        j, items = self.journal, []
        for item in self.items:
            if isinstance(item, Entry):
                items.append(item.shown())
            elif items and "elided" in items[-1]:
                items[-1]["elided"] += item.hash
            else:
                items.append({"elided": item.hash})
        return {"agency": j.agency, "device": j.device, "journal": j.journal, "first": self.first, "before": j.links[self.first - 1],
                "items": items}


# -- items (WIRE.md, *Items*): what the receiver can rebuild is left out

class Memory:
    """What both ends know along a body."""

    def __init__(self):
        self.audiences, self.hashes, self.roster, self.cases = [], {}, None, {}

    def next_run(self):
        self.roster, self.cases = None, {}

    def item(self, entry):
        h = entry.elements
        if h[0] != 1:
            envelope = Raw(NULL) if entry.envelope is None else entry.envelope
            return cbor([1, entry.bytes, entry.signature, envelope])
        kind, seq, case, key, audience, roster, parts, target = h[6], h[4], h[7], h[8], h[9], h[10], h[14], h[15]
        wraps = kind == 1 or (kind == 2 and target[5] == 0)
        says_case = not (kind == 0 and self.cases.get(key) == case)
        says_roster = not (self.roster == roster[0] and (len(roster) == 1 or self.hashes.get(roster[0]) == roster[1]))
        bare = entry.envelope is None
        out = [2 + kind + 3 * (says_case + 2 * says_roster + 4 * bare + 8 * bool(parts)), seq - key]
        out += [case] * says_case + [roster] * says_roster
        if kind == 2:
            out.append(target)
        if wraps:
            out.append(self.audiences.index(audience) if audience in self.audiences else audience)
        out.append(h[11])
        if parts:
            out.append(parts)
        out.append(entry.signature)
        out += [h[12], h[13]] if bare else [entry.envelope]
        self.learn(key, case, audience, roster, wraps)
        return cbor(out)

    def learn(self, key, case, audience, roster, wraps):
        self.roster, self.cases[key] = roster[0], case
        if len(roster) == 2:
            self.hashes[roster[0]] = roster[1]
        if wraps and audience not in self.audiences:
            self.audiences.append(audience)


def frame(content):
    return cbor(content)


def frames_of(runs):
    memory, out = Memory(), b""
    for n, run in enumerate(runs):
        if n:
            memory.next_run()
        waiting = []
        for item in run.items + [None]:
            if isinstance(item, Elided):
                waiting.append(item.hash)
                continue
            if waiting:
                out += b"".join(frame(cbor([0, b"".join(waiting[at:at + 1024])])) for at in range(0, len(waiting), 1024))
                waiting = []
            if item is not None:
                out += frame(memory.item(item))
    return out


def push_body(runs, agency=AGENCY, question=()):
    return frame(cbor([1, agency, [run.head(agency) for run in runs], *question])) + frames_of(runs)


FALSE, TRUE = b"\xf4", b"\xf5"


def pull_body(runs, more, statements, heads, agency=AGENCY):
    manifest = cbor([1, agency, Raw(TRUE if more else FALSE), [run.head(agency) for run in runs], statements, heads])
    return frame(manifest) + frames_of(runs)


def story():
    """Every kind of entry, and every case in which something can be left out and in which it cannot."""
    laptop, tablet = Journal(LAPTOP, "laptop"), Journal(TABLET, "tablet", PEER)
    x, y = made_up("wire case x", 16), made_up("wire case y", 16)
    first = laptop.slip(x, READERS[:2])
    laptop.sealed(x, first)
    laptop.sealed(x, first, 300, parts=[[made_up("wire part", 32), 90_000], [made_up("wire part 2", 32), 33]])
    other = laptop.slip(y, READERS[:2])
    laptop.sealed(y, other)
    laptop.sealed(x, first)
    laptop.stand_in(first, 0, readers=READERS)
    laptop.stand_in(2, 1, first)
    laptop.stand_in(3, 2)
    laptop.sealed(y, other, version=5)
    laptop.put(3, y, other, b"of a later version", version=2, more=("more", [1]))
    laptop.sealed(y, other, 400, version=5)
    laptop.entries[9].envelope = None
    mine = Run(laptop, 1, laptop.entries)
    slip = tablet.slip(y, READERS[:2])
    for _ in range(1_030):
        tablet.sealed(y, slip, 40)
    again = tablet.slip(x, READERS[:2])
    tablet.sealed(x, again)
    tablet.sealed(y, slip)
    shown = {0, 2, 1_031, 1_032, 1_033}
    items = [e if n in shown else Elided(e) for n, e in enumerate(tablet.entries)]
    return mine, Run(tablet, 1, items), Run(tablet, 1_029, items[1_028:]), Run(laptop, 5, laptop.entries[4:6])


def bodies():
    mine, theirs, tail, part = story()
    hub_words = words(mine.journal)
    heads = cbor(hub_words["heads"])
    # What a pull request has behind its agency.
    question = [[[device_of(LAPTOP), mine.journal.journal, 5]], [[device_of(TABLET), theirs.journal.journal, 2, 4]], 1000, 2**20]
    pulls = [("everything", [tail, mine], True, [hub_words["receipt"], hub_words["checkpoint"]], heads),
             ("nothing", [], False, [], b"")]
    write("bodies.json", hexed({
        "agency": AGENCY,
        "pushes": [{"name": name, "runs": [run.shown() for run in runs], "body": push_body(runs)}
                   for name, runs in (("one run", [mine]), ("a tail and a part", [tail, part]), ("a part and the whole", [part, theirs]),
                                      ("no entry", [Run(mine.journal, 13, [])]), ("no run", []))],
        "asking": {"runs": [part.shown()], "question": question, "body": push_body([part], question=question),
                   "reply": cbor([1, [], [], []]), "page": pull_body([], False, [], b""),
                   "answer": frame(cbor([1, [], [], []])) + pull_body([], False, [], b"")},
        "pulls": [{"name": name, "more": more, "runs": [run.shown() for run in runs], "statements": statements, "heads": heads,
                   "body": pull_body(runs, more, statements, heads)} for name, runs, more, statements, heads in pulls],
        "frames": [{"size": size, "head": cbor_head(2, size)} for size in (0, 1, 23, 24, 255, 256, 65_535, 65_536, 2**20)],
    }), HERE)


def words(journal):
    """A receipt and a checkpoint of the hub, and the list that the checkpoint hashes."""
    last = len(journal.entries)
    heads = [[journal.device, journal.journal, last, journal.links[last]]]
    checkpoint = cbor([1, AGENCY, device_of(HUB), 1, 2, made_up("wire checkpoint 1", 32), sha256(cbor(heads)), 1_790_000_200_000])
    receipt = cbor([1, AGENCY, device_of(HUB), HUB.id, 1, 2, made_up("wire checkpoint 1", 32), 5, journal.device, journal.journal, last,
                    journal.links[last], last, 1_790_000_200_000])
    return {"heads": heads, "checkpoint": statement("checkpoint", AGENCY, checkpoint, [HUB]),
            "receipt": statement("receipt", AGENCY, receipt, [HUB])}


# -- messages: the elements behind version (and agency), as WIRE.md lists them

def messages():
    device, journal, link = device_of(LAPTOP), made_up("wire journal laptop", 16), made_up("wire link", 32)
    other = sorted([device_of(LAPTOP), device_of(TABLET)])
    digest = made_up("wire part", 32)
    part = [device, journal, 3, digest]
    rows = [
        ("push reply", [1, [[0, 12, link], [1, 3, link], [2, 0, link], [3, 7, link], [4, 6, link]], [[0, 9, 1], [4, 2**39 - 1, 11]],
                        [made_up("wire statement", 40)]]),
        ("push reply", [1, [], [], []]),
        ("pull request", [1, AGENCY, [[d, journal, 5] for d in other], [[device, journal, 2, 4]], 1000, 2**20]),
        ("pull request", [1, AGENCY, [], [], 0, 2**64 - 1]),
        ("documents request", [1, AGENCY, [[2, bytes(32), 3], [6, link, 2**32]], [b"", made_up("wire statement", 300)]]),
        ("documents reply", [1, [made_up("wire statement", 24)], True]),
        ("documents reply", [1, [], False]),
        ("rosters request", [1, AGENCY, 23, link]),
        ("rosters request", [1, AGENCY, 24, link]),
        ("parts request", [1, AGENCY, 0, [part, [device, journal, 2**39 - 1, digest]]]),
        ("parts request", [1, AGENCY, 1, part, 65_536, made_up("wire piece", 300)]),
        ("parts request", [1, AGENCY, 2, part, 0, 2**20]),
        ("parts reply", [1, [[0, 0], [1, 0], [1, 70_000], [2, 0], [3, 0], [4, 0], [5, 0]], made_up("wire piece", 30), [b"x"]]),
        ("team request", [1, AGENCY]),
        ("team reply", [1, 1_790_000_000_000, 1_790_000_100_000, [[other[0], 0], [other[1], 1_790_000_050_000, 7, 3, 0, 1_795_000_000_000]]]),
    ]
    spelt = {True: Raw(TRUE), False: Raw(FALSE)}
    out = [{"message": name, "elements": hexed(elements), "bytes": cbor([spelt[e] if isinstance(e, bool) else e for e in elements]).hex()}
           for name, elements in rows]
    said = {"roster": 7, "waiting": 3, "aside": 0, "clock": 1_795_000_000_000}
    write("messages.json", {"messages": out, "said": {**said, "query": "roster=7&waiting=3&aside=0&clock=1795000000000"}}, HERE)


# -- a signed request (WIRE.md, *Over HTTP*; RFC 9421 section 2.5)

COVERED = ["@method", "@authority", "@path", "@query", "content-digest", "amanat-agency", "amanat-hub", "amanat-checkpoint"]


def base64_of(data):
    return base64.b64encode(data).decode()


def content_digest(body):
    return "sha-256=:" + base64_of(sha256(body)) + ":"


def parameters(device, nonce, covered=COVERED, alg='"ed25519"', tag='"amanat-v1"', more=""):
    names = " ".join(f'"{name}"' for name in covered)
    return f'({names});keyid="{device.hex()}";alg={alg};nonce="{base64_of(nonce)}";tag={tag}{more}'


def base(values, said, covered=COVERED):
    return "".join(f'"{name}": {values[name]}\n' for name in covered) + f'"@signature-params": {said}'


def values_of(path, authority="127.0.0.1:7070", query="?", body=b"", checkpoint=bytes(32)):
    return dict(zip(COVERED, ["POST", authority, path, query, content_digest(body), AGENCY.hex(), HUB.id.hex(), checkpoint.hex()]))


def requests():
    part = story()[3]
    push, manifest = push_body([part]), cbor([1, AGENCY, [part.head(AGENCY)]])
    rows = [
        ("push", push, manifest, {"query": "?roster=5&waiting=12&aside=0&clock=1795000000000"}),
        ("pull", cbor([1, AGENCY, [], [], 1000, 2**20]), None, {"authority": "hub.example.pk", "checkpoint": made_up("wire checkpoint", 32)}),
        ("documents", cbor([1, AGENCY, [], []]), None, {"authority": "[::1]:8443"}),
        ("parts", cbor([1, AGENCY, 0, []]), None, {"authority": "hub.example.pk:8443"}),
        ("team", cbor([1, AGENCY]), None, {}),
    ]
    out = []
    for n, (verb, body, signed, other) in enumerate(rows):
        nonce, device = made_up(f"wire nonce {n}", 16), device_of(LAPTOP)
        values = values_of("/v1/" + verb, body=body if signed is None else signed, **other)
        said = parameters(device, nonce)
        text = base(values, said)
        signed_with = LAPTOP.key.sign(text.encode())
        out.append({"path": "/v1/" + verb, "body": body.hex(), "signed_body": (body if signed is None else signed).hex(), "values": values,
                    "device": device.hex(), "nonce": nonce.hex(), "base": text, "signature_input": "amanat=" + said,
                    "signature": f"amanat=:{base64_of(signed_with)}:", "short": base64_of(device + nonce + signed_with)})
    nonces = [made_up(f"wire given nonce {n}", 16) for n in range(2)]
    write("requests.json", {"seed": LAPTOP.secret.hex(), "public": LAPTOP.public.hex(), "requests": out,
                            "nonces": {"given": hexed(nonces), "field": ", ".join(base64_of(n) for n in nonces)}}, HERE)


# -- a bundle (BUNDLE.md) and a join pack

PIECE = 512 * 1024


def age_file(reader, plain, label):
    """One stanza; grease is a thing that a writer may leave out."""
    key = made_up("bundle key " + label, 16)
    return header(key, [stanza(reader, key, "bundle " + label)]) + payload(key, made_up("bundle nonce " + label, 16), plain)


def bundle_plain(signer, to, runs, papers=(), heads=b"", checkpoint=(), parts=(), roster=5):
    """`parts`: [device, journal, number, envelope]."""
    weighs = sum(len(i.bytes) + 64 + len(i.envelope or b"") if isinstance(i, Entry) else 32 for run in runs for i in run.items)
    lines = [[d, j, n, sha256(e), len(e)] for d, j, n, e in parts]
    manifest = cbor([1, AGENCY, device_of(signer), to, [run.head(AGENCY) for run in runs], list(checkpoint), roster, len(papers),
                     sum(len(run.items) for run in runs), weighs, lines])
    out = frame(statement("bundle", AGENCY, manifest, [signer])) + b"".join(map(frame, papers)) + frame(heads) + frames_of(runs)
    for *_, envelope in parts:
        out += b"".join(frame(envelope[at:at + PIECE]) for at in range(0, len(envelope), PIECE))
    return manifest, out + bytes(padme(len(out)) - len(out))


def bundles():
    mine, theirs, tail, part = story()
    said = words(mine.journal)
    reader = Identity("bundle reader")
    small, large = made_up("bundle part", 33), made_up("bundle part 2", 700)
    at = [mine.journal.device, mine.journal.journal, 3]
    out = []
    for name, fields in (
        ("to the hub", dict(to=[device_of(HUB)], runs=[part])),
        ("to a unit", dict(to=[READERS[0][1], device_of(TABLET)], runs=[tail, mine], papers=[said["checkpoint"], said["receipt"]],
                           heads=cbor(said["heads"]), checkpoint=[1, 2, made_up("wire checkpoint 2", 32)],
                           parts=[[*at, small], [*at, large]])),
        ("of nothing", dict(to=[READERS[0][1]], runs=[])),
    ):
        manifest, plain = bundle_plain(LAPTOP, **fields)
        lines = fields.get("parts", [])
        out.append({"name": name, "manifest": manifest, "papers": fields.get("papers", []), "heads": fields.get("heads", b""),
                    "runs": [run.shown() for run in fields["runs"]], "parts": [envelope for *_, envelope in lines],
                    "plaintext": plain, "file": age_file(reader, plain, name)})
    pack = [1, [made_up("pack roster 1", 30), made_up("pack roster 2", 300)], [made_up("pack unit keys", 24)], []]
    write("bundles.json", hexed({"reader": reader.text, "seed": LAPTOP.secret, "bundles": out,
                                 "pack": {"elements": pack, "bytes": cbor(pack)}}), HERE)


if __name__ == "__main__":
    bodies()
    messages()
    requests()
    bundles()
