#!/usr/bin/env python3
"""Makes anchor.json: anchor files of two slots, and which slot counts.

Written from the format page alone (docs/FORMATS.md, "Anchor"), with the standard library
only. The note in the slots is note.txt beside this script, so its signature is real.

    python3 tests/vectors/make-anchor.py > tests/vectors/anchor.json

A slot is written as its pieces: `{"slot": "<hex of the bytes up to the end of the note>",
"digest": "<hex of the last 32 bytes>"}` with zeros between; `fill` gives the byte between
where it is not zero. A `null` slot is 4,096 zeros. `tail` adds bytes after the second slot.
"""

import hashlib
import json
import pathlib
import struct

SLOT, HASHED = 4096, 4064
MAGIC = b"probity-anchor-v1\n"
NOTE = (pathlib.Path(__file__).parent / "note.txt").read_bytes()
MACHINE_ID = b"0123456789abcdef0123456789abcdef\n"
MACHINE = hashlib.sha256(b"probity/machine/v1\n" + MACHINE_ID).digest()
ELSEWHERE = hashlib.sha256(b"probity/machine/v1\n" + b"f" * 32 + b"\n").digest()


def slot(sequence, note=NOTE, machine=MACHINE, magic=MAGIC, length=None, fill=0, digest=None):
    head = magic + machine + struct.pack(">QI", sequence, len(note) if length is None else length) + note
    assert len(head) <= HASHED
    hashed = head + bytes([fill]) * (HASHED - len(head))
    return {
        "slot": head.hex(),
        "fill": fill,
        "digest": (digest or hashlib.sha256(hashed).digest()).hex(),
    }


def torn(whole):
    """The first 512 bytes of a new slot over an older one: what a torn write leaves."""
    return dict(whole, digest=slot(1)["digest"])


def case(name, even, odd, **expected):
    return {"name": name, "slots": [even, odd], **expected}


def good(name, even, odd, sequence, machine=MACHINE):
    return case(name, even, odd, sequence=sequence, machine_hex=machine.hex(), note_hex=NOTE.hex())


def refused(name, even, odd, why, **more):
    return case(name, even, odd, refusal=why, **more)


BIGGEST = 2**64 - 1
LONGEST = b"x" * (HASHED - 62)
cases = {
    "good": [
        good("after init: batch 1 in slot 1", None, slot(1), 1),
        good("two batches", slot(2), slot(1), 2),
        good("three batches", slot(2), slot(3), 3),
        good("slot 1 torn: the batch before counts", slot(6), torn(slot(7)), 6),
        good("slot 0 torn: the batch before counts", torn(slot(8)), slot(7), 7),
        good("slot 0 of another magic counts as torn", slot(8, magic=b"probity-anchor-v2\n"), slot(7), 7),
        good("slot 0 with bytes after the note counts as torn", slot(8, fill=1), slot(7), 7),
        good("slot 0 with a length beyond it counts as torn", slot(8, length=HASHED), slot(7), 7),
        good("sequence 0 is no batch", slot(0), slot(1), 1),
        good("the largest sequence", slot(BIGGEST - 1), slot(BIGGEST), BIGGEST),
        good("no machine-id: 32 zero bytes", slot(2, machine=bytes(32)), None, 2, bytes(32)),
        good("another machine: parsed, refused by its reader", slot(2, machine=ELSEWHERE), slot(1), 2, ELSEWHERE),
        dict(
            case("the longest note", slot(2, note=LONGEST), None),
            sequence=2, machine_hex=MACHINE.hex(), note_hex=LONGEST.hex(),
        ),
    ],
    "refused": [
        refused("nothing written", None, None, "none"),
        refused("both torn", torn(slot(2)), torn(slot(3)), "none"),
        refused("slot 1 twice", slot(3), slot(3), "contradiction"),
        refused("slot 0 twice", slot(2), slot(2), "contradiction"),
        refused("swapped", slot(3), slot(2), "contradiction"),
        refused("one whole slot in the wrong place", slot(3), None, "contradiction"),
        refused("one byte short", slot(2), slot(1), "length", tail=-1),
        refused("one byte long", slot(2), slot(1), "length", tail=1),
    ],
}
print(
    json.dumps(
        {"machine_id_hex": MACHINE_ID.hex(), "machine_hex": MACHINE.hex(), **cases},
        indent=1,
    )
)
