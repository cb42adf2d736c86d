"""age_files.py: writes whole age files, right ones and broken ones, from C2SP's age.md: a selection in the classes of the CCTV vectors for
every day, where those themselves are not at hand. Run by hand; its output is checked in.

    pip install cryptography zstandard kyber-py
    python3 keys/tests/vectors/age_files.py
"""
import base64
import hashlib
import hmac

from spec import (HybridIdentity, Identity, b64, header, hkdf, hybrid_parts, hybrid_stanza, made_up, payload, payload_chunk, sha256, stanza,
                  write, x25519_stanza)

KEY = made_up("age file key", 16)
NONCE = made_up("age file nonce", 16)
ME, OTHER = Identity("age files"), Identity("age files, another")
TEXT = b"age"
VERSION = b"age-encryption.org/v1\n"


def with_mac(text, key=KEY):
    """What stands before the MAC, and the MAC of it."""
    mac = hmac.new(hkdf(key, b"", b"header"), text + b"---", hashlib.sha256).digest()
    return text + b"--- " + b64(mac) + b"\n"


def main():
    out = []
    mine = stanza(ME, KEY, "age files")
    right = header(KEY, [mine])
    body = payload(KEY, NONCE, TEXT)

    def row(name, expect, file, plain=b""):
        out.append({"name": name, "expect": expect, "file": file.hex(), "payload": sha256(plain).hex()})

    def headed(name, text, expect="header", sign=True):
        row(name, expect, (with_mac(text) if sign else text) + body, TEXT)

    row("right", "success", right + body, TEXT)
    row("of nothing", "success", right + payload(KEY, NONCE, b""), b"")
    headed("for two readers", VERSION + stanza(OTHER, KEY, "another") + mine, "success")
    headed("for two readers, the other way round", VERSION + mine + stanza(OTHER, KEY, "another"), "success")
    headed("grease", VERSION + mine + b"-> grease-x ! ~\n" + b64(made_up("grease", 30)) + b"\n", "success")
    headed("grease with an empty last line", VERSION + mine + b"-> grease-x\n" + b64(made_up("grease", 48)) + b"\n\n", "success")
    headed("a stanza without a body", VERSION + mine + b"-> empty\n\n", "success")
    headed("for another", VERSION + stanza(OTHER, KEY, "another"), "no match")
    headed("nobody", VERSION, "refused")
    # -- the first line
    for name, line in (("another version", b"age-encryption.org/v2\n"), ("a space behind the version", b"age-encryption.org/v1 \n"),
                       ("a carriage return", b"age-encryption.org/v1\r\n"), ("no version", b"")):
        headed(name, line + mine)
    # -- stanzas
    share, wrapped = mine.split(b"\n")[0].split(b" ")[2], mine.split(b"\n")[1]
    grease = made_up("long", 72)
    for name, text in (
        ("a body behind an empty argument", b"-> X25519  " + share + b"\n" + wrapped + b"\n"),
        ("a carriage return in a stanza", mine.replace(b"\n", b"\r\n")),
        ("a stanza without a name", b"-> \n" + wrapped + b"\n" + mine),
        ("a stanza of nothing", b"->\n" + wrapped + b"\n" + mine),
        ("a stanza that begins otherwise", b"=> X25519 " + share + b"\n" + wrapped + b"\n" + mine),
        ("a stanza that begins without a space", b"->X25519 " + share + b"\n" + wrapped + b"\n" + mine),
        ("a letter that is none in a name", "-> stanzä\n\n".encode() + mine),
        ("a body with padding", mine + b"-> x\n" + b64(b"1234") + b"==\n"),
        ("a body that is not canonical", mine + b"-> x\nAAB\n"),
        ("a body with a letter that is none", mine + b"-> x\nAAA!\n"),
        ("a line of 65 letters", mine + b"-> x\n" + b64(grease)[:65] + b"\n" + b64(grease)[65:] + b"\n"),
        ("a short line in the middle", mine + b"-> x\n" + b64(grease)[:60] + b"\n" + b64(grease)[60:] + b"\n"),
        ("no last line behind a full one", mine + b"-> x\n" + b64(made_up("grease", 48)) + b"\n"),
        ("a stanza without its body", mine + b"-> x\n"),
    ):
        headed(name, VERSION + text)
    public = ME.public
    # -- X25519: what is said of it in age.md must be refused; whether as a header or as not for us is all the same
    low = x25519_stanza(bytes(32), public, bytes(32), KEY)
    one = x25519_stanza(bytes([1]) + bytes(31), public, bytes(32), KEY)
    above = (2**255 - 19).to_bytes(32, "little")
    for name, text in (
        ("a share of zeros", low),
        ("a share of one", one),
        ("a share of zero above p", x25519_stanza(above, public, bytes(32), KEY)),
        ("a share of 31 bytes", b"-> X25519 " + b64(made_up("short", 31)) + b"\n" + wrapped + b"\n"),
        ("a share of 33 bytes", b"-> X25519 " + b64(made_up("long", 33)) + b"\n" + wrapped + b"\n"),
        ("a share with padding", b"-> X25519 " + share + b"=\n" + wrapped + b"\n"),
        ("no share", b"-> X25519\n" + wrapped + b"\n"),
        ("two shares", b"-> X25519 " + share + b" " + share + b"\n" + wrapped + b"\n"),
        ("a name in small letters", b"-> x25519 " + share + b"\n" + wrapped + b"\n"),
        ("a file key of 17 bytes", stanza(ME, KEY + b"x", "age files")),
        ("a file key of 15 bytes", stanza(ME, KEY[:15], "age files")),
        ("a file key whose tag is changed", b"-> X25519 " + share + b"\n" + wrapped[:-1] + (b"A" if wrapped[-1:] != b"A" else b"E") + b"\n"),
    ):
        headed(name, VERSION + text, "refused")
    # -- the MAC
    mac = right.rsplit(b"--- ", 1)[1].rstrip(b"\n")
    start = VERSION + mine + b"---"
    changed = b"A" + mac[1:] if mac[:1] != b"A" else b"B" + mac[1:]
    for name, text in (("a changed MAC", b" " + changed + b"\n"), ("a MAC of another key", None), ("no MAC", b"\n"),
                       ("an empty MAC", b" \n"), ("a MAC behind two spaces", b"  " + mac + b"\n"),
                       ("a MAC behind no space", mac + b"\n"), ("a space behind the MAC", b" " + mac + b" \n"),
                       ("half a MAC", b" " + mac[:20] + b"\n"), ("a MAC with padding", b" " + mac + b"=\n"),
                       ("a MAC and a carriage return", b" " + mac + b"\r\n"), ("more behind the MAC", b" " + mac + b" x\n")):
        text = with_mac(VERSION + mine, made_up("another", 16)) if text is None else start + text
        headed(name, text, "refused", sign=False)
    # -- the payload: the end never comes. Whole chunks would be large; what is wrong with several stands in the museum.
    def chunk(counter, last, plain):
        return payload_chunk(KEY, NONCE, counter, last, plain)

    for name, sealed in (
        ("nothing behind the header", b""),
        ("half a nonce", NONCE[:8]),
        ("a nonce alone", NONCE),
        ("half a tag", NONCE + chunk(0, True, b"")[:8]),
        ("a changed tag", body[:-1] + bytes([body[-1] ^ 1])),
        ("a changed letter", body[:16] + bytes([body[16] ^ 1]) + body[17:]),
        ("a changed nonce", bytes([body[0] ^ 1]) + body[1:]),
        ("bytes behind the end", body + b"x"),
        ("no last chunk", NONCE + chunk(0, False, TEXT)),
        ("a short chunk that is not the last", NONCE + chunk(0, False, TEXT) + chunk(1, True, TEXT)),
        ("a chunk counted from one", NONCE + chunk(1, True, TEXT)),
        ("a flag that is neither 0 nor 1", NONCE + payload_chunk(KEY, NONCE, 0, 2, TEXT)),
    ):
        row(name, "payload", right + sealed)
    for each in out:
        each["identity"] = ME.text
    hybrid = []
    hybrids(hybrid, body)
    write("age_files.json", {"files": out + hybrid, "armoured": armoured(right + body)})


