#!/usr/bin/env python3
"""Verifies a Probity export, or a receipt with its opening, with public keys alone.

    verify.py DIR --log-key FILE [--receipt FILE [--opening FILE]] [--json]
    verify.py --receipt FILE [--opening FILE] --log-key FILE
    verify.py --vectors DIR

A second implementation, written from docs/FORMATS.md alone: where it and `probity verify`
disagree, one of them or the page is wrong. It trusts only the keys it is given; keys inside
an export are hints. Exit: 0 clean; 1 findings; 2 signer not trusted, or a payload withheld.
"""

import argparse
import json
import os
import sys

from formats import *  # noqa: F403  every name there is a format of the page

AUDITOR_FILES = ["checkpoint", "log.vkey", "keyring", "checkpoints", "keys.jsonl", "disclosure.pub", "allowed_signers"]
PUBLIC_FILES = ["checkpoint", "log.vkey", "keyring"]
ENTRY_MAX, SEALED_MAX = 65535, 81 + (512 << 15) + 16


class Report:
    """What was found. Findings win over doubts."""

    def __init__(self):
        self.findings, self.doubts = [], []

    def add(self, code, file=None, index=None, expected="", found=""):
        self.findings.append(dict(code=code, file=file, index=index, expected=str(expected), found=str(found)))

    def doubt(self, code, file=None, index=None):
        self.doubts.append(dict(code=code, file=file, index=index, expected="", found=""))

    def attempt(self, check, *arguments, file=None, index=None):
        """The result of a check, or None and a finding."""
        try:
            return check(*arguments)
        except Refused as refused:
            self.add(refused.code, file, index, refused.expected, refused.found)
            return None

    def exit_code(self):
        return 1 if self.findings else 2 if self.doubts else 0


