#!/usr/bin/env python3
"""Makes keyring.json from the text of the format page alone (docs/FORMATS.md, Keyring).

Python's standard library has no Ed25519, so PyNaCl makes the signatures:

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install pynacl
    /tmp/venv/bin/python make-keyring.py > keyring.json

Secrets are derived as README.md says; they are public. Nothing here shares code
with the implementation that is tested.
"""

import base64
import hashlib
import json

from nacl.signing import SigningKey

ORIGIN = "log.example/probity-test"
CONTINUED = "log.example/probity-test-2"
ROOT = base64.b64encode(hashlib.sha256(b"probity test vector: root").digest()).decode()


def seed(label):
    return hashlib.sha256(("probity test vector: " + label).encode()).digest()


def b64(data):
    return base64.b64encode(data).decode()


class Key:
    """A log key under a name."""

    def __init__(self, label, name=ORIGIN):
        self.name = name
        self.secret = SigningKey(seed(label))
        self.public = bytes(self.secret.verify_key)
        self.id = hashlib.sha256(name.encode() + b"\n\x01" + self.public).digest()[:4]
        typed = b64(b"\x01" + self.public)
        self.vkey = f"{name}+{self.id.hex()}+{typed}"

    def line(self, text):
        signature = self.secret.sign(text.encode()).signature
        return f"\u2014 {self.name} {b64(self.id + signature)}\n"


A, B, C = Key("log key 1"), Key("log key 2"), Key("log key 3")
OTHER = Key("other key")
WITNESS = Key("other key", "witness.example")
B2 = Key("log key 2", CONTINUED)
D = b64(bytes(SigningKey(seed("disclosure key 1")).verify_key))
E = b64(bytes(SigningKey(seed("disclosure key 2")).verify_key))


def ring(serial, lines, origin=ORIGIN, head="probity/keyring/v1"):
    return f"{head}\n{origin}\n{serial}\n" + "".join(line + "\n" for line in lines)


def note(text, *keys):
    return text + "\n" + "".join(key.line(text) for key in keys)


def checkpoint(size, *keys, origin=ORIGIN):
    return note(f"{origin}\n{size}\n{ROOT}\n", *keys)


FIRST_LINES = [f"log 0 - {A.vkey}", f"disclosure 0 - {D}", f"origin 0 - {ORIGIN}"]
FIRST = ring(1, FIRST_LINES)
ROTATED = ring(2, [f"log 0 41 {A.vkey}", f"log 41 - {B.vkey}", f"disclosure 0 - {D}", f"origin 0 - {ORIGIN}"])
DISCLOSURE = ring(2, [f"log 0 - {A.vkey}", f"disclosure 0 10 {D}", f"disclosure 10 - {E}", f"origin 0 - {ORIGIN}"])
BOTH = ring(
    2,
    [f"log 0 41 {A.vkey}", f"log 41 - {B.vkey}", f"disclosure 0 41 {D}", f"disclosure 41 - {E}", f"origin 0 - {ORIGIN}"],
)
THIRD = ring(
    3,
    [f"log 0 41 {A.vkey}", f"log 41 50 {B.vkey}", f"log 50 - {C.vkey}", f"disclosure 0 - {D}", f"origin 0 - {ORIGIN}"],
)
CONTINUATION = ring(
    2,
    [
        f"log 0 100 {A.vkey}",
        f"log 100 - {B2.vkey}",
        f"disclosure 0 - {D}",
        f"origin 0 100 {ORIGIN}",
        f"origin 100 - {CONTINUED}",
    ],
    CONTINUED,
)
SIGNED_FIRST = note(FIRST, A)

