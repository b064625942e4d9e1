"""Runs this verifier over tests/vectors and counts where it agrees.

Good cases must come out byte for byte; refused ones must be refused, payloads with exactly
the finding named. A file of vectors that nothing here reads is a disagreement too.
"""

import os

import verify
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from formats import *  # noqa: F403  every name there is a format of the page


def unhex(case, name):
    return bytes.fromhex(case[name + "_hex"])


def un64(case, name):
    return base64.b64decode(case[name + "_base64"])


def refuses(check, *arguments):
    """The code with which the check refuses, or None."""
    try:
        check(*arguments)
        return None
    except Refused as refused:
        return refused.code


def vkeys_of(case):
    return [parse_vkey(text) for text in case.get("vkeys", [case.get("vkey")])]


def entry_file(data, _):
    peaks, roots = [], [EMPTY_ROOT]
    for place, case in enumerate(data["entries"]):
        raw, fields = unhex(case, "bytes"), case["fields"]
        index, time, prev, payload = parse_entry(raw)
        yield raw.decode(), (index, time, prev.hex(), payload.hex()) == tuple(fields[n] for n in ("index", "time", "prev", "payload"))
        yield "leaf hash", leaf_hash(raw) == unhex(case, "leaf_hash") and raw == case["text"].encode()
        if place < 5:
            push(peaks, place, leaf_hash(raw))
            roots.append(root_of(peaks))
    yield "roots", [root.hex() for root in roots] == data["roots_hex"]
    yield "empty root", base64.b64encode(EMPTY_ROOT).decode() == data["empty_root_base64"]


def negative_entry_file(data, _):
    for case in data["cases"]:
        yield case["name"], refuses(parse_entry, unhex(case, "bytes")) is not None


def payload_file(data, _):
    for case in data["cases"]:
        dk, key_id, salt, event = unhex(case, "dk"), unhex(case, "key_id"), unhex(case, "salt"), un64(case, "event")
        origin, index, sealed = case["origin"], case["index"], un64(case, "sealed")
        ek = entry_key(dk, key_id, salt, origin, index)
        yield case["name"], seal_payload(dk, key_id, salt, origin, index, event) == sealed
        yield "ctx, keys", (payload_context(origin, index), ek) == (unhex(case, "ctx"), unhex(case, "ek"))
        yield "opens", open_payload(sealed, unhex(case, "payload"), ek, origin, index) == event


def negative_payload_file(data, _):
    for case in data["cases"]:
        sealed = un64(case, "sealed")
        ek = entry_key(unhex(case, "dk"), sealed[1:17], sealed[17:49], case["origin"], case["index"])
        code = refuses(open_payload, sealed, unhex(case, "leaf_payload"), ek, case["origin"], case["index"])
        yield f"{case['name']} ({code})", code == case["finding"]


def open_with_receipt(case, folder):
    with open(os.path.join(folder, case["receipt"]), "rb") as file:
        index, entry, origin, *_ = open_receipt(file.read(), vkeys_of(case))
    return open_opening(un64(case, "opening"), index, origin, parse_entry(entry)[3])


def opening_file(data, folder):
    for case in data["good"]:
        yield case["receipt"], open_with_receipt(case, folder) == un64(case, "event")
    for case in data["refused"]:
        yield case["name"], refuses(open_with_receipt, case, folder) is not None


def note_file(data, _):
    for case in data["good"]:
        yield case["name"], open_note(un64(case, "note"), vkeys_of(case))[0] == case["text"]
    for case in data["refused"]:
        yield case["name"], refuses(open_note, un64(case, "note"), vkeys_of(case)) is not None
    for case in data["keys"]:
        name, key_id, public = parse_vkey(case["vkey"])
        yield case["label"], (name, key_id, public) == (case["name"], unhex(case, "key_id"), unhex(case, "public"))
    for case in data["vkeys_refused"]:
        yield case["name"], refuses(parse_vkey, case["vkey"]) is not None


def negative_checkpoint_file(data, _):
    for case in data["cases"]:
        yield case["name"], refuses(open_note, un64(case, "note"), vkeys_of(case)) is None
        yield case["name"], refuses(open_checkpoint, un64(case, "note"), vkeys_of(case)) is not None


def receipt_file(data, folder):
    for case in data["cases"]:
        with open(os.path.join(folder, case["file"]), "rb") as file:
            index, entry, _, size, root, _ = open_receipt(file.read(), vkeys_of(case))
        yield case["file"], (index, entry, size, root) == (case["index"], case["entry"].encode(), case["size"], unhex(case, "root"))


def negative_receipt_file(data, _):
    for case in data["cases"]:
        yield case["name"], refuses(open_receipt, un64(case, "receipt"), vkeys_of(case)) is not None


