"""ceremony.py: writes the vectors of what admins hand on and of the recovery key's sheets from STATEMENTS.md, for the agency of
statements.json. Run by hand; its output is checked in.

    pip install cryptography zstandard
    python3 keys/tests/vectors/ceremony.py
"""
import json
import os

from spec import HERE, Identity, SigningKey, cbor, device_of, made_up, sha256, tagged, write


def statement(agency, payload, signers, purpose, number):
    rows = sorted([key.id, key.sign(purpose, agency, payload)] for key in signers)
    return cbor([1, number, payload, rows])


def proposals(held, agency, roots):
    """Handed on by the first device; the second one is another admin's."""
    first, second, stranger = SigningKey("device 1"), SigningKey("device 2"), SigningKey("device 3")
    mine = device_of(first)
    roster = bytes.fromhex(held["roster 2"])

    def payload(version=1, agency=agency, device=mine, serial=5, inside=roster):
        return b"\x85" + cbor(version) + cbor(agency) + cbor(device) + cbor(serial) + inside

    def sign(body, key=first, purpose="proposal", number=14):
        return statement(agency, body, [key], purpose, number).hex()

    return {
        "device": mine.hex(), "serial": 5, "payload": payload().hex(), "roster": roster.hex(),
        "whole": sign(payload()),
        "refused": {
            "NoAuthority": [sign(payload(), second), sign(payload(device=device_of(second))), sign(payload(), stranger),
                            sign(payload(device=device_of(stranger)), stranger), sign(payload(), roots[0])],
            "Signature": [cbor([1, 14, payload(), [[first.id, first.sign("roster", agency, payload())]]]).hex(),
                          cbor([1, 14, payload(), [[first.id, first.sign("proposal", bytes(32), payload())]]]).hex()],
            "OtherPurpose": [sign(payload(), purpose="roster", number=2),
                             sign(payload(inside=bytes.fromhex(held["join request"])))],
            "OtherAgency": [sign(payload(agency=made_up("another agency", 32)))],
            "Malformed": [sign(payload(version=2)), sign(payload() + b"\0"), sign(payload()[:-1]), sign(b"\x9f" + payload()[1:] + b"\xff"),
                          sign(payload().replace(cbor(mine) + b"\x05", cbor(mine) + b"\x18\x05")), sign(payload(inside=cbor(0)))],
        },
    }


def releases(agency, roots):
    program = made_up("a program", 3000)

    def payload(version=1, agency=agency, name="amanat", of="1.20.3", size=len(program), hash_=sha256(program)):
        return cbor([version, agency, name, of, size, hash_])

    def sign(body, keys=roots, purpose="release", number=15, over=agency):
        rows = sorted([key.id, key.sign(purpose, over, body)] for key in keys)
        return cbor([1, number, body, rows]).hex()

    bad = [payload(version=2), payload(name=""), payload(name="n" * 65), payload(size=0), payload(hash_=bytes(31)), payload() + b"\0"]
    bad += [payload(of=of) for of in ("", "1", "1.2", "1.2.3.4", "1.02.3", "1.2.-3", " 1.2.3", "1.2.3 ", "1..3", "١.٢.٣", "1.2.1000000000")]
    return {
        "program": program.hex(), "payload": payload().hex(), "whole": sign(payload()),
        "refused": {
            "TooFewSignatures": [sign(payload(), roots[:1]), sign(payload(), []), sign(payload(), [roots[0], SigningKey("device 0")]),
                                 sign(payload(), purpose="codebook"), sign(payload(), over=bytes(32))],
            "OtherPurpose": [sign(payload(), purpose="codebook", number=6)],
            "OtherAgency": [sign(payload(agency=made_up("another agency", 32)))],
            "Malformed": [sign(body) for body in bad],
        },
    }


# -- GF(256) by x^8 + x^4 + x^3 + x + 1, and Shamir's scheme over it, byte by byte

def times(a, b):
    out = 0
    while b:
        out ^= a if b & 1 else 0
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return out


def at(coefficients, x):
    out = 0
    for coefficient in reversed(coefficients):
        out = times(out, x) ^ coefficient
    return out


def shares():
    """Three of five, and two of two: the coefficients above the secret are made up."""
    with open(os.path.join(HERE, "..", "..", "src", "words.txt"), encoding="utf-8") as file:
        words = file.read().split()

    def sheet(body):
        whole = body + tagged("recovery-share", body)[:4] + b"\0"
        bits = "".join(f"{byte:08b}" for byte in whole)
        return " ".join(words[int(bits[i:i + 11], 2)] for i in range(0, 33 * 11, 11))

    out = []
    for m, n in ((3, 5), (2, 2), (16, 16)):
        identity = Identity(f"recovery {m} of {n}")
        noise = [made_up(f"recovery {m} of {n} coefficient {k}", 32) for k in range(1, m)]
        set_ = tagged("recovery-set", identity.id)[:4]
        values = [bytes(at([identity.secret[i]] + [c[i] for c in noise], x) for i in range(32)) for x in range(1, n + 1)]
        heads = [bytes([1, 1]) + set_ + bytes([m, n, x]) for x in range(1, n + 1)]
        good = heads[0] + values[0]
        broken = {"another version": bytes([2]) + good[1:], "of something else": good[:1] + bytes([2]) + good[2:],
                  "threshold of one": good[:6] + bytes([1]) + good[7:], "threshold above all": good[:6] + bytes([n + 1]) + good[7:],
                  "seventeen shares": good[:7] + bytes([17]) + good[8:], "number 0": good[:8] + bytes([0]) + good[9:],
                  "number above all": good[:8] + bytes([n + 1]) + good[9:]}
        out.append({"identity": identity.text, "recipient": identity.recipient, "set": set_.hex(), "threshold": m,
                    "sheets": [sheet(head + value) for head, value in zip(heads, values)],
                    "broken": {name: sheet(body) for name, body in broken.items()}})
    return out


def main():
    with open(os.path.join(HERE, "statements.json"), encoding="utf-8") as file:
        held = json.load(file)
    agency, roots = bytes.fromhex(held["agency"]), [SigningKey("root 1"), SigningKey("root 2")]
    write("ceremony.json", {"proposal": proposals(held, agency, roots), "release": releases(agency, roots), "shares": shares()})


main()