good = [
    {
        "name": "the keyring of a new log",
        "notes": [SIGNED_FIRST],
        "changes": [0],
        "keys_for_size": [[1, [A.vkey]], [2, [A.vkey]], [1000, [A.vkey]]],
        "origin_at": [[0, ORIGIN], [1000, ORIGIN]],
        "trust": [[A.vkey, "in force"], [B.vkey, "none"], [OTHER.vkey, "none"]],
    },
    {
        "name": "the disclosure key changed by entry 10",
        "notes": [SIGNED_FIRST, note(DISCLOSURE, A)],
        "changes": [0, 10],
        "keys_for_size": [[10, [A.vkey]], [11, [A.vkey]]],
        "origin_at": [[10, ORIGIN]],
        "trust": [[A.vkey, "in force"]],
    },
    {
        "name": "the log key changed by entry 41, signed by both",
        "notes": [SIGNED_FIRST, note(ROTATED, A, B)],
        "changes": [0, 41],
        "keys_for_size": [[1, [A.vkey]], [41, [A.vkey]], [42, [A.vkey, B.vkey]], [43, [B.vkey]]],
        "origin_at": [[40, ORIGIN], [41, ORIGIN]],
        "trust": [[A.vkey, "retired"], [B.vkey, "in force"], [OTHER.vkey, "none"]],
    },
    {
        "name": "both keys changed by the same entry; the new one signs first, a witness too",
        "notes": [SIGNED_FIRST, note(BOTH, B, WITNESS, A)],
        "changes": [0, 41],
        "keys_for_size": [[42, [A.vkey, B.vkey]]],
        "origin_at": [[41, ORIGIN]],
        "trust": [[A.vkey, "retired"], [B.vkey, "in force"], [WITNESS.vkey, "none"]],
    },
    {
        "name": "three keyrings, the log key changed twice",
        "notes": [SIGNED_FIRST, note(ROTATED, A, B), note(THIRD, B, C)],
        "changes": [0, 41, 50],
        "keys_for_size": [[41, [A.vkey]], [42, [A.vkey, B.vkey]], [50, [B.vkey]], [51, [B.vkey, C.vkey]], [52, [C.vkey]]],
        "origin_at": [[50, ORIGIN]],
        "trust": [[A.vkey, "retired"], [B.vkey, "retired"], [C.vkey, "in force"]],
    },
    {
        "name": "a continued log: new origin and key from entry 100",
        "notes": [SIGNED_FIRST, note(CONTINUATION, A, B2)],
        "changes": [0, 100],
        "keys_for_size": [[100, [A.vkey]], [101, [A.vkey, B2.vkey]], [102, [B2.vkey]]],
        "origin_at": [[99, ORIGIN], [100, CONTINUED]],
        "trust": [[A.vkey, "retired"], [B2.vkey, "in force"], [B.vkey, "none"]],
    },
]

refused = []


def refuse(name, refusal, *notes):
    refused.append({"name": name, "refusal": refusal, "notes": list(notes)})


def refuse_first(name, refusal, lines, **header):
    """One keyring, rightly signed, whose text is wrong."""
    refuse(name, refusal, note(ring(header.pop("serial", 1), lines, **header), A))


def refuse_second(name, refusal, text, *keys):
    """A good first keyring, then one that does not follow it."""
    refuse(name, refusal, SIGNED_FIRST, note(text, *keys))


