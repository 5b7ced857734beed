"""Real mail servers for tests: an IMAP server (pymap) and an SMTP server that keeps what it gets.

Import the fixtures where they are needed: `from tests.servers import imap_server, smtp_sink`.
"""

import asyncio
import base64
import contextlib
import json
import random
import socket
import socketserver
import ssl
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from imapclient import IMAPClient
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxSet
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pysasl.hashing import Cleartext


def free_port() -> int:
    """A port to listen on; below those that the system gives to whoever asks for any."""
    while True:
        port = random.randrange(12_000, 30_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def eventually(check: Callable[[], Any], *, within_s: float = 30) -> Any:
    """The first true value of `check`; fails when there is none in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if value := check():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{check} did not come true within {within_s} s")


class ImapServer:
    """An IMAP server of one account, in a thread of its own."""

    user = "pomoc@sklep.example.pl"
    password = "tajne-haslo"

    def __init__(self, *, idle: bool = True, certificate: "Certificate | None" = None) -> None:
        self.host, self.port = "127.0.0.1", free_port()
        self._idle = idle
        self._certificate = certificate
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self.drop_connections()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def settings(self, **more: Any) -> dict[str, Any]:
        """The settings of a channel that reads this mailbox."""
        return {
            "address": self.user,
            "imap_host": self.host,
            "imap_port": self.port,
            "imap_security": "none",
            "imap_user": self.user,
            **more,
        }

    @property
    def secrets(self) -> dict[str, str]:
        return {"imap_password": self.password}

    @contextlib.contextmanager
    def client(self, folder: str = "INBOX") -> Iterator[IMAPClient]:
        with IMAPClient(self.host, self.port, ssl=False, use_uid=True) as client:
            client.login(self.user, self.password)
            client.select_folder(folder)
            yield client

    def append(self, raw: bytes, *, folder: str = "INBOX", at: datetime | None = None) -> None:
        """Deliver a mail into the mailbox."""
        when = at or datetime.now(UTC)

        async def deliver() -> None:
            mailbox = await self._mailbox(folder)
            await mailbox.append(AppendMessage(raw, when, frozenset()))

        self._call(deliver())

    def count(self, folder: str = "INBOX") -> int:
        with self.client(folder) as client:
            return len(client.search("ALL"))

    def flags(self) -> list[set[bytes]]:
        with self.client() as client:
            found = client.get_flags(client.search("ALL"))
            return [set(flags) - {b"\\Recent"} for flags in found.values()]

    def expunge_first(self) -> None:
        """Another client deletes the oldest mail."""
        with self.client() as client:
            client.delete_messages(client.search("ALL")[:1])
            client.expunge()

    def renew_uidvalidity(self) -> None:
        """The server lost its numbering, as after a restore: the same mails have other numbers."""

        async def renew() -> None:
            mailbox = await self._mailbox("INBOX")
            mailbox._uid_validity += 1
            mailbox._messages = {
                uid: type(message).copy(message, uid=uid)
                for uid, message in enumerate(mailbox._messages.values(), start=1)
            }
            mailbox._max_uid = len(mailbox._messages)

        self._call(renew())

    def drop_connections(self) -> None:
        """Every line breaks at once, without a goodbye."""

        async def drop() -> None:
            for writer in self._connections:
                writer.transport.abort()

        self._call(drop())

    async def _mailbox(self, folder: str) -> Any:
        mailboxes, _filters = self._config.set_cache[self.user]
        return await mailboxes.get_mailbox(folder)

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self) -> None:
        certificate = self._certificate
        arguments = Namespace(
            host=self.host,
            port=self.port,
            debug=False,
            cert=certificate and certificate.cert_file,
            key=certificate and certificate.key_file,
            tls=certificate is not None,
            demo_data=False,
            demo_user=self.user,
            demo_password=self.password,
            passlib_cfg=None,
            proxy_protocol=None,
            inherited_sockets=None,
        )
        backend, self._config = await DictBackend.init(
            arguments,
            reject_dnsbl=False,
            disable_idle=not self._idle,
            hash_context=Cleartext(),
            invalid_user_sleep=0,
        )
        self._config.set_cache[self.user] = (MailboxSet(), FilterSet())
        self._config.apply_context()
        server = ProxyProtocolReader(self._config.proxy_protocol).get_callback(
            IMAPServer(backend.login, self._config)
        )

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._connections.add(writer)
            await server(reader, writer)

        await asyncio.start_server(serve, self.host, self.port)


class TokenDoor:
    """An IMAP server that takes tokens and no passwords, before one that has the mailbox."""

    def __init__(self, mailbox: ImapServer, token: str) -> None:
        self.refusals: list[bytes] = []  # what clients answered to the refusal of a token
        door = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"* OK IMAP4rev1 ready\r\n")
                for line in iter(self.rfile.readline, b""):
                    tag, command, *_rest = line.split()
                    match command.upper():
                        case b"CAPABILITY":
                            self.wfile.write(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n")
                            self.wfile.write(tag + b" OK done\r\n")
                        case b"AUTHENTICATE":
                            if self.is_let_in(tag):
                                self.relay()
                                return
                        case b"LOGOUT":
                            self.wfile.write(b"* BYE\r\n" + tag + b" OK done\r\n")
                            return
                        case _:
                            self.wfile.write(tag + b" NO [AUTHENTICATIONFAILED] no passwords\r\n")

            def is_let_in(self, tag: bytes) -> bool:
                self.wfile.write(b"+ \r\n")
                said = base64.b64decode(self.rfile.readline())
                if said == f"user={mailbox.user}\1auth=Bearer {token}\1\1".encode():
                    self.wfile.write(tag + b" OK done\r\n")
                    return True
                reason = json.dumps({"status": "400", "schemes": "Bearer"}).encode()
                self.wfile.write(b"+ " + base64.b64encode(reason) + b"\r\n")
                door.refusals.append(self.rfile.readline())
                self.wfile.write(tag + b" NO [AUTHENTICATIONFAILED] invalid credentials\r\n")
                return False

            def relay(self) -> None:
                with socket.create_connection((mailbox.host, mailbox.port)) as inside:
                    answers = inside.makefile("rb")
                    answers.readline()
                    login = f'in LOGIN "{mailbox.user}" "{mailbox.password}"\r\n'
                    inside.sendall(login.encode())
                    while not answers.readline().startswith(b"in OK"):
                        pass
                    threading.Thread(target=_pour, args=(inside, self.connection)).start()
                    _pour(self.connection, inside)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def _pour(source: socket.socket, target: socket.socket) -> None:
    """Everything from one line into the other, until either ends."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@dataclass
class Received:
    """One mail that the sink took."""

    mail_from: str
    rcpt_tos: list[str]
    content: bytes
    smtputf8: bool = False

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)

    @property
    def text(self) -> str:
        """What a reader sees of it, decoded; empty where it has no text."""
        body = self.message.get_body(("plain", "html"))
        return str(body.get_content()) if body else ""


