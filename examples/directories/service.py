"""A directory of customers as an HTTP service, for Countersign's `directory.kind = "http"`.

The gateway asks by one POST, signed as a Standard Webhook. Who cannot sign is told nothing.

    SIGNING_SECRET=whsec_… PORT=8091 python3 service.py

Standard library only. The customers here are made up; a real service looks into the company's own records.
"""

import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["SIGNING_SECRET"].removeprefix("whsec_"))
CUSTOMERS = [
    {
        "id": "cust-42",
        "name": "Demo Customer",
        "username": "demo",
        "emails": ["demo@bank.example"],
        "phones": ["+37255512345"],
        "private_data": {"account": "12345", "born": "2001-12-31"},
        "facts": {"branch": "Tartu"},
    },
]
# What is kept of a password is never the password.
SALT = os.urandom(16)
PASSWORDS = {"demo": hashlib.scrypt(b"demo-password-1", salt=SALT, n=2**12, r=8, p=1)}


def is_signed(headers, body):
    """Whether these headers of Standard Webhooks are over this body, under our secret, and not old."""
    ident, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    right = hmac.new(SECRET, f"{ident}.{at}.".encode() + body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(right).decode()
    return any(hmac.compare_digest(expected, given) for given in headers.get("webhook-signature", "").split(" "))


def is_password(name, password):
    kept = PASSWORDS.get(name, bytes(64))  # an unknown name takes as long as a known one
    given = hashlib.scrypt(password.encode(), salt=SALT, n=2**12, r=8, p=1)
    return hmac.compare_digest(kept, given)


def found(question):
    """The customers that a question is about."""
    match question:
        case {"ask": "find", "private_data": dict(wanted)} if wanted:
            # Values come in the spelling that the team's `directory.match` says.
            return [c for c in CUSTOMERS if all(c["private_data"].get(f) == v for f, v in wanted.items())]
        case {"ask": "by_id", "id": str(ident)}:
            return [c for c in CUSTOMERS if c["id"] == ident]
        case {"ask": "by_login_name", "login_name": str(name)}:
            return [c for c in CUSTOMERS if c["username"] == name.lower()]
        case {"ask": "verify", "login_name": str(name), "password": str(password)}:
            right = is_password(name.lower(), password)
            return [c for c in CUSTOMERS if right and c["username"] == name.lower()]
    return None


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 65536))
        if not is_signed(self.headers, body):
            return self.answer(401, {"error": "not signed"})
        customers = found(json.loads(body))
        if customers is None:
            return self.answer(400, {"error": "no such question"})
        self.answer(200, {"customers": customers})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass  # questions hold private data


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8091"))), Service)
    print(f"directory on http://127.0.0.1:{server.server_port}/ask", flush=True)
    server.serve_forever()