log, disclosure, origin = FIRST_LINES
refuse("no keyring", "empty")
refuse_first("another version", "header", FIRST_LINES, head="probity/keyring/v2")
refuse_first("serial 0", "header", FIRST_LINES, serial=0)
refuse_first("serial with a leading zero", "header", FIRST_LINES, serial="01")
refuse_first("the first has serial 2", "serial", FIRST_LINES, serial=2)
refuse_first("no lines", "last not open", [])
refuse_first("no log line", "last not open", [disclosure, origin])
refuse_first("no disclosure line", "last not open", [log, origin])
refuse_first("no origin line", "last not open", [log, disclosure])
refuse_first("header names another origin", "origin", FIRST_LINES, origin=CONTINUED)
refuse_first("header names no origin", "origin line", FIRST_LINES, origin="https://log.example")
refuse_first("two spaces", "line", [log.replace(" 0 ", "  0 "), disclosure, origin])
refuse_first("a space at the end", "key", [log + " ", disclosure, origin])
refuse_first("an empty line at the end", "line", FIRST_LINES + [""])
refuse_first("a line without key", "line", ["log 0 -", disclosure, origin])
refuse_first("another purpose", "line", FIRST_LINES + [f"witness 0 - {WITNESS.vkey}"])
refuse_first("upper-case purpose", "line", [log.replace("log 0", "Log 0"), disclosure, origin])
refuse_first("from with a leading zero", "line", [log.replace(" 0 ", " 00 "), disclosure, origin])
refuse_first("negative from", "line", [log.replace(" 0 ", " -0 "), disclosure, origin])
refuse_first("purposes in another order", "order", [disclosure, log, origin])
refuse_first("begins at 1", "not contiguous", [log.replace(" 0 ", " 1 "), disclosure, origin])
refuse_first("the only line is closed", "last not open", [log.replace(" - ", " 41 "), disclosure, origin])
refuse_first("vkey of another name", "name", [f"log 0 - {B2.vkey}", disclosure, origin])
refuse_first("vkey with a wrong key id", "key", [log.replace(A.id.hex(), "00000000"), disclosure, origin])
refuse_first("disclosure key of 31 bytes", "key", [log, f"disclosure 0 - {b64(bytes(31))}", origin])
refuse_first("disclosure key without padding", "key", [log, disclosure.rstrip("="), origin])
refuse_first("weak disclosure key", "key", [log, f"disclosure 0 - {b64(bytes([1]) + bytes(31))}", origin])
refuse_first("origin line holds none", "origin line", [log, disclosure, "origin 0 - probity/x"])
refuse_first("one key for two purposes", "key reused", [log, f"disclosure 0 - {b64(A.public)}", origin])
refuse("signed by another key only", "note", note(FIRST, OTHER))
refuse("the signature fails", "note", SIGNED_FIRST.replace("disclosure 0", "disclosure 0", 1)[:-6] + "AAA=\n")
refuse("text changed after signing", "note", SIGNED_FIRST.replace(D, E))
refuse(
    "a first keyring with a history, signed by its last key",
    "unordered",
    note(ROTATED.replace("\n2\n", "\n1\n"), B),
)
gap = ROTATED.replace("log 41 -", "log 42 -")
refuse_second("a gap", "not contiguous", gap, A, B)
refuse_second("an overlap", "not contiguous", ROTATED.replace("log 41 -", "log 40 -"), A, B)
refuse_second("an empty range", "empty range", ROTATED.replace("log 0 41", "log 0 0").replace("log 41", "log 0"), A, B)
refuse_second("two open lines", "last not open", ROTATED.replace("log 0 41", "log 0 -"), A, B)
refuse_second("lines of one purpose in another order", "not contiguous", ring(2, [f"log 41 - {B.vkey}", f"log 0 41 {A.vkey}", disclosure, origin]), A, B)
refuse_second("a new log key, signed by the old one alone", "signer", ROTATED, A)
refuse_second("a new log key, signed by the new one alone", "signer", ROTATED, B)
refuse_second("a new disclosure key, signed by the new one's owner alone", "note", DISCLOSURE, OTHER)
refuse_second("nothing changed", "unordered", ring(2, FIRST_LINES), A)
refuse_second("the serial left one out", "serial", ROTATED.replace("\n2\n", "\n3\n"), A, B)
refuse_second("the same serial again", "serial", FIRST, A)
refuse_second("the first log key replaced from 0", "rewritten", ring(2, [f"log 0 - {B.vkey}", disclosure, origin]), A, B)
refuse_second("an earlier disclosure key replaced", "rewritten", ROTATED.replace(D, E), A, B)
refuse_second("two new log keys at once", "rewritten", THIRD.replace("\n3\n", "\n2\n"), A, B, C)
refuse_second("changes at two entries", "unordered", BOTH.replace("disclosure 0 41", "disclosure 0 40").replace("disclosure 41", "disclosure 40"), A, B)
refuse_second("a new origin with the old log key", "name", ring(2, [log, disclosure, f"origin 0 100 {ORIGIN}", f"origin 100 - {CONTINUED}"], CONTINUED), A)
refuse_second("a key named like the new origin before it", "name", CONTINUATION.replace("origin 0 100", "origin 0 101").replace("origin 100", "origin 101"), A, B2)
AB = note(ROTATED, A, B)
back = [f"log 0 41 {A.vkey}", f"log 41 50 {B.vkey}", f"log 50 - {A.vkey}", disclosure, origin]
refuse("a retired key comes back", "key reused", SIGNED_FIRST, AB, note(ring(3, back), A, B))
forgotten = [f"log 0 50 {A.vkey}", f"log 50 - {C.vkey}", disclosure, origin]
refuse("a line left out", "rewritten", SIGNED_FIRST, AB, note(ring(3, forgotten), A, B, C))
moved = [f"log 0 42 {A.vkey}", f"log 42 - {B.vkey}", f"disclosure 0 50 {D}", f"disclosure 50 - {E}", origin]
refuse("the end of an earlier range moved", "rewritten", SIGNED_FIRST, AB, note(ring(3, moved), A, B))
early = [f"log 0 41 {A.vkey}", f"log 41 - {B.vkey}", f"disclosure 0 40 {D}", f"disclosure 40 - {E}", origin]
refuse("a change before the last one", "unordered", SIGNED_FIRST, AB, note(ring(3, early), B))
refuse("the third signed by the first key instead of the second", "signer", SIGNED_FIRST, AB, note(THIRD, A, C))
refuse("the first left out", "serial", AB)

