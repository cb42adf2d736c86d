"""hub_key.py: writes the vectors of a hub's next receipt key from STATEMENTS.md, for the agency of statements.json: its request, the
rosters that list it with a ninth element, and broken ones of both. Run by hand; its output is checked in.

    pip install cryptography zstandard
    python3 keys/tests/vectors/hub_key.py
"""
import json
import os

from make import roster_payload, spki_of
from spec import HERE, Identity, SigningKey, cbor, device_of, made_up, sha256, spoken, statement, write


def end(hub, epoch, last):
    return hub + epoch.to_bytes(8, "big") + last.to_bytes(8, "big")


def main():
    with open(os.path.join(HERE, "statements.json"), encoding="utf-8") as file:
        held = json.load(file)
    agency, none = bytes.fromhex(held["agency"]), bytes(32)
    roots, devices = [SigningKey("root 1"), SigningKey("root 2")], [SigningKey("device 1"), SigningKey("device 2")]
    older, newer, third, stranger = (SigningKey(f"hub {name}") for name in ("receipt", "receipt 2", "receipt 3", "of somebody"))
    hub, transport = device_of(older), Identity("hub transport").public

    def request(agency=agency, kind=4, key=newer, recipient=transport, offered=end(hub, 1, 7), url="", more=()):
        return cbor([1, agency, kind, "HQ hub", key.public, 0, recipient, offered, url, made_up("hub's next key", 32), *more])

    def asked(payload, signers, agency=agency):
        return statement("join-request", agency, payload, signers).hex()

    tls_keys = b"".join(spki_of(SigningKey(f"hub TLS{name}")) for name in ("", ", next"))

    def row(key, *ninth):
        return [hub, "HQ hub", "https://127.0.0.1:8443", key.public, transport, tls_keys, 0, 0, *ninth]

    def roster(version, previous, hubs):
        return roster_payload(agency, version, previous, devices, hubs)

    second = roster(2, sha256(roster_payload(none, 1, none, devices[:1], [])), [row(older)])
    assert sha256(second).hex() == held["roster 2 hash"], "roster 2 is the one of statements.json"

    def listed(version, previous, *hub_row):
        return statement("roster", agency, roster(version, previous, [row(*hub_row)]), roots).hex()

    after = sha256(second)
    third_roster = roster(3, after, [row(newer, [[older.public, 1, 7]])])
    write("hub_key.json", {
        "hub": hub.hex(),
        "keys": {name: key.public.hex() for name, key in (("older", older), ("newer", newer), ("third", third))},
        "epoch": 1,
        "last": 7,
        "payload": request().hex(),
        "words": spoken("join-words", request()),
        "request": asked(request(), [newer, older]),
        "request of a hub that has signed nothing": asked(request(offered=end(hub, 1, 0)), [newer, older]),
        "not by the listed key": asked(request(), [newer]),
        "by somebody beside it": asked(request(), [newer, stranger]),
        "of a hub that is not listed": asked(request(offered=end(device_of(stranger), 1, 7)), [newer, older]),
        "not by the key inside": asked(request(), [older]),
        "broken requests": {
            "of epoch 0": asked(request(offered=end(hub, 0, 7)), [newer, older]),
            "an end cut by a byte": asked(request(offered=end(hub, 1, 7)[:-1]), [newer, older]),
            "an end with a byte more": asked(request(offered=end(hub, 1, 7) + b"\0"), [newer, older]),
            "nothing offered": asked(request(offered=b""), [newer, older]),
            "of no agency": asked(request(agency=none), [newer, older], none),
            "with a url": asked(request(url="https://127.0.0.1:8443"), [newer, older]),
            "without a recipient": asked(request(recipient=b""), [newer, older]),
            "of a kind that nobody has": asked(request(kind=5), [newer, older]),
            "with an eleventh element": asked(request(more=[0]), [newer, older]),
        },
        "roster 3": statement("roster", agency, third_roster, roots).hex(),
        "roster 4": listed(4, sha256(third_roster), third, [[older.public, 1, 7], [newer.public, 1, 7]]),
        "broken rosters": {
            "an empty ninth element": listed(3, after, newer, []),
            "a tenth element": listed(3, after, newer, [[older.public, 1, 7]], 0),
            "a retired key that is in use": listed(3, after, older, [[older.public, 1, 7]]),
            "a retired key twice": listed(3, after, newer, [[older.public, 1, 7], [older.public, 1, 9]]),
            "a retired key that is a device's": listed(3, after, newer, [[devices[0].public, 1, 7]]),
            "a number that falls": listed(3, after, newer, [[older.public, 1, 7], [third.public, 1, 6]]),
            "an epoch that falls": listed(3, after, newer, [[older.public, 2, 7], [third.public, 1, 9]]),
            "a retired key cut by a byte": listed(3, after, newer, [[older.public[:-1], 1, 7]]),
            "a retired key with a fourth element": listed(3, after, newer, [[older.public, 1, 7, 0]]),
        },
    })


main()
