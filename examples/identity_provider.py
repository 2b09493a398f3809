"""Somebody who checks documents and puts questions: the other side of docs/identity-providers.md, in Python's
standard library.

It proves that each request is the gateway's, finds a document genuine where its front is larger than 2,000
bytes (a real one would look at it), and answers signed; with LATER=1 it answers 202 and calls back. Of one
customer it knows what to ask; whom it does not know it asks the same, and no answer of theirs is right.

    SECRET=whsec_... PORT=8090 python3 examples/identity_provider.py
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))
PORT = int(os.environ.get("PORT", "8090"))
LATER = os.environ.get("LATER") == "1"
MOST_BYTES = 16 * 1024 * 1024
MOST_SETS = 10_000

QUESTIONS = [
    ("Which street did you live in before?", ["Oak Street", "Mill Lane", "High Street"]),
    ("What was your first pet called?", []),
    ("In which year did you open your account?", []),
]
ANSWERS = {"cust-42": ["Mill Lane", "Rex", "2009"]}  # a real one looks them up
SETS = {}  # which answers are right, by the set's name


def signature(message_id, timestamp, body):
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(SECRET, signed, hashlib.sha256)).decode()


def headers(message_id, body):
    timestamp = str(int(time.time()))
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(message_id, timestamp, body),
    }


def is_the_gateways(given, body):
    message_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > 300:
        return False
    right = signature(message_id, timestamp, body)
    return any(hmac.compare_digest(right, one) for one in given.get("webhook-signature", "").split(" "))


def verdict(asked):
    """What is found. Nothing of the pictures is kept."""
    pictures = {picture["side"]: base64.b64decode(picture["data"]) for picture in asked["pictures"]}
    if asked["method"] == "photo_id_selfie" and "selfie" not in pictures:
        return {"check": asked["check"], "quality": {"passed": False, "flaws": ["no_face"]}}
    genuine = len(pictures["front"]) > 2_000
    return {"check": asked["check"], "quality": {"passed": True}, "authentication": {"passed": genuine}}


def questions(asked):
    """A set of questions. The same are put to whoever is unknown, so that nobody learns who is a customer."""
    right = ANSWERS.get((asked["customer"] or {}).get("id"))
    count = min(asked["questions"], len(QUESTIONS))
    name = secrets.token_urlsafe(16)
    if len(SETS) >= MOST_SETS:
        SETS.pop(next(iter(SETS)))
    SETS[name] = (right and right[:count], asked["must_match"])
    put = [{"text": text, "choices": choices} for text, choices in QUESTIONS[:count]]
    return {"request": asked["request"], "set": name, "questions": put}


def judged(asked):
    """Whether enough of the answers are right. Which were not, nobody is told; how often, the gateway counts."""
    right, must_match = SETS.get(asked["set"], (None, 0))
    same = [a.strip().casefold() == b.casefold() for a, b in zip(asked["answers"], right or [])]
    return {"check": asked["check"], "passed": right is not None and sum(same) >= must_match}


def call_back(asked):
    time.sleep(1)
    body = json.dumps(verdict(asked)).encode()
    request = urllib.request.Request(asked["callback_url"], body, headers(asked["check"], body), method="POST")
    urllib.request.urlopen(request, timeout=10).close()


class Provider(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        if length > MOST_BYTES:
            return self.answer(413)
        body = self.rfile.read(length)
        if not is_the_gateways(self.headers, body):
            return self.answer(401)
        asked = json.loads(body)
        if asked["type"] == "identity.ping":
            return self.answer(204)
        if asked["type"] == "identity.questions":
            return self.answer(200, json.dumps(questions(asked)).encode(), asked["request"])
        if asked["type"] == "identity.answers":
            return self.answer(200, json.dumps(judged(asked)).encode(), asked["check"])
        if LATER:
            threading.Thread(target=call_back, args=(asked,), daemon=True).start()
            return self.answer(202)
        self.answer(200, json.dumps(verdict(asked)).encode(), asked["check"])

    def answer(self, status, body=b"", message_id=None):
        self.send_response(status)
        for name, value in (headers(message_id, body) if message_id else {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass  # what is asked holds pictures of people, and what they answered


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Provider)
    print("identity provider on", f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
