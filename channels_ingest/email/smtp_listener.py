"""The door for mail that others bring: SMTP or LMTP, for our own addresses only.

`HELPDESK_SMTP_LISTEN` lists doors, each `[kind://]host:port`:

    smtp://127.0.0.1:2525   behind a mail server of one's own, which has checked the senders
    lmtp://127.0.0.1:2424   the same by LMTP (Postfix, Dovecot)
    mx://0.0.0.0:25         open to the internet: we check SPF, DKIM and DMARC ourselves

Mail is answered with 250 only once it is in the journal.
"""

import asyncio
import logging
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from channels_ingest.email import authentication
from channels_ingest.email.keeping import MOST_BYTES, keep
from channels_ingest.email.mailboxes import Mailboxes
from tickets.models import Channel

logger = logging.getLogger(__name__)

MOST_RECIPIENTS = 50
# Of one foreign host in a minute. A mail server of one's own is not counted.
MOST_MAILS_A_MINUTE = 60
MOST_CONNECTIONS = 100
# Senders break the rule of 998 characters often, with HTML on one line.
_LONGEST_LINE = 1024 * 1024
_IDLE_S = 120


@dataclass(frozen=True)
class Door:
    """Where to listen, and for whom."""

    kind: str
    host: str
    port: int

    @property
    def is_mx(self) -> bool:
        return self.kind == "mx"


def doors(text: str) -> list[Door]:
    """The doors that the setting lists; what it may hold is checked when the settings are read."""
    places = [urlsplit(each if "://" in each else f"smtp://{each}") for each in text.split(",")]
    return [
        Door(place.scheme.strip(), place.hostname or "127.0.0.1", place.port)
        for place in places
        if place.port
    ]


@contextmanager
def serving(text: str) -> Iterator[None]:
    """Listen while entered. A door that cannot be opened is logged; the others go on."""
    with ExitStack() as stack:
        for door in doors(text):
            controller = _Controller(door)
            try:
                controller.start()
            except OSError as error:
                logger.error("mail cannot be taken at %s:%s: %s", door.host, door.port, error)
                continue
            stack.callback(controller.stop)
        yield


class Handler:
    """What is answered to the commands of a session; everything of the database in a thread."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self._rates = _Rates()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            is_ours = await asyncio.to_thread(_in_thread, _is_ours, address)
        except DatabaseError:
            logger.exception("a recipient could not be looked up")
            return "451 4.3.0 Try again later"
        if is_ours is None:
            return "450 4.2.1 This mailbox is switched off"
        if not is_ours:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        peer = str(session.peer[0]) if session.peer else ""
        if self.door.is_mx and not self._rates.may_send(peer):
            return self._answer(["451 4.7.1 Too much mail at once, try again later"], envelope)
        mail = _Mail(self.door, peer, session.host_name or "", envelope)
        try:
            answers = await asyncio.to_thread(_in_thread, mail.keep)
        except Exception:
            # Whatever it is: without a row in the journal the mail stays with the other server.
            logger.exception("a mail could not be kept")
            answers = ["451 4.3.0 Try again later"]
        return self._answer(answers, envelope)

    def _answer(self, answers: list[str], envelope: Envelope) -> str:
        """One line; for LMTP one for each recipient."""
        if self.door.kind != "lmtp":
            return max(answers)
        each = answers * len(envelope.rcpt_tos) if len(answers) == 1 else answers
        return "\r\n".join(each)


@dataclass
class _Mail:
    """One mail as it came through a door."""

    door: Door
    peer: str
    helo: str
    envelope: Envelope

    @property
    def sender(self) -> str:
        """The envelope sender; '' for the empty one, which the library calls `<>`."""
        return (self.envelope.mail_from or "").strip("<>")

    def keep(self) -> list[str]:
        """Commit it once for each channel that it is for; an answer for each recipient.

        A server that gets it back for one of them gives it again for all: the journal knows it.
        """
        content = self.envelope.original_content or b""
        raw = self._trace(content) + content
        mailboxes = Mailboxes.known()
        channels = {each: mailboxes.channel_of(each) for each in self.envelope.rcpt_tos}
        answers = {pk: self._keep_for(pk, raw, channels) for pk in set(channels.values())}
        return [answers[channels[address]] for address in self.envelope.rcpt_tos]

    def _keep_for(self, pk: int | None, raw: bytes, channels: dict[str, int | None]) -> str:
        if pk is None:
            return "550 5.1.1 No such mailbox here"
        meta: dict[str, Any] = {"mail_from": self.sender}
        meta["recipients"] = [address for address, found in channels.items() if found == pk]
        if self.door.is_mx:
            meta["authserv_id"] = authserv_id()
        channel = Channel.objects.select_related("connection").get(pk=pk)
        keep(channel, raw, source=self.door.kind, **meta)
        return "250 2.0.0 In the journal"

    def _trace(self, content: bytes) -> bytes:
        """The fields that a mail server adds on top."""
        name = authserv_id()
        lines = [f"Return-Path: <{_one_line(self.sender)}>"]
        if self.door.is_mx:
            lines.append(
                authentication.check(
                    content, ip=self.peer, mail_from=self.sender, helo=self.helo, authserv_id=name
                )
            )
        protocol = "LMTP" if self.door.kind == "lmtp" else "ESMTP"
        lines.append(
            f"Received: from {_one_line(self.helo)} ([{self.peer}])\r\n"
            f" by {name} with {protocol}; {format_datetime(timezone.now())}"
        )
        return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace")


def authserv_id() -> str:
    """The name under which we say what we found out about a sender."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def _is_ours(address: str) -> bool | None:
    """Whether this is a channel's mailbox, with or without a tag; None for one that is off."""
    pk = Mailboxes.known().channel_of(address)
    if pk is None:
        return False
    return True if Channel.objects.filter(pk=pk, active=True).exists() else None


def _in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Run it, and give the thread's database connection back."""
    try:
        return function(*args)
    finally:
        connections.close_all()


def _one_line(text: str) -> str:
    return " ".join(text.split())


class _Rates:
    """How many mails each host brought within a minute."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def may_send(self, peer: str) -> bool:
        now = time.monotonic()
        if len(self._times) > 10_000:
            self._times = {
                host: times for host, times in self._times.items() if times[-1] > now - 60
            }
        times = self._times.setdefault(peer, deque(maxlen=MOST_MAILS_A_MINUTE))
        if len(times) == MOST_MAILS_A_MINUTE and times[0] > now - 60:
            return False
        times.append(now)
        return True


class _Capped(SMTP):
    """No more than so many sessions at once."""

    line_length_limit = _LONGEST_LINE
    _open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _Capped._open += 1
        self._is_refused = _Capped._open > MOST_CONNECTIONS
        if self._is_refused and isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 Too many connections, try again later\r\n")
            transport.close()
        else:
            super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        _Capped._open -= 1
        if not self._is_refused:
            super().connection_lost(error)


class _CappedLmtp(_Capped, LMTP):
    pass


class _Controller(Controller):
    def __init__(self, door: Door) -> None:
        self._door = door
        super().__init__(Handler(door), hostname=door.host, port=door.port)

    def factory(self) -> SMTP:
        protocol = _CappedLmtp if self._door.kind == "lmtp" else _Capped
        return protocol(
            self.handler,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname=authserv_id(),
            ident="Okienko",
            tls_context=_tls(),
            timeout=_IDLE_S,
        )


def _tls() -> ssl.SSLContext | None:
    """For STARTTLS, where the installation has a certificate for it."""
    if not settings.SMTP_TLS_CERT:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.SMTP_TLS_CERT, settings.SMTP_TLS_KEY or None)
    return context
