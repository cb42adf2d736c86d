"""Turns a window as `xwd` took it down (24 or 32 bits a pixel) into a PNG: pictures.py IN.xwd OUT.png"""

import struct
import sys
import zlib


def pixels(data: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height, and the rows as red, green, blue."""
    head = struct.unpack(">25I", data[:100])
    size, _version, kind, _depth, width, height = head[:6]
    low_first, bits, line = head[7] == 0, head[11], head[12]
    shifts = [(mask & -mask).bit_length() - 1 for mask in head[14:17]]
    colours = head[19]
    if kind != 2 or bits not in (24, 32):
        sys.exit(f"this window has {bits} bits a pixel in format {kind}; 24 or 32 in format 2 are read")
    start = size + colours * 12
    order, step = ("little" if low_first else "big"), bits // 8
    rows, known = [], {}
    for y in range(height):
        row = bytearray()
        for x in range(width):
            at = start + y * line + x * step
            raw = data[at : at + step]
            if raw not in known:
                value = int.from_bytes(raw, order)
                known[raw] = bytes(value >> shift & 255 for shift in shifts)
            row += known[raw]
        rows.append(bytes(row))
    if len(known) < 8:
        sys.exit(1)  # Nothing is drawn yet.
    return width, height, rows


def png(width: int, height: int, rows: list[bytes]) -> bytes:
    """The file, whole."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as taken:
        picture = png(*pixels(taken.read()))
    with open(sys.argv[2], "wb") as out:
        out.write(picture)
