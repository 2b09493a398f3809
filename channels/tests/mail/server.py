"""A mail server for tests: aiosmtpd under TLS. It says each mail that it takes in a line of JSON, and fails as
the recipient's name tells it to. Its first line says its ports, and the authority behind its certificate, which
openssl has made for it.

It knows nothing of who sends: what must hold of a mail, the tests say.
"""

import asyncio
import base64
import json
import pathlib
import ssl
import subprocess
import tempfile

from aiosmtpd.smtp import SMTP, AuthResult

AT_RECIPIENT = {
    "later": "451 4.3.0 Try again later",
    "nobody": "550 5.1.1 No such user here",
    "unnumbered": "550 No such user here",
    "full": "552 5.2.2 Mailbox full",
    "blocked": "554 5.7.1 Relay access denied",
    "closing": "421 4.3.2 Closing down",
}
AT_CONTENT = {
    "undecided": "451 4.3.0 Try again later",
    "unwanted": "550 5.7.1 Looks like spam",
    "large": "552 5.3.4 Message too big",
}


class Handler:
    def __init__(self, port):
        self.port = port
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "grey" and address not in self.seen:
            self.seen.add(address)
            return "450 4.7.1 Greylisted, try again in 60 seconds"
        if name in AT_RECIPIENT:
            return AT_RECIPIENT[name]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split("@")[0]
        if name in AT_CONTENT:
            return AT_CONTENT[name]
        taken = {
            "port": self.port,
            "hello": session.host_name,
            "login": session.auth_data.login.decode() if session.auth_data else None,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "options": envelope.mail_options,
            "mail": base64.b64encode(envelope.original_content).decode(),
        }
        print(json.dumps(taken), flush=True)
        if name == "dropped":
            server.transport.abort()
        if name == "silent":
            await asyncio.sleep(3600)
        return "250 2.0.0 OK"


def judge(server, session, envelope, mechanism, login):
    known = (login.login, login.password) == (b"demo", b"demo secret")
    return AuthResult(success=known, handled=False, auth_data=login)


async def inject(reader, writer, context):
    """Says more than it should before TLS begins, and afterwards what it is asked."""
    writer.write(b"220 mail.example\r\n")
    await reader.readline()
    writer.write(b"250-mail.example\r\n250 STARTTLS\r\n")
    await reader.readline()
    writer.write(b"220 go\r\n250-mail.example\r\n250 AUTH PLAIN\r\n")
    await writer.start_tls(context)
    while line := await reader.readline():
        print(json.dumps({"port": "inject", "line": line.decode().split()[0]}), flush=True)
        writer.write(b"250-mail.example\r\n250 AUTH PLAIN\r\n" if line.startswith(b"EHLO") else b"250 OK\r\n")


async def drone(name, reader, writer):
    """Says a line that never ends, and how much of it was said when nobody listened any more."""
    said = 0
    try:
        while True:
            writer.write(b"2" * 4096)
            await writer.drain()
            await asyncio.sleep(0)  # or nobody would hear that the line is gone
            said += 4096
    except OSError:
        print(json.dumps({"port": name, "said": said}), flush=True)


async def drone_later(reader, writer, context):
    """The same, once TLS has begun."""
    writer.write(b"220 mail.example\r\n")
    await reader.readline()
    writer.write(b"250-mail.example\r\n250 STARTTLS\r\n")
    await reader.readline()
    writer.write(b"220 go\r\n")
    await writer.start_tls(context)
    await drone("endless_later", reader, writer)


def certify(folder):
    """A certificate for `localhost`, and the authority behind it."""
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    for command in [
        f"req -x509 {key} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
        f"req {key} -subj /CN=localhost -keyout leaf.key -out leaf.csr",
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out leaf.pem",
    ]:
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    return context, (folder / "ca.pem").read_text()


async def main():
    with tempfile.TemporaryDirectory() as folder:
        context, authority = certify(pathlib.Path(folder))
    loop = asyncio.get_running_loop()
    ports = {}

    async def listen(name, over=None, **options):
        handler = Handler(name)

        def protocol():
            return SMTP(handler, authenticator=judge, loop=loop, **options)

        server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=over)
        ports[name] = server.sockets[0].getsockname()[1]

    async def tell(name, how, over=None):
        server = await asyncio.start_server(how, "127.0.0.1", 0, ssl=over)
        ports[name] = server.sockets[0].getsockname()[1]

    upgraded = {"tls_context": context, "require_starttls": True, "auth_required": True}
    await listen("starttls", enable_SMTPUTF8=True, **upgraded)
    await listen("login", auth_exclude_mechanism=["PLAIN"], **upgraded)
    await listen("open", tls_context=context, require_starttls=True)
    await listen("implicit", over=context, auth_required=True, auth_require_tls=False)
    await listen("bare", auth_require_tls=False)
    await tell("inject", lambda reader, writer: inject(reader, writer, context))
    await tell("endless", lambda reader, writer: drone("endless", reader, writer), over=context)
    await tell("endless_later", lambda reader, writer: drone_later(reader, writer, context))
    print(json.dumps({"ports": ports, "authority": authority}), flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
