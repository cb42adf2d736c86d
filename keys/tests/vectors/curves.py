"""curves.py: writes a selection of what must be refused of Ed25519 and X25519, in the classes of Wycheproof: points of small order, other
spellings, scalars above the group order, wrong lengths, torsion, points of the twist. Run by hand; its output is checked in.

The arithmetic is RFC 8032's and RFC 7748's, in the open: no library would make most of these.

    python3 keys/tests/vectors/curves.py
"""
import hashlib

from spec import bech32, made_up, write

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    common = D * x1 * x2 * y1 * y2
    return ((x1 * y2 + x2 * y1) * pow(1 + common, P - 2, P) % P, (y1 * y2 + x1 * x2) * pow(1 - common, P - 2, P) % P)


def mul(n, point):
    out = (0, 1)
    while n:
        out = add(out, point) if n & 1 else out
        point, n = add(point, point), n >> 1
    return out


def x_of(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT % P
    if x * x % P != square:
        return None
    return P - x if x & 1 != sign else x


def spell(point, more=0):
    """A point's 32 bytes; `more` = 1 spells y as y + p where there is room."""
    x, y = point
    return (y + more * P | (x & 1) << 255).to_bytes(32, "little")


BASE = (x_of(4 * pow(5, P - 2, P) % P, 0), 4 * pow(5, P - 2, P) % P)
assert mul(L, BASE) == (0, 1)


def torsion():
    """A point of order eight: what is left of any point when the large order is taken out of it."""
    y = 2
    while True:
        x = x_of(y, 0)
        left = mul(L, (x, y)) if x is not None else (0, 1)
        if mul(4, left) != (0, 1):
            return left
        y += 1


EIGHT = torsion()
SMALL = [mul(n, EIGHT) for n in range(8)]
assert len(set(SMALL)) == 8


def scalar(data):
    return int.from_bytes(hashlib.sha512(data).digest(), "little") % L


def signed(message, label, key_torsion=0, r_torsion=0, spelt_r=None):
    """A signature by the equation alone; with torsion in key or R it holds times the cofactor, and need not hold without."""
    a, r = scalar(made_up(label + " key", 32)), scalar(made_up(label + " nonce", 32))
    key = spell(add(mul(a, BASE), SMALL[key_torsion]))
    big_r = spell(add(mul(r, BASE), SMALL[r_torsion])) if spelt_r is None else spelt_r
    s = (r + scalar(big_r + key + message) * a) % L
    return key, big_r, s


def u255(number):
    return number.to_bytes(32, "little")


def ed25519():
    message = b'"what is signed of a request": begins with a quotation mark'
    key, r, s = signed(message, "right")
    good = r + u255(s)
    out = []

    def row(name, holds, key=key, signature=good, message=message):
        out.append({"name": name, "holds": holds, "key": key.hex(), "signature": signature.hex(), "message": message.hex()})

    row("right", True)
    for n in range(3):
        text = b'"' + made_up(f"text {n}", 40 * n)
        k, big_r, scalar_ = signed(text, f"right {n}")
        row(f"right {n}", True, k, big_r + u255(scalar_), text)
    row("another message", False, message=message + b".")
    row("s plus the group order", False, signature=r + u255(s + L))
    for times in (2, 4, 8, 15):
        if s + times * L < 2**256:
            row(f"s plus {times} times the group order", False, signature=r + u255(s + times * L))
    row("s of the group order", False, signature=r + u255(L))
    row("s of zero", False, signature=r + bytes(32))
    row("s with every bit", False, signature=r + b"\xff" * 32)
    row("s with the top bit", False, signature=r + u255(s | 1 << 255))
    row("s negated", False, signature=r + u255(L - s))
    row("R negated", False, signature=bytes(r[:31]) + bytes([r[31] ^ 0x80]) + u255(s))
    row("R and s swapped", False, signature=u255(s) + r)
    row("nothing but zeros", False, signature=bytes(64))
    for n, point in enumerate(SMALL):
        row(f"key of small order {n}, R the same, s zero", False, spell(point), spell(point) + bytes(32))
        row(f"key of small order {n}, R neutral, s zero", False, spell(point), spell((0, 1)) + bytes(32))
        k, big_r, scalar_ = signed(message, f"small R {n}", spelt_r=spell(point))
        row(f"R of small order {n}", False, k, big_r + u255(scalar_))
    # y = 1 and y = p - 1 spelt with the sign of an x that is zero, and y above p: other spellings of points.
    for name, spelling in (("neutral with a sign", spell((0, 1))[:31] + b"\x80"), ("of order two with a sign", u255(P - 1 | 1 << 255)),
                           ("neutral above p", u255(P + 1)), ("zero above p", u255(P)), ("zero above p with a sign", u255(P | 1 << 255))):
        row(f"key {name}", False, spelling, spelling + bytes(32))
    above = next(y for y in range(2, 19) if x_of(y, 0) is not None and mul(8, (x_of(y, 0), y)) != (0, 1))
    row("key above p", False, u255(above + P), good)
    nowhere = next(y for y in range(2, 100) if x_of(y, 0) is None)
    row("key off the curve", False, u255(nowhere), good)
    for n in range(1, 8):
        k, big_r, scalar_ = signed(message, f"torsion {n}", key_torsion=n)
        hashed = scalar(big_r + k + message)
        # It holds with the cofactor always, and without only where the torsion happens to vanish.
        holds = mul(hashed * n % 8, EIGHT) == (0, 1)
        row(f"key with torsion {n}", holds, k, big_r + u255(scalar_))
        k, big_r, scalar_ = signed(message, f"torsion of R {n}", r_torsion=n)
        row(f"R with torsion {n}", False, k, big_r + u255(scalar_))
    write("ed25519.json", out)


def ladder(k, u):
    """X25519 of RFC 7748 without the clamping's being anybody else's business."""
    k = bytearray(k)
    k[0] &= 248
    k[31] = k[31] & 127 | 64
    k = int.from_bytes(k, "little")
    x1, x2, z2, x3, z3, swap = u, 1, 0, u, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def on_curve(u):
    """Whether u is of the curve and not of its twist."""
    square = (u**3 + 486662 * u * u + u) % P
    return pow(square, (P - 1) // 2, P) in (0, 1)


def x25519():
    out = []

    def row(name, accepted, public):
        out.append({"name": name, "accepted": accepted, "public": public.hex()})

    # Every u of small order, of the curve and of the twist: whatever is agreed with them is zero.
    y = EIGHT[1]
    order_eight = [(1 + v) * pow(1 - v, P - 2, P) % P for v in (y, mul(3, EIGHT)[1])]
    for u in [0, 1, P - 1] + order_eight:
        assert ladder(made_up("any key", 32), u) == bytes(32)
        row(f"of small order {u % 1000}", False, u255(u))
        row(f"of small order {u % 1000}, with the top bit", False, u255(u | 1 << 255))
        if u + P < 2**255:
            row(f"of small order {u % 1000}, above p", False, u255(u + P))
            row(f"of small order {u % 1000}, above p, with the top bit", False, u255(u + P | 1 << 255))
    for u in (2, 9, 16):
        row(f"{u}, above p", False, u255(u + P))
        row(f"{u} with the top bit", False, u255(u | 1 << 255))
    row("every bit", False, b"\xff" * 32)
    for length in (0, 1, 31, 33, 64):
        row(f"of {length} bytes", False, made_up("length", length))
    row("the base point", True, u255(9))
    curve = next(u for u in range(10, 99) if on_curve(u))
    twist = next(u for u in range(10, 99) if not on_curve(u))
    # A point of the twist harms nobody: whoever names one as their key shuts themselves out (RFC 7748 section 5).
    row("of the curve", True, u255(curve))
    row("of the twist", True, u255(twist))
    identities = []
    for n in range(6):
        secret = made_up(f"secret {n}", 32)
        identities.append({"identity": bech32("age-secret-key-", secret).upper(), "public": ladder(secret, 9).hex()})
    write("x25519.json", {"keys": out, "identities": identities})


ed25519()
x25519()