class Export:
    """The files of a directory; each must be asked for, or it is one too many."""

    def __init__(self, directory, report):
        self.directory, self.report, self.asked, self.names = directory, report, set(), set()
        for folder, folders, files in os.walk(directory):
            for name in files + [f for f in folders if os.path.islink(os.path.join(folder, f))]:
                path = os.path.join(folder, name)
                relative = os.path.relpath(path, directory)
                self.names.add(relative)
                if os.path.islink(path) or not os.path.isfile(path):
                    report.add("not_a_file", relative, None, "a regular file", "something else")
            if not folders and not files and folder != directory:
                report.add("file_extra", os.path.relpath(folder, directory), None, "no empty directory", "one")

    def read(self, name):
        self.asked.add(name)
        try:
            with open(os.path.join(self.directory, name), "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self.report.add("file_missing", name, None, "a file", "none")
            return None

    def finish(self):
        for name in sorted(self.names - self.asked):
            self.report.add("file_extra", name, None, "no such file in this set", f"{name}")


def keyring_step(note, before):
    """(origin, serial, lines) of a keyring that begins the chain or continues `before`."""
    text, _ = split_note(note)
    ring = parse_keyring(text)
    logs = [parse_vkey(key) for purpose, _, _, key in ring[2] if purpose == "log"]
    signers = open_note(note, logs)[1]
    wanted = {logs[-1]}
    if before is None:
        need(ring[1] == 1, "keyring", "serial 1", ring[1])
        need(len(ring[2]) == len(PURPOSES), "keyring", "one line for each purpose", f"{len(ring[2])} lines")
    else:
        check_keyring_step(before, ring)
        wanted.add([parse_vkey(key) for purpose, _, _, key in before[2] if purpose == "log"][-1])
    need(wanted <= set(signers), "keyring", "signatures by the key in force, old and new", [s[1].hex() for s in signers])
    need(ring[0] == [k[3] for k in ring[2] if k[0] == "origin"][-1], "keyring", "the origin in force", ring[0])
    return ring


def check_keyring(export, report):
    """Every keyring in turn; returns the lines of the last one, or None."""
    notes = report.attempt(split_notes, export.read("keyring") or b"", file="keyring")
    before = None
    for note in notes or []:
        before = report.attempt(keyring_step, note, before, file="keyring", index=None)
        if before is None:
            return None
    return before and before[2]


def check_trust(keys, trusted, report):
    logs = [parse_vkey(key) for purpose, _, _, key in keys if purpose == "log"]
    if not trusted:
        report.doubt("signer_not_trusted")
    elif not set(logs) & set(trusted):
        report.add("signature_not_trusted", "keyring", None, [k[1].hex() for k in trusted], [k[1].hex() for k in logs])


def check_note(note, keys):
    """(size, root) of one checkpoint, signed by the key in force at its last entry."""
    text, _ = split_note(note)
    origin, size, root = parse_checkpoint(text)
    wanted = {parse_vkey(in_force(keys, "log", size - 1))}
    starts = [(start, key) for purpose, start, _, key in keys if purpose == "log"]
    for (_, old), (start, _) in zip(starts, starts[1:]):
        if start == size - 1:
            wanted.add(parse_vkey(old))
    every = [parse_vkey(key) for _, key in starts]
    _, _, _, signers = open_checkpoint(note, every)
    need(wanted <= set(signers), "unsigned", f"a signature by {[k[1].hex() for k in wanted]}", [s[1].hex() for s in signers])
    need(origin == in_force(keys, "origin", size - 1), "checkpoint", in_force(keys, "origin", size - 1), origin)
    return size, root


def check_checkpoints(export, report, keys, head, size):
    """{size: root} of every note of `checkpoints`; order, and the last is the file checkpoint."""
    notes, roots, previous = report.attempt(split_notes, export.read("checkpoints") or b"", file="checkpoints"), {}, None
    for place, note in enumerate(notes or []):
        parsed = report.attempt(check_note, note, keys, file=f"checkpoints[{place}]")
        if parsed is None:
            continue
        order = (parsed[0], sha256(note)[:8])
        if previous is not None and order <= previous:
            report.add("checkpoint_order", f"checkpoints[{place}]", None, f"after {previous[0]}", parsed[0])
        previous = order
        if parsed[0] > size:
            report.add("checkpoint_order", f"checkpoints[{place}]", None, f"at most {size}", parsed[0])
        if roots.setdefault(parsed[0], parsed[1]) != parsed[1]:
            report.add("fork", f"checkpoints[{place}]", None, roots[parsed[0]].hex(), parsed[1].hex())
    if notes and notes[-1] != head:
        report.add("checkpoint_last", "checkpoints", None, "the file checkpoint", "another note")
    return roots


def read_tile_leaves(export, report, size):
    """Level 0 as it stands in the files, None where a leaf is missing."""
    leaves = []
    for name, _, width in bundle_names("tile/0/", size):
        data = export.read(name) or b""
        if len(data) != 32 * width:
            report.add("tile_length", name, None, 32 * width, len(data))
        leaves += [data[i * 32: i * 32 + 32] if i * 32 + 32 <= len(data) else None for i in range(width)]
    return leaves


def read_entries(export, report, size):
    """(leaf hashes, payload hashes), None where an entry is missing; the chain and the times."""
    leaves, payloads, before = [], [], None
    for name, first, width in bundle_names("tile/entries/", size):
        records = report.attempt(split_records, export.read(name) or b"", 2, width, ENTRY_MAX, file=name, index=first)
        for index, record in enumerate(records or [None] * width, first):
            entry = report.attempt(parse_entry, record, file=name, index=index) if record is not None else None
            leaves.append(None if record is None else leaf_hash(record))
            payloads.append(entry and entry[3])
            if entry is None:
                before = None
                continue
            if entry[0] != index:
                report.add("index", name, index, index, entry[0])
            if before and entry[1] < before[1]:
                report.add("time", name, index, f"at or after {before[1]}", entry[1])
            if index and leaves[index - 1] and entry[2] != leaves[index - 1]:
                report.add("chain", name, index, leaves[index - 1].hex(), entry[2].hex())
            before = entry
    return leaves, payloads


def check_roots(report, leaves, roots):
    """Which signed roots these leaves lead to: the set of sizes that do not match."""
    peaks, wrong = [], {}
    for index, leaf in enumerate(leaves):
        push(peaks, index, leaf or bytes(32))
        signed = roots.get(index + 1)
        if signed is not None and root_of(peaks) != signed:
            wrong[index + 1] = root_of(peaks)
    return wrong


def check_upper_tiles(export, report, leaves):
    level, number = [leaf or bytes(32) for leaf in leaves], 0
    while len(level) >= 256:
        level, number = [mth(level[i: i + 256]) for i in range(0, len(level) - 255, 256)], number + 1
        for name, first, width in bundle_names(f"tile/{number}/", len(level)):
            data = export.read(name)
            if data is not None and data != b"".join(level[first: first + width]):
                report.add("tile", name, None, "the hashes of the level below", "other bytes")


def mth(hashes):
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def check_payloads(export, report, size, hashes):
    """Every sealed payload against its leaf; returns the key ids that seal them."""
    key_ids, withheld = set(), False
    for name, first, width in bundle_names("payload/", size):
        records = report.attempt(split_records, export.read(name) or b"", 4, width, SEALED_MAX, file=name, index=first)
        for index, sealed in enumerate(records or [], first):
            if sealed == b"":
                report.doubt("payload_withheld", name, index)
                withheld = True
            elif hashes[index] is not None:
                report.attempt(check_payload_form, sealed, hashes[index], file=name, index=index)
                key_ids.add(sealed[1:17])
        withheld |= records is None
    return key_ids, withheld


def check_key_rows(export, report, size, key_ids, some_withheld):
    """keys.jsonl in its form; one row per key id in use; one KEK file per epoch in use."""
    data, rows, epochs = export.read("keys.jsonl"), [], set()
    if data is None:
        return
    lines = data.decode("latin-1").split("\n")
    if lines.pop() != "":
        report.add("keys.jsonl", "keys.jsonl", None, "a final newline", "none")
    for number, line in enumerate(lines, 1):
        row = report.attempt(parse_key_row, line, file=f"keys.jsonl:{number}")
        if row is None:
            continue
        if rows and row[0] <= rows[-1]:
            report.add("keys.jsonl", f"keys.jsonl:{number}", None, "key ids ascending", row[0].hex())
        if row[3] is not None and row[3] >= size:
            report.add("keys.jsonl", f"keys.jsonl:{number}", None, f"an entry below {size}", row[3])
        rows.append(row[0])
        epochs |= {row[1]} - {None}
    for key_id in sorted(key_ids - set(rows)):
        report.add("key_unknown", "keys.jsonl", None, f"a row of key id {key_id.hex()}", "none")
    if not some_withheld:
        for key_id in sorted(set(rows) - key_ids):
            report.add("key_unused", "keys.jsonl", None, "a payload sealed under it", key_id.hex())
    for epoch in sorted(epochs):
        kek = export.read(f"kek/{epoch}.age")
        if kek is not None and not kek.startswith(b"age-encryption.org/v1\n"):
            report.add("kek", f"kek/{epoch}.age", None, "an age file", kek[:20])


def check_public_keys(export, report, keys, size, auditor):
    """log.vkey, disclosure.pub and allowed_signers say what the keyring says."""
    expected = {"log.vkey": in_force(keys, "log", size - 1) + "\n"}
    if auditor:
        disclosure = [base64.b64decode(key) for purpose, _, _, key in keys if purpose == "disclosure"]
        blob = lambda key: base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + key).decode()
        spki = base64.b64encode(SPKI_ED25519 + disclosure[-1]).decode()
        expected["disclosure.pub"] = f"-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n"
        expected["allowed_signers"] = "".join(
            f'provider namespaces="probity-disclosure" ssh-ed25519 {blob(key)}\n' for key in disclosure)
    for name, text in expected.items():
        found = export.read(name)
        if found is not None and found != text.encode():
            report.add("public_key", name, None, text, found.decode("latin-1"))


