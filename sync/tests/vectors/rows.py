"""rows.py: the rows of a field journal's entries, as `keys/STATEMENTS.md` has them (*What a device keeps*). Run by hand after `wire.py`;
its output is checked in.

    python3 sync/tests/vectors/rows.py
"""
from wire import AGENCY, HERE, LAPTOP, READERS, Journal, hexed, made_up, write
from local import place, sealed_row

VAULT_KEY, CASE = made_up("rows vault key", 32), made_up("rows case", 16)


def packed(entry, whole=1):
    envelope = entry.envelope if whole else b""
    return bytes([whole]) + entry.signature + len(entry.bytes).to_bytes(4, "big") + entry.bytes + envelope


def journal():
    own = Journal(LAPTOP, "rows")
    slip = own.slip(CASE, READERS[:2])
    own.sealed(CASE, slip)
    own.sealed(CASE, slip, 900, parts=[[made_up("rows part", 32), 5_000]])
    return own


def row(own, seq, plain, table="entry", **other):
    at = place(other.get("device", own.device), other.get("journal", own.journal), other.get("seq", seq))
    return sealed_row(other.get("vault_key", VAULT_KEY), f"rows {seq} {len(plain)}", plain, table, at)


if __name__ == "__main__":
    own = journal()
    rows = [{**entry.shown(), "plaintext": packed(entry), "body": row(own, seq, packed(entry)),
             "bare_plaintext": packed(entry, 0), "bare_body": row(own, seq, packed(entry, 0))}
            for seq, entry in enumerate(own.entries, 1)]
    write("rows.json", hexed({"vault_key": VAULT_KEY, "agency": AGENCY, "device": own.device, "journal": own.journal, "rows": rows,
                              "mark": sealed_row(VAULT_KEY, "rows mark", b"amanat journal", "vault")}), HERE)