def wrapped_key_file(data, _):
    kek, key_id, wrapped = unhex(data, "kek"), unhex(data, "key_id"), un64(data, "wrapped")
    aad = wrap_aad(data["origin"], key_id, data["epoch"])
    made = b"\x01" + data["epoch"].to_bytes(4, "big") + unhex(data, "nonce")
    made += ChaCha20Poly1305(kek).encrypt(unhex(data, "nonce"), unhex(data, "dk"), aad)
    yield "wraps", made == wrapped and aad == unhex(data, "aad")
    yield "unwraps", unwrap_key(wrapped, kek, data["origin"], key_id, data["epoch"]) == unhex(data, "dk")
    yield "row", parse_key_row(data["keys_jsonl_line"].rstrip("\n")) == (key_id, data["epoch"], wrapped, None)
    yield "KEK file", parse_kek_file(un64(data, "kek_plaintext")) == (data["origin"], data["epoch"], kek)
    yield "kek_id", kek_id(kek) == unhex(data, "kek_id")
    for case in data["refused"]:
        code = refuses(unwrap_key, un64(case, "wrapped"), unhex(case, "kek"), case["origin"], unhex(case, "key_id"), case["epoch"])
        yield case["name"], code is not None
    for case in data["kek_plaintext_refused"]:
        yield case["name"], refuses(parse_kek_file, base64.b64decode(case["base64"])) is not None


def dsse_file(data, _):
    for case in data["pae_examples"]:
        yield case["type"], pae(case["type"], unhex(case, "payload")) == unhex(case, "pae")
    for case in data["keys"]:
        yield case["label"], dsse_keyid(unhex(case, "public")) == case["keyid"] and SPKI_ED25519 + unhex(case, "public") == unhex(case, "spki_der")
    good, publics = data["approval"], [unhex(case, "public") for case in data["keys"]]
    payload = un64(good, "payload")
    yield "approval", open_envelope(good["envelope"].encode(), good["type"], publics, 1) == payload
    yield "two signatures", open_envelope(good["envelope_two_signatures"].encode(), good["type"], publics, 2) == payload
    yield "PAE digest", sha256(pae(good["type"], payload)).hex() == good["pae_sha256"]
    for case in data["refused"]:
        publics = [bytes.fromhex(text) for text in case["public_hex"]]
        yield case["name"], refuses(open_envelope, un64(case, "envelope"), case["type"], publics, case["m"]) is not None


def item_file(data, _):
    descriptor = un64(data, "descriptor")
    hashed = b"probity/item/v1\n" + descriptor
    yield "hash", hashed == unhex(data, "hashed") and sha256(hashed) == unhex(data, "item_hash")
    yield "stanza", item_stanza(descriptor) == data["stanza_unpadded"]
    yield "profile", isinstance(parse_json(descriptor), dict)


def fk_commit_file(data, _):
    for case in data["cases"]:
        yield "commit", fk_commit(unhex(case, "file_key"), unhex(case, "nonce")) == un64(case, "fk_commit")


# ---- age headers, as far as the re-wrap needs them ---------------------------------

def fk_commit(file_key, nonce):
    return hkdf32(file_key, nonce, b"probity/fk-commit/v1")


def bare64(data):
    return base64.b64encode(data).decode().rstrip("=")


def item_stanza(descriptor):
    return f"-> probity-item {bare64(sha256(b'probity/item/v1' + bytes([10]) + descriptor))}\n\n"


def unbare64(text):
    need("=" not in text, "age", "unpadded base64", text)
    return unbase64(text + "=" * (-len(text) % 4), "age")


def split_header(header):
    """([(arguments, body)], the MAC, the bytes it covers)"""
    lines, stanzas, at = header.decode("ascii").split("\n"), [], 1
    need(lines[0] == "age-encryption.org/v1" and lines[-1] == "", "age", "age-encryption.org/v1", lines[0])
    while lines[at].startswith("-> "):
        arguments, body = lines[at][3:].split(" "), ""
        at += 1
        while True:
            body, last = body + lines[at], len(lines[at]) < 64
            at += 1
            if last:
                break
        stanzas.append((arguments, unbare64(body)))
    need(lines[at].startswith("--- ") and len(lines) == at + 2, "age", "the MAC line last", lines[at][:20])
    return stanzas, unbare64(lines[at][4:]), header[: header.rindex(b"---") + 3]


def unwrap_file_key(header, identity):
    """The file key, once the MAC was checked."""
    stanzas, mac, covered = split_header(header)
    secret = X25519PrivateKey.from_private_bytes(identity)
    public, file_key = secret.public_key().public_bytes_raw(), None
    for arguments, body in stanzas:
        if arguments[0] == "X25519":
            need(len(arguments) == 2 and len(body) == 32, "age", "one argument and 32 bytes", len(body))
            share = unbare64(arguments[1])
            shared = secret.exchange(X25519PublicKey.from_public_bytes(share))
            try:
                key = hkdf32(shared, share + public, b"age-encryption.org/v1/X25519")
                file_key = ChaCha20Poly1305(key).decrypt(bytes(12), body, None)
            except InvalidTag:
                pass
    need(file_key is not None, "cannot_unwrap", "a stanza for this identity", "none")
    need(hmac.compare_digest(hmac256(hkdf32(file_key, b"", b"header"), covered), mac), "age", "the MAC", mac.hex())
    return file_key


