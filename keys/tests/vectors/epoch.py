"""epoch.py: writes the vectors of an admin's word on a restored hub from STATEMENTS.md, for the agency of statements.json. Run by hand;
its output is checked in.

    pip install cryptography zstandard
    python3 keys/tests/vectors/epoch.py
"""
import json
import os

from spec import HERE, SigningKey, cbor, device_of, made_up, sha256, write


def statement(agency, payload, signers, purpose="epoch", number=9):
    rows = sorted([key.id, key.sign(purpose, agency, payload)] for key in signers)
    return cbor([1, number, payload, rows])


def main():
    with open(os.path.join(HERE, "statements.json"), encoding="utf-8") as file:
        held = json.load(file)
    agency, none = bytes.fromhex(held["agency"]), bytes(32)
    roots, stranger = [SigningKey("root 1"), SigningKey("root 2")], SigningKey("device 1")
    hub, hash_ = device_of(SigningKey("hub receipt")), made_up("checkpoint 41", 32)

    def payload(version=1, agency=agency, hub=hub, old=1, number=41, hash_=hash_, new=2, reason="Disk lost; backup of 24 Nov."):
        return cbor([version, agency, hub, old, number, hash_, new, reason])

    broken = {
        "an epoch of nothing": payload(old=0),
        "an epoch that stays": payload(new=1),
        "an epoch that falls": payload(old=3, new=2),
        "a number without a hash": payload(hash_=none),
        "a hash without a number": payload(number=0),
        "no reason": payload(reason=""),
        "a reason of blanks": payload(reason="  "),
        "a reason of two lines": payload(reason="a\nb"),
        "a reason too long": payload(reason="a" * 513),
        "another version": payload(version=2),
        "a ninth element": cbor([1, agency, hub, 1, 41, hash_, 2, "why", 0]),
        "longer integers": payload().replace(b"\x18\x29", b"\x19\x00\x29", 1),
    }
    write("epoch.json", {
        "hub": hub.hex(),
        "payload": payload().hex(),
        "payload hash": sha256(payload()).hex(),
        "one admin": statement(agency, payload(), roots[:1]).hex(),
        "both admins": statement(agency, payload(), roots).hex(),
        "of a hub without a checkpoint": statement(agency, payload(number=0, hash_=none), roots[1:]).hex(),
        "a device": statement(agency, payload(), [stranger]).hex(),
        "nobody": statement(agency, payload(), []).hex(),
        "signed as a codebook": statement(agency, payload(), roots[:1], purpose="codebook").hex(),
        "a codebook": statement(agency, payload(), roots[:1], purpose="codebook", number=6).hex(),
        "another agency's": statement(agency, payload(agency=made_up("another agency", 32)), roots[:1]).hex(),
        "another hub's": statement(agency, payload(hub=made_up("another hub", 32)), roots[:1]).hex(),
        "broken": {name: statement(agency, body, roots).hex() for name, body in broken.items()},
    })


main()
