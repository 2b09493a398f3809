"""A website whose customers are in LDAP: it logs one in, opens her conversation, and shows what an agent sees.

    python3 login.py NAME PASSWORD

The gateway is at URL (http://127.0.0.1:8080), its owner's key is COUNTERSIGN_ADMIN__KEY, and LDAP is at
LDAP_URL (ldap://127.0.0.1:3389), started by ./slapd. Standard library, and Debian's ldap-utils.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("URL", "http://127.0.0.1:8080")
LDAP_URL = os.environ.get("LDAP_URL", "ldap://127.0.0.1:3389")
OWNER = os.environ["COUNTERSIGN_ADMIN__KEY"]


def call(method, path, body=None, key=OWNER):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(URL + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as problem:
        return problem.code, json.load(problem)


def set_up():
    """A team whose directory is this LDAP, and whose logins must bring a customer's number."""
    call("PUT", "/v1/teams/bank", {"name": "Example Bank"})
    directory = {
        "kind": "ldap",
        "connection": {
            "url": LDAP_URL,
            "starttls": False,  # only to an address that the operator allows; elsewhere ldaps:// or StartTLS
            "bind_dn": "cn=reader,dc=bank,dc=example",
            "base": "ou=customers,dc=bank,dc=example",
            "filter": "(objectClass=inetOrgPerson)",
            "login": ["uid", "mail"],
            "fields": {
                "id": "uid",
                "name": "cn",
                "emails": "mail",
                "phones": "mobile",
                "private_data": {"customer_number": "employeeNumber"},
                "facts": {"branch": "l"},
            },
        },
        "secrets": {"bind_password": "a reader's password"},
    }
    status, told = call("PUT", "/v1/teams/bank/directory", directory)
    if status not in (200, 201):
        sys.exit(f"the directory is not taken: {told}")
    match = [{"field": "customer_number", "as": "digits"}]
    call("PATCH", "/v1/teams/bank/settings", {"directory": {"kind": "ldap", "match": match}})
    _, tried = call("POST", "/v1/teams/bank/directory/test", {"login_name": "demo"})
    print("the directory is", tried["status"], "and finds", tried["customer"])


def customer_number(name, password):
    """What the website knows of who logs in: the number in her own entry, which only she can read."""
    if not re.fullmatch(r"[a-z0-9-]+", name) or not password:
        return None
    entry = f"uid={name},ou=customers,dc=bank,dc=example"
    search = ["ldapsearch", "-x", "-LLL", "-H", LDAP_URL, "-D", entry, "-w", password, "-b", entry, "-s", "base"]
    found = subprocess.run([*search, "employeeNumber"], capture_output=True, text=True, check=False)
    number = re.search(r"^employeeNumber: (\S+)$", found.stdout, re.MULTILINE)
    return number and number.group(1)


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def word(key, name, number):
    """The website's word for its visitor: a JWT under the team's security key."""
    now = int(time.time())
    header = {"alg": "HS256", "typ": "identity+jwt", "kid": key["kid"]}
    claims = {"iss": "bank.example", "aud": f"{URL}/v1/interactions", "sub": name, "jti": uuid.uuid4().hex}
    claims |= {"iat": now, "exp": now + 60, "private_data": {"customer_number": number}}
    signed = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    secret = base64.urlsafe_b64decode(key["secret"] + "=")
    return signed + "." + encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


def main(name, password):
    set_up()
    number = customer_number(name, password)
    if not number:
        sys.exit("LDAP does not let her in")
    _, key = call("POST", "/v1/teams/bank/security-keys", {})
    _, agent = call("POST", "/v1/teams/bank/api-keys", {"role": "agent", "name": "an agent"})
    for tried in (number, "99999"):
        opening = {"channel": "web", "conversation": uuid.uuid4().hex, "participants": [{"role": "primary"}]}
        opening["identity_token"] = word(key, name, tried)
        status, told = call("POST", "/v1/interactions?team=bank", opening)
        if status != 201:
            print(f"with the number {tried}: {status} {told['code']}")
            continue
        print(f"with the number {tried}: authenticated is", told["authentication"]["authenticated"])
        _, account = call("GET", f"/v1/interactions/{told['id']}/customer", key=agent["key"])
        print("the agent sees:", account["name"], account["emails"], account["phones"], account["facts"])


if __name__ == "__main__":
    main(*sys.argv[1:3])
