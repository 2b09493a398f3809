"""An external login page for Countersign. Python 3.9 or newer, standard library only.

It believes nothing of a request before the link's signature and time are checked, and keeps
no state: the form posts to the signed link itself, so every request is checked again. The
browser that logs in is led on, in the reply to its own request, and no other can ask for it.

    SECURITY_KID=… SECURITY_KEY=… PUBLIC_URL=http://127.0.0.1:8090 PORT=8090 python3 examples/login_page.py
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

KID = os.environ["SECURITY_KID"]
KEY = base64.urlsafe_b64decode(os.environ["SECURITY_KEY"] + "=")  # 32 bytes are 43 characters and one =
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8090")
PORT = int(os.environ.get("PORT", "8090"))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mac(text):
    return b64(hmac.new(KEY, text.encode(), hashlib.sha256).digest())


def signed_link(target):
    """The parameters of a link that our gateway signed and that is not over; else None."""
    # Our own public URL: the Host header is whatever a caller likes.
    signed, found, signature = (PUBLIC_URL + target).rpartition("&cs_signature=")
    if not found or not hmac.compare_digest(mac(signed).encode(), signature.encode()):
        return None
    link = {name: values[0] for name, values in parse_qs(urlsplit(signed).query).items()}  # only what is signed
    if "cs_expires" in link and int(link["cs_expires"]) <= time.time():
        return None
    return link


def post_back(link, claims):
    """Tells the gateway what came of it, server to server; where to lead this browser, and no other."""
    now = int(time.time())
    header = {"alg": "HS256", "typ": "JWT", "kid": KID}
    claims = {
        "iss": PUBLIC_URL,
        "aud": link["cs_callback"],
        "nonce": link["cs_token"],
        "jti": secrets.token_urlsafe(24),
        "iat": now,
        "exp": now + 60,
        **claims,
    }
    signed = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
    body = json.dumps({"assertion": signed + "." + mac(signed)}).encode()
    request = Request(link["cs_callback"], body, {"content-type": "application/json"})
    try:
        status, reply = send(request)
    except OSError:  # a lost reply: the same bytes again. Had the first arrived, this one is 409 `replayed`
        status, reply = send(request)
    if status == 200 or (status == 409 and reply.get("code") == "replayed"):
        return reply.get("continue_url") or ""  # none where the flag was raised meanwhile
    print("post-back refused:", status, reply.get("code"), file=sys.stderr)
    return None


def send(request):
    try:
        with urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except HTTPError as refusal:
        return refusal.code, json.load(refusal)


def page(inner):
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Log in</title>
<meta name="viewport" content="width=device-width"><h1>Example bank</h1>{inner}</html>"""


def form(note):
    return page(f"""<p role="alert">{note}</p><form method="post">
<p><label>User <input name="user" autocomplete="username" required autofocus></label>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<p><button>Log in</button> <button name="act" value="cancel" formnovalidate>Cancel</button></form>""")


class LoginPage(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.link():
            self.reply(200, form(""))

    def do_POST(self):
        link = self.link()
        if not link:
            return
        # Only our own form: else a stranger's website logs this browser in to the stranger's account.
        if self.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return self.reply(403, page("<p>Open the link in the chat again."))
        length = int(self.headers.get("content-length") or 0)
        if not 0 <= length <= 4096:
            return self.reply(413, page(""))
        typed = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        claims = {"sub": "nobody", "outcome": "cancelled"}
        if typed.get("act") != "cancel":
            # Your own check of the person goes here, with a limit on guesses.
            if (typed.get("user"), typed.get("password")) != ("demo", "demo"):
                return self.reply(200, form("Wrong user or password."))
            claims = {"sub": "cust-42", "name": "Demo Customer", "auth_time": int(time.time()), "amr": ["pwd"]}
        try:
            where = post_back(link, claims)
        except OSError as error:
            print("post-back failed:", error, file=sys.stderr)
            return self.reply(502, page("<p>Please try again in a moment."))
        if where is None:
            self.reply(409, page("<p>This login could not be taken. Ask for a new link in the chat."))
        elif where:
            self.reply(303, "", where)
        else:
            self.reply(200, page("<p>You are logged in. Go back to the chat."))

    def link(self):
        link = signed_link(self.path)
        if not link:
            self.reply(403, page("<p>This link is not ours or has ended. Ask for a new one in the chat."))
        return link

    def reply(self, status, text, location=None):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("cache-control", "no-store")
        self.send_header("referrer-policy", "no-referrer")  # the address holds the link's token
        self.send_header("content-security-policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
        if location:
            self.send_header("location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing: a request line holds the link's token."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", PORT), LoginPage)
    print("login page on", PUBLIC_URL, flush=True)
    server.serve_forever()