twice = "three keyrings, the log key changed twice"
checkpoints = [
    {"name": "by the first key in its range", "chain": twice, "note": checkpoint(41, A), "standing": "retired"},
    {"name": "by the first key beyond its range", "chain": twice, "note": checkpoint(43, A), "standing": "refused"},
    {"name": "at the change, by both", "chain": twice, "note": checkpoint(42, A, B), "standing": "retired"},
    {"name": "at the change, by the old one alone", "chain": twice, "note": checkpoint(42, A), "standing": "refused"},
    {"name": "at the change, by the new one alone", "chain": twice, "note": checkpoint(42, B), "standing": "refused"},
    {"name": "at the last change, by both", "chain": twice, "note": checkpoint(51, B, C), "standing": "in force"},
    {"name": "by the key in force", "chain": twice, "note": checkpoint(52, C), "standing": "in force"},
    {"name": "by the key in force before its range", "chain": twice, "note": checkpoint(50, C), "standing": "refused"},
    {
        "name": "under the old origin by its key, before the continuation",
        "chain": good[5]["name"],
        "note": checkpoint(100, A),
        "standing": "retired",
    },
    {
        "name": "under the new origin by the new key",
        "chain": good[5]["name"],
        "note": checkpoint(102, B2, origin=CONTINUED),
        "standing": "in force",
    },
    {
        "name": "under the old origin by its key, after the continuation",
        "chain": good[5]["name"],
        "note": checkpoint(102, A),
        "standing": "refused",
    },
]


def encode(case):
    """Notes as base64, since white space in them means something."""
    out = dict(case)
    if "notes" in out:
        out["notes_base64"] = [b64(n.encode()) for n in out.pop("notes")]
    if "note" in out:
        out["note_base64"] = b64(out.pop("note").encode())
    return out


print(
    json.dumps(
        {
            "expected": "good chains open with these facts; refused ones do not; checkpoints stand as said in the chain named",
            "keys": [{"label": l, "vkey": k.vkey} for l, k in [("log key 1", A), ("log key 2", B), ("log key 3", C)]],
            "good": [encode(case) for case in good],
            "refused": [encode(case) for case in refused],
            "checkpoints": [encode(case) for case in checkpoints],
        },
        indent=1,
    )
)
