"""Probity's byte formats, read by a second implementation.

Written from docs/FORMATS.md alone. Every function either returns a parsed value or raises
Refused with a short stable code, what was expected and what was found. Nothing here reads
a file or prints.

Ed25519 and ChaCha20-Poly1305 come from PyPI's `cryptography`; the rest is standard library.
OpenSSL's Ed25519 check is the ordinary one; the Rust side is stricter about weak keys.
"""

import base64
import calendar
import hashlib
import hmac
import json
import re
import struct

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305


class Refused(Exception):
    """These bytes break the format."""

    def __init__(self, code, expected="", found=""):
        super().__init__(f"{code}: expected {expected}, found {found}")
        self.code, self.expected, self.found = code, str(expected), str(found)


def need(holds, code, expected="", found=""):
    if not holds:
        raise Refused(code, expected, found)


def sha256(data):
    return hashlib.sha256(data).digest()


def hmac256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf32(ikm, salt, info):
    """RFC 5869 with SHA-256 and L = 32: one block of output."""
    return hmac256(hmac256(salt if salt else bytes(32), ikm), info + b"\x01")


def unbase64(text, code, length=None):
    """Standard alphabet, padded, canonical."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(code, "padded standard base64", text[:40]) from None
    need(base64.b64encode(data).decode() == text, code, "canonical base64", text[:40])
    need(length is None or len(data) == length, code, f"{length} bytes", f"{len(data)} bytes")
    return data


def decimal(text, code, below=2**64):
    """Decimal without sign or leading zero."""
    need(re.fullmatch("0|[1-9][0-9]*", text) and len(text) < 21, code, "a decimal", repr(text[:40]))
    need(int(text) < below, code, f"less than {below}", text)
    return int(text)


# ---- JSON profile ------------------------------------------------------------------

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)")


def parse_json(data):
    """The JSON profile: no duplicates, no fractions, no lone surrogates, depth at most 16."""

    def pairs(items):
        names = [name for name, _ in items]
        need(len(set(names)) == len(names), "json", "distinct members", names)
        return dict(items)

    def integer(text):
        need(text != "-0" and abs(int(text)) < 2**53, "json", "an integer below 2^53, not -0", text[:40])
        return int(text)

    def refuse_number(text):
        raise Refused("json", "an integer", text[:40])

    def walk(value, depth):
        if isinstance(value, str):
            need(not any(0xD800 <= ord(c) <= 0xDFFF for c in value), "json", "no lone surrogate", repr(value[:40]))
        elif isinstance(value, (dict, list)):
            need(depth <= 16, "json", "depth of at most 16", depth)
            for name in value if isinstance(value, dict) else ():
                walk(name, depth + 1)
            for inner in value.values() if isinstance(value, dict) else value:
                walk(inner, depth + 1)

    need(not data.startswith(b"\xef\xbb\xbf"), "json", "no byte order mark", "one")
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=pairs, parse_int=integer, parse_float=refuse_number,
            parse_constant=refuse_number)
    except (ValueError, RecursionError) as error:
        raise Refused("json", "JSON in UTF-8", error) from None
    walk(value, 1)
    return value


def members(value, names, code):
    need(isinstance(value, dict) and set(value) == set(names), code, f"exactly {sorted(names)}",
         sorted(value) if isinstance(value, dict) else type(value).__name__)
    return value


def is_time(text):
    form = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{3}Z", text, re.ASCII)
    if not form:
        return False
    year, month, day, hour, minute, second = map(int, form.groups())
    if not (1 <= month <= 12 and hour < 24 and minute < 60 and second < 60):
        return False
    # calendar knows no year 0, which is a leap year like 2000.
    return 1 <= day <= calendar.monthrange(year or 2000, month)[1]


# ---- Entries and the tree ----------------------------------------------------------

ENTRY = re.compile(
    rb'\{"v":1,"index":(0|[1-9][0-9]{0,15}),"time":"([0-9TZ:.-]{24})","prev":"([0-9a-f]{64})","payload":"([0-9a-f]{64})"\}')


def parse_entry(data):
    """(index, time, prev, payload). The form leaves no freedom, so a match of it is the whole parse."""
    need(len(data) <= 65535, "entry", "at most 65,535 bytes", len(data))
    form = ENTRY.fullmatch(data)
    need(form, "entry", "the one form of an entry", data[:80])
    index, time = int(form[1]), form[2].decode()
    prev, payload = bytes.fromhex(form[3].decode()), bytes.fromhex(form[4].decode())
    need(index < 2**53, "entry", "an index below 2^53", index)
    need(is_time(time), "entry", "a real time", time)
    need(index > 0 or prev == bytes(32), "entry", "64 zeros before entry 0", prev.hex())
    return index, time, prev, payload


def leaf_hash(entry):
    return sha256(b"\x00" + entry)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


EMPTY_ROOT = sha256(b"")


def push(peaks, size, leaf):
    """Appends one leaf to the peaks of a tree of `size` leaves, left to right."""
    while size & 1:
        leaf = node_hash(peaks.pop(), leaf)
        size >>= 1
    peaks.append(leaf)


def root_of(peaks):
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root_from_path(leaf, index, size, path):
    """RFC 9162, 2.1.3.2, which is RFC 6962's tree."""
    need(index < size, "proof", f"an index below {size}", index)
    fn, sn, root = index, size - 1, leaf
    for sibling in path:
        need(sn, "proof", "no further hash", "one too many")
        if fn & 1 or fn == sn:
            root = node_hash(sibling, root)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, sibling)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "proof", "more hashes", f"{len(path)} only")
    return root


