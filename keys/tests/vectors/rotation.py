"""rotation.py: writes the vectors of words on a rotation from STATEMENTS.md, for the agency of statements.json. Run by hand; its output is
checked in.

    pip install cryptography zstandard kyber-py
    python3 keys/tests/vectors/rotation.py
"""
import json
import os

from spec import HERE, SigningKey, cbor, device_of, made_up, sha256, statement, tagged, write

CUSTODIAN, OFFICER, STRANGER = SigningKey("device 1"), SigningKey("device 2"), SigningKey("nobody's")
UNIT, CASE = made_up("unit HQ", 32), made_up("rotation case", 16)
SHUT, OTHERS, ATTACHED = 0, 1, 2


def main():
    with open(os.path.join(HERE, "statements.json"), encoding="utf-8") as file:
        agency = bytes.fromhex(json.load(file)["agency"])
    one, two = device_of(CUSTODIAN), device_of(OFFICER)
    journal, link = made_up("rotation journal", 16), made_up("rotation link", 32)
    hashes = sorted(made_up(f"left {n}", 32) for n in range(3))
    case = tagged("resealed-case", agency, CASE)
    left = [[hashes[0], SHUT], [hashes[1], OTHERS], [hashes[2], ATTACHED]]

    def word(said, by=one, device=one, serial=1, last=50, version=1, agency=agency):
        return cbor([version, agency, by, serial, device, journal, last, link, said])

    def resealed(case=case, first=40, entries=11, left=left, stragglers=(two,)):
        return [3, case, first, entries, left, list(stragglers)]

    def signed(body, signer=CUSTODIAN, purpose="rotation-certificate"):
        return statement(purpose, agency, body, [signer])

    words = {
        "opened": (word([0, [2, 5]], by=one, device=two, serial=50), tagged("rotation-opened", one, two, journal)),
        "rewrapped": (word([1, UNIT, 2, 4, 1, [two]]),
                      tagged("rotation-rewrapped", one, UNIT, (2).to_bytes(8, "big"))),
        "read": (word([2, [7]], by=one, device=two, serial=50), tagged("journal-read", one, two, journal)),
        "let go": (word([4, [9]], by=two, device=one), tagged("older-let-go", two, one, journal)),
        "resealed": (word(resealed()), tagged("case-resealed", one, case)),
        "resealed, nothing left": (word(resealed(left=[], stragglers=[]), serial=2), tagged("case-resealed", one, case)),
    }
    broken = {
        "left for a reason that there is not": resealed(left=[[hashes[0], 3]]),
        "left twice": resealed(left=[left[0], left[0]]),
        "left unsorted": resealed(left=left[::-1]),
        "left as three": resealed(left=[left[0] + [0]]),
        "devices unsorted": resealed(stragglers=sorted([one, two], reverse=True)),
        "devices twice": resealed(stragglers=[two, two]),
        "from number zero": resealed(first=0),
        "from behind its end": resealed(first=51, entries=1),
        "of nothing": resealed(entries=0),
        "more than the stretch holds": resealed(entries=12),
        "a case of 16 bytes": resealed(case=CASE),
        "five elements": resealed()[:-1],
        "of another kind": [4] + resealed()[1:],
        "let go of what lies behind": [4, [51]],
        "let go, unsorted": [4, [3, 2]],
    }
    write("rotation.json", {
        "case id": CASE.hex(), "case": case.hex(), "left": [[hash.hex(), why] for hash, why in left], "straggler": two.hex(),
        "words": {name: {"payload": body.hex(), "statement": signed(body, OFFICER if name == "let go" else CUSTODIAN).hex(), "about": about.hex(), "payload hash": sha256(body).hex()}
                  for name, (body, about) in words.items()},
        "resealed by an officer": signed(word(resealed(), by=two, device=two), OFFICER).hex(),
        "resealed in another's journal": signed(word(resealed(), device=two)).hex(),
        "resealed by a stranger": signed(word(resealed(), by=device_of(STRANGER), device=device_of(STRANGER)), STRANGER).hex(),
        "resealed in another's name": signed(word(resealed()), OFFICER).hex(),
        "resealed in another agency": signed(word(resealed(), agency=made_up("another agency", 32))).hex(),
        "resealed, a freshness": signed(word(resealed()), purpose="freshness").hex(),
        "broken": {name: signed(word(said)).hex() for name, said in broken.items()},
    })


if __name__ == "__main__":
    main()
