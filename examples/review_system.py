#!/usr/bin/env python3
"""A review system's side of Probity, with Python's standard library alone.

It walks one demand from its receipt to a completed review over the daemon's Unix socket,
keeps every receipt and opening it is given, and shows what a refusal looks like. The first
entry says under which rule set it was judged; under rule set 2 the demand is screened too.

    python3 examples/review_system.py --socket /var/lib/probity/run/probity.sock \
        --request REQ-2026-0001 --agency metro-police --reviewer p-reviewer-1 --intake p-intake-1 \
        --account ada.example@mail.example --receipts receipts/

Run it twice: every event carries an id of its own choosing, so the second run records
nothing and gets the same entries again.
"""

import argparse
import base64
import datetime
import hashlib
import http.client
import json
import pathlib
import socket
import sys


class UnixConnection(http.client.HTTPConnection):
    """HTTP/1.1 over a Unix socket. Who we are, the kernel tells the daemon."""

    def __init__(self, path, timeout=30):
        super().__init__("probity", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Refused(Exception):
    """The daemon said no: an RFC 9457 problem with the rule, the place and the cure."""

    def __init__(self, problem):
        self.problem = problem
        rule = f" under {problem['rule']}" if "rule" in problem else ""
        super().__init__(f"{problem.get('status')}{rule}: {problem.get('detail')} ({problem.get('cure', 'no cure given')})")


class Probity:
    """The few calls that a review system needs."""

    def __init__(self, path, receipts):
        self.path = path
        self.receipts = receipts

    def call(self, method, target, body=None, media_type="application/json"):
        connection = UnixConnection(self.path)
        try:
            connection.request(method, target, body, {"Content-Type": media_type})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get(self, target):
        status, body = self.call("GET", target)
        if status != 200:
            raise Refused(json.loads(body))
        return json.loads(body)

    def post(self, event):
        """Posts one event. Safe to repeat: the same id and members give the same entry."""
        status, body = self.call("POST", "/v1/events", json.dumps(event).encode())
        answer = json.loads(body)
        if status not in (200, 201):
            raise Refused(answer)
        self.keep(answer)
        return answer

    def post_lines(self, events):
        """Posts many events in one call; each line is answered for itself, in order."""
        body = b"".join(json.dumps(event).encode() + b"\n" for event in events)
        status, answer = self.call("POST", "/v1/events", body, "application/x-ndjson")
        if status != 200:
            raise Refused(json.loads(answer))
        return [json.loads(line) for line in answer.splitlines()]

    def keep(self, answer):
        """A receipt and its opening prove offline, for ever, what was recorded. Keep them
        where the daemon's machine cannot reach them."""
        if self.receipts is None:
            return
        self.receipts.mkdir(parents=True, exist_ok=True)
        name = f"{answer['index']:08d}"
        (self.receipts / f"{name}.tlog-proof").write_text(answer["receipt"])
        opening = self.receipts / f"{name}.opening.json"
        opening.write_text(json.dumps(answer["opening"], separators=(",", ":")))
        opening.chmod(0o600)


def screening(arguments, order):
    """What rule set 2 wants to know between classification and review: type, step, data."""
    def digest(note):
        return hashlib.sha256(note).hexdigest()

    def day(date):
        return {"date": date, "time": None, "offset": "+00:00"}

    def read(cite):
        return [{"cite": cite, "version": "2026-01-01T00:00:00.000Z"}]

    # The order's own dates, from which the scope's UTC interval follows: all of March.
    yield "interval", "interval.stated", {"order": order, "items": [
        {"item": 1, "from": day("2026-03-01"), "to": day("2026-03-31"), "to_is_inclusive": True}]}
    # Whose account it is decides whom the demand must go to, and whom the provider tells.
    yield "profiled", "accounts.profiled", {"order": order, "accounts": [{
        "service": "mail", "account": arguments.account, "segment": "consumer", "seats": None, "customer": None,
        "customer_country": "US", "us_person": True, "hosted_in": "US", "controller": "provider-us",
        "custody": "provider", "owned_from": None, "owned_to": None, "excluded": []}]}
    # Local law and procedure, read by somebody qualified for that country.
    yield "legality", "legality.reviewed", {
        "order": order, "country": "US", "reviewer": arguments.reviewer, "law": read("18 USC 2703(a)"),
        "procedure": read("FRCrP 41"), "followed": True, "served_by": None, "note_sha256": digest(b"a note on the law")}
    # What it may do to people; a high risk is for two people to decide.
    yield "rights", "rights.screened", {
        "order": order, "tier": "low", "subjects": [], "note_sha256": digest(b"a note on rights")}


def demand(arguments, rules_of):
    """The events of one demand, up to its review; `rules_of` asks for the first entry's rule set."""
    letter = f"SEARCH WARRANT for {arguments.account}, March 2026".encode()
    order = {"version": 1, "sha256": hashlib.sha256(letter).hexdigest()}
    scope = base64.b64encode(json.dumps({"v": 1, "items": [
        {"account": arguments.account, "service": "mail", "class": "bsi",
         "from": None, "to": None, "fields": None},
        {"account": arguments.account, "service": "mail", "class": "content_stored",
         "from": "2026-03-01T00:00:00.000Z", "to": "2026-04-01T00:00:00.000Z", "fields": None},
    ]}, separators=(",", ":")).encode()).decode()

    def event(step, type_, actor, data):
        # The id names the step, not the attempt: that is what makes a retry harmless.
        return {"v": 1, "id": f"{arguments.request}-{step}", "type": type_,
                "request": arguments.request, "actor": actor, "data": data}

    yield event("received", "request.received", arguments.intake, {
        "kind": "legal_demand", "order": order, "media_type": "application/pdf", "channel": "portal",
        "received_at": arguments.received_at, "agency_claimed": arguments.agency})
    yield event("authenticated", "request.authenticated", arguments.reviewer, {
        "agency": arguments.agency, "method": "call_back",
        "evidence": [hashlib.sha256(b"notes of the call").hexdigest()]})
    yield event("classified", "request.classified", arguments.reviewer, {
        "order": order, "instrument": "us.warrant_2703", "issuer": "magistrate", "level": "local",
        "country": "US", "nature": "criminal", "entity": "provider-us", "issued_at": arguments.issued_at,
        "expires_at": None, "signature": {"kind": "handwritten", "verified": "issuer_confirmed"},
        "identifiers": [{"kind": "email", "value": arguments.account, "service": "mail",
                         "account": arguments.account}],
        "scope": scope})
    if rules_of() >= 2:
        for step, type_, data in screening(arguments, order):
            yield event(step, type_, arguments.reviewer, data)
    yield event("reviewed", "review.completed", arguments.reviewer, {
        "reviewer": arguments.reviewer, "order": order, "scope": scope, "refused": [],
        "legality": {"law": ["18 USC 2703(a)"], "procedure": ["FRCrP 41"],
                     "note_sha256": hashlib.sha256(b"the reviewer's note").hexdigest()}})


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", required=True, help="the daemon's Unix socket")
    parser.add_argument("--request", required=True, help="an id for the demand; no personal data in it")
    parser.add_argument("--agency", required=True, help="the agency's id in the directory in force")
    parser.add_argument("--intake", required=True, help="id of the person who took the letter in")
    parser.add_argument("--reviewer", required=True, help="id of the person who reviews")
    parser.add_argument("--account", required=True, help="the account that the demand names")
    parser.add_argument("--received-at", default=None, help="default: today at midnight, UTC")
    parser.add_argument("--issued-at", default=None, help="default: three days before it was received")
    parser.add_argument("--receipts", type=pathlib.Path, help="directory to keep receipts and openings in")
    arguments = parser.parse_args()
    # The same all day: a retry must send the same bytes.
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    arguments.received_at = arguments.received_at or stamp(today)
    arguments.issued_at = arguments.issued_at or stamp(today - datetime.timedelta(days=3))

    probity = Probity(arguments.socket, arguments.receipts)
    recorded = []

    def rules_of():
        return probity.get(f"/v1/entries/{recorded[0]['index']}")["event"]["rules"]

    for event in demand(arguments, rules_of):
        try:
            answer = probity.post(event)
            recorded.append(answer)
        except Refused as refusal:
            print(f"{event['type']:24} refused {refusal}")
            return 3
        again = " (recorded before)" if answer["repeated"] else ""
        print(f"{event['type']:24} entry {answer['index']}{again}")

    case = probity.get(f"/v1/requests/{arguments.request}")
    print(f"{arguments.request} is {case['state']}; {len(case['sign'])} decision(s) can be signed with: "
          f"probity approve {arguments.request}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