def judge_item(header, descriptor, identity):
    file_key = unwrap_file_key(header, identity)
    items = [(arguments, body) for arguments, body in split_header(header)[0] if arguments[0] == "probity-item"]
    wanted = ["probity-item", bare64(sha256(b"probity/item/v1\n" + descriptor))]
    need(items == [(wanted, b"")], "item_mismatch", wanted, items)
    return file_key


def rewrap_file(data, _):
    descriptor, file_key, old = un64(data, "descriptor"), unhex(data, "file_key"), data["old_header"].encode()
    new, nonce = data["new_header"].encode(), unhex(data, "payload_nonce")
    yield "old header", judge_item(old, descriptor, unhex(data, "old_identity")) == file_key
    yield "new header", judge_item(new, descriptor, unhex(data, "new_identity")) == file_key
    whole = un64(data, "old_file")
    yield "payload", whole.startswith(old + nonce) and sha256(whole[len(old):]).hex() == data["payload_sha256"]
    yield "payload key", hkdf32(file_key, nonce, b"payload") == unhex(data, "payload_key")
    yield "fk_commit", fk_commit(file_key, nonce) == un64(data, "fk_commit")
    yield "new recipient", sha256(data["new_recipient"].encode()).hex() == data["new_recipient_sha256"]
    for case in data["refused"]:
        code = refuses(judge_item, un64(case, "header"), un64(case, "descriptor"), unhex(case, "identity"))
        yield f"{case['name']} ({code})", code is not None


def keyring_chain(notes):
    """The last keyring of a chain; each must continue the one before."""
    need(notes, "keyring", "a keyring", "none")
    before = None
    for note in notes:
        before = verify.keyring_step(note, before)
    return before[2]


def keyring_file(data, _):
    chains = {}
    for case in data["good"]:
        keys = chains[case["name"]] = keyring_chain([base64.b64decode(note) for note in case["notes_base64"]])
        yield case["name"], [in_force(keys, "origin", i) for i, _ in case["origin_at"]] == [o for _, o in case["origin_at"]]
        yield case["name"], all(in_force(keys, "log", size - 1) in wanted for size, wanted in case["keys_for_size"])
    for case in data["refused"]:
        notes = [base64.b64decode(note) for note in case["notes_base64"]]
        yield case["name"], refuses(keyring_chain, notes) is not None
    for case in data["checkpoints"]:
        refused = refuses(verify.check_note, un64(case, "note"), chains[case["chain"]]) is not None
        yield case["name"], refused == (case["standing"] == "refused")


def go_tlog_file(data, _):
    leaves, peaks, roots = [], [], {}
    for size in range(1, 1 + max(tree["size"] for tree in data["trees"])):
        leaves.append(leaf_hash(f"leaf {size - 1}".encode()))
        push(peaks, size - 1, leaves[-1])
        roots[size] = root_of(peaks) if any(tree["size"] == size for tree in data["trees"]) else None
    for tree in data["trees"]:
        yield f"root {tree['size']}", roots[tree["size"]] == unhex(tree, "root")
        for proof in tree["inclusion"]:
            path = [bytes.fromhex(node) for node in proof["path_hex"]]
            found = root_from_path(leaves[proof["index"]], proof["index"], tree["size"], path)
            yield f"path {proof['index']} of {tree['size']}", found == roots[tree["size"]]
    for note in data["notes"]:
        vkeys = [parse_vkey(text) for text in note["vkeys"]]
        yield "a note", open_note(note["note"].encode(), vkeys)[0] == note["text"]


def anchor_file(data, _):
    """The daemon's own file, which no auditor is given; its bytes were made in Python too."""
    for case in data["good"]:
        slots = [unhex(slot, "slot") if "slot_hex" in slot else bytes.fromhex(slot["slot"]) for slot in case["slots"] if slot]
        yield case["name"], any(unhex(case, "note") in slot and unhex(case, "machine") in slot for slot in slots)


READERS = {
    "dsse.json": dsse_file, "entry.json": entry_file, "fk-commit.json": fk_commit_file, "item.json": item_file,
    "anchor.json": anchor_file, "go-tlog.json": go_tlog_file, "keyring.json": keyring_file,
    "negative-checkpoint.json": negative_checkpoint_file, "negative-entry.json": negative_entry_file,
    "negative-payload.json": negative_payload_file, "negative-receipt.json": negative_receipt_file, "note.json": note_file,
    "opening.json": opening_file, "payload.json": payload_file, "receipt.json": receipt_file, "rewrap.json": rewrap_file,
    "wrapped-key.json": wrapped_key_file,
}


def run(folder):
    checks = wrong = 0
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".json")):
        if name not in READERS:
            print(f"DISAGREES {name}: nothing here reads it")
            wrong += 1
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            data = json.load(file)
        count = 0
        try:
            for case, agrees in READERS[name](data, folder):
                count += 1
                if not agrees:
                    print(f"DISAGREES {name}: {case}")
                    wrong += 1
        except Refused as refused:
            print(f"DISAGREES {name}: a good case is refused: {refused}")
            wrong += 1
        checks += count
        print(f"{name}: {count} checks")
    print(f"{checks} checks, {wrong} disagreements")
    return 1 if wrong or not checks else 0