def armoured(file):
    """The same right file as text (age.md, "ASCII armor"), in the classes of CCTV's `armor` files: strict, but for the ends of lines and for white
    space around it."""
    begin, end = b"-----BEGIN AGE ENCRYPTED FILE-----", b"-----END AGE ENCRYPTED FILE-----"
    text = base64.b64encode(file)
    assert len(text) % 64 and text.endswith(b"=")
    lines = [text[at:at + 64] for at in range(0, len(text), 64)]
    rows = []

    def row(name, expect, lines, begin=begin, end=end, eol=b"\n", before=b"", after=b"\n"):
        armour = before + eol.join([begin, *lines] + ([end] if end else [])) + after
        rows.append({"name": "armour, " + name, "expect": expect, "file": armour.hex(), "payload": sha256(TEXT).hex(), "identity": ME.text})

    # 48 bytes are a line: with grease of so many, the file is whole lines.
    full = next(header(KEY, [stanza(ME, KEY, "age files"), b"-> " + b"g" * n + b"\n\n"]) + payload(KEY, NONCE, TEXT) for n in range(1, 49)
                if len(header(KEY, [stanza(ME, KEY, "age files"), b"-> " + b"g" * n + b"\n\n"]) + payload(KEY, NONCE, TEXT)) % 48 == 0)
    whole = base64.b64encode(full)
    row("right", "success", lines)
    row("with carriage returns", "success", lines, eol=b"\r\n", after=b"\r\n")
    row("without a last end of line", "success", lines, after=b"")
    row("of whole lines", "success", [whole[at:at + 64] for at in range(0, len(whole), 64)])
    # age.md lets a reader pass over white space before it; the library does not.
    row("behind empty lines", "refused", lines, before=b"\n \t\n")
    row("before white space", "success", lines, after=b"\n \t\n")
    # -- what the text is made of
    last = lines[-1]
    bare = last.rstrip(b"=")
    place = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".index(bare[-1:])
    other = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[place + 1:place + 2]
    for name, changed in (
        ("in small letters", [line.lower() for line in lines]),
        ("a letter that is none", [b"*" + lines[0][1:], *lines[1:]]),
        ("without padding", [*lines[:-1], bare]),
        ("in another spelling", [*lines[:-1], bare[:-1] + other + last[len(bare):]]),
        ("a line of 65 letters", [lines[0] + lines[1][:1], lines[1][1:], *lines[2:]]),
        ("a short line in the middle", [lines[0][:60], lines[0][60:] + lines[1], *lines[2:]]),
        ("an empty line at its beginning", [b"", *lines]),
        ("an empty line at its end", [*lines, b""]),
        ("a space before a line", [b" " + lines[0], *lines[1:]]),
        ("a space behind a line", [lines[0] + b" ", *lines[1:]]),
        ("a space behind the last line", [*lines[:-1], last + b" "]),
        ("a header of its own", [b"Version: 1", b"", *lines]),
        ("a checksum", [*lines, b"=AAAA"]),
        ("nothing inside", []),
    ):
        row(name, "refused", changed)
    row("another word", "refused", lines, begin=b"-----BEGIN AGE FILE-----", end=b"-----END AGE FILE-----")
    row("an end of another word", "refused", lines, end=b"-----END AGE FILE-----")
    row("without its end", "refused", lines, end=None)
    row("words before it", "refused", lines, before=b"a letter\n")
    row("words behind it", "refused", lines, after=b"\na letter\n")
    return rows