def tile_name(number):
    """1234067 -> x001/x234/067"""
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    return "/".join(groups)


def bundle_names(prefix, count):
    """(path, first, width) of every tile or bundle that holds `count` things, 256 a file."""
    for number in range((count + 255) // 256):
        width = min(256, count - number * 256)
        yield prefix + tile_name(number) + (f".p/{width}" if width < 256 else ""), number * 256, width


# ---- Signed notes, checkpoints, keyrings -------------------------------------------

def check_signature(public, signature, message):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


def is_small_order(public):
    """Whether eight times the point is the neutral element: every message verifies under such a key."""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    y = (int.from_bytes(public, "little") & (2**255 - 1)) % p
    # Doubling needs y alone: y' = (y^2 + x^2) / (2 - y^2 + x^2) with x^2 from the curve.
    for _ in range(3):
        xx = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        y = (y * y + xx) * pow(2 - y * y + xx, -1, p) % p
    return y == 1


def parse_vkey(text):
    """(name, key id, public key)"""
    parts = text.split("+", 2)
    need(len(parts) == 3, "vkey", "name+id+key", text[:80])
    name, key_id, blob = parts[0], parts[1], unbase64(parts[2], "vkey")
    need(name and not re.search(r"\s", name), "vkey", "a name without space", repr(name))
    need(re.fullmatch("[0-9a-f]{8}", key_id), "vkey", "8 hex digits", key_id)
    need(len(blob) == 33 and blob[0] == 1, "vkey", "type 0x01 and 32 bytes", blob[:1].hex())
    computed = sha256(name.encode() + b"\n" + blob)[:4]
    need(computed.hex() == key_id, "vkey", f"key id {computed.hex()}", key_id)
    return name, computed, blob[1:]


def split_note(data):
    """(text, [(name, key id, signature)])"""
    need(len(data) <= 256 * 1024, "note", "at most 256 KiB", len(data))
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("note", "UTF-8", data[:40]) from None
    need(not any(ord(c) < 0x20 and c != "\n" for c in note), "note", "no control character", "one")
    at = note.rfind("\n\n")
    need(at >= 0 and note.endswith("\n"), "note", "a blank line and a final newline", repr(note[-40:]))
    text, lines = note[: at + 1], note[at + 2:].split("\n")[:-1]
    need(1 <= len(lines) <= 32, "note", "1 to 32 signatures", len(lines))
    signatures = []
    for line in lines:
        form = re.fullmatch("\u2014 ([^\\s+]+) ([^\\s]+)", line)
        need(form, "note", "a signature line", repr(line[:60]))
        blob = unbase64(form[2], "note")
        need(len(blob) > 4, "note", "key id and signature", f"{len(blob)} bytes")
        signatures.append((form[1], blob[:4], blob[4:]))
    return text, signatures


def open_note(data, vkeys):
    """(text, [the vkeys that signed]); a known key that fails refuses the note, none that signs too."""
    text, signatures = split_note(data)
    known = {(name, key_id): (name, key_id, public) for name, key_id, public in vkeys}
    signers = []
    for name, key_id, signature in signatures:
        vkey = known.get((name, key_id))
        if vkey is None:
            continue
        need(check_signature(vkey[2], signature, text.encode()), "signature", f"one by {name}+{key_id.hex()}",
             "one that fails")
        if vkey not in signers:
            signers.append(vkey)
    need(signers, "unsigned", "a signature by a known key",
         ", ".join(f"{n}+{k.hex()}" for n, k, _ in signatures))
    return text, signers


def check_origin(text):
    need(0 < len(text) <= 255 and all(0x21 <= ord(c) <= 0x7E for c in text) and not re.search(r'[+"\\]|://', text),
         "origin", "printable ASCII without space, + \" \\ ://", repr(text[:60]))
    need(not text.startswith(("probity/", "cosignature/")), "origin", "no reserved beginning", text)
    return text


def parse_checkpoint(text):
    """(origin, size, root) of a checkpoint of ours: three lines, size at least 1."""
    lines = text.split("\n")
    need(len(lines) == 4 and lines[3] == "", "checkpoint", "three lines", f"{len(lines) - 1} lines")
    size = decimal(lines[1], "checkpoint")
    need(size >= 1, "checkpoint", "a size of at least 1", size)
    return check_origin(lines[0]), size, unbase64(lines[2], "checkpoint", 32)


def open_checkpoint(data, vkeys):
    text, signers = open_note(data, vkeys)
    origin, size, root = parse_checkpoint(text)
    need(all(name == origin for name, _, _ in signers), "checkpoint", "a key named as the origin",
         [name for name, _, _ in signers])
    return origin, size, root, signers


PURPOSES = ["log", "disclosure", "origin"]


def parse_keyring(text):
    """(origin, serial, [(purpose, from, to or None, key)])"""
    lines = text.split("\n")
    need(len(lines) >= 5 and lines[0] == "probity/keyring/v1" and lines[-1] == "", "keyring", "probity/keyring/v1", lines[0])
    origin, serial, keys = check_origin(lines[1]), decimal(lines[2], "keyring"), []
    for line in lines[3:-1]:
        parts = line.split(" ")
        need(len(parts) == 4 and parts[0] in PURPOSES, "keyring", "purpose from to key", line[:80])
        to = None if parts[2] == "-" else decimal(parts[2], "keyring", 2**53)
        keys.append((parts[0], decimal(parts[1], "keyring", 2**53), to, parts[3]))
        if parts[0] == "log":
            parse_vkey(parts[3])
        elif parts[0] == "disclosure":
            unbase64(parts[3], "keyring", 32)
        else:
            check_origin(parts[3])
    need(keys == sorted(keys, key=lambda k: (PURPOSES.index(k[0]), k[1])), "keyring", "lines in order", "another order")
    for purpose in PURPOSES:
        end = 0
        for _, start, to, _ in (k for k in keys if k[0] == purpose):
            need(start == end, "keyring", f"{purpose} from {end}", start)
            need(to is None or to > start, "keyring", "a range that is not empty", f"{start} {to}")
            end = to
        need(end is None, "keyring", f"an open last line of {purpose}", end)
    publics = [parse_vkey(k)[2] if p == "log" else unbase64(k, "keyring", 32) for p, _, _, k in keys if p != "origin"]
    need(len(set(publics)) == len(publics), "keyring", "each key in one line", "one twice")
    need(not any(is_small_order(public) for public in publics), "keyring", "no key of small order", "one")
    for _, start, to, name in (k for k in keys if k[0] == "origin"):
        for _, first, last, key in (k for k in keys if k[0] == "log"):
            apart = (to is not None and first >= to) or (last is not None and start >= last)
            need(apart or parse_vkey(key)[0] == name, "keyring", f"a log key named {name}", parse_vkey(key)[0])
    return origin, serial, keys


def in_force(keys, purpose, index):
    return next(key for p, start, to, key in keys if p == purpose and start <= index and (to is None or index < to))


def check_keyring_step(before, after):
    """Serial n+1 repeats every line of n, except that an open end may be closed, and adds lines from one index."""
    need(after[1] == before[1] + 1, "keyring", f"serial {before[1] + 1}", after[1])
    for purpose, start, to, key in before[2]:
        same = [k for k in after[2] if (k[0], k[1], k[3]) == (purpose, start, key)]
        need(same and (to is None or same[0][2] == to), "keyring", f"the line {purpose} {start}", "it is gone or changed")
    known = {(k[0], k[1], k[3]) for k in before[2]}
    added = [k for k in after[2] if (k[0], k[1], k[3]) not in known]
    need(len({k[1] for k in added}) == 1, "keyring", "new lines from one index", sorted({k[1] for k in added}))
    latest = max(k[1] for k in before[2])
    need(added[0][1] > latest, "keyring", f"a change after {latest}", added[0][1])


# ---- Payloads ----------------------------------------------------------------------

def payload_context(origin, index):
    return f"probity/payload/v1\n{origin}\n{index}\n".encode()


def entry_key(dk, key_id, salt, origin, index):
    return hkdf32(dk, salt, payload_context(origin, index) + key_id)


def seal_payload(dk, key_id, salt, origin, index, event):
    ek = entry_key(dk, key_id, salt, origin, index)
    head = b"\x01" + key_id + salt + hmac256(ek, b"probity/payload-commit/v1")
    total = next(512 << k for k in range(16) if 512 << k >= 4 + len(event))
    plaintext = (struct.pack(">I", len(event)) + event).ljust(total, b"\0")
    aad = payload_context(origin, index) + head
    return head + ChaCha20Poly1305(hmac256(ek, b"probity/payload-aead/v1")).encrypt(bytes(12), plaintext, aad)


def check_payload_form(sealed, payload_hash):
    need(sha256(sealed) == payload_hash, "payload_hash", payload_hash.hex(), sha256(sealed).hex())
    need(len(sealed) >= 81 and sealed[0] == 1, "version", "version 1 and 81 bytes", f"{sealed[:1].hex()}, {len(sealed)} bytes")


def open_payload(sealed, payload_hash, ek, origin, index):
    """The event's bytes, with the checks in the order of the format page."""
    check_payload_form(sealed, payload_hash)
    commit = hmac256(ek, b"probity/payload-commit/v1")
    need(hmac.compare_digest(commit, sealed[49:81]), "commit", sealed[49:81].hex(), commit.hex())
    try:
        aead = ChaCha20Poly1305(hmac256(ek, b"probity/payload-aead/v1"))
        plain = aead.decrypt(bytes(12), sealed[81:], payload_context(origin, index) + sealed[:81])
    except (InvalidTag, ValueError):
        raise Refused("tag", "a tag that verifies", "one that does not") from None
    need(len(plain) >= 4, "padding", "at least 4 bytes", len(plain))
    n = struct.unpack(">I", plain[:4])[0]
    need(1 <= n <= len(plain) - 4, "padding", "1 to what follows", n)
    minimal = next((512 << k for k in range(16) if 512 << k >= 4 + n), None)
    need(len(plain) == minimal and not any(plain[4 + n:]), "padding", f"{minimal} bytes, zeros at the end", len(plain))
    event = plain[4: 4 + n]
    try:
        need(isinstance(parse_json(event), dict), "event", "an object", "something else")
    except Refused as refused:
        raise Refused("event", refused.expected, refused.found) from None
    return event


# ---- Receipts and openings ---------------------------------------------------------

def open_receipt(data, vkeys):
    """(index, entry bytes, origin, size, root, signers)"""
    need(len(data) <= 512 * 1024, "receipt", "at most 512 KiB", len(data))
    head, blank, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Refused("receipt", "ASCII before the checkpoint", "other bytes") from None
    need(blank and len(lines) >= 3 and lines[0] == "c2sp.org/tlog-proof@v1", "receipt", "c2sp.org/tlog-proof@v1", lines[0][:40])
    need(lines[1].startswith("extra "), "receipt", "extra", lines[1][:40])
    need(lines[2].startswith("index "), "receipt", "index", lines[2][:40])
    entry, index = unbase64(lines[1][6:], "receipt"), decimal(lines[2][6:], "receipt", 2**53)
    need(len(lines) - 3 <= 63, "receipt", "at most 63 hashes", len(lines) - 3)
    path = [unbase64(line, "receipt", 32) for line in lines[3:]]
    origin, size, root, signers = open_checkpoint(note, vkeys)
    computed = root_from_path(leaf_hash(entry), index, size, path)
    need(computed == root, "proof", root.hex(), computed.hex())
    named = parse_entry(entry)[0]
    need(named == index, "receipt", f"entry {index}", f"entry {named}")
    return index, entry, origin, size, root, signers


def open_opening(data, index, origin, payload_hash):
    """The event of one entry, given what a verified receipt says about it."""
    value = members(parse_json(data), ["v", "origin", "index", "sealed", "ek"], "opening")
    need(type(value["v"]) is int and value["v"] == 1, "opening", "v 1", value["v"])
    need(value["origin"] == origin, "opening", origin, value["origin"])
    need(type(value["index"]) is int and value["index"] == index, "opening", index, value["index"])
    need(isinstance(value["sealed"], str) and isinstance(value["ek"], str), "opening", "base64 texts", "others")
    sealed, ek = unbase64(value["sealed"], "opening"), unbase64(value["ek"], "opening", 32)
    return open_payload(sealed, payload_hash, ek, origin, index)


# ---- Keys at rest ------------------------------------------------------------------

def wrap_aad(origin, key_id, epoch):
    return b"probity/data-key/v1\n" + origin.encode() + b"\n" + key_id + struct.pack(">I", epoch)


def unwrap_key(wrapped, kek, origin, key_id, epoch):
    need(len(wrapped) == 65 and wrapped[0] == 1, "wrapped", "version 1 and 65 bytes", len(wrapped))
    need(struct.unpack(">I", wrapped[1:5])[0] == epoch, "wrapped", f"epoch {epoch}", wrapped[1:5].hex())
    try:
        return ChaCha20Poly1305(kek).decrypt(wrapped[5:17], wrapped[17:], wrap_aad(origin, key_id, epoch))
    except InvalidTag:
        raise Refused("wrapped", "a tag that verifies", "one that does not") from None


def parse_kek_file(data):
    """(origin, epoch, KEK)"""
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Refused("kek", "ASCII", "other bytes") from None
    need(len(lines) == 5 and lines[0] == "probity/kek/v1" and lines[4] == "", "kek", "four lines", len(lines) - 1)
    epoch = decimal(lines[2], "kek", 2**32)
    need(epoch >= 1, "kek", "an epoch from 1", epoch)
    return check_origin(lines[1]), epoch, unbase64(lines[3], "kek", 32)


def kek_id(kek):
    return sha256(b"probity/kek-id/v1\n" + kek)


ROW = re.compile(
    r'\{"v":1,"key_id":"([0-9a-f]{32})",(?:"epoch":([1-9][0-9]{0,9}),"wrapped":"([A-Za-z0-9+/=]{88})"|"erased_by":(0|[1-9][0-9]{0,15}))\}')


def parse_key_row(line):
    """(key id, epoch or None, wrapped or None, erased_by or None)"""
    form = ROW.fullmatch(line)
    need(form, "keys.jsonl", "a row of its one form", line[:80])
    if form[4] is not None:
        return bytes.fromhex(form[1]), None, None, int(form[4])
    epoch, wrapped = decimal(form[2], "keys.jsonl", 2**32), unbase64(form[3], "keys.jsonl", 65)
    need(wrapped[0] == 1, "keys.jsonl", "version 1", wrapped[0])
    need(struct.unpack(">I", wrapped[1:5])[0] == epoch, "keys.jsonl", f"epoch {epoch} in the bytes", wrapped[1:5].hex())
    return bytes.fromhex(form[1]), epoch, wrapped, None


# ---- DSSE --------------------------------------------------------------------------

SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")


def pae(payload_type, payload):
    return b"DSSEv1 %d %s %d %s" % (len(payload_type.encode()), payload_type.encode(), len(payload), payload)


def dsse_keyid(public):
    return sha256(SPKI_ED25519 + public).hex()


def open_envelope(data, payload_type, publics, m):
    """The payload, if `m` distinct registered keys signed it and nobody else's signature stands there."""
    value = members(parse_json(data), ["payloadType", "payload", "signatures"], "dsse")
    need(value["payloadType"] == payload_type, "dsse", payload_type, value["payloadType"])
    need(isinstance(value["payload"], str) and isinstance(value["signatures"], list), "dsse", "payload and signatures", "others")
    payload, signatures = unbase64(value["payload"], "dsse"), value["signatures"]
    need(1 <= len(signatures) and (m > 1 or len(signatures) == 1), "dsse", f"{m} signatures", len(signatures))
    keys, signed = {dsse_keyid(public): public for public in publics}, set()
    for signature in signatures:
        members(signature, ["keyid", "sig"], "dsse")
        need(signature["keyid"] in keys, "dsse", "the keyid of a registered key", signature["keyid"])
        public = keys[signature["keyid"]]
        need(check_signature(public, unbase64(signature["sig"], "dsse", 64), pae(payload_type, payload)), "dsse",
             "a signature that verifies", "one that does not")
        signed.add(public)
    need(len(signed) >= m, "dsse", f"{m} keys", len(signed))
    return payload


# ---- Framing -----------------------------------------------------------------------

def split_records(data, prefix, count, limit):
    """`count` records, each after its length (2 or 4 bytes, BE); nothing after the last."""
    records, at, form = [], 0, {2: ">H", 4: ">I"}[prefix]
    for place in range(count):
        need(len(data) - at >= prefix, "framing", f"a length before record {place}", f"{len(data) - at} bytes")
        length = struct.unpack(form, data[at: at + prefix])[0]
        at += prefix
        need(length <= limit, "framing", f"at most {limit} bytes in record {place}", length)
        need(len(data) - at >= length, "framing", f"{length} bytes of record {place}", f"{len(data) - at} bytes")
        records.append(data[at: at + length])
        at += length
    need(at == len(data), "framing", f"the end after {count} records", f"{len(data) - at} bytes more")
    return records


def split_notes(data):
    """Notes, each after its byte length in decimal on a line of its own."""
    notes, at = [], 0
    while at < len(data):
        end = data.find(b"\n", at, at + 20)
        need(end >= 0, "framing", f"a length before note {len(notes)}", data[at: at + 20])
        length = decimal(data[at:end].decode("latin-1"), "framing", 256 * 1024 + 1)
        at = end + 1
        need(len(data) - at >= length, "framing", f"{length} bytes of note {len(notes)}", f"{len(data) - at} bytes")
        notes.append(data[at: at + length])
        at += length
    need(notes, "framing", "at least one note", "none")
    return notes
