"""erasure.py: writes the vectors of erasure orders from STATEMENTS.md, for the agency of statements.json. Run by hand; its output is
checked in.

    pip install cryptography zstandard
    python3 keys/tests/vectors/erasure.py
"""
import json
import os

from spec import HERE, SigningKey, cbor, made_up, sha256, write


def statement(agency, payload, signers):
    rows = sorted([key.id, key.sign("erasure", agency, payload)] for key in signers)
    return cbor([1, 11, payload, rows])


def main():
    with open(os.path.join(HERE, "statements.json"), encoding="utf-8") as file:
        agency = bytes.fromhex(json.load(file)["agency"])
    roots, stranger = [SigningKey("root 1"), SigningKey("root 2")], SigningKey("device 1")
    case, reason = made_up("erased case", 16), made_up("reason of the erasure", 32)

    def target(device, journal, seq, label):
        return [made_up(f"device {device}", 32), made_up(f"journal {journal}", 16), seq, made_up(f"header {label}", 32)]

    targets = sorted(target(d, j, seq, f"{d} {j} {seq}")
                     for d, j, seq in [(1, 1, 1), (1, 1, 2), (1, 1, 300), (1, 2, 70_000), (2, 3, 2**39 - 1)])

    def payload(agency=agency, reason=reason, targets=targets):
        return cbor([1, agency, case, reason, targets])

    twice = [targets[0], [*targets[0][:3], made_up("header of another history", 32)], *targets[1:]]
    broken = {
        "no entry": payload(targets=[]),
        "unsorted": payload(targets=list(reversed(targets))),
        "one place twice": payload(targets=twice),
        "number 0": payload(targets=[target(1, 1, 0, "0")]),
        "its own reason": payload(reason=targets[2][3]),
        "a row too short": payload(targets=[targets[0][:3]]),
        "another version": cbor([2, agency, case, reason, targets]),
        "a sixth element": cbor([1, agency, case, reason, targets, 0]),
        "longer integers": payload(targets=[targets[0]]).replace(b"\x84", b"\x98\x04", 1),
    }
    write("erasure.json", {
        "case": case.hex(),
        "reason": reason.hex(),
        "targets": [[d.hex(), j.hex(), seq, h.hex()] for d, j, seq, h in targets],
        "payload": payload().hex(),
        "payload hash": sha256(payload()).hex(),
        "both admins": statement(agency, payload(), roots).hex(),
        "one admin": statement(agency, payload(), roots[:1]).hex(),
        "one admin and a device": statement(agency, payload(), [roots[0], stranger]).hex(),
        "another agency's": statement(agency, payload(agency=made_up("another agency", 32)), roots).hex(),
        "signed for another agency": statement(made_up("another agency", 32), payload(), roots).hex(),
        "broken": {name: statement(agency, body, roots).hex() for name, body in broken.items()},
    })


main()