def hybrids(out, body):
    """The same for mlkem768x25519, in the classes of CCTV's `hybrid` files."""
    me, other = HybridIdentity("age files"), HybridIdentity("age files, another")
    mine = hybrid_stanza(me, KEY, "hybrid")
    gives, wrapped = hybrid_parts(me.public, KEY, "hybrid")

    def headed(name, text, expect="header"):
        out.append({"name": "hybrid, " + name, "expect": expect, "file": (with_mac(VERSION + text) + body).hex(), "payload": sha256(TEXT).hex(),
                    "identity": me.text})

    def told(gives, wrapped, tag=b"mlkem768x25519"):
        return b"-> " + tag + b" " + b64(gives) + b"\n" + b64(wrapped) + b"\n"

    assert told(gives, wrapped) == mine
    headed("right", mine, "success")
    headed("for two readers", hybrid_stanza(other, KEY, "another") + mine, "success")
    headed("grease", mine + b"-> grease-x ! ~\n" + b64(made_up("grease", 30)) + b"\n", "success")
    headed("for another", hybrid_stanza(other, KEY, "another"), "no match")
    headed("a changed body", told(gives, wrapped[:-1] + bytes([wrapped[-1] ^ 1])), "no match")
    headed("a changed ciphertext", told(bytes([gives[0] ^ 1]) + gives[1:], wrapped), "no match")
    headed("a changed share", told(gives[:1100] + bytes([gives[1100] ^ 1]) + gives[1101:], wrapped), "no match")
    headed("another word", told(gives, wrapped, b"MLKEM768X25519"), "no match")
    headed("a share of zeros", hybrid_stanza(me, KEY, "low", bytes(32)))
    headed("a share of one", hybrid_stanza(me, KEY, "one", bytes([1]) + bytes(31)))
    headed("a byte too few", told(gives[1:], wrapped))
    headed("a byte too many", told(gives + b"\0", wrapped))
    headed("a long body", told(*hybrid_parts(me.public, KEY + bytes(8), "long")))
    headed("a short body", told(gives, wrapped[1:]))
    headed("no argument", b"-> mlkem768x25519\n" + b64(wrapped) + b"\n")
    headed("two arguments", b"-> mlkem768x25519 " + b64(gives) + b" 1\n" + b64(wrapped) + b"\n")
    spelt = b64(gives)
    headed("an argument in another spelling", b"-> mlkem768x25519 " + spelt[:-1] + bytes([spelt[-1] + 1]) + b"\n" + b64(wrapped) + b"\n")
    headed("an argument with padding", b"-> mlkem768x25519 " + spelt + b"==\n" + b64(wrapped) + b"\n")


main()