def verify_export(directory, trusted, report):
    """Returns (keyring lines, leaf hashes), for a receipt to be held against."""
    export = Export(directory, report)
    auditor = any(n in AUDITOR_FILES[3:] or n.startswith(("tile/entries/", "payload/", "kek/")) for n in export.names)
    keys, head = check_keyring(export, report), export.read("checkpoint")
    if keys is None or head is None:
        return None, []
    check_trust(keys, trusted, report)
    parsed = report.attempt(check_note, head, keys, file="checkpoint")
    if parsed is None:
        return keys, []
    size, root = parsed
    if any(start >= size for _, start, _, _ in keys):
        report.add("keyring", "keyring", None, f"ranges that begin below {size}", "a later one")
    check_public_keys(export, report, keys, size, auditor)
    tiles = read_tile_leaves(export, report, size)
    leaves, roots = tiles, {size: root}
    if auditor:
        roots = check_checkpoints(export, report, keys, head, size) | {size: root}
        entries, payloads = read_entries(export, report, size)
        for index, (entry, tile) in enumerate(zip(entries, tiles)):
            if entry is None:
                report.add("entry_missing", bundle_of("tile/entries/", index, size), index, "an entry", "none")
            elif tile is not None and entry != tile:
                report.add("entry_or_tile", bundle_of("tile/0/", index, size), index, tile.hex(), entry.hex())
        leaves = [entry or tile for entry, tile in zip(entries, tiles)]
        key_ids, withheld = check_payloads(export, report, size, payloads)
        check_key_rows(export, report, size, key_ids, withheld)
    wrong = check_roots(report, leaves, roots)
    signed_by_tiles = check_roots(report, tiles, roots) if wrong and auditor else wrong
    for at in sorted(set(wrong) & set(signed_by_tiles)):
        report.add("root", "checkpoint" if at == size else "checkpoints", None, f"{roots[at].hex()} at size {at}", wrong[at].hex())
    check_upper_tiles(export, report, tiles if wrong and not signed_by_tiles else leaves)
    export.finish()
    print(f"{'auditor' if auditor else 'public'} set, {size} entries, {len(roots)} signed heads, root {root.hex()}", file=sys.stderr)
    return keys, leaves