@dataclass
class SmtpSink:
    """An SMTP server. `answers` are given to the next mails, one each: "250 OK" when empty.

    "drop" ends the connection after the content came, "drop first" before it; a line that begins
    with "rcpt " is the answer to the recipient.
    """

    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    user: str = ""
    password: str = ""
    mails: list[Received] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    # Addresses that are never taken, each with the answer.
    refused: dict[str, str] = field(default_factory=dict)

    def settings(self, **more: Any) -> dict[str, Any]:
        """The settings of a channel that sends by this server."""
        return {
            "smtp_host": self.host,
            "smtp_port": self.port,
            "smtp_security": "none",
            "smtp_user": self.user,
            **more,
        }

    def wait_for(self, count: int = 1) -> list[Received]:
        eventually(lambda: len(self.mails) >= count)
        return self.mails

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers and self.answers[0].startswith("rcpt "):
            return self.answers.pop(0).removeprefix("rcpt ")
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer != "drop first" and answer[0] in "2d":
            content = envelope.original_content or b""
            self.mails.append(
                Received(
                    str(envelope.mail_from), list(envelope.rcpt_tos), content, envelope.smtp_utf8
                )
            )
        if answer.startswith("drop"):
            transport: Any = server.transport
            transport.abort()
            return "451 gone"
        return answer

    def authenticate(self, *args: Any) -> AuthResult:
        given = args[-1]
        ok = (given.login, given.password) == (self.user.encode(), self.password.encode())
        return AuthResult(success=ok, handled=False)


class _Controller(Controller):
    def __init__(self, sink: SmtpSink, tls: ssl.SSLContext | None, **options: Any) -> None:
        self.options = options
        super().__init__(sink, hostname=sink.host, port=sink.port, ssl_context=tls)

    def factory(self) -> SMTP:
        return SMTP(self.handler, **self.options)


@contextlib.contextmanager
def serving_imap(**options: Any) -> Iterator[ImapServer]:
    server = ImapServer(**options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def serving_smtp(
    sink: SmtpSink | None = None,
    *,
    certificate: "Certificate | None" = None,
    security: str = "starttls",
    **options: Any,
) -> Iterator[SmtpSink]:
    """Run a sink; `options` are those of `aiosmtpd.smtp.SMTP`."""
    sink = sink or SmtpSink()
    if sink.user:
        options |= {
            "authenticator": sink.authenticate,
            "auth_required": True,
            "auth_require_tls": False,
        }
    tls = certificate.server_context() if certificate else None
    if security == "starttls":
        options["tls_context"], tls = tls, None
    controller = _Controller(sink, tls, **{"enable_SMTPUTF8": True, **options})
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


@pytest.fixture
def imap_server() -> Iterator[ImapServer]:
    with serving_imap() as server:
        yield server


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    with serving_smtp() as sink:
        yield sink


@dataclass(frozen=True)
class Certificate:
    """A certificate of 127.0.0.1 and localhost, signed by itself."""

    cert_file: str
    key_file: str

    @classmethod
    def make(cls, folder: Path) -> "Certificate":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        cert_file, key_file = folder / "cert.pem", folder / "key.pem"
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return cls(str(cert_file), str(key_file))

    def trusting_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.cert_file)

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert_file, self.key_file)
        return context