def bundle_of(prefix, index, size):
    return next(name for name, first, width in bundle_names(prefix, size) if first <= index < first + width)


def verify_receipt(path, opening_path, trusted, keys, leaves, report):
    with open(path, "rb") as file:
        data = file.read()
    hints = [parse_vkey(key) for purpose, _, _, key in keys or [] if purpose == "log"]
    if not trusted and not hints:
        report.doubt("signer_not_trusted", path)
        return
    receipt = report.attempt(open_receipt, data, trusted + hints, file=path)
    if receipt is None:
        return
    index, entry, origin, size, root, _ = receipt
    if leaves:
        if size > len(leaves):
            report.add("not_a_prefix", path, index, f"a head of at most {len(leaves)} entries", size)
        elif check_roots(report, leaves[:size], {size: root}):
            report.add("not_a_prefix", path, index, "a prefix of this log", f"another root at size {size}")
    if opening_path:
        with open(opening_path, "rb") as file:
            event = report.attempt(open_opening, file.read(), index, origin, parse_entry(entry)[3], file=opening_path, index=index)
        if event is not None:
            print(event.decode())


def show(finding):
    place = "".join([finding["file"] or "", f" entry {finding['index']}" if finding["index"] is not None else ""])
    detail = f": expected {finding['expected']}, found {finding['found']}" if finding["expected"] or finding["found"] else ""
    return f"{finding['code']}: {place}{detail}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", help="an export directory")
    parser.add_argument("--log-key", action="append", default=[], help="file with a verifier key to trust")
    parser.add_argument("--receipt", help="a .tlog-proof file")
    parser.add_argument("--opening", help="the opening of the receipt's entry")
    parser.add_argument("--vectors", help="a directory of test vectors")
    parser.add_argument("--json", action="store_true", help="findings as JSON on stdout")
    arguments = parser.parse_args()
    if arguments.vectors:
        import vectors
        return vectors.run(arguments.vectors)
    if not (arguments.directory or arguments.receipt) or (arguments.opening and not arguments.receipt):
        parser.error("name an export directory, or a receipt")
    report, trusted, keys, leaves = Report(), [], None, []
    try:
        for path in arguments.log_key:
            with open(path, encoding="ascii") as file:
                trusted.append(parse_vkey(file.read().removesuffix("\n")))
        if arguments.directory:
            if not os.path.isdir(arguments.directory):
                raise OSError(f"{arguments.directory} is not a directory")
            keys, leaves = verify_export(arguments.directory, trusted, report)
        if arguments.receipt:
            verify_receipt(arguments.receipt, arguments.opening, trusted, keys, leaves, report)
    except (OSError, UnicodeDecodeError, Refused) as error:
        print(f"the check could not be made: {error}", file=sys.stderr)
        return 1 if report.findings else 2
    for finding in report.findings + report.doubts:
        print(show(finding), file=sys.stderr)
    if arguments.json:
        print(json.dumps({"findings": report.findings, "doubts": report.doubts, "exit": report.exit_code()}))
    print({0: "clean", 1: f"{len(report.findings)} findings", 2: "consistent with itself; see above"}[report.exit_code()],
          file=sys.stderr)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
